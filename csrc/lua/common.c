#include "core/core.h"
#include "lua/common.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- errors ---------------------------------------------------------------- */

void rlua_raise(lua_State *L, const char *format, ...) {
  va_list args;
  va_start(args, format);
  lua_pushvfstring(L, format, args);
  va_end(args);
  lua_error(L);
  abort(); /* not reached: lua_error does not return, but is not declared so */
}

const char *rlua_describe(lua_State *L, int idx) {
  if (lua_type(L, idx) == LUA_TSTRING) return lua_pushfstring(L, "'%s'", lua_tostring(L, idx));
  if (lua_istable(L, idx)) return lua_pushliteral(L, "a table");
  return luaL_tolstring(L, idx, NULL);
}

void rlua_succeed(lua_State *L, rl_status status, const rl_error *err) {
  if (status != RL_OK) rlua_raise(L, "%s", err->message[0] ? err->message : rl_status_text(status));
}

void rlua_account(lua_State *L, size_t bytes) {
  size_t kib = bytes / 1024;
  if (kib > 0) lua_gc(L, LUA_GCSTEP, kib < 1000000 ? (int)kib : 1000000);
}

/* ---- handles --------------------------------------------------------------- */

static const char *short_name(const rlua_type *type) { return strchr(type->name, '.') + 1; }

rlua_handle *rlua_new(lua_State *L, const rlua_type *type, size_t extra) {
  rlua_handle *h = lua_newuserdatauv(L, sizeof *h + extra, 1);
  memset(h, 0, sizeof *h + extra);
  luaL_setmetatable(L, type->name);
  return h;
}

int rlua_is(lua_State *L, int idx, const rlua_type *type) { return luaL_testudata(L, idx, type->name) != NULL; }

/* Pushes the name of the type of the value at idx. */
static const char *push_type_name(lua_State *L, int idx) {
  if (luaL_getmetafield(L, idx, "__name") == LUA_TSTRING) return lua_tostring(L, -1);
  return lua_pushstring(L, luaL_typename(L, idx));
}

rlua_handle *rlua_handle_at(lua_State *L, int idx, const rlua_type *type, const char *what) {
  rlua_handle *h = luaL_testudata(L, idx, type->name);
  if (!h) rlua_raise(L, "%s: %s expected, got %s", what, type->name, push_type_name(L, idx));
  if (!h->resource) rlua_raise(L, "%s: attempt to use a closed %s", what, short_name(type));
  return h;
}

void *rlua_check(lua_State *L, int idx, const rlua_type *type, const char *what) {
  return rlua_handle_at(L, idx, type, what)->resource;
}

void *rlua_optional(lua_State *L, int idx, const rlua_type *type, const char *what) {
  return lua_isnoneornil(L, idx) ? NULL : rlua_check(L, idx, type, what);
}

/* __gc, __close and close(): idempotent.  Upvalue 1: the type. */
static int handle_close(lua_State *L) {
  const rlua_type *type = lua_touserdata(L, lua_upvalueindex(1));
  rlua_handle *h = luaL_testudata(L, 1, type->name);
  if (!h) rlua_raise(L, "%s: %s expected, got %s", short_name(type), type->name, push_type_name(L, 1));
  void *resource = h->resource;
  rl_network *net = h->net;
  h->resource = NULL;
  h->net = NULL;
  if (resource && type->release) type->release(resource);
  rl_network_release(net);
  return 0;
}

/* __index: a method, else a computed field, else nil.  Upvalues: methods, getters. */
static int handle_index(lua_State *L) {
  lua_settop(L, 2);
  lua_pushvalue(L, 2);
  if (lua_rawget(L, lua_upvalueindex(1)) != LUA_TNIL) return 1;
  lua_pushvalue(L, 2);
  if (lua_rawget(L, lua_upvalueindex(2)) == LUA_TNIL) return 1;
  lua_pushvalue(L, 1);
  lua_call(L, 1, 1);
  return 1;
}

/* "search", "search (closed)": for types that have no more to say. */
static int handle_tostring(lua_State *L) {
  const rlua_type *type = lua_touserdata(L, lua_upvalueindex(1));
  const rlua_handle *h = luaL_checkudata(L, 1, type->name);
  const char *dot = strchr(type->name, '.');
  lua_pushfstring(L, "%s%s", dot ? dot + 1 : type->name, h->resource ? "" : " (closed)");
  return 1;
}

