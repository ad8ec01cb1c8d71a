/* L2: ONNX: shapes, tensors, and affine maps. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "format/onnx/onnx.h"

/* ---- shapes ---------------------------------------------------------------------------------- */

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

/* ---- tensors --------------------------------------------------------------------------------- */

void rl_onnx_clear(rl_onnx_value *value) {
  rl_free(value->constant);
  rl_free(value->map.W);
  rl_free(value->map.b);
  value->constant = value->map.W = value->map.b = NULL;
}

/* A tensor and how messages call it. */
typedef struct source {
  rl_onnx *reader;
  const Rl__Onnx__Tensor *tensor;
  const char *what;
  rl_onnx_text name;
} source;

#define FAIL(from, format, ...)                                                                                        \
  rl_fail((from)->reader->err, RL_EFORMAT, "%s: %s '%s': " format, (from)->reader->path, (from)->what,                 \
          (from)->name.text, __VA_ARGS__)

static rl_status read_dims(const source *from, rl_onnx_shape *shape) {
  const Rl__Onnx__Tensor *t = from->tensor;
  if (t->n_dims > RL_ONNX_RANK)
    return FAIL(from, "has %zu dimensions, at most %d are supported", t->n_dims, RL_ONNX_RANK);
  *shape = (rl_onnx_shape){0};
  for (size_t k = 0; k < t->n_dims; k++)
    if (!rl_onnx_extend(shape, t->dims[k]))
      return FAIL(from, "dimension %zu is %lld: expected at least 1, and at most %d elements in all", k + 1,
                  (long long)t->dims[k], RL_ONNX_ELEMENTS);
  return RL_OK;
}

/* Little-endian bytes as they lie in raw_data. */
static uint64_t little_endian(const uint8_t *bytes, size_t size) {
  uint64_t bits = 0;
  for (size_t i = 0; i < size; i++) bits |= (uint64_t)bytes[i] << (8 * i);
  return bits;
}

static double raw_element(int type, const uint8_t *bytes) {
  uint64_t bits = little_endian(
      bytes, type == RL__ONNX__TENSOR__DATA_TYPE__FLOAT || type == RL__ONNX__TENSOR__DATA_TYPE__INT32 ? 4 : 8);
  uint32_t low = (uint32_t)bits;
  float single;
  double value;
  switch (type) {
  case RL__ONNX__TENSOR__DATA_TYPE__FLOAT:
    return memcpy(&single, &low, sizeof single), single;
  case RL__ONNX__TENSOR__DATA_TYPE__INT32:
    return (int32_t)low;
  case RL__ONNX__TENSOR__DATA_TYPE__INT64:
    return (double)(int64_t)bits;
  default:
    return memcpy(&value, &bits, sizeof value), value;
  }
}

/* How many elements the field for this type holds. */
static size_t typed_count(const Rl__Onnx__Tensor *t) {
  switch (t->data_type) {
  case RL__ONNX__TENSOR__DATA_TYPE__FLOAT:
    return t->n_float_data;
  case RL__ONNX__TENSOR__DATA_TYPE__INT32:
    return t->n_int32_data;
  case RL__ONNX__TENSOR__DATA_TYPE__INT64:
    return t->n_int64_data;
  default:
    return t->n_double_data;
  }
}

static double typed_element(const Rl__Onnx__Tensor *t, size_t i) {
  switch (t->data_type) {
  case RL__ONNX__TENSOR__DATA_TYPE__FLOAT:
    return t->float_data[i];
  case RL__ONNX__TENSOR__DATA_TYPE__INT32:
    return t->int32_data[i];
  case RL__ONNX__TENSOR__DATA_TYPE__INT64:
    return (double)t->int64_data[i];
  default:
    return t->double_data[i];
  }
}

/* Size of an element in raw_data; 0: the type is not supported. */
static size_t type_size(int type) {
  switch (type) {
  case RL__ONNX__TENSOR__DATA_TYPE__FLOAT:
  case RL__ONNX__TENSOR__DATA_TYPE__INT32:
    return 4;
  case RL__ONNX__TENSOR__DATA_TYPE__INT64:
  case RL__ONNX__TENSOR__DATA_TYPE__DOUBLE:
    return 8;
  default:
    return 0;
  }
}

static rl_status check_storage(const source *from) {
  const Rl__Onnx__Tensor *t = from->tensor;
  if (t->data_location != RL__ONNX__TENSOR__DATA_LOCATION__DEFAULT || t->n_external_data)
    return FAIL(from, "%s", "is stored in another file; save the model with all data in one file");
  if (t->segment) return FAIL(from, "%s", "is stored in segments, which is not supported");
  if (!type_size(t->data_type))
    return FAIL(from, "has data type %d, expected 1 (float), 11 (double), 7 (int64) or 6 (int32)", t->data_type);
  return RL_OK;
}

static rl_status check_length(const source *from, size_t count) {
  const Rl__Onnx__Tensor *t = from->tensor;
  size_t size = type_size(t->data_type);
  if (t->raw_data.len && t->raw_data.len != count * size)
    return FAIL(from, "has %zu bytes of data, expected %zu for %zu elements", t->raw_data.len, count * size, count);
  if (!t->raw_data.len && typed_count(t) != count)
    return FAIL(from, "has %zu elements of data, expected %zu", typed_count(t), count);
  return RL_OK;
}

