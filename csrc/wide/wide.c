/* L2: stages of refinement, bounds, attacks and branching (see wide.h). */
#include "wide/wide.h"

#include <assert.h>
#include <string.h>

#include "encode/forward.h"
#include "wide/attack.h"
#include "wide/refine.h"

/* What the next call does. */
typedef enum phase {
  LAYER,
  FIRST_RANGES,
  RANGES,
  REFINE,
  BUILD,
  BOUNDS,
  ATTACK,
  NEXT_CLAUSE,
  TIGHTEN,
  BRANCH,
  DONE
} phase;

struct rl_wide {
  const rl_network *net;
  const rl_domain *domain;
  const rl_property *target;
  rl_reduced *reduced;
  rl_columns *work, *look;
  rl_refine *refine;
  rl_margins margins;
  rl_clause clause;
  rl_attack attack;
  const rl_wide_calls *calls; /* of the step at hand */
  int begun, forced;
  phase phase;
  int stage, round;
  int8_t *signs;
  double *l, *u;             /* ranges without regard to a neuron's own imposed sign */
  double *taken_l, *taken_u; /* with it */
  double *low, *up, *scratch;
  uint8_t *needed;       /* imposed signs that their range does not imply */
  uint8_t *used;         /* those that were needed in some stage */
  uint8_t *open, *tried; /* clauses; in this stage */
  double *bound;         /* clauses: upper bounds */
  double *fresh;         /* clauses: lower bounds of margins, of this stage */
  double **known;        /* clauses: ranges where their margins are <= 0, l and u[neurons]; NULL: none yet */
  rl_slopes_kept **from; /* clauses: the choices of the last bound */
  int at;                /* clause at hand */
  double threshold;      /* of the margins */
  int constrained;
  long batches;          /* of branches */
  double spent, allowed; /* work: when the clause was begun; what it may take */
  rl_branch *leaf;
  int leaf_clause;
};

/* Budgets of the stages for each end of a neuron's range; the last one's clauses may take for ever. */
static const int budgets[] = {0, 1, 25, 100, 400, 1600, 6400, 25600};
enum { STAGES = sizeof budgets / sizeof *budgets };

/* Layers with more undecided neurons wait until the earlier ones have got smaller; few get more each. */
enum { MANY = 120, FEW = 30, LESS = 32 };

/* More rows than these, with fewer variables than those, are for linear programs. */
enum { FEW_ROWS = 4, FEW_VARIABLES = 16, MANY_VARIABLES = 600 };

/* Clauses bounded at a time; steps for that, in the first stage and later. */
enum { BOUND_STEPS_FIRST = 10, BOUND_STEPS = 100 };

/* Steps of descent from where bounds were reached; after batches of branches, such a descent every so often. */
enum { CORNER_STEPS = 10, LONG_EVERY = 8 };

/* Rounds of better ranges for a clause before it is split. */
enum { ROUNDS = 5 };

static int widest_span(const rl_property *target) {
  int most = 0;
  for (int k = 0; k < target->clauses; k++) {
    int end = k + RL_COLUMNS < target->clauses ? k + RL_COLUMNS : target->clauses;
    int span = target->first[end] - target->first[k];
    most = span > most ? span : most;
  }
  return most;
}

