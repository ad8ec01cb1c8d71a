/* L0: memory and errors, for all layers of the core. */
#ifndef RL_CORE_H
#define RL_CORE_H

#include "core/clock.h"
#include "relucid.h"

/* calloc(count, size) that honours rl_memory_fail_at; NULL on failure.  count or size 0 gives a
 * valid pointer. */
void *rl_alloc(size_t count, size_t size);
void *rl_realloc(void *p, size_t bytes);
void rl_free(void *p);
/* Copies of count bytes, of count doubles, of a string; NULL on failure. */
void *rl_copy_bytes(const void *source, size_t count);
double *rl_copy_doubles(const double *source, size_t count);
char *rl_copy_string(const char *s);

/* Fill *err (may be NULL) and return code: the one funnel for failures. */
rl_status rl_fail(rl_error *err, rl_status code, const char *format, ...) __attribute__((format(printf, 3, 4)));
rl_status rl_fail_memory(rl_error *err);

/* Analysers that look at one file at a time cannot know that these return code, never RL_OK. */
#ifdef __clang_analyzer__
#define rl_fail(err, code, ...) ((void)(rl_fail)(err, code, __VA_ARGS__), (code))
#define rl_fail_memory(err) ((void)(rl_fail_memory)(err), RL_EMEMORY)
#endif

#endif
