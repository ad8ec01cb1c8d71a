/* L3: uniform points of a region by hit and run (Smith, 1984): from a point along a random direction to a uniform place
 * on the chord within the rows.  Where the region is no polytope the chord may leave it; a place outside shrinks the
 * chord towards the point (Neal, 2003: the uniform distribution stays invariant).  Every point that is given is
 * certainly inside; how far they are from uniform depends on the steps between them and on the region's shape. */
#include <math.h>
#include <string.h>

#include "core/random.h"
#include "region/region.h"

enum { SHRINKS = 50 };

typedef struct walk {
  const rl_region *region;
  uint64_t state;
  double *x, *d, *next; /* n each: where it is, the direction, a proposal */
} walk;

/* Standard normal (Box and Muller, 1958). */
static double normal(uint64_t *state) {
  double u = 1 - rl_random_unit(state), v = rl_random_unit(state);
  return sqrt(-2 * log(u)) * cos(6.283185307179586 * v);
}

/* x + t d stays where slack >= t * slope: narrow *low..*high. */
static void limit(double slope, double slack, double *low, double *high) {
  if (slope == 0) return;
  double t = fmax(slack, 0) / fabs(slope);
  if (slope > 0) *high = fmin(*high, t);
  else *low = fmax(*low, -t);
}

/* The chord of the box and the rows through x along d, which counts inputs in widths of the box. */
static void chord(const walk *w, double *low, double *high) {
  const rl_region *region = w->region;
  int n = region->n;
  *low = -INFINITY;
  *high = INFINITY;
  for (int j = 0; j < n; j++) {
    limit(w->d[j], region->hi[j] - w->x[j], low, high);
    limit(-w->d[j], w->x[j] - region->lo[j], low, high);
  }
  for (int r = 0; r < region->rows; r++) {
    const double *a = region->A + (size_t)r * (size_t)n;
    double slope = 0, slack = region->b[r];
    for (int j = 0; j < n; j++) {
      slope += a[j] * w->d[j];
      slack -= a[j] * w->x[j];
    }
    limit(slope, slack, low, high);
  }
}

static rl_status step(walk *w, rl_error *err) {
  const rl_region *region = w->region;
  int n = region->n;
  double low, high;
  for (int j = 0; j < n; j++) w->d[j] = normal(&w->state) * (0.5 * region->hi[j] - 0.5 * region->lo[j]);
  chord(w, &low, &high);
  for (int k = 0; k < SHRINKS && isfinite(low) && isfinite(high) && low < high; k++) {
    double t = low + rl_random_unit(&w->state) * (high - low);
    size_t inside;
    for (int j = 0; j < n; j++) w->next[j] = fmin(fmax(w->x[j] + t * w->d[j], region->lo[j]), region->hi[j]);
    rl_status status = rl_region_contains(region, 1, w->next, NULL, &inside, err);
    if (status != RL_OK) return status;
    if (inside) {
      memcpy(w->x, w->next, (size_t)n * sizeof *w->x);
      return RL_OK;
    }
    if (t < 0) low = t;
    else high = t;
  }
  return RL_OK; /* it stays */
}

static rl_status take(walk *w, long count, long thin, double *x, rl_error *err) {
  size_t n = (size_t)w->region->n;
  for (long i = 0; i < count; i++) {
    for (long k = 0; k < thin; k++) {
      rl_status status = step(w, err);
      if (status != RL_OK) return status;
    }
    memcpy(x + (size_t)i * n, w->x, n * sizeof *x);
    if (rl_late_now()) break;
  }
  return RL_OK;
}

rl_status rl_region_sample(const rl_region *region, const double *start, long count, long thin, uint64_t seed,
                           double *x, rl_error *err) {
  size_t n = (size_t)region->n, inside;
  rl_status status = rl_region_contains(region, 1, start, NULL, &inside, err);
  if (status != RL_OK) return status;
  if (!inside) return rl_fail(err, RL_EINPUT, "the point to start from is not in the region");
  double *scratch = rl_alloc(3 * n, sizeof *scratch);
  if (!scratch) return rl_fail_memory(err);
  walk w = {region, seed, scratch, scratch + n, scratch + 2 * n};
  memcpy(w.x, start, n * sizeof *start);
  status = take(&w, count, thin, x, err);
  rl_free(scratch);
  return status;
}