rl_status rl_wide_create(rl_wide **out, const rl_network *net, const rl_domain *domain, const rl_property *target,
                         uint64_t seed, int forced, rl_error *err) {
  rl_wide *w = rl_alloc(1, sizeof *w);
  if (!w) return rl_fail_memory(err);
  size_t neurons = (size_t)net->neurons, clauses = (size_t)target->clauses,
         widest = (size_t)(net->widest + domain->rows);
  w->net = net;
  w->domain = domain;
  w->target = target;
  w->attack.random = seed;
  w->forced = forced;
  double **doubles[] = {&w->l,  &w->u,       &w->taken_l, &w->taken_u, &w->low,
                        &w->up, &w->scratch, &w->bound,   &w->fresh,   &w->attack.point};
  size_t sizes[] = {neurons, neurons,    neurons, neurons, widest,
                    widest,  3 * widest, clauses, clauses, (size_t)domain->n};
  int missing = 0;
  for (size_t i = 0; i < sizeof doubles / sizeof *doubles; i++)
    missing |= !(*doubles[i] = rl_alloc(sizes[i], sizeof(double)));
  w->signs = rl_alloc(neurons, 1);
  w->needed = rl_alloc(neurons, 1);
  w->used = rl_alloc(neurons, 1);
  w->open = rl_alloc(clauses, 1);
  w->tried = rl_alloc(clauses, 1);
  w->from = rl_alloc(clauses, sizeof(rl_slopes_kept *));
  w->known = rl_alloc(clauses, sizeof(double *));
  rl_status status = RL_OK;
  if (missing || !w->signs || !w->needed || !w->used || !w->open || !w->tried || !w->from || !w->known)
    status = rl_fail_memory(err);
  if (!status) status = rl_reduced_create(&w->reduced, net, domain, err);
  if (!status) status = rl_columns_create(&w->work, w->reduced, widest_span(target), err);
  if (!status) status = rl_columns_create(&w->look, w->reduced, widest_span(target), err);
  if (!status) status = rl_refine_create(&w->refine, w->reduced, w->work, err);
  if (!status) status = rl_clause_create(&w->clause, w->reduced, w->work, w->look, NULL, err);
  if (status) {
    rl_wide_release(w);
    return status;
  }
  w->attack.columns = w->look;
  *out = w;
  return RL_OK;
}

static void drop_choices(rl_wide *w) {
  for (int k = 0; k < w->target->clauses && w->from; k++) {
    rl_slopes_drop(w->from[k]);
    w->from[k] = NULL;
  }
}

static void drop_known(rl_wide *w) {
  for (int k = 0; k < w->target->clauses && w->known; k++) {
    rl_free(w->known[k]);
    w->known[k] = NULL;
  }
}

void rl_wide_release(rl_wide *w) {
  if (!w) return;
  drop_choices(w);
  drop_known(w);
  rl_branch_release(w->leaf);
  rl_clause_free(&w->clause);
  rl_margins_free(&w->margins);
  rl_refine_release(w->refine);
  rl_columns_release(w->work);
  rl_columns_release(w->look);
  rl_reduced_release(w->reduced);
  void *owned[] = {w->l,     w->u,     w->taken_l, w->taken_u, w->low,  w->up,    w->scratch, w->bound,       w->fresh,
                   w->known, w->signs, w->needed,  w->used,    w->open, w->tried, w->from,    w->attack.point};
  for (size_t i = 0; i < sizeof owned / sizeof *owned; i++) rl_free(owned[i]);
  rl_free(w);
}

static void begin_stage(rl_wide *w, int stage) {
  w->stage = stage;
  w->phase = LAYER;
  rl_reduced_clear(w->reduced);
  drop_choices(w);
}

rl_status rl_wide_begin(rl_wide *w, const int8_t *signs, const double *l, const double *u, const uint8_t *open,
                        rl_error *err) {
  (void)err;
  size_t neurons = (size_t)w->net->neurons;
  memcpy(w->signs, signs, neurons);
  memcpy(w->open, open, (size_t)w->target->clauses);
  for (size_t k = 0; k < neurons; k++) {
    w->l[k] = rl_is_imposed(signs[k]) ? -INFINITY : l[k];
    w->u[k] = rl_is_imposed(signs[k]) ? INFINITY : u[k];
  }
  memset(w->needed, 0, neurons);
  memset(w->used, 0, neurons);
  for (int k = 0; k < w->target->clauses; k++) w->bound[k] = INFINITY;
  w->attack.best = INFINITY;
  rl_branch_release(w->leaf);
  w->leaf = NULL;
  drop_known(w);
  begin_stage(w, 0);
  w->begun = 1;
  return RL_OK;
}

