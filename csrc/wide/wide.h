/* L2: deciding at image size: hundreds of inputs, thousands of neurons.
 *
 * Where every node of a search would cost much, the set is made small for the bounds first.  In stages: ranges of all
 * neurons, layer by layer (reduced.h, refine.h), each stage with a larger budget for each of them; a bound of each
 * clause; points that look wanted (attack.h); then a branch and bound of each clause that is open (clause.h), for about
 * as long as the refinement took.  What a stage cannot settle is left to the next, over better ranges.
 *
 * All that is decided follows from outward-rounded bounds (columns.h).  Work is counted in multiplications, not in
 * seconds: what is done does not depend on the machine. */
#ifndef RL_WIDE_H
#define RL_WIDE_H

#include "wide/clause.h"

typedef struct rl_wide rl_wide;

typedef enum rl_wide_answer {
  RL_WIDE_GOES_ON,
  RL_WIDE_OVER,   /* no clause is open, but in leaves already given; or try_point has ended the search */
  RL_WIDE_LEAF,   /* rl_wide_leaf says which part of the set is left to others */
  RL_WIDE_GIVE_UP /* all that is open is left to others */
} rl_wide_answer;

/* forced: nothing is left to others because they would do better. */
rl_status rl_wide_create(rl_wide **out, const rl_network *net, const rl_domain *domain, const rl_property *target,
                         uint64_t seed, int forced, rl_error *err);
void rl_wide_release(rl_wide *wide);

/* Begin with the set of signs[neurons], linear ones marked; l, u[neurons]: valid ranges over it or infinities;
 * open[clauses]. */
rl_status rl_wide_begin(rl_wide *wide, const int8_t *signs, const double *l, const double *u, const uint8_t *open,
                        rl_error *err);
/* What was begun is not gone on with: what was left to others may be lost. */
void rl_wide_forget(rl_wide *wide);
/* Is this what was begun (and not forgotten, nor ended by a failure)? */
int rl_wide_is_begun(const rl_wide *wide, const int8_t *signs);
/* Work for about as many multiplications.  threshold: inputs of a smaller value are of no interest (-INFINITY: all
 * are). */
rl_status rl_wide_step(rl_wide *wide, const rl_wide_calls *calls, double threshold, double work, rl_wide_answer *answer,
                       rl_error *err);

/* What is known now: ranges l, u[neurons] with imposed signs taken in, open[clauses], the largest bound of what is
 * open, which imposed signs were of use: used[neurons] becomes 1. */
void rl_wide_know(const rl_wide *wide, double *l, double *u, uint8_t *open, double *upper, uint8_t *used);
/* A leaf: more signs[neurons], ranges l, u[neurons], the clause that is open in it. */
void rl_wide_leaf(const rl_wide *wide, int8_t *signs, double *l, double *u, int *clause);

double rl_wide_branches(const rl_wide *wide);    /* of clauses, bounded so far */
double rl_wide_refinements(const rl_wide *wide); /* of neurons' ranges */
double rl_wide_bytes(const rl_wide *wide);       /* of open branches, about */

#endif
