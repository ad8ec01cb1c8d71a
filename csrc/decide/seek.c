/* L3: looking for witnesses (see worker.h).
 *
 * Cheap looks come before bounds: a few samples, short ascents.  Hunts, which may be dear (LPs, descents), come after,
 * where a node is still open, and their cost is held against that of bounds.  Both costs are counted in multiply-adds,
 * so that the course of a search does not depend on the clock. */
#include <math.h>
#include <string.h>

#include "core/random.h"
#include "decide/worker_state.h"

/* ---- thresholds and witnesses ----------------------------------------------------- */

/* Does a confirmed value settle the question (decide) or improve the best (maximize)? */
static int found(const rl_worker *w, double lower) {
  rl_mode mode = w->shared->mode;
  return mode == RL_FIND ? lower >= 0 : mode == RL_FIND_STRICT ? lower > 0 : lower > w->lower;
}

/* See what the other workers have found; call with the lock held. */
void rl_worker_look_up(rl_worker *w) {
  w->lower = w->shared->lower;
  w->reached = w->shared->reached;
  w->have_witness = w->shared->have_witness;
}

void rl_worker_keep(rl_worker *w, const double *x, double lower) {
  rl_shared *s = w->shared;
  pthread_mutex_lock(&s->lock);
  if (!s->have_witness || lower > s->lower) {
    memcpy(s->witness, x, (size_t)s->net->sizes[0] * sizeof *x);
    s->lower = lower;
    s->have_witness = 1;
  }
  s->reached = fmax(s->reached, lower);
  rl_worker_look_up(w);
  pthread_mutex_unlock(&s->lock);
}

void rl_worker_reached(rl_worker *w, double value) {
  rl_shared *s = w->shared;
  pthread_mutex_lock(&s->lock);
  s->reached = fmax(s->reached, value);
  rl_worker_look_up(w);
  pthread_mutex_unlock(&s->lock);
}

/* Try x as a witness. */
void rl_worker_try(rl_worker *w, const double *x, int exact) {
  double lower = 0, value = rl_witness_value(w->witness, x), slack = exact ? 1e-9 * (1 + fabs(value)) : 0;
  rl_exactness how = !exact ? RL_BY_INTERVALS : w->shared->mode == RL_MAXIMIZE ? RL_EXACT_VALUE : RL_EXACT_SIGN;
  w->stats.evaluations++;
  if (!found(w, value + slack)) return;
  if (rl_witness_confirm(w->witness, x, how, &lower) && found(w, lower)) rl_worker_keep(w, x, lower);
}

/* ---- what hunts may cost ------------------------------------------------------------ */

/* Multiply-adds: some hundredths of a second. */
static const double allowance = 1e8, share = 0.5;

void rl_worker_hunt_begin(rl_worker *w) { w->hunt_begun = rl_work(); }
void rl_worker_hunt_end(rl_worker *w) { w->hunting += rl_work() - w->hunt_begun; }

int rl_worker_may_hunt(const rl_worker *w, double cost) {
  double now = rl_work(), hunting = w->hunting + now - w->hunt_begun, bounding = w->spent + now - w->begun - hunting;
  return hunting + cost <= allowance + share * bounding;
}

/* ---- solutions of LPs ----------------------------------------------------------------- */

/* The LP's solution as a witness; w->x is a point near it.  Where cuts are too few for the solution to be one of
 * the set, more are added, up to `tries` times. */
rl_status rl_worker_try_solution(rl_worker *w, const rl_cell *cell, double below, int tries, rl_relax_answer *answer,
                                 rl_error *err) {
  int exact = 0;
  for (;;) {
    rl_status status = rl_relax_point(w->relax, cell, w->x, &exact, err);
    if (status) return status;
    rl_worker_try(w, w->x, 0);
    if (exact || rl_worker_finished(w) || --tries <= 0) return RL_OK;
    status = rl_worker_solve(w, cell, below, 4 * RL_RELAX_ROUNDS, answer, err);
    if (status || answer->result != RL_LP_OPTIMAL || answer->empty || answer->upper < below) return status;
  }
}

