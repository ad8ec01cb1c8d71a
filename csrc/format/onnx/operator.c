/* L2: ONNX: the table of operators (see operator.h). */
#include "format/onnx/operator.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MOST_ATTRIBUTES = 9, ANY = INT_MAX };
/* Constants of a node may be infinite. */
enum { INFINITE = 1 };

typedef struct entry {
  const char *name;
  rl_onnx_operator *compute;
  int least, most; /* inputs */
  int flags;
  const char *attributes[MOST_ATTRIBUTES]; /* those it reads, or may ignore */
} entry;

static const entry operators[] = {
    {"Abs", rl_onnx_abs, 1, 1, 0, {NULL}},
    {"Add", rl_onnx_add, 2, 2, 0, {"broadcast"}},
    {"AveragePool", rl_onnx_average_pool, 1, 1, 0,
     {"auto_pad", "ceil_mode", "count_include_pad", "dilations", "kernel_shape", "pads", "strides"}},
    {"BatchNormalization", rl_onnx_batch_norm, 5, 5, 0, {"epsilon", "momentum", "spatial", "training_mode"}},
    {"Cast", rl_onnx_cast, 1, 1, INFINITE, {"to", "saturate", "round_mode"}},
    {"Clip", rl_onnx_clip, 1, 3, INFINITE, {"min", "max"}},
    {"Concat", rl_onnx_concat, 1, ANY, INFINITE, {"axis"}},
    {"Constant", rl_onnx_constant, 0, 0, INFINITE, {"value", "value_float", "value_floats", "value_int", "value_ints"}},
    {"ConstantOfShape", rl_onnx_constant_of_shape, 1, 1, INFINITE, {"value"}},
    {"Conv", rl_onnx_conv, 2, 3, 0, {"auto_pad", "dilations", "group", "kernel_shape", "pads", "strides"}},
    {"ConvTranspose", rl_onnx_conv_transpose, 2, 3, 0,
     {"auto_pad", "dilations", "group", "kernel_shape", "output_padding", "output_shape", "pads", "strides"}},
    {"Div", rl_onnx_div, 2, 2, 0, {"broadcast"}},
    {"Dropout", rl_onnx_dropout, 1, 3, 0, {"ratio", "seed", "is_test"}},
    {"Expand", rl_onnx_expand, 2, 2, INFINITE, {NULL}},
    {"Flatten", rl_onnx_flatten, 1, 1, INFINITE, {"axis"}},
    {"Gather", rl_onnx_gather, 2, 2, INFINITE, {"axis"}},
    {"Gemm", rl_onnx_gemm, 2, 3, 0, {"alpha", "beta", "broadcast", "transA", "transB"}},
    {"GlobalAveragePool", rl_onnx_global_average_pool, 1, 1, 0, {NULL}},
    {"GlobalMaxPool", rl_onnx_global_max_pool, 1, 1, 0, {NULL}},
    {"HardSigmoid", rl_onnx_hard_sigmoid, 1, 1, 0, {"alpha", "beta"}},
    {"Identity", rl_onnx_identity, 1, 1, INFINITE, {NULL}},
    {"LeakyRelu", rl_onnx_leaky_relu, 1, 1, 0, {"alpha"}},
    {"MatMul", rl_onnx_matmul, 2, 2, 0, {NULL}},
    {"Max", rl_onnx_max, 1, ANY, INFINITE, {NULL}},
    {"MaxPool", rl_onnx_max_pool, 1, 1, 0,
     {"auto_pad", "ceil_mode", "dilations", "kernel_shape", "pads", "storage_order", "strides"}},
    {"Mean", rl_onnx_mean, 1, ANY, 0, {NULL}},
    {"Min", rl_onnx_min, 1, ANY, INFINITE, {NULL}},
    {"Mul", rl_onnx_mul, 2, 2, 0, {"broadcast"}},
    {"Neg", rl_onnx_neg, 1, 1, 0, {NULL}},
    {"PRelu", rl_onnx_prelu, 2, 2, 0, {NULL}},
    {"Pad", rl_onnx_pad, 1, 4, INFINITE, {"mode", "pads", "value"}},
    {"ReduceMax", rl_onnx_reduce_max, 1, 2, 0, {"axes", "keepdims", "noop_with_empty_axes"}},
    {"ReduceMean", rl_onnx_reduce_mean, 1, 2, 0, {"axes", "keepdims", "noop_with_empty_axes"}},
    {"ReduceMin", rl_onnx_reduce_min, 1, 2, 0, {"axes", "keepdims", "noop_with_empty_axes"}},
    {"ReduceSum", rl_onnx_reduce_sum, 1, 2, 0, {"axes", "keepdims", "noop_with_empty_axes"}},
    {"Relu", rl_onnx_relu, 1, 1, 0, {NULL}},
    {"Reshape", rl_onnx_reshape, 2, 2, INFINITE, {"allowzero"}},
    {"Resize", rl_onnx_resize, 1, 4, 0,
     {"antialias", "axes", "coordinate_transformation_mode", "cubic_coeff_a", "exclude_outside", "extrapolation_value",
      "keep_aspect_ratio_policy", "mode", "nearest_mode"}},
    {"Shape", rl_onnx_shape_node, 1, 1, INFINITE, {"start", "end"}},
    {"Slice", rl_onnx_slice, 1, 5, INFINITE, {"axes", "ends", "starts"}},
    {"Split", rl_onnx_split, 1, 2, INFINITE, {"axis", "num_outputs", "split"}},
    {"Squeeze", rl_onnx_squeeze, 1, 2, INFINITE, {"axes"}},
    {"Sub", rl_onnx_sub, 2, 2, 0, {"broadcast"}},
    {"Sum", rl_onnx_sum_node, 1, ANY, 0, {NULL}},
    {"Transpose", rl_onnx_transpose, 1, 1, INFINITE, {"perm"}},
    {"Unsqueeze", rl_onnx_unsqueeze, 1, 2, INFINITE, {"axes"}},
    {"Upsample", rl_onnx_upsample, 1, 2, 0, {"mode", "scales"}},
};
enum { OPERATORS = sizeof operators / sizeof *operators };

