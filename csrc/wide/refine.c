/* L2: ranges by a small branch and bound for each end (see refine.h). */
#include "wide/refine.h"

#include <assert.h>
#include <string.h>

/* One end of one neuron. */
typedef struct task {
  int active, neuron, side, used;
  double settled; /* least bound of the branches that cannot be split */
  rl_heap open;
} task;

struct rl_refine {
  const rl_reduced *net;
  rl_columns *columns;
  double *l, *u;
  const int8_t *signs;
  rl_refine_plan plan;
  int layer, next, end; /* ends of the layer's neurons still to begin: 2 * neuron + (side < 0) */
  int fresh;            /* the scale of steps is still to be measured */
  double *scale;        /* layers + 1 */
  double *row;          /* of the neuron at hand */
  double branches;
  task task[RL_COLUMNS];
  rl_branch *at[RL_COLUMNS]; /* of the batch at hand; NULL: none */
};

rl_status rl_refine_create(rl_refine **out, const rl_reduced *net, rl_columns *columns, rl_error *err) {
  rl_refine *r = rl_alloc(1, sizeof *r);
  if (!r) return rl_fail_memory(err);
  r->net = net;
  r->columns = columns;
  r->scale = rl_alloc((size_t)net->net->layers + 1, sizeof *r->scale);
  r->row = rl_alloc((size_t)rl_reduced_widest(net), sizeof *r->row);
  if (!r->scale || !r->row) {
    rl_refine_release(r);
    return rl_fail_memory(err);
  }
  *out = r;
  return RL_OK;
}

static void clear(rl_refine *r) {
  for (int b = 0; b < RL_COLUMNS; b++) {
    rl_branch_release(r->at[b]);
    r->at[b] = NULL;
    rl_heap_clear(&r->task[b].open);
    r->task[b].active = 0;
  }
}

void rl_refine_release(rl_refine *r) {
  if (!r) return;
  clear(r);
  for (int b = 0; b < RL_COLUMNS; b++) rl_heap_free(&r->task[b].open);
  rl_free(r->scale);
  rl_free(r->row);
  rl_free(r);
}

void rl_refine_begin(rl_refine *r, double *l, double *u, const int8_t *signs, rl_refine_plan plan) {
  clear(r);
  r->l = l;
  r->u = u;
  r->signs = signs;
  r->plan = plan;
  r->layer = r->net->built + 1;
  r->next = 2 * r->net->net->offsets[r->layer - 1];
  r->end = 2 * r->net->net->offsets[r->layer];
  r->fresh = 1;
  memset(r->scale, 0, ((size_t)r->net->net->layers + 1) * sizeof *r->scale);
  rl_columns *c = r->columns;
  c->margins = NULL;
  c->rows = 0;
  c->convex = 0;
  c->inject = 0;
  c->top = r->net->built;
  assert(c->top > 0);
  rl_columns_fill(c);
  memset(c->constant, 0, sizeof c->constant);
  const rl_reduced_layer *top = &r->net->layer[c->top];
  memset(c->coefficient + top->offset * RL_COLUMNS, 0, (size_t)top->count * sizeof(rl_lanes));
}

double rl_refine_branches(const rl_refine *r) { return r->branches; }

/* ---- tasks --------------------------------------------------------------------- */

static int is_undecided(const rl_refine *r, int k) {
  return r->l[k] < 0 && r->u[k] > 0 && (r->signs[k] == RL_FREE || (rl_is_imposed(r->signs[k]) && r->plan.budget == 1));
}

/* The objective of a column: side * z of its task's neuron. */
static void start_column(rl_refine *r, int b) {
  const task *t = &r->task[b];
  rl_columns *c = r->columns;
  double bias = 0;
  rl_reduced_row(r->net, r->layer, t->neuron - r->net->net->offsets[r->layer - 1], r->row, &bias);
  double *at = c->coefficient + r->net->layer[c->top].offset * RL_COLUMNS + b;
  for (int j = 0; j < rl_reduced_width(r->net); j++) at[(size_t)j * RL_COLUMNS] = t->side * r->row[j];
  c->constant[b] = t->side * bias;
}

/* Begin with the next end that is of interest; 0: memory is short. */
static int begin_task(rl_refine *r, int b) {
  task *t = &r->task[b];
  while (r->next < r->end && !is_undecided(r, r->next / 2)) r->next++;
  if (r->next == r->end) return 1;
  int k = r->next / 2, side = r->next % 2 ? -1 : 1;
  rl_branch *whole = rl_branch_create(side > 0 ? r->l[k] : -r->u[k], NULL, NULL);
  if (!whole) return 0;
  if (!rl_heap_push(&t->open, whole)) {
    rl_branch_release(whole);
    return 0;
  }
  r->next++;
  t->active = 1;
  t->neuron = k;
  t->side = side;
  t->used = 0;
  t->settled = INFINITY;
  start_column(r, b);
  return 1;
}

