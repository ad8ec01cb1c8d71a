/* L3: settling and splitting nodes (see worker.h). */
#include <math.h>
#include <string.h>

#include "decide/worker_state.h"
#include "encode/interval.h"

/* ---- nodes ------------------------------------------------------------------- */

size_t rl_node_bytes(const rl_shared *s) {
  size_t n = (size_t)s->net->sizes[0], neurons = (size_t)s->net->neurons;
  return sizeof(rl_node) + (2 * n + 2 * neurons) * sizeof(double) + neurons + (size_t)s->target->clauses +
         rl_relax_basis_bytes(s->net, s->domain, s->target);
}

rl_node *rl_node_create(const rl_shared *s) {
  size_t n = (size_t)s->net->sizes[0], neurons = (size_t)s->net->neurons;
  rl_node *node = rl_alloc(1, rl_node_bytes(s));
  if (!node) return NULL;
  node->lo = (double *)(node + 1);
  node->hi = node->lo + n;
  node->l = node->hi + n;
  node->u = node->l + neurons;
  node->signs = (int8_t *)(node->u + neurons);
  node->open = (uint8_t *)(node->signs + neurons);
  node->basis = node->open + s->target->clauses;
  return node;
}

rl_node *rl_node_create_root(const rl_shared *s) {
  rl_node *root = rl_node_create(s);
  if (!root) return NULL;
  size_t n = (size_t)s->net->sizes[0];
  memcpy(root->lo, s->domain->lo, n * sizeof(double));
  memcpy(root->hi, s->domain->hi, n * sizeof(double));
  for (int k = 0; k < s->net->neurons; k++) {
    root->l[k] = -INFINITY;
    root->u[k] = INFINITY;
    root->signs[k] = s->signs[k];
  }
  rl_mark_linear(s->net, root->signs);
  memset(root->open, 1, (size_t)s->target->clauses);
  root->upper = INFINITY;
  root->tightened = -1;
  root->wide = rl_search_is_wide(s);
  if (s->record) root->record = s->record->root;
  return root;
}

void rl_node_release(rl_node *node) { rl_free(node); }

/* Few neurons in every layer: splitting layer by layer, with ranges by LP after each split, leaves few cells
 * (star sets: Bak et al. 2020).  In wide ones it leaves too many. */
int rl_network_is_narrow(const rl_network *net) {
  for (int layer = 1; layer < net->layers; layer++)
    if (net->sizes[layer] > NARROW) return 0;
  return 1;
}

rl_node *rl_node_copy(const rl_shared *s, const rl_node *from) {
  rl_node *node = rl_node_create(s);
  if (!node) return NULL;
  memcpy(node->lo, from->lo, rl_node_bytes(s) - sizeof *node);
  node->upper = from->upper;
  node->depth = from->depth;
  node->promising = from->promising;
  node->undecided = from->undecided;
  node->wide = from->wide;
  node->stalled = from->stalled;
  node->tightened = from->tightened;
  node->have_basis = from->have_basis;
  node->clause = from->clause;
  node->record = from->record;
  return node;
}

rl_node *rl_node_child(const rl_shared *s, const rl_node *parent) {
  rl_node *node = rl_node_copy(s, parent);
  if (!node) return NULL;
  node->depth++;
  node->promising = 0;
  if (s->net->sizes[0] > FEW_INPUTS && (rl_network_is_narrow(s->net) || node->depth % TIGHTEN_EVERY == 0))
    node->tightened = -1;
  return node;
}

/* ---- worker --------------------------------------------------------------------- */

static int longest_clause(const rl_property *target) {
  int rows = 0;
  for (int k = 0; k < target->clauses; k++)
    if (rl_property_rows(target, k) > rows) rows = rl_property_rows(target, k);
  return rows;
}

static double weights_of(const rl_network *net) {
  double weights = 0;
  for (int k = 0; k < net->layers; k++) weights += (double)net->sizes[k] * net->sizes[k + 1];
  return weights;
}

/* What only the ladder needs, and cheap bounds do without: for a large network, hundreds of megabytes. */
rl_status rl_worker_prepare(rl_worker *w, rl_error *err) {
  const rl_shared *s = w->shared;
  if (w->prepared) return RL_OK;
  int few = s->net->sizes[0] <= FEW_INPUTS;
  rl_status status = RL_OK;
  if (!w->forward) status = rl_forward_create(&w->forward, s->net, err);
  if (!status && !w->backward) status = rl_backward_create(&w->backward, s->net, few, err);
  if (!status && !w->compact && few && s->net->neurons <= LARGE_NETWORK && !s->record)
    status = rl_compact_create(&w->compact, s->net, MOST_COMPACT, err);
  if (!status && !w->relax) status = rl_relax_create(&w->relax, s->net, s->domain, s->target, err);
  if (!status && !w->descent) status = rl_descent_create(&w->descent, s->net, s->domain, s->target, err);
  w->prepared = !status;
  return status;
}

