/* L2: the reader of IDX files (MNIST's format) of unsigned bytes.
 *
 * Two 0 bytes, the type, the number of dimensions; each dimension as a
 * big-endian 32-bit number; the values, last dimension fastest. */
#include <string.h>

#include "format/data.h"
#include "format/matrix.h"

enum { UNSIGNED_BYTE = 8, PREFIX = 4, MAX_DIMS = 255 };

static size_t big_endian(const unsigned char *p) {
  return (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
}

static rl_status check_prefix(const char *path, const unsigned char *bytes, size_t length, rl_error *err) {
  if (length < PREFIX || bytes[0] || bytes[1])
    return rl_fail(err, RL_EFORMAT, "%s: byte 0: expected the 4 bytes that start an IDX file", path);
  if (bytes[2] != UNSIGNED_BYTE)
    return rl_fail(err, RL_EFORMAT, "%s: byte 2: expected IDX type 0x08 (unsigned byte), got 0x%02x", path, bytes[2]);
  if (bytes[3] == 0) return rl_fail(err, RL_EFORMAT, "%s: byte 3: expected at least 1 dimension, got 0", path);
  if (length < PREFIX + 4 * (size_t)bytes[3])
    return rl_fail(err, RL_EFORMAT, "%s: ends at byte %zu, in the sizes of the %d dimensions (truncated?)", path,
                   length, bytes[3]);
  return RL_OK;
}

rl_status rl_data_read_idx(rl_data *data, const char *path, const char *bytes, size_t length, int unit, rl_error *err) {
  const unsigned char *p = (const unsigned char *)bytes;
  rl_status status = check_prefix(path, p, length, err);
  if (status != RL_OK) return status;
  int dims = p[3];
  size_t sizes[MAX_DIMS], start = PREFIX + 4 * (size_t)dims;
  for (int k = 0; k < dims; k++) sizes[k] = big_endian(p + PREFIX + 4 * k);
  status = rl_data_shape(data, path, dims, sizes, start, 1, length, err);
  if (status != RL_OK) return status;
  double divisor = unit && dims > 1 ? 255 : 1;
  for (size_t i = 0; i < data->count * data->columns; i++) data->values[i] = p[start + i] / divisor;
  return RL_OK;
}
