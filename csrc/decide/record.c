/* L3: the recorder: memory, and writing steps (see record.h).
 *
 * A step is a byte of kind and flags (proof_format.h), then numbers in 7-bit groups and doubles as they are. */
#include "decide/record.h"

#include <string.h>

#include "encode/forward.h"
#include "decide/proof_format.h"

/* ---- memory -------------------------------------------------------------------------- */

static rl_record_node *new_node(rl_record *r, rl_record_node *parent) {
  rl_record_node *node = rl_alloc(1, sizeof *node);
  if (!node) return NULL;
  node->parent = parent;
  node->input = node->neuron = -1;
  atomic_fetch_add(&r->bytes, sizeof *node);
  return node;
}

rl_status rl_record_create(rl_record **out, rl_error *err) {
  rl_record *r = rl_alloc(1, sizeof *r);
  if (r) r->root = new_node(r, NULL);
  if (!r || !r->root) {
    rl_free(r);
    return rl_fail_memory(err);
  }
  *out = r;
  return RL_OK;
}

/* Trees may be deep: without recursion. */
void rl_record_release(rl_record *r) {
  if (!r) return;
  rl_record_node *node = r->root;
  while (node) {
    rl_record_node *next = node->child[0] ? node->child[0] : node->child[1];
    if (!next) {
      next = node->parent;
      if (next) next->child[next->child[0] == node ? 0 : 1] = NULL;
      rl_free(node->bytes);
      rl_free(node);
    }
    node = next;
  }
  rl_free(r);
}

rl_status rl_recorder_create(rl_recorder **out, rl_record *record, const rl_network *net, const rl_domain *domain,
                             const rl_property *target, rl_error *err) {
  rl_recorder *r = rl_alloc(1, sizeof *r);
  if (!r) return rl_fail_memory(err);
  size_t neurons = (size_t)net->neurons, n = (size_t)net->sizes[0], blocks = (size_t)target->clauses + 1, rows = 0;
  for (int k = 0; k < target->clauses; k++) {
    size_t count = (size_t)rl_property_rows(target, k);
    rows = rows > count ? rows : count;
  }
  r->record = record;
  r->net = net;
  r->domain = domain;
  r->target = target;
  r->over_neurons = net->layers > 1 && net->sizes[1] < net->sizes[0];
  double **doubles[] = {&r->kept.alpha, &r->kept.tau, &r->kept.mu, &r->kept.lambda, &r->proposed_l,
                        &r->proposed_u, &r->best_l,   &r->best_u,  &r->slope};
  size_t sizes[] = {neurons, neurons, (size_t)domain->rows, rows, neurons, neurons, neurons, neurons, 2 * n};
  int missing = 0;
  for (size_t i = 0; i < sizeof doubles / sizeof *doubles; i++)
    missing |= !(*doubles[i] = rl_alloc(sizes[i], sizeof(double)));
  r->want = rl_alloc(neurons, 1);
  r->how_l = rl_alloc(neurons, 1);
  r->how_u = rl_alloc(neurons, 1);
  r->why = rl_alloc(blocks * 2 * n, sizeof *r->why);
  r->tight = rl_alloc(2 * n + (size_t)domain->rows + neurons + rows, sizeof *r->tight);
  if (missing || !r->want || !r->how_l || !r->how_u || !r->why || !r->tight) {
    rl_recorder_release(r);
    return rl_fail_memory(err);
  }
  *out = r;
  return RL_OK;
}

void rl_recorder_release(rl_recorder *r) {
  if (!r) return;
  void *owned[] = {r->kept.alpha, r->kept.tau, r->kept.mu, r->kept.lambda, r->proposed_l, r->proposed_u, r->best_l,
                   r->best_u,     r->slope,    r->want,    r->how_l,       r->how_u,      r->why,        r->tight};
  for (size_t i = 0; i < sizeof owned / sizeof *owned; i++) rl_free(owned[i]);
  rl_free(r);
}

static void release_node(rl_record *r, rl_record_node *node) {
  if (!node) return;
  atomic_fetch_sub(&r->bytes, sizeof *node + node->room);
  rl_free(node->bytes);
  rl_free(node);
}

void rl_record_begin(rl_recorder *r, rl_record_node *node) {
  r->at = node;
  for (int i = 0; i < 2; i++) {
    release_node(r->record, node->child[i]);
    node->child[i] = NULL;
  }
  node->input = node->neuron = -1;
}

void rl_record_split(rl_recorder *r, int input, int neuron, double at, rl_record_node *children[2]) {
  rl_record_node *node = r->at;
  for (int i = 0; i < 2; i++) children[i] = new_node(r->record, node);
  if (!children[0] || !children[1]) {
    for (int i = 0; i < 2; i++) release_node(r->record, children[i]);
    children[0] = children[1] = NULL;
    r->failed = 1;
    return;
  }
  node->input = input;
  node->neuron = neuron;
  node->at = at;
  node->child[0] = children[0];
  node->child[1] = children[1];
}

