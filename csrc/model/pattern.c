/* L1: decision patterns. */
#include <string.h>

#include "model/network.h"

int rl_pattern_literals(const rl_network *net, const int8_t *signs) {
  int literals = 0;
  for (int i = 0; i < net->neurons; i++) literals += signs[i] != RL_FREE;
  return literals;
}

/* Fixed neurons of hidden layer k. */
static int layer_literals(const rl_network *net, const int8_t *signs, int k) {
  int literals = 0;
  for (int i = net->offsets[k]; i < net->offsets[k + 1]; i++) literals += signs[i] != RL_FREE;
  return literals;
}

int rl_pattern_is_prefix(const rl_network *net, const int8_t *signs) {
  int k = 0, hidden = net->layers - 1;
  while (k < hidden && layer_literals(net, signs, k) == net->sizes[k + 1]) k++;
  for (k++; k < hidden; k++)
    if (layer_literals(net, signs, k)) return 0;
  return 1;
}

static rl_status check_full(const rl_network *net, const int8_t *signs, rl_error *err) {
  for (int i = 0; i < net->neurons; i++)
    if (signs[i] != RL_ON && signs[i] != RL_OFF)
      return rl_fail(err, RL_EINPUT, "pattern: neuron %d is %s, expected every neuron on (1) or off (0)", i,
                     signs[i] == RL_FREE ? "free" : "neither on, off nor free");
  return RL_OK;
}

/* One step down: with y = G a + w0 over the activations a of hidden layer
 * k - 1 (m x h), adds G S b to w0 and writes G S W, the map over that layer's
 * inputs, to `down`; S keeps the neurons that are on. */
static void pull_back(const rl_network *net, const int8_t *signs, int k, const double *G, double *down, double *w0) {
  size_t m = (size_t)net->sizes[net->layers], h = (size_t)net->sizes[k], n = (size_t)net->sizes[k - 1];
  const double *W = net->weights[k - 1], *b = net->biases[k - 1];
  memset(down, 0, m * n * sizeof *down);
  for (size_t r = 0; r < m; r++)
    for (size_t i = 0; i < h; i++) {
      double g = G[r * h + i];
      if (signs[(size_t)net->offsets[k - 1] + i] != RL_ON || g == 0) continue;
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
