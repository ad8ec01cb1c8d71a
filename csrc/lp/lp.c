/* L2: linear programs on GLPK 5; see lp.h.
 *
 * A handle keeps its own copy of the problem (problem.c).  Changes are written there and
 * marked; rl_lp_solve brings the glp_prob up to date and runs the simplex, all
 * inside one guard.  GLPK reports misuse and exhausted memory by aborting; the
 * guard's error hook jumps out instead, after which the whole environment of
 * the thread must be freed and with it every glp_prob.  Handles notice by their
 * generation number and rebuild from their copy. */
#include <glpk.h>
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdatomic.h>
#include <string.h>

#include "lp/problem.h"

/* Simplex iterations between checks of the limit; fewer where an iteration takes long. */
enum { SLICE = 200, SHORT_SLICE = 20 };
static const double SLICE_WORK = 5e7; /* rows times columns times iterations */

static const double feasibility = 1e-9; /* tolerance asked of the simplex */
static const double acceptable = 1e-6;  /* relative row violation of an optimum that is still believed */

/* ---- the guard ----------------------------------------------------------- */

static atomic_ulong generations;
static _Thread_local unsigned long generation; /* of this thread's GLPK environment; 0: none yet */
static _Thread_local jmp_buf escape;
static _Thread_local char complaint[256];
static pthread_key_t exit_key;
static pthread_once_t exit_once = PTHREAD_ONCE_INIT;

static void free_environment(void *unused) {
  (void)unused;
  glp_free_env();
}

static void make_exit_key(void) { pthread_key_create(&exit_key, free_environment); }

/* GLPK's environment is per thread; a thread's end frees it. */
static void enter_environment(void) {
  if (generation) return;
  pthread_once(&exit_once, make_exit_key);
  pthread_setspecific(exit_key, &generation);
  generation = atomic_fetch_add(&generations, 1) + 1;
}

static void on_error(void *unused) {
  (void)unused;
  longjmp(escape, 1);
}

/* Nothing is printed; what GLPK says before an error is kept. */
static int on_output(void *unused, const char *text) {
  (void)unused;
  size_t used = strlen(complaint);
  for (; *text && used + 1 < sizeof complaint; text++) complaint[used++] = *text == '\n' ? ' ' : *text;
  complaint[used] = 0;
  return 1;
}

/* Run work(lp) with GLPK's errors caught.  0: done.  1: GLPK failed; every glp_prob of the thread is gone. */
static int guarded(rl_lp *lp, void (*work)(rl_lp *)) {
  enter_environment();
  complaint[0] = 0;
  int output = glp_term_out(GLP_OFF);
  glp_term_hook(on_output, NULL);
  if (setjmp(escape)) {
    glp_free_env();
    generation = atomic_fetch_add(&generations, 1) + 1;
    return 1;
  }
  glp_error_hook(on_error, NULL);
  work(lp);
  glp_error_hook(NULL, NULL);
  glp_term_hook(NULL, NULL);
  glp_term_out(output);
  return 0;
}

rl_status rl_lp_create(rl_lp **out, rl_error *err) {
  rl_lp *lp = rl_alloc(1, sizeof *lp);
  if (!lp) return rl_fail_memory(err);
  *out = lp;
  return RL_OK;
}

static void delete_problems(rl_lp *lp) {
  if (lp->prob) glp_delete_prob(lp->prob);
  if (lp->elastic) glp_delete_prob(lp->elastic);
}

void rl_lp_release(rl_lp *lp) {
  if (!lp) return;
  if (lp->generation == generation && generation) guarded(lp, delete_problems);
  rl_free(lp->column);
  rl_free(lp->row);
  rl_free(lp->index);
  rl_free(lp->value);
  rl_free(lp->mark);
  rl_free(lp->work);
  rl_free(lp->work_index);
  rl_free(lp->dense);
  rl_free(lp);
}

/* ---- bringing GLPK's copy up to date --------------------------------------- */

