/* L1: properties, an or of ands of linear rows over inputs and outputs. */
#include <assert.h>
#include <limits.h>
#include <math.h>
#include <string.h>

#include "model/network.h"
#include "model/share.h"

enum { MAX_NEGATED_CLAUSES = 100000 };

/* A property of the given shape, all coefficients 0. */
static rl_status allocate(rl_property **out, int n, int m, int clauses, int total, int with_inputs, rl_error *err) {
  rl_property *p = rl_alloc(1, sizeof *p);
  if (!p) return rl_fail_memory(err);
  atomic_init(&p->references, 1);
  p->n = n;
  p->m = m;
  p->clauses = clauses;
  p->total = total;
  p->first = rl_alloc((size_t)clauses + 1, sizeof *p->first);
  if (with_inputs) p->a = rl_alloc((size_t)total * (size_t)n, sizeof *p->a);
  p->c = rl_alloc((size_t)total * (size_t)m, sizeof *p->c);
  p->d = rl_alloc((size_t)total, sizeof *p->d);
  if (!p->first || (with_inputs && !p->a) || !p->c || !p->d) {
    rl_property_release(p);
    return rl_fail_memory(err);
  }
  *out = p;
  return RL_OK;
}

/* Adds up the rows in *total, checking every count. */
static rl_status count_rows(int n, int m, int clauses, const int *counts, int *total, rl_error *err) {
  if (n < 1 || m < 1)
    return rl_fail(err, RL_EINPUT, "property: %d inputs and %d outputs, expected at least 1 of each", n, m);
  if (clauses < 1) return rl_fail(err, RL_EINPUT, "property: %d clauses, expected at least 1", clauses);
  for (int k = 0; k < clauses; k++) {
    if (counts[k] < 1)
      return rl_fail(err, RL_EINPUT, "property: clause %d has %d rows, expected at least 1", k + 1, counts[k]);
    if (counts[k] > INT_MAX - *total) return rl_fail(err, RL_EINPUT, "property: more than %d rows", INT_MAX);
    *total += counts[k];
  }
  return RL_OK;
}

/* width coefficients per row, all finite; what names them. */
static rl_status check_coefficients(const double *values, int total, int width, const char *what, rl_error *err) {
  size_t w = (size_t)width;
  for (size_t i = 0; i < (size_t)total * w; i++)
    if (!isfinite(values[i]))
      return rl_fail(err, RL_EINPUT, "property: row %zu, %s %zu: expected a finite number, got %g", i / w + 1, what,
                     i % w, values[i]);
  return RL_OK;
}

rl_status rl_property_create(rl_property **out, int n, int m, int clauses, const int *counts, const double *a,
                             const double *c, const double *d, rl_error *err) {
  int total = 0;
  rl_status status = count_rows(n, m, clauses, counts, &total, err);
  if (status == RL_OK && a) status = check_coefficients(a, total, n, "coefficient of input", err);
  if (status == RL_OK) status = check_coefficients(c, total, m, "coefficient of output", err);
  if (status == RL_OK) status = check_coefficients(d, total, 1, "constant", err);
  if (status != RL_OK) return status;
  rl_property *p;
  status = allocate(&p, n, m, clauses, total, a != NULL, err);
  if (status != RL_OK) return status;
  for (int k = 0; k < clauses; k++) p->first[k + 1] = p->first[k] + counts[k];
  if (a) memcpy(p->a, a, (size_t)total * (size_t)n * sizeof *a);
  memcpy(p->c, c, (size_t)total * (size_t)m * sizeof *c);
  memcpy(p->d, d, (size_t)total * sizeof *d);
  *out = p;
  return RL_OK;
}

/* sign * (y_output - y_j) >= 0 for all j. */
static rl_status extremum(rl_property **out, int n, int m, int output, double sign, rl_error *err) {
  if (n < 1 || m < 1)
    return rl_fail(err, RL_EINPUT, "property: %d inputs and %d outputs, expected at least 1 of each", n, m);
  if (output < 0 || output >= m)
    return rl_fail(err, RL_EINPUT, "property names output %d, but the network has %d output%s (0 to %d)", output, m,
                   m == 1 ? "" : "s", m - 1);
  if (m == 1)
    return rl_fail(err, RL_EINPUT,
                   "property: the network has only one output, so output 0 has no rival to compare with");
  rl_property *p;
  rl_status status = allocate(&p, n, m, 1, m - 1, 0, err);
  if (status != RL_OK) return status;
  p->first[1] = m - 1;
  for (int j = 0, row = 0; j < m; j++) {
    if (j == output) continue;
    double *c = p->c + (size_t)row++ * (size_t)m;
    c[output] = sign;
    c[j] = -sign;
  }
  *out = p;
  return RL_OK;
}

