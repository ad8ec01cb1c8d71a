/* L3: bounds of a node's clauses and of its neurons (see worker.h). */
#include <float.h>
#include <math.h>
#include <string.h>

#include "decide/worker_state.h"

/* Is a clause (or node) with this upper bound closed? */
int rl_worker_closed(const rl_worker *w, double upper) {
  switch (w->shared->mode) {
  case RL_FIND:
    return upper < 0;
  case RL_FIND_STRICT:
    return upper <= 0;
  default:
    return upper <= rl_within_gap(w->shared, w->reached);
  }
}

/* ---- bounds --------------------------------------------------------------------- */

/* Close a clause if its bound allows; 1 if it did. */
int rl_worker_close(rl_worker *w, rl_node *node, int clause) {
  rl_shared *s = w->shared;
  if (!rl_worker_closed(w, w->clause_up[clause])) return 0;
  node->open[clause] = 0;
  pthread_mutex_lock(&s->lock);
  s->settled_upper = fmax(s->settled_upper, w->clause_up[clause]);
  pthread_mutex_unlock(&s->lock);
  return 1;
}

/* Put a bound on record by the multipliers kept: where it closes the clause, or (maximize) may close a node below. */
static void record_bound(rl_worker *w, const rl_node *node, int clause, double upper) {
  rl_cell cell = rl_node_cell(node);
  if (isfinite(upper) && (w->shared->mode == RL_MAXIMIZE || rl_worker_closed(w, upper)))
    rl_record_bound(w->recorder, &cell, clause, upper, RL_SLOPES_GIVEN);
}

/* One step of ascent on slopes and row weights along the relaxation at the bound's corner. */
static void improve(rl_worker *w, const rl_cell *cell, int clause, double step) {
  rl_shared *s = w->shared;
  rl_dual *d = w->dual;
  rl_dual_relaxed(d, cell);
  for (int i = 0; i < w->undecided_count; i++) {
    int k = w->undecided[i];
    if (d->v[k] >= 0) continue;
    double move = d->z[k] / (d->z[k] > 0 ? cell->u[k] : -cell->l[k]);
    d->alpha[k] = fmin(1, fmax(0, d->alpha[k] + step * move));
  }
  int rows = rl_property_rows(s->target, clause), first = s->target->first[clause];
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
                       rl_property_rows(w->shared->target, clause) > 1 ? w->lambda : NULL);
}

/* Remember what the branching rules want to know of the bound just computed. */
static void remember(rl_worker *w, int clause) {
  w->worst_clause = clause;
  for (int i = 0; i < w->undecided_count; i++) w->weight[w->undecided[i]] = fabs(w->dual->v[w->undecided[i]]);
  memcpy(w->worst_x, w->dual->x, (size_t)w->shared->net->sizes[0] * sizeof *w->worst_x);
  memcpy(w->worst_wx, w->dual->wx, (size_t)w->shared->net->sizes[0] * sizeof *w->worst_wx);
}

/* Steps shrink by a quarter, so that what is left to gain is a few times the last gain. */
static const double hope = 8;

/* Bound every open clause; returns the largest bound left open (-inf: all closed). */
double rl_worker_bound_by_slopes(rl_worker *w, rl_node *node, int steps, int constrained) {
  rl_shared *s = w->shared;
  rl_cell cell = rl_node_cell(node);
  double worst = -INFINITY;
  for (int k = 0; k < s->target->clauses; k++) {
    if (!node->open[k]) continue;
    double best = INFINITY, step = 1;
    for (int r = 0; r < rl_property_rows(s->target, k); r++) w->lambda[r] = 1.0 / rl_property_rows(s->target, k);
    rl_dual_reset(w->dual, &cell, 1);
    for (int i = 0; i <= steps; i++, step *= 0.75) {
      double upper = bound_clause(w, &cell, k), before = best;
      if (w->recorder && upper < best) rl_dual_keep(w->dual, w->lambda, rl_property_rows(s->target, k));
      best = fmin(best, upper);
      if (rl_worker_closed(w, best) || (i > 2 && upper > before)) break;
      if (i > 2 && best - rl_worker_enough(w) > hope * (before - best)) break;
      if (i < steps) improve(w, &cell, k, step);
    }
    if (w->recorder) record_bound(w, node, k, best);
    w->clause_up[k] = best;
    if (rl_worker_close(w, node, k) || best <= worst) continue;
    worst = best;
    remember(w, k);
  }
  if (!constrained && worst > -INFINITY) rl_worker_try(w, w->worst_x, 0);
  return worst;
}

/* A bound below this closes a clause. */
double rl_worker_enough(const rl_worker *w) {
  if (w->shared->mode != RL_MAXIMIZE) return 0;
  return rl_within_gap(w->shared, w->reached);
}

double rl_worker_threshold(const rl_worker *w) {
  if (w->shared->mode != RL_MAXIMIZE) return 0;
  return w->reached;
}

