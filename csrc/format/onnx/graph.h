/* L2: ONNX: the graph: its values, and the order in which nodes are computed.
 *
 * Only what the output needs is computed, each node after those it takes from, in whatever order they stand. */
#ifndef RL_ONNX_GRAPH_H
#define RL_ONNX_GRAPH_H

#include "format/onnx/node.h"

struct rl_onnx_reader {
  const char *path;
  rl_onnx_space space;
  rl_onnx_source source;
  const Rl__Onnx__Model *model;
  const Rl__Onnx__Graph *graph;
  int opset;
  rl_onnx_value *values; /* sorted by name */
  int count;
  rl_onnx_value **inputs; /* of the graph, in order */
  int input_count;
  rl_onnx_value *output;
  char *notes; /* what reading dropped, chose or rounded: lines; or NULL */
};

/* Set up values and inputs, find the output (NULL: the graph's first) and compute it. */
rl_status rl_onnx_read_graph(rl_onnx_reader *reader, const char *output);
void rl_onnx_graph_free(rl_onnx_reader *reader);
/* Add a line to the notes; where memory is short, none. */
void rl_onnx_note(rl_onnx_reader *reader, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
