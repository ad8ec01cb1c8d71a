/* L2: backward bounds of pre-activations.
 *
 * Forward forms (forward.h) are cheap, but each layer's relaxation is built on the one before it, loosened for good.
 * Substituting backwards keeps the cancellations: for each undecided neuron a linear bound in the layer before is
 * pulled through the triangle's lower or upper line of every neuron, by the sign of its coefficient, down to the
 * inputs (Zhang et al. 2018, CROWN; Singh et al. 2019, DeepPoly).  All undecided neurons of a layer go together, as
 * the rows of a matrix.
 *
 * Rounding (round.h): a product c W with |errors| <= gamma |c| |W| + RL_TINY costs at most gamma sum_i |c_i| s_i, s_i =
 * sum_j |W_ij| A_j + |b_i| with A_j the reach of the variable that W's column multiplies, and RL_TINY sum_j A_j; that
 * and the rounding of all sums is added to the bound, which so holds in exact arithmetic. */
#ifndef RL_BACKWARD_H
#define RL_BACKWARD_H

#include "model/network.h"

typedef struct rl_backward rl_backward; /* work space; one per thread */

/* keep_slopes: for rl_backward_slope. */
rl_status rl_backward_create(rl_backward **out, const rl_network *net, int keep_slopes, rl_error *err);
void rl_backward_release(rl_backward *backward);

/* Tighten bounds l[neurons], u[neurons] (in: valid and finite) of the pre-activations that they leave undecided, from
 * the second hidden layer on, over {lo <= x <= hi} and the imposed signs[neurons].  Returns 0 if the set is proved
 * empty, else 1.  Where time is up (rl_late) the last layers' bounds stay as they were. */
int rl_backward_run(rl_backward *backward, const double *lo, const double *hi, const int8_t *signs, double *l,
                    double *u);

/* |slope|[n] in the inputs, the mean of both sides', of the bounds of a neuron that was undecided when the last run
 * came to its layer. */
const double *rl_backward_slope(const rl_backward *backward, int neuron);

#endif
