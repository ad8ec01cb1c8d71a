/* L2: bounds of several columns by going backwards, and their ascent (see columns.h). */
#include "wide/columns.h"

#include <float.h>
#include <string.h>

#include "encode/forward.h"

#define ARRAYS(X)                                                                                                      \
  X(coefficient)                                                                                                       \
  X(lambda) X(z) X(active) X(p) X(least) X(most) X(rise) X(shift) X(split) X(scale) X(mean) X(square) X(best)

rl_status rl_columns_create(rl_columns **out, const rl_reduced *net, int rows, rl_error *err) {
  rl_columns *c = rl_alloc(1, sizeof *c);
  if (!c) return rl_fail_memory(err);
  size_t entries = net->most_entries * RL_COLUMNS, arrays = 0;
  size_t inputs = (size_t)rl_panel_rows(net->net->sizes[0]) * RL_COLUMNS, weights = (size_t)rows * RL_COLUMNS;
#define COUNT(name) arrays++;
  ARRAYS(COUNT)
#undef COUNT
  double *at = rl_aligned(arrays * entries + 2 * inputs + 6 * weights, &c->block);
  if (!at) {
    rl_free(c);
    return rl_fail_memory(err);
  }
  c->net = net;
#define PLACE(name) c->name = at, at += entries;
  ARRAYS(PLACE)
#undef PLACE
  c->x = at;
  c->at_inputs = c->x + inputs;
  c->weight = c->at_inputs + inputs;
  c->best_weight = c->weight + weights;
  c->weight_scale = c->best_weight + weights;
  c->weight_mean = c->weight_scale + weights;
  c->weight_square = c->weight_mean + weights;
  c->value = c->weight_square + weights;
  *out = c;
  return RL_OK;
}

void rl_columns_release(rl_columns *c) {
  if (!c) return;
  rl_free(c->block);
  rl_free(c);
}

/* ---- choices ------------------------------------------------------------------- */

/* Choices at place k (an entry and a column) for a neuron in a range. */
static void relax(rl_columns *c, size_t k, double l, double u) {
  double on = l >= 0, undecided = l < 0 && u > 0;
  c->split[k] = 0;
  c->scale[k] = 1;
  c->shift[k] = undecided ? -l : 0;
  c->rise[k] = undecided ? rl_rising(1, rl_upper_slope(l, u)) : on;
  c->least[k] = undecided ? 0 : on;
  c->most[k] = undecided ? 1 : on;
  c->p[k] = undecided ? u > -l : on;
}

static void split_at(rl_columns *c, size_t k, int on, double scale) {
  c->split[k] = 1;
  c->scale[k] = scale;
  c->shift[k] = 0;
  c->rise[k] = on;
  c->least[k] = on ? -DBL_MAX : 0;
  c->most[k] = on ? 0 : DBL_MAX;
  c->p[k] = 0;
}

static double clamp(double v, double least, double most) { return rl_min(rl_max(v, least), most); }

void rl_columns_fill(rl_columns *c) {
  for (int layer = 1; layer <= c->net->built; layer++) {
    const rl_reduced_layer *a = &c->net->layer[layer];
    for (int i = 0; i < a->count; i++)
      for (size_t b = 0; b < RL_COLUMNS; b++) {
        size_t k = (a->offset + (size_t)i) * RL_COLUMNS + b;
        if (a->sign[i] == RL_LINEAR)
          relax(c, k, 0, 1);
        else if (a->sign[i] == RL_FREE)
          relax(c, k, a->l[i], a->u[i]);
        else
          split_at(c, k, a->sign[i] == RL_ON, 1);
      }
  }
}

void rl_columns_split(rl_columns *c, int column, int variable, int on, double scale) {
  split_at(c, rl_place(c->net, variable) * RL_COLUMNS + (size_t)column, on, scale);
}

