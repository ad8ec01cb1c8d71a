/* L4: choosing slopes (see preimage.h).
 *
 * For slopes alpha a row's minorant is l(x; alpha).  With t_s the smallest normalised row at sample point s the
 * ascent maximises sum_s sigma(t_s / T), a smooth count of the points inside the polytope (after Zhang, Wang,
 * Kwiatkowska, PREMAP, 2024); T falls from step to step.  The derivative of l(x) by alpha_k is v_k z_k(x) where
 * v_k > 0 is the coefficient of neuron k's activation and z_k(x) its pre-activation along the relaxation, affine in
 * x: so one pass forward of the weighted mean point gives the whole gradient.  Arithmetic here is not rigorous; any
 * slopes in [0, 1] are valid (rl_part_settle). */
#include "preimage/preimage.h"

#include <math.h>
#include <string.h>

#include "core/vector.h"

/* in = W^T out, rows of which out is 0 left out. */
static void transpose(const rl_network *net, int layer, const double *out, double *in, double *constant) {
  int rows = net->sizes[layer + 1], columns = net->sizes[layer];
  memset(in, 0, (size_t)columns * sizeof *in);
  for (int i = 0; i < rows; i++) {
    double c = out[i];
    if (c == 0) continue;
    const double *restrict w = net->weights[layer] + (size_t)i * (size_t)columns;
    double *restrict to = in;
    for (int j = 0; j < columns; j++) to[j] += c * w[j];
    *constant += c * net->biases[layer][i];
  }
}

/* form[n+1] = the minorant of goal row `index`; v[neurons] = the coefficients of the activations. */
static void minorant(rl_cover *cover, const rl_part *part, int index, const double *alpha, double *v, double *form) {
  const rl_network *net = cover->net;
  const rl_property *goal = cover->goal;
  size_t n = (size_t)cover->n, m = (size_t)goal->m;
  double constant = goal->d[index], *out = cover->coef, *in = cover->next;
  memcpy(out, goal->c + (size_t)index * m, m * sizeof *out);
  for (int layer = net->layers - 1; layer >= 0; layer--) {
    transpose(net, layer, out, in, &constant);
    for (int i = 0; layer > 0 && i < net->sizes[layer]; i++) {
      int k = net->offsets[layer - 1] + i, sign = rl_neuron_sign(part->signs[k], part->l[k], part->u[k]);
      double l = part->l[k], u = part->u[k], a = in[i];
      v[k] = a;
      if (sign == RL_ON) continue;
      if (sign == RL_OFF) {
        in[i] = 0;
      } else if (a > 0) {
        in[i] = a * alpha[k];
      } else {
        in[i] = a * rl_upper_slope(l, u);
        constant -= in[i] * l;
      }
    }
    double *swap = in;
    in = out;
    out = swap;
  }
  memcpy(form, out, n * sizeof *form);
  for (size_t j = 0; goal->a && j < n; j++) form[j] += goal->a[(size_t)index * n + j];
  form[n] = constant;
}

/* The gradient of sum_s g_s l(x_s) by alpha, from mean = (sum g_s x_s, sum g_s). */
static void gradient(rl_cover *cover, const rl_part *part, const double *alpha, const double *v, const double *mean,
                     double *grad) {
  const rl_network *net = cover->net;
  double mass = mean[cover->n], *in = cover->coef, *out = cover->next;
  memcpy(in, mean, (size_t)cover->n * sizeof *in);
  for (int layer = 0; layer + 1 < net->layers; layer++) {
    int columns = net->sizes[layer];
    for (int i = 0; i < net->sizes[layer + 1]; i++) {
      int k = net->offsets[layer] + i, sign = rl_neuron_sign(part->signs[k], part->l[k], part->u[k]);
      double l = part->l[k], u = part->u[k];
      grad[k] = 0;
      out[i] = 0;
      if (sign == RL_OFF) continue;
      double z = mass * net->biases[layer][i] + rl_dot(net->weights[layer] + (size_t)i * (size_t)columns, in, columns);
      out[i] = sign == RL_ON ? z : v[k] > 0 ? alpha[k] * z : rl_upper_slope(l, u) * (z - mass * l);
      if (sign == RL_FREE && v[k] > 0) grad[k] = v[k] * z;
    }
    double *swap = in;
    in = out;
    out = swap;
  }
}

