/* L4: which way to split a part (see preimage.h).
 *
 * Candidates are the inputs (at the middle of the part's box) and the undecided neurons whose pre-activation is affine
 * on the part and whose relaxation costs the missed sample points most.  Each candidate's halves are bounded and given
 * slopes cheaply; the one that captures most is then evaluated in full. */
#include "preimage/preimage.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/vector.h"

static const double PROMISE = 0.3; /* of a point captured */

enum { LOOK = 96, QUICK_STEPS = 5, HALVINGS = 4 };

typedef struct candidate {
  int kind, index;
  double at, score;
} candidate;

/* Pre-activations of hidden layer part->layer at a point into cover->relaxed[0..]. */
static void affine_layer_at(rl_cover *cover, int layer, const double *x, size_t stride) {
  const rl_network *net = cover->net;
  double *in = cover->coef, *out = cover->next;
  for (int j = 0; j < cover->n; j++) in[j] = x[(size_t)j * stride];
  for (int k = 0; k <= layer; k++) {
    int columns = net->sizes[k];
    for (int i = 0; i < net->sizes[k + 1]; i++) {
      double z = net->biases[k][i] + rl_dot(net->weights[k] + (size_t)i * (size_t)columns, in, columns);
      out[i] = k < layer ? rl_activation(net, net->offsets[k] + i, z) : z;
    }
    double *swap = in;
    in = out;
    out = swap;
  }
  memcpy(cover->relaxed, in, (size_t)net->sizes[layer + 1] * sizeof *in);
}

/* Fills loss[] of the neurons of the part's affine layer: what their relaxation takes from the rows that decide at
 * missed points.  Needs the scores and v of the last rl_part_slopes. */
static void losses(rl_cover *cover, const rl_part *part, double *loss) {
  const rl_network *net = cover->net;
  int size = net->sizes[part->layer + 1], offset = net->offsets[part->layer], looked = 0;
  size_t neurons = (size_t)cover->neurons;
  memset(loss, 0, (size_t)size * sizeof *loss);
  for (size_t s = 0; s < part->points.count && looked < LOOK; s++) {
    if (cover->value[s] >= 0) continue;
    looked++;
    affine_layer_at(cover, part->layer, part->points.x + s, part->points.room);
    size_t r = (size_t)cover->which[s];
    const double *v = cover->v + r * neurons + offset, *alpha = part->alpha + r * neurons + offset;
    for (int i = 0; i < size; i++) {
      double l = part->l[offset + i], u = part->u[offset + i], z = cover->relaxed[i], active = rl_max(z, 0);
      if (rl_neuron_sign(part->signs[offset + i], l, u) != RL_FREE) continue;
      loss[i] += (v[i] < 0 ? -v[i] * (rl_upper_slope(l, u) * (z - l) - active) : v[i] * (active - alpha[i] * z)) /
                 cover->scale[r];
    }
  }
}

static int by_score(const void *a, const void *b) {
  double x = ((const candidate *)a)->score, y = ((const candidate *)b)->score;
  return x < y ? 1 : x > y ? -1 : 0;
}

/* The neurons of most loss into list[0..most); returns how many there are. */
static int neuron_candidates(rl_cover *cover, const rl_part *part, candidate *list, int most) {
  const rl_network *net = cover->net;
  if (part->layer >= net->layers - 1) return 0;
  double *loss = cover->grad;
  int found = 0, offset = net->offsets[part->layer];
  losses(cover, part, loss);
  for (int taken = 0; taken < most; taken++) {
    int best = -1;
    for (int i = 0; i < net->sizes[part->layer + 1]; i++) {
      int k = offset + i;
      if (loss[i] < 0 || rl_neuron_sign(part->signs[k], part->l[k], part->u[k]) != RL_FREE) continue;
      if (best < 0 || loss[i] > loss[best]) best = i;
    }
    if (best < 0) break;
    list[found++] = (candidate){RL_SPLIT_NEURON, offset + best, 0, loss[best]};
    loss[best] = -1;
  }
  return found;
}

static int input_candidates(const rl_cover *cover, const rl_part *part, candidate *list) {
  int found = 0;
  for (int j = 0; j < cover->n; j++) {
    double middle = 0.5 * part->lo[j] + 0.5 * part->hi[j], width = part->hi[j] - part->lo[j];
    if (!(middle > part->lo[j] && middle < part->hi[j])) continue;
    if (width < 1e-9 * (cover->domain->hi[j] - cover->domain->lo[j])) continue;
    list[found++] = (candidate){RL_SPLIT_INPUT, j, middle, 0};
  }
  return found;
}

/* What a part is worth in comparisons: the volume captured, and a little for what is nearly captured. */
static double worth(const rl_part *part) { return part->weight * ((double)part->captured + PROMISE * part->promise); }

/* Both halves of a split with cheap bounds and few steps; *volume = what they capture. */
static rl_status try_split(rl_cover *cover, const rl_part *part, const candidate *c, int steps, rl_part *children[2],
                           double *volume, rl_error *err) {
  rl_status status = RL_OK;
  *volume = 0;
  children[0] = children[1] = NULL;
  for (int side = 0; side < 2; side++) {
    rl_part *child = NULL;
    status = rl_part_child(&child, cover, part, c->kind, c->index, c->at, side, err);
    if (status) break;
    children[side] = child;
    rl_part_bound(cover, child, 0);
    status = rl_part_slopes(cover, child, steps, err);
    if (status) break;
    *volume += worth(child);
  }
  if (!status) return RL_OK;
  rl_part_release(children[0]);
  rl_part_release(children[1]);
  children[0] = children[1] = NULL;
  return status;
}

