/* L3: what the two largest-box problems share; see box.h. */
#include "region/box.h"

#include <string.h>

#include "encode/affine.h"
#include "lp/lp.h"
#include "exact/exact.h"

const double *rl_box_row(const rl_box_problem *problem, int r) {
  return problem->region->A + (size_t)problem->row[r] * (size_t)problem->n;
}

double rl_box_bound(const rl_box_problem *problem, int r) { return problem->region->b[problem->row[r]]; }

void rl_box_problem_free(rl_box_problem *problem) {
  if (!problem) return;
  rl_free(problem->limit_lo);
  rl_free(problem->limit_hi);
  rl_free(problem->row);
  rl_free(problem->unit);
  rl_free(problem->scale);
  rl_free(problem);
}

/* Is the anchor inside, in exact arithmetic?  Rows tight at it become limits:
 * a.anchor = b forbids hi_i > anchor_i where a_i > 0 and lo_i < anchor_i where a_i < 0. */
static int take_anchor(rl_box_problem *problem) {
  const rl_region *region = problem->region;
  const double *x = problem->anchor;
  for (int i = 0; i < problem->n; i++)
    if (!(x[i] >= region->lo[i] && x[i] <= region->hi[i])) return 0;
  for (int r = 0; r < region->rows; r++) {
    const double *a = region->A + (size_t)r * (size_t)problem->n;
    if (rl_row_excess(problem->n, a, x, x, region->b[r]) < 0) continue;
    int sign = rl_exact_row(problem->n, a, x, region->b[r]);
    if (sign > 0) return 0;
    for (int i = 0; i < problem->n && sign == 0; i++) {
      if (a[i] > 0) problem->limit_hi[i] = x[i];
      if (a[i] < 0) problem->limit_lo[i] = x[i];
    }
  }
  return 1;
}

static void take_rows(rl_box_problem *problem) {
  const rl_region *region = problem->region;
  for (int i = 0; i < problem->n; i++) {
    int exponent;
    double width = problem->limit_hi[i] - problem->limit_lo[i];
    frexp(width, &exponent);
    problem->unit[i] = width > 0 ? ldexp(1, exponent < -1000 ? -1000 : exponent) : 1;
  }
  for (int r = 0; r < region->rows; r++) {
    const double *a = region->A + (size_t)r * (size_t)problem->n;
    if (rl_row_excess(problem->n, a, problem->limit_lo, problem->limit_hi, region->b[r]) <= 0) continue;
    double largest = 0;
    int exponent = 0;
    for (int i = 0; i < problem->n; i++) largest = fmax(largest, fabs(a[i]) * problem->unit[i]);
    frexp(largest, &exponent);
    problem->scale[problem->rows] = ldexp(1, exponent < -1000 ? 1000 : -exponent);
    problem->row[problem->rows++] = r;
  }
}

rl_status rl_box_problem_create(rl_box_problem **out, const rl_region *region, const double *anchor, int *empty,
                                rl_error *err) {
  if (!region->polytope) return rl_fail(err, RL_EINPUT, "boxes need a polytope: the region's pattern is no decision prefix");
  size_t n = (size_t)region->n;
  for (size_t i = 0; anchor && i < n; i++)
    if (!isfinite(anchor[i])) return rl_fail(err, RL_EINPUT, "coordinate %zu of the anchor is %g", i, anchor[i]);
  rl_box_problem *problem = rl_alloc(1, sizeof *problem);
  if (!problem) return rl_fail_memory(err);
  *problem = (rl_box_problem){.region = region, .anchor = anchor, .n = region->n};
  problem->limit_lo = rl_copy_doubles(region->lo, n);
  problem->limit_hi = rl_copy_doubles(region->hi, n);
  problem->unit = rl_alloc(n, sizeof *problem->unit);
  problem->row = rl_alloc((size_t)region->rows, sizeof *problem->row);
  problem->scale = rl_alloc((size_t)region->rows, sizeof *problem->scale);
  if (!problem->limit_lo || !problem->limit_hi || !problem->unit || !problem->row || !problem->scale) {
    rl_box_problem_free(problem);
    return rl_fail_memory(err);
  }
  *empty = anchor && !take_anchor(problem);
  take_rows(problem);
  *out = problem;
  return RL_OK;
}