static int bound_type(double lo, double hi) {
  if (lo == hi) return GLP_FX;
  if (isfinite(lo)) return isfinite(hi) ? GLP_DB : GLP_LO;
  return isfinite(hi) ? GLP_UP : GLP_FR;
}

static double finite_or_zero(double v) { return isfinite(v) ? v : 0; }

/* Delete the rows behind the first `keep`.  Each nonbasic one first takes the
 * place of the basic variable with the largest pivot, so that what remains is
 * a basis again. */
static void drop_rows(rl_lp *lp, int keep) {
  glp_prob *p = lp->prob;
  int rows = glp_get_num_rows(p), count = 0, exchange = 1;
  for (int i = rows; i > keep && exchange; i--) {
    if (glp_get_row_stat(p, i) == GLP_BS) continue;
    exchange = glp_bf_exists(p) || glp_factorize(p) == 0;
    if (!exchange) break;
    int length = glp_eval_tab_col(p, i, lp->work_index, lp->work), best = 0;
    for (int k = 1; k <= length; k++)
      if ((lp->work_index[k] > rows || lp->work_index[k] <= keep) && (!best || fabs(lp->work[k]) > fabs(lp->work[best])))
        best = k;
    exchange = best && fabs(lp->work[best]) > 1e-7;
    if (!exchange) break;
    int leaving = lp->work_index[best];
    if (leaving <= rows) glp_set_row_stat(p, leaving, GLP_NL);
    else glp_set_col_stat(p, leaving - rows, GLP_NL);
    glp_set_row_stat(p, i, GLP_BS);
  }
  for (int i = keep + 1; i <= rows; i++) lp->work_index[++count] = i;
  glp_del_rows(p, count, lp->work_index);
  if (!exchange) glp_std_basis(p);
}

static void update_column(rl_lp *lp, int j) {
  lp_column *c = &lp->column[j];
  if (c->dirty & DIRTY_BOUNDS)
    glp_set_col_bnds(lp->prob, j + 1, bound_type(c->lo, c->hi), finite_or_zero(c->lo), finite_or_zero(c->hi));
  if (c->dirty & DIRTY_COST) glp_set_obj_coef(lp->prob, j + 1, c->cost);
  c->dirty = 0;
}

static void update_row(rl_lp *lp, int i) {
  lp_row *r = &lp->row[i];
  if (r->dirty & DIRTY_BOUNDS)
    glp_set_row_bnds(lp->prob, i + 1, bound_type(r->lo, r->hi), finite_or_zero(r->lo), finite_or_zero(r->hi));
  if (r->dirty & DIRTY_ENTRIES)
    glp_set_mat_row(lp->prob, i + 1, r->count, r->count ? lp->index + r->start - 1 : NULL,
                    r->count ? lp->value + r->start - 1 : NULL);
  r->dirty = 0;
}

static void make_problems(rl_lp *lp) {
  lp->prob = lp->elastic = NULL;
  lp->generation = generation;
  lp->live_columns = lp->live_rows = lp->warm = 0;
  lp->prob = glp_create_prob();
  glp_set_obj_dir(lp->prob, GLP_MAX);
}

static void update(rl_lp *lp) {
  if (!lp->prob || lp->generation != generation) make_problems(lp);
  if (lp->live_columns == 0 && glp_get_num_cols(lp->prob) > 0) {
    glp_erase_prob(lp->prob);
    glp_set_obj_dir(lp->prob, GLP_MAX);
    lp->live_rows = lp->warm = 0;
  }
  if (lp->live_rows < glp_get_num_rows(lp->prob)) drop_rows(lp, lp->live_rows);
  if (lp->columns > lp->live_columns) glp_add_cols(lp->prob, lp->columns - lp->live_columns);
  if (lp->rows > lp->live_rows) glp_add_rows(lp->prob, lp->rows - lp->live_rows);
  for (int j = lp->live_columns; j < lp->columns; j++) lp->column[j].dirty = DIRTY_ALL;
  for (int i = lp->live_rows; i < lp->rows; i++) lp->row[i].dirty = DIRTY_ALL;
  lp->live_columns = lp->columns;
  lp->live_rows = lp->rows;
  for (int j = 0; j < lp->columns; j++)
    if (lp->column[j].dirty) update_column(lp, j);
  for (int i = 0; i < lp->rows; i++)
    if (lp->row[i].dirty) update_row(lp, i);
}

