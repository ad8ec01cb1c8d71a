/* L4: affine forms with a-priori error bounds (see enumerate.h).
 *
 * The errors of sums of products are those of round.h; the errors of the factors come on top. */
#include "enumerate/enumerate.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "core/round.h"
#include "core/vector.h"

void rl_forms_release(rl_forms *forms) {
  if (!forms || --forms->references > 0) return;
  rl_free(forms->w);
  rl_free(forms->slope_error);
  rl_free(forms->constant_error);
  rl_free(forms);
}

static rl_status create(rl_forms **out, int count, int d, rl_error *err) {
  rl_forms *f = rl_alloc(1, sizeof *f);
  if (!f) return rl_fail_memory(err);
  f->references = 1;
  f->count = count;
  f->w = rl_alloc((size_t)count * ((size_t)d + 1), sizeof(double));
  f->slope_error = rl_alloc((size_t)count, sizeof(double));
  f->constant_error = rl_alloc((size_t)count, sizeof(double));
  if (!f->w || !f->slope_error || !f->constant_error) {
    rl_forms_release(f);
    return rl_fail_memory(err);
  }
  *out = f;
  return RL_OK;
}

/* The first layer: its weights at the inputs that vary, in their units; the others go into the constant. */
static void first_layer(const rl_enumerate *e, rl_forms *f) {
  const rl_network *net = e->net;
  for (int i = 0; i < f->count; i++) {
    const double *row = net->weights[0] + (size_t)i * (size_t)e->n;
    double *w = f->w + (size_t)i * ((size_t)e->d + 1), size = fabs(net->biases[0][i]);
    w[e->d] = net->biases[0][i];
    for (int j = 0, k = 0; j < e->n; j++) {
      if (k < e->d && e->varies[k] == j) {
        w[k] = rl_polytope_scaled(row[j], e->unit[k], &f->slope_error[i]);
        k++;
        continue;
      }
      w[e->d] += row[j] * e->domain->lo[j];
      size += fabs(row[j] * e->domain->lo[j]);
    }
    f->constant_error[i] = e->n == e->d ? 0 : rl_rounding(e->n - e->d + 2, size);
  }
}

/* target = sum of factor_k source_k (k listed) plus a constant, with errors. */
static void combine(const rl_enumerate *e, rl_forms *f, int i, const double *factors, const int8_t *signs,
                    const rl_forms *source, double constant) {
  int d = e->d, terms = 0;
  double *restrict w = f->w + (size_t)i * ((size_t)d + 1), size[RL_POLYTOPE_DIMENSIONS + 1] = {0};
  double slope = 0, shift = 0, most = 0;
  for (int k = 0; k < source->count; k++) {
    double factor = factors[k];
    if (factor == 0 || (signs && signs[k] == RL_OFF)) continue;
    const double *restrict from = source->w + (size_t)k * ((size_t)d + 1);
    for (int j = 0; j <= d; j++) {
      double term = factor * from[j];
      w[j] += term;
      size[j] += fabs(term);
    }
    slope += fabs(factor) * source->slope_error[k];
    shift += fabs(factor) * source->constant_error[k];
    terms++;
  }
  w[d] += constant;
  size[d] += fabs(constant);
  for (int j = 0; j < d; j++) most = rl_max(most, size[j]);
  f->slope_error[i] = (slope + rl_rounding(terms + 3, most)) * 1.01;
  f->constant_error[i] = (shift + rl_rounding(terms + 3, size[d])) * 1.01;
}

rl_status rl_forms_layer(rl_forms **out, const rl_enumerate *e, int layer, const rl_forms *before, const int8_t *signs,
                         rl_error *err) {
  const rl_network *net = e->net;
  rl_forms *f;
  rl_status status = create(&f, net->sizes[layer + 1], e->d, err);
  if (status) return status;
  if (layer == 0) first_layer(e, f);
  for (int i = 0; i < f->count && layer > 0; i++)
    combine(e, f, i, net->weights[layer] + (size_t)i * (size_t)net->sizes[layer], signs, before, net->biases[layer][i]);
  *out = f;
  return RL_OK;
}

rl_status rl_forms_property(rl_forms **out, const rl_enumerate *e, const rl_forms *outputs, rl_error *err) {
  const rl_property *p = e->property;
  rl_forms *f;
  rl_status status = create(&f, p->total, e->d, err);
  if (status) return status;
  for (int r = 0; r < p->total; r++) {
    combine(e, f, r, p->c + (size_t)r * (size_t)p->m, NULL, outputs, p->d[r]);
    if (!p->a) continue;
    double *w = f->w + (size_t)r * ((size_t)e->d + 1);
    for (int j = 0, k = 0; j < e->n; j++) {
      double a = p->a[(size_t)r * (size_t)e->n + (size_t)j];
      if (k < e->d && e->varies[k] == j) {
        double term = rl_polytope_scaled(a, e->unit[k], &f->slope_error[r]);
        w[k] += term;
        f->slope_error[r] += 2 * RL_UNIT * (fabs(w[k]) + fabs(term));
        k++;
      } else {
        double term = a * e->domain->lo[j];
        w[e->d] += term;
        f->constant_error[r] += 2 * RL_UNIT * (fabs(w[e->d]) + fabs(term));
      }
    }
  }
  *out = f;
  return RL_OK;
}

void rl_forms_row(const rl_enumerate *e, const rl_forms *f, int index, int id, rl_polytope_row *row) {
  *row = (rl_polytope_row){.id = id, .slope_error = f->slope_error[index], .constant_error = f->constant_error[index]};
  memcpy(row->w, f->w + (size_t)index * ((size_t)e->d + 1), ((size_t)e->d + 1) * sizeof(double));
}
