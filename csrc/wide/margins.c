/* L2: margins of a target's rows (see margins.h). */
#include "wide/margins.h"

void rl_margins_free(rl_margins *m) {
  rl_free(m->block);
  *m = (rl_margins){0};
}

/* Take c times an output off row r.  Errors: of sums of m products for each coefficient, and in use of one product and
 * a sum of the rows. */
static void add_output(rl_margins *m, const rl_reduced *net, int r, int output, double c, double *scratch) {
  const double *size = net->layer[net->hidden].size;
  double *at = m->coefficient + (size_t)r * (size_t)m->width, bias = 0;
  rl_reduced_row(net, net->hidden + 1, output, scratch, &bias);
  double reach = (rl_dot_abs(scratch, size, m->width) + fabs(bias)) * (1 + (m->width + 8) * DBL_EPSILON) + RL_TINY;
  for (int j = 0; j < m->width; j++) at[j] -= c * scratch[j];
  m->constant[r] -= c * bias;
  m->magnitude[r] += fabs(c * bias);
  m->charge[r] += (m->target->m + m->total + 16) * RL_UNIT * 1.01 * fabs(c) * reach;
}

/* Take a.x off row r: fixed inputs into the constant. */
static void add_inputs(rl_margins *m, const rl_reduced *net, int r, const double *a) {
  const rl_domain *domain = net->domain;
  for (int j = 0; j < domain->n; j++) {
    if (domain->lo[j] != domain->hi[j]) continue;
    m->constant[r] -= a[j] * domain->lo[j];
    m->magnitude[r] += fabs(a[j] * domain->lo[j]);
  }
  for (int j = 0; j < net->inputs; j++) {
    m->input[(size_t)r * (size_t)m->inputs + (size_t)j] = -a[net->input[j]];
    m->charge[r] += (m->total + 16) * RL_UNIT * 1.01 * fabs(a[net->input[j]]) * net->size[j];
  }
}

static void fill(rl_margins *m, const rl_reduced *net, double threshold, double *scratch) {
  const rl_property *t = m->target;
  for (int r = 0; r < m->total; r++) {
    m->constant[r] = threshold - t->d[r];
    m->magnitude[r] = fabs(threshold) + fabs(t->d[r]);
    for (int j = 0; j < t->m; j++) {
      double c = t->c[(size_t)r * (size_t)t->m + (size_t)j];
      if (c != 0) add_output(m, net, r, j, c, scratch);
    }
    if (t->a) add_inputs(m, net, r, t->a + (size_t)r * (size_t)t->n);
    m->magnitude[r] *= t->m + t->n + 4; /* so many terms go into the constant */
    m->charge[r] *= 1 + 1e-9;
  }
  const double *size = net->layer[net->hidden].size;
  m->ranges = 1;
  for (int j = 0; j < m->width; j++) m->ranges += size[j];
  for (int j = 0; j < m->inputs; j++) m->ranges += net->size[j];
  for (int r = 0; r < m->total; r++) m->charge[r] += RL_TINY * m->ranges; /* of a row's own: weights may be large */
}

rl_status rl_margins_create(rl_margins *out, const rl_reduced *net, const rl_property *target, double threshold,
                            rl_error *err) {
  int width = net->layer[net->hidden].count;
  rl_margins m = {.target = target, .total = target->total, .width = width, .inputs = net->inputs};
  size_t total = (size_t)m.total, inputs = target->a ? total * (size_t)m.inputs : 0;
  double *scratch = rl_alloc((size_t)width, sizeof *scratch);
  m.block = rl_alloc(total * (size_t)width + inputs + 3 * total, sizeof(double));
  if (!m.block || !scratch) {
    rl_free(scratch);
    rl_free(m.block);
    return rl_fail_memory(err);
  }
  m.coefficient = m.block;
  m.constant = m.coefficient + total * (size_t)width;
  m.magnitude = m.constant + total;
  m.charge = m.magnitude + total;
  m.input = target->a ? m.charge + total : NULL;
  fill(&m, net, threshold, scratch);
  rl_free(scratch);
  rl_margins_free(out);
  *out = m;
  return RL_OK;
}
