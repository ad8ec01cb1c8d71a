/* L3: cutting from a node's box what cannot hold a wanted input (see worker.h).
 *
 * A dual bound is more than a number: with its multipliers every x of the cell has
 *
 *   g(x, F(x)) <= U - sum_j w_j (x*_j - x_j),        x* the corner of the box where U is reached,
 *
 * so an x with g >= t lies within (U - t) / |w_j| of x*_j in each input j.  That goes for each row of a clause and for
 * each imposed sign. */
#include <math.h>
#include <string.h>

#include "core/round.h"
#include "decide/worker_state.h"

/* Signs looked at per node. */
enum { MOST_SIGNS = 24 };

/* Shrink [lo, hi] by the bound just computed, of a row of a clause or (block: the number of clauses) a neuron's sign:
 * upper - t >= 0 is what is left.  0: nothing remains. */
static int shrink(rl_worker *w, int block, int row_or_neuron, double rest, double *lo, double *hi) {
  for (int j = 0; j < w->shared->net->sizes[0]; j++) {
    double slope = w->dual->wx[j], corner = w->dual->x[j];
    if (slope == 0) continue;
    double reach = rest / fabs(slope) * (1 + 8 * DBL_EPSILON) + DBL_MIN;
    double end = slope > 0 ? rl_add_down(corner, -reach) : rl_add_up(corner, reach);
    if (slope > 0 ? !(end > lo[j]) : !(end < hi[j])) continue;
    *(slope > 0 ? &lo[j] : &hi[j]) = end;
    if (w->recorder) rl_worker_record_reach(w, block, row_or_neuron, j, slope < 0);
    if (lo[j] > hi[j]) return 0;
  }
  return 1;
}

/* What a clause's rows leave of the box: to w->slope_lo, w->slope_hi.  0: nothing. */
static int contract_clause(rl_worker *w, const rl_node *node, int clause) {
  size_t bytes = (size_t)w->shared->net->sizes[0] * sizeof *node->lo;
  rl_cell cell = rl_node_cell(node);
  memcpy(w->slope_lo, node->lo, bytes);
  memcpy(w->slope_hi, node->hi, bytes);
  if (w->recorder) rl_worker_record_begin(w, clause);
  for (int r = 0; r < rl_property_rows(w->shared->target, clause); r++) {
    double upper = rl_dual_bound(w->dual, &cell, w->shared->target, clause, r, NULL);
    double rest = upper - rl_worker_threshold(w);
    if (!isfinite(rest)) continue;
    if (rest < 0) {
      if (w->recorder) rl_worker_record_row(w, node, clause, r, upper);
      return 0;
    }
    if (shrink(w, clause, r, rest * (1 + DBL_EPSILON), w->slope_lo, w->slope_hi)) continue;
    if (!w->recorder || rl_worker_record_crossed(w, node, clause)) return 0;
    memcpy(w->slope_lo, node->lo, bytes); /* not on record: the clause keeps the whole box */
    memcpy(w->slope_hi, node->hi, bytes);
    break;
  }
  return 1;
}

/* The hull of what the open clauses leave.  Clauses that leave nothing are closed. */
static int contract_by_goal(rl_worker *w, rl_node *node, double *lo, double *hi) {
  int n = w->shared->net->sizes[0], open = 0;
  for (int j = 0; j < n; j++) {
    lo[j] = INFINITY;
    hi[j] = -INFINITY;
  }
  for (int k = 0; k < w->shared->target->clauses; k++) {
    if (!node->open[k]) continue;
    if (!contract_clause(w, node, k)) {
      node->open[k] = 0;
      continue;
    }
    open = 1;
    for (int j = 0; j < n; j++) {
      lo[j] = fmin(lo[j], w->slope_lo[j]);
      hi[j] = fmax(hi[j], w->slope_hi[j]);
    }
  }
  return open;
}

/* Imposed signs that the bounds do not imply: the last ones, which splits imposed, first. */
static int contract_by_signs(rl_worker *w, const rl_node *node, double *lo, double *hi) {
  const rl_network *net = w->shared->net;
  rl_cell cell = rl_node_cell(node);
  int looked = 0, layer = net->layers - 2, block = w->shared->target->clauses;
  if (w->recorder) rl_worker_record_begin(w, block);
  for (int k = net->neurons - 1; k >= 0 && looked < MOST_SIGNS; k--) {
    if (k < net->offsets[layer]) layer--;
    if (!w->needed[k]) continue;
    double side = node->signs[k] == RL_ON ? 1 : -1;
    double rest = rl_dual_bound_neuron(w->dual, &cell, layer, k - net->offsets[layer], side);
    looked++;
    if (rest < 0 && w->recorder) rl_record_range(w->recorder, &cell, k, side > 0, side * rest, RL_SLOPES_ADAPTIVE);
    if (rest < 0 || (isfinite(rest) && !shrink(w, block, k, rest, lo, hi))) return 0;
  }
  return 1;
}

int rl_worker_contract(rl_worker *w, rl_node *node) {
  size_t bytes = (size_t)w->shared->net->sizes[0] * sizeof *node->lo;
  rl_cell cell = rl_node_cell(node);
  rl_dual_reset(w->dual, &cell, 0);
  if (!contract_by_goal(w, node, w->start, w->x)) return 0;
  int left = contract_by_signs(w, node, w->start, w->x);
  if (w->recorder) rl_worker_record_cuts(w, node, w->start, w->x);
  if (!left) return 0;
  memcpy(node->lo, w->start, bytes);
  memcpy(node->hi, w->x, bytes);
  return 1;
}
