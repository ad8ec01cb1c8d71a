/* L3: backward bounds as a function of a box (see inflate.h). */
#include <math.h>
#include <string.h>

#include "core/clock.h"
#include "core/product.h"
#include "core/vector.h"
#include "region/inflate.h"

int rl_inflate_product(rl_inflate *f, int transposed, const double *X, int rows, int inner, const double *W,
                       int columns, double *Y) {
  double work = (double)inner * columns;
  int block = (rl_rows_at_once(work) + 3) / 4 * 4;
  for (int r = 0; r < rows && !f->late; r += block) {
    int count = rows - r < block ? rows - r : block;
    const double *x = X + (size_t)r * (size_t)inner;
    double *y = Y + (size_t)r * (size_t)columns;
    f->late = rl_late(count * work) != 0;
    if (!f->late && transposed) rl_product_transposed(x, count, inner, W, columns, y);
    if (!f->late && !transposed) rl_product(x, count, inner, W, columns, y);
  }
  return !f->late;
}

/* ---- the first coefficients ---------------------------------------------------------------------- */

/* The interval of neuron i of a layer over what the layer reads: middle -+ radius. */
static rl_interval interval_of(const rl_network *net, int layer, int i, const double *middle, const double *radius) {
  int n = net->sizes[layer];
  const double *w = net->weights[layer] + (size_t)i * (size_t)n;
  double centre = net->biases[layer][i] + rl_dot(w, middle, n), reach = rl_dot_abs(w, radius, n);
  return (rl_interval){centre - reach, centre + reach};
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

/* An imposed sign holds on the leaf. */
static void obey_sign(rl_inflate *f, int k) {
  if (f->signs[k] == RL_ON) f->l[k] = rl_max(f->l[k], 0);
  if (f->signs[k] == RL_OFF) f->u[k] = rl_min(f->u[k], 0);
}

/* Could the neuron's range be of use?  That of an imposed sign tells whether the leaf is empty. */
static int is_open(const rl_inflate *f, int k) { return f->signs[k] != RL_LINEAR && f->l[k] < 0 && f->u[k] > 0; }

/* What a layer reads, as middle and radius. */
static void reads_of(const rl_inflate *f, int layer, double *middle, double *radius) {
  const rl_network *net = f->net;
  for (int j = 0; j < net->sizes[layer]; j++) {
    int before = layer ? net->offsets[layer - 1] + j : 0;
    double lo = layer ? rl_activation(net, before, f->l[before]) : f->lo[j];
    double hi = layer ? rl_activation(net, before, f->u[before]) : f->hi[j];
    middle[j] = 0.5 * (lo + hi);
    radius[j] = 0.5 * (hi - lo);
  }
}

/* Ranges by intervals; rows for neurons that these leave undecided. */
static void start_hidden(rl_inflate *f, rl_band *band) {
  int layer = band->layer, offset = f->net->offsets[layer];
  double *middle = f->values, *radius = f->acts;
  reads_of(f, layer, middle, radius);
  band->rows = 0;
  for (int i = 0; i < f->net->sizes[layer + 1]; i++) {
    if (rl_late(4.0 * f->net->sizes[layer])) f->late = 1;
    if (f->late) return;
    rl_interval z = interval_of(f->net, layer, i, middle, radius);
    f->l[offset + i] = z.lo;
    f->u[offset + i] = z.hi;
    if (is_open(f, offset + i)) start_neuron(f, band, i);
    obey_sign(f, offset + i);
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
    int sign = rl_is_imposed(f->signs[offset + i]);
    if (w >= 0 && (sign || side == RL_FREE)) {
      w *= band->alpha[offset + i]; /* w alpha z <= w a where z >= 0 and a = z, where z <= 0 and a = 0, and between */
    } else if (side == RL_OFF) {
      w = 0;
    } else if (side == RL_FREE) {
      w *= u / (u - l);
      constant -= w * l;
    }
    if (sign) w += side == RL_OFF ? band->beta[offset + i] : -band->beta[offset + i];
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
  rl_inflate_product(f, 0, f->relaxed, band->rows, size, f->net->weights[hidden], f->net->sizes[hidden],
                     band->in[hidden]);
}

/* The least value over the box. */
static void end_at_inputs(rl_inflate *f, rl_band *band) {
  double *middle = f->values, *radius = f->acts;
  reads_of(f, 0, middle, radius);
  for (int r = 0; r < band->rows; r++) {
    const double *w = band->in[0] + (size_t)r * (size_t)f->n;
    band->bound[r] += rl_dot(w, middle, f->n) - rl_dot_abs(w, radius, f->n);
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
  for (int hidden = band->layer - 1; hidden >= 0 && !f->late; hidden--) through_layer(f, band, hidden);
  if (f->late) return;
  if (is_goal) add_inputs_of_goal(f, band);
  end_at_inputs(f, band);
  for (int r = 0; r < band->rows && !is_goal; r += 2) {
    f->l[band->neuron[r]] = band->bound[r];
    f->u[band->neuron[r]] = -band->bound[r + 1];
    obey_sign(f, band->neuron[r]);
  }
}

static void take_leaf(rl_inflate *f, rl_leaf *leaf) {
  size_t beta = f->base[f->net->layers];
  f->signs = leaf->signs;
  for (int k = 0; k < f->net->layers; k++) {
    rl_band *band = &f->band[k];
    band->alpha = leaf->tuning.value + f->base[k];
    band->alpha_slope = leaf->tuning.slope + f->base[k];
    band->beta = band->alpha + beta;
    band->beta_slope = band->alpha_slope + beta;
  }
}

/* Does some neuron's range contradict its sign?  In the layers up to this one. */
static int is_empty(const rl_inflate *f, int layer) {
  int end = f->net->offsets[layer] + (layer + 1 < f->net->layers ? f->net->sizes[layer + 1] : 0);
  for (int k = f->net->offsets[layer]; k < end; k++)
    if (rl_is_imposed(f->signs[k]) && f->l[k] > f->u[k]) return 1;
  return 0;
}

double rl_inflate_bound(rl_inflate *f, rl_leaf *leaf) {
  take_leaf(f, leaf);
  for (int k = 0; k < f->net->layers; k++) {
    bound_band(f, &f->band[k]);
    if (f->late) return -INFINITY;
    if (is_empty(f, k)) return INFINITY;
  }
  const rl_band *goal = &f->band[f->net->layers - 1];
  double least = INFINITY;
  for (int r = 0; r < goal->rows; r++) {
    if (!(goal->bound[r] <= INFINITY)) return -INFINITY;
    least = rl_min(least, goal->bound[r]);
  }
  return least;
}
