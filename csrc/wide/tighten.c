/* L2: ranges of all variables over a branch and over margins <= 0 (see clause.h).
 *
 * As an objective, side * z plus a weighted sum of margins: where these are <= 0, its lower bound is one of side * z.
 * The weights are multipliers as those of splits are. */
#include <string.h>

#include "wide/clause.h"

/* A range's end. */
typedef struct end {
  int variable, side;
} end;

/* One pass over a layer: its ends that are still of interest. */
typedef struct pass {
  rl_clause *clause;
  rl_ranges *ranges;
  const int *split;
  int splits, steps;
} pass;

static int is_split(const pass *p, int variable) {
  for (int i = 0; i < p->splits; i++)
    if (p->split[i] / 2 == variable) return 1;
  return 0;
}

static double *low(const pass *p, int v) { return &p->ranges->l[v]; }
static double *up(const pass *p, int v) { return &p->ranges->l[p->clause->net->variables + v]; }

static int is_undecided(const pass *p, int v) { return *low(p, v) < 0 && *up(p, v) > 0; }

/* The next `count` ends at most, from 2 * variable + (side < 0) on, of variables of the layer. */
static int collect(const pass *p, int layer, int *next, end *ends) {
  const rl_reduced *net = p->clause->net;
  int count = 0;
  for (; *next < 2 * net->variables && count < RL_COLUMNS; ++*next) {
    int v = *next / 2;
    const rl_reduced_layer *a = &net->layer[net->variable_layer[v]];
    if (net->variable_layer[v] != layer || a->sign[net->variable_index[v]] != RL_FREE) continue;
    if (!is_undecided(p, v) || is_split(p, v)) continue;
    ends[count++] = (end){v, *next % 2 ? -1 : 1};
  }
  return count;
}

static void start(const pass *p, int layer, const end *ends, int count) {
  rl_clause *q = p->clause;
  rl_columns *c = q->look;
  c->margins = q->margins;
  c->first_row = q->first;
  c->rows = q->constrained ? q->rows : 0;
  c->convex = 0;
  c->top = q->net->hidden;
  c->inject = layer;
  for (int b = 0; b < RL_COLUMNS; b++) {
    const end *e = &ends[b < count ? b : 0];
    rl_columns_set(c, b, p->ranges, NULL, p->split, p->splits, q->scale);
    c->inject_index[b] = q->net->variable_index[e->variable];
    c->inject_side[b] = e->side;
    for (int r = 0; r < c->rows; r++) {
      c->weight[r * RL_COLUMNS + b] = 0;
      c->weight_scale[r * RL_COLUMNS + b] =
          0.1 * (*up(p, e->variable) - *low(p, e->variable)) / (fabs(q->bound) + 1e-3);
    }
  }
  rl_columns_begin(c);
}

/* Take the bounds over; 0: ends have crossed. */
static int take(const pass *p, const end *ends, int count, int *open) {
  const rl_columns *c = p->clause->look;
  *open = 0;
  for (int b = 0; b < count; b++) {
    int v = ends[b].variable;
    if (ends[b].side > 0)
      *low(p, v) = rl_max(*low(p, v), c->bound[b]);
    else
      *up(p, v) = rl_min(*up(p, v), -c->bound[b]);
    if (*low(p, v) > *up(p, v)) return 0;
  }
  for (int b = 0; b < count; b++) *open |= is_undecided(p, ends[b].variable);
  return 1;
}

static int tighten_layer(const pass *p, int layer) {
  rl_clause *q = p->clause;
  end ends[RL_COLUMNS];
  int next = 0, count = 0;
  while ((count = collect(p, layer, &next, ends)) > 0 && !q->calls->stop(q->calls->context)) {
    double rate = 0.3;
    start(p, layer, ends, count);
    for (int i = 0, open = 1;; i++, rate *= 0.95) {
      rl_columns_bound(q->look);
      if (!take(p, ends, count, &open)) return 0;
      if (!open || i + 1 >= p->steps) break;
      rl_columns_improve(q->look, i, rate);
    }
  }
  return 1;
}

int rl_clause_ranges(rl_clause *q, rl_ranges *ranges, const int *split, int splits, int steps) {
  pass p = {q, ranges, split, splits, steps};
  int left = 1;
  for (int layer = 1; layer <= q->net->hidden && left; layer++) left = tighten_layer(&p, layer);
  q->look->inject = 0;
  return left;
}
