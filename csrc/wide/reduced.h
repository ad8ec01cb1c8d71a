/* L2: the network without what is decided, for a set { lo <= x <= hi, A x <= b, imposed signs }.
 *
 * A neuron that is off all over the set is left out, inputs that are fixed go into the biases, and only neurons that
 * are undecided, or whose imposed sign their range does not imply, have anything to choose: the *variables*.  A
 * half-space is one more neuron of the first layer, a.x - b, that is imposed to be off and that nothing reads.
 *
 * The network has a hidden layer.  Layers are built one by one, each from the ranges of its neurons, so that those of
 * the next layer can be bounded through it.  Layers and arrays of columns count from 1; entry `offset` + i is the i-th
 * neuron that a layer keeps. */
#ifndef RL_REDUCED_H
#define RL_REDUCED_H

#include "model/network.h"
#include "wide/packed.h"

typedef struct rl_reduced_layer {
  int count;            /* neurons kept, padded below to rl_panel_rows(count) entries */
  int *neuron;          /* count: the network's number, through all layers; -1 - r: half-space r */
  int8_t *sign;         /* count: RL_LINEAR; the imposed sign where the range does not imply it; else RL_FREE */
  double *l, *u, *bias; /* count */
  double *reach; /* count: sum_j |W_ij| size_j + |bias| >= |z|, size_j the largest |variable| that column j reads */
  double *size;  /* count: largest activation */
  double gamma;  /* error of a unit of reach, see columns.h */
  double ranges; /* sum of what coefficients multiply: their underflows cost RL_TINY of it */
  size_t offset;
  rl_packed forward, back;
  void *block; /* of all arrays */
} rl_reduced_layer;

typedef struct rl_reduced {
  const rl_network *net;
  const rl_domain *domain;
  int hidden;              /* hidden layers */
  int built;               /* of them */
  int inputs;              /* that are not fixed */
  int *input;              /* n: which */
  double *lo, *hi, *size;  /* n: of these inputs; largest |x| */
  rl_reduced_layer *layer; /* hidden + 1 */
  size_t entries;          /* of an array of columns, for the layers built */
  size_t most_entries;     /* for whatever may be built */
  int variables;
  int *variable_layer, *variable_index, *variable_neuron; /* most_entries; neuron as in rl_reduced_layer */
} rl_reduced;

rl_status rl_reduced_create(rl_reduced **out, const rl_network *net, const rl_domain *domain, rl_error *err);
void rl_reduced_release(rl_reduced *reduced);

/* No layer is built. */
void rl_reduced_clear(rl_reduced *reduced);
/* Build the next layer from ranges l, u[neurons] (finite), with signs[neurons], linear
 * ones marked, the imposed ones where needed[neurons]. */
rl_status rl_reduced_build(rl_reduced *reduced, const double *l, const double *u, const int8_t *signs,
                           const uint8_t *needed, rl_error *err);

/* Row of the weights of neuron i of hidden layer `layer` (from 1), or (layer = hidden + 1) of output i, over what the
 * layer before keeps: w[count].  *bias: of the network's neuron. */
void rl_reduced_row(const rl_reduced *reduced, int layer, int i, double *w, double *bias);

/* Ranges of the next layer's neurons from those of the activations that it reads alone: low, up[size of the layer];
 * scratch[3 * rl_reduced_widest]. */
void rl_reduced_intervals(const rl_reduced *reduced, double *low, double *up, double *scratch);

/* The most that a layer may keep. */
static inline int rl_reduced_widest(const rl_reduced *r) { return r->net->widest + r->domain->rows; }

/* Number of columns that the next layer reads. */
static inline int rl_reduced_width(const rl_reduced *r) { return r->built == 0 ? r->inputs : r->layer[r->built].count; }

#endif
