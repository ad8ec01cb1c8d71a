/* L4: preimages by affine minorants; what the files of this folder share.
 *
 * The domain is split into parts: boxes cut by half-spaces.  On a part every row m_r of the goal gets an affine
 * minorant l_r <= m_r by backward propagation through the ReLU relaxations (CROWN, DeepPoly), whose lower slopes
 * alpha are free: they are chosen by ascent so that the polytope { part, l_r >= 0 } holds as many of the part's
 * sample points as possible.
 *
 * Under-approximation: the goal is the property; { part, l_r >= 0 for the rows of one clause } lies in the preimage.
 * Over-approximation: the goal is each row negated; m_r <= -l_r, so { part, l_r <= 0 } holds what the part has of
 * the clause's preimage.  "Sample points" are those that satisfy the property (under) or violate it (over). */
#ifndef RL_PREIMAGE_H
#define RL_PREIMAGE_H

#include "encode/dual.h"
#include "encode/forward.h"
#include "region/polytope_bound.h"

/* Sample points, coordinate by coordinate: x[j * room + s]. */
typedef struct rl_points {
  int n;
  size_t count, room;
  double *x;
} rl_points;

rl_status rl_points_reserve(rl_points *points, size_t room, rl_error *err);
rl_status rl_points_add(rl_points *points, const double *x, size_t stride, rl_error *err); /* x_j at x[j * stride] */
void rl_points_free(rl_points *points);

typedef struct rl_part {
  double *lo, *hi;  /* n */
  int rows;         /* half-spaces A x <= b: the domain's, then those of split neurons */
  double *A, *b;    /* rows x n, rows */
  int8_t *signs;    /* neurons: imposed by splits */
  double *l, *u;    /* neurons: bounds on the part */
  int layer;        /* hidden layers before this one are decided: its pre-activations are affine here */
  int undecided;    /* neurons */
  double *alpha;    /* goal rows x neurons: slopes */
  double *minorant; /* goal rows x (n+1): rigorous once `settled` */
  int settled;
  int clause; /* under: the clause whose rows make the polytope */
  int stuck;  /* no split is known */
  int closed; /* the polytopes of the part are exact */
  int dead;   /* holds no point, or no polytope of it does: certain */
  int depth;
  int halvings;        /* input splits since the last neuron split */
  rl_points points;    /* sample points in the part */
  double weight;       /* volume that each sample point stands for */
  size_t captured;     /* of the points: inside the polytope (under), outside all polytopes (over) */
  double promise;      /* how near the other points are to being captured: each counts 1 / (1 - score) */
  int *probe;          /* the independent points (see rl_preimage) in the part */
  size_t probes, hits; /* and how many of them the polytopes hold */
  int split_kind;      /* the split proposed: RL_SPLIT_INPUT, RL_SPLIT_NEURON, or none (RL_SPLIT_NONE) */
  int split_index;
  double split_at;
  double gain;                 /* volume that the proposed split captures in addition */
  struct rl_part *children[2]; /* of the proposed split, evaluated; NULL where empty */
} rl_part;

/* What all parts of one problem share, and scratch memory. */
typedef struct rl_cover {
  rl_network *net;
  rl_domain *domain;
  rl_domain *plain;      /* its box without the half-spaces: for rl_dual */
  rl_property *property; /* as asked */
  rl_property *goal;     /* rows whose minorants are wanted */
  rl_property *opposite; /* the goal's rows negated: rl_dual bounds from above */
  int over;              /* mode */
  rl_preimage_options options;
  int n, neurons, total; /* inputs, hidden neurons, rows of the goal */
  double *scale;         /* total: typical size of each row */
  rl_dual *dual;
  rl_forward *forward;
  uint64_t random;
  /* scratch: */
  uint8_t *needed;                      /* neurons */
  double *coef, *next, *v, *relaxed;    /* widest, widest, total x neurons, neurons */
  double *grad, *first, *second, *best; /* total x neurons each */
  double *form;                         /* total x (n+1) */
  double *value, *row_value;            /* points: room `points_room` */
  int *which;
  size_t points_room;
  double *polytope; /* rl_polytope_scratch */
  int polytope_rows;
  double *mean;             /* total x (n+1): weighted sums of points */
  long evaluations, bounds; /* statistics */
} rl_cover;

