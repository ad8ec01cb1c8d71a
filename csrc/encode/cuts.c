/* L2: a wide input box through a few functionals (see cuts.h). */
#include "encode/cuts.h"

#include <math.h>
#include <string.h>

#include "core/cholesky.h"
#include "core/vector.h"

/* With fewer inputs, or half as many functionals as inputs, input columns serve the LP better. */
enum { MANY_INPUTS = 32, MOST_FUNCTIONALS = 512 };

static int target_rows(const rl_property *target) { return target->a ? target->first[target->clauses] : 0; }

static int count_functionals(const rl_network *net, const rl_domain *domain, const rl_property *target) {
  return net->sizes[1] + domain->rows + target_rows(target);
}

int rl_cuts_apply(const rl_network *net, const rl_domain *domain, const rl_property *target) {
  int f = count_functionals(net, domain, target), n = net->sizes[0];
  return net->layers > 1 && n > MANY_INPUTS && 2 * f <= n && f <= MOST_FUNCTIONALS;
}

int rl_cuts_most(const rl_network *net, const rl_domain *domain, const rl_property *target) {
  return rl_cuts_apply(net, domain, target) ? 64 + 4 * count_functionals(net, domain, target) : 0;
}

const double *rl_cuts_functional(const rl_cuts *c, int f) {
  size_t n = (size_t)c->net->sizes[0];
  if (f < c->neurons) return c->net->weights[0] + (size_t)f * n;
  f -= c->neurons;
  return f < c->rows ? c->domain->A + (size_t)f * n : c->target->a + (size_t)(f - c->rows) * n;
}

rl_status rl_cuts_create(rl_cuts **out, const rl_network *net, const rl_domain *domain, const rl_property *target,
                         rl_error *err) {
  rl_cuts *c = rl_alloc(1, sizeof *c);
  if (!c) return rl_fail_memory(err);
  c->net = net;
  c->domain = domain;
  c->target = target;
  c->neurons = net->sizes[1];
  c->rows = domain->rows;
  c->functionals = count_functionals(net, domain, target);
  c->most = rl_cuts_most(net, domain, target);
  size_t f = (size_t)c->functionals, n = (size_t)net->sizes[0];
  double **doubles[] = {&c->direction,  &c->limit,    &c->lo,   &c->hi,    &c->scale,  &c->low, &c->up,
                        &c->multiplier, &c->residual, &c->step, &c->trial, &c->matrix, &c->x,   &c->slope};
  size_t sizes[] = {(size_t)c->most * f, (size_t)c->most, n, n, f, f, f, f, f, f, f, f * f, n, n};
  c->tight = rl_alloc((size_t)c->most, sizeof *c->tight);
  int missing = !c->tight;
  for (size_t i = 0; i < sizeof doubles / sizeof *doubles; i++)
    missing |= !(*doubles[i] = rl_alloc(sizes[i], sizeof(double)));
  if (missing) {
    rl_cuts_release(c);
    return rl_fail_memory(err);
  }
  for (int i = 0; i < c->functionals; i++) {
    const double *row = rl_cuts_functional(c, i);
    double square = rl_dot(row, row, (int)n);
    c->scale[i] = square > 0 && isfinite(square) ? 1 / sqrt(square) : 0;
  }
  memset(c->lo, 0xff, n * sizeof *c->lo); /* NaN: no box yet */
  *out = c;
  return RL_OK;
}

void rl_cuts_release(rl_cuts *c) {
  if (!c) return;
  double *owned[] = {c->direction,  c->limit,    c->lo,   c->hi,    c->scale,  c->low, c->up,
                     c->multiplier, c->residual, c->step, c->trial, c->matrix, c->x,   c->slope};
  for (size_t i = 0; i < sizeof owned / sizeof *owned; i++) rl_free(owned[i]);
  rl_free(c->tight);
  rl_free(c);
}

void rl_cuts_box(rl_cuts *c, const double *lo, const double *hi) {
  size_t n = (size_t)c->net->sizes[0];
  if (memcmp(c->lo, lo, n * sizeof *lo) == 0 && memcmp(c->hi, hi, n * sizeof *hi) == 0) return;
  memcpy(c->lo, lo, n * sizeof *lo);
  memcpy(c->hi, hi, n * sizeof *hi);
  c->count = 0;
  for (int f = 0; f < c->functionals; f++) {
    const double *row = rl_cuts_functional(c, f);
    double low = 0, up = 0;
    for (size_t j = 0; j < n; j++) {
      low += row[j] * (row[j] > 0 ? lo[j] : hi[j]);
      up += row[j] * (row[j] > 0 ? hi[j] : lo[j]);
    }
    c->low[f] = low;
    c->up[f] = up;
  }
}

int rl_cuts_add(rl_cuts *c, const double *d, double limit) {
  int at = c->count;
  if (at < c->most) {
    c->count++;
  } else {
    at = 0;
    for (int i = 1; i < c->count; i++)
      if (c->tight[i] < c->tight[at]) at = i;
  }
  double size = 0;
  for (int f = 0; f < c->functionals; f++) size = rl_max(size, fabs(d[f]));
  for (int f = 0; f < c->functionals; f++) c->direction[(size_t)at * (size_t)c->functionals + (size_t)f] = d[f] / size;
  c->limit[at] = limit / size;
  c->tight[at] = c->clock;
  return at;
}

/* ---- the nearest point -------------------------------------------------------------- */

/* The concave dual of  min |x - centre|^2 / 2 + |S (Q x - q)|^2 / (2 rho)  over the box, S the scales, at
 * multipliers m: x = clip(centre + Q^T S m), residual = S (Q x - q) + rho m (its negative gradient).  Returns the
 * negative value. */
