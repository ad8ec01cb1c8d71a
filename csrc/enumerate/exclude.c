/* L4: cells in which the property cannot hold (see enumerate.h).
 *
 * Most cells that are asked about hold an input with the property: one such is looked for first, and goes along with
 * the half that it lies in whenever the cell is cut.  For the others the property's rows are bounded from above,
 * starting from what is known of the cell: the pre-activations of its layer are affine on it, so that bounds of neurons
 * go forward from this layer and the dual bound goes back to it, where it ends at the cell's vertices. */
#include <math.h>
#include <string.h>

#include "core/round.h"
#include "core/vector.h"
#include "enumerate/enumerate.h"

enum { TRIED = RL_ENUMERATE_TRIED };

void rl_enumerate_keep_member(const rl_enumerate *e, rl_region_cell *cell, const rl_polytope_row *form, int side) {
  if (!cell->has_member) return;
  double value = form->w[e->d];
  for (int k = 0; k < e->d; k++) value += form->w[k] * cell->member[k];
  cell->has_member = side * value > 0;
}

/* Take the rows' values at x into e->most; returns in how many clauses a row has failed at all inputs so far. */
static int take_values(rl_enumerate *e, const double *x, const double *y) {
  const rl_property *p = e->property;
  int failing = 0;
  for (int k = 0; k < p->clauses; k++) {
    int some = 0;
    for (int r = p->first[k]; r < p->first[k + 1]; r++) {
      e->most[r] = rl_max(e->most[r], rl_property_row_value(p, r, x, y));
      some |= e->most[r] < 0;
    }
    failing += some;
  }
  return failing;
}

/* The coordinates of input i of TRIED: the middle, then inputs near vertices. */
static void place(const rl_polytope *p, const double *middle, int i, double *u) {
  int v = p->vertices < TRIED ? i - 1 : (int)((long)(i - 1) * p->vertices / (TRIED - 1));
  for (int k = 0; k < p->d; k++) u[k] = i == 0 ? middle[k] : middle[k] + 0.9 * (p->vertex[v].x[k] - middle[k]);
}

/* Fill e->u, e->x and e->y with inputs of the cell; returns how many. */
static int try_inputs(rl_enumerate *e, const rl_region_cell *cell, rl_status *status, rl_error *err) {
  const rl_polytope *p = cell->polytope;
  int count = p->vertices < TRIED ? p->vertices + 1 : TRIED;
  double middle[RL_POLYTOPE_DIMENSIONS] = {0};
  for (int v = 0; v < p->vertices; v++)
    for (int k = 0; k < p->d; k++) middle[k] += p->vertex[v].x[k] / p->vertices;
  for (int i = 0; i < count; i++) {
    double *u = e->tried + (size_t)i * (size_t)e->d, *x = e->x + (size_t)i * (size_t)e->n;
    place(p, middle, i, u);
    memcpy(x, e->domain->lo, (size_t)e->n * sizeof *x);
    for (int k = 0; k < e->d; k++) x[e->varies[k]] = u[k] * e->unit[k];
  }
  *status = rl_network_eval(e->net, (size_t)count, e->x, e->y, err);
  return count;
}

/* Try inputs of the cell: *open is 0 where one has the property, or every clause's rows hold somewhere, so that none of
 * them can be refuted on its own.  Where rounding tells wrongly, only time is lost. */
static rl_status find_member(rl_enumerate *e, rl_region_cell *cell, int *open, rl_error *err) {
  const rl_property *p = e->property;
  rl_status status;
  int count = try_inputs(e, cell, &status, err);
  if (status) return status;
  for (int r = 0; r < p->total; r++) e->most[r] = -INFINITY;
  *open = 1;
  for (int i = 0; i < count && *open; i++) {
    const double *x = e->x + (size_t)i * (size_t)e->n, *y = e->y + (size_t)i * (size_t)p->m;
    cell->has_member = rl_property_value(p, x, y) >= 0;
    *open = take_values(e, x, y) == p->clauses && !cell->has_member;
    if (cell->has_member) memcpy(cell->member, e->tried + (size_t)i * (size_t)e->d, (size_t)e->d * sizeof(double));
  }
  return RL_OK;
}

