/* L2: forward symbolic bounds (see forward.h). */
#include "encode/forward.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "core/round.h"
#include "core/vector.h"
#include "model/layer.h"

enum { LANES = 8 }; /* doubles in a vector */

struct rl_forward {
  const rl_network *net;
  int over_neurons;                            /* base variables are the first layer's pre-activations */
  int thorough;                                /* in this run, forms over these are also evaluated over the inputs */
  int nb;                                      /* base variables */
  int stride;                                  /* doubles per form: nb coefficients, the constant, padding */
  double *active;                              /* activations of the layer at hand: per neuron lower form, upper form */
  double *next;                                /* pre-activations of the layer that follows */
  double *mag;                                 /* per activation: bound on sum of |coefficients| + |constant| */
  int *list;                                   /* activations that are not zero */
  int *taken;                                  /* of them, those that a row of few weights takes */
  uint8_t *live;                               /* widest: which are listed */
  double *base_lo, *base_hi, *center, *radius; /* of the base variables */
  double *base_mag;                            /* over neurons: sum_j |W1_ij| max |x_j| */
  double *input;                               /* n: a form's coefficients over the inputs */
};

static rl_status create(rl_forward **out, const rl_network *net, int nb, int over_neurons, rl_error *err) {
  rl_forward *f = rl_alloc(1, sizeof *f);
  if (!f) return rl_fail_memory(err);
  f->net = net;
  f->over_neurons = over_neurons;
  f->nb = nb;
  f->stride = (f->nb + 1 + 7) / 8 * 8;
  size_t forms = (size_t)net->widest * 2 * (size_t)f->stride;
  f->active = rl_alloc(forms, sizeof(double));
  f->next = rl_alloc(forms, sizeof(double));
  f->mag = rl_alloc((size_t)net->widest, sizeof(double));
  f->list = rl_alloc((size_t)net->widest, sizeof(int));
  f->taken = rl_alloc((size_t)net->widest, sizeof(int));
  f->live = rl_alloc((size_t)net->widest, 1);
  f->base_lo = rl_alloc((size_t)f->nb, sizeof(double));
  f->base_hi = rl_alloc((size_t)f->nb, sizeof(double));
  f->base_mag = rl_alloc((size_t)f->nb, sizeof(double));
  f->center = rl_alloc((size_t)f->nb, sizeof(double));
  f->radius = rl_alloc((size_t)f->nb, sizeof(double));
  f->input = rl_alloc((size_t)net->sizes[0], sizeof(double));
  if (!f->active || !f->next || !f->mag || !f->list || !f->taken || !f->live || !f->base_lo || !f->base_hi || !f->base_mag || !f->center ||
      !f->radius || !f->input) {
    rl_forward_release(f);
    return rl_fail_memory(err);
  }
  *out = f;
  return RL_OK;
}

rl_status rl_forward_create(rl_forward **out, const rl_network *net, rl_error *err) {
  int over_neurons = net->layers > 1 && net->sizes[1] < net->sizes[0];
  return create(out, net, net->sizes[over_neurons], over_neurons, err);
}

rl_status rl_forward_create_over(rl_forward **out, const rl_network *net, int d, rl_error *err) {
  return create(out, net, d, 0, err);
}

void rl_forward_release(rl_forward *f) {
  if (!f) return;
  rl_free(f->active);
  rl_free(f->next);
  rl_free(f->mag);
  rl_free(f->list);
  rl_free(f->taken);
  rl_free(f->live);
  rl_free(f->base_lo);
  rl_free(f->base_hi);
  rl_free(f->base_mag);
  rl_free(f->center);
  rl_free(f->radius);
  rl_free(f->input);
  rl_free(f);
}

/* acc[0..2*stride) += w * (lower, upper) with the forms exchanged for w < 0. */
static inline void accumulate(double *restrict acc, double w, const double *restrict forms, int stride) {
  double *restrict low = acc, *restrict up = acc + stride;
  const double *restrict first = w >= 0 ? forms : forms + stride, *restrict second = w >= 0 ? forms + stride : forms;
  for (int c = 0; c < stride; c++) {
    low[c] = fma(w, first[c], low[c]);
    up[c] = fma(w, second[c], up[c]);
  }
}

