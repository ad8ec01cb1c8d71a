/* L3: counterexamples by descent; see descent.h. */
#include "core/random.h"
#include "decide/descent.h"

#include <string.h>

#include "core/vector.h"
#include "model/layer.h"
#include "encode/affine.h"

enum { SAMPLES = 16, STARTS = 32 }; /* inputs from which typical sizes are taken; the most from which descents start */

static const double tolerance = 1e-4; /* in units of the typical size */

struct rl_descent {
  const rl_network *net;
  const rl_domain *domain;
  const rl_property *target;
  uint64_t random;
  double *z, *active, *back, *y, *slope, *point; /* neurons, widest, 2 widest, m, n, n */
  double *size;                                  /* neurons: typical |z| */
  double *row_size;                              /* rows of the target */
  double *cut_size;                              /* rows of the domain */
  double *start, *start_loss;                    /* STARTS x n, STARTS: the best samples, the worst of them first */
  double *block;                                 /* all of the doubles above */
  rl_interval *z_interval, *y_interval;
};

static void random_point(rl_descent *d, const double *lo, const double *hi, double *x) {
  for (int j = 0; j < d->domain->n; j++) {
    double u = rl_random_unit(&d->random);
    x[j] = fmin(fmax(lo[j] * (1 - u) + hi[j] * u, lo[j]), hi[j]);
  }
}

static void random_input(rl_descent *d, double *x) { random_point(d, d->domain->lo, d->domain->hi, x); }

/* Fill z and y at x. */
static void evaluate(rl_descent *d, const double *x) {
  const rl_network *net = d->net;
  const double *in = x;
  for (int k = 0; k < net->layers; k++) {
    int last = k + 1 == net->layers;
    double *out = last ? d->y : d->z + net->offsets[k];
    for (int i = 0; i < net->sizes[k + 1]; i++)
      out[i] = net->biases[k][i] + rl_row_dot(rl_layer_row(net, k, i), in);
    for (int i = 0; !last && i < net->sizes[k + 1]; i++)
      d->active[i] = rl_activation(net, net->offsets[k] + i, out[i]);
    in = d->active;
  }
}

/* ---- the loss ------------------------------------------------------------------------ */

static int first_row(const rl_property *target, int clause) { return target->first[clause]; }

static double row_value(const rl_descent *d, int row, const double *x) {
  const rl_property *p = d->target;
  double value = p->d[row] + rl_dot(p->c + (size_t)row * (size_t)p->m, d->y, p->m);
  return p->a ? value + rl_dot(p->a + (size_t)row * (size_t)p->n, x, p->n) : value;
}

/* The clause whose smallest row, in typical sizes, is largest. */
static int nearest_clause(const rl_descent *d, const double *x) {
  int best = 0;
  double most = -INFINITY;
  for (int k = 0; k < d->target->clauses; k++) {
    double least = INFINITY;
    for (int r = first_row(d->target, k); r < first_row(d->target, k + 1); r++)
      least = fmin(least, row_value(d, r, x) / d->row_size[r]);
    if (least > most) most = least, best = k;
  }
  return best;
}

/* The loss at x, whose z and y are at hand; back receives its derivative by the outputs, slope that by the
 * inputs as far as they appear themselves; both of the rows alone. */
static double rows_loss(rl_descent *d, const double *x, int clause, double *back) {
  const rl_property *p = d->target;
  double loss = 0;
  memset(back, 0, (size_t)p->m * sizeof *back);
  memset(d->slope, 0, (size_t)d->domain->n * sizeof *d->slope);
  for (int r = first_row(p, clause); r < first_row(p, clause + 1); r++) {
    double missing = tolerance - row_value(d, r, x) / d->row_size[r];
    if (missing <= 0) continue;
    loss += missing;
    for (int i = 0; i < p->m; i++) back[i] -= p->c[(size_t)r * (size_t)p->m + (size_t)i] / d->row_size[r];
    for (int j = 0; p->a && j < p->n; j++) d->slope[j] -= p->a[(size_t)r * (size_t)p->n + (size_t)j] / d->row_size[r];
  }
  for (int r = 0; r < d->domain->rows; r++) {
    const double *a = d->domain->A + (size_t)r * (size_t)d->domain->n;
    double missing = tolerance + (rl_dot(a, x, d->domain->n) - d->domain->b[r]) / d->cut_size[r];
    if (missing <= 0) continue;
    loss += missing;
    for (int j = 0; j < d->domain->n; j++) d->slope[j] += a[j] / d->cut_size[r];
  }
  return loss;
}

/* What a neuron's literal lacks, in its typical size; none: 0. */
static double literal_missing(const rl_descent *d, const int8_t *signs, int k) {
  return signs[k] == RL_FREE ? 0 : tolerance - (signs[k] == RL_ON ? d->z[k] : -d->z[k]) / d->size[k];
}

