/* L3: settling and splitting nodes (see worker.h). */
#include "search/worker.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "encode/gradient.h"
#include "search/exact.h"

struct rl_worker {
  rl_shared *shared;
  rl_search_stats stats; /* since the last rl_worker_report */
  uint8_t *used;         /* neurons whose pattern sign some node needed, since then */
  double lower;          /* the shared best value and whether there is one, as last seen */
  int have_witness;
  rl_forward *forward;
  rl_dual *dual;
  rl_relax *relax;
  rl_gradient *gradient;
  rl_witness *witness;
  uint8_t *needed;   /* neurons */
  double *clause_up; /* clauses */
  double *lambda;    /* rows of the longest clause */
  double *x;         /* n */
  double *smear;     /* n: reach of the worst clause's gradient */
  double *worst_lambda; /* row weights of the worst clause */
  int worst_clause;
  rl_node *probe;    /* scratch: a cell around one activation pattern */
  uint8_t *probe_needed;
  int8_t *pattern;   /* neurons: activation pattern of the LP's solution */
  int have_pattern;  /* of the present node */
  double *weight;    /* neurons: |coefficient| of the activations there */
  double lp_asked, lp_won; /* decayed counts: does the LP pay? */
};

/* Up to FEW_INPUTS inputs boxes are halved, as long as more than FEW_NEURONS are undecided of more than SMALL_NETWORK.
 * PROBE_EVERY, TIGHTEN_EVERY: depths between looks for a witness in a linear region, and between LPs for neuron
 * ranges (with more inputs). */
enum { FEW_INPUTS = 24, FEW_NEURONS = 12, SMALL_NETWORK = 16, PROBE_EVERY = 6, TIGHTEN_EVERY = 3 };

/* ---- nodes ------------------------------------------------------------------- */

