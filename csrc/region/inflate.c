/* L3: growing a box by gradient ascent (see inflate.h). */
#include "region/inflate.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "core/clock.h"
#include "core/vector.h"

/* MOST_EXPONENT: faces come no nearer to the point than exp(-30) of their room.  HALVINGS of a step that loses the
 * proof; START_HALVINGS of the box that is begun with. */
enum { MOST_EXPONENT = 30, HALVINGS = 6, START_HALVINGS = 50 };
/* The number of steps, a power of two, after which the first proof is made. */
enum { FIRST_PROOF = 64 };
static const double SLICE_SECONDS = 0.2;
static const double GRACE_SECONDS = 0.5;                      /* for a last proof */
static const double FIRST_MOMENT = 0.9, SECOND_MOMENT = 0.99; /* Adam's decay */
static const double SLOPE_RATE = 0.3;                         /* of slopes, in that of the faces */
static const double LAST_RATE = 0.02;                         /* at the end, in that of the beginning */
static const double STAGE_RATE = 0.3;                         /* of the first rate in later stages */
static const double STAGE_BARRIER = 10;                       /* at first in later stages, in the last barrier */
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
  rl_free(band->in);
  rl_free(band->neuron);
  rl_free(band->bound);
  rl_free(band->adjoint);
}

void rl_inflate_release(rl_inflate *f) {
  if (!f) return;
  for (int k = 0; f->band && k < f->net->layers; k++) release_band(&f->band[k]);
  for (int i = 0; f->leaf && i < (int)f->options.leaves; i++) rl_leaf_release(&f->leaf[i]);
  void *owned[] = {f->point,   f->weight,  f->room_lo, f->room_hi,  f->exponent, f->kept,      f->slope,
                   f->moment,  f->lo,      f->hi,      f->lo_slope, f->hi_slope, f->l,         f->u,
                   f->l_slope, f->u_slope, f->cost,    f->band,     f->base,     f->relaxed,   f->values,
                   f->acts,    f->live,    f->leaf,    f->best_lo,  f->best_hi,  f->proved_lo, f->proved_hi};
  for (size_t i = 0; i < sizeof owned / sizeof *owned; i++) rl_free(owned[i]);
  rl_dual_release(f->dual);
  rl_network_release(f->net);
  rl_domain_release(f->domain);
  rl_property_release(f->goal);
  rl_property_release(f->against);
  rl_free(f);
}

static int create_band(const rl_inflate *f, rl_band *band, int layer) {
  size_t rows = layer == f->net->layers - 1 ? (size_t)f->margins : 2 * (size_t)f->net->sizes[layer + 1];
  band->layer = layer;
  band->neuron = rl_alloc(rows, sizeof *band->neuron);
  band->bound = rl_alloc(rows, sizeof(double));
  band->adjoint = rl_alloc(rows, sizeof(double));
  band->in = rl_alloc((size_t)layer + 1, sizeof *band->in);
  int good = band->neuron && band->bound && band->adjoint && band->in;
  for (int k = 0; k <= layer && good; k++)
    good = (band->in[k] = rl_alloc(rows * (size_t)f->net->sizes[k], sizeof(double))) != NULL;
  return good;
}

/* Rows that a scratch matrix must hold: of the largest band. */
static size_t most_rows(const rl_inflate *f) {
  int rows = f->margins > 1 ? f->margins : 1;
  for (int k = 1; k < f->net->layers; k++) rows = rows > 2 * f->net->sizes[k] ? rows : 2 * f->net->sizes[k];
  return (size_t)rows;
}

static int create_bands(rl_inflate *f) {
  int layers = f->net->layers, good;
  f->band = rl_alloc((size_t)layers, sizeof *f->band);
  f->base = rl_alloc((size_t)layers + 1, sizeof *f->base);
  good = f->band && f->base;
  for (int k = 0; k < layers && good; k++) {
    f->base[k + 1] = f->base[k] + (size_t)f->net->offsets[k];
    good = create_band(f, &f->band[k], k);
  }
  return good;
}

static int create_leaves(rl_inflate *f) {
  f->leaf = rl_alloc((size_t)f->options.leaves, sizeof *f->leaf);
  f->leaves = 1;
  return f->leaf && rl_leaf_create(f, &f->leaf[0]);
}

