/* L0: directed rounding without touching the FPU's rounding mode.
 *
 * Error-free transforms (Knuth's TwoSum, FMA's TwoProduct) tell the sign of the
 * rounding error, so each operation returns the tightest double below or above
 * the exact result; exact operations stay exact.  Near underflow a product's
 * error term is not exact; there one extra step outwards is taken. */
#ifndef RL_ROUND_H
#define RL_ROUND_H

#include <float.h>
#include <math.h>

#define RL_UNIT (DBL_EPSILON / 2) /* the relative error of an operation rounded to nearest */

static inline double rl_sum_error(double a, double b, double s) {
  double bb = s - a;
  return (a - (s - bb)) + (b - bb);
}

static inline double rl_add_down(double a, double b) {
  double s = a + b;
  return rl_sum_error(a, b, s) < 0 ? nextafter(s, -INFINITY) : s;
}

static inline double rl_add_up(double a, double b) {
  double s = a + b;
  return rl_sum_error(a, b, s) > 0 ? nextafter(s, INFINITY) : s;
}

static inline double rl_mul_down(double a, double b) {
  double p = a * b;
  if (fabs(p) < 1e-290) return a == 0 || b == 0 ? 0 : nextafter(p, -INFINITY);
  return fma(a, b, -p) < 0 ? nextafter(p, -INFINITY) : p;
}

static inline double rl_mul_up(double a, double b) { return -rl_mul_down(-a, b); }

/* An interval [lo, hi] that contains an exact real. */
typedef struct rl_interval {
  double lo, hi;
} rl_interval;

static inline rl_interval rl_iadd(rl_interval a, rl_interval b) {
  return (rl_interval){rl_add_down(a.lo, b.lo), rl_add_up(a.hi, b.hi)};
}

/* w * [lo, hi] for an exact double w. */
static inline rl_interval rl_iscale(double w, rl_interval a) {
  if (w >= 0) return (rl_interval){rl_mul_down(w, a.lo), rl_mul_up(w, a.hi)};
  return (rl_interval){rl_mul_down(w, a.hi), rl_mul_up(w, a.lo)};
}

#endif
