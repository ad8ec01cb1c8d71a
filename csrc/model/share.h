/* L1: reference counting, the same for every shared object.
 *
 * An object starts with one reference.  rl_share adds one; rl_unshare takes one
 * away and returns 1 when it was the last, so that the caller frees the object.
 * Both are safe from any thread. */
#ifndef RL_SHARE_H
#define RL_SHARE_H

#include <stdatomic.h>

static inline void rl_share(const atomic_int *references) {
  atomic_fetch_add_explicit((atomic_int *)references, 1, memory_order_relaxed);
}

static inline int rl_unshare(atomic_int *references) {
  return atomic_fetch_sub_explicit(references, 1, memory_order_acq_rel) == 1;
}

#endif
