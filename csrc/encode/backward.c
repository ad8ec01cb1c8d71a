/* L2: backward bounds (see backward.h). */
#include "encode/backward.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "core/round.h"
#include "core/vector.h"
#include "encode/forward.h"
#include "model/layer.h"

/* LANES: doubles in a vector; rows that a kernel takes at a time. */
enum { LANES = 8, ROWS = 4 };

struct rl_backward {
  const rl_network *net;
  int stride;                            /* of coefficient rows: the widest layer, padded */
  double **weights;                      /* per layer: rows padded to a multiple of LANES; NULL: it is sparse */
  double *block;                         /* all of them */
  double *in, *out;                      /* rows x stride: coefficients of what a layer computes, of what it reads */
  int *row;                              /* rows: which neuron; its upper bound first, its lower one next */
  double *constant, *magnitude, *charge; /* rows: of the bound so far; sum of |terms|; errors, each an upper bound */
  double *rise, *fall, *shift, *fixed;   /* stride: a layer's upper slope, lower slope, -l where undecided; |shift| */
  double *bias, *reach;                  /* stride: a layer's biases; s_i of backward.h */
  double *size;                          /* stride: reach of the variables that a layer reads */
  double ranges;                         /* what coefficients multiplied so far: their underflows cost RL_TINY of it */
  int *list;                             /* neurons of a layer that may be active */
  double *slope;                         /* neurons x n, see rl_backward_slope; NULL: not wanted */
};

static int padded(int n) { return (n + LANES - 1) / LANES * LANES; }

static rl_status copy_weights(rl_backward *b, rl_error *err) {
  const rl_network *net = b->net;
  size_t total = 0;
  for (int k = 0; k + 1 < net->layers; k++)
    if (!net->sparse[k]) total += (size_t)net->sizes[k + 1] * (size_t)padded(net->sizes[k]);
  b->block = rl_alloc(total, sizeof(double));
  if (!b->block) return rl_fail_memory(err);
  double *at = b->block;
  for (int k = 0; k + 1 < net->layers; k++) {
    int n = net->sizes[k];
    if (net->sparse[k]) continue;
    b->weights[k] = at;
    for (int i = 0; i < net->sizes[k + 1]; i++, at += padded(n))
      memcpy(at, net->weights[k] + (size_t)i * (size_t)n, (size_t)n * sizeof *at);
  }
  return RL_OK;
}

rl_status rl_backward_create(rl_backward **out, const rl_network *net, int keep_slopes, rl_error *err) {
  rl_backward *b = rl_alloc(1, sizeof *b);
  if (!b) return rl_fail_memory(err);
  b->net = net;
  b->stride = padded(net->widest);
  int most = 0;
  for (int k = 1; k < net->layers; k++) most = most > net->sizes[k] ? most : net->sizes[k];
  size_t rows = 2 * (size_t)most + ROWS, stride = (size_t)b->stride;
  double **doubles[] = {&b->in,   &b->out,   &b->constant, &b->magnitude, &b->charge, &b->rise,
                        &b->fall, &b->shift, &b->fixed,    &b->bias,      &b->reach,  &b->size};
  size_t sizes[] = {rows * stride, rows * stride, rows,   rows,   rows,   stride,
                    stride,        stride,        stride, stride, stride, stride};
  b->weights = rl_alloc((size_t)net->layers, sizeof *b->weights);
  b->row = rl_alloc(rows, sizeof *b->row);
  b->list = rl_alloc(stride, sizeof *b->list);
  if (keep_slopes) b->slope = rl_alloc((size_t)net->neurons * (size_t)net->sizes[0], sizeof *b->slope);
  int missing = !b->weights || !b->row || !b->list || (keep_slopes && !b->slope);
  for (size_t i = 0; i < sizeof doubles / sizeof *doubles; i++)
    missing |= !(*doubles[i] = rl_alloc(sizes[i], sizeof(double)));
  rl_status status = missing ? rl_fail_memory(err) : copy_weights(b, err);
  if (status) {
    rl_backward_release(b);
    return status;
  }
  if (keep_slopes)
    for (size_t i = 0; i < (size_t)net->sizes[0] * (size_t)net->sizes[1] && net->layers > 1; i++)
      b->slope[i] = fabs(net->weights[0][i]);
  *out = b;
  return RL_OK;
}