/* The same for all listed activations, where a form is one vector. */
static void accumulate_vectors(const rl_forward *f, const double *w, const int *list, int listed, double *forms) {
  rl_lanes low = rl_load(forms), up = rl_load(forms + LANES);
  for (int k = 0; k < listed; k++) {
    double weight = w[list[k]];
    const double *a = f->active + (size_t)list[k] * 2 * LANES;
    int first = weight >= 0 ? 0 : LANES;
    low = rl_multiply_add(rl_spread(weight), rl_load(a + first), low);
    up = rl_multiply_add(rl_spread(weight), rl_load(a + LANES - first), up);
  }
  memcpy(forms, &low, sizeof low);
  memcpy(forms + LANES, &up, sizeof up);
}

/* Sum of |bias| and |w_j| mag_j over the listed activations; 0 only where the form is. */
static double affine_magnitude(const rl_forward *f, const double *w, double bias, const int *list, int listed) {
  double magnitude = fabs(bias);
  for (int k = 0; k < listed; k++) magnitude = fma(fabs(w[list[k]]), f->mag[list[k]], magnitude);
  for (int k = 0; k < listed && magnitude == 0; k++) /* nothing, or underflow? */
    if (w[list[k]] != 0 && f->mag[list[k]] != 0) magnitude = RL_TINY;
  return magnitude;
}

/* The listed activations that a row of few weights takes; returns how many. */
static int list_taken(rl_forward *f, rl_row row) {
  int count = 0;
  for (int t = 0; t < row.count; t++)
    if (f->live[row.at[t]]) f->taken[count++] = row.at[t];
  return count;
}

static void mark_live(rl_forward *f, int columns, int listed) {
  memset(f->live, 0, (size_t)columns);
  for (int k = 0; k < listed; k++) f->live[f->list[k]] = 1;
}

/* Pre-activation forms of an affine layer's rows from the listed activations.  The
 * rounding error of a form over t in [-1,1] goes into the constant: that of nb + 1 sums of products whose sizes add up
 * to the magnitude, so that the underflows are fewer than 2^50. */
static void affine_rows(rl_forward *f, int layer, int listed, int first, int end) {
  const rl_network *net = f->net;
  int columns = net->sizes[layer], stride = f->stride, all = listed;
  const int *list = f->list;
  for (int i = first; i < end; i++) {
    const double *w = net->weights[layer] + (size_t)i * (size_t)columns;
    double *forms = f->next + (size_t)i * 2 * (size_t)stride, bias = net->biases[layer][i];
    if (net->sparse[layer]) {
      listed = list_taken(f, rl_layer_row(net, layer, i));
      list = f->taken;
    }
    memset(forms, 0, 2 * (size_t)stride * sizeof *forms);
    forms[f->nb] = forms[stride + f->nb] = bias;
    if (stride == LANES)
      accumulate_vectors(f, w, list, listed, forms);
    else
      for (int k = 0; k < listed; k++)
        accumulate(forms, w[list[k]], f->active + (size_t)list[k] * 2 * (size_t)stride, stride);
    double magnitude = affine_magnitude(f, w, bias, list, listed);
    double error = magnitude == 0 ? 0 : rl_rounding(all + 4, magnitude * (1 + 1e-9));
    forms[f->nb] -= error;
    forms[stride + f->nb] += error;
  }
}

/* All rows of the layer; 0: there was no time. */
static int affine_layer(rl_forward *f, int layer, int listed) {
  int rows = f->net->sizes[layer + 1];
  double work = 2.0 * listed * f->stride;
  if (f->net->sparse[layer]) mark_live(f, f->net->sizes[layer], listed);
  for (int first = 0, block = rl_rows_at_once(work); first < rows; first += block) {
    if (rl_late(block * work)) return 0;
    affine_rows(f, layer, listed, first, first + block < rows ? first + block : rows);
  }
  return 1;
}

/* Upper bound of sum |coefficients| and the constant's magnitude. */
static double form_radius(const double *form, int nb) {
  double sum = 0;
  for (int c = 0; c < nb; c++) sum += fabs(form[c]);
  return sum;
}

/* Range of a form over t in [-1,1], one end: constant + side * sum |coefficients|, outwards. */
static double form_end(const double *form, int nb, double side) {
  double r = form_radius(form, nb), size = r + fabs(form[nb]);
  return size == 0 ? 0 : form[nb] + side * r + side * rl_rounding(nb + 4, size);
}

