/* L2: backward bounds in a small cell (see compact.h). */
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "core/round.h"
#include "encode/compact_rows.h"
#include "encode/forward.h"

/* Make room for all arrays of doubles, each on a boundary of vectors. */
static rl_status make_arrays(rl_compact *c, rl_error *err) {
  const rl_network *net = c->net;
  size_t widest = (size_t)net->widest, neurons = (size_t)net->neurons, m = (size_t)net->sizes[net->layers];
  size_t most = rl_padded((size_t)c->most), columns = (size_t)c->inputs + most, n = (size_t)net->sizes[0];
  struct {
    double **array;
    size_t count;
  } list[] = {{&c->row, neurons * columns},
              {&c->across, columns * (most + LANES)},
              {&c->output, m * columns},
              {&c->form, widest * columns},
              {&c->next, widest * columns},
              {&c->form_error, widest},
              {&c->next_error, widest},
              {&c->next_reach, widest},
              {&c->error, neurons},
              {&c->reach, neurons},
              {&c->output_error, m},
              {&c->output_reach, m},
              {&c->lo, (size_t)c->inputs},
              {&c->hi, (size_t)c->inputs},
              {&c->size, columns},
              {&c->rise, most},
              {&c->shift, most},
              {&c->cost, most},
              {&c->start, columns * LANES},
              {&c->coefficient, columns * LANES},
              {&c->w, most * LANES},
              {&c->fall, most * LANES},
              {&c->value, columns * LANES},
              {&c->slope, neurons * n},
              {&c->goal, columns},
              {&c->goal_w, most},
              {&c->goal_value, most}};
  size_t total = LANES, count = sizeof list / sizeof *list;
  for (size_t i = 0; i < count; i++) total += rl_padded(list[i].count);
  c->block = rl_alloc(total, sizeof(double));
  if (!c->block) return rl_fail_memory(err);
  double *at = c->block + (LANES - (uintptr_t)c->block / sizeof(double) % LANES) % LANES;
  for (size_t i = 0; i < count; at += rl_padded(list[i].count), i++) *list[i].array = at;
  return RL_OK;
}

rl_status rl_compact_create(rl_compact **out, const rl_network *net, int most, rl_error *err) {
  rl_compact *c = rl_alloc(1, sizeof *c);
  if (!c) return rl_fail_memory(err);
  c->net = net;
  c->most = most < net->neurons ? most : net->neurons;
  c->inputs = (int)rl_padded((size_t)net->sizes[0] + 1);
  c->gamma = (net->widest + c->most + LANES) * RL_UNIT * 1.01;
  c->sum_gamma = (2 * c->most + net->sizes[0] + 4 * LANES) * RL_UNIT * 1.01;
  c->neuron = rl_alloc((size_t)c->most, sizeof *c->neuron);
  c->first = rl_alloc((size_t)net->layers, sizeof *c->first);
  c->row_of = rl_alloc((size_t)net->neurons, sizeof *c->row_of);
  c->active = rl_alloc((size_t)net->widest, sizeof *c->active);
  c->wanted = rl_alloc((size_t)net->widest, sizeof *c->wanted);
  rl_status status = c->neuron && c->first && c->row_of && c->active && c->wanted ? RL_OK : rl_fail_memory(err);
  if (!status) status = make_arrays(c, err);
  if (status) {
    rl_compact_release(c);
    return status;
  }
  *out = c;
  return RL_OK;
}

void rl_compact_release(rl_compact *c) {
  if (!c) return;
  void *owned[] = {c->neuron, c->first, c->row_of, c->active, c->wanted, c->block};
  for (size_t i = 0; i < sizeof owned / sizeof *owned; i++) rl_free(owned[i]);
  rl_free(c);
}

/* ---- rows ------------------------------------------------------------------------------------ */

