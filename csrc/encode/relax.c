/* L2: the compact LP relaxation (see relax.h). */
#include "encode/relax.h"

#include <math.h>
#include <string.h>

#include "encode/forward.h"

/* Imposed signs and half-spaces are asked for with this margin, relative to their range, so that
 * solutions obey them under rounding.  Multipliers stay valid for the closed ones. */
#define INWARDS 1e-11

/* States (lp.h) of a basis; 0 where there was no such column or row.  Parts of one block. */
typedef struct basis {
  uint8_t *base;                          /* inputs and first-layer columns */
  uint8_t *row;                           /* half-spaces and links */
  uint8_t *column, *lower, *upper, *sign; /* neurons */
} basis;

struct rl_relax {
  const rl_network *net;
  const rl_domain *domain;
  rl_lp *lp;
  int over_neurons, base; /* base: variables of the forms before undecided columns */
  int undecided, width;   /* width = base + undecided + 1 (the constant) */
  int fixed_rows;         /* rows before those of the goal */
  int goal_rows;          /* LP rows of the current goal (0: plain objective) */
  int plain;              /* the goal is a clause of one row, kept as objective */
  double *reach;          /* outputs: largest |y| that the cell's bounds allow */
  int *column;            /* neurons: LP column of an undecided one, else -1 */
  int *lower_row, *upper_row, *sign_row; /* neurons: LP rows or -1 */
  double *forms[2];       /* widest x width: activations of a layer, pre-activations of the next */
  size_t forms_size;
  int *index;             /* scratch for a row */
  double *value;
  size_t row_size;
};

static int links(const rl_relax *r) { return r->over_neurons ? r->base : 0; }

size_t rl_relax_basis_bytes(const rl_network *net, const rl_domain *domain) {
  return (size_t)(net->sizes[0] + 2 * net->sizes[1] + domain->rows + 4 * net->neurons);
}

static basis basis_parts(const rl_relax *r, uint8_t *block) {
  basis b = {.base = block};
  size_t neurons = (size_t)r->net->neurons;
  b.row = b.base + r->net->sizes[0] + r->net->sizes[1];
  b.column = b.row + r->domain->rows + r->net->sizes[1];
  b.lower = b.column + neurons;
  b.upper = b.lower + neurons;
  b.sign = b.upper + neurons;
  return b;
}

void rl_relax_save_basis(const rl_relax *r, uint8_t *block) {
  basis b = basis_parts(r, block);
  for (int j = 0; j < r->net->sizes[0] + links(r); j++) b.base[j] = (uint8_t)rl_lp_column_state(r->lp, j);
  for (int i = 0; i < r->domain->rows + links(r); i++) b.row[i] = (uint8_t)rl_lp_row_state(r->lp, i);
  for (int k = 0; k < r->net->neurons; k++) {
    b.column[k] = r->column[k] < 0 ? 0 : (uint8_t)rl_lp_column_state(r->lp, r->column[k]);
    b.lower[k] = r->lower_row[k] < 0 ? 0 : (uint8_t)rl_lp_row_state(r->lp, r->lower_row[k]);
    b.upper[k] = r->upper_row[k] < 0 ? 0 : (uint8_t)rl_lp_row_state(r->lp, r->upper_row[k]);
    b.sign[k] = r->sign_row[k] < 0 ? 0 : (uint8_t)rl_lp_row_state(r->lp, r->sign_row[k]);
  }
}

void rl_relax_start_basis(rl_relax *r, const uint8_t *block) {
  basis b = basis_parts(r, (uint8_t *)(uintptr_t)block);
  for (int j = 0; j < r->net->sizes[0] + links(r); j++) rl_lp_start_column(r->lp, j, b.base[j]);
  for (int i = 0; i < r->domain->rows + links(r); i++) rl_lp_start_row(r->lp, i, b.row[i]);
  for (int k = 0; k < r->net->neurons; k++) {
    if (r->column[k] >= 0) rl_lp_start_column(r->lp, r->column[k], b.column[k]);
    if (r->lower_row[k] >= 0) rl_lp_start_row(r->lp, r->lower_row[k], b.lower[k]);
    if (r->upper_row[k] >= 0) rl_lp_start_row(r->lp, r->upper_row[k], b.upper[k]);
    if (r->sign_row[k] >= 0) rl_lp_start_row(r->lp, r->sign_row[k], b.sign[k]);
  }
}

