/* A region around a point, from C: which signs of hidden neurons imply the network's answer, and the largest box that
 * they leave.
 *
 *   cc region.c $(pkg-config --cflags --libs relucid) -o region
 *   ./region climb.nnet -0.125 -0.25 0 0
 */
#include <relucid.h>
#include <stdio.h>
#include <stdlib.h>

enum { DONE = 0, FAILED = 2, UNKNOWN = 3 };

/* Every fallible call fills `err`: print what it says and end. */
static void check(rl_status status, const rl_error *err) {
  if (status == RL_OK) return;
  fprintf(stderr, "region: %s\n", err->message);
  exit(FAILED);
}

static void *array(size_t count, size_t size) {
  void *values = calloc(count, size);
  if (values == NULL) abort();
  return values;
}

/* The number of the largest output. */
static int answer(const rl_network *net, const double *x) {
  rl_error err;
  int best = 0;
  double *y = array((size_t)rl_network_outputs(net), sizeof *y);
  check(rl_network_eval(net, 1, x, y, &err), &err);
  for (int k = 1; k < rl_network_outputs(net); k++)
    if (y[k] > y[best]) best = k;
  free(y);
  return best;
}

/* The box in the network's file. */
static rl_domain *domain_of(const rl_network *net) {
  rl_error err;
  rl_domain *domain = NULL;
  size_t n = (size_t)rl_network_inputs(net);
  double *lo = array(n, sizeof *lo), *hi = array(n, sizeof *hi);
  if (!rl_network_box(net, lo, hi)) {
    fprintf(stderr, "region: the file gives no input box\n");
    exit(FAILED);
  }
  check(rl_domain_create(&domain, (int)n, lo, hi, 0, NULL, NULL, &err), &err);
  free(lo);
  free(hi);
  return domain;
}

/* Minimise the pattern of x; NULL where the whole pattern does not imply the goal, or that is not known. */
static rl_minimize *minimize(const rl_network *net, const rl_domain *domain, const rl_property *goal, const double *x) {
  rl_error err;
  rl_minimize *work = NULL;
  int8_t *signs = array((size_t)rl_network_neurons(net), sizeof *signs);
  check(rl_network_pattern(net, x, signs, &err), &err);
  check(rl_minimize_create(&work, net, domain, signs, goal, RL_PREFIX, NULL, 0, NULL, &err), &err);
  for (int done = 0; !done;) check(rl_minimize_step(work, 1000, &done, &err), &err);
  free(signs);
  if (rl_minimize_implied(work) == RL_PROVED) return work;
  rl_minimize_release(work);
  return NULL;
}

static void print_box(const rl_network *net, const rl_domain *domain, const int8_t *signs, const double *x) {
  rl_error err;
  rl_region *region = NULL;
  rl_box box;
  size_t n = (size_t)rl_network_inputs(net);
  double *lo = array(n, sizeof *lo), *hi = array(n, sizeof *hi);
  check(rl_region_create(&region, net, domain, signs, 0, NULL, NULL, &err), &err);
  printf("%d of %d signs, %d rows\n", rl_pattern_literals(net, signs), rl_network_neurons(net), rl_region_rows(region));
  check(rl_region_box_volume(region, x, lo, hi, &box, &err), &err);
  for (size_t i = 0; box.found && i < n; i++) printf("x%zu in [%.6g, %.6g]\n", i + 1, lo[i], hi[i]);
  rl_region_release(region);
  free(lo);
  free(hi);
}

int main(int argc, char **argv) {
  rl_error err;
  rl_network *net = NULL;
  rl_property *goal = NULL;
  if (argc < 2) return fprintf(stderr, "usage: region NET X1 X2 ...\n"), FAILED;
  check(rl_network_read_nnet(&net, argv[1], 0, &err), &err);
  int n = rl_network_inputs(net);
  if (argc != n + 2) return fprintf(stderr, "region: %d numbers, expected %d\n", argc - 2, n), FAILED;
  double *x = array((size_t)n, sizeof *x);
  for (int i = 0; i < n; i++) x[i] = strtod(argv[i + 2], NULL);

  int class = answer(net, x);
  check(rl_property_argmax(&goal, n, rl_network_outputs(net), class, &err), &err);
  rl_domain *domain = domain_of(net);
  rl_minimize *work = minimize(net, domain, goal, x);
  printf("output %d is the largest: %s\n", class + 1, work ? "proved" : "not implied by the pattern");
  if (work) print_box(net, domain, rl_minimize_pattern(work), x);

  rl_minimize_release(work);
  rl_domain_release(domain);
  rl_property_release(goal);
  rl_network_release(net);
  free(x);
  return work ? DONE : UNKNOWN;
}
