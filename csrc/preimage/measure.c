/* L4: confidence intervals of shares. */
#include "preimage/preimage.h"

#include <math.h>

/* Regularised incomplete beta function I_x(a, b) by its continued fraction (Lentz's method; Press et al.,
 * "Numerical Recipes", 6.4); for x < (a+1)/(a+b+2) it converges in about sqrt(max(a, b)) terms. */
static double beta_fraction(double a, double b, double x) {
  double c = 1, d = 1 - (a + b) * x / (a + 1), h;
  d = 1 / (fabs(d) < 1e-300 ? 1e-300 : d);
  h = d;
  for (int i = 1; i < 10000; i++) {
    double even = i * (b - i) * x / ((a + 2 * i - 1) * (a + 2 * i));
    double odd = -(a + i) * (a + b + i) * x / ((a + 2 * i) * (a + 2 * i + 1));
    for (int half = 0; half < 2; half++) {
      double term = half ? odd : even;
      d = 1 + term * d;
      c = 1 + term / c;
      d = 1 / (fabs(d) < 1e-300 ? 1e-300 : d);
      if (fabs(c) < 1e-300) c = 1e-300;
      h *= d * c;
      if (half && fabs(d * c - 1) < 1e-14) return h;
    }
  }
  return h;
}

static double beta_lower(double a, double b, double x) {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  double front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x));
  if (x < (a + 1) / (a + b + 2)) return front * beta_fraction(a, b, x) / a;
  return 1 - front * beta_fraction(b, a, 1 - x) / b;
}

/* x with I_x(a, b) = p, by bisection. */
static double beta_quantile(double a, double b, double p) {
  double lo = 0, hi = 1;
  for (int i = 0; i < 200 && hi - lo > 1e-15; i++) {
    double middle = 0.5 * (lo + hi);
    if (beta_lower(a, b, middle) < p)
      lo = middle;
    else
      hi = middle;
  }
  return 0.5 * (lo + hi);
}

void rl_share_interval(double hits, double count, double error, double *lo, double *hi) {
  *lo = hits > 0 ? beta_quantile(hits, count - hits + 1, error / 2) : 0;
  *hi = hits < count ? beta_quantile(hits + 1, count - hits, 1 - error / 2) : 1;
}
