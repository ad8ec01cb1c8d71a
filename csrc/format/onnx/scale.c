/* L2: ONNX: element by element with constants: Add, Sub, Mul, Div, BatchNormalization. */
#include <math.h>

#include "format/onnx/onnx.h"

/* ---- broadcasting ---------------------------------------------------------------------------- */

/* The shape that a and b broadcast to; 0 when they do not. */
static int broadcast(const rl_onnx_shape *a, const rl_onnx_shape *b, rl_onnx_shape *out) {
  int rank = a->rank > b->rank ? a->rank : b->rank;
  *out = (rl_onnx_shape){0};
  for (int k = 0; k < rank; k++) {
    int i = k - (rank - a->rank), j = k - (rank - b->rank);
    int da = i < 0 ? 1 : a->dims[i], db = j < 0 ? 1 : b->dims[j];
    if (da != db && da != 1 && db != 1) return 0;
    if (!rl_onnx_extend(out, da > db ? da : db)) return 0;
  }
  return 1;
}

/* The element of a tensor of shape `from` that stands at element `index` of the broadcast shape `to`. */
static int source_of(const rl_onnx_shape *from, const rl_onnx_shape *to, int index) {
  int element = 0, stride = 1;
  for (int k = 1; k <= from->rank; k++) {
    int size = from->dims[from->rank - k], place = index % to->dims[to->rank - k];
    index /= to->dims[to->rank - k];
    if (size > 1) element += place * stride;
    stride *= size;
  }
  return element;
}

/* ---- scale and shift ------------------------------------------------------------------------- */

/* For element i of the result: y_i = scale[i] * x + shift[i], x being the element that stands there. */
static rl_status scale_shift(rl_onnx_node *node, rl_onnx_value *x, const rl_onnx_shape *shape, const double *scale,
                             const double *shift) {
  int count = rl_onnx_count(shape), unit = rl_onnx_same(&x->shape, shape);
  for (int i = 0; i < count; i++) unit = unit && scale[i] == 1;
  /* Without a scale the map stays as it is, to the last bit. */
  rl_status status = unit ? rl_onnx_take(node, x, shape) : rl_onnx_new_map(node, &x->map, shape);
  if (status != RL_OK) return status;
  for (int i = 0; i < count; i++) {
    if (!unit) rl_onnx_add(&node->out->map, i, &x->map, source_of(&x->shape, shape, i), scale[i]);
    node->out->map.b[i] += shift[i];
  }
  return RL_OK;
}

typedef enum operation { ADD, SUB, MUL, DIV } operation;

static double apply(operation op, double a, double b) {
  switch (op) {
  case ADD:
    return a + b;
  case SUB:
    return a - b;
  case MUL:
    return a * b;
  default:
    return a / b;
  }
}

static rl_status fold_constants(rl_onnx_node *node, operation op, const rl_onnx_shape *shape) {
  const rl_onnx_value *a = node->in[0], *b = node->in[1];
  rl_status status = rl_onnx_new_constant(node, shape);
  if (status != RL_OK) return status;
  for (int i = 0; i < rl_onnx_count(shape); i++) {
    double value = apply(op, a->constant[source_of(&a->shape, shape, i)], b->constant[source_of(&b->shape, shape, i)]);
    if (!isfinite(value)) return rl_onnx_fail(node, "element %d of the result is %g", i + 1, value);
    node->out->constant[i] = value;
  }
  return RL_OK;
}

/* The operation with the constant c (on the left when c_left) at one element, as scale and shift. */
static void linearize(operation op, double c, int c_left, double *scale, double *shift) {
  *scale = op == MUL ? c : op == DIV ? 1 / c : op == SUB && c_left ? -1 : 1;
  *shift = op == ADD || (op == SUB && c_left) ? c : op == SUB ? -c : 0;
}

static rl_status with_constant(rl_onnx_node *node, operation op, const rl_onnx_shape *shape) {
  int c_left = node->in[0]->kind == RL_ONNX_CONSTANT, count = rl_onnx_count(shape);
  const rl_onnx_value *c = node->in[!c_left];
  if (op == DIV && c_left) return rl_onnx_fail(node, "divides by a value that depends on the network's input");
  double *scale = rl_alloc(2 * (size_t)count, sizeof *scale);
  if (!scale) return rl_fail_memory(node->reader->err);
  rl_status status = RL_OK;
  for (int i = 0; i < count && status == RL_OK; i++) {
    double value = c->constant[source_of(&c->shape, shape, i)];
    linearize(op, value, c_left, &scale[i], &scale[count + i]);
    if (!isfinite(scale[i])) status = rl_onnx_fail(node, "divides by %g", value);
  }
  if (status == RL_OK) status = scale_shift(node, node->in[c_left], shape, scale, scale + count);
  rl_free(scale);
  return status;
}

