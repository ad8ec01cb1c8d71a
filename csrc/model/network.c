/* L1: networks in memory. */
#include "model/network.h"

#include <limits.h>
#include <math.h>
#include <string.h>

#include "core/sha256.h"
#include "model/layer.h"
#include "model/share.h"

/* Sizes such that numbers of neurons and of a layer's weights fit an int. */
static rl_status check_sizes(int layers, const int *sizes, rl_error *err) {
  if (layers < 1) return rl_fail(err, RL_EINPUT, "network: %d layers, expected at least 1", layers);
  long long neurons = 0;
  for (int k = 0; k <= layers; k++) {
    if (sizes[k] < 1) return rl_fail(err, RL_EINPUT, "network: layer %d has size %d, expected at least 1", k, sizes[k]);
    neurons += sizes[k];
    if (neurons > INT_MAX) return rl_fail(err, RL_EINPUT, "network: more than %d neurons", INT_MAX);
    if (k && (long long)sizes[k] * sizes[k - 1] > INT_MAX)
      return rl_fail(err, RL_EINPUT, "network: layer %d would have %lld weights, at most %d are supported", k,
                     (long long)sizes[k] * sizes[k - 1], INT_MAX);
  }
  return RL_OK;
}

static void set_sizes(rl_network *net, const int *sizes) {
  memcpy(net->sizes, sizes, ((size_t)net->layers + 1) * sizeof *sizes);
  for (int k = 0; k <= net->layers; k++)
    if (sizes[k] > net->widest) net->widest = sizes[k];
  for (int k = 1; k < net->layers; k++) {
    net->neurons += sizes[k];
    net->offsets[k] = net->neurons;
  }
}

static int allocate_arrays(rl_network *net, const int *sizes) {
  size_t layers = (size_t)net->layers;
  net->file = rl_copy_string("");
  net->sizes = rl_alloc(layers + 1, sizeof *net->sizes);
  net->offsets = rl_alloc(layers, sizeof *net->offsets);
  net->weights = rl_alloc(layers, sizeof *net->weights);
  net->biases = rl_alloc(layers, sizeof *net->biases);
  net->sparse = rl_alloc(layers, sizeof *net->sparse);
  if (!net->file || !net->sizes || !net->offsets || !net->weights || !net->biases || !net->sparse) return 0;
  for (size_t k = 0; k < layers; k++) {
    net->weights[k] = rl_alloc((size_t)sizes[k] * (size_t)sizes[k + 1], sizeof(double));
    net->biases[k] = rl_alloc((size_t)sizes[k + 1], sizeof(double));
    if (!net->weights[k] || !net->biases[k]) return 0;
  }
  return 1;
}

rl_status rl_network_allocate(rl_network **out, int layers, const int *sizes, rl_error *err) {
  rl_status status = check_sizes(layers, sizes, err);
  if (status != RL_OK) return status;
  rl_network *net = rl_alloc(1, sizeof *net);
  if (!net) return rl_fail_memory(err);
  atomic_init(&net->references, 1);
  net->layers = layers;
  if (!allocate_arrays(net, sizes)) {
    rl_network_release(net);
    return rl_fail_memory(err);
  }
  set_sizes(net, sizes);
  *out = net;
  return RL_OK;
}

static rl_status check_finite(const rl_network *net, rl_error *err) {
  for (int k = 0; k < net->layers; k++)
    for (int i = 0; i < net->sizes[k + 1]; i++) {
      rl_row row = rl_layer_row(net, k, i);
      for (int t = 0; t < row.count; t++)
        if (!isfinite(row.w[t]))
          return rl_fail(err, RL_EINPUT, "network: layer %d weights row %d column %d: expected a finite number, got %g",
                         k + 1, i + 1, rl_row_column(row, t) + 1, row.w[t]);
      if (!isfinite(net->biases[k][i]))
        return rl_fail(err, RL_EINPUT, "network: layer %d biases row %d: expected a finite number, got %g", k + 1,
                       i + 1, net->biases[k][i]);
    }
  return RL_OK;
}

static char *append(char *to, const void *from, size_t bytes) {
  memcpy(to, from, bytes);
  return to + bytes;
}

/* SHA-256 of the sizes, then of each layer's weights and biases, as they lie in memory; last, where there are any, the
 * marks of linear neurons. */