void rl_backward_release(rl_backward *b) {
  if (!b) return;
  void *owned[] = {b->weights, b->block, b->in,    b->out,  b->row,   b->constant, b->magnitude, b->charge, b->rise,
                   b->fall,    b->shift, b->fixed, b->bias, b->reach, b->size,     b->list,      b->slope};
  for (size_t i = 0; i < sizeof owned / sizeof *owned; i++) rl_free(owned[i]);
  rl_free(b);
}

/* ---- kernels ---------------------------------------------------------------------------- */

/* out[ROWS][columns] = in[ROWS][listed] W[listed][columns], all rows `stride` apart but W's, which are `columns`. */
static void multiply_rows(const rl_backward *b, const double *in, const double *W, int listed, int columns,
                          double *out) {
  size_t stride = (size_t)b->stride;
  for (int j = 0; j < columns; j += LANES) {
    rl_lanes sum[ROWS] = {{0}};
    for (int i = 0; i < listed; i++) {
      rl_lanes w = rl_load(W + (size_t)b->list[i] * (size_t)columns + j);
      for (size_t r = 0; r < ROWS; r++)
        sum[r] = rl_multiply_add(rl_spread(in[r * stride + (size_t)b->list[i]]), w, sum[r]);
    }
    for (size_t r = 0; r < ROWS; r++) memcpy(out + r * stride + j, &sum[r], sizeof sum[r]);
  }
}

/* The same for rows of few weights: out[ROWS][columns] = in[ROWS][listed] W[listed]. */
static void scatter_rows(const rl_backward *b, int layer, const double *in, int listed, int columns, double *out) {
  size_t stride = (size_t)b->stride;
  for (size_t r = 0; r < ROWS; r++) memset(out + r * stride, 0, (size_t)columns * sizeof *out);
  for (int i = 0; i < listed; i++) {
    rl_row row = rl_layer_row(b->net, layer, b->list[i]);
    for (size_t r = 0; r < ROWS; r++) {
      double c = in[r * stride + (size_t)b->list[i]];
      if (c != 0) rl_row_add(row, c, out + r * stride);
    }
  }
}

/* One row of coefficients of a layer's activations becomes one of its pre-activations, times the biases into the
 * constant: w = v rise where v > 0, v fall elsewhere; what stands above the lines (w shift) is a constant too. */
static void relax_row(const rl_backward *b, double *v, int size, double gamma, size_t r) {
  rl_lanes constant = {0}, magnitude = {0}, charge = {0};
  for (int i = 0; i < size; i += LANES) {
    rl_lanes c = rl_load(v + i), up = rl_positive(c), down = c - up;
    rl_lanes wu = up * rl_load(b->rise + i), w = wu + down * rl_load(b->fall + i),
             size_of = rl_positive(w) + rl_positive(-w);
    constant += wu * rl_load(b->shift + i) + w * rl_load(b->bias + i);
    magnitude += wu * rl_load(b->fixed + i);
    charge += size_of * rl_load(b->reach + i);
    memcpy(v + i, &w, sizeof w);
  }
  double errors = rl_sum_lanes(charge);
  b->constant[r] += rl_sum_lanes(constant);
  b->magnitude[r] += rl_sum_lanes(magnitude) + errors;
  b->charge[r] += gamma * errors;
}

/* ---- a layer ----------------------------------------------------------------------------- */

