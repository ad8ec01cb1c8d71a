/* L2: whole files in memory. */
#include "format/file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>

#include "core/sha256.h"

/* Bytes that grow at the end. */
typedef struct buffer {
  char *bytes;
  size_t length, capacity;
} buffer;

/* Makes room for `more` bytes and a 0 behind them; 0 when memory is short. */
static int reserve(buffer *b, size_t more) {
  if (b->capacity - b->length > more) return 1;
  size_t capacity = b->capacity + b->capacity / 2 + more + 1;
  char *bytes = rl_realloc(b->bytes, capacity);
  if (!bytes) return 0;
  b->bytes = bytes;
  b->capacity = capacity;
  return 1;
}

enum { CHUNK = 1 << 16 };

static rl_status read_stream(FILE *stream, const char *path, buffer *b, rl_error *err) {
  size_t got;
  do {
    if (!reserve(b, CHUNK)) return rl_fail_memory(err);
    got = fread(b->bytes + b->length, 1, CHUNK, stream);
    b->length += got;
  } while (got);
  if (ferror(stream)) return rl_fail(err, RL_EFILE, "%s: cannot read: %s", path, strerror(errno));
  b->bytes[b->length] = 0;
  return RL_OK;
}

static rl_status read_raw(const char *path, buffer *b, rl_error *err) {
  FILE *stream = fopen(path, "rb");
  if (!stream) return rl_fail(err, RL_EFILE, "%s: cannot open: %s", path, strerror(errno));
  rl_status status = read_stream(stream, path, b, err);
  fclose(stream);
  return status;
}

static voidpf zlib_alloc(voidpf unused, uInt items, uInt size) {
  (void)unused;
  return rl_alloc(items, size);
}

static void zlib_free(voidpf unused, voidpf p) {
  (void)unused;
  rl_free(p);
}

/* Inflates all gzip members of `in`, one after the other, into `out`. */
static rl_status inflate_members(z_stream *z, const char *path, const buffer *in, buffer *out, rl_error *err) {
  size_t fed = 0;
  for (;;) {
    if (z->avail_in == 0) {
      size_t left = in->length - fed, chunk = left < CHUNK ? left : CHUNK;
      z->next_in = (Bytef *)in->bytes + fed;
      z->avail_in = (uInt)chunk;
      fed += chunk;
    }
    if (!reserve(out, CHUNK)) return rl_fail_memory(err);
    z->next_out = (Bytef *)out->bytes + out->length;
    z->avail_out = CHUNK;
    int result = inflate(z, Z_NO_FLUSH);
    out->length += CHUNK - z->avail_out;
    out->bytes[out->length] = 0;
    if (result == Z_STREAM_END) {
      if (z->avail_in == 0 && fed == in->length) return RL_OK;
      inflateReset(z);
    } else if (result == Z_BUF_ERROR) { /* there was room, so input is missing */
      return rl_fail(err, RL_EFORMAT, "%s: the gzip data ends early (truncated?)", path);
    } else if (result == Z_MEM_ERROR) {
      return rl_fail_memory(err);
    } else if (result != Z_OK) {
      return rl_fail(err, RL_EFORMAT, "%s: damaged gzip data: %s", path, z->msg ? z->msg : "unknown error");
    }
  }
}

/* Replaces gzip data in *b by what it holds. */
static rl_status gunzip(const char *path, buffer *b, rl_error *err) {
  enum { GZIP_ONLY = 16 };
  z_stream z = {.zalloc = zlib_alloc, .zfree = zlib_free};
  if (inflateInit2(&z, MAX_WBITS + GZIP_ONLY) != Z_OK) return rl_fail_memory(err);
  buffer plain = {0};
  rl_status status = inflate_members(&z, path, b, &plain, err);
  inflateEnd(&z);
  if (status != RL_OK) {
    rl_free(plain.bytes);
    return status;
  }
  rl_free(b->bytes);
  *b = plain;
  return RL_OK;
}

/* The file is read once, so that the hash is of the very bytes that are used. */
rl_status rl_file_read(const char *path, char **bytes, size_t *length, char *sha, rl_error *err) {
  buffer b = {0};
  char hash[65];
  rl_status status = read_raw(path, &b, err);
  if (status == RL_OK) {
    rl_sha256(b.bytes, b.length, hash);
    if (b.length >= 2 && memcmp(b.bytes, "\x1f\x8b", 2) == 0) status = gunzip(path, &b, err);
  }
  if (status != RL_OK) {
    rl_free(b.bytes);
    return status;
  }
  *bytes = b.bytes;
  *length = b.length;
  if (sha) memcpy(sha, hash, sizeof hash);
  return RL_OK;
}
