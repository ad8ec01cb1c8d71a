/* L2: ONNX: element by element: Add, Sub, Mul, Div, Neg, Sum, Mean. */
#include <math.h>

#include "format/onnx/operator.h"

/* ---- broadcasting ---------------------------------------------------------------------------- */

rl_status rl_onnx_common_shape(const rl_onnx_node *node, int first, int last, rl_onnx_shape *shape) {
  *shape = node->in[first]->shape;
  for (int i = first + 1; i < last; i++) {
    const rl_onnx_shape *own = &node->in[i]->shape;
    if (!rl_onnx_broadcast(shape, own, shape))
      return rl_onnx_fail(node, "shapes %s and %s do not fit together", rl_onnx_shape_text(shape).text,
                          rl_onnx_shape_text(own).text);
  }
  return RL_OK;
}

rl_status rl_onnx_spread(rl_onnx_node *node, int i, const rl_onnx_shape *shape, rl_onnx_forms **out) {
  rl_onnx_value *x = node->in[i];
  if (rl_onnx_count(&x->shape) == rl_onnx_count(shape)) {
    *out = rl_onnx_retain(x->forms);
    return RL_OK;
  }
  int count = rl_onnx_count(shape), *from = rl_alloc((size_t)count, sizeof *from);
  if (!from) return rl_fail_memory(node->space->err);
  for (int k = 0; k < count; k++) from[k] = rl_onnx_origin(&x->shape, shape, k);
  rl_status status = rl_onnx_pick(node->space, x->forms, count, from, 0, out);
  rl_free(from);
  return status;
}

/* ---- constants alone ----------------------------------------------------------------------------- */

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

/* Does the operation round?  Where it only may have (next to underflow), it has. */
static int rounds(operation op, double a, double b, double value) {
  if (op == ADD || op == SUB) return (value - a) != (op == ADD ? b : -b) || (value - (op == ADD ? b : -b)) != a;
  if (op == MUL) return a != 0 && b != 0 && (fabs(value) < 1e-290 || fma(a, b, -value) != 0);
  return a != 0 && (fabs(value) < 1e-290 || fma(value, b, -a) != 0);
}

static rl_status fold(rl_onnx_node *node, operation op, const rl_onnx_shape *shape) {
  const rl_onnx_value *a = node->in[0], *b = node->in[1];
  rl_onnx_forms *f;
  int rounded = 0, whole = a->whole && b->whole, count = rl_onnx_count(shape);
  rl_status status = rl_onnx_constants(node->space, count, &f);
  for (int i = 0; i < count && status == RL_OK; i++) {
    double x = a->forms->constant[rl_onnx_origin(&a->shape, shape, i)];
    double y = b->forms->constant[rl_onnx_origin(&b->shape, shape, i)], value = apply(op, x, y);
    if (!isfinite(value))
      status = rl_onnx_fail(node, "element %d of the result is %g", i + 1, value);
    else if (whole)
      value = trunc(value);
    else
      rounded |= rounds(op, x, y, value);
    f->constant[i] = value;
    if (status != RL_OK) rl_onnx_release(f);
  }
  if (status != RL_OK) return status;
  if (rounded) rl_onnx_note_rounding(node, "constants");
  rl_onnx_give(node, 0, shape, f);
  node->out[0]->whole = whole;
  return RL_OK;
}

/* ---- products and quotients -------------------------------------------------------------------------- */

typedef struct scaling {
  const rl_onnx_shape *x, *c, *shape;
  const double *factor;
  int divide;
} scaling;

static void scale_rows(rl_onnx_builder *b, const void *context) {
  const scaling *s = context;
  for (int i = 0, count = rl_onnx_count(s->shape); i < count; i++) {
    double c = s->factor[rl_onnx_origin(s->c, s->shape, i)];
    rl_onnx_term(b, rl_onnx_origin(s->x, s->shape, i), s->divide ? 1 / c : c);
    rl_onnx_end(b, 0);
  }
}

/* Divisors are not 0; *rounded: their reciprocals are. */
static rl_status check_divisors(const rl_onnx_node *node, const rl_onnx_forms *c, int *rounded) {
  for (int i = 0; i < c->count; i++) {
    int exponent;
    double divisor = c->constant[i];
    if (divisor == 0 || !isfinite(1 / divisor)) return rl_onnx_fail(node, "divides by %g", divisor);
    *rounded |= fabs(frexp(divisor, &exponent)) != 0.5;
  }
  return RL_OK;
}

static rl_status scale(rl_onnx_node *node, operation op, int constant, const rl_onnx_shape *shape) {
  const rl_onnx_value *c = node->in[constant], *x = node->in[!constant];
  int rounded = 0;
  if (c->whole) return rl_onnx_fail(node, "arithmetic with integers is not supported, expected floating-point constants");
  if (op == DIV && constant == 0) return rl_onnx_fail(node, "divides by a value that depends on the network's input");
  rl_status status = op == DIV ? check_divisors(node, c->forms, &rounded) : RL_OK;
  if (status != RL_OK) return status;
  if (rounded) rl_onnx_note_rounding(node, "reciprocals");
  const scaling s = {&x->shape, &c->shape, shape, c->forms->constant, op == DIV};
  return rl_onnx_mapped(node, !constant, shape, scale_rows, &s);
}

/* ---- sums --------------------------------------------------------------------------------------------- */

/* Forms of a lower level than the other operand's, to be used beside it, had better be few. */
static rl_status narrow_lower(rl_onnx_space *space, rl_onnx_forms *a, rl_onnx_forms *b) {
  int above = rl_onnx_height(space, a), below = rl_onnx_height(space, b);
  return above == below ? RL_OK : rl_onnx_narrow(space, above < below ? a : b);
}

