/* L2: affine forms with interval coefficients, and the rigorous value of a row.
 *
 * Where the signs of all earlier neurons are fixed a pre-activation is affine in
 * the input: z(x) = sum_j w_j x_j + w_n.  Computed in floating point its
 * coefficients are only known to lie in intervals; data whose products and sums
 * are exact give points. */
#ifndef RL_AFFINE_H
#define RL_AFFINE_H

#include "core/round.h"
#include "model/network.h"

typedef struct rl_affine {
  int n;       /* inputs */
  int count;   /* forms */
  double *lo;  /* count x (n+1): coefficients and, last, the constant */
  double *hi;
} rl_affine;

/* Forms of the pre-activations (outputs) of affine layer `layer`, given those of the
 * activations before it; previous is ignored for layer 0.  out is filled afresh.  RL_ENUMERIC: a
 * coefficient overflows, or time is up (rl_late). */
rl_status rl_affine_layer(rl_affine *out, const rl_network *net, int layer, const rl_affine *previous, rl_error *err);
/* Turn pre-activations of hidden layer `layer` into activations: those of ReLU neurons whose sign (signs: the layer's)
 * is not RL_ON become 0. */
void rl_affine_relu(rl_affine *forms, const rl_network *net, int layer, const int8_t *signs);
void rl_affine_free(rl_affine *forms); /* zeroed forms are fine */

/* The form as a half-space inside the box lo <= x <= hi: every x of the box with
 * row.x <= *b obeys z(x) >= 0 (sign RL_ON) or z(x) <= 0 (RL_OFF) in exact
 * arithmetic; with point coefficients exactly these do.  row[n] is written.
 * RL_ENUMERIC: its right-hand side overflows. */
rl_status rl_affine_half_space(const rl_affine *forms, int index, int sign, const double *lo, const double *hi,
                               double *row, double *b, rl_error *err);

/* An upper bound, tight to about 1e-32 relative to the sizes of the terms and one
 * rounding of the result, of
 *   max { a.x : lo <= x <= hi } - b.
 * lo = hi = x gives the row at a point. */
double rl_row_excess(int n, const double *a, const double *lo, const double *hi, double b);

#endif