/* ---- climbing from linear region to linear region -------------------------------------------- */

/* Points looked for near the LP's solution in a linear region; regions on one climb. */
enum { PROBE_TRIES = 4, MOST_REGIONS = 12 };

/* Pivots that an LP takes, roughly. */
enum { PIVOTS = 50 };

/* What a probe costs, roughly: forms over the base variables of all neurons, forward and in the LP; pivots; a point. */
static double probe_cost(const rl_worker *w) {
  const rl_network *net = w->shared->net;
  double n = net->sizes[0], first = net->sizes[1], rows = 0.25 * net->neurons;
  double base = rl_min(n, first), deep = first < n ? w->evaluation - first * n : w->evaluation;
  return 3 * base * deep + 4 * PIVOTS * base * (base + rows) + rl_relax_point_work(w->relax);
}

/* The LP of the linear region of w->pattern inside the node: its solution is tried.  *value: its maximum; -inf when
 * there was none, or no witness can be found there. */
static rl_status probe(rl_worker *w, const rl_node *node, int clause, int first, double *value, rl_error *err) {
  rl_shared *s = w->shared;
  rl_node *p = w->probe;
  rl_relax_answer answer = {.result = RL_LP_TROUBLE};
  *value = -INFINITY;
  memcpy(p->lo, node->lo, rl_node_bytes(s) - sizeof *node);
  for (int k = 0; k < s->net->neurons; k++)
    if (rl_neuron_sign(node->signs[k], node->l[k], node->u[k]) == RL_FREE) p->signs[k] = w->pattern[k];
  if (!rl_forward_run(w->forward, p->lo, p->hi, p->signs, p->l, p->u, w->probe_needed, 0)) return RL_OK;
  rl_cell cell = rl_node_cell(p);
  rl_status status = rl_relax_build(w->relax, &cell, w->probe_needed, s->net->layers - 1, 0, err);
  if (!status && node->have_basis && first) rl_relax_start_basis(w->relax, node->basis);
  if (!status) status = rl_relax_goal(w->relax, &cell, clause, err);
  if (!status) status = rl_worker_solve(w, &cell, -INFINITY, RL_RELAX_ROUNDS, &answer, err);
  if (status || answer.result != RL_LP_OPTIMAL || answer.empty) return status;
  *value = answer.upper;
  return rl_worker_try_solution(w, &cell, -INFINITY, PROBE_TRIES, &answer, err);
}

/* Cross to the regions on the far side of the kinks that the maximum presses on (it lies in them too, so theirs is no
 * smaller).  Returns how many there are. */
static int cross(rl_worker *w, const rl_node *node) {
  int crossed = 0;
  for (int k = 0; k < w->shared->net->neurons; k++) {
    if (rl_neuron_sign(node->signs[k], node->l[k], node->u[k]) != RL_FREE || w->dual->tau[k] == 0) continue;
    w->pattern[k] = w->pattern[k] == RL_ON ? RL_OFF : RL_ON;
    crossed++;
  }
  return crossed;
}

/* Look for a witness where the network is affine: from w->pattern's region to the maximum of a clause in it, and on
 * through the regions next to it as long as that maximum grows. */
static rl_status climb(rl_worker *w, const rl_node *node, int clause, rl_error *err) {
  double best = -INFINITY;
  for (int i = 0; i < MOST_REGIONS && rl_worker_may_hunt(w, probe_cost(w)); i++) {
    double value = -INFINITY;
    rl_status status = probe(w, node, clause, i == 0, &value, err);
    if (status || rl_worker_finished(w)) return status;
    if (!(value > best + 1e-6 * (1 + fabs(best)))) break;
    best = value;
    if (!cross(w, node)) break;
  }
  return RL_OK;
}

