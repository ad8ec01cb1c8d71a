/* search:proof_size() and search:proof_node(i), what lua/relucid/proof.lua makes search:proof() of: the tree that a
 * search has recorded. */
#include "lua/common.h"

static void set_integer(lua_State *L, const char *name, lua_Integer value) {
  lua_pushinteger(L, value);
  lua_setfield(L, -2, name);
}

static void set_number(lua_State *L, const char *name, double value) {
  lua_pushnumber(L, value);
  lua_setfield(L, -2, name);
}

static void set_string(lua_State *L, const char *name, const char *value) {
  lua_pushstring(L, value);
  lua_setfield(L, -2, name);
}

/* {[at] = value, ...}, places counted from 1. */
static void set_entries(lua_State *L, const char *name, const rl_entries *entries) {
  lua_createtable(L, 0, entries->count);
  for (int i = 0; i < entries->count; i++) {
    lua_pushnumber(L, entries->value[i]);
    lua_rawseti(L, -2, entries->at[i] + 1);
  }
  lua_setfield(L, -2, name);
}

static void set_how(lua_State *L, const rl_step *step) {
  static const char *const slopes[] = {
      [RL_SLOPES_GIVEN] = "given", [RL_SLOPES_PARALLEL] = "parallel", [RL_SLOPES_ADAPTIVE] = "adaptive"};
  set_string(L, "slopes", slopes[step->slopes]);
  if (step->from_neurons) {
    lua_pushboolean(L, 1);
    lua_setfield(L, -2, "from_neurons");
  }
  if (step->slopes != RL_SLOPES_GIVEN || step->kind == RL_STEP_CUT) return;
  set_entries(L, "alpha", &step->alpha);
  set_entries(L, "tau", &step->tau);
  set_entries(L, "mu", &step->mu);
}

static void push_step(lua_State *L, const rl_step *step) {
  static const char *const kinds[] = {[RL_STEP_RANGE] = "range",
                                      [RL_STEP_BOUND] = "bound",
                                      [RL_STEP_CUT] = "cut",
                                      [RL_STEP_EMPTY] = "empty",
                                      [RL_STEP_LEAF] = "leaf"};
  static const char *const indices[] = {
      [RL_STEP_RANGE] = "neuron", [RL_STEP_BOUND] = "clause", [RL_STEP_CUT] = "input", [RL_STEP_LEAF] = "clause"};
  lua_newtable(L);
  set_string(L, "kind", kinds[step->kind]);
  if (step->kind != RL_STEP_EMPTY && step->index >= 0) {
    set_integer(L, indices[step->kind], step->index + 1);
    set_number(L, "value", step->value);
  }
  if (step->kind == RL_STEP_RANGE || step->kind == RL_STEP_CUT) set_string(L, "end", step->upper ? "upper" : "lower");
  if (step->kind != RL_STEP_LEAF) set_how(L, step);
  if (step->kind == RL_STEP_BOUND) set_entries(L, "lambda", &step->lambda);
  if (step->kind == RL_STEP_CUT && step->neuron >= 0) set_integer(L, "neuron", step->neuron + 1);
  if (step->kind == RL_STEP_CUT && step->neuron < 0) {
    lua_createtable(L, 0, step->count); /* [clause] = row */
    for (int i = 0; i < step->count; i++) {
      lua_pushinteger(L, step->rows[i] + 1);
      lua_rawseti(L, -2, step->clauses[i] + 1);
    }
    lua_setfield(L, -2, "rows");
  }
  if (step->kind == RL_STEP_LEAF) {
    lua_createtable(L, step->count, 0);
    for (int i = 0; i < step->count; i++) {
      lua_pushinteger(L, step->tight[i] + 1);
      lua_rawseti(L, -2, i + 1);
    }
    lua_setfield(L, -2, "tight");
  }
}

static const rl_proof *proof_of(lua_State *L) {
  const rl_proof *proof = NULL;
  rl_error err;
  rlua_succeed(L, rl_search_proof(rlua_check(L, 1, &rlua_search, "search"), &proof, &err), &err);
  return proof;
}

/* proof_size() -> nodes, upper (nil unless maximize); nil without a proof */
int rlua_search_proof_size(lua_State *L) {
  const rl_proof *proof = proof_of(L);
  if (!proof) return lua_pushnil(L), 1;
  lua_pushinteger(L, rl_proof_nodes(proof));
  if (rl_proof_mode(proof) == RL_MAXIMIZE)
    lua_pushnumber(L, rl_proof_upper(proof));
  else
    lua_pushnil(L);
  return 2;
}

/* proof_node(i) -> {parent, below, above, input | neuron, at, steps}, numbers from 1 */
int rlua_search_proof_node(lua_State *L) {
  const rl_proof *proof = proof_of(L);
  int nodes = proof ? rl_proof_nodes(proof) : 0;
  if (!nodes) rlua_raise(L, "there is no proof");
  int number = rlua_integer(L, 2, "node", 1, nodes) - 1, i = 0;
  rl_proof_node node;
  rl_step step;
  size_t cursor = 0;
  rl_proof_node_at(proof, number, &node);
  lua_newtable(L);
  if (node.parent >= 0) set_integer(L, "parent", node.parent + 1);
  if (node.child[0] >= 0) {
    set_integer(L, "below", node.child[0] + 1);
    set_integer(L, "above", node.child[1] + 1);
  }
  if (node.input >= 0) {
    set_integer(L, "input", node.input + 1);
    set_number(L, "at", node.at);
  }
  if (node.neuron >= 0) set_integer(L, "neuron", node.neuron + 1);
  lua_newtable(L);
  while (rl_proof_step(proof, number, &cursor, &step)) {
    push_step(L, &step);
    lua_rawseti(L, -2, ++i);
  }
  lua_setfield(L, -2, "steps");
  return 1;
}
