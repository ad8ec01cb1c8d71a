/* L4: parts of a domain and their sample points (see preimage.h). */
#include "core/random.h"
#include "preimage/preimage.h"

#include <string.h>

#include "core/vector.h"
#include "encode/affine.h"

/* ---- points ------------------------------------------------------------------ */

rl_status rl_points_reserve(rl_points *points, size_t room, rl_error *err) {
  if (room <= points->room) return RL_OK;
  if (room < 2 * points->room) room = 2 * points->room;
  double *x = rl_alloc(room * (size_t)points->n, sizeof *x);
  if (!x) return rl_fail_memory(err);
  for (int j = 0; j < points->n && points->count; j++)
    memcpy(x + (size_t)j * room, points->x + (size_t)j * points->room, points->count * sizeof *x);
  rl_free(points->x);
  points->x = x;
  points->room = room;
  return RL_OK;
}

rl_status rl_points_add(rl_points *points, const double *x, size_t stride, rl_error *err) {
  rl_status status = RL_OK;
  if (points->count == points->room) status = rl_points_reserve(points, 2 * points->room + 64, err);
  if (status) return status;
  for (int j = 0; j < points->n; j++) points->x[(size_t)j * points->room + points->count] = x[(size_t)j * stride];
  points->count++;
  return RL_OK;
}

void rl_points_free(rl_points *points) {
  rl_free(points->x);
  points->x = NULL;
  points->count = points->room = 0;
}

/* ---- parts --------------------------------------------------------------------- */

rl_status rl_part_create(rl_part **out, const rl_cover *cover, int rows, rl_error *err) {
  rl_part *part = rl_alloc(1, sizeof *part);
  if (!part) return rl_fail_memory(err);
  size_t n = (size_t)cover->n, neurons = (size_t)cover->neurons, total = (size_t)cover->total;
  part->rows = rows;
  part->points.n = cover->n;
  part->split_kind = RL_SPLIT_NONE;
  part->lo = rl_alloc(n, sizeof(double));
  part->hi = rl_alloc(n, sizeof(double));
  part->A = rl_alloc((size_t)rows * n, sizeof(double));
  part->b = rl_alloc((size_t)rows, sizeof(double));
  part->signs = rl_alloc(neurons, 1);
  part->l = rl_alloc(neurons, sizeof(double));
  part->u = rl_alloc(neurons, sizeof(double));
  part->alpha = rl_alloc(total * neurons, sizeof(double));
  part->minorant = rl_alloc(total * (n + 1), sizeof(double));
  if (!part->lo || !part->hi || !part->A || !part->b || !part->signs || !part->l || !part->u || !part->alpha ||
      !part->minorant) {
    rl_part_release(part);
    return rl_fail_memory(err);
  }
  *out = part;
  return RL_OK;
}

void rl_part_release(rl_part *part) {
  if (!part) return;
  rl_part_release(part->children[0]);
  rl_part_release(part->children[1]);
  rl_points_free(&part->points);
  rl_free(part->probe);
  rl_free(part->lo);
  rl_free(part->hi);
  rl_free(part->A);
  rl_free(part->b);
  rl_free(part->signs);
  rl_free(part->l);
  rl_free(part->u);
  rl_free(part->alpha);
  rl_free(part->minorant);
  rl_free(part);
}

int rl_part_contains(const rl_part *part, int n, const double *x, size_t stride) {
  for (int j = 0; j < n; j++)
    if (!(x[(size_t)j * stride] >= part->lo[j] && x[(size_t)j * stride] <= part->hi[j])) return 0;
  for (int r = 0; r < part->rows; r++) {
    const double *a = part->A + (size_t)r * (size_t)n;
    double sum = -part->b[r];
    for (int j = 0; j < n; j++) sum += a[j] * x[(size_t)j * stride];
    if (sum > 0) return 0;
  }
  return 1;
}

