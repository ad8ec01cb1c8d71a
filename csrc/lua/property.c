/* relucid.property: an or of ands of rows a.x + c.y + d >= 0.  Immutable.
 *
 * A property without input parts is not bound to a number of inputs: it serves
 * every network with its number of outputs. */
#include "lua/common.h"

#include <math.h>
#include <string.h>

static void release(void *object) { rl_property_release(object); }

static const rl_property *self(lua_State *L) { return rlua_check(L, 1, &rlua_property, "property"); }

static int has_inputs(const rl_property *p) { return rl_property_a(p, 0, 0) != NULL; }

static int total_rows(const rl_property *p) {
  int total = 0;
  for (int k = 0; k < rl_property_clauses(p); k++) total += rl_property_rows(p, k);
  return total;
}

/* ---- building ----------------------------------------------------------------- */

/* The arguments of rl_property_create in scratch memory. */
typedef struct rows {
  int n, m, clauses, total;
  int *counts;
  double *a, *c, *d; /* a: NULL when no row has an input part */
} rows;

static void *zeros(lua_State *L, size_t count, size_t size) {
  void *p = lua_newuserdatauv(L, (count ? count : 1) * size, 0);
  return memset(p, 0, (count ? count : 1) * size);
}

/* Pushes four scratch values. */
static rows new_rows(lua_State *L, int n, int m, int clauses, int total) {
  luaL_checkstack(L, 8, "property");
  rows r = {.n = n > 0 ? n : 1, .m = m, .clauses = clauses, .total = total};
  r.counts = zeros(L, (size_t)clauses, sizeof(int));
  double *a = zeros(L, (size_t)total * (size_t)r.n, sizeof(double));
  r.a = n > 0 ? a : NULL;
  r.c = zeros(L, (size_t)total * (size_t)m, sizeof(double));
  r.d = zeros(L, (size_t)total, sizeof(double));
  return r;
}

/* Append the clauses of p, counting from clause *k and row *t on. */
static void append(rows *r, const rl_property *p, int *k, int *t) {
  for (int i = 0; i < rl_property_clauses(p); i++) {
    r->counts[(*k)++] = rl_property_rows(p, i);
    for (int j = 0; j < rl_property_rows(p, i); j++, (*t)++) {
      const double *a = rl_property_a(p, i, j);
      if (a && r->a) memcpy(r->a + (size_t)*t * (size_t)r->n, a, (size_t)r->n * sizeof *a);
      memcpy(r->c + (size_t)*t * (size_t)r->m, rl_property_c(p, i, j), (size_t)r->m * sizeof(double));
      r->d[*t] = rl_property_d(p, i, j);
    }
  }
}

static void push_property(lua_State *L, const rows *r) {
  rlua_handle *h = rlua_new(L, &rlua_property, 0);
  rl_property *p = NULL;
  rl_error err;
  rl_status status = rl_property_create(&p, r->n, r->m, r->clauses, r->counts, r->a, r->c, r->d, &err);
  h->resource = p;
  rlua_succeed(L, status, &err);
}

const rl_property *rlua_property_for(lua_State *L, int idx, const rl_network *net, const char *what) {
  const rl_property *p = rlua_check(L, idx, &rlua_property, what);
  int n = rl_network_inputs(net), m = rl_network_outputs(net);
  if (rl_property_outputs(p) != m)
    rlua_raise(L, "%s: is about %d outputs, the network has %d", what, rl_property_outputs(p), m);
  if (rl_property_inputs(p) == n) return lua_pushvalue(L, idx), p;
  if (has_inputs(p)) rlua_raise(L, "%s: is about %d inputs, the network has %d", what, rl_property_inputs(p), n);
  rows r = new_rows(L, 0, m, rl_property_clauses(p), total_rows(p));
  int k = 0, t = 0;
  append(&r, p, &k, &t);
  r.n = n;
  push_property(L, &r);
  lua_insert(L, -5);
  lua_pop(L, 4);
  return rlua_check(L, -1, &rlua_property, what);
}

/* ---- constructors -------------------------------------------------------------- */

typedef rl_status extreme(rl_property **, int, int, int, rl_error *);

static int push_extreme(lua_State *L, extreme *create) {
  const rl_network *net = rlua_check(L, 1, &rlua_network, "network");
  int output = rlua_integer(L, 2, "output", 1, rl_network_outputs(net));
  rlua_handle *h = rlua_new(L, &rlua_property, 0);
  rl_property *p = NULL;
  rl_error err;
  rl_status status = create(&p, rl_network_inputs(net), rl_network_outputs(net), output - 1, &err);
  h->resource = p;
  rlua_succeed(L, status, &err);
  return 1;
}

