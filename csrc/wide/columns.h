/* L2: lower bounds, RL_COLUMNS at a time, by going backwards through the reduced network, and better ones by ascent.
 *
 * Each column has an objective, linear over the activations h of layer `top`, and choices of its own for every
 * neuron.  With coefficient a of an activation h = max(z, 0), whose range is l <= z <= u:
 *
 *   undecided, a > 0    a h >= a p z                   any slope p in [0, 1]
 *   undecided, a < 0    a h >= a s (z - l)             s = u / (u - l), or a little more
 *   split on            a h >= (a + p) z               any multiplier p <= 0, for z >= 0
 *   split off           a h >= p z                     any multiplier p >= 0, for z <= 0
 *
 * (Zhang et al. 2018, CROWN; Xu et al. 2021, alpha-CROWN; Wang et al. 2021, beta-CROWN).  The p are found by Adam
 * (Kingma and Ba 2014) on the bound: its derivative by p is z, or a z for a slope, along the relaxation at the corner
 * of the box where the bound is reached.
 *
 * An objective may be a weighted sum of *margins* (margins.h), and of one pre-activation: margins that are <= 0 for
 * all inputs looked for make bounds of a neuron over those alone (their weights then are multipliers like p).
 *
 * Rounding.  Each line above holds for the coefficients as computed.  Going through a layer, lambda W is computed with
 * an error of at most gamma |lambda| |W|, whatever the order of its sums and whether or not products are contracted
 * (Higham, "Accuracy and Stability", lemma 3.1): it costs at most gamma sum_i |lambda_i| reach_i (reduced.h).  That
 * and the rounding of the constant's sum are taken off the bound, which so holds in exact arithmetic.  Coefficients
 * that underflow cost what round.h says. */
#ifndef RL_COLUMNS_H
#define RL_COLUMNS_H

#include "wide/margins.h"
#include "wide/reduced.h"

/* Ranges of the variables of a reduced network, for a part of its set; shared. */
typedef struct rl_ranges {
  int users;
  double l[]; /* variables; the upper ends behind */
} rl_ranges;

/* Slopes, multipliers and weights to start from; shared. */
typedef struct rl_slopes_kept {
  int users, rows;
  float p[]; /* variables; `rows` weights of margins behind */
} rl_slopes_kept;

typedef struct rl_columns {
  const rl_reduced *net;
  const rl_margins *margins; /* NULL: the objective is given in `coefficient` of layer `top` */
  int first_row, rows;       /* of the margins' */
  int convex;                /* weights have the sum 1 (nearly), and bounds are those of such a sum; 0 stays 0 */
  int top;
  int inject; /* layer of the pre-activations added to the objective; 0: none */
  int inject_index[RL_COLUMNS];
  double inject_side[RL_COLUMNS]; /* 1, -1; 0: none */
  /* arrays of columns, one entry for each neuron kept: */
  double *coefficient, *lambda; /* a; of z */
  double *z, *active;           /* along the relaxation */
  double *p, *least, *most;     /* the choice, its limits */
  double *rise, *shift, *split; /* s; -l; 1 where split, else 0 */
  double *scale;                /* of steps on p */
  double *mean, *square;        /* Adam's */
  double *best;                 /* p of the best bound so far */
  double *x, *at_inputs;        /* the corner; coefficients of the inputs */
  double *weight, *best_weight, *weight_scale, *weight_mean, *weight_square; /* margins' rows */
  double *value;                                                             /* of margins at the corner */
  double constant[RL_COLUMNS]; /* of the objective, where it is given; exact */
  double bound[RL_COLUMNS], best_bound[RL_COLUMNS];
  double work; /* multiplications done so far: a clock that does not depend on the machine */
  void *block;
} rl_columns;

/* Work space for any state of the reduced network, with margins of up to `rows` rows in a clause. */
rl_status rl_columns_create(rl_columns **out, const rl_reduced *net, int rows, rl_error *err);
void rl_columns_release(rl_columns *columns);

/* Choices of all columns for the layers built: those of the whole set. */
void rl_columns_fill(rl_columns *columns);
/* Choices of one column's variables: ranges (NULL: those of the reduced network), what to start from (may be NULL), the
 * neurons split: variable * 2 + on.  scale[layer]: of steps on multipliers. */
void rl_columns_set(rl_columns *columns, int column, const rl_ranges *ranges, const rl_slopes_kept *from,
                    const int *split, int splits, const double *scale);
/* Split one more variable in a column. */
void rl_columns_split(rl_columns *columns, int column, int variable, int on, double scale);
/* Copy column `from` of another to columns first .. first + count - 1. */
void rl_columns_copy(rl_columns *columns, int first, int count, const rl_columns *other, int from);

/* Forget what was best, and Adam's means. */
void rl_columns_begin(rl_columns *columns);
/* bound[], and what the ascent needs of it. */
void rl_columns_bound(rl_columns *columns);
/* Note the choices of columns whose bound is their best. */
void rl_columns_note(rl_columns *columns);
/* One step of ascent from the bound just computed: its number from 0, its size. */
void rl_columns_improve(rl_columns *columns, int step, double rate);

/* The best choices of a column; NULL: memory is short. */
rl_slopes_kept *rl_columns_keep(const rl_columns *columns, int column);
void rl_slopes_drop(rl_slopes_kept *kept);                                 /* one user less; NULL is fine */
rl_ranges *rl_ranges_create(const rl_reduced *net, const rl_ranges *from); /* from NULL: the reduced network's */
void rl_ranges_drop(rl_ranges *ranges);

static inline size_t rl_place(const rl_reduced *net, int variable) {
  return net->layer[net->variable_layer[variable]].offset + (size_t)net->variable_index[variable];
}

/* Mean |coefficient| of a layer's activations, over all columns. */
double rl_columns_mean(const rl_columns *columns, int layer);

#endif
