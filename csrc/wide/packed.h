/* L2: products of a matrix with RL_COLUMNS vectors at a time.
 *
 * One vector makes a product wait for memory: every weight is fetched for a single multiplication.  With several
 * columns each fetched weight is used as often, and RL_PANEL rows together keep as many sums in registers (Goto and
 * van de Geijn 2008, in its smallest form).  Weights lie in the order in which they are read; columns in which a
 * panel's rows are all zero are left out, so that sparse layers cost what they hold.
 *
 * An array of columns holds for each entry its RL_COLUMNS values one after the other. */
#ifndef RL_PACKED_H
#define RL_PACKED_H

#include "core/core.h"
#include "core/vector.h"

#ifdef __AVX512F__
enum { RL_COLUMNS = 8, RL_PANEL = 12 };
#else
enum { RL_COLUMNS = 8, RL_PANEL = 6 };
#endif

typedef struct rl_packed {
  int rows, columns, panels;
  int *first;     /* panels + 1: where a panel's columns begin in `column` */
  int *column;    /* which columns a panel reads */
  double *weight; /* RL_PANEL for each of them */
  void *block;
} rl_packed;

/* A row of the matrix, [columns]; scratch[columns] may hold it.  Valid until the next call. */
typedef const double *rl_packed_row(const void *context, int row, double *scratch);

/* Rows, padded to a multiple of RL_PANEL. */
static inline int rl_panel_rows(int rows) { return (rows + RL_PANEL - 1) / RL_PANEL * RL_PANEL; }

/* forward: the matrix; back: its transpose.  Both are empty on failure. */
rl_status rl_packed_create(rl_packed *forward, rl_packed *back, int rows, int columns, rl_packed_row *row,
                           const void *context, rl_error *err);
void rl_packed_free(rl_packed *packed); /* zeroed is fine */

/* y = matrix x, for arrays of columns: x of `columns` entries, y of rl_panel_rows(rows). */
void rl_packed_multiply(const rl_packed *packed, const double *x, double *y);

/* Doubles, count of them 0, on a boundary that vectors like; *block is what to free. */
double *rl_aligned(size_t count, void **block);

#endif
