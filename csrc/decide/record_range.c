/* L3: ranges of neurons on record (see record.h). */
#include <math.h>
#include <string.h>

#include "decide/worker_state.h"

/* Ends of a range, as bits. */
enum { LOWER = 1, UPPER = 2 };

static int sign_of(const rl_node *node, int k) { return rl_neuron_sign(node->signs[k], node->l[k], node->u[k]); }

/* Which ends of neuron k's range are worth a step?  Of a decided neuron the one that decides it, or contradicts an
 * imposed sign; both where the neuron is undecided, or may end the bounds of others. */
static int wanted(const rl_recorder *r, const rl_node *node, int k) {
  double l = node->l[k], u = node->u[k], low = r->proposed_l[k], up = r->proposed_u[k];
  int ends = (!(low <= l) ? LOWER : 0) | (!(up >= u) ? UPPER : 0), unknown = low == -INFINITY && up == INFINITY;
  if (unknown) ends = LOWER | UPPER;
  if (r->over_neurons && k < r->net->sizes[1]) return ends;
  if (node->signs[k] == RL_ON) return unknown || up < 0 ? ends & UPPER : 0;
  if (node->signs[k] == RL_OFF) return unknown || low > 0 ? ends & LOWER : 0;
  if (node->signs[k] != RL_LINEAR && (l >= 0 || u <= 0)) return 0;
  if (node->signs[k] == RL_LINEAR) return unknown || isinf(l) || isinf(u) ? ends : 0;
  return low >= 0 ? LOWER : up <= 0 ? UPPER : ends;
}

/* Bounds of the wanted ends in a layer, by one kind of slopes; the best are kept. */
static void derive(rl_worker *w, const rl_node *node, int layer, int how) {
  rl_recorder *r = w->recorder;
  rl_cell cell = rl_node_cell(node);
  int offset = r->net->offsets[layer];
  rl_dual_reset(w->dual, &cell, (how & 3) == RL_SLOPES_PARALLEL);
  w->dual->from_neurons = (how & RL_HOW_FROM_NEURONS) != 0;
  for (int i = 0; i < r->net->sizes[layer + 1]; i++) {
    int k = offset + i;
    double low = r->want[k] & LOWER ? -rl_dual_bound_neuron(w->dual, &cell, layer, i, -1) : -INFINITY;
    double up = r->want[k] & UPPER ? rl_dual_bound_neuron(w->dual, &cell, layer, i, 1) : INFINITY;
    if (low > r->best_l[k]) {
      r->best_l[k] = low;
      r->how_l[k] = (uint8_t)how;
    }
    if (up < r->best_u[k]) {
      r->best_u[k] = up;
      r->how_u[k] = (uint8_t)how;
    }
  }
  w->dual->from_neurons = 0;
}

/* Ends that are as good as proposed, or decide a sign, need no other slopes. */
static void drop_reached(const rl_recorder *r, int from, int to) {
  for (int k = from; k < to; k++) {
    double low = r->proposed_l[k], up = r->proposed_u[k], close = 1e-9 * (up - low);
    if (low == -INFINITY && up == INFINITY) continue; /* unknown */
    if (r->best_l[k] >= 0 || r->best_u[k] <= 0) r->want[k] = 0;
    if (r->best_l[k] >= low - close) r->want[k] &= (uint8_t)~LOWER;
    if (r->best_u[k] <= up + close) r->want[k] &= (uint8_t)~UPPER;
  }
}