/* value[s] = the normalised form at points 0..count-1. */
static void evaluate(const double *form, double scale, const rl_points *points, size_t count, double *value) {
  double constant = form[points->n] / scale;
  for (size_t s = 0; s < count; s++) value[s] = constant;
  for (int j = 0; j < points->n; j++) {
    const double *restrict x = points->x + (size_t)j * points->room;
    double *restrict to = value, w = form[j] / scale;
    for (size_t s = 0; s < count; s++) to[s] += w * x[s];
  }
}

/* The score of each point and the row that makes it.  Under: min over the rows of `clause`, > 0 inside.  Over: min
 * over clauses of max over rows, > 0 outside all polytopes. */
static void score(rl_cover *cover, const rl_part *part, int clause, size_t count) {
  const rl_property *goal = cover->goal;
  double *value = cover->value, *row = cover->row_value, *best = cover->row_value + cover->points_room;
  int *which = cover->which, *inner = cover->which + cover->points_room;
  size_t length = (size_t)cover->n + 1;
  for (size_t s = 0; s < count; s++) value[s] = INFINITY;
  int from = cover->over ? 0 : clause, to = cover->over ? goal->clauses : clause + 1;
  for (int k = from; k < to; k++) {
    for (int r = goal->first[k]; r < goal->first[k + 1]; r++) {
      int first = r == goal->first[k];
      evaluate(cover->form + (size_t)r * length, cover->scale[r], &part->points, count, row);
      if (!cover->over) {
        for (size_t s = 0; s < count; s++)
          if (row[s] < value[s]) value[s] = row[s], which[s] = r;
      } else {
        for (size_t s = 0; s < count; s++)
          if (first || row[s] > best[s]) best[s] = row[s], inner[s] = r;
      }
    }
    for (size_t s = 0; s < count && cover->over; s++)
      if (best[s] < value[s]) value[s] = best[s], which[s] = inner[s];
  }
}

static size_t count_positive(const double *value, size_t count) {
  size_t positive = 0;
  for (size_t s = 0; s < count; s++) positive += value[s] >= 0;
  return positive;
}

/* cover->mean from the scores: row by row the sum of sigma' (x, 1). */
static void weigh(rl_cover *cover, const rl_part *part, size_t count, double temperature) {
  size_t length = (size_t)cover->n + 1;
  memset(cover->mean, 0, (size_t)cover->total * length * sizeof *cover->mean);
  for (size_t s = 0; s < count; s++) {
    double t = cover->value[s] / temperature, g = 1 / (1 + t * t);
    double *mean = cover->mean + (size_t)cover->which[s] * length;
    g = g / cover->scale[cover->which[s]];
    for (int j = 0; j < cover->n; j++) mean[j] += g * part->points.x[(size_t)j * part->points.room + s];
    mean[cover->n] += g;
  }
}

static void forms_of_clause(rl_cover *cover, const rl_part *part, int from, int to) {
  size_t neurons = (size_t)cover->neurons;
  for (int r = from; r < to && !rl_late(rl_sample_work(cover->net)); r++)
    minorant(cover, part, r, part->alpha + (size_t)r * neurons, cover->v + (size_t)r * neurons,
             cover->form + (size_t)r * ((size_t)cover->n + 1));
}

