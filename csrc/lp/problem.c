/* L2: linear programs: writing and reading the handle's copy; see lp.h.  Nothing here touches GLPK. */
#include <math.h>

#include "lp/problem.h"

rl_status rl_lp_clear(rl_lp *lp, rl_error *err) {
  (void)err;
  lp->columns = lp->rows = lp->live_columns = lp->live_rows = 0;
  lp->entries = 0;
  return RL_OK;
}

/* Make *array hold at least need items; grows by half. */
static int reserve(void **array, size_t *room, size_t need, size_t size) {
  if (need <= *room) return 1;
  size_t want = need + need / 2 + 16;
  void *p = rl_realloc(*array, want * size);
  if (!p) return 0;
  *array = p;
  *room = want;
  return 1;
}

static int reserve_int(void **array, int *room, int need, size_t size) {
  size_t r = (size_t)*room;
  if (!reserve(array, &r, (size_t)need, size)) return 0;
  *room = (int)r;
  return 1;
}

/* GLPK may still have deleted rows when the scratch is used, hence reserved when rows are added. */
static int reserve_work(rl_lp *lp, int rows, int columns) {
  int need = rows + columns + 1, room = lp->work_room;
  if (!reserve_int((void **)&lp->work, &room, need, sizeof *lp->work)) return 0;
  room = lp->work_room;
  if (!reserve_int((void **)&lp->work_index, &room, need, sizeof *lp->work_index)) return 0;
  lp->work_room = room;
  return 1;
}

rl_status rl_lp_add_columns(rl_lp *lp, int count, rl_error *err) {
  if (count < 0 || lp->columns > 10000000 - count) return rl_fail(err, RL_EINPUT, "cannot add %d columns", count);
  int need = lp->columns + count, room = lp->column_room;
  if (!reserve_work(lp, lp->rows, need)) return rl_fail_memory(err);
  if (!reserve_int((void **)&lp->column, &room, need, sizeof *lp->column)) return rl_fail_memory(err);
  room = lp->column_room;
  if (!reserve_int((void **)&lp->mark, &room, need, sizeof *lp->mark)) return rl_fail_memory(err);
  lp->column_room = room;
  for (int j = lp->columns; j < need; j++) {
    lp->column[j] = (lp_column){.dirty = DIRTY_ALL};
    lp->mark[j] = 0;
  }
  lp->columns = need;
  return RL_OK;
}

rl_status rl_lp_add_rows(rl_lp *lp, int count, rl_error *err) {
  if (count < 0 || lp->rows > 10000000 - count) return rl_fail(err, RL_EINPUT, "cannot add %d rows", count);
  int need = lp->rows + count;
  if (!reserve_work(lp, need, lp->columns)) return rl_fail_memory(err);
  if (!reserve_int((void **)&lp->row, &lp->row_room, need, sizeof *lp->row)) return rl_fail_memory(err);
  for (int i = lp->rows; i < need; i++) lp->row[i] = (lp_row){.lo = -INFINITY, .hi = INFINITY, .dirty = DIRTY_ALL};
  lp->rows = need;
  return RL_OK;
}

int rl_lp_columns(const rl_lp *lp) { return lp->columns; }
int rl_lp_rows(const rl_lp *lp) { return lp->rows; }

static int is_too_large(double v) { return fabs(v) > RL_LP_LARGEST && isfinite(v); }

static rl_status check(const char *what, int i, int count, double lo, double hi, rl_error *err) {
  if (i < 0 || i >= count) return rl_fail(err, RL_EINPUT, "%s %d of a linear program that has %d", what, i, count);
  if (!(lo <= hi) || lo == INFINITY || hi == -INFINITY)
    return rl_fail(err, RL_ENUMERIC, "bounds [%g, %g] of %s %d of a linear program", lo, hi, what, i);
  if (is_too_large(lo) || is_too_large(hi))
    return rl_fail(err, RL_ENUMERIC, "bounds [%g, %g] of %s %d of a linear program are too large", lo, hi, what, i);
  return RL_OK;
}

rl_status rl_lp_column_bounds(rl_lp *lp, int column, double lo, double hi, rl_error *err) {
  rl_status status = check("column", column, lp->columns, lo, hi, err);
  if (status != RL_OK) return status;
  lp_column *c = &lp->column[column];
  if (c->lo == lo && c->hi == hi) return RL_OK;
  c->lo = lo;
  c->hi = hi;
  c->dirty |= DIRTY_BOUNDS;
  return RL_OK;
}

rl_status rl_lp_row_bounds(rl_lp *lp, int row, double lo, double hi, rl_error *err) {
  rl_status status = check("row", row, lp->rows, lo, hi, err);
  if (status != RL_OK) return status;
  lp_row *r = &lp->row[row];
  if (r->lo == lo && r->hi == hi) return RL_OK;
  r->lo = lo;
  r->hi = hi;
  r->dirty |= DIRTY_BOUNDS;
  return RL_OK;
}

