/* L4: bounds of the neurons on a part, and its rigorous minorants (see preimage.h). */
#include "preimage/preimage.h"

#include <string.h>

#include "core/vector.h"
#include "encode/affine.h"

enum { DESCENT_STEPS = 3 };

static rl_cell cell_of(const rl_part *part) { return (rl_cell){part->lo, part->hi, part->signs, part->l, part->u}; }

static rl_halfspaces set_of(const rl_cover *cover, const rl_part *part) {
  return (rl_halfspaces){cover->n, part->rows, part->lo, part->hi, part->A, part->b};
}

/* An upper bound of side * z + its affine form: from the dual bound's affine majorant wx.x + c over the part.  The
 * bound is max over the box; c is what it leaves beside wx at the corner where it is reached. */
static double majorant_constant(const rl_cover *cover, double bound, double *negated) {
  const rl_dual *dual = cover->dual;
  for (int j = 0; j < cover->n; j++) negated[j] = -dual->wx[j];
  return rl_row_excess(cover->n, negated, dual->x, dual->x, -bound);
}

/* First layer: its rows against the part's half-spaces. */
static void tighten_first_layer(rl_cover *cover, rl_part *part) {
  const rl_network *net = cover->net;
  rl_halfspaces set = set_of(cover, part);
  for (int i = 0; i < net->sizes[1] && !rl_late(2.0 * cover->n * (part->rows + 1)); i++) {
    if (rl_neuron_sign(part->signs[i], part->l[i], part->u[i]) != RL_FREE) continue;
    const double *w = net->weights[0] + (size_t)i * (size_t)cover->n;
    part->u[i] = rl_min(part->u[i], rl_add_up(rl_polytope_bound(&set, w, cover->polytope), net->biases[0][i]));
    for (int j = 0; j < cover->n; j++) cover->coef[j] = -w[j];
    double low = rl_add_down(-rl_polytope_bound(&set, cover->coef, cover->polytope), net->biases[0][i]);
    part->l[i] = rl_max(part->l[i], low);
  }
}

/* One end of a deeper neuron's range by backward propagation, then over the half-spaces. */
static double deep_end(rl_cover *cover, const rl_part *part, int layer, int index, double side) {
  rl_cell cell = cell_of(part);
  rl_halfspaces set = set_of(cover, part);
  double bound = rl_dual_bound_neuron(cover->dual, &cell, layer, index, side);
  cover->bounds++;
  if (part->rows == 0 || !isfinite(bound)) return bound;
  double constant = majorant_constant(cover, bound, cover->coef);
  return rl_min(bound, rl_add_up(rl_polytope_bound(&set, cover->dual->wx, cover->polytope), constant));
}

/* Pre-activations of the hidden layers before `layer` along the relaxation of the last dual bound, at the corner
 * where it is reached: into dual->z. */
static void follow_relaxation(rl_cover *cover, const rl_part *part, int layer) {
  const rl_network *net = cover->net;
  rl_dual *dual = cover->dual;
  const double *active = dual->x;
  for (int h = 0; h < layer; h++) {
    double *next = h % 2 ? cover->next : cover->coef;
    int columns = net->sizes[h];
    for (int i = 0; i < net->sizes[h + 1]; i++) {
      int k = net->offsets[h] + i, sign = rl_neuron_sign(part->signs[k], part->l[k], part->u[k]);
      double l = part->l[k], u = part->u[k];
      double z = net->biases[h][i] + rl_dot(net->weights[h] + (size_t)i * (size_t)columns, active, columns);
      dual->z[k] = z;
      next[i] = sign == RL_ON    ? z
                : sign == RL_OFF ? 0
                : dual->v[k] > 0 ? rl_upper_slope(l, u) * (z - l)
                                 : dual->alpha[k] * z;
    }
    active = next;
  }
}

/* Descent on the slopes from those of now, whose bound is `best`: the bound's derivative by alpha_k is v_k z_k where
 * v_k < 0, and only its sign is used.  Returns the best bound found. */
static double descend(rl_cover *cover, const rl_part *part, int layer, int index, double side, double best) {
  rl_dual *dual = cover->dual;
  double rate = 0.5;
  for (int step = 0; step < DESCENT_STEPS && best > 0; step++, rate *= 0.6) {
    follow_relaxation(cover, part, layer);
    for (int k = 0; k < cover->net->offsets[layer]; k++)
      if (dual->v[k] < 0 && dual->z[k] != 0 && rl_neuron_sign(part->signs[k], part->l[k], part->u[k]) == RL_FREE)
        dual->alpha[k] = rl_min(1, rl_max(0, dual->alpha[k] + (dual->z[k] > 0 ? rate : -rate)));
    best = rl_min(best, deep_end(cover, part, layer, index, side));
  }
  return best;
}

/* Upper bound of side * z for a deeper neuron: the better of the two common choices of slopes, then descent. */
static double deep_bound(rl_cover *cover, const rl_part *part, int layer, int index, double side) {
  rl_cell cell = cell_of(part);
  rl_dual_reset(cover->dual, &cell, 0);
  double steep = deep_end(cover, part, layer, index, side);
  rl_dual_reset(cover->dual, &cell, 1);
  double parallel = deep_end(cover, part, layer, index, side);
  return rl_min(steep, descend(cover, part, layer, index, side, parallel));
}

static void tighten_layer(rl_cover *cover, rl_part *part, int layer) {
  const rl_network *net = cover->net;
  for (int i = 0; i < net->sizes[layer + 1] && !rl_late(0); i++) {
    int k = net->offsets[layer] + i;
    if (rl_neuron_sign(part->signs[k], part->l[k], part->u[k]) != RL_FREE) continue;
    part->u[k] = rl_min(part->u[k], deep_bound(cover, part, layer, i, 1));
    if (part->u[k] > 0) part->l[k] = rl_max(part->l[k], -deep_bound(cover, part, layer, i, -1));
  }
}

