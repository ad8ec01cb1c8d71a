/* L2: doubles as integers.
 *
 * A double is an integer times a power of two.  Sums and products of doubles are integers over a common power of two:
 * forms with such coefficients are kept as integers with one exponent for all, and no fraction is ever reduced. */
#ifndef RL_DYADIC_H
#define RL_DYADIC_H

#include <gmp.h>
#include <stdint.h>

#include "core/core.h"

/* count integers, all 0; NULL without memory. */
mpz_t *rl_integers_make(size_t count);
void rl_integers_free(mpz_t *z, size_t count);

/* v = result * 2^*exponent, result odd or 0; v is finite. */
int64_t rl_dyadic_split(double v, int *exponent);
/* The largest e <= so_far such that all the doubles are integers times 2^e. */
int rl_dyadic_lowest(size_t count, const double *v, int so_far);
/* z = v / 2^scale, which must be an integer. */
void rl_dyadic_set(mpz_t z, double v, int scale);
/* target[length] += w * source[length]: integers times 2^target_scale and 2^source_scale; target_scale is at most
 * w's exponent + source_scale.  factor: scratch. */
void rl_dyadic_add_product(mpz_t *target, int target_scale, double w, mpz_t *source, int source_scale, int length,
                           mpz_t factor);

#endif
