/* L3: exact arithmetic at vertices (see polytope_exact.h). */
#include "region/polytope_exact.h"

#include <float.h>
#include <math.h>

/* ---- elimination ------------------------------------------------------------------- */

/* d rows and what was found of them, for Bareiss' fraction-free elimination: after k steps an entry is the
 * determinant of the first k rows, in their pivot columns, together with its own row and column, hence an integer. */
typedef struct table {
  int d, count;
  mpz_t *z; /* (d + 1) x (d + 1) */
  int pivots[RL_POLYTOPE_DIMENSIONS];
  mpz_t product;
} table;

static mpz_t *table_row(const table *t, int i) { return t->z + (size_t)i * ((size_t)t->d + 1); }

static rl_status make_table(table *t, int d, rl_error *err) {
  *t = (table){.d = d, .z = rl_integers_make(((size_t)d + 1) * ((size_t)d + 1))};
  if (!t->z) return rl_fail_memory(err);
  mpz_init(t->product);
  return RL_OK;
}

static void free_table(table *t) {
  if (!t->z) return;
  rl_integers_free(t->z, ((size_t)t->d + 1) * ((size_t)t->d + 1));
  mpz_clear(t->product);
}

static void clear(mpz_t *row, int length) {
  for (int j = 0; j < length; j++) mpz_set_ui(row[j], 0);
}

/* Divide out what powers of two all entries share. */
static void shorten(mpz_t *row, int length) {
  mp_bitcnt_t twos = ~(mp_bitcnt_t)0;
  for (int j = 0; j < length; j++)
    if (mpz_sgn(row[j]) != 0 && mpz_scan1(row[j], 0) < twos) twos = mpz_scan1(row[j], 0);
  for (int j = 0; j < length && twos; j++) mpz_tdiv_q_2exp(row[j], row[j], twos);
}

/* Reduce row `count` by the rows before it. */
static void reduce(table *t) {
  mpz_t *row = table_row(t, t->count);
  for (int i = 0; i < t->count; i++) {
    mpz_t *other = table_row(t, i), *pivot = &other[t->pivots[i]], *factor = &row[t->pivots[i]];
    for (int j = 0; j <= t->d; j++) {
      if (j == t->pivots[i]) continue;
      mpz_mul(t->product, row[j], *pivot);
      mpz_submul(t->product, *factor, other[j]);
      if (i == 0)
        mpz_swap(row[j], t->product);
      else
        mpz_divexact(row[j], t->product, table_row(t, i - 1)[t->pivots[i - 1]]);
    }
    mpz_set_ui(*factor, 0);
  }
}

/* Take row `count` in if it is independent of the rows before it. */
static void take_row(table *t) {
  shorten(table_row(t, t->count), t->d + 1);
  reduce(t);
  for (int j = 0; j < t->d; j++)
    if (mpz_sgn(table_row(t, t->count)[j]) != 0) {
      t->pivots[t->count++] = j;
      return;
    }
}

/* d independent exact rows that are 0 at the vertex. */
static rl_status vertex_rows(table *t, const rl_polytope *p, int vertex, rl_exact_form *exact, void *context,
                             rl_error *err) {
  for (int r = p->rows - 1; r >= 0 && t->count < p->d; r--) {
    if (!rl_polytope_active(p, vertex, r)) continue;
    clear(table_row(t, t->count), p->d + 1);
    rl_status status = exact(context, p->row[r].id, table_row(t, t->count), err);
    if (status) return status;
    take_row(t);
  }
  if (t->count < p->d) return rl_fail(err, RL_EINTERNAL, "a vertex has only %d independent rows", t->count);
  return RL_OK;
}

/* What makes the last row's value at the vertex of its constant: the determinant of the vertex's rows. */
static const mpz_t *determinant(const table *t) { return (const mpz_t *)&table_row(t, t->d - 1)[t->pivots[t->d - 1]]; }

