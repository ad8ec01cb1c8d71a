/* L2: inputs of doubles in sets that lie on a plane (see rl_exact_flat in exact.h): which rows are equations is found
 * by the largest margin, which is 0 as long as one is left; their solutions near a point in the middle by lattice.h. */
#include <math.h>

#include "exact/lattice.h"
#include "exact/program.h"

static void include_exponent(int *least, int exponent) {
  if (exponent < *least) *least = exponent;
}

/* The flat rows, which come last, as equations over the inputs that vary, these in units of 2^scale[k]:
 * sum_k row[k] X_k = row[columns].  In  e_0 + sum e_k (x_k - lo_k) / (hi_k - lo_k) = 0  each e_k is a multiple of its
 * width, but for powers of two: the row was made from one over x.  0: it is not. */
static int equations_of(rl_program *l, const int *scale, mpz_t *rows) {
  rl_dictionary *d = &l->d;
  int count = d->rows - d->free_rows, least = 0, good = 1;
  for (int j = 0; j < l->net->sizes[0]; j++) { /* the least exponent of a coefficient */
    int k = l->column[j];
    if (k < 0) continue;
    int twos = (int)mpz_scan1(rl_map_at(&l->x, j)[k + 1], 0);
    include_exponent(&least, -twos);
    include_exponent(&least, scale[k] - l->x.scale - twos);
  }
  for (int i = 0; i < count; i++) {
    mpz_t *e = rl_dictionary_row(d, d->free_rows + i), *row = rows + (size_t)i * ((size_t)d->columns + 1);
    mpz_neg(row[d->columns], e[0]);
    mpz_mul_2exp(row[d->columns], row[d->columns], (mp_bitcnt_t)-least);
    for (int j = 0; j < l->net->sizes[0]; j++) {
      int k = l->column[j];
      if (k < 0) continue;
      mpz_t *x = rl_map_at(&l->x, j);
      int twos = (int)mpz_scan1(x[k + 1], 0);
      mpz_tdiv_q_2exp(l->low, x[k + 1], (mp_bitcnt_t)twos); /* the width, odd */
      good &= mpz_divisible_p(e[k + 1], l->low) != 0;
      mpz_tdiv_q(row[k], e[k + 1], l->low); /* times 2^-twos: the coefficient of x_k / 2^(the forms' scale) */
      mpz_mul(l->high, row[k], x[0]);
      mpz_mul_2exp(l->high, l->high, (mp_bitcnt_t)(-twos - least));
      mpz_add(row[d->columns], row[d->columns], l->high);
      mpz_mul_2exp(row[k], row[k], (mp_bitcnt_t)(scale[k] - l->x.scale - twos - least));
    }
  }
  return good;
}

/* The exponent of the grid on which numbers about as large as v, of [lo, hi], are doubles. */
static int grid_of(double v, double lo, double hi) {
  int exponent;
  frexp(v != 0 ? v : fmax(fabs(lo), fabs(hi)) / 256, &exponent);
  return exponent < -1021 ? -1074 : exponent - 53;
}

/* X in units of 2^scale as doubles of the box. */
static int take_grid_point(const rl_program *l, const int *scale, mpz_t *X, double *x) {
  for (int j = 0; j < l->net->sizes[0]; j++) {
    int k = l->column[j];
    if (k < 0) continue;
    if (mpz_sizeinbase(X[k], 2) > 53) return 0;
    x[j] = ldexp(mpz_get_d(X[k]), scale[k]);
    if (!(x[j] >= l->lo[j] && x[j] <= l->hi[j])) return 0;
  }
  return 1;
}

/* The grids near x, and x on them. */
static void place_target(const rl_program *l, const double *x, int *scale, int *shift, mpz_t *target) {
  int least = 0;
  for (int j = 0; j < l->net->sizes[0]; j++) {
    int k = l->column[j];
    if (k < 0) continue;
    scale[k] = grid_of(x[j], l->lo[j], l->hi[j]);
    mpz_set_d(target[k], rint(ldexp(x[j], -scale[k])));
    if (k == 0 || scale[k] < least) least = scale[k];
  }
  for (int k = 0; k < l->d.columns; k++) shift[k] = scale[k] - least;
}

/* Doubles near x on the leaf's flat rows. */
static rl_status round_flat(rl_program *l, double *x, int *found, rl_error *err) {
  size_t columns = (size_t)l->d.columns, count = (size_t)(l->d.rows - l->d.free_rows), size = count * (columns + 1);
  int *scale = rl_alloc(columns, sizeof *scale), *shift = rl_alloc(columns, sizeof *shift);
  mpz_t *equations = rl_integers_make(size), *target = rl_integers_make(columns), *X = rl_integers_make(columns);
  rl_status status = scale && shift && equations && target && X ? RL_OK : rl_fail_memory(err);
  *found = 0;
  if (!status) {
    place_target(l, x, scale, shift, target);
    if (equations_of(l, scale, equations))
      status = rl_lattice_near((int)columns, (int)count, equations, shift, target, X, found, err);
    if (!status && *found) *found = take_grid_point(l, scale, X, x);
  }
  if (equations) rl_integers_free(equations, size);
  if (target) rl_integers_free(target, columns);
  if (X) rl_integers_free(X, columns);
  rl_free(scale);
  rl_free(shift);
  return status;
}

/* Mark the rows and ends that hold the smallest margin at 0: they are 0 all over the set.  Returns how many are news.
 */
static int mark_flat(const rl_program *l, uint8_t *flat) {
  int news = 0;
  for (int i = 0; i < l->tights; i++) {
    if (flat[l->tight[i]]) continue;
    flat[l->tight[i]] = 1;
    news++;
  }
  return news;
}

/* x: where the smallest margin of the rows that are not flat is largest.  *sign: that margin's. */
static int find_middle(rl_program *l, long max_pivots, double *x, int *sign) {
  int goals = l->d.free_rows, x_exact = 0;
  double value = 0;
  *sign = 1;
  if (rl_program_solve(l, max_pivots) != RL_EXACT_MAXIMUM) return 0;
  rl_program_point(l, x, &x_exact);
  if (goals > 0) rl_program_maximum(l, sign, &value);
  return 1;
}

rl_status rl_exact_flat(const rl_network *net, const rl_domain *domain, const double *lo, const double *hi,
                        const int8_t *signs, const uint8_t *impose, const rl_property *target, int clause,
                        long max_pivots, double *x, int *found, rl_error *err) {
  size_t ids = (size_t)(2 * domain->n + domain->rows + net->neurons + rl_property_rows(target, clause));
  uint8_t *flat = rl_alloc(ids, 1);
  int *tight = rl_alloc(ids + (size_t)domain->n + 2, sizeof *tight), sign = 0, more = 1, flats = 0;
  rl_status status = flat && tight ? RL_OK : rl_fail_memory(err);
  *found = 0;
  while (!status && more) {
    rl_program l = {.net = net, .lo = lo, .hi = hi, .signs = signs, .impose = impose, .tight = tight, .with_bounds = 1};
    status = rl_program_make(&l, domain, target, clause, err);
    if (status) break;
    rl_program_append_bounds(&l);
    rl_program_append_margins(&l, flat);
    if (sign > 0) { /* again, for the rows as they were */
      status = round_flat(&l, x, found, err);
      more = 0;
    } else {
      more = find_middle(&l, max_pivots, x, &sign) && sign >= 0;
      if (more && sign == 0) more = mark_flat(&l, flat);
      flats += more;
      if (sign > 0) more = flats > 1;
    }
    rl_program_release(&l);
  }
  rl_free(flat);
  rl_free(tight);
  return status;
}
