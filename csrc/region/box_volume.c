/* L3: the box of largest volume inside a region.
 *
 *   maximise  sum_i log w_i,   w_i = p_i + m_i,   over extents z = (p, m) with
 *   G z <= h,  z <= u,  and with an anchor z >= 0
 *
 * (box.h; G >= 0).  A primal-dual interior-point method: multipliers y, v, l of the three
 * kinds of constraints, and x_i standing for 1 / w_i, make the optimality
 * conditions bilinear:
 *
 *   G^T y + v - l = E x   (E copies x_i to both extents of input i),
 *   y s = v (u - z) = l z = tau -> 0,   x w = 1,   s = h - G z,
 *
 * so Newton's method with Mehrotra's corrector follows a weighted central path.
 * Eliminating multipliers leaves  (M + G^T D G) dz = rhs,  D = diag(y/s) and M of
 * 2 x 2 blocks, solved by a Cholesky factor of either that matrix or, with fewer rows
 * than extents, of  D^-1 + G M^-1 G^T  (Woodbury).
 *
 * The claimed gap does not depend on any of this: it is weak duality at y. */
#include <string.h>

#include "core/cholesky.h"
#include "core/vector.h"
#include "encode/affine.h"
#include "region/box.h"

enum { LIMIT = 200, REFINEMENTS = 1 }; /* iterations; corrections of each Newton step */

static const double proximal = 1e-8;

typedef struct interior {
  const rl_box_problem *problem;
  int n, N, rows, anchored; /* inputs, extents 2n: p_0.. then m_0.. */
  uint8_t *active;          /* N: the extent may be changed */
  uint8_t *fixed;           /* n: the input has no width */
  double *centre;           /* n */
  double *G, *T;            /* rows x N: scaled rows, and G M^-1 */
  double *h, *s, *y, *ds, *dy, *row_shift, *step, *second; /* rows */
  double *z, *u, *v, *l, *dz, *dv, *dl, *rhs, *shift_v, *shift_l, *first, *change; /* N */
  double *w, *x, *dw, *dx, *shift_x;                                 /* n */
  double *block_M; /* 3n: f, d, e of each input's block of M */
  double *inverse; /* 3n: (M^-1)_pp, _pm, _mm of each input */
  double *factor;  /* size x size, the smaller of N and rows */
  int size, dense; /* dense: size = N */
  int shrunk;      /* inputs were found to be fixed on the way */
  double *block;   /* all of the doubles above */
} interior;

/* ---- storage and start ------------------------------------------------------- */

static double *cut(double **block, size_t count) {
  double *p = *block;
  *block += count;
  return p;
}

static rl_status allocate(interior *k, const rl_box_problem *problem, rl_error *err) {
  size_t n = (size_t)problem->n, N = 2 * n, m = (size_t)problem->rows;
  *k = (interior){.problem = problem, .n = (int)n, .N = (int)N, .rows = (int)m, .anchored = problem->anchor != NULL};
  k->dense = N <= m || N <= 64;
  k->size = (int)(k->dense ? N : m);
  size_t size = (size_t)k->size;
  k->active = rl_alloc(N, 1);
  k->fixed = rl_alloc(n, 1);
  k->block = rl_alloc(2 * m * N + 8 * m + 12 * N + 12 * n + size * size, sizeof *k->block);
  if (!k->active || !k->fixed || !k->block) return rl_fail_memory(err);
  double *b = k->block, **rows[] = {&k->h, &k->s, &k->y, &k->ds, &k->dy, &k->row_shift, &k->step, &k->second};
  double **extents[] = {&k->z,  &k->u,  &k->v,   &k->l,       &k->dz,      &k->dv,
                        &k->dl, &k->rhs, &k->shift_v, &k->shift_l, &k->first, &k->change};
  double **inputs[] = {&k->centre, &k->w, &k->x, &k->dw, &k->dx, &k->shift_x};
  k->G = cut(&b, m * N);
  k->T = cut(&b, m * N);
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) *rows[i] = cut(&b, m);
  for (size_t i = 0; i < sizeof extents / sizeof *extents; i++) *extents[i] = cut(&b, N);
  for (size_t i = 0; i < sizeof inputs / sizeof *inputs; i++) *inputs[i] = cut(&b, n);
  k->block_M = cut(&b, 3 * n);
  k->inverse = cut(&b, 3 * n);
  k->factor = b;
  return RL_OK;
}

