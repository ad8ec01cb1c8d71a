/* L2: exact affine maps: layers composed in integers, over a common power of two (dyadic.h); what the files of this
 * room share. */
#ifndef RL_MAPS_H
#define RL_MAPS_H

#include "exact/dyadic.h"
#include "model/network.h"

enum { RL_DOWN = -1, RL_NEAREST, RL_UP };

/* q = v 2^scale for an integer v. */
void rl_exact_scaled(mpq_t q, const mpz_t v, int scale);
/* The largest double <= q, one of the doubles nearest to q, or the smallest double >= q. */
double rl_exact_round(const mpq_t q, int direction);

/* count forms in `columns` variables and a constant: integers times 2^scale. */
typedef struct rl_maps {
  int count, length, scale; /* length = columns + 1; the constant comes first */
  mpz_t *z;
} rl_maps;

/* All coefficients 0, scale 0. */
rl_status rl_maps_make(rl_maps *f, int count, int length, rl_error *err);
void rl_maps_free(rl_maps *f);

/* The coefficients of form i. */
static inline mpz_t *rl_map_at(const rl_maps *f, int i) { return f->z + (size_t)i * (size_t)f->length; }

void rl_map_clear(const rl_maps *f, int i);
/* row += sum_k w[k] * source_k, row being integers times 2^scale; scale is at most
 * the exponent of every product. */
void rl_map_add_products(mpz_t *row, int scale, const double *w, const rl_maps *source, mpz_t factor);

typedef void (*rl_maps_visit)(void *context, int neuron, const rl_maps *f, int i);

/* Push forms through the network; outputs go to *out.  signs[]: which neurons
 * are on; NULL: the forms are constants and decide for themselves.  visit (may be
 * NULL) sees every pre-activation. */
rl_status rl_maps_propagate(rl_maps *out, const rl_network *net, const rl_maps *in, const int8_t *signs,
                            rl_maps_visit visit, void *context, rl_error *err);
/* row = a.x + c.y + d as integers times 2^*scale. */
void rl_map_target_row(mpz_t *row, int *scale, const rl_property *p, int r, const rl_maps *x, const rl_maps *y);

#endif
