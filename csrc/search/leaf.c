/* L3: cells in which every sign is decided (see worker.h). */
#include <math.h>
#include <string.h>

#include "search/exact.h"
#include "search/worker_state.h"

/* ---- leaves ----------------------------------------------------------------------- */

/* The property of one clause whose rows are the target's clause k, b - A x for the domain's rows, and the distances
 * from the node's bounds. */
static rl_status create_slacks(rl_property **out, const rl_shared *s, const rl_node *node, int k, rl_error *err) {
  size_t n = (size_t)s->net->sizes[0], m = (size_t)s->target->m;
  int own = rl_property_rows(s->target, k), rows = own + s->domain->rows + 2 * (int)n, r = own;
  double *a = rl_alloc((size_t)rows * n, sizeof *a), *c = rl_alloc((size_t)rows * m, sizeof *c),
         *d = rl_alloc((size_t)rows, sizeof *d);
  rl_status status = a && c && d ? RL_OK : rl_fail_memory(err);
  for (int i = 0; i < own && !status; i++) {
    const double *inputs = rl_property_a(s->target, k, i);
    if (inputs) memcpy(a + (size_t)i * n, inputs, n * sizeof *a);
    memcpy(c + (size_t)i * m, rl_property_c(s->target, k, i), m * sizeof *c);
    d[i] = rl_property_d(s->target, k, i);
  }
  for (int i = 0; i < s->domain->rows && !status; i++, r++) {
    for (size_t j = 0; j < n; j++) a[(size_t)r * n + j] = -s->domain->A[(size_t)i * n + j];
    d[r] = s->domain->b[i];
  }
  for (size_t j = 0; j < n && !status; j++) {
    if (node->lo[j] == node->hi[j]) continue;
    a[(size_t)r * n + j] = 1;
    d[r++] = -node->lo[j];
    a[(size_t)r * n + j] = -1;
    d[r++] = node->hi[j];
  }
  if (!status) status = rl_property_create(out, (int)n, (int)m, 1, &r, a, c, d, err);
  rl_free(a);
  rl_free(c);
  rl_free(d);
  return status;
}

/* The best vertex need not be of doubles, nor be inside when it is rounded: look where the least of all slacks is
 * greatest. */
static rl_status try_inside(rl_worker *w, const rl_node *node, const int8_t *signs, int clause, rl_error *err) {
  rl_shared *s = w->shared;
  rl_property *slacks = NULL;
  rl_exact_result result = RL_EXACT_GAVE_UP;
  int sign = 0, exact = 0;
  double value = 0;
  rl_status status = create_slacks(&slacks, s, node, clause, err);
  if (!status)
    status = rl_exact_leaf(s->net, s->domain, node->lo, node->hi, signs, w->needed, slacks, 0, NULL, 20000, &result,
                           &sign, &value, w->x, &exact, err);
  if (!status && result == RL_EXACT_MAXIMUM && sign > 0) rl_worker_try(w, w->x, 1);
  rl_property_release(slacks);
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
    rl_worker_try(w, w->x, 1);
    if (s->mode != RL_MAXIMIZE && sign > 0 && !rl_worker_finished(w)) status = try_inside(w, node, signs, k, err);
    if (status) break;
    if (s->mode == RL_MAXIMIZE && (!w->have_witness || nextafter(value, -INFINITY) > w->lower))
      rl_worker_keep(w, w->x, nextafter(value, -INFINITY));
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
