/* L2: exact values at points (see exact.h); programs are in program.c and flat.c. */
#include "exact/exact.h"

#include "exact/maps.h"

int rl_exact_row(int n, const double *a, const double *x, double b) {
  int scale = rl_dyadic_lowest(1, &b, rl_dyadic_lowest((size_t)n, a, 0) + rl_dyadic_lowest((size_t)n, x, 0));
  mpz_t sum, term, factor;
  mpz_inits(sum, term, factor, NULL);
  rl_dyadic_set(sum, -b, scale);
  for (int j = 0; j < n; j++) {
    int e, f;
    mpz_set_si(term, rl_dyadic_split(a[j], &e));
    mpz_set_si(factor, rl_dyadic_split(x[j], &f));
    mpz_mul(term, term, factor);
    if (mpz_sgn(term) == 0) continue;
    mpz_mul_2exp(term, term, (mp_bitcnt_t)(e + f - scale));
    mpz_add(sum, sum, term);
  }
  int sign = mpz_sgn(sum);
  mpz_clears(sum, term, factor, NULL);
  return sign;
}

static rl_status point_forms(rl_maps *f, int n, const double *x, rl_error *err) {
  for (int j = 0; j < n; j++)
    if (!isfinite(x[j])) return rl_fail(err, RL_EINPUT, "input %d is %g", j, x[j]);
  rl_status status = rl_maps_make(f, n, 1, err);
  if (status != RL_OK) return status;
  f->scale = rl_dyadic_lowest((size_t)n, x, 0);
  for (int j = 0; j < n; j++) rl_dyadic_set(rl_map_at(f, j)[0], x[j], f->scale);
  return RL_OK;
}

static void take_sign(void *context, int neuron, const rl_maps *f, int i) {
  ((int8_t *)context)[neuron] = (int8_t)mpz_sgn(rl_map_at(f, i)[0]);
}

rl_status rl_exact_signs(const rl_network *net, const double *x, int8_t *out, rl_error *err) {
  rl_maps in, y;
  rl_status status = point_forms(&in, net->sizes[0], x, err);
  if (status != RL_OK) return status;
  status = rl_maps_propagate(&y, net, &in, NULL, take_sign, out, err);
  if (status == RL_OK) rl_maps_free(&y);
  rl_maps_free(&in);
  return status;
}

rl_status rl_exact_value(const rl_network *net, const rl_property *target, int clause, const double *x, int *sign,
                         double *value, rl_error *err) {
  rl_maps in, y;
  rl_status status = point_forms(&in, net->sizes[0], x, err);
  if (status != RL_OK) return status;
  status = rl_maps_propagate(&y, net, &in, NULL, NULL, NULL, err);
  if (status == RL_OK) {
    mpz_t row;
    mpq_t least, q;
    mpz_init(row);
    mpq_inits(least, q, NULL);
    for (int r = target->first[clause]; r < target->first[clause + 1]; r++) {
      int scale;
      rl_map_target_row(&row, &scale, target, r, &in, &y);
      rl_exact_scaled(q, row, scale);
      if (r == target->first[clause] || mpq_cmp(q, least) < 0) mpq_set(least, q);
    }
    *sign = mpq_sgn(least);
    *value = rl_exact_round(least, RL_DOWN);
    mpz_clear(row);
    mpq_clears(least, q, NULL);
    rl_maps_free(&y);
  }
  rl_maps_free(&in);
  return status;
}