rl_status rl_polytope_exact_sign(const rl_polytope *p, int vertex, int id, rl_exact_form *exact, void *context,
                                 int *sign, rl_error *err) {
  table t;
  rl_status status = make_table(&t, p->d, err);
  if (!status) status = vertex_rows(&t, p, vertex, exact, context, err);
  if (!status) status = exact(context, id, table_row(&t, p->d), err);
  if (!status) {
    shorten(table_row(&t, p->d), p->d + 1);
    reduce(&t);
    *sign = mpz_sgn(table_row(&t, p->d)[p->d]) * mpz_sgn(*determinant(&t));
  }
  free_table(&t);
  return status;
}

/* ---- coordinates --------------------------------------------------------------------- */

/* Coordinate j of the vertex is the value of the form x_j there. */
static double coordinate(table *t, int j, mpq_t q) {
  mpz_t *row = table_row(t, t->d);
  clear(row, t->d + 1);
  mpz_set_ui(row[j], 1);
  reduce(t);
  mpq_set_num(q, row[t->d]);
  mpq_set_den(q, *determinant(t));
  mpq_canonicalize(q);
  return mpq_get_d(q); /* towards zero: within one unit in the last place */
}

static rl_status refine_vertex(rl_polytope *p, int vertex, rl_exact_form *exact, void *context, rl_error *err) {
  table t;
  rl_status status = make_table(&t, p->d, err);
  if (!status) status = vertex_rows(&t, p, vertex, exact, context, err);
  if (!status) {
    mpq_t q;
    mpq_init(q);
    double size = 0;
    for (int j = 0; j < p->d; j++) {
      p->vertex[vertex].x[j] = coordinate(&t, j, q);
      size = fmax(size, fabs(p->vertex[vertex].x[j]));
    }
    p->vertex[vertex].error = 2 * DBL_EPSILON * size + DBL_MIN;
    mpq_clear(q);
  }
  free_table(&t);
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

/* ---- inputs ---------------------------------------------------------------------------- */

rl_status rl_input_forms_make(rl_input_forms *f, int n, int d, const int *varies, const double *unit,
                              const double *constants, rl_error *err) {
  int length = d + 1;
  *f = (rl_input_forms){n, d, 0, rl_integers_make((size_t)n * (size_t)length)};
  if (!f->z) return rl_fail_memory(err);
  f->scale = rl_dyadic_lowest((size_t)d, unit, 0);
  for (int j = 0, k = 0; j < n; j++) {
    if (k < d && varies[k] == j)
      k++;
    else
      f->scale = rl_dyadic_lowest(1, &constants[j], f->scale);
  }
  for (int j = 0, k = 0; j < n; j++) {
    mpz_t *row = f->z + (size_t)j * (size_t)length;
    if (k < d && varies[k] == j) {
      rl_dyadic_set(row[k], unit[k], f->scale);
      k++;
    } else {
      rl_dyadic_set(row[d], constants[j], f->scale);
    }
  }
  return RL_OK;
}

void rl_input_forms_free(rl_input_forms *f) {
  rl_integers_free(f->z, (size_t)f->n * ((size_t)f->d + 1));
  f->z = NULL;
}

void rl_input_forms_row(const rl_input_forms *f, const double *a, int side, double c, mpz_t *form) {
  int scale = rl_dyadic_lowest(1, &c, f->scale + rl_dyadic_lowest((size_t)f->n, a, 0));
  mpz_t factor;
  mpz_init(factor);
  rl_dyadic_set(form[f->d], c, scale);
  for (int j = 0; j < f->n; j++)
    rl_dyadic_add_product(form, scale, side * a[j], f->z + (size_t)j * ((size_t)f->d + 1), f->scale, f->d + 1, factor);
  mpz_clear(factor);
}

void rl_input_forms_bound(const rl_input_forms *f, int input, int side, double bound, mpz_t *form) {
  int scale = rl_dyadic_lowest(1, &bound, f->scale);
  mpz_t factor;
  mpz_init(factor);
  rl_dyadic_set(form[f->d], -side * bound, scale);
  rl_dyadic_add_product(form, scale, side, f->z + (size_t)input * ((size_t)f->d + 1), f->scale, f->d + 1, factor);
  mpz_clear(factor);
}
