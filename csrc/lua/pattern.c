/* relucid.pattern: which hidden neurons are on, off or free.  Immutable. */
#include "lua/common.h"

#include <string.h>

/* The signs live in the userdata itself, behind the handle. */
int8_t *rlua_new_pattern(lua_State *L, const rl_network *net) {
  int neurons = rl_network_neurons(net);
  rlua_handle *h = rlua_new(L, &rlua_pattern, (size_t)neurons + 1);
  int8_t *signs = (int8_t *)(h + 1);
  memset(signs, RL_FREE, (size_t)neurons);
  h->net = rl_network_retain(net);
  h->resource = signs;
  return signs;
}

static rlua_handle *self(lua_State *L) { return rlua_handle_at(L, 1, &rlua_pattern, "pattern"); }

static int hidden_layers(const rl_network *net) { return rl_network_layers(net) - 1; }

static int same_shape(const rl_network *a, const rl_network *b) {
  if (a == b) return 1;
  if (rl_network_layers(a) != rl_network_layers(b)) return 0;
  for (int k = 1; k < rl_network_layers(a); k++)
    if (rl_network_size(a, k) != rl_network_size(b, k)) return 0;
  return 1;
}

const int8_t *rlua_pattern_for(lua_State *L, int idx, const rl_network *net, const char *what) {
  if (lua_isnoneornil(L, idx)) return NULL;
  const rlua_handle *h = rlua_handle_at(L, idx, &rlua_pattern, what);
  if (!same_shape(h->net, net)) rlua_raise(L, "%s: belongs to a network with other layers", what);
  return h->resource;
}

/* Neuron (layer, neuron), both 1-based and on the stack, as a number from 0. */
static int neuron_number(lua_State *L, int layer_idx, int neuron_idx, const rl_network *net) {
  int layer = rlua_integer(L, layer_idx, "layer", 1, hidden_layers(net));
  int neuron = rlua_integer(L, neuron_idx, "neuron", 1, rl_network_size(net, layer));
  return rl_network_offset(net, layer - 1) + neuron - 1;
}

int rlua_neuron(lua_State *L, int idx, const rl_network *net, const char *what) {
  if (lua_type(L, idx) != LUA_TTABLE) return rlua_integer(L, idx, what, 1, rl_network_neurons(net)) - 1;
  idx = lua_absindex(L, idx);
  lua_rawgeti(L, idx, 1);
  lua_rawgeti(L, idx, 2);
  int number = neuron_number(L, -2, -1, net);
  lua_pop(L, 2);
  return number;
}

/* 1, true: on; 0, false: off; nil, null: free. */
static int8_t sign_at(lua_State *L, int idx, const char *what) {
  if (lua_isnoneornil(L, idx) || rlua_is_null(L, idx)) return RL_FREE;
  if (lua_isboolean(L, idx)) return lua_toboolean(L, idx) ? RL_ON : RL_OFF;
  if (lua_type(L, idx) == LUA_TNUMBER && lua_tonumber(L, idx) == 1) return RL_ON;
  if (lua_type(L, idx) == LUA_TNUMBER && lua_tonumber(L, idx) == 0) return RL_OFF;
  rlua_raise(L, "%s is %s, expected 1 (on), 0 (off) or null (free)", what, rlua_describe(L, idx));
}

/* Neuron `number` (from 0) can have the sign. */
static void check_sign(lua_State *L, const rl_network *net, int number, int8_t sign, const char *what) {
  if (sign != RL_FREE && rl_network_is_linear(net, number))
    rlua_raise(L, "%s is %d, but that neuron passes its value on and has no sign: expected null (free)", what, sign);
}

static void push_sign(lua_State *L, int8_t sign) {
  if (sign == RL_FREE) rlua_push_null(L);
  else lua_pushinteger(L, sign);
}

/* pattern(net [, layers]): layers as layers() gives them; without it all free. */
int rlua_pattern_create(lua_State *L) {
  const rl_network *net = rlua_check(L, 1, &rlua_network, "network");
  lua_settop(L, 2);
  int8_t *signs = rlua_new_pattern(L, net);
  if (lua_isnil(L, 2)) return 1;
  rlua_check_list(L, 2, "pattern");
  int layers = hidden_layers(net);
  if ((int)lua_rawlen(L, 2) != layers)
    rlua_raise(L, "pattern has %d layers, expected %d", (int)lua_rawlen(L, 2), layers);
  for (int k = 0; k < layers; k++) {
    const char *name = lua_pushfstring(L, "pattern[%d]", k + 1);
    lua_rawgeti(L, 2, k + 1);
    rlua_check_list(L, -1, name);
    int size = rl_network_size(net, k + 1);
    if ((int)lua_rawlen(L, -1) != size)
      rlua_raise(L, "%s has %d neurons, expected %d", name, (int)lua_rawlen(L, -1), size);
    for (int i = 0; i < size; i++) {
      lua_rawgeti(L, -1, i + 1);
      const char *place = lua_pushfstring(L, "%s[%d]", name, i + 1);
      *signs = sign_at(L, -2, place);
      check_sign(L, net, rl_network_offset(net, k) + i, *signs++, place);
      lua_pop(L, 2);
    }
    lua_pop(L, 2);
  }
  return 1;
}

