/* L2: the dual bound (see dual.h). */
#include "encode/dual.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "core/vector.h"
#include "encode/account.h"
#include "encode/forward.h"
#include "model/layer.h"

rl_status rl_dual_create(rl_dual **out, const rl_network *net, const rl_domain *domain, rl_error *err) {
  rl_dual *d = rl_alloc(1, sizeof *d);
  if (!d) return rl_fail_memory(err);
  size_t neurons = (size_t)net->neurons, n = (size_t)net->sizes[0], widest = (size_t)net->widest;
  d->net = net;
  d->domain = domain;
  d->alpha = rl_alloc(neurons, sizeof(double));
  d->tau = rl_alloc(neurons, sizeof(double));
  d->mu = rl_alloc((size_t)domain->rows, sizeof(double));
  d->v = rl_alloc(neurons, sizeof(double));
  d->wx = rl_alloc(n, sizeof(double));
  d->x = rl_alloc(n, sizeof(double));
  d->z = rl_alloc(neurons, sizeof(double));
  d->y = rl_alloc((size_t)net->sizes[net->layers], sizeof(double));
  d->in = rl_alloc(widest, sizeof(double));
  d->out = rl_alloc(widest, sizeof(double));
  d->in_mag = rl_alloc(widest, sizeof(double));
  d->x_mag = rl_alloc(n, sizeof(double));
  if (!d->alpha || !d->tau || !d->mu || !d->v || !d->wx || !d->x || !d->z || !d->y || !d->in || !d->out || !d->in_mag ||
      !d->x_mag) {
    rl_dual_release(d);
    return rl_fail_memory(err);
  }
  *out = d;
  return RL_OK;
}

rl_status rl_dual_repeatable(rl_dual *d, rl_error *err) {
  d->in_radius = rl_alloc((size_t)d->net->widest, sizeof(double));
  d->out_radius = rl_alloc((size_t)d->net->widest, sizeof(double));
  return d->in_radius && d->out_radius ? RL_OK : rl_fail_memory(err);
}

void rl_dual_release(rl_dual *d) {
  if (!d) return;
  double *owned[] = {d->alpha, d->tau, d->mu,     d->v,   d->wx,    d->x,         d->z,
                     d->y,     d->in,  d->in_mag, d->out, d->x_mag, d->in_radius, d->out_radius};
  for (size_t i = 0; i < sizeof owned / sizeof *owned; i++) rl_free(owned[i]);
  rl_free(d);
}

static double first_slope(const rl_cell *cell, int k, int parallel) {
  double l = cell->l[k], u = cell->u[k];
  return l >= 0 ? 1 : u <= 0 ? 0 : parallel ? rl_upper_slope(l, u) : u > -l;
}

void rl_dual_reset(rl_dual *d, const rl_cell *cell, int parallel) {
  int count = d->compact ? rl_compact_count(d->compact) : d->net->neurons;
  for (int i = d->base ? d->net->offsets[d->base->layer] : 0; i < count; i++) {
    int k = d->compact ? rl_compact_neurons(d->compact)[i] : i;
    d->tau[k] = 0;
    d->alpha[k] = first_slope(cell, k, parallel);
  }
  for (int r = 0; r < d->domain->rows; r++) d->mu[r] = 0;
}

/* The error of a coefficient: a sum of products with the factor gamma and sizes that add up to `size`. */
static inline double coefficient_error(double gamma, double size) { return gamma * size + RL_TINY; }

/* Coefficient w of neuron k's pre-activation together with its multiplier tau.  radius: NULL or of w. */
static double add_tau(const rl_dual *d, const rl_cell *cell, int k, double w, double *radius, rl_account *a) {
  double l = cell->l[k], u = cell->u[k], tau = d->tau[k], sum = w + tau;
  if (tau == 0) return w;
  if (radius)
    *radius += coefficient_error(RL_UNIT * 1.01, fabs(sum));
  else
    a->charge += coefficient_error(RL_UNIT, fabs(sum)) * rl_max(fabs(l), fabs(u));
  rl_account_add(a, -tau * (tau > 0 ? l : u));
  return sum;
}

/* Through the ReLU of neuron k: from the activation's coefficient v to the pre-activation's,
 * which is returned.  Written so that the relaxation with that rounded coefficient is valid as it stands (see
 * comments); only tau's rounding is charged. */