static void release_both(rl_part *children[2]) {
  for (int side = 0; side < 2; side++) {
    rl_part_release(children[side]);
    children[side] = NULL;
  }
}

/* Bound, sample and climb in full; certain emptiness removes the child. */
static rl_status finish_child(rl_cover *cover, rl_part **child, rl_error *err) {
  rl_part *part = *child;
  if (part && !part->dead) rl_part_bound(cover, part, 1);
  if (!part || part->dead) {
    rl_part_release(part);
    *child = NULL;
    return RL_OK;
  }
  rl_status status = rl_part_sample(cover, part, (size_t)cover->options.points, err);
  if (!status) status = rl_part_slopes(cover, part, (int)cover->options.slope_steps, err);
  return status;
}

rl_status rl_part_split(rl_cover *cover, rl_part *part, int kind, int index, double at, rl_error *err) {
  candidate c = {kind, index, at, 0};
  double volume, gain = -worth(part);
  part->split_kind = RL_SPLIT_NONE;
  release_both(part->children);
  rl_status status = try_split(cover, part, &c, 0, part->children, &volume, err);
  for (int side = 0; side < 2 && !status; side++) {
    status = finish_child(cover, &part->children[side], err);
    if (!status && part->children[side]) gain += worth(part->children[side]);
  }
  if (status) return status;
  part->split_kind = kind;
  part->split_index = index;
  part->split_at = at;
  part->gain = gain;
  return RL_OK;
}

/* The undecided neuron of the part's affine layer whose range is cut most evenly; -1: none. */
static int widest_neuron(const rl_cover *cover, const rl_part *part) {
  const rl_network *net = cover->net;
  int best = -1;
  double most = 0;
  if (part->layer >= net->layers - 1) return -1;
  for (int k = net->offsets[part->layer]; k < net->offsets[part->layer + 1]; k++) {
    if (rl_neuron_sign(part->signs[k], part->l[k], part->u[k]) != RL_FREE) continue;
    double least = rl_min(-part->l[k], part->u[k]);
    if (best < 0 || least > most) best = k, most = least;
  }
  return best;
}

/* Where no sample point is missed, or halving inputs has not helped for long, only neurons are split: that ends, for
 * there are finitely many. */
static int only_neurons(const rl_cover *cover, const rl_part *part) {
  return part->captured == part->points.count || part->halvings > HALVINGS * cover->n;
}

/* A neuron whose half-space overflows cannot be split: no proposal, but no failure either. */
static rl_status unless_overflow(rl_status status) { return status == RL_ENUMERIC ? RL_OK : status; }

rl_status rl_part_propose(rl_cover *cover, rl_part *part, rl_error *err) {
  int most = (int)cover->options.candidates, neuron = only_neurons(cover, part) ? widest_neuron(cover, part) : -1;
  part->split_kind = RL_SPLIT_NONE;
  if (neuron >= 0 && part->captured == part->points.count)
    return unless_overflow(rl_part_split(cover, part, RL_SPLIT_NEURON, neuron, 0, err));
  candidate *list = rl_alloc((size_t)cover->n + (size_t)most + 1, sizeof *list);
  if (!list) return rl_fail_memory(err);
  rl_status status = rl_part_slopes(cover, part, 0, err);
  int count = status ? 0 : neuron_candidates(cover, part, list, most);
  if (!status && neuron < 0) count += input_candidates(cover, part, list + count);
  if (!status && count == 0 && neuron >= 0) list[count++] = (candidate){RL_SPLIT_NEURON, neuron, 0, 0};
  for (int i = 0; i < count && !status && !rl_late(0); i++) {
    rl_part *children[2] = {NULL, NULL};
    status = try_split(cover, part, &list[i], QUICK_STEPS, children, &list[i].score, err);
    release_both(children);
    if (status == RL_ENUMERIC) list[i].score = -1;
    status = unless_overflow(status);
  }
  if (count) qsort(list, (size_t)count, sizeof *list, by_score);
  if (count && !status && list[0].score >= 0)
    status = unless_overflow(rl_part_split(cover, part, list[0].kind, list[0].index, list[0].at, err));
  rl_free(list);
  return status;
}

rl_status rl_part_check_split(const rl_cover *cover, const rl_part *part, int kind, int index, double at,
                              rl_error *err) {
  const rl_network *net = cover->net;
  if (kind == RL_SPLIT_INPUT) {
    if (index < 0 || index >= cover->n) return rl_fail(err, RL_EINPUT, "input %d of %d", index, cover->n);
    if (!(at > part->lo[index] && at < part->hi[index]))
      return rl_fail(err, RL_EINPUT, "input %d cannot be split at %.17g: the part has %.17g to %.17g", index, at,
                     part->lo[index], part->hi[index]);
    return RL_OK;
  }
  if (index < 0 || index >= cover->neurons) return rl_fail(err, RL_EINPUT, "neuron %d of %d", index, cover->neurons);
  if (rl_neuron_sign(part->signs[index], part->l[index], part->u[index]) != RL_FREE)
    return rl_fail(err, RL_EINPUT, "neuron %d is decided on the part", index);
  if (part->layer >= net->layers - 1 || index >= net->offsets[part->layer + 1])
    return rl_fail(err, RL_EINPUT, "neuron %d is not affine on the part: layer %d has undecided neurons", index,
                   part->layer + 1);
  return RL_OK;
}