/* layers() -> one list per hidden layer of 1 (on), 0 (off), null (free). */
static int pattern_layers(lua_State *L) {
  const rlua_handle *h = self(L);
  const int8_t *signs = h->resource;
  int layers = hidden_layers(h->net);
  lua_createtable(L, layers, 0);
  for (int k = 1; k <= layers; k++) {
    int size = rl_network_size(h->net, k);
    lua_createtable(L, size, 0);
    for (int i = 1; i <= size; i++) {
      push_sign(L, *signs++);
      lua_rawseti(L, -2, i);
    }
    lua_rawseti(L, -2, k);
  }
  return 1;
}

/* get(layer, neuron) -> 1, 0 or nil. */
static int pattern_get(lua_State *L) {
  const rlua_handle *h = self(L);
  int8_t sign = ((const int8_t *)h->resource)[neuron_number(L, 2, 3, h->net)];
  if (sign == RL_FREE) lua_pushnil(L);
  else lua_pushinteger(L, sign);
  return 1;
}

/* A copy of the pattern self, pushed. */
static int8_t *copy(lua_State *L, const rlua_handle *h) {
  int8_t *signs = rlua_new_pattern(L, h->net);
  memcpy(signs, h->resource, (size_t)rl_network_neurons(h->net));
  return signs;
}

/* with(layer, neuron, value) -> a pattern that differs there. */
static int pattern_with(lua_State *L) {
  const rlua_handle *h = self(L);
  int number = neuron_number(L, 2, 3, h->net);
  int8_t sign = sign_at(L, 4, "value");
  check_sign(L, h->net, number, sign, "value");
  copy(L, h)[number] = sign;
  return 1;
}

/* prefix(k) -> the pattern's first k layers, the rest free. */
static int pattern_prefix(lua_State *L) {
  const rlua_handle *h = self(L);
  int k = rlua_integer(L, 2, "k", 0, hidden_layers(h->net));
  int first = rl_network_offset(h->net, k);
  memset(copy(L, h) + first, RL_FREE, (size_t)(rl_network_neurons(h->net) - first));
  return 1;
}

static int pattern_literals(lua_State *L) {
  const rlua_handle *h = self(L);
  return lua_pushinteger(L, rl_pattern_literals(h->net, h->resource)), 1;
}

static int pattern_is_prefix(lua_State *L) {
  const rlua_handle *h = self(L);
  return lua_pushboolean(L, rl_pattern_is_prefix(h->net, h->resource)), 1;
}

/* list() -> {{layer, neuron, value}, ...}: the literals in order. */
static int pattern_list(lua_State *L) {
  const rlua_handle *h = self(L);
  const int8_t *signs = h->resource;
  lua_newtable(L);
  lua_Integer count = 0;
  for (int k = 1; k <= hidden_layers(h->net); k++) {
    for (int i = 1; i <= rl_network_size(h->net, k); i++, signs++) {
      if (*signs == RL_FREE) continue;
      const int entry[] = {k, i, *signs};
      lua_createtable(L, 3, 0);
      for (int j = 0; j < 3; j++) {
        lua_pushinteger(L, entry[j]);
        lua_rawseti(L, -2, j + 1);
      }
      lua_rawseti(L, -2, ++count);
    }
  }
  return 1;
}

/* One character a neuron (1 on, 0 off, - free), a blank between layers. */
static int pattern_tostring(lua_State *L) {
  const rlua_handle *h = luaL_checkudata(L, 1, rlua_pattern.name);
  if (!h->resource) return lua_pushliteral(L, "pattern (closed)"), 1;
  const int8_t *signs = h->resource;
  luaL_Buffer B;
  luaL_buffinit(L, &B);
  for (int k = 1; k <= hidden_layers(h->net); k++) {
    if (k > 1) luaL_addchar(&B, ' ');
    for (int i = 0; i < rl_network_size(h->net, k); i++, signs++)
      luaL_addchar(&B, *signs == RL_FREE ? '-' : (char)('0' + *signs));
  }
  luaL_pushresult(&B);
  return 1;
}

static int pattern_eq(lua_State *L) {
  const rlua_handle *a = luaL_testudata(L, 1, rlua_pattern.name);
  const rlua_handle *b = luaL_testudata(L, 2, rlua_pattern.name);
  int equal = a && b && a->resource && b->resource && same_shape(a->net, b->net) &&
              memcmp(a->resource, b->resource, (size_t)rl_network_neurons(a->net)) == 0;
  return lua_pushboolean(L, equal), 1;
}

static const luaL_Reg methods[] = {{"layers", pattern_layers}, {"get", pattern_get},
                                   {"with", pattern_with},     {"prefix", pattern_prefix},
                                   {"literals", pattern_literals}, {"is_prefix", pattern_is_prefix},
                                   {"list", pattern_list},     {NULL, NULL}};
static const luaL_Reg meta[] = {{"__tostring", pattern_tostring}, {"__eq", pattern_eq},
                                {"__len", pattern_literals},      {"__call", pattern_get}, {NULL, NULL}};

const rlua_type rlua_pattern = {"relucid.pattern", NULL, methods, NULL, meta};