/* Slopes of hidden layer `layer`; lists the neurons that may be active. */
static int relax_layer(rl_backward *b, int layer, const int8_t *signs, const double *l, const double *u) {
  int offset = b->net->offsets[layer], size = b->net->sizes[layer + 1], listed = 0;
  memset(b->rise, 0, (size_t)b->stride * sizeof *b->rise);
  memset(b->fall, 0, (size_t)b->stride * sizeof *b->fall);
  memset(b->shift, 0, (size_t)b->stride * sizeof *b->shift);
  memset(b->fixed, 0, (size_t)b->stride * sizeof *b->fixed);
  for (int i = 0; i < size; i++) {
    double low = l[offset + i], up = u[offset + i];
    int sign = rl_neuron_sign(signs[offset + i], low, up);
    if (sign == RL_OFF) continue;
    b->list[listed++] = i;
    b->rise[i] = b->fall[i] = 1;
    if (sign == RL_ON) continue;
    b->rise[i] = rl_upper_slope(low, up) * (1 + 8 * RL_UNIT); /* rl_rising, but for underflow: see ranges */
    b->ranges += rl_max(up, -low);
    b->fall[i] = up > -low; /* v a <= w z for any w in [v, 0] */
    b->shift[i] = -low;
    b->fixed[i] = fabs(low);
  }
  return listed;
}

/* Reach of what layer `layer` reads, and s_i of its rows. */
static void measure_layer(rl_backward *b, int layer, const double *lo, const double *hi, const int8_t *signs,
                          const double *l, const double *u) {
  const rl_network *net = b->net;
  int n = net->sizes[layer], columns = padded(n);
  memset(b->size, 0, (size_t)b->stride * sizeof *b->size);
  memset(b->bias, 0, (size_t)b->stride * sizeof *b->bias);
  memset(b->reach, 0, (size_t)b->stride * sizeof *b->reach);
  for (int j = 0; j < n; j++) {
    int k = layer == 0 ? 0 : net->offsets[layer - 1] + j;
    b->size[j] = layer == 0 ? rl_max(fabs(lo[j]), fabs(hi[j])) : rl_activation_reach(signs[k], l[k], u[k]);
    b->ranges += b->size[j];
  }
  for (int i = 0; i < net->sizes[layer + 1]; i++) {
    double sum = net->sparse[layer]
                     ? rl_row_dot_abs(rl_layer_row(net, layer, i), b->size)
                     : rl_dot_abs(b->weights[layer] + (size_t)i * (size_t)columns, b->size, columns);
    b->bias[i] = net->biases[layer][i];
    b->reach[i] = (sum + fabs(b->bias[i])) * (1 + (n + 8) * DBL_EPSILON) + RL_TINY;
  }
}

/* Coefficients in b->in of hidden layer `layer`'s pre-activations become those of what it reads; 0: there was no
 * time. */
static int through_layer(rl_backward *b, int layer, int rows, int listed) {
  int columns = padded(b->net->sizes[layer]);
  for (int r = 0; r < rows; r += ROWS) {
    if (rl_late((double)ROWS * listed * columns)) return 0;
    const double *in = b->in + (size_t)r * (size_t)b->stride;
    double *out = b->out + (size_t)r * (size_t)b->stride;
    if (b->net->sparse[layer])
      scatter_rows(b, layer, in, listed, columns, out);
    else
      multiply_rows(b, in, b->weights[layer], listed, columns, out);
  }
  double *swap = b->in;
  b->in = b->out;
  b->out = swap;
  return 1;
}

/* The rows to bound in hidden layer `layer`: side * z for both sides of each undecided neuron.  Returns how many. */
static int start_rows(rl_backward *b, int layer, const int8_t *signs, const double *l, const double *u) {
  const rl_network *net = b->net;
  int rows = 0, n = net->sizes[layer], offset = net->offsets[layer];
  for (int i = 0; i < net->sizes[layer + 1]; i++) {
    if (rl_neuron_sign(signs[offset + i], l[offset + i], u[offset + i]) != RL_FREE) continue;
    const double *w = net->weights[layer] + (size_t)i * (size_t)n;
    for (int side = 1; side >= -1; side -= 2, rows++) {
      double *in = b->in + (size_t)rows * (size_t)b->stride;
      memset(in, 0, (size_t)b->stride * sizeof *in);
      for (int j = 0; j < n; j++) in[j] = side * w[j];
      b->row[rows] = offset + i;
      b->constant[rows] = side * net->biases[layer][i];
      b->magnitude[rows] = fabs(b->constant[rows]);
      b->charge[rows] = 0;
    }
  }
  for (int r = rows; r % ROWS; r++)
    memset(b->in + (size_t)r * (size_t)b->stride, 0, (size_t)b->stride * sizeof(double));
  return rows;
}

