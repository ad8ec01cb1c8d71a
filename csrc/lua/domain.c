/* relucid.domain: a box, optionally cut by half-spaces.  Immutable. */
#include "lua/common.h"

static void release(void *object) { rl_domain_release(object); }

static const rl_domain *self(lua_State *L) { return rlua_check(L, 1, &rlua_domain, "domain"); }

/* domain{lo = list, hi = list [, A = rows, b = list]}: lo <= x <= hi and A x <= b. */
int rlua_domain_create(lua_State *L) {
  static const char *const keys[] = {"lo", "hi", "A", "b", NULL};
  rlua_check_options(L, 1, "domain", keys, NULL);
  lua_settop(L, 1);
  int n, rows;
  lua_getfield(L, 1, "lo");
  const double *lo = rlua_numbers(L, -1, "lo", -1, &n);
  lua_getfield(L, 1, "hi");
  const double *hi = rlua_numbers(L, -1, "hi", n, NULL);
  if (n < 1) rlua_raise(L, "lo has 0 numbers, expected one for each input");
  for (int i = 0; i < n; i++) {
    if (lo[i] <= hi[i]) continue;
    lua_pushnumber(L, lo[i]);
    lua_pushnumber(L, hi[i]);
    rlua_raise(L, "domain is contradictory: lo[%d] is %s, hi[%d] is %s", i + 1, lua_tostring(L, -2), i + 1,
               lua_tostring(L, -1));
  }
  const double *A, *b;
  rlua_halfspaces(L, 1, n, &rows, &A, &b);
  rlua_handle *h = rlua_new(L, &rlua_domain, 0);
  rl_domain *domain = NULL;
  rl_error err;
  rl_status status = rl_domain_create(&domain, n, lo, hi, rows, A, b, &err);
  h->resource = domain;
  rlua_succeed(L, status, &err);
  return 1;
}

/* Pushes the box that the network's file gives. */
static const rl_domain *push_box(lua_State *L, const rl_network *net) {
  int n = rl_network_inputs(net);
  double *lo = lua_newuserdatauv(L, 2 * (size_t)n * sizeof *lo, 0);
  if (!rl_network_box(net, lo, lo + n)) rlua_raise(L, "the network's file gives no input box: a domain is needed");
  rlua_handle *h = rlua_new(L, &rlua_domain, 0);
  rl_domain *domain = NULL;
  rl_error err;
  rl_status status = rl_domain_create(&domain, n, lo, lo + n, 0, NULL, NULL, &err);
  h->resource = domain;
  rlua_succeed(L, status, &err);
  lua_replace(L, -2);
  return domain;
}

const rl_domain *rlua_domain_for(lua_State *L, int idx, const rl_network *net) {
  if (lua_getfield(L, idx, "domain") == LUA_TNIL) {
    lua_pop(L, 1);
    return push_box(L, net);
  }
  const rl_domain *domain = rlua_check(L, -1, &rlua_domain, "domain");
  if (rl_domain_inputs(domain) != rl_network_inputs(net))
    rlua_raise(L, "domain: has %d inputs, the network has %d", rl_domain_inputs(domain), rl_network_inputs(net));
  return domain;
}

static int domain_tostring(lua_State *L) {
  const rlua_handle *h = luaL_checkudata(L, 1, rlua_domain.name);
  if (!h->resource) return lua_pushliteral(L, "domain (closed)"), 1;
  lua_pushfstring(L, "domain (inputs %d, rows %d)", rl_domain_inputs(h->resource), rl_domain_rows(h->resource));
  return 1;
}

static int get_n(lua_State *L) { return lua_pushinteger(L, rl_domain_inputs(self(L))), 1; }
static int get_lo(lua_State *L) { return rlua_push_numbers(L, rl_domain_lo(self(L)), rl_domain_inputs(self(L))), 1; }
static int get_hi(lua_State *L) { return rlua_push_numbers(L, rl_domain_hi(self(L)), rl_domain_inputs(self(L))), 1; }
static int get_b(lua_State *L) { return rlua_push_numbers(L, rl_domain_b(self(L)), rl_domain_rows(self(L))), 1; }
static int get_A(lua_State *L) {
  const rl_domain *domain = self(L);
  return rlua_push_matrix(L, rl_domain_A(domain), rl_domain_rows(domain), rl_domain_inputs(domain)), 1;
}

static const luaL_Reg methods[] = {{NULL, NULL}};
static const luaL_Reg getters[] = {{"n", get_n}, {"lo", get_lo}, {"hi", get_hi}, {"A", get_A}, {"b", get_b}, {NULL, NULL}};
static const luaL_Reg meta[] = {{"__tostring", domain_tostring}, {NULL, NULL}};

const rlua_type rlua_domain = {"relucid.domain", release, methods, getters, meta};