static double through_relu(rl_dual *d, const rl_cell *cell, int k, double v, rl_account *a) {
  double l = cell->l[k], u = cell->u[k], w = 0;
  int sign = rl_neuron_sign(cell->signs[k], l, u);
  d->v[k] = v;
  if (v < 0 && d->slope_signs && rl_is_imposed(cell->signs[k])) {
    w = v * d->alpha[k]; /* for any w in [v, 0]: v z <= w z where z >= 0, 0 <= w z where z <= 0 */
  } else if (sign == RL_ON) {
    w = v; /* a = z */
  } else if (sign == RL_FREE && v > 0) {
    w = rl_rising(v, rl_upper_slope(l, u)); /* v a <= w (z - l) since w (u - l) >= v u */
    rl_account_add(a, -w * l);
  } else if (sign == RL_FREE && v < 0) {
    w = v * d->alpha[k]; /* v a <= w z for any w in [v, 0] */
  }
  return add_tau(d, cell, k, w, NULL, a);
}

/* The same for a coefficient within *radius of v, where the exact bound is to be covered. */
static double through_relu_within(rl_dual *d, const rl_cell *cell, int k, double v, double *radius, rl_account *a) {
  double l = cell->l[k], u = cell->u[k], w = 0, slope = rl_upper_slope(l, u), most = 0, r = *radius * (1 + 1e-9);
  int sign = rl_neuron_sign(cell->signs[k], l, u);
  d->v[k] = v;
  *radius = sign == RL_ON ? r : 0;
  if (sign == RL_ON) w = v;
  if (sign == RL_FREE && (v != 0 || r > 0)) {
    double low = (v - r) * (v - r > 0 ? slope : d->alpha[k]);
    most = (v + r) * (v + r > 0 ? slope : d->alpha[k]);
    w = v * (v > 0 ? slope : d->alpha[k]);
    *radius = (rl_max(w - low, most - w) + coefficient_error(8 * RL_UNIT, fabs(v) + r)) * (1 + 1e-9);
  }
  if (most > 0) { /* (z - l), with the largest of the coefficients */
    rl_account_add(a, -w * l);
    a->charge += (most - w + coefficient_error(8 * RL_UNIT, fabs(v) + r)) * fabs(l);
  }
  return add_tau(d, cell, k, w, radius, a);
}

/* Radii of the coefficients in d->in, from those of d->out. */
static void spread_radii(rl_dual *d, int layer, int used, rl_account *a) {
  const rl_network *net = d->net;
  int rows = net->sizes[layer + 1], columns = net->sizes[layer];
  double gamma = (used + 2) * RL_UNIT * 1.01;
  for (int j = 0; j < columns; j++) d->in_radius[j] = coefficient_error(gamma, d->in_mag[j]);
  for (int i = 0; i < rows; i++) {
    double r = d->out_radius[i];
    if (r == 0) continue;
    rl_row row = rl_layer_row(net, layer, i);
    for (int t = 0; t < row.count; t++) {
      int j = rl_row_column(row, t);
      d->in_radius[j] = fma(r, fabs(row.w[t]), d->in_radius[j]);
    }
    a->charge += r * fabs(net->biases[layer][i]);
  }
  for (int j = 0; j < columns; j++) d->in_radius[j] *= 1 + 1e-9;
}

/* in = W^T coefficients and in_mag = |W|^T |coefficients|; the bias goes into the account.
 * Returns the number of rows that took part. */
static int through_affine(rl_dual *d, int layer, const double *coefficients, rl_account *a) {
  const rl_network *net = d->net;
  int rows = net->sizes[layer + 1], columns = net->sizes[layer], used = 0;
  memset(d->in, 0, (size_t)columns * sizeof *d->in);
  memset(d->in_mag, 0, (size_t)columns * sizeof *d->in_mag);
  for (int i = 0; i < rows; i++) {
    double c = coefficients[i];
    if (c == 0) continue;
    rl_row row = rl_layer_row(net, layer, i);
    const double *restrict w = row.w;
    double *restrict in = d->in, *restrict mag = d->in_mag;
    for (int j = 0; j < row.count && !row.at; j++) {
      in[j] = fma(c, w[j], in[j]);
      mag[j] = fma(fabs(c), fabs(w[j]), mag[j]);
    }
    for (int t = 0; t < row.count && row.at; t++) {
      int j = row.at[t];
      in[j] = fma(c, w[t], in[j]);
      mag[j] = fma(fabs(c), fabs(w[t]), mag[j]);
    }
    rl_account_add(a, c * net->biases[layer][i]);
    used++;
  }
  return used;
}

