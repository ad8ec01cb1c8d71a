/* L4: signs at vertices in rational arithmetic (see enumerate.h).
 *
 * A vertex is where rows meet, each an affine form of a neuron under the cell's pattern, a row of the property, or a
 * bound of the domain; all have rational coefficients, hence so has the vertex. */
#include "enumerate/enumerate.h"

#include <string.h>

static size_t forms_size(const rl_enumerate *e, int layer) {
  return (size_t)e->net->sizes[layer + 1] * ((size_t)e->d + 1);
}

void rl_exact_forms_free(rl_enumerate *e) {
  rl_exact_forms *x = &e->exact;
  for (int k = 0; x->q && k < e->net->layers; k++) rl_rationals_free(x->q[k], forms_size(e, k));
  if (x->rows && e->property) rl_rationals_free(x->rows, (size_t)e->property->total * ((size_t)e->d + 1));
  rl_free(x->q);
  rl_free(x->signs);
  *x = (rl_exact_forms){0};
}

static rl_status allocate(rl_enumerate *e, rl_error *err) {
  rl_exact_forms *x = &e->exact;
  if (x->q) return RL_OK;
  x->signs = rl_alloc((size_t)e->net->neurons, 1);
  x->q = rl_alloc((size_t)e->net->layers, sizeof *x->q);
  return x->signs && x->q ? RL_OK : rl_fail_memory(err);
}

/* target[d+1] += factor * source[d+1] */
static void add_multiple(mpq_t *target, double factor, mpq_t *source, int d, mpq_t a, mpq_t b) {
  if (factor == 0) return;
  mpq_set_d(a, factor);
  for (int j = 0; j <= d; j++) {
    mpq_mul(b, a, source[j]);
    mpq_add(target[j], target[j], b);
  }
}

/* target += factor * x_input */
static void add_input(const rl_enumerate *e, mpq_t *target, double factor, int input, mpq_t a, mpq_t b) {
  mpq_set_d(a, factor);
  for (int k = 0; k < e->d; k++)
    if (e->varies[k] == input) {
      mpq_add(target[k], target[k], a);
      return;
    }
  mpq_set_d(b, e->domain->lo[input]);
  mpq_mul(a, a, b);
  mpq_add(target[e->d], target[e->d], a);
}

/* Is the activation of the neuron its pre-activation? */
static int is_passed(const rl_network *net, const int8_t *signs, int neuron) {
  return signs[neuron] == RL_ON || rl_is_linear(net, neuron);
}

static rl_status compute_layer(rl_enumerate *e, int layer, rl_error *err) {
  const rl_network *net = e->net;
  rl_exact_forms *x = &e->exact;
  size_t length = (size_t)e->d + 1, width = (size_t)net->sizes[layer];
  if (!x->q[layer]) x->q[layer] = rl_rationals_make(forms_size(e, layer));
  if (!x->q[layer]) return rl_fail_memory(err);
  mpq_t a, b;
  mpq_inits(a, b, NULL);
  for (size_t i = 0; i < (size_t)net->sizes[layer + 1]; i++) {
    mpq_t *form = x->q[layer] + i * length;
    const double *w = net->weights[layer] + i * width;
    for (size_t j = 0; j < length; j++) mpq_set_ui(form[j], 0, 1);
    mpq_set_d(form[e->d], net->biases[layer][i]);
    for (size_t k = 0; k < width; k++) {
      if (w[k] == 0) continue;
      if (layer == 0)
        add_input(e, form, w[k], (int)k, a, b);
      else if (is_passed(net, x->signs, net->offsets[layer - 1] + (int)k))
        add_multiple(form, w[k], x->q[layer - 1] + k * length, e->d, a, b);
    }
  }
  mpq_clears(a, b, NULL);
  return RL_OK;
}

