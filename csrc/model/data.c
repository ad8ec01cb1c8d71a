/* L1: data matrices, and what their readers share. */
#include "model/data.h"

#include <math.h>
#include <string.h>

#include "model/share.h"

static rl_data *allocate(void) {
  rl_data *data = rl_alloc(1, sizeof *data);
  if (data) atomic_init(&data->references, 1);
  return data;
}

/* "BEGINNING: row 2 column 3: expected a finite number" for the first value that is not. */
static rl_status check_finite(const rl_data *data, const char *beginning, rl_status code, rl_error *err) {
  for (size_t i = 0; i < data->count * data->columns; i++)
    if (!isfinite(data->values[i]))
      return rl_fail(err, code, "%s: row %zu column %zu: expected a finite number, got %g", beginning,
                     i / data->columns + 1, i % data->columns + 1, data->values[i]);
  return RL_OK;
}

rl_status rl_data_create(rl_data **out, size_t count, size_t n, const double *values, rl_error *err) {
  size_t total, bytes;
  if (n < 1) return rl_fail(err, RL_EINPUT, "data: rows of 0 columns, expected at least 1");
  if (__builtin_mul_overflow(count, n, &total) || __builtin_mul_overflow(total, sizeof *values, &bytes))
    return rl_fail(err, RL_EINPUT, "data: %zu rows of %zu columns are too many", count, n);
  rl_data *data = allocate();
  if (!data) return rl_fail_memory(err);
  data->count = count;
  data->columns = n;
  data->values = rl_copy_doubles(values, total);
  rl_status status = data->values ? check_finite(data, "data", RL_EINPUT, err) : rl_fail_memory(err);
  if (status == RL_OK)
    *out = data;
  else
    rl_data_release(data);
  return status;
}

rl_status rl_data_shape(rl_data *data, const char *path, int dims, const size_t *sizes, size_t start, size_t item,
                        size_t length, rl_error *err) {
  size_t columns = 1, total, end, bytes;
  int overflow = 0;
  for (int k = 1; k < dims; k++) overflow |= __builtin_mul_overflow(columns, sizes[k], &columns);
  overflow |= __builtin_mul_overflow(sizes[0], columns, &total);
  overflow |= __builtin_mul_overflow(total, item, &end);
  overflow |= __builtin_add_overflow(end, start, &end);
  overflow |= __builtin_mul_overflow(total, sizeof(double), &bytes);
  if (overflow) return rl_fail(err, RL_EFORMAT, "%s: announces more values than any file can hold", path);
  if (sizes[0] == 0) return rl_fail(err, RL_EFORMAT, "%s: has 0 rows, expected at least 1", path);
  if (columns == 0) return rl_fail(err, RL_EFORMAT, "%s: rows of 0 values, expected at least 1", path);
  if (length < end)
    return rl_fail(err, RL_EFORMAT, "%s: ends at byte %zu, expected %zu bytes for %zu rows of %zu values (truncated?)",
                   path, length, end, sizes[0], columns);
  if (length > end)
    return rl_fail(err, RL_EFORMAT,
                   "%s: byte %zu: expected the end of the file after %zu rows of %zu values, got %zu more bytes", path,
                   end, sizes[0], columns, length - end);
  data->count = sizes[0];
  data->columns = columns;
  data->values = rl_alloc(total, sizeof(double));
  return data->values ? RL_OK : rl_fail_memory(err);
}

/* Whether path, less a final ".gz", ends so. */
static int has_suffix(const char *path, const char *suffix) {
  size_t length = strlen(path), tail = strlen(suffix);
  if (length >= 3 && strcmp(path + length - 3, ".gz") == 0) length -= 3;
  return length >= tail && memcmp(path + length - tail, suffix, tail) == 0;
}

/* The content decides; the name only where the content is too damaged to tell. */
static rl_status parse(rl_data *data, const char *path, const char *bytes, size_t length, int unit, rl_error *err) {
  if ((length >= 6 && memcmp(bytes, "\x93NUMPY", 6) == 0) || has_suffix(path, ".npy"))
    return rl_data_read_npy(data, path, bytes, length, err);
  if ((length >= 2 && memcmp(bytes, "\0\0", 2) == 0) || has_suffix(path, "-ubyte"))
    return rl_data_read_idx(data, path, bytes, length, unit, err);
  return rl_data_read_csv(data, path, bytes, length, err);
}

rl_status rl_data_read(rl_data **out, const char *path, double scale, rl_error *err) {
  char *bytes;
  size_t length;
  if (!isfinite(scale)) return rl_fail(err, RL_EINPUT, "%s: scale: expected a finite number, got %g", path, scale);
  rl_status status = rl_file_read(path, &bytes, &length, NULL, err);
  if (status != RL_OK) return status;
  rl_data *data = allocate();
  status = data ? parse(data, path, bytes, length, scale == 0, err) : rl_fail_memory(err);
  rl_free(bytes);
  if (status == RL_OK) status = check_finite(data, path, RL_EFORMAT, err);
  if (status == RL_OK && scale != 0) {
    for (size_t i = 0; i < data->count * data->columns; i++) data->values[i] *= scale;
    status = check_finite(data, path, RL_EINPUT, err);
  }
  if (status == RL_OK)
    *out = data;
  else
    rl_data_release(data);
  return status;
}

rl_data *rl_data_retain(const rl_data *data) {
  if (data) rl_share(&data->references);
  return (rl_data *)data;
}

void rl_data_release(rl_data *data) {
  if (!data || !rl_unshare(&data->references)) return;
  rl_free(data->values);
  rl_free(data);
}

size_t rl_data_count(const rl_data *data) { return data->count; }
size_t rl_data_columns(const rl_data *data) { return data->columns; }
const double *rl_data_values(const rl_data *data) { return data->values; }
