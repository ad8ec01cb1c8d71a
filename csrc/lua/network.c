/* relucid.network: an immutable network. */
#include "lua/common.h"

#include <stdlib.h>
#include <string.h>

static void release(void *object) { rl_network_release(object); }

static rl_network *self(lua_State *L) { return rlua_check(L, 1, &rlua_network, "network"); }

static size_t memory_of(const rl_network *net) {
  size_t doubles = 0;
  for (int k = 0; k < rl_network_layers(net); k++)
    doubles += (size_t)rl_network_size(net, k + 1) * (size_t)(rl_network_size(net, k) + 1);
  return doubles * sizeof(double);
}

/* ---- constructors ----------------------------------------------------------- */

/* read_nnet(path, raw) */
int rlua_network_read(lua_State *L) {
  const char *path = rlua_string(L, 1, "path", "string");
  int raw = lua_toboolean(L, 2);
  rlua_handle *h = rlua_new(L, &rlua_network, 0);
  rl_network *net = NULL;
  rl_error err;
  rl_status status = rl_network_read_nnet(&net, path, raw, &err);
  h->resource = net;
  rlua_succeed(L, status, &err);
  rlua_account(L, memory_of(net));
  return 1;
}

/* read_onnx(path [, output]) */
int rlua_network_read_onnx(lua_State *L) {
  const char *path = rlua_string(L, 1, "path", "string");
  const char *output = lua_isnoneornil(L, 2) ? NULL : rlua_string(L, 2, "output", "string");
  rlua_handle *h = rlua_new(L, &rlua_network, 0);
  rl_network *net = NULL;
  rl_error err;
  rl_status status = rl_network_read_onnx(&net, path, output, &err);
  h->resource = net;
  rlua_succeed(L, status, &err);
  rlua_account(L, memory_of(net));
  return 1;
}

/* Field `name` of layer k (1-based, on top of the stack); leaves it on top. */
static void layer_field(lua_State *L, int k, const char *name) {
  if (lua_getfield(L, -1, name) != LUA_TTABLE)
    rlua_raise(L, "network: layer %d: %s is %s, expected a list", k, name, rlua_describe(L, -1));
}

/* Field `linear` of layer k (1-based, on top of the stack) of `rows` neurons: true, or a list of booleans; into marks.
 * Returns whether it is there. */
static int linear_field(lua_State *L, int k, int rows, uint8_t *marks) {
  int type = lua_getfield(L, -1, "linear"), given = type != LUA_TNIL;
  if (type == LUA_TBOOLEAN) {
    memset(marks, lua_toboolean(L, -1), (size_t)rows);
  } else if (type == LUA_TTABLE) {
    for (int i = 0; i < rows; i++) {
      if (lua_rawgeti(L, -1, i + 1) != LUA_TBOOLEAN)
        rlua_raise(L, "network: layer %d: linear[%d] is %s, expected a boolean", k, i + 1, rlua_describe(L, -1));
      marks[i] = (uint8_t)lua_toboolean(L, -1);
      lua_pop(L, 1);
    }
  } else if (given) {
    rlua_raise(L, "network: layer %d: linear is %s, expected a boolean or a list of them", k, rlua_describe(L, -1));
  }
  lua_pop(L, 1);
  return given;
}

/* Marks of all hidden neurons, as userdata that is pushed; NULL and nil where no layer has the field. */
static const uint8_t *linear_fields(lua_State *L, int layers, const int *sizes) {
  size_t neurons = 1;
  int any = 0;
  for (int k = 1; k < layers; k++) neurons += (size_t)sizes[k];
  uint8_t *marks = lua_newuserdatauv(L, neurons, 0), *at = marks;
  memset(marks, 0, neurons);
  for (int k = 0; k < layers; k++) {
    lua_rawgeti(L, 1, k + 1);
    if (k + 1 < layers)
      any |= linear_field(L, k + 1, sizes[k + 1], at);
    else if (lua_getfield(L, -1, "linear") != LUA_TNIL)
      rlua_raise(L, "network: layer %d: linear is for hidden layers, the last layer has no ReLU", k + 1);
    lua_settop(L, 6);
    if (k + 1 < layers) at += sizes[k + 1];
  }
  return any ? marks : NULL;
}