/* ---- what is refused, and why ------------------------------------------------------------------------ */

typedef struct refusal {
  const char *why;
  const char *names; /* each with a blank on both sides */
} refusal;

static const refusal refusals[] = {
    {"is not piecewise linear",
     " Acos Acosh Asin Asinh Atan Atanh Attention Celu Cos Cosh Einsum Elu Erf Exp GRU Gelu GroupNormalization "
     "HardSwish InstanceNormalization LRN LSTM LayerNormalization Log LogSoftmax LpNormalization "
     "MeanVarianceNormalization Mish MultiHeadAttention Pow RMSNormalization RNN Reciprocal ReduceL2 ReduceLogSumExp "
     "ReduceProd ReduceSumSquare RotaryEmbedding Selu Sigmoid Sin Sinh Softmax Softplus Softsign Sqrt Swish Tan Tanh "},
    {"jumps: it is not continuous",
     " And ArgMax ArgMin Ceil Equal Floor Greater GreaterOrEqual Hardmax IsInf IsNaN Less LessOrEqual Mod NonZero Not "
     "OneHot Or Round Shrink Sign ThresholdedRelu TopK Where Xor "},
    {"is control flow", " If Loop Scan "},
    {"depends on chance", " Bernoulli Multinomial RandomNormal RandomNormalLike RandomUniform RandomUniformLike "},
};

static const char *why_refused(const char *name) {
  char word[80];
  snprintf(word, sizeof word, " %.70s ", name);
  for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++)
    if (name[0] && strstr(refusals[i].names, word)) return refusals[i].why;
  return NULL;
}

static int is_standard(const rl_onnx_node *node) {
  const char *domain = node->proto->domain;
  return !domain || !domain[0] || strcmp(domain, "ai.onnx") == 0;
}

