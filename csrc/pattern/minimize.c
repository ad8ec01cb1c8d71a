/* L4: minimal patterns (design: Gopinath et al. 2019, section 4; Dingliwal et al. 2020).
 *
 * Invariant after the first query: `pattern` implies P.  A candidate drops
 * literals from it and is settled, cheapest first, by
 *   1. the core of an earlier proof: dropping literals it never used needs no new proof;
 *   2. a stored counterexample that obeys every literal of the candidate;
 *   3. a counterexample found by descent (not by RL_DELETION, nor for whole layers);
 *   4. a query.
 *
 * RL_DELETION has candidates that drop one literal, RL_PREFIX first those that drop a layer.  Then, and RL_DIVIDE from
 * the start, gather a chunk: in order, every literal that neither 2 nor 3 shows to be needed when it goes together with
 * those gathered before; then one query asks whether the whole chunk may go.
 *   Proved: it goes.  What was passed over is needed: refuted with more literals, so refuted with fewer.
 *   Counterexample: it is stored and the chunk gathered anew, which it now refutes; after several in a row, of
 *     half the size.
 *   No answer: the first half is asked about (as QuickXplain halves; Junker 2004); a single literal is kept.  What was
 *     left open is set aside: once the first half may go, the query about the second goes on with that.
 * So the outcome is that of trying to drop one literal after the other in order, with about as many queries as
 * there are chunks and counterexamples that descent did not find, not literals. */
#include <string.h>

#include "decide/descent.h"
#include "pattern/pool.h"
#include "decide/search.h"
#include "decide/worker.h"

enum {
  STEPS = 100,      /* of a descent */
  MANY_REFUSALS = 4 /* in a row, of a chunk: then its half is tried; but see many_refusals */
};

/* Products of weights that the descents for one literal may cost: about 10 ms, or 40 for the few literals of a prefix's
 * last layer, which are worth no more than PREFIX_STARTS; and how many descents there are at least and at most. */
static const double WORK = 2e7, PREFIX_WORK = 8e7;
enum { FEW_STARTS = 2, PREFIX_STARTS = 30, MANY_STARTS = 1000 };

/* Products of weights times nodes that a query about several literals may cost; four times the nodes of the longest
 * proof come on top. */
static const double PATIENCE = 2e7;

static const double SLICE_SECONDS = 0.1; /* of descents in one step */

typedef enum stage { STAGE_FIRST, STAGE_LAYERS, STAGE_NEURONS, STAGE_GATHER, STAGE_DONE } stage;

typedef struct core {
  struct core *next;
  int8_t *used; /* neurons */
} core;

