/* L2: a clause's branch and bound (see clause.h). */
#include "wide/clause.h"

#include <string.h>

/* Steps of ascent: for the ranges of the whole set and of a branch; for the bound of a branch, of a leaf.  Variables
 * whose halves are looked at. */
enum { ROOT_STEPS = 20, RANGE_STEPS = 8, STEPS = 10, LEAF_STEPS = 400, CANDIDATES = RL_COLUMNS / 2 };

/* Branches with so few undecided variables are left to others. */
enum { LEFT_TO_PROGRAMS = 4 };

rl_status rl_clause_create(rl_clause *out, const rl_reduced *net, rl_columns *work, rl_columns *look,
                           const rl_wide_calls *calls, rl_error *err) {
  *out = (rl_clause){.net = net, .work = work, .look = look, .calls = calls};
  out->scale = rl_alloc((size_t)net->net->layers + 1, sizeof *out->scale);
  return out->scale ? RL_OK : rl_fail_memory(err);
}

static void clear(rl_clause *q) {
  rl_heap_clear(&q->open);
  rl_heap_clear(&q->leaves);
  rl_slopes_drop(q->from);
  rl_ranges_drop(q->ranges);
  q->from = NULL;
  q->ranges = NULL;
  q->bytes = 0;
}

void rl_clause_free(rl_clause *q) {
  clear(q);
  rl_heap_free(&q->open);
  rl_heap_free(&q->leaves);
  rl_free(q->scale);
  *q = (rl_clause){0};
}

static int is_closed(const rl_clause *q, double bound) {
  return q->calls->closed(q->calls->context, rl_add_up(q->threshold, -bound));
}

/* ---- bounds of a batch --------------------------------------------------------- */

static void use(const rl_clause *q, rl_columns *c) {
  c->margins = q->margins;
  c->first_row = q->first;
  c->rows = q->rows;
  c->convex = 1;
  c->top = q->net->hidden;
  c->inject = 0;
}

static void set_column(const rl_clause *q, int b, const rl_branch *branch) {
  for (int r = 0; r < q->rows; r++) q->work->weight[r * RL_COLUMNS + b] = 1.0 / q->rows;
  rl_columns_set(q->work, b, branch->ranges, branch->from, branch->split, branch->depth, q->scale);
}

void rl_clause_ascend(const rl_wide_calls *calls, rl_columns *c, int count, double threshold, int steps, double rate,
                      double fade) {
  rl_columns_begin(c);
  for (int i = 0;; i++, rate *= fade) {
    int open = 0;
    rl_columns_bound(c);
    rl_columns_note(c);
    for (int b = 0; b < count; b++) open |= !calls->closed(calls->context, rl_add_up(threshold, -c->best_bound[b]));
    if (!open || i + 1 >= steps || calls->stop(calls->context)) break;
    rl_columns_improve(c, i, rate);
  }
}

static void ascend(const rl_clause *q, int count, int steps) {
  rl_clause_ascend(q->calls, q->work, count, q->threshold, steps, 0.1, steps > STEPS ? 0.985 : 0.97);
}

/* ---- the whole set ------------------------------------------------------------- */

static rl_status push_whole(rl_clause *q, rl_error *err) {
  rl_branch *whole = rl_branch_create(q->bound, q->from, q->ranges);
  if (whole && rl_heap_push(&q->open, whole)) return RL_OK;
  rl_branch_release(whole);
  return rl_fail_memory(err);
}

rl_status rl_clause_begin(rl_clause *q, const rl_margins *margins, double threshold, int number, int constrained,
                          double bound, rl_slopes_kept *from, const double *l, const double *u, rl_error *err) {
  clear(q);
  q->margins = margins;
  q->threshold = threshold;
  q->clause = number;
  q->first = margins->target->first[number];
  q->rows = margins->target->first[number + 1] - q->first;
  q->constrained = constrained;
  q->bound = bound;
  q->from = from;
  if (from) from->users++;
  memset(q->scale, 0, ((size_t)q->net->hidden + 1) * sizeof *q->scale);
  q->ranges = rl_ranges_create(q->net, NULL);
  if (!q->ranges) return rl_fail_memory(err);
  for (int v = 0; v < q->net->variables && l; v++) {
    int k = q->net->variable_neuron[v];
    if (k < 0) continue;
    q->ranges->l[v] = rl_max(q->ranges->l[v], l[k]);
    q->ranges->l[q->net->variables + v] = rl_min(q->ranges->l[q->net->variables + v], u[k]);
  }
  use(q, q->work);
  rl_columns_fill(q->work);
  rl_columns_fill(q->look);
  return push_whole(q, err);
}

