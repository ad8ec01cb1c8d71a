/* L2: linear programs.  The only interface to the LP solver (GLPK); lp.c is the
 * only file that includes glpk.h.
 *
 *   maximise  obj.x + constant   subject to  row_lo <= A x <= row_hi,  lo <= x <= hi
 *
 * Nothing here is rigorous: values and multipliers are as the floating-point
 * solver gives them.  Callers that claim something recompute it (dual.h).
 * All indices are 0-based.  One rl_lp belongs to one thread. */
#ifndef RL_LP_H
#define RL_LP_H

#include "core/core.h"

typedef struct rl_lp rl_lp;

typedef enum rl_lp_result { RL_LP_OPTIMAL, RL_LP_INFEASIBLE, RL_LP_UNBOUNDED, RL_LP_TROUBLE } rl_lp_result;

rl_status rl_lp_create(rl_lp **out, rl_error *err);
void rl_lp_release(rl_lp *lp);

/* Remove all rows and columns. */
rl_status rl_lp_clear(rl_lp *lp, rl_error *err);
/* Append `count` columns with bounds 0..0 and objective 0 / rows, free and empty. */
rl_status rl_lp_add_columns(rl_lp *lp, int count, rl_error *err);
rl_status rl_lp_add_rows(rl_lp *lp, int count, rl_error *err);
int rl_lp_columns(const rl_lp *lp);
int rl_lp_rows(const rl_lp *lp);
/* Numbers beyond RL_LP_LARGEST (but infinite bounds) are refused with RL_ENUMERIC: GLPK multiplies up to four of them,
 * and takes what overflows for an index.  Coefficients below 1 / RL_LP_LARGEST count as zeros. */
#define RL_LP_LARGEST 1e75
/* Bounds may be infinite; lo <= hi. */
rl_status rl_lp_column_bounds(rl_lp *lp, int column, double lo, double hi, rl_error *err);
rl_status rl_lp_row_bounds(rl_lp *lp, int row, double lo, double hi, rl_error *err);
/* Coefficients of a row: count distinct columns; zeros are dropped. */
rl_status rl_lp_row(rl_lp *lp, int row, int count, const int *columns, const double *values, rl_error *err);
rl_status rl_lp_objective(rl_lp *lp, int column, double value, rl_error *err);
rl_status rl_lp_delete_last_rows(rl_lp *lp, int count, rl_error *err);
/* Solve from the current basis (simplex, no presolve, iteration slices).  Where time is up (rl_late): RL_LP_TROUBLE. */
rl_status rl_lp_solve(rl_lp *lp, rl_lp_result *result, rl_error *err);
/* After OPTIMAL. */
double rl_lp_value(const rl_lp *lp);
double rl_lp_column_value(const rl_lp *lp, int column);
/* After OPTIMAL: dual multiplier of a row (>= 0 pushes on row_hi, <= 0 on row_lo: the derivative of the
 * maximum by that bound).  After INFEASIBLE: a Farkas ray over rows, in the same sign convention
 * (sum_i y_i * bound_i + column part < 0 shows emptiness); all zero when none could be had. */
double rl_lp_row_dual(const rl_lp *lp, int row);
double rl_lp_column_dual(const rl_lp *lp, int column);
/* State of a column / row in the final basis, for the start of a later LP: opaque, never 0. */
int rl_lp_column_state(const rl_lp *lp, int column);
int rl_lp_row_state(const rl_lp *lp, int row);
/* Where the next solve starts: states from an LP that this one resembles; 0 (new): a column nonbasic, a row
 * basic.  A basis of the wrong size is mended; a useless one costs pivots, nothing else. */
void rl_lp_start_column(rl_lp *lp, int column, int state);
void rl_lp_start_row(rl_lp *lp, int row, int state);
long rl_lp_pivots(const rl_lp *lp); /* iterations in all */
long rl_lp_retries(const rl_lp *lp);
long rl_lp_solves(const rl_lp *lp);

#endif
