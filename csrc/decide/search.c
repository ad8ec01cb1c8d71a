/* L3: decide and maximize: depth-first branch and bound over nodes (worker.h),
 * by one thread or by several that share the open ones. */
#include <float.h>
#include <math.h>
#include <string.h>
#include <time.h>

#include "decide/proof.h"
#include "decide/search.h"
#include "decide/worker.h"

enum { MOST_THREADS = 64 };

/* A step returns after about so long, so that its caller can be interrupted. */
#define SLICE_SECONDS 0.2

/* Between looks at the clock of a worker that waits for others. */
#define WAIT_SECONDS 0.02

/* What was open when a query was given up: see rl_search_set_aside. */
typedef struct frontier {
  struct frontier *next;
  rl_open open;
  int8_t *signs; /* neurons: the pattern asked about */
  uint8_t *used; /* neurons: those that the closed nodes needed */
  double spent;  /* nodes */
} frontier;

struct rl_search {
  rl_shared shared;
  rl_network *net;
  rl_domain *domain;
  rl_property *target;
  rl_worker *worker[MOST_THREADS]; /* the first is the calling thread's */
  int workers;
  rl_verdict verdict;
  const char *reason;
  int started;
  rl_proof *proof; /* once asked for */
  frontier *aside; /* the last one first */
  long aside_nodes;
  double spent; /* nodes before the statistics began anew, of those that count for what is open now */
  /* of a step, guarded by the lock: */
  long budget;    /* nodes that may still be taken */
  int busy, stop; /* workers at a node; no more nodes are taken */
  double until;   /* the thread's limit, the search's included: its helpers' too (0: none) */
  double slice;   /* time at which the step returns: what is found does not depend on it */
  rl_status status;
  rl_error error;
};

void rl_search_defaults(rl_search_options *options) {
#define RL_DEFAULT(type, name, default_, help) options->name = default_;
  RL_SEARCH_OPTIONS(RL_DEFAULT)
#undef RL_DEFAULT
}

static rl_status check_dimensions(const rl_network *net, const rl_domain *domain, const rl_property *target,
                                  rl_error *err) {
  int n = net->sizes[0], m = net->sizes[net->layers];
  if (domain->n != n) return rl_fail(err, RL_EINPUT, "the domain has %d inputs, the network has %d", domain->n, n);
  if (target->n != n || target->m != m)
    return rl_fail(err, RL_EINPUT, "the property is for %d inputs and %d outputs, the network has %d and %d", target->n,
                   target->m, n, m);
  return RL_OK;
}

/* Options that become integers. */
static void cap(double *value, double most) { *value = fmin(*value, most); }

static rl_status push_root(rl_search *q, rl_error *err) {
  rl_shared *s = &q->shared;
  rl_node *root = rl_node_create_root(s);
  if (!root) return rl_fail_memory(err);
  rl_open_push(&s->open, root);
  return RL_OK;
}

rl_status rl_search_create(rl_search **out, const rl_network *net, const rl_domain *domain, const int8_t *pattern,
                           const rl_property *target, rl_mode mode, const rl_search_options *options, rl_error *err) {
  rl_status status = check_dimensions(net, domain, target, err);
  if (!status) status = rl_pattern_check(net, pattern, err);
  if (status) return status;
  rl_search *q = rl_alloc(1, sizeof *q);
  if (!q) return rl_fail_memory(err);
  rl_shared *s = &q->shared;
  pthread_mutex_init(&s->lock, NULL);
  pthread_condattr_t monotonic;
  pthread_condattr_init(&monotonic);
  pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
  pthread_cond_init(&s->change, &monotonic);
  pthread_condattr_destroy(&monotonic);
  q->net = rl_network_retain(net);
  q->domain = rl_domain_retain(domain);
  q->target = rl_property_retain(target);
  s->net = q->net;
  s->domain = q->domain;
  s->target = q->target;
  s->mode = mode;
  rl_search_defaults(&s->options);
  if (options) s->options = *options;
  cap(&s->options.slope_steps, 1e9);
  cap(&s->options.lp_columns, 1e9);
  cap(&s->options.seed, 0x1p53);
  s->lower = s->reached = s->settled_upper = s->unsettled_upper = -INFINITY;
  s->witness = rl_alloc((size_t)net->sizes[0], sizeof(double));
  s->signs = rl_alloc((size_t)net->neurons, 1);
  s->used = rl_alloc((size_t)net->neurons, 1);
  if (!s->witness || !s->signs || !s->used) status = rl_fail_memory(err);
  if (!status) {
    if (pattern)
      memcpy(s->signs, pattern, (size_t)net->neurons);
    else
      memset(s->signs, RL_FREE, (size_t)net->neurons);
    if (s->options.record > 0) status = rl_record_create(&s->record, err);
    if (!status) status = push_root(q, err);
  }
  q->workers = (int)fmin(fmax(s->options.threads, 1), MOST_THREADS);
  for (int i = 0; i < q->workers && !status; i++) status = rl_worker_create(&q->worker[i], s, err);
  if (status) {
    rl_search_release(q);
    return status;
  }
  *out = q;
  return RL_OK;
}