rl_status rl_part_root(rl_part **out, rl_cover *cover, rl_error *err) {
  const rl_domain *domain = cover->domain;
  size_t n = (size_t)cover->n;
  rl_part *part;
  rl_status status = rl_part_create(&part, cover, domain->rows, err);
  if (status) return status;
  memcpy(part->lo, domain->lo, n * sizeof(double));
  memcpy(part->hi, domain->hi, n * sizeof(double));
  if (domain->rows) {
    memcpy(part->A, domain->A, (size_t)domain->rows * n * sizeof(double));
    memcpy(part->b, domain->b, (size_t)domain->rows * sizeof(double));
  }
  memset(part->signs, RL_FREE, (size_t)cover->neurons);
  rl_mark_linear(cover->net, part->signs);
  for (int k = 0; k < cover->neurons; k++) {
    part->l[k] = -INFINITY;
    part->u[k] = INFINITY;
  }
  for (size_t i = 0; i < (size_t)cover->total * (size_t)cover->neurons; i++) part->alpha[i] = 0.5;
  *out = part;
  return RL_OK;
}

/* The half-space of a neuron whose pre-activation is affine on the part, as the last row.  For an
 * under-approximation the row is moved inwards by its rounding error, for an over-approximation outwards: where
 * z >= 0 cannot be excluded, its opposite sign's inward row does not hold with slack. */
static rl_status neuron_row(const rl_cover *cover, rl_part *part, int neuron, int sign, rl_error *err) {
  const rl_network *net = cover->net;
  int layer = rl_network_layer_of(net, neuron), n = cover->n;
  rl_affine before = {0}, forms = {0};
  rl_status status = RL_OK;
  for (int k = 0; k <= layer && !status; k++) {
    status = rl_affine_layer(&forms, net, k, &before, err);
    rl_affine_free(&before);
    if (status || k == layer) break;
    int8_t *signs = rl_alloc((size_t)forms.count, 1);
    if (!signs) {
      rl_affine_free(&forms);
      return rl_fail_memory(err);
    }
    for (int i = 0; i < forms.count; i++) {
      int j = net->offsets[k] + i;
      signs[i] = (int8_t)rl_neuron_sign(part->signs[j], part->l[j], part->u[j]);
    }
    rl_affine_relu(&forms, net, k, signs);
    rl_free(signs);
    before = forms;
    forms = (rl_affine){0};
  }
  if (status) return status;
  double *row = part->A + (size_t)(part->rows - 1) * (size_t)n, *b = part->b + part->rows - 1;
  if (cover->over) sign = sign == RL_ON ? RL_OFF : RL_ON;
  status = rl_affine_half_space(&forms, neuron - net->offsets[layer], sign, part->lo, part->hi, row, b, err);
  if (cover->over) {
    for (int j = 0; j < n; j++) row[j] = -row[j];
    *b = -*b;
  }
  rl_affine_free(&forms);
  return status;
}

static rl_status copy_points(rl_part *child, const rl_part *part, rl_error *err) {
  rl_status status = RL_OK;
  child->weight = part->weight;
  for (size_t s = 0; s < part->points.count && !status; s++)
    if (rl_part_contains(child, part->points.n, part->points.x + s, part->points.room))
      status = rl_points_add(&child->points, part->points.x + s, part->points.room, err);
  return status;
}

static void inherit(rl_part *child, const rl_part *part, const rl_cover *cover) {
  size_t n = (size_t)cover->n, neurons = (size_t)cover->neurons;
  memcpy(child->lo, part->lo, n * sizeof(double));
  memcpy(child->hi, part->hi, n * sizeof(double));
  memcpy(child->A, part->A, (size_t)part->rows * n * sizeof(double));
  memcpy(child->b, part->b, (size_t)part->rows * sizeof(double));
  memcpy(child->signs, part->signs, neurons);
  memcpy(child->l, part->l, neurons * sizeof(double));
  memcpy(child->u, part->u, neurons * sizeof(double));
  memcpy(child->alpha, part->alpha, (size_t)cover->total * neurons * sizeof(double));
  child->layer = part->layer;
  child->depth = part->depth + 1;
  child->halvings = part->halvings;
  child->clause = part->clause;
}