static rl_status elementwise(rl_onnx_node *node, operation op) {
  const rl_onnx_value *a = node->in[0], *b = node->in[1];
  int a_constant = a->kind == RL_ONNX_CONSTANT, b_constant = b->kind == RL_ONNX_CONSTANT;
  if (!a_constant && !b_constant)
    return rl_onnx_fail(node, "both inputs depend on the network's input: %s is not supported, expected a constant",
                        op == ADD || op == SUB ? "joining two paths (a residual connection)" : "a nonlinear product");
  if ((a_constant && a->whole) || (b_constant && b->whole))
    return rl_onnx_fail(node, "arithmetic with integers is not supported, expected floating-point constants");
  rl_onnx_shape shape;
  if (!broadcast(&a->shape, &b->shape, &shape))
    return rl_onnx_fail(node, "shapes %s and %s do not fit together", rl_onnx_shape_text(&a->shape).text,
                        rl_onnx_shape_text(&b->shape).text);
  return a_constant && b_constant ? fold_constants(node, op, &shape) : with_constant(node, op, &shape);
}

rl_status rl_onnx_add_node(rl_onnx_node *node) { return elementwise(node, ADD); }
rl_status rl_onnx_sub(rl_onnx_node *node) { return elementwise(node, SUB); }
rl_status rl_onnx_mul(rl_onnx_node *node) { return elementwise(node, MUL); }
rl_status rl_onnx_div(rl_onnx_node *node) { return elementwise(node, DIV); }

/* ---- batch normalization --------------------------------------------------------------------- */

/* y = s (x - mean) / sqrt(variance + epsilon) + B by channel, as y = scale x + shift with both rounded. */
static rl_status channel_scales(const rl_onnx_node *node, int channels, double epsilon, double *scale, double *shift) {
  const double *s = node->in[1]->constant, *B = node->in[2]->constant, *mean = node->in[3]->constant,
               *variance = node->in[4]->constant;
  for (int c = 0; c < channels; c++) {
    if (!(variance[c] + epsilon > 0))
      return rl_onnx_fail(node, "channel %d: variance %g + epsilon %g: expected a positive sum", c, variance[c],
                          epsilon);
    scale[c] = s[c] / sqrt(variance[c] + epsilon);
    shift[c] = B[c] - scale[c] * mean[c];
  }
  return RL_OK;
}

static rl_status check_batch_norm(const rl_onnx_node *node) {
  static const char *const names[] = {"X", "scale", "B", "mean", "var"};
  int training = 0, spatial = 1;
  rl_status status = rl_onnx_need_map(node, 0, names[0]);
  if (status == RL_OK) status = rl_onnx_integer(node, "training_mode", 0, 0, &training);
  if (status == RL_OK) status = rl_onnx_integer(node, "spatial", 1, 1, &spatial);
  if (status != RL_OK) return status;
  const rl_onnx_shape *shape = &node->in[0]->shape;
  if (shape->rank < 2)
    return rl_onnx_fail(node, "X has shape %s, expected batch x channels x ...", rl_onnx_shape_text(shape).text);
  for (int i = 1; i < 5; i++) {
    status = rl_onnx_need_constant(node, i, names[i]);
    if (status != RL_OK) return status;
    int count = rl_onnx_count(&node->in[i]->shape);
    if (count != shape->dims[1])
      return rl_onnx_fail(node, "%s has %d elements, expected one for each of %d channels", names[i], count,
                          shape->dims[1]);
  }
  return RL_OK;
}

rl_status rl_onnx_batch_norm(rl_onnx_node *node) {
  double epsilon = 1e-5f;
  rl_status status = check_batch_norm(node);
  if (status == RL_OK) status = rl_onnx_real(node, "epsilon", &epsilon);
  if (status != RL_OK) return status;
  const rl_onnx_shape *shape = &node->in[0]->shape;
  int count = rl_onnx_count(shape), channels = shape->dims[1], inner = rl_onnx_product(shape, 2, shape->rank);
  double *all = rl_alloc(2 * ((size_t)count + (size_t)channels), sizeof *all);
  if (!all) return rl_fail_memory(node->reader->err);
  double *scale = all, *shift = all + count, *by_channel = all + 2 * (size_t)count;
  status = channel_scales(node, channels, epsilon, by_channel, by_channel + channels);
  for (int i = 0; i < count && status == RL_OK; i++) {
    int c = i / inner % channels;
    scale[i] = by_channel[c];
    shift[i] = by_channel[channels + c];
  }
  if (status == RL_OK) status = scale_shift(node, node->in[0], shape, scale, shift);
  rl_free(all);
  return status;
}