static double dual_value(rl_cuts *c, const double *q, const uint8_t *used, double rho, const double *m) {
  int n = c->net->sizes[0];
  double value = 0;
  rl_late(2.0 * c->functionals * n);
  memset(c->slope, 0, (size_t)n * sizeof *c->slope);
  for (int f = 0; f < c->functionals; f++) {
    if (!used[f] || m[f] == 0) continue;
    const double *restrict row = rl_cuts_functional(c, f);
    double *restrict slope = c->slope, factor = m[f] * c->scale[f];
    for (int j = 0; j < n; j++) slope[j] += factor * row[j];
    value += 0.5 * rho * m[f] * m[f] - m[f] * c->scale[f] * q[f];
  }
  for (int j = 0; j < n; j++) {
    double centre = 0.5 * c->lo[j] + 0.5 * c->hi[j], reach = 0.5 * (c->hi[j] - c->lo[j]);
    double move = rl_max(-reach, rl_min(reach, c->slope[j]));
    c->x[j] = centre + move;
    value += c->x[j] * c->slope[j] - 0.5 * move * move;
    c->slope[j] = fabs(c->slope[j]) < reach; /* from here on: is x_j free? */
  }
  for (int f = 0; f < c->functionals; f++)
    c->residual[f] = used[f] ? c->scale[f] * (rl_dot(rl_cuts_functional(c, f), c->x, n) - q[f]) + rho * m[f] : 0;
  return value;
}

/* matrix = rho I + S Q_free Q_free^T S; 0: there was no time. */
static int second_derivative(rl_cuts *c, const uint8_t *used, double rho) {
  int n = c->net->sizes[0];
  size_t size = (size_t)c->functionals;
  for (size_t f = 0; f < size; f++) {
    if (rl_late((double)(f + 1) * n)) return 0;
    const double *row = rl_cuts_functional(c, (int)f);
    for (int j = 0; j < n; j++) c->x[j] = row[j] * c->slope[j];
    for (size_t g = 0; g <= f; g++)
      c->matrix[f * size + g] =
          used[f] && used[g] ? c->scale[f] * c->scale[g] * rl_dot(rl_cuts_functional(c, (int)g), c->x, n) : 0;
    c->matrix[f * size + f] += used[f] ? rho : 1;
  }
  return !rl_late((double)size * (double)size * (double)size / 6); /* of its factors */
}

/* Newton's method (semismooth) with backtracking for one rho; from and to c->multiplier.  0: no progress any more, or no
 * time. */
static int newton(rl_cuts *c, const double *q, const uint8_t *used, double rho) {
  size_t bytes = (size_t)c->functionals * sizeof(double);
  double value = dual_value(c, q, used, rho, c->multiplier);
  for (int i = 0; i < 20; i++) {
    double size = 0, slope = 0, t = 1;
    for (int f = 0; f < c->functionals; f++) size = rl_max(size, fabs(c->residual[f]));
    if (size < 1e-13) return 1;
    memcpy(c->step, c->residual, bytes);
    if (!second_derivative(c, used, rho)) {
      dual_value(c, q, used, rho, c->multiplier);
      return 0;
    }
    rl_cholesky(c->matrix, c->functionals);
    rl_cholesky_solve(c->matrix, c->functionals, c->step);
    for (int f = 0; f < c->functionals; f++) slope += c->step[f] * c->residual[f];
    double before = value;
    for (int tries = 0; tries < 20; tries++, t *= 0.5) {
      for (int f = 0; f < c->functionals; f++) c->trial[f] = c->multiplier[f] - t * c->step[f];
      value = dual_value(c, q, used, rho, c->trial);
      if (value <= before - 1e-4 * t * slope) break;
    }
    if (!(value < before)) {
      dual_value(c, q, used, rho, c->multiplier);
      return 0;
    }
    memcpy(c->multiplier, c->trial, bytes);
  }
  return !rl_late(0);
}

double rl_cuts_nearest(rl_cuts *c, const double *q, const uint8_t *used, double *x, double *d, double *limit) {
  int n = c->net->sizes[0];
  double worst = 0;
  memset(c->multiplier, 0, (size_t)c->functionals * sizeof *c->multiplier);
  double gap_before = INFINITY;
  static const double rhos[] = {1e-2, 1e-6, 1e-10, 1e-14};
  for (size_t i = 0; i < sizeof rhos / sizeof *rhos; i++) {
    double rho = rhos[i];
    if (!newton(c, q, used, rho)) break;
    double gap = 0;
    for (int f = 0; f < c->functionals; f++) gap = rl_max(gap, rho * fabs(c->multiplier[f]));
    if (gap > 0.1 * gap_before) break; /* a distance that stays: q is outside */
    gap_before = gap;
  }
  memcpy(x, c->x, (size_t)n * sizeof *x);
  for (int f = 0; f < c->functionals; f++) {
    /* the residual without rho's part: from Z to q */
    double gap = used[f] ? c->scale[f] * (q[f] - rl_dot(rl_cuts_functional(c, f), x, n)) : 0;
    worst = rl_max(worst, fabs(gap));
    d[f] = gap * c->scale[f];
  }
  memset(c->slope, 0, (size_t)n * sizeof *c->slope);
  for (int f = 0; f < c->functionals; f++)
    for (int j = 0; d[f] != 0 && j < n; j++) c->slope[j] += d[f] * rl_cuts_functional(c, f)[j];
  *limit = 0;
  for (int j = 0; j < n; j++) *limit += c->slope[j] * (c->slope[j] > 0 ? c->hi[j] : c->lo[j]);
  return worst;
}
