/* L4: the polytopes of a preimage and their coverage (see preimage.h). */
#include "core/random.h"
#include "preimage/preimage.h"

#include <math.h>
#include <string.h>

#include "core/vector.h"

static const double CONFIDENCE_ERROR = 0.001;

/* The error that the next measurement may make.  The search goes on or ends by what it measures, so the intervals have
 * to hold together: the k-th one gets 1 / (k (k+1)) of the error, which adds up to no more than all of it; and so have
 * those of several preimages, which get an equal part each. */
static double next_error(const rl_preimage *p) {
  double k = p->stats.checks + 1;
  return CONFIDENCE_ERROR / p->cover.options.together / (k * (k + 1));
}

/* Is every polytope wanted, also those that no sample point fell into? */
static int is_whole(const rl_preimage *p) {
  return p->cover.options.coverage >= 1 || strcmp(p->reason, "exact") == 0;
}

/* With all points hits, the interval's lower end at `count` points is (error / 2)^(1 / count); to be of use the sample is
 * to let it fall short of 1 by a small part of 1 - coverage only. */
double rl_preimage_samples(const rl_preimage *p) {
  const rl_preimage_options *options = &p->cover.options;
  if (options->confident == 0 || options->coverage >= 1) return options->samples;
  return rl_max(options->samples, 100 / (1 - options->coverage));
}

double rl_preimage_margin(const rl_preimage *p) {
  const rl_preimage_options *options = &p->cover.options;
  double lo, hi, samples = rl_preimage_samples(p);
  if (options->confident == 0 || options->coverage >= 1) return 0;
  rl_share_interval(options->coverage * samples, samples, next_error(p), &lo, &hi);
  return options->coverage - lo;
}

static int hits_of(const rl_preimage *p, int polytope) { return (int)p->leaves[p->chosen[2 * polytope]]->hits; }

/* Under: leave out the polytopes that hold fewest probes while the estimate stays at the target.  The choice is made by
 * the probes, so what they tell of the rest is too good: what is left out counts as half a probe more than it holds. */
static void prune(rl_preimage *p) {
  double needed = (p->cover.options.coverage + p->prune_margin) * (double)p->probes.count, held = (double)p->hits;
  if (p->cover.over || is_whole(p)) return;
  while (held > 0) {
    int least = -1;
    for (int i = 0; i < p->polytopes; i++)
      if (least < 0 || hits_of(p, i) < hits_of(p, least)) least = i;
    if (least < 0) return;
    held -= hits_of(p, least) + 0.5;
    if (held < needed) return;
    memmove(p->chosen + 2 * least, p->chosen + 2 * least + 2, 2 * (size_t)(--p->polytopes - least) * sizeof *p->chosen);
    p->pruned++;
  }
}

/* A minorant that overflowed says nothing. */
static int is_finite(const double *w, int n) {
  for (int j = 0; j <= n; j++)
    if (!isfinite(w[j])) return 0;
  return 1;
}

/* Can the polytope of a clause hold anything?  0: certainly not. */
static int may_hold(rl_cover *c, const rl_part *part, int clause) {
  rl_halfspaces set = {c->n, part->rows, part->lo, part->hi, part->A, part->b};
  for (int r = c->goal->first[clause]; r < c->goal->first[clause + 1]; r++) {
    const double *w = part->minorant + (size_t)r * ((size_t)c->n + 1);
    if (!is_finite(w, c->n)) return c->over;
    for (int j = 0; j < c->n; j++) c->coef[j] = c->over ? -w[j] : w[j];
    if (rl_polytope_bound(&set, c->coef, c->polytope) < (c->over ? w[c->n] : -w[c->n])) return 0;
  }
  return 1;
}

