/* L2: integer solutions of linear equations (see lattice.h). */
#include "exact/lattice.h"

#include "exact/dyadic.h"

/* Passes of shortening, and of moving, at most. */
enum { PASSES = 64 };

typedef struct lattice {
  int n, count, rank;
  mpz_t *rows;      /* count x (n + 1): A U so far, and b */
  mpz_t *U;         /* n x n by columns: U[j n + i] */
  const int *shift; /* n */
  mpz_t quotient, product, square;
} lattice;

static mpz_t *row_at(const lattice *l, int i) { return l->rows + (size_t)i * ((size_t)l->n + 1); }
static mpz_t *column(const lattice *l, int j) { return l->U + (size_t)j * (size_t)l->n; }

/* Column j of A U and of U less quotient times column k. */
static void subtract_column(lattice *l, int j, int k) {
  for (int i = 0; i < l->count; i++) mpz_submul(row_at(l, i)[j], l->quotient, row_at(l, i)[k]);
  for (int i = 0; i < l->n; i++) mpz_submul(column(l, j)[i], l->quotient, column(l, k)[i]);
}

static void swap_columns(lattice *l, int j, int k) {
  for (int i = 0; i < l->count; i++) mpz_swap(row_at(l, i)[j], row_at(l, i)[k]);
  for (int i = 0; i < l->n; i++) mpz_swap(column(l, j)[i], column(l, k)[i]);
}

/* The smallest entry of row i from column `rank` on that is not 0; -1: none.  *others: there are more. */
static int smallest(const lattice *l, int i, int *others) {
  int best = -1;
  *others = 0;
  for (int j = l->rank; j < l->n; j++) {
    if (mpz_sgn(row_at(l, i)[j]) == 0) continue;
    *others |= best >= 0;
    if (best < 0 || mpz_cmpabs(row_at(l, i)[j], row_at(l, i)[best]) < 0) best = j;
  }
  return best;
}

/* Leave one entry of row i from column `rank` on, there; 0: there is none. */
static int eliminate(lattice *l, int i) {
  int others, pivot;
  while ((pivot = smallest(l, i, &others)) >= 0 && others)
    for (int j = l->rank; j < l->n; j++) {
      if (j == pivot) continue;
      mpz_tdiv_q(l->quotient, row_at(l, i)[j], row_at(l, i)[pivot]);
      subtract_column(l, j, pivot);
    }
  if (pivot < 0) return 0;
  swap_columns(l, pivot, l->rank);
  return 1;
}

/* x = U y with L y = b, row by row; 0: there is no integral y. */
static int particular(lattice *l, mpz_t *x) {
  for (int i = 0; i < l->count; i++) {
    int pivot = eliminate(l, i);
    mpz_t *row = row_at(l, i), *rest = &row[l->n];
    if (!pivot && mpz_sgn(*rest) != 0) return 0;
    if (!pivot) continue;
    if (!mpz_divisible_p(*rest, row[l->rank])) return 0;
    mpz_divexact(l->quotient, *rest, row[l->rank]);
    for (int k = 0; k < l->count; k++) mpz_submul(row_at(l, k)[l->n], l->quotient, row_at(l, k)[l->rank]);
    for (int k = 0; k < l->n; k++) mpz_addmul(x[k], l->quotient, column(l, l->rank)[k]);
    l->rank++;
  }
  return 1;
}

/* result = sum_j 4^shift_j a_j b_j. */
static void scalar_product(lattice *l, mpz_t result, mpz_t *a, mpz_t *b) {
  mpz_set_ui(result, 0);
  for (int j = 0; j < l->n; j++) {
    mpz_mul(l->product, a[j], b[j]);
    mpz_mul_2exp(l->product, l->product, 2 * (mp_bitcnt_t)l->shift[j]);
    mpz_add(result, result, l->product);
  }
}

/* The multiple of b nearest to a, rounded: the quotient. */
static int nearest_multiple(lattice *l, mpz_t *a, mpz_t *b) {
  scalar_product(l, l->square, b, b);
  scalar_product(l, l->quotient, a, b);
  mpz_mul_2exp(l->quotient, l->quotient, 1);
  mpz_add(l->quotient, l->quotient, l->square);
  mpz_mul_2exp(l->square, l->square, 1);
  mpz_fdiv_q(l->quotient, l->quotient, l->square);
  return mpz_sgn(l->quotient) != 0;
}

/* Shorten the kernel's basis in pairs. */
static void shorten(lattice *l) {
  for (int pass = 0, changed = 1; pass < PASSES && changed; pass++) {
    changed = 0;
    for (int j = l->rank; j < l->n; j++)
      for (int k = l->rank; k < l->n; k++) {
        if (j == k || !nearest_multiple(l, column(l, j), column(l, k))) continue;
        subtract_column(l, j, k);
        changed = 1;
      }
  }
}

/* Move x along the kernel towards the target, which becomes what is left to it. */
static void approach(lattice *l, mpz_t *target, mpz_t *x) {
  for (int j = 0; j < l->n; j++) mpz_sub(target[j], target[j], x[j]);
  for (int pass = 0, changed = 1; pass < PASSES && changed; pass++) {
    changed = 0;
    for (int k = l->rank; k < l->n; k++) {
      if (!nearest_multiple(l, target, column(l, k))) continue;
      for (int j = 0; j < l->n; j++) {
        mpz_submul(target[j], l->quotient, column(l, k)[j]);
        mpz_addmul(x[j], l->quotient, column(l, k)[j]);
      }
      changed = 1;
    }
  }
}

rl_status rl_lattice_near(int n, int count, mpz_t *rows, const int *shift, mpz_t *target, mpz_t *x, int *found,
                          rl_error *err) {
  lattice l = {.n = n, .count = count, .rows = rows, .shift = shift};
  l.U = rl_integers_make((size_t)n * (size_t)n);
  if (!l.U) return rl_fail_memory(err);
  mpz_inits(l.quotient, l.product, l.square, NULL);
  for (int j = 0; j < n; j++) {
    mpz_set_ui(column(&l, j)[j], 1);
    mpz_set_ui(x[j], 0);
  }
  *found = particular(&l, x);
  if (*found) {
    shorten(&l);
    approach(&l, target, x);
  }
  mpz_clears(l.quotient, l.product, l.square, NULL);
  rl_integers_free(l.U, (size_t)n * (size_t)n);
  return RL_OK;
}