/* Solve for the goal set; what the LPs cost is counted. */
rl_status rl_worker_solve(rl_worker *w, const rl_cell *cell, double below, int rounds, rl_relax_answer *answer,
                          rl_error *err) {
  const rl_lp *lp = rl_relax_lp(w->relax);
  long solves = rl_lp_solves(lp), pivots = rl_lp_pivots(lp), retries = rl_lp_retries(lp);
  rl_status status = rl_relax_maximize(w->relax, cell, w->dual, w->lambda, below, rounds, answer, err);
  w->stats.lps += (double)(rl_lp_solves(lp) - solves);
  w->stats.pivots += (double)(rl_lp_pivots(lp) - pivots);
  w->stats.retries += (double)(rl_lp_retries(lp) - retries);
  return status;
}

/* Points looked for near the LP's solution: at leaves, elsewhere. */
enum { LEAF_TRIES = 8, FEW_TRIES = 1 };

/* Take the LP's bound over. */
static void take_answer(rl_worker *w, const rl_node *node, int k, const rl_relax_answer *answer) {
  rl_cell cell = rl_node_cell(node);
  if (w->recorder && answer->empty) rl_record_empty(w->recorder, &cell);
  if (w->recorder && answer->upper < w->clause_up[k]) record_bound(w, node, k, answer->upper);
  w->clause_up[k] = fmin(w->clause_up[k], answer->upper);
}

/* Points near the LP's solution: at leaves the cuts met on the way make the bound better; elsewhere it is a hunt. */
static rl_status try_solution(rl_worker *w, const rl_cell *cell, int leaf, rl_relax_answer *answer, int *tried,
                              rl_error *err) {
  double below = rl_worker_enough(w);
  *tried = 1;
  if (leaf) return rl_worker_try_solution(w, cell, below, LEAF_TRIES, answer, err);
  rl_worker_hunt_begin(w);
  *tried = rl_worker_may_hunt(w, rl_relax_point_work(w->relax));
  rl_status status = *tried ? rl_worker_try_solution(w, cell, below, FEW_TRIES, answer, err) : RL_OK;
  rl_worker_hunt_end(w);
  return status;
}

/* Bound one clause by the LP. */
static rl_status bound_one_by_lp(rl_worker *w, rl_node *node, int k, int leaf, int first, int *empty, rl_error *err) {
  rl_cell cell = rl_node_cell(node);
  rl_relax_answer answer = {.result = RL_LP_TROUBLE, .upper = INFINITY};
  int rounds = leaf ? 4 * RL_RELAX_ROUNDS : RL_RELAX_ROUNDS;
  rl_status status = rl_relax_goal(w->relax, &cell, k, err);
  if (!status) status = rl_worker_solve(w, &cell, rl_worker_enough(w), rounds, &answer, err);
  if (status) return status;
  take_answer(w, node, k, &answer);
  if (answer.result == RL_LP_OPTIMAL && !answer.empty && !rl_worker_closed(w, w->clause_up[k])) {
    if (first) {
      rl_relax_save_basis(w->relax, node->basis); /* the last one saved is the stuck clause's */
      remember(w, k);
      node->have_basis = 1;
      node->clause = k;
    }
    int tried = 0;
    status = try_solution(w, &cell, leaf, &answer, &tried, err);
    if (status) return status;
    take_answer(w, node, k, &answer);
    if (tried && !w->have_pattern && !rl_worker_finished(w))
      w->have_pattern = rl_network_pattern(w->shared->net, w->x, w->pattern, NULL) == RL_OK;
  }
  *empty = answer.empty;
  return RL_OK;
}

/* Bound open clauses by the LP relaxation.  *empty: the node's set is empty. */
rl_status rl_worker_bound_by_lp(rl_worker *w, rl_node *node, int leaf, int whole, double *worst, int *empty,
                                rl_error *err) {
  rl_shared *s = w->shared;
  rl_cell cell = rl_node_cell(node);
  rl_status status = rl_relax_build(w->relax, &cell, w->needed, s->net->layers - 1, whole, err);
  if (!status && node->have_basis && !whole) rl_relax_start_basis(w->relax, node->basis);
  int first = node->depth > 0 && node->open[node->clause] ? node->clause : w->worst_clause;
  int stuck = 0;
  *empty = 0;
  for (int i = 0; i < s->target->clauses && !status && !rl_worker_finished(w); i++) {
    /* the worst clause first; where it stays open and signs are left to split, the others wait */
    int k = (first + i) % s->target->clauses;
    if (!node->open[k] || (stuck && !leaf && node->depth > 0)) continue;
    status = bound_one_by_lp(w, node, k, leaf, !stuck, empty, err);
    if (status || *empty) return status;
    stuck |= !rl_worker_close(w, node, k);
  }
  *worst = -INFINITY;
  for (int k = 0; k < s->target->clauses; k++)
    if (node->open[k]) *worst = fmax(*worst, w->clause_up[k]);
  return status;
}