static int create_arrays(rl_inflate *f) {
  size_t n = (size_t)f->n, neurons = (size_t)f->net->neurons, rows = most_rows(f),
         block = rows * (size_t)f->net->widest;
  double **by_input[] = {&f->point,   &f->weight,  &f->room_lo,   &f->room_hi,   &f->lo,       &f->hi,
                         &f->best_lo, &f->best_hi, &f->proved_lo, &f->proved_hi, &f->lo_slope, &f->hi_slope};
  double **by_face[] = {&f->exponent, &f->kept, &f->slope}, **scratch[] = {&f->relaxed, &f->values, &f->acts};
  double **by_neuron[] = {&f->l, &f->u, &f->l_slope, &f->u_slope, &f->cost};
  int good = 1;
  for (size_t i = 0; i < sizeof by_input / sizeof *by_input; i++)
    good &= (*by_input[i] = rl_alloc(n, sizeof(double))) != NULL;
  for (size_t i = 0; i < sizeof by_face / sizeof *by_face; i++)
    good &= (*by_face[i] = rl_alloc(2 * n, sizeof(double))) != NULL;
  for (size_t i = 0; i < sizeof by_neuron / sizeof *by_neuron; i++)
    good &= (*by_neuron[i] = rl_alloc(neurons, sizeof(double))) != NULL;
  for (size_t i = 0; i < sizeof scratch / sizeof *scratch; i++)
    good &= (*scratch[i] = rl_alloc(block, sizeof(double))) != NULL;
  f->moment = rl_alloc(2 * n, sizeof *f->moment);
  f->live = rl_alloc(rows, sizeof *f->live);
  return good && f->moment && f->live && create_bands(f) && create_leaves(f);
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
  if (!(o->leaves >= 1 && o->leaves <= 4096))
    return rl_fail(err, RL_EINPUT, "leaves is %g, expected a number from 1 to 4096", o->leaves);
  if (!(o->stage_steps >= 1 && o->stage_steps <= 1e9))
    return rl_fail(err, RL_EINPUT, "stage_steps is %g, expected a number from 1 to 1e9", o->stage_steps);
  if (!(o->rate > 0 && o->rate <= 1))
    return rl_fail(err, RL_EINPUT, "rate is %g, expected above 0, at most 1", o->rate);
  if (!(o->barrier > 0 && o->barrier_end > 0 && isfinite(o->barrier) && isfinite(o->barrier_end)))
    return rl_fail(err, RL_EINPUT, "barrier is %g to %g, expected numbers > 0", o->barrier, o->barrier_end);
  return RL_OK;
}

