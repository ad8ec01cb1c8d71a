/* L1: evaluating networks. */
#include <math.h>
#include <string.h>

#include "core/round.h"
#include "core/vector.h"
#include "model/layer.h"
#include "model/network.h"

/* Inputs are evaluated LANES at a time, so that the weights are read once per
 * block.  In a block, value j of lane s is block[j * LANES + s].  Each lane sums
 * in the order bias, column 0, column 1, ...: a result does not depend on the
 * other inputs of the batch. */
enum { LANES = 8, ROWS = 4 };

typedef double lanes __attribute__((vector_size(LANES * sizeof(double))));

/* out = W in + b for `rows` <= ROWS rows; inlined with constant rows, so that all sums stay in registers. */
static inline __attribute__((always_inline)) void affine_rows(int rows, const double *W, const double *b, size_t n,
                                                              const double *in, double *out) {
  lanes sum[ROWS];
  for (int r = 0; r < rows; r++) sum[r] = b[r] - (lanes){0};
  for (size_t j = 0; j < n; j++) {
    lanes value;
    memcpy(&value, in + j * LANES, sizeof value);
    for (int r = 0; r < rows; r++) sum[r] += W[(size_t)r * n + j] * value;
  }
  for (int r = 0; r < rows; r++) memcpy(out + r * LANES, &sum[r], sizeof sum[r]);
}

/* The same for a row of few weights. */
static void affine_sparse_row(rl_row row, double b, const double *in, double *out) {
  lanes sum = b - (lanes){0};
  for (int t = 0; t < row.count; t++) {
    lanes value;
    memcpy(&value, in + (size_t)row.at[t] * LANES, sizeof value);
    sum += row.w[t] * value;
  }
  memcpy(out, &sum, sizeof sum);
}

static void affine_block(const rl_network *net, int layer, const double *in, double *out) {
  const double *W = net->weights[layer], *b = net->biases[layer];
  size_t n = (size_t)net->sizes[layer], m = (size_t)net->sizes[layer + 1], i = 0;
  for (; net->sparse[layer] && i < m; i++)
    affine_sparse_row(rl_layer_row(net, layer, (int)i), b[i], in, out + i * LANES);
  for (; i + ROWS <= m; i += ROWS) affine_rows(ROWS, W + i * n, b + i, n, in, out + i * LANES);
  for (; i < m; i++) affine_rows(1, W + i * n, b + i, n, in, out + i * LANES);
}

/* Pre-activations of hidden layer `layer` become activations. */
static void activate_block(const rl_network *net, int layer, double *z) {
  int neurons = net->sizes[layer + 1];
  const uint8_t *linear = net->linear ? net->linear + net->offsets[layer] : NULL;
  for (int i = 0; !linear && i < neurons * LANES; i++) z[i] = z[i] > 0 ? z[i] : 0;
  for (int i = 0; linear && i < neurons; i++)
    for (int s = 0; !linear[i] && s < LANES; s++) z[i * LANES + s] = z[i * LANES + s] > 0 ? z[i * LANES + s] : 0;
}

/* `count` <= LANES inputs x[count*n] to a block; the other lanes become 0. */
static void load_block(double *block, const double *x, size_t count, size_t n) {
  for (size_t j = 0; j < n; j++)
    for (size_t s = 0; s < LANES; s++) block[j * LANES + s] = s < count ? x[s * n + j] : 0;
}

static void store_block(const double *block, double *y, size_t count, size_t m) {
  for (size_t s = 0; s < count; s++)
    for (size_t i = 0; i < m; i++) y[s * m + i] = block[i * LANES + s];
}

/* Room for two blocks of the widest layer. */
static double *allocate_blocks(const rl_network *net) {
  return rl_alloc(2 * (size_t)net->widest, LANES * sizeof(double));
}

static rl_status check_inputs(const rl_network *net, size_t count, const double *x, rl_error *err) {
  size_t n = (size_t)net->sizes[0];
  for (size_t i = 0; i < count * n; i++) {
    if (isfinite(x[i])) continue;
    if (count == 1) return rl_fail(err, RL_EINPUT, "input %zu: expected a finite number, got %g", i, x[i]);
    return rl_fail(err, RL_EINPUT, "point %zu, input %zu: expected a finite number, got %g", i / n + 1, i % n, x[i]);
  }
  return RL_OK;
}

rl_status rl_network_eval(const rl_network *net, size_t count, const double *x, double *y, rl_error *err) {
  rl_status status = check_inputs(net, count, x, err);
  if (status != RL_OK) return status;
  double *blocks = allocate_blocks(net);
  if (!blocks) return rl_fail_memory(err);
  size_t n = (size_t)net->sizes[0], m = (size_t)net->sizes[net->layers];
  for (size_t first = 0; first < count; first += LANES) {
    size_t lanes_used = count - first < LANES ? count - first : LANES;
    double *in = blocks, *out = blocks + (size_t)net->widest * LANES;
    load_block(in, x + first * n, lanes_used, n);
    for (int k = 0; k < net->layers; k++) {
      affine_block(net, k, in, out);
      if (k + 1 < net->layers) activate_block(net, k, out);
      double *swap = in;
      in = out;
      out = swap;
    }
    store_block(in, y + first * m, lanes_used, m);
  }
  rl_free(blocks);
  return RL_OK;
}

