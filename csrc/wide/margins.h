/* L2: the rows of a target over what the last layer of a reduced network keeps.
 *
 * The margin of a row is threshold - (a.x + c.y + d): inputs that are looked for have no margin > 0 in some clause, and
 * a lower bound > 0 of a sum of a clause's margins with weights >= 0 closes the clause. */
#ifndef RL_MARGINS_H
#define RL_MARGINS_H

#include "wide/reduced.h"

typedef struct rl_margins {
  const rl_property *target;
  int total, width, inputs;
  double *coefficient; /* total x width: of the activations that the outputs read */
  double *input;       /* total x inputs (reduced), or NULL */
  double *constant;    /* total */
  double *magnitude;   /* total: of the constant's terms */
  double *charge;      /* total: error of a unit of weight, but for the constant's */
  double ranges;       /* sum of what coefficients multiply: their underflows cost RL_TINY of it */
  void *block;
} rl_margins;

/* For a network built to its last hidden layer. */
rl_status rl_margins_create(rl_margins *out, const rl_reduced *net, const rl_property *target, double threshold,
                            rl_error *err);
void rl_margins_free(rl_margins *margins); /* zeroed is fine */

#endif
