/* Files for the readers that are written in Lua. */
#include "lua/common.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "format/file.h"

/* A closable owner of the bytes, so that an error while they are copied to Lua leaks nothing. */
static int free_bytes(lua_State *L) {
  char **bytes = lua_touserdata(L, 1);
  rl_free(*bytes);
  *bytes = NULL;
  return 0;
}

/* read_file(path) -> content, SHA-256: a whole file, gunzipped when it is gzipped; the hash is of the bytes on disk. */
int rlua_file_read(lua_State *L) {
  const char *path = rlua_string(L, 1, "path", "string");
  char **bytes = lua_newuserdatauv(L, sizeof *bytes, 0);
  *bytes = NULL;
  lua_createtable(L, 0, 1);
  lua_pushcfunction(L, free_bytes);
  lua_setfield(L, -2, "__gc");
  lua_setmetatable(L, -2);
  size_t length = 0;
  char sha[65];
  rl_error err;
  rlua_succeed(L, rl_file_read(path, bytes, &length, sha, &err), &err);
  lua_pushlstring(L, *bytes, length);
  rl_free(*bytes);
  *bytes = NULL;
  lua_pushstring(L, sha);
  return 2;
}

/* file_kind(path) -> "file", "directory", "other" (a device, a pipe), or nil where there is none of that name. */
int rlua_file_kind(lua_State *L) {
  struct stat status;
  if (stat(rlua_string(L, 1, "path", "string"), &status) != 0) return lua_pushnil(L), 1;
  lua_pushstring(L, S_ISREG(status.st_mode) ? "file" : S_ISDIR(status.st_mode) ? "directory" : "other");
  return 1;
}

/* open_standard() -> is standard output open?  Those of the three standard files that are closed are opened on /dev/null,
 * lest the next file that is opened takes their place. */
int rlua_open_standard(lua_State *L) {
  int has_output = fcntl(STDOUT_FILENO, F_GETFD) != -1;
  int fd = open("/dev/null", O_RDWR);
  while (fd >= 0 && fd <= STDERR_FILENO) fd = open("/dev/null", O_RDWR);
  if (fd > STDERR_FILENO) close(fd);
  return lua_pushboolean(L, has_output), 1;
}

/* output_failure() -> what has kept standard output or standard error from being written, or nil. */
int rlua_output_failure(lua_State *L) {
  FILE *const files[] = {stdout, stderr};
  const char *const names[] = {"standard output", "standard error"};
  for (int i = 0; i < 2; i++) {
    errno = 0;
    if (fflush(files[i]) == 0 && !ferror(files[i])) continue;
    return lua_pushfstring(L, "%s: %s", names[i], errno ? strerror(errno) : "cannot be written"), 1;
  }
  return lua_pushnil(L), 1;
}