/* network{ {W = rows, b = list, linear = true or list}, ... }: y = W x + b, ReLU between the layers but for neurons
 * that are linear. */
int rlua_network_create(lua_State *L) {
  rlua_check_list(L, 1, "network");
  int layers = (int)lua_rawlen(L, 1);
  if (layers < 1) rlua_raise(L, "network: no layers, expected at least one");
  lua_settop(L, 1);
  rlua_handle *h = rlua_new(L, &rlua_network, 0);
  int *sizes = lua_newuserdatauv(L, ((size_t)layers + 1) * sizeof *sizes, 0);
  const double **weights = lua_newuserdatauv(L, 2 * (size_t)layers * sizeof *weights, 0);
  const double **biases = weights + layers;
  lua_createtable(L, 2 * layers, 0); /* index 5: keeps the scratch memory */
  for (int k = 0; k < layers; k++) {
    if (lua_rawgeti(L, 1, k + 1) != LUA_TTABLE)
      rlua_raise(L, "network: layer %d is %s, expected {W = ..., b = ...}", k + 1, rlua_describe(L, -1));
    int rows, columns = k == 0 ? -1 : sizes[k];
    layer_field(L, k + 1, "W");
    weights[k] = rlua_matrix(L, -2, lua_pushfstring(L, "network: layer %d: W", k + 1), &rows, &columns);
    lua_rawseti(L, 5, 2 * k + 1);
    lua_pop(L, 2);
    if (rows < 1 || columns < 1) rlua_raise(L, "network: layer %d: W is empty", k + 1);
    layer_field(L, k + 1, "b");
    biases[k] = rlua_numbers(L, -2, lua_pushfstring(L, "network: layer %d: b", k + 1), rows, NULL);
    lua_rawseti(L, 5, 2 * k + 2);
    lua_pop(L, 3);
    sizes[k] = columns;
    sizes[k + 1] = rows;
  }
  const uint8_t *linear = linear_fields(L, layers, sizes);
  rl_network *net = NULL;
  rl_error err;
  rl_status status = rl_network_create(&net, layers, sizes, weights, biases, linear, &err);
  h->resource = net;
  rlua_succeed(L, status, &err);
  lua_settop(L, 2);
  rlua_account(L, memory_of(net));
  return 1;
}

/* ---- methods ----------------------------------------------------------------- */

/* 1 if the value at idx is a list of lists. */
static int is_batch(lua_State *L, int idx) {
  if (!lua_istable(L, idx)) return 0;
  int type = lua_rawgeti(L, idx, 1);
  lua_pop(L, 1);
  return type == LUA_TTABLE;
}

const double *rlua_inputs(lua_State *L, int idx, const rl_network *net, int *count, int *single) {
  int n = rl_network_inputs(net);
  *count = 1;
  *single = 0;
  if (rlua_is(L, idx, &rlua_data)) {
    const rl_data *data = rlua_check(L, idx, &rlua_data, "x");
    if (rl_data_columns(data) != (size_t)n)
      rlua_raise(L, "x: data has %d columns, expected %d", (int)rl_data_columns(data), n);
    if (rl_data_count(data) > 100000000) rlua_raise(L, "x: too many rows");
    *count = (int)rl_data_count(data);
    return rl_data_values(data);
  }
  if (is_batch(L, idx)) return rlua_matrix(L, idx, "x", count, &n);
  *single = 1;
  return rlua_numbers(L, idx, "x", n, NULL);
}

/* eval(x) -> y; eval(list of x or data) -> list of y. */
static int network_eval(lua_State *L) {
  const rl_network *net = self(L);
  int m = rl_network_outputs(net), count, single;
  lua_settop(L, 2);
  const double *x = rlua_inputs(L, 2, net, &count, &single);
  double *y = lua_newuserdatauv(L, ((size_t)count * (size_t)m + 1) * sizeof *y, 0);
  rl_error err;
  rlua_succeed(L, rl_network_eval(net, (size_t)count, x, y, &err), &err);
  if (single)
    rlua_push_numbers(L, y, m);
  else
    rlua_push_matrix(L, y, count, m);
  return 1;
}

