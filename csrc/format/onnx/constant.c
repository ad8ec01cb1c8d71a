/* L2: ONNX: nodes that make constants: Constant, ConstantOfShape, Shape. */
#include <string.h>

#include "format/onnx/operator.h"

static rl_status take_tensor(rl_onnx_node *node, const Rl__Onnx__Tensor *tensor) {
  rl_onnx_value *out = node->out[0];
  rl_status status =
      rl_onnx_read_tensor(node->source, tensor, "constant", out->name, &out->shape, &out->forms, &out->whole);
  if (status == RL_OK) out->state = RL_ONNX_READY;
  return status;
}

rl_status rl_onnx_constant(rl_onnx_node *node) {
  if (node->proto->n_attribute != 1) return rl_onnx_fail(node, "expected one attribute, the value");
  const Rl__Onnx__Attribute *a = node->proto->attribute[0];
  if (strcmp(a->name, "value") == 0)
    return a->t ? take_tensor(node, a->t) : rl_onnx_fail(node, "attribute 'value': expected a tensor");
  rl_onnx_shape shape = {0};
  int list = strcmp(a->name, "value_floats") == 0 || strcmp(a->name, "value_ints") == 0;
  int whole = strcmp(a->name, "value_ints") == 0 || strcmp(a->name, "value_int") == 0;
  size_t count = !list ? 1 : whole ? a->n_ints : a->n_floats;
  if (list && !rl_onnx_extend(&shape, (long long)count)) return rl_onnx_fail(node, "attribute '%s' is empty", a->name);
  rl_onnx_forms *f;
  rl_status status = rl_onnx_constants(node->space, (int)count, &f);
  if (status != RL_OK) return status;
  for (size_t i = 0; i < count; i++)
    f->constant[i] = whole ? (double)(list ? a->ints[i] : a->i) : (double)(list ? a->floats[i] : a->f);
  for (size_t i = 0; i < count; i++)
    if (f->constant[i] != f->constant[i]) {
      rl_onnx_release(f);
      return rl_onnx_fail(node, "element %zu: expected a number, got nan", i + 1);
    }
  rl_onnx_give(node, 0, &shape, f);
  node->out[0]->whole = whole;
  return RL_OK;
}

rl_status rl_onnx_constant_of_shape(rl_onnx_node *node) {
  long long dims[RL_ONNX_RANK];
  int rank = 0, whole = 0;
  rl_status status = rl_onnx_list(node, 0, NULL, RL_ONNX_RANK, dims, &rank);
  rl_onnx_shape shape = {0}, one;
  rl_onnx_forms *value = NULL, *f = NULL;
  for (int k = 0; k < rank && status == RL_OK; k++)
    if (!rl_onnx_extend(&shape, dims[k])) status = rl_onnx_fail(node, "dimension %d is %lld", k, dims[k]);
  const Rl__Onnx__Attribute *a = rl_onnx_attribute(node, "value");
  if (status == RL_OK && a && !a->t) status = rl_onnx_fail(node, "attribute 'value': expected a tensor");
  if (status == RL_OK && a)
    status = rl_onnx_read_tensor(node->source, a->t, "constant", "value", &one, &value, &whole);
  if (status == RL_OK) status = rl_onnx_need(node->space, 8.0 * rl_onnx_count(&shape));
  if (status == RL_OK) status = rl_onnx_constants(node->space, rl_onnx_count(&shape), &f);
  for (int i = 0; status == RL_OK && value && i < f->count; i++) f->constant[i] = value->constant[0];
  rl_onnx_release(value);
  if (status != RL_OK) return status;
  rl_onnx_give(node, 0, &shape, f);
  node->out[0]->whole = whole;
  return RL_OK;
}

static int clamp(int at, int rank) { return at < 0 ? (at + rank < 0 ? 0 : at + rank) : at > rank ? rank : at; }

rl_status rl_onnx_shape_node(rl_onnx_node *node) {
  const rl_onnx_shape *own = &node->in[0]->shape;
  int start = 0, end = own->rank;
  rl_status status = rl_onnx_integer(node, "start", -1000, 1000, &start);
  if (status == RL_OK) status = rl_onnx_integer(node, "end", -1000, 1000, &end);
  if (status != RL_OK) return status;
  start = clamp(start, own->rank);
  end = clamp(end, own->rank);
  rl_onnx_shape shape = {1, {end - start}};
  rl_onnx_forms *f = NULL;
  if (end > start) status = rl_onnx_constants(node->space, end - start, &f);
  for (int k = start; k < end && status == RL_OK; k++) f->constant[k - start] = own->dims[k];
  if (status != RL_OK) return status;
  rl_onnx_give(node, 0, &shape, f);
  node->out[0]->whole = 1;
  return RL_OK;
}
