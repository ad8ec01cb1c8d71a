/* L2: ONNX: nodes, their attributes, and the table of operators. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "format/onnx/onnx.h"

/* ---- messages -------------------------------------------------------------------------------- */

rl_onnx_text rl_onnx_node_text(const rl_onnx_node *node) {
  rl_onnx_text name = rl_onnx_name_text(node->proto->name ? node->proto->name : "");
  rl_onnx_text word = rl_onnx_name_text(node->proto->op_type ? node->proto->op_type : "");
  const char *quote = name.text[0] ? "'" : "", *space = name.text[0] ? " " : "";
  rl_onnx_text t;
  snprintf(t.text, sizeof t.text, "node %d%s%s%.70s%s (%.70s)", node->number, space, quote, name.text, quote,
           word.text);
  return t;
}

/* ---- attributes ------------------------------------------------------------------------------ */

static const Rl__Onnx__Attribute *find_attribute(const Rl__Onnx__Node *proto, const char *name) {
  for (size_t i = 0; i < proto->n_attribute; i++)
    if (proto->attribute[i]->name && strcmp(proto->attribute[i]->name, name) == 0) return proto->attribute[i];
  return NULL;
}

const Rl__Onnx__Attribute *rl_onnx_attribute(const rl_onnx_node *node, const char *name) {
  return find_attribute(node->proto, name);
}

static rl_status check_range(const rl_onnx_node *node, const char *name, int64_t value, int low, int high) {
  if (value >= low && value <= high) return RL_OK;
  return rl_onnx_fail(node, "attribute '%s' is %lld, expected %d to %d", name, (long long)value, low, high);
}

rl_status rl_onnx_integer(const rl_onnx_node *node, const char *name, int low, int high, int *out) {
  const Rl__Onnx__Attribute *a = rl_onnx_attribute(node, name);
  if (!a) return RL_OK;
  if (!a->has_i && a->type != RL__ONNX__ATTRIBUTE__TYPE__INT)
    return rl_onnx_fail(node, "attribute '%s': expected an integer", name);
  rl_status status = check_range(node, name, a->i, low, high);
  if (status == RL_OK) *out = (int)a->i;
  return status;
}

rl_status rl_onnx_real(const rl_onnx_node *node, const char *name, double *out) {
  const Rl__Onnx__Attribute *a = rl_onnx_attribute(node, name);
  if (!a) return RL_OK;
  if ((!a->has_f && a->type != RL__ONNX__ATTRIBUTE__TYPE__FLOAT) || !isfinite(a->f))
    return rl_onnx_fail(node, "attribute '%s': expected a finite number", name);
  *out = a->f;
  return RL_OK;
}

rl_status rl_onnx_integers(const rl_onnx_node *node, const char *name, int count, int low, int high, int *out) {
  const Rl__Onnx__Attribute *a = rl_onnx_attribute(node, name);
  if (!a) return RL_OK;
  if (a->n_ints != (size_t)count)
    return rl_onnx_fail(node, "attribute '%s' has %zu integers, expected %d", name, a->n_ints, count);
  for (int i = 0; i < count; i++) {
    rl_status status = check_range(node, name, a->ints[i], low, high);
    if (status != RL_OK) return status;
  }
  for (int i = 0; i < count; i++) out[i] = (int)a->ints[i];
  return RL_OK;
}

/* ---- inputs ---------------------------------------------------------------------------------- */

rl_status rl_onnx_need_constant(const rl_onnx_node *node, int i, const char *what) {
  if (i < node->inputs && node->in[i] && node->in[i]->kind == RL_ONNX_CONSTANT) return RL_OK;
  return rl_onnx_fail(node, "%s (input %d): expected a constant%s", what, i,
                      i < node->inputs && node->in[i] ? ", it depends on the network's input" : ", it is missing");
}

