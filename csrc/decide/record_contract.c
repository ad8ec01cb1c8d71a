/* L3: cuts of a node's box on record (see record.h and contract.c). */
#include <math.h>
#include <string.h>

#include "decide/worker_state.h"

static int *why_of(const rl_worker *w, int block, int input, int upper) {
  return &w->recorder->why[(block * w->shared->net->sizes[0] + input) * 2 + upper];
}

void rl_worker_record_begin(rl_worker *w, int block) {
  for (int j = 0; j < w->shared->net->sizes[0]; j++) *why_of(w, block, j, 0) = *why_of(w, block, j, 1) = -1;
}

void rl_worker_record_reach(rl_worker *w, int block, int row_or_neuron, int input, int upper) {
  *why_of(w, block, input, upper) = row_or_neuron;
  w->recorder->slope[2 * input + upper] = w->dual->wx[input];
  w->recorder->crossed = input;
}

/* With slopes p > 0 of row r and q < 0 of row s, the sum -q r + p s has no slope in the input whose ends crossed, so
 * its bound is that of both rows at any value of the input, and one of these is below the threshold. */
int rl_worker_record_crossed(rl_worker *w, const rl_node *node, int clause) {
  rl_recorder *r = w->recorder;
  rl_cell cell = rl_node_cell(node);
  int j = r->crossed, lower = *why_of(w, clause, j, 0), upper = *why_of(w, clause, j, 1);
  double p = r->slope[2 * j], q = r->slope[2 * j + 1];
  int rows = rl_property_rows(w->shared->target, clause);
  double value = INFINITY;
  memset(w->lambda, 0, (size_t)rows * sizeof *w->lambda);
  if (lower >= 0 && upper >= 0) {
    w->lambda[lower] = -q / (p - q);
    w->lambda[upper] = p / (p - q);
    value = rl_dual_bound(w->dual, &cell, w->shared->target, clause, 0, w->lambda);
  }
  if (!(value < rl_worker_threshold(w))) {
    rl_worker_record_begin(w, clause);
    return 0;
  }
  memcpy(r->kept.lambda, w->lambda, (size_t)rows * sizeof *w->lambda);
  rl_record_bound(r, &cell, clause, value, RL_SLOPES_ADAPTIVE);
  return 1;
}

void rl_worker_record_row(rl_worker *w, const rl_node *node, int clause, int row, double value) {
  rl_recorder *r = w->recorder;
  rl_cell cell = rl_node_cell(node);
  for (int i = 0; i < rl_property_rows(w->shared->target, clause); i++) r->kept.lambda[i] = i == row;
  rl_record_bound(r, &cell, clause, value, RL_SLOPES_ADAPTIVE);
}

void rl_worker_record_cuts(rl_worker *w, const rl_node *node, const double *lo, const double *hi) {
  int clauses = w->shared->target->clauses;
  for (int j = 0; j < w->shared->net->sizes[0]; j++) {
    if (lo[j] > node->lo[j]) rl_record_cut(w->recorder, j, 0, lo[j], node->open, *why_of(w, clauses, j, 0));
    if (hi[j] < node->hi[j]) rl_record_cut(w->recorder, j, 1, hi[j], node->open, *why_of(w, clauses, j, 1));
  }
}