void rlua_register(lua_State *L, const rlua_type *type, const char *field) {
  luaL_newmetatable(L, type->name);
  lua_pushlightuserdata(L, (void *)type);
  lua_pushcclosure(L, handle_tostring, 1);
  lua_setfield(L, -2, "__tostring");
  lua_pushlightuserdata(L, (void *)type);
  lua_pushcclosure(L, handle_close, 1);
  lua_pushvalue(L, -1);
  lua_setfield(L, -3, "__gc");
  lua_pushvalue(L, -1);
  lua_setfield(L, -3, "__close");

  lua_newtable(L); /* methods; stack: metatable, close, methods */
  luaL_setfuncs(L, type->methods, 0);
  lua_insert(L, -2);
  lua_setfield(L, -2, "close");

  lua_pushvalue(L, -1);
  lua_newtable(L);
  if (type->getters) luaL_setfuncs(L, type->getters, 0);
  lua_pushcclosure(L, handle_index, 2);
  lua_setfield(L, -3, "__index");

  lua_setfield(L, -3, field); /* methods */
  if (type->meta) luaL_setfuncs(L, type->meta, 0);
  lua_pop(L, 1);
}

/* ---- reading lists --------------------------------------------------------- */

void rlua_check_list(lua_State *L, int idx, const char *what) {
  if (!lua_istable(L, idx)) rlua_raise(L, "%s: list expected, got %s", what, push_type_name(L, idx));
}

static int list_length(lua_State *L, int idx, const char *what) {
  lua_Unsigned length = lua_rawlen(L, idx);
  if (length > 100000000) rlua_raise(L, "%s: list is too long", what);
  return (int)length;
}

/* out[count] from the list at idx.  row: 1-based number for messages, 0: none. */
static void read_row(lua_State *L, int idx, const char *what, int row, double *out, int count) {
  for (int i = 0; i < count; i++) {
    lua_rawgeti(L, idx, i + 1);
    double value = lua_type(L, -1) == LUA_TNUMBER ? lua_tonumber(L, -1) : NAN;
    if (!isfinite(value)) {
      if (row) what = lua_pushfstring(L, "%s[%d]", what, row);
      else lua_pushnil(L);
      rlua_raise(L, "%s[%d] is %s, expected a finite number", what, i + 1, rlua_describe(L, -2));
    }
    lua_pop(L, 1);
    out[i] = value;
  }
}

static double *scratch(lua_State *L, size_t count) {
  return lua_newuserdatauv(L, (count ? count : 1) * sizeof(double), 0);
}

double *rlua_numbers(lua_State *L, int idx, const char *what, int expected, int *count) {
  idx = lua_absindex(L, idx);
  rlua_check_list(L, idx, what);
  int length = list_length(L, idx, what);
  if (expected >= 0 && length != expected) rlua_raise(L, "%s has %d numbers, expected %d", what, length, expected);
  double *values = scratch(L, (size_t)length);
  read_row(L, idx, what, 0, values, length);
  if (count) *count = length;
  return values;
}

double *rlua_matrix(lua_State *L, int idx, const char *what, int *rows, int *columns) {
  idx = lua_absindex(L, idx);
  rlua_check_list(L, idx, what);
  *rows = list_length(L, idx, what);
  if (*columns < 0) {
    *columns = 0;
    if (*rows > 0) {
      if (lua_rawgeti(L, idx, 1) == LUA_TTABLE) *columns = list_length(L, -1, what);
      lua_pop(L, 1);
    }
  }
  double *values = scratch(L, (size_t)*rows * (size_t)*columns);
  for (int r = 0; r < *rows; r++) {
    lua_rawgeti(L, idx, r + 1);
    if (!lua_istable(L, -1))
      rlua_raise(L, "%s[%d] is %s, expected a list of %d numbers", what, r + 1, rlua_describe(L, -1), *columns);
    int length = list_length(L, -1, what);
    if (length != *columns) rlua_raise(L, "%s[%d] has %d numbers, expected %d", what, r + 1, length, *columns);
    read_row(L, lua_gettop(L), what, r + 1, values + (size_t)r * (size_t)*columns, *columns);
    lua_pop(L, 1);
  }
  return values;
}

void rlua_halfspaces(lua_State *L, int idx, int n, int *rows, const double **A, const double **b) {
  idx = lua_absindex(L, idx);
  int has_A = lua_getfield(L, idx, "A") != LUA_TNIL;
  int has_b = lua_getfield(L, idx, "b") != LUA_TNIL;
  if (has_A != has_b) rlua_raise(L, "A and b: give both or none");
  *rows = 0;
  *A = *b = NULL;
  if (!has_A) return;
  int columns = n;
  *A = rlua_matrix(L, -2, "A", rows, &columns);
  lua_replace(L, -3);
  *b = rlua_numbers(L, -1, "b", *rows, NULL);
  lua_replace(L, -2);
}

