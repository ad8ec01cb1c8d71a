/* L4: what an enumeration found, as regions (see enumerate.h). */
#include <float.h>
#include <math.h>
#include <string.h>

#include "core/vector.h"
#include "encode/affine.h"
#include "enumerate/enumerate.h"

/* The leaf that region `index` starts from; a united region has further ones with the same group. */
static const rl_leaf *leaf_at(const rl_enumerate *e, long index) {
  return &e->leaves[e->groups ? e->groups[index] : index];
}

static int is_member(const rl_enumerate *e, long leaf, long index) {
  return e->groups ? e->leaves[leaf].group == e->groups[index] : leaf == index;
}

long rl_enumerate_count(const rl_enumerate *e) { return e->groups ? e->group_count : e->count; }

const int8_t *rl_enumerate_pattern(const rl_enumerate *e, long index) {
  for (long i = 0; i < e->count && e->groups; i++)
    if (i != e->groups[index] && is_member(e, i, index)) return NULL;
  return leaf_at(e, index)->signs;
}

void rl_enumerate_volume(const rl_enumerate *e, long index, double *lo, double *hi) {
  const rl_leaf *leaf = leaf_at(e, index);
  *lo = leaf->lo;
  *hi = leaf->hi;
  for (long i = 0; i < e->count && e->groups; i++) {
    if (i == e->groups[index] || !is_member(e, i, index)) continue;
    *lo = rl_add_down(*lo, e->leaves[i].lo);
    *hi = rl_add_up(*hi, e->leaves[i].hi);
  }
}

void rl_enumerate_total(const rl_enumerate *e, double *lo, double *hi) {
  *lo = *hi = 0;
  for (long i = 0; i < e->count; i++) {
    *lo = rl_add_down(*lo, e->leaves[i].lo);
    *hi = rl_add_up(*hi, e->leaves[i].hi);
  }
}

/* A row w.u + w_d >= 0 in coordinates u as a.x <= b over all inputs, moved inwards by its error bounds over the box. */
static void inward_row(const rl_enumerate *e, const rl_polytope_row *row, double *a, double *b) {
  memset(a, 0, (size_t)e->n * sizeof *a);
  double error = row->constant_error;
  for (int k = 0; k < e->d; k++) {
    int j = e->varies[k];
    double unit = e->unit[k], reach = fmax(fabs(e->domain->lo[j] / unit), fabs(e->domain->hi[j] / unit));
    a[j] = -row->w[k] / unit;
    double lost = a[j] * unit == -row->w[k] ? 0 : DBL_MIN + unit * DBL_MIN;
    error = rl_add_up(error, rl_mul_up(rl_add_up(row->slope_error, lost), reach));
  }
  *b = rl_add_down(row->w[e->d], -error);
}

rl_status rl_enumerate_region(const rl_enumerate *e, long index, rl_region **out, rl_error *err) {
  if (index < 0 || index >= rl_enumerate_count(e))
    return rl_fail(err, RL_EINPUT, "region %ld of %ld", index, rl_enumerate_count(e));
  const rl_leaf *leaf = leaf_at(e, index);
  int rows = e->groups ? leaf->united_rows : leaf->polytope->rows, kept = 0;
  double *A = rl_alloc((size_t)rows * (size_t)e->n, sizeof *A), *b = rl_alloc((size_t)rows, sizeof *b);
  rl_domain *box = NULL;
  rl_status status = A && b ? RL_OK : rl_fail_memory(err);
  if (!status) status = rl_domain_create(&box, e->n, e->domain->lo, e->domain->hi, 0, NULL, NULL, err);
  for (int r = 0; r < rows && !status; r++) {
    const rl_polytope_row *row =
        e->groups ? &e->leaves[leaf->united[2 * r]].polytope->row[leaf->united[2 * r + 1]] : &leaf->polytope->row[r];
    if (row->id < 0 && row->id > RL_ID_DOMAIN(e->n, 0)) continue; /* a side of the box */
    inward_row(e, row, A + (size_t)kept * (size_t)e->n, &b[kept]);
    kept++;
  }
  if (!status) status = rl_region_create(out, e->net, box, NULL, kept, A, b, err);
  rl_domain_release(box);
  rl_free(A);
  rl_free(b);
  return status;
}

int rl_enumerate_vertices(const rl_enumerate *e, long index) {
  int count = 0;
  for (long i = 0; i < e->count && e->groups; i++)
    if (is_member(e, i, index)) count += e->leaves[i].polytope->vertices;
  return e->groups ? count : leaf_at(e, index)->polytope->vertices;
}

void rl_enumerate_vertex(const rl_enumerate *e, long index, int vertex, double *x) {
  const rl_leaf *leaf = leaf_at(e, index);
  for (long i = 0; i < e->count && e->groups; i++) {
    if (!is_member(e, i, index)) continue;
    leaf = &e->leaves[i];
    if (vertex < leaf->polytope->vertices) break;
    vertex -= leaf->polytope->vertices;
  }
  memcpy(x, e->domain->lo, (size_t)e->n * sizeof *x);
  for (int k = 0; k < e->d; k++) x[e->varies[k]] = leaf->polytope->vertex[vertex].x[k] * e->unit[k];
}
