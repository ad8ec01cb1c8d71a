/* L3: the largest box around a point on which backward bounds prove the goal, all faces at once; what the files
 * inflate*.c share.
 *
 * A box is written lo = p - R exp(-s), hi = p + R' exp(-s') with the room R, R' of each face and exponents s, s' >= 0.
 * Backward bounds (Zhang et al. 2018) of every neuron and then of the goal's margins, each a function of the box and of
 * the slopes of lower lines, are differentiated exactly: what a bound's linear function is worth at its corner depends
 * on the box directly, and on the ranges [l, u] of the neurons that it is relaxed over, which are bounds themselves
 * (reverse mode, layer by layer from the last).  Ascended is
 *     measure(hi - lo) + mu sum_r log(margin bound_r),
 * a barrier with mu falling geometrically, by Adam (Kingma, Ba 2015); a step after which a margin's bound is no more
 * positive is halved.  Any box on the way is proved by its bounds, but for rounding: what is handed out is bounded
 * again by rl_dual_bound with the same slopes, and drawn together towards the point until that proves it. */
#ifndef RL_INFLATE_H
#define RL_INFLATE_H

#include "encode/dual.h"
#include "model/network.h"

/* A function that Adam moves: its value's first and second moments. */
typedef struct rl_moment {
  double m, v;
} rl_moment;

/* Lower bounds of what one affine layer computes: for the goal's layer of the margins, else of z (row 2 t) and -z
 * (row 2 t + 1) of the neurons whose interval over the layer before leaves their sign open. */
typedef struct rl_band {
  int layer;       /* hidden layer whose neurons are bounded; net->layers - 1: the goal */
  int rows;        /* at present */
  int *neuron;     /* rows: number of the neuron (hidden layers) */
  double *bound;   /* rows */
  double *adjoint; /* rows: derivative of what is ascended by the bound */
  double **in;     /* in[k], k = 1 .. layer: coefficients of the activations of hidden layer k - 1, rows x size; in[0]: of
                    * the inputs */
  double *alpha;   /* neurons of the layers before: slope of the lower line of an undecided one */
  double *alpha_slope, *alpha_kept; /* its derivative; before the last step */
  double *alpha_best;               /* of the best box */
  rl_moment *alpha_moment;
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
  double *lo, *hi, *lo_slope, *hi_slope;      /* n: the box at hand; derivatives of the barrier by its ends */
  double *l, *u, *l_slope, *u_slope;          /* neurons */
  rl_band *band;                              /* net->layers */
  double *relaxed, *values, *acts;            /* scratch: rows x widest */
  int *live;                                  /* scratch: rows */
  double *best_lo, *best_hi;                  /* n: the best box so far */
  double best, value;                         /* measures: of that, of the box at hand */
  rl_dual *dual;
  int8_t *signs; /* neurons: free, linear ones marked */
  long steps, halvings;
  int started, done;
};

/* RL_ON where the box at hand leaves neuron k's activation a = z, RL_OFF where 0, else RL_FREE. */
static inline int rl_inflate_side(const rl_inflate *f, int k) {
  return f->l[k] >= 0 || rl_is_linear(f->net, k) ? RL_ON : f->u[k] <= 0 ? RL_OFF : RL_FREE;
}

/* inflate_bound.c: bounds of everything over the box at hand; returns the least margin's (-inf: not a number). */
double rl_inflate_bound(rl_inflate *inflate);

/* inflate_gradient.c: from the adjoints of the goal's rows to lo_slope, hi_slope and every band's alpha_slope. */
void rl_inflate_gradient(rl_inflate *inflate);

/* inflate_proof.c: is the goal certainly true on [lo, hi]?  By the bands' slopes. */
int rl_inflate_proves(rl_inflate *inflate, const double *lo, const double *hi);

#endif
