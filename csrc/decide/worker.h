/* L3: what is done with one node of the search.
 *
 * A node is a cell (box, imposed signs, bounds) with the clauses of the target
 * that are still open in it.  The worker climbs a ladder: bounds of
 * neurons (forward and backward, or in few inputs by compact rows), the dual bound with improved slopes, the LP
 * relaxation (its multipliers judged by the dual bound), rational arithmetic where every sign is decided; then it
 * splits an input's interval or a neuron's sign. */
#ifndef RL_WORKER_H
#define RL_WORKER_H

#include <pthread.h>
#include <stdatomic.h>

#include "encode/backward.h"
#include "encode/dual.h"
#include "encode/forward.h"
#include "encode/relax.h"
#include "decide/open.h"
#include "decide/record.h"
#include "decide/witness.h"
#include "wide/wide.h"

typedef struct rl_node {
  rl_open_links links;
  double upper; /* valid upper bound of the target over the node */
  int depth;
  int promising;   /* taken out of turn for its bound */
  int undecided;   /* neurons undecided in the parent */
  int wide;        /* the whole set, to be settled by s->wide */
  int stalled;     /* input splits in a row that decided no neuron */
  double *lo, *hi; /* n */
  double *l, *u;   /* neurons */
  int8_t *signs;   /* neurons: pattern and splits */
  uint8_t *open;   /* clauses not yet closed here */
  int tightened;   /* root: neurons whose bounds the LP has been asked for; -1: not begun */
  int have_basis;
  int clause;             /* that the basis is for */
  uint8_t *basis;         /* of the parent's LP: rl_relax_basis_bytes */
  rl_record_node *record; /* NULL: not recorded */
} rl_node;

/* What workers share; `lock` guards everything below it. */
typedef struct rl_shared {
  const rl_network *net;
  const rl_domain *domain;
  const rl_property *target;
  rl_mode mode;
  rl_search_options options;
  int8_t *signs;     /* the pattern asked about */
  rl_record *record; /* NULL: not recorded */
  pthread_mutex_t lock;
  pthread_cond_t change; /* nodes were pushed, or a worker is done with one */
  rl_open open;
  long popped;
  double lower;         /* best confirmed value, of the witness */
  double reached;       /* maximize: a value that the set is known to reach, at least lower; what is below is closed */
  double settled_upper; /* largest bound of a clause closed within the gap (maximize) */
  double *witness;      /* n */
  int have_witness;
  double until;  /* when to stop (rl_now); 0: no limit */
  atomic_int interrupted; /* the calling thread was told to end: its helpers end too */
  int unsettled; /* nodes given up (numerics) */
  double unsettled_upper;
  rl_wide *wide; /* who holds the node that is wide may use it; NULL: not yet of use */
  double wide_bytes; /* what it keeps of open branches, when last seen */
  uint8_t *used; /* neurons whose pattern sign some node needed */
  rl_search_stats stats;
} rl_shared;

typedef struct rl_worker rl_worker;

/* Maximize: bounds up to this are within the gap of a value; of none (-inf) only those of empty sets. */
static inline double rl_within_gap(const rl_shared *s, double value) {
  return isfinite(value) ? value + s->options.gap * fmax(1, fabs(value)) : value;
}

/* Is this the search's own numerical trouble (its coefficients overflowed; the caller's were checked)? */
static inline int rl_is_numeric(rl_status status) { return status == RL_ENUMERIC || status == RL_EINPUT; }

rl_status rl_worker_create(rl_worker **out, rl_shared *shared, rl_error *err);
void rl_worker_release(rl_worker *worker);

rl_node *rl_node_create(const rl_shared *shared);
/* The whole set asked about. */
rl_node *rl_node_create_root(const rl_shared *shared);
rl_node *rl_node_copy(const rl_shared *shared, const rl_node *from);
void rl_node_release(rl_node *node);
size_t rl_node_bytes(const rl_shared *shared);

/* Settle or split a node.  children[0..*count) come in the order in which to explore them. */
rl_status rl_worker_process(rl_worker *worker, rl_node *node, rl_node *children[2], int *count, rl_error *err);
/* Is the whole set to be settled by refinement first? */
int rl_search_is_wide(const rl_shared *shared);
/* Was there no time for the node of the last call (rl_late)?  It is still open then; what was learned of it holds. */
int rl_worker_gave_up(const rl_worker *worker);
/* Add the worker's counts to the shared ones and see what others have found.  Call with the lock held. */
void rl_worker_report(rl_worker *worker);
void rl_search_stats_add(rl_search_stats *sum, const rl_search_stats *more);
/* The shared pattern has got more signs, and there is no witness any more. */
void rl_worker_impose(rl_worker *worker);
/* Look for a first witness: try the middle of the root's box and a few random points. */
void rl_worker_sample(rl_worker *worker, const rl_node *root);

#endif