void rl_record_trim(rl_recorder *r) {
  rl_record_node *node = r->at;
  if (node->room == node->length || node->length == 0) return;
  uint8_t *bytes = rl_realloc(node->bytes, node->length);
  if (!bytes) return; /* the larger block is still there */
  atomic_fetch_sub(&r->record->bytes, node->room - node->length);
  node->bytes = bytes;
  node->room = node->length;
}

/* ---- bytes ---------------------------------------------------------------------------- */

static void put(rl_recorder *r, const void *bytes, size_t count) {
  rl_record_node *node = r->at;
  if (r->failed) return;
  if (node->length + count > node->room) {
    size_t room = 2 * node->room + count + 64;
    uint8_t *more = rl_realloc(node->bytes, room);
    if (!more) {
      r->failed = 1;
      return;
    }
    atomic_fetch_add(&r->record->bytes, room - node->room);
    node->bytes = more;
    node->room = room;
  }
  memcpy(node->bytes + node->length, bytes, count);
  node->length += count;
}

static void put_number(rl_recorder *r, int number) {
  uint8_t bytes[5];
  size_t count = 0;
  unsigned rest = (unsigned)number;
  do {
    bytes[count++] = (uint8_t)(rest & 127) | (rest > 127 ? 128 : 0);
    rest >>= 7;
  } while (rest);
  put(r, bytes, count);
}

static void put_double(rl_recorder *r, double value) { put(r, &value, sizeof value); }

static void put_head(rl_recorder *r, rl_step_kind kind, int upper, int how) {
  uint8_t head = (uint8_t)((unsigned)kind | (upper ? RL_HEAD_UPPER : 0u) | (unsigned)(how & 3) << RL_HEAD_SLOPES |
                           (how & RL_HOW_FROM_NEURONS ? RL_HEAD_NEURONS : 0u));
  put(r, &head, 1);
}

/* How many of values[0..count) are not 0, then which and what. */
static void put_sparse(rl_recorder *r, const double *values, int count) {
  int some = 0, last = -1;
  for (int i = 0; i < count; i++) some += values[i] != 0;
  put_number(r, some);
  for (int i = 0; i < count; i++) {
    if (values[i] == 0) continue;
    put_number(r, i - last - 1);
    put_double(r, values[i]);
    last = i;
  }
}

/* The kept multipliers of neurons before `end`; slopes where there is a choice. */
static void put_multipliers(rl_recorder *r, const rl_cell *cell, int end_alpha, int end_tau) {
  for (int k = 0; k < end_alpha; k++)
    if (rl_neuron_sign(cell->signs[k], cell->l[k], cell->u[k]) != RL_FREE) r->kept.alpha[k] = 0;
  put_sparse(r, r->kept.alpha, end_alpha);
  put_sparse(r, r->kept.tau, end_tau);
  put_sparse(r, r->kept.mu, r->domain->rows);
}

/* ---- steps ------------------------------------------------------------------------------ */

void rl_record_range(rl_recorder *r, const rl_cell *cell, int neuron, int upper, double value, int how) {
  const rl_network *net = r->net;
  int layer = rl_network_layer_of(net, neuron);
  put_head(r, RL_STEP_RANGE, upper, how);
  put_number(r, neuron);
  put_double(r, value);
  if ((how & 3) == RL_SLOPES_GIVEN)
    put_multipliers(r, cell, net->offsets[layer], net->offsets[layer] + net->sizes[layer + 1]);
}

void rl_record_bound(rl_recorder *r, const rl_cell *cell, int clause, double value, int how) {
  put_head(r, RL_STEP_BOUND, 1, how);
  put_number(r, clause);
  put_double(r, value);
  if ((how & 3) == RL_SLOPES_GIVEN) put_multipliers(r, cell, r->net->neurons, r->net->neurons);
  put_sparse(r, r->kept.lambda, rl_property_rows(r->target, clause));
}

void rl_record_empty(rl_recorder *r, const rl_cell *cell) {
  put_head(r, RL_STEP_EMPTY, 0, RL_SLOPES_GIVEN);
  put_multipliers(r, cell, r->net->neurons, r->net->neurons);
}

void rl_record_leaf(rl_recorder *r, int clause, double value, int tights) {
  put_head(r, RL_STEP_LEAF, 1, RL_SLOPES_GIVEN);
  put_number(r, clause + 1);
  put_double(r, value);
  put_number(r, tights);
  for (int i = 0; i < tights; i++) put_number(r, r->tight[i]);
}

void rl_record_cut(rl_recorder *r, int input, int upper, double value, const uint8_t *open, int neuron) {
  int n = r->net->sizes[0], clauses = r->target->clauses, count = 0;
  put_head(r, RL_STEP_CUT, upper, RL_SLOPES_ADAPTIVE);
  put_number(r, input);
  put_double(r, value);
  put_number(r, neuron + 1);
  if (neuron >= 0) return;
  for (int k = 0; k < clauses; k++) count += open[k];
  put_number(r, count);
  for (int k = 0; k < clauses; k++) {
    if (!open[k]) continue;
    put_number(r, k);
    put_number(r, r->why[k * 2 * n + 2 * input + upper]);
  }
}
