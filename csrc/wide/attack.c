/* L2: projected gradient descent (see attack.h). */
#include "wide/attack.h"

#include <string.h>

#include "core/random.h"

enum { FEW_CLAUSES = 16 };

static void start(rl_attack *a, int corners) {
  const rl_reduced *net = a->columns->net;
  for (int j = 0; j < net->inputs; j++)
    for (int b = 0; b < RL_COLUMNS; b++) {
      double t = rl_random_unit(&a->random);
      if (corners) t = t < 0.5 ? 0 : 1;
      a->columns->x[j * RL_COLUMNS + b] = net->lo[j] + t * (net->hi[j] - net->lo[j]);
    }
}

/* The network at x. */
static void evaluate(rl_columns *c) {
  const rl_reduced *net = c->net;
  for (int k = 1; k <= net->hidden; k++) {
    const rl_reduced_layer *layer = &net->layer[k];
    size_t at = layer->offset * RL_COLUMNS;
    rl_packed_multiply(&layer->forward, k > 1 ? c->active + net->layer[k - 1].offset * RL_COLUMNS : c->x, c->z + at);
    c->work += (double)layer->forward.first[layer->forward.panels] * RL_PANEL * RL_COLUMNS;
    for (int i = 0; i < layer->count; i++, at += RL_COLUMNS) {
      rl_lanes z = rl_load(c->z + at) + rl_spread(layer->bias[i]),
               active = layer->sign[i] == RL_LINEAR ? z : rl_positive(z);
      memcpy(c->z + at, &z, sizeof z);
      memcpy(c->active + at, &active, sizeof active);
    }
  }
}

/* Margins of a row at the columns' points. */
static rl_lanes margins_of(const rl_attack *a, int row) {
  const rl_margins *m = a->margins;
  const rl_columns *c = a->columns;
  const double *g = m->coefficient + (size_t)row * (size_t)m->width;
  const double *active = c->active + c->net->layer[c->net->hidden].offset * RL_COLUMNS;
  rl_lanes sum = rl_spread(m->constant[row]);
  for (size_t i = 0; i < (size_t)m->width; i++) sum += rl_spread(g[i]) * rl_load(active + i * RL_COLUMNS);
  for (size_t j = 0; m->input && j < (size_t)m->inputs; j++)
    sum += rl_spread(m->input[(size_t)row * (size_t)m->inputs + j]) * rl_load(c->x + j * RL_COLUMNS);
  return sum;
}

/* The largest margins of a clause at the columns' points, and which rows have them. */
static void clause_at(const rl_attack *a, int clause, double *most, int *row) {
  const int *first = a->margins->target->first;
  for (int b = 0; b < RL_COLUMNS; b++) most[b] = -INFINITY;
  for (int r = first[clause]; r < first[clause + 1]; r++) {
    rl_lanes value = margins_of(a, r);
    for (int b = 0; b < RL_COLUMNS; b++) {
      if (value[b] <= most[b]) continue;
      most[b] = value[b];
      row[b] = r;
    }
  }
}

/* What a neuron's imposed sign misses at a column's point, with the sign of the slope of that; 0: nothing. */
static double missing(const rl_reduced_layer *layer, int i, double z) {
  return layer->sign[i] == RL_ON && z < 0 ? -1 : layer->sign[i] == RL_OFF && z > 0 ? 1 : 0;
}

static int obeys(const rl_columns *c, int b) {
  for (int v = 0; v < c->net->variables; v++) {
    const rl_reduced_layer *layer = &c->net->layer[c->net->variable_layer[v]];
    double z = c->z[rl_place(c->net, v) * RL_COLUMNS + (size_t)b];
    if (missing(layer, c->net->variable_index[v], z) * z > 1e-9) return 0;
  }
  return 1;
}

static int propose(rl_attack *a, int b) {
  const rl_columns *c = a->columns;
  const rl_reduced *net = c->net;
  memcpy(a->point, net->domain->lo, (size_t)net->domain->n * sizeof *a->point);
  for (int j = 0; j < net->inputs; j++)
    a->point[net->input[j]] = rl_min(rl_max(c->x[j * RL_COLUMNS + b], net->lo[j]), net->hi[j]);
  return a->calls->try_point(a->calls->context, a->point);
}

