/* L3: signs at the vertices of a polytope in rational arithmetic. */
#ifndef RL_POLYTOPE_EXACT_H
#define RL_POLYTOPE_EXACT_H

#include <gmp.h>

#include "region/polytope.h"

/* count rationals, all 0; NULL without memory. */
mpq_t *rl_rationals_make(size_t count);
void rl_rationals_free(mpq_t *q, size_t count);

/* Writes the exact form `id` (see rl_polytope_row) into form[d + 1]; form is 0 before. */
typedef rl_status rl_exact_form(void *context, int id, mpq_t *form, rl_error *err);

/* The exact sign of the form `id` at a vertex: reduced by d independent rows that are 0 there, the form's constant is
 * its value. */
rl_status rl_polytope_exact_sign(const rl_polytope *polytope, int vertex, int id, rl_exact_form *exact, void *context,
                                 int *sign, rl_error *err);

/* Compute anew, from exact rows, the vertices whose coordinates are not known to within tolerance * (1 + size). */
rl_status rl_polytope_refine(rl_polytope *polytope, double tolerance, rl_exact_form *exact, void *context,
                             rl_error *err);

#endif
