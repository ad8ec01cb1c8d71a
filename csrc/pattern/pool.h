/* L4: counterexamples that are kept.
 *
 * A counterexample x is an input of the domain, confirmed, at which the property fails.  It refutes
 * every pattern whose literals it obeys: no pattern that implies the property is free of all the literals
 * that x violates. */
#ifndef RL_POOL_H
#define RL_POOL_H

#include "model/network.h"

enum { RL_OBEYS_ON = 1, RL_OBEYS_OFF = 2 };

typedef struct rl_stored {
  double *x;      /* n */
  uint8_t *obeys; /* neurons: which signs x certainly obeys; both where the pre-activation is 0 */
} rl_stored;

typedef struct rl_pool {
  const rl_network *net; /* borrowed */
  rl_stored *entry;
  int count, room;
  rl_interval *z, *y; /* scratch */
} rl_pool;

/* A zeroed pool may be freed. */
rl_status rl_pool_make(rl_pool *pool, const rl_network *net, rl_error *err);
void rl_pool_free(rl_pool *pool);

/* Keep x, a confirmed counterexample that obeys signs[neurons] (NULL: nothing is known of it). */
rl_status rl_pool_add(rl_pool *pool, const double *x, const int8_t *signs, rl_error *err);
/* How many literals of the pattern entry i may violate. */
int rl_pool_violations(const rl_pool *pool, int i, const int8_t *pattern);
/* The number of an entry that certainly obeys every literal of the pattern, or -1. */
int rl_pool_refutes(const rl_pool *pool, const int8_t *pattern);

#endif