void rl_wide_forget(rl_wide *w) { w->begun = 0; }

int rl_wide_is_begun(const rl_wide *w, const int8_t *signs) {
  return w->begun && memcmp(w->signs, signs, (size_t)w->net->neurons) == 0;
}

static double work_of(const rl_wide *w) { return w->work->work + w->look->work; }

static int any_open(const rl_wide *w) { return memchr(w->open, 1, (size_t)w->target->clauses) != NULL; }

/* The set is empty. */
static void close_all(rl_wide *w) {
  memset(w->open, 0, (size_t)w->target->clauses);
  w->phase = DONE;
}

/* ---- ranges of a layer --------------------------------------------------------- */

static int first_neuron(const rl_wide *w) { return w->net->offsets[w->reduced->built]; }
static int end_neuron(const rl_wide *w) { return w->net->offsets[w->reduced->built + 1]; }

static int undecided_in_layer(const rl_wide *w) {
  int count = 0;
  for (int k = first_neuron(w); k < end_neuron(w); k++) count += w->signs[k] == RL_FREE && w->l[k] < 0 && w->u[k] > 0;
  return count;
}

static void begin_ranges(rl_wide *w, int budget, int steps, double rate, double fade, phase next) {
  rl_refine_begin(w->refine, w->l, w->u, w->signs, (rl_refine_plan){budget, steps, rate, fade});
  w->phase = next;
}

static void take_intervals(rl_wide *w) {
  rl_reduced_intervals(w->reduced, w->low, w->up, w->scratch);
  for (int k = first_neuron(w), i = 0; k < end_neuron(w); k++, i++)
    rl_take_bounds(RL_FREE, w->low[i], w->up[i], &w->l[k], &w->u[k]);
}

/* The budget of this stage for each end in the layer at hand; 0: no refinement. */
static int budget_of_layer(const rl_wide *w) {
  int budget = budgets[w->stage], undecided = undecided_in_layer(w);
  if (budget <= 1 || w->reduced->built == 0) return 0;
  return undecided > MANY ? budget / LESS : undecided > 0 && undecided < FEW ? budget * FEW / undecided : budget;
}

static void step_layer(rl_wide *w) {
  take_intervals(w);
  if (w->reduced->built == 0)
    w->phase = BUILD;
  else if (w->stage == 0)
    begin_ranges(w, 1, 1, 0, 0, FIRST_RANGES);
  else
    begin_ranges(w, 1, 20, 0.3, 0.95, RANGES);
}

static rl_status step_ranges(rl_wide *w, phase next, rl_error *err) {
  int done = 0;
  rl_status status = rl_refine_step(w->refine, &done, err);
  if (!done || status) return status;
  int budget = next == REFINE ? budget_of_layer(w) : 0;
  if (budget > 1)
    begin_ranges(w, budget, 3, 0.3, 0.9, REFINE);
  else
    w->phase = BUILD;
  return RL_OK;
}

/* Take imposed signs into the layer's ranges; 0: they contradict each other.  *finite: every range is. */
static int take_signs(rl_wide *w, int *finite) {
  *finite = 1;
  for (int k = first_neuron(w); k < end_neuron(w); k++) {
    int8_t sign = w->signs[k];
    if (w->l[k] > w->u[k]) return 0;
    w->needed[k] = rl_sign_is_needed(sign, w->l[k], w->u[k]);
    w->used[k] |= w->needed[k];
    w->taken_l[k] = w->l[k];
    w->taken_u[k] = w->u[k];
    if (!rl_take_bounds(sign, w->l[k], w->u[k], &w->taken_l[k], &w->taken_u[k])) return 0;
    *finite &= isfinite(w->taken_l[k]) && isfinite(w->taken_u[k]);
  }
  return 1;
}

