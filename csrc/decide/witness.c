/* L3: witnesses (see witness.h). */
#include "decide/witness.h"

#include <math.h>
#include <string.h>

#include "encode/affine.h"
#include "exact/exact.h"

struct rl_witness {
  const rl_network *net;
  const rl_domain *domain;
  const int8_t *signs;
  const rl_property *target;
  rl_interval *z, *y; /* neurons, outputs */
  double *value;      /* outputs */
  double *near;       /* neurons: pre-activations, rounded */
  int8_t *exact;      /* neurons */
};

rl_status rl_witness_create(rl_witness **out, const rl_network *net, const rl_domain *domain, const int8_t *signs,
                            const rl_property *target, rl_error *err) {
  rl_witness *w = rl_alloc(1, sizeof *w);
  if (!w) return rl_fail_memory(err);
  size_t m = (size_t)net->sizes[net->layers];
  *w = (rl_witness){.net = net, .domain = domain, .signs = signs, .target = target};
  w->z = rl_alloc((size_t)net->neurons, sizeof *w->z);
  w->y = rl_alloc(m, sizeof *w->y);
  w->value = rl_alloc(m, sizeof *w->value);
  w->near = rl_alloc((size_t)net->neurons, sizeof *w->near);
  w->exact = rl_alloc((size_t)net->neurons, sizeof *w->exact);
  if (!w->z || !w->y || !w->value || !w->near || !w->exact) {
    rl_witness_release(w);
    return rl_fail_memory(err);
  }
  *out = w;
  return RL_OK;
}

void rl_witness_release(rl_witness *w) {
  if (!w) return;
  rl_free(w->z);
  rl_free(w->y);
  rl_free(w->value);
  rl_free(w->near);
  rl_free(w->exact);
  rl_free(w);
}

double rl_witness_value(rl_witness *w, const double *x) {
  if (rl_network_follow(w->net, x, w->near, w->value, NULL)) return -INFINITY;
  double size = 0;
  for (int k = 0; k < w->net->neurons; k++) size = fmax(size, fabs(w->near[k]));
  for (int k = 0; w->signs && k < w->net->neurons; k++)
    if (w->signs[k] != RL_FREE && (w->signs[k] == RL_ON ? w->near[k] < -1e-6 * size : w->near[k] > 1e-6 * size))
      return -INFINITY;
  return rl_property_value(w->target, x, w->value);
}

double rl_witness_clause(const rl_witness *w, const double *x, int clause, int *row, int8_t *signs) {
  double least = INFINITY;
  for (int k = 0; k < w->net->neurons; k++) signs[k] = w->near[k] >= 0 ? RL_ON : RL_OFF;
  rl_mark_linear(w->net, signs);
  for (int r = 0; r < rl_property_rows(w->target, clause); r++) {
    const double *a = rl_property_a(w->target, clause, r), *c = rl_property_c(w->target, clause, r);
    double value = rl_property_d(w->target, clause, r);
    for (int j = 0; a && j < w->target->n; j++) value += a[j] * x[j];
    for (int j = 0; j < w->target->m; j++) value += c[j] * w->value[j];
    if (value < least) *row = r;
    least = fmin(least, value);
  }
  return least;
}

static int in_domain(const rl_domain *domain, const double *x) {
  for (int j = 0; j < domain->n; j++)
    if (!(x[j] >= domain->lo[j] && x[j] <= domain->hi[j])) return 0;
  for (int r = 0; r < domain->rows; r++)
    if (rl_row_excess(domain->n, domain->A + (size_t)r * (size_t)domain->n, x, x, domain->b[r]) > 0) return 0;
  return 1;
}

/* 1 obeys, 0 does not, -1 intervals cannot tell. */
static int obeys(const rl_witness *w) {
  int unsure = 0;
  for (int k = 0; w->signs && k < w->net->neurons; k++) {
    if (w->signs[k] == RL_FREE) continue;
    int on = w->signs[k] == RL_ON;
    if (on ? w->z[k].hi < 0 : w->z[k].lo > 0) return 0;
    unsure |= on ? w->z[k].lo < 0 : w->z[k].hi > 0;
  }
  return unsure ? -1 : 1;
}

static int obeys_exactly(rl_witness *w, const double *x) {
  if (rl_exact_signs(w->net, x, w->exact, NULL)) return 0;
  for (int k = 0; k < w->net->neurons; k++)
    if (w->signs[k] != RL_FREE && (w->signs[k] == RL_ON ? w->exact[k] < 0 : w->exact[k] > 0)) return 0;
  return 1;
}

/* Interval of one row of the target at x. */
static rl_interval row_interval(const rl_witness *w, int clause, int row, const double *x) {
  const double *a = rl_property_a(w->target, clause, row), *c = rl_property_c(w->target, clause, row);
  double d = rl_property_d(w->target, clause, row);
  rl_interval sum = {d, d};
  for (int j = 0; a && j < w->target->n; j++) sum = rl_iadd(sum, rl_iscale(a[j], (rl_interval){x[j], x[j]}));
  for (int j = 0; j < w->target->m; j++)
    if (c[j] != 0) sum = rl_iadd(sum, rl_iscale(c[j], w->y[j]));
  return sum;
}

static rl_interval target_interval(const rl_witness *w, const double *x) {
  rl_interval value = {-INFINITY, -INFINITY};
  for (int k = 0; k < w->target->clauses; k++) {
    rl_interval least = {INFINITY, INFINITY};
    for (int r = 0; r < rl_property_rows(w->target, k); r++) {
      rl_interval row = row_interval(w, k, r, x);
      least.lo = fmin(least.lo, row.lo);
      least.hi = fmin(least.hi, row.hi);
    }
    value.lo = fmax(value.lo, least.lo);
    value.hi = fmax(value.hi, least.hi);
  }
  return value;
}

/* The exact value, rounded downwards; where only its sign counts (strict), above 0 if it is. */
static double exact_value(const rl_witness *w, const double *x, int strict) {
  double best = -INFINITY;
  for (int k = 0; k < w->target->clauses; k++) {
    int sign = 0;
    double value = 0;
    if (rl_exact_value(w->net, w->target, k, x, &sign, &value, NULL)) break;
    best = fmax(best, strict && sign > 0 ? fmax(value, 0x1p-1074) : value);
  }
  return best;
}

int rl_witness_confirm(rl_witness *w, const double *x, rl_exactness exact, double *value) {
  if (!in_domain(w->domain, x) || rl_network_intervals(w->net, x, w->z, w->y, NULL)) return 0;
  int member = obeys(w);
  if (member < 0) member = exact != RL_BY_INTERVALS && obeys_exactly(w, x);
  if (!member) return 0;
  rl_interval range = target_interval(w, x);
  int unsure = range.lo < range.hi && (exact == RL_EXACT_VALUE || (range.lo <= 0 && range.hi >= 0));
  *value = range.lo;
  if (unsure && exact != RL_BY_INTERVALS) *value = fmax(*value, exact_value(w, x, exact == RL_EXACT_SIGN));
  return 1;
}