void rl_columns_set(rl_columns *c, int column, const rl_ranges *ranges, const rl_slopes_kept *from, const int *split,
                    int splits, const double *scale) {
  const rl_reduced *net = c->net;
  for (int v = 0; v < net->variables && net->variable_layer[v] <= c->top; v++) {
    const rl_reduced_layer *a = &net->layer[net->variable_layer[v]];
    int i = net->variable_index[v];
    size_t k = (a->offset + (size_t)i) * RL_COLUMNS + (size_t)column;
    if (a->sign[i] != RL_FREE)
      split_at(c, k, a->sign[i] == RL_ON, scale[net->variable_layer[v]]);
    else if (ranges)
      relax(c, k, ranges->l[v], ranges->l[net->variables + v]);
    else
      relax(c, k, a->l[i], a->u[i]);
  }
  for (int i = 0; i < splits; i++)
    rl_columns_split(c, column, split[i] / 2, split[i] % 2, scale[net->variable_layer[split[i] / 2]]);
  if (!from) return;
  for (int v = 0; v < net->variables && net->variable_layer[v] <= c->top; v++) {
    size_t k = rl_place(net, v) * RL_COLUMNS + (size_t)column;
    if (from->p[v] >= c->least[k] && from->p[v] <= c->most[k]) c->p[k] = (double)from->p[v];
  }
  if (splits) /* what the last one's parent knew of it was a slope */
    c->p[rl_place(net, split[splits - 1] / 2) * RL_COLUMNS + (size_t)column] = 0;
  for (int r = 0; r < from->rows && r < c->rows; r++)
    c->weight[(size_t)r * RL_COLUMNS + (size_t)column] = (double)from->p[net->variables + r];
}

void rl_columns_copy(rl_columns *c, int first, int count, const rl_columns *other, int from) {
  size_t entries = c->net->layer[c->top].offset + (size_t)c->net->layer[c->top].count;
  for (size_t i = 0; i < entries; i++)
    for (int b = first; b < first + count; b++) {
      size_t to = i * RL_COLUMNS + (size_t)b, k = i * RL_COLUMNS + (size_t)from;
      c->split[to] = other->split[k];
      c->shift[to] = other->shift[k];
      c->rise[to] = other->rise[k];
      c->p[to] = other->best[k];
    }
  for (int r = 0; r < c->rows; r++)
    for (int b = first; b < first + count; b++)
      c->weight[(size_t)r * RL_COLUMNS + (size_t)b] = other->best_weight[(size_t)r * RL_COLUMNS + (size_t)from];
}

void rl_columns_begin(rl_columns *c) {
  size_t bytes = (c->net->layer[c->top].offset + (size_t)c->net->layer[c->top].count) * sizeof(rl_lanes);
  size_t rows = c->margins ? (size_t)c->rows * sizeof(rl_lanes) : 0;
  memset(c->mean, 0, bytes);
  memset(c->square, 0, bytes);
  memcpy(c->best, c->p, bytes);
  memset(c->weight_mean, 0, rows);
  memset(c->weight_square, 0, rows);
  memcpy(c->best_weight, c->weight, rows);
  for (int b = 0; b < RL_COLUMNS; b++) c->best_bound[b] = -INFINITY;
}

rl_slopes_kept *rl_columns_keep(const rl_columns *c, int column) {
  const rl_reduced *net = c->net;
  int rows = c->margins ? c->rows : 0;
  rl_slopes_kept *kept = rl_alloc(1, sizeof *kept + (size_t)(net->variables + rows) * sizeof(float));
  if (!kept) return NULL;
  kept->users = 1;
  kept->rows = rows;
  for (int v = 0; v < net->variables && net->variable_layer[v] <= c->top; v++)
    kept->p[v] = (float)clamp(c->best[rl_place(net, v) * RL_COLUMNS + (size_t)column], -FLT_MAX, FLT_MAX);
  for (int r = 0; r < rows; r++)
    kept->p[net->variables + r] = (float)rl_min(c->best_weight[(size_t)r * RL_COLUMNS + (size_t)column], FLT_MAX);
  return kept;
}

