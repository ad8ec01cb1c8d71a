/* L2: bounds of goals by compact rows (see compact_rows.h). */
#include <math.h>
#include <string.h>

#include "core/round.h"
#include "encode/compact_rows.h"

void rl_compact_begin(rl_compact *c) {
  memset(c->goal, 0, ((size_t)c->inputs + rl_padded((size_t)c->count)) * sizeof *c->goal);
}

/* Add a row, which has the columns before hidden layer `layer`. */
static void add_row(rl_compact *c, const double *row, int layer, double factor, double error, double reach,
                    rl_account *a) {
  int columns = rl_compact_columns(c, layer);
  for (int j = 0; j < columns; j++) c->goal[j] += factor * row[j];
  a->charge += fabs(factor) * rl_compact_cost(c, error, reach);
}

void rl_compact_add_output(rl_compact *c, int i, double factor, rl_account *a) {
  add_row(c, c->output + (size_t)i * (size_t)c->width, c->net->layers - 1, factor, c->output_error[i],
          c->output_reach[i], a);
}

int rl_compact_add_neuron(rl_compact *c, int neuron, double factor, rl_account *a) {
  if (c->row_of[neuron] < 0) return 0;
  add_row(c, c->row + (size_t)c->row_of[neuron] * (size_t)c->width, rl_network_layer_of(c->net, neuron), factor,
          c->error[neuron], c->reach[neuron], a);
  return 1;
}

const double *rl_compact_substitute(rl_compact *c, const double *alpha, double *v, rl_account *a) {
  int n = c->net->sizes[0];
  for (int q = c->net->layers - 2; q >= 0; q--) {
    int to = c->first[q + 1];
    for (int k = c->first[q]; k < to; k++) {
      const double *column = c->across + (size_t)(c->inputs + k) * (size_t)c->stride;
      double value = c->goal[c->inputs + k] + rl_dot(column + to, c->goal_w + to, c->count - to), w = 0;
      int neuron = c->neuron[k];
      if (value > 0) {
        w = value * c->rise[k];
        rl_account_add(a, w * c->shift[k]);
      } else if (value < 0) {
        w = value * alpha[neuron];
      } else {
        w = value; /* 0, or not a number */
      }
      v[neuron] = value;
      c->goal_w[k] = w;
      a->charge += fabs(w) * c->cost[k];
    }
  }
  for (int j = 0; j <= n; j++) c->goal[j] += rl_dot(c->across + (size_t)j * (size_t)c->stride, c->goal_w, c->count);
  rl_account_add(a, c->goal[n]);
  a->charge += RL_TINY * c->ranges;
  return c->goal;
}

void rl_compact_relaxed(rl_compact *c, const double *x, const double *alpha, const double *v, double *z, double *y) {
  int n = c->net->sizes[0], m = c->net->sizes[c->net->layers];
  for (int q = 0; q + 1 < c->net->layers; q++)
    for (int k = c->first[q]; k < c->first[q + 1]; k++) {
      int neuron = c->neuron[k];
      const double *row = rl_compact_row(c, k);
      double sum = row[n] + rl_dot(row, x, n) + rl_dot(row + c->inputs, c->goal_value, c->first[q]);
      z[neuron] = sum;
      c->goal_value[k] = v[neuron] > 0 ? c->rise[k] * (sum + c->shift[k]) : alpha[neuron] * sum;
    }
  for (int i = 0; i < m; i++) {
    const double *row = c->output + (size_t)i * (size_t)c->width;
    y[i] = row[n] + rl_dot(row, x, n) + rl_dot(row + c->inputs, c->goal_value, c->count);
  }
}