rl_status rl_onnx_read_tensor(rl_onnx *reader, const Rl__Onnx__Tensor *tensor, const char *what, const char *name,
                              rl_onnx_value *value) {
  const source from = {reader, tensor, what, rl_onnx_name_text(name)};
  rl_onnx_shape shape;
  rl_status status = read_dims(&from, &shape);
  if (status == RL_OK) status = check_storage(&from);
  size_t count = status == RL_OK ? (size_t)rl_onnx_count(&shape) : 0, size = type_size(tensor->data_type);
  if (status == RL_OK) status = check_length(&from, count);
  if (status != RL_OK) return status;
  double *elements = rl_alloc(count, sizeof *elements);
  if (!elements) return rl_fail_memory(reader->err);
  for (size_t i = 0; i < count; i++) {
    elements[i] = tensor->raw_data.len ? raw_element(tensor->data_type, tensor->raw_data.data + i * size)
                                       : typed_element(tensor, i);
    if (isfinite(elements[i])) continue;
    double bad = elements[i];
    rl_free(elements);
    return FAIL(&from, "element %zu of %zu: expected a finite number, got %g", i + 1, count, bad);
  }
  value->kind = RL_ONNX_CONSTANT;
  value->whole = tensor->data_type == RL__ONNX__TENSOR__DATA_TYPE__INT32 ||
                 tensor->data_type == RL__ONNX__TENSOR__DATA_TYPE__INT64;
  value->shape = shape;
  value->constant = elements;
  return RL_OK;
}

/* ---- making values --------------------------------------------------------------------------- */

rl_status rl_onnx_new_constant(rl_onnx_node *node, const rl_onnx_shape *shape) {
  double *elements = rl_alloc((size_t)rl_onnx_count(shape), sizeof *elements);
  if (!elements) return rl_fail_memory(node->reader->err);
  node->out->kind = RL_ONNX_CONSTANT;
  node->out->shape = *shape;
  node->out->constant = elements;
  return RL_OK;
}

/* Room for the W of count rows; fails where that is more than the limit. */
static rl_status allocate_weights(const rl_onnx_node *node, int count, int in, double **W) {
  if (count > RL_ONNX_WEIGHTS / in)
    return rl_onnx_fail(node, "as a dense layer this is %d x %d weights, at most %d are supported", count, in,
                        RL_ONNX_WEIGHTS);
  *W = rl_alloc((size_t)count * (size_t)in, sizeof **W);
  return *W ? RL_OK : rl_fail_memory(node->reader->err);
}

rl_status rl_onnx_new_map(rl_onnx_node *node, const rl_onnx_map *from, const rl_onnx_shape *shape) {
  int count = rl_onnx_count(shape);
  rl_onnx_map map = {.base = from->base, .in = from->in};
  rl_status status = allocate_weights(node, count, map.in, &map.W);
  if (status != RL_OK) return status;
  map.b = rl_alloc((size_t)count, sizeof *map.b);
  if (!map.b) {
    rl_free(map.W);
    return rl_fail_memory(node->reader->err);
  }
  node->out->kind = RL_ONNX_MAPPED;
  node->out->shape = *shape;
  node->out->map = map;
  return RL_OK;
}

static rl_status copy_value(rl_onnx_node *node, const rl_onnx_value *from) {
  size_t count = (size_t)rl_onnx_count(&from->shape);
  rl_onnx_value copy = {.map = from->map};
  copy.map.W = copy.map.b = NULL;
  int good = 1;
  if (from->constant) good = (copy.constant = rl_copy_doubles(from->constant, count)) != NULL;
  if (from->map.b) good = (copy.map.b = rl_copy_doubles(from->map.b, count)) != NULL;
  if (good && from->map.W) good = (copy.map.W = rl_copy_doubles(from->map.W, count * (size_t)from->map.in)) != NULL;
  if (!good) {
    rl_onnx_clear(&copy);
    return rl_fail_memory(node->reader->err);
  }
  node->out->constant = copy.constant;
  node->out->map = copy.map;
  return RL_OK;
}

rl_status rl_onnx_take(rl_onnx_node *node, rl_onnx_value *from, const rl_onnx_shape *shape) {
  if (from->uses > 1) {
    rl_status status = copy_value(node, from);
    if (status != RL_OK) return status;
  } else {
    node->out->constant = from->constant;
    node->out->map = from->map;
    from->constant = from->map.W = from->map.b = NULL;
  }
  node->out->kind = from->kind;
  node->out->whole = from->whole;
  node->out->shape = *shape;
  return RL_OK;
}

void rl_onnx_add(rl_onnx_map *to, int row, const rl_onnx_map *from, int element, double coefficient) {
  if (coefficient == 0) return;
  size_t in = (size_t)to->in;
  double *target = to->W + (size_t)row * in;
  if (!from->W) {
    target[element] += coefficient;
  } else {
    const double *term = from->W + (size_t)element * in;
    for (size_t k = 0; k < in; k++) target[k] += coefficient * term[k];
  }
  to->b[row] += coefficient * from->b[element];
}

rl_status rl_onnx_expand(rl_onnx_node *node, rl_onnx_map *map, int count) {
  if (map->W) return RL_OK;
  rl_status status = allocate_weights(node, count, map->in, &map->W);
  for (int i = 0; status == RL_OK && i < count; i++) map->W[(size_t)i * (size_t)map->in + (size_t)i] = 1;
  return status;
}
