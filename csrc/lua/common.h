/* L5: what every userdata type of the binding shares.
 *
 * A value of the binding is a userdata that starts with an rlua_handle.  It is
 * created closed (all zero) with its metatable set, and only then given its
 * resource; so a raised error leaks nothing.  Functions here that end in
 * "raise" or that check something leave by lua_error; no memory from malloc may
 * be alive across them except what a handle owns. */
#ifndef RL_LUA_COMMON_H
#define RL_LUA_COMMON_H

#include <lauxlib.h>
#include <lua.h>

#include "relucid.h"

typedef struct rlua_handle {
  void *resource;  /* NULL: closed */
  rl_network *net; /* own reference to the network that the resource speaks about, or NULL */
} rlua_handle;

typedef struct rlua_type {
  const char *name;              /* as tostring, messages and the registry know it */
  void (*release)(void *object); /* of a resource; not called with NULL */
  const luaL_Reg *methods;
  const luaL_Reg *getters; /* computed fields: functions of the object alone; may be NULL */
  const luaL_Reg *meta;    /* further metamethods; may be NULL */
} rlua_type;

extern const rlua_type rlua_network, rlua_pattern, rlua_property, rlua_domain, rlua_data, rlua_region, rlua_search,
    rlua_minimize, rlua_preimage, rlua_enumerate, rlua_inflate, rlua_process;

/* Create a type's metatable and store its method table in the table on top of the stack, under `field`. */
void rlua_register(lua_State *L, const rlua_type *type, const char *field);

/* Push a new closed handle followed by `extra` zero bytes. */
rlua_handle *rlua_new(lua_State *L, const rlua_type *type, size_t extra);

/* The open handle at idx, or raise; `what` names the argument in the message. */
rlua_handle *rlua_handle_at(lua_State *L, int idx, const rlua_type *type, const char *what);
/* The same, its resource. */
void *rlua_check(lua_State *L, int idx, const rlua_type *type, const char *what);
/* The same, but NULL where the value is nil or absent. */
void *rlua_optional(lua_State *L, int idx, const rlua_type *type, const char *what);
int rlua_is(lua_State *L, int idx, const rlua_type *type);

/* Raise a message without a position: these errors are about the user's values, not about a line. */
_Noreturn void rlua_raise(lua_State *L, const char *format, ...);
/* Push the value at idx in words for a message: strings in quotes, tables without their address. */
const char *rlua_describe(lua_State *L, int idx);
/* Raise err's message unless status is RL_OK. */
void rlua_succeed(lua_State *L, rl_status status, const rl_error *err);
/* Around a long call of the core: Ctrl-C ends it early, and raises its error as soon as Lua goes on; so does the end of
 * `seconds` (0: none), without an error.  rlua_end: and rlua_succeed. */
void rlua_begin(lua_State *L, double seconds);
void rlua_end(lua_State *L, rl_status status, const rl_error *err);
/* Tell the collector of `bytes` that it does not see. */
void rlua_account(lua_State *L, size_t bytes);

/* Lists.  Each reader pushes exactly one value, the scratch memory it returns.
 * Numbers must be finite; a message names the argument, the place, the value and what was expected. */
void rlua_check_list(lua_State *L, int idx, const char *what);
/* The list of `expected` numbers at idx (-1: any length, stored in *count, which may be NULL). */
double *rlua_numbers(lua_State *L, int idx, const char *what, int expected, int *count);
/* The list of lists at idx: *rows x *columns; *columns >= 0 on entry asks for that width. */
double *rlua_matrix(lua_State *L, int idx, const char *what, int *rows, int *columns);
/* "A" and "b" of the table at idx, both absent: *rows = 0.  Pushes two scratch values. */
void rlua_halfspaces(lua_State *L, int idx, int n, int *rows, const double **A, const double **b);
/* The string at idx; `expected` says what it is. */
const char *rlua_string(lua_State *L, int idx, const char *what, const char *expected);
/* How many steps, 1 or more, at idx; `value` where it is absent; no more than 1e9. */
long rlua_steps(lua_State *L, int idx, const char *what, long value);
/* An integer low..high at idx. */
int rlua_integer(lua_State *L, int idx, const char *what, int low, int high);