/* Derive the wanted ends of a layer and put on record those that are news, until two ends cross. */
static void derive_layer(rl_worker *w, rl_node *node, int layer) {
  rl_recorder *r = w->recorder;
  rl_cell cell = rl_node_cell(node);
  int offset = r->net->offsets[layer], end = offset + r->net->sizes[layer + 1];
  for (int k = offset; k < end; k++) {
    r->best_l[k] = node->l[k];
    r->best_u[k] = node->u[k];
  }
  static const int hows[] = {RL_SLOPES_PARALLEL, RL_SLOPES_ADAPTIVE, RL_SLOPES_PARALLEL | RL_HOW_FROM_NEURONS,
                             RL_SLOPES_ADAPTIVE | RL_HOW_FROM_NEURONS};
  for (int i = 0; i < (layer == 0 ? 1 : r->over_neurons ? 4 : 2); i++) {
    derive(w, node, layer, hows[i]);
    drop_reached(r, offset, end);
  }
  for (int k = offset; k < end; k++) {
    if (r->best_l[k] > node->l[k]) rl_record_range(r, &cell, k, 0, r->best_l[k], r->how_l[k]);
    node->l[k] = r->best_l[k];
    if (node->l[k] > node->u[k]) return;
    if (r->best_u[k] < node->u[k]) rl_record_range(r, &cell, k, 1, r->best_u[k], r->how_u[k]);
    node->u[k] = r->best_u[k];
    if (node->l[k] > node->u[k]) return;
  }
}

static int crossed_in(const rl_node *node, int from, int to) {
  for (int k = from; k < to; k++)
    if (node->l[k] > node->u[k]) return 1;
  return 0;
}

/* The proposals are valid ranges that forward and backward bounds gave; infinite: unknown. */
static int record_layer(rl_worker *w, rl_node *node, int layer) {
  rl_recorder *r = w->recorder;
  int offset = r->net->offsets[layer], end = offset + r->net->sizes[layer + 1], more = 0;
  for (int k = offset; k < end; k++) r->want[k] = (uint8_t)wanted(r, node, k);
  derive_layer(w, node, layer);
  for (int k = offset; k < end; k++) { /* what was to be decided by one end and is not */
    int low = r->proposed_l[k] >= 0, up = r->proposed_u[k] <= 0;
    r->want[k] = (uint8_t)(sign_of(node, k) != RL_FREE ? 0 : low ? UPPER : up ? LOWER : 0);
    more |= r->want[k];
  }
  if (crossed_in(node, offset, end)) return 0;
  if (more) derive_layer(w, node, layer);
  if (crossed_in(node, offset, end)) return 0;
  for (int k = offset; k < end; k++) { /* the end that no claim uses */
    int sign = sign_of(node, k);
    if (r->over_neurons && layer == 0) break;
    if (sign == RL_ON) node->u[k] = fmax(fmin(node->u[k], r->proposed_u[k]), node->l[k]);
    if (sign == RL_OFF) node->l[k] = fmin(fmax(node->l[k], r->proposed_l[k]), node->u[k]);
  }
  return 1;
}

/* Let forward and backward bounds propose; the node's ranges go back to what is on record. */
static void propose(rl_worker *w, rl_node *node, int thorough, int backward) {
  rl_recorder *r = w->recorder;
  size_t bytes = (size_t)r->net->neurons * sizeof(double);
  memcpy(r->proposed_l, node->l, bytes);
  memcpy(r->proposed_u, node->u, bytes);
  int valid =
      rl_forward_run(w->forward, node->lo, node->hi, node->signs, r->proposed_l, r->proposed_u, w->needed, thorough);
  if (valid && backward)
    valid = rl_backward_run(w->backward, node->lo, node->hi, node->signs, r->proposed_l, r->proposed_u);
  for (int k = 0; k < r->net->neurons; k++) {
    if (node->signs[k] == RL_ON) node->l[k] = fmax(node->l[k], 0);
    if (node->signs[k] == RL_OFF) node->u[k] = fmin(node->u[k], 0);
    if (valid) continue;
    r->proposed_l[k] = -INFINITY; /* empty, they say: to be shown */
    r->proposed_u[k] = INFINITY;
    w->needed[k] = rl_is_imposed(node->signs[k]);
  }
}

int rl_worker_record_ranges(rl_worker *w, rl_node *node, int thorough, int backward) {
  int neurons = w->shared->net->neurons;
  if (crossed_in(node, 0, neurons)) return 0; /* as some step says */
  propose(w, node, thorough, backward);
  if (crossed_in(node, 0, neurons)) return 0; /* an imposed sign contradicts an inherited range */
  for (int layer = 0; layer + 1 < w->shared->net->layers; layer++)
    if (!record_layer(w, node, layer)) return 0;
  return 1;
}
