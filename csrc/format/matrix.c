/* L2: the shape of a matrix in a binary file (see matrix.h). */
#include "format/matrix.h"

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