rl_status rl_relax_create(rl_relax **out, const rl_network *net, const rl_domain *domain, rl_error *err) {
  rl_relax *r = rl_alloc(1, sizeof *r);
  if (!r) return rl_fail_memory(err);
  size_t neurons = (size_t)net->neurons;
  r->net = net;
  r->domain = domain;
  r->over_neurons = net->layers > 1 && net->sizes[1] < net->sizes[0];
  r->base = r->over_neurons ? net->sizes[1] : net->sizes[0];
  r->column = rl_alloc(neurons, sizeof(int));
  r->lower_row = rl_alloc(neurons, sizeof(int));
  r->upper_row = rl_alloc(neurons, sizeof(int));
  r->sign_row = rl_alloc(neurons, sizeof(int));
  r->reach = rl_alloc((size_t)net->sizes[net->layers], sizeof(double));
  rl_status status = RL_OK;
  if (!r->column || !r->lower_row || !r->upper_row || !r->sign_row || !r->reach)
    status = rl_fail_memory(err);
  else
    status = rl_lp_create(&r->lp, err);
  if (status) {
    rl_relax_release(r);
    return status;
  }
  *out = r;
  return RL_OK;
}

void rl_relax_release(rl_relax *r) {
  if (!r) return;
  rl_lp_release(r->lp);
  rl_free(r->column);
  rl_free(r->lower_row);
  rl_free(r->upper_row);
  rl_free(r->sign_row);
  rl_free(r->reach);
  rl_free(r->forms[0]);
  rl_free(r->forms[1]);
  rl_free(r->index);
  rl_free(r->value);
  rl_free(r);
}

const rl_lp *rl_relax_lp(const rl_relax *r) { return r->lp; }

/* Room for forms and rows of the present width. */
static rl_status reserve(rl_relax *r, rl_error *err) {
  size_t forms = (size_t)r->net->widest * (size_t)r->width, row = (size_t)(r->net->sizes[0] + r->width + 1);
  if (forms > r->forms_size) {
    for (int i = 0; i < 2; i++) {
      rl_free(r->forms[i]);
      r->forms[i] = rl_alloc(forms, sizeof(double));
    }
    r->forms_size = r->forms[0] && r->forms[1] ? forms : 0;
  }
  if (row > r->row_size) {
    rl_free(r->index);
    rl_free(r->value);
    r->index = rl_alloc(row, sizeof(int));
    r->value = rl_alloc(row, sizeof(double));
    r->row_size = r->index && r->value ? row : 0;
  }
  return r->forms_size && r->row_size ? RL_OK : rl_fail_memory(err);
}

static int first_column(const rl_relax *r) { return r->over_neurons ? r->net->sizes[0] : 0; }
static int goal_column(const rl_relax *r) { return first_column(r) + r->base + r->undecided; }

/* Put a form (times scale) plus `extra` times column `at` (at < 0: none) into a row. */
static rl_status put_row(rl_relax *r, int row, const double *form, double scale, int at, double extra,
                         rl_error *err) {
  int count = 0, variables = r->width - 1, first = first_column(r);
  for (int v = 0; v < variables; v++) {
    double value = scale * form[v] + (first + v == at ? extra : 0);
    if (value == 0) continue;
    r->index[count] = first + v;
    r->value[count++] = value;
  }
  return rl_lp_row(r->lp, row, count, r->index, r->value, err);
}

/* Number undecided neurons and count rows. */
static void number_columns(rl_relax *r, const rl_cell *cell, const uint8_t *needed, int layers, int *rows) {
  int column = first_column(r) + r->base, count = r->domain->rows + (r->over_neurons ? r->base : 0);
  int end = layers < r->net->layers - 1 ? r->net->offsets[layers] : r->net->neurons;
  r->undecided = 0;
  for (int k = 0; k < r->net->neurons; k++) {
    int by_bound = r->over_neurons && k < r->base; /* its sign is a column bound */
    r->column[k] = r->lower_row[k] = r->upper_row[k] = r->sign_row[k] = -1;
    if (k >= end) continue;
    if (rl_neuron_sign(cell->signs[k], cell->l[k], cell->u[k]) == RL_FREE) {
      r->column[k] = column + r->undecided++;
      r->lower_row[k] = count++;
      r->upper_row[k] = count++;
    } else if (cell->signs[k] != RL_FREE && needed[k] && !by_bound) {
      r->sign_row[k] = count++;
    }
  }
  r->width = r->base + r->undecided + 1;
  *rows = count;
}

