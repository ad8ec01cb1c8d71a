/* relucid.enumerate: the linear regions of a network over a domain, or an exact preimage.  run() is written in Lua
 * (relucid/strategy/preimage.lua). */
#include "lua/common.h"

#include <string.h>

static void release(void *object) { rl_enumerate_release(object); }

static rl_enumerate *self(lua_State *L) { return rlua_check(L, 1, &rlua_enumerate, "enumerate"); }

/* net:enumerate{domain = the box that the network's file gives, property = nil} */
int rlua_enumerate_create(lua_State *L) {
  static const char *const keys[] = {"domain", "property", NULL};
  const rl_network *net = rlua_check(L, 1, &rlua_network, "network");
  lua_settop(L, 2);
  if (lua_isnil(L, 2)) {
    lua_newtable(L);
    lua_replace(L, 2);
  }
  rlua_check_options(L, 2, "enumerate", keys, NULL);
  const rl_domain *domain = rlua_domain_for(L, 2, net);
  lua_getfield(L, 2, "property");
  const rl_property *property = lua_isnil(L, -1) ? NULL : rlua_property_for(L, -1, net, "property");
  rlua_handle *h = rlua_new(L, &rlua_enumerate, 0);
  rl_enumerate *enumerate = NULL;
  rl_error err;
  rl_status status = rl_enumerate_create(&enumerate, net, domain, property, &err);
  h->resource = enumerate;
  rlua_succeed(L, status, &err);
  h->net = rl_network_retain(net);
  return 1;
}

/* step([cells]) -> true at the end */
static int enumerate_step(lua_State *L) {
  rl_enumerate *enumerate = self(L);
  long cells = rlua_steps(L, 2, "cells", 1000);
  int done = 0;
  rl_error err;
  rlua_succeed(L, rl_enumerate_step(enumerate, cells, &done, &err), &err);
  return lua_pushboolean(L, done), 1;
}

/* merge(): unite regions of a preimage whose union is convex */
static int enumerate_merge(lua_State *L) {
  rl_error err;
  rlua_succeed(L, rl_enumerate_merge(self(L), &err), &err);
  return 0;
}

static int enumerate_count(lua_State *L) { return lua_pushinteger(L, rl_enumerate_count(self(L))), 1; }

static long index_argument(lua_State *L, const rl_enumerate *enumerate) {
  long count = rl_enumerate_count(enumerate);
  return rlua_integer(L, 2, "region", 1, count < 1000000000 ? (int)count : 1000000000) - 1;
}

/* region(i) -> relucid.region */
static int enumerate_region(lua_State *L) {
  const rlua_handle *own = rlua_handle_at(L, 1, &rlua_enumerate, "enumerate");
  long index = index_argument(L, own->resource);
  rlua_handle *h = rlua_new(L, &rlua_region, 0);
  rl_region *region = NULL;
  rl_error err;
  rl_status status = rl_enumerate_region(own->resource, index, &region, &err);
  h->resource = region;
  rlua_succeed(L, status, &err);
  h->net = rl_network_retain(own->net);
  return 1;
}

/* pattern(i) -> relucid.pattern, or nil for a united region */
static int enumerate_pattern(lua_State *L) {
  const rlua_handle *own = rlua_handle_at(L, 1, &rlua_enumerate, "enumerate");
  const int8_t *signs = rl_enumerate_pattern(own->resource, index_argument(L, own->resource));
  if (!signs) return lua_pushnil(L), 1;
  memcpy(rlua_new_pattern(L, own->net), signs, (size_t)rl_network_neurons(own->net));
  return 1;
}

/* volume(i) -> lo, hi; volume() -> bounds of the sum over all regions */
static int enumerate_volume(lua_State *L) {
  rl_enumerate *enumerate = self(L);
  double lo = 0, hi = 0;
  if (lua_isnoneornil(L, 2))
    rl_enumerate_total(enumerate, &lo, &hi);
  else
    rl_enumerate_volume(enumerate, index_argument(L, enumerate), &lo, &hi);
  lua_pushnumber(L, lo);
  lua_pushnumber(L, hi);
  return 2;
}

/* vertices(i) -> list of points */
static int enumerate_vertices(lua_State *L) {
  const rlua_handle *own = rlua_handle_at(L, 1, &rlua_enumerate, "enumerate");
  long index = index_argument(L, own->resource);
  int count = rl_enumerate_vertices(own->resource, index), n = rl_network_inputs(own->net);
  double *x = lua_newuserdatauv(L, (size_t)n * sizeof *x, 0);
  lua_createtable(L, count, 0);
  for (int v = 0; v < count; v++) {
    rl_enumerate_vertex(own->resource, index, v, x);
    rlua_push_numbers(L, x, n);
    lua_rawseti(L, -2, v + 1);
  }
  return 1;
}

static int enumerate_stats(lua_State *L) {
  const rl_enumerate_stats *stats = rl_enumerate_statistics(self(L));
  lua_newtable(L);
#define PUSH(name, help)                                                                                               \
  if (strcmp(#name, "seconds") == 0)                                                                                   \
    lua_pushnumber(L, stats->name);                                                                                    \
  else                                                                                                                 \
    lua_pushinteger(L, (lua_Integer)stats->name);                                                                      \
  lua_setfield(L, -2, #name);
  RL_ENUMERATE_STATS(PUSH)
#undef PUSH
  return 1;
}

static const luaL_Reg methods[] = {
    {"step", enumerate_step},       {"count", enumerate_count},   {"region", enumerate_region},
    {"pattern", enumerate_pattern}, {"volume", enumerate_volume}, {"vertices", enumerate_vertices},
    {"stats", enumerate_stats},     {"merge", enumerate_merge},   {NULL, NULL}};

static int enumerate_tostring(lua_State *L) {
  const rlua_handle *h = luaL_checkudata(L, 1, rlua_enumerate.name);
  if (!h->resource) return lua_pushliteral(L, "enumerate (closed)"), 1;
  return lua_pushfstring(L, "enumerate (regions %I)", (LUAI_UACINT)rl_enumerate_count(h->resource)), 1;
}

static const luaL_Reg meta[] = {{"__tostring", enumerate_tostring}, {NULL, NULL}};

const rlua_type rlua_enumerate = {"relucid.enumerate", release, methods, NULL, meta};
