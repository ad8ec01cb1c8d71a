/* relucid.preimage: the stepper that finds preimages.  The loop around it is written in Lua
 * (relucid/strategy/preimage.lua). */
#include "lua/common.h"

#include <math.h>
#include <string.h>

static void release(void *object) { rl_preimage_release(object); }

static rl_preimage *self(lua_State *L) { return rlua_check(L, 1, &rlua_preimage, "preimage"); }

static const char *const option_names[] = {
#define NAME(type, name, default_, help) #name,
    RL_PREIMAGE_OPTIONS(NAME)
#undef NAME
        NULL};

static rl_preimage_mode mode_option(lua_State *L, int idx) {
  rl_preimage_mode mode = RL_UNDER;
  if (lua_getfield(L, idx, "mode") != LUA_TNIL) {
    const char *word = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : NULL;
    if (word && strcmp(word, "over") == 0)
      mode = RL_OVER;
    else if (!word || strcmp(word, "under") != 0)
      rlua_raise(L, "mode is %s, expected one of: under, over", rlua_describe(L, -1));
  }
  lua_pop(L, 1);
  return mode;
}

/* net:preimage{domain, property, mode = "under"|"over", options...} */
int rlua_preimage_create(lua_State *L) {
  const rl_network *net = rlua_check(L, 1, &rlua_network, "network");
  static const char *const keys[] = {"domain", "property", "mode", NULL};
  rlua_check_options(L, 2, "preimage", keys, option_names);
  lua_settop(L, 2);
  const rl_domain *domain = rlua_domain_for(L, 2, net);
  lua_getfield(L, 2, "property");
  const rl_property *property = rlua_property_for(L, -1, net, "property");
  rl_preimage_options options;
  rl_preimage_defaults(&options);
#define READ(type, name, default_, help) options.name = rlua_number_option(L, 2, #name, options.name);
  RL_PREIMAGE_OPTIONS(READ)
#undef READ
  rl_preimage_mode mode = mode_option(L, 2);
  rlua_handle *h = rlua_new(L, &rlua_preimage, 0);
  rl_preimage *preimage = NULL;
  rl_error err;
  rlua_begin(L, 0);
  rl_status status = rl_preimage_create(&preimage, net, domain, property, mode, &options, &err);
  h->resource = preimage;
  rlua_end(L, status, &err);
  h->net = rl_network_retain(net);
  return 1;
}

/* preimage_options() -> list of {name, default, help}. */
int rlua_preimage_options(lua_State *L) {
  int i = 0;
  lua_newtable(L);
#define PUSH(type, name, default_, help) rlua_push_option(L, ++i, #name, default_, help);
  RL_PREIMAGE_OPTIONS(PUSH)
#undef PUSH
  return 1;
}

/* step([splits]) -> true at the end */
static int preimage_step(lua_State *L) {
  rl_preimage *preimage = self(L);
  long splits = rlua_steps(L, 2, "splits", 20);
  int done = 0;
  rl_error err;
  rlua_begin(L, 0);
  rlua_end(L, rl_preimage_step(preimage, splits, &done, &err), &err);
  return lua_pushboolean(L, done), 1;
}

/* demand(coverage): ask for another coverage */
static int preimage_demand(lua_State *L) {
  rl_preimage *preimage = self(L);
  rl_error err;
  if (lua_type(L, 2) != LUA_TNUMBER)
    rlua_raise(L, "coverage is %s, expected a number above 0 and at most 1", rlua_describe(L, 2));
  rlua_succeed(L, rl_preimage_demand(preimage, lua_tonumber(L, 2), &err), &err);
  return 0;
}

/* check() -> true when the coverage is reached on a fresh sample */
static int preimage_check(lua_State *L) {
  int reached = 0;
  rl_error err;
  rlua_succeed(L, rl_preimage_check(self(L), &reached, &err), &err);
  return lua_pushboolean(L, reached), 1;
}