static rl_status compute_rows(rl_enumerate *e, rl_error *err) {
  const rl_property *p = e->property;
  rl_exact_forms *x = &e->exact;
  size_t length = (size_t)e->d + 1;
  if (!x->rows) x->rows = rl_rationals_make((size_t)p->total * length);
  if (!x->rows) return rl_fail_memory(err);
  mpq_t a, b;
  mpq_inits(a, b, NULL);
  for (size_t r = 0; r < (size_t)p->total; r++) {
    mpq_t *form = x->rows + r * length;
    for (size_t j = 0; j < length; j++) mpq_set_ui(form[j], 0, 1);
    mpq_set_d(form[e->d], p->d[r]);
    for (size_t i = 0; i < (size_t)p->m; i++)
      add_multiple(form, p->c[r * (size_t)p->m + i], x->q[e->net->layers - 1] + i * length, e->d, a, b);
    for (int j = 0; p->a && j < e->n; j++) add_input(e, form, p->a[r * (size_t)e->n + (size_t)j], j, a, b);
  }
  mpq_clears(a, b, NULL);
  x->have_rows = 1;
  return RL_OK;
}

/* Forms of layers 0..layer for the signs; what is there for the same prefix stays. */
static rl_status prepare(rl_enumerate *e, const int8_t *signs, int layer, rl_error *err) {
  rl_exact_forms *x = &e->exact;
  rl_status status = allocate(e, err);
  int good = 0; /* layers whose forms are for these signs: all signs before them agree */
  while (!status && good < x->layers &&
         (good == 0 || memcmp(x->signs + e->net->offsets[good - 1], signs + e->net->offsets[good - 1],
                              (size_t)e->net->sizes[good]) == 0))
    good++;
  if (good < x->layers || layer >= x->layers) x->have_rows = 0;
  if (!status) memcpy(x->signs, signs, (size_t)e->net->neurons);
  x->layers = good;
  while (!status && x->layers <= layer) {
    status = compute_layer(e, x->layers, err);
    if (!status) x->layers++;
  }
  return status;
}

/* An rl_exact_form; context is an rl_exact_query. */
static rl_status exact_form(void *context, int id, mpq_t *form, rl_error *err) {
  const rl_exact_query *query = context;
  rl_enumerate *e = query->enumerate;
  const rl_network *net = e->net;
  size_t length = (size_t)e->d + 1;
  if (id >= net->neurons) {
    rl_status status = prepare(e, query->signs, net->layers - 1, err);
    if (!status && !e->exact.have_rows) status = compute_rows(e, err);
    for (size_t j = 0; j < length && !status; j++)
      mpq_set(form[j], e->exact.rows[(size_t)(id - net->neurons) * length + j]);
    return status;
  }
  if (id >= 0) {
    int layer = rl_network_layer_of(net, id);
    rl_status status = prepare(e, query->signs, layer, err);
    for (size_t j = 0; j < length && !status; j++)
      mpq_set(form[j], e->exact.q[layer][(size_t)(id - net->offsets[layer]) * length + j]);
    return status;
  }
  mpq_t a, b;
  mpq_inits(a, b, NULL);
  int index = -1 - id;
  if (index < 2 * e->n) {
    int input = index / 2, high = index % 2;
    mpq_set_d(form[e->d], high ? e->domain->hi[input] : -e->domain->lo[input]);
    add_input(e, form, high ? -1 : 1, input, a, b);
  } else {
    size_t r = (size_t)(index - 2 * e->n);
    mpq_set_d(form[e->d], e->domain->b[r]);
    for (int j = 0; j < e->n; j++) add_input(e, form, -e->domain->A[r * (size_t)e->n + (size_t)j], j, a, b);
  }
  mpq_clears(a, b, NULL);
  return RL_OK;
}

rl_status rl_enumerate_oracle(void *context, const rl_polytope *p, int vertex, int id, int *sign, rl_error *err) {
  ((rl_exact_query *)context)->enumerate->stats.exact++;
  return rl_polytope_exact_sign(p, vertex, id, exact_form, context, sign, err);
}

rl_status rl_enumerate_refine(rl_enumerate *e, rl_polytope *polytope, const int8_t *signs, rl_error *err) {
  rl_exact_query query = {e, signs};
  return rl_polytope_refine(polytope, 1e-9, exact_form, &query, err);
}
