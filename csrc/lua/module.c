/* The Lua module relucid.core: constructors and a few numeric helpers.  The
 * module that scripts use, relucid, is written in Lua on top of it. */
#include "lua/common.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

#include "core/core.h"
#include "core/round.h"

/* add_down(a, b): the largest double <= a + b in exact arithmetic (a, b finite); add_up, mul_down and mul_up
 * likewise, but a product near underflow is rounded one step farther. */
static int add_down(lua_State *L) {
  return lua_pushnumber(L, rl_add_down(luaL_checknumber(L, 1), luaL_checknumber(L, 2))), 1;
}

static int add_up(lua_State *L) {
  return lua_pushnumber(L, rl_add_up(luaL_checknumber(L, 1), luaL_checknumber(L, 2))), 1;
}

static int mul_down(lua_State *L) {
  return lua_pushnumber(L, rl_mul_down(luaL_checknumber(L, 1), luaL_checknumber(L, 2))), 1;
}

static int mul_up(lua_State *L) {
  return lua_pushnumber(L, rl_mul_up(luaL_checknumber(L, 1), luaL_checknumber(L, 2))), 1;
}

static int now(lua_State *L) { return lua_pushnumber(L, rl_now()), 1; }

/* on_terminal() -> is stderr a terminal? */
static int on_terminal(lua_State *L) { return lua_pushboolean(L, isatty(STDERR_FILENO)), 1; }

/* memory_fail_at(n) -> what was left of the last wish (see relucid.h). */
static int memory_fail_at(lua_State *L) {
  return lua_pushinteger(L, rl_memory_fail_at((long)luaL_checkinteger(L, 1))), 1;
}

/* time_up_at(n) -> what was left of the last wish (see relucid.h). */
static int time_up_at(lua_State *L) {
  return lua_pushinteger(L, rl_time_up_at((long)luaL_checkinteger(L, 1))), 1;
}

static const struct {
  const rlua_type *type;
  const char *field;
} types[] = {{&rlua_network, "network"},   {&rlua_pattern, "pattern"},   {&rlua_property, "property"},
             {&rlua_domain, "domain"},     {&rlua_data, "data"},         {&rlua_region, "region"},
             {&rlua_search, "search"},     {&rlua_minimize, "minimize"}, {&rlua_preimage, "preimage"},
             {&rlua_enumerate, "enumerate"},
             {&rlua_inflate, "inflate"},
             {&rlua_process, "process"}};
enum { TYPES = sizeof types / sizeof *types };

/* check(value, type, what): raise unless the value is an open handle of the type ("network", "region", ...); `what`
 * names it in the message. */
static int check(lua_State *L) {
  const char *name = luaL_checkstring(L, 2), *what = luaL_optstring(L, 3, name);
  for (size_t i = 0; i < TYPES; i++) {
    if (strcmp(types[i].field, name) == 0) return rlua_check(L, 1, types[i].type, what), 0;
  }
  rlua_raise(L, "check: unknown type '%s'", name);
}

int luaopen_relucid_core(lua_State *L);

int luaopen_relucid_core(lua_State *L) {
  static const luaL_Reg functions[] = {{"read_nnet", rlua_network_read},
                                       {"read_onnx", rlua_network_read_onnx},
                                       {"network", rlua_network_create},
                                       {"name_network", rlua_network_set_names},
                                       {"pattern", rlua_pattern_create},
                                       {"domain", rlua_domain_create},
                                       {"region", rlua_region_create},
                                       {"data", rlua_data_create},
                                       {"read_file", rlua_file_read},
                                       {"file_kind", rlua_file_kind},
                                       {"open_standard", rlua_open_standard},
                                       {"output_failure", rlua_output_failure},
                                       {"process", rlua_process_create},
                                       {"poll", rlua_process_poll},
                                       {"sha256", rlua_sha256},
                                       {"machine", rlua_machine},
                                       {"search_options", rlua_search_options},
                                       {"preimage_options", rlua_preimage_options},
                                       {"inflate_options", rlua_inflate_options},
                                       {"add_down", add_down},
                                       {"add_up", add_up},
                                       {"mul_down", mul_down},
                                       {"mul_up", mul_up},
                                       {"check", check},
                                       {"now", now},
                                       {"on_terminal", on_terminal},
                                       {"memory_fail_at", memory_fail_at}, {"time_up_at", time_up_at},
                                       {NULL, NULL}};
  luaL_newlib(L, functions);
  lua_newtable(L);
  luaL_setfuncs(L, rlua_property_functions, 0);
  lua_setfield(L, -2, "property");
  rlua_open_json(L);
  lua_setfield(L, -2, "json");
  lua_pushliteral(L, RELUCID_VERSION);
  lua_setfield(L, -2, "version");

  lua_newtable(L);
  for (size_t i = 0; i < TYPES; i++) rlua_register(L, types[i].type, types[i].field);
  lua_setfield(L, -2, "methods");
  return 1;
}
