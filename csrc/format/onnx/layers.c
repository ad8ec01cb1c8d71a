/* L2: ONNX: layers (see layers.h). */
#include "format/onnx/layers.h"

#include <stdlib.h>
#include <string.h>

#include "model/layer.h"

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

/* ---- weights -------------------------------------------------------------------------------------- */

/* An affine layer while it is filled, row by row. */
typedef struct filling {
  const plan *plan;
  double *dense, *bias;
  rl_sparse *sparse; /* NULL: dense alone */
  int columns, row;
} filling;

typedef struct term {
  int column;
  double weight;
} term;

static int by_column(const void *a, const void *b) {
  const term *x = a, *y = b;
  return (x->column > y->column) - (x->column < y->column);
}

/* The next row: terms from ... to - 1 over units of the layer before; scratch has room for them. */
static void fill_row(filling *f, const int *unit, const double *weight, size_t from, size_t to, double constant,
                     term *scratch) {
  size_t count = to - from, row = (size_t)f->row++;
  for (size_t t = 0; t < count; t++) {
    scratch[t] = (term){f->plan->place[unit[from + t]], weight[from + t]};
    f->dense[row * (size_t)f->columns + (size_t)scratch[t].column] = scratch[t].weight;
  }
  f->bias[row] = constant;
  if (!f->sparse) return;
  qsort(scratch, count, sizeof *scratch, by_column);
  size_t at = f->sparse->start[row];
  for (size_t t = 0; t < count; t++, at++) {
    f->sparse->column[at] = scratch[t].column;
    f->sparse->value[at] = scratch[t].weight;
  }
  f->sparse->start[row + 1] = at;
}

/* Weights of hidden layer `layer` (hidden + 1: the outputs) that are not 0. */
static size_t count_terms(const plan *p, int layer, int members) {
  const rl_onnx_space *s = p->space;
  const rl_onnx_forms *y = p->outputs;
  size_t terms = 0;
  if (layer > p->hidden) return y->start ? y->start[y->count] : 0;
  for (int i = 0; i < members; i++) {
    int u = p->members[i];
    terms += s->level[u] == layer ? s->start[u + 1] - s->start[u] : 1;
  }
  return terms;
}

static rl_status begin_layer(const plan *p, rl_network *net, int layer, size_t terms, filling *f) {
  size_t rows = (size_t)p->sizes[layer], columns = (size_t)p->sizes[layer - 1];
  *f = (filling){.plan = p, .dense = net->weights[layer - 1], .bias = net->biases[layer - 1], .columns = (int)columns};
  if (!rl_sparse_pays(rows, columns, terms)) return RL_OK;
  rl_status status = rl_sparse_create(&f->sparse, rows, terms, p->space->err);
  if (status == RL_OK) net->sparse[layer - 1] = f->sparse;
  return status;
}

static void fill_hidden(const plan *p, int layer, int count, filling *f, uint8_t *linear, term *scratch) {
  const rl_onnx_space *s = p->space;
  const double one = 1;
  for (int i = 0; i < count; i++) {
    int u = p->members[i], own = s->level[u] == layer;
    fill_row(f, own ? s->unit : &u, own ? s->weight : &one, own ? s->start[u] : 0, own ? s->start[u + 1] : 1,
             own ? s->constant[u] : 0, scratch);
    linear[i] = !own || s->kind[u] == RL_ONNX_LINEAR;
  }
}

static void fill_outputs(const plan *p, filling *f, term *scratch) {
  const rl_onnx_forms *y = p->outputs;
  for (int i = 0; i < y->count; i++)
    fill_row(f, y->unit, y->weight, y->start ? y->start[i] : 0, y->start ? y->start[i + 1] : 0, y->constant[i], scratch);
}

static rl_status fill_layers(plan *p, rl_network *net, uint8_t *linear) {
  term *scratch = rl_alloc((size_t)p->space->count + 1, sizeof *scratch); /* a row has each unit once */
  rl_status status = scratch ? RL_OK : rl_fail_memory(p->space->err);
  for (int layer = 0; layer <= p->hidden + 1 && status == RL_OK; layer++) {
    int count = layer > p->hidden ? 0 : list_members(p, layer);
    filling f;
    if (layer > 0) status = begin_layer(p, net, layer, count_terms(p, layer, count), &f);
    if (status == RL_OK && layer > p->hidden) fill_outputs(p, &f, scratch);
    if (status == RL_OK && layer > 0 && layer <= p->hidden)
      fill_hidden(p, layer, count, &f, linear + net->offsets[layer - 1], scratch);
    for (int i = 0; i < count; i++) p->place[p->members[i]] = i;
  }
  rl_free(scratch);
  return status;
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
  if (status == RL_OK) status = fill_layers(&p, net, linear);
  if (status == RL_OK) status = rl_network_set_linear(net, linear, space->err);
  rl_free(linear);
  free_plan(&p);
  if (status == RL_OK)
    *out = net;
  else
    rl_network_release(net);
  return status;
}
