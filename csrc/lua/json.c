/* JSON through jansson.  Numbers are written with 17 significant digits, so
 * that they read back to the same double.
 *
 * Lua to JSON: a table with the array or object metatable is that; else a table
 * with elements 1..#t, or an empty one, is an array and other tables are
 * objects.  Keys are written in the order of the metatable's field "keys" (a list),
 * the others sorted behind them.  relucid.null is null.
 * JSON to Lua: arrays and objects get the metatables (objects with their order of keys), null becomes
 * relucid.null. */
#include "lua/common.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define NULL_NAME "relucid.null"
#define ARRAY_NAME "relucid.json.array"
#define OBJECT_NAME "relucid.json.object"
#define TREE_NAME "relucid.json.tree"
enum { MAX_DEPTH = 200 };

/* ---- null ---------------------------------------------------------------------- */

void rlua_push_null(lua_State *L) { lua_getfield(L, LUA_REGISTRYINDEX, NULL_NAME ".value"); }

int rlua_is_null(lua_State *L, int idx) { return luaL_testudata(L, idx, NULL_NAME) != NULL; }

static int null_tostring(lua_State *L) { return lua_pushliteral(L, "null"), 1; }

static void create_null(lua_State *L) {
  lua_newuserdatauv(L, 0, 0);
  luaL_newmetatable(L, NULL_NAME);
  lua_pushcfunction(L, null_tostring);
  lua_setfield(L, -2, "__tostring");
  lua_setmetatable(L, -2);
  lua_setfield(L, LUA_REGISTRYINDEX, NULL_NAME ".value");
}

/* ---- a json_t or a dumped string that the collector owns -------------------------- */

typedef struct tree {
  json_t *root;
  char *text;
} tree;

static int tree_close(lua_State *L) {
  tree *t = luaL_checkudata(L, 1, TREE_NAME);
  json_t *root = t->root;
  char *text = t->text;
  t->root = NULL;
  t->text = NULL;
  json_decref(root);
  free(text);
  return 0;
}

static tree *new_tree(lua_State *L) {
  tree *t = lua_newuserdatauv(L, sizeof *t, 0);
  *t = (tree){NULL, NULL};
  luaL_setmetatable(L, TREE_NAME);
  return t;
}

/* ---- Lua to JSON ------------------------------------------------------------------ */

/* Where in the value an error is: a chain on the C stack. */
typedef struct place {
  const struct place *up;
  const char *key; /* NULL: index */
  lua_Integer index;
} place;

static const char *push_place(lua_State *L, const place *p) {
  if (!p) return lua_pushliteral(L, "value");
  luaL_checkstack(L, 4, "json");
  const char *up = push_place(L, p->up);
  return p->key ? lua_pushfstring(L, "%s.%s", up, p->key) : lua_pushfstring(L, "%s[%I]", up, (LUAI_UACINT)p->index);
}

_Noreturn static void refuse(lua_State *L, const place *p, const char *why) {
  luaL_checkstack(L, MAX_DEPTH + 8, "json");
  rlua_raise(L, "json: %s %s", push_place(L, p), why);
}

/* Adds the value at the top of the stack to its parent: the new json_t is owned by the tree at once. */
typedef struct slot {
  tree *root;     /* the parent is the tree itself, or */
  json_t *array;  /* this array, or */
  json_t *object; /* this object with key */
  const char *key;
} slot;

static json_t *put(lua_State *L, const slot *s, json_t *value) {
  int failed = 0;
  if (!value) failed = 1;
  else if (s->root) s->root->root = value;
  else if (s->array) failed = json_array_append_new(s->array, value);
  else failed = json_object_set_new(s->object, s->key, value);
  if (failed && s->object) rlua_raise(L, "json: key '%s' is not UTF-8, or out of memory", s->key);
  if (failed) rlua_raise(L, "json: out of memory");
  return value;
}

static void encode(lua_State *L, const slot *s, const place *p, int depth);

static int has_metatable(lua_State *L, int idx, const char *name) {
  if (!lua_getmetatable(L, idx)) return 0;
  luaL_getmetatable(L, name);
  int same = lua_rawequal(L, -1, -2);
  if (!same && lua_getfield(L, -2, "__name") == LUA_TSTRING) same = strcmp(lua_tostring(L, -1), name) == 0;
  lua_settop(L, idx);
  return same;
}

