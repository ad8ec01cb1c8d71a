/* L2: integers near a target that solve linear equations.
 *
 * Column operations (Euclid's algorithm, row by row) bring the equations A X = b to triangular form: A U = [L 0] with U
 * unimodular.  Integral solutions exist if and only if L y = b has one; they are U y plus the integer combinations of
 * U's last columns, a basis of the kernel.  That is shortened in pairs (Gauss), and the solution is moved along it,
 * greedily, to where it is nearest to the target (Babai's rounding; Cohen, "A Course in Computational Algebraic Number
 * Theory", 2.4 and 2.6). */
#ifndef RL_LATTICE_H
#define RL_LATTICE_H

#include <gmp.h>

#include "core/core.h"

/* rows: count x (n + 1), the equations sum_j row[j] X_j = row[n]; overwritten.  target[n]; distances are measured in
 * 2^shift[j] X_j.  x[n] becomes a solution near the target; *found = 0: there is none. */
rl_status rl_lattice_near(int n, int count, mpz_t *rows, const int *shift, mpz_t *target, mpz_t *x, int *found,
                          rl_error *err);

#endif