/* The last hidden layer with an imposed sign; 0 where there is none. */
static int last_imposed_layer(const rl_network *net, const rl_node *node) {
  int k = net->neurons - 1;
  while (k > 0 && !rl_is_imposed(node->signs[k])) k--;
  return k < 0 ? 0 : rl_network_layer_of(net, k);
}

/* A point that obeys the imposed signs, or nearly: from an LP over their layers alone, with input columns (cuts may
 * leave solutions outside the set).  w->first becomes its pattern.  *found_one = 0: none. */
static rl_status find_start(rl_worker *w, const rl_node *node, int *found_one, rl_error *err) {
  rl_cell cell = rl_node_cell(node);
  rl_relax_answer answer = {.result = RL_LP_TROUBLE};
  int exact = 0, layer = last_imposed_layer(w->shared->net, node);
  rl_status status = rl_relax_build(w->relax, &cell, w->needed, layer, 1, err);
  *found_one = 0;
  if (!status) status = rl_relax_goal_neuron(w->relax, 0, 1, err);
  if (!status) status = rl_worker_solve(w, &cell, -INFINITY, 1, &answer, err);
  if (status || answer.result != RL_LP_OPTIMAL || answer.empty) return status;
  status = rl_relax_point(w->relax, &cell, w->x, &exact, err);
  if (status) return status;
  rl_worker_try(w, w->x, 0);
  *found_one = rl_network_pattern(w->shared->net, w->x, w->first, NULL) == RL_OK;
  return RL_OK;
}

rl_status rl_worker_climb(rl_worker *w, const rl_node *node, rl_error *err) {
  rl_worker_hunt_begin(w);
  rl_status status = climb(w, node, w->worst_clause, err);
  rl_worker_hunt_end(w);
  return status;
}

static rl_status climb_all(rl_worker *w, const rl_node *node, rl_error *err) {
  int found_one = 0;
  rl_status status = rl_worker_may_hunt(w, probe_cost(w)) ? find_start(w, node, &found_one, err) : RL_OK;
  for (int k = 0; k < w->shared->target->clauses && found_one && !status && !rl_worker_finished(w); k++) {
    memcpy(w->pattern, w->first, (size_t)w->shared->net->neurons);
    if (node->open[k]) status = climb(w, node, k, err);
  }
  return status;
}

rl_status rl_worker_climb_all(rl_worker *w, const rl_node *node, rl_error *err) {
  rl_worker_hunt_begin(w);
  rl_status status = climb_all(w, node, err);
  rl_worker_hunt_end(w);
  return status;
}

/* ---- ascent by gradient ------------------------------------------------------------------------ */

/* A first look: points, ascents; steps of an ascent; nodes until the next ascents. */
enum { SAMPLES = 64, FEWEST_SAMPLES = 2, FIRST_ASCENTS = 8, STEPS = 20, SEEK_AFTER = 100 };

/* Multiply-adds of a first look, and of an attack. */
static const double look = 1e6, attack = 2e7;

/* Steps of a descent; random points, and how many of them descents start from; nodes to an occasion for that; descents
 * after which one occasion more is let pass. */
enum { DESCENT_STEPS = 40, POINTS = 128, BEST = 4, AT_LEAST_EVERY = 64, PATIENCE = 64 };

/* A random point of the box; every other one a corner. */
static void random_point(rl_worker *w, const rl_node *node, int corner) {
  for (int j = 0; j < w->shared->net->sizes[0]; j++) {
    double t = rl_random_unit(&w->random);
    if (corner) t = t < 0.5 ? 0 : 1;
    w->x[j] = fmin(fmax(node->lo[j] + t * (node->hi[j] - node->lo[j]), node->lo[j]), node->hi[j]);
  }
}

