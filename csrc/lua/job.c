/* relucid.search and relucid.minimize: steppers over the core's long work.
 *
 * A step is pure C and returns to Lua, so a loop of steps can show progress,
 * be interrupted and yield.  run() is written in Lua (relucid/job.lua). */
#include "lua/common.h"

#include <math.h>
#include <string.h>

/* ---- options --------------------------------------------------------------------- */

static const char *const option_names[] = {
#define NAME(type, name, default_, help) #name,
    RL_SEARCH_OPTIONS(NAME)
#undef NAME
        NULL};

static rl_search_options read_options(lua_State *L, int idx) {
  rl_search_options options;
  rl_search_defaults(&options);
#define READ(type, name, default_, help) options.name = rlua_number_option(L, idx, #name, options.name);
  RL_SEARCH_OPTIONS(READ)
#undef READ
  return options;
}

/* search_options() -> list of {name, default, help}: the table behind the command's help. */
int rlua_search_options(lua_State *L) {
  int i = 0;
  lua_newtable(L);
#define PUSH(type, name, default_, help) rlua_push_option(L, ++i, #name, default_, help);
  RL_SEARCH_OPTIONS(PUSH)
#undef PUSH
  return 1;
}

static void push_stats(lua_State *L, const rl_search_stats *stats) {
  lua_newtable(L);
#define PUSH(name, help)                                                                         \
  if (strcmp(#name, "seconds") == 0) lua_pushnumber(L, stats->name);                             \
  else lua_pushinteger(L, (lua_Integer)stats->name);                                             \
  lua_setfield(L, -2, #name);
  RL_SEARCH_STATS(PUSH)
#undef PUSH
}

static const char *verdict_text(rl_verdict verdict) {
  static const char *const texts[] = {
      [RL_RUNNING] = "running", [RL_PROVED] = "proved", [RL_COUNTEREXAMPLE] = "counterexample", [RL_UNKNOWN] = "unknown"};
  return texts[verdict];
}

/* ---- arguments common to both jobs ------------------------------------------------- */

typedef struct job_arguments {
  const rl_network *net;
  const rl_domain *domain;
  const int8_t *signs;
  const rl_property *property;
  int pattern_idx;
} job_arguments;

/* Stack on entry: network, table.  Pushes values that must stay on the stack. */
static job_arguments read_arguments(lua_State *L, const char *property_name) {
  job_arguments a;
  a.net = rlua_check(L, 1, &rlua_network, "network");
  a.domain = rlua_domain_for(L, 2, a.net);
  lua_getfield(L, 2, "pattern");
  a.pattern_idx = lua_gettop(L);
  a.signs = rlua_pattern_for(L, -1, a.net, "pattern");
  lua_getfield(L, 2, property_name);
  a.property = rlua_property_for(L, -1, a.net, property_name);
  return a;
}

/* The word in the field `name` of the table at idx, as its place in words. */
static int word_option(lua_State *L, int idx, const char *name, const char *const *words) {
  int found = 0;
  if (lua_getfield(L, idx, name) != LUA_TNIL) {
    const char *word = lua_tostring(L, -1);
    while (words[found] && !(word && strcmp(words[found], word) == 0)) found++;
    if (!words[found]) rlua_raise(L, "%s is %s, expected one of: %s", name, rlua_describe(L, -1), words[found + 1]);
  }
  lua_pop(L, 1);
  return found;
}

static long step_nodes(lua_State *L) { return rlua_steps(L, 2, "nodes", 200); }

/* ---- search ------------------------------------------------------------------------ */

static void release_search(void *object) { rl_search_release(object); }

static rl_search *search_self(lua_State *L) { return rlua_check(L, 1, &rlua_search, "search"); }

/* net:search{domain, pattern, target, mode = "find"|"find_strict"|"maximize", options...} */
int rlua_search_create(lua_State *L) {
  static const char *const keys[] = {"domain", "pattern", "target", "mode", NULL};
  static const char *const modes[] = {"find", "find_strict", "maximize", NULL, "find, find_strict, maximize"};
  rlua_check(L, 1, &rlua_network, "network");
  rlua_check_options(L, 2, "search", keys, option_names);
  lua_settop(L, 2);
  job_arguments a = read_arguments(L, "target");
  rl_search_options options = read_options(L, 2);
  rl_mode mode = (rl_mode)word_option(L, 2, "mode", modes);
  rlua_handle *h = rlua_new(L, &rlua_search, 0);
  lua_pushvalue(L, a.pattern_idx);
  lua_setiuservalue(L, -2, 1);
  rl_search *search = NULL;
  rl_error err;
  rl_status status = rl_search_create(&search, a.net, a.domain, a.signs, a.property, mode, &options, &err);
  h->resource = search;
  rlua_succeed(L, status, &err);
  h->net = rl_network_retain(a.net);
  return 1;
}

/* step([nodes]) -> verdict */
static int search_step(lua_State *L) {
  rl_search *search = search_self(L);
  long nodes = step_nodes(L);
  rl_verdict verdict;
  rl_error err;
  rlua_begin(L, 0);
  rlua_end(L, rl_search_step(search, nodes, &verdict, &err), &err);
  return lua_pushstring(L, verdict_text(verdict)), 1;
}

static int search_verdict(lua_State *L) { return lua_pushstring(L, verdict_text(rl_search_verdict(search_self(L)))), 1; }
static int search_lower(lua_State *L) { return lua_pushnumber(L, rl_search_lower(search_self(L))), 1; }
static int search_upper(lua_State *L) { return lua_pushnumber(L, rl_search_upper(search_self(L))), 1; }
static int search_stats(lua_State *L) { return push_stats(L, rl_search_statistics(search_self(L))), 1; }

/* reason() -> why the verdict is unknown, else nil. */
static int search_reason(lua_State *L) {
  rl_search *search = search_self(L);
  if (rl_search_verdict(search) == RL_UNKNOWN) lua_pushstring(L, rl_search_reason(search));
  else lua_pushnil(L);
  return 1;
}

static void push_witness(lua_State *L, const double *x, const rl_network *net) {
  if (x) rlua_push_numbers(L, x, rl_network_inputs(net));
  else lua_pushnil(L);
}

static int search_witness(lua_State *L) {
  const rlua_handle *h = rlua_handle_at(L, 1, &rlua_search, "search");
  return push_witness(L, rl_search_witness(h->resource), h->net), 1;
}

/* pattern() -> the pattern searched, or nil. */
static int search_pattern(lua_State *L) {
  search_self(L);
  lua_getiuservalue(L, 1, 1);
  return 1;
}

/* core() -> the pattern of the literals that the proof used; nil before a proof. */
static int search_core(lua_State *L) {
  const rlua_handle *h = rlua_handle_at(L, 1, &rlua_search, "search");
  if (rl_search_verdict(h->resource) != RL_PROVED) return lua_pushnil(L), 1;
  lua_getiuservalue(L, 1, 1);
  const int8_t *signs = rlua_pattern_for(L, -1, h->net, "pattern");
  int8_t *core = rlua_new_pattern(L, h->net);
  if (!signs) return 1;
  int neurons = rl_network_neurons(h->net);
  int8_t *used = lua_newuserdatauv(L, (size_t)neurons + 1, 0);
  rl_search_core(h->resource, used);
  for (int i = 0; i < neurons; i++)
    if (used[i]) core[i] = signs[i];
  lua_pop(L, 1);
  return 1;
}

static const luaL_Reg search_methods[] = {
    {"step", search_step},       {"verdict", search_verdict}, {"reason", search_reason}, {"witness", search_witness},
    {"lower", search_lower},     {"upper", search_upper},     {"stats", search_stats},   {"core", search_core},
    {"pattern", search_pattern}, {"proof_size", rlua_search_proof_size}, {"proof_node", rlua_search_proof_node},
    {NULL, NULL}};

static int search_tostring(lua_State *L) {
  const rlua_handle *h = luaL_checkudata(L, 1, rlua_search.name);
  if (!h->resource) return lua_pushliteral(L, "search (closed)"), 1;
  lua_Integer nodes = (lua_Integer)rl_search_statistics(h->resource)->nodes;
  return lua_pushfstring(L, "search (%s, nodes %I)", verdict_text(rl_search_verdict(h->resource)), (LUAI_UACINT)nodes), 1;
}

static const luaL_Reg search_meta[] = {{"__tostring", search_tostring}, {NULL, NULL}};

const rlua_type rlua_search = {"relucid.search", release_search, search_methods, NULL, search_meta};

/* ---- minimize ---------------------------------------------------------------------- */

static void release_minimize(void *object) { rl_minimize_release(object); }

static rl_minimize *minimize_self(lua_State *L) { return rlua_check(L, 1, &rlua_minimize, "minimize"); }

/* The field "order" of the table at idx as 0-based neuron numbers; NULL when absent.  Pushes one value. */
static const int *read_order(lua_State *L, int idx, const rl_network *net, int *count) {
  *count = 0;
  if (lua_getfield(L, idx, "order") == LUA_TNIL) return NULL;
  rlua_check_list(L, -1, "order");
  *count = (int)lua_rawlen(L, -1);
  int neurons = rl_network_neurons(net);
  int *order = lua_newuserdatauv(L, ((size_t)*count + 1) * sizeof *order, 0);
  char *seen = lua_newuserdatauv(L, (size_t)neurons + 1, 0);
  memset(seen, 0, (size_t)neurons + 1);
  for (int i = 0; i < *count; i++) {
    const char *what = lua_pushfstring(L, "order[%d]", i + 1);
    lua_rawgeti(L, -4, i + 1);
    order[i] = rlua_neuron(L, -1, net, what);
    if (seen[order[i]]++) rlua_raise(L, "%s names neuron %d a second time", what, order[i] + 1);
    lua_pop(L, 2);
  }
  lua_pop(L, 1);
  lua_replace(L, -2);
  return order;
}

/* net:minimize{domain, pattern, property, mode = "prefix"|"deletion"|"divide", order = list, point = list,
 * options...} */
int rlua_minimize_create(lua_State *L) {
  static const char *const keys[] = {"domain", "pattern", "property", "mode", "order", "point", NULL};
  static const char *const modes[] = {"prefix", "deletion", "divide", NULL, "prefix, deletion, divide"};
  rlua_check(L, 1, &rlua_network, "network");
  rlua_check_options(L, 2, "minimize", keys, option_names);
  lua_settop(L, 2);
  job_arguments a = read_arguments(L, "property");
  if (!a.signs) rlua_raise(L, "pattern: relucid.pattern expected, got nil");
  rl_search_options options = read_options(L, 2);
  rl_minimize_mode mode = (rl_minimize_mode)word_option(L, 2, "mode", modes);
  int count;
  const int *order = read_order(L, 2, a.net, &count);
  const double *point = NULL;
  if (lua_getfield(L, 2, "point") != LUA_TNIL) point = rlua_numbers(L, -1, "point", rl_network_inputs(a.net), NULL);
  rlua_handle *h = rlua_new(L, &rlua_minimize, 0);
  rl_minimize *minimize = NULL;
  rl_error err;
  rl_status status = rl_minimize_create(&minimize, a.net, a.domain, a.signs, a.property, mode, order, count, &options, &err);
  h->resource = minimize;
  if (status == RL_OK && point) status = rl_minimize_near(minimize, point, &err);
  rlua_succeed(L, status, &err);
  h->net = rl_network_retain(a.net);
  return 1;
}

/* step([nodes]) -> true at the end */
static int minimize_step(lua_State *L) {
  rl_minimize *minimize = minimize_self(L);
  long nodes = step_nodes(L);
  int done = 0;
  rl_error err;
  rlua_begin(L, 0);
  rlua_end(L, rl_minimize_step(minimize, nodes, &done, &err), &err);
  return lua_pushboolean(L, done), 1;
}

/* verdict() -> whether the starting pattern implies the property. */
static int minimize_verdict(lua_State *L) {
  return lua_pushstring(L, verdict_text(rl_minimize_implied(minimize_self(L)))), 1;
}

/* pattern() -> the smallest pattern so far. */
static int minimize_pattern(lua_State *L) {
  const rlua_handle *h = rlua_handle_at(L, 1, &rlua_minimize, "minimize");
  int8_t *signs = rlua_new_pattern(L, h->net);
  memcpy(signs, rl_minimize_pattern(h->resource), (size_t)rl_network_neurons(h->net));
  return 1;
}

static int minimize_witness(lua_State *L) {
  const rlua_handle *h = rlua_handle_at(L, 1, &rlua_minimize, "minimize");
  return push_witness(L, rl_minimize_witness(h->resource), h->net), 1;
}

/* stats() -> the search statistics summed over queries, and queries, unknowns, refuted, found. */
static int minimize_stats(lua_State *L) {
  const rl_minimize *minimize = minimize_self(L);
  push_stats(L, rl_minimize_statistics(minimize));
  lua_pushinteger(L, rl_minimize_queries(minimize));
  lua_setfield(L, -2, "queries");
  lua_pushinteger(L, rl_minimize_unknowns(minimize));
  lua_setfield(L, -2, "unknowns");
  lua_pushinteger(L, rl_minimize_refuted(minimize));
  lua_setfield(L, -2, "refuted");
  lua_pushinteger(L, rl_minimize_found(minimize));
  lua_setfield(L, -2, "found");
  return 1;
}

static const luaL_Reg minimize_methods[] = {{"step", minimize_step},       {"verdict", minimize_verdict},
                                            {"pattern", minimize_pattern}, {"witness", minimize_witness},
                                            {"stats", minimize_stats},     {NULL, NULL}};

static int minimize_tostring(lua_State *L) {
  const rlua_handle *h = luaL_checkudata(L, 1, rlua_minimize.name);
  if (!h->resource) return lua_pushliteral(L, "minimize (closed)"), 1;
  int literals = rl_pattern_literals(h->net, rl_minimize_pattern(h->resource));
  lua_pushfstring(L, "minimize (%s, literals %d, queries %d)", verdict_text(rl_minimize_implied(h->resource)), literals,
                  rl_minimize_queries(h->resource));
  return 1;
}

static const luaL_Reg minimize_meta[] = {{"__tostring", minimize_tostring}, {NULL, NULL}};

const rlua_type rlua_minimize = {"relucid.minimize", release_minimize, minimize_methods, NULL, minimize_meta};
