/* L2: ONNX: kinked functions, element by element: Relu, LeakyRelu, PRelu, Clip, Max, Min, Abs, HardSigmoid. */
#include <math.h>

#include "core/round.h"
#include "format/onnx/operator.h"

static rl_status give_like(rl_onnx_node *node, rl_status status, rl_onnx_forms *f) {
  if (status == RL_OK) rl_onnx_give(node, 0, &node->in[0]->shape, f);
  if (status == RL_OK) node->out[0]->whole = node->in[0]->whole;
  return status;
}

rl_status rl_onnx_relu(rl_onnx_node *node) {
  rl_onnx_forms *f = NULL;
  rl_status status = rl_onnx_positive(node->space, node->in[0]->forms, &f);
  return give_like(node, status, f);
}

/* ---- one bend at 0 --------------------------------------------------------------------------------- */

/* slope x below 0, x above:  slope x + (1 - slope) max(x, 0), or, where 1 - slope is no double,
 * max(x, 0) - slope max(-x, 0). */
typedef struct bend {
  int count, by_difference;
  const rl_onnx_shape *shape, *slopes;
  const double *slope;
} bend;

static double slope_at(const bend *p, int i) { return p->slope[rl_onnx_origin(p->slopes, p->shape, i)]; }

static void bend_rows(rl_onnx_builder *b, const void *context) {
  const bend *p = context;
  for (int i = 0; i < p->count; i++) {
    double slope = slope_at(p, i);
    rl_onnx_term(b, i, p->by_difference ? -slope : slope);
    rl_onnx_term(b, p->count + i, p->by_difference ? 1 : 1 - slope);
    rl_onnx_end(b, 0);
  }
}

static rl_status negative(rl_onnx_space *space, rl_onnx_forms *x, rl_onnx_forms **out) {
  rl_onnx_forms *zero, *minus = NULL;
  rl_status status = rl_onnx_constants(space, x->count, &zero);
  if (status == RL_OK) status = rl_onnx_sum(space, x, -1, zero, 0, &minus);
  if (status == RL_OK) status = rl_onnx_positive(space, minus, out);
  rl_onnx_release(zero);
  rl_onnx_release(minus);
  return status;
}

static rl_status bent(rl_onnx_node *node, const rl_onnx_shape *slopes, const double *slope) {
  rl_onnx_value *x = node->in[0];
  bend p = {x->forms->count, 0, &x->shape, slopes, slope};
  rl_onnx_forms *below = NULL, *above = NULL, *both = NULL;
  for (int i = 0; i < p.count; i++) {
    double s = slope_at(&p, i);
    p.by_difference |= rl_sum_error(1, -s, 1 - s) != 0;
  }
  rl_status status = rl_onnx_positive(node->space, x->forms, &above);
  if (status == RL_OK && p.by_difference) status = negative(node->space, x->forms, &below);
  if (status == RL_OK && !p.by_difference) status = rl_onnx_narrow(node->space, x->forms); /* beside the kinks */
  if (status == RL_OK) {
    rl_onnx_forms *parts[] = {p.by_difference ? below : x->forms, above};
    status = rl_onnx_join(node->space, 2, parts, &both);
  }
  rl_onnx_forms *out = NULL;
  if (status == RL_OK) status = rl_onnx_map(node->space, both, bend_rows, &p, p.count, &out);
  rl_onnx_release(below);
  rl_onnx_release(above);
  rl_onnx_release(both);
  return give_like(node, status, out);
}

rl_status rl_onnx_leaky_relu(rl_onnx_node *node) {
  static const rl_onnx_shape scalar = {0};
  double alpha = 0.01f;
  rl_status status = rl_onnx_real(node, "alpha", &alpha);
  return status == RL_OK ? bent(node, &scalar, &alpha) : status;
}

rl_status rl_onnx_prelu(rl_onnx_node *node) {
  rl_onnx_shape shape;
  rl_status status = rl_onnx_need_constant(node, 1, "slope");
  if (status != RL_OK) return status;
  const rl_onnx_shape *slopes = &node->in[1]->shape, *own = &node->in[0]->shape;
  if (!rl_onnx_broadcast(own, slopes, &shape) || !rl_onnx_same(&shape, own))
    return rl_onnx_fail(node, "slope has shape %s, expected one that broadcasts to %s", rl_onnx_shape_text(slopes).text,
                        rl_onnx_shape_text(own).text);
  return bent(node, slopes, node->in[1]->forms->constant);
}

/* |x| = 2 max(x, 0) - x. */
rl_status rl_onnx_abs(rl_onnx_node *node) {
  rl_onnx_forms *x = node->in[0]->forms, *above = NULL, *out = NULL;
  rl_status status = rl_onnx_positive(node->space, x, &above);
  if (status == RL_OK) status = rl_onnx_narrow(node->space, x); /* beside the kinks */
  if (status == RL_OK) status = rl_onnx_sum(node->space, above, 2, x, -1, &out);
  rl_onnx_release(above);
  return give_like(node, status, out);
}

/* ---- limits ----------------------------------------------------------------------------------------- */

