/* L2: ONNX: nodes: what an operator's function sees. */
#ifndef RL_ONNX_NODE_H
#define RL_ONNX_NODE_H

#include "format/onnx/tensor.h"

typedef enum rl_onnx_state { RL_ONNX_PENDING, RL_ONNX_UNDER_WAY, RL_ONNX_READY, RL_ONNX_UNUSABLE } rl_onnx_state;

/* A value that the graph names. */
typedef struct rl_onnx_value {
  const char *name;
  rl_onnx_state state;
  rl_onnx_shape shape;
  int whole;                           /* integers */
  int is_input;                        /* of the graph */
  int uses;                            /* nodes still to come that take it */
  const Rl__Onnx__Tensor *initializer; /* what it is read from at its first use, or NULL */
  int producer;                        /* the node that computes it, from 0, or -1 */
  rl_onnx_forms *forms;                /* READY; NULL: it is empty */
} rl_onnx_value;

typedef struct rl_onnx_reader rl_onnx_reader;

typedef struct rl_onnx_node {
  rl_onnx_reader *reader;
  rl_onnx_space *space;
  rl_onnx_source *source;
  const char *path;
  const Rl__Onnx__Node *proto;
  int number; /* in the file, from 1 */
  int opset;
  int inputs, outputs;
  rl_onnx_value **in;  /* inputs; NULL: left out, or empty */
  rl_onnx_value **out; /* outputs; NULL: without a name */
} rl_onnx_node;

/* "node NUMBER 'NAME' (OPERATOR)" for messages. */
rl_onnx_text rl_onnx_node_text(const rl_onnx_node *node);
/* RL_EFORMAT "FILE: node NUMBER 'NAME' (OPERATOR): message", the message from a literal format and its arguments. */
#define rl_onnx_fail(node, ...) RL_ONNX_FAIL(node, __VA_ARGS__, "")
#define RL_ONNX_FAIL(node, format, ...)                                                                               \
  rl_fail((node)->space->err, RL_EFORMAT, "%s: %s: " format "%s", (node)->path, rl_onnx_node_text(node).text,         \
          __VA_ARGS__)

/* ---- attributes: `out` is left alone where the node does not have it --------------------------------------- */

const Rl__Onnx__Attribute *rl_onnx_attribute(const rl_onnx_node *node, const char *name);
rl_status rl_onnx_integer(const rl_onnx_node *node, const char *name, int low, int high, int *out);
rl_status rl_onnx_real(const rl_onnx_node *node, const char *name, double *out);
/* Exactly `count` integers. */
rl_status rl_onnx_integers(const rl_onnx_node *node, const char *name, int count, int low, int high, int *out);
/* The position in `words` (ended by NULL) of a string, *out; fails for others. */
rl_status rl_onnx_word(const rl_onnx_node *node, const char *name, const char *const *words, int *out);

/* ---- inputs ---------------------------------------------------------------------------------------------------- */

static inline int rl_onnx_has(const rl_onnx_node *node, int i) { return i < node->inputs && node->in[i]; }
/* Fails unless input i is there and constant. */
rl_status rl_onnx_need_constant(const rl_onnx_node *node, int i, const char *what);
/* Fails unless input i is there and depends on the network's input. */
rl_status rl_onnx_need_map(const rl_onnx_node *node, int i, const char *what);
/* Integers: of constant input i or, without it, of the attribute (name NULL: none); *count -1: neither is there; at
 * most `most` of them. */
rl_status rl_onnx_list(const rl_onnx_node *node, int i, const char *name, int most, long long *list, int *count);
/* Axes likewise, as flags over `rank` dimensions; *count -1: none given. */
rl_status rl_onnx_axes(const rl_onnx_node *node, int i, int rank, int *chosen, int *count);
/* Attribute `axis`, as 0 ... rank - 1. */
rl_status rl_onnx_axis(const rl_onnx_node *node, int rank, int missing, int *axis);

/* The shape that inputs first ... last - 1 broadcast to (arithmetic.c); input i's forms under it, to be released. */
rl_status rl_onnx_common_shape(const rl_onnx_node *node, int first, int last, rl_onnx_shape *shape);
rl_status rl_onnx_spread(rl_onnx_node *node, int i, const rl_onnx_shape *shape, rl_onnx_forms **out);

/* ---- outputs: node->out[0] unless said otherwise ----------------------------------------------------------- */

/* The output is these forms, which it takes over, under a shape. */
void rl_onnx_give(rl_onnx_node *node, int output, const rl_onnx_shape *shape, rl_onnx_forms *forms);
/* The output is input i under another shape with as many elements. */
rl_status rl_onnx_reshaped(rl_onnx_node *node, int i, const rl_onnx_shape *shape);
/* The output picks elements of input i (rl_onnx_pick). */
rl_status rl_onnx_picked(rl_onnx_node *node, int i, const rl_onnx_shape *shape, const int *from, double fill);
/* The output is a map of input i; that something was rounded is noted. */
rl_status rl_onnx_mapped(rl_onnx_node *node, int i, const rl_onnx_shape *shape, rl_onnx_rows *rows, const void *context);
/* Note that coefficients of the node are rounded: as this word says. */
void rl_onnx_note_rounding(rl_onnx_node *node, const char *what);
/* "FILE: node ...: the result has more than ... elements" */
rl_status rl_onnx_fail_large(const rl_onnx_node *node);

#endif
