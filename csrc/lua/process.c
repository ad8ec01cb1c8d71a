/* relucid.process: a child process that is talked to; and what the machine is called and has. */
#include "lua/common.h"

#include <string.h>
#include <unistd.h>

#include "core/process.h"
#include "core/sha256.h"

static void release(void *object) { rl_process_release(object); }

static rl_process *self(lua_State *L) { return rlua_check(L, 1, &rlua_process, "process"); }

enum { MOST_WORDS = 1000, CHUNK = 65536 };

/* process(list of words): start a command. */
int rlua_process_create(lua_State *L) {
  rlua_check_list(L, 1, "words");
  lua_settop(L, 1);
  int count = (int)lua_rawlen(L, 1);
  if (count < 1 || count > MOST_WORDS) rlua_raise(L, "words: has %d words, expected 1 to %d", count, MOST_WORDS);
  const char **words = lua_newuserdatauv(L, ((size_t)count + 1) * sizeof *words, 0);
  for (int i = 0; i < count; i++) {
    if (lua_rawgeti(L, 1, i + 1) != LUA_TSTRING)
      rlua_raise(L, "words[%d] is %s, expected a string", i + 1, rlua_describe(L, -1));
    words[i] = lua_tostring(L, -1);
    lua_pop(L, 1); /* the list keeps it */
  }
  words[count] = NULL;
  rlua_handle *h = rlua_new(L, &rlua_process, 0);
  rl_process *process = NULL;
  rl_error err;
  rl_status status = rl_process_start(&process, words, &err);
  h->resource = process;
  rlua_succeed(L, status, &err);
  return 1;
}

/* send(text); raises where the process has ended. */
static int process_send(lua_State *L) {
  rl_process *process = self(L);
  size_t count;
  const char *text = luaL_checklstring(L, 2, &count);
  rl_error err;
  rlua_succeed(L, rl_process_send(process, text, count, &err), &err);
  return 0;
}

/* finish(): there is no more input. */
static int process_finish(lua_State *L) { return rl_process_finish(self(L)), 0; }

/* receive() -> what it wrote and was not read yet, may be ""; nil after its end. */
static int process_receive(lua_State *L) {
  rl_process *process = self(L);
  luaL_Buffer B;
  char *bytes = luaL_buffinitsize(L, &B, CHUNK);
  size_t count;
  int end;
  rl_error err;
  rlua_succeed(L, rl_process_receive(process, bytes, CHUNK, &count, &end, &err), &err);
  luaL_pushresultsize(&B, count);
  if (end) lua_pushnil(L);
  return 1;
}

/* kill(): end it at once. */
static int process_kill(lua_State *L) { return rl_process_kill(self(L)), 0; }

/* wait() -> "exit", status or "signal", number: how it ended. */
static int process_wait(lua_State *L) {
  int code, signal;
  rl_process_wait(self(L), &code, &signal);
  lua_pushstring(L, signal ? "signal" : "exit");
  lua_pushinteger(L, signal ? signal : code);
  return 2;
}

/* poll(list of processes, seconds) -> list of the places of those that have something to receive. */
int rlua_process_poll(lua_State *L) {
  rlua_check_list(L, 1, "processes");
  double seconds = luaL_checknumber(L, 2);
  size_t count = (size_t)lua_rawlen(L, 1);
  rl_process **list = lua_newuserdatauv(L, (count + 1) * sizeof *list, 0);
  uint8_t *ready = lua_newuserdatauv(L, count + 1, 0);
  for (size_t i = 0; i < count; i++) {
    lua_rawgeti(L, 1, (lua_Integer)i + 1);
    list[i] = rlua_check(L, -1, &rlua_process, "process");
    lua_pop(L, 1);
  }
  rl_error err;
  rlua_succeed(L, rl_process_poll(list, count, seconds, ready, &err), &err);
  lua_newtable(L);
  for (size_t i = 0, next = 0; i < count; i++) {
    if (!ready[i]) continue;
    lua_pushinteger(L, (lua_Integer)i + 1);
    lua_rawseti(L, -2, (lua_Integer)++next);
  }
  return 1;
}

/* sha256(text) -> its hash, lower-case hexadecimal. */
int rlua_sha256(lua_State *L) {
  size_t count;
  const char *text = luaL_checklstring(L, 1, &count);
  char hash[65];
  rl_sha256(text, count, hash);
  return lua_pushstring(L, hash), 1;
}

/* machine() -> {host = name, cores = number of processors in use}. */
int rlua_machine(lua_State *L) {
  char name[256] = "";
  gethostname(name, sizeof name - 1);
  long cores = sysconf(_SC_NPROCESSORS_ONLN);
  lua_createtable(L, 0, 2);
  lua_pushstring(L, name);
  lua_setfield(L, -2, "host");
  lua_pushinteger(L, cores > 0 ? cores : 1);
  lua_setfield(L, -2, "cores");
  return 1;
}

static int process_tostring(lua_State *L) {
  const rlua_handle *h = luaL_checkudata(L, 1, rlua_process.name);
  if (!h->resource) return lua_pushliteral(L, "process (closed)"), 1;
  return lua_pushfstring(L, "process %d", rl_process_id(h->resource)), 1;
}

static int get_pid(lua_State *L) { return lua_pushinteger(L, rl_process_id(self(L))), 1; }

static const luaL_Reg methods[] = {{"send", process_send}, {"finish", process_finish}, {"receive", process_receive},
                                   {"kill", process_kill}, {"wait", process_wait},     {NULL, NULL}};
static const luaL_Reg getters[] = {{"pid", get_pid}, {NULL, NULL}};
static const luaL_Reg meta[] = {{"__tostring", process_tostring}, {NULL, NULL}};

const rlua_type rlua_process = {"relucid.process", release, methods, getters, meta};
