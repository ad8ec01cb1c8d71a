/* L3: minimal patterns (design: Gopinath et al. 2019, section 4; Dingliwal et al. 2020).
 *
 * Invariant after the first query: `pattern` implies P.  A candidate drops
 * literals from it and is settled, cheapest first, by
 *   1. the core of the last proof: dropping literals it never used needs no new proof;
 *   2. a stored counterexample that obeys every literal of the candidate;
 *   3. a query. */
#include <string.h>

#include "search/worker.h"

typedef struct stored {
  struct stored *next;
  double *x;      /* n */
  int8_t *signs;  /* neurons: certain sign of the pre-activation there; RL_FREE: zero or not certain */
} stored;

typedef enum stage { STAGE_FIRST, STAGE_LAYERS, STAGE_NEURONS, STAGE_DONE } stage;

struct rl_minimize {
  rl_network *net;
  rl_domain *domain;
  rl_property *negated;
  rl_search_options options;
  rl_minimize_mode mode;
  stage stage;
  int layer;        /* STAGE_LAYERS: layer to drop; STAGE_NEURONS in prefix mode: layer at hand */
  int at, count;    /* place in order */
  int *order;       /* neurons */
  int8_t *pattern, *candidate, *core;
  stored *witnesses;
  rl_search *search; /* running query or NULL */
  rl_verdict implied;
  int queries, unknowns, refuted;
  rl_search_stats stats;
  rl_interval *z, *y;
};

static rl_status copy_order(rl_minimize *q, const int *order, int count, rl_error *err) {
  int neurons = q->net->neurons;
  q->count = order ? count : neurons;
  q->order = rl_alloc((size_t)q->count, sizeof(int));
  if (!q->order) return rl_fail_memory(err);
  for (int i = 0; i < q->count; i++) {
    q->order[i] = order ? order[i] : i;
    if (q->order[i] < 0 || q->order[i] >= neurons)
      return rl_fail(err, RL_EINPUT, "order: entry %d names neuron %d, expected 0 to %d", i + 1, q->order[i],
                     neurons - 1);
  }
  return RL_OK;
}

rl_status rl_minimize_create(rl_minimize **out, const rl_network *net, const rl_domain *domain, const int8_t *pattern,
                             const rl_property *property, rl_minimize_mode mode, const int *order, int count,
                             const rl_search_options *options, rl_error *err) {
  rl_minimize *q = rl_alloc(1, sizeof *q);
  if (!q) return rl_fail_memory(err);
  size_t neurons = (size_t)net->neurons;
  q->net = rl_network_retain(net);
  q->domain = rl_domain_retain(domain);
  q->mode = mode;
  rl_search_defaults(&q->options);
  if (options) q->options = *options;
  q->pattern = rl_alloc(neurons, 1);
  q->candidate = rl_alloc(neurons, 1);
  q->core = rl_alloc(neurons, 1);
  q->z = rl_alloc(neurons, sizeof *q->z);
  q->y = rl_alloc((size_t)net->sizes[net->layers], sizeof *q->y);
  rl_status status = RL_OK;
  if (!q->pattern || !q->candidate || !q->core || !q->z || !q->y) status = rl_fail_memory(err);
  if (!status) status = copy_order(q, order, count, err);
  if (!status) status = rl_property_negate(&q->negated, property, err);
  if (!status) {
    memcpy(q->pattern, pattern, neurons);
    memcpy(q->candidate, pattern, neurons);
    status = rl_search_create(&q->search, net, domain, q->candidate, q->negated, RL_FIND_STRICT, &q->options, err);
  }
  if (status) {
    rl_minimize_release(q);
    return status;
  }
  q->queries = 1;
  *out = q;
  return RL_OK;
}

void rl_minimize_release(rl_minimize *q) {
  if (!q) return;
  while (q->witnesses) {
    stored *next = q->witnesses->next;
    rl_free(q->witnesses->x);
    rl_free(q->witnesses->signs);
    rl_free(q->witnesses);
    q->witnesses = next;
  }
  rl_search_release(q->search);
  rl_network_release(q->net);
  rl_domain_release(q->domain);
  rl_property_release(q->negated);
  rl_free(q->order);
  rl_free(q->pattern);
  rl_free(q->candidate);
  rl_free(q->core);
  rl_free(q->z);
  rl_free(q->y);
  rl_free(q);
}

/* ---- counterexamples ------------------------------------------------------------------ */

static rl_status store_witness(rl_minimize *q, const double *x, rl_error *err) {
  stored *w = rl_alloc(1, sizeof *w);
  if (!w) return rl_fail_memory(err);
  w->x = rl_copy_doubles(x, (size_t)q->net->sizes[0]);
  w->signs = rl_alloc((size_t)q->net->neurons, 1);
  rl_status status = w->x && w->signs ? rl_network_intervals(q->net, x, q->z, q->y, err) : rl_fail_memory(err);
  if (status) {
    rl_free(w->x);
    rl_free(w->signs);
    rl_free(w);
    return status;
  }
  for (int k = 0; k < q->net->neurons; k++)
    w->signs[k] = q->z[k].lo > 0 ? RL_ON : q->z[k].hi < 0 ? RL_OFF : RL_FREE;
  w->next = q->witnesses;
  q->witnesses = w;
  return RL_OK;
}

