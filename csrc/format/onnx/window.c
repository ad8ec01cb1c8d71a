/* L2: ONNX: sliding windows over one to three spatial dimensions: Conv, AveragePool, GlobalAveragePool. */
#include <string.h>

#include "format/onnx/onnx.h"

enum { SPACE = 3, LARGEST = 1 << 20 }; /* dimensions; largest kernel, stride, dilation and padding */

/* Output o sees the inputs o * stride - begin + k * dilation, k = 0 ... kernel - 1.  Unused dimensions have size 1. */
typedef struct axis {
  int in, out, kernel, stride, dilation, begin, end;
} axis;

typedef struct window {
  int rank; /* spatial dimensions of the node */
  axis axes[SPACE];
} window;

/* The k whose inputs lie inside, as a range first <= k < last. */
static void visible(const axis *a, int o, int *first, int *last) {
  long long start = (long long)o * a->stride - a->begin, step = a->dilation;
  long long low = start < 0 ? (-start + step - 1) / step : 0;
  long long high = start < a->in ? (a->in - 1 - start) / step + 1 : 0;
  if (high > a->kernel) high = a->kernel;
  *first = low < high ? (int)low : 0;
  *last = low < high ? (int)high : 0;
}

/* ---- reading the geometry ---------------------------------------------------------------------- */

static rl_status read_input(rl_onnx_node *node, window *w) {
  rl_status status = rl_onnx_need_map(node, 0, "X");
  if (status != RL_OK) return status;
  const rl_onnx_shape *shape = &node->in[0]->shape;
  w->rank = shape->rank - 2;
  if (w->rank < 1 || w->rank > SPACE || shape->dims[0] != 1)
    return rl_onnx_fail(node, "X has shape %s, expected 1 x channels x one to three spatial dimensions",
                        rl_onnx_shape_text(shape).text);
  for (int k = 0; k < SPACE; k++) {
    int in = k < w->rank ? shape->dims[k + 2] : 1;
    w->axes[k] = (axis){.in = in, .kernel = 1, .stride = 1, .dilation = 1};
  }
  return RL_OK;
}

static rl_status read_steps(rl_onnx_node *node, window *w) {
  int stride[SPACE] = {1, 1, 1}, dilation[SPACE] = {1, 1, 1}, pads[2 * SPACE] = {0};
  rl_status status = rl_onnx_integers(node, "strides", w->rank, 1, LARGEST, stride);
  if (status == RL_OK) status = rl_onnx_integers(node, "dilations", w->rank, 1, LARGEST, dilation);
  if (status == RL_OK) status = rl_onnx_integers(node, "pads", 2 * w->rank, 0, LARGEST, pads);
  for (int k = 0; k < w->rank; k++) {
    w->axes[k].stride = stride[k];
    w->axes[k].dilation = dilation[k];
    w->axes[k].begin = pads[k];
    w->axes[k].end = pads[w->rank + k];
  }
  return status;
}

static int attribute_is(const Rl__Onnx__Attribute *a, const char *word) {
  return a->s.len == strlen(word) && memcmp(a->s.data, word, a->s.len) == 0;
}

/* SAME: as many outputs as inputs over stride, rounded up; an odd pad goes to the end (UPPER) or the beginning. */
static void pad_same(axis *a, int upper) {
  long long out = ((long long)a->in + a->stride - 1) / a->stride;
  long long total = (out - 1) * a->stride + ((long long)a->kernel - 1) * a->dilation + 1 - a->in;
  if (total < 0) total = 0;
  if (total > LARGEST) total = LARGEST; /* refused by read_outputs: the window is far larger than the input */
  int half = (int)total / 2, rest = (int)total - half;
  a->begin = upper ? half : rest;
  a->end = upper ? rest : half;
}

static rl_status apply_auto_pad(rl_onnx_node *node, window *w) {
  const Rl__Onnx__Attribute *a = rl_onnx_attribute(node, "auto_pad");
  if (!a || attribute_is(a, "NOTSET")) return RL_OK;
  if (a->s.len == 0 && !a->has_i && !a->has_f && !a->n_ints) return RL_OK;
  int upper = attribute_is(a, "SAME_UPPER"), lower = attribute_is(a, "SAME_LOWER");
  if (!upper && !lower && !attribute_is(a, "VALID"))
    return rl_onnx_fail(node, "attribute 'auto_pad': expected NOTSET, SAME_UPPER, SAME_LOWER or VALID");
  int padded = rl_onnx_attribute(node, "pads") && (upper || lower);
  for (int k = 0; k < w->rank; k++) padded |= w->axes[k].begin || w->axes[k].end;
  if (padded) return rl_onnx_fail(node, "has both 'pads' and 'auto_pad'");
  for (int k = 0; k < w->rank && (upper || lower); k++) pad_same(&w->axes[k], upper);
  return RL_OK;
}

