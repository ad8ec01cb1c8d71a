/* L1: the network's representation, shared inside the core. */
#ifndef RL_NETWORK_H
#define RL_NETWORK_H

#include <stdatomic.h>
#include <stdint.h>

#include "core/core.h"
#include "core/round.h"

typedef struct rl_sparse rl_sparse; /* layer.h */

struct rl_network {
  atomic_int references;
  int layers;       /* affine layers */
  int neurons;      /* hidden neurons in all */
  int widest;       /* largest of sizes */
  int *sizes;       /* layers + 1 */
  int *offsets;     /* layers: number of the first neuron of hidden layer k; offsets[layers-1] = neurons */
  uint8_t *linear;  /* neurons: 1 where the activation is the pre-activation; NULL: all are ReLU */
  double **weights; /* layers; weights[k] is sizes[k+1] x sizes[k] */
  rl_sparse **sparse; /* layers: compressed rows of those with few weights, NULL for the others (layer.h) */
  double **biases;  /* layers; biases[k] is sizes[k+1] */
  double *box_lo;   /* inputs, or NULL */
  double *box_hi;
  char *file;
  char **input_names;  /* inputs of them, or NULL: none given (names.c) */
  char **output_names; /* outputs of them, or NULL */
  char *notes;         /* what reading the file dropped, chose or rounded: lines; or NULL */
  char sha256[65];
  int raw; /* the .nnet file's physical units are folded in */
};

/* The hidden layer that neuron 0 <= k < neurons is in. */
static inline int rl_network_layer_of(const rl_network *net, int k) {
  int layer = 0;
  while (k >= net->offsets[layer + 1]) layer++;
  return layer;
}

/* Does neuron k pass its value on as it is?  It has no sign, no literal, and is never undecided. */
static inline int rl_is_linear(const rl_network *net, int k) { return net->linear && net->linear[k]; }

/* The activation of neuron k with pre-activation z. */
static inline double rl_activation(const rl_network *net, int k, double z) { return z > 0 || rl_is_linear(net, k) ? z : 0; }

/* The activation of neuron k whose pre-activation lies in z. */
static inline rl_interval rl_activation_interval(const rl_network *net, int k, rl_interval z) {
  return rl_is_linear(net, k) ? z : (rl_interval){fmax(z.lo, 0), fmax(z.hi, 0)};
}

/* In the signs of a cell (encode and above) linear neurons are marked, so that bounds need not look them up; in
 * patterns they are free. */
enum { RL_LINEAR = 2 };
static inline int rl_is_imposed(int8_t sign) { return sign == RL_ON || sign == RL_OFF; }
/* Marks a cell's linear neurons. */
void rl_mark_linear(const rl_network *net, int8_t *signs);
/* A cell's signs as a pattern. */
void rl_unmark_linear(const rl_network *net, int8_t *signs);

struct rl_domain {
  atomic_int references;
  int n, rows;
  double *lo, *hi, *A, *b;
};

struct rl_property {
  atomic_int references;
  int n, m, clauses, total;
  int *first;     /* clauses + 1: first row of each clause */
  double *a;      /* total x n or NULL */
  double *c;      /* total x m */
  double *d;      /* total */
};

/* a.x + c.y + d of row `index`, counted over all clauses, rounded to nearest. */
double rl_property_row_value(const rl_property *property, int index, const double *x, const double *y);

struct rl_data {
  atomic_int references;
  size_t count, columns;
  double *values;
  char **names; /* columns of them, or NULL; the list and its strings are one piece of memory */
};

/* A network with room for its arrays, all zero; sizes are checked.  Callers
 * fill weights and biases, then call rl_network_finish. */
rl_status rl_network_allocate(rl_network **out, int layers, const int *sizes, rl_error *err);
/* Marks linear neurons, linear[neurons] not 0; before rl_network_finish. */
rl_status rl_network_set_linear(rl_network *net, const uint8_t *linear, rl_error *err);
/* Checks that every weight and bias is finite (naming layer, row, column) and,
 * when sha256 is still empty, hashes sizes and doubles. */
rl_status rl_network_finish(rl_network *net, rl_error *err);

/* RL_EINPUT, naming the neuron, unless signs (NULL is fine) is a pattern of the network. */
rl_status rl_pattern_check(const rl_network *net, const int8_t *signs, rl_error *err);

/* Evaluation of one input, hidden layers too, rounded to nearest: z[neurons], y[m]. */
rl_status rl_network_follow(const rl_network *net, const double *x, double *z, double *y, rl_error *err);

/* Rigorous evaluation of one input, hidden layers too: z[neurons] contains the pre-activations and
 * y[m] the outputs in exact arithmetic. */
rl_status rl_network_intervals(const rl_network *net, const double *x, rl_interval *z, rl_interval *y, rl_error *err);

/* An empty data matrix; NULL: memory is short. */
rl_data *rl_data_allocate(void);
/* Fails with `code`, "BEGINNING: row 2 column 3: expected a finite number", for the first value that is not. */
rl_status rl_data_check(const rl_data *data, const char *beginning, rl_status code, rl_error *err);

#endif
