/* L2: ranges of neurons by compact rows (see compact_rows.h).
 *
 * A group of upper bounds, of z and -z by turns, is taken at a time, one in each lane.  Lower slopes are first those of
 * the smaller triangle, then moved along the gradient of each bound (Xu et al. 2021, alpha-CROWN). */
#include <math.h>
#include <string.h>

#include "core/round.h"
#include "encode/compact_rows.h"
#include "encode/forward.h"

/* Moves along the gradient, of bounds over no more than MANY undecided neurons (others are far from deciding anything,
 * and dear); and their length: 1 where the relaxation lies at the end of a range. */
enum { MOVES = 2, MANY = 64 };
static const double length = 0.8;

/* Sums of a group of bounds, see backward.h. */
typedef struct group {
  rl_lanes constant, charge; /* of what stands above lines, all >= 0; of errors */
} group;

static inline rl_lanes at(const double *lanes, int index) { return rl_load(lanes + (size_t)index * LANES); }
static inline void put(double *lanes, int index, rl_lanes v) { memcpy(lanes + (size_t)index * LANES, &v, sizeof v); }

/* Lanes of a where the mask is set, of b elsewhere. */
static inline rl_lanes choose(__typeof__((rl_lanes){0} > 0) mask, rl_lanes a, rl_lanes b) {
  return (rl_lanes)((mask & (__typeof__(mask))a) | (~mask & (__typeof__(mask))b));
}

/* Add what the coefficients of pre-activations from..to give to `count` (up to BLOCK, a literal) columns. */
static inline void pull_columns(const rl_compact *c, int column, int count, int from, int to) {
  const double *t = c->across + (size_t)column * (size_t)c->stride;
  rl_lanes sum[BLOCK];
  for (int r = 0; r < count; r++) sum[r] = at(c->coefficient, column + r);
  for (int k = from; k < to; k++) {
    rl_lanes w = at(c->w, k);
    for (int r = 0; r < count; r++) sum[r] = rl_multiply_add(rl_spread(t[r * c->stride + k]), w, sum[r]);
  }
  for (int r = 0; r < count; r++) put(c->coefficient, column + r, sum[r]);
}

/* The coefficients of undecided neuron k's activation become those of its pre-activation. */
static inline void relax(const rl_compact *c, int k, group *g) {
  rl_lanes v = at(c->coefficient, c->inputs + k), up = rl_positive(v);
  rl_lanes rising = up * c->rise[k], w = rising + (v - up) * at(c->fall, k);
  g->constant += rising * c->shift[k];
  g->charge += (rl_positive(w) + rl_positive(-w)) * c->cost[k];
  put(c->w, k, w);
}

/* Upper bounds of the rows in c->start of hidden layer `layer`, with the slopes in c->fall. */
static rl_lanes bound(rl_compact *c, int layer, group g) {
  int n = c->net->sizes[0], before = c->first[layer];
  memcpy(c->coefficient, c->start, (size_t)(c->inputs + before) * LANES * sizeof *c->start);
  for (int q = layer - 1; q >= 0; q--) {
    int k = c->first[q], to = c->first[q + 1];
    for (; k + BLOCK <= to; k += BLOCK) pull_columns(c, c->inputs + k, BLOCK, to, before);
    if (k + 2 <= to) pull_columns(c, c->inputs + k, 2, to, before), k += 2;
    if (k < to) pull_columns(c, c->inputs + k, 1, to, before);
    for (k = c->first[q]; k < to; k++) relax(c, k, &g);
  }
  for (int j = 0; j <= n; j += BLOCK) pull_columns(c, j, BLOCK, 0, before);
  rl_lanes constant = at(c->coefficient, n), sum = g.constant + constant;
  rl_lanes magnitude = g.constant + (rl_positive(constant) + rl_positive(-constant)); /* infinite where a sum is */
  for (int j = 0; j < n; j++) {
    rl_lanes v = at(c->coefficient, j), up = rl_positive(v), down = v - up;
    sum += up * c->hi[j] + down * c->lo[j];
    magnitude += (up - down) * c->size[j];
  }
  rl_lanes rounding = (0x1p-4 * c->sum_gamma) * (0x1p4 * magnitude); /* infinite where sums may be, as rl_rounding */
  return sum + (rounding + g.charge + RL_TINY * c->ranges) * (1 + 1e-8);
}

/* Pre-activations of `count` (BLOCK or 1) undecided neurons of hidden layer q along the relaxations. */
static inline void follow_rows(const rl_compact *c, int q, int k, int count, rl_lanes *z) {
  const double *row[BLOCK];
  int columns = rl_compact_columns(c, q);
  for (int r = 0; r < count; r++) {
    row[r] = rl_compact_row(c, k + r);
    z[r] = (rl_lanes){0};
  }
  for (int j = 0; j < columns; j++) {
    rl_lanes value = at(c->value, j);
    for (int r = 0; r < count; r++) z[r] = rl_multiply_add(rl_spread(row[r][j]), value, z[r]);
  }
}

/* The activation of undecided neuron k along the relaxations, and a move of its lower slopes. */
static inline void move_slopes(const rl_compact *c, int k, rl_lanes z) {
  rl_lanes v = at(c->coefficient, c->inputs + k), fall = at(c->fall, k), zero = {0}, one = zero + 1;
  double up = c->size[c->inputs + k], down = c->shift[k];
  put(c->value, c->inputs + k, choose(v > 0, c->rise[k] * (z + down), fall * z));
  rl_lanes moved = fall + rl_positive(z) * (length / up) - rl_positive(-z) * (length / down);
  moved = one - rl_positive(one - rl_positive(moved));
  put(c->fall, k, choose(v < 0, moved, fall));
}

