/* L3: the box of largest total width inside a region.
 *
 * A linear program, solved in rounds of refinement: each round's program is
 * written in the corrections to the present box, scaled up, its slacks computed
 * almost exactly; so the solver's tolerance stops mattering (Gleixner, Steffy
 * and Wolter, 2016). */
#include <string.h>

#include "encode/affine.h"
#include "lp/lp.h"
#include "region/box.h"

typedef struct width_lp {
  const rl_box_problem *problem;
  rl_lp *lp;
  int *index;      /* n + 1: scratch */
  double *value;   /* n + 1 */
  double *centre;  /* n: starting point and origin of the dual bound */
  double *lo, *hi; /* n: the present box, refined */
  double *best_lo, *best_hi; /* n: the widest one that is proved to be inside */
  uint8_t *ordered; /* n: the row lo_i <= hi_i has been written */
  double *y;        /* rows */
  double largest;   /* of the inputs' units; the objective counts in it */
  double width;     /* of the best one */
  int found;
} width_lp;

/* Columns: corrections p_i = 2i to hi_i and m_i = 2i + 1 to lo_i, both outwards, in units of the input's own. */
static rl_status write_program(width_lp *w, rl_error *err) {
  const rl_box_problem *problem = w->problem;
  int n = problem->n;
  rl_status status = rl_lp_add_columns(w->lp, 2 * n, err);
  for (int i = 0; i < n; i++) w->largest = fmax(w->largest, problem->unit[i]);
  for (int j = 0; j < 2 * n && status == RL_OK; j++)
    status = rl_lp_objective(w->lp, j, problem->unit[j / 2] / w->largest, err);
  if (status == RL_OK) status = rl_lp_add_rows(w->lp, problem->rows, err);
  for (int r = 0; r < problem->rows && status == RL_OK; r++) {
    const double *a = rl_box_row(problem, r);
    for (int i = 0; i < n; i++) {
      w->index[i] = 2 * i + (a[i] < 0);
      w->value[i] = fabs(a[i]) * problem->unit[i] * problem->scale[r];
    }
    status = rl_lp_row(w->lp, r, n, w->index, w->value, err);
  }
  return status;
}

/* Bounds of the corrections when these are counted in `fraction` of the inputs' units. */
static rl_status write_bounds(width_lp *w, double fraction, rl_error *err) {
  const rl_box_problem *p = w->problem;
  rl_status status = RL_OK;
  int order = p->rows;
  for (int i = 0; i < p->n && status == RL_OK; i++) {
    double unit = fraction * p->unit[i], least_p = p->anchor ? (p->anchor[i] - w->hi[i]) / unit : -INFINITY;
    double least_m = p->anchor ? (w->lo[i] - p->anchor[i]) / unit : -INFINITY;
    double most_p = (p->limit_hi[i] - w->hi[i]) / unit, most_m = (w->lo[i] - p->limit_lo[i]) / unit;
    if (!p->anchor) { /* implied by the other end's limit and lo <= hi */
      least_p = (p->limit_lo[i] - w->hi[i]) / unit;
      least_m = (w->lo[i] - p->limit_hi[i]) / unit;
    }
    status = rl_lp_column_bounds(w->lp, 2 * i, fmin(least_p, most_p), most_p, err);
    if (status == RL_OK) status = rl_lp_column_bounds(w->lp, 2 * i + 1, fmin(least_m, most_m), most_m, err);
  }
  for (int r = 0; r < p->rows && status == RL_OK; r++) {
    double excess = rl_row_excess(p->n, rl_box_row(p, r), w->lo, w->hi, rl_box_bound(p, r));
    status = rl_lp_row_bounds(w->lp, r, -INFINITY, -excess * p->scale[r] / fraction, err);
  }
  for (; order < rl_lp_rows(w->lp) && status == RL_OK; order++) {
    int i = w->index[p->n + order - p->rows];
    status = rl_lp_row_bounds(w->lp, order, (w->lo[i] - w->hi[i]) / (fraction * p->unit[i]), INFINITY, err);
  }
  return status;
}

