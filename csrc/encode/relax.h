/* L2: the compact LP relaxation of a cell (triangle relaxation; Ehlers 2017).
 *
 * Decided neurons are substituted; columns are the inputs, one per undecided
 * neuron, and, where the first layer is narrower than the input, the first
 * layer's pre-activations, tied to the inputs by equality rows (so that every
 * later row is short) or, with many inputs, held in their range by cuts (cuts.h).  Rows: a >= z and a <= u/(u-l) (z -
 * l) per undecided neuron, one per imposed sign that the bounds do not imply, the domain's half-spaces.  The LP
 * proposes multipliers and points; rl_dual_bound judges. */
#ifndef RL_RELAX_H
#define RL_RELAX_H

#include "encode/dual.h"
#include "lp/lp.h"

typedef struct rl_relax rl_relax;

/* References to all three are borrowed. */
rl_status rl_relax_create(rl_relax **out, const rl_network *net, const rl_domain *domain, const rl_property *target,
                          rl_error *err);
void rl_relax_release(rl_relax *relax);

/* Build the LP of a cell with the first `layers` hidden layers (all, for a goal over outputs).  needed[k]: the
 * imposed sign of k wants a row.  whole: with input columns, even where cuts would stand for them.  Returns
 * RL_ENUMERIC, RL_EMEMORY or RL_OK. */
rl_status rl_relax_build(rl_relax *relax, const rl_cell *cell, const uint8_t *needed, int layers, int whole,
                         rl_error *err);
/* Maximise the smallest row of a clause of the target / side times pre-activation `index` of the layer after those
 * encoded. */
rl_status rl_relax_goal(rl_relax *relax, const rl_cell *cell, int clause, rl_error *err);
rl_status rl_relax_goal_neuron(rl_relax *relax, int index, double side, rl_error *err);

typedef struct rl_relax_answer {
  rl_lp_result result; /* of the last LP */
  int empty;           /* the cell's set is proved empty */
  double upper;        /* valid upper bound of the goal (the dual bound's); infinite where there was no optimum */
} rl_relax_answer;

/* LPs that a bound is worth, with cuts. */
enum { RL_RELAX_ROUNDS = 12 };

/* Solve for the goal; the multipliers left in dual and lambda[rows of the clause] are those of the last LP.  With
 * cuts, add some and solve again while that pays, at most `rounds` LPs; more rounds than RL_RELAX_ROUNDS: to the
 * end.  Stops when upper < enough. */
rl_status rl_relax_maximize(rl_relax *relax, const rl_cell *cell, rl_dual *dual, double *lambda, double enough,
                            int rounds, rl_relax_answer *answer, rl_error *err);
/* A point x[n] of the box near the last optimal solution; *exact = 0: only near it, and a cut was added against
 * the solution. */
rl_status rl_relax_point(rl_relax *relax, const rl_cell *cell, double *x, int *exact, rl_error *err);
/* Multiply-adds that such a point takes, roughly. */
double rl_relax_point_work(const rl_relax *relax);
/* The basis of the last optimum, as bytes, for the LPs of cells inside this one: where their simplex starts
 * (after build, before the first solve). */
size_t rl_relax_basis_bytes(const rl_network *net, const rl_domain *domain, const rl_property *target);
void rl_relax_save_basis(const rl_relax *relax, uint8_t *block);
void rl_relax_start_basis(rl_relax *relax, const uint8_t *block);
const rl_lp *rl_relax_lp(const rl_relax *relax);

#endif
