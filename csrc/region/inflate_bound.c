/* L3: backward bounds as a function of a box (see inflate.h). */
#include <math.h>
#include <string.h>

#include "core/product.h"
#include "core/vector.h"
#include "region/inflate.h"

/* ---- the first coefficients ---------------------------------------------------------------------- */

/* The interval of neuron i of a layer over what the layer reads: [in_lo, in_hi]. */
static rl_interval interval_of(const rl_network *net, int layer, int i, const double *in_lo, const double *in_hi) {
  int n = net->sizes[layer];
  const double *w = net->weights[layer] + (size_t)i * (size_t)n;
  rl_interval z = {net->biases[layer][i], net->biases[layer][i]};
  for (int j = 0; j < n; j++) {
    z.lo += w[j] * (w[j] > 0 ? in_lo[j] : in_hi[j]);
    z.hi += w[j] * (w[j] > 0 ? in_hi[j] : in_lo[j]);
  }
  return z;
}

/* Rows +z and -z of one neuron. */
static void start_neuron(const rl_inflate *f, rl_band *band, int i) {
  const rl_network *net = f->net;
  int n = net->sizes[band->layer];
  const double *w = net->weights[band->layer] + (size_t)i * (size_t)n;
  for (int side = 1; side >= -1; side -= 2, band->rows++) {
    double *in = band->in[band->layer] + (size_t)band->rows * (size_t)n;
    for (int j = 0; j < n; j++) in[j] = side * w[j];
    band->bound[band->rows] = side * net->biases[band->layer][i];
    band->neuron[band->rows] = net->offsets[band->layer] + i;
  }
}

/* Ranges by intervals; rows for neurons that these leave undecided. */
static void start_hidden(rl_inflate *f, rl_band *band) {
  const rl_network *net = f->net;
  int layer = band->layer, n = net->sizes[layer], offset = net->offsets[layer];
  double *in_lo = f->values, *in_hi = f->acts;
  for (int j = 0; j < n; j++) {
    int before = layer ? net->offsets[layer - 1] + j : 0;
    in_lo[j] = layer ? rl_activation(net, before, f->l[before]) : f->lo[j];
    in_hi[j] = layer ? rl_activation(net, before, f->u[before]) : f->hi[j];
  }
  band->rows = 0;
  for (int i = 0; i < net->sizes[layer + 1]; i++) {
    rl_interval z = interval_of(net, layer, i, in_lo, in_hi);
    f->l[offset + i] = z.lo;
    f->u[offset + i] = z.hi;
    if (rl_inflate_side(f, offset + i) == RL_FREE) start_neuron(f, band, i);
  }
}

static void start_goal(const rl_inflate *f, rl_band *band) {
  const rl_network *net = f->net;
  int m = net->sizes[net->layers];
  band->rows = f->margins;
  rl_product(f->goal->c, f->margins, m, net->weights[band->layer], net->sizes[band->layer], band->in[band->layer]);
  for (int r = 0; r < f->margins; r++)
    band->bound[r] = f->goal->d[r] + rl_dot(f->goal->c + (size_t)r * (size_t)m, net->biases[band->layer], m);
}

/* ---- backwards ------------------------------------------------------------------------------------ */

/* A row's coefficients of a hidden layer's activations become those of its pre-activations; returns the constant. */
static double relax_row(const rl_inflate *f, const rl_band *band, int hidden, const double *a, double *relaxed) {
  int offset = f->net->offsets[hidden];
  double constant = 0;
  for (int i = 0; i < f->net->sizes[hidden + 1]; i++) {
    double l = f->l[offset + i], u = f->u[offset + i], w = a[i];
    int side = rl_inflate_side(f, offset + i);
    if (side == RL_OFF) {
      w = 0;
    } else if (side == RL_FREE && w >= 0) {
      w *= band->alpha[offset + i];
    } else if (side == RL_FREE) {
      w *= u / (u - l);
      constant -= w * l;
    }
    relaxed[i] = w;
    constant += w * f->net->biases[hidden][i];
  }
  return constant;
}

static void through_layer(rl_inflate *f, rl_band *band, int hidden) {
  int size = f->net->sizes[hidden + 1];
  for (int r = 0; r < band->rows; r++) {
    size_t at = (size_t)r * (size_t)size;
    band->bound[r] += relax_row(f, band, hidden, band->in[hidden + 1] + at, f->relaxed + at);
  }
  rl_product(f->relaxed, band->rows, size, f->net->weights[hidden], f->net->sizes[hidden], band->in[hidden]);
}

/* The least value over the box. */
static void end_at_inputs(const rl_inflate *f, rl_band *band) {
  for (int r = 0; r < band->rows; r++) {
    const double *w = band->in[0] + (size_t)r * (size_t)f->n;
    double sum = 0;
    for (int j = 0; j < f->n; j++) sum += w[j] * (w[j] > 0 ? f->lo[j] : f->hi[j]);
    band->bound[r] += sum;
  }
}

static void add_inputs_of_goal(const rl_inflate *f, rl_band *band) {
  size_t count = (size_t)f->margins * (size_t)f->n;
  for (size_t i = 0; f->goal->a && i < count; i++) band->in[0][i] += f->goal->a[i];
}

static void bound_band(rl_inflate *f, rl_band *band) {
  int is_goal = band->layer == f->net->layers - 1;
  if (is_goal)
    start_goal(f, band);
  else
    start_hidden(f, band);
  for (int hidden = band->layer - 1; hidden >= 0; hidden--) through_layer(f, band, hidden);
  if (is_goal) add_inputs_of_goal(f, band);
  end_at_inputs(f, band);
  for (int r = 0; r < band->rows && !is_goal; r += 2) {
    f->l[band->neuron[r]] = band->bound[r];
    f->u[band->neuron[r]] = -band->bound[r + 1];
  }
}

double rl_inflate_bound(rl_inflate *f) {
  for (int k = 0; k < f->net->layers; k++) bound_band(f, &f->band[k]);
  const rl_band *goal = &f->band[f->net->layers - 1];
  double least = INFINITY;
  for (int r = 0; r < goal->rows; r++) {
    if (!(goal->bound[r] <= INFINITY)) return -INFINITY;
    least = rl_min(least, goal->bound[r]);
  }
  return least;
}