rl_status rl_worker_create(rl_worker **out, rl_shared *s, rl_error *err) {
  rl_worker *w = rl_alloc(1, sizeof *w);
  if (!w) return rl_fail_memory(err);
  size_t n = (size_t)s->net->sizes[0], neurons = (size_t)s->net->neurons;
  w->shared = s;
  w->lower = w->reached = -INFINITY;
  w->random = (uint64_t)s->options.seed;
  w->in_order = s->net->sizes[0] > FEW_INPUTS && rl_network_is_narrow(s->net);
  w->evaluation = weights_of(s->net);
  w->ranges = rl_alloc(2 * (size_t)s->net->widest, sizeof(double));
  w->used = rl_alloc(neurons, 1);
  w->needed = rl_alloc(neurons, 1);
  w->clause_up = rl_alloc((size_t)s->target->clauses, sizeof(double));
  w->lambda = rl_alloc((size_t)longest_clause(s->target), sizeof(double));
  w->probe = rl_node_create(s);
  w->whole = rl_node_create_root(s);
  w->start = rl_alloc(n, sizeof(double));
  w->best = rl_alloc(n, sizeof(double));
  w->best_clause = -1;
  w->slope_lo = rl_alloc(n, sizeof(double));
  w->slope_hi = rl_alloc(n, sizeof(double));
  w->probe_needed = rl_alloc(neurons, 1);
  w->pattern = rl_alloc(neurons, 1);
  w->first = rl_alloc(neurons, 1);
  w->x = rl_alloc(n, sizeof(double));
  w->weight = rl_alloc(neurons, sizeof(double));
  w->worst_wx = rl_alloc(n, sizeof(double));
  w->worst_x = rl_alloc(n, sizeof(double));
  w->undecided = rl_alloc(neurons, sizeof *w->undecided);
  rl_status status = RL_OK;
  if (!w->used || !w->needed || !w->clause_up || !w->lambda || !w->x || !w->probe || !w->probe_needed || !w->pattern ||
      !w->first || !w->weight || !w->worst_wx || !w->worst_x || !w->whole || !w->start || !w->best || !w->slope_lo ||
      !w->slope_hi || !w->undecided || !w->ranges)
    status = rl_fail_memory(err);
  if (!status) status = rl_dual_create(&w->dual, s->net, s->domain, err);
  if (!status) status = rl_gradient_create(&w->gradient, s->net, err);
  if (!status) status = rl_witness_create(&w->witness, s->net, s->domain, s->signs, s->target, err);
  if (!status && s->record) status = rl_recorder_create(&w->recorder, s->record, s->net, s->domain, s->target, err);
  if (!status && s->record) status = rl_dual_repeatable(w->dual, err);
  if (!status && !rl_search_is_wide(s)) status = rl_worker_prepare(w, err);
  if (status) {
    rl_worker_release(w);
    return status;
  }
  if (w->recorder) w->dual->kept = &w->recorder->kept;
  *out = w;
  return RL_OK;
}

void rl_worker_release(rl_worker *w) {
  if (!w) return;
  rl_forward_release(w->forward);
  rl_backward_release(w->backward);
  rl_compact_release(w->compact);
  rl_dual_release(w->dual);
  rl_relax_release(w->relax);
  rl_gradient_release(w->gradient);
  rl_witness_release(w->witness);
  rl_descent_release(w->descent);
  rl_recorder_release(w->recorder);
  rl_free(w->used);
  rl_free(w->needed);
  rl_free(w->clause_up);
  rl_free(w->lambda);
  rl_free(w->ranges);
  rl_free(w->x);
  rl_node_release(w->probe);
  rl_node_release(w->whole);
  rl_free(w->probe_needed);
  rl_free(w->pattern);
  rl_free(w->first);
  rl_free(w->weight);
  rl_free(w->worst_wx);
  rl_free(w->worst_x);
  rl_free(w->undecided);
  rl_free(w->start);
  rl_free(w->best);
  rl_free(w->slope_lo);
  rl_free(w->slope_hi);
  rl_free(w);
}

