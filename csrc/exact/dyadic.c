/* L2: doubles as integers (see dyadic.h). */
#include "exact/dyadic.h"

#include <math.h>

mpz_t *rl_integers_make(size_t count) {
  mpz_t *z = rl_alloc(count, sizeof *z);
  for (size_t i = 0; z && i < count; i++) mpz_init(z[i]);
  return z;
}

void rl_integers_free(mpz_t *z, size_t count) {
  for (size_t i = 0; z && i < count; i++) mpz_clear(z[i]);
  rl_free(z);
}

int64_t rl_dyadic_split(double v, int *exponent) {
  int e;
  int64_t m = (int64_t)ldexp(frexp(v, &e), 53);
  if (m == 0) return *exponent = 0;
  int zeros = __builtin_ctzll((unsigned long long)m);
  *exponent = e - 53 + zeros;
  return m >> zeros;
}

int rl_dyadic_lowest(size_t count, const double *v, int so_far) {
  for (size_t i = 0; i < count; i++) {
    int e;
    if (rl_dyadic_split(v[i], &e) != 0 && e < so_far) so_far = e;
  }
  return so_far;
}

void rl_dyadic_set(mpz_t z, double v, int scale) {
  int e;
  mpz_set_si(z, rl_dyadic_split(v, &e));
  if (e > scale) mpz_mul_2exp(z, z, (mp_bitcnt_t)(e - scale));
}

void rl_dyadic_add_product(mpz_t *target, int target_scale, double w, mpz_t *source, int source_scale, int length,
                           mpz_t factor) {
  int e;
  mpz_set_si(factor, rl_dyadic_split(w, &e));
  if (mpz_sgn(factor) == 0) return;
  mpz_mul_2exp(factor, factor, (mp_bitcnt_t)(e + source_scale - target_scale));
  for (int j = 0; j < length; j++)
    if (mpz_sgn(source[j]) != 0) mpz_addmul(target[j], factor, source[j]);
}
