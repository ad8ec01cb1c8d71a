/* L2: ONNX: sliding windows (see window.h). */
#include "format/onnx/window.h"

#include <string.h>

/* The k whose inputs lie inside, as a range first <= k < last. */
static void visible(const rl_onnx_line *a, int o, int *first, int *last) {
  long long start = (long long)o * a->stride - a->begin, step = a->dilation;
  long long low = start < 0 ? (-start + step - 1) / step : 0;
  long long high = start < a->in ? (a->in - 1 - start) / step + 1 : 0;
  if (high > a->kernel) high = a->kernel;
  *first = low < high ? (int)low : 0;
  *last = low < high ? (int)high : 0;
}

rl_status rl_onnx_window_input(rl_onnx_node *node, rl_onnx_window *w) {
  rl_status status = rl_onnx_need_map(node, 0, "X");
  if (status != RL_OK) return status;
  const rl_onnx_shape *shape = &node->in[0]->shape;
  w->rank = shape->rank - 2;
  if (w->rank < 1 || w->rank > RL_ONNX_SPACE || shape->dims[0] != 1)
    return rl_onnx_fail(node, "X has shape %s, expected 1 x channels x one to three spatial dimensions",
                        rl_onnx_shape_text(shape).text);
  for (int k = 0; k < RL_ONNX_SPACE; k++) {
    int in = k < w->rank ? shape->dims[k + 2] : 1;
    w->line[k] = (rl_onnx_line){.in = in, .out = 1, .kernel = 1, .stride = 1, .dilation = 1};
  }
  return RL_OK;
}

rl_status rl_onnx_window_kernel(rl_onnx_node *node, rl_onnx_window *w) {
  int kernel[RL_ONNX_SPACE] = {1, 1, 1};
  if (!rl_onnx_attribute(node, "kernel_shape")) return rl_onnx_fail(node, "attribute 'kernel_shape' is missing");
  rl_status status = rl_onnx_integers(node, "kernel_shape", w->rank, 1, RL_ONNX_LARGEST, kernel);
  for (int k = 0; k < w->rank; k++) w->line[k].kernel = kernel[k];
  return status;
}

/* SAME: as many outputs as inputs over stride, rounded up; an odd pad goes to the end (UPPER) or the beginning. */
static void pad_same(rl_onnx_line *a, int upper) {
  long long out = ((long long)a->in + a->stride - 1) / a->stride;
  long long total = (out - 1) * a->stride + ((long long)a->kernel - 1) * a->dilation + 1 - a->in;
  if (total < 0) total = 0;
  if (total > RL_ONNX_LARGEST) total = RL_ONNX_LARGEST; /* refused below: the window is far larger than the input */
  int half = (int)total / 2, rest = (int)total - half;
  a->begin = upper ? half : rest;
  a->end = upper ? rest : half;
}

static rl_status apply_auto_pad(rl_onnx_node *node, rl_onnx_window *w) {
  enum { NOTSET, UPPER, LOWER, VALID };
  static const char *const words[] = {"NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID", NULL};
  int mode = NOTSET;
  rl_status status = rl_onnx_word(node, "auto_pad", words, &mode);
  if (status != RL_OK || mode == NOTSET) return status;
  int same = mode != VALID, padded = rl_onnx_attribute(node, "pads") && same;
  for (int k = 0; k < w->rank; k++) padded |= w->line[k].begin || w->line[k].end;
  if (padded) return rl_onnx_fail(node, "has both 'pads' and 'auto_pad'");
  for (int k = 0; k < w->rank && same; k++) pad_same(&w->line[k], mode == UPPER);
  return RL_OK;
}

rl_status rl_onnx_window_steps(rl_onnx_node *node, rl_onnx_window *w) {
  int stride[RL_ONNX_SPACE] = {1, 1, 1}, dilation[RL_ONNX_SPACE] = {1, 1, 1}, pads[2 * RL_ONNX_SPACE] = {0};
  rl_status status = rl_onnx_integers(node, "strides", w->rank, 1, RL_ONNX_LARGEST, stride);
  if (status == RL_OK) status = rl_onnx_integers(node, "dilations", w->rank, 1, RL_ONNX_LARGEST, dilation);
  if (status == RL_OK) status = rl_onnx_integers(node, "pads", 2 * w->rank, 0, RL_ONNX_LARGEST, pads);
  if (status != RL_OK) return status;
  for (int k = 0; k < w->rank; k++) {
    w->line[k].stride = stride[k];
    w->line[k].dilation = dilation[k];
    w->line[k].begin = pads[k];
    w->line[k].end = pads[w->rank + k];
  }
  return apply_auto_pad(node, w);
}

/* One window more where a stride is left over, unless it would begin in the padding behind the input. */
static int with_overhang(const rl_onnx_line *a, long long room) {
  long long out = room / a->stride + 1;
  return room % a->stride && out * a->stride < (long long)a->in + a->begin ? (int)out + 1 : (int)out;
}

rl_status rl_onnx_window_outputs(rl_onnx_node *node, rl_onnx_window *w, int channels, int overhang,
                                 rl_onnx_shape *shape) {
  int ceil_mode = 0, good;
  rl_status status = rl_onnx_integer(node, "ceil_mode", 0, 1, &ceil_mode);
  if (status != RL_OK) return status;
  *shape = (rl_onnx_shape){0};
  good = rl_onnx_extend(shape, 1) && rl_onnx_extend(shape, channels);
  for (int k = 0; k < RL_ONNX_SPACE; k++) {
    rl_onnx_line *a = &w->line[k];
    long long room = (long long)a->in + a->begin + a->end - ((long long)a->kernel - 1) * a->dilation - 1;
    if (room < 0)
      return rl_onnx_fail(node, "dimension %d: a window of %lld does not fit into %lld inputs with their padding",
                          k + 2, ((long long)a->kernel - 1) * a->dilation + 1, (long long)a->in + a->begin + a->end);
    if (ceil_mode && !overhang && with_overhang(a, room) > room / a->stride + 1)
      return rl_onnx_fail(node, "ceil_mode = 1 with a window that ends outside the padding is not supported");
    a->out = ceil_mode ? with_overhang(a, room) : (int)(room / a->stride) + 1;
    if (k < w->rank) good = good && rl_onnx_extend(shape, a->out);
  }
  return good ? RL_OK : rl_onnx_fail_large(node);
}

rl_onnx_spot rl_onnx_window_spot(const rl_onnx_window *w, int number) {
  rl_onnx_spot s;
  for (int k = RL_ONNX_SPACE - 1; k >= 0; k--) {
    s.o[k] = number % w->line[k].out;
    number /= w->line[k].out;
    visible(&w->line[k], s.o[k], &s.first[k], &s.last[k]);
  }
  return s;
}

static int input_at(const rl_onnx_line *a, int o, int k) {
  return (int)((long long)o * a->stride - a->begin + (long long)k * a->dilation);
}

int rl_onnx_window_element(const rl_onnx_window *w, const rl_onnx_spot *s, int i, int j, int k) {
  int a = input_at(&w->line[0], s->o[0], i), b = input_at(&w->line[1], s->o[1], j), c = input_at(&w->line[2], s->o[2], k);
  return (a * w->line[1].in + b) * w->line[2].in + c;
}
