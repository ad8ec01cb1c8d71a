/* L3: cells in which every sign is decided (see worker.h). */
#include <math.h>
#include <string.h>

#include "exact/exact.h"
#include "decide/worker_state.h"

/* Pivots after which a leaf is given up. */
enum { MOST_PIVOTS = 20000 };

/* A clause's maximum answers the question, but its vertex need not be of doubles: look farther inside. */
static rl_status try_inside(rl_worker *w, const rl_node *node, const int8_t *signs, int clause, rl_error *err) {
  rl_shared *s = w->shared;
  int inside = 0;
  rl_status status = rl_exact_inside(s->net, s->domain, node->lo, node->hi, signs, w->needed, s->target, clause,
                                     MOST_PIVOTS, w->x, &inside, err);
  if (!status && inside) rl_worker_try(w, w->x, 1);
  return status;
}

/* Doubles from a vertex towards a point inside: how far, at first and at most. */
static const double nearest_pull = 0x1p-52, most_pull = 0x1p-16;

/* The maximum at a vertex w->x, which need not be of doubles, or not inside when rounded: look for an input near it
 * that is worth as much but for the gap. */
static rl_status approach(rl_worker *w, const rl_node *node, const int8_t *signs, rl_error *err) {
  rl_shared *s = w->shared;
  int inside = 0, none[2] = {0, 0}, n = s->net->sizes[0];
  rl_property nothing = {.n = n, .m = s->target->m, .clauses = 1, .first = none};
  rl_status status = rl_exact_inside(s->net, s->domain, node->lo, node->hi, signs, w->needed, &nothing, 0, MOST_PIVOTS,
                                     w->start, &inside, err);
  for (double pull = nearest_pull; inside && pull <= most_pull && w->reached > rl_within_gap(s, w->lower); pull *= 8) {
    for (int j = 0; j < n; j++)
      w->slope_lo[j] = fmin(fmax(w->x[j] + pull * (w->start[j] - w->x[j]), node->lo[j]), node->hi[j]);
    rl_worker_try(w, w->slope_lo, 1);
  }
  return status;
}

/* Of the inputs' ranges, the parts around 0 in which doubles are finer are looked through as well: 2^-FINER of them. */
enum { FINER = 3, FINEST = 12 };

/* With more inputs that takes too long. */
enum { FLAT_INPUTS = 24, PART_INPUTS = 8 };

/* The same where the set is flat: look on its plane. */
static rl_status try_flat(rl_worker *w, const double *lo, const double *hi, const int8_t *signs, int clause,
                          rl_error *err) {
  rl_shared *s = w->shared;
  int found = 0;
  if (s->net->sizes[0] > FLAT_INPUTS || (s->until > 0 && rl_now() > s->until)) return RL_OK;
  rl_status status =
      rl_exact_flat(s->net, s->domain, lo, hi, signs, w->needed, s->target, clause, MOST_PIVOTS, w->x, &found, err);
  if (!status && found) rl_worker_try(w, w->x, 1);
  return status;
}

/* The same in parts of the node's box, one input near 0 each. */
static rl_status try_flat_parts(rl_worker *w, const rl_node *node, const int8_t *signs, int clause, rl_error *err) {
  size_t n = (size_t)w->shared->net->sizes[0];
  memcpy(w->slope_lo, node->lo, n * sizeof *w->slope_lo);
  memcpy(w->slope_hi, node->hi, n * sizeof *w->slope_hi);
  rl_status status = RL_OK;
  for (int bits = FINER; bits <= FINEST && n <= PART_INPUTS; bits += FINER)
    for (size_t j = 0; j < n && !status && !rl_worker_finished(w); j++) {
      double part = ldexp(fmax(fabs(node->lo[j]), fabs(node->hi[j])), -bits);
      if (node->lo[j] > part || node->hi[j] < -part) continue;
      w->slope_lo[j] = fmax(node->lo[j], -part);
      w->slope_hi[j] = fmin(node->hi[j], part);
      status = try_flat(w, w->slope_lo, w->slope_hi, signs, clause, err);
      w->slope_lo[j] = node->lo[j];
      w->slope_hi[j] = node->hi[j];
    }
  return status;
}

/* Every sign is decided: settle the open clauses in rational arithmetic. */
rl_status rl_worker_settle(rl_worker *w, rl_node *node, rl_error *err) {
  rl_shared *s = w->shared;
  if (s->net->sizes[0] > EXACT_INPUTS) return RL_OK;
  if (w->have_pattern) rl_worker_try(w, w->x, 1); /* the LP's solution: inside, where a vertex need not be of doubles */
  int8_t *signs = rl_alloc((size_t)s->net->neurons, 1);
  if (!signs) return rl_fail_memory(err);
  for (int k = 0; k < s->net->neurons; k++) signs[k] = (int8_t)rl_neuron_sign(node->signs[k], node->l[k], node->u[k]);
  rl_status status = RL_OK;
  for (int k = 0; k < s->target->clauses && !status && !rl_worker_finished(w); k++) {
    rl_exact_result result = RL_EXACT_GAVE_UP;
    int sign = 0, exact = 0, tights = 0;
    double value = 0;
    if (!node->open[k]) continue;
    status = rl_exact_leaf(s->net, s->domain, node->lo, node->hi, signs, w->needed, s->target, k, MOST_PIVOTS, &result,
                           &sign, &value, w->x, &exact, w->recorder ? w->recorder->tight : NULL, &tights, err);
    if (status) break;
    w->stats.exact++;
    if (w->recorder && result != RL_EXACT_GAVE_UP)
      rl_record_leaf(w->recorder, result == RL_EXACT_EMPTY ? -1 : k, value, tights);
    if (result == RL_EXACT_EMPTY) {
      memset(node->open, 0, (size_t)s->target->clauses);
      break;
    }
    if (result == RL_EXACT_GAVE_UP) continue;
    rl_worker_try(w, w->x, 1);
    int wanted = (s->mode == RL_FIND && sign >= 0) || (s->mode == RL_FIND_STRICT && sign > 0);
    if (wanted && !rl_worker_finished(w)) status = try_inside(w, node, signs, k, err);
    if (wanted && !status && !rl_worker_finished(w)) status = try_flat(w, node->lo, node->hi, signs, k, err);
    if (wanted && !status && !rl_worker_finished(w)) status = try_flat_parts(w, node, signs, k, err);
    if (status) break;
    if (s->mode == RL_MAXIMIZE && nextafter(value, -INFINITY) > w->reached) {
      rl_worker_reached(w, nextafter(value, -INFINITY)); /* the value was rounded upwards */
      status = approach(w, node, signs, err);
      if (status) break;
    }
    w->clause_up[k] = s->mode != RL_MAXIMIZE && sign <= 0 ? fmin(sign, value) : value;
    rl_worker_close(w, node, k);
  }
  rl_free(signs);
  return status;
}

/* A leaf that stays open: its bound limits what can be claimed. */
void rl_worker_give_up(rl_worker *w, const rl_node *node) {
  rl_shared *s = w->shared;
  pthread_mutex_lock(&s->lock);
  s->unsettled++;
  for (int k = 0; k < s->target->clauses; k++)
    if (node->open[k]) s->unsettled_upper = fmax(s->unsettled_upper, w->clause_up[k]);
  pthread_mutex_unlock(&s->lock);
}
