/* L2: ranges of all hidden pre-activations over a box, in one call: forward bounds, and backward ones on top. */
#include <math.h>
#include <string.h>

#include "encode/backward.h"
#include "encode/forward.h"

typedef struct work {
  rl_forward *forward;
  rl_backward *backward;
  int8_t *signs;   /* neurons */
  uint8_t *needed; /* neurons */
} work;

static rl_status create(work *w, const rl_network *net, const int8_t *pattern, int tight, rl_error *err) {
  size_t neurons = (size_t)net->neurons;
  w->signs = rl_alloc(neurons, 1);
  w->needed = rl_alloc(neurons, 1);
  if (!w->signs || !w->needed) return rl_fail_memory(err);
  if (pattern) memcpy(w->signs, pattern, neurons);
  else memset(w->signs, RL_FREE, neurons);
  rl_mark_linear(net, w->signs);
  rl_status status = rl_forward_create(&w->forward, net, err);
  return status == RL_OK && tight ? rl_backward_create(&w->backward, net, 0, err) : status;
}

static void release(work *w) {
  rl_forward_release(w->forward);
  rl_backward_release(w->backward);
  rl_free(w->signs);
  rl_free(w->needed);
}

static int all_finite(int count, const double *l, const double *u) {
  for (int k = 0; k < count; k++)
    if (!isfinite(l[k]) || !isfinite(u[k])) return 0;
  return 1;
}

static int bound(const work *w, const rl_network *net, const rl_domain *domain, double *l, double *u) {
  for (int k = 0; k < net->neurons; k++) {
    l[k] = -INFINITY;
    u[k] = INFINITY;
  }
  if (!rl_forward_run(w->forward, domain->lo, domain->hi, w->signs, l, u, w->needed, 1)) return 0;
  if (!w->backward || !all_finite(net->neurons, l, u)) return 1;
  return rl_backward_run(w->backward, domain->lo, domain->hi, w->signs, l, u);
}

rl_status rl_network_ranges(const rl_network *net, const rl_domain *domain, const int8_t *pattern, int tight,
                            double *lo, double *hi, int *empty, rl_error *err) {
  if (domain->n != net->sizes[0])
    return rl_fail(err, RL_EINPUT, "the domain has %d inputs, the network %d", domain->n, net->sizes[0]);
  rl_status status = rl_pattern_check(net, pattern, err);
  if (status != RL_OK) return status;
  work w = {0};
  status = create(&w, net, pattern, tight, err);
  if (status == RL_OK) *empty = !bound(&w, net, domain, lo, hi);
  release(&w);
  return status;
}
