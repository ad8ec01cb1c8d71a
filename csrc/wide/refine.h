/* L2: ranges of a layer's neurons by a small branch and bound for each.
 *
 * The layers before are built.  For each end of each undecided neuron, side * z is bounded from below over the set, and
 * the part of the set with the worst bound is split by the sign of the neuron whose upper line takes most from it,
 * until the budget is spent or the neuron is decided: the worst bound left is the end.  RL_COLUMNS ends go on at a
 * time, each at its own branch.  What is gained compounds: each neuron decided is one less in all layers behind. */
#ifndef RL_REFINE_H
#define RL_REFINE_H

#include "wide/branch.h"

typedef struct rl_refine_plan {
  int budget;        /* branches for each end; 1: no splits */
  int steps;         /* bounds of each branch, with ascent between; 1: only with a budget of 1 */
  double rate, fade; /* of the steps: the first one's, and of each to the one before */
} rl_refine_plan;

typedef struct rl_refine rl_refine;

rl_status rl_refine_create(rl_refine **out, const rl_reduced *net, rl_columns *columns, rl_error *err);
void rl_refine_release(rl_refine *refine);

/* Begin with the next layer of the reduced network, of which one is built: ranges l, u[neurons of all layers] are
 * borrowed, tightened by rl_refine_step, and may be infinite.  signs[neurons]: the ranges of neurons with an imposed
 * sign are found without regard to it, and only where the budget is 1. */
void rl_refine_begin(rl_refine *refine, double *l, double *u, const int8_t *signs, rl_refine_plan plan);
/* Work on the next few branches.  *done: nothing is left. */
rl_status rl_refine_step(rl_refine *refine, int *done, rl_error *err);
double rl_refine_branches(const rl_refine *refine); /* so far */

#endif
