/* L2: ONNX: over axes: ReduceSum, ReduceMean, ReduceMax, ReduceMin. */
#include <string.h>

#include "format/onnx/operator.h"

/* The elements that go into each result, as lists one after the other, of `length` each. */
typedef struct reduction {
  rl_onnx_shape shape; /* of the result */
  int count, length;
  int *element;
  double factor;
} reduction;

/* Which dimensions go; *none: the node leaves its input alone. */
static rl_status read_axes(rl_onnx_node *node, int *gone, int *keep, int *none) {
  int rank = node->in[0]->shape.rank, count = 0, noop = 0;
  rl_status status = rl_onnx_axes(node, 1, rank, gone, &count);
  *keep = 1;
  if (status == RL_OK) status = rl_onnx_integer(node, "keepdims", 0, 1, keep);
  if (status == RL_OK) status = rl_onnx_integer(node, "noop_with_empty_axes", 0, 1, &noop);
  *none = count <= 0 && noop;
  for (int k = 0; k < rank && count <= 0; k++) gone[k] = 1;
  return status;
}

/* Results keep the order of the dimensions that stay; each list that of the others. */
static rl_status list_elements(rl_onnx_node *node, const int *gone, int keep, reduction *r) {
  const rl_onnx_shape *old = &node->in[0]->shape;
  rl_onnx_shape kept = *old;
  int at[RL_ONNX_RANK], total = rl_onnx_count(old);
  for (int k = 0; k < old->rank; k++) {
    if (gone[k]) kept.dims[k] = 1;
    if (!gone[k] || keep) r->shape.dims[r->shape.rank++] = kept.dims[k];
  }
  r->count = rl_onnx_count(&kept);
  r->length = total / r->count;
  r->element = rl_alloc((size_t)total, sizeof *r->element);
  int *filled = rl_alloc((size_t)r->count, sizeof *filled);
  for (int i = 0; filled && r->element && i < total; i++) {
    rl_onnx_place(old, i, at);
    for (int k = 0; k < old->rank; k++)
      if (gone[k]) at[k] = 0;
    int to = rl_onnx_index(&kept, at);
    r->element[to * r->length + filled[to]++] = i;
  }
  rl_status status = filled && r->element ? RL_OK : rl_fail_memory(node->space->err);
  rl_free(filled);
  return status;
}

static void sum_rows(rl_onnx_builder *b, const void *context) {
  const reduction *r = context;
  for (int i = 0; i < r->count; i++) {
    for (int k = 0; k < r->length; k++) rl_onnx_term(b, r->element[i * r->length + k], r->factor);
    rl_onnx_end(b, 0);
  }
}

static rl_status best(rl_onnx_node *node, const reduction *r, int sign) {
  rl_onnx_forms *f = NULL;
  size_t *start = rl_alloc((size_t)r->count + 1, sizeof *start);
  if (!start) return rl_fail_memory(node->space->err);
  for (int i = 0; i <= r->count; i++) start[i] = (size_t)i * (size_t)r->length;
  rl_status status = rl_onnx_best(node->space, node->in[0]->forms, r->count, start, r->element, sign, &f);
  rl_free(start);
  if (status == RL_OK) rl_onnx_give(node, 0, &r->shape, f);
  return status;
}

enum { SUM, MEAN, MAX, MIN };

static rl_status reduce(rl_onnx_node *node, int how) {
  int gone[RL_ONNX_RANK] = {0}, keep, none;
  reduction r = {.factor = 1};
  rl_status status = read_axes(node, gone, &keep, &none);
  if (status != RL_OK) return status;
  if (none) return rl_onnx_reshaped(node, 0, &node->in[0]->shape);
  status = list_elements(node, gone, keep, &r);
  if (how == MEAN) r.factor = 1.0 / r.length;
  if (status == RL_OK && how == MEAN && (r.length & (r.length - 1)))
    rl_onnx_note_rounding(node, "the reciprocal of how many there are");
  if (status == RL_OK) status = how >= MAX ? best(node, &r, how == MAX ? 1 : -1)
                                           : rl_onnx_mapped(node, 0, &r.shape, sum_rows, &r);
  rl_free(r.element);
  return status;
}

rl_status rl_onnx_reduce_sum(rl_onnx_node *node) { return reduce(node, SUM); }
rl_status rl_onnx_reduce_mean(rl_onnx_node *node) { return reduce(node, MEAN); }
rl_status rl_onnx_reduce_max(rl_onnx_node *node) { return reduce(node, MAX); }
rl_status rl_onnx_reduce_min(rl_onnx_node *node) { return reduce(node, MIN); }
