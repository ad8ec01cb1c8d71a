/* L2: inside the compact form of a cell: its rows.  compact.c makes them, layer by layer, compact_range.c bounds the
 * neurons of a layer by those of the layers before, compact_goal.c bounds goals. */
#ifndef RL_COMPACT_ROWS_H
#define RL_COMPACT_ROWS_H

#include "core/vector.h"
#include "encode/compact.h"

/* LANES: doubles in a vector; BLOCK: rows or columns that a kernel takes at a time. */
enum { LANES = 8, BLOCK = 4 };

/* A row holds the coefficients of the inputs, the constant, 0 up to a multiple of LANES, and the coefficients of the
 * undecided neurons' activations. */
struct rl_compact {
  const rl_network *net;
  int most, inputs;     /* inputs: where the undecided neurons begin in a row */
  int width, stride;    /* of this run: of rows; of columns in `across` */
  int count;            /* undecided neurons so far */
  int *neuron;          /* most: which they are */
  int *first;           /* layers: how many are before a hidden layer; [layers - 1]: in all */
  int *row_of;          /* neurons: whose row is kept, in rows; -1: no row */
  int *active, *wanted; /* widest: of a layer, the neurons that are on; those whose row is wanted */
  int actives, rows_kept;
  double gamma;                    /* relative error of a sum of products, as long as they get */
  double sum_gamma;                /* the same for the terms of a bound */
  double *block;                   /* all that follows */
  double *row;                     /* neurons x width: kept rows */
  double *across;                  /* columns of the undecided neurons' rows: (inputs + most) x stride */
  double *output;                  /* m x width */
  double *form, *next;             /* widest x width: rows of a layer's neurons that are on, and of the next layer's */
  double *form_error;              /* widest: error of an activation's form, with that of its use */
  double *next_error, *next_reach; /* widest */
  double *error, *reach;           /* neurons: of kept rows */
  double *output_error, *output_reach; /* m */
  double *lo, *hi;                     /* inputs */
  double ranges; /* 1 + the inputs' sizes + those of the undecided neurons so far, z or -z whichever is larger */
  double *size;                        /* inputs + most: largest |variable|; 1 for the constant */
  double *rise, *shift, *cost; /* most: upper slope; -l; error, with that of all sums, of a unit of the coefficient */
  double *slope;               /* neurons x n */
  /* of a group of bounds, LANES at a time: */
  double *start,
      *coefficient; /* inputs + most: of the bounded rows; of the bound, of an activation before its relaxation */
  double *w;        /* most: of the pre-activations */
  double *fall;     /* most: lower slopes */
  double *value;    /* inputs + most: of the variables along the relaxations */
  /* of a goal: */
  double *goal;       /* inputs + most: coefficients */
  double *goal_w;     /* most: of the pre-activations */
  double *goal_value; /* most: activations along the relaxation */
};

/* Up to a multiple of LANES. */
static inline size_t rl_padded(size_t n) { return (n + LANES - 1) / LANES * LANES; }

/* The columns that a row of hidden layer `layer` (the last one's successor: of the outputs) may have. */
static inline int rl_compact_columns(const rl_compact *c, int layer) { return c->inputs + c->first[layer]; }

/* The row of the k-th undecided neuron. */
static inline const double *rl_compact_row(const rl_compact *c, int k) {
  return c->row + (size_t)c->row_of[c->neuron[k]] * (size_t)c->width;
}

/* Errors, with those of all sums, of a unit of the coefficient of a row. */
static inline double rl_compact_cost(const rl_compact *c, double error, double reach) {
  return (error + (c->gamma + c->sum_gamma) * reach) * (1 + 1e-9) + RL_TINY;
}

/* Ranges of hidden layer `layer`'s neurons that are undecided or imposed, whose rows are in c->next; 0: the set is
 * empty. */
int rl_compact_bound_layer(rl_compact *compact, int layer, const int8_t *signs, double *l, double *u, uint8_t *needed);

#endif