size_t rl_node_bytes(const rl_shared *s) {
  size_t n = (size_t)s->net->sizes[0], neurons = (size_t)s->net->neurons;
  return sizeof(rl_node) + (2 * n + 2 * neurons) * sizeof(double) + neurons + (size_t)s->target->clauses +
         rl_relax_basis_bytes(s->net, s->domain);
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

void rl_node_release(rl_node *node) { rl_free(node); }

static rl_node *copy_node(const rl_shared *s, const rl_node *from) {
  rl_node *node = rl_node_create(s);
  if (!node) return NULL;
  memcpy(node->lo, from->lo, rl_node_bytes(s) - sizeof *node);
  node->upper = from->upper;
  node->depth = from->depth + 1;
  node->undecided = from->undecided;
  node->stalled = from->stalled;
  node->tightened = node->depth % TIGHTEN_EVERY == 0 && s->net->sizes[0] > FEW_INPUTS ? -1 : from->tightened;
  node->have_basis = from->have_basis;
  node->clause = from->clause;
  return node;
}

/* ---- worker --------------------------------------------------------------------- */

static int longest_clause(const rl_property *target) {
  int rows = 0;
  for (int k = 0; k < target->clauses; k++)
    if (target->first[k + 1] - target->first[k] > rows) rows = target->first[k + 1] - target->first[k];
  return rows;
}

rl_status rl_worker_create(rl_worker **out, rl_shared *s, rl_error *err) {
  rl_worker *w = rl_alloc(1, sizeof *w);
  if (!w) return rl_fail_memory(err);
  size_t n = (size_t)s->net->sizes[0], neurons = (size_t)s->net->neurons;
  w->shared = s;
  w->lower = -INFINITY;
  w->used = rl_alloc(neurons, 1);
  w->needed = rl_alloc(neurons, 1);
  w->clause_up = rl_alloc((size_t)s->target->clauses, sizeof(double));
  w->lambda = rl_alloc((size_t)longest_clause(s->target), sizeof(double));
  w->probe = rl_node_create(s);
  w->probe_needed = rl_alloc(neurons, 1);
  w->pattern = rl_alloc(neurons, 1);
  w->x = rl_alloc(n, sizeof(double));
  w->worst_lambda = rl_alloc((size_t)longest_clause(s->target), sizeof(double));
  w->smear = rl_alloc(n, sizeof(double));
  w->weight = rl_alloc(neurons, sizeof(double));
  rl_status status = RL_OK;
  if (!w->used || !w->needed || !w->clause_up || !w->lambda || !w->x || !w->smear || !w->probe || !w->probe_needed || !w->pattern || !w->worst_lambda || !w->weight) status = rl_fail_memory(err);
  if (!status) status = rl_forward_create(&w->forward, s->net, err);
  if (!status) status = rl_dual_create(&w->dual, s->net, s->domain, err);
  if (!status) status = rl_relax_create(&w->relax, s->net, s->domain, err);
  if (!status) status = rl_gradient_create(&w->gradient, s->net, err);
  if (!status) status = rl_witness_create(&w->witness, s->net, s->domain, s->signs, s->target, err);
  if (status) {
    rl_worker_release(w);
    return status;
  }
  *out = w;
  return RL_OK;
}

void rl_worker_release(rl_worker *w) {
  if (!w) return;
  rl_forward_release(w->forward);
  rl_dual_release(w->dual);
  rl_relax_release(w->relax);
  rl_gradient_release(w->gradient);
  rl_witness_release(w->witness);
  rl_free(w->used);
  rl_free(w->needed);
  rl_free(w->clause_up);
  rl_free(w->lambda);
  rl_free(w->x);
  rl_free(w->smear);
  rl_node_release(w->probe);
  rl_free(w->probe_needed);
  rl_free(w->pattern);
  rl_free(w->worst_lambda);
  rl_free(w->weight);
  rl_free(w);
}

/* ---- thresholds and witnesses ----------------------------------------------------- */

/* Is a clause (or node) with this upper bound closed? */
static int closed(const rl_worker *w, double upper) {
  switch (w->shared->mode) {
  case RL_FIND: return upper < 0;
  case RL_FIND_STRICT: return upper <= 0;
  default: return w->have_witness && upper <= w->lower + w->shared->options.gap * fmax(1, fabs(w->lower));
  }
}

/* Does a confirmed value settle the question (decide) or improve the best (maximize)? */
static int found(const rl_worker *w, double lower) {
  rl_mode mode = w->shared->mode;
  return mode == RL_FIND ? lower >= 0 : mode == RL_FIND_STRICT ? lower > 0 : lower > w->lower;
}

/* See what the other workers have found; call with the lock held. */
static void look_up(rl_worker *w) {
  w->lower = w->shared->lower;
  w->have_witness = w->shared->have_witness;
}

static void keep_witness(rl_worker *w, const double *x, double lower) {
  rl_shared *s = w->shared;
  pthread_mutex_lock(&s->lock);
  if (!s->have_witness || lower > s->lower) {
    memcpy(s->witness, x, (size_t)s->net->sizes[0] * sizeof *x);
    s->lower = lower;
    s->have_witness = 1;
  }
  look_up(w);
  pthread_mutex_unlock(&s->lock);
}

/* Is the search over because a counterexample is known? */
static int finished(const rl_worker *w) { return w->shared->mode != RL_MAXIMIZE && w->have_witness; }

/* Try x as a witness. */
static void try_witness(rl_worker *w, const double *x, int exact) {
  double lo = 0, hi = 0, value = rl_witness_value(w->witness, x), slack = exact ? 1e-9 * (1 + fabs(value)) : 0;
  w->stats.evaluations++;
  if (!found(w, value + slack)) return;
  if (rl_witness_confirm(w->witness, x, exact, &lo, &hi) && found(w, lo)) keep_witness(w, x, lo);
}

/* ---- bounds --------------------------------------------------------------------- */

static rl_cell cell_of(const rl_node *node) { return (rl_cell){node->lo, node->hi, node->signs, node->l, node->u}; }

static int clause_rows(const rl_shared *s, int clause) { return s->target->first[clause + 1] - s->target->first[clause]; }

/* Close a clause if its bound allows; 1 if it did. */
static int close_clause(rl_worker *w, rl_node *node, int clause) {
  rl_shared *s = w->shared;
  if (!closed(w, w->clause_up[clause])) return 0;
  node->open[clause] = 0;
  pthread_mutex_lock(&s->lock);
  s->settled_upper = fmax(s->settled_upper, w->clause_up[clause]);
  pthread_mutex_unlock(&s->lock);
  return 1;
}

/* One step of ascent on slopes and row weights along the relaxation at the bound's corner. */
static void improve(rl_worker *w, const rl_cell *cell, int clause, double step) {
  rl_shared *s = w->shared;
  rl_dual *d = w->dual;
  rl_dual_relaxed(d, cell);
  for (int k = 0; k < s->net->neurons; k++) {
    if (d->v[k] >= 0 || rl_neuron_sign(cell->signs[k], cell->l[k], cell->u[k]) != RL_FREE) continue;
    double move = d->z[k] / (d->z[k] > 0 ? cell->u[k] : -cell->l[k]);
    d->alpha[k] = fmin(1, fmax(0, d->alpha[k] + step * move));
  }
  int rows = clause_rows(s, clause), first = s->target->first[clause];
  if (rows == 1) return;
  double total = 0, least = INFINITY, most = -INFINITY;
  for (int pass = 0; pass < 2; pass++)
    for (int r = 0; r < rows; r++) {
      double value = s->target->d[first + r];
      const double *c = s->target->c + (size_t)(first + r) * (size_t)s->target->m;
      const double *a = s->target->a ? s->target->a + (size_t)(first + r) * (size_t)s->target->n : NULL;
      for (int j = 0; j < s->target->m; j++) value += c[j] * d->y[j];
      for (int j = 0; a && j < s->target->n; j++) value += a[j] * d->x[j];
      if (pass == 0) {
        least = fmin(least, value);
        most = fmax(most, value);
      } else {
        w->lambda[r] *= exp(-3 * step * (value - least) / fmax(most - least, DBL_MIN));
        total += w->lambda[r];
      }
    }
  for (int r = 0; r < rows; r++) w->lambda[r] /= total;
}

static double bound_clause(rl_worker *w, const rl_cell *cell, int clause) {
  return rl_dual_bound(w->dual, cell, w->shared->target, clause, 0,
                       clause_rows(w->shared, clause) > 1 ? w->lambda : NULL);
}

/* Remember what the branching rules want to know of the bound just computed. */
static void remember(rl_worker *w, int clause) {
  w->worst_clause = clause;
  memcpy(w->worst_lambda, w->lambda, (size_t)clause_rows(w->shared, clause) * sizeof *w->lambda);
  for (int k = 0; k < w->shared->net->neurons; k++) w->weight[k] = fabs(w->dual->v[k]);
}

/* Bound every open clause; returns the largest bound left open (-inf: all closed). */
static double bound_by_slopes(rl_worker *w, rl_node *node, int constrained) {
  rl_shared *s = w->shared;
  rl_cell cell = cell_of(node);
  double worst = -INFINITY;
  for (int k = 0; k < s->target->clauses; k++) {
    if (!node->open[k]) continue;
    double best = INFINITY, step = 1;
    for (int r = 0; r < clause_rows(s, k); r++) w->lambda[r] = 1.0 / clause_rows(s, k);
    rl_dual_reset(w->dual, &cell, 1);
    for (int i = 0; i <= (int)s->options.slope_steps; i++, step *= 0.75) {
      double upper = bound_clause(w, &cell, k), before = best;
      best = fmin(best, upper);
      if (closed(w, best) || (i > 2 && upper > before)) break;
      if (i < (int)s->options.slope_steps) improve(w, &cell, k, step);
    }
    if (!constrained) try_witness(w, w->dual->x, 0);
    w->clause_up[k] = best;
    if (close_clause(w, node, k) || best <= worst) continue;
    worst = best;
    remember(w, k);
  }
  return worst;
}

static rl_status count_lp(rl_worker *w, rl_lp_result *result, rl_error *err) {
  long pivots = rl_lp_pivots(rl_relax_lp(w->relax)), retries = rl_lp_retries(rl_relax_lp(w->relax));
  rl_status status = rl_relax_solve(w->relax, result, err);
  w->stats.lps++;
  w->stats.pivots += (double)(rl_lp_pivots(rl_relax_lp(w->relax)) - pivots);
  w->stats.retries += (double)(rl_lp_retries(rl_relax_lp(w->relax)) - retries);
  if (status == RL_ENUMERIC) {
    *result = RL_LP_TROUBLE;
    status = RL_OK;
  }
  return status;
}

/* Bound open clauses by the LP relaxation.  *empty: the node's set is empty. */
static rl_status bound_by_lp(rl_worker *w, rl_node *node, int wait, double *worst, int *empty, rl_error *err) {
  rl_shared *s = w->shared;
  rl_cell cell = cell_of(node);
  rl_status status = rl_relax_build(w->relax, &cell, w->needed, s->net->layers - 1, err);
  if (!status && node->have_basis) rl_relax_start_basis(w->relax, node->basis);
  int first = node->depth > 0 && node->open[node->clause] ? node->clause : w->worst_clause;
  int stuck = 0;
  *empty = 0;
  for (int i = 0; i < s->target->clauses && !status; i++) {
    /* the worst clause first; where it stays open and signs are left to split, the others wait */
    int k = (first + i) % s->target->clauses;
    rl_lp_result result = RL_LP_TROUBLE;
    if (!node->open[k] || (stuck && wait)) continue;
    status = rl_relax_goal(w->relax, &cell, s->target, k, err);
    if (!status) status = count_lp(w, &result, err);
    if (status) break;
    if (result == RL_LP_OPTIMAL || result == RL_LP_INFEASIBLE) {
      rl_relax_multipliers(w->relax, &cell, result == RL_LP_OPTIMAL, w->dual, w->lambda);
      double total = 0;
      for (int r = 0; r < clause_rows(s, k); r++) total += w->lambda[r];
      if (result == RL_LP_INFEASIBLE || total == 0) {
        if (rl_dual_bound_empty(w->dual, &cell) < 0) {
          *empty = 1;
          return RL_OK;
        }
      }
      if (total > 0) w->clause_up[k] = fmin(w->clause_up[k], bound_clause(w, &cell, k));
      if (result == RL_LP_OPTIMAL) {
        if (!stuck) rl_relax_save_basis(w->relax, node->basis); /* the last one saved is the stuck clause's */
        node->have_basis = 1;
        rl_relax_point(w->relax, &cell, w->x);
        try_witness(w, w->x, 0);
        if (finished(w)) return RL_OK;
        if (!w->have_pattern) w->have_pattern = rl_network_pattern(s->net, w->x, w->pattern, NULL) == RL_OK;
      }
    }
    if (close_clause(w, node, k)) continue;
    if (!stuck) {
      remember(w, k);
      node->clause = k;
    }
    stuck = 1;
  }
  *worst = -INFINITY;
  for (int k = 0; k < s->target->clauses; k++)
    if (node->open[k]) *worst = fmax(*worst, w->clause_up[k]);
  return status;
}

/* Look for a witness where the network is affine: the LP over the cell of x's own activation pattern, for the
 * worst clause.  (A primal heuristic: the relaxation's solution rounded to a linear region.) */
static rl_status probe_pattern(rl_worker *w, const rl_node *node, rl_error *err) {
  rl_shared *s = w->shared;
  rl_node *probe = w->probe;
  rl_lp_result result = RL_LP_TROUBLE;
  memcpy(probe->lo, node->lo, rl_node_bytes(s) - sizeof *node);
  for (int k = 0; k < s->net->neurons; k++)
    if (rl_neuron_sign(node->signs[k], node->l[k], node->u[k]) == RL_FREE) probe->signs[k] = w->pattern[k];
  if (!rl_forward_run(w->forward, probe->lo, probe->hi, probe->signs, probe->l, probe->u, w->probe_needed))
    return RL_OK;
  rl_cell cell = cell_of(probe);
  rl_status status = rl_relax_build(w->relax, &cell, w->probe_needed, s->net->layers - 1, err);
  if (!status && node->have_basis) rl_relax_start_basis(w->relax, node->basis);
  if (!status) status = rl_relax_goal(w->relax, &cell, s->target, w->worst_clause, err);
  if (!status) status = count_lp(w, &result, err);
  if (status || result != RL_LP_OPTIMAL) return status;
  rl_relax_point(w->relax, &cell, w->x);
  try_witness(w, w->x, 0);
  return RL_OK;
}

/* ---- tightening ----------------------------------------------------------------- */

/* LPs asked before the search gives others a turn. */
enum { BATCH = 16 };

/* Ask the LP for one end of a pre-activation's range; the dual bound judges. */
static rl_status tighten_end(rl_worker *w, rl_node *node, int layer, int k, double side, rl_error *err) {
  rl_cell cell = cell_of(node);
  rl_lp_result result = RL_LP_TROUBLE;
  int index = k - w->shared->net->offsets[layer];
  rl_status status = rl_relax_goal_neuron(w->relax, index, side, err);
  if (!status) status = count_lp(w, &result, err);
  if (status || result != RL_LP_OPTIMAL) return status;
  rl_relax_multipliers(w->relax, &cell, 1, w->dual, w->lambda);
  double bound = rl_dual_bound_neuron(w->dual, &cell, layer, index, side);
  if (side > 0)
    node->u[k] = fmin(node->u[k], bound);
  else
    node->l[k] = fmax(node->l[k], -bound);
  return RL_OK;
}

/* Where signs are imposed, forward bounds see the box but not the polytope that the signs cut from it.  So at the
 * root, and in high dimension below it now and then, the next undecided neurons of one layer get their bounds from
 * LPs over the layers before.  node->tightened goes on; a crossed pair of bounds is left for the forward bounds to see. */
static rl_status tighten(rl_worker *w, rl_node *node, rl_error *err) {
  rl_shared *s = w->shared;
  int k = node->tightened < 0 ? 0 : node->tightened, layer = 0, asked = 0;
  while (k < s->net->neurons && rl_neuron_sign(node->signs[k], node->l[k], node->u[k]) != RL_FREE) k++;
  while (layer + 2 < s->net->layers && k >= s->net->offsets[layer + 1]) layer++;
  rl_cell cell = cell_of(node);
  rl_status status = RL_OK;
  if (k < s->net->neurons) status = rl_relax_build(w->relax, &cell, w->needed, layer, err);
  int end = s->net->offsets[layer] + s->net->sizes[layer + 1];
  for (; k < s->net->neurons && k < end && asked < BATCH && !status; k++) {
    if (rl_neuron_sign(node->signs[k], node->l[k], node->u[k]) != RL_FREE) continue;
    status = tighten_end(w, node, layer, k, 1, err);
    if (!status && node->u[k] > 0) status = tighten_end(w, node, layer, k, -1, err);
    asked += 2;
  }
  node->tightened = k;
  return status;
}

/* Go on tightening the root: it becomes its own only child. */
static rl_status tighten_on(rl_worker *w, rl_node *node, rl_node *children[2], int *count, rl_error *err) {
  rl_status status = tighten(w, node, err);
  if (status) return status;
  children[0] = copy_node(w->shared, node);
  if (!children[0]) return rl_fail_memory(err);
  children[0]->depth = node->depth;
  children[0]->tightened = node->tightened;
  children[0]->have_basis = 0;
  *count = 1;
  return RL_OK;
}

/* ---- leaves ----------------------------------------------------------------------- */

/* Rational pivots over more inputs than this take too long to be of use. */
enum { EXACT_INPUTS = 64 };

/* Every sign is decided: settle the open clauses in rational arithmetic. */
static rl_status settle_exactly(rl_worker *w, rl_node *node, rl_error *err) {
  rl_shared *s = w->shared;
  if (s->net->sizes[0] > EXACT_INPUTS) return RL_OK;
  if (w->have_pattern) try_witness(w, w->x, 1); /* the LP's solution: inside, where a vertex need not be of doubles */
  int8_t *signs = rl_alloc((size_t)s->net->neurons, 1);
  if (!signs) return rl_fail_memory(err);
  for (int k = 0; k < s->net->neurons; k++) signs[k] = (int8_t)rl_neuron_sign(node->signs[k], node->l[k], node->u[k]);
  rl_status status = RL_OK;
  for (int k = 0; k < s->target->clauses && !status && !finished(w); k++) {
    rl_exact_result result = RL_EXACT_GAVE_UP;
    int sign = 0, exact = 0;
    double value = 0;
    if (!node->open[k]) continue;
    status = rl_exact_leaf(s->net, s->domain, node->lo, node->hi, signs, w->needed, s->target, k, NULL, 20000, &result,
                           &sign, &value, w->x, &exact, err);
    if (status) break;
    w->stats.exact++;
    if (result == RL_EXACT_EMPTY) {
      memset(node->open, 0, (size_t)s->target->clauses);
      break;
    }
    if (result == RL_EXACT_GAVE_UP) continue;
    try_witness(w, w->x, 1);
    if (s->mode == RL_MAXIMIZE && (!w->have_witness || nextafter(value, -INFINITY) > w->lower))
      keep_witness(w, w->x, nextafter(value, -INFINITY));
    w->clause_up[k] = s->mode != RL_MAXIMIZE && sign <= 0 ? fmin(sign, value) : value;
    close_clause(w, node, k);
  }
  rl_free(signs);
  return status;
}

/* A leaf that stays open: its bound limits what can be claimed. */
static void give_up(rl_worker *w, const rl_node *node) {
  rl_shared *s = w->shared;
  pthread_mutex_lock(&s->lock);
  s->unsettled++;
  for (int k = 0; k < s->target->clauses; k++)
    if (node->open[k]) s->unsettled_upper = fmax(s->unsettled_upper, w->clause_up[k]);
  pthread_mutex_unlock(&s->lock);
}

/* ---- splitting ---------------------------------------------------------------------- */

/* Undecided neuron whose relaxation error weighs most in the worst clause's bound. */
static int choose_neuron(const rl_worker *w, const rl_node *node) {
  int best = -1;
  double best_score = -1;
  for (int k = 0; k < w->shared->net->neurons; k++) {
    double l = node->l[k], u = node->u[k];
    if (rl_neuron_sign(node->signs[k], l, u) != RL_FREE) continue;
    double score = w->weight[k] * (u * -l / (u - l)) + 1e-12 * (u - l);
    if (score > best_score) {
      best_score = score;
      best = k;
    }
  }
  return best;
}

/* Input whose interval contributes most to the worst clause's bound; -1 where no interval can be cut. */
static int choose_input(rl_worker *w, const rl_node *node) {
  rl_cell cell = cell_of(node);
  int best = -1;
  double best_score = 0;
  rl_gradient_reach(w->gradient, &cell, w->shared->target, w->worst_clause, w->worst_lambda, w->smear);
  for (int j = 0; j < w->shared->net->sizes[0]; j++) {
    double width = node->hi[j] - node->lo[j], middle = 0.5 * node->lo[j] + 0.5 * node->hi[j];
    if (!(middle > node->lo[j] && middle < node->hi[j])) continue;
    double whole = w->shared->domain->hi[j] - w->shared->domain->lo[j];
    if (width < 1e-9 * whole) continue;
    double score = (w->smear[j] + 1e-300) * width;
    if (score > best_score) {
      best_score = score;
      best = j;
    }
  }
  return best;
}

static int count_undecided(const rl_worker *w, const rl_node *node) {
  int undecided = 0;
  for (int k = 0; k < w->shared->net->neurons; k++)
    undecided += rl_neuron_sign(node->signs[k], node->l[k], node->u[k]) == RL_FREE;
  return undecided;
}

/* Cut an input's interval rather than a neuron's range?  Where the goal is (nearly) tight at a kink, halving
 * boxes decides no neuron and would go on for ever: then neurons are split. */
static int prefer_input(const rl_worker *w, rl_node *node, int undecided) {
  int n = w->shared->net->sizes[0];
  node->stalled = node->depth == 0 || undecided < node->undecided ? 0 : node->stalled + 1;
  node->undecided = undecided;
  return n <= FEW_INPUTS && w->shared->net->neurons > SMALL_NETWORK && undecided > FEW_NEURONS &&
         node->stalled <= 4 * n;
}

static rl_status split(rl_worker *w, rl_node *node, int undecided, rl_node *children[2], int *count, rl_error *err) {
  rl_shared *s = w->shared;
  int input = prefer_input(w, node, undecided) ? choose_input(w, node) : -1;
  children[0] = copy_node(s, node);
  children[1] = copy_node(s, node);
  if (!children[0] || !children[1]) {
    rl_node_release(children[0]);
    rl_node_release(children[1]);
    return rl_fail_memory(err);
  }
  *count = 2;
  if (input >= 0) {
    double middle = 0.5 * node->lo[input] + 0.5 * node->hi[input];
    int upper_first = w->dual->wx[input] > 0;
    children[upper_first ? 1 : 0]->hi[input] = middle;
    children[upper_first ? 0 : 1]->lo[input] = middle;
    w->stats.input_splits++;
  } else {
    int k = choose_neuron(w, node);
    /* first the sign that the neuron has where the LP's solution lies */
    int8_t first = w->have_pattern ? w->pattern[k] : RL_ON;
    children[0]->signs[k] = first;
    children[1]->signs[k] = first == RL_ON ? RL_OFF : RL_ON;
    w->stats.neuron_splits++;
  }
  return RL_OK;
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
  if (undecided == 0 || w->shared->net->sizes[0] > FEW_INPUTS || undecided <= FEW_NEURONS) return 1;
  if (undecided > (int)w->shared->options.lp_columns) return 0;
  return constrained || w->lp_asked < 8 || w->lp_won > 0.1 * w->lp_asked ||
         (long)w->stats.nodes % 32 == 0;
}

rl_status rl_worker_process(rl_worker *w, rl_node *node, rl_node *children[2], int *count, rl_error *err) {
  rl_shared *s = w->shared;
  *count = 0;
  w->have_pattern = 0;
  w->stats.nodes++;
  if (!rl_forward_run(w->forward, node->lo, node->hi, node->signs, node->l, node->u, w->needed)) {
    note_used(w);
    return RL_OK;
  }
  note_used(w);
  if (node->tightened >= 0 && node->tightened < s->net->neurons) return tighten_on(w, node, children, count, err);
  int constrained = is_constrained(w), undecided = count_undecided(w, node);
  for (int k = 0; k < s->target->clauses; k++) w->clause_up[k] = INFINITY;
  double worst = bound_by_slopes(w, node, constrained);
  if (worst == -INFINITY || finished(w)) return RL_OK;
  if (lp_pays(w, undecided, constrained)) {
    int empty = 0;
    rl_status status = bound_by_lp(w, node, undecided > 0 && node->depth > 0, &worst, &empty, err);
    w->lp_asked = 0.95 * w->lp_asked + 1;
    w->lp_won = 0.95 * w->lp_won + (empty || worst == -INFINITY);
    if (status || empty || worst == -INFINITY || finished(w)) return status;
    if (undecided > 0 && w->have_pattern && node->depth % PROBE_EVERY == 0) status = probe_pattern(w, node, err);
    if (status || finished(w)) return status;
    if (node->tightened < 0 && constrained && undecided > FEW_NEURONS / 2)
      return tighten_on(w, node, children, count, err);
  }
  node->tightened = s->net->neurons;
  if (undecided == 0) {
    rl_status status = settle_exactly(w, node, err);
    if (!status && !finished(w) && memchr(node->open, 1, (size_t)s->target->clauses)) give_up(w, node);
    return status;
  }
  node->upper = fmin(node->upper, worst);
  return split(w, node, undecided, children, count, err);
}

void rl_worker_report(rl_worker *w) {
  rl_shared *s = w->shared;
  rl_search_stats_add(&s->stats, &w->stats);
  w->stats = (rl_search_stats){0};
  for (int k = 0; k < s->net->neurons; k++) s->used[k] |= w->used[k];
  memset(w->used, 0, (size_t)s->net->neurons);
  look_up(w);
}

/* ---- sampling ------------------------------------------------------------------------------ */

static double random_unit(uint64_t *state) {
  *state += 0x9E3779B97F4A7C15u; /* splitmix64 */
  uint64_t z = *state;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return (double)((z ^ (z >> 31)) >> 11) * 0x1p-53;
}

void rl_worker_sample(rl_worker *w, const rl_node *root) {
  rl_shared *s = w->shared;
  int n = s->net->sizes[0];
  uint64_t state = (uint64_t)s->options.seed;
  for (int i = 0; i < 64 && !finished(w); i++) {
    for (int j = 0; j < n; j++) {
      double t = i == 0 ? 0.5 : random_unit(&state);
      if (i % 2) t = t < 0.5 ? 0 : 1;
      w->x[j] = fmin(fmax(root->lo[j] + t * (root->hi[j] - root->lo[j]), root->lo[j]), root->hi[j]);
    }
    try_witness(w, w->x, 0);
  }
}