/* Raise unless the value at idx is a table whose keys are all in `own` or `more` (ended by NULL; more may be NULL).
 * `what` names the function in the message. */
void rlua_check_options(lua_State *L, int idx, const char *what, const char *const *own, const char *const *more);
/* Field `name` of the table at idx, a number >= 0; `value` where it is absent. */
double rlua_number_option(lua_State *L, int idx, const char *name, double value);
/* list[i] = {name, default, help} in the list on top: an option as the command's help shows it. */
void rlua_push_option(lua_State *L, int i, const char *name, double value, const char *help);

void rlua_push_numbers(lua_State *L, const double *values, int count);
void rlua_push_matrix(lua_State *L, const double *values, int rows, int columns);

/* Patterns (pattern.c). */
int8_t *rlua_new_pattern(lua_State *L, const rl_network *net); /* pushed, all free */
/* The pattern at idx, or NULL for nil; raises when it belongs to a network of another shape. */
const int8_t *rlua_pattern_for(lua_State *L, int idx, const rl_network *net, const char *what);
/* The neuron named by a number or a list {layer, neuron} at idx, both 1-based; returns it 0-based. */
int rlua_neuron(lua_State *L, int idx, const rl_network *net, const char *what);

/* Properties (property.c): the property at idx, usable with net (own reference in a pushed userdata). */
const rl_property *rlua_property_for(lua_State *L, int idx, const rl_network *net, const char *what);

/* Inputs (network.c): one list of numbers (*single = 1), a list of such, or data: x[*count * n]. */
const double *rlua_inputs(lua_State *L, int idx, const rl_network *net, int *count, int *single);

/* Domains (domain.c): field "domain" of the table at idx, without it the box that the network's file gives; raises where
 * there is none, or it has another number of inputs.  Pushes one value. */
const rl_domain *rlua_domain_for(lua_State *L, int idx, const rl_network *net);

/* Constructors and function tables for module.c. */
int rlua_network_read(lua_State *L);
int rlua_network_read_onnx(lua_State *L);
int rlua_network_create(lua_State *L);
int rlua_network_set_names(lua_State *L);
int rlua_network_activations(lua_State *L); /* methods of rlua_network (neurons.c) */
int rlua_network_ranges(lua_State *L);
int rlua_pattern_create(lua_State *L);
int rlua_domain_create(lua_State *L);
int rlua_region_create(lua_State *L);
int rlua_data_create(lua_State *L);
int rlua_file_read(lua_State *L);
int rlua_file_kind(lua_State *L);
int rlua_open_standard(lua_State *L);
int rlua_output_failure(lua_State *L);
int rlua_process_create(lua_State *L);
int rlua_process_poll(lua_State *L);
int rlua_sha256(lua_State *L);
int rlua_machine(lua_State *L);
int rlua_search_create(lua_State *L);
int rlua_minimize_create(lua_State *L);
int rlua_search_options(lua_State *L);
int rlua_search_proof_size(lua_State *L); /* methods of rlua_search (proof.c) */
int rlua_search_proof_node(lua_State *L);
int rlua_preimage_create(lua_State *L);
int rlua_preimage_options(lua_State *L);
int rlua_enumerate_create(lua_State *L);
int rlua_inflate_create(lua_State *L);
int rlua_inflate_options(lua_State *L);
extern const luaL_Reg rlua_property_functions[];
void rlua_open_json(lua_State *L); /* pushes the json table; relucid.null is its field "null" */
/* Push the value that stands for JSON null / is the value at idx it? */
void rlua_push_null(lua_State *L);
int rlua_is_null(lua_State *L, int idx);

#endif