rl_status rl_onnx_need_map(const rl_onnx_node *node, int i, const char *what) {
  if (i < node->inputs && node->in[i] && node->in[i]->kind == RL_ONNX_MAPPED) return RL_OK;
  return rl_onnx_fail(node, "%s (input %d): expected a value that depends on the network's input%s", what, i,
                      i < node->inputs && node->in[i] ? ", it is constant" : ", it is missing");
}

/* ---- operators ------------------------------------------------------------------------------- */

enum { MOST_ATTRIBUTES = 8 };

typedef struct entry {
  const char *name;
  rl_onnx_operator *compute;
  int least, most;                         /* inputs */
  const char *attributes[MOST_ATTRIBUTES]; /* those it reads, or may ignore */
} entry;

static const entry operators[] = {
    {"Add", rl_onnx_add_node, 2, 2, {"broadcast"}},
    {"AveragePool",
     rl_onnx_average_pool,
     1,
     1,
     {"auto_pad", "ceil_mode", "count_include_pad", "dilations", "kernel_shape", "pads", "strides"}},
    {"BatchNormalization", rl_onnx_batch_norm, 5, 5, {"epsilon", "momentum", "spatial", "training_mode"}},
    {"Constant", rl_onnx_constant, 0, 0, {"value", "value_float", "value_floats", "value_int", "value_ints"}},
    {"Conv", rl_onnx_conv, 2, 3, {"auto_pad", "dilations", "group", "kernel_shape", "pads", "strides"}},
    {"Div", rl_onnx_div, 2, 2, {"broadcast"}},
    {"Flatten", rl_onnx_flatten, 1, 1, {"axis"}},
    {"Gemm", rl_onnx_gemm, 2, 3, {"alpha", "beta", "broadcast", "transA", "transB"}},
    {"GlobalAveragePool", rl_onnx_global_average_pool, 1, 1, {NULL}},
    {"Identity", rl_onnx_identity, 1, 1, {NULL}},
    {"MatMul", rl_onnx_matmul, 2, 2, {NULL}},
    {"Mul", rl_onnx_mul, 2, 2, {"broadcast"}},
    {"Relu", rl_onnx_relu, 1, 1, {NULL}},
    {"Reshape", rl_onnx_reshape, 2, 2, {"allowzero"}},
    {"Squeeze", rl_onnx_squeeze, 1, 2, {"axes"}},
    {"Sub", rl_onnx_sub, 2, 2, {"broadcast"}},
    {"Transpose", rl_onnx_transpose, 1, 1, {"perm"}},
    {"Unsqueeze", rl_onnx_unsqueeze, 1, 2, {"axes"}},
};
enum { OPERATORS = sizeof operators / sizeof *operators };

static rl_status fail_unknown(const rl_onnx_node *node) {
  char names[256] = "";
  for (int i = 0; i < OPERATORS; i++) {
    size_t length = strlen(names);
    snprintf(names + length, sizeof names - length, " %s", operators[i].name);
  }
  return rl_onnx_fail(node, "this operator is not supported; supported are:%s", names);
}

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
    if (find_attribute(node->proto, name) != a) return rl_onnx_fail(node, "attribute '%s' is given twice", name);
  }
  return RL_OK;
}

rl_status rl_onnx_compute(rl_onnx_node *node) {
  const Rl__Onnx__Node *proto = node->proto;
  const entry *op = find_operator(proto->op_type ? proto->op_type : "");
  int standard = !proto->domain || !proto->domain[0] || strcmp(proto->domain, "ai.onnx") == 0;
  if (!op || !standard) return fail_unknown(node);
  if (node->inputs < op->least || node->inputs > op->most)
    return rl_onnx_fail(node, "has %d inputs, expected %d to %d", node->inputs, op->least, op->most);
  rl_status status = check_attributes(node, op);
  for (int i = 0; status == RL_OK && i < op->least; i++)
    if (!node->in[i]) status = rl_onnx_fail(node, "input %d is missing", i);
  return status == RL_OK ? op->compute(node) : status;
}
