/* L3: reading what was recorded (see proof.h and proof_format.h). */
#include "decide/proof.h"

#include <string.h>

#include "decide/proof_format.h"

struct rl_proof {
  rl_mode mode;
  double upper;
  int count;
  rl_record_node **node; /* count, parents first */
  int *at;               /* scratch: places of entries, then list entries */
  double *value;         /* scratch */
  size_t room;           /* of each */
};

/* The node after `node`, parents first. */
static rl_record_node *next_of(const rl_record_node *node) {
  if (node->child[0]) return node->child[0];
  while (node->parent && node->parent->child[1] == node) node = node->parent;
  return node->parent ? node->parent->child[1] : NULL;
}

rl_status rl_proof_create(rl_proof **out, const rl_shared *s, double upper, rl_error *err) {
  rl_proof *p = rl_alloc(1, sizeof *p);
  if (!p) return rl_fail_memory(err);
  size_t count = 0, rows = (size_t)s->target->first[s->target->clauses], neurons = (size_t)s->net->neurons;
  for (rl_record_node *node = s->record->root; node; node = next_of(node)) count++;
  p->mode = s->mode;
  p->upper = upper;
  p->count = (int)count;
  p->room = 2 * (neurons + rows + (size_t)s->domain->rows + (size_t)s->net->sizes[0] + (size_t)s->target->clauses);
  p->node = rl_alloc(count, sizeof(rl_record_node *));
  p->at = rl_alloc(p->room, sizeof *p->at);
  p->value = rl_alloc(p->room, sizeof *p->value);
  if (!p->node || !p->at || !p->value) {
    rl_proof_release(p);
    return rl_fail_memory(err);
  }
  int number = 0;
  for (rl_record_node *node = s->record->root; node; node = next_of(node)) {
    node->number = number;
    p->node[number++] = node;
  }
  *out = p;
  return RL_OK;
}

void rl_proof_release(rl_proof *p) {
  if (!p) return;
  rl_free(p->node);
  rl_free(p->at);
  rl_free(p->value);
  rl_free(p);
}

rl_mode rl_proof_mode(const rl_proof *p) { return p->mode; }
double rl_proof_upper(const rl_proof *p) { return p->upper; }
int rl_proof_nodes(const rl_proof *p) { return p->count; }

void rl_proof_node_at(const rl_proof *p, int node, rl_proof_node *out) {
  const rl_record_node *n = p->node[node];
  *out = (rl_proof_node){.parent = n->parent ? n->parent->number : -1,
                         .child = {n->child[0] ? n->child[0]->number : -1, n->child[1] ? n->child[1]->number : -1},
                         .input = n->input,
                         .neuron = n->neuron,
                         .at = n->at};
}

/* ---- bytes ------------------------------------------------------------------------- */

typedef struct reader {
  const uint8_t *bytes;
  size_t at, used; /* next byte; entries of the scratch arrays in use */
  const rl_proof *proof;
} reader;

static int get_number(reader *r) {
  unsigned number = 0, shift = 0;
  uint8_t byte;
  do {
    byte = r->bytes[r->at++];
    number |= (unsigned)(byte & 127) << shift;
    shift += 7;
  } while (byte & 128);
  return (int)number;
}

static double get_double(reader *r) {
  double value;
  memcpy(&value, r->bytes + r->at, sizeof value);
  r->at += sizeof value;
  return value;
}

static rl_entries get_sparse(reader *r) {
  int count = get_number(r), last = -1, *at = r->proof->at + r->used;
  double *value = r->proof->value + r->used;
  for (int i = 0; i < count; i++) {
    last += 1 + get_number(r);
    at[i] = last;
    value[i] = get_double(r);
  }
  r->used += (size_t)count;
  return (rl_entries){count, at, value};
}

/* Room for a list. */
static int *room_for(reader *r, int count) {
  int *list = r->proof->at + r->used;
  r->used += (size_t)count;
  return list;
}

static void get_cut(reader *r, rl_step *out) {
  out->neuron = get_number(r) - 1;
  if (out->neuron >= 0) return;
  out->count = get_number(r);
  int *clauses = room_for(r, out->count), *rows = room_for(r, out->count);
  for (int i = 0; i < out->count; i++) {
    clauses[i] = get_number(r);
    rows[i] = get_number(r);
  }
  out->clauses = clauses;
  out->rows = rows;
}

static void get_leaf(reader *r, rl_step *out) {
  out->count = get_number(r);
  int *tight = room_for(r, out->count);
  for (int i = 0; i < out->count; i++) tight[i] = get_number(r);
  out->tight = tight;
}

int rl_proof_step(const rl_proof *p, int node, size_t *cursor, rl_step *out) {
  const rl_record_node *n = p->node[node];
  reader r = {n->bytes, *cursor, 0, p};
  if (r.at >= n->length) return 0;
  unsigned head = r.bytes[r.at++];
  *out = (rl_step){.kind = (rl_step_kind)(head & RL_HEAD_KIND),
                   .upper = (head & RL_HEAD_UPPER) != 0,
                   .slopes = (rl_slopes)(head >> RL_HEAD_SLOPES & 3),
                   .from_neurons = (head & RL_HEAD_NEURONS) != 0,
                   .index = -1,
                   .neuron = -1};
  if (out->kind != RL_STEP_EMPTY) {
    out->index = get_number(&r) - (out->kind == RL_STEP_LEAF);
    out->value = get_double(&r);
  }
  if (out->kind == RL_STEP_CUT)
    get_cut(&r, out);
  else if (out->kind == RL_STEP_LEAF)
    get_leaf(&r, out);
  else if (out->slopes == RL_SLOPES_GIVEN) {
    out->alpha = get_sparse(&r);
    out->tau = get_sparse(&r);
    out->mu = get_sparse(&r);
  }
  if (out->kind == RL_STEP_BOUND) out->lambda = get_sparse(&r);
  *cursor = r.at;
  return 1;
}