static rl_status combine(rl_onnx_node *node, const rl_onnx_shape *shape, rl_onnx_forms *a, rl_onnx_forms *b,
                         double sign) {
  rl_onnx_forms *sum;
  rl_status status = narrow_lower(node->space, a, b);
  if (status == RL_OK) status = rl_onnx_sum(node->space, a, 1, b, sign, &sum);
  if (status == RL_EFORMAT) return rl_onnx_fail(node, "a weight or bias exceeds the range of doubles");
  if (status != RL_OK) return status;
  if (node->space->rounded) rl_onnx_note_rounding(node, "sums of constants");
  rl_onnx_give(node, 0, shape, sum);
  return RL_OK;
}

static rl_status add(rl_onnx_node *node, operation op, const rl_onnx_shape *shape) {
  rl_onnx_forms *a = NULL, *b = NULL;
  for (int i = 0; i < 2; i++)
    if (node->in[i]->whole)
      return rl_onnx_fail(node, "arithmetic with integers is not supported, expected floating-point constants");
  rl_status status = rl_onnx_spread(node, 0, shape, &a);
  if (status == RL_OK) status = rl_onnx_spread(node, 1, shape, &b);
  if (status == RL_OK) status = combine(node, shape, a, b, op == ADD ? 1 : -1);
  rl_onnx_release(a);
  rl_onnx_release(b);
  return status;
}

static rl_status elementwise(rl_onnx_node *node, operation op) {
  int first = rl_onnx_is_constant(node->in[0]->forms), second = rl_onnx_is_constant(node->in[1]->forms);
  rl_onnx_shape shape;
  if (!first && !second && (op == MUL || op == DIV))
    return rl_onnx_fail(node, "both inputs depend on the network's input: a product is not piecewise linear, expected "
                              "a constant");
  rl_status status = rl_onnx_common_shape(node, 0, 2, &shape);
  if (status != RL_OK) return status;
  if (first && second) return fold(node, op, &shape);
  return op == ADD || op == SUB ? add(node, op, &shape) : scale(node, op, first ? 0 : 1, &shape);
}

rl_status rl_onnx_add(rl_onnx_node *node) { return elementwise(node, ADD); }
rl_status rl_onnx_sub(rl_onnx_node *node) { return elementwise(node, SUB); }
rl_status rl_onnx_mul(rl_onnx_node *node) { return elementwise(node, MUL); }
rl_status rl_onnx_div(rl_onnx_node *node) { return elementwise(node, DIV); }

/* ---- of one, of many -------------------------------------------------------------------------------------- */

typedef struct uniform {
  int count, parts;
  double factor;
} uniform;

/* The sum of `parts` tensors that lie one after the other, times a factor. */
static void uniform_rows(rl_onnx_builder *b, const void *context) {
  const uniform *u = context;
  for (int i = 0; i < u->count; i++) {
    for (int p = 0; p < u->parts; p++) rl_onnx_term(b, p * u->count + i, u->factor);
    rl_onnx_end(b, 0);
  }
}

rl_status rl_onnx_neg(rl_onnx_node *node) {
  const rl_onnx_shape *shape = &node->in[0]->shape;
  const uniform u = {rl_onnx_count(shape), 1, -1};
  rl_status status = rl_onnx_mapped(node, 0, shape, uniform_rows, &u);
  if (status == RL_OK) node->out[0]->whole = node->in[0]->whole;
  return status;
}

static rl_status spread_all(rl_onnx_node *node, const rl_onnx_shape *shape, rl_onnx_forms **parts) {
  rl_status status = RL_OK;
  for (int i = 0; i < node->inputs && status == RL_OK; i++) {
    if (!node->in[i]) status = rl_onnx_fail(node, "input %d is missing", i);
    if (status == RL_OK) status = rl_onnx_spread(node, i, shape, &parts[i]);
  }
  return status;
}

static rl_status sum_of_all(rl_onnx_node *node, double factor) {
  rl_onnx_shape shape;
  for (int i = 0; i < node->inputs; i++)
    if (!node->in[i]) return rl_onnx_fail(node, "input %d is missing", i);
  rl_status status = rl_onnx_common_shape(node, 0, node->inputs, &shape);
  if (status != RL_OK) return status;
  rl_onnx_forms **parts = rl_alloc((size_t)node->inputs, sizeof *parts), *all = NULL, *sum = NULL;
  if (!parts) return rl_fail_memory(node->space->err);
  const uniform u = {rl_onnx_count(&shape), node->inputs, factor};
  status = spread_all(node, &shape, parts);
  if (status == RL_OK) status = rl_onnx_join(node->space, node->inputs, parts, &all);
  if (status == RL_OK) status = rl_onnx_map(node->space, all, uniform_rows, &u, u.count, &sum);
  if (status == RL_OK) rl_onnx_give(node, 0, &shape, sum);
  for (int i = 0; i < node->inputs; i++) rl_onnx_release(parts[i]);
  rl_free(parts);
  rl_onnx_release(all);
  return status;
}

rl_status rl_onnx_sum_node(rl_onnx_node *node) { return sum_of_all(node, 1); }

rl_status rl_onnx_mean(rl_onnx_node *node) {
  if (node->inputs & (node->inputs - 1)) rl_onnx_note_rounding(node, "the reciprocal of how many there are");
  return sum_of_all(node, 1.0 / node->inputs);
}
