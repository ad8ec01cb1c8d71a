/* L3: where to split a node (see worker.h). */
#include <math.h>

#include "decide/worker_state.h"

/* ---- splitting ---------------------------------------------------------------------- */

/* Undecided neuron whose relaxation error weighs most in the worst clause's bound: of all, or (in_order) of the
 * first layer that has one. */
static int choose_neuron(const rl_worker *w, const rl_node *node) {
  int best = -1;
  double best_score = -1;
  for (int i = 0; i < w->undecided_count; i++) {
    int k = w->undecided[i];
    double l = node->l[k], u = node->u[k];
    if (w->in_order && best >= 0 && rl_network_layer_of(w->shared->net, k) > rl_network_layer_of(w->shared->net, best))
      break;
    double score = w->weight[k] * (u * -l / (u - l)) + 1e-12 * (u - l);
    if (best < 0 || score > best_score) { /* scores may be NaN */
      best_score = score;
      best = k;
    }
  }
  return best;
}

/* Area over an undecided neuron's range by which its triangle exceeds the kink, per unit of width. */
static double error_of(double l, double u) { return l < 0 && u > 0 ? u * -l / (u - l) : 0; }

/* By how much less the neurons' relaxations take from the worst clause's bound, both halves together, when input j's
 * interval is halved: then one end of each neuron's range moves by |slope| width / 2. */
static double neurons_gain(const rl_worker *w, const rl_node *node, int j, double half) {
  double gain = 0;
  for (int i = 0; i < w->undecided_count; i++) {
    int k = w->undecided[i];
    double l = node->l[k], u = node->u[k];
    if (w->weight[k] == 0) continue;
    const double *slope = w->rows ? rl_compact_slope(w->rows, k) : rl_backward_slope(w->backward, k);
    double move = slope[j] * half;
    gain += w->weight[k] * (2 * error_of(l, u) - error_of(l, u - move) - error_of(l + move, u));
  }
  return gain;
}

/* Input whose halving promises the most for the worst clause's bound, both halves together; -1 where no interval can
 * be cut. */
static int choose_input(const rl_worker *w, const rl_node *node) {
  int best = -1;
  double best_score = -1;
  for (int j = 0; j < w->shared->net->sizes[0]; j++) {
    double width = node->hi[j] - node->lo[j], middle = 0.5 * node->lo[j] + 0.5 * node->hi[j];
    if (!(middle > node->lo[j] && middle < node->hi[j])) continue;
    double whole = w->shared->domain->hi[j] - w->shared->domain->lo[j];
    if (width < 1e-9 * whole) continue;
    double score = neurons_gain(w, node, j, 0.5 * width) + 0.5 * (fabs(w->worst_wx[j]) + 1e-300) * width;
    if (score > best_score) {
      best_score = score;
      best = j;
    }
  }
  return best;
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

/* The split on record: below (off) is children[lower]. */
static void record_split(rl_worker *w, int input, int neuron, double at, rl_node *children[2], int lower) {
  rl_record_node *records[2] = {NULL, NULL};
  if (!w->recorder) return;
  rl_record_split(w->recorder, input, neuron, at, records);
  for (int i = 0; i < 2; i++) children[i == 0 ? lower : 1 - lower]->record = records[i];
}

rl_status rl_worker_split(rl_worker *w, rl_node *node, int undecided, rl_node *children[2], int *count, rl_error *err) {
  rl_shared *s = w->shared;
  int input = prefer_input(w, node, undecided) ? choose_input(w, node) : -1;
  children[0] = rl_node_child(s, node);
  children[1] = rl_node_child(s, node);
  if (!children[0] || !children[1]) {
    rl_node_release(children[0]);
    rl_node_release(children[1]);
    return rl_fail_memory(err);
  }
  *count = 2;
  if (input >= 0) {
    double middle = 0.5 * node->lo[input] + 0.5 * node->hi[input];
    int upper_first = w->worst_wx[input] > 0; /* the half that the bound presses on */
    children[upper_first ? 1 : 0]->hi[input] = middle;
    children[upper_first ? 0 : 1]->lo[input] = middle;
    record_split(w, input, -1, middle, children, upper_first);
    w->stats.input_splits++;
  } else {
    int k = choose_neuron(w, node);
    /* first the sign that the neuron has where the LP's solution lies */
    int8_t first = w->have_pattern ? w->pattern[k] : RL_ON;
    children[0]->signs[k] = first;
    children[1]->signs[k] = first == RL_ON ? RL_OFF : RL_ON;
    record_split(w, -1, k, 0, children, first == RL_ON);
    w->stats.neuron_splits++;
  }
  return RL_OK;
}