const char *rlua_string(lua_State *L, int idx, const char *what, const char *expected) {
  if (lua_type(L, idx) != LUA_TSTRING) rlua_raise(L, "%s: %s expected, got %s", what, expected, push_type_name(L, idx));
  return lua_tostring(L, idx);
}

long rlua_steps(lua_State *L, int idx, const char *what, long value) {
  int is_integer = 0;
  if (lua_isnoneornil(L, idx)) return value;
  lua_Integer steps = lua_type(L, idx) == LUA_TNUMBER ? lua_tointegerx(L, idx, &is_integer) : 0;
  if (!is_integer || steps < 1) rlua_raise(L, "%s is %s, expected a positive integer", what, rlua_describe(L, idx));
  return steps > 1000000000 ? 1000000000L : (long)steps;
}

int rlua_integer(lua_State *L, int idx, const char *what, int low, int high) {
  int is_integer = 0;
  lua_Integer value = lua_type(L, idx) == LUA_TNUMBER ? lua_tointegerx(L, idx, &is_integer) : 0;
  if (!is_integer || value < low || value > high)
    rlua_raise(L, "%s is %s, expected an integer from %d to %d", what, rlua_describe(L, idx), low, high);
  return (int)value;
}

/* ---- pushing lists --------------------------------------------------------- */

void rlua_push_numbers(lua_State *L, const double *values, int count) {
  lua_createtable(L, count, 0);
  for (int i = 0; i < count; i++) {
    lua_pushnumber(L, values[i]);
    lua_rawseti(L, -2, i + 1);
  }
}

void rlua_push_matrix(lua_State *L, const double *values, int rows, int columns) {
  lua_createtable(L, rows, 0);
  for (int r = 0; r < rows; r++) {
    rlua_push_numbers(L, values + (size_t)r * (size_t)columns, columns);
    lua_rawseti(L, -2, r + 1);
  }
}

/* ---- interruption ------------------------------------------------------------ */

/* Of the call that is running: the hook set when it began (Ctrl-C in stock Lua sets another), and its end. */
static _Thread_local lua_Hook hook_before;
static _Thread_local double until;

static int is_to_end(void *L) { return lua_gethook(L) != hook_before || (until > 0 && rl_now() > until); }

void rlua_begin(lua_State *L, double seconds) {
  hook_before = lua_gethook(L);
  until = seconds > 0 ? rl_now() + seconds : 0;
  rl_interrupt_by(is_to_end, L);
}

void rlua_end(lua_State *L, rl_status status, const rl_error *err) {
  rl_interrupt_by(NULL, NULL);
  rlua_succeed(L, status, err);
}

/* ---- tables of options ------------------------------------------------------ */

static int is_one_of(const char *word, const char *const *list) {
  for (; list && *list; list++)
    if (strcmp(word, *list) == 0) return 1;
  return 0;
}

/* The words of both lists, pushed as one string. */
static const char *push_words(lua_State *L, const char *const *own, const char *const *more) {
  luaL_Buffer B;
  int some = 0;
  luaL_buffinit(L, &B);
  for (int k = 0; k < 2; k++)
    for (const char *const *list = k ? more : own; list && *list; list++) {
      if (some++) luaL_addchar(&B, ' ');
      luaL_addstring(&B, *list);
    }
  luaL_pushresult(&B);
  return lua_tostring(L, -1);
}

void rlua_check_options(lua_State *L, int idx, const char *what, const char *const *own, const char *const *more) {
  rlua_check_list(L, idx, what);
  for (lua_pushnil(L); lua_next(L, idx); lua_pop(L, 1)) {
    const char *key = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : NULL;
    if (key && (is_one_of(key, own) || is_one_of(key, more))) continue;
    const char *bad = luaL_tolstring(L, -2, NULL);
    rlua_raise(L, "%s: unknown option '%s'; known are: %s", what, bad, push_words(L, own, more));
  }
}

double rlua_number_option(lua_State *L, int idx, const char *name, double value) {
  if (lua_getfield(L, idx, name) != LUA_TNIL) {
    value = lua_type(L, -1) == LUA_TNUMBER ? lua_tonumber(L, -1) : NAN;
    if (!isfinite(value) || value < 0)
      rlua_raise(L, "%s is %s, expected a number >= 0", name, rlua_describe(L, -1));
  }
  lua_pop(L, 1);
  return value;
}

void rlua_push_option(lua_State *L, int i, const char *name, double value, const char *help) {
  lua_createtable(L, 0, 3);
  lua_pushstring(L, name);
  lua_setfield(L, -2, "name");
  lua_pushnumber(L, value);
  lua_setfield(L, -2, "default");
  lua_pushstring(L, help);
  lua_setfield(L, -2, "help");
  lua_rawseti(L, -2, i);
}
