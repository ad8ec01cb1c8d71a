/* L2: bounds from known forms of a layer (see base.h). */
#include "encode/base.h"

#include <math.h>
#include <string.h>

#include "core/vector.h"

/* A bound of sum_j |u_j| over the polytope. */
static double reach_of(const rl_base *b) {
  double most = 0;
  for (int p = 0; p < b->points; p++) {
    double sum = 0;
    for (int j = 0; j < b->d; j++) sum += fabs(b->point[(size_t)p * (size_t)b->d + (size_t)j]) + b->error;
    most = rl_max(most, sum);
  }
  return most * (1 + 1e-9);
}

/* The largest and smallest value of v.u over the vertices (v: d numbers), outwards. */
static void extremes(const rl_base *b, const double *v, double *low, double *up) {
  double size = 0, most = 0, all = 0;
  *low = INFINITY;
  *up = -INFINITY;
  for (int p = 0; p < b->points; p++) {
    const double *u = b->point + (size_t)p * (size_t)b->d;
    double value = 0, mag = 0;
    for (int j = 0; j < b->d; j++) {
      double term = v[j] * u[j];
      value += term;
      mag += fabs(term);
    }
    *low = rl_min(*low, value);
    *up = rl_max(*up, value);
    most = rl_max(most, mag);
    all += mag;
  }
  if (!isfinite(all)) { /* overflow, also where it made something that is not a number */
    *low = -INFINITY;
    *up = INFINITY;
    return;
  }
  for (int j = 0; j < b->d; j++) size += fabs(v[j]);
  double error = (rl_rounding(b->d + 2, most) + size * b->error) * (1 + 1e-9);
  *low -= error;
  *up += error;
}

void rl_base_add_maximum(const rl_base *b, const double *c, rl_account *a) {
  size_t length = (size_t)b->d + 1;
  double *v = b->scratch, *mag = b->scratch + length, slope = 0, shift = 0, most = 0, low, up;
  int used = 0;
  memset(b->scratch, 0, 2 * length * sizeof *b->scratch);
  for (int i = 0; i < b->count; i++) {
    const double *w = b->w + (size_t)i * length;
    if (c[i] == 0) continue;
    for (size_t j = 0; j < length; j++) {
      double term = c[i] * w[j];
      v[j] += term;
      mag[j] += fabs(term);
    }
    slope += fabs(c[i]) * b->slope_error[i];
    shift += fabs(c[i]) * b->constant_error[i];
    used++;
  }
  for (int j = 0; j < b->d; j++) most = rl_max(most, mag[j]);
  extremes(b, v, &low, &up);
  rl_account_add(a, up);
  rl_account_add(a, v[b->d]);
  slope += rl_rounding(used + 3, most);
  shift += rl_rounding(used + 3, mag[b->d]);
  a->charge += (slope * reach_of(b) + shift) * (1 + 1e-9);
}

void rl_base_range(const rl_base *b, int i, double *low, double *up) {
  const double *w = b->w + (size_t)i * ((size_t)b->d + 1);
  extremes(b, w, low, up);
  double error = (b->slope_error[i] * reach_of(b) + b->constant_error[i]) * (1 + 1e-9) + RL_TINY;
  *low = rl_add_down(*low, rl_add_down(w[b->d], -error));
  *up = rl_add_up(*up, rl_add_up(w[b->d], error));
}

void rl_base_box(const rl_base *b, double *lo, double *hi) {
  for (int j = 0; j < b->d; j++) {
    lo[j] = INFINITY;
    hi[j] = -INFINITY;
    for (int p = 0; p < b->points; p++) {
      double x = b->point[(size_t)p * (size_t)b->d + (size_t)j];
      lo[j] = rl_min(lo[j], rl_add_down(x, -b->error));
      hi[j] = rl_max(hi[j], rl_add_up(x, b->error));
    }
  }
}
