/* L1: data matrices. */
#include <math.h>

#include "model/network.h"
#include "model/share.h"

rl_data *rl_data_allocate(void) {
  rl_data *data = rl_alloc(1, sizeof *data);
  if (data) atomic_init(&data->references, 1);
  return data;
}

rl_status rl_data_check(const rl_data *data, const char *beginning, rl_status code, rl_error *err) {
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
  rl_data *data = rl_data_allocate();
  if (!data) return rl_fail_memory(err);
  data->count = count;
  data->columns = n;
  data->values = rl_copy_doubles(values, total);
  rl_status status = data->values ? rl_data_check(data, "data", RL_EINPUT, err) : rl_fail_memory(err);
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
  rl_free(data->names);
  rl_free(data);
}

size_t rl_data_count(const rl_data *data) { return data->count; }
size_t rl_data_columns(const rl_data *data) { return data->columns; }
const double *rl_data_values(const rl_data *data) { return data->values; }
const char *rl_data_name(const rl_data *data, size_t column) { return data->names ? data->names[column] : NULL; }
