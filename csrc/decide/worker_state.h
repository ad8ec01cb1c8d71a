/* L3: inside a worker: its state, and what its parts call of each other.  worker.c holds the ladder, bound.c the
 * bounds, seek.c the search for witnesses, branch.c the splits, leaf.c the cells without kinks. */
#ifndef RL_WORKER_STATE_H
#define RL_WORKER_STATE_H

#include "encode/gradient.h"
#include "decide/descent.h"
#include "decide/worker.h"

/* Up to FEW_INPUTS inputs boxes are halved, as long as more than FEW_NEURONS are undecided of more than SMALL_NETWORK.
 * PROBE_EVERY, TIGHTEN_EVERY: depths between looks for a witness in a linear region, and between LPs for neuron
 * ranges (with more inputs). */
enum { FEW_INPUTS = 24, FEW_NEURONS = 16, PROBE_EVERY = 6, SMALL_NETWORK = 16, TIGHTEN_EVERY = 3, NARROW = 64 };

/* With more undecided neurons, and in networks of so many that rows would take much memory, bounds go through the
 * layers, not through compact rows. */
enum { MOST_COMPACT = 300, LARGE_NETWORK = 10000 };

/* LPs with more undecided neurons take too long for what they give. */
enum { MANY_NEURONS = 400 };

/* Rational pivots over more inputs than this take too long to be of use. */
enum { EXACT_INPUTS = 64 };

struct rl_worker {
  rl_shared *shared;
  rl_search_stats stats; /* since the last rl_worker_report */
  int prepared;          /* for the ladder */
  int gave_up;           /* there was no time for the present node */
  double evaluation;     /* multiply-adds of one evaluation of the network */
  double spent, hunting; /* multiply-adds so far (clock.h), without the present node's; of them in hunts */
  double begun;          /* the thread's count when the present node was begun */
  double hunt_begun;     /* and when the present hunt was */
  uint8_t *used;         /* neurons whose pattern sign some node needed, since then */
  double lower, reached; /* the shared values, and whether there is a witness, as last seen */
  int have_witness;
  rl_forward *forward;
  rl_backward *backward;
  rl_compact *compact; /* NULL: not used */
  rl_compact *rows;    /* that, if its rows are those of the present node; else NULL */
  rl_dual *dual;
  rl_relax *relax;
  rl_gradient *gradient;
  rl_witness *witness;
  rl_descent *descent;                 /* where signs are imposed */
  rl_recorder *recorder;               /* NULL: not recorded */
  uint8_t *needed;                     /* neurons */
  double *clause_up;                   /* clauses */
  double *lambda;                      /* rows of the longest clause */
  double *ranges;                      /* 2 widest: scratch of interval bounds */
  double *x;                           /* n */
  double *start, *slope_lo, *slope_hi; /* n: scratch of gradient ascent */
  double *best;                        /* n: the best point that ascents have met, for best_clause (-1: none yet) */
  double best_value;
  int best_clause;
  long ascents;
  uint64_t random;
  double next_seek;                       /* nodes to process before the next ascents */
  double nodes;                           /* processed by this worker */
  long occasions, next_descent, descents; /* where signs are imposed: when to look for a witness by descent */
  int *undecided;                         /* neurons: those of the present node, in order */
  int undecided_count;
  int worst_clause; /* of the node's open ones, by its bound */
  rl_node *whole;   /* the set asked about, before any bounds */
  rl_node *probe;   /* scratch: a cell around one activation pattern */
  uint8_t *probe_needed;
  int8_t *first;           /* neurons: where climbs begin */
  int8_t *pattern;         /* neurons: activation pattern of the LP's solution */
  int have_pattern;        /* of the present node */
  double *weight;          /* neurons: |coefficient| of the activations there */
  double *worst_wx;        /* n: coefficients of the inputs there */
  double *worst_x;         /* n: the corner of the box where it is reached */
  int in_order;            /* split neurons layer by layer */
  double lp_asked, lp_won; /* decayed counts: does the LP pay? */
};

static inline rl_cell rl_node_cell(const rl_node *node) {
  return (rl_cell){node->lo, node->hi, node->signs, node->l, node->u};
}

/* Is the search over because a counterexample is known? */
static inline int rl_worker_finished(const rl_worker *w) { return w->shared->mode != RL_MAXIMIZE && w->have_witness; }

/* worker.c */
/* Work space of all but the wide node; once. */
rl_status rl_worker_prepare(rl_worker *worker, rl_error *err);
/* Where forward and backward bounds are dear, the root's clauses first by intervals: a trivial question ends here.  0:
 * nothing is left open. */