/* One step of Adam on the slopes of row r. */
static void ascend(rl_cover *cover, rl_part *part, int r, int step, double rate) {
  size_t neurons = (size_t)cover->neurons, at = (size_t)r * neurons;
  double *alpha = part->alpha + at, *grad = cover->grad + at, *first = cover->first + at, *second = cover->second + at;
  gradient(cover, part, alpha, cover->v + at, cover->mean + (size_t)r * ((size_t)cover->n + 1), grad);
  double c1 = 1 - pow(0.8, step + 1), c2 = 1 - pow(0.98, step + 1);
  for (int k = 0; k < cover->neurons; k++) {
    double g = grad[k];
    first[k] = 0.8 * first[k] + 0.2 * g;
    second[k] = 0.98 * second[k] + 0.02 * g * g;
    if (second[k] == 0) continue;
    double next = alpha[k] + rate * (first[k] / c1) / (sqrt(second[k] / c2) + 1e-300);
    alpha[k] = rl_min(1, rl_max(0, next));
  }
}

/* Ascent on one clause (over: on all rows); returns the points captured by the best slopes, which stay. */
static size_t climb(rl_cover *cover, rl_part *part, int clause, int steps, size_t count) {
  const rl_property *goal = cover->goal;
  int from = cover->over ? 0 : goal->first[clause], to = cover->over ? cover->total : goal->first[clause + 1];
  size_t neurons = (size_t)cover->neurons, at = (size_t)from * neurons, size = (size_t)(to - from) * neurons;
  size_t captured = 0, bytes = size * sizeof(double);
  memset(cover->first + at, 0, bytes);
  memset(cover->second + at, 0, bytes);
  for (int step = 0; step <= steps; step++) {
    forms_of_clause(cover, part, from, to);
    score(cover, part, clause, count);
    size_t now = count_positive(cover->value, count);
    if (step == 0 || now > captured) {
      captured = now;
      memcpy(cover->best + at, part->alpha + at, bytes);
    }
    if (step == steps || captured == count || part->undecided == 0 || rl_late((double)count * cover->n)) break;
    double progress = (double)step / (double)steps;
    weigh(cover, part, count, 0.3 * pow(0.05, progress));
    for (int r = from; r < to; r++)
      if (cover->mean[(size_t)r * ((size_t)cover->n + 1) + (size_t)cover->n] > 0 && !rl_late(rl_sample_work(cover->net)))
        ascend(cover, part, r, step, 0.25 * pow(0.1, progress));
  }
  memcpy(part->alpha + at, cover->best + at, bytes);
  return captured;
}

static rl_status make_room(rl_cover *cover, size_t count, rl_error *err) {
  if (count <= cover->points_room) return RL_OK;
  size_t room = count + count / 2;
  double *value = rl_alloc(room, sizeof *value), *row_value = rl_alloc(2 * room, sizeof *row_value);
  int *which = rl_alloc(2 * room, sizeof *which);
  if (!value || !row_value || !which) {
    rl_free(value);
    rl_free(row_value);
    rl_free(which);
    return rl_fail_memory(err);
  }
  rl_free(cover->value);
  rl_free(cover->row_value);
  rl_free(cover->which);
  cover->value = value;
  cover->row_value = row_value;
  cover->which = which;
  cover->points_room = room;
  return RL_OK;
}

rl_status rl_part_slopes(rl_cover *cover, rl_part *part, int steps, rl_error *err) {
  size_t count = part->points.count;
  rl_status status = make_room(cover, count + 1, err);
  part->captured = 0;
  part->promise = 0;
  part->settled = 0;
  if (status || part->dead || count == 0) return status;
  size_t some = rl_min((double)count, cover->options.points);
  size_t best = 0;
  for (int clause = 0; clause < (cover->over ? 1 : cover->goal->clauses); clause++) {
    size_t captured = climb(cover, part, clause, steps, some);
    if (clause == 0 || captured > best) part->clause = clause, best = captured;
  }
  forms_of_clause(cover, part, 0, cover->total);
  score(cover, part, part->clause, count);
  part->captured = count_positive(cover->value, count);
  part->promise = 0;
  for (size_t s = 0; s < count; s++)
    if (cover->value[s] < 0) part->promise += 1 / (1 - cover->value[s]);
  return RL_OK;
}
