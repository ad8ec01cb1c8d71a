/* L2: ONNX: nodes that pick elements: Transpose, Concat, Slice, Split, Gather, Expand, Pad. */
#include <limits.h>
#include <string.h>

#include "format/onnx/operator.h"

/* Which element of an operand stands at these coordinates of the result; -1: none, `fill`. */
typedef int pick_function(const rl_onnx_shape *from, const int *at, const void *context);

/* The output picks from input 0. */
static rl_status pick(rl_onnx_node *node, const rl_onnx_shape *shape, pick_function *element, const void *context,
                      double fill) {
  int count = rl_onnx_count(shape), at[RL_ONNX_RANK];
  rl_status status = rl_onnx_need(node->space, 40.0 * count);
  if (status != RL_OK) return status;
  int *from = rl_alloc((size_t)count, sizeof *from);
  if (!from) return rl_fail_memory(node->space->err);
  for (int i = 0; i < count; i++) {
    rl_onnx_place(shape, i, at);
    from[i] = element(&node->in[0]->shape, at, context);
  }
  status = rl_onnx_picked(node, 0, shape, from, fill);
  rl_free(from);
  return status;
}

/* ---- Transpose --------------------------------------------------------------------------------- */

static int transposed(const rl_onnx_shape *from, const int *at, const void *context) {
  const int *permutation = context;
  int own[RL_ONNX_RANK];
  for (int k = 0; k < from->rank; k++) own[permutation[k]] = at[k];
  return rl_onnx_index(from, own);
}

rl_status rl_onnx_transpose(rl_onnx_node *node) {
  const rl_onnx_shape *old = &node->in[0]->shape;
  int permutation[RL_ONNX_RANK], seen[RL_ONNX_RANK] = {0};
  for (int k = 0; k < old->rank; k++) permutation[k] = old->rank - 1 - k;
  rl_status status = rl_onnx_integers(node, "perm", old->rank, 0, old->rank - 1, permutation);
  for (int k = 0; k < old->rank && status == RL_OK; k++)
    if (seen[permutation[k]]++) status = rl_onnx_fail(node, "attribute 'perm' has %d twice", permutation[k]);
  if (status != RL_OK) return status;
  rl_onnx_shape shape = {.rank = old->rank};
  for (int k = 0; k < shape.rank; k++) shape.dims[k] = old->dims[permutation[k]];
  return pick(node, &shape, transposed, permutation, 0);
}

/* ---- Concat ---------------------------------------------------------------------------------------- */

/* The result's shape; every input is there, and fits but along the axis. */
static rl_status concat_shape(rl_onnx_node *node, const rl_onnx_shape *first, int axis, rl_onnx_shape *shape) {
  *shape = (rl_onnx_shape){0};
  long long along = 0;
  for (int i = 0; i < node->inputs; i++) {
    if (!node->in[i]) continue; /* empty */
    const rl_onnx_shape *own = &node->in[i]->shape;
    rl_onnx_shape other = *own;
    if (own->rank == first->rank) other.dims[axis] = first->dims[axis];
    if (!rl_onnx_same(&other, first))
      return rl_onnx_fail(node, "shapes %s and %s do not fit together", rl_onnx_shape_text(first).text,
                          rl_onnx_shape_text(own).text);
    along += own->dims[axis];
  }
  for (int k = 0; k < first->rank; k++)
    if (!rl_onnx_extend(shape, k == axis ? along : first->dims[k])) return rl_onnx_fail_large(node);
  return RL_OK;
}

/* Elements of the joined inputs, in the order of the result: the inputs take turns, a slab each. */
static void concat_order(const rl_onnx_node *node, int axis, int *from) {
  const rl_onnx_shape *shape = &node->in[0]->shape;
  int outer = 0, at = 0, base = 0;
  for (int i = 0; i < node->inputs; i++)
    if (node->in[i]) outer = rl_onnx_product(&node->in[i]->shape, 0, axis);
  for (int o = 0; o < outer; o++) {
    base = 0;
    for (int i = 0; i < node->inputs; i++) {
      if (!node->in[i]) continue;
      shape = &node->in[i]->shape;
      int slab = rl_onnx_product(shape, axis, shape->rank);
      for (int k = 0; k < slab; k++) from[at++] = base + o * slab + k;
      base += slab * outer;
    }
  }
}