/* best() -> the number of the part that step() would split next, or nil */
static int preimage_best(lua_State *L) {
  int part = -1;
  rl_error err;
  rlua_succeed(L, rl_preimage_best(self(L), &part, &err), &err);
  if (part < 0)
    lua_pushnil(L);
  else
    lua_pushinteger(L, part + 1);
  return 1;
}

static int preimage_reason(lua_State *L) { return lua_pushstring(L, rl_preimage_reason(self(L))), 1; }
static int preimage_estimate(lua_State *L) { return lua_pushnumber(L, rl_preimage_estimate(self(L))), 1; }

static void set_number(lua_State *L, const char *field, double value) {
  lua_pushnumber(L, value);
  lua_setfield(L, -2, field);
}

static void set_integer(lua_State *L, const char *field, double value) {
  lua_pushinteger(L, (lua_Integer)value);
  lua_setfield(L, -2, field);
}

/* coverage() -> {value, lo, hi, samples} of the polytopes of now. */
static int preimage_coverage(lua_State *L) {
  rl_coverage coverage;
  rl_error err;
  rl_preimage *preimage = self(L);
  rlua_begin(L, 0);
  rlua_end(L, rl_preimage_coverage(preimage, &coverage, &err), &err);
  lua_createtable(L, 0, 4);
  set_number(L, "value", coverage.value);
  set_number(L, "lo", coverage.lo);
  set_number(L, "hi", coverage.hi);
  set_integer(L, "samples", coverage.samples);
  return 1;
}

static int preimage_count(lua_State *L) {
  int count = 0;
  rl_error err;
  rlua_succeed(L, rl_preimage_count(self(L), &count, &err), &err);
  return lua_pushinteger(L, count), 1;
}

/* region(i) -> relucid.region, i from 1 to count() */
static int preimage_region(lua_State *L) {
  const rlua_handle *own = rlua_handle_at(L, 1, &rlua_preimage, "preimage");
  rl_preimage *preimage = own->resource;
  int count = 0;
  rl_error err;
  rlua_succeed(L, rl_preimage_count(preimage, &count, &err), &err);
  int i = rlua_integer(L, 2, "region", 1, count);
  rlua_handle *h = rlua_new(L, &rlua_region, 0);
  rl_region *region = NULL;
  rl_status status = rl_preimage_region(preimage, i - 1, &region, &err);
  h->resource = region;
  rlua_succeed(L, status, &err);
  h->net = rl_network_retain(own->net);
  rlua_account(L, ((size_t)rl_region_inputs(region) + 1) * (size_t)rl_region_rows(region) * sizeof(double));
  return 1;
}

