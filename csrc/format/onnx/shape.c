/* L2: ONNX: shapes of tensors (see shape.h). */
#include "format/onnx/shape.h"

#include <stdio.h>
#include <string.h>

int rl_onnx_product(const rl_onnx_shape *shape, int from, int to) {
  int product = 1;
  for (int k = from; k < to; k++) product *= shape->dims[k];
  return product;
}

int rl_onnx_count(const rl_onnx_shape *shape) { return rl_onnx_product(shape, 0, shape->rank); }

int rl_onnx_same(const rl_onnx_shape *a, const rl_onnx_shape *b) {
  return a->rank == b->rank && memcmp(a->dims, b->dims, (size_t)a->rank * sizeof *a->dims) == 0;
}

int rl_onnx_extend(rl_onnx_shape *shape, long long size) {
  if (shape->rank == RL_ONNX_RANK || size < 1 || size > RL_ONNX_ELEMENTS / rl_onnx_count(shape)) return 0;
  shape->dims[shape->rank++] = (int)size;
  return 1;
}

int rl_onnx_broadcast(const rl_onnx_shape *a, const rl_onnx_shape *b, rl_onnx_shape *out) {
  int rank = a->rank > b->rank ? a->rank : b->rank;
  rl_onnx_shape shape = {0};
  for (int k = 0; k < rank; k++) {
    int i = k - (rank - a->rank), j = k - (rank - b->rank);
    int da = i < 0 ? 1 : a->dims[i], db = j < 0 ? 1 : b->dims[j];
    if (da != db && da != 1 && db != 1) return 0;
    if (!rl_onnx_extend(&shape, da > db ? da : db)) return 0;
  }
  *out = shape;
  return 1;
}

int rl_onnx_origin(const rl_onnx_shape *from, const rl_onnx_shape *to, int index) {
  int element = 0, stride = 1;
  for (int k = 1; k <= from->rank; k++) {
    int size = from->dims[from->rank - k], place = index % to->dims[to->rank - k];
    index /= to->dims[to->rank - k];
    if (size > 1) element += place * stride;
    stride *= size;
  }
  return element;
}

void rl_onnx_place(const rl_onnx_shape *shape, int index, int *at) {
  for (int k = shape->rank - 1; k >= 0; k--) {
    at[k] = index % shape->dims[k];
    index /= shape->dims[k];
  }
}

int rl_onnx_index(const rl_onnx_shape *shape, const int *at) {
  int index = 0;
  for (int k = 0; k < shape->rank; k++) index = index * shape->dims[k] + at[k];
  return index;
}

rl_onnx_text rl_onnx_shape_text(const rl_onnx_shape *shape) {
  rl_onnx_text t = {"a scalar"};
  int length = 0;
  for (int k = 0; k < shape->rank; k++)
    length += snprintf(t.text + length, sizeof t.text - (size_t)length, k ? "x%d" : "%d", shape->dims[k]);
  return t;
}

rl_onnx_text rl_onnx_name_text(const char *name) {
  enum { SHOWN = 64 };
  rl_onnx_text t;
  size_t length = 0;
  for (; length < SHOWN && name[length]; length++) {
    unsigned char c = (unsigned char)name[length];
    t.text[length] = c < 32 || c == 127 ? '?' : (char)c;
  }
  snprintf(t.text + length, sizeof t.text - length, "%s", name[length] ? "..." : "");
  return t;
}