/* The better of *f and a number, in the place of *f; no limit where the number is infinite. */
static rl_status limit(rl_onnx_node *node, rl_onnx_forms **f, double bound, int sign) {
  if (bound == -sign * INFINITY) return RL_OK;
  if (!isfinite(bound)) return rl_onnx_fail(node, "a limit is %g", bound);
  rl_onnx_forms *bounds = NULL, *next = NULL;
  rl_status status = rl_onnx_constants(node->space, (*f)->count, &bounds);
  for (int i = 0; status == RL_OK && i < (*f)->count; i++) bounds->constant[i] = bound;
  if (status == RL_OK && bound == 0 && sign > 0)
    status = rl_onnx_positive(node->space, *f, &next);
  else if (status == RL_OK)
    status = rl_onnx_better(node->space, *f, bounds, sign, &next);
  rl_onnx_release(bounds);
  if (status != RL_OK) return status;
  rl_onnx_release(*f);
  *f = next;
  return RL_OK;
}

static rl_status give_limited(rl_onnx_node *node, rl_onnx_forms *f, double low, double high) {
  rl_status status = limit(node, &f, low, 1);
  if (status == RL_OK) status = limit(node, &f, high, -1);
  if (status != RL_OK) rl_onnx_release(f);
  return give_like(node, status, f);
}

/* A limit from an attribute (old files) or an input; a float's largest number is none. */
static rl_status read_limit(rl_onnx_node *node, int i, const char *name, double *out) {
  rl_status status = rl_onnx_real(node, name, out);
  if (status != RL_OK || !rl_onnx_has(node, i)) return status;
  status = rl_onnx_need_constant(node, i, name);
  if (status == RL_OK && node->in[i]->forms->count != 1)
    return rl_onnx_fail(node, "%s (input %d): expected one number, got %d", name, i, node->in[i]->forms->count);
  if (status == RL_OK) *out = node->in[i]->forms->constant[0];
  return status;
}

rl_status rl_onnx_clip(rl_onnx_node *node) {
  double low = -INFINITY, high = INFINITY;
  rl_status status = read_limit(node, 1, "min", &low);
  if (status == RL_OK) status = read_limit(node, 2, "max", &high);
  if (status != RL_OK) return status;
  if (low <= -FLT_MAX) low = -INFINITY;
  if (high >= FLT_MAX) high = INFINITY;
  if (low > high) return rl_onnx_fail(node, "min %g is above max %g", low, high);
  return give_limited(node, rl_onnx_retain(node->in[0]->forms), low, high);
}

typedef struct line {
  int count;
  double slope, shift;
} line;

static void line_rows(rl_onnx_builder *b, const void *context) {
  const line *p = context;
  for (int i = 0; i < p->count; i++) {
    rl_onnx_term(b, i, p->slope);
    rl_onnx_end(b, p->shift);
  }
}

/* max(0, min(1, alpha x + beta)). */
rl_status rl_onnx_hard_sigmoid(rl_onnx_node *node) {
  line p = {node->in[0]->forms->count, 0.2f, 0.5};
  rl_status status = rl_onnx_real(node, "alpha", &p.slope);
  if (status == RL_OK) status = rl_onnx_real(node, "beta", &p.shift);
  rl_onnx_forms *f = NULL;
  if (status == RL_OK) status = rl_onnx_map(node->space, node->in[0]->forms, line_rows, &p, p.count, &f);
  return status == RL_OK ? give_limited(node, f, 0, 1) : status;
}

/* ---- Max and Min -------------------------------------------------------------------------------------- */

/* Is this constant no limit anywhere?  Where it is only here and there, it is refused. */
static rl_status is_no_limit(rl_onnx_node *node, const rl_onnx_forms *f, int sign, int *none) {
  int infinite = 0;
  for (int i = 0; i < f->count; i++) infinite += f->constant[i] == -sign * INFINITY;
  *none = infinite == f->count;
  for (int i = 0; i < f->count && !*none; i++)
    if (!isfinite(f->constant[i])) return rl_onnx_fail(node, "a limit is %g", f->constant[i]);
  return RL_OK;
}

static rl_status best_of_inputs(rl_onnx_node *node, int sign) {
  rl_onnx_shape shape;
  rl_onnx_forms *best = NULL;
  for (int i = 0; i < node->inputs; i++)
    if (!node->in[i]) return rl_onnx_fail(node, "input %d is missing", i);
  rl_status status = rl_onnx_common_shape(node, 0, node->inputs, &shape);
  /* The constants last: b + max(a - b, 0) carries b on. */
  for (int constant = 0; constant < 2; constant++)
    for (int i = 0; i < node->inputs && status == RL_OK; i++) {
      rl_onnx_forms *own = NULL, *next = NULL;
      int none = 0;
      if (rl_onnx_is_constant(node->in[i]->forms) != constant) continue;
      status = is_no_limit(node, node->in[i]->forms, sign, &none);
      if (status != RL_OK || (none && best)) continue;
      status = rl_onnx_spread(node, i, &shape, &own);
      if (status == RL_OK && best) status = rl_onnx_better(node->space, best, own, sign, &next);
      if (status == RL_OK && !best) next = rl_onnx_retain(own);
      rl_onnx_release(own);
      if (status != RL_OK) continue;
      rl_onnx_release(best);
      best = next;
    }
  if (status != RL_OK) {
    rl_onnx_release(best);
    return status;
  }
  rl_onnx_give(node, 0, &shape, best);
  return RL_OK;
}

rl_status rl_onnx_max(rl_onnx_node *node) { return best_of_inputs(node, 1); }
rl_status rl_onnx_min(rl_onnx_node *node) { return best_of_inputs(node, -1); }
