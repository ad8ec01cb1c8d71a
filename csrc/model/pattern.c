/* L1: decision patterns. */
#include <string.h>

#include "model/network.h"

int rl_pattern_literals(const rl_network *net, const int8_t *signs) {
  int literals = 0;
  for (int i = 0; i < net->neurons; i++) literals += signs[i] != RL_FREE;
  return literals;
}

void rl_mark_linear(const rl_network *net, int8_t *signs) {
  for (int k = 0; net->linear && k < net->neurons; k++)
    if (net->linear[k]) signs[k] = RL_LINEAR;
}

void rl_unmark_linear(const rl_network *net, int8_t *signs) {
  for (int k = 0; net->linear && k < net->neurons; k++)
    if (net->linear[k]) signs[k] = RL_FREE;
}

/* Fixed neurons of hidden layer k. */
static int layer_literals(const rl_network *net, const int8_t *signs, int k) {
  int literals = 0;
  for (int i = net->offsets[k]; i < net->offsets[k + 1]; i++) literals += signs[i] != RL_FREE;
  return literals;
}

/* Has every neuron of hidden layer k a sign that can have one? */
static int is_layer_fixed(const rl_network *net, const int8_t *signs, int k) {
  for (int i = net->offsets[k]; i < net->offsets[k + 1]; i++)
    if (signs[i] == RL_FREE && !rl_is_linear(net, i)) return 0;
  return 1;
}

rl_status rl_pattern_check(const rl_network *net, const int8_t *signs, rl_error *err) {
  for (int k = 0; signs && k < net->neurons; k++) {
    if (signs[k] < RL_FREE || signs[k] > RL_ON)
      return rl_fail(err, RL_EINPUT, "pattern: neuron %d has value %d, expected -1 (free), 0 (off) or 1 (on)", k,
                     signs[k]);
    if (signs[k] != RL_FREE && rl_is_linear(net, k))
      return rl_fail(err, RL_EINPUT, "pattern: neuron %d passes its value on and has no sign, expected -1 (free), got %d",
                     k, signs[k]);
  }
  return RL_OK;
}

int rl_pattern_is_prefix(const rl_network *net, const int8_t *signs) {
  int k = 0, hidden = net->layers - 1;
  while (k < hidden && is_layer_fixed(net, signs, k)) k++;
  for (k++; k < hidden; k++)
    if (layer_literals(net, signs, k)) return 0;
  return 1;
}

static rl_status check_full(const rl_network *net, const int8_t *signs, rl_error *err) {
  for (int i = 0; i < net->neurons; i++)
    if (signs[i] != RL_ON && signs[i] != RL_OFF && !rl_is_linear(net, i))
      return rl_fail(err, RL_EINPUT, "pattern: neuron %d is %s, expected every neuron on (1) or off (0)", i,
                     signs[i] == RL_FREE ? "free" : "neither on, off nor free");
  return RL_OK;
}

/* One step down: with y = G a + w0 over the activations a of hidden layer
 * k - 1 (m x h), adds G S b to w0 and writes G S W, the map over that layer's
 * inputs, to `down`; S keeps the neurons that are on or linear. */
static void pull_back(const rl_network *net, const int8_t *signs, int k, const double *G, double *down, double *w0) {
  size_t m = (size_t)net->sizes[net->layers], h = (size_t)net->sizes[k], n = (size_t)net->sizes[k - 1];
  const double *W = net->weights[k - 1], *b = net->biases[k - 1];
  memset(down, 0, m * n * sizeof *down);
  for (size_t r = 0; r < m; r++)
    for (size_t i = 0; i < h; i++) {
      double g = G[r * h + i];
      int neuron = net->offsets[k - 1] + (int)i;
      if (g == 0 || (signs[neuron] != RL_ON && !rl_is_linear(net, neuron))) continue;
      w0[r] += g * b[i];
      for (size_t j = 0; j < n; j++) down[r * n + j] += g * W[i * n + j];
    }
}

rl_status rl_pattern_affine(const rl_network *net, const int8_t *signs, double *W, double *w0, rl_error *err) {
  rl_status status = check_full(net, signs, err);
  if (status != RL_OK) return status;
  size_t m = (size_t)net->sizes[net->layers], room = m * (size_t)net->widest;
  double *maps = rl_alloc(2 * room, sizeof *maps);
  if (!maps) return rl_fail_memory(err);
  double *G = maps, *down = maps + room;
  memcpy(G, net->weights[net->layers - 1], m * (size_t)net->sizes[net->layers - 1] * sizeof *G);
  memcpy(w0, net->biases[net->layers - 1], m * sizeof *w0);
  for (int k = net->layers - 1; k > 0; k--) {
    pull_back(net, signs, k, G, down, w0);
    double *swap = G;
    G = down;
    down = swap;
  }
  memcpy(W, G, m * (size_t)net->sizes[0] * sizeof *W);
  rl_free(maps);
  return RL_OK;
}
