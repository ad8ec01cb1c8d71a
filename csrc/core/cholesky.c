/* L0: Cholesky factors (see cholesky.h). */
#include "core/cholesky.h"

#include <math.h>
#include <stddef.h>

#include "core/vector.h"

void rl_cholesky(double *a, int size) {
  for (int i = 0; i < size; i++) {
    double *row = a + (size_t)i * (size_t)size, before = row[i];
    for (int j = 0; j < i; j++)
      row[j] = (row[j] - rl_dot(row, a + (size_t)j * (size_t)size, j)) / a[(size_t)j * (size_t)size + (size_t)j];
    double pivot = before - rl_dot(row, row, i);
    row[i] = pivot > 1e-15 * before ? sqrt(pivot) : 1e64;
  }
}

void rl_cholesky_solve(const double *a, int size, double *x) {
  for (int i = 0; i < size; i++) {
    const double *row = a + (size_t)i * (size_t)size;
    x[i] = (x[i] - rl_dot(row, x, i)) / row[i];
  }
  for (int i = size - 1; i >= 0; i--) {
    x[i] /= a[(size_t)i * (size_t)size + (size_t)i];
    for (int j = 0; j < i; j++) x[j] -= a[(size_t)i * (size_t)size + (size_t)j] * x[i];
  }
}
