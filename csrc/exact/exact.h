/* L2: exact linear programs, for the leaves that rounding cannot settle.
 *
 * With every neuron's sign fixed the network is one affine map, so a leaf of
 * the search is a linear program over the inputs whose data are products of
 * doubles.  Here it is built and solved in rational arithmetic (GMP), without
 * any tolerance. */
#ifndef RL_EXACT_H
#define RL_EXACT_H

#include "model/network.h"

typedef enum rl_exact_result { RL_EXACT_EMPTY, RL_EXACT_MAXIMUM, RL_EXACT_GAVE_UP } rl_exact_result;

/* Maximise the minimum over the rows of `clause` of a.x + c.F(x) + d over
 *   { lo <= x <= hi, domain rows A x <= b, every hidden neuron obeys signs[] }
 * where signs (all ON or OFF, none free) fixes F to an affine map.
 * lo, hi: a box inside the domain's.  required: rl pattern of the neurons whose
 * sign must be imposed as a constraint (signs[i] for i with impose[i] != 0; the
 * others are known to hold on the box and only choose the affine piece).
 * max_pivots: gives up after so many (0: none).
 *
 * RL_EXACT_MAXIMUM: *sign is -1, 0 or 1, the exact sign of the maximum; *value is
 * the maximum rounded upwards to a double; x[n] the maximiser rounded to nearest
 * and *x_exact = 1 if every coordinate is exactly a double. */
rl_status rl_exact_leaf(const rl_network *net, const rl_domain *domain, const double *lo, const double *hi,
                        const int8_t *signs, const uint8_t *impose, const rl_property *target, int clause,
                        long max_pivots, rl_exact_result *result, int *sign, double *value, double *x, int *x_exact,
                        int *tight, int *tights, rl_error *err);

/* x[n]: of the same set, the point where the smallest of all rows, the set's and the clause's, is largest, each
 * measured by its range over the box (constant ones left out); rounded to nearest.  To be asked where the maximum is at
 * least 0.  Where the margin is positive (*inside = 1) rounding is unlikely to lead out of the set, as it often does
 * from a vertex. */
rl_status rl_exact_inside(const rl_network *net, const rl_domain *domain, const double *lo, const double *hi,
                          const int8_t *signs, const uint8_t *impose, const rl_property *target, int clause,
                          long max_pivots, double *x, int *inside, rl_error *err);

/* The same where some rows, of the set's and the clause's, are 0 all over it, so that its inputs lie on a plane, and
 * rounding leads out: x[n] is on these rows, exactly, near the point where the smallest of the others is largest.
 * *found = 0: there is no such plane, or no point of doubles was found on it. */
rl_status rl_exact_flat(const rl_network *net, const rl_domain *domain, const double *lo, const double *hi,
                        const int8_t *signs, const uint8_t *impose, const rl_property *target, int clause,
                        long max_pivots, double *x, int *found, rl_error *err);

/* The exact value of min over the clause's rows of a.x + c.F(x) + d at a point:
 * its sign (-1, 0, 1), and the value rounded downwards. */
rl_status rl_exact_value(const rl_network *net, const rl_property *target, int clause, const double *x, int *sign,
                         double *value, rl_error *err);

/* Signs of all pre-activations at x, exactly: out[neurons] in -1, 0, 1. */
rl_status rl_exact_signs(const rl_network *net, const double *x, int8_t *out, rl_error *err);

/* The exact sign (-1, 0, 1) of a.x - b; all finite. */
int rl_exact_row(int n, const double *a, const double *x, double b);

#endif