static rl_status hash_arrays(rl_network *net, rl_error *err) {
  size_t sizes = ((size_t)net->layers + 1) * sizeof *net->sizes, total = sizes;
  for (int k = 0; k < net->layers; k++)
    total += ((size_t)net->sizes[k] + 1) * (size_t)net->sizes[k + 1] * sizeof(double);
  if (net->linear) total += (size_t)net->neurons;
  char *bytes = rl_alloc(total, 1);
  if (!bytes) return rl_fail_memory(err);
  char *end = append(bytes, net->sizes, sizes);
  for (int k = 0; k < net->layers; k++) {
    size_t rows = (size_t)net->sizes[k + 1] * sizeof(double);
    end = append(end, net->weights[k], (size_t)net->sizes[k] * rows);
    end = append(end, net->biases[k], rows);
  }
  if (net->linear) append(end, net->linear, (size_t)net->neurons);
  rl_sha256(bytes, total, net->sha256);
  rl_free(bytes);
  return RL_OK;
}

rl_status rl_network_finish(rl_network *net, rl_error *err) {
  rl_status status = check_finite(net, err);
  if (status == RL_OK && !net->sha256[0]) status = hash_arrays(net, err);
  if (status == RL_OK) status = rl_network_compress(net, err);
  return status;
}

rl_status rl_network_set_linear(rl_network *net, const uint8_t *linear, rl_error *err) {
  size_t neurons = (size_t)net->neurons, k = 0;
  while (k < neurons && !linear[k]) k++;
  if (k == neurons) return RL_OK;
  net->linear = rl_alloc(neurons, sizeof *net->linear);
  if (!net->linear) return rl_fail_memory(err);
  for (; k < neurons; k++) net->linear[k] = linear[k] != 0;
  return RL_OK;
}

rl_status rl_network_create(rl_network **out, int layers, const int *sizes, const double *const *weights,
                            const double *const *biases, const uint8_t *linear, rl_error *err) {
  rl_network *net;
  rl_status status = rl_network_allocate(&net, layers, sizes, err);
  if (status != RL_OK) return status;
  for (int k = 0; k < layers; k++) {
    size_t rows = (size_t)sizes[k + 1] * sizeof(double);
    memcpy(net->weights[k], weights[k], (size_t)sizes[k] * rows);
    memcpy(net->biases[k], biases[k], rows);
  }
  status = linear ? rl_network_set_linear(net, linear, err) : RL_OK;
  if (status == RL_OK) status = rl_network_finish(net, err);
  if (status != RL_OK) {
    rl_network_release(net);
    return status;
  }
  *out = net;
  return RL_OK;
}

rl_network *rl_network_retain(const rl_network *net) {
  if (net) rl_share(&net->references);
  return (rl_network *)net;
}

/* Also for a network whose allocation stopped half-way. */
void rl_network_release(rl_network *net) {
  if (!net || !rl_unshare(&net->references)) return;
  for (int k = 0; k < net->layers; k++) {
    if (net->weights) rl_free(net->weights[k]);
    if (net->biases) rl_free(net->biases[k]);
    if (net->sparse) rl_sparse_release(net->sparse[k]);
  }
  rl_free(net->linear);
  rl_free(net->notes);
  rl_free(net->weights);
  rl_free(net->sparse);
  rl_free(net->biases);
  rl_free(net->sizes);
  rl_free(net->offsets);
  rl_free(net->box_lo);
  rl_free(net->box_hi);
  rl_free(net->file);
  rl_free(net->input_names);
  rl_free(net->output_names);
  rl_free(net);
}

int rl_network_layers(const rl_network *net) { return net->layers; }
int rl_network_size(const rl_network *net, int layer) { return net->sizes[layer]; }
int rl_network_inputs(const rl_network *net) { return net->sizes[0]; }
int rl_network_outputs(const rl_network *net) { return net->sizes[net->layers]; }
int rl_network_neurons(const rl_network *net) { return net->neurons; }
int rl_network_offset(const rl_network *net, int hidden) { return net->offsets[hidden]; }
const char *rl_network_notes(const rl_network *net) { return net->notes ? net->notes : ""; }
int rl_network_is_linear(const rl_network *net, int neuron) { return rl_is_linear(net, neuron); }
const double *rl_network_weights(const rl_network *net, int layer) { return net->weights[layer]; }
const double *rl_network_biases(const rl_network *net, int layer) { return net->biases[layer]; }
const char *rl_network_file(const rl_network *net) { return net->file; }
const char *rl_network_sha256(const rl_network *net) { return net->sha256; }
int rl_network_is_raw(const rl_network *net) { return net->raw; }

int rl_network_box(const rl_network *net, double *lo, double *hi) {
  if (!net->box_lo) return 0;
  memcpy(lo, net->box_lo, (size_t)net->sizes[0] * sizeof *lo);
  memcpy(hi, net->box_hi, (size_t)net->sizes[0] * sizeof *hi);
  return 1;
}