/* The same end over the inputs' box: t_i = (W1 x + b1 - center)_i / radius_i.  The quotients g_i by which that is
 * multiplied are each off by u |g_i| and, where they underflow, by no more than RL_TINY. */
static double form_end_inputs(rl_forward *f, const double *form, const double *lo, const double *hi, double side) {
  const rl_network *net = f->net;
  int n = net->sizes[0];
  double constant = form[f->nb], magnitude = fabs(constant);
  memset(f->input, 0, (size_t)n * sizeof *f->input);
  double weight_mag = 0, range = 1; /* of what the coefficients multiply */
  for (int i = 0; i < f->nb; i++) {
    if (f->radius[i] == 0) {
      magnitude += fabs(form[i]);
      constant += side * fabs(form[i]);
      continue;
    }
    const double *w = net->weights[0] + (size_t)i * (size_t)n;
    double g = form[i] / f->radius[i];
    for (int j = 0; j < n; j++) f->input[j] = fma(g, w[j], f->input[j]);
    double shift = net->biases[0][i] - f->center[i];
    constant += g * shift;
    double offset = fabs(net->biases[0][i]) + fabs(f->center[i]);
    magnitude += fabs(g) * offset;
    weight_mag += fabs(g) * f->base_mag[i];
    range += f->base_mag[i] + offset;
  }
  double sum = 0;
  for (int j = 0; j < n; j++) {
    double most = rl_max(fabs(lo[j]), fabs(hi[j]));
    sum += f->input[j] * (f->input[j] * side > 0 ? hi[j] : lo[j]);
    magnitude += fabs(f->input[j]) * most; /* a coefficient may overflow where the sizes it is made of do not */
    range += most;
  }
  double error = rl_rounding(n + f->nb + 16, 2 * weight_mag + magnitude) + RL_TINY * range;
  return constant + sum + side * error;
}

/* Bounds of rows of the first layer's pre-activations over the box. */
static void base_rows(rl_forward *f, const double *lo, const double *hi, int first, int end) {
  const rl_network *net = f->net;
  int n = net->sizes[0];
  for (int i = first; i < end; i++) {
    const double *w = net->weights[0] + (size_t)i * (size_t)n;
    double low = net->biases[0][i], up = low, magnitude = 0;
    int some = low != 0; /* else the row is 0 */
    for (int j = 0; j < n; j++) {
      low += w[j] * (w[j] > 0 ? lo[j] : hi[j]);
      up += w[j] * (w[j] > 0 ? hi[j] : lo[j]);
      magnitude += fabs(w[j]) * rl_max(fabs(lo[j]), fabs(hi[j]));
      some |= w[j] != 0;
    }
    double error = some ? rl_rounding(n + 4, magnitude + fabs(net->biases[0][i])) : 0;
    f->base_lo[i] = low - error;
    f->base_hi[i] = up + error;
    f->base_mag[i] = magnitude + RL_TINY;
  }
}

/* Of all; 0: there was no time. */
static int base_ranges(rl_forward *f, const double *lo, const double *hi) {
  double work = 3.0 * f->net->sizes[0];
  for (int first = 0, block = rl_rows_at_once(work); first < f->nb; first += block) {
    if (rl_late(block * work)) return 0;
    base_rows(f, lo, hi, first, first + block < f->nb ? first + block : f->nb);
  }
  return 1;
}

/* center and radius such that [lo, hi] is inside center +- radius. */
static void center_base(rl_forward *f, const double *lo, const double *hi) {
  for (int i = 0; i < f->nb; i++) {
    double c = 0.5 * lo[i] + 0.5 * hi[i], r = rl_max(hi[i] - c, c - lo[i]);
    f->center[i] = c;
    f->radius[i] = r == 0 ? 0 : r * (1 + 4 * RL_UNIT);
  }
}

/* Both forms of item i become center + radius t_i. */
static void base_form(rl_forward *f, double *forms, int i) {
  memset(forms, 0, 2 * (size_t)f->stride * sizeof *forms);
  forms[i] = forms[f->stride + i] = f->radius[i];
  forms[f->nb] = forms[f->stride + f->nb] = f->center[i];
}

/* Activation forms from pre-activation forms of neuron i with bounds [l, u]:
 * on: a = z; undecided: slope (z - l) from above with slope >= u/(u-l), slope z from
 * below.  Scaling errs by at most unit * mag and what underflows, charged to the constant. */