static void measure_scale(rl_clause *q) {
  for (int k = 1; k <= q->net->hidden; k++) q->scale[k] = 3 * rl_columns_mean(q->work, k);
}

/* The bound of the whole set, with its present ranges. */
static void bound_whole(rl_clause *q) {
  for (int b = 0; b < RL_COLUMNS; b++) set_column(q, b, q->open.at[0]);
  ascend(q, 1, 5 * STEPS);
  measure_scale(q);
  q->bound = q->work->best_bound[0];
}

rl_status rl_clause_tighten(rl_clause *q, int *closed, rl_error *err) {
  use(q, q->work);
  if (!q->scale[q->net->hidden] && q->net->hidden) bound_whole(q);
  *closed = !rl_clause_ranges(q, q->ranges, NULL, 0, ROOT_STEPS);
  if (*closed) return RL_OK;
  use(q, q->work);
  bound_whole(q);
  *closed = is_closed(q, q->bound);
  rl_slopes_kept *kept = rl_columns_keep(q->work, 0);
  if (!kept) return rl_fail_memory(err);
  rl_slopes_drop(q->from);
  q->from = kept;
  rl_heap_clear(&q->open);
  return push_whole(q, err);
}

void rl_clause_know(const rl_clause *q, double *l, double *u) {
  for (int v = 0; v < q->net->variables; v++) {
    int k = q->net->variable_neuron[v];
    if (k < 0) continue;
    l[k] = rl_max(l[k], q->ranges->l[v]);
    u[k] = rl_min(u[k], q->ranges->l[q->net->variables + v]);
  }
}

/* ---- splitting ----------------------------------------------------------------- */

/* What a variable's relaxation takes from a column's bound. */
static double taken(const rl_columns *c, size_t k) {
  if (c->split[k] != 0 || c->least[k] == c->most[k]) return -1;
  return rl_max(0, -c->coefficient[k] * c->rise[k] * c->shift[k]);
}

/* The variables whose relaxation takes most, in order; returns how many there are, none where so few are left that
 * linear programs do better. */
static int candidates(const rl_clause *q, int column, int *best) {
  double scores[CANDIDATES];
  int count = 0, left = 0;
  for (int v = 0; v < q->net->variables; v++) {
    double score = taken(q->work, rl_place(q->net, v) * RL_COLUMNS + (size_t)column);
    left += score >= 0;
    if (score < 0 || (count == CANDIDATES && score <= scores[CANDIDATES - 1])) continue;
    int i = count < CANDIDATES ? count++ : CANDIDATES - 1;
    for (; i > 0 && scores[i - 1] < score; i--) {
      scores[i] = scores[i - 1];
      best[i] = best[i - 1];
    }
    scores[i] = score;
    best[i] = v;
  }
  return left > LEFT_TO_PROGRAMS ? count : 0;
}

/* Bound both halves (off in even columns) of each candidate. */
static void look_ahead(const rl_clause *q, int column, const int *candidate, int count) {
  rl_columns *c = q->look;
  use(q, c);
  rl_columns_copy(c, 0, RL_COLUMNS, q->work, column);
  for (int b = 0; b < RL_COLUMNS; b++) {
    int v = candidate[b / 2 < count ? b / 2 : 0];
    rl_columns_split(c, b, v, b % 2, q->scale[q->net->variable_layer[v]]);
  }
  rl_columns_bound(c);
}

/* The candidate whose halves gain most: the worse one's gain, and some of the better one's. */
static int best_candidate(const rl_clause *q, double bound, int count) {
  int best = 0;
  double most = -INFINITY;
  for (int i = 0; i < count; i++) {
    double off = rl_min(0, q->look->bound[2 * i]), on = rl_min(0, q->look->bound[2 * i + 1]);
    double gain = rl_min(off, on) - bound + 0.3 * (rl_max(off, on) - bound);
    if (gain > most) {
      most = gain;
      best = i;
    }
  }
  return best;
}

/* A branch that may grow the heap by so much. */
static double cost_of(const rl_clause *q, const rl_branch *branch) {
  return (double)rl_branch_bytes(branch) + 12.0 * q->net->variables;
}

