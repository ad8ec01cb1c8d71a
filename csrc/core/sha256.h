/* L0: SHA-256 (nettle). */
#ifndef RL_SHA256_H
#define RL_SHA256_H

#include <stddef.h>

/* Lower-case hex SHA-256 of bytes into out[65]. */
void rl_sha256(const void *bytes, size_t length, char *out);

#endif
