/* L3: what the two largest-box problems share.
 *
 * A box is written by its outward extents from a centre c:
 *   lo = c - m,  hi = c + p,  width w = p + m >= 0.
 * The row a.x <= b holds on the whole box iff
 *   sum_i a_i^+ p_i + a_i^- m_i <= b - a.c      (a^+ = max(a,0), a^- = max(-a,0)),
 * so all coefficients are >= 0 and shrinking a box never breaks a row. */
#ifndef RL_BOX_H
#define RL_BOX_H

#include "region/region.h"

typedef struct rl_box_problem {
  const rl_region *region;
  const double *anchor;   /* n, or NULL: the box need not contain a given point */
  int n;
  double *limit_lo;       /* n: every box that counts has limit_lo <= lo and hi <= limit_hi */
  double *limit_hi;
  int rows;               /* rows of the region that can bind within the limits */
  int *row;               /* rows: their numbers in the region */
  double *unit;           /* n: powers of two near the limits' width, in which the LPs count inputs */
  double *scale;          /* rows: powers of two that bring the largest coefficient times unit into [1/2, 1) */
} rl_box_problem;

/* *empty = 1: there is no box (the anchor is outside).  A row that is tight at the
 * anchor makes the anchor a limit of each input it has a coefficient on. */
rl_status rl_box_problem_create(rl_box_problem **out, const rl_region *region, const double *anchor, int *empty,
                                rl_error *err);
void rl_box_problem_free(rl_box_problem *problem);

const double *rl_box_row(const rl_box_problem *problem, int r); /* a of the r-th row that can bind */
double rl_box_bound(const rl_box_problem *problem, int r);      /* its b */

/* A box inside the region (in floating point), centre -+ extent, of positive width in
 * every input in which some box inside the region has positive width (to about 1e-9 of the
 * limits' width).  extent may be NULL.  *found = 0: the region is empty. */
rl_status rl_box_centre(const rl_box_problem *problem, double *centre, double *extent, int *found, rl_error *err);

/* Shrink the box, as little as is needed, until it lies in the region in exact
 * arithmetic.  volume: shrink where that costs the least log-volume, else the
 * least width.  inner (or NULL): a point inside the region towards which a
 * box is pulled that has no width left to give.  Returns 0 when that fails. */
int rl_box_repair(const rl_box_problem *problem, double *lo, double *hi, int volume, const double *inner);

/* Fill width, log_volume and fixed, rounded downwards. */
void rl_box_measure(int n, const double *lo, const double *hi, rl_box *box);

/* An upper bound of sum_r y_r (b_r - a_r.c) + sum_i max over (p_i, m_i) of the part
 * of input i, with P = sum_r y_r a_ri^+ and Q likewise: computed by the callback.
 * y >= 0 over problem->rows; any y gives a valid bound (weak duality). */
typedef double (*rl_box_part)(const void *context, int input, double P_lo, double P_hi, double Q_lo, double Q_hi,
                              double p_max, double m_max);
rl_status rl_box_dual_bound(const rl_box_problem *problem, const double *centre, const double *y, rl_box_part part,
                            const void *context, double *bound, rl_error *err);

/* max of u p + v m over the extents an input may have: p <= p_max, m <= m_max and
 * p, m >= 0 (anchored) or p + m >= 0.  u in [u_lo, u_hi], v in [v_lo, v_hi]; rounded up. */
double rl_box_linear_part(int anchored, double u_lo, double u_hi, double v_lo, double v_hi, double p_max, double m_max);

#endif
