/* L2: ONNX: tensors (see tensor.h). */
#include "format/onnx/tensor.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/sha256.h"
#include "format/file.h"

/* A tensor and how messages call it. */
typedef struct origin {
  rl_onnx_source *source;
  const Rl__Onnx__Tensor *tensor;
  const char *what;
  rl_onnx_text name;
} origin;

#define FAIL(from, format, ...)                                                                                        \
  rl_fail((from)->source->space->err, RL_EFORMAT, "%s: %s '%s': " format, (from)->source->path, (from)->what,          \
          (from)->name.text, __VA_ARGS__)

/* ---- types of elements ------------------------------------------------------------------------- */

#define TYPE(name) RL__ONNX__TENSOR__DATA_TYPE__##name

/* Size of an element in raw_data; 0: the type is not supported. */
static size_t type_size(int type) {
  switch (type) {
  case TYPE(UINT8):
  case TYPE(INT8):
  case TYPE(BOOL):
    return 1;
  case TYPE(UINT16):
  case TYPE(INT16):
  case TYPE(FLOAT16):
  case TYPE(BFLOAT16):
    return 2;
  case TYPE(FLOAT):
  case TYPE(INT32):
    return 4;
  case TYPE(INT64):
  case TYPE(DOUBLE):
    return 8;
  default:
    return 0;
  }
}

int rl_onnx_is_float(int type) {
  return type == TYPE(FLOAT) || type == TYPE(DOUBLE) || type == TYPE(FLOAT16) || type == TYPE(BFLOAT16);
}

static double single_of(uint32_t bits) {
  float single;
  memcpy(&single, &bits, sizeof single);
  return single;
}

/* IEEE 754 binary16. */
static double half_of(uint32_t bits) {
  int sign = bits & 0x8000 ? -1 : 1, exponent = bits >> 10 & 31, mantissa = bits & 1023;
  if (exponent == 31) return mantissa ? NAN : sign * INFINITY;
  return sign * (exponent ? ldexp(1024 + mantissa, exponent - 25) : ldexp(mantissa, -24));
}

/* An element from its bits. */
static double element_of(int type, uint64_t bits) {
  double value;
  switch (type) {
  case TYPE(FLOAT):
    return single_of((uint32_t)bits);
  case TYPE(FLOAT16):
    return half_of((uint32_t)bits & 0xffff);
  case TYPE(BFLOAT16):
    return single_of((uint32_t)(bits & 0xffff) << 16);
  case TYPE(DOUBLE):
    return memcpy(&value, &bits, sizeof value), value;
  case TYPE(UINT8):
  case TYPE(BOOL):
    return (uint8_t)bits;
  case TYPE(INT8):
    return (int8_t)bits;
  case TYPE(UINT16):
    return (uint16_t)bits;
  case TYPE(INT16):
    return (int16_t)bits;
  case TYPE(INT32):
    return (int32_t)bits;
  default:
    return (double)(int64_t)bits;
  }
}

/* Little-endian bytes as they lie in raw_data. */
static uint64_t little_endian(const uint8_t *bytes, size_t size) {
  uint64_t bits = 0;
  for (size_t i = 0; i < size; i++) bits |= (uint64_t)bytes[i] << (8 * i);
  return bits;
}

/* How many elements the field for this type holds; small types lie in that for int32. */
static size_t typed_count(const Rl__Onnx__Tensor *t) {
  switch (t->data_type) {
  case TYPE(FLOAT):
    return t->n_float_data;
  case TYPE(INT64):
    return t->n_int64_data;
  case TYPE(DOUBLE):
    return t->n_double_data;
  default:
    return t->n_int32_data;
  }
}

static double typed_element(const Rl__Onnx__Tensor *t, size_t i) {
  switch (t->data_type) {
  case TYPE(FLOAT):
    return t->float_data[i];
  case TYPE(INT64):
    return (double)t->int64_data[i];
  case TYPE(DOUBLE):
    return t->double_data[i];
  default:
    return element_of(t->data_type, (uint64_t)(int64_t)t->int32_data[i]);
  }
}

/* ---- data in other files --------------------------------------------------------------------------- */

void rl_onnx_source_free(rl_onnx_source *s) {
  rl_free(s->file);
  rl_free(s->bytes);
  s->file = s->bytes = NULL;
}

static const char *entry(const Rl__Onnx__Tensor *t, const char *key) {
  for (size_t i = 0; i < t->n_external_data; i++)
    if (t->external_data[i]->key && strcmp(t->external_data[i]->key, key) == 0) return t->external_data[i]->value;
  return NULL;
}

/* A name beside the model: relative, and not upwards. */
static int is_beside(const char *name) {
  return name && name[0] && name[0] != '/' && strcmp(name, "..") != 0 && strncmp(name, "../", 3) != 0 &&
         !strstr(name, "/../");
}

/* The other file's bytes, unless they are at hand; its hash is taken into the network's. */
static rl_status open_file(rl_onnx_source *s, const char *name) {
  const char *slash = strrchr(s->path, '/');
  size_t folder = slash ? (size_t)(slash - s->path) + 1 : 0;
  if (s->file && strcmp(s->file + folder, name) == 0) return RL_OK;
  rl_onnx_source_free(s);
  char *path = rl_alloc(folder + strlen(name) + 1, 1), both[129], sha[65];
  if (!path) return rl_fail_memory(s->space->err);
  memcpy(path, s->path, folder);
  strcpy(path + folder, name);
  rl_status status = rl_file_read(path, &s->bytes, &s->length, sha, s->space->err);
  if (status != RL_OK) {
    rl_free(path);
    return status;
  }
  s->file = path;
  snprintf(both, sizeof both, "%s%s", s->sha256, sha);
  rl_sha256(both, strlen(both), s->sha256);
  return RL_OK;
}

