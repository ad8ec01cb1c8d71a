/* L3: growing a box by gradient ascent (see inflate.h). */
#include "region/inflate.h"

#include <math.h>
#include <string.h>

#include "core/vector.h"

/* MOST_EXPONENT: faces come no nearer to the point than exp(-30) of their room.  HALVINGS of a step that loses the
 * proof; START_HALVINGS of the box that is begun with. */
enum { MOST_EXPONENT = 30, HALVINGS = 6, START_HALVINGS = 50 };
static const double SLICE_SECONDS = 0.2;
static const double FIRST_MOMENT = 0.9, SECOND_MOMENT = 0.99; /* Adam's decay */
static const double SLOPE_RATE = 0.3;                         /* of slopes, in that of the faces */
static const double LAST_RATE = 0.02;                         /* at the end, in that of the beginning */
static const double BARRIER_SHARE = 0.8;                      /* of the steps in which the barrier falls */
static const double LEAST_POWER = 16;                         /* of the smooth minimum */

void rl_inflate_defaults(rl_inflate_options *options) {
#define RL_DEFAULT(type, name, default_, help) options->name = default_;
  RL_INFLATE_OPTIONS(RL_DEFAULT)
#undef RL_DEFAULT
}

/* ---- memory --------------------------------------------------------------------------------------- */

static void release_band(rl_band *band) {
  for (int k = 0; band->in && k <= band->layer; k++) rl_free(band->in[k]);
  void *owned[] = {band->neuron,      band->bound,      band->adjoint,    band->in,          band->alpha,
                   band->alpha_slope, band->alpha_kept, band->alpha_best, band->alpha_moment};
  for (size_t i = 0; i < sizeof owned / sizeof *owned; i++) rl_free(owned[i]);
}

void rl_inflate_release(rl_inflate *f) {
  if (!f) return;
  for (int k = 0; f->band && k < f->net->layers; k++) release_band(&f->band[k]);
  void *owned[] = {f->point, f->weight,  f->room_lo,  f->room_hi,  f->exponent, f->kept,    f->slope,   f->moment,
                   f->lo,    f->hi,      f->lo_slope, f->hi_slope, f->l,        f->u,       f->l_slope, f->u_slope,
                   f->band,  f->relaxed, f->values,   f->acts,     f->live,     f->best_lo, f->best_hi, f->signs};
  for (size_t i = 0; i < sizeof owned / sizeof *owned; i++) rl_free(owned[i]);
  rl_dual_release(f->dual);
  rl_network_release(f->net);
  rl_domain_release(f->domain);
  rl_property_release(f->goal);
  rl_property_release(f->against);
  rl_free(f);
}

static int create_band(const rl_inflate *f, rl_band *band, int layer) {
  const rl_network *net = f->net;
  size_t rows = layer == net->layers - 1 ? (size_t)f->margins : 2 * (size_t)net->sizes[layer + 1];
  size_t before = (size_t)net->offsets[layer];
  band->layer = layer;
  band->neuron = rl_alloc(rows, sizeof *band->neuron);
  band->bound = rl_alloc(rows, sizeof(double));
  band->adjoint = rl_alloc(rows, sizeof(double));
  band->in = rl_alloc((size_t)layer + 1, sizeof *band->in);
  band->alpha = rl_alloc(before, sizeof(double));
  band->alpha_slope = rl_alloc(before, sizeof(double));
  band->alpha_kept = rl_alloc(before, sizeof(double));
  band->alpha_best = rl_alloc(before, sizeof(double));
  band->alpha_moment = rl_alloc(before, sizeof *band->alpha_moment);
  int good = band->neuron && band->bound && band->adjoint && band->in && band->alpha && band->alpha_slope &&
             band->alpha_kept && band->alpha_best && band->alpha_moment;
  for (int k = 0; k <= layer && good; k++)
    good = (band->in[k] = rl_alloc(rows * (size_t)net->sizes[k], sizeof(double))) != NULL;
  return good;
}

/* Rows that a scratch matrix must hold: of the largest band. */
static size_t most_rows(const rl_inflate *f) {
  int rows = f->margins > 1 ? f->margins : 1;
  for (int k = 1; k < f->net->layers; k++) rows = rows > 2 * f->net->sizes[k] ? rows : 2 * f->net->sizes[k];
  return (size_t)rows;
}