static void take_point(rl_inflate *f, const double *point, const double *weight) {
  for (int j = 0; j < f->n; j++) {
    f->point[j] = f->proved_lo[j] = f->proved_hi[j] = point[j];
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
  f->best = f->proved = -INFINITY;
  f->trust = 1;
  status = rl_property_negate(&f->against, goal, err);
  if (!status) status = rl_dual_create(&f->dual, net, domain, err);
  if (!status) f->dual->slope_signs = 1;
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

static double measure_widths(const rl_inflate *f) {
  double sum = 0;
  for (int j = 0; j < f->n; j++) {
    if (f->weight[j] == 0) continue;
    double width = f->hi[j] - f->lo[j];
    sum += f->weight[j] * (f->measure == RL_INFLATE_WIDTH ? width / (f->room_lo[j] + f->room_hi[j]) : log(width));
  }
  return sum;
}

/* Of the box at hand. */
static double measure_box(const rl_inflate *f) {
  if (f->measure != RL_INFLATE_LEAST) return measure_widths(f);
  int count;
  double sum = least_sum(f, &count);
  return count ? -count / LEAST_POWER * log(sum / count) : 0;
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
  int n = f->n, count = 0;
  double sum = f->measure == RL_INFLATE_LEAST ? least_sum(f, &count) : 0;
  for (int j = 0; j < n; j++) {
    double below = f->room_lo[j] * exp(-f->exponent[j]), above = f->room_hi[j] * exp(-f->exponent[n + j]);
    double slope = measure_slope(f, j, sum, count);
    f->slope[j] = below > 0 ? -below * (slope - barrier * f->lo_slope[j]) : 0;
    f->slope[n + j] = above > 0 ? -above * (slope + barrier * f->hi_slope[j]) : 0;
  }
}

static void note_cost(const rl_inflate *f, rl_leaf *leaf) {
  leaf->cost = 0;
  leaf->expensive = -1;
  for (int k = 0; k < f->net->neurons; k++) {
    if (rl_inflate_side(f, k) != RL_FREE || !(f->cost[k] > leaf->cost)) continue;
    leaf->cost = f->cost[k];
    leaf->expensive = k;
  }
}

/* Bounds and their derivatives over all leaves; 0: the box is not proved. */
static int evaluate(rl_inflate *f) {
  memset(f->lo_slope, 0, (size_t)f->n * sizeof(double));
  memset(f->hi_slope, 0, (size_t)f->n * sizeof(double));
  for (int i = 0; i < f->leaves; i++) {
    double least = rl_inflate_bound(f, &f->leaf[i]);
    if (!(least > 0)) return 0;
    f->leaf[i].expensive = -1;
    if (least == INFINITY) {
      memset(f->leaf[i].tuning.slope, 0, 2 * f->base[f->net->layers] * sizeof(double));
      continue;
    }
    rl_inflate_gradient(f);
    note_cost(f, &f->leaf[i]);
  }
  return !f->late;
}

/* ---- steps ---------------------------------------------------------------------------------------------- */

static double clamp(double value, double low, double high) { return rl_min(rl_max(value, low), high); }

/* Adam's step for one number, its moments' sums worth `first` and `second` of their limits. */
static double adam(rl_moment *moment, double slope, double rate, double first, double second) {
  moment->m = FIRST_MOMENT * moment->m + (1 - FIRST_MOMENT) * slope;
  moment->v = SECOND_MOMENT * moment->v + (1 - SECOND_MOMENT) * slope * slope;
  return rate * (moment->m / first) / (sqrt(moment->v / second) + 1e-9);
}

static void move_leaf(const rl_inflate *f, rl_tuning *t, double rate, double first, double second) {
  size_t half = f->base[f->net->layers];
  memcpy(t->kept, t->value, 2 * half * sizeof(double));
  for (size_t i = 0; i < 2 * half; i++) {
    if (t->slope[i] == 0 && t->moment[i].v == 0) continue;
    t->value[i] = clamp(t->value[i] + adam(&t->moment[i], t->slope[i], rate, first, second), 0, i < half ? 1 : DBL_MAX);
  }
}

static void move(rl_inflate *f, double rate) {
  double first = 1 - pow(FIRST_MOMENT, (double)f->steps + 1), second = 1 - pow(SECOND_MOMENT, (double)f->steps + 1);
  memcpy(f->kept, f->exponent, 2 * (size_t)f->n * sizeof(double));
  for (int j = 0; j < 2 * f->n; j++)
    f->exponent[j] = clamp(f->exponent[j] + adam(&f->moment[j], f->slope[j], rate, first, second), 0, MOST_EXPONENT);
  for (int i = 0; i < f->leaves; i++) move_leaf(f, &f->leaf[i].tuning, SLOPE_RATE * rate, first, second);
}

static void draw_back(double *at, const double *from, double share, size_t count) {
  for (size_t i = 0; i < count; i++) at[i] = share == 0 ? from[i] : from[i] + share * (at[i] - from[i]);
}

/* The step just taken becomes `share` of it. */
static void shorten(rl_inflate *f, double share) {
  draw_back(f->exponent, f->kept, share, 2 * (size_t)f->n);
  for (int i = 0; i < f->leaves; i++)
    draw_back(f->leaf[i].tuning.value, f->leaf[i].tuning.kept, share, 2 * f->base[f->net->layers]);
}

static void keep_best(rl_inflate *f) {
  double value = measure_box(f);
  if (!(value > f->best)) return;
  f->best = value;
  memcpy(f->best_lo, f->lo, (size_t)f->n * sizeof(double));
  memcpy(f->best_hi, f->hi, (size_t)f->n * sizeof(double));
  for (int i = 0; i < f->leaves; i++) {
    const rl_tuning *t = &f->leaf[i].tuning;
    memcpy(t->best, t->value, 2 * f->base[f->net->layers] * sizeof(double));
  }
}

/* Place the box and bound it; the step is halved until that is a proof. */
static void land(rl_inflate *f) {
  for (int t = 0; t <= HALVINGS + 1; t++) {
    place_box(f);
    if (evaluate(f) || f->late) break;
    shorten(f, t < HALVINGS ? 0.5 : 0);
    f->trust *= 0.8;
  }
  f->trust = rl_min(1.05 * f->trust, 1);
}

static double barrier_now(const rl_inflate *f) {
  double steps = f->stage ? f->options.stage_steps : f->options.steps, last = f->options.barrier_end;
  double first = f->stage ? STAGE_BARRIER * last : f->options.barrier;
  return first * pow(last / first, rl_min((double)f->stage_steps / (BARRIER_SHARE * steps), 1));
}

static double rate_now(const rl_inflate *f) {
  double done = (double)f->stage_steps / (f->stage ? f->options.stage_steps : f->options.steps);
  return f->options.rate * f->trust * (f->stage ? STAGE_RATE : 1) * pow(LAST_RATE, done);
}

static void step(rl_inflate *f) {
  differentiate(f, barrier_now(f));
  move(f, rate_now(f));
  land(f);
  if (f->late) {
    f->done = 1;
    return;
  }
  keep_best(f);
  f->steps++;
  f->stage_steps++;
}

/* ---- stages --------------------------------------------------------------------------------------------- */

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
    rl_inflate_bound(f, &f->leaf[0]); /* the ranges that slopes go by */
    reset_slopes(f);
    if (evaluate(f)) return 1;
    if (f->late) return 0;
  }
  return 0;
}

