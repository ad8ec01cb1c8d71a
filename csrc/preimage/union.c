/* L4: the polytopes of a preimage and their coverage (see preimage.h). */
#include "core/random.h"
#include "preimage/preimage.h"

#include <math.h>
#include <string.h>

#include "core/vector.h"

static const double CONFIDENCE_ERROR = 0.001;

/* The error that the next measurement may make.  The search goes on or ends by what it measures, so the intervals have
 * to hold together: the k-th one gets 1 / (k (k+1)) of the error, which adds up to no more than all of it. */
static double next_error(const rl_preimage *p) {
  double k = p->stats.checks + 1;
  return CONFIDENCE_ERROR / (k * (k + 1));
}

double rl_preimage_margin(const rl_preimage *p) {
  const rl_preimage_options *options = &p->cover.options;
  double lo, hi;
  if (options->confident == 0 || options->coverage >= 1) return 0;
  rl_share_interval(options->coverage * options->samples, options->samples, next_error(p), &lo, &hi);
  return options->coverage - lo;
}

/* Under: leave out the polytopes that hold fewest probes while the estimate stays at the target. */
static void prune(rl_preimage *p) {
  double needed = (p->cover.options.coverage + p->margin) * (double)p->probes.count, held = (double)p->hits;
  if (p->cover.over || p->cover.options.coverage >= 1) return;
  while (held > 0) {
    int least = -1;
    for (int i = 0; i < p->polytopes; i++)
      if (least < 0 || p->leaves[p->chosen[2 * i]]->hits < p->leaves[p->chosen[2 * least]]->hits) least = i;
    if (least < 0) return;
    held -= (double)p->leaves[p->chosen[2 * least]]->hits;
    if (held < needed && p->leaves[p->chosen[2 * least]]->hits > 0) return;
    memmove(p->chosen + 2 * least, p->chosen + 2 * least + 2, 2 * (size_t)(--p->polytopes - least) * sizeof *p->chosen);
  }
}

/* Can the polytope of a clause hold anything?  0: certainly not. */
static int may_hold(rl_cover *c, const rl_part *part, int clause) {
  rl_halfspaces set = {c->n, part->rows, part->lo, part->hi, part->A, part->b};
  for (int r = c->goal->first[clause]; r < c->goal->first[clause + 1]; r++) {
    const double *w = part->minorant + (size_t)r * ((size_t)c->n + 1);
    if (!isfinite(w[c->n])) return c->over;
    for (int j = 0; j < c->n; j++) c->coef[j] = c->over ? -w[j] : w[j];
    if (rl_polytope_bound(&set, c->coef, c->polytope) < (c->over ? w[c->n] : -w[c->n])) return 0;
  }
  return 1;
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
  int whole = c->options.coverage >= 1; /* then also those that no sample point fell into */
  for (int i = 0; i < p->count; i++)
    for (int k = 0; k < clauses; k++) {
      const rl_part *part = p->leaves[i];
      int clause = c->over ? k : part->clause;
      if (!may_hold(c, part, clause)) continue;
      if (!c->over && !whole && part->hits == 0 && part->captured == 0) continue;
      p->chosen[2 * p->polytopes] = i;
      p->chosen[2 * p->polytopes + 1] = clause;
      p->polytopes++;
    }
  if (rl_preimage_estimate(p) >= c->options.coverage + p->margin) prune(p);
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
  rl_cover *c = &p->cover;
  rl_status status = collect(p, err);
  if (status) return status;
  if (index < 0 || index >= p->polytopes) return rl_fail(err, RL_EINPUT, "region %d of %d", index, p->polytopes);
  const rl_part *part = p->leaves[p->chosen[2 * index]];
  int clause = p->chosen[2 * index + 1], first = c->goal->first[clause], rows = c->goal->first[clause + 1] - first;
  size_t n = (size_t)c->n, all = (size_t)(part->rows + rows);
  double *A = rl_alloc(all * n, sizeof *A), *b = rl_alloc(all, sizeof *b);
  rl_domain *box = NULL;
  status = A && b ? rl_domain_create(&box, c->n, part->lo, part->hi, 0, NULL, NULL, err) : rl_fail_memory(err);
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
      if (!isfinite(b[kept]) || rl_polytope_bound(&set, row, c->polytope) <= b[kept]) continue; /* says nothing */
      kept++;
    }
    status = rl_region_create(out, c->net, box, NULL, kept, A, b, err);
  }
  rl_domain_release(box);
  rl_free(A);
  rl_free(b);
  return status;
}

enum { CHUNK = 4096, CHUNKS_MOST = 64 };

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

/* Draw points of the domain's box and keep those in its half-spaces: *count of them, in x (point by point); good[s]:
 * the property holds there. */
static rl_status draw_points(rl_preimage *p, size_t *count, double *x, uint8_t *good, rl_error *err) {
  rl_cover *c = &p->cover;
  size_t n = (size_t)c->n, m = (size_t)c->net->sizes[c->net->layers];
  double *y = rl_alloc(m * CHUNK, sizeof *y);
  if (!y) return rl_fail_memory(err);
  const rl_domain *d = c->domain;
  *count = 0;
  for (int i = 0; i < CHUNK; i++) {
    double *point = x + *count * n;
    int inside = 1;
    for (size_t j = 0; j < n; j++)
      point[j] = rl_min(d->lo[j] + rl_random_unit(&c->random) * (d->hi[j] - d->lo[j]), d->hi[j]);
    for (int r = 0; r < d->rows; r++) inside &= rl_dot(d->A + (size_t)r * n, point, c->n) <= d->b[r];
    *count += (size_t)inside;
  }
  rl_status status = rl_network_eval(c->net, *count, x, y, err);
  for (size_t s = 0; s < *count && !status; s++) good[s] = rl_property_value(c->property, x + s * n, y + s * m) >= 0;
  c->evaluations += (long)*count;
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
  int most = (int)rl_max(1, rl_min(CHUNKS_MOST, rl_sample_most(c->net) / CHUNK));
  for (int chunk = 0; chunk < most && of < c->options.samples && !status; chunk++) {
    size_t count = 0;
    status = draw_points(p, &count, x, good, err);
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
  rl_status status = collect(p, err);
  if (!status && !p->measured) status = measure(p, next_error(p), err);
  if (!status) *coverage = p->coverage;
  return status;
}