/* Add the half-spaces with their multipliers to the inputs' coefficients. */
static void add_half_spaces(rl_dual *d, rl_account *a) {
  int n = d->net->sizes[0];
  for (int r = 0; r < d->domain->rows; r++) {
    if (d->mu[r] == 0) continue;
    const double *row = d->domain->A + (size_t)r * (size_t)n;
    for (int j = 0; j < n; j++) {
      d->wx[j] -= d->mu[r] * row[j];
      d->x_mag[j] += d->mu[r] * fabs(row[j]);
    }
    rl_account_add(a, d->mu[r] * d->domain->b[r]);
  }
}

/* The bound over the inputs' box: their coefficients are in[j] + d->wx[j], the errors of which, but for what radii
 * follow, are charged: at most gamma (in_mag[j] + d->x_mag[j]) each. */
static double end_at_inputs(rl_dual *d, const rl_cell *cell, const double *in, const double *in_mag, double gamma,
                            rl_account *a) {
  for (int j = 0; j < d->net->sizes[0]; j++) {
    double w = in[j] + d->wx[j];
    double radius = coefficient_error(gamma, (in_mag ? in_mag[j] : fabs(in[j])) + d->x_mag[j]);
    if (d->in_radius) radius += d->in_radius[j];
    a->charge += radius * rl_max(fabs(cell->lo[j]), fabs(cell->hi[j]));
    d->x[j] = w > 0 ? cell->hi[j] : cell->lo[j];
    d->wx[j] = !d->in_radius ? w : copysign(rl_max(0, fabs(w) - radius * (1 + 1e-9)), w);
    rl_account_add(a, w * d->x[j]);
  }
  return rl_account_up(a);
}

/* The bound where the first layer's coefficients (d->out) meet its ranges. */
static double end_at_neurons(const rl_dual *d, const rl_cell *cell, rl_account *a) {
  for (int i = 0; i < d->net->sizes[1]; i++)
    if (d->out[i] != 0 || (d->out_radius && d->out_radius[i] != 0)) {
      rl_account_add(a, d->out[i] * (d->out[i] > 0 ? cell->u[i] : cell->l[i]));
      if (d->out_radius) a->charge += d->out_radius[i] * rl_max(fabs(cell->l[i]), fabs(cell->u[i]));
    }
  return rl_account_up(a);
}

/* The bound where the coefficients (d->out) of the base's layer meet its forms; what the goal says of the inputs is
 * bounded over their box. */
static double end_at_base(rl_dual *d, const rl_cell *cell, rl_account *a, int goal_rows) {
  double gamma = (goal_rows + 2) * RL_UNIT * 1.01;
  for (int j = 0; j < d->net->sizes[0]; j++) {
    a->charge += coefficient_error(gamma, d->x_mag[j]) * rl_max(fabs(cell->lo[j]), fabs(cell->hi[j]));
    rl_account_add(a, d->wx[j] * (d->wx[j] > 0 ? cell->hi[j] : cell->lo[j]));
  }
  rl_base_add_maximum(d->base, d->out, a);
  return rl_account_up(a);
}

/* Multiply-adds of a step through an affine layer. */
static double work_of(const rl_network *net, int layer) { return 2.0 * net->sizes[layer] * net->sizes[layer + 1]; }

/* From coefficients (d->out) of what affine layer `top` computes and of the inputs (d->wx, d->x_mag) to a
 * bound: infinite where there is no time. */
