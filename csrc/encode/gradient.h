/* L2: how much can the goal change with each input of a cell?
 *
 * Interval arithmetic on the chain rule (Wang et al. 2018, ReluVal): the
 * derivative of an undecided ReLU is in [0, 1].  A guide for splitting only, so
 * rounding is of no concern. */
#ifndef RL_GRADIENT_H
#define RL_GRADIENT_H

#include "encode/dual.h"

typedef struct rl_gradient {
  const rl_network *net;
  double *lo, *hi, *next_lo, *next_hi; /* widest */
} rl_gradient;

rl_status rl_gradient_create(rl_gradient **out, const rl_network *net, rl_error *err);
void rl_gradient_release(rl_gradient *gradient);

/* lo[n] <= d goal / d x_j <= hi[n] over the cell, for the goal sum_r lambda[r] row_r of a clause.  With every sign
 * imposed lo and hi are the gradient in that linear region. */
void rl_gradient_range(rl_gradient *gradient, const rl_cell *cell, const rl_property *target, int clause,
                       const double *lambda, double *lo, double *hi);

#endif
