/* L2: interval bounds of pre-activations (see interval.h). */
#include "encode/interval.h"

#include <float.h>
#include <math.h>

#include "core/round.h"
#include "core/vector.h"
#include "encode/forward.h"

/* Covers what underflows; products of weights with it do not, which would be slow. */
static const double tiny = 1e-290;

/* c and r such that [lo, hi] is inside c +- r, and r covers the rounding of a sum of n products with c. */
static void centre(double lo, double hi, int n, double *c, double *r) {
  double middle = 0.5 * lo + 0.5 * hi, radius = rl_max(hi - middle, middle - lo);
  *c = middle;
  *r = radius + (n + 8) * DBL_EPSILON * (fabs(middle) + radius) + tiny;
}

/* Centre what layer `layer` reads. */
static void centre_layer(const rl_network *net, int layer, const double *lo, const double *hi, const int8_t *signs,
                         const double *l, const double *u, double *c, double *r) {
  int n = net->sizes[layer];
  for (int j = 0; j < n; j++) {
    int k = layer > 0 ? net->offsets[layer - 1] + j : 0;
    int sign = layer > 0 ? rl_neuron_sign(signs[k], l[k], u[k]) : RL_ON;
    double low = layer > 0 ? l[k] : lo[j], up = layer > 0 ? u[k] : hi[j];
    if (sign != RL_ON) low = 0;
    if (sign == RL_OFF) up = 0;
    centre(low, up, n, &c[j], &r[j]);
  }
}

/* Range of row i of layer `layer`; no bounds where something overflows. */
static void row_range(const rl_network *net, int layer, int i, const double *c, const double *r, double *low,
                      double *up) {
  int n = net->sizes[layer];
  const double *w = net->weights[layer] + (size_t)i * (size_t)n;
  double bias = net->biases[layer][i], value = rl_dot(w, c, n) + bias;
  double radius = rl_dot_abs(w, r, n) * (1 + (n + 8) * DBL_EPSILON) + 8 * DBL_EPSILON * (fabs(bias) + fabs(value)) + tiny;
  int known = radius < DBL_MAX && fabs(value) < DBL_MAX;
  *low = known ? value - radius : -INFINITY;
  *up = known ? value + radius : INFINITY;
}

/* 0: empty. */
static int bound_rows(const rl_network *net, int layer, int first, int end, const int8_t *signs, double *l, double *u,
                      uint8_t *needed, const double *c, const double *r) {
  for (int i = first; i < end; i++) {
    int k = net->offsets[layer] + i;
    double low, up;
    row_range(net, layer, i, c, r, &low, &up);
    needed[k] = rl_sign_is_needed(signs[k], low, up);
    if (!rl_take_bounds(signs[k], low, up, &l[k], &u[k])) return 0;
  }
  return 1;
}

int rl_interval_run(const rl_network *net, const double *lo, const double *hi, const int8_t *signs, double *l, double *u,
                    uint8_t *needed, double *scratch) {
  double *c = scratch, *r = scratch + net->widest;
  for (int k = 0; k < net->neurons; k++) needed[k] = rl_is_imposed(signs[k]);
  for (int layer = 0; layer + 1 < net->layers; layer++) {
    int rows = net->sizes[layer + 1], block = rl_rows_at_once(2.0 * net->sizes[layer]);
    centre_layer(net, layer, lo, hi, signs, l, u, c, r);
    for (int first = 0; first < rows; first += block) {
      int end = first + block < rows ? first + block : rows;
      if (rl_late(2.0 * net->sizes[layer] * (end - first))) return 1;
      if (!bound_rows(net, layer, first, end, signs, l, u, needed, c, r)) return 0;
    }
  }
  return 1;
}