/* Dense copy of the tight rows (nonbasic) over the basic columns: tight[i] x wide, by lp->work_index as map from
 * column to place (0: none).  NULL where memory is short. */
static double *tight_matrix(rl_lp *lp, int *rows, int *columns) {
  *rows = *columns = 0;
  for (int j = 0; j < lp->columns; j++) lp->work_index[j + 1] = lp->column[j].start == GLP_BS ? ++*columns : 0;
  for (int i = 0; i < lp->rows; i++) *rows += lp->row[i].begin && lp->row[i].begin != GLP_BS;
  size_t need = (size_t)*rows * (size_t)*columns;
  if (need > lp->dense_room || !lp->dense) {
    double *grown = rl_realloc(lp->dense, (need + 1) * sizeof *grown);
    if (!grown) return NULL;
    lp->dense = grown;
    lp->dense_room = need;
  }
  memset(lp->dense, 0, need * sizeof *lp->dense);
  int at = 0;
  for (int i = 0; i < lp->rows; i++) {
    const lp_row *r = &lp->row[i];
    if (!r->begin || r->begin == GLP_BS) continue;
    for (size_t k = r->start, end = r->start + (size_t)r->count; k < end; k++)
      if (lp->work_index[lp->index[k]])
        lp->dense[(size_t)at * (size_t)*columns + (size_t)lp->work_index[lp->index[k]] - 1] = lp->value[k];
    at++;
  }
  return lp->dense;
}

/* Gaussian elimination with complete pivoting.  used_row[i], used_column[j] become 1 for those that got a pivot. */
static void eliminate(double *m, int rows, int columns, uint8_t *used_row, uint8_t *used_column) {
  for (;;) {
    int pi = -1, pj = -1;
    double best = 1e-6;
    for (int i = 0; i < rows; i++)
      for (int j = 0; !used_row[i] && j < columns; j++)
        if (!used_column[j] && fabs(m[(size_t)i * (size_t)columns + (size_t)j]) > best) {
          best = fabs(m[(size_t)i * (size_t)columns + (size_t)j]);
          pi = i;
          pj = j;
        }
    if (pi < 0 || rl_late(2.0 * rows * columns)) return;
    used_row[pi] = used_column[pj] = 1;
    const double *pivot = m + (size_t)pi * (size_t)columns;
    for (int i = 0; i < rows; i++) {
      double *row = m + (size_t)i * (size_t)columns, factor = row[pj] / pivot[pj];
      for (int j = 0; !used_row[i] && factor != 0 && j < columns; j++) row[j] -= factor * pivot[j];
    }
  }
}

/* The basis that the caller asked to start from, made regular: with the slacks of loose rows basic, it is so
 * where the tight rows' part over the basic columns is.  Columns that get no pivot there become nonbasic, rows
 * without one loose. */
static void start_basis(rl_lp *lp) {
  int rows = 0, columns = 0, at = 0;
  double *m = tight_matrix(lp, &rows, &columns);
  lp->started = 0;
  uint8_t *used = m ? rl_alloc((size_t)(rows + columns), 1) : NULL;
  if (!used) return;
  eliminate(m, rows, columns, used, used + rows);
  for (int j = 0; j < lp->columns; j++) {
    int place = lp->work_index[j + 1], state = lp->column[j].start;
    if (place) state = used[rows + place - 1] ? GLP_BS : GLP_NL;
    glp_set_col_stat(lp->prob, j + 1, state ? state : GLP_NL);
  }
  for (int i = 0; i < lp->rows; i++) {
    int tight = lp->row[i].begin && lp->row[i].begin != GLP_BS;
    glp_set_row_stat(lp->prob, i + 1, tight && used[at] ? lp->row[i].begin : GLP_BS);
    at += tight;
  }
  rl_free(used);
}