/* A random point of the box near the best one known; returns how near, relative to the box. */
static double point_near_best(rl_worker *w, const rl_node *node) {
  double radius = pow(10, -0.5 - 3.5 * rl_random_unit(&w->random));
  for (int j = 0; j < w->shared->net->sizes[0]; j++) {
    double move = radius * (2 * rl_random_unit(&w->random) - 1) * (node->hi[j] - node->lo[j]);
    w->x[j] = fmin(fmax(w->best[j] + move, node->lo[j]), node->hi[j]);
  }
  return radius;
}

/* w->x, whose smallest row of a clause is `value`, as the best point known. */
static void note_best(rl_worker *w, int clause, double value) {
  if (w->best_clause >= 0 && value <= w->best_value) return;
  w->best_value = value;
  w->best_clause = clause;
  memcpy(w->best, w->x, (size_t)w->shared->net->sizes[0] * sizeof *w->x);
}

/* Ascend the smallest row of a clause from w->x, by the gradient's signs with shrinking steps: to w->start. */
static void ascend(rl_worker *w, const rl_node *node, int clause, double step) {
  rl_shared *s = w->shared;
  int n = s->net->sizes[0];
  double best = -INFINITY;
  for (int i = 0; i < STEPS; i++) {
    int row = 0;
    if (rl_late(3 * w->evaluation)) return;
    rl_worker_try(w, w->x, 0);
    if (rl_worker_finished(w)) return;
    double value = rl_witness_clause(w->witness, w->x, clause, &row, w->pattern);
    if (value > best) {
      note_best(w, clause, value);
      rl_cell cell = {node->lo, node->hi, w->pattern, node->l, node->u};
      best = value;
      memcpy(w->start, w->x, (size_t)n * sizeof *w->x);
      for (int r = 0; r < rl_property_rows(s->target, clause); r++) w->lambda[r] = r == row;
      rl_gradient_range(w->gradient, &cell, s->target, clause, w->lambda, w->slope_lo, w->slope_hi);
    } else {
      step *= 0.6;
    }
    for (int j = 0; j < n; j++) {
      double move = step * (node->hi[j] - node->lo[j]);
      if (w->slope_lo[j] == 0) continue;
      w->x[j] = fmin(fmax(w->start[j] + (w->slope_lo[j] > 0 ? move : -move), node->lo[j]), node->hi[j]);
    }
  }
}

/* A climb from where an ascent ended. */
static rl_status climb_on(rl_worker *w, const rl_node *box, int clause, rl_error *err) {
  int row = 0;
  rl_witness_value(w->witness, w->start);
  rl_witness_clause(w->witness, w->start, clause, &row, w->pattern);
  rl_status status = climb(w, box, clause, err);
  if (status || rl_worker_finished(w)) return status;
  rl_witness_value(w->witness, w->x);
  note_best(w, clause, rl_witness_clause(w->witness, w->x, clause, &row, w->pattern));
  return RL_OK;
}

/* An ascent by turns from a random point of the domain's box, of the node's, and from near the best point known.
 * Returns the clause, -1 where that is closed: then there was none; *box: where. */
static int ascend_once(rl_worker *w, const rl_node *node, const rl_node **box) {
  int clause = (int)(rl_random_unit(&w->random) * w->shared->target->clauses), turn = (int)(w->ascents++ % 4);
  double step = 0.25;
  *box = turn == 1 ? node : w->whole;
  if (turn >= 2 && w->best_clause >= 0) {
    clause = w->best_clause;
    step = point_near_best(w, w->whole);
  } else {
    random_point(w, *box, w->ascents % 8 < 4);
  }
  if (!node->open[clause]) return -1;
  ascend(w, *box, clause, step);
  return clause;
}

static double ascent_cost(const rl_worker *w) { return 3.0 * STEPS * w->evaluation; }

/* Ascents, each with a climb from its end.  Imposed signs and half-spaces are not seen on the way, so where there are
 * many it is no use. */
