/* L3: a region's representation, shared by region.c and the boxes. */
#ifndef RL_REGION_H
#define RL_REGION_H

#include <stdatomic.h>

#include "model/network.h"

struct rl_region {
  atomic_int references;
  int n, rows;
  double *lo, *hi; /* n */
  double *A, *b;   /* rows x n, rows */
  double *slop;    /* rows: bound of the rounding error of a floating-point A x for x in the box */
  int8_t *pattern; /* of net's neurons, or NULL */
  int polytope;    /* the rows imply the pattern */
  rl_network *net; /* NULL when there is no pattern */
};

#endif
