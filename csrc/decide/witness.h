/* L3: witnesses: is this input really in the set, and what is it worth there? */
#ifndef RL_WITNESS_H
#define RL_WITNESS_H

#include "model/network.h"

typedef struct rl_witness rl_witness; /* work space; one per thread */

/* signs: the pattern imposed by the caller (not the search's own splits); borrowed. */
rl_status rl_witness_create(rl_witness **out, const rl_network *net, const rl_domain *domain, const int8_t *signs,
                            const rl_property *target, rl_error *err);
void rl_witness_release(rl_witness *witness);

/* Value of the target at x, rounded to nearest; -inf where x clearly disobeys the signs.  No claim of membership. */
double rl_witness_value(rl_witness *witness, const double *x);
/* Of the x last given to rl_witness_value: its activation pattern signs[neurons] and the smallest row of a clause
 * (which: *row). */
double rl_witness_clause(const rl_witness *witness, const double *x, int clause, int *row, int8_t *signs);
/* When to fall back on rational arithmetic: never; where intervals cannot tell membership or the value's sign; for the
 * value, too. */
typedef enum rl_exactness { RL_BY_INTERVALS, RL_EXACT_SIGN, RL_EXACT_VALUE } rl_exactness;

/* 1 if x lies, in exact arithmetic, in the domain and obeys the signs.  Then *value <= the value at x: the largest such
 * double for RL_EXACT_VALUE; of the same sign as it for RL_EXACT_SIGN (above 0 where that is, too, for which there may be
 * no such double). */
int rl_witness_confirm(rl_witness *witness, const double *x, rl_exactness exact, double *value);

#endif