/* eval_bounds(x) -> lower, upper: rigorous bounds of F(x). */
static int network_eval_bounds(lua_State *L) {
  const rl_network *net = self(L);
  int m = rl_network_outputs(net);
  const double *x = rlua_numbers(L, 2, "x", rl_network_inputs(net), NULL);
  double *lo = lua_newuserdatauv(L, 2 * (size_t)m * sizeof *lo, 0);
  double *hi = lo + m;
  rl_error err;
  rlua_succeed(L, rl_network_eval_bounds(net, x, lo, hi, &err), &err);
  rlua_push_numbers(L, lo, m);
  rlua_push_numbers(L, hi, m);
  return 2;
}

static int network_pattern(lua_State *L) {
  const rl_network *net = self(L);
  const double *x = rlua_numbers(L, 2, "x", rl_network_inputs(net), NULL);
  int8_t *signs = rlua_new_pattern(L, net);
  rl_error err;
  rlua_succeed(L, rl_network_pattern(net, x, signs, &err), &err);
  return 1;
}

/* box() -> {lo, hi} or nil: the input box that the file gives. */
static int network_box(lua_State *L) {
  const rl_network *net = self(L);
  int n = rl_network_inputs(net);
  double *lo = lua_newuserdatauv(L, 2 * (size_t)n * sizeof *lo, 0);
  double *hi = lo + n;
  if (!rl_network_box(net, lo, hi)) return luaL_pushfail(L), 1;
  lua_createtable(L, 0, 2);
  rlua_push_numbers(L, lo, n);
  lua_setfield(L, -2, "lo");
  rlua_push_numbers(L, hi, n);
  lua_setfield(L, -2, "hi");
  return 1;
}

/* affine(pattern) -> {W, b}: the output map of a full pattern, rounded to nearest. */
static int network_affine(lua_State *L) {
  const rl_network *net = self(L);
  int n = rl_network_inputs(net), m = rl_network_outputs(net);
  const int8_t *signs = rlua_pattern_for(L, 2, net, "pattern");
  if (!signs) rlua_raise(L, "pattern: relucid.pattern expected, got nil");
  double *W = lua_newuserdatauv(L, ((size_t)n + 1) * (size_t)m * sizeof *W, 0);
  double *b = W + (size_t)n * (size_t)m;
  rl_error err;
  rlua_succeed(L, rl_pattern_affine(net, signs, W, b, &err), &err);
  lua_createtable(L, 0, 2);
  rlua_push_matrix(L, W, m, n);
  lua_setfield(L, -2, "W");
  rlua_push_numbers(L, b, m);
  lua_setfield(L, -2, "b");
  return 1;
}

/* Field `linear` of the table on top, for hidden layer k: one boolean a neuron, where any is true. */
static void push_linear(lua_State *L, const rl_network *net, int k) {
  int any = 0, first = rl_network_offset(net, k - 1), size = rl_network_size(net, k);
  for (int i = 0; i < size; i++) any |= rl_network_is_linear(net, first + i);
  if (!any) return;
  lua_createtable(L, size, 0);
  for (int i = 0; i < size; i++) {
    lua_pushboolean(L, rl_network_is_linear(net, first + i));
    lua_rawseti(L, -2, i + 1);
  }
  lua_setfield(L, -2, "linear");
}

/* layer(k) -> {W, b, linear}: affine layer k as it is; linear: which neurons have no ReLU, where some have none. */
static int network_layer(lua_State *L) {
  const rl_network *net = self(L);
  int k = rlua_integer(L, 2, "layer", 1, rl_network_layers(net));
  int rows = rl_network_size(net, k), columns = rl_network_size(net, k - 1);
  lua_createtable(L, 0, 2);
  rlua_push_matrix(L, rl_network_weights(net, k - 1), rows, columns);
  lua_setfield(L, -2, "W");
  rlua_push_numbers(L, rl_network_biases(net, k - 1), rows);
  lua_setfield(L, -2, "b");
  if (k < rl_network_layers(net)) push_linear(L, net, k);
  return 1;
}

static void push_count(lua_State *L, const char *name, size_t count) {
  lua_pushinteger(L, (lua_Integer)count);
  lua_setfield(L, -2, name);
}

