/* L2: parts of a set that are still open, the worst bound first.
 *
 * A branch is what some neurons' signs leave of the set.  It carries the choices that its parent's bound was best for,
 * to start from, and the ranges that hold in it. */
#ifndef RL_BRANCH_H
#define RL_BRANCH_H

#include "wide/columns.h"

typedef struct rl_branch {
  double bound;         /* lower bound of what is bounded */
  rl_slopes_kept *from; /* NULL: none */
  rl_ranges *ranges;    /* NULL: the reduced network's */
  int depth;
  int split[]; /* depth: variable * 2 + on */
} rl_branch;

/* A binary heap. */
typedef struct rl_heap {
  int count, room;
  rl_branch **at;
} rl_heap;

/* The whole set; NULL: memory is short. */
rl_branch *rl_branch_create(double bound, rl_slopes_kept *from, rl_ranges *ranges);
/* The part of it where a variable is on or off. */
rl_branch *rl_branch_child(const rl_branch *branch, int variable, int on, double bound, rl_slopes_kept *from,
                           rl_ranges *ranges);
void rl_branch_release(rl_branch *branch);

int rl_heap_push(rl_heap *heap, rl_branch *branch); /* 0: memory is short; nothing is pushed */
rl_branch *rl_heap_pop(rl_heap *heap);
void rl_heap_clear(rl_heap *heap); /* its branches are released */
void rl_heap_free(rl_heap *heap);

static inline size_t rl_branch_bytes(const rl_branch *branch) {
  return sizeof *branch + (size_t)branch->depth * sizeof(int);
}

#endif