static int property_argmax(lua_State *L) { return push_extreme(L, rl_property_argmax); }
static int property_argmin(lua_State *L) { return push_extreme(L, rl_property_argmin); }

/* Length of the list `field` of the row on top of the stack; -1: absent. */
static int field_length(lua_State *L, const char *field) {
  int length = lua_getfield(L, -1, field) == LUA_TTABLE ? (int)lua_rawlen(L, -1) : -1;
  lua_pop(L, 1);
  return length;
}

/* Row t (0-based) of the list at idx into r. */
static void read_row(lua_State *L, int idx, rows *r, int t) {
  static const char *const keys[] = {"c", "d", "a", NULL};
  lua_rawgeti(L, idx, t + 1);
  const char *name = lua_pushfstring(L, "row %d", t + 1);
  rlua_check_options(L, lua_gettop(L) - 1, name, keys, NULL);
  lua_pop(L, 1);
  const char *what = lua_pushfstring(L, "row %d: c", t + 1);
  lua_getfield(L, -2, "c");
  memcpy(r->c + (size_t)t * (size_t)r->m, rlua_numbers(L, -1, what, r->m, NULL), (size_t)r->m * sizeof(double));
  lua_pop(L, 3);
  if (lua_getfield(L, -1, "a") != LUA_TNIL) {
    what = lua_pushfstring(L, "row %d: a", t + 1);
    const double *a = rlua_numbers(L, -2, what, r->n, NULL);
    /* No r->a: all rows' lists are empty. */
    if (r->a) memcpy(r->a + (size_t)t * (size_t)r->n, a, (size_t)r->n * sizeof(double));
    lua_pop(L, 2);
  }
  lua_pop(L, 1);
  if (lua_getfield(L, -1, "d") != LUA_TNIL) {
    double d = lua_type(L, -1) == LUA_TNUMBER ? lua_tonumber(L, -1) : NAN;
    if (!isfinite(d)) rlua_raise(L, "row %d: d is %s, expected a finite number", t + 1, rlua_describe(L, -1));
    r->d[t] = d;
  }
  lua_pop(L, 2);
}

/* Push the single-clause property of the rows {c, d, a} in the list at idx.  net: NULL or what it must fit. */
static void push_linear(lua_State *L, int idx, const rl_network *net) {
  idx = lua_absindex(L, idx);
  rlua_check_list(L, idx, "rows");
  int total = (int)lua_rawlen(L, idx), n = 0, m = net ? rl_network_outputs(net) : 0;
  if (total < 1) rlua_raise(L, "rows: list is empty, expected rows {c = ..., d = ...}");
  for (int t = 1; t <= total; t++) {
    if (lua_rawgeti(L, idx, t) != LUA_TTABLE)
      rlua_raise(L, "row %d is %s, expected {c = ..., d = ...}", t, rlua_describe(L, -1));
    if (m < 1) m = field_length(L, "c");
    if (n < 1) n = field_length(L, "a");
    lua_pop(L, 1);
  }
  if (m < 1) rlua_raise(L, "row 1: c is missing or empty, expected one number for each output");
  if (n > 0 && net) n = rl_network_inputs(net);
  rows r = new_rows(L, n, m, 1, total);
  if (net) r.n = rl_network_inputs(net);
  r.counts[0] = total;
  for (int t = 0; t < total; t++) read_row(L, idx, &r, t);
  push_property(L, &r);
}

/* linear([net,] rows): the and of rows {c = list, d = number, a = list}: a.x + c.y + d >= 0. */
static int property_linear(lua_State *L) {
  const rl_network *net = NULL;
  if (rlua_is(L, 1, &rlua_network)) {
    net = rlua_check(L, 1, &rlua_network, "network");
    lua_settop(L, 2);
  } else {
    lua_settop(L, 1);
  }
  push_linear(L, -1, net);
  return 1;
}

/* any(list of properties or lists of rows): their or. */
static int property_any(lua_State *L) {
  rlua_check_list(L, 1, "any");
  lua_settop(L, 1);
  int count = (int)lua_rawlen(L, 1), n = 0, m = 0, clauses = 0, total = 0;
  if (count < 1) rlua_raise(L, "any: list is empty, expected properties");
  lua_createtable(L, count, 0); /* index 2: the properties */
  for (int i = 1; i <= count; i++) {
    lua_rawgeti(L, 1, i);
    if (lua_istable(L, -1)) push_linear(L, -1, NULL);
    const rl_property *p = rlua_check(L, -1, &rlua_property, "any");
    if (m && rl_property_outputs(p) != m)
      rlua_raise(L, "any: property %d is about %d outputs, expected %d", i, rl_property_outputs(p), m);
    if (n && has_inputs(p) && rl_property_inputs(p) != n)
      rlua_raise(L, "any: property %d is about %d inputs, expected %d", i, rl_property_inputs(p), n);
    m = rl_property_outputs(p);
    if (has_inputs(p)) n = rl_property_inputs(p);
    clauses += rl_property_clauses(p);
    total += total_rows(p);
    lua_rawseti(L, 2, i);
    lua_settop(L, 2);
  }
  rows r = new_rows(L, n, m, clauses, total);
  int k = 0, t = 0;
  for (int i = 1; i <= count; i++) {
    lua_rawgeti(L, 2, i);
    append(&r, rlua_check(L, -1, &rlua_property, "any"), &k, &t);
    lua_pop(L, 1);
  }
  push_property(L, &r);
  return 1;
}