static void release(interior *k) {
  rl_free(k->active);
  rl_free(k->fixed);
  rl_free(k->block);
}

/* The starting centre: the anchor, or the middle of an inner box (whose extents go to z).
 * *found = 0: the region is empty. */
static rl_status choose_centre(interior *k, int *found, rl_error *err) {
  const rl_box_problem *problem = k->problem;
  size_t n = (size_t)k->n;
  *found = 1;
  if (k->anchored) memcpy(k->centre, problem->anchor, n * sizeof *k->centre);
  else {
    rl_status status = rl_box_centre(problem, k->centre, k->w, found, err);
    if (status != RL_OK || !*found) return status;
  }
  for (size_t i = 0; i < n; i++) {
    double lo = problem->limit_lo[i], hi = problem->limit_hi[i], c = k->centre[i];
    if (!k->anchored && k->w[i] > 0) { /* cut the inner box to the limits, and centre it again */
      double left = fmax(c - k->w[i], lo), right = fmin(c + k->w[i], hi);
      k->centre[i] = c = 0.5 * (left + right);
      k->z[i] = k->z[n + i] = 0.25 * (right - left);
    }
    k->u[i] = hi - c;
    k->u[n + i] = c - lo;
    k->active[i] = k->anchored ? k->u[i] > 0 : k->z[i] > 0;
    k->active[n + i] = k->anchored ? k->u[n + i] > 0 : k->z[n + i] > 0;
    k->fixed[i] = !k->active[i] && !k->active[n + i];
  }
  return RL_OK;
}

/* Write G and h; a row without an active extent says nothing. */
static int write_rows(interior *k) {
  const rl_box_problem *problem = k->problem;
  for (int r = 0; r < k->rows; r++) {
    const double *a = rl_box_row(problem, r);
    double *g = k->G + (size_t)r * (size_t)k->N;
    int used = 0;
    for (int i = 0; i < k->n; i++) {
      int j = a[i] > 0 ? i : k->n + i;
      if (!k->active[j] || a[i] == 0) continue;
      g[j] = fabs(a[i]) * problem->scale[r];
      used++;
    }
    k->h[r] = used ? -rl_row_excess(k->n, a, k->centre, k->centre, rl_box_bound(problem, r)) * problem->scale[r] : 1;
    if (!(k->h[r] > 0)) return 0;
    for (int j = 0; j < k->N; j++)
      if (g[j] > 0) k->z[j] = fmin(k->z[j], 0.5 * k->h[r] / (used * g[j]));
  }
  return 1;
}

/* The start: each extent half of what a row would give it were it alone (the
 * largest box under one row takes h / (n g_j) of each), so that all rows and bounds
 * have slack; all products 1.  0 when there is nothing to vary or no slack. */
static int start(interior *k) {
  int left = 0;
  for (int i = 0; i < k->n; i++) left += !k->fixed[i];
  for (int j = 0; j < k->N; j++) k->z[j] = k->active[j] ? 0.5 * k->u[j] : 0;
  if (!write_rows(k) || !left) return 0;
  for (int r = 0; r < k->rows; r++) {
    k->s[r] = k->h[r] - rl_dot(k->G + (size_t)r * (size_t)k->N, k->z, k->N);
    k->y[r] = 1 / k->s[r];
  }
  for (int j = 0; j < k->N; j++) {
    k->v[j] = k->active[j] ? 1 / (k->u[j] - k->z[j]) : 0;
    k->l[j] = k->active[j] && k->anchored ? 1 / k->z[j] : 0;
  }
  for (int i = 0; i < k->n; i++) {
    k->w[i] = k->z[i] + k->z[k->n + i];
    k->x[i] = k->fixed[i] ? 0 : 1 / k->w[i];
  }
  return 1;
}

