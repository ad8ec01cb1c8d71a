/* L3: regions: polytopes of decision prefixes, patterns, and membership. */
#include "region/region.h"

#include <string.h>

#include "core/vector.h"
#include "encode/affine.h"
#include "encode/interval.h"
#include "exact/exact.h"

/* ---- making one ----------------------------------------------------------- */

static rl_status check_arguments(const rl_network *net, const rl_domain *domain, const int8_t *pattern, int rows,
                                 const double *A, const double *b, rl_error *err) {
  if (!domain) return rl_fail(err, RL_EINPUT, "a region needs a domain");
  if (pattern && !net) return rl_fail(err, RL_EINPUT, "a region with a pattern needs its network");
  if (net && net->sizes[0] != domain->n)
    return rl_fail(err, RL_EINPUT, "the domain has %d inputs, the network %d", domain->n, net->sizes[0]);
  if (pattern) {
    rl_status status = rl_pattern_check(net, pattern, err);
    if (status != RL_OK) return status;
  }
  if (rows < 0 || (rows > 0 && (!A || !b))) return rl_fail(err, RL_EINPUT, "%d rows without data", rows);
  for (int r = 0; r < rows; r++) {
    for (int j = 0; j < domain->n; j++) {
      double v = A[(size_t)r * (size_t)domain->n + (size_t)j];
      if (!isfinite(v)) return rl_fail(err, RL_EINPUT, "coefficient %g in row %d, column %d of a region", v, r, j);
    }
    if (!isfinite(b[r])) return rl_fail(err, RL_EINPUT, "right-hand side %g in row %d of a region", b[r], r);
  }
  return RL_OK;
}

/* Append a.x <= b unless it says nothing. */
static void append_row(rl_region *region, const double *a, double b) {
  int j = 0, n = region->n;
  while (j < n && a[j] == 0) j++;
  if (j == n && b >= 0) return;
  memmove(region->A + (size_t)region->rows * (size_t)n, a, (size_t)n * sizeof *a);
  region->b[region->rows++] = b;
}

/* One half-space per literal; the pattern is a decision prefix, so each is affine. */
static rl_status append_pattern(rl_region *region, rl_error *err) {
  const rl_network *net = region->net;
  const int8_t *signs = region->pattern;
  rl_affine before = {0}, forms = {0};
  rl_status status = RL_OK;
  int left = rl_pattern_literals(net, signs);
  for (int layer = 0; layer + 1 < net->layers && left > 0 && status == RL_OK; layer++) {
    int offset = net->offsets[layer];
    status = rl_affine_layer(&forms, net, layer, &before, err);
    rl_affine_free(&before);
    if (status != RL_OK) return status;
    for (int i = 0; i < forms.count; i++) {
      if (signs[offset + i] == RL_FREE) continue;
      double *row = region->A + (size_t)region->rows * (size_t)region->n, b;
      status = rl_affine_half_space(&forms, i, signs[offset + i], region->lo, region->hi, row, &b, err);
      if (status != RL_OK) break;
      append_row(region, row, b);
      left--;
    }
    rl_affine_relu(&forms, net, layer, signs + offset);
    before = forms;
    forms = (rl_affine){0};
  }
  rl_affine_free(&before);
  return status;
}

/* For x in the box a dot product in any order errs by at most
 *   gamma_n sum_j |a_j| |x_j|,  gamma_n = n u / (1 - n u), u = 2^-53  (Higham, eq. 3.5);
 * doubled for the rounding of this bound and of the comparison, plus underflow; infinite where sums may overflow. */
static void fill_slop(rl_region *region) {
  for (int r = 0; r < region->rows; r++) {
    double size = fabs(region->b[r]);
    for (int j = 0; j < region->n; j++)
      size += fabs(region->A[(size_t)r * (size_t)region->n + (size_t)j]) * fmax(fabs(region->lo[j]), fabs(region->hi[j]));
    region->slop[r] = rl_rounding(2.0 * (region->n + 4), size);
  }
}