/* Add the literals' loss, and go back through the layers to slope. */
static double loss_and_slope(rl_descent *d, const int8_t *signs, const double *x, int clause) {
  const rl_network *net = d->net;
  double *back = d->back, *before = d->back + net->widest;
  double loss = rows_loss(d, x, clause, back);
  for (int k = net->layers - 1; k >= 0; k--) {
    int n = net->sizes[k];
    double *to = k ? before : d->slope;
    if (k) memset(before, 0, (size_t)n * sizeof *before);
    for (int i = 0; i < net->sizes[k + 1]; i++) {
      if (back[i] != 0) rl_row_add(rl_layer_row(net, k, i), back[i], to);
    }
    if (!k) break;
    for (int i = 0; i < n; i++) {
      int neuron = net->offsets[k - 1] + i;
      double missing = literal_missing(d, signs, neuron);
      if (!(d->z[neuron] > 0) && !rl_is_linear(net, neuron)) before[i] = 0;
      if (missing > 0) {
        loss += missing;
        before[i] -= (signs[neuron] == RL_ON ? 1 : -1) / d->size[neuron];
      }
    }
    double *swap = back;
    back = before;
    before = swap;
  }
  return loss;
}

/* Polyak's step towards the value 0, over the inputs that can move. */
static int step(rl_descent *d, double loss, double *x) {
  const rl_domain *domain = d->domain;
  double square = 0;
  for (int j = 0; j < domain->n; j++) {
    double width = domain->hi[j] - domain->lo[j], g = d->slope[j] * width;
    if ((g > 0 && x[j] <= domain->lo[j]) || (g < 0 && x[j] >= domain->hi[j])) g = 0;
    d->slope[j] = g * width;
    square += g * g;
  }
  if (!(square > 0) || !isfinite(square)) return 0;
  for (int j = 0; j < domain->n; j++)
    x[j] = fmin(fmax(x[j] - 1.2 * loss / square * d->slope[j], domain->lo[j]), domain->hi[j]);
  return 1;
}

/* ---- confirming ------------------------------------------------------------------------- */

static int row_holds(const rl_descent *d, int row, const double *x) {
  const rl_property *p = d->target;
  rl_interval sum = {p->d[row], p->d[row]};
  for (int j = 0; p->a && j < p->n; j++)
    sum = rl_iadd(sum, rl_iscale(p->a[(size_t)row * (size_t)p->n + (size_t)j], (rl_interval){x[j], x[j]}));
  for (int i = 0; i < p->m; i++) {
    double c = p->c[(size_t)row * (size_t)p->m + (size_t)i];
    if (c != 0) sum = rl_iadd(sum, rl_iscale(c, d->y_interval[i]));
  }
  return sum.lo > 0;
}

static rl_status confirm(rl_descent *d, const int8_t *signs, const double *x, int clause, int *found, rl_error *err) {
  const rl_domain *domain = d->domain;
  *found = 0;
  for (int r = 0; r < domain->rows; r++)
    if (rl_row_excess(domain->n, domain->A + (size_t)r * (size_t)domain->n, x, x, domain->b[r]) > 0) return RL_OK;
  rl_status status = rl_network_intervals(d->net, x, d->z_interval, d->y_interval, err);
  if (status != RL_OK) return status;
  for (int k = 0; k < d->net->neurons; k++)
    if ((signs[k] == RL_ON && !(d->z_interval[k].lo >= 0)) || (signs[k] == RL_OFF && !(d->z_interval[k].hi <= 0)))
      return RL_OK;
  for (int r = first_row(d->target, clause); r < first_row(d->target, clause + 1); r++)
    if (!row_holds(d, r, x)) return RL_OK;
  *found = 1;
  return RL_OK;
}

rl_status rl_descent_run(rl_descent *d, const int8_t *signs, const double *start, int steps, double *x, int *found,
                         rl_error *err) {
  *found = 0;
  if (start)
    memcpy(d->point, start, (size_t)d->domain->n * sizeof *d->point);
  else
    random_input(d, d->point);
  int clause = 0;
  for (int i = 0; i <= steps; i++) {
    evaluate(d, d->point);
    if (i % 8 == 0) clause = nearest_clause(d, d->point);
    double loss = loss_and_slope(d, signs, d->point, clause);
    if (!isfinite(loss)) return RL_OK;
    if (loss == 0) {
      rl_status status = confirm(d, signs, d->point, clause, found, err);
      if (status == RL_OK && *found) memcpy(x, d->point, (size_t)d->domain->n * sizeof *x);
      return status;
    }
    if (!step(d, loss, d->point)) return RL_OK;
  }
  return RL_OK;
}

/* ---- from the best of many points ------------------------------------------------------------ */