static rl_status join_inputs(rl_onnx_node *node, rl_onnx_forms **all) {
  rl_onnx_forms **parts = rl_alloc((size_t)node->inputs, sizeof *parts);
  if (!parts) return rl_fail_memory(node->space->err);
  int count = 0, height = 0;
  rl_status status = RL_OK;
  for (int i = 0; i < node->inputs; i++)
    if (node->in[i]) parts[count++] = node->in[i]->forms;
  for (int i = 0; i < count; i++) {
    int own = rl_onnx_height(node->space, parts[i]);
    if (own > height) height = own;
  }
  for (int i = 0; i < count && status == RL_OK; i++) /* what waits for the others had better be few */
    if (rl_onnx_height(node->space, parts[i]) < height) status = rl_onnx_narrow(node->space, parts[i]);
  if (status == RL_OK) status = rl_onnx_join(node->space, count, parts, all);
  rl_free(parts);
  return status;
}

rl_status rl_onnx_concat(rl_onnx_node *node) {
  int axis, first = 0, whole = 1;
  while (first < node->inputs && !node->in[first]) first++;
  if (first == node->inputs) return rl_onnx_fail(node, "all inputs are empty");
  if (!rl_onnx_attribute(node, "axis") && node->opset >= 4) return rl_onnx_fail(node, "attribute 'axis' is missing");
  rl_onnx_shape shape;
  rl_onnx_forms *all = NULL, *out = NULL;
  rl_status status = rl_onnx_axis(node, node->in[first]->shape.rank, 1, &axis);
  if (status == RL_OK) status = concat_shape(node, &node->in[first]->shape, axis, &shape);
  if (status != RL_OK) return status;
  int *from = rl_alloc((size_t)rl_onnx_count(&shape), sizeof *from);
  if (!from) return rl_fail_memory(node->space->err);
  status = join_inputs(node, &all);
  if (status == RL_OK) {
    concat_order(node, axis, from);
    status = rl_onnx_pick(node->space, all, rl_onnx_count(&shape), from, 0, &out);
  }
  rl_free(from);
  rl_onnx_release(all);
  if (status != RL_OK) return status;
  for (int i = 0; i < node->inputs; i++)
    if (node->in[i]) whole = whole && node->in[i]->whole;
  rl_onnx_give(node, 0, &shape, out);
  node->out[0]->whole = whole;
  return RL_OK;
}

/* ---- Slice ----------------------------------------------------------------------------------------------- */

typedef struct slice {
  long long start[RL_ONNX_RANK], step[RL_ONNX_RANK];
} slice;

static int sliced(const rl_onnx_shape *from, const int *at, const void *context) {
  const slice *s = context;
  int own[RL_ONNX_RANK];
  for (int k = 0; k < from->rank; k++) own[k] = (int)(s->start[k] + s->step[k] * at[k]);
  return rl_onnx_index(from, own);
}

static long long clamp(long long value, long long low, long long high) {
  return value < low ? low : value > high ? high : value;
}

/* Along a dimension of `size`, from start to end (not included) by step, as numpy counts; how many there are. */
static long long slice_along(long long size, long long *start, long long end, long long step) {
  if (*start < 0) *start += size;
  if (end < 0 && end >= -size) end += size;
  else if (end < 0) end = -1;
  *start = step > 0 ? clamp(*start, 0, size) : clamp(*start, 0, size - 1);
  end = step > 0 ? clamp(end, 0, size) : clamp(end, -1, size - 1);
  long long length = step > 0 ? end - *start : *start - end, by = step > 0 ? step : -step;
  return length <= 0 ? 0 : (length - 1) / by + 1;
}