void rl_slopes_drop(rl_slopes_kept *kept) {
  if (kept && --kept->users == 0) rl_free(kept);
}

rl_ranges *rl_ranges_create(const rl_reduced *net, const rl_ranges *from) {
  size_t variables = (size_t)net->variables;
  rl_ranges *ranges = rl_alloc(1, sizeof *ranges + 2 * variables * sizeof(double));
  if (!ranges) return NULL;
  ranges->users = 1;
  if (from) memcpy(ranges->l, from->l, 2 * variables * sizeof(double));
  for (size_t v = 0; v < variables && !from; v++) {
    const rl_reduced_layer *a = &net->layer[net->variable_layer[v]];
    ranges->l[v] = a->l[net->variable_index[v]];
    ranges->l[variables + v] = a->u[net->variable_index[v]];
  }
  return ranges;
}

void rl_ranges_drop(rl_ranges *ranges) {
  if (ranges && --ranges->users == 0) rl_free(ranges);
}

/* ---- bounds -------------------------------------------------------------------- */

/* A bound on its way to the inputs: constant, sum of |terms|, errors. */
typedef struct account {
  rl_lanes constant, magnitude, charge;
  double terms, ranges;
} account;

static inline rl_lanes absolute(rl_lanes v) { return rl_positive(v) + rl_positive(-v); }

/* The objective from margins: coefficients of the top layer's activations. */
static void start_from_margins(rl_columns *c, account *a) {
  const rl_margins *m = c->margins;
  double *at = c->coefficient + c->net->layer[c->top].offset * RL_COLUMNS;
  memset(at, 0, (size_t)m->width * sizeof(rl_lanes));
  for (int r = 0; r < c->rows; r++) {
    rl_lanes w = rl_load(c->weight + (size_t)r * RL_COLUMNS);
    size_t row = (size_t)(c->first_row + r);
    const double *g = m->coefficient + row * (size_t)m->width;
    for (int i = 0; i < m->width; i++) {
      rl_lanes v = rl_load(at + (size_t)i * RL_COLUMNS) + w * rl_spread(g[i]);
      memcpy(at + (size_t)i * RL_COLUMNS, &v, sizeof v);
    }
    a->constant += w * rl_spread(m->constant[row]);
    a->magnitude += w * rl_spread(m->magnitude[row]);
    a->charge += w * rl_spread(m->charge[row]);
  }
  a->terms += 4 * c->rows;
  a->ranges += m->ranges;
}

/* Coefficients of a layer's activations become those of its pre-activations. */
static void through_neurons(rl_columns *c, const rl_reduced_layer *layer, account *sum) {
  rl_lanes constant = {0}, magnitude = {0}, charge = {0};
  for (int i = 0; i < layer->count; i++) {
    size_t k = (layer->offset + (size_t)i) * RL_COLUMNS;
    rl_lanes a = rl_load(c->coefficient + k), p = rl_load(c->p + k), s = rl_load(c->rise + k),
             split = rl_load(c->split + k), free = rl_spread(1) - split;
    rl_lanes up = rl_positive(a), upper = (a - up) * s; /* what follows is exact in its choice of p or s */
    rl_lanes lambda = up * (p * free + s * split) + upper + p * split;
    rl_lanes above = upper * rl_load(c->shift + k), reach = absolute(lambda) * rl_spread(layer->reach[i]);
    constant += above + lambda * rl_spread(layer->bias[i]);
    magnitude -= above;
    charge += reach;
    memcpy(c->lambda + k, &lambda, sizeof lambda);
  }
  sum->constant += constant;
  sum->magnitude += magnitude + charge;
  sum->charge += rl_spread(layer->gamma) * charge;
  sum->terms += 2 * layer->count + 4;
  sum->ranges += layer->ranges;
}