static rl_status step_build(rl_wide *w, rl_wide_answer *answer, rl_error *err) {
  int finite = 0;
  if (!take_signs(w, &finite)) {
    close_all(w);
    return RL_OK;
  }
  if (!finite) { /* arithmetic overflowed: others may do better */
    *answer = RL_WIDE_GIVE_UP;
    w->phase = DONE;
    return RL_OK;
  }
  rl_status status = rl_reduced_build(w->reduced, w->taken_l, w->taken_u, w->signs, w->needed, err);
  if (status) return status;
  w->phase = w->reduced->built < w->reduced->hidden ? LAYER : BOUNDS;
  return RL_OK;
}

/* ---- bounds of clauses --------------------------------------------------------- */

static rl_status begin_bounds(rl_wide *w, double threshold, rl_error *err) {
  w->constrained = threshold > -INFINITY;
  w->threshold = w->constrained ? threshold : 0;
  w->at = 0;
  w->round = 0;
  memset(w->tried, 0, (size_t)w->target->clauses);
  rl_columns_fill(w->work);
  return rl_margins_create(&w->margins, w->reduced, w->target, w->threshold, err);
}

/* Up to RL_COLUMNS clauses from w->at on: objectives of the columns; returns how many. */
static int set_clauses(rl_wide *w) {
  rl_columns *c = w->work;
  const int *first = w->target->first;
  int count = w->target->clauses - w->at < RL_COLUMNS ? w->target->clauses - w->at : RL_COLUMNS;
  c->margins = &w->margins;
  c->first_row = first[w->at];
  c->rows = first[w->at + count] - c->first_row;
  c->convex = 1;
  c->inject = 0;
  c->top = w->reduced->hidden;
  memset(c->weight, 0, (size_t)c->rows * sizeof(rl_lanes));
  for (int b = 0; b < RL_COLUMNS; b++) {
    int k = w->at + (b < count ? b : 0);
    for (int r = first[k]; r < first[k + 1]; r++)
      c->weight[(r - c->first_row) * RL_COLUMNS + b] = 1.0 / (first[k + 1] - first[k]);
    rl_columns_set(c, b, NULL, NULL, NULL, 0, w->clause.scale);
  }
  return count;
}

static void take_clause_bound(rl_wide *w, int k, double bound) {
  w->bound[k] = rl_min(w->bound[k], rl_add_up(w->threshold, -bound));
  if (w->calls->closed(w->calls->context, w->bound[k])) w->open[k] = 0;
}

/* Half-spaces and imposed signs that cut the set. */
static int rows_that_cut(const rl_wide *w) {
  const rl_reduced *net = w->reduced;
  int rows = 0;
  for (int v = 0; v < net->variables; v++)
    rows += net->layer[net->variable_layer[v]].sign[net->variable_index[v]] != RL_FREE;
  return rows;
}

/* Where rows cut the set and next to nothing else is open, a linear program is the shortest way. */
static int is_nearly_linear(const rl_wide *w) {
  int rows = rows_that_cut(w);
  return !w->forced && rows > FEW_ROWS && w->reduced->variables - rows <= FEW_VARIABLES;
}

static rl_status step_bounds(rl_wide *w, rl_error *err) {
  while (w->at < w->target->clauses && !w->open[w->at]) w->at++;
  if (w->at == w->target->clauses) {
    w->phase = !any_open(w) ? DONE : is_nearly_linear(w) ? NEXT_CLAUSE : ATTACK;
    return RL_OK;
  }
  int count = set_clauses(w);
  rl_columns_bound(w->work); /* for the size of steps on multipliers */
  for (int k = 1; k <= w->reduced->hidden; k++) w->clause.scale[k] = 3 * rl_columns_mean(w->work, k);
  set_clauses(w);
  rl_clause_ascend(w->calls, w->work, count, w->threshold, w->stage ? BOUND_STEPS : BOUND_STEPS_FIRST, 0.1, 0.98);
  for (int b = 0; b < count; b++) {
    int k = w->at + b;
    if (!w->open[k]) continue;
    w->fresh[k] = w->work->best_bound[b];
    take_clause_bound(w, k, w->fresh[k]);
    if (!w->open[k]) continue;
    rl_slopes_drop(w->from[k]);
    w->from[k] = rl_columns_keep(w->work, b);
    if (!w->from[k]) return rl_fail_memory(err);
    w->from[k]->rows = 0; /* of several clauses */
  }
  w->at += count;
  return RL_OK;
}

