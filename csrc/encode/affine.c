/* L2: affine forms with interval coefficients; see affine.h. */
#include "encode/affine.h"

#include <fenv.h>
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

/* to[j] += w from[j], rounded as the machine is told to. */
static __attribute__((noinline)) void accumulate(double *restrict to, double w, const double *restrict from,
                                                 size_t length) {
  for (size_t j = 0; j < length; j++) to[j] = fma(w, from[j], to[j]);
}

/* The activations before an affine layer whose forms are not 0; returns how many. */
static int list_active(const rl_affine *forms, int *list) {
  size_t length = (size_t)forms->n + 1;
  int active = 0;
  for (int k = 0; k < forms->count; k++)
    for (size_t j = 0; j < length; j++)
      if (forms->lo[(size_t)k * length + j] != 0 || forms->hi[(size_t)k * length + j] != 0) {
        list[active++] = k;
        break;
      }
  return active;
}

/* Columns that are taken together, so that all rows of the source are near. */
enum { COLUMNS = 256 };

/* Columns from..end of one end of all rows' coefficients: sums of products with the source's. */
static void accumulate_columns(const rl_network *net, int layer, const rl_affine *source, const int *list, int active,
                               int upper, size_t from, size_t end, double *out) {
  size_t length = (size_t)source->n + 1, width = (size_t)net->sizes[layer];
  for (size_t i = 0; i < (size_t)net->sizes[layer + 1]; i++)
    for (int t = 0; t < active; t++) {
      double w = net->weights[layer][i * width + (size_t)list[t]];
      const double *ends = (w >= 0) == (upper != 0) ? source->hi : source->lo;
      if (w != 0) accumulate(out + i * length + from, w, ends + (size_t)list[t] * length + from, end - from);
    }
}

/* One end of the coefficients of all rows, each operation rounded towards that end, the machine's rounding set for all
 * of them (one by one, as in round.h, it takes thirty times as long).  0: there was no time. */
static int accumulate_end(const rl_network *net, int layer, const rl_affine *source, const int *list, int active,
                          int upper, double *out) {
  size_t length = (size_t)source->n + 1;
  for (size_t from = 0; from < length; from += COLUMNS) {
    size_t end = from + COLUMNS < length ? from + COLUMNS : length;
    if (rl_late((double)(end - from) * net->sizes[layer + 1] * active)) return 0;
    int before = fegetround();
    fesetround(upper ? FE_UPWARD : FE_DOWNWARD);
    accumulate_columns(net, layer, source, list, active, upper, from, end, out);
    fesetround(before);
  }
  return 1;
}

/* out += W source. */
static rl_status add_products(rl_affine *out, const rl_network *net, int layer, const rl_affine *source,
                              rl_error *err) {
  int *list = rl_alloc((size_t)source->count, sizeof *list);
  if (!list) return rl_fail_memory(err);
  int active = list_active(source, list);
  int done = accumulate_end(net, layer, source, list, active, 0, out->lo) &&
             accumulate_end(net, layer, source, list, active, 1, out->hi);
  rl_free(list);
  return done ? RL_OK : rl_fail(err, RL_ENUMERIC, "there was no time for the affine forms of layer %d", layer + 1);
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
  }
  if (layer > 0) status = add_products(out, net, layer, previous, err);
  if (status) {
    rl_affine_free(out);
    return status;
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
