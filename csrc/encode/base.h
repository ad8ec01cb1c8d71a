/* L2: where bounds may start and end instead of at the inputs: a hidden layer whose pre-activations are known affine
 * forms on a polytope that is given by its vertices.
 *
 * With every earlier sign decided, z_i = w_i.u + c_i on the polytope, but for the errors given; the maximum of a
 * combination of them is reached at a vertex. */
#ifndef RL_BASE_H
#define RL_BASE_H

#include "encode/account.h"

typedef struct rl_base {
  int layer, count;                           /* hidden layer, its neurons */
  int d;                                      /* coordinates u */
  const double *w;                            /* count x (d + 1): the forms, the constant last */
  const double *slope_error, *constant_error; /* count: the exact coefficients, constants lie within these */
  int points;
  const double *point; /* points x d: the vertices */
  double error;        /* each within this in every coordinate */
  double *scratch;     /* 2 (d + 1) */
} rl_base;

/* Add max sum_i c_i z_i over the polytope, c[count], to the account, rounded upwards. */
void rl_base_add_maximum(const rl_base *base, const double *c, rl_account *account);
/* Bounds of z_i over the polytope. */
void rl_base_range(const rl_base *base, int i, double *low, double *up);
/* Bounds of the coordinates: lo[d], hi[d]. */
void rl_base_box(const rl_base *base, double *lo, double *hi);

#endif