static rl_status ascend_some(rl_worker *w, const rl_node *node, int ascents, rl_error *err) {
  rl_status status = RL_OK;
  const rl_node *box = NULL;
  for (int i = 0; i < ascents && !status && rl_worker_may_hunt(w, ascent_cost(w)); i++) {
    int clause = ascend_once(w, node, &box);
    if (rl_worker_finished(w) || rl_late(0)) return RL_OK;
    if (clause >= 0 && rl_worker_may_hunt(w, probe_cost(w))) status = climb_on(w, box, clause, err);
    if (rl_worker_finished(w)) return status;
  }
  return status;
}

static int has_pattern(const rl_worker *w) {
  for (int k = 0; k < w->shared->net->neurons; k++)
    if (w->shared->signs[k] != RL_FREE) return 1;
  return 0;
}

/* How many of so much work each, from `least` to `most`, make no more than `work`. */
static int how_many(double work, double each, int least, int most) {
  return (int)rl_max(least, rl_min(most, work / (each + 1)));
}

void rl_worker_sample(rl_worker *w, const rl_node *root) {
  int samples = how_many(look, w->evaluation, FEWEST_SAMPLES, SAMPLES);
  for (int i = 0; i < samples && !rl_worker_finished(w) && !rl_late(w->evaluation); i++) {
    random_point(w, root, i % 2);
    for (int j = 0; i == 0 && j < w->shared->net->sizes[0]; j++) w->x[j] = 0.5 * root->lo[j] + 0.5 * root->hi[j];
    rl_worker_try(w, w->x, 0);
  }
}

void rl_worker_attack(rl_worker *w, const rl_node *node) {
  const rl_node *box = NULL;
  int ascents = has_pattern(w) ? 0 : how_many(attack, ascent_cost(w), 1, FIRST_ASCENTS);
  for (int i = 0; i < ascents && !rl_worker_finished(w) && !rl_late(0); i++) ascend_once(w, node, &box);
}

/* Is it time for descents?  At promising nodes, and where none are singled out now and then; the more have been in
 * vain, the less often. */
static int is_time_to_descend(rl_worker *w, const rl_node *node) {
  if ((long)++w->nodes % AT_LEAST_EVERY != 0 && !node->promising) return 0;
  if (++w->occasions < w->next_descent) return 0;
  w->next_descent = w->occasions + 1 + w->descents++ / PATIENCE;
  return 1;
}

/* Where signs are imposed: descend on what is missing, from where the node's bound is reached and from the best of
 * many points of its box. */
static rl_status descend(rl_worker *w, const rl_node *node, rl_error *err) {
  const rl_shared *s = w->shared;
  int hit = 0;
  if (s->mode == RL_MAXIMIZE || !is_time_to_descend(w, node)) return RL_OK;
  if (!rl_worker_may_hunt(w, 3.0 * DESCENT_STEPS * w->evaluation)) return RL_OK;
  rl_status status = rl_descent_run(w->descent, s->signs, w->worst_x, DESCENT_STEPS, w->x, &hit, err);
  if (!status && !hit && s->net->sizes[0] <= FEW_INPUTS)
    status = rl_descent_search(w->descent, s->signs, node->lo, node->hi, POINTS, BEST, DESCENT_STEPS, w->x, &hit, err);
  if (!status && hit) rl_worker_try(w, w->x, 1);
  return status;
}

/* Ascents: at first, and then the more nodes there have been. */
static rl_status ascend_now_and_then(rl_worker *w, const rl_node *node, rl_error *err) {
  if (++w->nodes < w->next_seek) return RL_OK;
  int ascents = w->nodes > 1 ? 1 + (int)(2 * w->nodes / SEEK_AFTER) : FIRST_ASCENTS;
  w->next_seek = 1.5 * w->next_seek + SEEK_AFTER;
  return ascend_some(w, node, ascents, err);
}

rl_status rl_worker_seek(rl_worker *w, const rl_node *node, rl_error *err) {
  rl_worker_hunt_begin(w);
  rl_status status = has_pattern(w) ? descend(w, node, err) : ascend_now_and_then(w, node, err);
  rl_worker_hunt_end(w);
  return status;
}