rl_status rl_part_child(rl_part **out, rl_cover *cover, const rl_part *part, int kind, int index, double at, int side,
                        rl_error *err) {
  rl_part *child;
  rl_status status = rl_part_create(&child, cover, part->rows + (kind == RL_SPLIT_NEURON), err);
  if (status) return status;
  inherit(child, part, cover);
  child->halvings = kind == RL_SPLIT_INPUT ? part->halvings + 1 : 0;
  if (kind == RL_SPLIT_INPUT) {
    (side ? child->lo : child->hi)[index] = at;
  } else {
    child->signs[index] = side ? RL_ON : RL_OFF;
    status = neuron_row(cover, child, index, child->signs[index], err);
  }
  if (!status) status = copy_points(child, part, err);
  if (status) {
    rl_part_release(child);
    return status;
  }
  *out = child;
  return RL_OK;
}

/* ---- sampling ------------------------------------------------------------------ */

enum { BATCH = 64, PATIENCE = 4000 }; /* batches at most */
#define MOST_PRODUCTS 5e9             /* of weights and activations at most, about a second's work */

#define BATCH_PRODUCTS 2e8            /* in one go: hundredths of a second */

double rl_sample_work(const rl_network *net) {
  double weights = 1;
  for (int k = 0; k < net->layers; k++) weights += (double)net->sizes[k] * net->sizes[k + 1];
  return weights;
}

double rl_sample_most(const rl_network *net) { return MOST_PRODUCTS / rl_sample_work(net); }

int rl_sample_batch(const rl_network *net, int most) {
  return (int)rl_max(1, rl_min(most, BATCH_PRODUCTS / rl_sample_work(net)));
}

/* A batch of points of the part's box that lie in its half-spaces; returns how many. */
static size_t draw(rl_cover *cover, const rl_part *part, int batch, double *x) {
  size_t n = (size_t)cover->n, kept = 0;
  for (int i = 0; i < batch; i++) {
    double *point = x + kept * n;
    for (size_t j = 0; j < n; j++) {
      double t = rl_random_unit(&cover->random), value = part->lo[j] + t * (part->hi[j] - part->lo[j]);
      point[j] = rl_min(rl_max(value, part->lo[j]), part->hi[j]);
    }
    kept += (size_t)rl_part_contains(part, cover->n, point, 1);
  }
  return kept;
}

static rl_status sample(rl_cover *cover, rl_part *part, size_t want, double *x, double *y, size_t *drawn,
                        rl_error *err) {
  size_t n = (size_t)cover->n, m = (size_t)cover->net->sizes[cover->net->layers], idle = 0;
  int size = rl_sample_batch(cover->net, BATCH), most = (int)rl_max(1, rl_min(PATIENCE, rl_sample_most(cover->net) / size));
  *drawn = 0;
  for (int batch = 0; batch < most && part->points.count < want; batch++) {
    if (batch > 0 && rl_late(size * rl_sample_work(cover->net))) break;
    size_t kept = draw(cover, part, size, x), before = part->points.count;
    rl_status status = rl_network_eval(cover->net, kept, x, y, err);
    *drawn += (size_t)size;
    cover->evaluations += (long)kept;
    for (size_t i = 0; i < kept && !status; i++) {
      int holds = rl_property_value(cover->property, x + i * n, y + i * m) >= 0;
      if (holds != cover->over) status = rl_points_add(&part->points, x + i * n, 1, err);
    }
    if (status) return status;
    idle = part->points.count > before ? 0 : idle + 1;
    if (part->weight > 0 && idle > 50) break;
  }
  return RL_OK;
}

rl_status rl_part_sample(rl_cover *cover, rl_part *part, size_t want, rl_error *err) {
  size_t n = (size_t)cover->n, m = (size_t)cover->net->sizes[cover->net->layers], drawn = 0;
  double volume = part->weight * (double)part->points.count;
  if (part->points.count >= want || (part->weight > 0 && part->points.count == 0)) return RL_OK;
  double *x = rl_alloc(BATCH * n, sizeof *x), *y = rl_alloc(BATCH * m, sizeof *y);
  rl_status status = x && y ? rl_points_reserve(&part->points, want + BATCH, err) : rl_fail_memory(err);
  if (!status) status = sample(cover, part, want, x, y, &drawn, err);
  if (part->weight == 0)
    part->weight = 1 / rl_max((double)drawn, 1); /* the root: shares of the domain's box */
  else if (part->points.count)
    part->weight = volume / (double)part->points.count;
  rl_free(x);
  rl_free(y);
  return status;
}