static void activate(rl_forward *f, int i, int sign, double l, double u) {
  int stride = f->stride, nb = f->nb;
  const double *z = f->next + (size_t)i * 2 * (size_t)stride;
  double *a = f->active + (size_t)i * 2 * (size_t)stride;
  if (sign == RL_ON) {
    memcpy(a, z, 2 * (size_t)stride * sizeof *a);
  } else {
    double slope = rl_upper_slope(l, u) * (1 + 4 * RL_UNIT), below = slope < 1 ? slope : 1;
    for (int c = 0; c < stride; c++) {
      a[c] = below * z[c];
      a[stride + c] = slope * z[stride + c];
    }
    double low = form_radius(a, nb) + fabs(a[nb]), up = form_radius(a + stride, nb) + fabs(a[stride + nb]) - slope * l;
    a[nb] -= rl_rounding(4, low);
    a[stride + nb] += -slope * l + rl_rounding(8, up);
  }
  double low = form_radius(a, nb) + fabs(a[nb]), up = form_radius(a + stride, nb) + fabs(a[stride + nb]);
  f->mag[i] = rl_max(low, up) * (1 + (nb + 4) * RL_UNIT);
}

/* New bounds of neuron i from its forms. */
static void concretise(rl_forward *f, int i, const double *lo, const double *hi, double *l, double *u) {
  const double *forms = f->next + (size_t)i * 2 * (size_t)f->stride;
  double low = form_end(forms, f->nb, -1), up = form_end(forms + f->stride, f->nb, 1);
  if (f->thorough && low < 0 && up > 0) {
    low = rl_max(low, form_end_inputs(f, forms, lo, hi, -1));
    if (low < 0) up = rl_min(up, form_end_inputs(f, forms + f->stride, lo, hi, 1));
  }
  *l = low;
  *u = up;
}

/* How a run goes on: the set is empty, or there is no time, and nothing more is bounded. */
typedef enum outcome { GO_ON, EMPTY, NO_TIME } outcome;

/* The first layer as base: its pre-activation forms are the base variables. */
static outcome start_over_neurons(rl_forward *f, const double *lo, const double *hi, const int8_t *signs, double *l,
                                  double *u, uint8_t *needed) {
  if (!base_ranges(f, lo, hi)) return NO_TIME;
  for (int i = 0; i < f->nb; i++) {
    needed[i] = rl_sign_is_needed(signs[i], f->base_lo[i], f->base_hi[i]);
    if (!rl_take_bounds(signs[i], f->base_lo[i], f->base_hi[i], &l[i], &u[i])) return EMPTY;
  }
  center_base(f, l, u);
  for (int i = 0; i < f->nb; i++) base_form(f, f->next + (size_t)i * 2 * (size_t)f->stride, i);
  return GO_ON;
}

/* Activations of hidden layer k from its pre-activations; returns how many are not zero. */
static int activate_layer(rl_forward *f, int layer, const int8_t *signs, const double *l, const double *u) {
  int listed = 0, offset = f->net->offsets[layer];
  for (int i = 0; i < f->net->sizes[layer + 1]; i++) {
    int sign = rl_neuron_sign(signs[offset + i], l[offset + i], u[offset + i]);
    if (sign == RL_OFF) continue;
    activate(f, i, sign, l[offset + i], u[offset + i]);
    f->list[listed++] = i;
  }
  return listed;
}

/* Bounds of hidden layer `layer` from the forms in f->next. */
static outcome bound_layer(rl_forward *f, int layer, const double *lo, const double *hi, const int8_t *signs, double *l,
                           double *u, uint8_t *needed) {
  int offset = f->net->offsets[layer];
  double work = 2.0 * f->nb * (f->thorough ? f->net->sizes[0] + 1 : 1);
  for (int i = 0, block = rl_rows_at_once(work); i < f->net->sizes[layer + 1]; i++) {
    int k = offset + i;
    double low = -INFINITY, up = INFINITY;
    if (i % block == 0 && rl_late(block * work)) return NO_TIME;
    concretise(f, i, lo, hi, &low, &up);
    needed[k] = rl_sign_is_needed(signs[k], low, up);
    if (!rl_take_bounds(signs[k], low, up, &l[k], &u[k])) return EMPTY;
  }
  return GO_ON;
}