rl_status rl_network_follow(const rl_network *net, const double *x, double *z, double *y, rl_error *err) {
  rl_status status = check_inputs(net, 1, x, err);
  if (status != RL_OK) return status;
  double *active = rl_alloc((size_t)net->widest, sizeof *active);
  if (!active) return rl_fail_memory(err);
  memcpy(active, x, (size_t)net->sizes[0] * sizeof *x);
  for (int k = 0; k < net->layers; k++) {
    int rows = net->sizes[k + 1], hidden = k + 1 < net->layers;
    double *out = hidden ? z + net->offsets[k] : y;
    for (int i = 0; i < rows; i++)
      out[i] = net->biases[k][i] + rl_row_dot(rl_layer_row(net, k, i), active);
    for (int i = 0; hidden && i < rows; i++) active[i] = rl_activation(net, net->offsets[k] + i, out[i]);
  }
  rl_free(active);
  return RL_OK;
}

rl_status rl_network_preactivations(const rl_network *net, size_t count, const double *x, double *z, rl_error *err) {
  rl_status status = check_inputs(net, count, x, err);
  double *y = rl_alloc((size_t)net->sizes[net->layers], sizeof *y);
  if (!y) return rl_fail_memory(err);
  for (size_t i = 0; i < count && status == RL_OK; i++)
    status = rl_network_follow(net, x + i * (size_t)net->sizes[0], z + i * (size_t)net->neurons, y, err);
  rl_free(y);
  return status;
}

rl_status rl_network_pattern(const rl_network *net, const double *x, int8_t *signs, rl_error *err) {
  rl_status status = check_inputs(net, 1, x, err);
  if (status != RL_OK) return status;
  double *blocks = allocate_blocks(net);
  if (!blocks) return rl_fail_memory(err);
  double *in = blocks, *out = blocks + (size_t)net->widest * LANES;
  load_block(in, x, 1, (size_t)net->sizes[0]);
  for (int k = 0; k + 1 < net->layers; k++) {
    affine_block(net, k, in, out);
    for (int i = 0; i < net->sizes[k + 1]; i++)
      *signs++ = rl_is_linear(net, net->offsets[k] + i) ? RL_FREE : out[(size_t)i * LANES] >= 0 ? RL_ON : RL_OFF;
    activate_block(net, k, out);
    double *swap = in;
    in = out;
    out = swap;
  }
  rl_free(blocks);
  return RL_OK;
}

/* b + w.in in interval arithmetic. */
static rl_interval affine_interval(rl_row row, double b, const rl_interval *in) {
  rl_interval sum = {b, b};
  for (int t = 0; t < row.count; t++)
    if (row.w[t] != 0) sum = rl_iadd(sum, rl_iscale(row.w[t], in[rl_row_column(row, t)]));
  return sum;
}

rl_status rl_network_intervals(const rl_network *net, const double *x, rl_interval *z, rl_interval *y, rl_error *err) {
  rl_status status = check_inputs(net, 1, x, err);
  if (status != RL_OK) return status;
  rl_interval *active = rl_alloc((size_t)net->widest, sizeof *active);
  if (!active) return rl_fail_memory(err);
  for (int j = 0; j < net->sizes[0]; j++) active[j] = (rl_interval){x[j], x[j]};
  for (int k = 0; k < net->layers; k++) {
    rl_interval *out = k + 1 < net->layers ? z + net->offsets[k] : y;
    for (int i = 0; i < net->sizes[k + 1]; i++)
      out[i] = affine_interval(rl_layer_row(net, k, i), net->biases[k][i], active);
    for (int i = 0; k + 1 < net->layers && i < net->sizes[k + 1]; i++)
      active[i] = rl_activation_interval(net, net->offsets[k] + i, out[i]);
  }
  rl_free(active);
  return RL_OK;
}

rl_status rl_network_eval_bounds(const rl_network *net, const double *x, double *ylo, double *yhi, rl_error *err) {
  size_t neurons = (size_t)net->neurons, m = (size_t)net->sizes[net->layers];
  rl_interval *values = rl_alloc(neurons + m, sizeof *values);
  if (!values) return rl_fail_memory(err);
  rl_status status = rl_network_intervals(net, x, values, values + neurons, err);
  for (size_t i = 0; status == RL_OK && i < m; i++) {
    ylo[i] = values[neurons + i].lo;
    yhi[i] = values[neurons + i].hi;
  }
  rl_free(values);
  return status;
}
