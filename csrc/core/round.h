/* L0: what rounding does, and directed rounding without touching the FPU's rounding mode.
 *
 * The model (Higham, "Accuracy and Stability of Numerical Algorithms", 2.8): where nothing overflows,
 *
 *   fl(a op b) = (a op b) (1 + d) + e,    |d| <= u = 2^-53,  |e| <= eta = 2^-1075,  d e = 0,
 *
 * and e = 0 for sums and differences.  So a computed sum of k products is off by at most k u / (1 - k u) times the sum
 * of their sizes, and k eta; the computed sum of sizes is itself too small by as much.  Relative errors alone are no
 * bound: a coefficient that has underflowed may multiply a variable as large as 1e308.  Hence three rules:
 *
 *   - the error of a sum is rl_rounding(k, sum of sizes), which also says when sums may have overflowed;
 *   - the error of a coefficient, (gamma size + RL_TINY), is charged against the range of what it multiplies;
 *   - a size or an error that others will multiply is rounded up by RL_TINY.
 *
 * Where arithmetic overflows a bound is infinite on its own side (or, in dense kernels, not a number, which no
 * comparison takes for a bound): never a claim.
 *
 * Error-free transforms (Knuth's TwoSum, FMA's TwoProduct) tell the sign of the
 * rounding error, so each operation returns the tightest double below or above
 * the exact result; exact operations stay exact.  Near underflow a product's
 * error term is not exact; there one extra step outwards is taken. */
#ifndef RL_ROUND_H
#define RL_ROUND_H

#include <float.h>
#include <math.h>

#define RL_UNIT (DBL_EPSILON / 2) /* u */
#define RL_TINY DBL_MIN           /* more than the underflows of 2^50 products, eta each, together with their sum's */

/* A bound of the error of a sum of `terms` (< 2^43) products, or of parts of such, whose computed sizes add up to
 * `size`; infinite where that sum, in any order, may have overflowed. */
static inline double rl_rounding(double terms, double size) {
  return size < 0x1p1020 ? terms * RL_UNIT * 1.01 * size + RL_TINY : INFINITY;
}

static inline double rl_sum_error(double a, double b, double s) {
  double bb = s - a;
  return (a - (s - bb)) + (b - bb);
}

/* The largest finite double where a + b overflows; -inf where it is not a number. */
static inline double rl_add_down(double a, double b) {
  double s = a + b;
  if (rl_sum_error(a, b, s) >= 0) return s;
  return isnan(s) ? -INFINITY : nextafter(s, -INFINITY); /* also where the error overflowed */
}

static inline double rl_add_up(double a, double b) { return -rl_add_down(-a, -b); }

static inline double rl_mul_down(double a, double b) {
  double p = a * b;
  if (a == 0 || b == 0) return 0; /* of an infinite end, too: it stands for reals */
  if (fabs(p) >= 1e-290 && fma(a, b, -p) >= 0) return p;
  return isnan(p) ? -INFINITY : nextafter(p, -INFINITY);
}

static inline double rl_mul_up(double a, double b) { return -rl_mul_down(-a, b); }

/* An interval [lo, hi] that contains an exact real: what overflows leaves an end infinite or the largest double. */
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
