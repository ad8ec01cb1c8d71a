/* L0: SHA-256. */
#include "core/sha256.h"

#include <nettle/sha2.h>
#include <stdio.h>

void rl_sha256(const void *bytes, size_t length, char *out) {
  struct sha256_ctx context;
  uint8_t digest[SHA256_DIGEST_SIZE];
  sha256_init(&context);
  sha256_update(&context, length, bytes);
  sha256_digest(&context, sizeof digest, digest);
  for (size_t i = 0; i < sizeof digest; i++) snprintf(out + 2 * i, 3, "%02x", digest[i]);
}
