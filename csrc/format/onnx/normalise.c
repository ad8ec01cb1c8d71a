/* L2: ONNX: BatchNormalization, at inference.
 *
 * y = s (x - mean) / sqrt(variance + epsilon) + B by channel, as y = scale x + shift.  The root is no double: scale and
 * shift are those nearest to it, and that is noted. */
#include <math.h>

#include "format/onnx/operator.h"

typedef struct channels {
  int count, channels, inner; /* elements; of a channel, one after the other */
  const double *s, *B, *mean, *variance;
  double epsilon;
} channels;

static void normalised_rows(rl_onnx_builder *b, const void *context) {
  const channels *n = context;
  for (int i = 0; i < n->count; i++) {
    int c = i / n->inner % n->channels;
    double scale = n->s[c] / sqrt(n->variance[c] + n->epsilon);
    rl_onnx_term(b, i, scale);
    rl_onnx_end(b, n->B[c] - scale * n->mean[c]);
  }
}

static rl_status check(const rl_onnx_node *node) {
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
    int count = node->in[i]->forms->count;
    if (count != shape->dims[1])
      return rl_onnx_fail(node, "%s has %d elements, expected one for each of %d channels", names[i], count,
                          shape->dims[1]);
  }
  return RL_OK;
}

rl_status rl_onnx_batch_norm(rl_onnx_node *node) {
  double epsilon = 1e-5f;
  rl_status status = check(node);
  if (status == RL_OK) status = rl_onnx_real(node, "epsilon", &epsilon);
  if (status != RL_OK) return status;
  const rl_onnx_shape *shape = &node->in[0]->shape;
  const double *variance = node->in[4]->forms->constant;
  for (int c = 0; c < shape->dims[1]; c++)
    if (!(variance[c] + epsilon > 0))
      return rl_onnx_fail(node, "channel %d: variance %g + epsilon %g: expected a positive sum", c, variance[c],
                          epsilon);
  rl_onnx_note_rounding(node, "factors (with a root)");
  const channels n = {rl_onnx_count(shape), shape->dims[1], rl_onnx_product(shape, 2, shape->rank),
                      node->in[1]->forms->constant, node->in[2]->forms->constant, node->in[3]->forms->constant,
                      variance, epsilon};
  return rl_onnx_mapped(node, 0, shape, normalised_rows, &n);
}
