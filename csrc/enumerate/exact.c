/* L4: signs at vertices in exact arithmetic (see enumerate.h).
 *
 * A vertex is where rows meet, each an affine form of a neuron under the cell's pattern, a row of the property, or a
 * bound of the domain; the coefficients of all of them are sums of products of doubles. */
#include "enumerate/enumerate.h"

#include <string.h>

static int length_of(const rl_enumerate *e) { return e->d + 1; }

static size_t forms_size(const rl_enumerate *e, int layer) {
  return (size_t)e->net->sizes[layer + 1] * (size_t)length_of(e);
}

static mpz_t *form_at(const rl_enumerate *e, int layer, int i) {
  return e->exact.form[layer] + (size_t)i * (size_t)length_of(e);
}

void rl_exact_forms_free(rl_enumerate *e) {
  rl_exact_forms *x = &e->exact;
  for (int k = 0; k < e->net->layers; k++) {
    if (x->form) rl_integers_free(x->form[k], forms_size(e, k));
    if (x->known) rl_free(x->known[k]);
  }
  if (x->inputs.z) mpz_clear(x->factor);
  rl_input_forms_free(&x->inputs);
  rl_free(x->signs);
  rl_free(x->scale);
  rl_free(x->form);
  rl_free(x->known);
  *x = (rl_exact_forms){0};
}

/* All forms of a layer have one scale, which depends on the weights alone. */
static int scale_of(const rl_network *net, int layer, int before) {
  size_t rows = (size_t)net->sizes[layer + 1], columns = (size_t)net->sizes[layer];
  int scale = before + rl_dyadic_lowest(rows * columns, net->weights[layer], 0);
  return rl_dyadic_lowest(rows, net->biases[layer], scale);
}

static rl_status allocate(rl_enumerate *e, rl_error *err) {
  rl_exact_forms *x = &e->exact;
  const rl_network *net = e->net;
  if (x->inputs.z) return RL_OK;
  rl_status status = rl_input_forms_make(&x->inputs, e->n, e->d, e->varies, e->unit, e->domain->lo, err);
  if (status) return status;
  mpz_init(x->factor);
  x->signs = rl_alloc((size_t)net->neurons, 1);
  x->scale = rl_alloc((size_t)net->layers, sizeof *x->scale);
  x->form = rl_alloc((size_t)net->layers, sizeof *x->form);
  x->known = rl_alloc((size_t)net->layers, sizeof *x->known);
  int done = x->signs && x->scale && x->form && x->known;
  for (int k = 0; k < net->layers && done; k++) {
    x->form[k] = rl_integers_make(forms_size(e, k));
    x->known[k] = rl_alloc((size_t)net->sizes[k + 1], 1);
    x->scale[k] = scale_of(net, k, k ? x->scale[k - 1] : x->inputs.scale);
    done = x->form[k] && x->known[k];
  }
  if (done) return RL_OK;
  rl_exact_forms_free(e);
  return rl_fail_memory(err);
}

/* Is the activation of neuron k before `layer` its pre-activation? */
static int is_passed(const rl_enumerate *e, int layer, int k) {
  int neuron = layer > 0 ? e->net->offsets[layer - 1] + k : 0;
  return layer == 0 || e->exact.signs[neuron] == RL_ON || rl_is_linear(e->net, neuron);
}

/* Form i of the layer, and those that it is made of. */
static const mpz_t *compute(rl_enumerate *e, int layer, int i) {
  const rl_network *net = e->net;
  rl_exact_forms *x = &e->exact;
  mpz_t *form = form_at(e, layer, i);
  if (x->known[layer][i]) return (const mpz_t *)form;
  int length = length_of(e), columns = net->sizes[layer];
  const double *w = net->weights[layer] + (size_t)i * (size_t)columns;
  for (int j = 0; j < e->d; j++) mpz_set_ui(form[j], 0);
  rl_dyadic_set(form[e->d], net->biases[layer][i], x->scale[layer]);
  for (int k = 0; k < columns; k++) {
    mpz_t *source;
    if (w[k] == 0 || !is_passed(e, layer, k)) continue;
    if (layer > 0) compute(e, layer - 1, k);
    source = layer > 0 ? form_at(e, layer - 1, k) : x->inputs.z + (size_t)k * (size_t)length;
    rl_dyadic_add_product(form, x->scale[layer], w[k], source, layer > 0 ? x->scale[layer - 1] : x->inputs.scale,
                          length, x->factor);
  }
  x->known[layer][i] = 1;
  return (const mpz_t *)form;
}