static int push(rl_clause *q, rl_heap *heap, rl_branch *branch) {
  if (branch && rl_heap_push(heap, branch)) {
    q->bytes += cost_of(q, branch);
    return 1;
  }
  rl_branch_release(branch);
  return 0;
}

/* Split an open column's branch by the best of the candidates; 0: memory is short. */
static int split(rl_clause *q, int column, const rl_branch *branch, const int *candidate, int count) {
  double bound = rl_max(branch->bound, q->work->best_bound[column]);
  look_ahead(q, column, candidate, count);
  int best = best_candidate(q, bound, count), done = 1;
  rl_slopes_kept *kept = rl_columns_keep(q->work, column);
  if (!kept) return 0;
  for (int on = 0; on < 2 && done; on++) {
    double half = rl_max(bound, q->look->bound[2 * best + on]);
    if (is_closed(q, half))
      q->branches++;
    else
      done = push(q, &q->open, rl_branch_child(branch, candidate[best], on, half, kept, branch->ranges));
  }
  rl_slopes_drop(kept);
  return done;
}

/* ---- a batch ------------------------------------------------------------------- */

/* Ranges of its own for a branch; *empty: nothing is left of it. */
static int own_ranges(rl_clause *q, rl_branch *branch, int *empty) {
  if (!branch->depth) return 1;
  rl_ranges *ranges = rl_ranges_create(q->net, branch->ranges);
  if (!ranges) return 0;
  rl_ranges_drop(branch->ranges);
  branch->ranges = ranges;
  *empty = !rl_clause_ranges(q, ranges, branch->split, branch->depth, RANGE_STEPS);
  return 1;
}

static int settle_or_split(rl_clause *q, int column, rl_branch *branch) {
  int candidate[CANDIDATES], count = 0;
  double bound = rl_max(branch->bound, q->work->best_bound[column]);
  if (is_closed(q, bound)) {
    rl_branch_release(branch);
    return 1;
  }
  branch->bound = bound;
  count = candidates(q, column, candidate);
  if (!count) return push(q, &q->leaves, branch);
  int done = split(q, column, branch, candidate, count);
  rl_branch_release(branch);
  return done;
}

/* Do some columns have nothing left to split? */
static int any_leaf(const rl_clause *q, int count) {
  int candidate[CANDIDATES];
  for (int b = 0; b < count; b++)
    if (!is_closed(q, q->work->best_bound[b]) && !candidates(q, b, candidate)) return 1;
  return 0;
}

/* Leave the branches as they were, all open. */
static int put_back(rl_clause *q, rl_branch **branch, int count) {
  int done = 1;
  for (int b = 0; b < count; b++) done &= push(q, &q->open, branch[b]);
  return done;
}

static int bound_and_split(rl_clause *q, rl_branch **branch, int count) {
  use(q, q->work);
  for (int b = 0; b < RL_COLUMNS; b++) set_column(q, b, branch[b < count ? b : 0]);
  ascend(q, count, STEPS);
  if (any_leaf(q, count)) ascend(q, count, LEAF_STEPS);
  if (q->calls->stop(q->calls->context)) return put_back(q, branch, count);
  int done = 1;
  for (int b = 0; b < count; b++) {
    if (done)
      done = settle_or_split(q, b, branch[b]);
    else
      rl_branch_release(branch[b]);
  }
  return done;
}

rl_status rl_clause_step(rl_clause *q, rl_error *err) {
  rl_branch *branch[RL_COLUMNS];
  int count = 0, done = 1;
  for (int popped = 0; popped < RL_COLUMNS && q->open.count && done; popped++) {
    int empty = 0;
    if (q->calls->stop(q->calls->context)) break;
    rl_branch *next = rl_heap_pop(&q->open);
    q->bytes -= cost_of(q, next);
    q->branches++;
    done = own_ranges(q, next, &empty);
    if (empty || !done)
      rl_branch_release(next);
    else
      branch[count++] = next;
  }
  if (done && count) return bound_and_split(q, branch, count) ? RL_OK : rl_fail_memory(err);
  while (count) rl_branch_release(branch[--count]); /* lost: the search begins anew */
  return done ? RL_OK : rl_fail_memory(err);
}

double rl_clause_bound(const rl_clause *q) {
  double bound = q->open.count ? q->open.at[0]->bound : INFINITY;
  return q->leaves.count ? rl_min(bound, q->leaves.at[0]->bound) : bound;
}