/* Rows p_i + m_i >= lo_i - hi_i, for inputs whose corrected ends have crossed.  *added: how many. */
static rl_status write_orders(width_lp *w, double fraction, int *added, rl_error *err) {
  rl_status status = RL_OK;
  *added = 0;
  for (int i = 0; i < w->problem->n && status == RL_OK && !w->problem->anchor; i++) {
    double unit = fraction * w->problem->unit[i];
    double width = (w->hi[i] - w->lo[i]) / unit + rl_lp_column_value(w->lp, 2 * i) + rl_lp_column_value(w->lp, 2 * i + 1);
    if (width >= 0 || w->ordered[i]) continue;
    int row = rl_lp_rows(w->lp), columns[2] = {2 * i, 2 * i + 1};
    double ones[2] = {1, 1};
    status = rl_lp_add_rows(w->lp, 1, err);
    if (status == RL_OK) status = rl_lp_row(w->lp, row, 2, columns, ones, err);
    if (status == RL_OK) status = rl_lp_row_bounds(w->lp, row, (w->lo[i] - w->hi[i]) / unit, INFINITY, err);
    w->index[w->problem->n + row - w->problem->rows] = i;
    w->ordered[i] = 1;
    ++*added;
  }
  return status;
}

static rl_status solve_ordered(width_lp *w, double fraction, rl_lp_result *result, rl_error *err) {
  int added = 1;
  rl_status status = RL_OK;
  while (status == RL_OK && added) {
    status = rl_lp_solve(w->lp, result, err);
    if (status != RL_OK || *result != RL_LP_OPTIMAL) break;
    status = write_orders(w, fraction, &added, err);
  }
  return status;
}

static double total_width(int n, const double *lo, const double *hi) {
  double sum = 0;
  for (int i = 0; i < n; i++) sum = rl_add_down(sum, rl_add_down(hi[i], -lo[i]));
  return sum;
}

/* Apply the corrections; keep the box if, made exact, it is the widest so far. */
static void take_box(width_lp *w, double fraction, const double *inner, double *lo, double *hi) {
  int n = w->problem->n;
  for (int i = 0; i < n; i++) {
    double unit = fraction * w->problem->unit[i];
    w->hi[i] += unit * rl_lp_column_value(w->lp, 2 * i);
    w->lo[i] -= unit * rl_lp_column_value(w->lp, 2 * i + 1);
    if (w->lo[i] > w->hi[i]) w->lo[i] = w->hi[i] = 0.5 * (w->lo[i] + w->hi[i]);
  }
  memcpy(lo, w->lo, (size_t)n * sizeof *lo);
  memcpy(hi, w->hi, (size_t)n * sizeof *hi);
  if (!rl_box_repair(w->problem, lo, hi, 0, inner)) return;
  double width = total_width(n, lo, hi);
  if (w->found && width <= w->width) return;
  w->found = 1;
  w->width = width;
  memcpy(w->best_lo, lo, (size_t)n * sizeof *lo);
  memcpy(w->best_hi, hi, (size_t)n * sizeof *hi);
}

/* Input i's part of the Lagrangian: (1 - P) p + (1 - Q) m. */
static double width_part(const void *context, int input, double P_lo, double P_hi, double Q_lo, double Q_hi,
                         double p_max, double m_max) {
  (void)input;
  const rl_box_problem *problem = context;
  return rl_box_linear_part(problem->anchor != NULL, rl_add_down(1, -P_hi), rl_add_up(1, -P_lo), rl_add_down(1, -Q_hi),
                            rl_add_up(1, -Q_lo), p_max, m_max);
}

