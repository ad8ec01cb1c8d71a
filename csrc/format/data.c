/* L2: data matrices from files: which reader a file is for. */
#include "format/data.h"

#include <math.h>
#include <string.h>

#include "format/file.h"

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
  rl_data *data = rl_data_allocate();
  status = data ? parse(data, path, bytes, length, scale == 0, err) : rl_fail_memory(err);
  rl_free(bytes);
  if (status == RL_OK) status = rl_data_check(data, path, RL_EFORMAT, err);
  if (status == RL_OK && scale != 0) {
    for (size_t i = 0; i < data->count * data->columns; i++) data->values[i] *= scale;
    status = rl_data_check(data, path, RL_EINPUT, err);
  }
  if (status == RL_OK)
    *out = data;
  else
    rl_data_release(data);
  return status;
}