/* Add the pre-activations that the objective has besides. */
static void inject(rl_columns *c, account *sum) {
  const rl_reduced_layer *layer = &c->net->layer[c->inject];
  for (int b = 0; b < RL_COLUMNS; b++) {
    if (c->inject_side[b] == 0) continue;
    int i = c->inject_index[b];
    c->lambda[(layer->offset + (size_t)i) * RL_COLUMNS + (size_t)b] += c->inject_side[b];
    sum->constant[b] += c->inject_side[b] * layer->bias[i];
    sum->magnitude[b] += layer->reach[i];
    sum->charge[b] += layer->gamma * layer->reach[i];
  }
  sum->terms += 2;
}

static void add_input_parts(rl_columns *c) {
  const rl_margins *m = c->margins;
  for (int r = 0; r < c->rows; r++) {
    rl_lanes w = rl_load(c->weight + (size_t)r * RL_COLUMNS);
    const double *g = m->input + (size_t)(c->first_row + r) * (size_t)m->inputs;
    for (int j = 0; j < m->inputs; j++) {
      rl_lanes v = rl_load(c->at_inputs + (size_t)j * RL_COLUMNS) + w * rl_spread(g[j]);
      memcpy(c->at_inputs + (size_t)j * RL_COLUMNS, &v, sizeof v);
    }
  }
}

/* v where it is > 0, else w, lane by lane, of the same sign mask. */
static inline rl_lanes choose(rl_lanes sign, rl_lanes v, rl_lanes w) {
  __typeof__(sign > 0) mask = sign > 0;
  return (rl_lanes)((mask & (__typeof__(mask))v) | (~mask & (__typeof__(mask))w));
}

/* The least value over the box. */
static void end_at_inputs(rl_columns *c, account *sum) {
  const rl_reduced *net = c->net;
  for (int j = 0; j < net->inputs; j++) {
    rl_lanes w = rl_load(c->at_inputs + (size_t)j * RL_COLUMNS);
    rl_lanes x = choose(w, rl_spread(net->lo[j]), rl_spread(net->hi[j]));
    sum->constant += w * x;
    sum->magnitude += absolute(w) * rl_spread(net->size[j]);
    memcpy(c->x + (size_t)j * RL_COLUMNS, &x, sizeof x);
  }
  sum->terms += net->inputs;
}

static void conclude(rl_columns *c, const account *a) {
  for (int b = 0; b < RL_COLUMNS; b++) {
    double error = rl_rounding(a->terms + 16, a->magnitude[b]) + a->charge[b] + RL_TINY * a->ranges;
    double bound = a->constant[b] - error * (1 + 1e-8);
    if (c->convex) bound -= fabs(bound) * (c->rows + 4) * DBL_EPSILON; /* the weights' sum is only nearly 1 */
    c->bound[b] = isnan(bound) ? -INFINITY : bound;
  }
}

void rl_columns_bound(rl_columns *c) {
  account a = {.terms = 1};
  if (c->margins)
    start_from_margins(c, &a);
  else
    for (int b = 0; b < RL_COLUMNS; b++) a.constant[b] = c->constant[b], a.magnitude[b] = fabs(c->constant[b]);
  for (int k = c->top; k >= 1; k--) {
    const rl_reduced_layer *layer = &c->net->layer[k];
    through_neurons(c, layer, &a);
    if (c->inject == k) inject(c, &a);
    rl_packed_multiply(&layer->back, c->lambda + layer->offset * RL_COLUMNS,
                       k > 1 ? c->coefficient + c->net->layer[k - 1].offset * RL_COLUMNS : c->at_inputs);
    c->work += (double)layer->back.first[layer->back.panels] * RL_PANEL * RL_COLUMNS;
  }
  if (c->margins && c->margins->input) add_input_parts(c);
  end_at_inputs(c, &a);
  conclude(c, &a);
}

