/* relucid.region: the polytope of a pattern, cut by rows A x <= b.  Immutable. */
#include "lua/common.h"

#include <string.h>

static void release(void *object) { rl_region_release(object); }

static const rl_region *self(lua_State *L) { return rlua_check(L, 1, &rlua_region, "region"); }

/* region(net, domain [, pattern [, {A = rows, b = list} [, seconds]]]); where a pattern's rows take longer than that it
 * is no polytope */
int rlua_region_create(lua_State *L) {
  const rl_network *net = rlua_check(L, 1, &rlua_network, "network");
  const rl_domain *domain = rlua_check(L, 2, &rlua_domain, "domain");
  double seconds = luaL_optnumber(L, 5, 0);
  lua_settop(L, 4);
  const int8_t *signs = rlua_pattern_for(L, 3, net, "pattern");
  int rows = 0;
  const double *A = NULL, *b = NULL;
  if (rl_domain_inputs(domain) != rl_network_inputs(net))
    rlua_raise(L, "domain: has %d inputs, the network has %d", rl_domain_inputs(domain), rl_network_inputs(net));
  if (!lua_isnil(L, 4)) {
    static const char *const keys[] = {"A", "b", NULL};
    rlua_check_options(L, 4, "rows", keys, NULL);
    rlua_halfspaces(L, 4, rl_network_inputs(net), &rows, &A, &b);
  }
  rlua_handle *h = rlua_new(L, &rlua_region, 0);
  rl_region *region = NULL;
  rl_error err;
  rlua_begin(L, seconds);
  rl_status status = rl_region_create(&region, net, domain, signs, rows, A, b, &err);
  h->resource = region;
  rlua_end(L, status, &err);
  h->net = rl_network_retain(net);
  rlua_account(L, ((size_t)rl_region_inputs(region) + 1) * (size_t)rl_region_rows(region) * sizeof(double));
  return 1;
}

static int region_contains(lua_State *L) {
  const rl_region *region = self(L);
  const double *x = rlua_numbers(L, 2, "x", rl_region_inputs(region), NULL);
  size_t total;
  rl_error err;
  rlua_succeed(L, rl_region_contains(region, 1, x, NULL, &total, &err), &err);
  return lua_pushboolean(L, total == 1), 1;
}

static const rl_data *data_argument(lua_State *L, const rl_region *region) {
  const rl_data *data = rlua_check(L, 2, &rlua_data, "data");
  if (rl_data_columns(data) != (size_t)rl_region_inputs(region))
    rlua_raise(L, "data: has %d columns, expected %d", (int)rl_data_columns(data), rl_region_inputs(region));
  return data;
}

/* support(data): how many of its rows lie in the region. */
static int region_support(lua_State *L) {
  const rl_region *region = self(L);
  const rl_data *data = data_argument(L, region);
  size_t total;
  rl_error err;
  rlua_succeed(L, rl_region_contains(region, rl_data_count(data), rl_data_values(data), NULL, &total, &err), &err);
  return lua_pushinteger(L, (lua_Integer)total), 1;
}

/* members(data): the numbers of the rows that lie in the region. */
static int region_members(lua_State *L) {
  const rl_region *region = self(L);
  const rl_data *data = data_argument(L, region);
  size_t count = rl_data_count(data), total;
  uint8_t *inside = lua_newuserdatauv(L, count + 1, 0);
  rl_error err;
  rlua_succeed(L, rl_region_contains(region, count, rl_data_values(data), inside, &total, &err), &err);
  lua_createtable(L, (int)total, 0);
  lua_Integer next = 0;
  for (size_t i = 0; i < count; i++) {
    if (!inside[i]) continue;
    lua_pushinteger(L, (lua_Integer)i + 1);
    lua_rawseti(L, -2, ++next);
  }
  return 1;
}

static void set_numbers(lua_State *L, const char *field, const double *values, int count) {
  rlua_push_numbers(L, values, count);
  lua_setfield(L, -2, field);
}

static void set_number(lua_State *L, const char *field, double value) {
  lua_pushnumber(L, value);
  lua_setfield(L, -2, field);
}

/* box("width" or "volume" [, anchor [, seconds]]) -> {lo, hi, sum, log_volume, gap, fixed}, or nil when there is none,
 * or none was found (in time, or in floating point).  An infinite gap: none is proved. */