/* ---- solving ---------------------------------------------------------------- */

/* Multiply-adds of so many pivots. */
static double pivot_work(const rl_lp *lp, int pivots) { return 4.0 * lp->rows * lp->columns * (pivots + 1); }

/* Pivots between two looks at the clock. */
static int slice_of(const rl_lp *lp) {
  return (int)fmin(fmax(SLICE_WORK / ((double)lp->rows * lp->columns + 1), SHORT_SLICE), SLICE);
}

/* One run of the simplex, from the present basis; later attempts start afresh in ever more careful
 * ways.  The primal method is for a new objective at an old optimum; else columns are usually
 * bounded on both sides, hence any basis dual feasible. */
static void run_simplex(rl_lp *lp) {
  glp_smcp parm;
  glp_init_smcp(&parm);
  parm.msg_lev = GLP_MSG_OFF;
  int primal = lp->costs_changed && lp->warm && lp->columns < 4 * lp->rows;
  parm.meth = primal != (lp->attempt % 2 != 0) ? GLP_PRIMAL : GLP_DUALP;
  if (lp->attempt == 0) parm.r_test = GLP_RT_FLIP; /* long steps: one pivot passes many bounded columns */
  parm.tol_bnd = parm.tol_dj = lp->attempt < 2 ? feasibility : 1e-7;
  int slice = parm.it_lim = slice_of(lp);
  if (lp->attempt >= 3) glp_scale_prob(lp->prob, GLP_SF_AUTO);
  if (lp->attempt >= 2) glp_adv_basis(lp->prob, 0);
  else if (lp->attempt == 1) glp_std_basis(lp->prob);
  long limit = 2000 + 20L * (lp->rows + lp->columns);
  do {
    int before = glp_get_it_cnt(lp->prob), done;
    lp->code = glp_simplex(lp->prob, &parm);
    done = glp_get_it_cnt(lp->prob) - before;
    lp->pivots += done;
    limit -= done > 0 ? done : slice;
    if (rl_late(pivot_work(lp, done))) return;
  } while (lp->code == GLP_EITLIM && limit > 0);
}

/* Is column's or row's value within its bounds, relative to their size? */
static int within(double v, double lo, double hi) {
  return v >= lo - acceptable * (1 + fabs(lo)) && v <= hi + acceptable * (1 + fabs(hi));
}

static double row_activity(const rl_lp *lp, const lp_row *r) {
  double sum = 0;
  for (size_t k = r->start, end = r->start + (size_t)r->count; k < end; k++)
    sum += lp->value[k] * lp->column[lp->index[k] - 1].x;
  return sum;
}

/* Copy GLPK's optimum; 0 when it is not finite or misses a bound by far. */
static int take_optimum(rl_lp *lp) {
  glp_prob *p = lp->prob;
  lp->optimum = glp_get_obj_val(p);
  int good = isfinite(lp->optimum);
  for (int j = 0; j < lp->columns && good; j++) {
    lp_column *c = &lp->column[j];
    c->x = glp_get_col_prim(p, j + 1);
    c->dual = glp_get_col_dual(p, j + 1);
    c->state = (uint8_t)glp_get_col_stat(p, j + 1);
    good = isfinite(c->x) && isfinite(c->dual) && within(c->x, c->lo, c->hi);
  }
  for (int i = 0; i < lp->rows && good; i++) {
    lp_row *r = &lp->row[i];
    r->dual = glp_get_row_dual(p, i + 1);
    r->state = (uint8_t)glp_get_row_stat(p, i + 1);
    good = isfinite(r->dual) && within(row_activity(lp, r), r->lo, r->hi);
  }
  return good;
}

/* ---- Farkas rays ------------------------------------------------------------ */