static double backward(rl_dual *d, const rl_cell *cell, rl_account *a, int top, int goal_rows) {
  const rl_network *net = d->net;
  if (rl_late(work_of(net, top))) return INFINITY;
  int used = through_affine(d, top, d->out, a);
  if (d->out_radius) spread_radii(d, top, used, a);
  for (int layer = top - 1; layer >= 0; layer--) {
    int offset = net->offsets[layer];
    double gamma = (used + 2) * RL_UNIT * 1.01;
    for (int i = 0; i < net->sizes[layer + 1]; i++) {
      int k = offset + i;
      if (d->out_radius) {
        d->out_radius[i] = d->in_radius[i];
        d->out[i] = through_relu_within(d, cell, k, d->in[i], &d->out_radius[i], a);
        continue;
      }
      double reach = rl_activation_reach(cell->signs[k], cell->l[k], cell->u[k]);
      if (reach > 0) a->charge += coefficient_error(gamma, d->in_mag[i]) * reach;
      d->out[i] = through_relu(d, cell, k, d->in[i], a);
    }
    if (d->base && layer == d->base->layer) return end_at_base(d, cell, a, goal_rows);
    if (layer == 0 && d->from_neurons) return end_at_neurons(d, cell, a);
    if (rl_late(work_of(net, layer))) return INFINITY;
    used = through_affine(d, layer, d->out, a);
    if (d->out_radius) spread_radii(d, layer, used, a);
  }
  add_half_spaces(d, a);
  double gamma = (used + d->domain->rows + goal_rows + 4) * RL_UNIT * 1.01;
  return end_at_inputs(d, cell, d->in, d->in_mag, gamma, a);
}

/* The bound of the goal begun in the compact rows. */
static double compact_bound(rl_dual *d, const rl_cell *cell, rl_account *a, int goal_rows) {
  double count = rl_compact_count(d->compact);
  if (rl_late(count * (d->net->sizes[0] + 0.5 * count))) return INFINITY;
  const double *in = rl_compact_substitute(d->compact, d->alpha, d->v, a);
  return end_at_inputs(d, cell, in, NULL, (goal_rows + 4) * RL_UNIT * 1.01, a);
}

/* From coefficients (d->out) of the outputs and of the inputs to a bound. */
static double bound_outputs(rl_dual *d, const rl_cell *cell, rl_account *a, int goal_rows) {
  if (!d->compact) return backward(d, cell, a, d->net->layers - 1, goal_rows);
  rl_compact_begin(d->compact);
  for (int i = 0; i < d->net->sizes[d->net->layers]; i++)
    if (d->out[i] != 0) rl_compact_add_output(d->compact, i, d->out[i], a);
  return compact_bound(d, cell, a, goal_rows);
}

static void clear_goal(rl_dual *d) {
  size_t n = (size_t)d->net->sizes[0], m = (size_t)d->net->sizes[d->net->layers];
  memset(d->wx, 0, n * sizeof *d->wx);
  memset(d->x_mag, 0, n * sizeof *d->x_mag);
  memset(d->out, 0, m * sizeof *d->out);
  if (d->out_radius) memset(d->out_radius, 0, (size_t)d->net->widest * sizeof *d->out_radius);
}

double rl_output_reach(const rl_network *net, const rl_cell *cell, int j) {
  int last = net->layers - 1, columns = net->sizes[last];
  const double *w = net->weights[last] + (size_t)j * (size_t)columns;
  double reach = fabs(net->biases[last][j]);
  for (int i = 0; i < columns; i++) {
    int k = last == 0 ? 0 : net->offsets[last - 1] + i;
    reach += fabs(w[i]) * (last == 0 ? rl_max(fabs(cell->lo[i]), fabs(cell->hi[i]))
                                     : rl_activation_reach(cell->signs[k], cell->l[k], cell->u[k]));
  }
  return reach * (1 + (columns + 2) * DBL_EPSILON) + RL_TINY;
}

/* Weighted sum of the clause's rows as goal; rounding of the sum is charged to the outputs' reach. */
static void combine_rows(rl_dual *d, const rl_cell *cell, const rl_property *target, int clause, const double *lambda,
                         rl_account *a) {
  int n = target->n, m = target->m, rows = target->first[clause + 1] - target->first[clause];
  for (int r = 0; r < rows; r++) {
    if (lambda[r] == 0) continue;
    size_t index = (size_t)(target->first[clause] + r);
    for (int j = 0; target->a && j < n; j++) {
      double term = lambda[r] * target->a[index * (size_t)n + (size_t)j];
      d->wx[j] += term;
      d->x_mag[j] += fabs(term);
    }
    rl_account_add(a, lambda[r] * target->d[index]);
  }
  for (int j = 0; j < m; j++) {
    double magnitude = 0;
    int used = 0;
    for (int r = 0; r < rows; r++) {
      double c = target->c[(size_t)(target->first[clause] + r) * (size_t)m + (size_t)j], term = lambda[r] * c;
      d->out[j] += term;
      magnitude += fabs(term);
      used |= c != 0;
    }
    double radius = used ? coefficient_error((rows + 2) * RL_UNIT * 1.01, magnitude) : 0;
    if (d->out_radius)
      d->out_radius[j] = radius;
    else if (used)
      a->charge += radius * rl_output_reach(d->net, cell, j);
  }
}

