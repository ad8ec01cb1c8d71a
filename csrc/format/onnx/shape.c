/* L2: ONNX: nodes that only arrange elements: Identity, Flatten, Reshape, Squeeze, Unsqueeze, Transpose; and
 * Constant. */
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "format/onnx/onnx.h"

rl_status rl_onnx_identity(rl_onnx_node *node) { return rl_onnx_take(node, node->in[0], &node->in[0]->shape); }

rl_status rl_onnx_flatten(rl_onnx_node *node) {
  rl_onnx_value *x = node->in[0];
  int axis = 1, rank = x->shape.rank;
  rl_status status = rl_onnx_integer(node, "axis", -rank, rank > 1 ? rank : 1, &axis);
  if (status != RL_OK) return status;
  if (axis < 0) axis += rank;
  if (axis > rank) axis = rank;
  rl_onnx_shape shape = {2, {rl_onnx_product(&x->shape, 0, axis), rl_onnx_product(&x->shape, axis, rank)}};
  return rl_onnx_take(node, x, &shape);
}

/* ---- Reshape --------------------------------------------------------------------------------- */

static rl_status fail_reshape(const rl_onnx_node *node) {
  const rl_onnx_value *target = node->in[1];
  char text[128] = "";
  for (int k = 0; k < rl_onnx_count(&target->shape) && strlen(text) < 96; k++)
    snprintf(text + strlen(text), sizeof text - strlen(text), k ? ",%.0f" : "%.0f", target->constant[k]);
  return rl_onnx_fail(node, "%s cannot take the shape [%s]", rl_onnx_shape_text(&node->in[0]->shape).text, text);
}

/* The shape that input 1 asks for: 0 keeps a dimension, -1 takes what is left. */
rl_status rl_onnx_reshape(rl_onnx_node *node) {
  int zero = 0;
  rl_status status = rl_onnx_need_constant(node, 1, "shape");
  if (status == RL_OK) status = rl_onnx_integer(node, "allowzero", 0, 0, &zero);
  if (status != RL_OK) return status;
  if (!node->in[1]->whole) return rl_onnx_fail(node, "shape (input 1): expected integers");
  const rl_onnx_shape *old = &node->in[0]->shape;
  int rank = rl_onnx_count(&node->in[1]->shape), count = rl_onnx_count(old), left = -1;
  rl_onnx_shape shape = {0};
  for (int k = 0; k < rank; k++) {
    double size = node->in[1]->constant[k];
    if (size == 0 && k < old->rank) size = old->dims[k];
    if (size == -1) {
      if (left >= 0) return fail_reshape(node);
      left = k;
      size = 1;
    }
    if (!(size >= 1 && size <= count) || !rl_onnx_extend(&shape, (long long)size)) return fail_reshape(node);
  }
  int known = rl_onnx_count(&shape);
  if (left >= 0 && count % known == 0) shape.dims[left] = count / known;
  if (rl_onnx_count(&shape) != count) return fail_reshape(node);
  return rl_onnx_take(node, node->in[0], &shape);
}

/* ---- Squeeze and Unsqueeze --------------------------------------------------------------------- */

/* The axes, from input 1 or the attribute, as flags over `rank` dimensions; *given = 0 where there are none. */
static rl_status read_axes(const rl_onnx_node *node, int rank, int *chosen, int *given) {
  const Rl__Onnx__Attribute *a = rl_onnx_attribute(node, "axes");
  int by_input = node->inputs > 1 && node->in[1];
  if (by_input) {
    rl_status status = rl_onnx_need_constant(node, 1, "axes");
    if (status != RL_OK) return status;
  }
  if (!by_input && a && !a->n_ints && (a->has_i || a->has_f || a->s.len))
    return rl_onnx_fail(node, "attribute 'axes': expected integers");
  size_t count = by_input ? (size_t)rl_onnx_count(&node->in[1]->shape) : a ? a->n_ints : 0;
  *given = by_input || a;
  for (size_t i = 0; i < count; i++) {
    double axis = by_input ? node->in[1]->constant[i] : (double)a->ints[i];
    double place = axis < 0 ? axis + rank : axis;
    if (!(place >= 0 && place < rank) || place != floor(place))
      return rl_onnx_fail(node, "axis %.17g: expected %d to %d", axis, -rank, rank - 1);
    if (chosen[(int)place]++) return rl_onnx_fail(node, "axis %.17g is given twice", axis);
  }
  return RL_OK;
}

rl_status rl_onnx_squeeze(rl_onnx_node *node) {
  const rl_onnx_shape *old = &node->in[0]->shape;
  int chosen[RL_ONNX_RANK] = {0}, given;
  rl_status status = read_axes(node, old->rank, chosen, &given);
  if (status != RL_OK) return status;
  rl_onnx_shape shape = {0};
  for (int k = 0; k < old->rank; k++) {
    if (chosen[k] && old->dims[k] != 1)
      return rl_onnx_fail(node, "dimension %d of %s cannot be left out: it is not 1", k, rl_onnx_shape_text(old).text);
    if (given ? !chosen[k] : old->dims[k] != 1) shape.dims[shape.rank++] = old->dims[k];
  }
  return rl_onnx_take(node, node->in[0], &shape);
}