/* ---- an inner box ------------------------------------------------------------ */

typedef struct centre_lp {
  const rl_box_problem *problem;
  int *index; /* 2n: scratch */
  double *value;
  double *position, *reach; /* n: sums over the boxes found, in units of the limits' width */
  int boxes, shared;        /* shared: one column for the reach of all inputs */
} centre_lp;

/* Rows over positions x_i (columns 0..n-1, from the lower limits) and reaches t (columns behind):
 *   sum_i a_i s_i x_i + sum_i |a_i| s_i t_i <= b - a.limit_lo,   s_i the limits' width. */
static rl_status centre_row(const centre_lp *c, rl_lp *lp, int r, rl_error *err) {
  const rl_box_problem *problem = c->problem;
  const double *a = rl_box_row(problem, r);
  int n = problem->n;
  double scale = problem->scale[r], spread = 0;
  for (int i = 0; i < n; i++) {
    c->index[i] = i;
    c->index[n + i] = n + i;
    c->value[i] = a[i] * scale * (problem->limit_hi[i] - problem->limit_lo[i]);
    c->value[n + i] = fabs(c->value[i]);
    spread += fabs(c->value[i]);
  }
  if (c->shared) c->value[n] = spread;
  double slack = -rl_row_excess(n, a, problem->limit_lo, problem->limit_lo, rl_box_bound(problem, r));
  rl_status status = rl_lp_row(lp, r, c->shared ? n + 1 : 2 * n, c->index, c->value, err);
  return status == RL_OK ? rl_lp_row_bounds(lp, r, -INFINITY, slack * scale, err) : status;
}

static rl_status centre_program(const centre_lp *c, rl_lp *lp, rl_error *err) {
  int n = c->problem->n, columns = c->shared ? n + 1 : 2 * n;
  rl_status status = rl_lp_clear(lp, err);
  if (status == RL_OK) status = rl_lp_add_columns(lp, columns, err);
  if (status == RL_OK) status = rl_lp_add_rows(lp, c->problem->rows, err);
  for (int j = 0; j < columns && status == RL_OK; j++) status = rl_lp_column_bounds(lp, j, 0, j < n ? 1 : 0.5, err);
  for (int j = n; j < columns && status == RL_OK; j++) status = rl_lp_objective(lp, j, 1, err);
  for (int r = 0; r < c->problem->rows && status == RL_OK; r++) status = centre_row(c, lp, r, err);
  return status;
}

static rl_status centre_solve(centre_lp *c, rl_lp *lp, rl_lp_result *result, rl_error *err) {
  rl_status status = rl_lp_solve(lp, result, err);
  if (status != RL_OK || *result == RL_LP_INFEASIBLE) return status;
  if (*result != RL_LP_OPTIMAL) return rl_fail(err, RL_ENUMERIC, "no inner point of the region could be computed");
  for (int i = 0, n = c->problem->n; i < n; i++) {
    c->position[i] += rl_lp_column_value(lp, i);
    c->reach[i] += rl_lp_column_value(lp, c->shared ? n : n + i);
  }
  c->boxes++;
  return RL_OK;
}

/* First one reach for all inputs.  When that is nil, some input is fixed: widen as many inputs
 * as possible at a time, then those still at nil, until no more can be; the boxes'
 * average is inside too (the region is convex) and has all their widths. */
static rl_status centre_boxes(centre_lp *c, rl_lp *lp, int *found, rl_error *err) {
  const double nil = 1e-9;
  int n = c->problem->n;
  rl_lp_result result = RL_LP_TROUBLE;
  rl_status status = centre_program(c, lp, err);
  if (status == RL_OK) status = centre_solve(c, lp, &result, err);
  if (status != RL_OK || !(*found = result == RL_LP_OPTIMAL) || rl_lp_value(lp) > nil) return status;
  c->shared = 0;
  memset(c->position, 0, (size_t)n * sizeof *c->position);
  memset(c->reach, 0, (size_t)n * sizeof *c->reach);
  c->boxes = 0;
  status = centre_program(c, lp, err);
  while (status == RL_OK) {
    status = centre_solve(c, lp, &result, err);
    if (status != RL_OK || result != RL_LP_OPTIMAL || rl_lp_value(lp) <= nil) break;
    for (int i = 0; i < n && status == RL_OK; i++) status = rl_lp_objective(lp, n + i, c->reach[i] <= nil, err);
  }
  if (c->boxes == 0) *found = 0;
  return status;
}