/* ---- the Newton system --------------------------------------------------------- */

/* M's block of input i is [f + d, f; f, f + e] with f = x/w, and d, e from the
 * bounds; an extent that is not active is held at 0.  Without an anchor d and e may
 * vanish: a proximal term keeps the block's condition bounded, which only
 * slows the shift of an input whose position hardly matters. */
static void make_blocks(interior *k) {
  for (int i = 0; i < k->n; i++) {
    int p = i, m = k->n + i;
    double *b = k->block_M + 3 * (size_t)i, *inverse = k->inverse + 3 * (size_t)i;
    double f = k->fixed[i] ? 1 : k->x[i] / k->w[i], d = proximal * f, e = proximal * f;
    if (k->active[p]) d += k->v[p] / (k->u[p] - k->z[p]) + (k->anchored ? k->l[p] / k->z[p] : 0);
    if (k->active[m]) e += k->v[m] / (k->u[m] - k->z[m]) + (k->anchored ? k->l[m] / k->z[m] : 0);
    double determinant = f * (d + e) + d * e;
    b[0] = f;
    b[1] = d;
    b[2] = e;
    inverse[0] = inverse[1] = inverse[2] = 0;
    if (k->active[p] && k->active[m]) {
      inverse[0] = (f + e) / determinant;
      inverse[1] = -f / determinant;
      inverse[2] = (f + d) / determinant;
    } else if (k->active[p]) inverse[0] = 1 / (f + d);
    else if (k->active[m]) inverse[2] = 1 / (f + e);
  }
}

static void apply_inverse(const interior *k, const double *in, double *out) {
  for (int i = 0; i < k->n; i++) {
    const double *inverse = k->inverse + 3 * (size_t)i;
    double p = in[i], m = in[k->n + i];
    out[i] = inverse[0] * p + inverse[1] * m;
    out[k->n + i] = inverse[1] * p + inverse[2] * m;
  }
}

static void factorise_dense(interior *k) {
  size_t N = (size_t)k->N, n = (size_t)k->n;
  memset(k->factor, 0, N * N * sizeof *k->factor);
  for (size_t j = 0; j < N; j++) {
    const double *b = k->block_M + 3 * (j % n);
    k->factor[j * N + j] = b[0] + (j < n ? b[1] : b[2]);
    if (j >= n && k->active[j] && k->active[j - n]) k->factor[j * N + j - n] = b[0];
  }
  for (int r = 0; r < k->rows; r++) {
    const double *g = k->G + (size_t)r * N;
    double d = k->y[r] / k->s[r];
    for (size_t j = 0; j < N; j++)
      for (size_t q = 0; q <= j && g[j] != 0; q++) k->factor[j * N + q] += d * g[j] * g[q];
  }
  rl_cholesky(k->factor, k->size);
}

static void factorise(interior *k) {
  make_blocks(k);
  if (k->dense) {
    factorise_dense(k);
    return;
  }
  size_t N = (size_t)k->N, m = (size_t)k->rows;
  for (size_t r = 0; r < m; r++) {
    apply_inverse(k, k->G + r * N, k->T + r * N);
    for (size_t q = 0; q <= r; q++) k->factor[r * m + q] = rl_dot(k->T + r * N, k->G + q * N, k->N);
    k->factor[r * m + r] += k->s[r] / k->y[r];
  }
  rl_cholesky(k->factor, k->size);
}