double rl_dual_bound(rl_dual *d, const rl_cell *cell, const rl_property *target, int clause, int row,
                     const double *lambda) {
  size_t n = (size_t)target->n, m = (size_t)target->m, index = (size_t)(target->first[clause] + row);
  rl_account a = {0};
  clear_goal(d);
  if (lambda) {
    combine_rows(d, cell, target, clause, lambda, &a);
  } else {
    memcpy(d->out, target->c + index * m, m * sizeof *d->out);
    for (size_t j = 0; target->a && j < n; j++) {
      d->wx[j] = target->a[index * n + j];
      d->x_mag[j] = fabs(d->wx[j]);
    }
    rl_account_add(&a, target->d[index]);
  }
  int rows = lambda ? target->first[clause + 1] - target->first[clause] : 1;
  double bound = bound_outputs(d, cell, &a, rows);
  /* lambda's sum is only nearly 1 */
  return lambda ? rl_add_up(bound, rl_mul_up(fabs(bound), (rows + 2) * DBL_EPSILON)) : bound;
}

double rl_dual_bound_empty(rl_dual *d, const rl_cell *cell) {
  rl_account a = {0};
  clear_goal(d);
  return backward(d, cell, &a, d->net->layers - 1, 0);
}

double rl_dual_bound_neuron(rl_dual *d, const rl_cell *cell, int layer, int index, double side) {
  rl_account a = {0};
  clear_goal(d);
  if (d->compact) {
    rl_compact_begin(d->compact);
    if (rl_compact_add_neuron(d->compact, d->net->offsets[layer] + index, side, &a))
      return compact_bound(d, cell, &a, 0);
  }
  for (int i = 0; i < d->net->sizes[layer + 1]; i++)
    d->out[i] = add_tau(d, cell, d->net->offsets[layer] + i, i == index ? side : 0,
                        d->out_radius ? &d->out_radius[i] : NULL, &a);
  return backward(d, cell, &a, layer, 0);
}

void rl_dual_keep(const rl_dual *d, const double *lambda, int rows) {
  if (!d->kept) return;
  memcpy(d->kept->tau, d->tau, (size_t)d->net->neurons * sizeof *d->tau);
  memcpy(d->kept->mu, d->mu, (size_t)d->domain->rows * sizeof *d->mu);
  memcpy(d->kept->lambda, lambda, (size_t)rows * sizeof *lambda);
  for (int k = 0; k < d->net->neurons; k++) d->kept->alpha[k] = d->v[k] < 0 ? d->alpha[k] : 0; /* of no use elsewhere */
}

void rl_dual_relaxed(rl_dual *d, const rl_cell *cell) {
  const rl_network *net = d->net;
  if (d->compact) {
    rl_compact_relaxed(d->compact, d->x, d->alpha, d->v, d->z, d->y);
    return;
  }
  const double *active = d->x;
  for (int layer = 0; layer < net->layers && !rl_late(0.5 * work_of(net, layer)); layer++) {
    int rows = net->sizes[layer + 1], last = layer == net->layers - 1;
    double *z = last ? d->y : d->z + net->offsets[layer];
    for (int i = 0; i < rows; i++)
      z[i] = net->biases[layer][i] + rl_row_dot(rl_layer_row(net, layer, i), active);
    if (last) return;
    double *next = layer % 2 ? d->in : d->out;
    for (int i = 0; i < rows; i++) {
      int k = net->offsets[layer] + i, sign = rl_neuron_sign(cell->signs[k], cell->l[k], cell->u[k]);
      double l = cell->l[k], u = cell->u[k];
      next[i] = sign == RL_ON    ? z[i]
                : sign == RL_OFF ? 0
                : d->v[k] > 0    ? rl_upper_slope(l, u) * (z[i] - l)
                                 : d->alpha[k] * z[i];
    }
    active = next;
  }
}