/* out[BLOCK][columns] = W[listed][active] form[active][columns], for rows listed[0..BLOCK) of an affine layer. */
static void multiply_rows(const rl_compact *c, const double *W, int n, const int *listed, int columns, double *out) {
  for (int j = 0; j < columns; j += LANES) {
    rl_lanes sum[BLOCK] = {{0}};
    for (int t = 0; t < c->actives; t++) {
      rl_lanes form = rl_load(c->form + (size_t)c->active[t] * (size_t)c->width + j);
      for (size_t r = 0; r < BLOCK; r++)
        sum[r] = rl_multiply_add(rl_spread(W[(size_t)listed[r] * (size_t)n + (size_t)c->active[t]]), form, sum[r]);
    }
    for (size_t r = 0; r < BLOCK; r++) memcpy(out + (size_t)listed[r] * (size_t)c->width + j, &sum[r], sizeof sum[r]);
  }
}

/* Rows of the wanted neurons of the first layer: its weights. */
static void copy_first_layer(rl_compact *c, int wanted, double *out, double *error) {
  size_t n = (size_t)c->net->sizes[0];
  for (int t = 0; t < wanted; t++) {
    double *row = out + (size_t)c->wanted[t] * (size_t)c->width;
    memset(row, 0, (size_t)c->inputs * sizeof *row);
    memcpy(row, c->net->weights[0] + (size_t)c->wanted[t] * n, n * sizeof *row);
    row[n] = c->net->biases[0][c->wanted[t]];
    error[c->wanted[t]] = 0;
  }
}

/* Rows c->wanted[0..wanted) of affine layer `layer`, into out[][width], with error and reach of each. */
static void compose(rl_compact *c, int layer, int wanted, double *out, double *error, double *reach) {
  const rl_network *net = c->net;
  int n = net->sizes[layer], columns = rl_compact_columns(c, layer), before = layer > 0 ? c->first[layer - 1] : 0;
  const double *W = net->weights[layer];
  if (layer == 0) copy_first_layer(c, wanted, out, error);
  for (int t = 0; t < wanted && layer > 0; t += BLOCK) {
    int listed[BLOCK];
    for (int r = 0; r < BLOCK; r++) listed[r] = c->wanted[t + r < wanted ? t + r : wanted - 1];
    multiply_rows(c, W, n, listed, c->inputs + before, out);
  }
  for (int t = 0; t < wanted; t++) {
    int i = c->wanted[t];
    double *row = out + (size_t)i * (size_t)c->width;
    const double *w = W + (size_t)i * (size_t)n;
    if (layer > 0) {
      double bias = net->biases[layer][i];
      memset(row + c->inputs + before, 0, (rl_padded((size_t)c->first[layer]) - (size_t)before) * sizeof *row);
      for (int k = before; k < c->first[layer]; k++) row[c->inputs + k] = w[c->neuron[k] - net->offsets[layer - 1]];
      row[net->sizes[0]] += bias;
      error[i] = (rl_dot_abs(w, c->form_error, n) + c->gamma * fabs(bias) + RL_TINY * c->ranges) * (1 + 1e-9);
    }
    reach[i] = rl_dot_abs(row, c->size, columns) * (1 + 1e-9) + RL_TINY;
  }
}

/* The neurons of hidden layer `layer` whose rows are wanted: all but those that are known to be off. */
static int want_rows(rl_compact *c, int layer, const int8_t *signs, const double *u) {
  int offset = c->net->offsets[layer], wanted = 0;
  for (int i = 0; i < c->net->sizes[layer + 1]; i++)
    if (signs[offset + i] != RL_FREE || u[offset + i] > 0) c->wanted[wanted++] = i;
  return wanted;
}

/* ---- a cell ------------------------------------------------------------------------------------- */

/* Keep the row of neuron `i` of hidden layer `layer`. */
static const double *keep_row(rl_compact *c, int layer, int i) {
  int k = c->net->offsets[layer] + i;
  double *row = c->row + (size_t)c->rows_kept * (size_t)c->width;
  memcpy(row, c->next + (size_t)i * (size_t)c->width, rl_padded((size_t)rl_compact_columns(c, layer)) * sizeof *row);
  c->row_of[k] = c->rows_kept++;
  c->error[k] = c->next_error[i];
  c->reach[k] = c->next_reach[i];
  return row;
}