/* The polytope that the rows of a clause cut out of a part. */
static rl_status part_region(rl_cover *c, const rl_part *part, int clause, rl_region **out, rl_error *err) {
  int first = c->goal->first[clause], rows = c->goal->first[clause + 1] - first;
  size_t n = (size_t)c->n, all = (size_t)(part->rows + rows);
  double *A = rl_alloc(all * n, sizeof *A), *b = rl_alloc(all, sizeof *b);
  rl_domain *box = NULL;
  rl_status status = A && b ? rl_domain_create(&box, c->n, part->lo, part->hi, 0, NULL, NULL, err) : rl_fail_memory(err);
  if (!status) {
    if (part->rows) {
      memcpy(A, part->A, (size_t)part->rows * n * sizeof *A);
      memcpy(b, part->b, (size_t)part->rows * sizeof *b);
    }
    rl_halfspaces set = {c->n, part->rows, part->lo, part->hi, part->A, part->b};
    int kept = part->rows;
    for (int r = first; r < first + rows; r++) {
      const double *w = part->minorant + (size_t)r * (n + 1);
      double side = c->over ? 1 : -1, *row = A + (size_t)kept * n;
      for (size_t j = 0; j < n; j++) row[j] = side * w[j];
      b[kept] = -side * w[n];
      if (!is_finite(w, c->n) || rl_polytope_bound(&set, row, c->polytope) <= b[kept]) continue; /* says nothing */
      kept++;
    }
    status = rl_region_create(out, c->net, box, NULL, kept, A, b, err);
  }
  rl_domain_release(box);
  rl_free(A);
  rl_free(b);
  return status;
}

/* Under: is the part's polytope of any use?  One that no sample point fell into is where all are wanted and a box fits
 * into it. */
static rl_status is_wanted(rl_preimage *p, const rl_part *part, int *wanted, rl_error *err) {
  *wanted = part->hits > 0 || part->captured > 0;
  if (*wanted || !is_whole(p)) return RL_OK;
  rl_region *region;
  rl_box box = {0};
  size_t n = (size_t)p->cover.n;
  double *ends = rl_alloc(2 * n, sizeof *ends);
  if (!ends) return rl_fail_memory(err);
  rl_status status = part_region(&p->cover, part, part->clause, &region, err);
  if (!status) {
    status = rl_region_box_width(region, NULL, ends, ends + n, &box, err);
    rl_region_release(region);
  }
  rl_free(ends);
  *wanted = box.found;
  return status;
}

static rl_status collect(rl_preimage *p, rl_error *err) {
  rl_cover *c = &p->cover;
  if (!p->changed) return RL_OK;
  int clauses = c->over ? c->goal->clauses : 1;
  int *chosen = rl_alloc(2 * (size_t)p->count * (size_t)clauses, sizeof *chosen);
  if (!chosen) return rl_fail_memory(err);
  rl_free(p->chosen);
  p->chosen = chosen;
  p->polytopes = 0;
  p->measured = 0;
  p->pruned = 0;
  for (int i = 0; i < p->count; i++)
    for (int k = 0; k < clauses; k++) {
      const rl_part *part = p->leaves[i];
      int clause = c->over ? k : part->clause, wanted = 1;
      if (!may_hold(c, part, clause)) continue;
      rl_status status = c->over ? RL_OK : is_wanted(p, part, &wanted, err);
      if (status) return status;
      if (!wanted) continue;
      p->chosen[2 * p->polytopes] = i;
      p->chosen[2 * p->polytopes + 1] = clause;
      p->polytopes++;
    }
  if (rl_preimage_estimate(p) >= c->options.coverage + p->prune_margin) prune(p);
  p->changed = 0;
  return RL_OK;
}

double rl_preimage_estimate(const rl_preimage *p) {
  if (p->probes.count == 0) return 0;
  double share = (double)p->hits / (double)p->probes.count;
  if (!p->cover.over) return share;
  double outside = (1 - p->good) * (1 - share); /* of the box: in the polytopes without the property */
  return p->good + outside > 0 ? p->good / (p->good + outside) : 1;
}

rl_status rl_preimage_count(rl_preimage *p, int *count, rl_error *err) {
  rl_status status = collect(p, err);
  if (!status) *count = p->polytopes;
  return status;
}

rl_status rl_preimage_region(rl_preimage *p, int index, rl_region **out, rl_error *err) {
  rl_status status = collect(p, err);
  if (status) return status;
  if (index < 0 || index >= p->polytopes) return rl_fail(err, RL_EINPUT, "region %d of %d", index, p->polytopes);
  return part_region(&p->cover, p->leaves[p->chosen[2 * index]], p->chosen[2 * index + 1], out, err);
}

enum { CHUNK = 4096, CHUNKS_FEW = 64, CHUNKS_MOST = 256 };

/* To measure what was found when time was up. */
#define GRACE_SECONDS 0.3

/* ---- coverage ------------------------------------------------------------------------------ */

