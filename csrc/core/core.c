/* L0: memory and errors. */
#include "core/core.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static atomic_long fail_countdown;

long rl_memory_fail_at(long n) { return atomic_exchange(&fail_countdown, n); }

static int fail_now(void) {
  if (atomic_load_explicit(&fail_countdown, memory_order_relaxed) <= 0) return 0;
  return atomic_fetch_sub(&fail_countdown, 1) == 1;
}

void *rl_alloc(size_t count, size_t size) {
  if (fail_now()) return NULL;
  return calloc(count ? count : 1, size ? size : 1);
}

void *rl_realloc(void *p, size_t bytes) {
  if (fail_now()) return NULL;
  return realloc(p, bytes ? bytes : 1);
}

void rl_free(void *p) { free(p); }

void *rl_copy_bytes(const void *source, size_t count) {
  void *copy = rl_alloc(count, 1);
  if (copy && count) memcpy(copy, source, count);
  return copy;
}

double *rl_copy_doubles(const double *source, size_t count) { return rl_copy_bytes(source, count * sizeof *source); }
char *rl_copy_string(const char *s) { return rl_copy_bytes(s, strlen(s) + 1); }

rl_status (rl_fail)(rl_error *err, rl_status code, const char *format, ...) {
  if (err) {
    va_list args;
    va_start(args, format);
    vsnprintf(err->message, sizeof err->message, format, args);
    va_end(args);
    for (char *c = err->message; *c; c++) /* words of damaged files are quoted: stay on one line */
      if ((unsigned char)*c < 32 || *c == 127) *c = '?';
    err->code = code;
  }
  return code;
}

rl_status (rl_fail_memory)(rl_error *err) { return rl_fail(err, RL_EMEMORY, "out of memory"); }

const char *rl_status_text(rl_status status) {
  static const char *const texts[] = {
      [RL_OK] = "ok",
      [RL_EMEMORY] = "out of memory",
      [RL_EINPUT] = "invalid argument",
      [RL_EFILE] = "file cannot be read",
      [RL_EFORMAT] = "malformed file",
      [RL_ENUMERIC] = "numerical trouble",
      [RL_EINTERNAL] = "internal error",
  };
  return (unsigned)status < sizeof texts / sizeof *texts ? texts[status] : "unknown status";
}