/* The inputs as base: their forms are the base variables.  Returns how many are listed. */
static int start_over_inputs(rl_forward *f, const double *lo, const double *hi) {
  center_base(f, lo, hi);
  for (int i = 0; i < f->nb; i++) {
    base_form(f, f->active + (size_t)i * 2 * (size_t)f->stride, i);
    f->mag[i] = f->radius[i] + fabs(f->center[i]);
    f->list[i] = i;
  }
  return f->nb;
}

/* Both forms of base neuron i over t: w.(center + radius t) + c, with the errors in the constants. */
static void known_form(rl_forward *f, const rl_base *base, int i) {
  double *low = f->next + (size_t)i * 2 * (size_t)f->stride, *up = low + f->stride, reach = 0;
  const double *w = base->w + (size_t)i * ((size_t)base->d + 1);
  memset(low, 0, 2 * (size_t)f->stride * sizeof *low);
  double constant = w[base->d], magnitude = fabs(constant);
  for (int j = 0; j < base->d; j++) {
    double size = fabs(f->center[j]) + f->radius[j];
    low[j] = up[j] = w[j] * f->radius[j];
    constant += w[j] * f->center[j];
    magnitude += fabs(w[j]) * size;
    reach += size;
  }
  double error = base->slope_error[i] * reach + base->constant_error[i] + rl_rounding(base->d + 4, magnitude);
  low[base->d] = constant - error * (1 + 1e-9);
  up[base->d] = constant + error * (1 + 1e-9);
}

/* Known forms as base. */
static outcome start_over_forms(rl_forward *f, const rl_base *base, const int8_t *signs, double *l, double *u,
                                uint8_t *needed) {
  int offset = f->net->offsets[base->layer];
  rl_base_box(base, f->base_lo, f->base_hi);
  center_base(f, f->base_lo, f->base_hi);
  for (int i = 0; i < base->count; i++) known_form(f, base, i);
  for (int i = 0; i < base->count; i++) {
    double low, up;
    rl_base_range(base, i, &low, &up);
    if (!rl_take_bounds(signs[offset + i], low, up, &l[offset + i], &u[offset + i])) return EMPTY;
  }
  return bound_layer(f, base->layer, f->base_lo, f->base_hi, signs, l, u, needed);
}

/* From the activations of the layer before `layer` on. */
static outcome run_layers(rl_forward *f, int layer, int listed, const double *lo, const double *hi, const int8_t *signs,
                          double *l, double *u, uint8_t *needed) {
  outcome so_far = GO_ON;
  for (; layer < f->net->layers - 1 && so_far == GO_ON; layer++) {
    if (!affine_layer(f, layer, listed)) return NO_TIME;
    so_far = bound_layer(f, layer, lo, hi, signs, l, u, needed);
    if (so_far == GO_ON) listed = activate_layer(f, layer, signs, l, u);
  }
  return so_far;
}

/* As long as nothing is computed, all imposed signs from neuron `from` on are needed. */
static void need_all(const rl_forward *f, int from, const int8_t *signs, uint8_t *needed) {
  for (int k = from; k < f->net->neurons; k++) needed[k] = rl_is_imposed(signs[k]);
}

int rl_forward_run_from(rl_forward *f, const rl_base *base, const int8_t *signs, double *l, double *u,
                        uint8_t *needed) {
  f->thorough = 0;
  need_all(f, f->net->offsets[base->layer], signs, needed);
  outcome so_far = start_over_forms(f, base, signs, l, u, needed);
  if (so_far != GO_ON) return so_far != EMPTY;
  int listed = activate_layer(f, base->layer, signs, l, u);
  return run_layers(f, base->layer + 1, listed, f->base_lo, f->base_hi, signs, l, u, needed) != EMPTY;
}

int rl_forward_run(rl_forward *f, const double *lo, const double *hi, const int8_t *signs, double *l, double *u,
                   uint8_t *needed, int thorough) {
  f->thorough = thorough && f->over_neurons;
  int listed = 0, layer = 0;
  need_all(f, 0, signs, needed);
  if (f->over_neurons) {
    outcome so_far = start_over_neurons(f, lo, hi, signs, l, u, needed);
    if (so_far != GO_ON) return so_far != EMPTY;
    listed = activate_layer(f, 0, signs, l, u);
    layer = 1;
  } else {
    listed = start_over_inputs(f, lo, hi);
  }
  return run_layers(f, layer, listed, lo, hi, signs, l, u, needed) != EMPTY;
}