static int preimage_stats(lua_State *L) {
  const rl_preimage_stats *stats = rl_preimage_statistics(self(L));
  lua_newtable(L);
#define PUSH(name, help)                                                                                               \
  if (strcmp(#name, "seconds") == 0)                                                                                   \
    set_number(L, #name, stats->name);                                                                                 \
  else                                                                                                                 \
    set_integer(L, #name, stats->name);
  RL_PREIMAGE_STATS(PUSH)
#undef PUSH
  return 1;
}

/* The number of the layer (1-based) and of the neuron in it (1-based) as {layer, neuron}. */
static void push_neuron(lua_State *L, const rl_network *net, int neuron) {
  int layer = 0;
  while (layer + 2 < rl_network_layers(net) && neuron >= rl_network_offset(net, layer + 1)) layer++;
  lua_createtable(L, 2, 0);
  lua_pushinteger(L, layer + 1);
  lua_rawseti(L, -2, 1);
  lua_pushinteger(L, neuron - rl_network_offset(net, layer) + 1);
  lua_rawseti(L, -2, 2);
}

static void push_split(lua_State *L, const rl_network *net, const rl_preimage_part *part) {
  lua_createtable(L, 0, 2);
  if (part->split_kind == RL_SPLIT_INPUT) {
    set_integer(L, "input", part->split_index + 1);
    set_number(L, "at", part->split_at);
  } else {
    push_neuron(L, net, part->split_index);
    lua_setfield(L, -2, "neuron");
  }
}

/* parts() -> list of {volume, captured, gain, undecided, closed, depth, lo, hi, split}: what is not split yet. */
static int preimage_parts(lua_State *L) {
  const rlua_handle *h = rlua_handle_at(L, 1, &rlua_preimage, "preimage");
  rl_preimage *preimage = h->resource;
  int count = rl_preimage_parts(preimage), n = rl_network_inputs(h->net);
  double *lo = lua_newuserdatauv(L, 2 * (size_t)n * sizeof *lo, 0), *hi = lo + n;
  rl_error err;
  lua_createtable(L, count, 0);
  for (int i = 0; i < count; i++) {
    rl_preimage_part part;
    rlua_succeed(L, rl_preimage_look(preimage, i, &part, &err), &err);
    rl_preimage_part_box(preimage, i, lo, hi);
    lua_createtable(L, 0, 9);
    set_number(L, "volume", part.volume);
    set_number(L, "captured", part.captured);
    set_number(L, "gain", part.gain);
    set_integer(L, "undecided", part.undecided);
    set_integer(L, "depth", part.depth);
    lua_pushboolean(L, part.closed);
    lua_setfield(L, -2, "closed");
    rlua_push_numbers(L, lo, n);
    lua_setfield(L, -2, "lo");
    rlua_push_numbers(L, hi, n);
    lua_setfield(L, -2, "hi");
    if (part.split_kind != RL_SPLIT_NONE) {
      push_split(L, h->net, &part);
      lua_setfield(L, -2, "split");
    }
    lua_rawseti(L, -2, i + 1);
  }
  return 1;
}

/* split(part [, {input = i, at = x} or {neuron = {layer, neuron}}]): default, what the part proposes. */
static int preimage_split(lua_State *L) {
  const rlua_handle *h = rlua_handle_at(L, 1, &rlua_preimage, "preimage");
  rl_preimage *preimage = h->resource;
  lua_settop(L, 3);
  int part = rlua_integer(L, 2, "part", 1, rl_preimage_parts(preimage)), kind = RL_SPLIT_NONE, index = 0;
  double at = 0;
  if (!lua_isnil(L, 3)) {
    static const char *const keys[] = {"neuron", "input", "at", NULL};
    rlua_check_options(L, 3, "split", keys, NULL);
    if (lua_getfield(L, 3, "neuron") != LUA_TNIL) {
      kind = RL_SPLIT_NEURON;
      index = rlua_neuron(L, -1, h->net, "neuron");
    } else {
      kind = RL_SPLIT_INPUT;
      lua_getfield(L, 3, "input");
      index = rlua_integer(L, -1, "input", 1, rl_network_inputs(h->net)) - 1;
      lua_getfield(L, 3, "at");
      if (lua_type(L, -1) != LUA_TNUMBER) rlua_raise(L, "at is %s, expected a number", rlua_describe(L, -1));
      at = lua_tonumber(L, -1);
    }
  }
  rl_error err;
  rlua_succeed(L, rl_preimage_split(preimage, part - 1, kind, index, at, &err), &err);
  return 0;
}

static const luaL_Reg methods[] = {{"step", preimage_step},
                                   {"reason", preimage_reason},
                                   {"estimate", preimage_estimate},
                                   {"coverage", preimage_coverage},
                                   {"count", preimage_count},
                                   {"region", preimage_region},
                                   {"stats", preimage_stats},
                                   {"parts", preimage_parts},
                                   {"split", preimage_split},
                                   {"check", preimage_check},
                                   {"demand", preimage_demand},
                                   {"best", preimage_best},
                                   {NULL, NULL}};

static int preimage_tostring(lua_State *L) {
  const rlua_handle *h = luaL_checkudata(L, 1, rlua_preimage.name);
  if (!h->resource) return lua_pushliteral(L, "preimage (closed)"), 1;
  return lua_pushfstring(L, "preimage (%s, parts %d)", rl_preimage_reason(h->resource), rl_preimage_parts(h->resource)), 1;
}

static const luaL_Reg meta[] = {{"__tostring", preimage_tostring}, {NULL, NULL}};

const rlua_type rlua_preimage = {"relucid.preimage", release, methods, NULL, meta};
