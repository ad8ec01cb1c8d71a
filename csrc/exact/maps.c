/* L2: exact affine maps (see maps.h). */
#include "exact/maps.h"

#include <float.h>
#include <math.h>

void rl_exact_scaled(mpq_t q, const mpz_t v, int scale) {
  mpq_set_z(q, v);
  if (scale > 0)
    mpq_mul_2exp(q, q, (mp_bitcnt_t)scale);
  else
    mpq_div_2exp(q, q, (mp_bitcnt_t)-scale);
}

double rl_exact_round(const mpq_t q, int direction) {
  double d = mpq_get_d(q); /* towards zero */
  if (!isfinite(d)) d = mpq_sgn(q) * DBL_MAX;
  mpq_t a, b;
  mpq_inits(a, b, NULL);
  mpq_set_d(a, d);
  int side = mpq_cmp(q, a) > 0 ? 1 : mpq_cmp(q, a) < 0 ? -1 : 0;
  double next = nextafter(d, side > 0 ? INFINITY : -INFINITY);
  if (direction != RL_NEAREST)
    d = side == direction ? next : d;
  else if (side != 0 && isfinite(next)) {
    mpq_set_d(b, next);
    mpq_add(a, a, b);
    mpq_div_2exp(a, a, 1);
    if ((side > 0) == (mpq_cmp(q, a) > 0)) d = next;
  }
  mpq_clears(a, b, NULL);
  return d;
}

rl_status rl_maps_make(rl_maps *f, int count, int length, rl_error *err) {
  *f = (rl_maps){count, length, 0, rl_integers_make((size_t)count * (size_t)length)};
  return f->z ? RL_OK : rl_fail_memory(err);
}

void rl_maps_free(rl_maps *f) {
  rl_integers_free(f->z, (size_t)f->count * (size_t)f->length);
  f->z = NULL;
}

void rl_map_add_products(mpz_t *row, int scale, const double *w, const rl_maps *source, mpz_t factor) {
  for (int k = 0; k < source->count; k++)
    rl_dyadic_add_product(row, scale, w[k], rl_map_at(source, k), source->scale, source->length, factor);
}

/* out = W in + b. */
static rl_status affine_layer(rl_maps *out, const rl_network *net, int layer, const rl_maps *in, rl_error *err) {
  size_t width = (size_t)net->sizes[layer];
  int count = net->sizes[layer + 1];
  rl_status status = rl_maps_make(out, count, in->length, err);
  if (status != RL_OK) return status;
  out->scale = in->scale + rl_dyadic_lowest((size_t)count * width, net->weights[layer], 0);
  out->scale = rl_dyadic_lowest((size_t)count, net->biases[layer], out->scale);
  mpz_t factor;
  mpz_init(factor);
  for (int i = 0; i < count; i++) {
    rl_dyadic_set(rl_map_at(out, i)[0], net->biases[layer][i], out->scale);
    rl_map_add_products(rl_map_at(out, i), out->scale, net->weights[layer] + (size_t)i * width, in, factor);
  }
  mpz_clear(factor);
  return RL_OK;
}

void rl_map_clear(const rl_maps *f, int i) {
  for (int j = 0; j < f->length; j++) mpz_set_ui(rl_map_at(f, i)[j], 0);
}

rl_status rl_maps_propagate(rl_maps *out, const rl_network *net, const rl_maps *in, const int8_t *signs,
                            rl_maps_visit visit, void *context, rl_error *err) {
  rl_maps from = *in, to = *in;
  for (int layer = 0; layer < net->layers; layer++) {
    rl_status status = affine_layer(&to, net, layer, &from, err);
    if (layer > 0) rl_maps_free(&from);
    if (status != RL_OK) return status;
    for (int i = 0; i < to.count && layer + 1 < net->layers; i++) {
      int neuron = net->offsets[layer] + i;
      if (visit) visit(context, neuron, &to, i);
      if (rl_is_linear(net, neuron)) continue;
      if (signs ? signs[neuron] != RL_ON : mpz_sgn(rl_map_at(&to, i)[0]) <= 0) rl_map_clear(&to, i);
    }
    from = to;
  }
  *out = to;
  return RL_OK;
}

void rl_map_target_row(mpz_t *row, int *scale, const rl_property *p, int r, const rl_maps *x, const rl_maps *y) {
  const double *a = p->a ? p->a + (size_t)r * (size_t)p->n : NULL, *c = p->c + (size_t)r * (size_t)p->m;
  *scale = y->scale + rl_dyadic_lowest((size_t)p->m, c, 0);
  if (a) {
    int with_input = x->scale + rl_dyadic_lowest((size_t)p->n, a, 0);
    if (with_input < *scale) *scale = with_input;
  }
  *scale = rl_dyadic_lowest(1, &p->d[r], *scale);
  mpz_t factor;
  mpz_init(factor);
  rl_dyadic_set(row[0], p->d[r], *scale);
  if (a) rl_map_add_products(row, *scale, a, x, factor);
  rl_map_add_products(row, *scale, c, y, factor);
  mpz_clear(factor);
}