static int create_arrays(rl_inflate *f) {
  size_t n = (size_t)f->n, neurons = (size_t)f->net->neurons, rows = most_rows(f),
         scratch = rows * (size_t)f->net->widest;
  double **doubles[] = {&f->point,   &f->weight,   &f->room_lo,  &f->room_hi,  &f->lo,     &f->hi,    &f->best_lo,
                        &f->best_hi, &f->lo_slope, &f->hi_slope, &f->exponent, &f->kept,   &f->slope, &f->l,
                        &f->u,       &f->l_slope,  &f->u_slope,  &f->relaxed,  &f->values, &f->acts};
  size_t sizes[] = {n,     n,     n,     n,       n,       n,       n,       n,       n,       n,
                    2 * n, 2 * n, 2 * n, neurons, neurons, neurons, neurons, scratch, scratch, scratch};
  int good = 1;
  for (size_t i = 0; i < sizeof doubles / sizeof *doubles && good; i++)
    good = (*doubles[i] = rl_alloc(sizes[i], sizeof(double))) != NULL;
  f->moment = rl_alloc(2 * n, sizeof *f->moment);
  f->live = rl_alloc(rows, sizeof *f->live);
  f->signs = rl_alloc(neurons, 1);
  f->band = rl_alloc((size_t)f->net->layers, sizeof *f->band);
  good = good && f->moment && f->live && f->signs && f->band;
  for (int k = 0; k < f->net->layers && good; k++) good = create_band(f, &f->band[k], k);
  if (good) {
    memset(f->signs, RL_FREE, neurons);
    rl_mark_linear(f->net, f->signs);
  }
  return good;
}

/* ---- arguments ------------------------------------------------------------------------------------ */

static rl_status check_sizes(const rl_network *net, const rl_domain *domain, const rl_property *goal, rl_error *err) {
  int n = net->sizes[0], m = net->sizes[net->layers];
  if (domain->n != n) return rl_fail(err, RL_EINPUT, "the domain has %d inputs, the network has %d", domain->n, n);
  if (goal->n != n || goal->m != m)
    return rl_fail(err, RL_EINPUT, "the goal is for %d inputs and %d outputs, the network has %d and %d", goal->n,
                   goal->m, n, m);
  if (goal->clauses != 1)
    return rl_fail(err, RL_EINPUT, "the goal is an or of %d conjunctions, expected one conjunction", goal->clauses);
  return RL_OK;
}

static rl_status check_values(const rl_domain *domain, const double *point, const double *weight,
                              const rl_inflate_options *o, rl_error *err) {
  for (int j = 0; j < domain->n; j++) {
    if (!(point[j] >= domain->lo[j] && point[j] <= domain->hi[j]))
      return rl_fail(err, RL_EINPUT, "point[%d] is %.17g, the domain has %.17g to %.17g", j + 1, point[j],
                     domain->lo[j], domain->hi[j]);
    if (weight && !(weight[j] >= 0 && isfinite(weight[j])))
      return rl_fail(err, RL_EINPUT, "weights[%d] is %g, expected a number >= 0", j + 1, weight[j]);
  }
  if (!(o->steps >= 1 && o->steps <= 1e9))
    return rl_fail(err, RL_EINPUT, "steps is %g, expected a number from 1 to 1e9", o->steps);
  if (!(o->rate > 0 && o->rate <= 1))
    return rl_fail(err, RL_EINPUT, "rate is %g, expected above 0, at most 1", o->rate);
  if (!(o->barrier > 0 && o->barrier_end > 0 && isfinite(o->barrier) && isfinite(o->barrier_end)))
    return rl_fail(err, RL_EINPUT, "barrier is %g to %g, expected numbers > 0", o->barrier, o->barrier_end);
  return RL_OK;
}

static void take_point(rl_inflate *f, const double *point, const double *weight) {
  for (int j = 0; j < f->n; j++) {
    f->point[j] = f->best_lo[j] = f->best_hi[j] = point[j];
    f->room_lo[j] = point[j] - f->domain->lo[j];
    f->room_hi[j] = f->domain->hi[j] - point[j];
    int varies = f->room_lo[j] + f->room_hi[j] > 0;
    f->weight[j] = !varies ? 0 : weight ? weight[j] : 1;
  }
}

rl_status rl_inflate_create(rl_inflate **out, const rl_network *net, const rl_domain *domain, const rl_property *goal,
                            const double *point, const double *weight, rl_inflate_measure measure,
                            const rl_inflate_options *options, rl_error *err) {
  rl_inflate_options chosen;
  rl_inflate_defaults(&chosen);
  if (options) chosen = *options;
  rl_status status = check_sizes(net, domain, goal, err);
  if (!status) status = check_values(domain, point, weight, &chosen, err);
  if (status) return status;
  rl_inflate *f = rl_alloc(1, sizeof *f);
  if (!f) return rl_fail_memory(err);
  f->net = rl_network_retain(net);
  f->domain = rl_domain_retain(domain);
  f->goal = rl_property_retain(goal);
  f->n = net->sizes[0];
  f->margins = goal->total;
  f->measure = measure;
  f->options = chosen;
  f->best = f->value = -INFINITY;
  status = rl_property_negate(&f->against, goal, err);
  if (!status) status = rl_dual_create(&f->dual, net, domain, err);
  if (!status && !create_arrays(f)) status = rl_fail_memory(err);
  if (status) {
    rl_inflate_release(f);
    return status;
  }
  take_point(f, point, weight);
  *out = f;
  return RL_OK;
}

