/* L2: an exact simplex; see dictionary.h. */
#include "exact/dictionary.h"

#include "exact/dyadic.h"

mpz_t *rl_dictionary_row(const rl_dictionary *d, int row) { return d->entry + (size_t)row * (size_t)(d->width + 1); }

void rl_dictionary_free(rl_dictionary *d) {
  rl_integers_free(d->entry, (size_t)d->room * (size_t)(d->width + 1));
  rl_free(d->basic);
  rl_free(d->nonbasic);
  rl_free(d->flipped);
  mpz_clears(d->denominator, d->old, d->product, NULL);
}

rl_status rl_dictionary_make(rl_dictionary *d, int columns, int room, rl_error *err) {
  *d = (rl_dictionary){.columns = columns, .width = columns + 2, .room = room, .slip = columns, .level = columns + 1};
  mpz_inits(d->denominator, d->old, d->product, NULL);
  mpz_set_ui(d->denominator, 1);
  d->entry = rl_integers_make((size_t)room * (size_t)(d->width + 1));
  d->basic = rl_alloc((size_t)room, sizeof *d->basic);
  d->nonbasic = rl_alloc((size_t)d->width, sizeof *d->nonbasic);
  d->flipped = rl_alloc((size_t)columns, 1);
  if (!d->entry || !d->basic || !d->nonbasic || !d->flipped) {
    if (!d->entry) d->room = 0;
    rl_dictionary_free(d);
    return rl_fail_memory(err);
  }
  for (int j = 0; j < d->width; j++) d->nonbasic[j] = j;
  return RL_OK;
}

/* Integer-preserving exchange of row r's basic with column s's nonbasic variable:
 * e_ij <- (e_ij p - e_is e_rj) / D, an exact division; then D = |p|. */
void rl_dictionary_pivot(rl_dictionary *d, int r, int s) {
  mpz_t *from = rl_dictionary_row(d, r), *p = &from[s + 1];
  for (int i = 0; i < d->rows; i++) {
    mpz_t *e = rl_dictionary_row(d, i);
    if (i == r) continue;
    int coupled = mpz_sgn(e[s + 1]) != 0;
    for (int j = 0; j <= d->width; j++) {
      if (j == s + 1 || (mpz_sgn(e[j]) == 0 && (!coupled || mpz_sgn(from[j]) == 0))) continue;
      mpz_mul(d->product, e[j], *p);
      if (coupled) mpz_submul(d->product, e[s + 1], from[j]);
      mpz_divexact(e[j], d->product, d->denominator);
    }
  }
  for (int j = 0; j <= d->width; j++)
    if (j != s + 1) mpz_neg(from[j], from[j]);
  mpz_swap(*p, d->denominator);
  if (mpz_sgn(d->denominator) < 0) {
    mpz_neg(d->denominator, d->denominator);
    for (int i = 0; i < d->rows; i++)
      for (int j = 0; j <= d->width; j++) mpz_neg(rl_dictionary_row(d, i)[j], rl_dictionary_row(d, i)[j]);
  }
  int v = d->basic[r];
  d->basic[r] = d->nonbasic[s];
  d->nonbasic[s] = v;
  d->pivots++;
}

void rl_dictionary_flip(rl_dictionary *d, int s) {
  for (int i = 0; i < d->rows; i++) {
    mpz_t *e = rl_dictionary_row(d, i);
    mpz_add(e[0], e[0], e[s + 1]);
    mpz_neg(e[s + 1], e[s + 1]);
  }
  d->flipped[d->nonbasic[s]] ^= 1;
}

/* Replace the basic input u of row r by 1 - u. */
static void flip_row(rl_dictionary *d, int r) {
  mpz_t *e = rl_dictionary_row(d, r);
  for (int j = 0; j <= d->width; j++) mpz_neg(e[j], e[j]);
  mpz_add(e[0], e[0], d->denominator);
  d->flipped[d->basic[r]] ^= 1;
}

/* The ratio test: how far may column s's variable grow?  *row: the row that
 * stops it, -1 its own bound, -2 nothing; *upper: the row stops at u = 1. */
static void ratio_test(rl_dictionary *d, int s, int *row, int *upper, mpz_t best, mpz_t best_rate) {
  *row = -2;
  if (d->nonbasic[s] < d->columns) { /* own bound: step 1 = 1 / 1 */
    *row = -1;
    mpz_set_ui(best, 1);
    mpz_set_ui(best_rate, 1);
  }
  for (int i = d->free_rows; i < d->rows; i++) {
    mpz_t *e = rl_dictionary_row(d, i);
    int v = d->basic[i], sign = mpz_sgn(e[s + 1]);
    if (v == d->level || sign == 0 || (sign > 0 && v >= d->columns)) continue;
    if (sign > 0) mpz_sub(d->old, d->denominator, e[0]);
    else mpz_set(d->old, e[0]);
    /* step = old / |e_s|; compare old * best_rate with best * |e_s| */
    int order = -1;
    if (*row != -2) {
      mpz_mul(d->old, d->old, best_rate);
      mpz_mul(d->product, best, e[s + 1]);
      order = mpz_cmpabs(d->old, d->product);
    }
    int tie = order == 0 && *row >= 0 && d->basic[*row] != d->slip && (v == d->slip || v < d->basic[*row]);
    if (order > 0 || (order == 0 && !tie)) continue;
    *row = i;
    *upper = sign > 0;
    if (sign > 0) mpz_sub(best, d->denominator, e[0]);
    else mpz_set(best, e[0]);
    mpz_abs(best_rate, e[s + 1]);
  }
}

/* The entering column that improves row `goal` (direction 1: raise it, -1: lower
 * it): the steepest, or, after a run of degenerate pivots, the one of lowest
 * number (Bland), which cannot cycle. */
static int entering(const rl_dictionary *d, int goal, int direction) {
  const mpz_t *e = (const mpz_t *)rl_dictionary_row(d, goal);
  int best = -1, bland = d->degenerate > 12;
  for (int j = 0; j < d->width; j++) {
    int v = d->nonbasic[j];
    if (v == d->slip || v == d->level || mpz_sgn(e[j + 1]) != direction) continue;
    if (best < 0 || (bland ? v < d->nonbasic[best] : mpz_cmpabs(e[j + 1], e[best + 1]) > 0)) best = j;
  }
  return best;
}

int rl_dictionary_find(const rl_dictionary *d, int variable) {
  for (int i = 0; i < d->rows; i++)
    if (d->basic[i] == variable) return i;
  return -1;
}

int rl_dictionary_optimise(rl_dictionary *d, int variable, int direction, long max_pivots) {
  mpz_t best, rate;
  mpz_inits(best, rate, NULL);
  int goal, s, gave_up = 0;
  d->degenerate = 0;
  while ((goal = rl_dictionary_find(d, variable)) >= 0 && (s = entering(d, goal, direction)) >= 0) {
    if (max_pivots > 0 && d->pivots >= max_pivots) {
      gave_up = 1;
      break;
    }
    int row, upper = 0;
    ratio_test(d, s, &row, &upper, best, rate);
    d->degenerate = mpz_sgn(best) == 0 ? d->degenerate + 1 : 0;
    if (row == -2) { /* cannot happen: all inputs are bounded */
      gave_up = 1;
      break;
    }
    if (row == -1) {
      rl_dictionary_flip(d, s);
      continue;
    }
    if (upper) flip_row(d, row);
    rl_dictionary_pivot(d, row, s);
  }
  mpz_clears(best, rate, NULL);
  return gave_up;
}