static rl_status fill(rl_region *region, const rl_domain *domain, const int8_t *pattern, int rows, const double *A,
                      const double *b, rl_error *err) {
  int literals = pattern ? rl_pattern_literals(region->net, pattern) : 0;
  size_t n = (size_t)domain->n, room = (size_t)domain->rows + (size_t)rows + (size_t)literals + 1;
  region->n = domain->n;
  region->polytope = 1;
  region->lo = rl_copy_doubles(domain->lo, n);
  region->hi = rl_copy_doubles(domain->hi, n);
  region->A = rl_alloc(room * n, sizeof(double));
  region->b = rl_alloc(room, sizeof(double));
  region->slop = rl_alloc(room, sizeof(double));
  if (literals) region->pattern = rl_alloc((size_t)region->net->neurons, 1);
  if (!region->lo || !region->hi || !region->A || !region->b || !region->slop || (literals && !region->pattern))
    return rl_fail_memory(err);
  if (literals) {
    memcpy(region->pattern, pattern, (size_t)region->net->neurons);
    region->polytope = rl_pattern_is_prefix(region->net, pattern);
    rl_status status = region->polytope ? append_pattern(region, err) : RL_OK;
    if (status == RL_ENUMERIC && rl_late(0)) { /* without rows, as a pattern that has none */
      region->polytope = region->rows = 0;
      status = RL_OK;
    }
    if (status != RL_OK) return status;
  }
  for (int r = 0; r < domain->rows; r++) append_row(region, domain->A + (size_t)r * n, domain->b[r]);
  for (int r = 0; r < rows; r++) append_row(region, A + (size_t)r * n, b[r]);
  fill_slop(region);
  return RL_OK;
}

rl_status rl_region_create(rl_region **out, const rl_network *net, const rl_domain *domain, const int8_t *pattern,
                           int rows, const double *A, const double *b, rl_error *err) {
  rl_status status = check_arguments(net, domain, pattern, rows, A, b, err);
  if (status != RL_OK) return status;
  rl_region *region = rl_alloc(1, sizeof *region);
  if (!region) return rl_fail_memory(err);
  atomic_init(&region->references, 1);
  region->net = pattern ? rl_network_retain(net) : NULL;
  status = fill(region, domain, pattern, rows, A, b, err);
  if (status != RL_OK) {
    rl_region_release(region);
    return status;
  }
  *out = region;
  return RL_OK;
}

rl_region *rl_region_retain(const rl_region *region) {
  rl_region *r = (rl_region *)region;
  atomic_fetch_add(&r->references, 1);
  return r;
}

void rl_region_release(rl_region *region) {
  if (!region || atomic_fetch_sub(&region->references, 1) != 1) return;
  rl_network_release(region->net);
  rl_free(region->lo);
  rl_free(region->hi);
  rl_free(region->A);
  rl_free(region->b);
  rl_free(region->slop);
  rl_free(region->pattern);
  rl_free(region);
}

int rl_region_inputs(const rl_region *region) { return region->n; }
int rl_region_rows(const rl_region *region) { return region->rows; }
const double *rl_region_lo(const rl_region *region) { return region->lo; }
const double *rl_region_hi(const rl_region *region) { return region->hi; }
const double *rl_region_A(const rl_region *region) { return region->A; }
const double *rl_region_b(const rl_region *region) { return region->b; }
const int8_t *rl_region_pattern(const rl_region *region) { return region->pattern; }
int rl_region_is_polytope(const rl_region *region) { return region->polytope; }

/* ---- membership ------------------------------------------------------------ */

static int in_rows(const rl_region *region, const double *x) {
  for (int j = 0; j < region->n; j++)
    if (!(x[j] >= region->lo[j] && x[j] <= region->hi[j])) return 0;
  for (int r = 0; r < region->rows; r++) {
    const double *a = region->A + (size_t)r * (size_t)region->n;
    double b = region->b[r], value = rl_dot(a, x, region->n) - b;
    if (value < -region->slop[r]) continue;
    if (value > region->slop[r]) return 0;
    if (rl_row_excess(region->n, a, x, x, b) > 0 && rl_exact_row(region->n, a, x, b) > 0) return 0;
  }
  return 1;
}

/* Scratch of membership in a pattern. */
typedef struct scratch {
  double *l, *u, *ends;  /* neurons, neurons, 2 widest */
  rl_interval *z;        /* 2 widest */
  int8_t *free, *signs;  /* neurons */
  uint8_t *needed;       /* neurons */
} scratch;

static void free_scratch(scratch *s) {
  void *owned[] = {s->l, s->u, s->ends, s->z, s->free, s->signs, s->needed};
  for (size_t i = 0; i < sizeof owned / sizeof *owned; i++) rl_free(owned[i]);
}

static rl_status make_scratch(scratch *s, const rl_network *net, rl_error *err) {
  size_t neurons = (size_t)net->neurons, widest = (size_t)net->widest;
  *s = (scratch){rl_alloc(neurons, sizeof *s->l),       rl_alloc(neurons, sizeof *s->u),
                 rl_alloc(2 * widest, sizeof *s->ends), rl_alloc(2 * widest, sizeof *s->z),
                 rl_alloc(neurons, sizeof *s->free),    rl_alloc(neurons, sizeof *s->signs),
                 rl_alloc(neurons, sizeof *s->needed)};
  if (!s->l || !s->u || !s->ends || !s->z || !s->free || !s->signs || !s->needed) return rl_fail_memory(err);
  memset(s->free, RL_FREE, neurons);
  rl_mark_linear(net, s->free);
  return RL_OK;
}