static void release_open(rl_open *open) {
  rl_node *below;
  for (rl_node *node = open->top; node; node = below) {
    below = node->links.below;
    rl_node_release(node);
  }
  *open = (rl_open){0};
}

static void release_frontier(frontier *f) {
  if (!f) return;
  release_open(&f->open);
  rl_free(f->signs);
  rl_free(f->used);
  rl_free(f);
}

void rl_search_release(rl_search *q) {
  if (!q) return;
  release_open(&q->shared.open);
  while (q->aside) {
    frontier *next = q->aside->next;
    release_frontier(q->aside);
    q->aside = next;
  }
  for (int i = 0; i < q->workers; i++) rl_worker_release(q->worker[i]);
  rl_proof_release(q->proof);
  rl_record_release(q->shared.record);
  rl_wide_release(q->shared.wide);
  rl_network_release(q->net);
  rl_domain_release(q->domain);
  rl_property_release(q->target);
  rl_free(q->shared.witness);
  rl_free(q->shared.signs);
  rl_free(q->shared.used);
  pthread_cond_destroy(&q->shared.change);
  pthread_mutex_destroy(&q->shared.lock);
  rl_free(q);
}

/* ---- stepping ------------------------------------------------------------------------- */

static const char *exhausted(const rl_search *q) {
  const rl_shared *s = &q->shared;
  const rl_search_options *o = &s->options;
  if (o->nodes > 0 && s->stats.nodes >= o->nodes) return "nodes";
  if (o->lps > 0 && s->stats.lps >= o->lps) return "lps";
  double bytes = (double)(s->open.count + q->aside_nodes) * (double)rl_node_bytes(s);
  bytes += s->wide_bytes;
  if (s->record) bytes += (double)atomic_load(&s->record->bytes);
  if (o->megabytes > 0 && bytes > o->megabytes * 1e6) return "memory";
  return NULL;
}

/* Depth first keeps few nodes open; but so that a promising part of the set does not wait for all others, now and
 * then the node of the largest bound comes next, and the search dives from there. */
enum { DIVE = 32, MANY_OPEN = 8192 };

static rl_node *pop(rl_shared *s) {
  int dive = ++s->popped % DIVE == 0 && s->open.count < MANY_OPEN;
  rl_node *node = dive ? s->open.best : s->open.top;
  if (node) {
    node->promising = dive;
    rl_open_remove(&s->open, node);
  }
  return node;
}

static int prunable(const rl_shared *s, const rl_node *node) {
  return s->mode == RL_MAXIMIZE && node->upper <= rl_within_gap(s, s->reached);
}

static int counterexample_known(const rl_shared *s) { return s->mode != RL_MAXIMIZE && s->have_witness; }

/* Maximize: is all that is left within the gap of the witness' value?  Of an empty set nothing is left. */
static int is_gap_closed(const rl_search *q) {
  double upper = rl_search_upper(q);
  return upper == -INFINITY || upper <= rl_within_gap(&q->shared, q->shared.lower);
}

/* Everything is settled, or a counterexample is known. */
static void conclude(rl_search *q) {
  rl_shared *s = &q->shared;
  if (counterexample_known(s)) {
    q->verdict = RL_COUNTEREXAMPLE;
  } else if (!s->open.top && !q->busy) {
    int open = s->mode == RL_MAXIMIZE ? !is_gap_closed(q) : s->unsettled > 0;
    q->verdict = open ? RL_UNKNOWN : RL_PROVED;
    q->reason = open ? "numerics" : "";
  }
}

