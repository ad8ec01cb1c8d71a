/* L3: the maximum of a linear function over a box cut by a few half-spaces.
 *
 * Weak duality: for any mu >= 0
 *   max { c.x : lo <= x <= hi, A x <= b } <= max { (c - A^T mu).x : lo <= x <= hi } + mu.b.
 * mu comes from a few sweeps of exact line searches, one row at a time (the right-hand side is convex and piecewise
 * linear in each mu_r); the bound is then evaluated with outward rounding, so it holds for exact arithmetic whatever
 * mu is.  Meant for few inputs and rows; the cost is about rows * inputs^2 for a sweep. */
#ifndef RL_POLYTOPE_BOUND_H
#define RL_POLYTOPE_BOUND_H

#include "core/core.h"

/* A set of inputs: borrowed arrays. */
typedef struct rl_halfspaces {
  int n, rows;
  const double *lo, *hi; /* n */
  const double *A, *b;   /* rows x n, rows */
} rl_halfspaces;

/* scratch: rl_polytope_scratch(n, rows) doubles.  The bound, rounded upwards; +inf where arithmetic overflows. */
double rl_polytope_bound(const rl_halfspaces *set, const double *c, double *scratch);
size_t rl_polytope_scratch(int n, int rows);

/* Shrink the box lo, hi (n each, in place) to bounds that hold on the set.  0: the set is certainly empty. */
int rl_polytope_contract(int n, int rows, double *lo, double *hi, const double *A, const double *b, double *scratch);

#endif