/* The bound of row r: its coefficients are those of the inputs. */
static double conclude_row(const rl_backward *b, size_t r, const double *lo, const double *hi, double terms) {
  const double *c = b->in + r * (size_t)b->stride;
  double sum = b->constant[r], magnitude = b->magnitude[r];
  for (int j = 0; j < b->net->sizes[0]; j++) {
    sum += c[j] * (c[j] > 0 ? hi[j] : lo[j]);
    magnitude += fabs(c[j]) * rl_max(fabs(lo[j]), fabs(hi[j]));
  }
  return sum + (rl_rounding(terms + 16, magnitude) + b->charge[r] + RL_TINY * b->ranges) * (1 + 1e-8);
}

/* Rows r and r + 1 bound one neuron from both sides. */
static void keep_slope(rl_backward *b, size_t r) {
  int n = b->net->sizes[0];
  const double *up = b->in + r * (size_t)b->stride, *low = up + b->stride;
  double *slope = b->slope + (size_t)b->row[r] * (size_t)n;
  for (int j = 0; j < n; j++) slope[j] = 0.5 * (fabs(up[j]) + fabs(low[j]));
}

const double *rl_backward_slope(const rl_backward *b, int neuron) {
  return b->slope + (size_t)neuron * (size_t)b->net->sizes[0];
}

static int take_layer(rl_backward *b, int rows, const double *lo, const double *hi, double terms, double *l,
                      double *u) {
  for (int r = 0; r < rows; r++) {
    int k = b->row[r];
    double bound = conclude_row(b, (size_t)r, lo, hi, terms);
    if (b->slope && r % 2 == 0) keep_slope(b, (size_t)r);
    if (r % 2 == 0 && bound < u[k]) u[k] = bound;
    if (r % 2 == 1 && -bound > l[k]) l[k] = -bound;
    if (l[k] > u[k]) return 0;
  }
  return 1;
}

/* The rows' coefficients of hidden layer `top` become those of the inputs.  Returns how many terms there were; 0: no
 * time. */
static double substitute(rl_backward *b, int top, int rows, const double *lo, const double *hi, const int8_t *signs,
                         const double *l, const double *u) {
  const rl_network *net = b->net;
  double terms = 1;
  b->ranges = 1;
  for (int layer = top - 1; layer >= 0 && rows; layer--) {
    int listed = relax_layer(b, layer, signs, l, u), size = padded(net->sizes[layer + 1]);
    if (rl_late((double)size * padded(net->sizes[layer]))) return 0;
    measure_layer(b, layer, lo, hi, signs, l, u);
    for (int r = 0; r < rows; r++)
      relax_row(b, b->in + (size_t)r * (size_t)b->stride, size, (listed + 4) * RL_UNIT * 1.01, (size_t)r);
    terms += 2 * size;
    if (!through_layer(b, layer, rows, listed)) return 0;
  }
  return terms + net->sizes[0];
}

int rl_backward_run(rl_backward *b, const double *lo, const double *hi, const int8_t *signs, double *l, double *u) {
  for (int top = 1; top + 1 < b->net->layers; top++) {
    int rows = start_rows(b, top, signs, l, u);
    double terms = substitute(b, top, rows, lo, hi, signs, l, u);
    if (terms == 0) return 1;
    if (!take_layer(b, rows, lo, hi, terms, l, u)) return 0;
  }
  return 1;
}
