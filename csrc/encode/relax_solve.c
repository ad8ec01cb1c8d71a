/* L2: solving the compact LP relaxation: multipliers, points, bases (see relax.h). */
#include <math.h>
#include <string.h>

#include "core/vector.h"
#include "encode/forward.h"
#include "encode/relax_lp.h"

/* ---- bases ------------------------------------------------------------------------ */

/* States (lp.h) of a basis; 0 where there was no such column or row.  Parts of one block. */
typedef struct basis {
  uint8_t *base;                          /* inputs, first-layer columns, functionals */
  uint8_t *row;                           /* half-spaces, links, cuts */
  uint8_t *column, *lower, *upper, *sign; /* neurons */
} basis;

static size_t base_bytes(const rl_network *net, const rl_domain *domain, const rl_property *target) {
  return (size_t)(net->sizes[0] + net->sizes[1] + domain->rows + target->first[target->clauses]);
}

static size_t row_bytes(const rl_network *net, const rl_domain *domain, const rl_property *target) {
  return (size_t)(domain->rows + net->sizes[1] + rl_cuts_most(net, domain, target));
}

size_t rl_relax_basis_bytes(const rl_network *net, const rl_domain *domain, const rl_property *target) {
  return base_bytes(net, domain, target) + row_bytes(net, domain, target) + (size_t)(4 * net->neurons);
}

static basis basis_parts(const rl_relax *r, uint8_t *block) {
  basis b = {.base = block};
  size_t neurons = (size_t)r->net->neurons;
  b.row = b.base + base_bytes(r->net, r->domain, r->target);
  b.column = b.row + row_bytes(r->net, r->domain, r->target);
  b.lower = b.column + neurons;
  b.upper = b.lower + neurons;
  b.sign = b.upper + neurons;
  return b;
}

/* Columns before those of undecided neurons: inputs, first layer. */
static int leading_columns(const rl_relax *r) { return rl_relax_first_column(r) + r->base; }

static void save(const rl_lp *lp, int row, uint8_t *state) { *state = row < 0 ? 0 : (uint8_t)rl_lp_row_state(lp, row); }

void rl_relax_save_basis(const rl_relax *r, uint8_t *block) {
  basis b = basis_parts(r, block);
  int leading = leading_columns(r), leading_rows = rl_relax_half_spaces(r) + rl_relax_links(r);
  for (int j = 0; j < leading; j++) b.base[j] = (uint8_t)rl_lp_column_state(r->lp, j);
  for (int i = 0; i < leading_rows; i++) save(r->lp, i, &b.row[i]);
  if (r->by_cuts) {
    for (int f = r->base; f < r->cuts->functionals; f++)
      b.base[f] = (uint8_t)rl_lp_column_state(r->lp, rl_relax_functional_column(r, f));
    for (int slot = 0; slot < r->cuts->most; slot++) save(r->lp, r->cut_row[slot], &b.row[slot]);
  }
  for (int k = 0; k < r->net->neurons; k++) {
    b.column[k] = r->column[k] < 0 ? 0 : (uint8_t)rl_lp_column_state(r->lp, r->column[k]);
    save(r->lp, r->lower_row[k], &b.lower[k]);
    save(r->lp, r->upper_row[k], &b.upper[k]);
    save(r->lp, r->sign_row[k], &b.sign[k]);
  }
}

static void start(rl_lp *lp, int row, uint8_t state) {
  if (row >= 0) rl_lp_start_row(lp, row, state);
}

void rl_relax_start_basis(rl_relax *r, const uint8_t *block) {
  basis b = basis_parts(r, (uint8_t *)(uintptr_t)block);
  int leading = leading_columns(r), leading_rows = rl_relax_half_spaces(r) + rl_relax_links(r);
  for (int j = 0; j < leading; j++) rl_lp_start_column(r->lp, j, b.base[j]);
  for (int i = 0; i < leading_rows; i++) rl_lp_start_row(r->lp, i, b.row[i]);
  if (r->by_cuts) {
    for (int f = r->base; f < r->cuts->functionals; f++)
      rl_lp_start_column(r->lp, rl_relax_functional_column(r, f), b.base[f]);
    for (int slot = 0; slot < r->cuts->count; slot++) start(r->lp, r->cut_row[slot], b.row[slot]);
  }
  for (int k = 0; k < r->net->neurons; k++) {
    if (r->column[k] >= 0) rl_lp_start_column(r->lp, r->column[k], b.column[k]);
    start(r->lp, r->lower_row[k], b.lower[k]);
    start(r->lp, r->upper_row[k], b.upper[k]);
    start(r->lp, r->sign_row[k], b.sign[k]);
  }
}

