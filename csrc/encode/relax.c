/* L2: building the compact LP relaxation (see relax.h). */
#include <math.h>
#include <string.h>

#include "encode/forward.h"
#include "encode/relax_lp.h"

/* Imposed signs and half-spaces are asked for with this margin, relative to their range, so that
 * solutions obey them under rounding.  Multipliers stay valid for the closed ones. */
#define INWARDS 1e-11

rl_status rl_relax_create(rl_relax **out, const rl_network *net, const rl_domain *domain, const rl_property *target,
                          rl_error *err) {
  rl_relax *r = rl_alloc(1, sizeof *r);
  if (!r) return rl_fail_memory(err);
  size_t neurons = (size_t)net->neurons;
  rl_status status = RL_OK;
  r->net = net;
  r->domain = domain;
  r->target = target;
  r->over_neurons = net->layers > 1 && net->sizes[1] < net->sizes[0];
  r->base = r->over_neurons ? net->sizes[1] : net->sizes[0];
  r->column = rl_alloc(neurons, sizeof(int));
  r->lower_row = rl_alloc(neurons, sizeof(int));
  r->upper_row = rl_alloc(neurons, sizeof(int));
  r->sign_row = rl_alloc(neurons, sizeof(int));
  r->reach = rl_alloc((size_t)net->sizes[net->layers], sizeof(double));
  if (rl_cuts_apply(net, domain, target)) status = rl_cuts_create(&r->cuts, net, domain, target, err);
  size_t functionals = r->cuts ? (size_t)r->cuts->functionals : 0, cuts = r->cuts ? (size_t)r->cuts->most : 0;
  r->cut_row = rl_alloc(cuts, sizeof(int));
  r->direction = rl_alloc(functionals, sizeof(double));
  r->q = rl_alloc(functionals, sizeof(double));
  r->used = rl_alloc(functionals, 1);
  if (!r->column || !r->lower_row || !r->upper_row || !r->sign_row || !r->reach || !r->cut_row || !r->direction ||
      !r->q || !r->used)
    status = rl_fail_memory(err);
  if (!status) status = rl_lp_create(&r->lp, err);
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
  rl_cuts_release(r->cuts);
  void *owned[] = {r->column, r->lower_row, r->upper_row, r->sign_row, r->reach, r->cut_row, r->direction,
                   r->q,      r->used,      r->forms[0],  r->forms[1], r->entry, r->value};
  for (size_t i = 0; i < sizeof owned / sizeof *owned; i++) rl_free(owned[i]);
  rl_free(r);
}

const rl_lp *rl_relax_lp(const rl_relax *r) { return r->lp; }

/* Room for forms and rows of the present width. */
static rl_status reserve(rl_relax *r, rl_error *err) {
  size_t forms = (size_t)r->net->widest * (size_t)r->width, row = (size_t)(r->net->sizes[0] + r->width + 1);
  if (r->cuts) row += (size_t)r->cuts->functionals;
  if (forms > r->forms_size) {
    for (int i = 0; i < 2; i++) {
      rl_free(r->forms[i]);
      r->forms[i] = rl_alloc(forms, sizeof(double));
    }
    r->forms_size = r->forms[0] && r->forms[1] ? forms : 0;
  }
  if (row > r->row_size) {
    rl_free(r->entry);
    rl_free(r->value);
    r->entry = rl_alloc(row, sizeof(int));
    r->value = rl_alloc(row, sizeof(double));
    r->row_size = r->entry && r->value ? row : 0;
  }
  return r->forms_size && r->row_size ? RL_OK : rl_fail_memory(err);
}

/* Put a form (times scale) plus `extra` times column `at` (at < 0: none) into a row. */
static rl_status put_row(rl_relax *r, int row, const double *form, double scale, int at, double extra, rl_error *err) {
  int count = 0, variables = r->width - 1, first = rl_relax_first_column(r);
  for (int v = 0; v < variables; v++) {
    double value = scale * form[v] + (first + v == at ? extra : 0);
    if (value == 0) continue;
    r->entry[count] = first + v;
    r->value[count++] = value;
  }
  return rl_lp_row(r->lp, row, count, r->entry, r->value, err);
}

/* Number undecided neurons and count rows.  Of the goal's layer (`layers`, where that is hidden) imposed signs are
 * taken, kinks are not. */