static rl_status read_slice(rl_onnx_node *node, long long *starts, long long *ends, long long *axes, long long *steps,
                            int *count) {
  int by_input = node->inputs > 1, more = 0, own = 0, rank = node->in[0]->shape.rank;
  rl_status status = rl_onnx_list(node, 1, by_input ? NULL : "starts", RL_ONNX_RANK, starts, count);
  if (status == RL_OK) status = rl_onnx_list(node, 2, by_input ? NULL : "ends", RL_ONNX_RANK, ends, &more);
  if (status != RL_OK) return status;
  if (*count < 1 || more != *count) return rl_onnx_fail(node, "expected as many starts as ends");
  status = rl_onnx_list(node, 3, by_input ? NULL : "axes", RL_ONNX_RANK, axes, &own);
  for (int i = 0; i < *count && own < 0; i++) axes[i] = i;
  if (status == RL_OK && own >= 0 && own != *count) status = rl_onnx_fail(node, "expected an axis for each start");
  if (status == RL_OK) status = rl_onnx_list(node, 4, NULL, RL_ONNX_RANK, steps, &own);
  for (int i = 0; i < *count && own < 0; i++) steps[i] = 1;
  if (status == RL_OK && own >= 0 && own != *count) status = rl_onnx_fail(node, "expected a step for each start");
  for (int i = 0; i < *count && status == RL_OK; i++) {
    if (axes[i] < -rank || axes[i] >= rank)
      status = rl_onnx_fail(node, "axis %lld: expected %d to %d", axes[i], -rank, rank - 1);
    else if (steps[i] == 0)
      status = rl_onnx_fail(node, "a step is 0");
  }
  return status;
}

rl_status rl_onnx_slice(rl_onnx_node *node) {
  long long starts[RL_ONNX_RANK], ends[RL_ONNX_RANK], axes[RL_ONNX_RANK], steps[RL_ONNX_RANK];
  int count = 0;
  rl_status status = read_slice(node, starts, ends, axes, steps, &count);
  if (status != RL_OK) return status;
  const rl_onnx_shape *old = &node->in[0]->shape;
  slice s;
  rl_onnx_shape shape = *old;
  for (int k = 0; k < old->rank; k++) s.start[k] = 0, s.step[k] = 1;
  for (int i = 0; i < count; i++) {
    int axis = (int)(axes[i] < 0 ? axes[i] + old->rank : axes[i]);
    long long step = clamp(steps[i], -INT_MAX, INT_MAX);
    long long length = slice_along(old->dims[axis], &starts[i], ends[i], step);
    if (length == 0) return rl_onnx_fail(node, "nothing is left of dimension %d of %s", axis, rl_onnx_shape_text(old).text);
    shape.dims[axis] = (int)length;
    s.start[axis] = starts[i];
    s.step[axis] = step;
  }
  return pick(node, &shape, sliced, &s, 0);
}

/* ---- Split -------------------------------------------------------------------------------------------------- */

/* Sizes of the parts along an axis of `size`. */
static rl_status read_parts(rl_onnx_node *node, int size, long long *parts) {
  int given = 0, outputs = node->outputs;
  long long total = 0;
  rl_status status = rl_onnx_list(node, 1, node->inputs > 1 ? NULL : "split", outputs, parts, &given);
  if (status != RL_OK) return status;
  if (given >= 0 && given != outputs)
    return rl_onnx_fail(node, "splits into %d parts, but has %d outputs", given, outputs);
  int chunk = (size + outputs - 1) / outputs; /* the last one may be smaller */
  for (int k = 0; k < outputs; k++) {
    if (given < 0) parts[k] = k + 1 < outputs ? chunk : size - (long long)chunk * (outputs - 1);
    if (parts[k] < 1 || parts[k] > size) return rl_onnx_fail(node, "part %d has size %lld", k + 1, parts[k]);
    total += parts[k];
  }
  return total == size ? RL_OK : rl_onnx_fail(node, "the parts have %lld elements, expected %d", total, size);
}