/* Does y (1-based, over rows) prove emptiness?  Every feasible x has
 *   y.Ax <= sum_i max(y_i lo_i, y_i hi_i)   and   y.Ax >= min over the columns' bounds,
 * so a negative difference is a proof.  Entries that push on a missing bound are
 * set to zero.  On success the ray goes to row[].dual, the columns' part to column[].dual. */
static int ray_proves(rl_lp *lp, double *y) {
  double largest = 0, bound = 0, size = 0;
  for (int i = 1; i <= lp->rows; i++) {
    if (!isfinite(y[i])) return 0;
    largest = fmax(largest, fabs(y[i]));
  }
  if (largest == 0) return 0;
  for (int j = 0; j < lp->columns; j++) lp->column[j].dual = 0;
  for (int i = 1; i <= lp->rows; i++) {
    const lp_row *r = &lp->row[i - 1];
    double b = y[i] > 0 ? r->hi : r->lo;
    y[i] = isfinite(b) && fabs(y[i]) > 1e-13 * largest ? y[i] / largest : 0;
    if (y[i] == 0) continue;
    bound += y[i] * b;
    size += fabs(y[i] * b);
    for (size_t k = r->start, end = r->start + (size_t)r->count; k < end; k++)
      lp->column[lp->index[k] - 1].dual -= y[i] * lp->value[k];
  }
  for (int j = 0; j < lp->columns; j++) {
    lp_column *c = &lp->column[j];
    double b = c->dual > 0 ? c->hi : c->lo;
    if (!isfinite(b) && fabs(c->dual) < 1e-9) c->dual = 0;
    if (c->dual == 0) continue;
    bound += c->dual * b;
    size += fabs(c->dual * b);
  }
  if (!(bound < -1e-15 * size)) return 0;
  for (int i = 0; i < lp->rows; i++) lp->row[i].dual = y[i + 1];
  return 1;
}

/* y = B^-T c, c = -1 on the basic variables below their bound and 1 on those
 * above (only_worst: on the most violated alone): the gradient of the sum of
 * infeasibilities, which at the end of phase 1 is a Farkas ray; c = e_p at the
 * end of the dual simplex. */
static int basis_ray(rl_lp *lp, int only_worst) {
  glp_prob *p = lp->prob;
  double *c = lp->work, worst = 0;
  int m = lp->rows, at = 0;
  for (int k = 1; k <= m; k++) {
    int v = glp_get_bhead(p, k), j = v - m;
    double x = j > 0 ? glp_get_col_prim(p, j) : glp_get_row_prim(p, v);
    double lo = j > 0 ? lp->column[j - 1].lo : lp->row[v - 1].lo, hi = j > 0 ? lp->column[j - 1].hi : lp->row[v - 1].hi;
    double below = lo - x, above = x - hi, violation = fmax(below, above);
    c[k] = 0;
    if (violation <= feasibility * 0.5 * (1 + fabs(below > above ? lo : hi)) && !only_worst) continue;
    c[k] = below > above ? 1 : -1;
    if (violation > worst) worst = violation, at = k;
  }
  for (int k = 1; k <= m && only_worst; k++)
    if (k != at) c[k] = 0;
  if (!at) return 0;
  glp_btran(p, c);
  for (int i = 1; i <= m; i++) c[i] = -c[i];
  if (ray_proves(lp, c)) return 1;
  for (int i = 1; i <= m; i++) c[i] = -c[i];
  return ray_proves(lp, c);
}

/* The elastic problem: minimise the sum of p + q over lo <= A x + p - q <= hi,
 * p, q >= 0.  Always feasible; a positive optimum's row multipliers are a Farkas ray. */