/* Add to dz, dy the solution of  M dz + G^T dy = first,  G dz - D^-1 dy = -second.  first is overwritten. */
static void solve_once(interior *k, double *first, const double *second) {
  size_t N = (size_t)k->N;
  if (k->dense) {
    for (int r = 0; r < k->rows; r++)
      for (size_t j = 0; j < N; j++) first[j] -= k->y[r] / k->s[r] * second[r] * k->G[(size_t)r * N + j];
    rl_cholesky_solve(k->factor, k->size, first);
    for (size_t j = 0; j < N; j++) k->dz[j] += first[j];
    for (int r = 0; r < k->rows; r++)
      k->dy[r] += k->y[r] / k->s[r] * (rl_dot(k->G + (size_t)r * N, first, k->N) + second[r]);
    return;
  }
  for (int r = 0; r < k->rows; r++) k->step[r] = rl_dot(k->T + (size_t)r * N, first, k->N) + second[r];
  rl_cholesky_solve(k->factor, k->size, k->step);
  for (int r = 0; r < k->rows; r++) {
    k->dy[r] += k->step[r];
    for (size_t j = 0; j < N; j++) first[j] -= k->step[r] * k->G[(size_t)r * N + j];
  }
  apply_inverse(k, first, k->change);
  for (size_t j = 0; j < N; j++) k->dz[j] += k->change[j];
}

/* dz = (M + G^T D G)^-1 rhs and dy = D G dz, with one step of refinement. */
static void solve_system(interior *k) {
  int n = k->n;
  memset(k->dz, 0, (size_t)k->N * sizeof *k->dz);
  memset(k->dy, 0, (size_t)k->rows * sizeof *k->dy);
  memset(k->second, 0, (size_t)k->rows * sizeof *k->second);
  memcpy(k->first, k->rhs, (size_t)k->N * sizeof *k->first);
  for (int round = 0;; round++) {
    solve_once(k, k->first, k->second);
    if (round == REFINEMENTS) return;
    for (int i = 0; i < n; i++) {
      const double *b = k->block_M + 3 * (size_t)i;
      double both = b[0] * (k->dz[i] + k->dz[n + i]);
      k->first[i] = k->rhs[i] - (both + b[1] * k->dz[i]);
      k->first[n + i] = k->rhs[n + i] - (both + b[2] * k->dz[n + i]);
    }
    for (int r = 0; r < k->rows; r++) {
      const double *g = k->G + (size_t)r * (size_t)k->N;
      for (int j = 0; j < k->N; j++) k->first[j] -= k->dy[r] * g[j];
      k->second[r] = rl_dot(g, k->dz, k->N) - k->s[r] / k->y[r] * k->dy[r];
    }
    for (int j = 0; j < k->N; j++)
      if (!k->active[j]) k->first[j] = 0;
  }
}

/* The step towards products tau (and 1), given second-order shifts of the products. */
static void direction(interior *k, double tau) {
  int n = k->n;
  for (int j = 0; j < k->N; j++) {
    k->rhs[j] = 0;
    if (!k->active[j]) continue;
    int i = j % n;
    k->rhs[j] = (1 - k->shift_x[i]) / k->w[i] - (tau - k->shift_v[j]) / (k->u[j] - k->z[j]);
    if (k->anchored) k->rhs[j] += (tau - k->shift_l[j]) / k->z[j];
  }
  for (int r = 0; r < k->rows; r++) {
    double target = (tau - k->row_shift[r]) / k->s[r];
    for (int j = 0; j < k->N; j++) k->rhs[j] -= target * k->G[(size_t)r * (size_t)k->N + (size_t)j];
  }
  solve_system(k);
  for (int r = 0; r < k->rows; r++) {
    k->ds[r] = -rl_dot(k->G + (size_t)r * (size_t)k->N, k->dz, k->N);
    k->dy[r] += (tau - k->row_shift[r]) / k->s[r] - k->y[r];
  }
  for (int j = 0; j < k->N; j++) {
    k->dv[j] = k->dl[j] = 0;
    if (!k->active[j]) continue;
    double gap = k->u[j] - k->z[j];
    k->dv[j] = (tau - k->shift_v[j] + k->v[j] * k->dz[j]) / gap - k->v[j];
    if (k->anchored) k->dl[j] = (tau - k->shift_l[j] - k->l[j] * k->dz[j]) / k->z[j] - k->l[j];
  }
  for (int i = 0; i < n; i++) {
    k->dw[i] = k->dz[i] + k->dz[n + i];
    k->dx[i] = k->fixed[i] ? 0 : (1 - k->shift_x[i] - k->x[i] * k->dw[i]) / k->w[i] - k->x[i];
  }
}