/* Does a stored counterexample certainly obey every literal of the candidate? */
static int is_refuted(const rl_minimize *q) {
  for (const stored *w = q->witnesses; w; w = w->next) {
    int obeys = 1;
    for (int k = 0; k < q->net->neurons && obeys; k++)
      obeys = q->candidate[k] == RL_FREE || q->candidate[k] == w->signs[k];
    if (obeys) return 1;
  }
  return 0;
}

/* Does the last proof hold for the candidate as it stands? */
static int is_covered_by_core(const rl_minimize *q) {
  for (int k = 0; k < q->net->neurons; k++)
    if (q->core[k] && q->candidate[k] == RL_FREE) return 0;
  return 1;
}

/* ---- candidates ------------------------------------------------------------------------- */

static int layer_of(const rl_network *net, int neuron) {
  int layer = 0;
  while (layer + 1 < net->layers - 1 && neuron >= net->offsets[layer + 1]) layer++;
  return layer;
}

/* Does the layer hold a literal? */
static int layer_has_literal(const rl_minimize *q, int layer) {
  for (int i = 0; i < q->net->sizes[layer + 1]; i++)
    if (q->pattern[q->net->offsets[layer] + i] != RL_FREE) return 1;
  return 0;
}

/* The next literal of the order that may be dropped: its place, or -1. */
static int next_in_order(const rl_minimize *q) {
  for (int i = q->at; i < q->count; i++) {
    int k = q->order[i];
    if (q->pattern[k] != RL_FREE && (q->mode == RL_DELETION || layer_of(q->net, k) == q->layer)) return i;
  }
  return -1;
}

/* Set up the next candidate; 0 when there is none. */
static int propose(rl_minimize *q) {
  memcpy(q->candidate, q->pattern, (size_t)q->net->neurons);
  if (q->stage == STAGE_LAYERS) {
    while (q->layer >= 0 && !layer_has_literal(q, q->layer)) q->layer--;
    if (q->layer < 0) return 0;
    memset(q->candidate + q->net->offsets[q->layer], RL_FREE, (size_t)q->net->sizes[q->layer + 1]);
    return 1;
  }
  int place = next_in_order(q);
  if (place < 0) return 0;
  q->at = place;
  q->candidate[q->order[place]] = RL_FREE;
  return 1;
}

/* Take the answer to the candidate into account. */
static void settle(rl_minimize *q, int proved) {
  if (proved) memcpy(q->pattern, q->candidate, (size_t)q->net->neurons);
  if (q->stage == STAGE_LAYERS) {
    if (proved)
      q->layer--;
    else
      q->stage = STAGE_NEURONS;
  } else {
    q->at++;
  }
}

/* ---- stepping ------------------------------------------------------------------------------ */

static void start_minimising(rl_minimize *q) {
  q->stage = q->mode == RL_PREFIX ? STAGE_LAYERS : STAGE_NEURONS;
  q->layer = q->net->layers - 2;
}

/* The running query has ended with `verdict`. */
static rl_status finish_query(rl_minimize *q, rl_verdict verdict, rl_error *err) {
  rl_status status = RL_OK;
  int proved = verdict == RL_PROVED;
  rl_search_stats_add(&q->stats, rl_search_statistics(q->search));
  if (proved) rl_search_core(q->search, q->core);
  if (verdict == RL_COUNTEREXAMPLE) status = store_witness(q, rl_search_witness(q->search), err);
  rl_search_release(q->search);
  q->search = NULL;
  if (status) return status;
  if (verdict == RL_UNKNOWN) q->unknowns++;
  if (q->stage == STAGE_FIRST) {
    q->implied = verdict;
    if (proved)
      start_minimising(q);
    else
      q->stage = STAGE_DONE;
  } else {
    settle(q, proved);
  }
  return RL_OK;
}

/* Settle candidates without a query as long as that works, then start one. */
static rl_status start_query(rl_minimize *q, rl_error *err) {
  while (q->stage != STAGE_DONE) {
    if (!propose(q)) {
      q->stage = STAGE_DONE;
    } else if (is_covered_by_core(q)) {
      settle(q, 1);
    } else if (is_refuted(q)) {
      q->refuted++;
      settle(q, 0);
    } else {
      q->queries++;
      return rl_search_create(&q->search, q->net, q->domain, q->candidate, q->negated, RL_FIND_STRICT, &q->options,
                              err);
    }
  }
  return RL_OK;
}

rl_status rl_minimize_step(rl_minimize *q, long nodes, int *done, rl_error *err) {
  rl_status status = RL_OK;
  rl_verdict verdict = RL_RUNNING;
  if (!q->search && q->stage != STAGE_DONE) status = start_query(q, err);
  if (!status && q->search) status = rl_search_step(q->search, nodes, &verdict, err);
  if (!status && verdict != RL_RUNNING) status = finish_query(q, verdict, err);
  if (!status && done) *done = q->stage == STAGE_DONE;
  return status;
}

rl_verdict rl_minimize_implied(const rl_minimize *q) { return q->implied; }
const int8_t *rl_minimize_pattern(const rl_minimize *q) { return q->pattern; }
const double *rl_minimize_witness(const rl_minimize *q) {
  return q->implied == RL_COUNTEREXAMPLE && q->witnesses ? q->witnesses->x : NULL;
}
int rl_minimize_queries(const rl_minimize *q) { return q->queries; }
int rl_minimize_unknowns(const rl_minimize *q) { return q->unknowns; }
int rl_minimize_refuted(const rl_minimize *q) { return q->refuted; }
const rl_search_stats *rl_minimize_statistics(const rl_minimize *q) { return &q->stats; }
