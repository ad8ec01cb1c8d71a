/* L2: open parts of a set (see branch.h). */
#include "wide/branch.h"

#include <string.h>

static rl_branch *create(double bound, int depth, rl_slopes_kept *from, rl_ranges *ranges) {
  rl_branch *b = rl_alloc(1, sizeof *b + (size_t)depth * sizeof(int));
  if (!b) return NULL;
  b->bound = bound;
  b->depth = depth;
  b->from = from;
  b->ranges = ranges;
  if (from) from->users++;
  if (ranges) ranges->users++;
  return b;
}

rl_branch *rl_branch_create(double bound, rl_slopes_kept *from, rl_ranges *ranges) {
  return create(bound, 0, from, ranges);
}

rl_branch *rl_branch_child(const rl_branch *branch, int variable, int on, double bound, rl_slopes_kept *from,
                           rl_ranges *ranges) {
  rl_branch *b = create(bound, branch->depth + 1, from, ranges);
  if (!b) return NULL;
  memcpy(b->split, branch->split, (size_t)branch->depth * sizeof *b->split);
  b->split[branch->depth] = variable * 2 + on;
  return b;
}

void rl_branch_release(rl_branch *b) {
  if (!b) return;
  rl_slopes_drop(b->from);
  rl_ranges_drop(b->ranges);
  rl_free(b);
}

int rl_heap_push(rl_heap *h, rl_branch *branch) {
  if (h->count == h->room) {
    int room = h->room ? 2 * h->room : 16;
    rl_branch **at = rl_realloc(h->at, (size_t)room * sizeof(rl_branch *));
    if (!at) return 0;
    h->at = at;
    h->room = room;
  }
  int i = h->count++;
  for (; i > 0 && branch->bound < h->at[(i - 1) / 2]->bound; i = (i - 1) / 2) h->at[i] = h->at[(i - 1) / 2];
  h->at[i] = branch;
  return 1;
}

rl_branch *rl_heap_pop(rl_heap *h) {
  if (!h->count) return NULL;
  rl_branch *worst = h->at[0], *last = h->at[--h->count];
  int i = 0;
  for (int child = 1; child < h->count; i = child, child = 2 * i + 1) {
    if (child + 1 < h->count && h->at[child + 1]->bound < h->at[child]->bound) child++;
    if (last->bound <= h->at[child]->bound) break;
    h->at[i] = h->at[child];
  }
  if (h->count) h->at[i] = last;
  return worst;
}

void rl_heap_clear(rl_heap *h) {
  while (h->count) rl_branch_release(h->at[--h->count]);
}

void rl_heap_free(rl_heap *h) {
  rl_heap_clear(h);
  rl_free(h->at);
  *h = (rl_heap){0};
}