/* ---- steps --------------------------------------------------------------------- */

static double longest(double alpha, double value, double change) {
  return change < 0 ? fmin(alpha, -value / change) : alpha;
}

/* The longest steps that keep the slacks and widths / the multipliers >= 0. */
static void step_lengths(const interior *k, double *primal, double *dual) {
  double p = 1e10, d = 1e10;
  for (int r = 0; r < k->rows; r++) {
    p = longest(p, k->s[r], k->ds[r]);
    d = longest(d, k->y[r], k->dy[r]);
  }
  for (int j = 0; j < k->N; j++) {
    if (!k->active[j]) continue;
    p = longest(p, k->u[j] - k->z[j], -k->dz[j]);
    d = longest(d, k->v[j], k->dv[j]);
    if (!k->anchored) continue;
    p = longest(p, k->z[j], k->dz[j]);
    d = longest(d, k->l[j], k->dl[j]);
  }
  for (int i = 0; i < k->n; i++) {
    if (k->fixed[i]) continue;
    p = longest(p, k->w[i], k->dw[i]);
    d = longest(d, k->x[i], k->dx[i]);
  }
  *primal = p;
  *dual = d;
}

/* Sum of the products that should vanish, after steps of these lengths; *count: how many. */
static double products(const interior *k, double p, double d, int *count) {
  double sum = 0;
  *count = k->rows;
  for (int r = 0; r < k->rows; r++) sum += (k->s[r] + p * k->ds[r]) * (k->y[r] + d * k->dy[r]);
  for (int j = 0; j < k->N; j++) {
    if (!k->active[j]) continue;
    sum += (k->u[j] - k->z[j] - p * k->dz[j]) * (k->v[j] + d * k->dv[j]);
    ++*count;
    if (!k->anchored) continue;
    sum += (k->z[j] + p * k->dz[j]) * (k->l[j] + d * k->dl[j]);
    ++*count;
  }
  return sum;
}

static void clear_shifts(interior *k) {
  memset(k->row_shift, 0, (size_t)k->rows * sizeof *k->row_shift);
  memset(k->shift_v, 0, (size_t)k->N * sizeof *k->shift_v);
  memset(k->shift_l, 0, (size_t)k->N * sizeof *k->shift_l);
  memset(k->shift_x, 0, (size_t)k->n * sizeof *k->shift_x);
}

static void take_shifts(interior *k, double factor) {
  for (int r = 0; r < k->rows; r++) k->row_shift[r] = factor * k->ds[r] * k->dy[r];
  for (int j = 0; j < k->N; j++) {
    k->shift_v[j] = -factor * k->dz[j] * k->dv[j];
    k->shift_l[j] = factor * k->dz[j] * k->dl[j];
  }
  for (int i = 0; i < k->n; i++) k->shift_x[i] = factor * k->dw[i] * k->dx[i];
}

static void advance(interior *k, double p, double d) {
  for (int r = 0; r < k->rows; r++) k->y[r] += d * k->dy[r];
  for (int j = 0; j < k->N; j++) {
    k->z[j] += p * k->dz[j];
    k->v[j] += d * k->dv[j];
    k->l[j] += d * k->dl[j];
  }
  for (int i = 0; i < k->n; i++) {
    k->w[i] = k->z[i] + k->z[k->n + i];
    k->x[i] += d * k->dx[i];
  }
  for (int r = 0; r < k->rows; r++) k->s[r] += p * k->ds[r];
}

/* One predictor-corrector step; the sum of products that should vanish before it. */
static double iterate(interior *k) {
  int count;
  double p, d, sum = products(k, 0, 0, &count), mu = sum / fmax(count, 1);
  factorise(k);
  clear_shifts(k);
  direction(k, 0);
  step_lengths(k, &p, &d);
  p = fmin(p, 1);
  d = fmin(d, 1);
  double ratio = sum > 0 ? products(k, p, d, &count) / sum : 0, centring = fmax(ratio * ratio * ratio, 1e-4);
  take_shifts(k, p * d);
  direction(k, centring * mu);
  step_lengths(k, &p, &d);
  if (fmin(p, d) < 0.1) { /* the corrector misled: a plain, well centred step */
    clear_shifts(k);
    direction(k, 0.5 * mu);
    step_lengths(k, &p, &d);
  }
  advance(k, fmin(1, 0.99 * p), fmin(1, 0.99 * d));
  return sum;
}

