/* L2: inside a linear program: the handle's own copy of the problem, and what lp.c keeps of GLPK. */
#ifndef RL_LP_PROBLEM_H
#define RL_LP_PROBLEM_H

#include "lp/lp.h"

/* What of a column or row has changed since GLPK was told. */
enum { DIRTY_BOUNDS = 1, DIRTY_ENTRIES = 2, DIRTY_COST = 4, DIRTY_ALL = 7 };

struct glp_prob;

typedef struct lp_column {
  double lo, hi, cost, x, dual;
  uint8_t dirty, state, start; /* state: GLPK's status in the final basis; start: that of the next, 0: new */
} lp_column;

typedef struct lp_row {
  double lo, hi, dual;
  size_t start;       /* first entry in index[], value[] */
  int count, reserve; /* entries used and room for entries */
  uint8_t dirty, state, begin; /* as a column's state and start */
} lp_row;

struct rl_lp {
  lp_column *column;
  lp_row *row;
  int columns, column_room, rows, row_room;
  int *index; /* entries: 1-based column (as GLPK wants them) */
  double *value;
  size_t entries, entry_room;
  int *mark; /* per column: last row stamp that named it */
  int stamp;
  double *work; /* 1-based scratch, rows + columns + 1 */
  int *work_index;
  double *dense; /* scratch of start_basis */
  size_t dense_room;
  int work_room;
  struct glp_prob *prob, *elastic; /* of the thread's environment `generation`, else stale */
  unsigned long generation;
  int live_columns, live_rows; /* leading columns and rows that prob has */
  int costs_changed;           /* since the last solve */
  int started;                 /* columns and rows say where the next solve starts */
  int warm;                    /* the last solve found an optimum, whose basis is at hand */
  int code, attempt;           /* in and out of the guarded functions */
  rl_lp_result result;
  double optimum;
  long pivots, retries, solves;
};

#endif