/* structure() -> for each affine layer {rows, columns, nonzero, sparse, relu, linear}; the last one has neither. */
static int network_structure(lua_State *L) {
  const rl_network *net = self(L);
  int layers = rl_network_layers(net);
  lua_createtable(L, layers, 0);
  for (int k = 0; k < layers; k++) {
    int rows = rl_network_size(net, k + 1), hidden = k + 1 < layers, linear = 0;
    for (int i = 0; i < rows && hidden; i++) linear += rl_network_is_linear(net, rl_network_offset(net, k) + i);
    lua_createtable(L, 0, 6);
    push_count(L, "rows", (size_t)rows);
    push_count(L, "columns", (size_t)rl_network_size(net, k));
    push_count(L, "nonzero", rl_network_nonzero(net, k));
    push_count(L, "relu", hidden ? (size_t)(rows - linear) : 0);
    push_count(L, "linear", (size_t)linear);
    lua_pushboolean(L, rl_network_is_sparse(net, k));
    lua_setfield(L, -2, "sparse");
    lua_rawseti(L, -2, k + 1);
  }
  return 1;
}

static int network_tostring(lua_State *L) {
  const rlua_handle *h = luaL_checkudata(L, 1, rlua_network.name);
  const rl_network *net = h->resource;
  if (!net) return lua_pushliteral(L, "network (closed)"), 1;
  luaL_Buffer B;
  luaL_buffinit(L, &B);
  luaL_addstring(&B, "network ");
  for (int k = 0; k <= rl_network_layers(net); k++) {
    lua_pushfstring(L, k ? "-%d" : "%d", rl_network_size(net, k));
    luaL_addvalue(&B);
  }
  if (rl_network_file(net)[0]) {
    lua_pushfstring(L, " (%s)", rl_network_file(net));
    luaL_addvalue(&B);
  }
  luaL_pushresult(&B);
  return 1;
}

/* ---- fields ------------------------------------------------------------------- */

static int get_n(lua_State *L) { return lua_pushinteger(L, rl_network_inputs(self(L))), 1; }
static int get_m(lua_State *L) { return lua_pushinteger(L, rl_network_outputs(self(L))), 1; }
static int get_neurons(lua_State *L) { return lua_pushinteger(L, rl_network_neurons(self(L))), 1; }
static int get_file(lua_State *L) { return lua_pushstring(L, rl_network_file(self(L))), 1; }
static int get_raw(lua_State *L) { return lua_pushboolean(L, rl_network_is_raw(self(L))), 1; }
static int get_sha256(lua_State *L) { return lua_pushstring(L, rl_network_sha256(self(L))), 1; }

/* A list of lines. */
static int get_notes(lua_State *L) {
  const char *text = rl_network_notes(self(L));
  lua_newtable(L);
  for (lua_Integer i = 1; *text; i++) {
    size_t length = strcspn(text, "\n");
    lua_pushlstring(L, text, length);
    lua_rawseti(L, -2, i);
    text += length + (text[length] != 0);
  }
  return 1;
}

static int get_sizes(lua_State *L) {
  const rl_network *net = self(L);
  int layers = rl_network_layers(net);
  lua_createtable(L, layers + 1, 0);
  for (int k = 0; k <= layers; k++) {
    lua_pushinteger(L, rl_network_size(net, k));
    lua_rawseti(L, -2, k + 1);
  }
  return 1;
}

/* Push the name that was given, else "x1", "y1", ... */
static void push_name(lua_State *L, const char *given, char letter, int i) {
  if (given)
    lua_pushstring(L, given);
  else
    lua_pushfstring(L, "%c%d", letter, i + 1);
}

/* The list of strings in field `field` of the table at idx, or NULL; pushes the scratch memory and the list. */
static const char **names_field(lua_State *L, int idx, const char *field, int count) {
  if (lua_getfield(L, idx, field) == LUA_TNIL) return NULL;
  if (lua_type(L, -1) != LUA_TTABLE) rlua_raise(L, "names: %s: list expected, got %s", field, rlua_describe(L, -1));
  if (lua_rawlen(L, -1) != (size_t)count)
    rlua_raise(L, "names: %s has %d names, the network has %d %s", field, (int)lua_rawlen(L, -1), count, field);
  const char **names = lua_newuserdatauv(L, (size_t)count * sizeof *names, 0);
  for (int i = 0; i < count; i++) {
    if (lua_rawgeti(L, -2, i + 1) != LUA_TSTRING)
      rlua_raise(L, "names: %s[%d] is %s, expected a string", field, i + 1, rlua_describe(L, -1));
    if (strlen(lua_tostring(L, -1)) != lua_rawlen(L, -1)) rlua_raise(L, "names: %s[%d] has a byte 0", field, i + 1);
    names[i] = lua_tostring(L, -1); /* the list keeps the string */
    lua_pop(L, 1);
  }
  return names;
}

