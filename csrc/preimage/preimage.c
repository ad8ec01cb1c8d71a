/* L4: the search for a preimage: a stepper over parts of the domain (see preimage.h). */
#include "preimage/preimage.h"

#include <math.h>
#include <string.h>

#include "core/vector.h"

static const double PRIORITY_OF_MISSING = 0.02; /* of what a part misses, beside what its split is known to gain */

void rl_preimage_defaults(rl_preimage_options *options) {
  *options = (rl_preimage_options){
#define DEFAULT(type, name, default_, help) default_,
      RL_PREIMAGE_OPTIONS(DEFAULT)
#undef DEFAULT
  };
}

/* ---- leaves ------------------------------------------------------------------------ */

/* Does the part's polytope hold the point (under) / do all of them leave it out (over)? */
static int captures(const rl_cover *c, const rl_part *part, const double *x, size_t stride) {
  int from = c->over ? 0 : part->clause, to = c->over ? c->goal->clauses : part->clause + 1, all = 1;
  for (int k = from; k < to && all; k++) {
    int some = 0;
    for (int r = c->goal->first[k]; r < c->goal->first[k + 1]; r++) {
      const double *w = part->minorant + (size_t)r * ((size_t)c->n + 1);
      double value = w[c->n];
      for (int j = 0; j < c->n; j++) value += w[j] * x[(size_t)j * stride];
      if (!c->over && !(value >= 0)) return 0;
      some |= value > 0;
    }
    if (c->over) all = some;
  }
  return all;
}

/* Over a part, by its rows' upper bounds: does a clause fail everywhere (some < 0), is it 0 at the most (all <= 0)? */
static void clause_bounds(rl_cover *c, const rl_part *part, int clause, int *fails, int *flat) {
  rl_cell cell = {part->lo, part->hi, part->signs, part->l, part->u};
  *fails = 0;
  *flat = 1;
  for (int r = 0; r < rl_property_rows(c->goal, clause); r++) {
    double upper = rl_dual_bound(c->dual, &cell, c->goal, clause, r, NULL);
    *fails |= upper < 0;
    *flat &= upper <= 0;
  }
}

static void reset_dual(rl_cover *c, const rl_part *part) {
  rl_cell cell = {part->lo, part->hi, part->signs, part->l, part->u};
  rl_dual_reset(c->dual, &cell, 1);
}

/* Do the rows' upper bounds decide the part?  Under: the property fails all over it.  Over: it holds all over. */
static int is_opposite(rl_cover *c, const rl_part *part) {
  int fails = 1, flat = 0;
  reset_dual(c, part);
  for (int k = 0; k < c->goal->clauses; k++) {
    clause_bounds(c, part, k, &fails, &flat);
    if (c->over && flat) return 1;
    if (!c->over && !fails) return 0;
  }
  return !c->over;
}

/* Where every neuron is decided, the rows are affine: does the part's polytope hold all that has the property?  Under,
 * it is cut by one clause, so all others must fail there; and of a row whose form overflowed nothing is known. */
static int is_exact(rl_cover *c, const rl_part *part) {
  int fails = 1, flat = 0;
  if (part->undecided > 0) return 0;
  for (int r = 0; r < c->goal->total; r++)
    if (!isfinite(part->minorant[(size_t)r * ((size_t)c->n + 1) + (size_t)c->n])) return 0;
  if (c->over || c->goal->clauses == 1) return 1;
  reset_dual(c, part);
  for (int k = 0; k < c->goal->clauses && fails; k++)
    if (k != part->clause) clause_bounds(c, part, k, &fails, &flat);
  return fails;
}

/* Is nothing left to gain: the part is exact, the minorants decide all of it, or it is out of reach? */
static int is_closed(rl_cover *c, const rl_part *part) {
  if (is_exact(c, part)) return 1;
  rl_halfspaces set = {c->n, part->rows, part->lo, part->hi, part->A, part->b};
  int from = c->over ? 0 : part->clause, to = c->over ? c->goal->clauses : part->clause + 1, all = 1;
  for (int k = from; k < to && all; k++) {
    int full = 1, empty = 0;
    for (int r = c->goal->first[k]; r < c->goal->first[k + 1]; r++) {
      const double *w = part->minorant + (size_t)r * ((size_t)c->n + 1);
      for (int j = 0; j < c->n; j++) c->coef[j] = -w[j];
      int positive = rl_polytope_bound(&set, c->coef, c->polytope) <= w[c->n];
      full &= positive;
      empty |= positive; /* over: l >= 0 on the part leaves at most a boundary of { l <= 0 } */
    }
    all = c->over ? empty : full;
  }
  return all || (part->captured == 0 && is_opposite(c, part));
}

