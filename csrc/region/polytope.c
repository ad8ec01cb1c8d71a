/* L3: polytopes by their vertices (see polytope.h). */
#include "region/polytope.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/round.h"
#include "core/vector.h"

static rl_status create(rl_polytope **out, int d, int rows, int vertices, rl_error *err) {
  rl_polytope *p = rl_alloc(1, sizeof *p);
  if (!p) return rl_fail_memory(err);
  *p = (rl_polytope){.d = d, .words = (rows + 63) / 64};
  p->row = rl_alloc((size_t)rows, sizeof *p->row);
  p->vertex = rl_alloc((size_t)vertices, sizeof *p->vertex);
  p->active = rl_alloc((size_t)vertices * (size_t)p->words, sizeof *p->active);
  if (!p->row || !p->vertex || !p->active) {
    rl_polytope_release(p);
    return rl_fail_memory(err);
  }
  *out = p;
  return RL_OK;
}

void rl_polytope_release(rl_polytope *p) {
  if (!p) return;
  rl_free(p->row);
  rl_free(p->vertex);
  rl_free(p->active);
  rl_free(p);
}

static void set_active(rl_polytope *p, int vertex, int row) {
  p->active[(size_t)vertex * (size_t)p->words + (size_t)row / 64] |= (uint64_t)1 << (row % 64);
}

rl_status rl_polytope_box(rl_polytope **out, int d, const double *lo, const double *hi, const int *low, const int *high,
                          rl_error *err) {
  if (d < 1 || d > RL_POLYTOPE_DIMENSIONS)
    return rl_fail(err, RL_EINPUT, "%d inputs vary, expected 1 to %d", d, RL_POLYTOPE_DIMENSIONS);
  rl_polytope *p;
  rl_status status = create(&p, d, 2 * d, 1 << d, err);
  if (status) return status;
  p->rows = 2 * d;
  p->vertices = 1 << d;
  for (int j = 0; j < d; j++) {
    p->row[2 * j] = (rl_polytope_row){.id = low[j]};
    p->row[2 * j].w[j] = 1;
    p->row[2 * j].w[d] = -lo[j];
    p->row[2 * j + 1] = (rl_polytope_row){.id = high[j]};
    p->row[2 * j + 1].w[j] = -1;
    p->row[2 * j + 1].w[d] = hi[j];
  }
  for (int v = 0; v < p->vertices; v++)
    for (int j = 0; j < d; j++) {
      int top = v >> j & 1;
      p->vertex[v].x[j] = top ? hi[j] : lo[j];
      set_active(p, v, 2 * j + top);
    }
  *out = p;
  return RL_OK;
}

/* ---- units ---------------------------------------------------------------------------- */

double rl_polytope_unit(double lo, double hi) {
  int exponent;
  frexp(rl_max(fabs(lo), fabs(hi)), &exponent);
  double unit = ldexp(1, exponent - 1);
  return lo / unit * unit == lo && hi / unit * unit == hi ? unit : 1;
}

double rl_polytope_scaled(double w, double unit, double *error) {
  double scaled = w * unit;
  if (scaled / unit != w) *error += DBL_MIN;
  return scaled;
}

/* ---- signs ---------------------------------------------------------------------------- */

/* The error has three sources: the coordinates, the coefficients and rounding. */
double rl_polytope_value(const rl_polytope *p, const rl_polytope_row *form, const rl_vertex *v, double *error) {
  double value = form->w[p->d], size = fabs(value), reach = 0, slope = 0;
  for (int j = 0; j < p->d; j++) {
    double term = form->w[j] * v->x[j];
    value += term;
    size += fabs(term);
    slope += fabs(form->w[j]);
    reach += fabs(v->x[j]);
  }
  double moved = v->error > 0 ? v->error * (slope + p->d * form->slope_error) : 0;
  *error = (moved + form->slope_error * reach + form->constant_error + rl_rounding(p->d + 2, size)) * (1 + 1e-9);
  return value;
}