/* Move the lower slopes before hidden layer `layer` along the gradients of the bounds just computed: where the
 * coefficient v of an activation is negative, the derivative is v z, with z along the relaxations that the bound sums
 * up. */
static void move_along_gradient(rl_compact *c, int layer) {
  int n = c->net->sizes[0];
  for (int j = 0; j < n; j++) {
    rl_lanes zero = {0};
    put(c->value, j, choose(at(c->coefficient, j) > 0, zero + c->hi[j], zero + c->lo[j]));
  }
  for (int q = 0; q < layer; q++) {
    int k = c->first[q], to = c->first[q + 1];
    rl_lanes z[BLOCK];
    for (; k + BLOCK <= to; k += BLOCK) {
      follow_rows(c, q, k, BLOCK, z);
      for (int r = 0; r < BLOCK; r++) move_slopes(c, k + r, z[r]);
    }
    for (; k < to; k++) {
      follow_rows(c, q, k, 1, z);
      move_slopes(c, k, z[0]);
    }
  }
}

/* Set up the rows of up to LANES / 2 neurons of hidden layer `layer`. */
static group start_group(rl_compact *c, int layer, const int *listed, int count) {
  group g = {{0}, {0}};
  int columns = rl_compact_columns(c, layer);
  memset(c->start, 0, (size_t)columns * LANES * sizeof *c->start);
  for (int t = 0; t < count; t++) {
    const double *row = c->next + (size_t)listed[t] * (size_t)c->width;
    for (int j = 0; j < columns; j++) {
      c->start[j * LANES + 2 * t] = row[j];
      c->start[j * LANES + 2 * t + 1] = -row[j];
    }
    double error = c->next_error[listed[t]] + c->sum_gamma * c->next_reach[listed[t]];
    g.charge[2 * t] = g.charge[2 * t + 1] = error;
  }
  return g;
}

/* Lower slopes before hidden layer `layer`: those of the smaller triangles. */
static void start_slopes(rl_compact *c, int layer) {
  for (int k = 0; k < c->first[layer]; k++) put(c->fall, k, rl_spread(c->size[c->inputs + k] > c->shift[k]));
}

static void keep_slope(rl_compact *c, int neuron, int t) {
  int n = c->net->sizes[0];
  double *slope = c->slope + (size_t)neuron * (size_t)n;
  for (int j = 0; j < n; j++) {
    const double *v = c->coefficient + j * LANES + 2 * t;
    slope[j] = 0.5 * (fabs(v[0]) + fabs(v[1]));
  }
}

/* Upper bounds of z and -z, by turns. */
static rl_lanes bound_neurons(rl_compact *c, int layer, const int *listed, int count) {
  group g = start_group(c, layer, listed, count);
  start_slopes(c, layer);
  rl_lanes best = bound(c, layer, g);
  int open = 0;
  for (int t = 0; t < count; t++) open |= best[2 * t] > 0 && best[2 * t + 1] > 0;
  if (!open || c->first[layer] == 0 || c->first[layer] > MANY) return best;
  for (int i = 0; i < MOVES; i++) {
    move_along_gradient(c, layer);
    rl_lanes other = bound(c, layer, g);
    best = choose(other < best, other, best);
  }
  return best;
}

/* Multiply-adds of a group's bounds. */
static double group_work(const rl_compact *c, int layer) {
  double before = c->first[layer], bounds = before > 0 && before <= MANY ? 1 + 2 * MOVES : 1;
  return bounds * LANES * (before + 1) * (c->inputs + 0.5 * before);
}

/* Ranges of the listed neurons, at most LANES / 2; 0: the set is empty. */
static int take_ranges(rl_compact *c, int layer, const int *listed, int count, const int8_t *signs, double *l,
                       double *u, uint8_t *needed) {
  if (rl_late(group_work(c, layer))) return 1;
  rl_lanes ends = bound_neurons(c, layer, listed, count);
  for (int t = 0; t < count; t++) {
    int k = c->net->offsets[layer] + listed[t];
    double up = ends[2 * t], low = -ends[2 * t + 1];
    needed[k] = rl_sign_is_needed(signs[k], low, up);
    keep_slope(c, k, t);
    if (!rl_take_bounds(signs[k], low, up, &l[k], &u[k])) return 0;
  }
  return 1;
}

int rl_compact_bound_layer(rl_compact *c, int layer, const int8_t *signs, double *l, double *u, uint8_t *needed) {
  int offset = c->net->offsets[layer], listed[LANES / 2], count = 0, size = c->net->sizes[layer + 1];
  for (int i = 0; i < size; i++) {
    int k = offset + i;
    if (l[k] > u[k]) return 0;
    if (signs[k] == RL_LINEAR) {
      double reach = (c->next_reach[i] * (1 + c->gamma) + c->next_error[i]) * (1 + 1e-9);
      rl_take_bounds(RL_LINEAR, -reach, reach, &l[k], &u[k]);
      continue;
    }
    if (signs[k] == RL_FREE && rl_neuron_sign(RL_FREE, l[k], u[k]) != RL_FREE) continue;
    listed[count++] = i;
    if (count < LANES / 2) continue;
    if (!take_ranges(c, layer, listed, count, signs, l, u, needed)) return 0;
    count = 0;
  }
  return count == 0 || take_ranges(c, layer, listed, count, signs, l, u, needed);
}