static void run_out(rl_search *q, const char *reason) {
  q->verdict = RL_UNKNOWN;
  q->reason = reason;
}

/* A node was processed: take the outcome over; call with the lock held. */
static void take_outcome(rl_search *q, rl_worker *worker, rl_node *node, rl_node *children[2], int count,
                         rl_status status, const rl_error *err) {
  rl_shared *s = &q->shared;
  q->busy--;
  rl_worker_report(worker);
  if (status) {
    rl_open_push(&s->open, node); /* still open: bounds stay valid */
    if (rl_is_numeric(status)) {
      run_out(q, "numerics");
    } else if (!q->status) {
      q->status = status;
      q->error = *err;
    }
  } else if (counterexample_known(s) || rl_worker_gave_up(worker)) { /* the worker has broken off */
    for (int i = 0; i < count; i++) rl_node_release(children[i]);
    rl_open_push(&s->open, node);
    conclude(q);
  } else {
    for (int i = count - 1; i >= 0; i--) rl_open_push(&s->open, children[i]);
    rl_node_release(node);
    conclude(q);
  }
  const char *reason = q->verdict == RL_RUNNING ? exhausted(q) : NULL;
  int late = rl_late_now();
  if (!reason && q->verdict == RL_RUNNING && s->until > 0 && late == RL_TIME_UP) reason = "seconds";
  if (late == RL_INTERRUPTED) atomic_store(&s->interrupted, 1);
  if (reason) run_out(q, reason);
  if (q->verdict != RL_RUNNING || q->status || late || --q->budget <= 0 || rl_now() > q->slice) q->stop = 1;
  pthread_cond_broadcast(&s->change);
}

/* Wait until another worker is done with its node, but not so long that the clock goes unseen. */
static void await_change(rl_search *q) {
  rl_shared *s = &q->shared;
  struct timespec until;
  clock_gettime(CLOCK_MONOTONIC, &until);
  long nanoseconds = until.tv_nsec + (long)(1e9 * WAIT_SECONDS);
  until.tv_sec += nanoseconds / 1000000000;
  until.tv_nsec = nanoseconds % 1000000000;
  pthread_cond_timedwait(&s->change, &s->lock, &until);
  int late = rl_late_now();
  if (late) q->stop = 1;
  if (late == RL_INTERRUPTED) atomic_store(&s->interrupted, 1);
}

/* Process nodes until the step's budget is spent or the search is over; call with the lock held. */
static void work(rl_search *q, rl_worker *worker) {
  rl_shared *s = &q->shared;
  while (!q->stop) {
    rl_node *node = pop(s), *children[2] = {NULL, NULL};
    rl_error err = {RL_OK, ""};
    int count = 0;
    if (!node && q->busy) {
      await_change(q);
      continue;
    }
    if (!node) return;
    if (prunable(s, node)) {
      s->settled_upper = fmax(s->settled_upper, node->upper);
      rl_node_release(node);
      conclude(q);
      continue;
    }
    q->busy++;
    pthread_mutex_unlock(&s->lock);
    rl_status status = rl_worker_process(worker, node, children, &count, &err);
    pthread_mutex_lock(&s->lock);
    take_outcome(q, worker, node, children, count, status, &err);
  }
}

typedef struct helper {
  rl_search *search;
  rl_worker *worker;
  pthread_t thread;
  int running;
} helper;

static int is_interrupted(void *shared) { return atomic_load(&((rl_shared *)shared)->interrupted); }

static void *help(void *argument) {
  helper *h = argument;
  rl_limit_time(h->search->until);
  rl_interrupt_by(is_interrupted, &h->search->shared);
  pthread_mutex_lock(&h->search->shared.lock);
  work(h->search, h->worker);
  pthread_mutex_unlock(&h->search->shared.lock);
  return NULL;
}

/* The calling thread works too; a thread that cannot be started is done without. */
static void work_together(rl_search *q) {
  helper helpers[MOST_THREADS] = {{0}};
  for (int i = 1; i < q->workers; i++) {
    helpers[i] = (helper){.search = q, .worker = q->worker[i]};
    helpers[i].running = pthread_create(&helpers[i].thread, NULL, help, &helpers[i]) == 0;
  }
  pthread_mutex_lock(&q->shared.lock);
  work(q, q->worker[0]);
  pthread_mutex_unlock(&q->shared.lock);
  for (int i = 1; i < q->workers; i++)
    if (helpers[i].running) pthread_join(helpers[i].thread, NULL);
}

