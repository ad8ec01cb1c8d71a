/* L0: products of small dense matrices (see product.h). */
#include "core/product.h"

#include <stddef.h>

#include "core/vector.h"

/* Rows and columns that a kernel keeps in registers. */
enum { ROWS = 4, LANES = 8 };

/* ROWS rows, LANES columns from column j on; the last rows may be the same one, written again. */
static void product_block(const double *const x[ROWS], int inner, const double *W, int columns, double *const y[ROWS],
                          int j) {
  rl_lanes sum[ROWS] = {{0}};
  for (int k = 0; k < inner; k++) {
    rl_lanes w = rl_load(W + (size_t)k * (size_t)columns + j);
    for (int r = 0; r < ROWS; r++) sum[r] = rl_multiply_add(rl_spread(x[r][k]), w, sum[r]);
  }
  for (int r = 0; r < ROWS; r++) memcpy(y[r] + j, &sum[r], sizeof sum[r]);
}

static double dot_column(const double *x, int inner, const double *W, int columns, int j) {
  double sum = 0;
  for (int k = 0; k < inner; k++) sum += x[k] * W[(size_t)k * (size_t)columns + (size_t)j];
  return sum;
}

void rl_product(const double *X, int rows, int inner, const double *W, int columns, double *Y) {
  for (int first = 0; first < rows; first += ROWS) {
    const double *x[ROWS];
    double *y[ROWS];
    for (int r = 0; r < ROWS; r++) {
      size_t row = (size_t)(first + r < rows ? first + r : rows - 1);
      x[r] = X + row * (size_t)inner;
      y[r] = Y + row * (size_t)columns;
    }
    int j = 0;
    for (; j + LANES <= columns; j += LANES) product_block(x, inner, W, columns, y, j);
    for (; j < columns; j++)
      for (int r = 0; r < ROWS; r++) y[r][j] = dot_column(x[r], inner, W, columns, j);
  }
}

void rl_product_transposed(const double *X, int rows, int inner, const double *W, int columns, double *Y) {
  for (int r = 0; r < rows; r++)
    for (int i = 0; i < columns; i++)
      Y[(size_t)r * (size_t)columns + (size_t)i] =
          rl_dot(X + (size_t)r * (size_t)inner, W + (size_t)i * (size_t)inner, inner);
}