/* ---- the ladder ------------------------------------------------------------------------- */

static void note_used(rl_worker *w) {
  for (int k = 0; k < w->shared->net->neurons; k++)
    if (w->needed[k] && w->shared->signs[k] != RL_FREE) w->used[k] = 1;
}

/* Does the node's set have constraints beyond its box? */
static int is_constrained(const rl_worker *w) {
  if (w->shared->domain->rows) return 1;
  for (int k = 0; k < w->shared->net->neurons; k++)
    if (w->needed[k]) return 1;
  return 0;
}

/* Ask the LP?  Always at leaves and where neurons are split; with few inputs only where it has paid lately. */
static int lp_pays(rl_worker *w, int undecided, int constrained) {
  if (undecided > MANY_NEURONS) return 0;
  if (undecided == 0 || w->shared->net->sizes[0] > FEW_INPUTS || undecided <= FEW_NEURONS) return 1;
  if (undecided > (int)w->shared->options.lp_columns) return 0;
  return constrained || w->lp_asked < 8 || w->lp_won > 0.1 * w->lp_asked || (long)w->stats.nodes % 32 == 0;
}

/* Is this the first that is seen of the whole set?  (What refinement leaves has ranges.) */
static int is_unknown(const rl_shared *s, const rl_node *node) {
  int last = s->net->neurons - 1;
  return node->depth == 0 && node->tightened < 0 && (last < 0 || !isfinite(node->l[last]));
}

/* Backward bounds at every node, but for networks whose neurons get their ranges from LPs: there at the root. */
static int wants_backward(const rl_shared *s, const rl_node *node) {
  return s->net->sizes[0] <= FEW_INPUTS || !rl_network_is_narrow(s->net) || is_unknown(s, node);
}

/* Ranges of the node's neurons; 0: its set is empty. */
static int bound_ranges(rl_worker *w, rl_node *node) {
  const rl_shared *s = w->shared;
  int thorough = s->net->sizes[0] <= FEW_INPUTS || is_unknown(s, node);
  int backward = wants_backward(s, node), left;
  int undecided = rl_undecided(s->net, node->signs, node->l, node->u, NULL);
  w->rows = undecided <= MOST_COMPACT ? w->compact : NULL;
  if (w->rows) {
    left = rl_compact_run(w->rows, node->lo, node->hi, node->signs, node->l, node->u, w->needed, undecided);
    note_used(w);
    return left;
  }
  if (w->recorder) {
    left = rl_worker_record_ranges(w, node, thorough, backward);
    note_used(w);
    return left;
  }
  left = rl_forward_run(w->forward, node->lo, node->hi, node->signs, node->l, node->u, w->needed, thorough);
  note_used(w);
  return left && (!backward || rl_backward_run(w->backward, node->lo, node->hi, node->signs, node->l, node->u));
}

int rl_worker_bound_cheaply(rl_worker *w, rl_node *node) {
  const rl_shared *s = w->shared;
  if (s->net->sizes[0] <= FEW_INPUTS || node->depth > 0 || w->recorder) return 1;
  int left = rl_interval_run(s->net, node->lo, node->hi, node->signs, node->l, node->u, w->needed, w->ranges);
  note_used(w);
  if (!left || rl_late(0)) return left;
  w->undecided_count = 0;
  return rl_worker_bound_by_slopes(w, node, 0, is_constrained(w)) > -INFINITY && !rl_worker_finished(w);
}

/* The same, and a first look for a witness; 0: nothing is left to do. */
static int look_first(rl_worker *w, rl_node *node) {
  if (node->tightened >= 0) return 1;
  if (!rl_worker_bound_cheaply(w, node)) return 0;
  if (w->shared->net->sizes[0] > FEW_INPUTS && node->depth == 0 && !w->recorder) rl_worker_attack(w, node);
  return !rl_worker_finished(w);
}

/* Is there no more time?  Then the node stays open, with what is known of it so far. */
static int gives_up(rl_worker *w) { return w->gave_up = rl_late(0) != 0; }

int rl_worker_gave_up(const rl_worker *w) { return w->gave_up; }