/* ---- tightening ----------------------------------------------------------------- */

/* LPs asked before the search gives others a turn. */
enum { BATCH = 16 };

/* Layers behind the first open one for whose ranges LPs are asked: farther ones gain little, but for the root's
 * where their predecessors are decided. */
enum { AHEAD = 3 };

/* Ask the LP for one end of a pre-activation's range; the dual bound judges. */
static rl_status tighten_end(rl_worker *w, rl_node *node, int layer, int k, double side, rl_error *err) {
  rl_cell cell = rl_node_cell(node);
  rl_relax_answer answer = {.result = RL_LP_TROUBLE, .upper = INFINITY};
  int index = k - w->shared->net->offsets[layer];
  rl_status status = rl_relax_goal_neuron(w->relax, index, side, err);
  if (!status) status = rl_worker_solve(w, &cell, 0, RL_RELAX_ROUNDS / 2, &answer, err);
  if (status) return status;
  double end = side * answer.upper;
  if (w->recorder && answer.empty)
    rl_record_empty(w->recorder, &cell);
  else if (w->recorder && (side > 0 ? end < node->u[k] : end > node->l[k]))
    rl_record_range(w->recorder, &cell, k, side > 0, end, RL_SLOPES_GIVEN);
  if (answer.empty) /* bounds that contradict each other say so */
    node->u[k] = node->l[k] - 1;
  else if (side > 0)
    node->u[k] = fmin(node->u[k], end);
  else
    node->l[k] = fmax(node->l[k], end);
  return RL_OK;
}

/* The first hidden layer with an undecided neuron; there is one. */
static int first_open_layer(const rl_network *net, const rl_node *node) {
  int k = 0;
  while (rl_neuron_sign(node->signs[k], node->l[k], node->u[k]) != RL_FREE) k++;
  return rl_network_layer_of(net, k);
}

/* Are four of five neurons of a layer undecided? */
static int mostly_open(const rl_network *net, const rl_node *node, int layer) {
  int open = 0, size = net->sizes[layer + 1];
  for (int k = net->offsets[layer]; k < net->offsets[layer] + size; k++)
    open += rl_neuron_sign(node->signs[k], node->l[k], node->u[k]) == RL_FREE;
  return 5 * open > 4 * size;
}

/* Where signs are imposed, forward bounds see the box but not the polytope that the signs cut from it.  So at the
 * root, and in high dimension below it now and then, the next undecided neurons of one layer get their bounds from
 * LPs over the layers before.  node->tightened goes on; a crossed pair of bounds is left for the forward bounds to see.
 */
static rl_status tighten(rl_worker *w, rl_node *node, rl_error *err) {
  rl_shared *s = w->shared;
  int k = node->tightened < 0 ? 0 : node->tightened, layer = 0, asked = 0;
  while (k < s->net->neurons && rl_neuron_sign(node->signs[k], node->l[k], node->u[k]) != RL_FREE) k++;
  while (layer + 2 < s->net->layers && k >= s->net->offsets[layer + 1]) layer++;
  if (k < s->net->neurons && layer > first_open_layer(s->net, node) + AHEAD &&
      (node->depth > 0 || mostly_open(s->net, node, layer - 1)))
    k = s->net->neurons;
  rl_cell cell = rl_node_cell(node);
  rl_status status = RL_OK;
  if (k < s->net->neurons) status = rl_relax_build(w->relax, &cell, w->needed, layer, 0, err);
  int end = s->net->offsets[layer] + s->net->sizes[layer + 1];
  for (; k < s->net->neurons && k < end && asked < BATCH && !status; k++) {
    if (rl_neuron_sign(node->signs[k], node->l[k], node->u[k]) != RL_FREE) continue;
    status = tighten_end(w, node, layer, k, 1, err);
    if (!status && node->u[k] > 0 && node->l[k] <= node->u[k]) status = tighten_end(w, node, layer, k, -1, err);
    asked += 2;
    if (node->l[k] > node->u[k]) break;
  }
  node->tightened = k;
  return status;
}

/* Go on tightening the root: it becomes its own only child. */
rl_status rl_worker_tighten(rl_worker *w, rl_node *node, rl_node *children[2], int *count, rl_error *err) {
  rl_status status = tighten(w, node, err);
  if (rl_is_numeric(status)) { /* then without */
    node->tightened = w->shared->net->neurons;
    status = RL_OK;
  }
  if (status) return status;
  children[0] = rl_node_child(w->shared, node);
  if (!children[0]) return rl_fail_memory(err);
  children[0]->depth = node->depth;
  children[0]->tightened = node->tightened;
  children[0]->have_basis = 0;
  *count = 1;
  return RL_OK;
}