rl_status rl_property_argmax(rl_property **out, int n, int m, int output, rl_error *err) {
  return extremum(out, n, m, output, 1, err);
}

rl_status rl_property_argmin(rl_property **out, int n, int m, int output, rl_error *err) {
  return extremum(out, n, m, output, -1, err);
}

/* to[i] = -from[i]: exact. */
static void flip(double *to, const double *from, size_t count) {
  for (size_t i = 0; i < count; i++) to[i] = -from[i];
}

static void flip_row(rl_property *to, int to_row, const rl_property *from, int from_row) {
  size_t n = (size_t)from->n, m = (size_t)from->m, t = (size_t)to_row, f = (size_t)from_row;
  if (from->a) flip(to->a + t * n, from->a + f * n, n);
  flip(to->c + t * m, from->c + f * m, m);
  flip(to->d + t, from->d + f, 1);
}

/* not or_k and_r (row_kr >= 0)  =  and_k or_r (-row_kr > 0)
 *                               =  or over choices (r_0, r_1, ...) of and_k (-row_{k,r_k} > 0).
 * Clause number `choice` picks r_k as its mixed-radix digits. */
rl_status rl_property_negate(rl_property **out, const rl_property *property, rl_error *err) {
  int clauses = property->clauses;
  long long choices = 1;
  for (int k = 0; k < clauses; k++) {
    choices *= rl_property_rows(property, k);
    if (choices > MAX_NEGATED_CLAUSES || choices * clauses > INT_MAX)
      return rl_fail(err, RL_EINPUT, "property: its negation, multiplied out, has more than %d clauses",
                     MAX_NEGATED_CLAUSES);
  }
  rl_property *p;
  rl_status status =
      allocate(&p, property->n, property->m, (int)choices, (int)choices * clauses, property->a != NULL, err);
  if (status != RL_OK) return status;
  for (int choice = 0; choice < choices; choice++) {
    int digits = choice;
    for (int k = clauses - 1; k >= 0; k--) {
      int rows = rl_property_rows(property, k);
      flip_row(p, choice * clauses + k, property, property->first[k] + digits % rows);
      digits /= rows;
    }
    p->first[choice + 1] = (choice + 1) * clauses;
  }
  *out = p;
  return RL_OK;
}

rl_property *rl_property_retain(const rl_property *property) {
  if (property) rl_share(&property->references);
  return (rl_property *)property;
}

void rl_property_release(rl_property *property) {
  if (!property || !rl_unshare(&property->references)) return;
  rl_free(property->first);
  rl_free(property->a);
  rl_free(property->c);
  rl_free(property->d);
  rl_free(property);
}

int rl_property_inputs(const rl_property *property) { return property->n; }
int rl_property_outputs(const rl_property *property) { return property->m; }
int rl_property_clauses(const rl_property *property) { return property->clauses; }

int rl_property_rows(const rl_property *property, int clause) {
  assert(clause >= 0 && clause < property->clauses);
  return property->first[clause + 1] - property->first[clause];
}

static size_t row_index(const rl_property *property, int clause, int row) {
  assert(row >= 0 && row < rl_property_rows(property, clause));
  return (size_t)property->first[clause] + (size_t)row;
}

const double *rl_property_a(const rl_property *property, int clause, int row) {
  return property->a ? property->a + row_index(property, clause, row) * (size_t)property->n : NULL;
}

const double *rl_property_c(const rl_property *property, int clause, int row) {
  return property->c + row_index(property, clause, row) * (size_t)property->m;
}

double rl_property_d(const rl_property *property, int clause, int row) {
  return property->d[row_index(property, clause, row)];
}

static double dot(const double *u, const double *v, int count) {
  double sum = 0;
  for (int i = 0; i < count; i++) sum += u[i] * v[i];
  return sum;
}

double rl_property_row_value(const rl_property *property, int index, const double *x, const double *y) {
  double value = dot(property->c + (size_t)index * (size_t)property->m, y, property->m) + property->d[index];
  if (property->a) value += dot(property->a + (size_t)index * (size_t)property->n, x, property->n);
  return value;
}

double rl_property_value(const rl_property *property, const double *x, const double *y) {
  double best = -INFINITY;
  for (int k = 0; k < property->clauses; k++) {
    double least = INFINITY;
    for (int r = property->first[k]; r < property->first[k + 1]; r++) {
      double value = rl_property_row_value(property, r, x, y);
      if (value < least) least = value;
    }
    if (least > best) best = least;
  }
  return best;
}
