/* L2: the parts of the ONNX reader.
 *
 * The graph is walked in its order.  A value of it is a constant, or an affine
 * map of the last ReLU's output (at first: of the network's input) that is
 * composed, in doubles, with each affine node; a Relu turns the map into a
 * layer of the network.  So a network is one chain: a path that leads around a
 * Relu is refused. */
#ifndef RL_ONNX_H
#define RL_ONNX_H

#include "model/network.h"
#include "format/onnx/onnx.pb-c.h"

enum {
  RL_ONNX_RANK = 8,           /* most dimensions of a tensor */
  RL_ONNX_ELEMENTS = 1 << 26, /* most elements of a tensor */
  RL_ONNX_WEIGHTS = 1 << 26,  /* most weights of a dense layer: half a gigabyte */
  RL_ONNX_INPUTS = 6          /* most inputs of a node */
};

typedef struct rl_onnx_shape {
  int rank;
  int dims[RL_ONNX_RANK]; /* each at least 1 */
} rl_onnx_shape;

/* y = W v + b, v: the output of the Relu number `base` (0: the network's input). */
typedef struct rl_onnx_map {
  int base;
  int in;    /* elements of v */
  double *W; /* one row for each element of the value; NULL: the identity */
  double *b;
} rl_onnx_map;

typedef enum rl_onnx_kind {
  RL_ONNX_PENDING, /* not computed yet */
  RL_ONNX_CONSTANT,
  RL_ONNX_MAPPED,
  RL_ONNX_UNUSABLE /* a further output of a node */
} rl_onnx_kind;

typedef struct rl_onnx_value {
  const char *name;
  rl_onnx_kind kind;
  rl_onnx_shape shape;
  int whole;                           /* CONSTANT: of an integer type */
  int uses;                            /* nodes still to come that take it */
  const Rl__Onnx__Tensor *initializer; /* what it is read from at its first use, or NULL */
  double *constant;                    /* CONSTANT: its elements, all finite */
  rl_onnx_map map;                     /* MAPPED */
} rl_onnx_value;

typedef struct rl_onnx {
  const char *path;
  rl_error *err;
  const Rl__Onnx__Graph *graph;
  rl_onnx_value *values; /* sorted by name */
  int count;
  int layers, capacity; /* layers that a Relu has finished */
  int *sizes;           /* layers + 1 */
  double **weights, **biases;
} rl_onnx;

/* A node while it is computed. */
typedef struct rl_onnx_node {
  rl_onnx *reader;
  const Rl__Onnx__Node *proto;
  int number; /* in the file, from 1 */
  int inputs;
  rl_onnx_value *in[RL_ONNX_INPUTS]; /* NULL: left out */
  rl_onnx_value *out;
} rl_onnx_node;

/* ---- shapes (value.c) ------------------------------------------------------------------- */

/* Number of elements. */
int rl_onnx_count(const rl_onnx_shape *shape);
/* Product of dims[from] ... dims[to - 1]. */
int rl_onnx_product(const rl_onnx_shape *shape, int from, int to);
int rl_onnx_same(const rl_onnx_shape *a, const rl_onnx_shape *b);
/* Append a dimension; 0 when that would be too much for the limits above or size < 1. */
int rl_onnx_extend(rl_onnx_shape *shape, long long size);
/* "2x3x4" for messages. */
typedef struct rl_onnx_text {
  char text[192];
} rl_onnx_text;
rl_onnx_text rl_onnx_shape_text(const rl_onnx_shape *shape);
/* A name from the file for messages: cut, without control characters. */
rl_onnx_text rl_onnx_name_text(const char *name);

/* ---- values (value.c) ------------------------------------------------------------------- */

/* Free what a value holds. */
void rl_onnx_clear(rl_onnx_value *value);
/* Read a tensor into a value that becomes CONSTANT; `what` and `name` say in messages which it is. */
rl_status rl_onnx_read_tensor(rl_onnx *reader, const Rl__Onnx__Tensor *tensor, const char *what, const char *name,
                              rl_onnx_value *value);
/* node->out becomes a constant of this shape, all zero. */
rl_status rl_onnx_new_constant(rl_onnx_node *node, const rl_onnx_shape *shape);
/* node->out becomes a map of this shape from the same v as `from`, all zero. */
rl_status rl_onnx_new_map(rl_onnx_node *node, const rl_onnx_map *from, const rl_onnx_shape *shape);
/* node->out becomes `from` under another shape with as many elements; moved where nothing else needs `from`. */
rl_status rl_onnx_take(rl_onnx_node *node, rl_onnx_value *from, const rl_onnx_shape *shape);
/* Row `row` of `to` += coefficient * row `element` of `from`. */
void rl_onnx_add(rl_onnx_map *to, int row, const rl_onnx_map *from, int element, double coefficient);
/* Write an identity W out; `count` rows. */
rl_status rl_onnx_expand(rl_onnx_node *node, rl_onnx_map *map, int count);

/* ---- nodes (node.c) --------------------------------------------------------------------- */

/* "node NUMBER 'NAME' (OPERATOR)" for messages. */
rl_onnx_text rl_onnx_node_text(const rl_onnx_node *node);
/* RL_EFORMAT "FILE: node NUMBER 'NAME' (OPERATOR): message", the message from a literal format and its arguments. */
#define rl_onnx_fail(node, ...) RL_ONNX_FAIL(node, __VA_ARGS__, "")
#define RL_ONNX_FAIL(node, format, ...)                                                                                \
  rl_fail((node)->reader->err, RL_EFORMAT, "%s: %s: " format "%s", (node)->reader->path, rl_onnx_node_text(node).text, \
          __VA_ARGS__)

/* Attributes: `out` is left alone where the node does not have it. */
const Rl__Onnx__Attribute *rl_onnx_attribute(const rl_onnx_node *node, const char *name);
rl_status rl_onnx_integer(const rl_onnx_node *node, const char *name, int low, int high, int *out);
rl_status rl_onnx_real(const rl_onnx_node *node, const char *name, double *out);
/* Exactly `count` integers. */
rl_status rl_onnx_integers(const rl_onnx_node *node, const char *name, int count, int low, int high, int *out);
/* Raise unless input i is there and constant. */
rl_status rl_onnx_need_constant(const rl_onnx_node *node, int i, const char *what);
/* Raise unless input i is there and depends on the network's input. */
rl_status rl_onnx_need_map(const rl_onnx_node *node, int i, const char *what);

/* Compute node->out, or fail for an operator that is not known. */
rl_status rl_onnx_compute(rl_onnx_node *node);

/* ---- operators ------------------------------------------------------------------------------- */

typedef rl_status rl_onnx_operator(rl_onnx_node *node);
rl_onnx_operator rl_onnx_add_node, rl_onnx_sub, rl_onnx_mul, rl_onnx_div, rl_onnx_batch_norm; /* scale.c */
rl_onnx_operator rl_onnx_gemm, rl_onnx_matmul;                                                /* product.c */
rl_onnx_operator rl_onnx_conv, rl_onnx_average_pool, rl_onnx_global_average_pool;             /* window.c */
rl_onnx_operator rl_onnx_identity, rl_onnx_constant, rl_onnx_flatten, rl_onnx_reshape, rl_onnx_squeeze,
    rl_onnx_unsqueeze, rl_onnx_transpose; /* shape.c */
rl_onnx_operator rl_onnx_relu;            /* onnx.c */

#endif
