/* relucid.inflate: the stepper that grows a box around a point by gradient ascent. */
#include "lua/common.h"

#include <math.h>
#include <string.h>

static void release(void *object) { rl_inflate_release(object); }

static rl_inflate *self(lua_State *L) { return rlua_check(L, 1, &rlua_inflate, "inflate"); }

static int is_option(const char *key) {
  static const char *const names[] = {
#define NAME(type, name, default_, help) #name,
      RL_INFLATE_OPTIONS(NAME)
#undef NAME
          "domain",
      "goal",
      "point",
      "weights",
      "measure",
      NULL};
  for (const char *const *name = names; *name; name++)
    if (strcmp(key, *name) == 0) return 1;
  return 0;
}

static void check_keys(lua_State *L, int idx) {
  for (lua_pushnil(L); lua_next(L, idx); lua_pop(L, 1)) {
    const char *key = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : NULL;
    if (!key || !is_option(key)) rlua_raise(L, "inflate: unknown option '%s'", luaL_tolstring(L, -2, NULL));
  }
}

static rl_inflate_measure measure_option(lua_State *L, int idx) {
  static const char *const words[] = {"volume", "width", "least"};
  if (lua_getfield(L, idx, "measure") == LUA_TNIL) return lua_pop(L, 1), RL_INFLATE_VOLUME;
  const char *word = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "";
  for (int i = 0; i < 3; i++)
    if (strcmp(word, words[i]) == 0) return lua_pop(L, 1), (rl_inflate_measure)i;
  rlua_raise(L, "measure is %s, expected one of: volume, width, least", rlua_describe(L, -1));
}

/* net:inflate{domain, goal, point, weights, measure = "volume"|"width"|"least", options...} */
int rlua_inflate_create(lua_State *L) {
  const rl_network *net = rlua_check(L, 1, &rlua_network, "network");
  rlua_check_list(L, 2, "inflate");
  lua_settop(L, 2);
  check_keys(L, 2);
  int n = rl_network_inputs(net);
  lua_getfield(L, 2, "domain");
  const rl_domain *domain = rlua_check(L, -1, &rlua_domain, "domain");
  lua_getfield(L, 2, "goal");
  const rl_property *goal = rlua_property_for(L, -1, net, "goal");
  lua_getfield(L, 2, "point");
  const double *point = rlua_numbers(L, lua_gettop(L), "point", n, NULL), *weights = NULL;
  if (lua_getfield(L, 2, "weights") != LUA_TNIL) weights = rlua_numbers(L, lua_gettop(L), "weights", n, NULL);
  rl_inflate_options options;
  rl_inflate_defaults(&options);
#define READ(type, name, default_, help) options.name = rlua_number_option(L, 2, #name, options.name);
  RL_INFLATE_OPTIONS(READ)
#undef READ
  rl_inflate_measure measure = measure_option(L, 2);
  rlua_handle *h = rlua_new(L, &rlua_inflate, 0);
  rl_inflate *inflate = NULL;
  rl_error err;
  rl_status status = rl_inflate_create(&inflate, net, domain, goal, point, weights, measure, &options, &err);
  h->resource = inflate;
  rlua_succeed(L, status, &err);
  h->net = rl_network_retain(net);
  return 1;
}

/* inflate_options() -> list of {name, default, help}. */
int rlua_inflate_options(lua_State *L) {
  int i = 0;
  lua_newtable(L);
#define PUSH(type, name, default_, help) rlua_push_option(L, ++i, #name, default_, help);
  RL_INFLATE_OPTIONS(PUSH)
#undef PUSH
  return 1;
}

/* step([steps]) -> true at the end */
static int inflate_step(lua_State *L) {
  rl_inflate *inflate = self(L);
  lua_Integer steps = luaL_optinteger(L, 2, 100);
  if (steps < 1) rlua_raise(L, "steps is %I, expected a positive integer", (LUAI_UACINT)steps);
  int done = 0;
  rl_error err;
  rlua_begin(L, 0);
  rl_status status = rl_inflate_step(inflate, steps > 1000000000 ? 1000000000L : (long)steps, &done, &err);
  rlua_end(L, status, &err);
  return lua_pushboolean(L, done), 1;
}

/* box() -> {lo, hi}, certain in exact arithmetic, or nil: not even the point is proved */
static int inflate_box(lua_State *L) {
  const rlua_handle *h = rlua_handle_at(L, 1, &rlua_inflate, "inflate");
  int n = rl_network_inputs(h->net), found = 0;
  double *lo = lua_newuserdatauv(L, 2 * (size_t)n * sizeof *lo, 0), *hi = lo + n;
  rl_error err;
  rlua_begin(L, 0);
  rl_status status = rl_inflate_box(h->resource, lo, hi, &found, &err);
  rlua_end(L, status, &err);
  if (!found) return lua_pushnil(L), 1;
  lua_createtable(L, 0, 2);
  rlua_push_numbers(L, lo, n);
  lua_setfield(L, -2, "lo");
  rlua_push_numbers(L, hi, n);
  lua_setfield(L, -2, "hi");
  return 1;
}

/* value() -> the measure of the best box so far (-inf: none), the steps done, the parts that the box is divided into */
static int inflate_value(lua_State *L) {
  const rl_inflate *inflate = self(L);
  lua_pushnumber(L, rl_inflate_value(inflate));
  lua_pushinteger(L, rl_inflate_steps(inflate));
  lua_pushinteger(L, rl_inflate_leaves(inflate));
  return 3;
}

static const luaL_Reg methods[] = {
    {"step", inflate_step}, {"box", inflate_box}, {"value", inflate_value}, {NULL, NULL}};

const rlua_type rlua_inflate = {"relucid.inflate", release, methods, NULL, NULL};
