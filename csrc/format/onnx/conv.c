/* L2: ONNX: convolutions: Conv, and ConvTranspose, which sends each input to the outputs that a Conv would read it from. */
#include "format/onnx/operator.h"
#include "format/onnx/window.h"

typedef struct convolution {
  rl_onnx_window window;
  int groups, channels, sources, kernel; /* channels: outputs; sources: inputs of a group; kernel: places */
  const double *weights, *bias;
} convolution;

/* The k-th place of the kernel along each dimension, as one number. */
static int kernel_place(const rl_onnx_window *w, int i, int j, int k) {
  return (i * w->line[1].kernel + j) * w->line[2].kernel + k;
}

static rl_status read_kernel(rl_onnx_node *node, convolution *c) {
  rl_status status = rl_onnx_window_input(node, &c->window);
  if (status == RL_OK) status = rl_onnx_need_constant(node, 1, "W");
  if (status == RL_OK) status = rl_onnx_integer(node, "group", 1, RL_ONNX_LARGEST, &c->groups);
  if (status != RL_OK) return status;
  const rl_onnx_shape *X = &node->in[0]->shape, *W = &node->in[1]->shape;
  if (W->rank != X->rank)
    return rl_onnx_fail(node, "W has shape %s, expected %d dimensions", rl_onnx_shape_text(W).text, X->rank);
  int kernel[RL_ONNX_SPACE];
  for (int k = 0; k < c->window.rank; k++) kernel[k] = W->dims[k + 2];
  status = rl_onnx_integers(node, "kernel_shape", c->window.rank, 1, RL_ONNX_LARGEST, kernel);
  for (int k = 0; k < c->window.rank && status == RL_OK; k++) {
    c->window.line[k].kernel = kernel[k];
    if (kernel[k] != W->dims[k + 2])
      status = rl_onnx_fail(node, "attribute 'kernel_shape' does not fit W of shape %s", rl_onnx_shape_text(W).text);
  }
  c->kernel = rl_onnx_product(W, 2, W->rank);
  c->weights = node->in[1]->forms->constant;
  return status;
}

static rl_status fail_groups(const rl_onnx_node *node, const convolution *c) {
  return rl_onnx_fail(node, "W has shape %s and there are %d groups, which does not fit X of shape %s",
                      rl_onnx_shape_text(&node->in[1]->shape).text, c->groups,
                      rl_onnx_shape_text(&node->in[0]->shape).text);
}

static rl_status read_bias(rl_onnx_node *node, convolution *c) {
  if (!rl_onnx_has(node, 2)) return RL_OK;
  rl_status status = rl_onnx_need_constant(node, 2, "B");
  if (status == RL_OK && node->in[2]->forms->count != c->channels)
    status = rl_onnx_fail(node, "B has %d elements, expected one for each of %d output channels",
                          node->in[2]->forms->count, c->channels);
  c->bias = node->in[2]->forms->constant;
  return status;
}

/* ---- Conv ------------------------------------------------------------------------------------------ */

/* The elements of one channel (from element `from` on) under the window, each times its weight. */
static void window_terms(rl_onnx_builder *b, const rl_onnx_window *w, const rl_onnx_spot *s, int from,
                         const double *weights) {
  for (int i = s->first[0]; i < s->last[0]; i++)
    for (int j = s->first[1]; j < s->last[1]; j++)
      for (int k = s->first[2]; k < s->last[2]; k++)
        rl_onnx_term(b, from + rl_onnx_window_element(w, s, i, j, k), weights[kernel_place(w, i, j, k)]);
}

static void conv_rows(rl_onnx_builder *b, const void *context) {
  const convolution *c = context;
  int places = rl_onnx_window_places(&c->window), inputs = rl_onnx_window_inputs(&c->window);
  for (int o = 0; o < c->channels; o++)
    for (int p = 0; p < places; p++) {
      rl_onnx_spot spot = rl_onnx_window_spot(&c->window, p);
      int group = o / (c->channels / c->groups);
      for (int s = 0; s < c->sources; s++)
        window_terms(b, &c->window, &spot, (group * c->sources + s) * inputs,
                     c->weights + ((size_t)o * (size_t)c->sources + (size_t)s) * (size_t)c->kernel);
      rl_onnx_end(b, c->bias ? c->bias[o] : 0);
    }
}

rl_status rl_onnx_conv(rl_onnx_node *node) {
  convolution c = {.groups = 1};
  rl_onnx_shape shape;
  rl_status status = read_kernel(node, &c);
  if (status != RL_OK) return status;
  const rl_onnx_shape *X = &node->in[0]->shape, *W = &node->in[1]->shape;
  c.channels = W->dims[0];
  c.sources = W->dims[1];
  if (X->dims[1] % c.groups || c.channels % c.groups || c.sources != X->dims[1] / c.groups) return fail_groups(node, &c);
  status = rl_onnx_window_steps(node, &c.window);
  if (status == RL_OK) status = rl_onnx_window_outputs(node, &c.window, c.channels, 0, &shape);
  if (status == RL_OK) status = read_bias(node, &c);
  return status == RL_OK ? rl_onnx_mapped(node, 0, &shape, conv_rows, &c) : status;
}

/* ---- ConvTranspose ------------------------------------------------------------------------------------ */

/* Output o of a line gets input i through place k where o = i * stride - begin + k * dilation: the i, or -1. */
static int sender(const rl_onnx_line *a, int o, int k) {
  long long at = (long long)o + a->begin - (long long)k * a->dilation;
  return at < 0 || at % a->stride || at / a->stride >= a->in ? -1 : (int)(at / a->stride);
}