rl_status rl_box_centre(const rl_box_problem *problem, double *centre, double *extent, int *found, rl_error *err) {
  size_t n = (size_t)problem->n;
  rl_lp *lp = NULL;
  centre_lp c = {.problem = problem, .shared = 1};
  c.index = rl_alloc(2 * n + 1, sizeof *c.index);
  c.value = rl_alloc(4 * n + 1, sizeof *c.value);
  rl_status status = c.index && c.value ? rl_lp_create(&lp, err) : rl_fail_memory(err);
  if (status == RL_OK) {
    c.position = c.value + 2 * n + 1;
    c.reach = c.position + n;
    status = centre_boxes(&c, lp, found, err);
  }
  for (size_t i = 0; i < n && status == RL_OK && *found; i++) {
    double lo = problem->limit_lo[i], hi = problem->limit_hi[i];
    centre[i] = fmin(fmax(lo + (hi - lo) * (c.position[i] / c.boxes), lo), hi);
    double reach = c.reach[i] / c.boxes;
    if (extent) extent[i] = reach > 1e-10 ? reach * (hi - lo) : 0;
  }
  rl_free(c.index);
  rl_free(c.value);
  rl_lp_release(lp);
  return status;
}

/* ---- into the region, exactly --------------------------------------------------- */

/* Lower the row's value by `excess` on input i, as far as its width (and the anchor) allow. */
static void give(const rl_box_problem *problem, int i, double a, double excess, double *lo, double *hi) {
  double step = excess / fabs(a) * (1 + 1e-12);
  double floor_ = problem->anchor ? problem->anchor[i] : lo[i], ceiling = problem->anchor ? problem->anchor[i] : hi[i];
  if (a > 0) hi[i] = fmax(nextafter(hi[i] - step, -INFINITY), floor_);
  else lo[i] = fmin(nextafter(lo[i] + step, INFINITY), ceiling);
}

static double room(const rl_box_problem *problem, int i, double a, const double *lo, const double *hi) {
  if (problem->anchor) return a > 0 ? hi[i] - problem->anchor[i] : problem->anchor[i] - lo[i];
  return hi[i] - lo[i];
}

/* Shrink until row a.x <= b holds on the box; each step takes the input that pays most for the least loss. */
static int repair_row(const rl_box_problem *problem, const double *a, double b, double *lo, double *hi, int volume) {
  for (int tries = 0; tries < 2 * problem->n + 20; tries++) {
    double excess = rl_row_excess(problem->n, a, lo, hi, b), best_pay = 0;
    if (excess <= 0) return 1;
    int best = -1;
    for (int i = 0; i < problem->n; i++) {
      double space = a[i] == 0 ? 0 : room(problem, i, a[i], lo, hi);
      if (!(space > 0)) continue;
      double pay = fabs(a[i]) * (volume ? hi[i] - lo[i] : 1);
      if (fabs(a[i]) * space < 2 * excess) pay *= 1e-6; /* would use up the input */
      if (pay > best_pay) best_pay = pay, best = i;
    }
    if (best < 0) return 0;
    give(problem, best, a[best], excess, lo, hi);
  }
  return 0;
}

static int repair_rows(const rl_box_problem *problem, double *lo, double *hi, int volume) {
  for (int i = 0; i < problem->n; i++) {
    lo[i] = fmin(fmax(lo[i], problem->limit_lo[i]), problem->limit_hi[i]);
    hi[i] = fmax(fmin(hi[i], problem->limit_hi[i]), problem->limit_lo[i]);
    if (problem->anchor) {
      lo[i] = fmin(lo[i], problem->anchor[i]);
      hi[i] = fmax(hi[i], problem->anchor[i]);
    } else if (lo[i] > hi[i]) {
      lo[i] = hi[i] = fmin(fmax(0.5 * (lo[i] + hi[i]), problem->limit_lo[i]), problem->limit_hi[i]);
    }
  }
  int good = 1;
  for (int r = 0; r < problem->rows && good; r++)
    good = repair_row(problem, rl_box_row(problem, r), rl_box_bound(problem, r), lo, hi, volume);
  return good;
}

