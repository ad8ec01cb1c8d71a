/* L2: what a wide input box looks like through a few linear functionals.
 *
 * Where the first layer is much narrower than the input, all that a cell's LP needs
 * to know of the inputs is q = Q x: the rows of Q are the first layer's weights,
 * the domain's half-spaces and the goal's rows over inputs.  q ranges over a zonotope
 * Z = Q [lo, hi], whose support function costs one pass over Q,
 *
 *   h(d) = max over the box of d.Q x,        d.q <= h(d) on Z for every d,
 *
 * so the LP holds q as columns and, in the place of hundreds of input columns, the cuts that it has met
 * (Kelley 1960).  Cuts are kept from LP to LP; the least recently tight one makes room.  They guide the LP only:
 * rl_dual_bound evaluates h itself. */
#ifndef RL_CUTS_H
#define RL_CUTS_H

#include "model/network.h"

typedef struct rl_cuts {
  const rl_network *net;
  const rl_domain *domain;
  const rl_property *target;
  int functionals;   /* rows of Q: first layer, half-spaces, target rows (where they have an input part) */
  int neurons, rows; /* of them: the first layer's, the half-spaces */
  int count, most;   /* cuts */
  double *direction; /* most x functionals */
  double *limit;     /* most: d.q <= limit */
  long *tight;       /* most: clock when last tight */
  long clock;
  double *lo, *hi;  /* n: the box that the limits are for */
  double *scale;    /* functionals: 1 / norm of the row of Q; 0 for a zero row */
  double *low, *up; /* functionals: range of q over the box */
  /* scratch of rl_cuts_nearest */
  double *multiplier, *residual, *step, *trial, *matrix;
  double *x, *slope; /* n */
} rl_cuts;

/* Are cuts of use for this network, domain and target? */
int rl_cuts_apply(const rl_network *net, const rl_domain *domain, const rl_property *target);
rl_status rl_cuts_create(rl_cuts **out, const rl_network *net, const rl_domain *domain, const rl_property *target,
                         rl_error *err);
void rl_cuts_release(rl_cuts *cuts);
/* The most cuts that are ever held. */
int rl_cuts_most(const rl_network *net, const rl_domain *domain, const rl_property *target);

/* Row f of Q (n doubles); NULL when it is zero. */
const double *rl_cuts_functional(const rl_cuts *cuts, int f);
/* Set the input box; cuts of another box are forgotten. */
void rl_cuts_box(rl_cuts *cuts, const double *lo, const double *hi);
/* Take in the cut d.q <= limit; returns its place, 0 .. most - 1. */
int rl_cuts_add(rl_cuts *cuts, const double *d, double limit);

/* Steps of Newton's method that rl_cuts_nearest takes, roughly. */
enum { RL_CUTS_NEWTON = 16 };

/* A point x[n] of the box with Q x near q, over the functionals with used[f]; the others do not matter.  Returns
 * the largest |(Q x - q)_f| relative to the size of row f.  Where that is not tiny, d (functionals) and *limit
 * become a cut that q violates. */
double rl_cuts_nearest(rl_cuts *cuts, const double *q, const uint8_t *used, double *x, double *d, double *limit);

#endif