static int region_box(lua_State *L) {
  static const char *const kinds[] = {"width", "volume", NULL};
  const rl_region *region = self(L);
  const char *word = lua_isnoneornil(L, 2) ? "width" : rlua_string(L, 2, "box", "width or volume");
  int kind = strcmp(word, kinds[1]) == 0;
  if (strcmp(word, kinds[kind]) != 0) rlua_raise(L, "box: '%s', expected width or volume", word);
  int n = rl_region_inputs(region);
  lua_settop(L, 4);
  if (!lua_isnil(L, 4) && lua_type(L, 4) != LUA_TNUMBER)
    rlua_raise(L, "seconds is %s, expected a number", rlua_describe(L, 4));
  double seconds = lua_tonumber(L, 4);
  const rlua_handle *h = rlua_handle_at(L, 1, &rlua_region, "region");
  const int8_t *signs = rl_region_pattern(region);
  if (!rl_region_is_polytope(region) && signs && rl_pattern_is_prefix(h->net, signs)) /* its rows took too long */
    return luaL_pushfail(L), 1;
  const double *anchor = lua_isnil(L, 3) ? NULL : rlua_numbers(L, 3, "anchor", n, NULL);
  double *lo = lua_newuserdatauv(L, 2 * (size_t)n * sizeof *lo, 0);
  double *hi = lo + n;
  rl_box box;
  memset(&box, 0, sizeof box);
  rl_error err;
  rlua_begin(L, seconds);
  rl_status status = kind == 0 ? rl_region_box_width(region, anchor, lo, hi, &box, &err)
                               : rl_region_box_volume(region, anchor, lo, hi, &box, &err);
  if (status == RL_ENUMERIC) status = RL_OK, box.found = 0; /* numbers beyond linear programs: none was found */
  rlua_end(L, status, &err);
  if (!box.found) return luaL_pushfail(L), 1;
  lua_createtable(L, 0, 6);
  set_numbers(L, "lo", lo, n);
  set_numbers(L, "hi", hi, n);
  set_number(L, "sum", box.width);
  set_number(L, "log_volume", box.log_volume);
  set_number(L, "gap", box.gap);
  lua_pushinteger(L, box.fixed);
  lua_setfield(L, -2, "fixed");
  return 1;
}

/* hit_and_run(from, count, thin, seed) -> list of points; region:sample is written in Lua (relucid/geometry.lua). */
static int region_hit_and_run(lua_State *L) {
  const rl_region *region = self(L);
  int n = rl_region_inputs(region);
  lua_settop(L, 5);
  int count = rlua_integer(L, 3, "count", 0, 100000000), thin = rlua_integer(L, 4, "thin", 1, 100000000);
  lua_Integer seed = luaL_checkinteger(L, 5);
  const double *from = rlua_numbers(L, 2, "from", n, NULL);
  size_t room = (size_t)count * (size_t)n;
  double *x = lua_newuserdatauv(L, (room + 1) * sizeof *x, 0);
  memset(x, 0, room * sizeof *x);
  rl_error err;
  rlua_begin(L, 0);
  rlua_end(L, rl_region_sample(region, from, count, thin, (uint64_t)seed, x, &err), &err);
  rlua_push_matrix(L, x, count, n);
  return 1;
}

/* volume() -> lo, hi: rigorous bounds, in the inputs whose range has positive width. */
static int region_volume(lua_State *L) {
  double lo = 0, hi = 0;
  rl_error err;
  rlua_succeed(L, rl_region_volume(self(L), &lo, &hi, &err), &err);
  lua_pushnumber(L, lo);
  lua_pushnumber(L, hi);
  return 2;
}

/* rows() -> {A, b}: with the bounds lo, hi this is a set on which the pattern holds in exact arithmetic. */
static int region_rows(lua_State *L) {
  const rl_region *region = self(L);
  int rows = rl_region_rows(region);
  lua_createtable(L, 0, 2);
  rlua_push_matrix(L, rl_region_A(region), rows, rl_region_inputs(region));
  lua_setfield(L, -2, "A");
  set_numbers(L, "b", rl_region_b(region), rows);
  return 1;
}

/* pattern(), or nil when there is none. */
static int region_pattern(lua_State *L) {
  const rlua_handle *h = rlua_handle_at(L, 1, &rlua_region, "region");
  const int8_t *signs = rl_region_pattern(h->resource);
  if (!signs) return lua_pushnil(L), 1;
  memcpy(rlua_new_pattern(L, h->net), signs, (size_t)rl_network_neurons(h->net));
  return 1;
}

/* is_polytope(): do the rows say everything?  Else the pattern is no decision prefix and is part of the region. */
static int region_is_polytope(lua_State *L) { return lua_pushboolean(L, rl_region_is_polytope(self(L))), 1; }

static int region_tostring(lua_State *L) {
  const rlua_handle *h = luaL_checkudata(L, 1, rlua_region.name);
  if (!h->resource) return lua_pushliteral(L, "region (closed)"), 1;
  lua_pushfstring(L, "region (inputs %d, rows %d)", rl_region_inputs(h->resource), rl_region_rows(h->resource));
  return 1;
}

static int get_n(lua_State *L) { return lua_pushinteger(L, rl_region_inputs(self(L))), 1; }
static int get_lo(lua_State *L) { return rlua_push_numbers(L, rl_region_lo(self(L)), rl_region_inputs(self(L))), 1; }
static int get_hi(lua_State *L) { return rlua_push_numbers(L, rl_region_hi(self(L)), rl_region_inputs(self(L))), 1; }

static const luaL_Reg methods[] = {{"contains", region_contains}, {"support", region_support},
                                   {"members", region_members},   {"box", region_box},
                                   {"hit_and_run", region_hit_and_run},
                                   {"volume", region_volume},     {"rows", region_rows},
                                   {"pattern", region_pattern},   {"is_polytope", region_is_polytope}, {NULL, NULL}};
static const luaL_Reg getters[] = {{"n", get_n}, {"lo", get_lo}, {"hi", get_hi}, {NULL, NULL}};
static const luaL_Reg meta[] = {{"__tostring", region_tostring}, {NULL, NULL}};

const rlua_type rlua_region = {"relucid.region", release, methods, getters, meta};
