/* L1: rows of an affine layer, dense or compressed.
 *
 * A layer with few weights that are not 0 (convolutions, values carried past a layer, selections) has compressed sparse
 * rows beside its dense ones; what goes over rows goes over either through these functions.  Zeros add nothing, so
 * that bounds of rounding errors for dense rows hold for sparse ones. */
#ifndef RL_LAYER_H
#define RL_LAYER_H

#include "core/vector.h"
#include "model/network.h"

/* Compressed rows: those of row i are start[i] ... start[i + 1] - 1. */
struct rl_sparse {
  size_t *start; /* rows + 1 */
  int *column;
  double *value; /* none 0 */
};

/* One row: `count` weights, in the columns at[], or (NULL) in columns 0, 1, ... */
typedef struct rl_row {
  int count;
  const int *at;
  const double *w;
} rl_row;

/* Row i of affine layer `layer`. */
static inline rl_row rl_layer_row(const rl_network *net, int layer, int i) {
  const rl_sparse *s = net->sparse ? net->sparse[layer] : NULL;
  int n = net->sizes[layer];
  if (!s) return (rl_row){n, NULL, net->weights[layer] + (size_t)i * (size_t)n};
  size_t from = s->start[i];
  return (rl_row){(int)(s->start[i + 1] - from), s->column + from, s->value + from};
}

/* The column of a row's t-th weight. */
static inline int rl_row_column(rl_row row, int t) { return row.at ? row.at[t] : t; }

/* row . x */
static inline double rl_row_dot(rl_row row, const double *x) {
  if (!row.at) return rl_dot(row.w, x, row.count);
  double sum = 0;
  for (int t = 0; t < row.count; t++) sum += row.w[t] * x[row.at[t]];
  return sum;
}

/* sum |w_j| x_j */
static inline double rl_row_dot_abs(rl_row row, const double *x) {
  if (!row.at) return rl_dot_abs(row.w, x, row.count);
  double sum = 0;
  for (int t = 0; t < row.count; t++) sum += fabs(row.w[t]) * x[row.at[t]];
  return sum;
}

/* to += c row */
static inline void rl_row_add(rl_row row, double c, double *restrict to) {
  if (!row.at)
    for (int j = 0; j < row.count; j++) to[j] += c * row.w[j];
  else
    for (int t = 0; t < row.count; t++) to[row.at[t]] += c * row.w[t];
}

/* Do compressed rows pay for a layer of `terms` weights that are not 0? */
int rl_sparse_pays(size_t rows, size_t columns, size_t terms);
/* Room for that many; start, column, value are to be filled. */
rl_status rl_sparse_create(rl_sparse **out, size_t rows, size_t terms, rl_error *err);
/* Compress the layers for which that pays and that have no compressed rows yet. */
rl_status rl_network_compress(rl_network *net, rl_error *err);
void rl_sparse_release(rl_sparse *sparse); /* NULL is fine */

#endif