/* ---- ascent -------------------------------------------------------------------- */

/* Pre-activations and activations along the relaxation at the corner. */
static void follow(rl_columns *c) {
  for (int k = 1; k <= c->top; k++) {
    const rl_reduced_layer *layer = &c->net->layer[k];
    size_t at = layer->offset * RL_COLUMNS;
    rl_packed_multiply(&layer->forward, k > 1 ? c->active + c->net->layer[k - 1].offset * RL_COLUMNS : c->x, c->z + at);
    c->work += (double)layer->forward.first[layer->forward.panels] * RL_PANEL * RL_COLUMNS;
    for (int i = 0; i < layer->count; i++, at += RL_COLUMNS) {
      rl_lanes s = rl_load(c->rise + at), split = rl_load(c->split + at), p = rl_load(c->p + at);
      rl_lanes z = rl_load(c->z + at) + rl_spread(layer->bias[i]);
      rl_lanes lower = (p * (rl_spread(1) - split) + s * split) * z, upper = s * (z + rl_load(c->shift + at));
      rl_lanes active = choose(rl_load(c->coefficient + at), lower, upper);
      memcpy(c->z + at, &z, sizeof z);
      memcpy(c->active + at, &active, sizeof active);
    }
  }
}

/* 1 / sqrt(v) to about five digits for v > 0, by Newton's method from a linear guess of the logarithm (Lomont 2003). */
static inline rl_lanes inverse_root(rl_lanes v) {
  typedef unsigned long long bits __attribute__((vector_size(sizeof(rl_lanes))));
  rl_lanes y = (rl_lanes)(0x5FE6EB50C7B537A9ull - ((bits)v >> 1)), half = v * rl_spread(0.5);
  y *= rl_spread(1.5) - half * y * y;
  y *= rl_spread(1.5) - half * y * y;
  return y;
}

/* Adam's step on one entry: p moves by rate * scale * mean / root of mean square, both without their bias. */
static inline rl_lanes adam(double *mean, double *square, rl_lanes slope, double rate, double unbias) {
  rl_lanes m = rl_spread(0.9) * rl_load(mean) + rl_spread(0.1) * slope;
  rl_lanes v = rl_spread(0.999) * rl_load(square) + rl_spread(0.001) * slope * slope;
  memcpy(mean, &m, sizeof m);
  memcpy(square, &v, sizeof v);
  return rl_spread(rate) * m * inverse_root(v * rl_spread(unbias) + rl_spread(1e-24));
}

static void improve_choices(rl_columns *c, double rate, double unbias) {
  const rl_reduced_layer *top = &c->net->layer[c->top];
  size_t end = (top->offset + (size_t)top->count) * RL_COLUMNS;
  for (size_t k = 0; k < end; k += RL_COLUMNS) {
    rl_lanes split = rl_load(c->split + k), up = rl_positive(rl_load(c->coefficient + k));
    rl_lanes slope = rl_load(c->z + k) * (split + (rl_spread(1) - split) * up);
    rl_lanes p = rl_load(c->p + k) + rl_load(c->scale + k) * adam(c->mean + k, c->square + k, slope, rate, unbias);
    rl_lanes least = rl_load(c->least + k), most = rl_load(c->most + k);
    p = choose(p - least, p, least);
    p = choose(most - p, p, most);
    memcpy(c->p + k, &p, sizeof p);
  }
}

/* Margins at the corner, along the relaxation. */
static void evaluate_margins(rl_columns *c) {
  const rl_margins *m = c->margins;
  const double *active = c->active + c->net->layer[c->top].offset * RL_COLUMNS;
  for (int r = 0; r < c->rows; r++) {
    size_t row = (size_t)(c->first_row + r);
    rl_lanes sum = rl_spread(m->constant[row]);
    for (size_t i = 0; i < (size_t)m->width; i++)
      sum += rl_spread(m->coefficient[row * (size_t)m->width + i]) * rl_load(active + i * RL_COLUMNS);
    for (size_t j = 0; m->input && j < (size_t)m->inputs; j++)
      sum += rl_spread(m->input[row * (size_t)m->inputs + j]) * rl_load(c->x + j * RL_COLUMNS);
    memcpy(c->value + (size_t)r * RL_COLUMNS, &sum, sizeof sum);
  }
}

