/* L2: interval bounds of pre-activations: the cheapest there are, one pass over the weights.
 *
 * With activations a within c +- r, each row has  |W a + b - (W c + b)| <= |W| r  (Moore 1966; Gowal et al. 2018).
 *
 * Rounding: r is enlarged by gamma (|c| + r), gamma for the sums' lengths, so that |W| r covers the errors of W c too. */
#ifndef RL_INTERVAL_H
#define RL_INTERVAL_H

#include "model/network.h"

/* Tighten bounds l[neurons], u[neurons] (in: valid bounds or infinities) of all hidden pre-activations over
 * {lo <= x <= hi} and the imposed signs[neurons].  needed[i] becomes 1 where an imposed sign is not implied by the
 * bounds computed here, else 0.  scratch: 2 net->widest.  Returns 0 if the set is proved empty, else 1.  Where time is
 * up (rl_late) the last layers' bounds stay as they were, and all their imposed signs are needed. */
int rl_interval_run(const rl_network *net, const double *lo, const double *hi, const int8_t *signs, double *l, double *u,
                    uint8_t *needed, double *scratch);

#endif
