/* L2: the compact LP relaxation of a cell (triangle relaxation; Ehlers 2017).
 *
 * Decided neurons are substituted; columns are the inputs, one per undecided
 * neuron, and, where the first layer is narrower than the input, the first
 * layer's pre-activations, tied to the inputs by equality rows (so that every
 * later row is short).  Rows: a >= z and a <= u/(u-l) (z - l) per undecided
 * neuron, one per imposed sign that the bounds do not imply, the domain's
 * half-spaces.  The LP proposes multipliers and points; rl_dual_bound judges. */
#ifndef RL_RELAX_H
#define RL_RELAX_H

#include "encode/dual.h"
#include "encode/lp.h"

typedef struct rl_relax rl_relax;

rl_status rl_relax_create(rl_relax **out, const rl_network *net, const rl_domain *domain, rl_error *err);
void rl_relax_release(rl_relax *relax);

/* Build the LP of a cell with the first `layers` hidden layers (all, for a goal over outputs).  needed[k]: the imposed sign of k wants a row.  Returns RL_ENUMERIC,
 * RL_EMEMORY or RL_OK. */
rl_status rl_relax_build(rl_relax *relax, const rl_cell *cell, const uint8_t *needed, int layers, rl_error *err);
/* Maximise the smallest row of a clause / side times pre-activation `index` of the layer after those encoded. */
rl_status rl_relax_goal(rl_relax *relax, const rl_cell *cell, const rl_property *target, int clause, rl_error *err);
rl_status rl_relax_goal_neuron(rl_relax *relax, int index, double side, rl_error *err);
rl_status rl_relax_solve(rl_relax *relax, rl_lp_result *result, rl_error *err);
/* Multipliers of the last solve (optimal, or else infeasible) for the dual bound; lambda[rows of the clause] is
 * normalised to sum 1, or all zero for an infeasibility proof. */
void rl_relax_multipliers(const rl_relax *relax, const rl_cell *cell, int optimal, rl_dual *dual, double *lambda);
/* Input part of the last optimal solution, clipped to the cell's box. */
void rl_relax_point(const rl_relax *relax, const rl_cell *cell, double *x);
/* The basis of the last optimum, as bytes, for the LPs of cells inside this one: where their simplex starts
 * (after build, before the first solve). */
size_t rl_relax_basis_bytes(const rl_network *net, const rl_domain *domain);
void rl_relax_save_basis(const rl_relax *relax, uint8_t *block);
void rl_relax_start_basis(rl_relax *relax, const uint8_t *block);
const rl_lp *rl_relax_lp(const rl_relax *relax);

#endif