/* ---- part.c */
/* Multiply-adds of an evaluation; points at which the network can be evaluated without a long wait, and at most `most`
 * without even a short one. */
double rl_sample_work(const rl_network *net);
double rl_sample_most(const rl_network *net);
int rl_sample_batch(const rl_network *net, int most);
rl_status rl_part_create(rl_part **out, const rl_cover *cover, int rows, rl_error *err);
void rl_part_release(rl_part *part); /* and its proposed children */
/* The whole domain. */
rl_status rl_part_root(rl_part **out, rl_cover *cover, rl_error *err);
/* One side of a split: side 0 = low / off.  Bounds are inherited, not yet tightened; points are partitioned. */
rl_status rl_part_child(rl_part **out, rl_cover *cover, const rl_part *part, int kind, int index, double at, int side,
                        rl_error *err);
/* Does x (coordinate j at x[j * stride]) lie in the part?  To rounding. */
int rl_part_contains(const rl_part *part, int n, const double *x, size_t stride);
/* Draw points until there are `want`, or patience ends.  Their common weight is kept up to date. */
rl_status rl_part_sample(rl_cover *cover, rl_part *part, size_t want, rl_error *err);

/* ---- bound.c */
/* Tighten the box and the neurons' bounds.  thorough: with everything there is; else the forward bounds alone. */
void rl_part_bound(rl_cover *cover, rl_part *part, int thorough);
/* Fill part->minorant rigorously from its slopes. */
rl_status rl_part_settle(rl_cover *cover, rl_part *part, rl_error *err);

/* ---- slope.c */
/* Choose slopes by `steps` ascent steps; sets part->captured (and clause). */
rl_status rl_part_slopes(rl_cover *cover, rl_part *part, int steps, rl_error *err);

/* ---- split.c */
/* Split a part in the given way: fills its proposal (split_kind ..., children, gain). */
rl_status rl_part_split(rl_cover *cover, rl_part *part, int kind, int index, double at, rl_error *err);
/* Is such a split possible? */
rl_status rl_part_check_split(const rl_cover *cover, const rl_part *part, int kind, int index, double at,
                              rl_error *err);
/* The same for the best way known. */
rl_status rl_part_propose(rl_cover *cover, rl_part *part, rl_error *err);

/* ---- measure.c */
/* Clopper-Pearson: an interval that contains the share p with probability >= 1 - error, given hits of count
 * independent draws that each hit with probability p. */
void rl_share_interval(double hits, double count, double error, double *lo, double *hi);

/* ---- preimage.c */
struct rl_preimage {
  rl_cover cover;
  rl_part **leaves;
  int count, room;
  rl_points probes; /* independent sample points: they steer the end of the search, never the slopes */
  double good;      /* share of the domain's box that has the property: an estimate */
  size_t hits;      /* probes that the polytopes hold (under), leave out (over) */
  double margin;    /* how far above the target the estimate has to be before a check */
  double check_after;  /* splits before the next check */
  double prune_margin; /* and that of the polytopes that are kept */
  int pruned;          /* polytopes that were left out */
  const char *reason;
  double started;
  double until; /* when to stop (rl_now); 0: no limit */
  int changed; /* since the lists below were made */
  int *chosen; /* pairs leaf, clause: the polytopes */
  int polytopes;
  rl_coverage coverage; /* of these polytopes */
  int measured;
  rl_preimage_stats stats;
};

/* ---- union.c */
/* How many points a check takes: more than asked for where the coverage cannot be told from 1 by these. */
double rl_preimage_samples(const rl_preimage *preimage);
/* How far above the target the estimate has to be before a check makes sense. */
double rl_preimage_margin(const rl_preimage *preimage);

/* ---- cover.c */
rl_status rl_cover_check(const rl_network *net, const rl_domain *domain, const rl_property *property,
                         const rl_preimage_options *options, rl_error *err);
rl_status rl_cover_fill(rl_cover *cover, const rl_network *net, const rl_domain *domain, const rl_property *property,
                        int over, const rl_preimage_options *options, rl_error *err);
/* Typical size of each row of the goal over sample points: their mean distance from 0. */
rl_status rl_cover_measure_rows(rl_cover *cover, const rl_points *points, rl_error *err);
void rl_cover_free(rl_cover *cover); /* also one that was filled in part */

#endif