/* Rigorous membership in the union; counts how many of the points lie in it. */
static rl_status count_inside(rl_preimage *p, size_t count, const double *x, uint8_t *inside, uint8_t *any,
                              rl_error *err) {
  rl_status status = RL_OK;
  memset(any, 0, count);
  for (int i = 0; i < p->polytopes && !status; i++) {
    rl_region *region;
    status = rl_preimage_region(p, i, &region, err);
    if (status) break;
    status = rl_region_contains(region, count, x, inside, NULL, err);
    rl_region_release(region);
    for (size_t s = 0; s < count && !status; s++) any[s] |= inside[s];
  }
  return status;
}

/* Draw points of the domain's box and keep those in its half-spaces, under: of them those with the property: *count, in x
 * (point by point); good[s]: the property holds there. */
static rl_status draw_points(rl_preimage *p, int chunk, size_t *count, double *x, uint8_t *good, rl_error *err) {
  rl_cover *c = &p->cover;
  size_t n = (size_t)c->n, m = (size_t)c->net->sizes[c->net->layers], drawn = 0;
  double *y = rl_alloc(m * CHUNK, sizeof *y);
  if (!y) return rl_fail_memory(err);
  const rl_domain *d = c->domain;
  *count = 0;
  for (int i = 0; i < chunk; i++) {
    double *point = x + drawn * n;
    int inside = 1;
    for (size_t j = 0; j < n; j++)
      point[j] = rl_min(d->lo[j] + rl_random_unit(&c->random) * (d->hi[j] - d->lo[j]), d->hi[j]);
    for (int r = 0; r < d->rows; r++) inside &= rl_dot(d->A + (size_t)r * n, point, c->n) <= d->b[r];
    drawn += (size_t)inside;
  }
  rl_status status = rl_network_eval(c->net, drawn, x, y, err);
  for (size_t s = 0; s < drawn && !status; s++) {
    int holds = rl_property_value(c->property, x + s * n, y + s * m) >= 0;
    if (!c->over && !holds) continue;
    memmove(x + *count * n, x + s * n, n * sizeof *x);
    good[(*count)++] = (uint8_t)holds;
  }
  c->evaluations += (long)drawn;
  rl_free(y);
  return status;
}

/* The polytopes' share over a fresh sample: under, of points with the property those inside; over, of points inside
 * those with the property. */
static rl_status measure(rl_preimage *p, double error, rl_error *err) {
  rl_cover *c = &p->cover;
  double *x = rl_alloc(CHUNK * (size_t)c->n, sizeof *x), of = 0, hits = 0;
  uint8_t *good = rl_alloc(CHUNK, 1), *inside = rl_alloc(CHUNK, 1), *any = rl_alloc(CHUNK, 1);
  rl_status status = x && good && inside && any ? RL_OK : rl_fail_memory(err);
  double wanted = rl_preimage_samples(p);
  int size = rl_sample_batch(c->net, CHUNK);
  int most = (int)rl_max(1, rl_min((double)CHUNKS_MOST * CHUNK, rl_sample_most(c->net)) / size);
  for (int chunk = 0; chunk < most && of < wanted && !status && !rl_late(size * rl_sample_work(c->net)); chunk++) {
    if (chunk * size == CHUNKS_FEW * CHUNK && of * CHUNKS_MOST < wanted * CHUNKS_FEW) break; /* too rare to get there */
    size_t count = 0;
    status = draw_points(p, size, &count, x, good, err);
    if (!status) status = count_inside(p, count, x, inside, any, err);
    for (size_t s = 0; s < count && !status; s++) {
      of += c->over ? any[s] : good[s];
      hits += any[s] && good[s];
    }
  }
  rl_free(x);
  rl_free(good);
  rl_free(inside);
  rl_free(any);
  if (status) return status;
  p->coverage = (rl_coverage){of > 0 ? hits / of : 0, 0, 1, of};
  rl_share_interval(hits, of, error, &p->coverage.lo, &p->coverage.hi);
  p->measured = 1;
  p->stats.checks++;
  return RL_OK;
}

rl_status rl_preimage_coverage(rl_preimage *p, rl_coverage *coverage, rl_error *err) {
  double now = rl_now(), before = rl_limit_time(p->until > 0 && now > p->until ? now + GRACE_SECONDS : 0);
  rl_status status = collect(p, err);
  if (!status && !p->measured) status = measure(p, next_error(p), err);
  rl_limit_restore(before);
  if (!status) *coverage = p->coverage;
  return status;
}