int rl_box_repair(const rl_box_problem *problem, double *lo, double *hi, int volume, const double *inner) {
  if (repair_rows(problem, lo, hi, volume)) return 1;
  for (double pull = 1e-15; inner && pull < 1; pull *= 8) {
    for (int i = 0; i < problem->n; i++) {
      lo[i] += pull * (inner[i] - lo[i]);
      hi[i] += pull * (inner[i] - hi[i]);
    }
    if (repair_rows(problem, lo, hi, volume)) return 1;
  }
  if (!inner) return 0;
  memcpy(lo, inner, (size_t)problem->n * sizeof *lo);
  memcpy(hi, inner, (size_t)problem->n * sizeof *hi);
  return repair_rows(problem, lo, hi, volume);
}

/* libm's log errs by less than one ulp; two are charged. */
void rl_box_measure(int n, const double *lo, const double *hi, rl_box *box) {
  box->width = box->log_volume = 0;
  box->fixed = 0;
  for (int i = 0; i < n; i++) {
    double width = rl_add_down(hi[i], -lo[i]), l = log(width);
    if (!(width > 0)) {
      box->fixed++;
      continue;
    }
    box->width = rl_add_down(box->width, width);
    box->log_volume = rl_add_down(box->log_volume, l - 2 * DBL_EPSILON * fabs(l));
  }
}

/* ---- weak duality ----------------------------------------------------------------- */

rl_status rl_box_dual_bound(const rl_box_problem *problem, const double *centre, const double *y, rl_box_part part,
                            const void *context, double *bound, rl_error *err) {
  size_t n = (size_t)problem->n;
  double *sums = rl_alloc(4 * n, sizeof *sums), *minus = rl_alloc(n, sizeof *minus);
  if (!sums || !minus) {
    rl_free(sums);
    rl_free(minus);
    return rl_fail_memory(err);
  }
  double total = 0;
  for (int r = 0; r < problem->rows; r++) {
    if (!(y[r] > 0)) continue;
    const double *a = rl_box_row(problem, r);
    for (size_t i = 0; i < n; i++) {
      double *s = sums + 4 * i + (a[i] > 0 ? 0 : 2), v = fabs(a[i]);
      minus[i] = -a[i];
      s[0] = rl_add_down(s[0], rl_mul_down(y[r], v));
      s[1] = rl_add_up(s[1], rl_mul_up(y[r], v));
    }
    double slack = rl_row_excess(problem->n, minus, centre, centre, -rl_box_bound(problem, r)); /* >= b - a.c */
    total = rl_add_up(total, rl_mul_up(y[r], slack));
  }
  for (size_t i = 0; i < n; i++) {
    const double *s = sums + 4 * i;
    total = rl_add_up(total, part(context, (int)i, s[0], s[1], s[2], s[3], rl_add_up(problem->limit_hi[i], -centre[i]),
                                  rl_add_up(centre[i], -problem->limit_lo[i])));
  }
  rl_free(sums);
  rl_free(minus);
  *bound = total;
  return RL_OK;
}

/* The extents form a rectangle or a triangle: a linear function's maximum is at a corner. */
double rl_box_linear_part(int anchored, double u_lo, double u_hi, double v_lo, double v_hi, double p_max, double m_max) {
  if (anchored) return rl_add_up(rl_mul_up(fmax(u_hi, 0), p_max), rl_mul_up(fmax(v_hi, 0), m_max));
  /* corners (p_max, m_max), (p_max, -p_max), (-m_max, m_max); the latter two are points of the input's range */
  double far = rl_add_up(rl_mul_up(p_max >= 0 ? u_hi : u_lo, p_max), rl_mul_up(m_max >= 0 ? v_hi : v_lo, m_max));
  double difference_hi = rl_add_up(u_hi, -v_lo), difference_lo = rl_add_down(u_lo, -v_hi);
  double right = rl_mul_up(p_max >= 0 ? difference_hi : difference_lo, p_max);
  double left = rl_mul_up(m_max >= 0 ? -difference_lo : -difference_hi, m_max);
  return fmax(far, fmax(right, left));
}