struct rl_minimize {
  rl_network *net;
  rl_domain *domain;
  rl_property *negated;
  rl_search_options options;
  rl_minimize_mode mode;
  stage stage;
  int layer;     /* STAGE_LAYERS: layer to drop; RL_PREFIX, later: layer at hand */
  int at, count; /* place in order */
  int *order;    /* neurons */
  int8_t *pattern, *candidate;
  core *cores;       /* of the proofs so far, the last one first */
  rl_pool pool;      /* its first entry is the witness against the starting pattern */
  rl_search *search; /* running query or NULL */
  rl_search *ended;  /* the last query, which the next one may go on with; or NULL */
  int gave_up;       /* it was about several literals and has no answer */
  rl_verdict implied;
  int queries, unknowns, refuted, found;
  rl_search_stats stats;
  /* not RL_DELETION: */
  rl_descent *descent;
  double *x;          /* n: from a descent */
  double *point;      /* n: where the first descents start, or NULL */
  int start;          /* place in order at which the chunk begins */
  int *chunk;         /* places in order of the literals gathered */
  int gathered, most; /* how many; no more than so many */
  int refusals;       /* counterexamples in a row that queries found */
  int *tried;         /* neurons: stored counterexamples from which descent was tried without success, + 1 */
  int starts;         /* descents for one literal */
  double patience;    /* nodes for a query about several literals */
  double longest;     /* nodes of the longest proof */
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

static rl_status make_divide(rl_minimize *q, rl_error *err) {
  size_t neurons = (size_t)q->net->neurons;
  q->chunk = rl_alloc((size_t)q->count, sizeof *q->chunk);
  q->tried = rl_alloc(neurons, sizeof *q->tried);
  q->x = rl_alloc((size_t)q->net->sizes[0], sizeof *q->x);
  if (!q->chunk || !q->tried || !q->x) return rl_fail_memory(err);
  q->most = q->count;
  double weights = 0;
  for (int k = 0; k < q->net->layers; k++) weights += (double)q->net->sizes[k] * q->net->sizes[k + 1];
  int prefix = q->mode == RL_PREFIX;
  q->starts = (int)fmin(fmax((prefix ? PREFIX_WORK : WORK) / (2 * STEPS * weights), FEW_STARTS),
                        prefix ? PREFIX_STARTS : MANY_STARTS);
  q->patience = fmax(PATIENCE / weights, 200);
  return rl_descent_create(&q->descent, q->net, q->domain, q->negated, err);
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
  q->options.record = 0; /* of many searches there is no one proof */
  q->pattern = rl_alloc(neurons, 1);
  q->candidate = rl_alloc(neurons, 1);
  rl_status status = rl_pool_make(&q->pool, net, err);
  if (!status && (!q->pattern || !q->candidate)) status = rl_fail_memory(err);
  if (!status) status = copy_order(q, order, count, err);
  if (!status) status = rl_property_negate(&q->negated, property, err);
  if (!status && mode != RL_DELETION) status = make_divide(q, err);
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

rl_status rl_minimize_near(rl_minimize *q, const double *point, rl_error *err) {
  double *copy = rl_copy_doubles(point, (size_t)q->net->sizes[0]);
  if (!copy) return rl_fail_memory(err);
  for (int j = 0; j < q->domain->n; j++) copy[j] = fmin(fmax(copy[j], q->domain->lo[j]), q->domain->hi[j]);
  rl_free(q->point);
  q->point = copy;
  return RL_OK;
}

void rl_minimize_release(rl_minimize *q) {
  if (!q) return;
  while (q->cores) {
    core *next = q->cores->next;
    rl_free(q->cores->used);
    rl_free(q->cores);
    q->cores = next;
  }
  rl_search_release(q->search);
  rl_search_release(q->ended);
  rl_descent_release(q->descent);
  rl_pool_free(&q->pool);
  rl_network_release(q->net);
  rl_domain_release(q->domain);
  rl_property_release(q->negated);
  rl_free(q->order);
  rl_free(q->pattern);
  rl_free(q->candidate);
  rl_free(q->chunk);
  rl_free(q->tried);
  rl_free(q->x);
  rl_free(q->point);
  rl_free(q);
}

/* ---- what earlier queries say ----------------------------------------------------------- */

static rl_status store_core(rl_minimize *q, rl_error *err) {
  core *c = rl_alloc(1, sizeof *c);
  if (!c) return rl_fail_memory(err);
  c->used = rl_alloc((size_t)q->net->neurons, 1);
  if (!c->used) {
    rl_free(c);
    return rl_fail_memory(err);
  }
  rl_search_core(q->search, c->used);
  c->next = q->cores;
  q->cores = c;
  return RL_OK;
}

/* Does some proof hold for the candidate as it stands? */
static int is_covered_by_core(const rl_minimize *q) {
  for (const core *c = q->cores; c; c = c->next) {
    int k = 0;
    while (k < q->net->neurons && !(c->used[k] && q->candidate[k] == RL_FREE)) k++;
    if (k == q->net->neurons) return 1;
  }
  return 0;
}

/* ---- candidates ------------------------------------------------------------------------- */

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
    if (q->pattern[k] != RL_FREE && (q->mode != RL_PREFIX || rl_network_layer_of(q->net, k) == q->layer)) return i;
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

/* ---- chunks ---------------------------------------------------------------------------------- */

/* Begin a chunk at place `at` of the order. */
static void begin_chunk(rl_minimize *q) {
  q->start = q->at;
  q->gathered = 0;
  memcpy(q->candidate, q->pattern, (size_t)q->net->neurons);
}

static void start_chunks(rl_minimize *q) {
  q->stage = STAGE_GATHER;
  begin_chunk(q);
}

/* Take the answer to the candidate into account. */
static void settle(rl_minimize *q, int proved) {
  if (proved) memcpy(q->pattern, q->candidate, (size_t)q->net->neurons);
  if (q->stage == STAGE_LAYERS) {
    if (proved)
      q->layer--;
    else
      start_chunks(q);
  } else {
    q->at++;
  }
}

/* The stored counterexample after (*violations, *number) in that order among those from `from` on, or NULL. */
static const double *next_start(const rl_minimize *q, int from, int *violations, int *number) {
  int best = -1, least = q->net->neurons + 1;
  for (int i = from; i < q->pool.count; i++) {
    int count = rl_pool_violations(&q->pool, i, q->candidate);
    if (count < *violations || (count == *violations && i <= *number) || count >= least) continue;
    least = count;
    best = i;
  }
  if (best < 0) return NULL;
  *violations = least;
  *number = best;
  return q->pool.entry[best].x;
}

/* Does descent find a counterexample to the candidate, which lacks `neuron`?  It starts from the stored ones that
 * violate fewest literals and that are new since the last try; the first time also from the caller's point and
 * from random inputs. */
static rl_status descend(rl_minimize *q, int neuron, int *found, rl_error *err) {
  int from = q->tried[neuron], violations = -1, number = -1;
  rl_status status = RL_OK;
  *found = 0;
  if (from == 0 && q->point) status = rl_descent_run(q->descent, q->candidate, q->point, STEPS, q->x, found, err);
  for (int i = 0; i < q->starts && status == RL_OK && !*found; i++) {
    const double *start = next_start(q, from ? from - 1 : 0, &violations, &number);
    if (!start && from) break;
    status = rl_descent_run(q->descent, q->candidate, start, STEPS, q->x, found, err);
  }
  q->tried[neuron] = q->pool.count + 1;
  if (status == RL_OK && *found) {
    q->found++;
    status = rl_pool_add(&q->pool, q->x, q->candidate, err);
  }
  return status;
}

/* Did the query that was set aside last, which this chunk is to go on with, keep the neuron's literal?  With nothing
 * gathered until there, it is of no more use. */
static int is_beyond_aside(rl_minimize *q, int neuron) {
  const int8_t *aside;
  while (q->ended && (aside = rl_search_aside(q->ended)) && aside[neuron] != RL_FREE) {
    if (q->gathered > 0) return 1;
    rl_search_forget(q->ended);
  }
  return 0;
}

/* Take the next literal of the order into the chunk unless it is shown to be needed.  *more = 0: there is none. */
static rl_status gather(rl_minimize *q, int *more, rl_error *err) {
  int place = q->gathered < q->most ? next_in_order(q) : -1, found = 0;
  *more = place >= 0;
  if (place < 0) return RL_OK;
  int neuron = q->order[place];
  rl_status status = RL_OK;
  q->at = place + 1;
  q->candidate[neuron] = RL_FREE;
  if (!is_covered_by_core(q)) {
    if (rl_pool_refutes(&q->pool, q->candidate) >= 0) {
      q->refuted++;
      found = 1;
    } else {
      status = descend(q, neuron, &found, err);
    }
  }
  *more = found || !is_beyond_aside(q, neuron);
  if (found || status != RL_OK || !*more)
    q->candidate[neuron] = q->pattern[neuron];
  else
    q->chunk[q->gathered++] = place;
  if (status != RL_OK || !*more) q->at = place; /* a later step tries again, or the next chunk */
  return status;
}

static void take_chunk(rl_minimize *q) {
  memcpy(q->pattern, q->candidate, (size_t)q->net->neurons);
  begin_chunk(q);
}

/* The query about the chunk has no answer: ask about half of it; a single literal stays. */
static void halve_chunk(rl_minimize *q) {
  if (q->gathered == 1) {
    q->unknowns++;
    q->at = q->chunk[0] + 1; /* what was passed over was needed without this literal only */
    begin_chunk(q);
    return;
  }
  q->most = q->gathered / 2;
  for (int i = q->most; i < q->gathered; i++) {
    int neuron = q->order[q->chunk[i]];
    q->candidate[neuron] = q->pattern[neuron];
  }
  q->gathered = q->most;
  q->at = q->chunk[q->gathered - 1] + 1;
}

/* ---- stepping ------------------------------------------------------------------------------ */

static void start_minimising(rl_minimize *q) {
  q->stage = q->mode == RL_PREFIX ? STAGE_LAYERS : STAGE_NEURONS;
  q->layer = q->net->layers - 2;
  if (q->mode == RL_DIVIDE) start_chunks(q);
}

/* Queries with a limit of their own are better asked about few literals. */
static int many_refusals(const rl_minimize *q) {
  return q->options.nodes > 0 || q->options.lps > 0 ? 1 : MANY_REFUSALS;
}

static void settle_chunk(rl_minimize *q, rl_verdict verdict) {
  if (verdict == RL_PROVED) {
    q->most = 2 * q->gathered > q->most ? 2 * q->gathered : q->most;
    q->refusals = 0;
    take_chunk(q);
  } else if (verdict == RL_COUNTEREXAMPLE) {
    if (++q->refusals >= many_refusals(q)) q->most = (q->gathered + 1) / 2;
    q->at = q->start;
    begin_chunk(q);
  } else {
    halve_chunk(q);
  }
}

/* Keep of the running query, which has ended with `verdict`, what the next one may go on with. */
static void end_query(rl_minimize *q, rl_verdict verdict) {
  rl_search *search = q->search;
  int out_of_memory = verdict == RL_UNKNOWN && strcmp(rl_search_reason(search), "memory") == 0;
  int of_use = verdict == RL_PROVED ? rl_search_aside(search) != NULL : !out_of_memory;
  q->search = NULL;
  q->ended = of_use ? search : NULL;
  q->gave_up = of_use && verdict == RL_UNKNOWN && q->stage == STAGE_GATHER && q->gathered > 1;
  if (!of_use) rl_search_release(search);
}

/* The running query has ended with `verdict`. */
static rl_status finish_query(rl_minimize *q, rl_verdict verdict, rl_error *err) {
  rl_status status = RL_OK;
  int proved = verdict == RL_PROVED;
  const rl_search_stats *stats = rl_search_statistics(q->search);
  rl_search_stats_add(&q->stats, stats);
  if (proved) q->longest = fmax(q->longest, rl_search_spent(q->search));
  if (proved) status = store_core(q, err);
  if (verdict == RL_COUNTEREXAMPLE) status = rl_pool_add(&q->pool, rl_search_witness(q->search), q->candidate, err);
  end_query(q, verdict);
  if (status) return status;
  if (q->stage == STAGE_GATHER) {
    settle_chunk(q, verdict);
    return RL_OK;
  }
  if (verdict == RL_UNKNOWN) q->unknowns++;
  if (q->stage != STAGE_FIRST) {
    settle(q, proved);
    return RL_OK;
  }
  q->implied = verdict;
  if (proved)
    start_minimising(q);
  else
    q->stage = STAGE_DONE;
  return RL_OK;
}

/* Let the last query go on, if it can, with the candidate: with what it left open or with what was set aside. */
static rl_status go_on(rl_minimize *q, rl_error *err) {
  rl_search *ended = q->ended;
  if (!ended) return RL_OK;
  rl_status status = q->gave_up ? rl_search_set_aside(ended, err) : RL_OK;
  if (status != RL_OK) return status;
  q->gave_up = 0;
  q->ended = NULL;
  if (rl_search_impose(ended, q->candidate) || rl_search_resume(ended, q->candidate))
    q->search = ended;
  else
    rl_search_release(ended);
  return RL_OK;
}

/* Start the query about the candidate. */
static rl_status ask(rl_minimize *q, rl_error *err) {
  rl_status status = go_on(q, err);
  if (status == RL_OK && !q->search)
    status =
        rl_search_create(&q->search, q->net, q->domain, q->candidate, q->negated, RL_FIND_STRICT, &q->options, err);
  if (status == RL_OK) q->queries++;
  return status;
}

/* Settle candidates without a query as long as that works, then start one. */
static rl_status start_query(rl_minimize *q, rl_error *err) {
  while (q->stage == STAGE_LAYERS || q->stage == STAGE_NEURONS) {
    if (!propose(q)) {
      q->stage = STAGE_DONE;
    } else if (is_covered_by_core(q)) {
      settle(q, 1);
    } else if (rl_pool_refutes(&q->pool, q->candidate) >= 0) {
      q->refuted++;
      settle(q, 0);
    } else {
      return ask(q, err);
    }
  }
  return RL_OK;
}

/* Gather a chunk for a while; when it is complete, start its query. */
static rl_status gather_for_a_while(rl_minimize *q, rl_error *err) {
  double start = rl_now();
  while (rl_now() - start < SLICE_SECONDS) {
    int more;
    rl_status status = gather(q, &more, err);
    if (status != RL_OK) return status;
    if (more) continue;
    if (q->gathered == 0) {
      q->stage = STAGE_DONE;
      return RL_OK;
    }
    if (!is_covered_by_core(q)) return ask(q, err);
    take_chunk(q);
  }
  return RL_OK;
}

/* A query about several literals that takes long is given up: those about fewer are easier. */
static int is_too_long(const rl_minimize *q) {
  return q->stage == STAGE_GATHER && q->gathered > 1 &&
         rl_search_statistics(q->search)->nodes > q->patience + 4 * q->longest;
}

rl_status rl_minimize_step(rl_minimize *q, long nodes, int *done, rl_error *err) {
  rl_status status = RL_OK;
  rl_verdict verdict = RL_RUNNING;
  if (!q->search && q->stage == STAGE_FIRST)
    status = ask(q, err); /* the last answer was lost for want of memory */
  else if (!q->search && q->stage == STAGE_GATHER)
    status = gather_for_a_while(q, err);
  else if (!q->search && q->stage != STAGE_DONE)
    status = start_query(q, err);
  if (!status && q->search) status = rl_search_step(q->search, nodes, &verdict, err);
  if (!status && q->search && verdict == RL_RUNNING && is_too_long(q)) verdict = RL_UNKNOWN;
  if (!status && verdict != RL_RUNNING) status = finish_query(q, verdict, err);
  if (!status && done) *done = q->stage == STAGE_DONE;
  return status;
}

rl_verdict rl_minimize_implied(const rl_minimize *q) { return q->implied; }
const int8_t *rl_minimize_pattern(const rl_minimize *q) { return q->pattern; }
const double *rl_minimize_witness(const rl_minimize *q) {
  return q->implied == RL_COUNTEREXAMPLE ? q->pool.entry[0].x : NULL;
}
int rl_minimize_queries(const rl_minimize *q) { return q->queries; }
int rl_minimize_unknowns(const rl_minimize *q) { return q->unknowns; }
int rl_minimize_refuted(const rl_minimize *q) { return q->refuted; }
int rl_minimize_found(const rl_minimize *q) { return q->found; }
const rl_search_stats *rl_minimize_statistics(const rl_minimize *q) { return &q->stats; }