/* ---- multipliers -------------------------------------------------------------------- */

/* Slope and bound multiplier of an undecided neuron from the duals p of a >= 0, q of a >= z and
 * `upper` of a <= u/(u-l) (z - l).  What both sides press on (e) amounts to multipliers e_p s on z >= l and
 * e_q (-l)/(u-l) on z <= u; their net is tau. */
static void neuron_multipliers(double p, double q, double upper, double l, double u, double *alpha, double *tau) {
  double lower = p + q, e = fmin(upper, lower);
  if (lower > 0) *alpha = q / lower;
  if (lower > 0 && e > 0) *tau = (p * u - q * -l) / (u - l) * (e / lower);
}

/* Multipliers of the last solve (optimal, or else infeasible) for the dual bound; lambda[rows of the clause] is
 * normalised to sum 1, or all zero for an infeasibility proof. */
static void multipliers(const rl_relax *r, const rl_cell *cell, int optimal, rl_dual *dual, double *lambda) {
  double total = 0, scale = 1;
  for (int g = 0; g < r->goal_rows; g++) total += lambda[g] = fmax(0, -rl_lp_row_dual(r->lp, r->fixed_rows + g));
  if (rl_relax_plain(r)) lambda[0] = optimal ? 1 : 0;
  if (r->goal_rows && total > 1e-9) scale = 1 / total;
  for (int g = 0; g < r->goal_rows; g++) lambda[g] = total > 1e-9 ? lambda[g] * scale : 0;
  rl_dual_reset(dual, cell, 0);
  for (int i = 0; i < r->domain->rows; i++) {
    double mu =
        r->by_cuts ? rl_lp_column_dual(r->lp, rl_relax_functional_column(r, r->base + i)) : rl_lp_row_dual(r->lp, i);
    dual->mu[i] = scale * fmax(0, mu);
  }
  for (int k = 0; k < r->net->neurons; k++) {
    double l = cell->l[k], u = cell->u[k], tau = 0;
    if (r->column[k] >= 0)
      neuron_multipliers(fmax(0, -rl_lp_column_dual(r->lp, r->column[k])),
                         fmax(0, -rl_lp_row_dual(r->lp, r->lower_row[k])),
                         fmax(0, rl_lp_row_dual(r->lp, r->upper_row[k])), l, u, &dual->alpha[k], &tau);
    if (r->sign_row[k] >= 0) { /* of the sign imposed, not of the other end */
      double dual_value = rl_lp_row_dual(r->lp, r->sign_row[k]);
      tau = cell->signs[k] == RL_ON ? fmax(0, -dual_value) : fmin(0, -dual_value);
    }
    if (r->over_neurons && k < r->base) tau -= rl_lp_column_dual(r->lp, rl_relax_first_column(r) + k);
    dual->tau[k] = scale * tau;
  }
}

/* ---- cuts --------------------------------------------------------------------------- */

static void note_tight(rl_relax *r) {
  rl_cuts *c = r->cuts;
  c->clock++;
  for (int slot = 0; slot < c->count; slot++)
    if (r->cut_row[slot] >= 0 && rl_lp_row_dual(r->lp, r->cut_row[slot]) != 0) c->tight[slot] = c->clock;
}

/* The inputs' functionals in the LP's solution. */
static void read_functionals(rl_relax *r) {
  for (int f = 0; f < r->cuts->functionals; f++) {
    r->q[f] = rl_lp_column_value(r->lp, rl_relax_functional_column(r, f));
    if (f < r->base) r->q[f] -= r->net->biases[0][f];
  }
}

/* The dual bound just computed looked at the box along one direction: as a cut.  Returns by how much the LP's
 * solution violates it. */
static double dual_direction(rl_relax *r, const rl_dual *dual, const double *lambda, double *limit) {
  const rl_cuts *c = r->cuts;
  double reached = 0;
  memset(r->direction, 0, (size_t)c->functionals * sizeof *r->direction);
  memcpy(r->direction, dual->out, (size_t)r->base * sizeof *r->direction);
  for (int i = 0; i < c->rows; i++) r->direction[r->base + i] = -dual->mu[i];
  if (r->clause >= 0 && r->target->a) {
    int first = r->target->first[r->clause], end = r->target->first[r->clause + 1];
    for (int row = first; row < end; row++) r->direction[r->base + c->rows + row] = lambda[row - first];
  }
  for (int f = 0; f < c->functionals; f++) reached += r->direction[f] * r->q[f];
  *limit = rl_dot(dual->wx, dual->x, r->net->sizes[0]);
  return reached - *limit;
}

