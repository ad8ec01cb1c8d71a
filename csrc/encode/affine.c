/* L2: affine forms with interval coefficients; see affine.h. */
#include "encode/affine.h"

#include <string.h>

static rl_status allocate(rl_affine *out, int n, int count, rl_error *err) {
  size_t size = (size_t)count * ((size_t)n + 1);
  *out = (rl_affine){n, count, rl_alloc(size, sizeof(double)), rl_alloc(size, sizeof(double))};
  if (out->lo && out->hi) return RL_OK;
  rl_affine_free(out);
  return rl_fail_memory(err);
}

void rl_affine_free(rl_affine *forms) {
  rl_free(forms->lo);
  rl_free(forms->hi);
  *forms = (rl_affine){0};
}

/* target += w * source for interval forms of length n+1. */
static void accumulate(const rl_affine *target, int i, double w, const rl_affine *source, int k) {
  size_t length = (size_t)target->n + 1, t = (size_t)i * length, s = (size_t)k * length;
  for (size_t j = 0; j < length; j++) {
    rl_interval term = rl_iscale(w, (rl_interval){source->lo[s + j], source->hi[s + j]});
    rl_interval sum = rl_iadd((rl_interval){target->lo[t + j], target->hi[t + j]}, term);
    target->lo[t + j] = sum.lo;
    target->hi[t + j] = sum.hi;
  }
}

rl_status rl_affine_layer(rl_affine *out, const rl_network *net, int layer, const rl_affine *previous, rl_error *err) {
  int n = net->sizes[0], count = net->sizes[layer + 1], width = net->sizes[layer];
  size_t length = (size_t)n + 1;
  rl_status status = allocate(out, n, count, err);
  if (status != RL_OK) return status;
  for (int i = 0; i < count; i++) {
    const double *w = net->weights[layer] + (size_t)i * (size_t)width;
    if (layer == 0) memcpy(out->lo + (size_t)i * length, w, (size_t)n * sizeof *w);
    out->lo[(size_t)i * length + (size_t)n] = net->biases[layer][i];
    memcpy(out->hi + (size_t)i * length, out->lo + (size_t)i * length, length * sizeof(double));
    for (int k = 0; k < width && layer > 0; k++)
      if (w[k] != 0) accumulate(out, i, w[k], previous, k);
  }
  for (size_t j = 0; j < (size_t)count * length; j++) {
    if (isfinite(out->lo[j]) && isfinite(out->hi[j])) continue;
    rl_affine_free(out);
    return rl_fail(err, RL_ENUMERIC, "the affine forms of layer %d overflow", layer + 1);
  }
  return RL_OK;
}

void rl_affine_relu(rl_affine *forms, const rl_network *net, int layer, const int8_t *signs) {
  size_t length = (size_t)forms->n + 1;
  for (int i = 0; i < forms->count; i++) {
    if (signs[i] == RL_ON || rl_is_linear(net, net->offsets[layer] + i)) continue;
    memset(forms->lo + (size_t)i * length, 0, length * sizeof(double));
    memset(forms->hi + (size_t)i * length, 0, length * sizeof(double));
  }
}

/* With w~ a double in each interval [l, h] of coefficients,
 *   |z(x) - w~.x - w_n| <= e = sum_j max(h_j - w~_j, w~_j - l_j) max(|lo_j|, |hi_j|),
 * so  w~.x + l_n - e >= 0  implies z >= 0 and  w~.x + h_n + e <= 0  implies z <= 0. */
rl_status rl_affine_half_space(const rl_affine *forms, int index, int sign, const double *lo, const double *hi,
                               double *row, double *b, rl_error *err) {
  int n = forms->n;
  size_t start = (size_t)index * ((size_t)n + 1);
  const double *l = forms->lo + start, *h = forms->hi + start;
  double e = 0;
  for (int j = 0; j < n; j++) {
    double w = l[j] == h[j] ? l[j] : 0.5 * l[j] + 0.5 * h[j];
    double spread = fmax(rl_add_up(h[j], -w), rl_add_up(w, -l[j]));
    e = rl_add_up(e, rl_mul_up(spread, fmax(fabs(lo[j]), fabs(hi[j]))));
    row[j] = sign == RL_ON ? -w : w;
  }
  *b = rl_add_down(sign == RL_ON ? l[n] : -h[n], -e);
  return isfinite(*b) ? RL_OK : rl_fail(err, RL_ENUMERIC, "the half-space of a neuron overflows");
}

/* Knuth's and Dekker's error-free transforms keep s + (exact errors) = the sum;
 * the errors, about 1e-16 of the terms, are added rounding upwards. */
double rl_row_excess(int n, const double *a, const double *lo, const double *hi, double b) {
  double s = -b, errors = 0;
  for (int j = 0; j < n; j++) {
    double x = a[j] >= 0 ? hi[j] : lo[j];
    if (a[j] == 0 || x == 0) continue;
    double p = a[j] * x, low = fma(a[j], x, -p);
    if (fabs(p) < 1e-290) low = RL_TINY;
    double t = s + p, e = rl_sum_error(s, p, t);
    s = t;
    errors = rl_add_up(errors, rl_add_up(e, low));
  }
  return rl_add_up(s, errors); /* sums that overflow: infinite */
}