/* The probes of `from` (NULL: all) that lie in the part. */
static rl_status take_probes(rl_preimage *p, rl_part *part, const rl_part *from, rl_error *err) {
  size_t count = from ? from->probes : p->probes.count;
  rl_free(part->probe);
  part->probe = rl_alloc(count, sizeof *part->probe);
  if (!part->probe) return rl_fail_memory(err);
  part->probes = part->hits = 0;
  for (size_t i = 0; i < count; i++) {
    int s = from ? from->probe[i] : (int)i;
    if (!rl_part_contains(part, p->cover.n, p->probes.x + s, p->probes.room)) continue;
    part->probe[part->probes++] = s;
    part->hits += (size_t)captures(&p->cover, part, p->probes.x + s, p->probes.room);
  }
  return RL_OK;
}

static rl_status settle(rl_preimage *p, rl_part *part, const rl_part *from, rl_error *err) {
  rl_status status = rl_part_settle(&p->cover, part, err);
  if (status) return status;
  part->closed = is_closed(&p->cover, part);
  return take_probes(p, part, from, err);
}

static rl_status reserve_leaves(rl_preimage *p, int room, rl_error *err) {
  if (room <= p->room) return RL_OK;
  room = room < 2 * p->room ? 2 * p->room : room;
  rl_part **leaves = rl_realloc(p->leaves, (size_t)room * sizeof(rl_part *));
  if (!leaves) return rl_fail_memory(err);
  p->leaves = leaves;
  p->room = room;
  return RL_OK;
}

/* Draw the probes and the root, and evaluate it. */
static rl_status start(rl_preimage *p, rl_error *err) {
  rl_cover *c = &p->cover;
  rl_part *root;
  rl_status status = reserve_leaves(p, 64, err);
  if (!status) status = rl_part_root(&root, c, err);
  if (status) return status;
  p->leaves[p->count++] = root;
  rl_part sampler = *root; /* borrows the root's arrays */
  sampler.points = (rl_points){.n = c->n};
  status = rl_part_sample(c, &sampler, (size_t)rl_preimage_samples(p), err);
  p->probes = sampler.points;
  double share = sampler.weight * (double)p->probes.count;
  p->good = c->over ? 1 - share : share;
  if (!status) status = rl_part_sample(c, root, 8 * (size_t)c->options.points, err);
  if (!status) status = rl_cover_measure_rows(c, &root->points, err);
  if (status) return status;
  rl_part_bound(c, root, 1);
  status = rl_part_slopes(c, root, 2 * (int)c->options.slope_steps, err);
  if (!status && root->dead) {
    rl_part_release(root);
    p->count = 0;
    return RL_OK;
  }
  if (!status) status = settle(p, root, NULL, err);
  p->hits = root->hits;
  p->changed = 1;
  return status;
}

rl_status rl_preimage_create(rl_preimage **out, const rl_network *net, const rl_domain *domain,
                             const rl_property *property, rl_preimage_mode mode, const rl_preimage_options *options,
                             rl_error *err) {
  rl_preimage_options defaults;
  rl_preimage_defaults(&defaults);
  if (!options) options = &defaults;
  rl_status status = rl_cover_check(net, domain, property, options, err);
  if (status) return status;
  rl_preimage *p = rl_alloc(1, sizeof *p);
  if (!p) return rl_fail_memory(err);
  p->reason = "running";
  p->started = rl_now();
  status = rl_domain_create(&p->cover.plain, domain->n, domain->lo, domain->hi, 0, NULL, NULL, err);
  if (!status) status = rl_cover_fill(&p->cover, net, domain, property, mode == RL_OVER, options, err);
  p->until = options->seconds > 0 ? p->started + options->seconds : 0;
  double before = rl_limit_time(p->until);
  if (!status) status = start(p, err);
  rl_limit_restore(before);
  p->margin = p->prune_margin = rl_preimage_margin(p);
  if (status) {
    rl_preimage_release(p);
    return status;
  }
  *out = p;
  return RL_OK;
}

void rl_preimage_release(rl_preimage *p) {
  if (!p) return;
  for (int i = 0; i < p->count; i++) rl_part_release(p->leaves[i]);
  rl_free(p->leaves);
  rl_free(p->chosen);
  rl_points_free(&p->probes);
  rl_cover_free(&p->cover);
  rl_free(p);
}

