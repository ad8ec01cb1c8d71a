/* L3: the derivative of backward bounds by the box and the slopes (see inflate.h).
 *
 * A bound is the value of its relaxation at the corner x of the box where that is least: with z the pre-activations
 * along the relaxation from there and a the coefficient of an activation, it changes with the slope alpha of a lower
 * line (a >= 0) by a z, with the ends of a range under an upper line (a < 0) by a times the derivatives of
 * u (z - l) / (u - l), and with the ends of an input's interval by the input's coefficient. */
#include <string.h>

#include "core/product.h"
#include "region/inflate.h"

/* Rows with an adjoint; their corners into f->values. */
static int start_live(rl_inflate *f, const rl_band *band) {
  int live = 0;
  for (int r = 0; r < band->rows; r++) {
    double y = band->adjoint[r];
    if (y == 0) continue;
    const double *w = band->in[0] + (size_t)r * (size_t)f->n;
    double *x = f->values + (size_t)live * (size_t)f->n;
    for (int j = 0; j < f->n; j++) {
      int low = w[j] > 0;
      x[j] = low ? f->lo[j] : f->hi[j];
      f->lo_slope[j] += low ? y * w[j] : 0;
      f->hi_slope[j] += low ? 0 : y * w[j];
    }
    f->live[live++] = r;
  }
  return live;
}

/* One row's pre-activations z of a hidden layer become activations along its relaxation. */
static void follow_row(rl_inflate *f, rl_band *band, int hidden, double y, const double *a, double *z) {
  int offset = f->net->offsets[hidden];
  for (int i = 0; i < f->net->sizes[hidden + 1]; i++) {
    int k = offset + i;
    double l = f->l[k], u = f->u[k], value = z[i] + f->net->biases[hidden][i];
    z[i] = value;
    int side = rl_inflate_side(f, k);
    if (side == RL_ON) continue;
    if (side == RL_OFF) {
      z[i] = 0;
    } else if (a[i] >= 0) {
      band->alpha_slope[k] += y * a[i] * value;
      z[i] = band->alpha[k] * value;
    } else {
      double width = u - l, scale = y * a[i] / (width * width);
      f->l_slope[k] += scale * u * (value - u);
      f->u_slope[k] += scale * l * (l - value);
      z[i] = u / width * (value - l);
    }
  }
}

static void reverse_band(rl_inflate *f, rl_band *band) {
  const rl_network *net = f->net;
  int live = start_live(f, band);
  for (int hidden = 0; hidden < band->layer && live; hidden++) {
    int size = net->sizes[hidden + 1];
    rl_product_transposed(f->values, live, net->sizes[hidden], net->weights[hidden], size, f->acts);
    for (int t = 0; t < live; t++)
      follow_row(f, band, hidden, band->adjoint[f->live[t]], band->in[hidden + 1] + (size_t)f->live[t] * (size_t)size,
                 f->acts + (size_t)t * (size_t)size);
    double *swap = f->values;
    f->values = f->acts;
    f->acts = swap;
  }
}

void rl_inflate_gradient(rl_inflate *f) {
  const rl_network *net = f->net;
  size_t neurons = (size_t)net->neurons, n = (size_t)f->n;
  memset(f->l_slope, 0, neurons * sizeof(double));
  memset(f->u_slope, 0, neurons * sizeof(double));
  memset(f->lo_slope, 0, n * sizeof(double));
  memset(f->hi_slope, 0, n * sizeof(double));
  for (int k = net->layers - 1; k >= 0; k--) {
    rl_band *band = &f->band[k];
    memset(band->alpha_slope, 0, (size_t)net->offsets[k] * sizeof(double));
    for (int r = 0; r < band->rows && k < net->layers - 1; r++)
      band->adjoint[r] = r % 2 ? -f->u_slope[band->neuron[r]] : f->l_slope[band->neuron[r]];
    reverse_band(f, band);
  }
}