/* Multipliers of margins follow Adam too. */
static void improve_multipliers(rl_columns *c, double rate, double unbias) {
  for (size_t k = 0; k < (size_t)c->rows * RL_COLUMNS; k += RL_COLUMNS) {
    rl_lanes move = adam(c->weight_mean + k, c->weight_square + k, rl_load(c->value + k), rate, unbias);
    rl_lanes w = rl_positive(rl_load(c->weight + k) + rl_load(c->weight_scale + k) * move);
    memcpy(c->weight + k, &w, sizeof w);
  }
}

/* Weights of sum 1 shift to the largest margins, by factors (Arora, Hazan, Kale 2012). */
static void shift_weights(rl_columns *c, int column, double rate) {
  double least = INFINITY, most = -INFINITY, total = 0;
  for (int r = 0; r < c->rows; r++) {
    int k = r * RL_COLUMNS + column;
    if (c->weight[k] == 0) continue;
    least = rl_min(least, c->value[k]);
    most = rl_max(most, c->value[k]);
  }
  for (int r = 0; r < c->rows; r++) {
    int k = r * RL_COLUMNS + column;
    if (c->weight[k] != 0) c->weight[k] *= exp(10 * rate * (c->value[k] - most) / rl_max(most - least, DBL_MIN));
    total += c->weight[k];
  }
  for (int r = 0; r < c->rows && total > 0; r++) c->weight[r * RL_COLUMNS + column] /= total;
}

void rl_columns_note(rl_columns *c) {
  rl_lanes better = {0};
  int any = 0;
  for (int b = 0; b < RL_COLUMNS; b++) {
    int is = c->bound[b] > c->best_bound[b];
    better[b] = is;
    any |= is;
    if (is) c->best_bound[b] = c->bound[b];
  }
  if (!any) return;
  const rl_reduced_layer *top = &c->net->layer[c->top];
  size_t end = (top->offset + (size_t)top->count) * RL_COLUMNS;
  for (size_t k = 0; k < end; k += RL_COLUMNS) {
    rl_lanes v = choose(better, rl_load(c->p + k), rl_load(c->best + k));
    memcpy(c->best + k, &v, sizeof v);
  }
  for (size_t k = 0; c->margins && k < (size_t)c->rows * RL_COLUMNS; k += RL_COLUMNS) {
    rl_lanes v = choose(better, rl_load(c->weight + k), rl_load(c->best_weight + k));
    memcpy(c->best_weight + k, &v, sizeof v);
  }
}

void rl_columns_improve(rl_columns *c, int step, double rate) {
  double first = 1 - pow(0.9, step + 1), second = 1 - pow(0.999, step + 1);
  follow(c);
  improve_choices(c, rate / first, 1 / second);
  if (!c->margins) return;
  evaluate_margins(c);
  if (!c->convex)
    improve_multipliers(c, rate / first, 1 / second);
  else if (c->rows > 1)
    for (int b = 0; b < RL_COLUMNS; b++) shift_weights(c, b, rate);
}

double rl_columns_mean(const rl_columns *c, int layer) {
  const rl_reduced_layer *a = &c->net->layer[layer];
  double sum = 0;
  for (size_t k = a->offset * RL_COLUMNS; k < (a->offset + (size_t)a->count) * RL_COLUMNS; k++)
    sum += fabs(c->coefficient[k]);
  return a->count ? sum / (a->count * RL_COLUMNS) : 0;
}