/* The outputs along each dimension; shape becomes 1 x channels x outputs. */
static rl_status read_outputs(rl_onnx_node *node, window *w, int channels, rl_onnx_shape *shape) {
  int ceil_mode = 0, good;
  rl_status status = rl_onnx_integer(node, "ceil_mode", 0, 1, &ceil_mode);
  if (status != RL_OK) return status;
  *shape = (rl_onnx_shape){0};
  good = rl_onnx_extend(shape, 1) && rl_onnx_extend(shape, channels);
  for (int k = 0; k < SPACE; k++) {
    axis *a = &w->axes[k];
    long long room = (long long)a->in + a->begin + a->end - ((long long)a->kernel - 1) * a->dilation - 1;
    if (room < 0)
      return rl_onnx_fail(node, "dimension %d: a window of %lld does not fit into %lld inputs with their padding",
                          k + 2, ((long long)a->kernel - 1) * a->dilation + 1, (long long)a->in + a->begin + a->end);
    if (ceil_mode && room % a->stride)
      return rl_onnx_fail(node, "ceil_mode = 1 with a window that ends outside the padding is not supported");
    a->out = (int)(room / a->stride) + 1;
    if (k < w->rank) good = good && rl_onnx_extend(shape, a->out);
  }
  return good ? RL_OK : rl_onnx_fail(node, "the result has more than %d elements", RL_ONNX_ELEMENTS);
}

/* ---- walking ------------------------------------------------------------------------------------- */

/* A place of the window: the output, and the inputs it sees. */
typedef struct place {
  int o[SPACE];
  int first[SPACE], last[SPACE];
} place;

static place place_at(const window *w, int number) {
  place p;
  for (int k = SPACE - 1; k >= 0; k--) {
    p.o[k] = number % w->axes[k].out;
    number /= w->axes[k].out;
    visible(&w->axes[k], p.o[k], &p.first[k], &p.last[k]);
  }
  return p;
}

static int places(const window *w) { return w->axes[0].out * w->axes[1].out * w->axes[2].out; }
static int inputs(const window *w) { return w->axes[0].in * w->axes[1].in * w->axes[2].in; }

static int input_at(const window *w, const place *p, int axis_number, int k) {
  const axis *a = &w->axes[axis_number];
  return (int)((long long)p->o[axis_number] * a->stride - a->begin + (long long)k * a->dilation);
}

/* Row `row` += the elements of one channel (from element `from` on) under the window, each times its weight:
 * weights[kernel] or, when that is NULL, `weight`. */
static void add_window(rl_onnx_node *node, const window *w, const place *p, int row, int from, const double *weights,
                       double weight) {
  const axis *a = w->axes;
  for (int i = p->first[0]; i < p->last[0]; i++)
    for (int j = p->first[1]; j < p->last[1]; j++)
      for (int k = p->first[2]; k < p->last[2]; k++) {
        int element = (input_at(w, p, 0, i) * a[1].in + input_at(w, p, 1, j)) * a[2].in + input_at(w, p, 2, k);
        double value = weights ? weights[(i * a[1].kernel + j) * a[2].kernel + k] : weight;
        rl_onnx_add(&node->out->map, row, &node->in[0]->map, from + element, value);
      }
}

/* ---- Conv ------------------------------------------------------------------------------------------ */

static rl_status read_conv(rl_onnx_node *node, window *w, int *groups) {
  rl_status status = read_input(node, w);
  if (status == RL_OK) status = rl_onnx_need_constant(node, 1, "W");
  if (status == RL_OK) status = rl_onnx_integer(node, "group", 1, LARGEST, groups);
  if (status != RL_OK) return status;
  const rl_onnx_shape *X = &node->in[0]->shape, *W = &node->in[1]->shape;
  if (W->rank != X->rank)
    return rl_onnx_fail(node, "W has shape %s, expected %d dimensions", rl_onnx_shape_text(W).text, X->rank);
  if (X->dims[1] % *groups || W->dims[0] % *groups || W->dims[1] != X->dims[1] / *groups)
    return rl_onnx_fail(node, "W has shape %s and there are %d groups, which does not fit X of shape %s",
                        rl_onnx_shape_text(W).text, *groups, rl_onnx_shape_text(X).text);
  int kernel[SPACE];
  for (int k = 0; k < w->rank; k++) kernel[k] = W->dims[k + 2];
  status = rl_onnx_integers(node, "kernel_shape", w->rank, 1, LARGEST, kernel);
  for (int k = 0; k < w->rank && status == RL_OK; k++) {
    w->axes[k].kernel = kernel[k];
    if (kernel[k] != W->dims[k + 2])
      status = rl_onnx_fail(node, "attribute 'kernel_shape' does not fit W of shape %s", rl_onnx_shape_text(W).text);
  }
  return status;
}