rl_status rl_polytope_signs(const rl_polytope *p, const rl_polytope_row *form, rl_polytope_oracle *oracle,
                            void *context, int8_t *signs, int *negative, int *positive, rl_error *err) {
  *negative = *positive = 0;
  for (int v = 0; v < p->vertices; v++) {
    double error, value = rl_polytope_value(p, form, &p->vertex[v], &error);
    int sign = value > error ? 1 : value < -error ? -1 : 2;
    if (sign == 2) { /* also where the value is not a number */
      rl_status status = oracle(context, p, v, form->id, &sign, err);
      if (status) return status;
    }
    signs[v] = (int8_t)sign;
    *negative |= sign < 0;
    *positive |= sign > 0;
  }
  return RL_OK;
}

/* ---- new vertices ------------------------------------------------------------------------ */

typedef double square[RL_POLYTOPE_DIMENSIONS][RL_POLYTOPE_DIMENSIONS];

/* Choose d of the vertex's active rows by elimination with the largest pivots; 0: none fit. */
static int choose_rows(const rl_polytope *p, int vertex, int *chosen) {
  int d = p->d, found = 0;
  double reduced[4 * RL_POLYTOPE_DIMENSIONS][RL_POLYTOPE_DIMENSIONS];
  int list[4 * RL_POLYTOPE_DIMENSIONS], count = 0;
  for (int r = p->rows - 1; r >= 0 && count < 4 * d; r--) {
    if (!rl_polytope_active(p, vertex, r)) continue;
    double size = 0;
    for (int j = 0; j < d; j++) size = rl_max(size, fabs(p->row[r].w[j]));
    for (int j = 0; j < d; j++) reduced[count][j] = size > 0 ? p->row[r].w[j] / size : 0;
    list[count++] = r;
  }
  int taken[RL_POLYTOPE_DIMENSIONS] = {0};
  while (found < d) {
    int best = -1, column = -1;
    double most = 1e-13;
    for (int i = found; i < count; i++)
      for (int j = 0; j < d; j++)
        if (!taken[j] && fabs(reduced[i][j]) > most) most = fabs(reduced[i][j]), best = i, column = j;
    if (best < 0) return 0;
    double swap[RL_POLYTOPE_DIMENSIONS];
    memcpy(swap, reduced[best], sizeof swap);
    memcpy(reduced[best], reduced[found], sizeof swap);
    memcpy(reduced[found], swap, sizeof swap);
    int row = list[best];
    list[best] = list[found];
    list[found] = row;
    chosen[found] = row;
    taken[column] = 1;
    for (int i = found + 1; i < count; i++) {
      double factor = reduced[i][column] / swap[column];
      for (int j = 0; j < d; j++) reduced[i][j] -= factor * swap[j];
    }
    found++;
  }
  return 1;
}

/* inverse of A (Gauss-Jordan with row pivots); 0: singular. */
static int invert(int d, square A, square inverse) {
  memset(inverse, 0, sizeof(square));
  for (int i = 0; i < d; i++) inverse[i][i] = 1;
  for (int c = 0; c < d; c++) {
    int pivot = c;
    for (int i = c + 1; i < d; i++)
      if (fabs(A[i][c]) > fabs(A[pivot][c])) pivot = i;
    if (A[pivot][c] == 0) return 0;
    for (int j = 0; j < d; j++) {
      double swap = A[c][j];
      A[c][j] = A[pivot][j];
      A[pivot][j] = swap;
      swap = inverse[c][j];
      inverse[c][j] = inverse[pivot][j];
      inverse[pivot][j] = swap;
    }
    double scale = 1 / A[c][c];
    for (int j = 0; j < d; j++) A[c][j] *= scale, inverse[c][j] *= scale;
    for (int i = 0; i < d; i++) {
      double factor = A[i][c];
      if (i == c || factor == 0) continue;
      for (int j = 0; j < d; j++) A[i][j] -= factor * A[c][j], inverse[i][j] -= factor * inverse[c][j];
    }
  }
  return 1;
}

/* x -= R (A x + b): from anywhere the solution, then a step of refinement. */
static void newton(int d, square A, square R, const rl_polytope *p, const int *rows, rl_vertex *out) {
  double residual[RL_POLYTOPE_DIMENSIONS];
  for (int i = 0; i < d; i++) {
    residual[i] = p->row[rows[i]].w[d];
    for (int j = 0; j < d; j++) residual[i] += A[i][j] * out->x[j];
  }
  for (int i = 0; i < d; i++)
    for (int j = 0; j < d; j++) out->x[i] -= R[i][j] * residual[j];
}