static void build_elastic(rl_lp *lp) {
  if (!lp->elastic) lp->elastic = glp_create_prob();
  glp_erase_prob(lp->elastic);
  glp_prob *p = lp->elastic;
  int n = lp->columns, m = lp->rows;
  glp_set_obj_dir(p, GLP_MAX);
  if (n + 2 * m > 0) glp_add_cols(p, n + 2 * m);
  if (m > 0) glp_add_rows(p, m);
  for (int j = 0; j < n; j++) {
    const lp_column *c = &lp->column[j];
    glp_set_col_bnds(p, j + 1, bound_type(c->lo, c->hi), finite_or_zero(c->lo), finite_or_zero(c->hi));
  }
  for (int i = 0; i < m; i++) {
    const lp_row *r = &lp->row[i];
    int count = r->count;
    glp_set_row_bnds(p, i + 1, bound_type(r->lo, r->hi), finite_or_zero(r->lo), finite_or_zero(r->hi));
    for (int k = 0; k < count; k++) {
      lp->work_index[k + 1] = lp->index[r->start + (size_t)k];
      lp->work[k + 1] = lp->value[r->start + (size_t)k];
    }
    for (int k = 0; k < 2; k++) {
      int j = n + 2 * i + k + 1;
      glp_set_col_bnds(p, j, GLP_LO, 0, 0);
      glp_set_obj_coef(p, j, -1);
      lp->work_index[++count] = j;
      lp->work[count] = k ? -1 : 1;
    }
    glp_set_mat_row(p, i + 1, count, lp->work_index, lp->work);
  }
}

static int elastic_ray(rl_lp *lp) {
  build_elastic(lp);
  glp_smcp parm;
  glp_init_smcp(&parm);
  parm.msg_lev = GLP_MSG_OFF;
  parm.it_lim = slice_of(lp);
  glp_adv_basis(lp->elastic, 0);
  int limit = 2000 + 20 * (lp->rows + lp->columns), code = GLP_EITLIM;
  for (; code == GLP_EITLIM && limit > 0 && !rl_late(pivot_work(lp, parm.it_lim)); limit -= parm.it_lim)
    code = glp_simplex(lp->elastic, &parm);
  if (code != 0 || glp_get_status(lp->elastic) != GLP_OPT) return 0;
  for (int i = 1; i <= lp->rows; i++) lp->work[i] = glp_get_row_dual(lp->elastic, i);
  return ray_proves(lp, lp->work);
}

static void find_ray(rl_lp *lp) {
  int basis = glp_bf_exists(lp->prob) || glp_factorize(lp->prob) == 0;
  if (basis && (basis_ray(lp, 0) || basis_ray(lp, 1))) return;
  if (elastic_ray(lp)) return;
  for (int j = 0; j < lp->columns; j++) lp->column[j].dual = 0;
  for (int i = 0; i < lp->rows; i++) lp->row[i].dual = 0;
}

/* ---- the solve -------------------------------------------------------------- */

/* Classify the simplex's outcome; 0 when another attempt should be made. */
static int conclude(rl_lp *lp) {
  if (lp->code != 0) return 0;
  switch (glp_get_status(lp->prob)) {
    case GLP_OPT:
      lp->result = RL_LP_OPTIMAL;
      return take_optimum(lp);
    case GLP_NOFEAS:
      lp->result = RL_LP_INFEASIBLE;
      find_ray(lp);
      return 1;
    case GLP_UNBND:
      lp->result = RL_LP_UNBOUNDED;
      return 1;
    default:
      return 0;
  }
}

static void solve(rl_lp *lp) {
  for (lp->attempt = 0; lp->attempt < 4 && !rl_late(0); lp->attempt++) {
    update(lp);
    if (lp->started) start_basis(lp);
    run_simplex(lp);
    if (conclude(lp)) return;
    lp->retries++;
  }
  lp->result = RL_LP_TROUBLE;
}

rl_status rl_lp_solve(rl_lp *lp, rl_lp_result *result, rl_error *err) {
  lp->solves++;
  if (guarded(lp, solve)) {
    lp->retries++;
    if (guarded(lp, solve)) return rl_fail(err, RL_ENUMERIC, "GLPK failed: %s", complaint);
  }
  lp->costs_changed = 0;
  lp->warm = lp->result == RL_LP_OPTIMAL;
  *result = lp->result;
  return RL_OK;
}