int rl_worker_bound_cheaply(rl_worker *worker, rl_node *node);
/* A copy, one level deeper. */
rl_node *rl_node_child(const rl_shared *shared, const rl_node *parent);
int rl_network_is_narrow(const rl_network *net);

/* seek.c */
void rl_worker_look_up(rl_worker *worker);
void rl_worker_keep(rl_worker *worker, const double *x, double lower);
/* Some point of the set, which need not be of doubles, reaches the value. */
void rl_worker_reached(rl_worker *worker, double value);
void rl_worker_try(rl_worker *worker, const double *x, int exact);
rl_status rl_worker_try_solution(rl_worker *worker, const rl_cell *cell, double below, int tries,
                                 rl_relax_answer *answer, rl_error *err);
/* Looks for witnesses beyond a first one are hunts: they may cost a small allowance, and a share of what bounds have
 * cost.  Whoever hunts begins, asks before each step of so many multiply-adds whether it still may, and ends. */
void rl_worker_hunt_begin(rl_worker *worker);
int rl_worker_may_hunt(const rl_worker *worker, double cost);
void rl_worker_hunt_end(rl_worker *worker);
/* A first look at a node that cheap bounds leave open: short ascents. */
void rl_worker_attack(rl_worker *worker, const rl_node *node);
/* From w->pattern, for the worst clause. */
rl_status rl_worker_climb(rl_worker *worker, const rl_node *node, rl_error *err);
/* From a point found first, for every open clause. */
rl_status rl_worker_climb_all(rl_worker *worker, const rl_node *node, rl_error *err);
rl_status rl_worker_seek(rl_worker *worker, const rl_node *node, rl_error *err);

/* bound.c */
int rl_worker_closed(const rl_worker *worker, double upper);
double rl_worker_enough(const rl_worker *worker);
/* Inputs whose value is below this are of no interest. */
double rl_worker_threshold(const rl_worker *worker);
int rl_worker_close(rl_worker *worker, rl_node *node, int clause);
rl_status rl_worker_solve(rl_worker *worker, const rl_cell *cell, double below, int rounds, rl_relax_answer *answer,
                          rl_error *err);
/* By so many steps of ascent on the slopes. */
double rl_worker_bound_by_slopes(rl_worker *worker, rl_node *node, int steps, int constrained);
rl_status rl_worker_bound_by_lp(rl_worker *worker, rl_node *node, int leaf, int whole, double *worst, int *empty,
                                rl_error *err);
rl_status rl_worker_tighten(rl_worker *worker, rl_node *node, rl_node *children[2], int *count, rl_error *err);

/* contract.c */
/* Shrink the node's box to what may hold a wanted input; 0: nothing is left. */
int rl_worker_contract(rl_worker *worker, rl_node *node);

/* record_range.c */
/* Ranges of the node's neurons, by steps on record, and w->needed; 0: the set is empty. */
int rl_worker_record_ranges(rl_worker *worker, rl_node *node, int thorough, int backward);

/* record_contract.c: what contract.c finds.  A block is a clause, or the number of clauses: imposed signs. */
/* Nothing was cut for this block yet. */
void rl_worker_record_begin(rl_worker *worker, int block);
/* The bound just computed, of a row of the clause or a neuron's sign, moved an end of an input. */
void rl_worker_record_reach(rl_worker *worker, int block, int row_or_neuron, int input, int upper);
/* The ends of an input crossed: a sum of two of the clause's rows closes it.  0: it does not, by rounding. */
int rl_worker_record_crossed(rl_worker *worker, const rl_node *node, int clause);
/* The bound of row r alone closes the clause. */
void rl_worker_record_row(rl_worker *worker, const rl_node *node, int clause, int row, double value);
/* The node's box is to become [lo, hi]. */
void rl_worker_record_cuts(rl_worker *worker, const rl_node *node, const double *lo, const double *hi);

/* branch.c */
rl_status rl_worker_split(rl_worker *worker, rl_node *node, int undecided, rl_node *children[2], int *count,
                          rl_error *err);

/* wide.c */
/* Go on with the wide node: children are what is left of it, and parts of it for the ladder. */
rl_status rl_worker_process_wide(rl_worker *worker, rl_node *node, rl_node *children[2], int *count, rl_error *err);

/* leaf.c */
rl_status rl_worker_settle(rl_worker *worker, rl_node *node, rl_error *err);
void rl_worker_give_up(rl_worker *worker, const rl_node *node);

#endif
