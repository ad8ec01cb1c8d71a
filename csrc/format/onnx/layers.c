/* L2: ONNX: layers (see layers.h). */
#include "format/onnx/layers.h"

#include <string.h>

typedef struct plan {
  const rl_onnx_space *space;
  const rl_onnx_forms *outputs;
  int hidden;   /* layers */
  int *until;   /* units: the last layer (0: the inputs) that must hold it; -1: none */
  int *sizes;   /* hidden + 2 */
  int *place;   /* units: its place in the layer at hand */
  int *members; /* the units of that layer */
} plan;

/* Layer `layer` must hold what the terms are over. */
static void require(plan *p, const int *unit, size_t from, size_t to, int layer) {
  for (size_t t = from; t < to; t++)
    if (p->until[unit[t]] < layer) p->until[unit[t]] = layer;
}

/* Units come after those of their rows, so one pass backwards finds all that is needed. */
static void find_needed(plan *p) {
  const rl_onnx_space *s = p->space;
  p->hidden = rl_onnx_height(s, p->outputs);
  for (int u = 0; u < s->count; u++) p->until[u] = s->kind[u] == RL_ONNX_INPUT ? 0 : -1;
  if (p->outputs->start) require(p, p->outputs->unit, 0, p->outputs->start[p->outputs->count], p->hidden);
  for (int u = s->count - 1; u >= 0; u--)
    if (p->until[u] >= 0) require(p, s->unit, s->start[u], s->start[u + 1], s->level[u] - 1);
}

/* The units of a layer, those that it computes first. */
static int list_members(plan *p, int layer) {
  const rl_onnx_space *s = p->space;
  int count = 0;
  for (int u = 0; u < s->count; u++)
    if (s->level[u] == layer && p->until[u] >= layer) p->members[count++] = u;
  for (int u = 0; u < s->count && layer > 0; u++)
    if (s->level[u] < layer && p->until[u] >= layer) p->members[count++] = u;
  return count;
}

static rl_status make_plan(plan *p) {
  const rl_onnx_space *s = p->space;
  size_t units = (size_t)s->count;
  p->until = rl_alloc(units, sizeof *p->until);
  p->place = rl_alloc(units, sizeof *p->place);
  p->members = rl_alloc(units, sizeof *p->members);
  if (!p->until || !p->place || !p->members) return rl_fail_memory(s->err);
  find_needed(p);
  p->sizes = rl_alloc((size_t)p->hidden + 2, sizeof *p->sizes);
  if (!p->sizes) return rl_fail_memory(s->err);
  for (int k = 0; k <= p->hidden; k++) p->sizes[k] = list_members(p, k);
  p->sizes[p->hidden + 1] = p->outputs->count;
  return RL_OK;
}

static void free_plan(plan *p) {
  rl_free(p->until);
  rl_free(p->sizes);
  rl_free(p->place);
  rl_free(p->members);
}

/* Row `row` of an affine layer: terms over the units of the layer before. */
static void fill_row(const plan *p, double *W, int columns, int row, const int *unit, const double *weight, size_t from,
                     size_t to) {
  for (size_t t = from; t < to; t++) W[(size_t)row * (size_t)columns + (size_t)p->place[unit[t]]] = weight[t];
}

static void fill_layers(plan *p, rl_network *net, uint8_t *linear) {
  const rl_onnx_space *s = p->space;
  for (int layer = 0; layer <= p->hidden; layer++) {
    int count = list_members(p, layer);
    for (int i = 0; i < count && layer > 0; i++) {
      int u = p->members[i], own = s->level[u] == layer, columns = p->sizes[layer - 1];
      const double one = 1;
      fill_row(p, net->weights[layer - 1], columns, i, own ? s->unit : &u, own ? s->weight : &one,
               own ? s->start[u] : 0, own ? s->start[u + 1] : 1);
      net->biases[layer - 1][i] = own ? s->constant[u] : 0;
      *linear++ = !own || s->kind[u] == RL_ONNX_LINEAR;
    }
    for (int i = 0; i < count; i++) p->place[p->members[i]] = i;
  }
  const rl_onnx_forms *y = p->outputs;
  for (int i = 0; i < y->count; i++) {
    if (y->start)
      fill_row(p, net->weights[p->hidden], p->sizes[p->hidden], i, y->unit, y->weight, y->start[i], y->start[i + 1]);
    net->biases[p->hidden][i] = y->constant[i];
  }
}

/* Weights of a layer, most of them 0 where there are so many. */
enum { MOST_WEIGHTS = 1 << 29 };

static rl_status check_sizes(const plan *p) {
  double bytes = 0;
  for (int k = 0; k <= p->hidden; k++)
    if ((long long)p->sizes[k] * p->sizes[k + 1] > MOST_WEIGHTS)
      return rl_fail(p->space->err, RL_EFORMAT,
                     "%s: layer %d: as a dense layer this is %d x %d weights, at most %d are supported", p->space->path,
                     k + 1, p->sizes[k + 1], p->sizes[k], MOST_WEIGHTS);
  for (int k = 0; k <= p->hidden; k++) bytes += 8.0 * p->sizes[k] * p->sizes[k + 1];
  return rl_onnx_need(p->space, bytes);
}

rl_status rl_onnx_layers(rl_network **out, const rl_onnx_space *space, const rl_onnx_forms *outputs) {
  plan p = {.space = space, .outputs = outputs};
  rl_network *net = NULL;
  uint8_t *linear = NULL;
  rl_status status = make_plan(&p);
  if (status == RL_OK) status = check_sizes(&p);
  if (status == RL_OK) status = rl_network_allocate(&net, p.hidden + 1, p.sizes, space->err);
  if (status == RL_OK) {
    linear = rl_alloc((size_t)net->neurons, 1);
    if (!linear) status = rl_fail_memory(space->err);
  }
  if (status == RL_OK) {
    fill_layers(&p, net, linear);
    status = rl_network_set_linear(net, linear, space->err);
  }
  rl_free(linear);
  free_plan(&p);
  if (status == RL_OK)
    *out = net;
  else
    rl_network_release(net);
  return status;
}