static int is_array(lua_State *L, int idx) {
  if (has_metatable(L, idx, ARRAY_NAME)) return 1;
  if (has_metatable(L, idx, OBJECT_NAME)) return 0;
  if (lua_rawlen(L, idx) > 0) return 1;
  lua_pushnil(L);
  if (!lua_next(L, idx)) return 1;
  lua_pop(L, 2);
  return 0;
}

static void encode_array(lua_State *L, json_t *array, const place *p, int depth) {
  int idx = lua_gettop(L);
  lua_Integer length = (lua_Integer)lua_rawlen(L, idx), count = 0;
  for (lua_pushnil(L); lua_next(L, idx); lua_pop(L, 1)) {
    if (!lua_isinteger(L, -2)) refuse(L, p, "mixes a list with other keys");
    count++;
  }
  if (count != length) refuse(L, p, "is a list with holes");
  for (lua_Integer i = 1; i <= length; i++) {
    lua_rawgeti(L, idx, i);
    encode(L, &(slot){.array = array}, &(place){p, NULL, i}, depth);
    lua_pop(L, 1);
  }
}

static int compare_keys(const void *a, const void *b) { return strcmp(*(const char *const *)a, *(const char *const *)b); }

/* The member `key` of the table at idx, where it has one and object has not yet. */
static void encode_member(lua_State *L, json_t *object, int idx, const char *key, const place *p, int depth) {
  if (json_object_get(object, key)) return;
  lua_pushstring(L, key);
  if (lua_rawget(L, idx) != LUA_TNIL)
    encode(L, &(slot){.object = object, .key = key}, &(place){p, key, 0}, depth);
  lua_pop(L, 1);
}

static void encode_object(lua_State *L, json_t *object, const place *p, int depth) {
  int idx = lua_gettop(L);
  size_t count = 0;
  for (lua_pushnil(L); lua_next(L, idx); lua_pop(L, 1)) {
    if (lua_type(L, -2) != LUA_TSTRING) refuse(L, p, "has a key that is not a string");
    count++;
  }
  if (luaL_getmetafield(L, idx, "keys") == LUA_TTABLE) {
    int keys = lua_gettop(L);
    for (lua_Integer i = 1; lua_rawgeti(L, keys, i) == LUA_TSTRING; i++) {
      encode_member(L, object, idx, lua_tostring(L, -1), p, depth);
      lua_settop(L, keys);
    }
  }
  lua_settop(L, idx);
  const char **names = lua_newuserdatauv(L, (count + 1) * sizeof *names, 0);
  size_t next = 0;
  for (lua_pushnil(L); lua_next(L, idx); lua_pop(L, 1)) names[next++] = lua_tostring(L, -2);
  qsort(names, count, sizeof *names, compare_keys);
  for (size_t i = 0; i < count; i++) encode_member(L, object, idx, names[i], p, depth);
  lua_settop(L, idx);
}

static void encode_string(lua_State *L, const slot *s, const place *p) {
  size_t length;
  const char *text = lua_tolstring(L, -1, &length);
  json_t *value = json_stringn(text, length);
  if (!value) refuse(L, p, "is not UTF-8");
  put(L, s, value);
}

static void encode(lua_State *L, const slot *s, const place *p, int depth) {
  luaL_checkstack(L, 12, "json");
  if (depth > MAX_DEPTH) rlua_raise(L, "json: value is nested more than %d deep", MAX_DEPTH);
  switch (lua_type(L, -1)) {
  case LUA_TBOOLEAN: put(L, s, json_boolean(lua_toboolean(L, -1))); return;
  case LUA_TSTRING: encode_string(L, s, p); return;
  case LUA_TNUMBER:
    if (lua_isinteger(L, -1)) put(L, s, json_integer(lua_tointeger(L, -1)));
    else if (isfinite(lua_tonumber(L, -1))) put(L, s, json_real(lua_tonumber(L, -1)));
    else refuse(L, p, "is not a finite number");
    return;
  case LUA_TTABLE:
    if (is_array(L, lua_gettop(L))) encode_array(L, put(L, s, json_array()), p, depth + 1);
    else encode_object(L, put(L, s, json_object()), p, depth + 1);
    return;
  default:
    if (rlua_is_null(L, -1)) put(L, s, json_null());
    else refuse(L, p, lua_pushfstring(L, "is a %s", luaL_typename(L, -1)));
  }
}

