/* L2: backward bounds in a small cell, with the decided neurons substituted.
 *
 * Where a cell decides a neuron's sign, its activation is its pre-activation (on) or 0 (off).  So every pre-activation
 * is an affine function of the inputs and of the activations of the *undecided* neurons before it,
 *
 *   z_k = c_k + sum_j A_kj x_j + sum_{i undecided, in an earlier layer} B_ki a_i,
 *
 * and a network of 300 neurons, 40 of them undecided, is one of 40: backward bounds (backward.h, dual.h) through these
 * rows are those through the layers, up to rounding, at a small part of the cost.  It grows with the third power of
 * the number of undecided neurons, so from some number on the layers are cheaper.
 *
 * Rounding (round.h): each row carries a bound of how far it is off anywhere in the cell.  As to what is computed with
 * rows, see backward.h: reach is sum_j |row_j| A_j, A_j the largest |variable|; `ranges` sums up what coefficients may
 * multiply, so that RL_TINY times that pays for all that underflows in a row or a bound. */
#ifndef RL_COMPACT_H
#define RL_COMPACT_H

#include "encode/account.h"
#include "model/network.h"

typedef struct rl_compact rl_compact; /* work space and the rows of the cell of the last run; one per thread */

/* For cells with up to `most` undecided neurons. */
rl_status rl_compact_create(rl_compact **out, const rl_network *net, int most, rl_error *err);
void rl_compact_release(rl_compact *compact);

/* Set up the rows of the cell {lo <= x <= hi}, signs[neurons] imposed, and on the way tighten
 * l[neurons], u[neurons] (in: valid bounds or infinities) of the neurons that they leave undecided or whose sign is
 * imposed. needed[i] becomes 1 where an imposed sign is not implied by the bounds computed here, else 0.  Returns 0 if
 * the set is proved empty, else 1: then the rows hold for every point of it.  Where time is up (rl_late) bounds may stay
 * as they were, their imposed signs are needed, and there are no rows. */
int rl_compact_run(rl_compact *compact, const double *lo, const double *hi, const int8_t *signs, double *l, double *u,
                   uint8_t *needed, int undecided);

/* |slope|[n] in the inputs, the mean of both sides', of the bounds of a neuron that the last run left undecided. */
const double *rl_compact_slope(const rl_compact *compact, int neuron);

/* The undecided neurons of the last run, by layer: how many, and which. */
int rl_compact_count(const rl_compact *compact);
const int *rl_compact_neurons(const rl_compact *compact);

/* Begin a goal: 0 so far. */
void rl_compact_begin(rl_compact *compact);
/* Add factor times output `index`, or pre-activation `neuron`: undecided, or of a sign that is needed (else 0 is
 * returned). */
void rl_compact_add_output(rl_compact *compact, int index, double factor, rl_account *account);
int rl_compact_add_neuron(rl_compact *compact, int neuron, double factor, rl_account *account);
/* Substitute the undecided activations by their relaxations, lower slopes alpha[neurons]: v[neurons] becomes their
 * coefficients.  Returns those of the inputs, [n]; their errors are charged to the account, as is all the rest. */
const double *rl_compact_substitute(rl_compact *compact, const double *alpha, double *v, rl_account *account);

/* Follow the relaxation of the goal just substituted at inputs x: z[neurons] of the undecided ones, y[m]. */
void rl_compact_relaxed(rl_compact *compact, const double *x, const double *alpha, const double *v, double *z,
                        double *y);

#endif