/* ---- what is ascended ------------------------------------------------------------------------------ */

/* The box of the exponents. */
static void place_box(rl_inflate *f) {
  for (int j = 0; j < f->n; j++) {
    f->lo[j] = rl_max(f->point[j] - f->room_lo[j] * exp(-f->exponent[j]), f->domain->lo[j]);
    f->hi[j] = rl_min(f->point[j] + f->room_hi[j] * exp(-f->exponent[f->n + j]), f->domain->hi[j]);
  }
}

/* (width / weight)^-power over the inputs with a weight, and how many these are: of the smooth minimum. */
static double least_sum(const rl_inflate *f, int *count) {
  double sum = 0;
  *count = 0;
  for (int j = 0; j < f->n; j++) {
    if (f->weight[j] == 0) continue;
    sum += pow((f->hi[j] - f->lo[j]) / f->weight[j], -LEAST_POWER);
    ++*count;
  }
  return sum;
}

static double measure_box(const rl_inflate *f) {
  double sum = 0;
  int count;
  if (f->measure == RL_INFLATE_LEAST) {
    sum = least_sum(f, &count);
    return count ? -count / LEAST_POWER * log(sum / count) : 0;
  }
  for (int j = 0; j < f->n; j++) {
    if (f->weight[j] == 0) continue;
    double width = f->hi[j] - f->lo[j];
    sum += f->weight[j] * (f->measure == RL_INFLATE_WIDTH ? width / (f->room_lo[j] + f->room_hi[j]) : log(width));
  }
  return sum;
}

/* The measure's derivative by the width of input j; sum, count: of least_sum. */
static double measure_slope(const rl_inflate *f, int j, double sum, int count) {
  double width = f->hi[j] - f->lo[j], weight = f->weight[j];
  if (weight == 0) return 0;
  switch (f->measure) {
  case RL_INFLATE_WIDTH:
    return weight / (f->room_lo[j] + f->room_hi[j]);
  case RL_INFLATE_LEAST:
    return count * pow(width / weight, -LEAST_POWER - 1) / (weight * sum);
  default:
    return weight / width;
  }
}

/* Derivatives by all exponents into f->slope. */
static void differentiate(rl_inflate *f, double barrier) {
  rl_band *goal = &f->band[f->net->layers - 1];
  int n = f->n, count = 0;
  double sum = f->measure == RL_INFLATE_LEAST ? least_sum(f, &count) : 0;
  for (int r = 0; r < goal->rows; r++) goal->adjoint[r] = barrier / goal->bound[r];
  rl_inflate_gradient(f);
  for (int j = 0; j < n; j++) {
    double below = f->room_lo[j] * exp(-f->exponent[j]), above = f->room_hi[j] * exp(-f->exponent[n + j]);
    double slope = measure_slope(f, j, sum, count);
    f->slope[j] = below > 0 ? -below * (slope - f->lo_slope[j]) : 0;
    f->slope[n + j] = above > 0 ? -above * (slope + f->hi_slope[j]) : 0;
  }
}

/* ---- steps ---------------------------------------------------------------------------------------------- */

/* Adam's step for one variable. */
static double adam(rl_moment *moment, double slope, double rate, double first, double second) {
  moment->m = FIRST_MOMENT * moment->m + (1 - FIRST_MOMENT) * slope;
  moment->v = SECOND_MOMENT * moment->v + (1 - SECOND_MOMENT) * slope * slope;
  return rate * (moment->m / first) / (sqrt(moment->v / second) + 1e-9);
}

static double clamp(double value, double low, double high) { return rl_min(rl_max(value, low), high); }

static void move(rl_inflate *f, double rate) {
  double first = 1 - pow(FIRST_MOMENT, (double)f->steps + 1), second = 1 - pow(SECOND_MOMENT, (double)f->steps + 1);
  memcpy(f->kept, f->exponent, 2 * (size_t)f->n * sizeof(double));
  for (int j = 0; j < 2 * f->n; j++)
    f->exponent[j] = clamp(f->exponent[j] + adam(&f->moment[j], f->slope[j], rate, first, second), 0, MOST_EXPONENT);
  for (int k = 1; k < f->net->layers; k++) {
    rl_band *band = &f->band[k];
    memcpy(band->alpha_kept, band->alpha, (size_t)f->net->offsets[k] * sizeof(double));
    for (int i = 0; i < f->net->offsets[k]; i++)
      band->alpha[i] = clamp(
          band->alpha[i] + adam(&band->alpha_moment[i], band->alpha_slope[i], SLOPE_RATE * rate, first, second), 0, 1);
  }
}