/* encode(value) -> text in one line */
static int json_encode(lua_State *L) {
  if (lua_isnone(L, 1)) rlua_raise(L, "json: a value expected, got nothing");
  lua_settop(L, 1);
  tree *t = new_tree(L);
  lua_pushvalue(L, 1);
  encode(L, &(slot){.root = t}, NULL, 0);
  t->text = json_dumps(t->root, JSON_REAL_PRECISION(17) | JSON_ENCODE_ANY);
  if (!t->text) rlua_raise(L, "json: out of memory");
  return lua_pushstring(L, t->text), 1;
}

/* ---- JSON to Lua ------------------------------------------------------------------ */

/* Give the table below the list of keys on top of the stack an object metatable that keeps that order. */
static void set_key_order(lua_State *L) {
  lua_createtable(L, 0, 2);
  lua_pushliteral(L, OBJECT_NAME);
  lua_setfield(L, -2, "__name");
  lua_insert(L, -2);
  lua_setfield(L, -2, "keys");
  lua_setmetatable(L, -2);
}

static void push_json(lua_State *L, const json_t *value);

static void push_object(lua_State *L, const json_t *object) {
  const char *key;
  json_t *member;
  lua_Integer count = 0;
  lua_createtable(L, 0, (int)json_object_size(object));
  lua_createtable(L, (int)json_object_size(object), 0);
  json_object_foreach((json_t *)object, key, member) {
    lua_pushstring(L, key);
    lua_pushvalue(L, -1);
    lua_rawseti(L, -3, ++count);
    push_json(L, member);
    lua_rawset(L, -4);
  }
  set_key_order(L);
}

static void push_json(lua_State *L, const json_t *value) {
  luaL_checkstack(L, 6, "json");
  switch (json_typeof(value)) {
  case JSON_OBJECT: push_object(L, value); return;
  case JSON_ARRAY:
    lua_createtable(L, (int)json_array_size(value), 0);
    for (size_t i = 0; i < json_array_size(value); i++) {
      push_json(L, json_array_get(value, i));
      lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    luaL_setmetatable(L, ARRAY_NAME);
    return;
  case JSON_STRING: lua_pushlstring(L, json_string_value(value), json_string_length(value)); return;
  case JSON_INTEGER: lua_pushinteger(L, json_integer_value(value)); return;
  case JSON_REAL: lua_pushnumber(L, json_real_value(value)); return;
  case JSON_TRUE: lua_pushboolean(L, 1); return;
  case JSON_FALSE: lua_pushboolean(L, 0); return;
  case JSON_NULL: rlua_push_null(L); return;
  }
}

/* decode(text [, name]) -> value; errors read "name:line:column: what". */
static int json_decode(lua_State *L) {
  const char *text = rlua_string(L, 1, "text", "string");
  size_t length = lua_rawlen(L, 1);
  const char *name = lua_isnoneornil(L, 2) ? "json" : rlua_string(L, 2, "name", "string");
  lua_settop(L, 2);
  tree *t = new_tree(L);
  json_error_t error;
  t->root = json_loadb(text, length, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
  for (char *c = error.text; !t->root && *c; c++)
    if ((unsigned char)*c < 32 || *c == 127) *c = '?';
  if (!t->root) rlua_raise(L, "%s:%d:%d: %s", name, error.line, error.column, error.text);
  push_json(L, t->root);
  return 1;
}

/* array(t), object(t): set the metatable and return t. */
static int mark(lua_State *L, const char *name) {
  rlua_check_list(L, 1, "json");
  lua_settop(L, 1);
  luaL_setmetatable(L, name);
  return 1;
}
static int json_mark_array(lua_State *L) { return mark(L, ARRAY_NAME); }

/* object(t [, keys]): keys is the order in which to write the members. */
static int json_mark_object(lua_State *L) {
  rlua_check_list(L, 1, "json");
  if (lua_isnoneornil(L, 2)) return mark(L, OBJECT_NAME);
  rlua_check_list(L, 2, "keys");
  lua_settop(L, 2);
  set_key_order(L);
  return 1;
}

void rlua_open_json(lua_State *L) {
  static const luaL_Reg functions[] = {{"encode", json_encode},
                                       {"decode", json_decode},
                                       {"array", json_mark_array},
                                       {"object", json_mark_object},
                                       {NULL, NULL}};
  create_null(L);
  luaL_newmetatable(L, ARRAY_NAME);
  luaL_newmetatable(L, OBJECT_NAME);
  luaL_newmetatable(L, TREE_NAME);
  lua_pushcfunction(L, tree_close);
  lua_setfield(L, -2, "__gc");
  lua_pop(L, 3);
  luaL_newlib(L, functions);
  rlua_push_null(L);
  lua_setfield(L, -2, "null");
}
