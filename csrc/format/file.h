/* L2: whole files in memory. */
#ifndef RL_FILE_H
#define RL_FILE_H

#include "core/core.h"

/* A whole file in memory, gunzipped when it is gzipped (zlib), with a 0 byte
 * behind it.  sha (65 chars, may be NULL): of the file's own bytes as on disk. */
rl_status rl_file_read(const char *path, char **bytes, size_t *length, char *sha, rl_error *err);

#endif