static rl_status give_part(rl_onnx_node *node, int k, int axis, int first, int size) {
  const rl_onnx_shape *old = &node->in[0]->shape;
  rl_onnx_shape shape = *old;
  shape.dims[axis] = size;
  int count = rl_onnx_count(&shape), at[RL_ONNX_RANK], *from = rl_alloc((size_t)count, sizeof *from);
  if (!from) return rl_fail_memory(node->space->err);
  for (int i = 0; i < count; i++) {
    rl_onnx_place(&shape, i, at);
    at[axis] += first;
    from[i] = rl_onnx_index(old, at);
  }
  rl_onnx_forms *part;
  rl_status status = rl_onnx_pick(node->space, node->in[0]->forms, count, from, 0, &part);
  rl_free(from);
  if (status != RL_OK) return status;
  if (node->out[k]) node->out[k]->whole = node->in[0]->whole;
  rl_onnx_give(node, k, &shape, part);
  return RL_OK;
}

rl_status rl_onnx_split(rl_onnx_node *node) {
  int axis, first = 0;
  rl_status status = rl_onnx_axis(node, node->in[0]->shape.rank, 0, &axis);
  if (status != RL_OK) return status;
  long long *parts = rl_alloc((size_t)node->outputs, sizeof *parts);
  if (!parts) return rl_fail_memory(node->space->err);
  status = read_parts(node, node->in[0]->shape.dims[axis], parts);
  for (int k = 0; k < node->outputs && status == RL_OK; k++) {
    status = give_part(node, k, axis, first, (int)parts[k]);
    first += (int)parts[k];
  }
  rl_free(parts);
  return status;
}

/* ---- Gather ------------------------------------------------------------------------------------------------- */

typedef struct gather {
  int axis;
  const rl_onnx_shape *indices;
  const double *index;
} gather;

static int gathered(const rl_onnx_shape *from, const int *at, const void *context) {
  const gather *g = context;
  int own[RL_ONNX_RANK], rank = g->indices->rank;
  for (int k = 0; k < from->rank; k++)
    if (k != g->axis) own[k] = k < g->axis ? at[k] : at[k + rank - 1];
  double index = g->index[rl_onnx_index(g->indices, at + g->axis)];
  own[g->axis] = (int)(index < 0 ? index + from->dims[g->axis] : index);
  return rl_onnx_index(from, own);
}

rl_status rl_onnx_gather(rl_onnx_node *node) {
  gather g;
  const rl_onnx_shape *old = &node->in[0]->shape;
  rl_status status = rl_onnx_axis(node, old->rank, 0, &g.axis);
  if (status == RL_OK) status = rl_onnx_need_constant(node, 1, "indices");
  if (status != RL_OK) return status;
  g.indices = &node->in[1]->shape;
  g.index = node->in[1]->forms->constant;
  for (int i = 0; i < node->in[1]->forms->count; i++) {
    int size = old->dims[g.axis];
    if (!(g.index[i] >= -size && g.index[i] < size))
      return rl_onnx_fail(node, "index %.17g: expected %d to %d", g.index[i], -size, size - 1);
  }
  rl_onnx_shape shape = {0};
  int good = old->rank + g.indices->rank - 1 <= RL_ONNX_RANK;
  for (int k = 0; k < old->rank && good; k++) {
    if (k != g.axis) good = rl_onnx_extend(&shape, old->dims[k]);
    for (int i = 0; i < g.indices->rank && k == g.axis && good; i++) good = rl_onnx_extend(&shape, g.indices->dims[i]);
  }
  return good ? pick(node, &shape, gathered, &g, 0) : rl_onnx_fail_large(node);
}

/* ---- Expand ------------------------------------------------------------------------------------------------- */

static int expanded(const rl_onnx_shape *from, const int *at, const void *context) {
  const rl_onnx_shape *to = context;
  return rl_onnx_origin(from, to, rl_onnx_index(to, at));
}

rl_status rl_onnx_expand(rl_onnx_node *node) {
  long long dims[RL_ONNX_RANK];
  int rank = 0;
  rl_onnx_shape wanted = {0}, shape;
  rl_status status = rl_onnx_list(node, 1, NULL, RL_ONNX_RANK, dims, &rank);
  for (int k = 0; k < rank && status == RL_OK; k++)
    if (!rl_onnx_extend(&wanted, dims[k])) status = rl_onnx_fail(node, "dimension %d is %lld", k, dims[k]);
  if (status != RL_OK) return status;
  if (!rl_onnx_broadcast(&node->in[0]->shape, &wanted, &shape))
    return rl_onnx_fail(node, "shapes %s and %s do not fit together", rl_onnx_shape_text(&node->in[0]->shape).text,
                        rl_onnx_shape_text(&wanted).text);
  return pick(node, &shape, expanded, &shape, 0);
}

