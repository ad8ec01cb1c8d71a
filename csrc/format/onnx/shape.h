/* L2: ONNX: shapes of tensors. */
#ifndef RL_ONNX_SHAPE_H
#define RL_ONNX_SHAPE_H

enum {
  RL_ONNX_RANK = 8,          /* most dimensions of a tensor */
  RL_ONNX_ELEMENTS = 1 << 26 /* most elements of a tensor */
};

typedef struct rl_onnx_shape {
  int rank;
  int dims[RL_ONNX_RANK]; /* each at least 1 */
} rl_onnx_shape;

/* A short text for messages. */
typedef struct rl_onnx_text {
  char text[192];
} rl_onnx_text;

/* Number of elements. */
int rl_onnx_count(const rl_onnx_shape *shape);
/* Product of dims[from] ... dims[to - 1]. */
int rl_onnx_product(const rl_onnx_shape *shape, int from, int to);
int rl_onnx_same(const rl_onnx_shape *a, const rl_onnx_shape *b);
/* Append a dimension; 0 when that would be too much for the limits above or size < 1. */
int rl_onnx_extend(rl_onnx_shape *shape, long long size);
/* The shape that a and b broadcast to, as numpy does; 0 when they do not. */
int rl_onnx_broadcast(const rl_onnx_shape *a, const rl_onnx_shape *b, rl_onnx_shape *out);
/* The element of a tensor of shape `from` that stands at element `index` of the shape `to` it is broadcast to. */
int rl_onnx_origin(const rl_onnx_shape *from, const rl_onnx_shape *to, int index);
/* Coordinates of element `index`, and back. */
void rl_onnx_place(const rl_onnx_shape *shape, int index, int *at);
int rl_onnx_index(const rl_onnx_shape *shape, const int *at);
/* "2x3x4". */
rl_onnx_text rl_onnx_shape_text(const rl_onnx_shape *shape);
/* A name from the file: cut, without control characters. */
rl_onnx_text rl_onnx_name_text(const char *name);

#endif