/* By interval bounds with an error for each sum (encode/interval.h): nearly always enough, and fifty times as fast as
 * intervals operation by operation.  Answers as obeys_bounds does. */
static int obeys_quickly(const rl_region *region, const double *x, scratch *s) {
  int sure = 1;
  for (int k = 0; k < region->net->neurons; k++) {
    s->l[k] = -INFINITY;
    s->u[k] = INFINITY;
  }
  if (!rl_interval_run(region->net, x, x, s->free, s->l, s->u, s->needed, s->ends)) return -1;
  for (int k = 0; k < region->net->neurons; k++) {
    int sign = region->pattern[k];
    if ((sign == RL_ON && s->u[k] < 0) || (sign == RL_OFF && s->l[k] > 0)) return 0;
    if ((sign == RL_ON && !(s->l[k] >= 0)) || (sign == RL_OFF && !(s->u[k] <= 0))) sure = -1;
  }
  return sure;
}

/* Interval evaluation layer by layer; z (2 x widest intervals) is scratch.
 * 1: x obeys the pattern, 0: it does not, -1: rounding leaves it open. */
static int obeys_bounds(const rl_region *region, const double *x, rl_interval *z) {
  const rl_network *net = region->net;
  rl_interval *from = z, *to = z + net->widest, *swap;
  int sure = 1;
  for (int j = 0; j < net->sizes[0]; j++) from[j] = (rl_interval){x[j], x[j]};
  for (int layer = 0; layer + 1 < net->layers; layer++) {
    int width = net->sizes[layer];
    for (int i = 0; i < net->sizes[layer + 1]; i++) {
      const double *w = net->weights[layer] + (size_t)i * (size_t)width;
      rl_interval sum = {net->biases[layer][i], net->biases[layer][i]};
      for (int k = 0; k < width; k++)
        if (w[k] != 0) sum = rl_iadd(sum, rl_iscale(w[k], from[k]));
      int sign = region->pattern[net->offsets[layer] + i];
      if ((sign == RL_ON && sum.hi < 0) || (sign == RL_OFF && sum.lo > 0)) return 0;
      if ((sign == RL_ON && !(sum.lo >= 0)) || (sign == RL_OFF && !(sum.hi <= 0))) sure = -1;
      to[i] = rl_activation_interval(net, net->offsets[layer] + i, sum);
    }
    swap = from, from = to, to = swap;
  }
  return sure;
}

static rl_status obeys_pattern(const rl_region *region, const double *x, scratch *s, int *obeys, rl_error *err) {
  int8_t *signs = s->signs;
  *obeys = obeys_quickly(region, x, s);
  if (*obeys < 0) *obeys = obeys_bounds(region, x, s->z);
  if (*obeys >= 0) return RL_OK;
  rl_status status = rl_exact_signs(region->net, x, signs, err);
  if (status != RL_OK) return status;
  *obeys = 1;
  for (int i = 0; i < region->net->neurons; i++)
    if ((region->pattern[i] == RL_ON && signs[i] < 0) || (region->pattern[i] == RL_OFF && signs[i] > 0)) *obeys = 0;
  return RL_OK;
}

/* s: NULL where the rows say everything. */
static rl_status contains(const rl_region *region, size_t count, const double *x, uint8_t *inside, size_t *total,
                          scratch *s, rl_error *err) {
  size_t found = 0;
  for (size_t i = 0; i < count; i++) {
    const double *point = x + i * (size_t)region->n;
    int in = in_rows(region, point);
    if (in && s) {
      rl_status status = obeys_pattern(region, point, s, &in, err);
      if (status != RL_OK) return status;
    }
    if (inside) inside[i] = (uint8_t)in;
    found += (size_t)in;
  }
  *total = found;
  return RL_OK;
}

rl_status rl_region_contains(const rl_region *region, size_t count, const double *x, uint8_t *inside, size_t *total,
                             rl_error *err) {
  for (size_t i = 0; i < count * (size_t)region->n; i++)
    if (!isfinite(x[i]))
      return rl_fail(err, RL_EINPUT, "coordinate %zu of point %zu is %g", i % (size_t)region->n, i / (size_t)region->n, x[i]);
  size_t ignored;
  if (!total) total = &ignored;
  if (region->polytope) return contains(region, count, x, inside, total, NULL, err);
  scratch s;
  rl_status status = make_scratch(&s, region->net, err);
  if (!status) status = contains(region, count, x, inside, total, &s, err);
  free_scratch(&s);
  return status;
}
