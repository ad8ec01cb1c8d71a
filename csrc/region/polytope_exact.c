/* L3: rational arithmetic at vertices (see polytope_exact.h). */
#include "region/polytope_exact.h"

#include <float.h>
#include <math.h>

mpq_t *rl_rationals_make(size_t count) {
  mpq_t *q = rl_alloc(count, sizeof *q);
  for (size_t i = 0; q && i < count; i++) mpq_init(q[i]);
  return q;
}

void rl_rationals_free(mpq_t *q, size_t count) {
  if (!q) return;
  for (size_t i = 0; i < count; i++) mpq_clear(q[i]);
  rl_free(q);
}

/* Gauss: reduce row `count` of the table by the rows before it; returns its pivot column or -1. */
static int reduce(mpq_t *table, size_t length, int count, const int *pivots, mpq_t a, mpq_t b) {
  mpq_t *row = table + (size_t)count * length;
  for (int i = 0; i < count; i++) {
    mpq_t *other = table + (size_t)i * length;
    if (mpq_sgn(row[pivots[i]]) == 0) continue;
    mpq_div(a, row[pivots[i]], other[pivots[i]]);
    for (size_t j = 0; j < length; j++) {
      mpq_mul(b, a, other[j]);
      mpq_sub(row[j], row[j], b);
    }
  }
  for (size_t j = 0; j + 1 < length; j++)
    if (mpq_sgn(row[j]) != 0) return (int)j;
  return -1;
}

static void clear(mpq_t *row, size_t length) {
  for (size_t j = 0; j < length; j++) mpq_set_ui(row[j], 0, 1);
}

/* d independent exact rows that are 0 at the vertex, each reduced by those before it. */
static rl_status vertex_rows(const rl_polytope *p, int vertex, rl_exact_form *exact, void *context, mpq_t *table,
                             int *pivots, mpq_t a, mpq_t b, rl_error *err) {
  size_t length = (size_t)p->d + 1;
  int count = 0;
  for (int r = p->rows - 1; r >= 0 && count < p->d; r--) {
    if (!rl_polytope_active(p, vertex, r)) continue;
    clear(table + (size_t)count * length, length);
    rl_status status = exact(context, p->row[r].id, table + (size_t)count * length, err);
    if (status) return status;
    int pivot = reduce(table, length, count, pivots, a, b);
    if (pivot >= 0) pivots[count++] = pivot;
  }
  if (count < p->d) return rl_fail(err, RL_EINTERNAL, "a vertex has only %d independent rows", count);
  return RL_OK;
}

rl_status rl_polytope_exact_sign(const rl_polytope *p, int vertex, int id, rl_exact_form *exact, void *context,
                                 int *sign, rl_error *err) {
  size_t length = (size_t)p->d + 1, last = (size_t)p->d * length;
  int pivots[RL_POLYTOPE_DIMENSIONS] = {0};
  mpq_t *table = rl_rationals_make(length * length), a, b;
  if (!table) return rl_fail_memory(err);
  mpq_inits(a, b, NULL);
  rl_status status = vertex_rows(p, vertex, exact, context, table, pivots, a, b, err);
  if (!status) status = exact(context, id, table + last, err);
  if (!status) {
    reduce(table, length, p->d, pivots, a, b);
    *sign = mpq_sgn(table[last + (size_t)p->d]);
  }
  mpq_clears(a, b, NULL);
  rl_rationals_free(table, length * length);
  return status;
}

/* Back substitution: row i is 0 in the pivot columns before its own. */
static void solve(const rl_polytope *p, mpq_t *table, const int *pivots, mpq_t *x, mpq_t a) {
  size_t length = (size_t)p->d + 1;
  for (int i = p->d - 1; i >= 0; i--) {
    mpq_t *row = table + (size_t)i * length;
    mpq_neg(x[pivots[i]], row[p->d]);
    for (int k = i + 1; k < p->d; k++) {
      mpq_mul(a, row[pivots[k]], x[pivots[k]]);
      mpq_sub(x[pivots[i]], x[pivots[i]], a);
    }
    mpq_div(x[pivots[i]], x[pivots[i]], row[pivots[i]]);
  }
}

static rl_status refine_vertex(rl_polytope *p, int vertex, rl_exact_form *exact, void *context, rl_error *err) {
  size_t length = (size_t)p->d + 1;
  int pivots[RL_POLYTOPE_DIMENSIONS] = {0};
  mpq_t *table = rl_rationals_make(length * length), *x = rl_rationals_make((size_t)p->d), a, b;
  mpq_inits(a, b, NULL);
  rl_status status = table && x ? RL_OK : rl_fail_memory(err);
  if (!status) status = vertex_rows(p, vertex, exact, context, table, pivots, a, b, err);
  if (!status) {
    solve(p, table, pivots, x, a);
    double size = 0;
    for (int j = 0; j < p->d; j++) {
      p->vertex[vertex].x[j] = mpq_get_d(x[j]); /* towards zero: within one unit in the last place */
      size = fmax(size, fabs(p->vertex[vertex].x[j]));
    }
    p->vertex[vertex].error = 2 * DBL_EPSILON * size + DBL_MIN;
  }
  mpq_clears(a, b, NULL);
  rl_rationals_free(table, length * length);
  rl_rationals_free(x, (size_t)p->d);
  return status;
}

rl_status rl_polytope_refine(rl_polytope *p, double tolerance, rl_exact_form *exact, void *context, rl_error *err) {
  rl_status status = RL_OK;
  for (int v = 0; v < p->vertices && !status; v++) {
    double size = 1;
    for (int j = 0; j < p->d; j++) size += fabs(p->vertex[v].x[j]);
    if (!(p->vertex[v].error <= tolerance * size)) status = refine_vertex(p, v, exact, context, err);
  }
  return status;
}