static void draw_back(double *at, const double *from, double share, int count) {
  for (int i = 0; i < count; i++) at[i] = from[i] + share * (at[i] - from[i]);
}

/* The step just taken becomes `share` of it. */
static void shorten(rl_inflate *f, double share) {
  draw_back(f->exponent, f->kept, share, 2 * f->n);
  for (int k = 1; k < f->net->layers; k++)
    draw_back(f->band[k].alpha, f->band[k].alpha_kept, share, f->net->offsets[k]);
}

static void keep_best(rl_inflate *f) {
  f->value = measure_box(f);
  if (!(f->value > f->best)) return;
  f->best = f->value;
  memcpy(f->best_lo, f->lo, (size_t)f->n * sizeof(double));
  memcpy(f->best_hi, f->hi, (size_t)f->n * sizeof(double));
  for (int k = 1; k < f->net->layers; k++)
    memcpy(f->band[k].alpha_best, f->band[k].alpha, (size_t)f->net->offsets[k] * sizeof(double));
}

/* Place the box and bound it; the step is halved until that is a proof. */
static void land(rl_inflate *f) {
  for (int t = 0; t <= HALVINGS + 1; t++) {
    place_box(f);
    if (rl_inflate_bound(f) > 0) break;
    f->halvings++;
    shorten(f, t < HALVINGS ? 0.5 : 0);
  }
}

static void step(rl_inflate *f) {
  double done = (double)f->steps / f->options.steps;
  double fallen = rl_min(done / BARRIER_SHARE, 1);
  differentiate(f, f->options.barrier * pow(f->options.barrier_end / f->options.barrier, fallen));
  move(f, f->options.rate * pow(LAST_RATE, done));
  land(f);
  keep_best(f);
  f->steps++;
}

/* Slopes by the ranges at hand, as usual before any is known to be better. */
static void reset_slopes(rl_inflate *f) {
  for (int k = 1; k < f->net->layers; k++)
    for (int i = 0; i < f->net->offsets[k]; i++) f->band[k].alpha[i] = f->u[i] > -f->l[i];
}

/* The largest uniform share of the room, halved until bounds prove it; 0: none does. */
static int start(rl_inflate *f) {
  for (int t = 0; t < START_HALVINGS; t++) {
    for (int j = 0; j < 2 * f->n; j++) f->exponent[j] = t * log(2);
    place_box(f);
    rl_inflate_bound(f); /* the ranges that slopes go by */
    reset_slopes(f);
    if (rl_inflate_bound(f) > 0) return 1;
  }
  return 0;
}

rl_status rl_inflate_step(rl_inflate *f, long steps, int *done, rl_error *err) {
  (void)err;
  double until = rl_now() + SLICE_SECONDS;
  if (!f->started) {
    f->started = 1;
    f->done = !start(f);
    if (!f->done) keep_best(f);
  }
  for (long k = 0; k < steps && !f->done; k++) {
    step(f);
    f->done = (double)f->steps >= f->options.steps;
    if (rl_interrupted() || rl_now() > until) break;
  }
  *done = f->done;
  return RL_OK;
}

/* ---- results ---------------------------------------------------------------------------------------------- */

double rl_inflate_value(const rl_inflate *f) { return f->best; }
long rl_inflate_steps(const rl_inflate *f) { return f->steps; }

/* lo, hi: the best box, drawn towards the point by a share. */
static void drawn(const rl_inflate *f, double share, double *lo, double *hi) {
  for (int j = 0; j < f->n; j++) {
    lo[j] = clamp(f->best_lo[j] + share * (f->point[j] - f->best_lo[j]), f->best_lo[j], f->point[j]);
    hi[j] = clamp(f->best_hi[j] + share * (f->point[j] - f->best_hi[j]), f->point[j], f->best_hi[j]);
  }
}

rl_status rl_inflate_box(rl_inflate *f, double *lo, double *hi, int *found, rl_error *err) {
  static const double shares[] = {0, 0x1p-40, 0x1p-30, 0x1p-20, 0x1p-10, 0x1p-4, 1};
  double *box = rl_alloc(2 * (size_t)f->n, sizeof *box);
  if (!box) return rl_fail_memory(err);
  *found = 0;
  for (size_t t = 0; t < sizeof shares / sizeof *shares && !*found; t++) {
    drawn(f, shares[t], box, box + f->n);
    *found = rl_inflate_proves(f, box, box + f->n);
  }
  if (*found) {
    memcpy(lo, box, (size_t)f->n * sizeof *lo);
    memcpy(hi, box + f->n, (size_t)f->n * sizeof *hi);
  }
  rl_free(box);
  return RL_OK;
}