/* Is a clause looked at?  All are where they are few: a point made for one may do for another. */
static int is_watched(const rl_attack *a, int clause) {
  if (a->margins->target->clauses <= FEW_CLAUSES) return 1;
  for (int b = 0; b < RL_COLUMNS; b++)
    if (a->clause[b] == clause) return 1;
  return 0;
}

/* Look at the points; row: each column's, to descend.  1: the search is over. */
static int judge(rl_attack *a, int *row) {
  for (int k = 0; k < a->margins->target->clauses; k++) {
    double most[RL_COLUMNS];
    int at[RL_COLUMNS] = {0};
    if (!is_watched(a, k)) continue;
    clause_at(a, k, most, at);
    for (int b = 0; b < RL_COLUMNS; b++) {
      if (a->clause[b] == k) row[b] = at[b];
      if (!(most[b] < a->best) || !obeys(a->columns, b)) continue;
      a->best = most[b];
      if ((most[b] <= 0 || a->any) && propose(a, b)) return 1;
    }
  }
  return 0;
}

/* Slopes of the columns' margins in the inputs: into at_inputs. */
static void differentiate(rl_attack *a, const int *row) {
  rl_columns *c = a->columns;
  const rl_margins *m = a->margins;
  const rl_reduced *net = c->net;
  double *at = c->coefficient + net->layer[net->hidden].offset * RL_COLUMNS;
  for (int i = 0; i < m->width; i++)
    for (int b = 0; b < RL_COLUMNS; b++)
      at[i * RL_COLUMNS + b] = m->coefficient[(size_t)row[b] * (size_t)m->width + (size_t)i];
  for (int k = net->hidden; k >= 1; k--) {
    const rl_reduced_layer *layer = &net->layer[k];
    size_t first = layer->offset * RL_COLUMNS;
    for (int i = 0; i < layer->count; i++)
      for (size_t b = 0; b < RL_COLUMNS; b++) {
        size_t p = first + (size_t)i * RL_COLUMNS + b;
        c->lambda[p] =
            (c->z[p] > 0 || layer->sign[i] == RL_LINEAR ? c->coefficient[p] : 0) + missing(layer, i, c->z[p]);
      }
    rl_packed_multiply(&layer->back, c->lambda + first,
                       k > 1 ? c->coefficient + net->layer[k - 1].offset * RL_COLUMNS : c->at_inputs);
    c->work += (double)layer->back.first[layer->back.panels] * RL_PANEL * RL_COLUMNS;
  }
  for (int j = 0; m->input && j < m->inputs; j++)
    for (int b = 0; b < RL_COLUMNS; b++)
      c->at_inputs[j * RL_COLUMNS + b] += m->input[(size_t)row[b] * (size_t)m->inputs + (size_t)j];
}

static void descend(rl_columns *c, double size) {
  const rl_reduced *net = c->net;
  for (int j = 0; j < net->inputs; j++) {
    double step = size * (0.5 * net->hi[j] - 0.5 * net->lo[j]);
    for (int b = 0; b < RL_COLUMNS; b++) {
      double *x = &c->x[j * RL_COLUMNS + b], slope = c->at_inputs[j * RL_COLUMNS + b];
      *x = rl_min(rl_max(*x - (slope > 0 ? step : slope < 0 ? -step : 0), net->lo[j]), net->hi[j]);
    }
  }
}

/* `steps` of descent from the points at hand. */
static int descend_from(rl_attack *a, int steps, double size) {
  int row[RL_COLUMNS] = {0};
  for (int i = 0;; i++) {
    evaluate(a->columns);
    if (judge(a, row)) return 1;
    if (i == steps || a->calls->stop(a->calls->context)) return 0;
    differentiate(a, row);
    descend(a->columns, size * (1 - 0.9 * i / steps));
  }
}

int rl_attack_round(rl_attack *a, int corners, int steps, double size) {
  start(a, corners);
  return descend_from(a, steps, size);
}

int rl_attack_from(rl_attack *a, const rl_columns *other, int steps, double size) {
  memcpy(a->columns->x, other->x, (size_t)a->columns->net->inputs * sizeof(rl_lanes));
  return descend_from(a, steps, size);
}
