/* Methods of relucid.network about its hidden neurons: lists by layer. */
#include "lua/common.h"

/* Push the values of all neurons as a list of lists, one for each hidden layer; with activate, of the activations that
 * pre-activations have. */
static void push_layers(lua_State *L, const rl_network *net, const double *z, int activate) {
  int hidden = rl_network_layers(net) - 1, k = 0;
  lua_createtable(L, hidden, 0);
  for (int layer = 1; layer <= hidden; layer++) {
    int size = rl_network_size(net, layer);
    lua_createtable(L, size, 0);
    for (int i = 1; i <= size; i++, k++) {
      lua_pushnumber(L, !activate || z[k] > 0 || rl_network_is_linear(net, k) ? z[k] : 0.0);
      lua_rawseti(L, -2, i);
    }
    lua_rawseti(L, -2, layer);
  }
}

static void push_points(lua_State *L, const rl_network *net, const double *z, int count, int activate) {
  size_t neurons = (size_t)rl_network_neurons(net);
  lua_createtable(L, count, 0);
  for (int i = 0; i < count; i++) {
    push_layers(L, net, z + (size_t)i * neurons, activate);
    lua_rawseti(L, -2, i + 1);
  }
}

/* activations(x) -> pre-activations, activations: lists by hidden layer; of a list of x or of data lists of these. */
int rlua_network_activations(lua_State *L) {
  const rl_network *net = rlua_check(L, 1, &rlua_network, "network");
  int count, single;
  lua_settop(L, 2);
  const double *x = rlua_inputs(L, 2, net, &count, &single);
  size_t neurons = (size_t)rl_network_neurons(net);
  double *z = lua_newuserdatauv(L, ((size_t)count * neurons + 1) * sizeof *z, 0);
  rl_error err;
  rlua_succeed(L, rl_network_preactivations(net, (size_t)count, x, z, &err), &err);
  for (int activate = 0; activate < 2; activate++) {
    if (single) push_layers(L, net, z, activate);
    else push_points(L, net, z, count, activate);
  }
  return 2;
}

static int is_tight(lua_State *L, int idx) {
  static const char *const words[] = {"tight", "cheap", NULL};
  lua_getfield(L, idx, "method");
  if (!lua_isnil(L, -1) && lua_type(L, -1) != LUA_TSTRING)
    rlua_raise(L, "method is %s, expected cheap or tight", rlua_describe(L, -1));
  return luaL_checkoption(L, -1, "tight", words) == 0;
}

/* ranges{domain = the box that the network's file gives, pattern = nil, method = "tight" or "cheap"} -> {lo, hi}: rigorous
 * bounds of the pre-activations by hidden layer; nil where no input obeys. */
int rlua_network_ranges(lua_State *L) {
  static const char *const keys[] = {"domain", "pattern", "method", NULL};
  const rl_network *net = rlua_check(L, 1, &rlua_network, "network");
  lua_settop(L, 2);
  if (lua_isnil(L, 2)) {
    lua_newtable(L);
    lua_replace(L, 2);
  }
  rlua_check_options(L, 2, "ranges", keys, NULL);
  int tight = is_tight(L, 2);
  const rl_domain *domain = rlua_domain_for(L, 2, net);
  lua_getfield(L, 2, "pattern");
  const int8_t *pattern = rlua_pattern_for(L, lua_gettop(L), net, "pattern");
  size_t neurons = (size_t)rl_network_neurons(net);
  double *lo = lua_newuserdatauv(L, (2 * neurons + 1) * sizeof *lo, 0), *hi = lo + neurons;
  int empty = 0;
  rl_error err;
  rlua_succeed(L, rl_network_ranges(net, domain, pattern, tight, lo, hi, &empty, &err), &err);
  if (empty) return luaL_pushfail(L), 1;
  lua_createtable(L, 0, 2);
  push_layers(L, net, lo, 0);
  lua_setfield(L, -2, "lo");
  push_layers(L, net, hi, 0);
  lua_setfield(L, -2, "hi");
  return 1;
}