const luaL_Reg rlua_property_functions[] = {{"argmax", property_argmax},
                                            {"argmin", property_argmin},
                                            {"linear", property_linear},
                                            {"any", property_any},
                                            {NULL, NULL}};

/* ---- methods -------------------------------------------------------------------- */

/* value(x, y): max over clauses of min over rows.  x may be nil when no row has an input part. */
static int property_value(lua_State *L) {
  const rl_property *p = self(L);
  lua_settop(L, 3);
  const double *y = rlua_numbers(L, 3, "y", rl_property_outputs(p), NULL);
  const double *x = has_inputs(p) ? rlua_numbers(L, 2, "x", rl_property_inputs(p), NULL)
                                  : zeros(L, (size_t)rl_property_inputs(p), sizeof(double));
  return lua_pushnumber(L, rl_property_value(p, x, y)), 1;
}

static int property_negate(lua_State *L) {
  const rl_property *p = self(L);
  rlua_handle *h = rlua_new(L, &rlua_property, 0);
  rl_property *negated = NULL;
  rl_error err;
  rl_status status = rl_property_negate(&negated, p, &err);
  h->resource = negated;
  rlua_succeed(L, status, &err);
  return 1;
}

/* Push clause k as a list of rows {c, d, a}. */
static void push_clause(lua_State *L, const rl_property *p, int k) {
  int count = rl_property_rows(p, k);
  lua_createtable(L, count, 0);
  for (int j = 0; j < count; j++) {
    lua_createtable(L, 0, 3);
    rlua_push_numbers(L, rl_property_c(p, k, j), rl_property_outputs(p));
    lua_setfield(L, -2, "c");
    lua_pushnumber(L, rl_property_d(p, k, j));
    lua_setfield(L, -2, "d");
    if (has_inputs(p)) {
      rlua_push_numbers(L, rl_property_a(p, k, j), rl_property_inputs(p));
      lua_setfield(L, -2, "a");
    }
    lua_rawseti(L, -2, j + 1);
  }
}

/* clauses() -> list of lists of rows. */
static int property_clauses(lua_State *L) {
  const rl_property *p = self(L);
  lua_createtable(L, rl_property_clauses(p), 0);
  for (int k = 0; k < rl_property_clauses(p); k++) {
    push_clause(L, p, k);
    lua_rawseti(L, -2, k + 1);
  }
  return 1;
}

/* margins() -> the rows of a conjunction. */
static int property_margins(lua_State *L) {
  const rl_property *p = self(L);
  if (rl_property_clauses(p) != 1)
    rlua_raise(L, "property: margins are those of a conjunction, this is an or of %d", rl_property_clauses(p));
  push_clause(L, p, 0);
  return 1;
}

static int property_tostring(lua_State *L) {
  const rlua_handle *h = luaL_checkudata(L, 1, rlua_property.name);
  if (!h->resource) return lua_pushliteral(L, "property (closed)"), 1;
  lua_pushfstring(L, "property (clauses %d, rows %d)", rl_property_clauses(h->resource), total_rows(h->resource));
  return 1;
}

/* n: nil when the property fits any number of inputs. */
static int get_n(lua_State *L) {
  if (has_inputs(self(L))) lua_pushinteger(L, rl_property_inputs(self(L)));
  else lua_pushnil(L);
  return 1;
}
static int get_m(lua_State *L) { return lua_pushinteger(L, rl_property_outputs(self(L))), 1; }

static const luaL_Reg methods[] = {{"value", property_value},     {"negate", property_negate},
                                   {"clauses", property_clauses}, {"margins", property_margins}, {NULL, NULL}};
static const luaL_Reg getters[] = {{"n", get_n}, {"m", get_m}, {NULL, NULL}};
static const luaL_Reg meta[] = {{"__tostring", property_tostring}, {NULL, NULL}};

const rlua_type rlua_property = {"relucid.property", release, methods, getters, meta};
