/* L3: signs at the vertices of a polytope in exact arithmetic: integers, as all data are doubles (exact/dyadic.h). */
#ifndef RL_POLYTOPE_EXACT_H
#define RL_POLYTOPE_EXACT_H

#include "exact/dyadic.h"
#include "region/polytope.h"

/* Writes a positive multiple of the exact form `id` (see rl_polytope_row) into form[d + 1]; form is 0 before. */
typedef rl_status rl_exact_form(void *context, int id, mpz_t *form, rl_error *err);

/* The exact sign of the form `id` at a vertex: reduced by d independent rows that are 0 there, the form's constant is
 * its value. */
rl_status rl_polytope_exact_sign(const rl_polytope *polytope, int vertex, int id, rl_exact_form *exact, void *context,
                                 int *sign, rl_error *err);

/* Compute anew, from exact rows, the vertices whose coordinates are not known to within tolerance * (1 + size). */
rl_status rl_polytope_refine(rl_polytope *polytope, double tolerance, rl_exact_form *exact, void *context,
                             rl_error *err);

/* Inputs as forms in a polytope's coordinates: input varies[k] is unit[k] times coordinate k, the others are constants.
 * Integers times 2^scale. */
typedef struct rl_input_forms {
  int n, d, scale;
  mpz_t *z; /* n x (d + 1) */
} rl_input_forms;

/* units are powers of two; constants: n, of which those of inputs that do not vary are used. */
rl_status rl_input_forms_make(rl_input_forms *forms, int n, int d, const int *varies, const double *unit,
                              const double *constants, rl_error *err);
void rl_input_forms_free(rl_input_forms *forms);
/* A positive multiple of c + side * sum_j a_j x_j; side is 1 or -1. */
void rl_input_forms_row(const rl_input_forms *forms, const double *a, int side, double c, mpz_t *form);
/* A positive multiple of side * (x_input - bound). */
void rl_input_forms_bound(const rl_input_forms *forms, int input, int side, double bound, mpz_t *form);

#endif