static void transposed_terms(rl_onnx_builder *b, const rl_onnx_window *w, const int *o, int from, const double *weights) {
  for (int i = 0; i < w->line[0].kernel; i++)
    for (int j = 0; j < w->line[1].kernel; j++)
      for (int k = 0; k < w->line[2].kernel; k++) {
        int x = sender(&w->line[0], o[0], i), y = sender(&w->line[1], o[1], j), z = sender(&w->line[2], o[2], k);
        if (x < 0 || y < 0 || z < 0) continue;
        rl_onnx_term(b, from + (x * w->line[1].in + y) * w->line[2].in + z, weights[kernel_place(w, i, j, k)]);
      }
}

static void conv_transpose_rows(rl_onnx_builder *b, const void *context) {
  const convolution *c = context;
  const rl_onnx_window *w = &c->window;
  int inputs = rl_onnx_window_inputs(w), per_group = c->channels / c->groups, o[RL_ONNX_SPACE];
  for (int channel = 0; channel < c->channels; channel++)
    for (int p = 0; p < rl_onnx_window_places(w); p++) {
      int group = channel / per_group, number = p;
      for (int k = RL_ONNX_SPACE - 1; k >= 0; number /= w->line[k].out, k--) o[k] = number % w->line[k].out;
      for (int s = 0; s < c->sources; s++) {
        size_t source = (size_t)(group * c->sources + s);
        transposed_terms(b, w, o, (int)source * inputs,
                         c->weights + (source * (size_t)per_group + (size_t)(channel % per_group)) * (size_t)c->kernel);
      }
      rl_onnx_end(b, c->bias ? c->bias[channel] : 0);
    }
}

/* Outputs from inputs, and the pads where output_shape or auto_pad leave them open. */
static rl_status transposed_outputs(rl_onnx_node *node, convolution *c, rl_onnx_shape *shape) {
  enum { NOTSET, UPPER, LOWER, VALID };
  static const char *const words[] = {"NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID", NULL};
  int more[RL_ONNX_SPACE] = {0}, wanted[RL_ONNX_SPACE] = {0}, mode = NOTSET, rank = c->window.rank;
  int by_shape = rl_onnx_attribute(node, "output_shape") != NULL;
  rl_status status = rl_onnx_integers(node, "output_padding", rank, 0, RL_ONNX_LARGEST, more);
  if (status == RL_OK) status = rl_onnx_integers(node, "output_shape", rank, 1, RL_ONNX_LARGEST, wanted);
  if (status == RL_OK) status = rl_onnx_word(node, "auto_pad", words, &mode);
  if (status != RL_OK) return status;
  *shape = (rl_onnx_shape){0};
  int good = rl_onnx_extend(shape, 1) && rl_onnx_extend(shape, c->channels);
  for (int k = 0; k < rank && good; k++) {
    rl_onnx_line *a = &c->window.line[k];
    long long whole = (long long)(a->in - 1) * a->stride + (long long)(a->kernel - 1) * a->dilation + 1 + more[k];
    int same = mode == UPPER || mode == LOWER;
    if (by_shape || same) {
      long long out = by_shape ? wanted[k] : (long long)a->in * a->stride, total = whole - out > 0 ? whole - out : 0;
      a->begin = (int)(mode == UPPER ? total / 2 : total - total / 2);
      a->end = (int)total - a->begin;
      whole = out > whole ? out + total : whole;
    }
    long long out = whole - a->begin - a->end;
    good = out >= 1 && out <= RL_ONNX_ELEMENTS && rl_onnx_extend(shape, out);
    a->out = (int)out;
  }
  return good ? RL_OK : rl_onnx_fail(node, "the result has no element, or more than %d", RL_ONNX_ELEMENTS);
}

static rl_status transposed_steps(rl_onnx_node *node, rl_onnx_window *w) {
  int stride[RL_ONNX_SPACE] = {1, 1, 1}, dilation[RL_ONNX_SPACE] = {1, 1, 1}, pads[2 * RL_ONNX_SPACE] = {0};
  rl_status status = rl_onnx_integers(node, "strides", w->rank, 1, RL_ONNX_LARGEST, stride);
  if (status == RL_OK) status = rl_onnx_integers(node, "dilations", w->rank, 1, RL_ONNX_LARGEST, dilation);
  if (status == RL_OK) status = rl_onnx_integers(node, "pads", 2 * w->rank, 0, RL_ONNX_LARGEST, pads);
  for (int k = 0; k < w->rank && status == RL_OK; k++) {
    w->line[k].stride = stride[k];
    w->line[k].dilation = dilation[k];
    w->line[k].begin = pads[k];
    w->line[k].end = pads[w->rank + k];
  }
  return status;
}

rl_status rl_onnx_conv_transpose(rl_onnx_node *node) {
  convolution c = {.groups = 1};
  rl_onnx_shape shape;
  rl_status status = read_kernel(node, &c);
  if (status != RL_OK) return status;
  const rl_onnx_shape *X = &node->in[0]->shape, *W = &node->in[1]->shape;
  if (X->dims[1] % c.groups || W->dims[0] != X->dims[1] || W->dims[1] > RL_ONNX_ELEMENTS / c.groups)
    return fail_groups(node, &c);
  c.channels = W->dims[1] * c.groups;
  c.sources = X->dims[1] / c.groups;
  status = transposed_steps(node, &c.window);
  if (status == RL_OK) status = transposed_outputs(node, &c, &shape);
  if (status == RL_OK) status = read_bias(node, &c);
  return status == RL_OK ? rl_onnx_mapped(node, 0, &shape, conv_transpose_rows, &c) : status;
}
