/* L4: what the parts of a preimage share: arguments, goal, scratch memory (see preimage.h). */
#include "preimage/preimage.h"

#include <math.h>

#include "core/vector.h"

rl_status rl_cover_check(const rl_network *net, const rl_domain *domain, const rl_property *property,
                         const rl_preimage_options *options, rl_error *err) {
  if (!net || !domain || !property)
    return rl_fail(err, RL_EINPUT, "a preimage needs a network, a domain and a property");
  if (domain->n != net->sizes[0])
    return rl_fail(err, RL_EINPUT, "the domain has %d inputs, the network %d", domain->n, net->sizes[0]);
  if (property->n != net->sizes[0] || property->m != net->sizes[net->layers])
    return rl_fail(err, RL_EINPUT, "the property is for %d inputs and %d outputs, the network has %d and %d",
                   property->n, property->m, net->sizes[0], net->sizes[net->layers]);
  if (!(options->coverage > 0 && options->coverage <= 1))
    return rl_fail(err, RL_EINPUT, "coverage is %g, expected a number above 0 and at most 1", options->coverage);
  const struct {
    const char *name;
    double value, least, most;
  } ranges[] = {{"seconds", options->seconds, 0, 1e9},
                {"polytopes", options->polytopes, 0, 1e9},
                {"samples", options->samples, 100, 1e8},
                {"points", options->points, 16, 1e6},
                {"slope_steps", options->slope_steps, 0, 1e4},
                {"confident", options->confident, 0, 1},
                {"candidates", options->candidates, 0, 1e6},
                {"together", options->together, 1, 1e9},
                {"seed", options->seed, 0, 1e15}};
  for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
    if (!(ranges[i].value >= ranges[i].least && ranges[i].value <= ranges[i].most))
      return rl_fail(err, RL_EINPUT, "%s is %g, expected a number from %g to %g", ranges[i].name, ranges[i].value,
                     ranges[i].least, ranges[i].most);
  return RL_OK;
}

/* The property with every row negated, clause by clause (not its logical negation). */
static rl_status negate_rows(rl_property **out, const rl_property *p, rl_error *err) {
  size_t total = (size_t)p->total, n = (size_t)p->n, m = (size_t)p->m;
  double *a = p->a ? rl_copy_doubles(p->a, total * n) : NULL, *c = rl_copy_doubles(p->c, total * m);
  double *d = rl_copy_doubles(p->d, total);
  int *counts = rl_alloc((size_t)p->clauses, sizeof *counts);
  rl_status status = (p->a && !a) || !c || !d || !counts ? rl_fail_memory(err) : RL_OK;
  if (!status) {
    for (size_t i = 0; a && i < total * n; i++) a[i] = -a[i];
    for (size_t i = 0; i < total * m; i++) c[i] = -c[i];
    for (size_t i = 0; i < total; i++) d[i] = -d[i];
    for (int k = 0; k < p->clauses; k++) counts[k] = p->first[k + 1] - p->first[k];
    status = rl_property_create(out, p->n, p->m, p->clauses, counts, a, c, d, err);
  }
  rl_free(a);
  rl_free(c);
  rl_free(d);
  rl_free(counts);
  return status;
}

static rl_status allocate_scratch(rl_cover *c, rl_error *err) {
  size_t neurons = (size_t)c->neurons, total = (size_t)c->total, n = (size_t)c->n, widest = (size_t)c->net->widest;
  c->scale = rl_alloc(total, sizeof(double));
  c->needed = rl_alloc(neurons, 1);
  c->coef = rl_alloc(widest, sizeof(double));
  c->next = rl_alloc(widest, sizeof(double));
  c->relaxed = rl_alloc(widest, sizeof(double));
  c->v = rl_alloc(total * neurons, sizeof(double));
  c->grad = rl_alloc(total * neurons, sizeof(double));
  c->first = rl_alloc(total * neurons, sizeof(double));
  c->second = rl_alloc(total * neurons, sizeof(double));
  c->best = rl_alloc(total * neurons, sizeof(double));
  c->form = rl_alloc(total * (n + 1), sizeof(double));
  c->mean = rl_alloc(total * (n + 1), sizeof(double));
  c->polytope_rows = c->domain->rows + c->neurons;
  c->polytope = rl_alloc(rl_polytope_scratch(c->n, c->polytope_rows), sizeof(double));
  if (c->scale && c->needed && c->coef && c->next && c->relaxed && c->v && c->grad && c->first && c->second &&
      c->best && c->form && c->mean && c->polytope)
    return RL_OK;
  return rl_fail_memory(err);
}

rl_status rl_cover_measure_rows(rl_cover *c, const rl_points *points, rl_error *err) {
  size_t n = (size_t)c->n, m = (size_t)c->goal->m, count = points->count < 256 ? points->count : 256;
  double *x = rl_alloc(n, sizeof *x), *y = rl_alloc(m, sizeof *y);
  rl_status status = x && y ? RL_OK : rl_fail_memory(err);
  for (size_t s = 0; s < count && !status; s++) {
    for (size_t j = 0; j < n; j++) x[j] = points->x[j * points->room + s];
    status = rl_network_eval(c->net, 1, x, y, err);
    for (size_t r = 0; r < (size_t)c->total && !status; r++) {
      double value = c->goal->d[r];
      for (size_t j = 0; c->goal->a && j < n; j++) value += c->goal->a[r * n + j] * x[j];
      for (size_t i = 0; i < m; i++) value += c->goal->c[r * m + i] * y[i];
      c->scale[r] += fabs(value) / (double)count;
    }
  }
  for (int r = 0; r < c->total; r++)
    if (!(c->scale[r] > 0) || !isfinite(c->scale[r])) c->scale[r] = 1;
  rl_free(x);
  rl_free(y);
  return status;
}

rl_status rl_cover_fill(rl_cover *c, const rl_network *net, const rl_domain *domain, const rl_property *property,
                        int over, const rl_preimage_options *options, rl_error *err) {
  c->net = rl_network_retain(net);
  c->domain = rl_domain_retain(domain);
  c->property = rl_property_retain(property);
  c->over = over;
  c->options = *options;
  c->n = net->sizes[0];
  c->neurons = net->neurons;
  c->total = property->total;
  c->random = (uint64_t)options->seed * 0x2545F4914F6CDD1Du;
  rl_property *negated = NULL;
  rl_status status = negate_rows(&negated, property, err);
  if (status) return status;
  c->goal = over ? negated : rl_property_retain(property);
  c->opposite = over ? rl_property_retain(property) : negated;
  status = allocate_scratch(c, err);
  if (!status) status = rl_forward_create(&c->forward, net, err);
  if (!status) status = rl_dual_create(&c->dual, net, c->plain, err);
  return status;
}

void rl_cover_free(rl_cover *c) {
  void *owned[] = {c->scale,  c->needed, c->coef, c->next, c->relaxed,  c->v,     c->grad,      c->first,
                   c->second, c->best,   c->form, c->mean, c->polytope, c->value, c->row_value, c->which};
  for (size_t i = 0; i < sizeof owned / sizeof *owned; i++) rl_free(owned[i]);
  rl_dual_release(c->dual);
  rl_forward_release(c->forward);
  rl_property_release(c->goal);
  rl_property_release(c->opposite);
  rl_property_release(c->property);
  rl_domain_release(c->plain);
  rl_domain_release(c->domain);
  rl_network_release(c->net);
}