/* A number of the external data; `missing` where it is not given; -1: it is none. */
static long long entry_number(const Rl__Onnx__Tensor *t, const char *key, long long missing) {
  const char *text = entry(t, key);
  if (!text) return missing;
  char *end;
  long long value = strtoll(text, &end, 10);
  return *end || end == text || value < 0 ? -1 : value;
}

static rl_status external_bytes(const origin *from, size_t wanted, const uint8_t **bytes) {
  const Rl__Onnx__Tensor *t = from->tensor;
  const char *name = entry(t, "location");
  if (!is_beside(name))
    return FAIL(from, "its data are in file '%s', expected one beside the model",
                rl_onnx_name_text(name ? name : "").text);
  long long offset = entry_number(t, "offset", 0), length = entry_number(t, "length", (long long)wanted);
  if (offset < 0 || length != (long long)wanted)
    return FAIL(from, "has %lld bytes of data at %lld in '%s', expected %zu at 0 or more", length, offset,
                rl_onnx_name_text(name).text, wanted);
  rl_status status = open_file(from->source, name);
  if (status != RL_OK) return status;
  if ((unsigned long long)offset > from->source->length || wanted > from->source->length - (size_t)offset)
    return FAIL(from, "needs %zu bytes at %lld of '%s', which has %zu", wanted, offset, rl_onnx_name_text(name).text,
                from->source->length);
  *bytes = (const uint8_t *)from->source->bytes + offset;
  return RL_OK;
}

/* ---- tensors ------------------------------------------------------------------------------------------- */

/* *empty: some dimension is 0. */
static rl_status read_dims(const origin *from, rl_onnx_shape *shape, int *empty) {
  const Rl__Onnx__Tensor *t = from->tensor;
  if (t->n_dims > RL_ONNX_RANK)
    return FAIL(from, "has %zu dimensions, at most %d are supported", t->n_dims, RL_ONNX_RANK);
  *shape = (rl_onnx_shape){0};
  *empty = 0;
  for (size_t k = 0; k < t->n_dims; k++) *empty |= t->dims[k] == 0;
  for (size_t k = 0; k < t->n_dims && !*empty; k++)
    if (!rl_onnx_extend(shape, t->dims[k]))
      return FAIL(from, "dimension %zu is %lld: expected at least 1, and at most %d elements in all", k + 1,
                  (long long)t->dims[k], RL_ONNX_ELEMENTS);
  return RL_OK;
}

static int is_external(const Rl__Onnx__Tensor *t) {
  return t->data_location != RL__ONNX__TENSOR__DATA_LOCATION__DEFAULT || t->n_external_data;
}

static rl_status check_storage(const origin *from) {
  const Rl__Onnx__Tensor *t = from->tensor;
  if (t->segment) return FAIL(from, "%s", "is stored in segments, which is not supported");
  if (!type_size(t->data_type))
    return FAIL(from, "has data type %d, expected floats of 16, 32 or 64 bits, integers, or bfloat16", t->data_type);
  return RL_OK;
}

/* The raw bytes of `count` elements; NULL: they are in the field for their type. */
static rl_status find_bytes(const origin *from, size_t count, const uint8_t **bytes) {
  const Rl__Onnx__Tensor *t = from->tensor;
  size_t size = type_size(t->data_type);
  *bytes = t->raw_data.len ? t->raw_data.data : NULL;
  if (is_external(t)) return external_bytes(from, count * size, bytes);
  if (t->raw_data.len && t->raw_data.len != count * size)
    return FAIL(from, "has %zu bytes of data, expected %zu for %zu elements", t->raw_data.len, count * size, count);
  if (!t->raw_data.len && typed_count(t) != count)
    return FAIL(from, "has %zu elements of data, expected %zu", typed_count(t), count);
  return RL_OK;
}

rl_status rl_onnx_read_tensor(rl_onnx_source *source, const Rl__Onnx__Tensor *tensor, const char *what,
                              const char *name, rl_onnx_shape *shape, rl_onnx_forms **out, int *whole) {
  const origin from = {source, tensor, what, rl_onnx_name_text(name)};
  const uint8_t *bytes = NULL;
  int empty = 0;
  rl_status status = read_dims(&from, shape, &empty);
  if (status == RL_OK) status = check_storage(&from);
  *out = NULL;
  *whole = !rl_onnx_is_float(tensor->data_type);
  if (status != RL_OK || empty) return status;
  size_t count = (size_t)rl_onnx_count(shape), size = type_size(tensor->data_type);
  status = find_bytes(&from, count, &bytes);
  rl_onnx_forms *f = NULL;
  if (status == RL_OK) status = rl_onnx_constants(source->space, (int)count, &f);
  for (size_t i = 0; i < count && status == RL_OK; i++) {
    double value = bytes ? element_of(tensor->data_type, little_endian(bytes + i * size, size))
                         : typed_element(tensor, i);
    f->constant[i] = value;
    if (isnan(value)) status = FAIL(&from, "element %zu of %zu: expected a number, got nan", i + 1, count);
  }
  if (status == RL_OK)
    *out = f;
  else
    rl_onnx_release(f);
  return status;
}
