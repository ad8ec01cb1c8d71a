/* L2: ONNX: pooling: AveragePool, MaxPool, and over all of a channel. */
#include "format/onnx/operator.h"
#include "format/onnx/window.h"

typedef struct pooling {
  rl_onnx_window window;
  int channels, padded; /* padded: padding counts */
} pooling;

static int seen(const rl_onnx_spot *s) {
  return (s->last[0] - s->first[0]) * (s->last[1] - s->first[1]) * (s->last[2] - s->first[2]);
}

/* Call the function for each element of a channel, which begins at `from`, under the window. */
typedef void visit_function(void *context, int element);
static void each_element(const rl_onnx_window *w, const rl_onnx_spot *s, int from, visit_function *visit, void *context) {
  for (int i = s->first[0]; i < s->last[0]; i++)
    for (int j = s->first[1]; j < s->last[1]; j++)
      for (int k = s->first[2]; k < s->last[2]; k++) visit(context, from + rl_onnx_window_element(w, s, i, j, k));
}

/* A window that sees nothing has no mean, and no maximum. */
static rl_status check_windows(const rl_onnx_node *node, const rl_onnx_window *w, int *rounded, int padded) {
  int kernel = w->line[0].kernel * w->line[1].kernel * w->line[2].kernel;
  for (int p = 0; p < rl_onnx_window_places(w); p++) {
    rl_onnx_spot spot = rl_onnx_window_spot(w, p);
    int count = padded ? kernel : seen(&spot);
    if (seen(&spot) == 0) return rl_onnx_fail(node, "a window lies in the padding alone");
    *rounded |= (count & (count - 1)) != 0;
  }
  return RL_OK;
}

/* ---- means ------------------------------------------------------------------------------------------ */

typedef struct weighted {
  rl_onnx_builder *builder;
  double weight;
} weighted;

static void add_term(void *context, int element) {
  const weighted *t = context;
  rl_onnx_term(t->builder, element, t->weight);
}

static void average_rows(rl_onnx_builder *b, const void *context) {
  const pooling *p = context;
  const rl_onnx_window *w = &p->window;
  double kernel = (double)w->line[0].kernel * w->line[1].kernel * w->line[2].kernel;
  for (int c = 0; c < p->channels; c++)
    for (int o = 0; o < rl_onnx_window_places(w); o++) {
      rl_onnx_spot spot = rl_onnx_window_spot(w, o);
      weighted t = {b, 1 / (p->padded ? kernel : seen(&spot))};
      each_element(w, &spot, c * rl_onnx_window_inputs(w), add_term, &t);
      rl_onnx_end(b, 0);
    }
}

/* The mean over each window of each channel; padding counts as zeros where `padded`, else not at all. */
static rl_status average(rl_onnx_node *node, pooling *p) {
  rl_onnx_shape shape;
  int rounded = 0;
  p->channels = node->in[0]->shape.dims[1];
  rl_status status = rl_onnx_window_outputs(node, &p->window, p->channels, 0, &shape);
  if (status == RL_OK) status = check_windows(node, &p->window, &rounded, p->padded);
  if (status != RL_OK) return status;
  if (rounded) rl_onnx_note_rounding(node, "reciprocals of the windows' sizes");
  return rl_onnx_mapped(node, 0, &shape, average_rows, p);
}

rl_status rl_onnx_average_pool(rl_onnx_node *node) {
  pooling p = {0};
  rl_status status = rl_onnx_window_input(node, &p.window);
  if (status == RL_OK) status = rl_onnx_integer(node, "count_include_pad", 0, 1, &p.padded);
  if (status == RL_OK) status = rl_onnx_window_kernel(node, &p.window);
  if (status == RL_OK) status = rl_onnx_window_steps(node, &p.window);
  return status == RL_OK ? average(node, &p) : status;
}

static void widen(rl_onnx_window *w) {
  for (int k = 0; k < RL_ONNX_SPACE; k++) w->line[k].kernel = w->line[k].in;
}

rl_status rl_onnx_global_average_pool(rl_onnx_node *node) {
  pooling p = {0};
  rl_status status = rl_onnx_window_input(node, &p.window);
  widen(&p.window);
  return status == RL_OK ? average(node, &p) : status;
}

/* ---- maxima --------------------------------------------------------------------------------------- */

typedef struct listing {
  int *element;
  size_t count;
} listing;

static void list_element(void *context, int element) {
  listing *l = context;
  l->element[l->count++] = element;
}

static rl_status list_windows(rl_onnx_node *node, const pooling *p, const rl_onnx_shape *shape, size_t *start,
                              int *element) {
  const rl_onnx_window *w = &p->window;
  listing l = {element, 0};
  rl_onnx_forms *best;
  for (int c = 0, i = 0; c < p->channels; c++)
    for (int o = 0; o < rl_onnx_window_places(w); o++, i++) {
      rl_onnx_spot spot = rl_onnx_window_spot(w, o);
      start[i] = l.count;
      each_element(w, &spot, c * rl_onnx_window_inputs(w), list_element, &l);
      start[i + 1] = l.count;
    }
  rl_status status = rl_onnx_best(node->space, node->in[0]->forms, rl_onnx_count(shape), start, element, 1, &best);
  if (status == RL_OK) rl_onnx_give(node, 0, shape, best);
  return status;
}

static rl_status maximum(rl_onnx_node *node, pooling *p) {
  rl_onnx_shape shape;
  int rounded = 0;
  p->channels = node->in[0]->shape.dims[1];
  rl_status status = rl_onnx_window_outputs(node, &p->window, p->channels, 1, &shape);
  if (status == RL_OK) status = check_windows(node, &p->window, &rounded, 0);
  if (status != RL_OK) return status;
  size_t count = (size_t)rl_onnx_count(&shape), total = 0;
  for (int o = 0; o < rl_onnx_window_places(&p->window); o++) {
    rl_onnx_spot spot = rl_onnx_window_spot(&p->window, o);
    total += (size_t)seen(&spot) * (size_t)p->channels;
  }
  status = rl_onnx_need(node->space, 100.0 * (double)total);
  if (status == RL_OK && total > RL_ONNX_ELEMENTS) status = rl_onnx_fail_large(node);
  if (status != RL_OK) return status;
  size_t *start = rl_alloc(count + 1, sizeof *start);
  int *element = rl_alloc(total, sizeof *element);
  status = start && element ? list_windows(node, p, &shape, start, element) : rl_fail_memory(node->space->err);
  rl_free(start);
  rl_free(element);
  return status;
}

rl_status rl_onnx_max_pool(rl_onnx_node *node) {
  pooling p = {0};
  int order = 0;
  rl_status status = rl_onnx_window_input(node, &p.window);
  if (status == RL_OK) status = rl_onnx_integer(node, "storage_order", 0, 1, &order); /* of the indices, unused */
  if (status == RL_OK) status = rl_onnx_window_kernel(node, &p.window);
  if (status == RL_OK) status = rl_onnx_window_steps(node, &p.window);
  return status == RL_OK ? maximum(node, &p) : status;
}

rl_status rl_onnx_global_max_pool(rl_onnx_node *node) {
  pooling p = {0};
  rl_status status = rl_onnx_window_input(node, &p.window);
  widen(&p.window);
  return status == RL_OK ? maximum(node, &p) : status;
}
