/* L2: ONNX: nodes that keep the elements as they lie: Identity, Dropout, Cast, Flatten, Reshape, Squeeze, Unsqueeze. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "format/onnx/operator.h"

rl_status rl_onnx_identity(rl_onnx_node *node) { return rl_onnx_reshaped(node, 0, &node->in[0]->shape); }

/* At inference nothing is dropped. */
rl_status rl_onnx_dropout(rl_onnx_node *node) {
  if (rl_onnx_has(node, 2)) {
    rl_status status = rl_onnx_need_constant(node, 2, "training_mode");
    if (status != RL_OK) return status;
    if (node->in[2]->forms->constant[0] != 0)
      return rl_onnx_fail(node, "training_mode is on: that depends on chance, export the model for inference");
  }
  return rl_onnx_identity(node);
}

/* To a type of floats: values as they are (of constants, rounded to it); to integers, constants only. */
static double cast_value(int type, double value) {
  if (type == RL__ONNX__TENSOR__DATA_TYPE__BOOL) return value != 0;
  if (!rl_onnx_is_float(type)) return trunc(value);
  return type == RL__ONNX__TENSOR__DATA_TYPE__FLOAT ? (double)(float)value : value;
}

rl_status rl_onnx_cast(rl_onnx_node *node) {
  int type = 0;
  rl_status status = rl_onnx_integer(node, "to", 1, 100, &type);
  if (status != RL_OK) return status;
  rl_onnx_value *x = node->in[0];
  int constant = rl_onnx_is_constant(x->forms);
  if (!constant && !rl_onnx_is_float(type))
    return rl_onnx_fail(node, "to data type %d: rounding to integers is not continuous", type);
  if (!constant) return rl_onnx_identity(node);
  rl_onnx_forms *f;
  status = rl_onnx_constants(node->space, x->forms->count, &f);
  for (int i = 0; status == RL_OK && i < f->count; i++) f->constant[i] = cast_value(type, x->forms->constant[i]);
  if (status != RL_OK) return status;
  rl_onnx_give(node, 0, &x->shape, f);
  node->out[0]->whole = !rl_onnx_is_float(type);
  return RL_OK;
}

rl_status rl_onnx_flatten(rl_onnx_node *node) {
  rl_onnx_value *x = node->in[0];
  int axis = 1, rank = x->shape.rank;
  rl_status status = rl_onnx_integer(node, "axis", -rank, rank > 1 ? rank : 1, &axis);
  if (status != RL_OK) return status;
  if (axis < 0) axis += rank;
  if (axis > rank) axis = rank;
  rl_onnx_shape shape = {2, {rl_onnx_product(&x->shape, 0, axis), rl_onnx_product(&x->shape, axis, rank)}};
  return rl_onnx_reshaped(node, 0, &shape);
}

/* ---- Reshape --------------------------------------------------------------------------------- */

static rl_status fail_reshape(const rl_onnx_node *node, const long long *target, int rank) {
  char text[192] = "";
  for (int k = 0; k < rank; k++)
    snprintf(text + strlen(text), sizeof text - strlen(text), k ? ",%lld" : "%lld", target[k]);
  return rl_onnx_fail(node, "%s cannot take the shape [%s]", rl_onnx_shape_text(&node->in[0]->shape).text, text);
}

/* The shape that input 1 asks for: -1 takes what is left, 0 keeps a dimension (unless allowzero: then nothing fits). */
rl_status rl_onnx_reshape(rl_onnx_node *node) {
  int zero = 0, rank = 0, left = -1;
  long long target[RL_ONNX_RANK] = {0};
  rl_status status = rl_onnx_need_constant(node, 1, "shape");
  if (status == RL_OK) status = rl_onnx_integer(node, "allowzero", 0, 1, &zero);
  if (status == RL_OK) status = rl_onnx_list(node, 1, NULL, RL_ONNX_RANK, target, &rank);
  if (status != RL_OK) return status;
  if (!node->in[1]->whole) return rl_onnx_fail(node, "shape (input 1): expected integers");
  const rl_onnx_shape *old = &node->in[0]->shape;
  rl_onnx_shape shape = {0};
  int count = rl_onnx_count(old);
  for (int k = 0; k < rank; k++) {
    long long size = target[k];
    if (size == 0 && !zero && k < old->rank) size = old->dims[k];
    if (size == -1) {
      if (left >= 0) return fail_reshape(node, target, rank);
      left = k;
      size = 1;
    }
    if (size < 1 || size > count || !rl_onnx_extend(&shape, size)) return fail_reshape(node, target, rank);
  }
  int known = rl_onnx_count(&shape);
  if (left >= 0 && count % known == 0) shape.dims[left] = count / known;
  if (rl_onnx_count(&shape) != count) return fail_reshape(node, target, rank);
  return rl_onnx_reshaped(node, 0, &shape);
}

/* ---- Squeeze and Unsqueeze --------------------------------------------------------------------- */

rl_status rl_onnx_squeeze(rl_onnx_node *node) {
  const rl_onnx_shape *old = &node->in[0]->shape;
  int chosen[RL_ONNX_RANK] = {0}, given;
  rl_status status = rl_onnx_axes(node, 1, old->rank, chosen, &given);
  if (status != RL_OK) return status;
  rl_onnx_shape shape = {0};
  for (int k = 0; k < old->rank; k++) {
    if (chosen[k] && old->dims[k] != 1)
      return rl_onnx_fail(node, "dimension %d of %s cannot be left out: it is not 1", k, rl_onnx_shape_text(old).text);
    if (given >= 0 ? !chosen[k] : old->dims[k] != 1) shape.dims[shape.rank++] = old->dims[k];
  }
  return rl_onnx_reshaped(node, 0, &shape);
}

rl_status rl_onnx_unsqueeze(rl_onnx_node *node) {
  const rl_onnx_shape *old = &node->in[0]->shape;
  long long list[RL_ONNX_RANK];
  int more = 0, chosen[RL_ONNX_RANK] = {0};
  rl_status status = rl_onnx_list(node, 1, "axes", RL_ONNX_RANK, list, &more);
  if (status != RL_OK) return status;
  if (more < 1) return rl_onnx_fail(node, "axes: expected constant integers, as input 1 or as an attribute");
  int rank = old->rank + more;
  if (rank > RL_ONNX_RANK)
    return rl_onnx_fail(node, "the result has %d dimensions, at most %d are supported", rank, RL_ONNX_RANK);
  status = rl_onnx_axes(node, 1, rank, chosen, &more);
  if (status != RL_OK) return status;
  rl_onnx_shape shape = {.rank = rank};
  for (int k = 0, from = 0; k < rank; k++) shape.dims[k] = chosen[k] ? 1 : old->dims[from++];
  return rl_onnx_reshaped(node, 0, &shape);
}
