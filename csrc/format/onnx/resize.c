/* L2: ONNX: Resize and Upsample, by nearest elements. */
#include <math.h>

#include "format/onnx/operator.h"

enum { HALF_PIXEL, PYTORCH_HALF_PIXEL, ALIGN_CORNERS, ASYMMETRIC };
enum { ROUND_PREFER_FLOOR, ROUND_PREFER_CEIL, FLOOR, CEIL };

typedef struct sampling {
  int coordinates, rounding;
  const rl_onnx_shape *from, *to;
  double scale[RL_ONNX_RANK];
} sampling;

/* The coordinate in the input that output coordinate `at` of dimension k falls on. */
static double original(const sampling *s, int k, int at) {
  double scale = s->scale[k], size = s->to->dims[k];
  switch (s->coordinates) {
  case HALF_PIXEL:
    return (at + 0.5) / scale - 0.5;
  case PYTORCH_HALF_PIXEL:
    return size > 1 ? (at + 0.5) / scale - 0.5 : 0;
  case ALIGN_CORNERS:
    return size > 1 ? at * (s->from->dims[k] - 1.0) / (size - 1) : 0;
  default:
    return at / scale;
  }
}

static int nearest(const sampling *s, int k, int at) {
  double x = original(s, k, at), below = floor(x);
  double chosen = s->rounding == FLOOR                ? below
                  : s->rounding == CEIL               ? ceil(x)
                  : s->rounding == ROUND_PREFER_FLOOR ? ceil(x - 0.5)
                                                      : floor(x + 0.5);
  return (int)fmin(fmax(chosen, 0), s->from->dims[k] - 1);
}

static rl_status sample(rl_onnx_node *node, const sampling *s) {
  int count = rl_onnx_count(s->to), at[RL_ONNX_RANK], *from = rl_alloc((size_t)count, sizeof *from);
  if (!from) return rl_fail_memory(node->space->err);
  for (int i = 0; i < count; i++) {
    rl_onnx_place(s->to, i, at);
    for (int k = 0; k < s->to->rank; k++) at[k] = nearest(s, k, at[k]);
    from[i] = rl_onnx_index(s->from, at);
  }
  rl_status status = rl_onnx_picked(node, 0, s->to, from, 0);
  rl_free(from);
  return status;
}

/* Dimensions from scales, or scales from dimensions, whichever input is there. */
static rl_status read_sizes(rl_onnx_node *node, int scales, int sizes, sampling *s, rl_onnx_shape *shape) {
  const rl_onnx_shape *old = &node->in[0]->shape;
  int by_scales = rl_onnx_has(node, scales), i = by_scales ? scales : sizes;
  if (!by_scales && !rl_onnx_has(node, sizes)) return rl_onnx_fail(node, "expected scales or sizes");
  rl_status status = rl_onnx_need_constant(node, i, by_scales ? "scales" : "sizes");
  if (status != RL_OK) return status;
  if (node->in[i]->forms->count != old->rank)
    return rl_onnx_fail(node, "%s: expected %d numbers, got %d", by_scales ? "scales" : "sizes", old->rank,
                        node->in[i]->forms->count);
  *shape = (rl_onnx_shape){0};
  for (int k = 0; k < old->rank; k++) {
    double given = node->in[i]->forms->constant[k], size = by_scales ? floor(old->dims[k] * given) : given;
    if (!(given > 0 && size >= 1 && size <= RL_ONNX_ELEMENTS) || !rl_onnx_extend(shape, (long long)size))
      return rl_onnx_fail(node, "dimension %d of %s cannot become %g", k, rl_onnx_shape_text(old).text, size);
    s->scale[k] = by_scales ? given : size / old->dims[k];
  }
  return RL_OK;
}

rl_status rl_onnx_resize(rl_onnx_node *node) {
  static const char *const modes[] = {"nearest", NULL};
  static const char *const coordinates[] = {"half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric", NULL};
  static const char *const roundings[] = {"round_prefer_floor", "round_prefer_ceil", "floor", "ceil", NULL};
  sampling s = {.from = &node->in[0]->shape, .coordinates = node->opset < 11 ? ASYMMETRIC : HALF_PIXEL,
                .rounding = node->opset < 11 ? FLOOR : ROUND_PREFER_FLOOR};
  int mode = 0, zero = 0;
  rl_onnx_shape shape;
  if (rl_onnx_attribute(node, "axes")) return rl_onnx_fail(node, "attribute 'axes' is not supported");
  rl_status status = rl_onnx_word(node, "mode", modes, &mode);
  if (status == RL_OK) status = rl_onnx_word(node, "coordinate_transformation_mode", coordinates, &s.coordinates);
  if (status == RL_OK) status = rl_onnx_word(node, "nearest_mode", roundings, &s.rounding);
  if (status == RL_OK) status = rl_onnx_integer(node, "antialias", 0, 0, &zero);
  if (status == RL_OK && rl_onnx_attribute(node, "keep_aspect_ratio_policy")) {
    static const char *const stretch[] = {"stretch", NULL};
    status = rl_onnx_word(node, "keep_aspect_ratio_policy", stretch, &zero);
  }
  if (status == RL_OK)
    status = node->opset < 11 ? read_sizes(node, 1, 3, &s, &shape) : read_sizes(node, 2, 3, &s, &shape);
  s.to = &shape;
  return status == RL_OK ? sample(node, &s) : status;
}

rl_status rl_onnx_upsample(rl_onnx_node *node) {
  static const char *const modes[] = {"nearest", NULL};
  sampling s = {.from = &node->in[0]->shape, .coordinates = ASYMMETRIC, .rounding = FLOOR};
  int mode = 0;
  rl_onnx_shape shape = {0};
  rl_status status = rl_onnx_word(node, "mode", modes, &mode);
  const Rl__Onnx__Attribute *a = rl_onnx_attribute(node, "scales");
  if (status != RL_OK) return status;
  if (!a) {
    status = read_sizes(node, 1, 1, &s, &shape);
  } else if (a->n_floats != (size_t)s.from->rank) {
    return rl_onnx_fail(node, "attribute 'scales' has %zu numbers, expected %d", a->n_floats, s.from->rank);
  }
  for (int k = 0; a && k < s.from->rank; k++) {
    double size = floor(s.from->dims[k] * (double)a->floats[k]);
    if (!(size >= 1 && size <= RL_ONNX_ELEMENTS) || !rl_onnx_extend(&shape, (long long)size))
      return rl_onnx_fail(node, "attribute 'scales': %g", (double)a->floats[k]);
    s.scale[k] = a->floats[k];
  }
  s.to = &shape;
  return status == RL_OK ? sample(node, &s) : status;
}