/* The cell as a base of bounds. */
static rl_status cell_base(rl_enumerate *e, const rl_region_cell *cell, rl_base *base, rl_error *err) {
  const rl_polytope *p = cell->polytope;
  size_t d = (size_t)e->d;
  if (p->vertices > e->point_room) {
    double *points = rl_realloc(e->points, (2 * (size_t)p->vertices * d + 2 * (d + 1)) * sizeof *points);
    if (!points) return rl_fail_memory(err);
    e->points = points;
    e->point_room = 2 * p->vertices;
  }
  double error = 0;
  for (int v = 0; v < p->vertices; v++) {
    memcpy(e->points + (size_t)v * d, p->vertex[v].x, d * sizeof *e->points);
    error = rl_max(error, p->vertex[v].error);
  }
  *base = (rl_base){.layer = cell->layer,
                    .count = cell->forms->count,
                    .d = e->d,
                    .w = cell->forms->w,
                    .slope_error = cell->forms->slope_error,
                    .constant_error = cell->forms->constant_error,
                    .points = p->vertices,
                    .point = e->points,
                    .error = error,
                    .scratch = e->points + (size_t)e->point_room * d};
  return RL_OK;
}

/* The cell's bounding box over all inputs. */
static void bounding_box(rl_enumerate *e, const rl_base *base) {
  double lo[RL_POLYTOPE_DIMENSIONS], hi[RL_POLYTOPE_DIMENSIONS];
  rl_base_box(base, lo, hi);
  memcpy(e->lo, e->domain->lo, (size_t)e->n * sizeof *e->lo);
  memcpy(e->hi, e->domain->hi, (size_t)e->n * sizeof *e->hi);
  for (int k = 0; k < e->d; k++) {
    int j = e->varies[k];
    e->lo[j] = rl_max(e->lo[j], rl_mul_down(lo[k], e->unit[k]));
    e->hi[j] = rl_min(e->hi[j], rl_mul_up(hi[k], e->unit[k]));
  }
}

/* The clause's row that fails most of those that fail at all inputs tried, or -1; it is not given again. */
static int next_row(rl_enumerate *e, int clause) {
  int worst = -1;
  for (int r = e->property->first[clause]; r < e->property->first[clause + 1]; r++)
    if (e->most[r] < 0 && (worst < 0 || e->most[r] < e->most[worst])) worst = r;
  if (worst >= 0) e->most[worst] = 0;
  return worst;
}

/* Do bounds show that every clause fails in the cell? */
static int is_refuted(rl_enumerate *e, const rl_region_cell *cell, const rl_base *base) {
  for (int k = e->net->offsets[cell->layer]; k < e->net->neurons; k++) e->l[k] = -INFINITY, e->u[k] = INFINITY;
  if (!rl_forward_run_from(e->forward, base, cell->signs, e->l, e->u, e->needed)) return 0;
  rl_cell bounds = {e->lo, e->hi, cell->signs, e->l, e->u};
  rl_dual_reset(e->dual, &bounds, 1);
  for (int k = 0; k < e->property->clauses; k++) {
    int refuted = 0, r;
    while (!refuted && (r = next_row(e, k)) >= 0)
      refuted = rl_dual_bound(e->dual, &bounds, e->property, k, r - e->property->first[k], NULL) < 0;
    if (!refuted) return 0;
  }
  return 1;
}

rl_status rl_enumerate_excludes(rl_enumerate *e, rl_region_cell *cell, int *excluded, rl_error *err) {
  rl_base base;
  int open = 0;
  *excluded = 0;
  rl_status status = cell->has_member ? RL_OK : find_member(e, cell, &open, err);
  if (status || !open) return status;
  status = rl_enumerate_refine(e, cell->polytope, cell->signs, 1e-6, err);
  if (!status) status = cell_base(e, cell, &base, err);
  if (status) return status;
  bounding_box(e, &base);
  e->dual->base = &base;
  *excluded = is_refuted(e, cell, &base);
  e->dual->base = NULL;
  return RL_OK;
}
