/* L1: domains, a box cut by half-spaces. */
#include <math.h>

#include "model/network.h"
#include "model/share.h"

static rl_status check_box(int n, const double *lo, const double *hi, rl_error *err) {
  for (int i = 0; i < n; i++) {
    if (!isfinite(lo[i]) || !isfinite(hi[i]))
      return rl_fail(err, RL_EINPUT, "domain: input %d: expected finite bounds, got %.17g and %.17g", i, lo[i], hi[i]);
    if (lo[i] > hi[i])
      return rl_fail(err, RL_EINPUT, "domain: input %d: lower bound %.17g is above upper bound %.17g", i, lo[i], hi[i]);
  }
  return RL_OK;
}

static rl_status check_rows(int n, int rows, const double *A, const double *b, rl_error *err) {
  if (rows < 0) return rl_fail(err, RL_EINPUT, "domain: %d rows, expected at least 0", rows);
  for (int r = 0; r < rows; r++) {
    for (int i = 0; i < n; i++) {
      double value = A[(size_t)r * (size_t)n + (size_t)i];
      if (!isfinite(value))
        return rl_fail(err, RL_EINPUT, "domain: row %d, input %d: expected a finite coefficient, got %g", r + 1, i,
                       value);
    }
    if (!isfinite(b[r]))
      return rl_fail(err, RL_EINPUT, "domain: row %d: expected a finite right-hand side, got %g", r + 1, b[r]);
  }
  return RL_OK;
}

rl_status rl_domain_create(rl_domain **out, int n, const double *lo, const double *hi, int rows, const double *A,
                           const double *b, rl_error *err) {
  if (n < 1) return rl_fail(err, RL_EINPUT, "domain: %d inputs, expected at least 1", n);
  rl_status status = check_box(n, lo, hi, err);
  if (status == RL_OK) status = check_rows(n, rows, A, b, err);
  if (status != RL_OK) return status;
  rl_domain *domain = rl_alloc(1, sizeof *domain);
  if (!domain) return rl_fail_memory(err);
  atomic_init(&domain->references, 1);
  domain->n = n;
  domain->rows = rows;
  domain->lo = rl_copy_doubles(lo, (size_t)n);
  domain->hi = rl_copy_doubles(hi, (size_t)n);
  domain->A = rl_copy_doubles(A, (size_t)rows * (size_t)n);
  domain->b = rl_copy_doubles(b, (size_t)rows);
  if (!domain->lo || !domain->hi || !domain->A || !domain->b) {
    rl_domain_release(domain);
    return rl_fail_memory(err);
  }
  *out = domain;
  return RL_OK;
}

rl_domain *rl_domain_retain(const rl_domain *domain) {
  if (domain) rl_share(&domain->references);
  return (rl_domain *)domain;
}

void rl_domain_release(rl_domain *domain) {
  if (!domain || !rl_unshare(&domain->references)) return;
  rl_free(domain->lo);
  rl_free(domain->hi);
  rl_free(domain->A);
  rl_free(domain->b);
  rl_free(domain);
}

int rl_domain_inputs(const rl_domain *domain) { return domain->n; }
int rl_domain_rows(const rl_domain *domain) { return domain->rows; }
const double *rl_domain_lo(const rl_domain *domain) { return domain->lo; }
const double *rl_domain_hi(const rl_domain *domain) { return domain->hi; }
const double *rl_domain_A(const rl_domain *domain) { return domain->A; }
const double *rl_domain_b(const rl_domain *domain) { return domain->b; }