/* Give neuron `i`, undecided, a column. */
static void add_column(rl_compact *c, int layer, int i, double l, double u) {
  int k = c->count++, neuron = c->net->offsets[layer] + i, columns = rl_compact_columns(c, layer);
  const double *row = keep_row(c, layer, i);
  for (int j = 0; j < columns; j++) c->across[(size_t)j * (size_t)c->stride + (size_t)k] = row[j];
  c->neuron[k] = neuron;
  c->size[c->inputs + k] = rl_max(0, u);
  c->ranges += rl_max(u, -l);
  c->rise[k] = rl_upper_slope(l, u) * (1 + 8 * RL_UNIT); /* rl_rising, but for underflow: see ranges */
  c->shift[k] = -l;
  c->cost[k] = rl_compact_cost(c, c->error[neuron], c->reach[neuron]);
}

/* Hidden layer `layer` is bounded: what its neurons are to the layers that follow. */
static void settle_layer(rl_compact *c, int layer, int wanted, const int8_t *signs, const double *l, const double *u,
                         const uint8_t *needed) {
  int offset = c->net->offsets[layer];
  memset(c->form_error, 0, (size_t)c->net->widest * sizeof *c->form_error);
  c->actives = 0;
  for (int t = 0; t < wanted; t++) {
    int i = c->wanted[t], k = offset + i, sign = rl_neuron_sign(signs[k], l[k], u[k]);
    if (needed[k]) keep_row(c, layer, i);
    if (sign == RL_FREE) add_column(c, layer, i, l[k], u[k]);
    if (sign != RL_ON) continue;
    c->active[c->actives++] = i;
    c->form_error[i] = (c->next_error[i] + c->gamma * c->next_reach[i]) * (1 + 1e-9) + RL_TINY;
  }
  c->first[layer + 1] = c->count;
  double *swap = c->form;
  c->form = c->next;
  c->next = swap;
}

static void start(rl_compact *c, const double *lo, const double *hi, int undecided) {
  int n = c->net->sizes[0];
  c->count = c->rows_kept = c->actives = c->first[0] = 0;
  c->width = c->inputs + (int)rl_padded((size_t)undecided);
  c->stride = (int)rl_padded((size_t)undecided) | LANES; /* an odd number of cache lines */
  for (int k = 0; k < c->net->neurons; k++) c->row_of[k] = -1;
  c->ranges = 1;
  for (int j = 0; j < n; j++) {
    c->lo[j] = lo[j];
    c->hi[j] = hi[j];
    c->size[j] = rl_max(fabs(lo[j]), fabs(hi[j]));
    c->ranges += c->size[j];
  }
  c->size[n] = 1;
  for (int j = 0; j < c->inputs; j++) /* of the constant: 1; where nothing is, 0 */
    for (int r = 0; r < LANES; r++) c->value[j * LANES + r] = j == n;
}

/* Multiply-adds of the rows of affine layer `layer`. */
static double compose_work(const rl_compact *c, int layer, int wanted) {
  return (double)wanted * (c->actives + 2) * (c->inputs + (layer > 0 ? c->first[layer - 1] : 0));
}

int rl_compact_run(rl_compact *c, const double *lo, const double *hi, const int8_t *signs, double *l, double *u,
                   uint8_t *needed, int undecided) {
  const rl_network *net = c->net;
  start(c, lo, hi, undecided);
  for (int k = 0; k < net->neurons; k++) needed[k] = rl_is_imposed(signs[k]); /* as far as nothing is computed */
  for (int layer = 0; layer + 1 < net->layers; layer++) {
    int wanted = want_rows(c, layer, signs, u);
    if (rl_late(compose_work(c, layer, wanted))) return 1;
    compose(c, layer, wanted, c->next, c->next_error, c->next_reach);
    if (!rl_compact_bound_layer(c, layer, signs, l, u, needed)) return 0;
    settle_layer(c, layer, wanted, signs, l, u, needed);
  }
  int m = net->sizes[net->layers];
  for (int i = 0; i < m; i++) c->wanted[i] = i;
  compose(c, net->layers - 1, m, c->output, c->output_error, c->output_reach);
  return 1;
}

const double *rl_compact_slope(const rl_compact *c, int neuron) {
  return c->slope + (size_t)neuron * (size_t)c->net->sizes[0];
}

int rl_compact_count(const rl_compact *c) { return c->count; }
const int *rl_compact_neurons(const rl_compact *c) { return c->neuron; }