static rl_status check_bias(rl_onnx_node *node, int channels) {
  if (node->inputs < 3 || !node->in[2]) return RL_OK;
  rl_status status = rl_onnx_need_constant(node, 2, "B");
  if (status == RL_OK && rl_onnx_count(&node->in[2]->shape) != channels)
    status = rl_onnx_fail(node, "B has %d elements, expected one for each of %d output channels",
                          rl_onnx_count(&node->in[2]->shape), channels);
  return status;
}

rl_status rl_onnx_conv(rl_onnx_node *node) {
  window w = {0};
  int groups = 1;
  rl_onnx_shape shape;
  rl_status status = read_conv(node, &w, &groups);
  if (status == RL_OK) status = read_steps(node, &w);
  if (status == RL_OK) status = apply_auto_pad(node, &w);
  if (status != RL_OK) return status;
  int channels = node->in[1]->shape.dims[0], sources = node->in[1]->shape.dims[1];
  int kernel = rl_onnx_product(&node->in[1]->shape, 2, node->in[1]->shape.rank);
  status = read_outputs(node, &w, channels, &shape);
  if (status == RL_OK) status = check_bias(node, channels);
  if (status == RL_OK) status = rl_onnx_new_map(node, &node->in[0]->map, &shape);
  if (status != RL_OK) return status;
  const double *bias = node->inputs > 2 && node->in[2] ? node->in[2]->constant : NULL;
  for (int c = 0, row = 0; c < channels; c++)
    for (int o = 0; o < places(&w); o++, row++) {
      place p = place_at(&w, o);
      int group = c / (channels / groups);
      for (int s = 0; s < sources; s++)
        add_window(node, &w, &p, row, (group * sources + s) * inputs(&w),
                   node->in[1]->constant + ((size_t)c * (size_t)sources + (size_t)s) * (size_t)kernel, 0);
      if (bias) node->out->map.b[row] += bias[c];
    }
  return RL_OK;
}

/* ---- pooling ----------------------------------------------------------------------------------------- */

/* The mean over each window of each channel; padding counts as zeros where `padded`, else not at all. */
static rl_status average(rl_onnx_node *node, window *w, int padded) {
  rl_onnx_shape shape;
  int channels = node->in[0]->shape.dims[1];
  rl_status status = read_outputs(node, w, channels, &shape);
  if (status == RL_OK) status = rl_onnx_new_map(node, &node->in[0]->map, &shape);
  if (status != RL_OK) return status;
  double kernel = (double)w->axes[0].kernel * w->axes[1].kernel * w->axes[2].kernel;
  for (int o = 0; o < places(w); o++) {
    place p = place_at(w, o);
    double seen = 1;
    for (int k = 0; k < SPACE; k++) seen *= p.last[k] - p.first[k];
    if (seen == 0) return rl_onnx_fail(node, "a window lies in the padding alone");
    for (int c = 0; c < channels; c++)
      add_window(node, w, &p, c * places(w) + o, c * inputs(w), NULL, 1 / (padded ? kernel : seen));
  }
  return RL_OK;
}

rl_status rl_onnx_average_pool(rl_onnx_node *node) {
  window w = {0};
  int padded = 0, kernel[SPACE];
  rl_status status = read_input(node, &w);
  if (status == RL_OK) status = rl_onnx_integer(node, "count_include_pad", 0, 1, &padded);
  if (status == RL_OK && !rl_onnx_attribute(node, "kernel_shape"))
    status = rl_onnx_fail(node, "attribute 'kernel_shape' is missing");
  if (status == RL_OK) status = rl_onnx_integers(node, "kernel_shape", w.rank, 1, LARGEST, kernel);
  for (int k = 0; k < w.rank && status == RL_OK; k++) w.axes[k].kernel = kernel[k];
  if (status == RL_OK) status = read_steps(node, &w);
  if (status == RL_OK) status = apply_auto_pad(node, &w);
  return status == RL_OK ? average(node, &w, padded) : status;
}

rl_status rl_onnx_global_average_pool(rl_onnx_node *node) {
  window w = {0};
  rl_status status = read_input(node, &w);
  for (int k = 0; k < SPACE; k++) w.axes[k].kernel = w.axes[k].in;
  return status == RL_OK ? average(node, &w, 0) : status;
}
