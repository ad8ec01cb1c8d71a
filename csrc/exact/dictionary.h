/* L2: an exact simplex: integers over one common denominator.
 *
 * Edmonds' integer-preserving pivoting: every entry is a minor of the first
 * dictionary, all divisions are exact, no fractions are formed. */
#ifndef RL_DICTIONARY_H
#define RL_DICTIONARY_H

#include <gmp.h>

#include "core/core.h"

/* Variables are numbered: 0..columns-1 the inputs u_j in [0, 1] that are not fixed,
 * then `slip` (the phase-1 violation), `level` (the t to be maximised), then one
 * slack >= 0 per row.  A basic variable i is
 *   (entry[i][0] + sum_j entry[i][j+1] * nonbasic_j) / denominator,
 * every nonbasic being 0; an input at its upper bound is replaced by 1 - u. */
typedef struct rl_dictionary {
  int columns, width; /* inputs; nonbasic columns = inputs + 2 */
  int rows, room;
  mpz_t *entry; /* room x (width + 1) */
  int *basic;   /* room: variable of each row */
  int *nonbasic; /* width: variable of each column */
  int8_t *flipped; /* columns: 1 - u stands for u */
  mpz_t denominator, old, product;
  int slip, level;      /* their variable numbers */
  int free_rows;        /* rows before this one may take any value (targets in phase 1) */
  int degenerate;       /* pivots in a row without progress */
  long pivots;
} rl_dictionary;

/* All entries 0, denominator 1, no rows; the columns are the inputs, slip and level in this order. */
rl_status rl_dictionary_make(rl_dictionary *d, int columns, int room, rl_error *err);
void rl_dictionary_free(rl_dictionary *d);

mpz_t *rl_dictionary_row(const rl_dictionary *d, int row);
/* The row in which the variable is basic, or -1. */
int rl_dictionary_find(const rl_dictionary *d, int variable);
/* Exchange the basic variable of row r with the nonbasic one of column s; their entry is not 0. */
void rl_dictionary_pivot(rl_dictionary *d, int r, int s);
/* Replace the nonbasic input u of column s by 1 - u, which moves it to its other bound. */
void rl_dictionary_flip(rl_dictionary *d, int s);
/* From a feasible dictionary move basic `variable` up (direction 1) or down (-1) as far as it goes,
 * or until it leaves the basis.  1: gave up after max_pivots (0: no limit). */
int rl_dictionary_optimise(rl_dictionary *d, int variable, int direction, long max_pivots);

#endif