/* ---- result and proof ------------------------------------------------------------ */

/* Input i's part of the Lagrangian, max log(p + m) - P p - Q m.  For any t > 0
 *   log w <= log t - 1 + w / t,
 * which leaves a linear function; t is taken at (just above) the maximiser, so nothing is lost. */
static double volume_part(const void *context, int input, double P_lo, double P_hi, double Q_lo, double Q_hi,
                          double p_max, double m_max) {
  const interior *k = context;
  if (k->fixed[input]) return rl_box_linear_part(k->anchored, -P_hi, -P_lo, -Q_hi, -Q_lo, p_max, m_max);
  double above = 1 + 4 * DBL_EPSILON, t;
  double cheap = fmin(P_lo, Q_lo), dear = fmax(P_lo, Q_lo), first = P_lo <= Q_lo ? p_max : m_max;
  if (!k->anchored) t = fmin(above / dear, p_max + m_max);
  else if (1 / cheap <= first) t = above / cheap;
  else if (1 / dear <= first) t = first;
  else t = fmin(above / dear, p_max + m_max);
  double inverse_lo = nextafter(1 / t, 0), inverse_hi = nextafter(1 / t, INFINITY), l = log(t);
  double linear = rl_box_linear_part(k->anchored, rl_add_down(inverse_lo, -P_hi), rl_add_up(inverse_hi, -P_lo),
                                     rl_add_down(inverse_lo, -Q_hi), rl_add_up(inverse_hi, -Q_lo), p_max, m_max);
  return rl_add_up(linear, rl_add_up(l + 2 * DBL_EPSILON * fabs(l), -1));
}

/* The present box, made exact, and its proved gap.  Inputs that thereby lose their
 * width are fixed from now on, and the bound is one for the others. */
static rl_status conclude(interior *k, double *lo, double *hi, rl_box *box, rl_error *err) {
  rl_box result = {0};
  double bound;
  for (int i = 0; i < k->n; i++) {
    hi[i] = rl_add_down(k->centre[i], k->z[i]);
    lo[i] = rl_add_up(k->centre[i], -k->z[k->n + i]);
  }
  result.found = rl_box_repair(k->problem, lo, hi, 1, k->centre);
  if (result.found) {
    rl_box_measure(k->n, lo, hi, &result);
    for (int i = 0; i < k->n; i++) {
      if (k->fixed[i] || lo[i] < hi[i]) continue;
      k->fixed[i] = 1;
      k->shrunk = 1;
    }
    for (int r = 0; r < k->rows; r++) k->dy[r] = fmax(k->y[r], 0) * k->problem->scale[r];
    rl_status status = rl_box_dual_bound(k->problem, k->centre, k->dy, volume_part, k, &bound, err);
    if (status != RL_OK) return status;
    result.gap = fmax(rl_add_up(bound, -result.log_volume), 0);
  }
  *box = result;
  return RL_OK;
}

/* Multiply-adds of an iteration: its matrix and that one's factor. */
static double iteration_work(const interior *k) {
  double size = k->size, other = k->dense ? k->rows : k->N;
  return size * size * (0.5 * other + size / 6);
}

