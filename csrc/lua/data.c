/* relucid.data: rows of numbers, as read from a file.  Immutable. */
#include "lua/common.h"

#include <math.h>

static void release(void *object) { rl_data_release(object); }

static const rl_data *self(lua_State *L) { return rlua_check(L, 1, &rlua_data, "data"); }

/* data(path [, {scale = number}]) or data(list of rows). */
int rlua_data_create(lua_State *L) {
  lua_settop(L, 2);
  int from_table = lua_istable(L, 1);
  const char *path = from_table ? NULL : rlua_string(L, 1, "data", "a file's name or a list of rows");
  double scale = 0;
  if (!lua_isnil(L, 2)) {
    static const char *const keys[] = {"scale", NULL};
    rlua_check_options(L, 2, "data", keys, NULL);
    if (lua_getfield(L, 2, "scale") != LUA_TNIL) {
      scale = lua_type(L, -1) == LUA_TNUMBER ? lua_tonumber(L, -1) : NAN;
      if (!isfinite(scale) || scale == 0)
        rlua_raise(L, "scale is %s, expected a finite number other than 0", rlua_describe(L, -1));
    }
  }
  int rows = 0, columns = -1;
  const double *values = from_table ? rlua_matrix(L, 1, "data", &rows, &columns) : NULL;
  if (from_table && (rows < 1 || columns < 1)) rlua_raise(L, "data: list is empty, expected rows of numbers");
  rlua_handle *h = rlua_new(L, &rlua_data, 0);
  rl_data *data = NULL;
  rl_error err;
  rl_status status = from_table ? rl_data_create(&data, (size_t)rows, (size_t)columns, values, &err)
                                : rl_data_read(&data, path, scale, &err);
  h->resource = data;
  rlua_succeed(L, status, &err);
  rlua_account(L, rl_data_count(data) * rl_data_columns(data) * sizeof(double));
  return 1;
}

/* row(i) -> list of numbers. */
static int data_row(lua_State *L) {
  const rl_data *data = self(L);
  size_t columns = rl_data_columns(data);
  int i = rlua_integer(L, 2, "row", 1, (int)rl_data_count(data));
  rlua_push_numbers(L, rl_data_values(data) + (size_t)(i - 1) * columns, (int)columns);
  return 1;
}

static int data_len(lua_State *L) { return lua_pushinteger(L, (lua_Integer)rl_data_count(self(L))), 1; }
static int get_columns(lua_State *L) { return lua_pushinteger(L, (lua_Integer)rl_data_columns(self(L))), 1; }

/* The names of the columns in the file's header line, or nil. */
static int get_names(lua_State *L) {
  const rl_data *data = self(L);
  size_t columns = rl_data_columns(data);
  if (!rl_data_name(data, 0)) return luaL_pushfail(L), 1;
  lua_createtable(L, (int)columns, 0);
  for (size_t j = 0; j < columns; j++) {
    lua_pushstring(L, rl_data_name(data, j));
    lua_rawseti(L, -2, (lua_Integer)j + 1);
  }
  return 1;
}

static int data_tostring(lua_State *L) {
  const rlua_handle *h = luaL_checkudata(L, 1, rlua_data.name);
  if (!h->resource) return lua_pushliteral(L, "data (closed)"), 1;
  lua_pushfstring(L, "data (%I x %I)", (LUAI_UACINT)rl_data_count(h->resource),
                  (LUAI_UACINT)rl_data_columns(h->resource));
  return 1;
}

static const luaL_Reg methods[] = {{"row", data_row}, {NULL, NULL}};
static const luaL_Reg getters[] = {{"columns", get_columns}, {"names", get_names}, {NULL, NULL}};
static const luaL_Reg meta[] = {{"__tostring", data_tostring}, {"__len", data_len}, {NULL, NULL}};

const rlua_type rlua_data = {"relucid.data", release, methods, getters, meta};
