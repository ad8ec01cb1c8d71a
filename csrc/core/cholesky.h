/* L0: Cholesky factors of small dense symmetric positive definite matrices, row-major. */
#ifndef RL_CHOLESKY_H
#define RL_CHOLESKY_H

/* a[size*size]: its lower triangle is replaced by the factor.  A pivot lost to rounding is replaced by a huge one. */
void rl_cholesky(double *a, int size);
/* Solve with a factor; x[size] holds the right-hand side, then the solution. */
void rl_cholesky_solve(const double *a, int size, double *x);

#endif
