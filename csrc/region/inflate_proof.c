/* L3: a box that was proposed, proved (see inflate.h): ranges of all neurons and the margins by the dual bound, which
 * is rounded outwards, with the slopes that the proposal found. */
#include "core/clock.h"
#include "core/vector.h"
#include "region/inflate.h"

typedef enum ranges { RANGES_UNKNOWN, RANGES_EMPTY, RANGES_FOUND } ranges; /* EMPTY: a sign contradicts its range */

/* The interval of neuron i of a layer, rounded outwards, over what the layer reads. */
static rl_interval interval_of(const rl_network *net, const rl_cell *cell, int layer, int i) {
  int n = net->sizes[layer], before = layer ? net->offsets[layer - 1] : 0;
  const double *w = net->weights[layer] + (size_t)i * (size_t)n;
  rl_interval z = {net->biases[layer][i], net->biases[layer][i]};
  for (int j = 0; j < n; j++) {
    rl_interval x = {cell->lo[layer ? 0 : j], cell->hi[layer ? 0 : j]};
    if (layer) x = rl_activation_interval(net, before + j, (rl_interval){cell->l[before + j], cell->u[before + j]});
    if (w[j] != 0) z = rl_iadd(z, rl_iscale(w[j], x));
  }
  return z;
}

/* The dual bound's multipliers for bounds of what an affine layer computes. */
static void take_multipliers(rl_inflate *f, const rl_leaf *leaf, int layer) {
  const double *alpha = leaf->tuning.best + f->base[layer], *beta = alpha + f->base[f->net->layers];
  for (int k = 0; k < f->net->offsets[layer]; k++) {
    f->dual->alpha[k] = alpha[k];
    f->dual->tau[k] = leaf->signs[k] == RL_ON ? beta[k] : leaf->signs[k] == RL_OFF ? -beta[k] : 0;
  }
  for (int k = f->net->offsets[layer]; k < f->net->neurons; k++) f->dual->tau[k] = 0;
}

/* Ranges of a layer's neurons: as the proposal has them, by intervals where these decide the sign. */
static ranges prove_ranges(rl_inflate *f, const rl_leaf *leaf, const rl_cell *cell, int layer, double *l, double *u) {
  const rl_network *net = f->net;
  take_multipliers(f, leaf, layer);
  for (int i = 0; i < net->sizes[layer + 1]; i++) {
    int k = net->offsets[layer] + i;
    if (rl_late(20.0 * net->sizes[layer])) return RANGES_UNKNOWN;
    rl_interval z = interval_of(net, cell, layer, i);
    if (z.lo < 0 && z.hi > 0 && !rl_is_linear(net, k)) {
      z.hi = rl_dual_bound_neuron(f->dual, cell, layer, i, 1);
      z.lo = -rl_dual_bound_neuron(f->dual, cell, layer, i, -1);
    }
    l[k] = leaf->signs[k] == RL_ON ? rl_max(z.lo, 0) : z.lo;
    u[k] = leaf->signs[k] == RL_OFF ? rl_min(z.hi, 0) : z.hi;
    if (l[k] > u[k]) return RANGES_EMPTY;
    if (!(l[k] <= u[k])) return RANGES_UNKNOWN;
  }
  return RANGES_FOUND;
}

/* The goal on the leaf's part of [lo, hi]. */
static int prove_leaf(rl_inflate *f, const rl_leaf *leaf, const double *lo, const double *hi) {
  double *l = f->l_slope, *u = f->u_slope; /* scratch here */
  const rl_cell cell = {lo, hi, leaf->signs, l, u};
  int goal = f->net->layers - 1;
  for (int layer = 0; layer < goal; layer++) {
    ranges found = prove_ranges(f, leaf, &cell, layer, l, u);
    if (found != RANGES_FOUND) return found == RANGES_EMPTY;
  }
  take_multipliers(f, leaf, goal);
  for (int clause = 0; clause < f->against->clauses; clause++)
    if (!(rl_dual_bound(f->dual, &cell, f->against, clause, 0, NULL) <= 0)) return 0;
  return 1;
}

int rl_inflate_proves(rl_inflate *f, const double *lo, const double *hi) {
  for (int i = 0; i < f->leaves; i++)
    if (!prove_leaf(f, &f->leaf[i], lo, hi)) return 0;
  return 1;
}