static void number_columns(rl_relax *r, const rl_cell *cell, const uint8_t *needed, int layers, int *rows) {
  const rl_network *net = r->net;
  int column = rl_relax_first_column(r) + r->base, count = rl_relax_half_spaces(r) + rl_relax_links(r);
  int hidden = net->layers - 1, end = layers < hidden ? net->offsets[layers] : net->neurons;
  int last = layers < hidden ? end + net->sizes[layers + 1] : net->neurons;
  r->undecided = 0;
  for (int k = 0; k < net->neurons; k++) {
    int by_bound = r->over_neurons && k < r->base; /* its sign is a column bound */
    r->column[k] = r->lower_row[k] = r->upper_row[k] = r->sign_row[k] = -1;
    if (k < end && rl_neuron_sign(cell->signs[k], cell->l[k], cell->u[k]) == RL_FREE) {
      r->column[k] = column + r->undecided++;
      r->lower_row[k] = count++;
      r->upper_row[k] = count++;
    } else if (k < last && rl_is_imposed(cell->signs[k]) && needed[k] && !by_bound) {
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
  return rl_lp_column_bounds(r->lp, rl_relax_first_column(r) + i, l, u, err);
}

/* Input columns, half-space rows and, over neurons, the rows z1 - W1 x = b1. */
static rl_status build_base(rl_relax *r, const rl_cell *cell, rl_error *err) {
  int n = r->net->sizes[0];
  rl_status status = RL_OK;
  for (int j = 0; j < n && !status; j++) status = rl_lp_column_bounds(r->lp, j, cell->lo[j], cell->hi[j], err);
  for (int j = 0; j < n; j++) r->entry[j] = j;
  for (int i = 0; i < r->domain->rows && !status; i++) {
    status = rl_lp_row(r->lp, i, n, r->entry, r->domain->A + (size_t)i * (size_t)n, err);
    if (!status) status = rl_lp_row_bounds(r->lp, i, -INFINITY, r->domain->b[i] - INWARDS * row_range(r, cell, i), err);
  }
  for (int i = 0; r->over_neurons && i < r->base && !status; i++) {
    int row = r->domain->rows + i;
    const double *w = r->net->weights[0] + (size_t)i * (size_t)n;
    for (int j = 0; j < n; j++) r->value[j] = -w[j];
    r->entry[n] = n + i;
    r->value[n] = 1;
    status = rl_lp_row(r->lp, row, n + 1, r->entry, r->value, err);
    if (!status) status = rl_lp_row_bounds(r->lp, row, r->net->biases[0][i], r->net->biases[0][i], err);
    if (!status) status = bound_first_layer(r, cell, i, err);
  }
  return status;
}

/* With cuts: the first layer's columns, a column for each further functional, the cuts held. */
static rl_status build_cuts(rl_relax *r, const rl_cell *cell, rl_error *err) {
  const rl_cuts *c = r->cuts;
  rl_status status = RL_OK;
  for (int i = 0; i < r->base && !status; i++) status = bound_first_layer(r, cell, i, err);
  for (int f = r->base; f < c->functionals && !status; f++) {
    int row = f - r->base;
    double up = c->up[f];
    if (row < c->rows) up = fmin(up, r->domain->b[row] - INWARDS * row_range(r, cell, row));
    status = rl_lp_column_bounds(r->lp, rl_relax_functional_column(r, f), fmin(c->low[f], up), up, err);
  }
  for (int slot = 0; slot < c->most && !status; slot++) {
    r->cut_row[slot] = -1;
    if (slot < c->count) status = rl_relax_put_cut(r, slot, err);
  }
  return status;
}

rl_status rl_relax_put_cut(rl_relax *r, int slot, rl_error *err) {
  const rl_cuts *c = r->cuts;
  const double *d = c->direction + (size_t)slot * (size_t)c->functionals;
  double limit = c->limit[slot];
  int count = 0;
  rl_status status = RL_OK;
  if (r->cut_row[slot] < 0) {
    r->cut_row[slot] = rl_lp_rows(r->lp);
    status = rl_lp_add_rows(r->lp, 1, err);
    if (!r->goal_rows && !status) r->fixed_rows++;
  }
  for (int f = 0; f < c->functionals; f++) {
    if (d[f] == 0) continue;
    r->entry[count] = rl_relax_functional_column(r, f);
    r->value[count++] = d[f];
    if (f < r->base) limit += d[f] * r->net->biases[0][f];
  }
  if (!status) status = rl_lp_row(r->lp, r->cut_row[slot], count, r->entry, r->value, err);
  if (!status) status = rl_lp_row_bounds(r->lp, r->cut_row[slot], -INFINITY, limit, err);
  return status;
}

/* The row of neuron k's imposed sign, where it has one. */
static rl_status put_sign(rl_relax *r, const rl_cell *cell, int k, const double *z, rl_error *err) {
  if (r->sign_row[k] < 0) return RL_OK;
  double inwards = INWARDS * (fabs(cell->l[k]) + fabs(cell->u[k])), constant = z[r->width - 1];
  rl_status status = put_row(r, r->sign_row[k], z, 1, -1, 0, err);
  if (status) return status;
  if (cell->signs[k] == RL_ON) return rl_lp_row_bounds(r->lp, r->sign_row[k], inwards - constant, INFINITY, err);
  return rl_lp_row_bounds(r->lp, r->sign_row[k], -INFINITY, -inwards - constant, err);
}

/* Rows of neuron k with pre-activation form z; its activation's form goes to a. */
static rl_status build_neuron(rl_relax *r, const rl_cell *cell, int k, const double *z, double *a, rl_error *err) {
  double l = cell->l[k], u = cell->u[k], constant = z[r->width - 1];
  rl_status status = RL_OK;
  if (r->column[k] >= 0) {
    double slope = rl_upper_slope(l, u);
    status = put_row(r, r->lower_row[k], z, -1, r->column[k], 1, err);
    if (!status) status = rl_lp_row_bounds(r->lp, r->lower_row[k], constant, INFINITY, err);
    if (!status) status = put_row(r, r->upper_row[k], z, -slope, r->column[k], 1, err);
    if (!status) status = rl_lp_row_bounds(r->lp, r->upper_row[k], -INFINITY, slope * (constant - l), err);
    if (!status) status = rl_lp_column_bounds(r->lp, r->column[k], 0, 2 * u, err); /* never binds */
    memset(a, 0, (size_t)r->width * sizeof *a);
    a[r->column[k] - rl_relax_first_column(r)] = 1;
    return status;
  }
  status = put_sign(r, cell, k, z, err);
  if (rl_neuron_sign(cell->signs[k], l, u) == RL_ON)
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

rl_status rl_relax_build(rl_relax *r, const rl_cell *cell, const uint8_t *needed, int layers, int whole,
                         rl_error *err) {
  int rows = 0;
  rl_status status = rl_lp_clear(r->lp, err);
  r->by_cuts = r->cuts && !whole;
  r->layers = layers;
  number_columns(r, cell, needed, layers, &rows);
  if (!status) status = reserve(r, err);
  if (!status) status = rl_lp_add_columns(r->lp, rl_relax_columns(r), err);
  if (!status && rows) status = rl_lp_add_rows(r->lp, rows, err);
  r->fixed_rows = rows;
  r->goal_rows = 0;
  if (r->by_cuts) rl_cuts_box(r->cuts, cell->lo, cell->hi);
  if (!status) status = r->by_cuts ? build_cuts(r, cell, err) : build_base(r, cell, err);
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
  if (layers < r->net->layers - 1)
    for (int i = 0; i < r->net->sizes[layers + 1] && !status; i++)
      status = put_sign(r, cell, r->net->offsets[layers] + i, pre + (size_t)i * (size_t)r->width, err);
  else
    for (int o = 0; o < r->net->sizes[r->net->layers]; o++) r->reach[o] = rl_output_reach(r->net, cell, o);
  return status;
}

/* Back to an LP without goal.  Cuts met since the goal was set move to before the next one's rows. */
static rl_status clear_goal(rl_relax *r, rl_error *err) {
  rl_status status = RL_OK;
  int columns = rl_relax_columns(r), goal = rl_relax_goal_column(r);
  if (r->goal_rows) status = rl_lp_delete_last_rows(r->lp, rl_lp_rows(r->lp) - r->fixed_rows, err);
  r->goal_rows = 0;
  for (int slot = 0; r->by_cuts && slot < r->cuts->count && !status; slot++) {
    if (r->cut_row[slot] < r->fixed_rows) continue;
    r->cut_row[slot] = -1;
    status = rl_relax_put_cut(r, slot, err);
  }
  for (int j = 0; j < columns && !status; j++) status = rl_lp_objective(r->lp, j, 0, err);
  if (!status) status = rl_lp_column_bounds(r->lp, goal, 0, 0, err);
  return status;
}

/* Coefficients of target row `index` over all LP columns into r->value; returns the constant. */
static double goal_form(rl_relax *r, size_t index) {
  const rl_property *target = r->target;
  int n = target->n, m = target->m, first = rl_relax_first_column(r), variables = r->width - 1;
  double constant = target->d[index];
  memset(r->value, 0, (size_t)rl_relax_columns(r) * sizeof *r->value);
  if (target->a && r->by_cuts)
    r->value[rl_relax_functional_column(r, r->base + r->cuts->rows + (int)index)] = 1;
  else
    for (int j = 0; target->a && j < n; j++) r->value[j] += target->a[index * (size_t)n + (size_t)j];
  for (int o = 0; o < m; o++) {
    double c = target->c[index * (size_t)m + (size_t)o];
    const double *form = r->forms[1] + (size_t)o * (size_t)r->width;
    if (c == 0) continue;
    for (int v = 0; v < variables; v++) r->value[first + v] += c * form[v];
    constant += c * form[variables];
  }
  return constant;
}

/* Largest |row| of the target that the cell's bounds allow. */
static double goal_reach(const rl_relax *r, const rl_cell *cell, size_t index) {
  const rl_property *target = r->target;
  int n = target->n, m = target->m;
  double reach = fabs(target->d[index]);
  for (int o = 0; o < m; o++) reach += fabs(target->c[index * (size_t)m + (size_t)o]) * r->reach[o];
  for (int j = 0; target->a && j < n; j++)
    reach += fabs(target->a[index * (size_t)n + (size_t)j]) * fmax(fabs(cell->lo[j]), fabs(cell->hi[j]));
  return reach;
}

/* Rows goal - t >= 0 for every row of the clause. */
static rl_status put_goal_rows(rl_relax *r, const rl_cell *cell, rl_error *err) {
  int first = r->target->first[r->clause], rows = r->target->first[r->clause + 1] - first;
  int columns = rl_relax_columns(r), goal = rl_relax_goal_column(r);
  double reach = 0;
  rl_status status = rl_lp_add_rows(r->lp, rows, err);
  r->goal_rows = status ? 0 : rows;
  for (int g = 0; g < rows && !status; g++) {
    double constant = goal_form(r, (size_t)(first + g));
    reach = fmax(reach, goal_reach(r, cell, (size_t)(first + g)));
    r->value[goal] = -1;
    for (int j = 0; j < columns; j++) r->entry[j] = j;
    status = rl_lp_row(r->lp, r->fixed_rows + g, columns, r->entry, r->value, err);
    if (!status) status = rl_lp_row_bounds(r->lp, r->fixed_rows + g, -constant, INFINITY, err);
  }
  if (!status) status = rl_lp_column_bounds(r->lp, goal, -2 * reach - 1, 2 * reach + 1, err);
  if (!status) status = rl_lp_objective(r->lp, goal, 1, err);
  return status;
}

rl_status rl_relax_goal(rl_relax *r, const rl_cell *cell, int clause, rl_error *err) {
  rl_status status = clear_goal(r, err);
  r->clause = clause;
  if (status) return status;
  if (!rl_relax_plain(r)) return put_goal_rows(r, cell, err);
  goal_form(r, (size_t)r->target->first[clause]);
  for (int j = 0, columns = rl_relax_columns(r); j < columns && !status; j++)
    status = rl_lp_objective(r->lp, j, r->value[j], err);
  return status;
}

rl_status rl_relax_goal_neuron(rl_relax *r, int index, double side, rl_error *err) {
  const double *form = r->forms[1] + (size_t)index * (size_t)r->width;
  rl_status status = clear_goal(r, err);
  r->clause = -1;
  r->index = index;
  r->side = side;
  for (int v = 0; v < r->width - 1 && !status; v++)
    status = rl_lp_objective(r->lp, rl_relax_first_column(r) + v, side * form[v], err);
  return status;
}