/* Forms are for these signs from now on; those of layers that no changed sign comes before stay. */
static rl_status prepare(rl_enumerate *e, const int8_t *signs, rl_error *err) {
  const rl_network *net = e->net;
  rl_exact_forms *x = &e->exact;
  rl_status status = allocate(e, err);
  if (status) return status;
  int good = 0; /* hidden layers whose signs agree */
  while (good < net->layers - 1 && memcmp(x->signs + net->offsets[good], signs + net->offsets[good],
                                          (size_t)net->sizes[good + 1]) == 0)
    good++;
  for (int k = good + 1; k < net->layers; k++) memset(x->known[k], 0, (size_t)net->sizes[k + 1]);
  memcpy(x->signs, signs, (size_t)net->neurons);
  return RL_OK;
}

static void copy_form(const rl_enumerate *e, mpz_t *form, const mpz_t *source) {
  for (int j = 0; j < length_of(e); j++) mpz_set(form[j], source[j]);
}

/* Row r of the property: d + c.F(x) + a.x. */
static void property_row(rl_enumerate *e, int r, mpz_t *form) {
  const rl_property *p = e->property;
  rl_exact_forms *x = &e->exact;
  int last = e->net->layers - 1, length = length_of(e);
  const double *c = p->c + (size_t)r * (size_t)p->m, *a = p->a ? p->a + (size_t)r * (size_t)p->n : NULL;
  int scale = rl_dyadic_lowest(1, &p->d[r], x->scale[last] + rl_dyadic_lowest((size_t)p->m, c, 0));
  if (a) {
    int with_inputs = x->inputs.scale + rl_dyadic_lowest((size_t)p->n, a, 0);
    scale = with_inputs < scale ? with_inputs : scale;
  }
  rl_dyadic_set(form[e->d], p->d[r], scale);
  for (int i = 0; i < p->m; i++) {
    if (c[i] == 0) continue;
    compute(e, last, i);
    rl_dyadic_add_product(form, scale, c[i], form_at(e, last, i), x->scale[last], length, x->factor);
  }
  for (int j = 0; a && j < e->n; j++)
    rl_dyadic_add_product(form, scale, a[j], x->inputs.z + (size_t)j * (size_t)length, x->inputs.scale, length,
                          x->factor);
}

/* An rl_exact_form; context is an rl_exact_query. */
static rl_status exact_form(void *context, int id, mpz_t *form, rl_error *err) {
  const rl_exact_query *query = context;
  rl_enumerate *e = query->enumerate;
  const rl_network *net = e->net;
  const rl_domain *domain = e->domain;
  rl_status status = prepare(e, query->signs, err);
  if (status) return status;
  if (id >= net->neurons) {
    property_row(e, id - net->neurons, form);
  } else if (id >= 0) {
    int layer = rl_network_layer_of(net, id);
    copy_form(e, form, compute(e, layer, id - net->offsets[layer]));
  } else if (-1 - id < 2 * e->n) {
    int input = (-1 - id) / 2, high = (-1 - id) % 2;
    rl_input_forms_bound(&e->exact.inputs, input, high ? -1 : 1, high ? domain->hi[input] : domain->lo[input], form);
  } else {
    size_t r = (size_t)(-1 - id - 2 * e->n);
    rl_input_forms_row(&e->exact.inputs, domain->A + r * (size_t)e->n, -1, domain->b[r], form);
  }
  return RL_OK;
}

rl_status rl_enumerate_oracle(void *context, const rl_polytope *p, int vertex, int id, int *sign, rl_error *err) {
  ((rl_exact_query *)context)->enumerate->stats.exact++;
  return rl_polytope_exact_sign(p, vertex, id, exact_form, context, sign, err);
}

rl_status rl_enumerate_refine(rl_enumerate *e, rl_polytope *polytope, const int8_t *signs, double tolerance,
                              rl_error *err) {
  rl_exact_query query = {e, signs};
  return rl_polytope_refine(polytope, tolerance, exact_form, &query, err);
}