rl_status rl_lp_objective(rl_lp *lp, int column, double value, rl_error *err) {
  rl_status status = check("column", column, lp->columns, 0, 0, err);
  if (status != RL_OK) return status;
  if (!isfinite(value)) return rl_fail(err, RL_ENUMERIC, "objective %g of column %d of a linear program", value, column);
  if (is_too_large(value))
    return rl_fail(err, RL_ENUMERIC, "objective %g of column %d of a linear program is too large", value, column);
  if (lp->column[column].cost == value) return RL_OK;
  lp->column[column].cost = value;
  lp->column[column].dirty |= DIRTY_COST;
  lp->costs_changed = 1;
  return RL_OK;
}

/* Room for count entries of a row; moves it to the end when its place is too small. */
static int place_row(rl_lp *lp, lp_row *row, int count) {
  if (count <= row->reserve) return 1;
  size_t need = lp->entries + (size_t)count, room = lp->entry_room;
  if (!reserve((void **)&lp->index, &room, need, sizeof *lp->index)) return 0;
  room = lp->entry_room;
  if (!reserve((void **)&lp->value, &room, need, sizeof *lp->value)) return 0;
  lp->entry_room = room;
  row->start = lp->entries;
  row->reserve = count;
  lp->entries = need;
  return 1;
}

static int next_stamp(rl_lp *lp) {
  if (lp->stamp == INT32_MAX) {
    lp->stamp = 0;
    for (int j = 0; j < lp->columns; j++) lp->mark[j] = 0;
  }
  return ++lp->stamp;
}

rl_status rl_lp_row(rl_lp *lp, int row, int count, const int *columns, const double *values, rl_error *err) {
  rl_status status = check("row", row, lp->rows, 0, 0, err);
  if (status != RL_OK) return status;
  int stamp = next_stamp(lp);
  for (int k = 0; k < count; k++) {
    status = check("column", columns[k], lp->columns, 0, 0, err);
    if (status != RL_OK) return status;
    if (!isfinite(values[k]))
      return rl_fail(err, RL_ENUMERIC, "coefficient %g in row %d, column %d of a linear program", values[k], row,
                     columns[k]);
    if (is_too_large(values[k]))
      return rl_fail(err, RL_ENUMERIC, "coefficient %g in row %d, column %d of a linear program is too large", values[k],
                     row, columns[k]);
    if (lp->mark[columns[k]] == stamp)
      return rl_fail(err, RL_EINPUT, "column %d twice in row %d of a linear program", columns[k], row);
    lp->mark[columns[k]] = stamp;
  }
  lp_row *r = &lp->row[row];
  if (!place_row(lp, r, count)) return rl_fail_memory(err);
  int used = 0;
  for (int k = 0; k < count; k++) {
    if (fabs(values[k]) < 1 / RL_LP_LARGEST) continue;
    lp->index[r->start + (size_t)used] = columns[k] + 1;
    lp->value[r->start + (size_t)used++] = values[k];
  }
  r->count = used;
  r->dirty |= DIRTY_ENTRIES;
  return RL_OK;
}

rl_status rl_lp_delete_last_rows(rl_lp *lp, int count, rl_error *err) {
  if (count < 0 || count > lp->rows)
    return rl_fail(err, RL_EINPUT, "cannot delete %d of %d rows of a linear program", count, lp->rows);
  for (int i = 0; i < count; i++) {
    const lp_row *r = &lp->row[--lp->rows];
    if (lp->live_rows > lp->rows) lp->live_rows = lp->rows;
    if (r->reserve && r->start + (size_t)r->reserve == lp->entries) lp->entries = r->start;
  }
  return RL_OK;
}

double rl_lp_value(const rl_lp *lp) { return lp->optimum; }
double rl_lp_column_value(const rl_lp *lp, int column) { return lp->column[column].x; }
double rl_lp_row_dual(const rl_lp *lp, int row) { return lp->row[row].dual; }
double rl_lp_column_dual(const rl_lp *lp, int column) { return lp->column[column].dual; }
int rl_lp_column_state(const rl_lp *lp, int column) { return lp->column[column].state; }
int rl_lp_row_state(const rl_lp *lp, int row) { return lp->row[row].state; }

void rl_lp_start_column(rl_lp *lp, int column, int state) {
  lp->column[column].start = (uint8_t)state;
  lp->started = 1;
}

void rl_lp_start_row(rl_lp *lp, int row, int state) {
  lp->row[row].begin = (uint8_t)state;
  lp->started = 1;
}
long rl_lp_pivots(const rl_lp *lp) { return lp->pivots; }
long rl_lp_retries(const rl_lp *lp) { return lp->retries; }
long rl_lp_solves(const rl_lp *lp) { return lp->solves; }
