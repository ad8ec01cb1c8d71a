/* L2: the reader of NumPy's .npy files (numpy.lib.format, versions 1 to 3).
 *
 * "\x93NUMPY", major and minor version, the header's length (2 bytes in version
 * 1, then 4; little-endian), the header, a Python dict such as
 * {'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }, then the values. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "format/data.h"
#include "format/matrix.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "values are read as they lie in memory");

#define LOADER(name, type)                                                                                             \
  static double load_##name(const char *p) {                                                                           \
    type value;                                                                                                        \
    memcpy(&value, p, sizeof value);                                                                                   \
    return (double)value;                                                                                              \
  }
LOADER(f4, float)
LOADER(f8, double)
LOADER(u1, uint8_t)
LOADER(i4, int32_t)
LOADER(i8, int64_t)
#undef LOADER

typedef struct dtype {
  const char *name; /* as in 'descr', quoted */
  size_t item;      /* bytes per value */
  double (*load)(const char *p);
} dtype;

static const dtype dtypes[] = {
    {"'<f4'", 4, load_f4}, {"'<f8'", 8, load_f8}, {"'|u1'", 1, load_u1}, {"'<i4'", 4, load_i4}, {"'<i8'", 8, load_i8}};

enum { MAX_DIMS = 32 };

typedef struct header {
  const dtype *type;
  int dims;
  size_t sizes[MAX_DIMS];
  size_t start; /* byte of the first value */
} header;

/* What follows "'key':" in the dict, or NULL. */
static const char *find_value(const char *dict, const char *key) {
  const char *at = strstr(dict, key);
  if (!at) return NULL;
  at += strlen(key);
  at += strspn(at, " ");
  if (*at++ != ':') return NULL;
  return at + strspn(at, " ");
}

static rl_status read_type(header *h, const char *path, const char *dict, rl_error *err) {
  const char *value = find_value(dict, "'descr'");
  if (!value) return rl_fail(err, RL_EFORMAT, "%s: the .npy header has no 'descr'", path);
  for (size_t k = 0; k < sizeof dtypes / sizeof *dtypes; k++)
    if (strncmp(value, dtypes[k].name, strlen(dtypes[k].name)) == 0) h->type = &dtypes[k];
  if (h->type) return RL_OK;
  return rl_fail(err, RL_EFORMAT, "%s: dtype: expected '<f4', '<f8', '|u1', '<i4' or '<i8', got %.*s", path,
                 (int)strcspn(value, ",}\n"), value);
}

/* "(3, 4)" to sizes. */
static rl_status read_shape(header *h, const char *path, const char *dict, rl_error *err) {
  const char *at = find_value(dict, "'shape'");
  if (!at || *at++ != '(') return rl_fail(err, RL_EFORMAT, "%s: the .npy header has no 'shape'", path);
  const char *start = at;
  for (h->dims = 0; h->dims < MAX_DIMS; h->dims++) {
    at += strspn(at, " ,");
    if (*at < '0' || *at > '9') break;
    char *stop;
    errno = 0;
    h->sizes[h->dims] = strtoull(at, &stop, 10);
    if (errno) break;
    at = stop;
  }
  if (*at == ')' && h->dims >= 1) return RL_OK;
  return rl_fail(err, RL_EFORMAT, "%s: shape: expected 1 to %d sizes, got (%.*s)", path, MAX_DIMS,
                 (int)strcspn(start, ")\n"), start);
}

static rl_status read_dict(header *h, const char *path, const char *dict, rl_error *err) {
  rl_status status = read_type(h, path, dict, err);
  if (status == RL_OK) status = read_shape(h, path, dict, err);
  if (status != RL_OK) return status;
  const char *fortran = find_value(dict, "'fortran_order'");
  if (!fortran) return rl_fail(err, RL_EFORMAT, "%s: the .npy header has no 'fortran_order'", path);
  if (strncmp(fortran, "False", 5) != 0 && h->dims > 1)
    return rl_fail(err, RL_EFORMAT, "%s: expected C order, got Fortran order (save numpy.ascontiguousarray of it)",
                   path);
  return RL_OK;
}

static rl_status read_header(header *h, const char *path, const char *bytes, size_t length, rl_error *err) {
  enum { PREFIX = 8 };
  const unsigned char *p = (const unsigned char *)bytes;
  if (length < PREFIX || memcmp(bytes, "\x93NUMPY", 6) != 0)
    return rl_fail(err, RL_EFORMAT, "%s: byte 0: expected the 8 bytes that start a .npy file", path);
  if (p[6] < 1 || p[6] > 3)
    return rl_fail(err, RL_EFORMAT, "%s: byte 6: expected .npy version 1 to 3, got %d", path, p[6]);
  size_t width = p[6] == 1 ? 2 : 4, size = 0;
  if (length < PREFIX + width) return rl_fail(err, RL_EFORMAT, "%s: ends in the .npy header (truncated?)", path);
  for (size_t i = 0; i < width; i++) size |= (size_t)p[PREFIX + i] << (8 * i);
  h->start = PREFIX + width + size;
  if (length < h->start) return rl_fail(err, RL_EFORMAT, "%s: ends in the .npy header (truncated?)", path);
  char *dict = rl_alloc(size + 1, 1);
  if (!dict) return rl_fail_memory(err);
  memcpy(dict, bytes + PREFIX + width, size);
  rl_status status = read_dict(h, path, dict, err);
  rl_free(dict);
  return status;
}

rl_status rl_data_read_npy(rl_data *data, const char *path, const char *bytes, size_t length, rl_error *err) {
  header h = {0};
  rl_status status = read_header(&h, path, bytes, length, err);
  if (status == RL_OK) status = rl_data_shape(data, path, h.dims, h.sizes, h.start, h.type->item, length, err);
  if (status != RL_OK) return status;
  for (size_t i = 0; i < data->count * data->columns; i++)
    data->values[i] = h.type->load(bytes + h.start + i * h.type->item);
  return RL_OK;
}
