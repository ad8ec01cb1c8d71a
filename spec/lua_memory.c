/* A Lua module for specs: make an allocation of Lua itself fail. */
#include <lauxlib.h>
#include <lua.h>
#include <stdlib.h>

typedef struct state {
  lua_Alloc alloc;
  void *data;
  long left; /* requests until one fails; 0: none does */
  int again; /* Lua collects garbage and asks a second time: that fails too */
} state;

static state the;

/* Lua counts on it that blocks can shrink. */
static void *allocate(void *data, void *block, size_t old_size, size_t new_size) {
  int grows = new_size > (block ? old_size : 0);
  (void)data;
  if (grows && the.again) {
    the.again = 0;
    return NULL;
  }
  if (grows && the.left > 0 && --the.left == 0) {
    the.again = 1;
    return NULL;
  }
  return the.alloc(the.data, block, old_size, new_size);
}

/* fail_at(n) -> what was left of the last wish: the n-th request from now on fails.  0: none; Lua's own allocator is
 * back, as it must be before this module is unloaded. */
static int fail_at(lua_State *L) {
  long left = the.left;
  lua_Integer n = luaL_checkinteger(L, 1);
  lua_pushinteger(L, left);
  if (n > 0 && !the.alloc) {
    the.alloc = lua_getallocf(L, &the.data);
    lua_setallocf(L, allocate, NULL);
  } else if (n <= 0 && the.alloc) {
    lua_setallocf(L, the.alloc, the.data);
    the.alloc = NULL;
  }
  the.again = 0;
  the.left = (long)n;
  return 1;
}

int luaopen_lua_memory(lua_State *L);

int luaopen_lua_memory(lua_State *L) {
  static const luaL_Reg functions[] = {{"fail_at", fail_at}, {NULL, NULL}};
  luaL_newlib(L, functions);
  return 1;
}
