/* L3: linear functions over boxes cut by half-spaces (see polytope_bound.h). */
#include "region/polytope_bound.h"

#include <string.h>

#include "core/round.h"
#include "core/vector.h"

enum { SWEEPS = 4 };

size_t rl_polytope_scratch(int n, int rows) { return 3 * (size_t)n + (size_t)rows + 2; }

/* The best multiplier of one row, the others fixed: g holds c - (the other rows' part).  The derivative of the
 * bound, b - a.x*(mu), rises with mu; it jumps by |a_j| (hi_j - lo_j) at mu = g_j / a_j where the coefficient of
 * input j changes its sign. */
static double best_multiplier(const rl_halfspaces *set, const double *a, double b, const double *g, double *mark) {
  int n = set->n;
  double slope = b;
  for (int j = 0; j < n; j++) {
    int up = g[j] > 0 || (g[j] == 0 && a[j] < 0);
    slope -= a[j] * (up ? set->hi[j] : set->lo[j]);
    mark[j] = a[j] != 0 && (g[j] > 0) == (a[j] > 0) && g[j] != 0 ? g[j] / a[j] : INFINITY;
  }
  double mu = 0;
  while (slope < 0) {
    int next = 0;
    for (int j = 1; j < n; j++)
      if (mark[j] < mark[next]) next = j;
    if (mark[next] == INFINITY) return mu; /* the row cannot be met: the set is empty; any mu is valid */
    mu = mark[next];
    slope += fabs(a[next]) * (set->hi[next] - set->lo[next]);
    mark[next] = INFINITY;
  }
  return mu;
}

/* (c - A^T mu) against the box, plus mu.b, rounded upwards (round.h): sums of up to rows + n + 2 products; what
 * coefficients lose by underflow is charged to the inputs' ranges. */
static double evaluate(const rl_halfspaces *set, const double *c, const double *mu) {
  double sum = 0, size = 0, ranges = 0;
  for (int r = 0; r < set->rows; r++) {
    double term = mu[r] * set->b[r];
    sum += term;
    size += fabs(term);
  }
  for (int j = 0; j < set->n; j++) {
    double g = c[j], magnitude = fabs(c[j]);
    for (int r = 0; r < set->rows; r++) {
      double term = mu[r] * set->A[(size_t)r * (size_t)set->n + (size_t)j];
      g -= term;
      magnitude += fabs(term);
    }
    sum += g * (g > 0 ? set->hi[j] : set->lo[j]);
    double range = rl_max(fabs(set->lo[j]), fabs(set->hi[j]));
    size += magnitude * range;
    ranges += range;
  }
  double bound = sum + rl_rounding(2.0 * (set->rows + set->n + 8), size) + RL_TINY * ranges;
  return isfinite(bound) ? nextafter(bound, INFINITY) : INFINITY;
}

double rl_polytope_bound(const rl_halfspaces *set, const double *c, double *scratch) {
  int n = set->n, rows = set->rows;
  double *g = scratch, *mark = g + n, *mu = mark + n;
  memset(mu, 0, (size_t)rows * sizeof *mu);
  double plain = evaluate(set, c, mu);
  if (rows == 0) return plain;
  memcpy(g, c, (size_t)n * sizeof *g);
  int used = 0;
  for (int sweep = 0; sweep < SWEEPS; sweep++) {
    double change = 0;
    for (int r = 0; r < rows; r++) {
      const double *a = set->A + (size_t)r * (size_t)n;
      if (mu[r] > 0)
        for (int j = 0; j < n; j++) g[j] += mu[r] * a[j];
      double best = best_multiplier(set, a, set->b[r], g, mark);
      change = rl_max(change, fabs(best - mu[r]) / (1e-300 + best + mu[r]));
      mu[r] = best;
      if (best > 0)
        for (int j = 0; j < n; j++) g[j] -= best * a[j];
      used |= best > 0;
    }
    if (change < 1e-6 || rows == 1) break;
  }
  return used ? rl_min(plain, evaluate(set, c, mu)) : plain;
}

/* What a row leaves each input when the other inputs do their best.  0: nothing. */
static int propagate(int n, double *lo, double *hi, const double *a, double b) {
  for (int j = 0; j < n; j++) {
    if (a[j] == 0) continue;
    double rest = -b; /* a lower bound of the other terms - b: so a_j x_j <= -rest */
    for (int k = 0; k < n; k++)
      if (k != j) rest = rl_add_down(rest, rl_mul_down(a[k], a[k] >= 0 ? lo[k] : hi[k]));
    if (!isfinite(rest)) continue;
    double end = nextafter(-rest / a[j], a[j] > 0 ? INFINITY : -INFINITY);
    if (a[j] > 0 && end < hi[j]) hi[j] = end;
    if (a[j] < 0 && end > lo[j]) lo[j] = end;
    if (lo[j] > hi[j]) return 0;
  }
  return 1;
}

int rl_polytope_contract(int n, int rows, double *lo, double *hi, const double *A, const double *b, double *scratch) {
  rl_halfspaces set = {n, rows, lo, hi, A, b};
  double *unit = scratch + 2 * (size_t)n + (size_t)rows;
  for (int r = 0; r < rows; r++)
    if (!propagate(n, lo, hi, A + (size_t)r * (size_t)n, b[r])) return 0;
  memset(unit, 0, (size_t)n * sizeof *unit);
  for (int j = 0; j < n && rows > 1; j++) {
    unit[j] = 1;
    hi[j] = rl_min(hi[j], rl_polytope_bound(&set, unit, scratch));
    unit[j] = -1;
    lo[j] = rl_max(lo[j], -rl_polytope_bound(&set, unit, scratch));
    unit[j] = 0;
    if (lo[j] > hi[j]) return 0;
  }
  return 1;
}
