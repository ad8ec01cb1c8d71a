/* L3: polytopes by their vertices, with exact combinatorics.
 *
 * A full-dimensional polytope in few dimensions (d <= RL_POLYTOPE_DIMENSIONS) is cut by a hyperplane with the double
 * description method: vertices on the wrong side go, and every edge that the hyperplane crosses gets a new vertex.
 * Which vertices lie on which side decides everything, so these signs have to be exact.  Coordinates and rows are
 * doubles with error bounds; where these leave a sign open, the caller's oracle is asked, which computes in rational
 * arithmetic.  Two vertices are joined by an edge if and only if no third one is active in all rows that are active
 * in both (Fukuda and Prodon, 1996). */
#ifndef RL_POLYTOPE_H
#define RL_POLYTOPE_H

#include "core/core.h"

enum { RL_POLYTOPE_DIMENSIONS = 10 };

/* w.x + w_d >= 0 in coordinates 0..d-1. */
typedef struct rl_polytope_row {
  int id;                             /* what the row is: chosen by the caller */
  double slope_error, constant_error; /* the exact w_j and w_d lie within these of the doubles */
  double w[RL_POLYTOPE_DIMENSIONS + 1];
} rl_polytope_row;

typedef struct rl_vertex {
  double error; /* the exact coordinates lie within this of the doubles; infinite where nothing is known */
  double x[RL_POLYTOPE_DIMENSIONS];
} rl_vertex;

typedef struct rl_polytope {
  int d, rows, vertices;
  rl_polytope_row *row;
  rl_vertex *vertex;
  uint64_t *active; /* vertices x words: which rows are 0 at the vertex */
  int words;        /* 64-bit words for the rows */
} rl_polytope;

/* Exact sign (-1, 0, 1) of the form `id` at a vertex of the polytope. */
typedef rl_status rl_polytope_oracle(void *context, const rl_polytope *polytope, int vertex, int id, int *sign,
                                     rl_error *err);

/* The box lo < x < hi (d each); row ids: low[j] for x_j >= lo_j, high[j] for x_j <= hi_j. */
rl_status rl_polytope_box(rl_polytope **out, int d, const double *lo, const double *hi, const int *low, const int *high,
                          rl_error *err);
void rl_polytope_release(rl_polytope *polytope);

/* signs[vertices] of a form; *negative, *positive: does it take such values? */
rl_status rl_polytope_signs(const rl_polytope *polytope, const rl_polytope_row *form, rl_polytope_oracle *oracle,
                            void *context, int8_t *signs, int *negative, int *positive, rl_error *err);
/* The part where side * form >= 0, given the signs of the form, which takes values of both signs. */
rl_status rl_polytope_cut(rl_polytope **out, const rl_polytope *polytope, const rl_polytope_row *form, int side,
                          const int8_t *signs, rl_error *err);

/* A power of two near the size of an input's bounds, by which both divide exactly.  In such units coordinates and their
 * errors are of like size, whatever the inputs are measured in. */
double rl_polytope_unit(double lo, double hi);
/* w * unit; where that underflows, what is lost goes into *error. */
double rl_polytope_scaled(double w, double unit, double *error);

static inline int rl_polytope_active(const rl_polytope *p, int vertex, int row) {
  return (int)(p->active[(size_t)vertex * (size_t)p->words + (size_t)row / 64] >> (row % 64) & 1);
}

/* The form's value at a vertex, with a bound on the error. */
double rl_polytope_value(const rl_polytope *polytope, const rl_polytope_row *form, const rl_vertex *vertex,
                         double *error);
/* Bounds of the coordinates: lo[d], hi[d], rounded outwards. */
void rl_polytope_range(const rl_polytope *polytope, double *lo, double *hi);
/* Bounds of the volume, with coordinate j measured in unit[j]: the polytope is cut into simplices, whose determinants
 * are computed with error bounds. */
rl_status rl_polytope_volume(const rl_polytope *polytope, const double *unit, double *lo, double *hi, rl_error *err);

#endif