/* Size of half-space i's terms over the box. */
static double row_range(const rl_relax *r, const rl_cell *cell, int i) {
  int n = r->net->sizes[0];
  double range = fabs(r->domain->b[i]);
  for (int j = 0; j < n; j++)
    range += fabs(r->domain->A[(size_t)i * (size_t)n + (size_t)j]) * fmax(fabs(cell->lo[j]), fabs(cell->hi[j]));
  return range;
}

/* The column of a first-layer pre-activation: an imposed sign is a bound of it. */
static rl_status bound_first_layer(rl_relax *r, const rl_cell *cell, int i, rl_error *err) {
  double l = cell->l[i], u = cell->u[i], inwards = fmin(INWARDS * (fabs(l) + fabs(u)), 0.25 * (u - l));
  if (cell->signs[i] == RL_ON) l += inwards;
  if (cell->signs[i] == RL_OFF) u -= inwards;
  return rl_lp_column_bounds(r->lp, r->net->sizes[0] + i, l, u, err);
}

/* Input columns, half-space rows and, over neurons, the rows z1 - W1 x = b1. */
static rl_status build_base(rl_relax *r, const rl_cell *cell, rl_error *err) {
  int n = r->net->sizes[0];
  rl_status status = RL_OK;
  for (int j = 0; j < n && !status; j++) status = rl_lp_column_bounds(r->lp, j, cell->lo[j], cell->hi[j], err);
  for (int j = 0; j < n; j++) r->index[j] = j;
  for (int i = 0; i < r->domain->rows && !status; i++) {
    status = rl_lp_row(r->lp, i, n, r->index, r->domain->A + (size_t)i * (size_t)n, err);
    if (!status) status = rl_lp_row_bounds(r->lp, i, -INFINITY, r->domain->b[i] - INWARDS * row_range(r, cell, i), err);
  }
  for (int i = 0; r->over_neurons && i < r->base && !status; i++) {
    int row = r->domain->rows + i;
    const double *w = r->net->weights[0] + (size_t)i * (size_t)n;
    for (int j = 0; j < n; j++) r->value[j] = -w[j];
    r->index[n] = n + i;
    r->value[n] = 1;
    status = rl_lp_row(r->lp, row, n + 1, r->index, r->value, err);
    if (!status) status = rl_lp_row_bounds(r->lp, row, r->net->biases[0][i], r->net->biases[0][i], err);
    if (!status) status = bound_first_layer(r, cell, i, err);
  }
  return status;
}

/* Rows of neuron k with pre-activation form z; its activation's form goes to a. */
static rl_status build_neuron(rl_relax *r, const rl_cell *cell, int k, const double *z, double *a, rl_error *err) {
  double l = cell->l[k], u = cell->u[k], constant = z[r->width - 1];
  rl_status status = RL_OK;
  if (r->column[k] >= 0) {
    double slope = u / (u - l);
    status = put_row(r, r->lower_row[k], z, -1, r->column[k], 1, err);
    if (!status) status = rl_lp_row_bounds(r->lp, r->lower_row[k], constant, INFINITY, err);
    if (!status) status = put_row(r, r->upper_row[k], z, -slope, r->column[k], 1, err);
    if (!status) status = rl_lp_row_bounds(r->lp, r->upper_row[k], -INFINITY, slope * (constant - l), err);
    if (!status) status = rl_lp_column_bounds(r->lp, r->column[k], 0, 2 * u, err); /* never binds */
    memset(a, 0, (size_t)r->width * sizeof *a);
    a[r->column[k] - first_column(r)] = 1;
    return status;
  }
  int sign = rl_neuron_sign(cell->signs[k], l, u);
  if (r->sign_row[k] >= 0) {
    double inwards = INWARDS * (fabs(l) + fabs(u));
    status = put_row(r, r->sign_row[k], z, 1, -1, 0, err);
    if (!status && sign == RL_ON) status = rl_lp_row_bounds(r->lp, r->sign_row[k], inwards - constant, INFINITY, err);
    if (!status && sign == RL_OFF)
      status = rl_lp_row_bounds(r->lp, r->sign_row[k], -INFINITY, -inwards - constant, err);
  }
  if (sign == RL_ON)
    memcpy(a, z, (size_t)r->width * sizeof *a);
  else
    memset(a, 0, (size_t)r->width * sizeof *a);
  return status;
}

/* out[rows] = W * in + b for forms. */
static void affine_forms(const rl_relax *r, int layer, const double *in, double *out) {
  int rows = r->net->sizes[layer + 1], columns = r->net->sizes[layer], width = r->width;
  for (int i = 0; i < rows; i++) {
    double *restrict form = out + (size_t)i * (size_t)width;
    memset(form, 0, (size_t)width * sizeof *form);
    for (int j = 0; j < columns; j++) {
      double w = r->net->weights[layer][(size_t)i * (size_t)columns + (size_t)j];
      const double *restrict source = in + (size_t)j * (size_t)width;
      if (w != 0)
        for (int v = 0; v < width; v++) form[v] = fma(w, source[v], form[v]);
    }
    form[width - 1] += r->net->biases[layer][i];
  }
}

