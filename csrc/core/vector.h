/* L0: small dense kernels.  Sums run in eight lanes: the order of additions differs from a
 * plain loop's but is always the same. */
#ifndef RL_VECTOR_H
#define RL_VECTOR_H

#include <string.h>

typedef double rl_lanes __attribute__((vector_size(64)));

static inline rl_lanes rl_load(const double *p) {
  rl_lanes v;
  memcpy(&v, p, sizeof v);
  return v;
}

static inline rl_lanes rl_spread(double v) { return v - (rl_lanes){0}; }

/* a b + c, rounded once where the machine does that as fast, else twice. */
static inline rl_lanes rl_multiply_add(rl_lanes a, rl_lanes b, rl_lanes c) {
#ifdef __FMA__
  rl_lanes r = c;
  for (int i = 0; i < 8; i++) r[i] = __builtin_fma(a[i], b[i], c[i]);
  return r;
#else
  return a * b + c;
#endif
}

/* Each lane or 0, whichever is larger. */
static inline rl_lanes rl_positive(rl_lanes v) { return (rl_lanes)((v > 0) & (__typeof__(v > 0))v); }

static inline double rl_sum_lanes(rl_lanes v) {
  return ((v[0] + v[1]) + (v[2] + v[3])) + ((v[4] + v[5]) + (v[6] + v[7]));
}

static inline double rl_dot(const double *a, const double *b, int n) {
  rl_lanes sum = {0};
  int j = 0;
  for (; j + 8 <= n; j += 8) sum += rl_load(a + j) * rl_load(b + j);
  double total = rl_sum_lanes(sum);
  for (; j < n; j++) total += a[j] * b[j];
  return total;
}

/* sum |a_j| b_j. */
static inline double rl_dot_abs(const double *a, const double *b, int n) {
  rl_lanes sum = {0};
  int j = 0;
  for (; j + 8 <= n; j += 8) {
    rl_lanes v = rl_load(a + j);
    sum += (rl_positive(v) + rl_positive(-v)) * rl_load(b + j);
  }
  double total = rl_sum_lanes(sum);
  for (; j < n; j++) total += (a[j] < 0 ? -a[j] : a[j]) * b[j];
  return total;
}

/* Without the rules for NaN that fmax and fmin carry. */
static inline double rl_max(double a, double b) { return a > b ? a : b; }
static inline double rl_min(double a, double b) { return a < b ? a : b; }

#endif
