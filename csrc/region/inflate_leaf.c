/* L3: the leaves of a division by signs (see inflate.h).
 *
 * A leaf is split at the neuron whose relaxation costs most: at the corner where a bound is reached, what it would gain
 * if the neuron's activation were exact there, times how much what is ascended gains by the bound (after the "babsr"
 * scores of Bunel et al. 2020, but at the corner). */
#include <string.h>

#include "region/inflate.h"

/* Leaves whose cost is below this share of the largest are left alone. */
static const double LEAST_COST = 0.05;

void rl_leaf_release(rl_leaf *leaf) {
  void *owned[] = {leaf->signs,       leaf->tuning.value, leaf->tuning.slope,
                   leaf->tuning.kept, leaf->tuning.best,  leaf->tuning.moment};
  for (size_t i = 0; i < sizeof owned / sizeof *owned; i++) rl_free(owned[i]);
  *leaf = (rl_leaf){0};
}

int rl_leaf_create(const rl_inflate *f, rl_leaf *leaf) {
  size_t neurons = (size_t)f->net->neurons, count = 2 * f->base[f->net->layers];
  rl_tuning *t = &leaf->tuning;
  leaf->signs = rl_alloc(neurons, 1);
  t->value = rl_alloc(count, sizeof(double));
  t->slope = rl_alloc(count, sizeof(double));
  t->kept = rl_alloc(count, sizeof(double));
  t->best = rl_alloc(count, sizeof(double));
  t->moment = rl_alloc(count, sizeof *t->moment);
  if (!leaf->signs || !t->value || !t->slope || !t->kept || !t->best || !t->moment) return 0;
  memset(leaf->signs, RL_FREE, neurons);
  rl_mark_linear(f->net, leaf->signs);
  leaf->expensive = -1;
  return 1;
}

static int copy_leaf(const rl_inflate *f, rl_leaf *to, const rl_leaf *from) {
  size_t count = 2 * f->base[f->net->layers];
  if (!rl_leaf_create(f, to)) return 0;
  memcpy(to->signs, from->signs, (size_t)f->net->neurons);
  memcpy(to->tuning.value, from->tuning.value, count * sizeof(double));
  memcpy(to->tuning.moment, from->tuning.moment, count * sizeof *to->tuning.moment);
  return 1;
}

static double largest_cost(const rl_inflate *f) {
  double most = 0;
  for (int i = 0; i < f->leaves; i++)
    if (f->leaf[i].expensive >= 0 && f->leaf[i].cost > most) most = f->leaf[i].cost;
  return most;
}

/* The leaf of the largest cost that was not split in this round; -1: none is worth it. */
static int next_leaf(const rl_inflate *f, int count, double least) {
  int best = -1;
  for (int i = 0; i < count; i++)
    if (f->leaf[i].expensive >= 0 && f->leaf[i].cost > least && (best < 0 || f->leaf[i].cost > f->leaf[best].cost))
      best = i;
  return best;
}

int rl_inflate_split(rl_inflate *f, int *split) {
  int count = f->leaves;
  double least = LEAST_COST * largest_cost(f);
  for (*split = 0; f->leaves < (int)f->options.leaves; ++*split) {
    int i = next_leaf(f, count, least);
    if (i < 0) break;
    rl_leaf *off = &f->leaf[i], *on = &f->leaf[f->leaves];
    if (!copy_leaf(f, on, off)) return rl_leaf_release(on), 0;
    off->signs[off->expensive] = RL_OFF;
    on->signs[off->expensive] = RL_ON;
    off->expensive = -1;
    f->leaves++;
  }
  return 1;
}