static void identity_forms(const rl_relax *r, double *forms) {
  memset(forms, 0, (size_t)r->base * (size_t)r->width * sizeof *forms);
  for (int i = 0; i < r->base; i++) forms[(size_t)i * (size_t)r->width + (size_t)i] = 1;
}

rl_status rl_relax_build(rl_relax *r, const rl_cell *cell, const uint8_t *needed, int layers, rl_error *err) {
  int rows = 0;
  rl_status status = rl_lp_clear(r->lp, err);
  number_columns(r, cell, needed, layers, &rows);
  if (!status) status = reserve(r, err);
  if (!status) status = rl_lp_add_columns(r->lp, goal_column(r) + 1, err);
  if (!status && rows) status = rl_lp_add_rows(r->lp, rows, err);
  r->fixed_rows = rows;
  r->goal_rows = 0;
  if (!status) status = build_base(r, cell, err);
  if (status) return status;
  double *active = r->forms[0], *pre = r->forms[1];
  identity_forms(r, r->over_neurons ? pre : active);
  for (int layer = 0; layer < layers && !status; layer++) {
    if (layer > 0 || !r->over_neurons) affine_forms(r, layer, active, pre);
    for (int i = 0; i < r->net->sizes[layer + 1] && !status; i++) {
      size_t at = (size_t)i * (size_t)r->width;
      status = build_neuron(r, cell, r->net->offsets[layer] + i, pre + at, active + at, err);
    }
  }
  if (layers > 0 || !r->over_neurons) affine_forms(r, layers, active, pre); /* what comes next stays in forms[1] */
  for (int o = 0; layers == r->net->layers - 1 && o < r->net->sizes[r->net->layers]; o++)
    r->reach[o] = rl_output_reach(r->net, cell, o);
  return status;
}

/* Back to an LP without goal. */
static rl_status clear_goal(rl_relax *r, rl_error *err) {
  rl_status status = RL_OK;
  if (r->goal_rows) status = rl_lp_delete_last_rows(r->lp, r->goal_rows, err);
  r->goal_rows = 0;
  int columns = goal_column(r) + 1;
  for (int j = 0; j < columns && !status; j++) status = rl_lp_objective(r->lp, j, 0, err);
  if (!status) status = rl_lp_column_bounds(r->lp, columns - 1, 0, 0, err);
  return status;
}

/* Coefficients of target row `index` over all LP columns into dense[]; returns the constant. */
static double goal_form(rl_relax *r, const rl_property *target, size_t index, double *dense) {
  int n = target->n, m = target->m, first = first_column(r), variables = r->width - 1;
  double constant = target->d[index];
  memset(dense, 0, (size_t)(goal_column(r) + 1) * sizeof *dense);
  for (int j = 0; target->a && j < n; j++) dense[j] += target->a[index * (size_t)n + (size_t)j];
  for (int o = 0; o < m; o++) {
    double c = target->c[index * (size_t)m + (size_t)o];
    const double *form = r->forms[1] + (size_t)o * (size_t)r->width;
    if (c == 0) continue;
    for (int v = 0; v < variables; v++) dense[first + v] += c * form[v];
    constant += c * form[variables];
  }
  return constant;
}

/* Largest |row| of the target that the cell's bounds allow. */
static double goal_reach(const rl_relax *r, const rl_cell *cell, const rl_property *target, size_t index) {
  int n = target->n, m = target->m;
  double reach = fabs(target->d[index]);
  for (int o = 0; o < m; o++) reach += fabs(target->c[index * (size_t)m + (size_t)o]) * r->reach[o];
  for (int j = 0; target->a && j < n; j++)
    reach += fabs(target->a[index * (size_t)n + (size_t)j]) * fmax(fabs(cell->lo[j]), fabs(cell->hi[j]));
  return reach;
}