static rl_status fail_unknown(const rl_onnx_node *node) {
  const char *name = node->proto->op_type ? node->proto->op_type : "";
  const char *why = is_standard(node) ? why_refused(name) : NULL;
  const char *before = node->inputs && node->proto->input[0] ? node->proto->input[0] : "";
  if (why)
    return rl_onnx_fail(node, "this operator %s; the network up to it can be read: output '%s'", why,
                        rl_onnx_name_text(before).text);
  if (!is_standard(node))
    return rl_onnx_fail(node,
                        "operators and functions of the domain '%s' are not supported; inline the model's functions "
                        "before",
                        rl_onnx_name_text(node->proto->domain).text);
  return rl_onnx_fail(node, "%s", "this operator is not supported; the guide's page on ONNX lists those that are");
}

/* ---- computing a node -------------------------------------------------------------------------------------- */

static const entry *find_operator(const char *name) {
  for (int i = 0; i < OPERATORS; i++)
    if (strcmp(operators[i].name, name) == 0) return &operators[i];
  return NULL;
}

/* An attribute that is not known might change the meaning: none is ignored. */
static rl_status check_attributes(const rl_onnx_node *node, const entry *op) {
  for (size_t i = 0; i < node->proto->n_attribute; i++) {
    const Rl__Onnx__Attribute *a = node->proto->attribute[i];
    const char *name = a->name ? a->name : "";
    int known = 0;
    for (int k = 0; k < MOST_ATTRIBUTES && op->attributes[k] && !known; k++)
      known = strcmp(op->attributes[k], name) == 0;
    if (!known) return rl_onnx_fail(node, "attribute '%s' is not supported", rl_onnx_name_text(name).text);
    if (a->ref_attr_name && a->ref_attr_name[0])
      return rl_onnx_fail(node, "attribute '%s' refers to a function's attribute, which is not supported", name);
    if (rl_onnx_attribute(node, name) != a) return rl_onnx_fail(node, "attribute '%s' is given twice", name);
  }
  return RL_OK;
}

static rl_status check_finite(const rl_onnx_node *node) {
  for (int i = 0; i < node->inputs; i++) {
    const rl_onnx_forms *f = node->in[i] ? node->in[i]->forms : NULL;
    for (int k = 0; f && k < f->count; k++)
      if (!isfinite(f->constant[k]))
        return rl_onnx_fail(node, "its input '%s': element %d of %d: expected a finite number, got %g",
                            rl_onnx_name_text(node->in[i]->name).text, k + 1, f->count, f->constant[k]);
  }
  return RL_OK;
}

rl_status rl_onnx_compute(rl_onnx_node *node) {
  const Rl__Onnx__Node *proto = node->proto;
  const entry *op = find_operator(proto->op_type ? proto->op_type : "");
  if (!op || !is_standard(node)) return fail_unknown(node);
  if (op->most == ANY && node->inputs < op->least)
    return rl_onnx_fail(node, "has %d inputs, expected %d or more", node->inputs, op->least);
  if (node->inputs < op->least || node->inputs > op->most)
    return rl_onnx_fail(node, "has %d inputs, expected %d to %d", node->inputs, op->least, op->most);
  rl_status status = check_attributes(node, op);
  for (int i = 0; status == RL_OK && i < op->least; i++)
    if (!node->in[i]) status = rl_onnx_fail(node, "input %d is missing%s", i,
                                            proto->input[i] && proto->input[i][0] ? ": it is empty" : "");
  if (status == RL_OK && !(op->flags & INFINITE)) status = check_finite(node);
  return status == RL_OK ? op->compute(node) : status;
}

int rl_onnx_keeps_order(const rl_onnx_node *node, const rl_onnx_shape *shape) {
  int rank = shape->rank, argmax = strcmp(node->proto->op_type, "ArgMax") == 0;
  int axis = argmax ? 0 : node->opset < 13 ? 1 : -1, count = rl_onnx_count(shape);
  const Rl__Onnx__Attribute *a = rl_onnx_attribute(node, "axis");
  if (a) axis = a->i >= -rank && a->i < rank ? (int)a->i : rank;
  if (axis < 0) axis += rank;
  if (rank == 0) return 1;
  if (axis < 0 || axis >= rank) return 0;
  if (!argmax && node->opset < 13) return rl_onnx_product(shape, 0, axis) == 1; /* over all that follows */
  return shape->dims[axis] == count;
}