/* ---- attack -------------------------------------------------------------------- */

/* The k-th open clause, going round. */
static int open_clause(const rl_wide *w, int k) {
  int count = 0, at = 0;
  for (int i = 0; i < w->target->clauses; i++) count += w->open[i];
  assert(count > 0);
  for (k %= count; !w->open[at] || k-- > 0;) at++;
  return at;
}

static void prepare_attack(rl_wide *w) {
  w->attack.margins = &w->margins;
  w->attack.calls = w->calls;
  w->attack.any = !w->constrained;
}

/* Descend for a clause from where the columns' bounds have just been reached: there the relaxation has its wanted
 * point, so the network may. */
static void attack_corners(rl_wide *w, int clause, int steps, rl_wide_answer *answer) {
  prepare_attack(w);
  for (int b = 0; b < RL_COLUMNS; b++) w->attack.clause[b] = clause;
  if (rl_attack_from(&w->attack, w->work, steps, 0.25)) *answer = RL_WIDE_OVER;
}

/* How long to look: rounds, steps of each, their size.  Where rows cut the set there is no better time later, and
 * little hope unless most of the neurons are free. */
typedef struct effort {
  int rounds, steps;
  double size;
} effort;

static effort effort_of(const rl_wide *w) {
  static const double sizes[] = {1, 0.3, 0.1};
  double size = sizes[w->round % 3];
  int rows = rows_that_cut(w);
  if (w->stage > 0) return (effort){w->stage < 3 ? 16 : 48, 100, size};
  if (rows == 0) return (effort){4, 40, 0.5};
  return w->reduced->variables > 3 * rows ? (effort){8, 100, size} : (effort){2, 40, 0.5};
}

static void step_attack(rl_wide *w, rl_wide_answer *answer) {
  effort e = effort_of(w);
  prepare_attack(w);
  for (int b = 0; b < RL_COLUMNS; b++) w->attack.clause[b] = open_clause(w, w->round * RL_COLUMNS + b);
  if (rl_attack_round(&w->attack, e.steps > 40 && w->round % 2, e.steps, e.size))
    *answer = RL_WIDE_OVER;
  else if (++w->round >= e.rounds)
    w->phase = NEXT_CLAUSE;
}

/* ---- branching ----------------------------------------------------------------- */

/* Is a clause's bound so far from what points have that splitting is of no use yet? */
static int is_hopeless(const rl_wide *w, int k) {
  double gap = w->bound[k] - w->threshold;
  return w->stage == 0 || (w->stage + 1 < STAGES && w->reduced->variables > 400 &&
                           gap > 8 * rl_max(w->attack.best, 0.1 * fabs(w->attack.best)));
}

/* The open clause of the best bound that this stage has not tried; -1: none. */
static int choose_clause(const rl_wide *w) {
  int best = -1;
  for (int k = 0; k < w->target->clauses; k++)
    if (w->open[k] && !w->tried[k] && (best < 0 || w->bound[k] < w->bound[best])) best = k;
  return best >= 0 && is_hopeless(w, best) ? -1 : best;
}

/* Is the rest better left to others?  Where many rows cut the set, multipliers by ascent come nowhere near those of
 * linear programs, as long as these stay small; where no value is known to be reached no branch would close; and a
 * single hidden layer has ranges that nothing refines. */
