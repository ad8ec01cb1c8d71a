/* L2: inside the compact LP relaxation (see relax.h): what relax.c builds and relax_solve.c reads. */
#ifndef RL_RELAX_LP_H
#define RL_RELAX_LP_H

#include "encode/cuts.h"
#include "encode/relax.h"

/* The LP's columns: inputs (unless the inputs are the base, or cuts stand for them), base, undecided neurons, the
 * goal's t, functionals that are not first-layer neurons.  Its rows: half-spaces and links (not with cuts),
 * neurons, cuts, the goal's rows, cuts met since the goal was set. */
struct rl_relax {
  const rl_network *net;
  const rl_domain *domain;
  const rl_property *target;
  rl_lp *lp;
  rl_cuts *cuts;          /* NULL: not of use here */
  int over_neurons, base; /* base: variables of the forms before undecided columns */
  int by_cuts;            /* this LP has cuts in the place of input columns */
  int layers;             /* hidden layers encoded */
  int undecided, width;   /* width = base + undecided + 1 (the constant) */
  int fixed_rows;         /* rows before those of the goal */
  int goal_rows;          /* LP rows of the current goal (0: plain objective) */
  int clause;             /* the goal; -1: side times pre-activation `index` of hidden layer `layers` */
  int index;
  double side;
  double *reach;                         /* outputs: largest |y| that the cell's bounds allow */
  int *column;                           /* neurons: LP column of an undecided one, else -1 */
  int *lower_row, *upper_row, *sign_row; /* neurons: LP rows or -1 */
  int *cut_row;                          /* cuts: LP rows or -1 */
  double *forms[2];                      /* widest x width: activations of a layer, pre-activations of the next */
  size_t forms_size;
  int *entry; /* scratch for a row */
  double *value;
  size_t row_size;
  double *direction, *q; /* functionals: scratch */
  uint8_t *used;
};

/* A clause of one row is kept as objective. */
static inline int rl_relax_plain(const rl_relax *r) {
  return r->clause >= 0 && rl_property_rows(r->target, r->clause) == 1;
}
static inline int rl_relax_first_column(const rl_relax *r) {
  return r->over_neurons && !r->by_cuts ? r->net->sizes[0] : 0;
}
static inline int rl_relax_goal_column(const rl_relax *r) { return rl_relax_first_column(r) + r->base + r->undecided; }
/* Column of functional f (see cuts.h). */
static inline int rl_relax_functional_column(const rl_relax *r, int f) {
  return f < r->base ? f : rl_relax_goal_column(r) + 1 + f - r->base;
}
static inline int rl_relax_columns(const rl_relax *r) {
  return rl_relax_goal_column(r) + 1 + (r->by_cuts ? r->cuts->functionals - r->base : 0);
}
/* Rows that tie the first layer's columns to the inputs'. */
static inline int rl_relax_links(const rl_relax *r) { return r->over_neurons && !r->by_cuts ? r->base : 0; }
static inline int rl_relax_half_spaces(const rl_relax *r) { return r->by_cuts ? 0 : r->domain->rows; }

/* Append cut `slot` as a row, or write it again where it has one. */
rl_status rl_relax_put_cut(rl_relax *relax, int slot, rl_error *err);

#endif