/* ---- splitting ------------------------------------------------------------------------ */

static double missing(const rl_part *part) { return part->weight * (double)(part->points.count - part->captured); }

static double priority(const rl_part *part) {
  if (part->closed) return -1;
  return rl_max(part->gain, 0) + PRIORITY_OF_MISSING * missing(part);
}

/* Replace leaf i by the halves of its proposal. */
static rl_status replace(rl_preimage *p, int i, rl_error *err) {
  rl_part *part = p->leaves[i], *halves[2] = {part->children[0], part->children[1]};
  rl_status status = reserve_leaves(p, p->count + 1, err);
  for (int side = 0; side < 2 && !status; side++)
    if (halves[side]) status = settle(p, halves[side], part, err);
  if (status || rl_late(0)) return status; /* the leaf stays as it is: without time its halves hold nothing */
  p->hits -= part->hits;
  for (int side = 0; side < 2; side++) p->hits += halves[side] ? halves[side]->hits : 0;
  p->changed = 1;
  part->children[0] = part->children[1] = NULL;
  rl_part_release(part);
  p->stats.splits++;
  int at = i;
  for (int side = 0; side < 2; side++) {
    if (!halves[side]) continue;
    if (at == i)
      p->leaves[i] = halves[side], at = p->count;
    else
      p->leaves[p->count++] = halves[side];
  }
  if (at == i) p->leaves[i] = p->leaves[--p->count]; /* both halves are empty */
  return RL_OK;
}

static int has_proposal(const rl_part *part) {
  return part->closed || part->split_kind != RL_SPLIT_NONE || part->stuck;
}

static rl_status propose(rl_preimage *p, rl_part *part, rl_error *err) {
  rl_status status = rl_part_propose(&p->cover, part, err);
  if (rl_late(0)) part->split_kind = RL_SPLIT_NONE; /* bounded in part: once more, where there is time */
  else if (!status && part->split_kind == RL_SPLIT_NONE) part->stuck = 1;
  return status;
}

/* The leaf to split next; -1: none.  Every leaf has a proposal. */
static int choose_leaf(const rl_preimage *p) {
  int best = -1;
  for (int i = 0; i < p->count; i++)
    if (!p->leaves[i]->closed && !p->leaves[i]->stuck &&
        (best < 0 || priority(p->leaves[i]) > priority(p->leaves[best])))
      best = i;
  return best;
}

enum { PRUNINGS = 3 }; /* measured before all polytopes are */

/* ---- steps ----------------------------------------------------------------------------------- */

/* Measure the polytopes on a fresh sample; *found is what is compared with the target. */
static rl_status measure_kept(rl_preimage *p, double *found, rl_error *err) {
  rl_coverage coverage;
  p->changed = 1; /* prune with the margin of now */
  rl_status status = rl_preimage_coverage(p, &coverage, err);
  if (!status) *found = p->cover.options.confident > 0 ? coverage.lo : coverage.value;
  return status;
}

/* Pruned as far as the probes allow, the polytopes may fall short on a sample of their own; then fewer are left out, and
 * at last none. */
rl_status rl_preimage_check(rl_preimage *p, int *reached, rl_error *err) {
  double target = p->cover.options.coverage, found = 0;
  *reached = 0;
  if (target >= 1 || rl_preimage_estimate(p) < target + p->margin || p->stats.splits < p->check_after) return RL_OK;
  p->prune_margin = p->margin;
  for (int tries = 1; !*reached; tries++) {
    rl_status status = measure_kept(p, &found, err);
    if (status) return status;
    *reached = found >= target;
    if (*reached || p->pruned == 0) break;
    p->prune_margin += tries < PRUNINGS ? target - found + 0.01 * (1 - target) : 1;
  }
  if (*reached) p->reason = "coverage";
  if (!*reached) p->check_after = 1.05 * p->stats.splits + 2; /* where the probes say 1, the margin alone is no brake */
  if (!*reached) p->margin = rl_min(p->margin + target - found + 0.01 * (1 - target), 0.99 * (1 - target));
  return RL_OK;
}

rl_status rl_preimage_best(rl_preimage *p, int *part, rl_error *err) {
  for (int i = 0; i < p->count; i++) {
    rl_status status = has_proposal(p->leaves[i]) ? RL_OK : propose(p, p->leaves[i], err);
    if (status) return status;
  }
  *part = choose_leaf(p);
  return RL_OK;
}

