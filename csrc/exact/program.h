/* L2: the linear program of a leaf: its set and the rows of a clause over the inputs, as a dictionary. */
#ifndef RL_PROGRAM_H
#define RL_PROGRAM_H

#include "exact/dictionary.h"
#include "exact/exact.h"
#include "exact/maps.h"

typedef struct rl_program {
  const rl_network *net;
  const double *lo, *hi;
  const int8_t *signs;
  const uint8_t *impose;
  rl_dictionary d;
  rl_maps x, y;       /* inputs and outputs in the u_j */
  int *column;        /* per input: its u, or -1 when lo = hi */
  int empty;          /* a row was found that no point of the box satisfies */
  int with_bounds;    /* there is to be room for rows of the box's ends */
  int first_neuron;   /* the number that neuron 0 has as a constraint (exact.h) */
  int *id;            /* per row of d as it was appended: which constraint it is */
  int *tight, tights; /* what shows the outcome; NULL: not asked for */
  mpz_t low, high;
} rl_program;

/* From the fields above d: rows of the clause, the domain and the imposed signs, the clause's first. */
rl_status rl_program_make(rl_program *l, const rl_domain *domain, const rl_property *target, int clause, rl_error *err);
void rl_program_release(rl_program *l);
/* The ends of the inputs that vary as rows: width u >= 0, width (1 - u) >= 0. */
void rl_program_append_bounds(rl_program *l);
/* Make every constraint a row of the goal too, and measure all by their range over the box.  Rows that are constant
 * (and hold: the leaf is not empty) have no margin to gain.  flat: those to leave as constraints, by id, or NULL; they
 * come last. */
void rl_program_append_margins(rl_program *l, const uint8_t *flat);
/* Both phases, from the corner lo. */
rl_exact_result rl_program_solve(rl_program *l, long max_pivots);
/* x_j = lo_j + (hi_j - lo_j) u_j at the present vertex, to nearest. */
void rl_program_point(const rl_program *l, double *x, int *exact);
/* The maximum's sign, and itself, rounded upwards. */
void rl_program_maximum(const rl_program *l, int *sign, double *value);

#endif
