/* L2: the network without what is decided (see reduced.h). */
#include "wide/reduced.h"

#include <string.h>

#include "encode/forward.h"

rl_status rl_reduced_create(rl_reduced **out, const rl_network *net, const rl_domain *domain, rl_error *err) {
  rl_reduced *r = rl_alloc(1, sizeof *r);
  if (!r) return rl_fail_memory(err);
  size_t n = (size_t)net->sizes[0], most = (size_t)domain->rows;
  r->net = net;
  r->domain = domain;
  r->hidden = net->layers - 1;
  for (int k = 1; k <= r->hidden; k++) most += (size_t)net->sizes[k] + RL_PANEL;
  r->most_entries = most;
  r->input = rl_alloc(n, sizeof *r->input);
  r->lo = rl_alloc(n, sizeof *r->lo);
  r->hi = rl_alloc(n, sizeof *r->hi);
  r->size = rl_alloc(n, sizeof *r->size);
  r->layer = rl_alloc((size_t)net->layers + 1, sizeof *r->layer);
  r->variable_layer = rl_alloc(most, sizeof *r->variable_layer);
  r->variable_index = rl_alloc(most, sizeof *r->variable_index);
  r->variable_neuron = rl_alloc(most, sizeof *r->variable_neuron);
  if (!r->input || !r->lo || !r->hi || !r->size || !r->layer || !r->variable_layer || !r->variable_index ||
      !r->variable_neuron) {
    rl_reduced_release(r);
    return rl_fail_memory(err);
  }
  for (int j = 0; j < net->sizes[0]; j++) {
    if (domain->lo[j] == domain->hi[j]) continue;
    r->lo[r->inputs] = domain->lo[j];
    r->hi[r->inputs] = domain->hi[j];
    r->size[r->inputs] = rl_max(fabs(domain->lo[j]), fabs(domain->hi[j]));
    r->input[r->inputs++] = j;
  }
  *out = r;
  return RL_OK;
}

static void free_layer(rl_reduced_layer *a) {
  rl_packed_free(&a->forward);
  rl_packed_free(&a->back);
  rl_free(a->neuron);
  rl_free(a->sign);
  rl_free(a->block);
  *a = (rl_reduced_layer){0};
}

void rl_reduced_clear(rl_reduced *r) {
  for (int k = 1; k <= r->built; k++) free_layer(&r->layer[k]);
  r->built = 0;
  r->entries = 0;
  r->variables = 0;
}

void rl_reduced_release(rl_reduced *r) {
  if (!r) return;
  if (r->layer) rl_reduced_clear(r);
  void *owned[] = {r->input, r->lo, r->hi, r->size, r->layer, r->variable_layer, r->variable_index, r->variable_neuron};
  for (size_t i = 0; i < sizeof owned / sizeof *owned; i++) rl_free(owned[i]);
  rl_free(r);
}

/* ---- rows ---------------------------------------------------------------------- */

/* The weights and the bias of a neuron of the network (or of an output): all that is read of them here. */
static const double *network_row(const rl_network *net, int layer, int i, double *bias) {
  *bias = net->biases[layer - 1][i];
  return net->weights[layer - 1] + (size_t)i * (size_t)net->sizes[layer - 1];
}

/* A half-space r as z = a.x - b <= 0. */
static const double *half_space_row(const rl_domain *domain, int r, double *bias) {
  *bias = -domain->b[r];
  return domain->A + (size_t)r * (size_t)domain->n;
}

void rl_reduced_row(const rl_reduced *r, int layer, int i, double *w, double *bias) {
  const double *row = network_row(r->net, layer, i, bias);
  if (layer == 1) {
    for (int j = 0; j < r->inputs; j++) w[j] = row[r->input[j]];
    return;
  }
  const rl_reduced_layer *before = &r->layer[layer - 1];
  int offset = r->net->offsets[layer - 2];
  for (int j = 0; j < before->count; j++)
    w[j] = before->neuron[j] < 0 || before->sign[j] == RL_OFF ? 0 : row[before->neuron[j] - offset];
}