static rl_status process(rl_worker *w, rl_node *node, rl_node *children[2], int *count, rl_error *err) {
  rl_shared *s = w->shared;
  *count = 0;
  w->gave_up = w->have_pattern = 0;
  w->stats.nodes++;
  if (!look_first(w, node)) return RL_OK;
  if (gives_up(w)) return RL_OK;
  rl_status status = rl_worker_prepare(w, err);
  if (status || !bound_ranges(w, node) || gives_up(w)) return status;
  if (node->tightened >= 0 && node->tightened < s->net->neurons)
    return rl_worker_tighten(w, node, children, count, err);
  int constrained = is_constrained(w), undecided = rl_undecided(s->net, node->signs, node->l, node->u, w->undecided);
  w->undecided_count = undecided;
  for (int k = 0; k < s->target->clauses; k++) w->clause_up[k] = INFINITY;
  w->dual->compact = w->rows; /* bounds with multipliers of signs or half-spaces, as LPs have them, go by the layers */
  double worst = rl_worker_bound_by_slopes(w, node, (int)s->options.slope_steps, constrained);
  w->dual->compact = NULL;
  if (worst == -INFINITY || rl_worker_finished(w) || gives_up(w)) return RL_OK;
  if (lp_pays(w, undecided, constrained)) {
    int empty = 0;
    status = rl_worker_bound_by_lp(w, node, undecided == 0, 0, &worst, &empty, err);
    if (rl_is_numeric(status)) status = RL_OK; /* then without */
    w->lp_asked = 0.95 * w->lp_asked + 1;
    w->lp_won = 0.95 * w->lp_won + (empty || worst == -INFINITY);
    if (status || empty || worst == -INFINITY || rl_worker_finished(w)) return status;
    if (undecided > 0 && w->have_pattern && node->depth % PROBE_EVERY == 0) status = rl_worker_climb(w, node, err);
    if (rl_is_numeric(status)) status = RL_OK; /* it was only a try */
    if (status || rl_worker_finished(w) || gives_up(w)) return status;
    if (node->tightened < 0 && constrained && undecided > FEW_NEURONS / 2)
      return rl_worker_tighten(w, node, children, count, err);
  }
  node->tightened = s->net->neurons;
  if (undecided == 0) {
    int empty = 0;
    if (s->net->sizes[0] > EXACT_INPUTS) /* once more, without cuts */
      status = rl_worker_bound_by_lp(w, node, 1, 1, &worst, &empty, err);
    if (rl_is_numeric(status)) status = RL_OK;
    if (status || empty || worst == -INFINITY || rl_worker_finished(w) || gives_up(w)) return status;
    status = rl_worker_settle(w, node, err);
    if (!status && !rl_worker_finished(w) && !gives_up(w) && memchr(node->open, 1, (size_t)s->target->clauses))
      rl_worker_give_up(w, node);
    return status;
  }
  node->upper = fmin(node->upper, worst);
  w->dual->compact = w->rows;
  int left = s->net->sizes[0] > FEW_INPUTS || rl_worker_contract(w, node);
  w->dual->compact = NULL;
  if (!left) return RL_OK;
  status = node->depth == 0 && constrained ? rl_worker_climb_all(w, node, err) : RL_OK;
  if (!status && !rl_worker_finished(w)) status = rl_worker_seek(w, node, err);
  if (rl_is_numeric(status)) status = RL_OK;
  if (status || rl_worker_finished(w)) return status;
  return rl_worker_split(w, node, undecided, children, count, err);
}

rl_status rl_worker_process(rl_worker *w, rl_node *node, rl_node *children[2], int *count, rl_error *err) {
  rl_recorder *r = w->recorder;
  if (r) rl_record_begin(r, node->record);
  w->begun = rl_work();
  rl_status status = node->wide ? rl_worker_process_wide(w, node, children, count, err)
                                : process(w, node, children, count, err);
  w->spent += rl_work() - w->begun;
  if (!r) return status;
  rl_record_trim(r);
  if (!r->failed) return status;
  r->failed = 0;
  for (int i = 0; i < *count; i++) rl_node_release(children[i]);
  *count = 0;
  return rl_fail_memory(err);
}

void rl_worker_report(rl_worker *w) {
  rl_shared *s = w->shared;
  rl_search_stats_add(&s->stats, &w->stats);
  w->stats = (rl_search_stats){0};
  for (int k = 0; k < s->net->neurons; k++) s->used[k] |= w->used[k];
  memset(w->used, 0, (size_t)s->net->neurons);
  rl_worker_look_up(w);
}

void rl_worker_impose(rl_worker *w) {
  memcpy(w->whole->signs, w->shared->signs, (size_t)w->shared->net->neurons);
  rl_mark_linear(w->shared->net, w->whole->signs);
  rl_worker_look_up(w);
}
