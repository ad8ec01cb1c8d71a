/* L0: products of small dense matrices, row-major.  Sums run in a fixed order, each term added to nearest. */
#ifndef RL_PRODUCT_H
#define RL_PRODUCT_H

/* Y[rows][columns] = X[rows][inner] W[inner][columns]. */
void rl_product(const double *X, int rows, int inner, const double *W, int columns, double *Y);
/* Y[rows][columns] = X[rows][inner] W^T, W[columns][inner]. */
void rl_product_transposed(const double *X, int rows, int inner, const double *W, int columns, double *Y);

#endif