static int should_give_up(const rl_wide *w) {
  if (w->stage > 0 && !w->constrained) return 1;
  if (w->forced || w->reduced->variables >= MANY_VARIABLES) return 0;
  return rows_that_cut(w) > FEW_ROWS || (w->stage > 1 && w->reduced->hidden == 1);
}

/* Begin with a clause over what earlier stages have found for it. */
static rl_status begin_clause(rl_wide *w, int k, rl_error *err) {
  size_t neurons = (size_t)w->net->neurons;
  if (!w->known[k]) {
    w->known[k] = rl_alloc(2 * neurons, sizeof(double));
    if (!w->known[k]) return rl_fail_memory(err);
    for (size_t i = 0; i < neurons; i++) w->known[k][i] = -INFINITY, w->known[k][neurons + i] = INFINITY;
  }
  return rl_clause_begin(&w->clause, &w->margins, w->threshold, k, w->constrained, w->fresh[k], w->from[k], w->known[k],
                         w->known[k] + neurons, err);
}

static rl_status step_next_clause(rl_wide *w, rl_wide_answer *answer, rl_error *err) {
  int k = any_open(w) ? choose_clause(w) : -1;
  if (any_open(w) && should_give_up(w)) {
    *answer = RL_WIDE_GIVE_UP;
    return RL_OK;
  }
  if (k < 0) {
    if (!any_open(w))
      w->phase = DONE;
    else
      begin_stage(w, w->stage + 1 < STAGES ? w->stage + 1 : w->stage);
    return RL_OK;
  }
  w->at = k;
  w->tried[k] = 1;
  w->round = 0;
  w->phase = TIGHTEN;
  return begin_clause(w, k, err);
}

static void begin_branching(rl_wide *w) {
  w->phase = BRANCH;
  w->spent = work_of(w);
  w->allowed = w->stage + 1 < STAGES ? rl_max(1e9, 0.3 * w->spent) : INFINITY;
}

static rl_status step_tighten(rl_wide *w, rl_wide_answer *answer, rl_error *err) {
  double before = w->clause.bound;
  int closed = 0;
  rl_status status = rl_clause_tighten(&w->clause, &closed, err);
  if (status) return status;
  take_clause_bound(w, w->at, closed ? INFINITY : w->clause.bound);
  if (closed) w->open[w->at] = 0;
  rl_clause_know(&w->clause, w->known[w->at], w->known[w->at] + w->net->neurons);
  if (w->open[w->at]) attack_corners(w, w->at, CORNER_STEPS, answer);
  if (!w->open[w->at])
    w->phase = NEXT_CLAUSE;
  else if (++w->round >= ROUNDS || w->clause.bound - before < 0.05 * fabs(before))
    begin_branching(w);
  return RL_OK;
}

static void give_leaf(rl_wide *w, rl_wide_answer *answer) {
  rl_branch_release(w->leaf);
  w->leaf = rl_heap_pop(&w->clause.leaves);
  w->leaf_clause = w->at;
  *answer = RL_WIDE_LEAF;
}

static rl_status step_branch(rl_wide *w, rl_wide_answer *answer, rl_error *err) {
  if (w->clause.leaves.count) {
    give_leaf(w, answer);
    return RL_OK;
  }
  if (!w->clause.open.count) {
    w->open[w->at] = 0; /* all of it is closed, or in leaves that others have */
    w->phase = NEXT_CLAUSE;
    return RL_OK;
  }
  if (work_of(w) - w->spent > w->allowed) {
    w->phase = NEXT_CLAUSE;
    for (int k = 0; k < w->target->clauses; k++) w->tried[k] = 1; /* the others are harder */
    return RL_OK;
  }
  rl_status status = rl_clause_step(&w->clause, err);
  if (status || !w->clause.open.count) return status;
  take_clause_bound(w, w->at, rl_clause_bound(&w->clause));
  attack_corners(w, w->at, w->batches++ % LONG_EVERY ? 0 : CORNER_STEPS, answer);
  return RL_OK;
}