/* Iterate until the gap is proved small, or no longer shrinks; the best box is kept. */
static rl_status improve(interior *k, double *lo, double *hi, rl_box *box, rl_error *err) {
  const double enough = 1e-8;
  double *scratch = rl_alloc(2 * (size_t)k->n, sizeof *scratch);
  if (!scratch) return rl_fail_memory(err);
  rl_status status = RL_OK;
  double target = enough;
  for (int step = 0; step < LIMIT && status == RL_OK && !rl_late(iteration_work(k)); step++) {
    double sum = iterate(k);
    if (!isfinite(sum)) break;
    if (sum > target && step + 1 < LIMIT) continue;
    rl_box now;
    status = conclude(k, scratch, scratch + k->n, &now, err);
    if (status != RL_OK || !now.found) break;
    if (k->shrunk) {
      *box = now;
      memcpy(lo, scratch, (size_t)k->n * sizeof *lo);
      memcpy(hi, scratch + k->n, (size_t)k->n * sizeof *hi);
      break;
    }
    if (!box->found || now.gap < box->gap) {
      memcpy(lo, scratch, (size_t)k->n * sizeof *lo);
      memcpy(hi, scratch + k->n, (size_t)k->n * sizeof *hi);
      *box = now;
    } else if (sum < 1e-13) break;
    if (box->gap <= 4 * enough) break;
    target = sum * 0.5;
  }
  rl_free(scratch);
  return status;
}

/* Inputs whose width cannot be told from 0 at the present centre are held there, and the rest solved again. */
static rl_status improve_rest(interior *k, double *lo, double *hi, rl_box *box, rl_error *err) {
  rl_status status = RL_OK;
  k->shrunk = 1;
  for (int round = 0; round < 4 && k->shrunk && status == RL_OK; round++) {
    rl_box now = {0};
    k->shrunk = 0;
    for (int j = 0; j < k->N; j++) k->active[j] = k->active[j] && !k->fixed[j % k->n];
    memset(k->G, 0, (size_t)k->rows * (size_t)k->N * sizeof *k->G);
    if (!start(k)) break;
    status = improve(k, lo, hi, &now, err);
    if (status != RL_OK || !now.found) break;
    *box = now;
  }
  return status;
}

/* Nothing to vary: a box of little or no volume from the widest one, or the centre. */
static rl_status settle(interior *k, double *lo, double *hi, rl_box *box, rl_error *err) {
  memset(k->y, 0, (size_t)k->rows * sizeof *k->y);
  for (int j = 0; j < k->N; j++) k->z[j] = k->active[j] && k->anchored ? 0 : k->active[j] ? 0.25 * k->u[j] : 0;
  rl_status status = conclude(k, lo, hi, box, err);
  if (status != RL_OK || box->found) return status;
  status = rl_region_box_width(k->problem->region, k->problem->anchor, lo, hi, box, err);
  box->gap = box->fixed == k->n ? 0 : INFINITY;
  return status;
}

static rl_status find_largest(const rl_box_problem *problem, double *lo, double *hi, rl_box *box, rl_error *err) {
  interior k;
  int found = 0;
  rl_box result = {0};
  rl_status status = allocate(&k, problem, err);
  if (status == RL_OK) status = choose_centre(&k, &found, err);
  if (status == RL_OK && found) {
    status = improve_rest(&k, lo, hi, &result, err);
    if (status == RL_OK && !result.found) status = settle(&k, lo, hi, &result, err);
  }
  if (result.found && result.fixed == k.n) result.gap = 0; /* a measure over no inputs */
  if (status == RL_OK) *box = result;
  release(&k);
  return status;
}

rl_status rl_region_box_volume(const rl_region *region, const double *anchor, double *lo, double *hi, rl_box *box,
                               rl_error *err) {
  rl_box_problem *problem;
  int empty;
  rl_status status = rl_box_problem_create(&problem, region, anchor, &empty, err);
  if (status != RL_OK) return status;
  double *result = rl_alloc(2 * (size_t)problem->n, sizeof *result);
  rl_box found = {0};
  if (!result) status = rl_fail_memory(err);
  if (status == RL_OK && !empty) status = find_largest(problem, result, result + problem->n, &found, err);
  if (status == RL_OK && found.found) {
    memcpy(lo, result, (size_t)problem->n * sizeof *lo);
    memcpy(hi, result + problem->n, (size_t)problem->n * sizeof *hi);
  }
  if (status == RL_OK) *box = found;
  rl_free(result);
  rl_box_problem_free(problem);
  return status;
}
