/* L2: inputs that look wanted, by projected gradient descent in the reduced network, RL_COLUMNS at a time.
 *
 * Each column has a clause; its largest margin is descended by the signs of its gradient (Madry et al. 2018), along
 * with what imposed signs and half-spaces miss.  Points are only proposed: outside the set the reduced network is not
 * the network, and nothing here is rounded with care. */
#ifndef RL_ATTACK_H
#define RL_ATTACK_H

#include "wide/clause.h"

typedef struct rl_attack {
  rl_columns *columns; /* work space */
  const rl_margins *margins;
  const rl_wide_calls *calls;
  double *point; /* n */
  int any;       /* propose whatever is better than before, not only where no margin is > 0 */
  double best;   /* smallest largest margin of a clause that a point had; INFINITY: no point yet */
  uint64_t random;
  int clause[RL_COLUMNS]; /* each column's */
} rl_attack;

/* One round from random points: inside the box, or its corners; `steps` of `size` times the inputs' widths, shrinking.
 * Returns 1 where the search is over. */
int rl_attack_round(rl_attack *attack, int corners, int steps, double size);
/* The same from the points where the bounds of other columns were reached. */
int rl_attack_from(rl_attack *attack, const rl_columns *other, int steps, double size);

#endif
