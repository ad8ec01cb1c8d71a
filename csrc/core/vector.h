/* L0: small dense kernels.  Sums run in eight lanes: the order of additions differs from a
 * plain loop's but is always the same. */
#ifndef RL_VECTOR_H
#define RL_VECTOR_H

#include <string.h>

typedef double rl_lanes __attribute__((vector_size(64)));

static inline double rl_dot(const double *a, const double *b, int n) {
  rl_lanes sum = {0};
  int j = 0;
  for (; j + 8 <= n; j += 8) {
    rl_lanes x, y;
    memcpy(&x, a + j, sizeof x);
    memcpy(&y, b + j, sizeof y);
    sum += x * y;
  }
  double total = ((sum[0] + sum[1]) + (sum[2] + sum[3])) + ((sum[4] + sum[5]) + (sum[6] + sum[7]));
  for (; j < n; j++) total += a[j] * b[j];
  return total;
}

/* Without the rules for NaN that fmax and fmin carry. */
static inline double rl_max(double a, double b) { return a > b ? a : b; }
static inline double rl_min(double a, double b) { return a < b ? a : b; }

#endif