/* The point where d rows meet, with an error bound.  With an approximate inverse R and the residual r at the
 * computed x, |x* - x| <= |R| |r| / (1 - |I - R A|) in the maximum norm, for every A, r within their errors (Rump). */
static void solve_vertex(const rl_polytope *p, int vertex, rl_vertex *out) {
  int d = p->d, rows[RL_POLYTOPE_DIMENSIONS] = {0};
  square A = {{0}}, work, R;
  out->error = INFINITY;
  if (!choose_rows(p, vertex, rows)) return;
  for (int i = 0; i < d; i++) memcpy(A[i], p->row[rows[i]].w, (size_t)d * sizeof(double));
  memcpy(work, A, sizeof work);
  if (!invert(d, work, R)) return;
  rl_vertex middle = *out;
  newton(d, A, R, p, rows, out);
  newton(d, A, R, p, rows, out);
  for (int j = 0; j < d; j++)
    if (!isfinite(out->x[j])) { /* overflow: somewhere between, with no bound of the error */
      *out = middle;
      return;
    }
  double defect = 0, sum = 0; /* of all that both maxima are of: finite, or one of them overflowed */
  double residual[RL_POLYTOPE_DIMENSIONS], error = 0;
  rl_vertex exact = *out;
  exact.error = 0;
  for (int i = 0; i < d; i++) {
    double slack, value = rl_polytope_value(p, &p->row[rows[i]], &exact, &slack);
    residual[i] = fabs(value) + slack;
  }
  for (int i = 0; i < d; i++) {
    double row = 0, move = 0;
    for (int j = 0; j < d; j++) {
      double entry = i == j ? -1 : 0, size = fabs(entry), spread = 0;
      for (int k = 0; k < d; k++) {
        entry += R[i][k] * A[k][j];
        size += fabs(R[i][k] * A[k][j]);
        spread += fabs(R[i][k]) * p->row[rows[k]].slope_error;
      }
      row += fabs(entry) + spread + (d + 3) * RL_UNIT * size;
      move += fabs(R[i][j]) * residual[j];
    }
    defect = rl_max(defect, row);
    error = rl_max(error, move);
    sum += row + move;
  }
  if (isfinite(sum) && defect * (1 + 1e-9) < 0.5)
    out->error = error / (1 - defect * (1 + 1e-9)) * (1 + 1e-9) + RL_TINY;
}

/* ---- cutting ------------------------------------------------------------------------------- */

static int count_bits(const uint64_t *set, int words) {
  int count = 0;
  for (int w = 0; w < words; w++) count += __builtin_popcountll(set[w]);
  return count;
}

/* Are the vertices u and v joined by an edge?  common: words of scratch. */
static int is_edge(const rl_polytope *p, int u, int v, uint64_t *common) {
  const uint64_t *a = p->active + (size_t)u * (size_t)p->words, *b = p->active + (size_t)v * (size_t)p->words;
  for (int w = 0; w < p->words; w++) common[w] = a[w] & b[w];
  if (count_bits(common, p->words) < p->d - 1) return 0;
  for (int t = 0; t < p->vertices; t++) {
    if (t == u || t == v) continue;
    const uint64_t *c = p->active + (size_t)t * (size_t)p->words;
    int all = 1;
    for (int w = 0; w < p->words && all; w++) all = (common[w] & ~c[w]) == 0;
    if (all) return 0;
  }
  return 1;
}

/* The crossed edges as pairs of vertices: edges[2i] on the kept side, edges[2i+1] not. */
static rl_status crossed_edges(const rl_polytope *p, int side, const int8_t *signs, int **edges, int *count,
                               rl_error *err) {
  uint64_t *common = rl_alloc((size_t)p->words, sizeof *common);
  int room = 64;
  *count = 0;
  *edges = rl_alloc(2 * (size_t)room, sizeof **edges);
  rl_status status = common && *edges ? RL_OK : rl_fail_memory(err);
  for (int u = 0; u < p->vertices && !status; u++)
    for (int v = 0; v < p->vertices && signs[u] * side > 0 && !status; v++) {
      if (signs[v] * side >= 0 || !is_edge(p, u, v, common)) continue;
      if (*count == room) {
        int *more = rl_realloc(*edges, 4 * (size_t)room * sizeof *more);
        if (!more) {
          status = rl_fail_memory(err);
          break;
        }
        *edges = more;
        room *= 2;
      }
      (*edges)[2 * *count] = u;
      (*edges)[2 * *count + 1] = v;
      ++*count;
    }
  rl_free(common);
  if (status) {
    rl_free(*edges);
    *edges = NULL;
  }
  return status;
}