/* The loss at x, for the clause that is nearest there. */
static double loss_at(rl_descent *d, const int8_t *signs, const double *x) {
  evaluate(d, x);
  double loss = rows_loss(d, x, nearest_clause(d, x), d->back);
  for (int k = 0; k < d->net->neurons; k++) loss += rl_max(0, literal_missing(d, signs, k));
  return loss;
}

/* Put d->point among the `starts` best if it is one of them: these are in order, the worst first. */
static void keep_start(rl_descent *d, double loss, int starts) {
  size_t n = (size_t)d->domain->n;
  int i = 0;
  if (!(loss < d->start_loss[0])) return;
  for (; i + 1 < starts && d->start_loss[i + 1] > loss; i++) {
    d->start_loss[i] = d->start_loss[i + 1];
    memcpy(d->start + (size_t)i * n, d->start + (size_t)(i + 1) * n, n * sizeof *d->start);
  }
  d->start_loss[i] = loss;
  memcpy(d->start + (size_t)i * n, d->point, n * sizeof *d->start);
}

rl_status rl_descent_search(rl_descent *d, const int8_t *signs, const double *lo, const double *hi, int samples,
                            int starts, int steps, double *x, int *found, rl_error *err) {
  rl_status status = RL_OK;
  *found = 0;
  if (starts > STARTS) starts = STARTS;
  for (int i = 0; i < starts; i++) d->start_loss[i] = INFINITY;
  for (int i = 0; i < samples; i++) {
    random_point(d, lo, hi, d->point);
    keep_start(d, loss_at(d, signs, d->point), starts);
  }
  for (int i = starts - 1; i >= 0 && !status && !*found; i--)
    if (d->start_loss[i] < INFINITY)
      status = rl_descent_run(d, signs, d->start + (size_t)i * (size_t)d->domain->n, steps, x, found, err);
  return status;
}

/* ---- making one ---------------------------------------------------------------------------- */

/* Mean sizes over random inputs; 1 where that is nil. */
static void measure(rl_descent *d) {
  int neurons = d->net->neurons, rows = d->target->total;
  for (int s = 0; s < SAMPLES; s++) {
    random_input(d, d->point);
    evaluate(d, d->point);
    for (int k = 0; k < neurons; k++) d->size[k] += fabs(d->z[k]) / SAMPLES;
    for (int r = 0; r < rows; r++) d->row_size[r] += fabs(row_value(d, r, d->point)) / SAMPLES;
  }
  for (int k = 0; k < neurons; k++)
    if (!(d->size[k] > 1e-300 && isfinite(d->size[k]))) d->size[k] = 1;
  for (int r = 0; r < rows; r++)
    if (!(d->row_size[r] > 1e-300 && isfinite(d->row_size[r]))) d->row_size[r] = 1;
  for (int r = 0; r < d->domain->rows; r++) {
    for (int j = 0; j < d->domain->n; j++)
      d->cut_size[r] +=
          fabs(d->domain->A[(size_t)r * (size_t)d->domain->n + (size_t)j]) * (d->domain->hi[j] - d->domain->lo[j]);
    if (!(d->cut_size[r] > 1e-300 && isfinite(d->cut_size[r]))) d->cut_size[r] = 1;
  }
}

rl_status rl_descent_create(rl_descent **out, const rl_network *net, const rl_domain *domain, const rl_property *target,
                            rl_error *err) {
  rl_descent *d = rl_alloc(1, sizeof *d);
  if (!d) return rl_fail_memory(err);
  *d = (rl_descent){.net = net, .domain = domain, .target = target, .random = 0x9e3779b97f4a7c15u};
  size_t n = (size_t)net->sizes[0], m = (size_t)net->sizes[net->layers], neurons = (size_t)net->neurons;
  size_t widest = (size_t)net->widest, rows = (size_t)target->total, cuts = (size_t)domain->rows;
  d->block = rl_alloc(2 * neurons + 3 * widest + m + (2 + STARTS) * n + rows + cuts + STARTS, sizeof *d->block);
  d->z_interval = rl_alloc(neurons, sizeof *d->z_interval);
  d->y_interval = rl_alloc(m, sizeof *d->y_interval);
  if (!d->block || !d->z_interval || !d->y_interval) {
    rl_descent_release(d);
    return rl_fail_memory(err);
  }
  d->z = d->block;
  d->size = d->z + neurons;
  d->active = d->size + neurons;
  d->back = d->active + widest;
  d->y = d->back + 2 * widest;
  d->slope = d->y + m;
  d->point = d->slope + n;
  d->row_size = d->point + n;
  d->cut_size = d->row_size + rows;
  d->start = d->cut_size + cuts;
  d->start_loss = d->start + STARTS * n;
  measure(d);
  *out = d;
  return RL_OK;
}

void rl_descent_release(rl_descent *d) {
  if (!d) return;
  rl_free(d->block);
  rl_free(d->z_interval);
  rl_free(d->y_interval);
  rl_free(d);
}
