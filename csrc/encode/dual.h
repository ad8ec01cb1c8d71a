/* L2: the dual bound that every claim of the search rests on.
 *
 * For a goal g(x, y) = sum_r lambda_r (a_r.x + c_r.y + d_r), an upper bound of g over
 *   { lo <= x <= hi, A x <= b, imposed signs } with neuron bounds l <= z <= u
 * from multipliers that may come from anywhere (an LP, gradient ascent, a file):
 *   alpha_i in [0,1]  slope of the lower line alpha z <= relu(z) of an undecided neuron
 *   tau_i             > 0 adds tau (z_i - L_i), < 0 adds -tau (U_i - z_i), with L_i (U_i) the larger of l_i
 *                     and 0 when on is imposed (the smaller of u_i and 0 when off is)
 *   mu_r >= 0         adds mu_r (b_r - A_r x)
 * each added term is non-negative on the set, so any choice gives a valid bound
 * (weak duality; Salman et al. 2019; Wang et al. 2021, beta-CROWN).  The bound
 * is valid in exact arithmetic: every rounded coefficient is charged against the
 * range of the variable it multiplies.  Where time is up (rl_late) bounds are infinite, and what they leave behind
 * is of no use.
 *
 * That bound may be a little below the one that exact arithmetic finds with the same multipliers (which does not look
 * at ranges that it does not need).  Where bounds are to be repeated by others (rl_dual_repeatable) the rounding of
 * coefficients is followed to the inputs instead, as radii, and what is returned is no less than the exact bound. */
#ifndef RL_DUAL_H
#define RL_DUAL_H

#include "encode/base.h"
#include "encode/compact.h"
#include "model/network.h"

/* Where rl_dual_keep copies multipliers. */
typedef struct rl_dual_kept {
  double *alpha, *tau; /* neurons */
  double *mu;          /* domain rows */
  double *lambda;      /* rows of the longest clause */
} rl_dual_kept;

typedef struct rl_dual {
  const rl_network *net;
  const rl_domain *domain;
  /* multipliers, owned: */
  double *alpha;            /* neurons */
  double *tau;              /* neurons */
  double *mu;               /* domain rows */
  const rl_dual_kept *kept; /* borrowed; NULL: rl_dual_keep does nothing */
  rl_compact *compact;      /* borrowed; not NULL: bounds go by its rows, which are those of the cell; tau = mu = 0 */
  const rl_base *base;      /* borrowed; not NULL: bounds end at its layer, and multipliers before it are of no account */
  int slope_signs;          /* imposed signs too have a slope: v a <= v alpha z where v < 0 */
  int from_neurons;         /* bounds end at the ranges of the first layer, not at the inputs' */
  double *in_radius, *out_radius; /* owned; NULL unless bounds are repeatable */
  /* results of the last rl_dual_bound, owned: */
  double *v;   /* neurons: coefficient of the activation */
  double *wx;  /* n: coefficient of the inputs; of a repeatable bound, what is certain of it: the rest is 0 */
  double *x;   /* n: the corner of the box where the bound is reached */
  double *z;   /* neurons: pre-activations along the relaxation at x (rl_dual_relaxed) */
  double *y;   /* m: outputs along the relaxation at x */
  double *out; /* at first: coefficient of each first-layer pre-activation, tau included */
  /* scratch */
  double *in, *in_mag, *x_mag;
} rl_dual;

/* What a bound is taken over: borrowed arrays. */
typedef struct rl_cell {
  const double *lo, *hi; /* n */
  const int8_t *signs;   /* neurons: imposed signs; linear ones marked (rl_mark_linear) */
  const double *l, *u;   /* neurons: bounds */
} rl_cell;

rl_status rl_dual_create(rl_dual **out, const rl_network *net, const rl_domain *domain, rl_error *err);
/* From now on bounds are repeatable. */
rl_status rl_dual_repeatable(rl_dual *dual, rl_error *err);
void rl_dual_release(rl_dual *dual);

/* Multipliers without knowledge: alpha = 1 where u > -l, else 0 (or u/(u-l) when parallel), tau = mu = 0. */
void rl_dual_reset(rl_dual *dual, const rl_cell *cell, int parallel);

/* Upper bound of the smallest row of `clause`, as that of sum_r lambda[r] row_r, rows 0.., lambda of sum 1 but for
 * rounding; lambda NULL: of row `row` alone. */
double rl_dual_bound(rl_dual *dual, const rl_cell *cell, const rl_property *target, int clause, int row,
                     const double *lambda);
/* Upper bound of the zero goal: < 0 proves the set empty. */
double rl_dual_bound_empty(rl_dual *dual, const rl_cell *cell);
/* Upper bound of side * z for pre-activation `index` of hidden layer `layer`; of that layer's multipliers the taus
 * take part, later layers' none. */
double rl_dual_bound_neuron(rl_dual *dual, const rl_cell *cell, int layer, int index, double side);

/* Keep the multipliers of the bound just computed, and lambda[rows]. */
void rl_dual_keep(const rl_dual *dual, const double *lambda, int rows);

/* Largest |y_output| that the bounds of a cell allow. */
double rl_output_reach(const rl_network *net, const rl_cell *cell, int output);

/* Follow the relaxation at dual->x: fills z and y; d bound / d alpha_i = v_i z_i where v_i < 0,
 * d bound / d tau_i = z_i - L_i (or z_i - U_i). */
void rl_dual_relaxed(rl_dual *dual, const rl_cell *cell);

#endif