/* Keep the rows that are facets of the new polytope: those active in at least d vertices. */
static void drop_rows(rl_polytope *p) {
  int kept = 0;
  int *place = rl_alloc((size_t)p->rows, sizeof *place);
  if (!place) return; /* superfluous rows do no harm */
  for (int r = 0; r < p->rows; r++) {
    int count = 0;
    for (int v = 0; v < p->vertices; v++) count += rl_polytope_active(p, v, r);
    place[r] = count >= p->d ? kept++ : -1;
  }
  for (int v = 0; v < p->vertices; v++) {
    uint64_t *set = p->active + (size_t)v * (size_t)p->words;
    for (int r = 0; r < p->rows; r++) {
      int on = (int)(set[r / 64] >> (r % 64) & 1);
      set[r / 64] &= ~((uint64_t)1 << (r % 64));
      if (on && place[r] >= 0) set[place[r] / 64] |= (uint64_t)1 << (place[r] % 64);
    }
  }
  for (int r = 0; r < p->rows; r++)
    if (place[r] >= 0) p->row[place[r]] = p->row[r];
  p->rows = kept;
  rl_free(place);
}

rl_status rl_polytope_cut(rl_polytope **out, const rl_polytope *p, const rl_polytope_row *form, int side,
                          const int8_t *signs, rl_error *err) {
  int *edges, count, kept = 0;
  rl_status status = crossed_edges(p, side, signs, &edges, &count, err);
  if (status) return status;
  for (int v = 0; v < p->vertices; v++) kept += signs[v] * side >= 0;
  rl_polytope *q;
  status = create(&q, p->d, p->rows + 1, kept + count, err);
  if (status) {
    rl_free(edges);
    return status;
  }
  memcpy(q->row, p->row, (size_t)p->rows * sizeof *q->row);
  q->row[p->rows] = *form;
  for (int j = 0; j <= p->d && side < 0; j++) q->row[p->rows].w[j] = -form->w[j];
  q->rows = p->rows + 1;
  for (int v = 0; v < p->vertices; v++) {
    if (signs[v] * side < 0) continue;
    q->vertex[q->vertices] = p->vertex[v];
    memcpy(q->active + (size_t)q->vertices * (size_t)q->words, p->active + (size_t)v * (size_t)p->words,
           (size_t)p->words * sizeof *q->active);
    if (signs[v] == 0) set_active(q, q->vertices, p->rows);
    q->vertices++;
  }
  for (int i = 0; i < count; i++) {
    const uint64_t *a = p->active + (size_t)edges[2 * i] * (size_t)p->words;
    const uint64_t *b = p->active + (size_t)edges[2 * i + 1] * (size_t)p->words;
    for (int w = 0; w < p->words; w++) q->active[(size_t)q->vertices * (size_t)q->words + (size_t)w] = a[w] & b[w];
    set_active(q, q->vertices, p->rows);
    const rl_vertex *from = &p->vertex[edges[2 * i]], *to = &p->vertex[edges[2 * i + 1]];
    for (int j = 0; j < p->d; j++) q->vertex[q->vertices].x[j] = 0.5 * (from->x[j] + to->x[j]);
    solve_vertex(q, q->vertices, &q->vertex[q->vertices]);
    q->vertices++;
  }
  rl_free(edges);
  drop_rows(q);
  *out = q;
  return RL_OK;
}

void rl_polytope_range(const rl_polytope *p, double *lo, double *hi) {
  for (int j = 0; j < p->d; j++) {
    lo[j] = INFINITY;
    hi[j] = -INFINITY;
    for (int v = 0; v < p->vertices; v++) {
      double x = p->vertex[v].x[j], error = p->vertex[v].error;
      int known = isfinite(x) && isfinite(error);
      lo[j] = rl_min(lo[j], known ? nextafter(x - error, -INFINITY) : -INFINITY);
      hi[j] = rl_max(hi[j], known ? nextafter(x + error, INFINITY) : INFINITY);
    }
  }
}
