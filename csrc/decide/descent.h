/* L3: counterexamples by descent: an incomplete but cheap companion of the decision procedure.
 *
 * Looks for x in the domain that obeys a pattern's literals and at which some clause of the target has
 * all rows > 0, by subgradient descent on the sum of the constraints' violations,
 *   sum_k w_k max(0, t_k - s_k z_k(x)) + ...,  w_k = 1 / (typical |z_k|),  t_k = 1e-4 / w_k,
 * with Polyak's step length for the value 0, in coordinates scaled by the domain's widths.  What is found
 * is confirmed in interval arithmetic. */
#ifndef RL_DESCENT_H
#define RL_DESCENT_H

#include "model/network.h"

typedef struct rl_descent rl_descent;

/* References to the arguments are borrowed. */
rl_status rl_descent_create(rl_descent **out, const rl_network *net, const rl_domain *domain, const rl_property *target,
                            rl_error *err);
void rl_descent_release(rl_descent *descent);

/* Descend from start[n] (NULL: a random input) for at most `steps` steps.  *found = 1: x[n] is in the domain,
 * obeys signs[neurons] and makes the target hold strictly, in exact arithmetic. */
rl_status rl_descent_run(rl_descent *descent, const int8_t *signs, const double *start, int steps, double *x,
                         int *found, rl_error *err);

/* The same from the `starts` (at most 32) best of `samples` random points of the box [lo, hi]. */
rl_status rl_descent_search(rl_descent *descent, const int8_t *signs, const double *lo, const double *hi, int samples,
                            int starts, int steps, double *x, int *found, rl_error *err);

#endif