/* ---- solving -------------------------------------------------------------------------- */

static double dual_bound(const rl_relax *r, const rl_cell *cell, rl_dual *dual, const double *lambda) {
  if (r->clause < 0) return rl_dual_bound_neuron(dual, cell, r->layers, r->index, r->side);
  return rl_dual_bound(dual, cell, r->target, r->clause, 0, rl_relax_plain(r) ? NULL : lambda);
}

static double sum_of(const rl_relax *r, const double *lambda) {
  if (r->clause < 0) return 1;
  double total = 0;
  for (int g = 0; g < rl_property_rows(r->target, r->clause); g++) total += lambda[g];
  return total;
}

rl_status rl_relax_maximize(rl_relax *r, const rl_cell *cell, rl_dual *dual, double *lambda, double enough, int rounds,
                            rl_relax_answer *answer, rl_error *err) {
  *answer = (rl_relax_answer){.result = RL_LP_TROUBLE, .upper = INFINITY};
  for (int round = 0; round < rounds; round++) {
    rl_status status = rl_lp_solve(r->lp, &answer->result, err);
    if (status == RL_ENUMERIC) answer->result = RL_LP_TROUBLE;
    if (status && status != RL_ENUMERIC) return status;
    int optimal = answer->result == RL_LP_OPTIMAL;
    if (!optimal && answer->result != RL_LP_INFEASIBLE) return RL_OK;
    multipliers(r, cell, optimal, dual, lambda);
    double total = sum_of(r, lambda);
    if ((!optimal || total == 0) && rl_dual_bound_empty(dual, cell) < 0) {
      rl_dual_keep(dual, lambda, 0);
      answer->empty = 1;
      return RL_OK;
    }
    if (total > 0 && (optimal || r->clause >= 0)) {
      double upper = dual_bound(r, cell, dual, lambda);
      if (upper < answer->upper) rl_dual_keep(dual, lambda, r->clause < 0 ? 0 : rl_property_rows(r->target, r->clause));
      answer->upper = fmin(answer->upper, upper);
    }
    if (!optimal || total == 0 || answer->upper < enough || !r->by_cuts) return RL_OK;
    double limit = 0;
    note_tight(r);
    read_functionals(r);
    double violation = dual_direction(r, dual, lambda, &limit), value = answer->upper - enough;
    int loose = violation > 1e-9 * (1 + fabs(limit));
    if (!(violation > 0.01 * fabs(value)) && !(rounds > RL_RELAX_ROUNDS && loose)) return RL_OK;
    if (round + 1 < rounds) status = rl_relax_put_cut(r, rl_cuts_add(r->cuts, r->direction, limit), err);
    if (status) return status;
  }
  return RL_OK;
}

rl_status rl_relax_point(rl_relax *r, const rl_cell *cell, double *x, int *exact, rl_error *err) {
  if (!r->by_cuts) {
    *exact = 1;
    for (int j = 0; j < r->net->sizes[0]; j++)
      x[j] = fmin(fmax(rl_lp_column_value(r->lp, j), cell->lo[j]), cell->hi[j]);
    return RL_OK;
  }
  rl_cuts *c = r->cuts;
  double limit = 0;
  read_functionals(r);
  memset(r->used, 0, (size_t)c->functionals);
  memset(r->used, 1, (size_t)(r->base + c->rows));
  if (r->clause >= 0 && r->target->a)
    for (int row = r->target->first[r->clause]; row < r->target->first[r->clause + 1]; row++)
      r->used[r->base + c->rows + row] = 1;
  *exact = !(rl_cuts_nearest(c, r->q, r->used, x, r->direction, &limit) > 1e-9);
  return *exact ? RL_OK : rl_relax_put_cut(r, rl_cuts_add(c, r->direction, limit), err);
}

double rl_relax_point_work(const rl_relax *r) {
  if (!r->cuts) return r->net->sizes[0];
  double functionals = r->cuts->functionals;
  return RL_CUTS_NEWTON * functionals * functionals * (0.5 * r->net->sizes[0] + functionals / 6);
}