/* Rounds until the proved gap is small; at most four. */
static rl_status refine(width_lp *w, double *lo, double *hi, double *gap, rl_error *err) {
  const rl_box_problem *problem = w->problem;
  double fraction = 1, bound = INFINITY;
  int have_inner = 0;
  for (int round = 0; round < 4; round++) {
    rl_lp_result result;
    rl_status status = write_bounds(w, fraction, err);
    if (status == RL_OK) status = solve_ordered(w, fraction, &result, err);
    if (status != RL_OK) return status;
    if (result == RL_LP_INFEASIBLE && round == 0) return RL_OK;
    if (result != RL_LP_OPTIMAL) break;
    for (int r = 0; r < problem->rows; r++) w->y[r] = fmax(rl_lp_row_dual(w->lp, r), 0) * problem->scale[r] * w->largest;
    take_box(w, fraction, NULL, lo, hi);
    if (!w->found && !have_inner && !problem->anchor) {
      status = rl_box_centre(problem, w->value, NULL, &have_inner, err);
      if (status != RL_OK) return status;
    }
    if (!w->found && have_inner) take_box(w, 0, w->value, lo, hi);
    double next;
    status = rl_box_dual_bound(problem, w->centre, w->y, width_part, problem, &next, err);
    if (status != RL_OK) return status;
    bound = fmin(bound, next);
    if (w->found && bound - w->width <= 1e-11 * w->width) break;
    fraction *= 0x1p-20;
  }
  if (w->found) *gap = fmax(rl_add_up(bound, -w->width), 0);
  return RL_OK;
}

static rl_status allocate(width_lp *w, const rl_box_problem *problem, rl_error *err) {
  size_t n = (size_t)problem->n;
  w->problem = problem;
  w->index = rl_alloc(2 * n + 1, sizeof *w->index);
  w->value = rl_alloc(n + 1, sizeof *w->value);
  w->centre = rl_alloc(n, sizeof *w->centre);
  w->lo = rl_alloc(n, sizeof *w->lo);
  w->hi = rl_alloc(n, sizeof *w->hi);
  w->best_lo = rl_alloc(n, sizeof *w->best_lo);
  w->best_hi = rl_alloc(n, sizeof *w->best_hi);
  w->ordered = rl_alloc(n, 1);
  w->y = rl_alloc((size_t)problem->rows, sizeof *w->y);
  if (!w->index || !w->value || !w->centre || !w->lo || !w->hi || !w->best_lo || !w->best_hi || !w->ordered || !w->y)
    return rl_fail_memory(err);
  for (size_t i = 0; i < n; i++)
    w->centre[i] = problem->anchor ? problem->anchor[i] : 0.5 * problem->limit_lo[i] + 0.5 * problem->limit_hi[i];
  memcpy(w->lo, w->centre, n * sizeof *w->lo);
  memcpy(w->hi, w->centre, n * sizeof *w->hi);
  return rl_lp_create(&w->lp, err);
}

static void release(width_lp *w) {
  rl_lp_release(w->lp);
  rl_free(w->index);
  rl_free(w->value);
  rl_free(w->centre);
  rl_free(w->lo);
  rl_free(w->hi);
  rl_free(w->best_lo);
  rl_free(w->best_hi);
  rl_free(w->ordered);
  rl_free(w->y);
}

static rl_status find_widest(const rl_box_problem *problem, double *lo, double *hi, rl_box *box, rl_error *err) {
  width_lp w = {0};
  rl_box result = {0};
  double *scratch = rl_alloc(2 * (size_t)problem->n, sizeof *scratch);
  rl_status status = scratch ? allocate(&w, problem, err) : rl_fail_memory(err);
  if (status == RL_OK) status = write_program(&w, err);
  if (status == RL_OK) status = refine(&w, scratch, scratch + problem->n, &result.gap, err);
  if (status == RL_OK) {
    result.found = w.found;
    if (w.found) {
      rl_box_measure(problem->n, w.best_lo, w.best_hi, &result);
      memcpy(lo, w.best_lo, (size_t)problem->n * sizeof *lo);
      memcpy(hi, w.best_hi, (size_t)problem->n * sizeof *hi);
    }
    *box = result;
  }
  rl_free(scratch);
  release(&w);
  return status;
}

rl_status rl_region_box_width(const rl_region *region, const double *anchor, double *lo, double *hi, rl_box *box,
                              rl_error *err) {
  rl_box_problem *problem;
  int empty;
  rl_status status = rl_box_problem_create(&problem, region, anchor, &empty, err);
  if (status != RL_OK) return status;
  if (empty) *box = (rl_box){0};
  else status = find_widest(problem, lo, hi, box, err);
  rl_box_problem_free(problem);
  return status;
}