rl_status rl_search_step(rl_search *q, long nodes, rl_verdict *verdict, rl_error *err) {
  rl_shared *s = &q->shared;
  double start = rl_now();
  q->status = RL_OK;
  s->until = s->options.seconds > 0 ? start + s->options.seconds - s->stats.seconds : 0;
  double limit_before = rl_limit_time(s->until);
  q->until = rl_limit();
  atomic_store(&s->interrupted, 0);
  if (q->verdict == RL_RUNNING && !q->started) {
    q->started = 1;
    if (!s->open.top->wide || s->mode == RL_MAXIMIZE) rl_worker_sample(q->worker[0], s->open.top);
    rl_worker_report(q->worker[0]);
    conclude(q);
  }
  if (q->verdict == RL_RUNNING && !q->status) {
    q->budget = nodes > 0 ? nodes : 1;
    q->stop = 0;
    q->slice = start + SLICE_SECONDS;
    work_together(q);
  }
  rl_limit_restore(limit_before);
  s->stats.seconds += rl_now() - start;
  if (q->status && err) *err = q->error;
  if (!q->status && verdict) *verdict = q->verdict;
  return q->status;
}

void rl_search_stats_add(rl_search_stats *sum, const rl_search_stats *more) {
#define RL_ADD(name, help) sum->name += more->name;
  RL_SEARCH_STATS(RL_ADD)
#undef RL_ADD
}

rl_status rl_search_run(rl_search *q, rl_verdict *verdict, rl_error *err) {
  rl_verdict v = q->verdict;
  rl_status status = RL_OK;
  while (!status && v == RL_RUNNING && !rl_late_now()) status = rl_search_step(q, 1000, &v, err);
  if (verdict) *verdict = v;
  return status;
}

/* ---- going on with more signs ----------------------------------------------------------- */

/* Does the pattern fix every neuron that `signs` does, alike? */
static int is_stronger(const rl_network *net, const int8_t *signs, const int8_t *pattern) {
  for (int k = 0; k < net->neurons; k++)
    if (signs[k] != RL_FREE && pattern[k] != signs[k]) return 0;
  return 1;
}

/* Do the nodes that are closed stay closed for more signs, and are all others open? */
static int can_go_on(const rl_search *q) {
  const rl_shared *s = &q->shared;
  return s->mode != RL_MAXIMIZE && !s->record && !s->unsettled && !q->status;
}

/* The open nodes are those of another query. */
static void begin_anew(rl_search *q) {
  rl_shared *s = &q->shared;
  s->have_witness = 0;
  s->lower = s->reached = -INFINITY;
  s->stats = (rl_search_stats){0};
  for (int i = 0; i < q->workers; i++) rl_worker_impose(q->worker[i]);
  if (s->wide) rl_wide_forget(s->wide); /* what it left to others may be among the nodes of another query */
  q->verdict = RL_RUNNING;
  q->reason = NULL;
  conclude(q);
}

/* Impose the pattern on a node; 0: a split has taken the other side of a sign, which is of use then.  Nothing is lost
 * with that node: of its set only z = 0 obeys the pattern, and that lies on the split's other side too. */
static int impose_on(rl_shared *s, rl_node *node, const int8_t *pattern) {
  for (int k = 0; k < s->net->neurons; k++) {
    if (pattern[k] == RL_FREE) continue;
    if (node->signs[k] != RL_FREE && node->signs[k] != pattern[k]) {
      s->used[k] = 1;
      return 0;
    }
    node->signs[k] = pattern[k];
  }
  return 1;
}

int rl_search_impose(rl_search *q, const int8_t *pattern) {
  rl_shared *s = &q->shared;
  if (!can_go_on(q) || !is_stronger(s->net, s->signs, pattern)) return 0;
  memcpy(s->signs, pattern, (size_t)s->net->neurons);
  rl_node *below;
  for (rl_node *node = s->open.top; node; node = below) {
    below = node->links.below;
    if (impose_on(s, node, pattern)) continue;
    rl_open_remove(&s->open, node);
    rl_node_release(node);
  }
  q->spent += s->stats.nodes;
  begin_anew(q);
  return 1;
}

