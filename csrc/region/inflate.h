/* L3: the largest box around a point on which backward bounds prove the goal, all faces at once; what the files
 * inflate*.c share.
 *
 * A box is written lo = p - R exp(-s), hi = p + R' exp(-s') with the room R, R' of each face and exponents s, s' >= 0.
 * Backward bounds (Zhang et al. 2018) of every neuron and then of the goal's margins, each a function of the box and of
 * multipliers, are differentiated exactly: what a bound's linear function is worth at its corner depends on the box
 * directly, and on the ranges [l, u] of the neurons that it is relaxed over, which are bounds themselves (reverse mode,
 * layer by layer from the last).  Ascended is
 *     measure(hi - lo) + mu sum_r log(margin bound_r),
 * a barrier with mu falling geometrically, by Adam (Kingma, Ba 2015); a step after which a margin's bound is no more
 * positive is halved.
 *
 * The set may be divided: the leaves of a tree of signs of neurons cover it, each leaf has bounds of its own (with
 * multipliers beta >= 0 on its signs: Wang et al. 2021, beta-CROWN) and all of them must be positive.  Stage by stage the
 * leaves are split where the relaxation of a neuron costs most at the corners where the bounds are reached.
 *
 * Any box on the way is proved by its bounds, but for rounding: what is handed out is bounded again by rl_dual_bound
 * with the same multipliers, and drawn together towards the point until that proves it. */
#ifndef RL_INFLATE_H
#define RL_INFLATE_H

#include "encode/dual.h"
#include "model/network.h"

/* A number that Adam moves: moments of its derivative. */
typedef struct rl_moment {
  double m, v;
} rl_moment;

/* Multipliers of all bounds over one leaf: alpha, the slope of the lower line of an undecided neuron, then beta, of an
 * imposed sign.  Band k has those of the neurons before its layer from base[k] on. */
typedef struct rl_tuning {
  double *value, *slope, *kept, *best; /* 2 x base[layers]: now; derivative; before the last step; of the best box */
  rl_moment *moment;
} rl_tuning;

typedef struct rl_leaf {
  int8_t *signs; /* neurons: the leaf's; linear ones marked */
  rl_tuning tuning;
  double cost;    /* of the neuron whose relaxation costs most, */
  int expensive;  /* and which that is; -1: none is undecided */
} rl_leaf;

/* Lower bounds of what one affine layer computes, over one leaf: for the goal's layer of the margins, else of z (row 2 t)
 * and -z (row 2 t + 1) of the neurons whose interval over the layer before leaves their sign open. */
typedef struct rl_band {
  int layer;       /* hidden layer whose neurons are bounded; net->layers - 1: the goal */
  int rows;        /* at present */
  int *neuron;     /* rows: number of the neuron (hidden layers) */
  double *bound;   /* rows */
  double *adjoint; /* rows: derivative of what is ascended by the bound */
  double **in;     /* in[k], k = 1 .. layer: coefficients of the activations of hidden layer k - 1, rows x size; in[0]: of
                    * the inputs */
  double *alpha, *beta, *alpha_slope, *beta_slope; /* the present leaf's, for the neurons before this layer */
} rl_band;

struct rl_inflate {
  rl_network *net;
  rl_property *goal, *against; /* one conjunction; what violates it, a clause each */
  rl_domain *domain;
  rl_inflate_options options;
  rl_inflate_measure measure;
  int n, margins;
  double *point, *weight, *room_lo, *room_hi; /* n */
  double *exponent, *kept, *slope;            /* 2 n: lo faces, then hi faces */
  rl_moment *moment;                          /* 2 n */
  double *lo, *hi, *lo_slope, *hi_slope;      /* n: the box at hand; derivatives of the margins' logarithms by its ends */
  /* of the leaf at hand: */
  const int8_t *signs;
  double *l, *u, *l_slope, *u_slope; /* neurons */
  double *cost;                      /* neurons: what the relaxation takes from the margins' logarithms */
  rl_band *band;                     /* net->layers */
  size_t *base;                      /* layers + 1 */
  double *relaxed, *values, *acts;   /* scratch: rows x widest */
  int *live;                         /* scratch: rows */
  rl_leaf *leaf;                     /* options.leaves */
  int leaves;
  double *best_lo, *best_hi;     /* n: the best box of this stage */
  double *proved_lo, *proved_hi; /* n: the best box that is proved */
  double trust;                  /* share of the rate, less where steps were refused lately */
  double best, proved;           /* their measures; -inf: there is none */
  rl_dual *dual;
  long steps, stage_steps; /* done: in all, in this stage */
  double until;    /* when time is up (rl_now); 0: no limit */
  int late;        /* time was up within the last bounds: they hold nothing */
  int started, stage, done;
};

/* RL_ON where the leaf's ranges leave neuron k's activation a = z, RL_OFF where 0, else RL_FREE. */
static inline int rl_inflate_side(const rl_inflate *f, int k) {
  if (f->signs[k] != RL_FREE) return f->signs[k] == RL_OFF ? RL_OFF : RL_ON;
  return f->l[k] >= 0 ? RL_ON : f->u[k] <= 0 ? RL_OFF : RL_FREE;
}

/* Y = X W (or W^T), as far as time goes; 0, and late: it is up. */
int rl_inflate_product(rl_inflate *inflate, int transposed, const double *X, int rows, int inner, const double *W,
                       int columns, double *Y);

/* inflate_bound.c: take a leaf at hand; bounds of everything over it and the box; the least margin's (inf: the leaf
 * is empty, -inf: not a number). */
double rl_inflate_bound(rl_inflate *inflate, rl_leaf *leaf);

/* inflate_gradient.c: add to lo_slope, hi_slope the derivatives of sum log(margin bound) over the leaf at hand, write
 * those of its multipliers, and the costs of its relaxations. */
void rl_inflate_gradient(rl_inflate *inflate);

/* inflate_proof.c: is the goal certainly true on [lo, hi]?  By the leaves' best multipliers. */
int rl_inflate_proves(rl_inflate *inflate, const double *lo, const double *hi);

/* inflate_leaf.c: the tree of signs. */
int rl_leaf_create(const rl_inflate *inflate, rl_leaf *leaf); /* 0: memory is short */
void rl_leaf_release(rl_leaf *leaf);
/* Split the leaves whose relaxations cost most; *split: how many.  0: memory is short. */
int rl_inflate_split(rl_inflate *inflate, int *split);

#endif
