/* L3: the derivative of backward bounds by the box and the slopes (see inflate.h).
 *
 * A bound is the value of its relaxation at the corner x of the box where that is least: with z the pre-activations
 * along the relaxation from there and a the coefficient of an activation, it changes with the slope alpha of a lower
 * line (a >= 0) by a z, with the ends of a range under an upper line (a < 0) by a times the derivatives of
 * u (z - l) / (u - l), and with the ends of an input's interval by the input's coefficient. */
#include <math.h>
#include <string.h>

#include "region/inflate.h"

/* The corner x where w.x is least, and y times that value's derivatives. */
static void corner(int n, const double *restrict w, double y, const double *restrict lo, const double *restrict hi,
                   double *restrict x, double *restrict lo_slope, double *restrict hi_slope) {
  for (int j = 0; j < n; j++) {
    double slope = y * w[j], at_lo = w[j] > 0 ? slope : 0;
    x[j] = w[j] > 0 ? lo[j] : hi[j];
    lo_slope[j] += at_lo;
    hi_slope[j] += slope - at_lo;
  }
}

/* Rows with an adjoint; their corners into f->values. */
static int start_live(rl_inflate *f, const rl_band *band) {
  int live = 0;
  for (int r = 0; r < band->rows; r++) {
    double y = band->adjoint[r];
    if (y == 0) continue;
    const double *w = band->in[0] + (size_t)r * (size_t)f->n;
    double *x = f->values + (size_t)live * (size_t)f->n;
    corner(f->n, w, y, f->lo, f->hi, x, f->lo_slope, f->hi_slope);
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
    int side = rl_inflate_side(f, k), sign = rl_is_imposed(f->signs[k]);
    double exact = value > 0 ? value : 0;
    if (sign) band->beta_slope[k] += side == RL_OFF ? y * value : -y * value;
    if (a[i] >= 0 && (sign || side == RL_FREE)) {
      band->alpha_slope[k] += y * a[i] * value;
      z[i] = band->alpha[k] * value;
      f->cost[k] += fabs(y) * a[i] * (exact - z[i]);
    } else if (side != RL_FREE) {
      z[i] = side == RL_OFF ? 0 : value;
    } else {
      double width = u - l, scale = y * a[i] / (width * width);
      f->l_slope[k] += scale * u * (value - u);
      f->u_slope[k] += scale * l * (l - value);
      z[i] = u / width * (value - l);
      f->cost[k] -= fabs(y) * a[i] * (z[i] - exact);
    }
  }
}

static void reverse_band(rl_inflate *f, rl_band *band) {
  const rl_network *net = f->net;
  int live = start_live(f, band);
  for (int hidden = 0; hidden < band->layer && live; hidden++) {
    int size = net->sizes[hidden + 1];
    if (!rl_inflate_product(f, 1, f->values, live, net->sizes[hidden], net->weights[hidden], size, f->acts)) return;
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
  rl_band *goal = &f->band[net->layers - 1];
  size_t neurons = (size_t)net->neurons;
  memset(f->l_slope, 0, neurons * sizeof(double));
  memset(f->u_slope, 0, neurons * sizeof(double));
  memset(f->cost, 0, neurons * sizeof(double));
  for (int r = 0; r < goal->rows; r++) goal->adjoint[r] = 1 / goal->bound[r];
  for (int k = net->layers - 1; k >= 0; k--) {
    rl_band *band = &f->band[k];
    memset(band->alpha_slope, 0, (size_t)net->offsets[k] * sizeof(double));
    memset(band->beta_slope, 0, (size_t)net->offsets[k] * sizeof(double));
    for (int r = 0; r < band->rows && k < net->layers - 1; r++)
      band->adjoint[r] = r % 2 ? -f->u_slope[band->neuron[r]] : f->l_slope[band->neuron[r]];
    reverse_band(f, band);
  }
}