/* Row of the i-th neuron that layer r->built + 1 keeps, for packing. */
static const double *kept_row(const void *context, int i, double *scratch) {
  const rl_reduced *r = context;
  int layer = r->built + 1, neuron = r->layer[layer].neuron[i];
  double bias = 0;
  if (neuron >= 0) {
    rl_reduced_row(r, layer, neuron - r->net->offsets[layer - 1], scratch, &bias);
    return scratch;
  }
  const double *row = half_space_row(r->domain, -1 - neuron, &bias);
  for (int j = 0; j < r->inputs; j++) scratch[j] = row[r->input[j]];
  return scratch;
}

/* What the fixed inputs add to a first layer's row: into the bias; returns the sum of their magnitudes. */
static double fold_fixed(const rl_reduced *r, const double *row, double *bias) {
  double magnitude = 0;
  for (int j = 0; j < r->net->sizes[0]; j++) {
    if (r->domain->lo[j] != r->domain->hi[j]) continue;
    *bias += row[j] * r->domain->lo[j];
    magnitude += fabs(row[j] * r->domain->lo[j]);
  }
  return magnitude;
}

/* ---- building ------------------------------------------------------------------ */

static int is_kept(int k, const double *u, const int8_t *signs, const uint8_t *needed) {
  return needed[k] || u[k] > 0 || signs[k] == RL_LINEAR;
}

static int allocate(rl_reduced_layer *a, int count) {
  a->count = count;
  a->neuron = rl_alloc((size_t)count, sizeof *a->neuron);
  a->sign = rl_alloc((size_t)count, sizeof *a->sign);
  a->block = rl_alloc(5 * (size_t)count, sizeof *a->l);
  if (!a->neuron || !a->sign || !a->block) return 0;
  a->l = a->block;
  a->u = a->l + count;
  a->bias = a->u + count;
  a->reach = a->bias + count;
  a->size = a->reach + count;
  return 1;
}

static void add_variable(rl_reduced *r, int layer, int i) {
  r->variable_layer[r->variables] = layer;
  r->variable_index[r->variables] = i;
  r->variable_neuron[r->variables++] = r->layer[layer].neuron[i];
}

/* Bias and reach of row i, from the row over what the layer reads. */
static void measure(const rl_reduced *r, rl_reduced_layer *a, int layer, int i, const double *w) {
  const double *size = layer == 1 ? r->size : r->layer[layer - 1].size, *row;
  int columns = rl_reduced_width(r);
  double bias = 0, magnitude = 0;
  if (a->neuron[i] < 0)
    row = half_space_row(r->domain, -1 - a->neuron[i], &bias);
  else
    row = network_row(r->net, layer, a->neuron[i] - r->net->offsets[layer - 1], &bias);
  magnitude = fabs(bias);
  if (layer == 1) magnitude += fold_fixed(r, row, &bias);
  a->bias[i] = bias;
  a->reach[i] =
      (magnitude + rl_dot_abs(w, size, columns)) * (1 + (r->net->sizes[layer - 1] + 8) * DBL_EPSILON) + RL_TINY;
}

/* Enter a neuron, or (k < 0) a half-space, as the i-th of the layer. */
static void enter(rl_reduced_layer *a, int i, int k, const double *l, const double *u, const int8_t *signs,
                  const uint8_t *needed) {
  a->neuron[i] = k;
  a->sign[i] = k < 0 ? RL_OFF : needed[k] || signs[k] == RL_LINEAR ? signs[k] : RL_FREE;
  a->l[i] = k < 0 ? -INFINITY : l[k];
  a->u[i] = k < 0 ? 0 : u[k];
  a->size[i] = a->sign[i] == RL_OFF ? 0 : rl_activation_reach(a->sign[i], a->l[i], a->u[i]);
}

/* What the layer reads, its own neurons (whose lines are exact but for underflow). */
static double sum_of_ranges(const rl_reduced *r, const rl_reduced_layer *a, int layer) {
  const double *size = layer == 1 ? r->size : r->layer[layer - 1].size;
  double sum = 1;
  for (int j = 0; j < rl_reduced_width(r); j++) sum += size[j];
  for (int i = 0; i < a->count; i++) sum += a->reach[i] + (a->neuron[i] < 0 ? 0 : fabs(a->l[i]) + fabs(a->u[i]));
  return sum;
}