/* lo, hi: the best box of the stage, drawn towards the point by a share. */
static void drawn(const rl_inflate *f, double share, double *lo, double *hi) {
  for (int j = 0; j < f->n; j++) {
    lo[j] = clamp(f->best_lo[j] + share * (f->point[j] - f->best_lo[j]), f->best_lo[j], f->point[j]);
    hi[j] = clamp(f->best_hi[j] + share * (f->point[j] - f->best_hi[j]), f->point[j], f->best_hi[j]);
  }
}

/* Prove the stage's best box where it is better than what is proved. */
static void prove_best(rl_inflate *f) {
  static const double shares[] = {0, 0x1p-40, 0x1p-30, 0x1p-20, 0x1p-10, 0x1p-4};
  if (!(f->best > f->proved)) return;
  for (size_t t = 0; t < sizeof shares / sizeof *shares; t++) {
    drawn(f, shares[t], f->lo, f->hi);
    if (!rl_inflate_proves(f, f->lo, f->hi)) continue;
    double value = measure_box(f);
    if (value > f->proved) {
      memcpy(f->proved_lo, f->lo, (size_t)f->n * sizeof(double));
      memcpy(f->proved_hi, f->hi, (size_t)f->n * sizeof(double));
      f->proved = value;
    }
    break;
  }
  place_box(f);
}

/* The end of a stage: the next one, with more leaves, or the end. */
static int next_stage(rl_inflate *f) {
  int split;
  prove_best(f);
  if (!evaluate(f)) return f->done = 1;
  if (!rl_inflate_split(f, &split)) return 0;
  f->best = -INFINITY;
  f->stage++;
  f->stage_steps = 0;
  f->trust = 1;
  f->done = !split || !evaluate(f); /* with the multipliers of their parents, bounds over parts are no weaker */
  if (!f->done) keep_best(f);
  return 1;
}

/* Now and then within a stage, so that a box is proved whenever time is up. */
static int is_time_to_prove(const rl_inflate *f) {
  return f->stage_steps >= FIRST_PROOF && (f->stage_steps & (f->stage_steps - 1)) == 0;
}

static int stage_is_over(const rl_inflate *f) {
  return (double)f->stage_steps >= (f->stage ? f->options.stage_steps : f->options.steps);
}

static void begin(rl_inflate *f) {
  f->started = 1;
  f->done = !start(f);
  if (!f->done) keep_best(f);
}

rl_status rl_inflate_step(rl_inflate *f, long steps, int *done, rl_error *err) {
  double now = rl_now(), slice = now + SLICE_SECONDS;
  if (!f->started && f->options.seconds > 0) f->until = now + f->options.seconds;
  double before = rl_limit_time(f->until);
  rl_status status = RL_OK;
  if (!f->started) begin(f);
  for (long k = 0; k < steps && !f->done && status == RL_OK; k++) {
    step(f);
    if (!f->done && is_time_to_prove(f)) prove_best(f);
    if (!f->done && stage_is_over(f) && !next_stage(f)) status = rl_fail_memory(err);
    if (rl_now() > slice) break;
  }
  rl_limit_restore(before);
  *done = f->done;
  return status;
}

/* ---- results ---------------------------------------------------------------------------------------------- */

double rl_inflate_value(const rl_inflate *f) { return rl_max(f->best, f->proved); }
long rl_inflate_steps(const rl_inflate *f) { return f->steps; }
int rl_inflate_leaves(const rl_inflate *f) { return f->leaves; }

rl_status rl_inflate_box(rl_inflate *f, double *lo, double *hi, int *found, rl_error *err) {
  (void)err;
  double before = rl_limit_time(f->until > 0 ? rl_max(f->until, rl_now() + GRACE_SECONDS) : 0);
  prove_best(f);
  rl_limit_restore(before);
  *found = f->proved > -INFINITY;
  if (!*found) return RL_OK;
  memcpy(lo, f->proved_lo, (size_t)f->n * sizeof *lo);
  memcpy(hi, f->proved_hi, (size_t)f->n * sizeof *hi);
  return RL_OK;
}
