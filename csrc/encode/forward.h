/* L2: forward symbolic bounds.
 *
 * Each neuron carries two affine forms over base variables t in [-1,1]^nb, a
 * lower and an upper one, valid for every input that lies in the box and obeys
 * the imposed signs.  The base is the input box itself, or, where the first
 * layer is narrower than the input, the pre-activations of that layer; forms
 * over these are also evaluated over the inputs where that may decide a sign.
 *
 * Rounding: coefficients are computed to nearest; each form's constant absorbs
 * an a-priori bound of all rounding errors (round.h), so l and u are valid in exact arithmetic. */
#ifndef RL_FORWARD_H
#define RL_FORWARD_H

#include <float.h>
#include <math.h>

#include "core/round.h"
#include "core/vector.h"
#include "encode/base.h"
#include "model/network.h"

typedef struct rl_forward rl_forward; /* work space; one per thread */

rl_status rl_forward_create(rl_forward **out, const rl_network *net, rl_error *err);
void rl_forward_release(rl_forward *forward);

/* Tighten bounds l[neurons], u[neurons] (in: valid bounds or infinities) of all
 * hidden pre-activations over {lo <= x <= hi} and the imposed signs[neurons].
 * needed[i] becomes 1 where an imposed sign is not implied by the bounds
 * computed here, else 0.  thorough: where the base is not the inputs, also evaluate forms over these, at the cost
 * of a pass over the first layer's weights per neuron.  Returns 0 if the set is proved empty, else 1.  Where time is up (rl_late) the last layers' bounds stay
 * as they were, and all their imposed signs are needed. */
int rl_forward_run(rl_forward *forward, const double *lo, const double *hi, const int8_t *signs, double *l, double *u,
                   uint8_t *needed, int thorough);

/* Work space for runs that start at a base of d coordinates. */
rl_status rl_forward_create_over(rl_forward **out, const rl_network *net, int d, rl_error *err);
/* The same as rl_forward_run over the base's polytope, for its layer and those that follow. */
int rl_forward_run_from(rl_forward *forward, const rl_base *base, const int8_t *signs, double *l, double *u,
                        uint8_t *needed);

/* u / (u - l), the slope of an undecided neuron's upper line; l < 0 < u, whose difference may overflow.  Off by a few
 * units relatively; where it underflows, RL_TINY, which is larger. */
static inline double rl_upper_slope(double l, double u) {
  double width = u - l, slope = width <= DBL_MAX ? u / width : 0.5 * u / (0.5 * u - 0.5 * l);
  return slope < RL_TINY ? RL_TINY : slope;
}

/* A coefficient w of z - l that is certainly enough for v > 0 times the activation, v a <= w (z - l): w (u - l) >= v u
 * in spite of rounding.  slope: rl_upper_slope(l, u). */
static inline double rl_rising(double v, double slope) { return v * slope * (1 + 8 * RL_UNIT) + RL_TINY; }

/* The sign that a node's bounds and imposed signs give a neuron: RL_ON (a = z, which a linear one has too), RL_OFF or
 * RL_FREE. */
static inline int rl_neuron_sign(int8_t imposed, double l, double u) {
  if (imposed != RL_FREE) return imposed != RL_OFF;
  return l >= 0 ? RL_ON : u <= 0 ? RL_OFF : RL_FREE;
}

/* The largest |activation| of a neuron. */
static inline double rl_activation_reach(int8_t imposed, double l, double u) {
  return imposed == RL_LINEAR ? rl_max(fabs(l), fabs(u)) : rl_max(0, u);
}

/* Does the imposed sign say more than the bounds low <= z <= up? */
static inline uint8_t rl_sign_is_needed(int8_t imposed, double low, double up) {
  return rl_is_imposed(imposed) && !(imposed == RL_ON ? low >= 0 : up <= 0);
}

/* How many neurons bounds and imposed signs leave undecided; their numbers into list unless that is NULL. */
static inline int rl_undecided(const rl_network *net, const int8_t *signs, const double *l, const double *u,
                               int *list) {
  int count = 0;
  for (int k = 0; k < net->neurons; k++) {
    if (rl_neuron_sign(signs[k], l[k], u[k]) != RL_FREE) continue;
    if (list) list[count] = k;
    count++;
  }
  return count;
}

/* Take new ends (not a number where arithmetic overflowed: no bound) and an imposed sign into bounds; 0 if they
 * contradict each other. */
static inline int rl_take_bounds(int8_t imposed, double low, double up, double *l, double *u) {
  if (low > *l) *l = low;
  if (up < *u) *u = up;
  if (imposed == RL_ON) *l = rl_max(*l, 0);
  if (imposed == RL_OFF) *u = rl_min(*u, 0);
  return !(*l > *u);
}

#endif