/* The worst bound of what is left. */
static double bound_of(const task *t) { return t->open.count ? rl_min(t->settled, t->open.at[0]->bound) : t->settled; }

static void end_task(rl_refine *r, task *t) {
  double bound = bound_of(t);
  if (t->side > 0)
    r->l[t->neuron] = rl_max(r->l[t->neuron], bound);
  else
    r->u[t->neuron] = rl_min(r->u[t->neuron], -bound);
  rl_heap_clear(&t->open);
  t->active = 0;
}

/* Is another branch of the task of use? */
static int goes_on(const rl_refine *r, const task *t) {
  return t->open.count && t->used < r->plan.budget && t->open.at[0]->bound < rl_min(0, t->settled) &&
         is_undecided(r, t->neuron);
}

/* Branches for the columns; 0: memory is short. */
static int fill_columns(rl_refine *r, int *any) {
  *any = 0;
  for (int b = 0; b < RL_COLUMNS; b++) {
    task *t = &r->task[b];
    for (;;) {
      if (!t->active && !begin_task(r, b)) return 0;
      if (!t->active || goes_on(r, t)) break;
      end_task(r, t);
    }
    if (!t->active) continue;
    r->at[b] = rl_heap_pop(&t->open);
    t->used++;
    *any = 1;
    r->branches++;
    if (r->plan.steps > 1) /* else choices are still those of rl_refine_begin */
      rl_columns_set(r->columns, b, NULL, r->at[b]->from, r->at[b]->split, r->at[b]->depth, r->scale);
  }
  return 1;
}

/* ---- a batch ------------------------------------------------------------------- */

static void measure_scale(rl_refine *r) {
  for (int k = 1; k <= r->columns->top && r->fresh; k++) r->scale[k] = 3 * rl_columns_mean(r->columns, k);
  r->fresh = 0;
}

/* Has every column's end come to 0? */
static int all_decided(const rl_refine *r) {
  for (int b = 0; b < RL_COLUMNS; b++)
    if (r->at[b] && r->columns->best_bound[b] < 0) return 0;
  return 1;
}

static void ascend(rl_refine *r) {
  rl_columns *c = r->columns;
  double rate = r->plan.rate;
  rl_columns_begin(c);
  for (int i = 0;; i++, rate *= r->plan.fade) {
    rl_columns_bound(c);
    measure_scale(r);
    rl_columns_note(c);
    if (i + 1 >= r->plan.steps || all_decided(r)) break;
    rl_columns_improve(c, i, rate);
  }
}

/* The variable whose upper line takes most from a column's bound; -1: none does. */
static int choose(const rl_refine *r, int column) {
  const rl_columns *c = r->columns;
  int best = -1;
  double most = 0;
  for (int v = 0; v < r->net->variables; v++) {
    size_t k = rl_place(r->net, v) * RL_COLUMNS + (size_t)column;
    if (c->split[k] != 0 || c->least[k] == c->most[k]) continue;
    double taken = -c->coefficient[k] * c->rise[k] * c->shift[k];
    if (taken > most) {
      most = taken;
      best = v;
    }
  }
  return most > 1e-9 ? best : -1;
}

static int push_children(task *t, const rl_branch *branch, int variable, double bound, rl_slopes_kept *kept) {
  for (int on = 0; on < 2; on++) {
    rl_branch *child = rl_branch_child(branch, variable, on, bound, kept, NULL);
    if (!child) return 0;
    if (rl_heap_push(&t->open, child)) continue;
    rl_branch_release(child);
    return 0;
  }
  return 1;
}

/* Split the branch of a column by what its bound has shown; 0: memory is short. */
static int split_column(rl_refine *r, int b) {
  task *t = &r->task[b];
  rl_branch *branch = r->at[b];
  double bound = rl_max(branch->bound, r->columns->best_bound[b]);
  int variable = bound < 0 && r->plan.budget > 1 ? choose(r, b) : -1, done = 1;
  if (variable < 0) {
    t->settled = rl_min(t->settled, bound);
  } else {
    rl_slopes_kept *kept = rl_columns_keep(r->columns, b);
    done = kept && push_children(t, branch, variable, bound, kept);
    rl_slopes_drop(kept);
  }
  if (!done) return 0;
  rl_branch_release(branch);
  r->at[b] = NULL;
  return 1;
}

rl_status rl_refine_step(rl_refine *r, int *done, rl_error *err) {
  int any = 0, enough = fill_columns(r, &any);
  *done = !any;
  if (any && enough) ascend(r);
  for (int b = 0; b < RL_COLUMNS && enough; b++)
    if (r->at[b]) enough = split_column(r, b);
  if (enough) return RL_OK;
  clear(r);
  return rl_fail_memory(err);
}