/* Rows goal - t >= 0 for every row of the clause; t is the last column. */
static rl_status put_goal_rows(rl_relax *r, const rl_cell *cell, const rl_property *target, int clause,
                               rl_error *err) {
  int first = target->first[clause], rows = target->first[clause + 1] - first, columns = goal_column(r) + 1;
  double reach = 0;
  rl_status status = rl_lp_add_rows(r->lp, rows, err);
  r->goal_rows = status ? 0 : rows;
  for (int g = 0; g < rows && !status; g++) {
    double constant = goal_form(r, target, (size_t)(first + g), r->value);
    reach = fmax(reach, goal_reach(r, cell, target, (size_t)(first + g)));
    r->value[columns - 1] = -1;
    for (int j = 0; j < columns; j++) r->index[j] = j;
    status = rl_lp_row(r->lp, r->fixed_rows + g, columns, r->index, r->value, err);
    if (!status) status = rl_lp_row_bounds(r->lp, r->fixed_rows + g, -constant, INFINITY, err);
  }
  if (!status) status = rl_lp_column_bounds(r->lp, columns - 1, -2 * reach - 1, 2 * reach + 1, err);
  if (!status) status = rl_lp_objective(r->lp, columns - 1, 1, err);
  return status;
}

rl_status rl_relax_goal(rl_relax *r, const rl_cell *cell, const rl_property *target, int clause, rl_error *err) {
  rl_status status = clear_goal(r, err);
  if (status) return status;
  r->plain = target->first[clause + 1] - target->first[clause] == 1;
  if (!r->plain) return put_goal_rows(r, cell, target, clause, err);
  goal_form(r, target, (size_t)target->first[clause], r->value);
  for (int j = 0; j < goal_column(r) && !status; j++) status = rl_lp_objective(r->lp, j, r->value[j], err);
  return status;
}

rl_status rl_relax_goal_neuron(rl_relax *r, int index, double side, rl_error *err) {
  const double *form = r->forms[1] + (size_t)index * (size_t)r->width;
  rl_status status = clear_goal(r, err);
  r->plain = 0;
  for (int v = 0; v < r->width - 1 && !status; v++)
    status = rl_lp_objective(r->lp, first_column(r) + v, side * form[v], err);
  return status;
}

rl_status rl_relax_solve(rl_relax *r, rl_lp_result *result, rl_error *err) { return rl_lp_solve(r->lp, result, err); }

/* Slope and bound multiplier of an undecided neuron from the duals p of a >= 0, q of a >= z and
 * `upper` of a <= u/(u-l) (z - l).  What both sides press on (e) amounts to multipliers e_p s on z >= l and
 * e_q (-l)/(u-l) on z <= u; their net is tau. */
static void neuron_multipliers(double p, double q, double upper, double l, double u, double *alpha, double *tau) {
  double lower = p + q, e = fmin(upper, lower);
  if (lower > 0) *alpha = q / lower;
  if (lower > 0 && e > 0) *tau = (p * u - q * -l) / (u - l) * (e / lower);
}

void rl_relax_multipliers(const rl_relax *r, const rl_cell *cell, int optimal, rl_dual *dual, double *lambda) {
  double total = 0, scale = 1;
  for (int g = 0; g < r->goal_rows; g++) total += lambda[g] = fmax(0, -rl_lp_row_dual(r->lp, r->fixed_rows + g));
  if (r->plain) lambda[0] = optimal ? 1 : 0;
  if (r->goal_rows && total > 1e-9) scale = 1 / total;
  for (int g = 0; g < r->goal_rows; g++) lambda[g] = total > 1e-9 ? lambda[g] * scale : 0;
  rl_dual_reset(dual, cell, 0);
  for (int i = 0; i < r->domain->rows; i++) dual->mu[i] = scale * fmax(0, rl_lp_row_dual(r->lp, i));
  for (int k = 0; k < r->net->neurons; k++) {
    double l = cell->l[k], u = cell->u[k], tau = 0;
    if (r->column[k] >= 0)
      neuron_multipliers(fmax(0, -rl_lp_column_dual(r->lp, r->column[k])),
                         fmax(0, -rl_lp_row_dual(r->lp, r->lower_row[k])),
                         fmax(0, rl_lp_row_dual(r->lp, r->upper_row[k])), l, u, &dual->alpha[k], &tau);
    if (r->sign_row[k] >= 0) tau = -rl_lp_row_dual(r->lp, r->sign_row[k]);
    if (r->over_neurons && k < r->base) tau -= rl_lp_column_dual(r->lp, r->net->sizes[0] + k);
    dual->tau[k] = scale * tau;
  }
}

void rl_relax_point(const rl_relax *r, const rl_cell *cell, double *x) {
  for (int j = 0; j < r->net->sizes[0]; j++)
    x[j] = fmin(fmax(rl_lp_column_value(r->lp, j), cell->lo[j]), cell->hi[j]);
}