rl_status rl_reduced_build(rl_reduced *r, const double *l, const double *u, const int8_t *signs, const uint8_t *needed,
                           rl_error *err) {
  const rl_network *net = r->net;
  int layer = r->built + 1, first = net->offsets[layer - 1], end = first + net->sizes[layer], count = 0, i = 0;
  int extra = layer == 1 ? r->domain->rows : 0, columns = rl_reduced_width(r);
  rl_reduced_layer *a = &r->layer[layer];
  for (int k = first; k < end; k++) count += is_kept(k, u, signs, needed);
  double *scratch = rl_alloc((size_t)columns, sizeof *scratch);
  rl_status status = allocate(a, count + extra) && scratch ? RL_OK : rl_fail_memory(err);
  for (int k = first; k < end && !status; k++)
    if (is_kept(k, u, signs, needed)) enter(a, i++, k, l, u, signs, needed);
  for (int k = 0; k < extra && !status; k++) enter(a, i++, -1 - k, l, u, signs, needed);
  if (!status) status = rl_packed_create(&a->forward, &a->back, count + extra, columns, kept_row, r, err);
  for (i = 0; i < a->count && !status; i++) measure(r, a, layer, i, kept_row(r, i, scratch));
  rl_free(scratch);
  if (status) {
    free_layer(a);
    return status;
  }
  a->gamma = (a->count + (layer == 1 ? net->sizes[0] : 0) + 16) * RL_UNIT * 1.01;
  a->ranges = sum_of_ranges(r, a, layer);
  a->offset = r->entries;
  r->entries += (size_t)rl_panel_rows(a->count);
  r->built = layer;
  for (i = 0; i < a->count; i++)
    if (rl_is_imposed(a->sign[i]) || rl_neuron_sign(a->sign[i], a->l[i], a->u[i]) == RL_FREE) add_variable(r, layer, i);
  return RL_OK;
}

/* ---- intervals ----------------------------------------------------------------- */

/* Range of a row over variables in [lo, hi] with the rounding of all of it: of so many terms. */
static void interval_row(const double *w, const double *lo, const double *hi, int n, double bias, double more,
                         double terms, double *low, double *up) {
  double l = bias, u = bias, magnitude = more;
  for (int j = 0; j < n; j++) {
    double a = w[j] * lo[j], b = w[j] * hi[j];
    l += rl_min(a, b);
    u += rl_max(a, b);
    magnitude += rl_max(fabs(a), fabs(b));
  }
  double error = rl_rounding(terms, magnitude);
  *low = l - error;
  *up = u + error;
}

static void activation_ranges(const rl_reduced_layer *a, double *low, double *up) {
  for (int i = 0; i < a->count; i++) {
    int linear = a->sign[i] == RL_LINEAR, off = a->sign[i] == RL_OFF;
    low[i] = linear ? a->l[i] : off ? 0 : rl_max(0, a->l[i]);
    up[i] = linear ? a->u[i] : off ? 0 : rl_max(0, a->u[i]);
  }
}

void rl_reduced_intervals(const rl_reduced *r, double *low, double *up, double *scratch) {
  const rl_network *net = r->net;
  int layer = r->built + 1, n = rl_reduced_width(r);
  const double *lo = r->lo, *hi = r->hi;
  double *low_active = scratch + rl_reduced_widest(r), *up_active = low_active + rl_reduced_widest(r), bias = 0;
  if (layer > 1) {
    activation_ranges(&r->layer[layer - 1], low_active, up_active);
    lo = low_active;
    hi = up_active;
  }
  for (int i = 0; i < net->sizes[layer]; i++) {
    rl_reduced_row(r, layer, i, scratch, &bias);
    double magnitude = fabs(bias);
    if (layer == 1) magnitude += fold_fixed(r, network_row(net, 1, i, &bias), &bias);
    interval_row(scratch, lo, hi, n, bias, magnitude, n + net->sizes[0] + 16, &low[i], &up[i]);
  }
}