static rl_status work(rl_preimage *p, rl_error *err) {
  for (int i = 0; i < p->count; i++) /* one at a time, so that a step is short */
    if (!has_proposal(p->leaves[i])) return propose(p, p->leaves[i], err);
  int best = choose_leaf(p);
  if (best >= 0) return replace(p, best, err);
  p->reason = "exact";
  for (int i = 0; i < p->count; i++)
    if (!p->leaves[i]->closed) p->reason = "stuck";
  p->changed = 1; /* nothing is left out then */
  return RL_OK;
}

static rl_status steps(rl_preimage *p, long splits, rl_error *err) {
  const rl_preimage_options *options = &p->cover.options;
  double started = rl_now(), until = p->stats.splits + (double)splits;
  rl_status status = RL_OK;
  int reached = 0;
  while (!status && strcmp(p->reason, "running") == 0 && p->stats.splits < until && rl_now() - started < 0.2) {
    status = rl_preimage_check(p, &reached, err);
    if (status || reached) break;
    int late = rl_late_now();
    if (late == RL_INTERRUPTED) break;
    if (options->seconds > 0 && late)
      p->reason = "seconds";
    else if (options->polytopes > 0 && p->count >= options->polytopes)
      p->reason = "polytopes";
    else
      status = work(p, err);
  }
  return status;
}

rl_status rl_preimage_step(rl_preimage *p, long splits, int *done, rl_error *err) {
  double before = rl_limit_time(p->until);
  rl_status status = steps(p, splits, err);
  rl_limit_restore(before);
  if (!status) *done = strcmp(p->reason, "running") != 0;
  return status;
}

rl_status rl_preimage_demand(rl_preimage *p, double coverage, rl_error *err) {
  if (!(coverage > 0 && coverage <= 1))
    return rl_fail(err, RL_EINPUT, "coverage is %g, expected a number above 0 and at most 1", coverage);
  p->cover.options.coverage = coverage;
  p->margin = p->prune_margin = rl_preimage_margin(p);
  p->changed = 1;
  p->check_after = 0;
  if (strcmp(p->reason, "coverage") == 0) p->reason = "running";
  return RL_OK;
}

const char *rl_preimage_reason(const rl_preimage *p) { return p->reason; }

const rl_preimage_stats *rl_preimage_statistics(rl_preimage *p) {
  p->stats.parts = p->count;
  p->stats.exact = 0;
  for (int i = 0; i < p->count; i++) p->stats.exact += p->leaves[i]->undecided == 0;
  p->stats.evaluations = (double)p->cover.evaluations;
  p->stats.seconds = rl_now() - p->started;
  return &p->stats;
}

/* ---- looking at parts --------------------------------------------------------------------------- */

int rl_preimage_parts(const rl_preimage *p) { return p->count; }

rl_status rl_preimage_look(rl_preimage *p, int index, rl_preimage_part *out, rl_error *err) {
  if (index < 0 || index >= p->count) return rl_fail(err, RL_EINPUT, "part %d of %d", index, p->count);
  rl_part *part = p->leaves[index];
  double volume = part->weight * (double)part->points.count;
  *out = (rl_preimage_part){.volume = volume,
                            .captured = volume - missing(part),
                            .gain = part->gain,
                            .undecided = part->undecided,
                            .closed = part->closed,
                            .depth = part->depth,
                            .split_kind = part->split_kind,
                            .split_index = part->split_index,
                            .split_at = part->split_at};
  return RL_OK;
}

void rl_preimage_part_box(const rl_preimage *p, int index, double *lo, double *hi) {
  memcpy(lo, p->leaves[index]->lo, (size_t)p->cover.n * sizeof *lo);
  memcpy(hi, p->leaves[index]->hi, (size_t)p->cover.n * sizeof *hi);
}

rl_status rl_preimage_split(rl_preimage *p, int number, int kind, int index, double at, rl_error *err) {
  if (number < 0 || number >= p->count) return rl_fail(err, RL_EINPUT, "part %d of %d", number, p->count);
  rl_part *part = p->leaves[number];
  rl_status status = RL_OK;
  if (kind == RL_SPLIT_NONE) {
    if (!has_proposal(part)) status = propose(p, part, err);
    if (!status && part->split_kind == RL_SPLIT_NONE)
      return rl_fail(err, RL_EINPUT, "part %d cannot be split", number + 1);
  } else {
    status = rl_part_check_split(&p->cover, part, kind, index, at, err);
    if (!status) status = rl_part_split(&p->cover, part, kind, index, at, err);
  }
  return status ? status : replace(p, number, err);
}
