/* L2: interval gradients (see gradient.h). */
#include "encode/gradient.h"

#include <math.h>
#include <string.h>

#include "core/vector.h"
#include "encode/forward.h"
#include "model/layer.h"

rl_status rl_gradient_create(rl_gradient **out, const rl_network *net, rl_error *err) {
  rl_gradient *g = rl_alloc(1, sizeof *g);
  if (!g) return rl_fail_memory(err);
  size_t widest = (size_t)net->widest;
  g->net = net;
  g->lo = rl_alloc(widest, sizeof(double));
  g->hi = rl_alloc(widest, sizeof(double));
  g->next_lo = rl_alloc(widest, sizeof(double));
  g->next_hi = rl_alloc(widest, sizeof(double));
  if (!g->lo || !g->hi || !g->next_lo || !g->next_hi) {
    rl_gradient_release(g);
    return rl_fail_memory(err);
  }
  *out = g;
  return RL_OK;
}

void rl_gradient_release(rl_gradient *g) {
  if (!g) return;
  rl_free(g->lo);
  rl_free(g->hi);
  rl_free(g->next_lo);
  rl_free(g->next_hi);
  rl_free(g);
}

/* [lo, hi] of a layer's outputs' gradient -> of its inputs': W^T [lo, hi]. */
static void through_affine(rl_gradient *g, int layer) {
  int rows = g->net->sizes[layer + 1], columns = g->net->sizes[layer];
  memset(g->next_lo, 0, (size_t)columns * sizeof *g->next_lo);
  memset(g->next_hi, 0, (size_t)columns * sizeof *g->next_hi);
  for (int i = 0; i < rows; i++) {
    double lo = g->lo[i], hi = g->hi[i];
    if (lo == 0 && hi == 0) continue;
    rl_row row = rl_layer_row(g->net, layer, i);
    const double *restrict w = row.w;
    double *restrict next_lo = g->next_lo, *restrict next_hi = g->next_hi;
    for (int t = 0; t < row.count && row.at; t++) {
      next_lo[row.at[t]] += w[t] * (w[t] > 0 ? lo : hi);
      next_hi[row.at[t]] += w[t] * (w[t] > 0 ? hi : lo);
    }
    for (int j = 0; j < row.count && !row.at; j++) {
      next_lo[j] += w[j] * (w[j] > 0 ? lo : hi);
      next_hi[j] += w[j] * (w[j] > 0 ? hi : lo);
    }
  }
  double *swap = g->lo;
  g->lo = g->next_lo;
  g->next_lo = swap;
  swap = g->hi;
  g->hi = g->next_hi;
  g->next_hi = swap;
}

void rl_gradient_range(rl_gradient *g, const rl_cell *cell, const rl_property *target, int clause, const double *lambda,
                       double *lo, double *hi) {
  const rl_network *net = g->net;
  int n = net->sizes[0], m = net->sizes[net->layers], rows = target->first[clause + 1] - target->first[clause];
  memset(g->lo, 0, (size_t)m * sizeof *g->lo);
  memset(lo, 0, (size_t)n * sizeof *lo);
  for (int r = 0; r < rows; r++) {
    const double *c = rl_property_c(target, clause, r), *a = rl_property_a(target, clause, r);
    for (int i = 0; i < m; i++) g->lo[i] += lambda[r] * c[i];
    for (int j = 0; a && j < n; j++) lo[j] += lambda[r] * a[j];
  }
  memcpy(g->hi, g->lo, (size_t)m * sizeof *g->hi);
  for (int layer = net->layers - 1; layer >= 0; layer--) {
    through_affine(g, layer);
    for (int i = 0; layer > 0 && i < net->sizes[layer]; i++) {
      int k = net->offsets[layer - 1] + i, sign = rl_neuron_sign(cell->signs[k], cell->l[k], cell->u[k]);
      if (sign == RL_ON) continue;
      g->lo[i] = sign == RL_OFF ? 0 : rl_min(g->lo[i], 0);
      g->hi[i] = sign == RL_OFF ? 0 : rl_max(g->hi[i], 0);
    }
  }
  for (int j = 0; j < n; j++) {
    hi[j] = lo[j] + g->hi[j];
    lo[j] += g->lo[j];
  }
}
