/* L2: a clause's own branch and bound over a reduced network.
 *
 * Open branches are taken RL_COLUMNS at a time, the worst bounds first.  Each first gets ranges of its own (every
 * variable's ends bounded over the branch and over margins <= 0, multipliers of both ascending with the slopes), then a
 * bound of the clause by ascent from its parent's choices.  Of the few variables whose upper lines take most from it,
 * both halves are bounded once, and the variable whose halves gain most is split (Bunel et al. 2020; De Palma et al.
 * 2021). */
#ifndef RL_CLAUSE_H
#define RL_CLAUSE_H

#include "wide/branch.h"

/* What the search that asks knows and the bounds do not. */
typedef struct rl_wide_calls {
  void *context;
  int (*closed)(void *context, double upper);           /* is a clause with this upper bound closed? */
  int (*stop)(void *context);                           /* is time up? */
  int (*try_point)(void *context, const double *point); /* a point [n] that looks wanted; 1: the search is over */
} rl_wide_calls;

typedef struct rl_clause {
  const rl_reduced *net;
  const rl_wide_calls *calls;
  rl_columns *work, *look;
  const rl_margins *margins;
  double threshold; /* of the margins */
  int clause, first, rows;
  int constrained; /* inputs with a margin > 0 are of no interest */
  double *scale;   /* layers + 1: of steps on multipliers */
  double bound;    /* of the whole clause, at first */
  rl_slopes_kept *from;
  rl_ranges *ranges; /* of the whole set, with margins <= 0 */
  rl_heap open;
  rl_heap leaves;  /* still open, with next to nothing left to split */
  double branches; /* bounded so far */
  double bytes;    /* of open branches, about */
} rl_clause;

rl_status rl_clause_create(rl_clause *out, const rl_reduced *net, rl_columns *work, rl_columns *look,
                           const rl_wide_calls *calls, rl_error *err);
void rl_clause_free(rl_clause *clause);

/* Begin with a clause whose bound is known, with the choices that gave it (one more user; may be NULL), and what is
 * known of the neurons' ranges where its margins are <= 0: l, u[neurons], or NULL. */
rl_status rl_clause_begin(rl_clause *clause, const rl_margins *margins, double threshold, int number, int constrained,
                          double bound, rl_slopes_kept *from, const double *l, const double *u, rl_error *err);
/* Tighten l, u[neurons] by what is known now. */
void rl_clause_know(const rl_clause *clause, double *l, double *u);
/* Better ranges for the whole set, then a better bound.  *closed: by that. */
rl_status rl_clause_tighten(rl_clause *clause, int *closed, rl_error *err);
/* Work on the worst branches. */
rl_status rl_clause_step(rl_clause *clause, rl_error *err);
/* The worst bound of what is open, leaves included; INFINITY: nothing is. */
double rl_clause_bound(const rl_clause *clause);

/* Ascend on every column until all of count are closed: `steps` of them. */
void rl_clause_ascend(const rl_wide_calls *calls, rl_columns *columns, int count, double threshold, int steps,
                      double rate, double fade);

/* tighten.c: tighten ranges of the variables over a branch and (constrained) over margins <= 0; 0: it is empty. */
int rl_clause_ranges(rl_clause *clause, rl_ranges *ranges, const int *split, int splits, int steps);

#endif
