/* L3: the whole set settled by refinement first (see wide/wide.h): the second regime of the search.
 *
 * The root then is worked on in slices, as its own child.  What refinement leaves without a neuron to split, or all of
 * it where refinement is of no use, becomes a node of the ladder (worker.h). */
#include <math.h>
#include <string.h>

#include "decide/worker_state.h"

/* Multiplications of a slice. */
static const double slice = 2e8;

/* Many inputs: halving boxes leads nowhere.  Without a hidden layer there is nothing to refine. */
int rl_search_is_wide(const rl_shared *s) {
  if (s->record || s->options.regime == 1 || s->net->layers < 2) return 0;
  return s->options.regime == 2 || (s->net->sizes[0] > FEW_INPUTS && s->mode != RL_MAXIMIZE);
}

/* ---- what refinement asks ------------------------------------------------------ */

static int closed(void *context, double upper) {
  rl_worker *w = context;
  if (!rl_worker_closed(w, upper)) return 0;
  if (w->shared->mode != RL_MAXIMIZE) return 1;
  pthread_mutex_lock(&w->shared->lock);
  w->shared->settled_upper = fmax(w->shared->settled_upper, upper);
  pthread_mutex_unlock(&w->shared->lock);
  return 1;
}

static int stop(void *context) {
  (void)context;
  return rl_late_now() != 0;
}

static int try_point(void *context, const double *x) {
  rl_worker *w = context;
  rl_worker_try(w, x, 0);
  return rl_worker_finished(w);
}

/* ---- slices -------------------------------------------------------------------- */

static rl_status begin(rl_worker *w, const rl_node *node, rl_error *err) {
  rl_shared *s = w->shared;
  rl_status status = RL_OK;
  if (!s->wide)
    status =
        rl_wide_create(&s->wide, s->net, s->domain, s->target, (uint64_t)s->options.seed, s->options.regime == 2, err);
  if (status || rl_wide_is_begun(s->wide, node->signs)) return status;
  return rl_wide_begin(s->wide, node->signs, node->l, node->u, node->open, err);
}

/* A copy of the node for the ladder, or (wide) to go on with; NULL: memory is short. */
static rl_node *child_of(rl_worker *w, const rl_node *node, int wide) {
  rl_node *child = rl_node_copy(w->shared, node);
  if (!child) return NULL;
  child->wide = wide;
  child->record = NULL;
  return child;
}

static rl_node *leaf_of(rl_worker *w, const rl_node *node) {
  rl_node *leaf = child_of(w, node, 0);
  int clause = 0;
  if (!leaf) return NULL;
  rl_wide_leaf(w->shared->wide, leaf->signs, leaf->l, leaf->u, &clause);
  memset(leaf->open, 0, (size_t)w->shared->target->clauses);
  leaf->open[clause] = 1;
  leaf->depth = 1;
  leaf->tightened = w->shared->net->neurons; /* its ranges are as good as LPs would make them */
  return leaf;
}

/* The children that an answer asks for. */
static rl_status divide(rl_worker *w, const rl_node *node, rl_wide_answer answer, rl_node *children[2], int *count,
                        rl_error *err) {
  int made = 0;
  if (answer == RL_WIDE_OVER) return RL_OK;
  if (answer == RL_WIDE_LEAF) children[made++] = leaf_of(w, node);
  children[made++] = child_of(w, node, answer != RL_WIDE_GIVE_UP);
  for (int i = 0; i < made; i++)
    if (!children[i]) {
      for (int k = 0; k < made; k++) rl_node_release(children[k]);
      return rl_fail_memory(err);
    }
  *count = made;
  return RL_OK;
}

static rl_status process(rl_worker *w, rl_node *node, rl_node *children[2], int *count, rl_error *err) {
  rl_shared *s = w->shared;
  rl_wide_calls calls = {w, closed, stop, try_point};
  rl_wide_answer answer = RL_WIDE_GOES_ON;
  *count = w->gave_up = 0;
  if (!s->wide && !rl_worker_bound_cheaply(w, node)) {
    w->stats.nodes++;
    return RL_OK;
  }
  rl_status status = begin(w, node, err);
  if (status) return status;
  double branches = rl_wide_branches(s->wide);
  status = rl_wide_step(s->wide, &calls, rl_worker_threshold(w), slice, &answer, err);
  w->stats.nodes += fmax(1, rl_wide_branches(s->wide) - branches); /* a slice of refinement counts as a node */
  pthread_mutex_lock(&s->lock);
  s->wide_bytes = rl_wide_bytes(s->wide);
  pthread_mutex_unlock(&s->lock);
  if (status || rl_worker_finished(w)) return status;
  double upper = INFINITY;
  rl_wide_know(s->wide, node->l, node->u, node->open, &upper, w->used);
  node->upper = fmin(node->upper, upper);
  if (answer == RL_WIDE_GIVE_UP) rl_worker_sample(w, node);
  if (rl_worker_finished(w)) return RL_OK;
  return divide(w, node, answer, children, count, err);
}

/* Where that fails children may be lost, and with them what refinement has left to them: it begins anew. */
rl_status rl_worker_process_wide(rl_worker *w, rl_node *node, rl_node *children[2], int *count, rl_error *err) {
  rl_status status = process(w, node, children, count, err);
  if (status && w->shared->wide) rl_wide_forget(w->shared->wide);
  return status;
}