/* name_network(net, {inputs = list, outputs = list}): once, before the network is handed out. */
int rlua_network_set_names(lua_State *L) {
  rl_network *net = self(L);
  rlua_check_list(L, 2, "names");
  lua_settop(L, 2);
  const char **inputs = names_field(L, 2, "inputs", rl_network_inputs(net));
  const char **outputs = names_field(L, 2, "outputs", rl_network_outputs(net));
  rl_error err;
  rlua_succeed(L, rl_network_set_names(net, inputs, outputs, &err), &err);
  return 0;
}

/* A list with one {name, lo, hi} for each input; lo and hi only where the file gives a box. */
static int get_inputs(lua_State *L) {
  const rl_network *net = self(L);
  int n = rl_network_inputs(net);
  double *lo = lua_newuserdatauv(L, 2 * (size_t)n * sizeof *lo, 0);
  double *hi = lo + n;
  int has_box = rl_network_box(net, lo, hi);
  lua_createtable(L, n, 0);
  for (int i = 0; i < n; i++) {
    lua_createtable(L, 0, 3);
    push_name(L, rl_network_input_name(net, i), 'x', i);
    lua_setfield(L, -2, "name");
    if (has_box) {
      lua_pushnumber(L, lo[i]);
      lua_setfield(L, -2, "lo");
      lua_pushnumber(L, hi[i]);
      lua_setfield(L, -2, "hi");
    }
    lua_rawseti(L, -2, i + 1);
  }
  return 1;
}

/* A list with one {name} for each output. */
static int get_outputs(lua_State *L) {
  const rl_network *net = self(L);
  int m = rl_network_outputs(net);
  lua_createtable(L, m, 0);
  for (int j = 0; j < m; j++) {
    lua_createtable(L, 0, 1);
    push_name(L, rl_network_output_name(net, j), 'y', j);
    lua_setfield(L, -2, "name");
    lua_rawseti(L, -2, j + 1);
  }
  return 1;
}

/* Were names given? */
static int get_named_inputs(lua_State *L) { return lua_pushboolean(L, rl_network_input_name(self(L), 0) != NULL), 1; }

static int get_named_outputs(lua_State *L) { return lua_pushboolean(L, rl_network_output_name(self(L), 0) != NULL), 1; }

static const luaL_Reg methods[] = {{"eval", network_eval},
                                   {"eval_bounds", network_eval_bounds},
                                   {"pattern", network_pattern},
                                   {"box", network_box},
                                   {"affine", network_affine},
                                   {"layer", network_layer},
                                   {"structure", network_structure},
                                   {"search", rlua_search_create},
                                   {"minimize", rlua_minimize_create},
                                   {"preimage", rlua_preimage_create},
                                   {"inflate", rlua_inflate_create},
                                   {"enumerate", rlua_enumerate_create},
                                   {"activations", rlua_network_activations},
                                   {"ranges", rlua_network_ranges},
                                   {NULL, NULL}};
static const luaL_Reg getters[] = {{"n", get_n},
                                   {"m", get_m},
                                   {"neurons", get_neurons},
                                   {"sizes", get_sizes},
                                   {"inputs", get_inputs},
                                   {"file", get_file},
                                   {"sha256", get_sha256},
                                   {"raw", get_raw},
                                   {"notes", get_notes},
                                   {"outputs", get_outputs},
                                   {"named_inputs", get_named_inputs},
                                   {"named_outputs", get_named_outputs},
                                   {NULL, NULL}};
static const luaL_Reg meta[] = {{"__tostring", network_tostring}, {NULL, NULL}};

const rlua_type rlua_network = {"relucid.network", release, methods, getters, meta};
