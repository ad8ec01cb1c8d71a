/* L3: a box that was proposed, proved (see inflate.h): ranges of all neurons and the margins by the dual bound, which
 * is rounded outwards, with the slopes that the proposal found. */
#include <string.h>

#include "core/vector.h"
#include "region/inflate.h"

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

/* Ranges of a layer's neurons: as the proposal has them, by intervals where these decide the sign. */
static int prove_ranges(rl_inflate *f, const rl_cell *cell, int layer, double *l, double *u) {
  const rl_network *net = f->net;
  memcpy(f->dual->alpha, f->band[layer].alpha_best, (size_t)net->offsets[layer] * sizeof(double));
  for (int i = 0; i < net->sizes[layer + 1]; i++) {
    int k = net->offsets[layer] + i;
    rl_interval z = interval_of(net, cell, layer, i);
    if (z.lo < 0 && z.hi > 0 && !rl_is_linear(net, k)) {
      z.hi = rl_dual_bound_neuron(f->dual, cell, layer, i, 1);
      z.lo = -rl_dual_bound_neuron(f->dual, cell, layer, i, -1);
    }
    if (!(z.lo <= z.hi)) return 0;
    l[k] = z.lo;
    u[k] = z.hi;
  }
  return 1;
}

int rl_inflate_proves(rl_inflate *f, const double *lo, const double *hi) {
  const rl_network *net = f->net;
  double *l = f->l_slope, *u = f->u_slope; /* scratch here */
  const rl_cell cell = {lo, hi, f->signs, l, u};
  int goal = net->layers - 1;
  for (int layer = 0; layer < goal; layer++)
    if (!prove_ranges(f, &cell, layer, l, u)) return 0;
  memcpy(f->dual->alpha, f->band[goal].alpha_best, (size_t)net->neurons * sizeof(double));
  for (int clause = 0; clause < f->against->clauses; clause++)
    if (!(rl_dual_bound(f->dual, &cell, f->against, clause, 0, NULL) <= 0)) return 0;
  return 1;
}