rl_status rl_onnx_unsqueeze(rl_onnx_node *node) {
  const rl_onnx_shape *old = &node->in[0]->shape;
  const Rl__Onnx__Attribute *a = rl_onnx_attribute(node, "axes");
  int by_input = node->inputs > 1 && node->in[1] && node->in[1]->kind == RL_ONNX_CONSTANT;
  size_t more = by_input ? (size_t)rl_onnx_count(&node->in[1]->shape) : a ? a->n_ints : 0;
  if (!more) return rl_onnx_fail(node, "axes: expected constant integers, as input 1 or as an attribute");
  if (more > (size_t)(RL_ONNX_RANK - old->rank))
    return rl_onnx_fail(node, "the result has %zu dimensions, at most %d are supported", more + (size_t)old->rank,
                        RL_ONNX_RANK);
  int rank = old->rank + (int)more, chosen[RL_ONNX_RANK] = {0}, given;
  rl_status status = read_axes(node, rank, chosen, &given);
  if (status != RL_OK) return status;
  rl_onnx_shape shape = {.rank = rank};
  for (int k = 0, from = 0; k < rank; k++) shape.dims[k] = chosen[k] ? 1 : old->dims[from++];
  return rl_onnx_take(node, node->in[0], &shape);
}

/* ---- Transpose --------------------------------------------------------------------------------- */

static rl_status read_permutation(const rl_onnx_node *node, int rank, int *permutation) {
  int seen[RL_ONNX_RANK] = {0};
  for (int k = 0; k < rank; k++) permutation[k] = rank - 1 - k;
  rl_status status = rl_onnx_integers(node, "perm", rank, 0, rank - 1, permutation);
  for (int k = 0; k < rank && status == RL_OK; k++)
    if (seen[permutation[k]]++) status = rl_onnx_fail(node, "attribute 'perm' has %d twice", permutation[k]);
  return status;
}

/* Element number `index` of the transposed tensor, as a number of the old one. */
static int transposed_element(const rl_onnx_shape *old, const int *permutation, const rl_onnx_shape *shape, int index) {
  int element = 0;
  for (int k = shape->rank - 1; k >= 0; k--) {
    assert(shape->dims[k] > 0);
    int place = index % shape->dims[k];
    index /= shape->dims[k];
    element += place * rl_onnx_product(old, permutation[k] + 1, old->rank);
  }
  return element;
}

rl_status rl_onnx_transpose(rl_onnx_node *node) {
  rl_onnx_value *x = node->in[0];
  int permutation[RL_ONNX_RANK], count = rl_onnx_count(&x->shape), still = 1;
  rl_status status = read_permutation(node, x->shape.rank, permutation);
  if (status != RL_OK) return status;
  rl_onnx_shape shape = {.rank = x->shape.rank};
  for (int k = 0; k < shape.rank; k++) shape.dims[k] = x->shape.dims[permutation[k]];
  for (int i = 0; i < count && still; i++) still = transposed_element(&x->shape, permutation, &shape, i) == i;
  if (still) return rl_onnx_take(node, x, &shape);
  status = x->kind == RL_ONNX_CONSTANT ? rl_onnx_new_constant(node, &shape) : rl_onnx_new_map(node, &x->map, &shape);
  node->out->whole = x->whole;
  for (int i = 0; i < count && status == RL_OK; i++) {
    int element = transposed_element(&x->shape, permutation, &shape, i);
    if (x->kind == RL_ONNX_CONSTANT)
      node->out->constant[i] = x->constant[element];
    else
      rl_onnx_add(&node->out->map, i, &x->map, element, 1);
  }
  return status;
}

/* ---- Constant ---------------------------------------------------------------------------------- */

rl_status rl_onnx_constant(rl_onnx_node *node) {
  if (node->proto->n_attribute != 1) return rl_onnx_fail(node, "expected one attribute, the value");
  const Rl__Onnx__Attribute *a = node->proto->attribute[0];
  if (strcmp(a->name, "value") == 0) {
    if (!a->t) return rl_onnx_fail(node, "attribute 'value': expected a tensor");
    return rl_onnx_read_tensor(node->reader, a->t, "constant", node->out->name, node->out);
  }
  rl_onnx_shape shape = {0};
  int list = strcmp(a->name, "value_floats") == 0 || strcmp(a->name, "value_ints") == 0;
  int whole = strcmp(a->name, "value_ints") == 0 || strcmp(a->name, "value_int") == 0;
  size_t count = !list ? 1 : whole ? a->n_ints : a->n_floats;
  if (list && !rl_onnx_extend(&shape, (long long)count)) return rl_onnx_fail(node, "attribute '%s' is empty", a->name);
  rl_status status = rl_onnx_new_constant(node, &shape);
  node->out->whole = whole;
  for (size_t i = 0; i < count && status == RL_OK; i++) {
    double value = whole ? (double)(list ? a->ints[i] : a->i) : (double)(list ? a->floats[i] : a->f);
    if (!isfinite(value)) return rl_onnx_fail(node, "element %zu: expected a finite number, got %g", i + 1, value);
    node->out->constant[i] = value;
  }
  return status;
}