/* ---- steps --------------------------------------------------------------------- */

static rl_status step(rl_wide *w, double threshold, rl_wide_answer *answer, rl_error *err) {
  rl_status status = RL_OK;
  switch (w->phase) {
  case LAYER:
    step_layer(w);
    return RL_OK;
  case FIRST_RANGES:
    return step_ranges(w, BUILD, err);
  case RANGES:
    return step_ranges(w, REFINE, err);
  case REFINE:
    return step_ranges(w, BUILD, err);
  case BUILD:
    status = step_build(w, answer, err);
    return status || w->phase != BOUNDS ? status : begin_bounds(w, threshold, err);
  case BOUNDS:
    return step_bounds(w, err);
  case ATTACK:
    step_attack(w, answer);
    return RL_OK;
  case NEXT_CLAUSE:
    return step_next_clause(w, answer, err);
  case TIGHTEN:
    return step_tighten(w, answer, err);
  case BRANCH:
    return step_branch(w, answer, err);
  default:
    *answer = RL_WIDE_OVER;
    return RL_OK;
  }
}

rl_status rl_wide_step(rl_wide *w, const rl_wide_calls *calls, double threshold, double work, rl_wide_answer *answer,
                       rl_error *err) {
  double start = work_of(w);
  rl_status status = RL_OK;
  w->calls = calls;
  w->clause.calls = calls;
  *answer = RL_WIDE_GOES_ON;
  while (!status && *answer == RL_WIDE_GOES_ON && work_of(w) - start < work && !calls->stop(calls->context))
    status = step(w, threshold, answer, err);
  if (status) w->begun = 0;
  return status;
}

/* ---- what is known ------------------------------------------------------------- */

void rl_wide_know(const rl_wide *w, double *l, double *u, uint8_t *open, double *upper, uint8_t *used) {
  *upper = -INFINITY;
  for (int k = 0; k < w->net->neurons; k++) {
    rl_take_bounds(w->signs[k], w->l[k], w->u[k], &l[k], &u[k]);
    used[k] |= w->used[k];
  }
  for (int k = 0; k < w->target->clauses; k++) {
    open[k] = w->open[k];
    if (w->open[k]) *upper = rl_max(*upper, w->bound[k]);
  }
}

/* Ranges over wanted inputs alone decide signs that hold for these only: they are imposed as splits are. */
static void take_leaf_range(const rl_wide *w, int v, int8_t *signs, double *l, double *u) {
  const rl_reduced *net = w->reduced;
  int k = net->variable_neuron[v];
  double low = w->leaf->ranges->l[v], up = w->leaf->ranges->l[net->variables + v];
  if (k < 0 || signs[k] != RL_FREE) return;
  signs[k] = (int8_t)rl_neuron_sign(RL_FREE, low, up);
  rl_take_bounds(signs[k], low, up, &l[k], &u[k]);
}

void rl_wide_leaf(const rl_wide *w, int8_t *signs, double *l, double *u, int *clause) {
  const rl_reduced *net = w->reduced;
  for (int i = 0; i < w->leaf->depth; i++) {
    int k = net->variable_neuron[w->leaf->split[i] / 2];
    signs[k] = w->leaf->split[i] % 2 ? RL_ON : RL_OFF;
    rl_take_bounds(signs[k], -INFINITY, INFINITY, &l[k], &u[k]);
  }
  for (int v = 0; v < net->variables && w->leaf->ranges; v++) take_leaf_range(w, v, signs, l, u);
  *clause = w->leaf_clause;
}

double rl_wide_branches(const rl_wide *w) { return w->clause.branches; }
double rl_wide_refinements(const rl_wide *w) { return rl_refine_branches(w->refine); }
double rl_wide_bytes(const rl_wide *w) { return w->clause.bytes; }