/* ---- Pad ----------------------------------------------------------------------------------------------------- */

enum { CONSTANT, REFLECT, EDGE, WRAP };

typedef struct padding {
  int mode;
  long long before[RL_ONNX_RANK];
} padding;

static int padded(const rl_onnx_shape *from, const int *at, const void *context) {
  const padding *p = context;
  int own[RL_ONNX_RANK];
  for (int k = 0; k < from->rank; k++) {
    long long place = at[k] - p->before[k], size = from->dims[k];
    if (p->mode == CONSTANT && (place < 0 || place >= size)) return -1;
    if (p->mode == EDGE) place = clamp(place, 0, size - 1);
    if (p->mode == REFLECT && size > 1) {
      place = ((place % (2 * size - 2)) + 2 * size - 2) % (2 * size - 2);
      if (place >= size) place = 2 * size - 2 - place;
    }
    if (p->mode == REFLECT && size == 1) place = 0;
    if (p->mode == WRAP) place = ((place % size) + size) % size;
    own[k] = (int)place;
  }
  return rl_onnx_index(from, own);
}

/* Widths before and after each dimension, and the value. */
static rl_status read_padding(rl_onnx_node *node, long long *widths, double *value) {

  int rank = node->in[0]->shape.rank, count = 0, axes_count = 0;
  long long given[2 * RL_ONNX_RANK], axes[RL_ONNX_RANK];
  rl_status status = rl_onnx_list(node, 1, "pads", 2 * RL_ONNX_RANK, given, &count);
  if (status == RL_OK) status = rl_onnx_list(node, 3, NULL, RL_ONNX_RANK, axes, &axes_count);
  if (status == RL_OK) status = rl_onnx_real(node, "value", value);
  if (status == RL_OK && rl_onnx_has(node, 2)) {
    status = rl_onnx_need_constant(node, 2, "constant_value");
    if (status == RL_OK) *value = node->in[2]->forms->constant[0];
  }
  if (status != RL_OK) return status;
  if (axes_count < 0) axes_count = rank;
  for (int k = 0; k < axes_count && !rl_onnx_has(node, 3); k++) axes[k] = k;
  if (count != 2 * axes_count) return rl_onnx_fail(node, "pads: expected %d integers, got %d", 2 * axes_count, count);
  memset(widths, 0, 2 * (size_t)rank * sizeof *widths);
  for (int k = 0; k < axes_count; k++) {
    if (axes[k] < -rank || axes[k] >= rank)
      return rl_onnx_fail(node, "axis %lld: expected %d to %d", axes[k], -rank, rank - 1);
    long long axis = axes[k] < 0 ? axes[k] + rank : axes[k];
    widths[axis] = given[k];
    widths[rank + axis] = given[axes_count + k];
  }
  return RL_OK;
}

rl_status rl_onnx_pad(rl_onnx_node *node) {
  static const char *const modes[] = {"constant", "reflect", "edge", "wrap", NULL};
  long long widths[2 * RL_ONNX_RANK];
  double value = 0;
  padding p = {0};
  rl_status status = rl_onnx_word(node, "mode", modes, &p.mode);
  if (status == RL_OK) status = read_padding(node, widths, &value);
  if (status != RL_OK) return status;
  const rl_onnx_shape *old = &node->in[0]->shape;
  rl_onnx_shape shape = {0};
  for (int k = 0; k < old->rank; k++) {
    long long before = widths[k], after = widths[old->rank + k];
    if (before < -INT_MAX || before > INT_MAX || after < -INT_MAX || after > INT_MAX ||
        !rl_onnx_extend(&shape, old->dims[k] + before + after))
      return rl_onnx_fail(node, "dimension %d of %s cannot be padded by %lld and %lld", k, rl_onnx_shape_text(old).text,
                          before, after);
    p.before[k] = before;
  }
  return pick(node, &shape, padded, &p, value);
}