static int copy_open(const rl_shared *s, rl_open *copy) {
  const rl_node *node = s->open.top;
  while (node && node->links.below) node = node->links.below;
  for (; node; node = node->links.above) {
    rl_node *same = rl_node_copy(s, node);
    if (!same) return 0;
    rl_open_push(copy, same);
  }
  return 1;
}

static frontier *create_frontier(const rl_search *q) {
  const rl_shared *s = &q->shared;
  frontier *f = rl_alloc(1, sizeof *f);
  if (!f) return NULL;
  f->signs = rl_copy_bytes(s->signs, (size_t)s->net->neurons);
  f->used = rl_copy_bytes(s->used, (size_t)s->net->neurons);
  f->spent = rl_search_spent(q);
  if (f->signs && f->used && copy_open(s, &f->open)) return f;
  release_frontier(f);
  return NULL;
}

rl_status rl_search_set_aside(rl_search *q, rl_error *err) {
  double bytes = (double)(2 * q->shared.open.count + q->aside_nodes) * (double)rl_node_bytes(&q->shared);
  double megabytes = q->shared.options.megabytes;
  if (!can_go_on(q) || (megabytes > 0 && bytes > megabytes * 1e6)) return RL_OK;
  frontier *f = create_frontier(q);
  if (!f) return rl_fail_memory(err);
  f->next = q->aside;
  q->aside = f;
  q->aside_nodes += f->open.count;
  return RL_OK;
}

const int8_t *rl_search_aside(const rl_search *q) { return q->aside ? q->aside->signs : NULL; }

static frontier *take_frontier(rl_search *q) {
  frontier *f = q->aside;
  q->aside = f->next;
  q->aside_nodes -= f->open.count;
  return f;
}

void rl_search_forget(rl_search *q) {
  if (q->aside) release_frontier(take_frontier(q));
}

int rl_search_resume(rl_search *q, const int8_t *pattern) {
  rl_shared *s = &q->shared;
  size_t neurons = (size_t)s->net->neurons;
  if (!q->aside || !is_stronger(s->net, q->aside->signs, pattern)) return 0;
  frontier *f = take_frontier(q);
  release_open(&s->open);
  s->open = f->open;
  f->open = (rl_open){0};
  s->unsettled = 0;
  s->unsettled_upper = -INFINITY;
  memcpy(s->used, f->used, neurons);
  memcpy(s->signs, f->signs, neurons);
  q->spent = f->spent;
  release_frontier(f);
  q->status = RL_OK;
  s->stats = (rl_search_stats){0};
  return rl_search_impose(q, pattern);
}

double rl_search_spent(const rl_search *q) { return q->spent + q->shared.stats.nodes; }

/* ---- results ------------------------------------------------------------------------------ */

rl_verdict rl_search_verdict(const rl_search *q) { return q->verdict; }
const char *rl_search_reason(const rl_search *q) { return q->reason ? q->reason : ""; }
const double *rl_search_witness(const rl_search *q) { return q->shared.have_witness ? q->shared.witness : NULL; }
double rl_search_lower(const rl_search *q) { return q->shared.lower; }

double rl_search_upper(const rl_search *q) {
  const rl_shared *s = &q->shared;
  double upper = fmax(s->reached, fmax(s->settled_upper, s->unsettled_upper));
  return s->open.best ? fmax(upper, s->open.best->upper) : upper;
}

const rl_search_stats *rl_search_statistics(const rl_search *q) { return &q->shared.stats; }

rl_status rl_search_proof(rl_search *q, const rl_proof **proof, rl_error *err) {
  const rl_shared *s = &q->shared;
  double upper = s->mode == RL_MAXIMIZE ? rl_search_upper(q) : 0;
  int known = q->verdict == RL_PROVED || (q->verdict == RL_UNKNOWN && s->mode == RL_MAXIMIZE && upper < INFINITY);
  rl_status status = RL_OK;
  if (known && s->record && !q->proof) status = rl_proof_create(&q->proof, s, upper, err);
  if (!status) *proof = q->proof;
  return status;
}

void rl_search_core(const rl_search *q, int8_t *used) {
  for (int k = 0; k < q->shared.net->neurons; k++) used[k] = (int8_t)q->shared.used[k];
}