/* Count what is left undecided and which layers are decided whole; a crossed pair of bounds shows emptiness. */
static void take_stock(rl_cover *cover, rl_part *part) {
  const rl_network *net = cover->net;
  part->undecided = 0;
  part->layer = net->layers - 1;
  for (int layer = net->layers - 2; layer >= 0; layer--)
    for (int k = net->offsets[layer]; k < net->offsets[layer + 1]; k++) {
      double l = part->l[k], u = part->u[k];
      if (l > u || (part->signs[k] == RL_ON && u < 0) || (part->signs[k] == RL_OFF && l > 0)) part->dead = 1;
      if (rl_neuron_sign(part->signs[k], l, u) != RL_FREE) continue;
      part->undecided++;
      part->layer = layer;
    }
}

void rl_part_bound(rl_cover *cover, rl_part *part, int thorough) {
  if (part->rows &&
      !rl_polytope_contract(cover->n, part->rows, part->lo, part->hi, part->A, part->b, cover->polytope)) {
    part->dead = 1;
    return;
  }
  if (part->rows) tighten_first_layer(cover, part);
  if (!rl_forward_run(cover->forward, part->lo, part->hi, part->signs, part->l, part->u, cover->needed, thorough)) {
    part->dead = 1;
    return;
  }
  for (int layer = 1; thorough && layer < cover->net->layers - 1; layer++) tighten_layer(cover, part, layer);
  take_stock(cover, part);
}

/* The outputs' affine forms on a part whose neurons are all decided. */
static rl_status output_forms(const rl_cover *cover, const rl_part *part, rl_affine *forms, rl_error *err) {
  const rl_network *net = cover->net;
  rl_affine before = {0};
  int8_t *signs = rl_alloc((size_t)net->widest, 1);
  rl_status status = signs ? RL_OK : rl_fail_memory(err);
  for (int layer = 0; layer < net->layers && !status; layer++) {
    status = rl_affine_layer(forms, net, layer, &before, err);
    rl_affine_free(&before);
    if (status || layer + 1 == net->layers) break;
    for (int i = 0; i < forms->count; i++) {
      int k = net->offsets[layer] + i;
      signs[i] = (int8_t)rl_neuron_sign(part->signs[k], part->l[k], part->u[k]);
    }
    rl_affine_relu(forms, net, layer, signs);
    before = *forms;
    *forms = (rl_affine){0};
  }
  rl_free(signs);
  return status;
}

/* The goal's row itself, where it is affine: its interval coefficients as a minorant over the box.  With data whose
 * products and sums are exact, such as a row that is 0 all over the part, it is the row. */
static void exact_minorant(const rl_cover *cover, const rl_part *part, const rl_affine *outputs, int index, double *w) {
  const rl_property *goal = cover->goal;
  int n = cover->n;
  double error = 0, constant = goal->d[index];
  for (int j = 0; j <= n; j++) {
    rl_interval sum = {0, 0};
    if (j < n && goal->a) sum.lo = sum.hi = goal->a[(size_t)index * (size_t)n + (size_t)j];
    if (j == n) sum.lo = sum.hi = constant;
    for (int i = 0; i < goal->m; i++) {
      size_t at = (size_t)i * ((size_t)n + 1) + (size_t)j;
      double c = goal->c[(size_t)index * (size_t)goal->m + (size_t)i];
      if (c != 0) sum = rl_iadd(sum, rl_iscale(c, (rl_interval){outputs->lo[at], outputs->hi[at]}));
    }
    if (j == n) {
      w[n] = rl_add_down(sum.lo, -error);
      return;
    }
    w[j] = sum.lo == sum.hi ? sum.lo : 0.5 * sum.lo + 0.5 * sum.hi;
    double spread = rl_max(rl_add_up(sum.hi, -w[j]), rl_add_up(w[j], -sum.lo));
    error = rl_add_up(error, rl_mul_up(spread, rl_max(fabs(part->lo[j]), fabs(part->hi[j]))));
  }
}

/* The dual bound of -m_r over the part comes with an affine majorant w.x + c of -m_r; the minorant is its negative. */
rl_status rl_part_settle(rl_cover *cover, rl_part *part, rl_error *err) {
  rl_cell cell = cell_of(part);
  size_t n = (size_t)cover->n, neurons = (size_t)cover->neurons;
  rl_affine outputs = {0};
  int index = 0;
  rl_status status = part->undecided == 0 ? output_forms(cover, part, &outputs, err) : RL_OK;
  if (status == RL_ENUMERIC) status = RL_OK; /* an overflow: the bounds below know what to do */
  for (int clause = 0; clause < cover->goal->clauses && !status; clause++)
    for (int row = 0; row < rl_property_rows(cover->goal, clause); row++, index++) {
      double *w = part->minorant + (size_t)index * (n + 1);
      if (outputs.lo) {
        exact_minorant(cover, part, &outputs, index, w);
        if (isfinite(w[n])) continue;
      }
      rl_dual_reset(cover->dual, &cell, 0);
      memcpy(cover->dual->alpha, part->alpha + (size_t)index * neurons, neurons * sizeof(double));
      double bound = rl_dual_bound(cover->dual, &cell, cover->opposite, clause, row, NULL);
      double constant = majorant_constant(cover, bound, w);
      w[n] = -constant;
    }
  rl_affine_free(&outputs);
  part->settled = !status;
  return status;
}
