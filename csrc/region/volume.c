/* L3: the volume of a polytope (see polytope.h).
 *
 * Cohen and Hickey's triangulation: from the first vertex of a face, cones over those of its facets that do not
 * contain it; a face is the set of vertices in which some rows are active.  At the bottom stand simplices of d + 1
 * vertices that partition the polytope; their volumes are |det| / d!.  The partition is combinatorial, hence exact;
 * the determinants carry error bounds. */
#include "region/polytope_exact.h"
#include "region/region.h"

#include <math.h>
#include <string.h>

#include "core/round.h"

typedef struct walk {
  const rl_polytope *p;
  int simplex[RL_POLYTOPE_DIMENSIONS + 1]; /* vertices chosen so far */
  int *faces;                              /* (d + 1) x vertices: the vertices of the faces along the walk */
  double sum, error, simplices;
} walk;

/* Scale a row by a power of two so that its largest entry lies in [0.5, 1); returns the exponent taken out. */
static int scale_row(double *row, int d) {
  double largest = 0;
  int exponent = 0;
  for (int j = 0; j < d; j++) largest = fmax(largest, fabs(row[j]));
  if (largest == 0 || !isfinite(largest)) return 0;
  frexp(largest, &exponent);
  for (int j = 0; j < d; j++) row[j] = ldexp(row[j], -exponent);
  return exponent;
}

/* Bounds of |det| of the edges from vertex 0: its expansion has d! products; rounding and the vertices' errors are
 * bounded through Hadamard's inequality on rows enlarged by both. */
static void add_simplex(walk *w) {
  int d = w->p->d, exponent = 0;
  double M[RL_POLYTOPE_DIMENSIONS][RL_POLYTOPE_DIMENSIONS], product = 1, relative = 0, det = 1;
  int power = 0; /* product times 2^power: what neither underflows nor overflows */
  const rl_vertex *origin = &w->p->vertex[w->simplex[0]];
  for (int i = 0; i < d; i++) {
    const rl_vertex *v = &w->p->vertex[w->simplex[i + 1]];
    double square = 0, size = 0, error = v->error + origin->error;
    for (int j = 0; j < d; j++) {
      M[i][j] = v->x[j] - origin->x[j];
      square += M[i][j] * M[i][j];
      size += fabs(M[i][j]);
      error += RL_UNIT * (fabs(v->x[j]) + fabs(origin->x[j]));
    }
    double length = square > 1e-280 && isfinite(square) ? sqrt(square) : size; /* squares that underflow: no less */
    error *= sqrt(d);
    /* det is linear in each row: moving row i by `error` changes it by at most error times the other lengths */
    int exponent_of_product = 0;
    product = frexp(product * (length + error), &exponent_of_product);
    power += exponent_of_product;
    relative += length + error > 0 ? error / (length + error) : 0;
    exponent += scale_row(M[i], d);
  }
  for (int c = 0; c < d; c++) {
    int pivot = c;
    for (int i = c + 1; i < d; i++)
      if (fabs(M[i][c]) > fabs(M[pivot][c])) pivot = i;
    if (M[pivot][c] == 0) {
      det = 0;
      break;
    }
    double swap[RL_POLYTOPE_DIMENSIONS];
    memcpy(swap, M[c], sizeof swap);
    memcpy(M[c], M[pivot], sizeof swap);
    memcpy(M[pivot], swap, sizeof swap);
    det *= M[c][c];
    for (int i = c + 1; i < d; i++) {
      double factor = M[i][c] / M[c][c];
      for (int j = c; j < d; j++) M[i][j] -= factor * M[c][j];
    }
  }
  /* Elimination with partial pivoting: backward error at most d^2 2^(d-1) u times the largest entry (Higham, theorem
   * 9.5), which here is at most twice that of each row; sqrt(d) of it in a row's length, d rows; and twice that. */
  double growth = 2 * (double)d * d * d * sqrt(d) * ldexp(1, d) * RL_UNIT;
  det = ldexp(det, exponent);
  w->simplices++;
  w->sum += fabs(det);
  double of_product = ldexp(product * (relative + growth) * (1 + 1e-6), power);
  w->error += isfinite(product) ? of_product + RL_UNIT * fabs(det) * d + 1e-290 : INFINITY; /* underflow */
}

/* Is row r's part of a face one of its facets, and r the first row that gives it?  Facets are the proper parts that no
 * other proper part contains. */
static int is_facet(const rl_polytope *p, const int *face, int count, int r) {
  for (int t = 0; t < p->rows; t++) {
    int holds = 1, more = 0, all = 1;
    if (t == r) continue;
    for (int i = 0; i < count && holds; i++) {
      int in_r = rl_polytope_active(p, face[i], r), in_t = rl_polytope_active(p, face[i], t);
      holds = in_t || !in_r;
      more |= in_t && !in_r;
      all &= in_t;
    }
    if (holds && !all && (more || t < r)) return 0;
  }
  return 1;
}

/* The face given by its `count` vertices has dimension k; rows that hold on all of it are no facets of it. */
static void triangulate(walk *w, const int *face, int count, int k) {
  const rl_polytope *p = w->p;
  int *facet = w->faces + (size_t)k * (size_t)p->vertices;
  w->simplex[p->d - k] = face[0];
  if (k == 0) {
    add_simplex(w);
    return;
  }
  for (int r = 0; r < p->rows; r++) {
    if (rl_polytope_active(p, face[0], r)) continue;
    int size = 0;
    for (int i = 0; i < count; i++)
      if (rl_polytope_active(p, face[i], r)) facet[size++] = face[i];
    if (size >= k && is_facet(p, face, count, r)) triangulate(w, facet, size, k - 1);
  }
}

rl_status rl_polytope_volume(const rl_polytope *p, const double *unit, double *lo, double *hi, rl_error *err) {
  walk w = {.p = p, .faces = rl_alloc((size_t)(p->d + 2) * (size_t)p->vertices, sizeof(int))};
  if (!w.faces) return rl_fail_memory(err);
  int *all = w.faces + (size_t)(p->d + 1) * (size_t)p->vertices;
  for (int v = 0; v < p->vertices; v++) all[v] = v;
  triangulate(&w, all, p->vertices, p->d);
  rl_free(w.faces);
  double factorial = 1;
  for (int j = 2; j <= p->d; j++) factorial *= j;
  double error = w.error * (1 + 1e-9) + w.simplices * RL_UNIT * w.sum;
  *lo = fmax(0, (w.sum - error) / factorial);
  *hi = (w.sum + error) / factorial;
  if (!isfinite(w.sum) || !isfinite(error)) *lo = 0, *hi = INFINITY;
  for (int j = 0; j < p->d; j++) {
    *lo = rl_mul_down(*lo, unit[j]);
    *hi = rl_mul_up(*hi, unit[j]);
  }
  return RL_OK;
}

/* ---- regions ---------------------------------------------------------------------------- */

typedef struct region_forms {
  const rl_region *region;
  int d;
  int varies[RL_POLYTOPE_DIMENSIONS];  /* d: inputs of positive width */
  double unit[RL_POLYTOPE_DIMENSIONS]; /* d: what coordinates are measured in */
  rl_input_forms inputs;
} region_forms;

/* Row r >= 0 of the region as b - a.x, or side -1 - 2k (-2 - 2k) of coordinate k. */
static rl_status exact_row(void *context, int id, mpz_t *form, rl_error *err) {
  const region_forms *f = context;
  const rl_region *region = f->region;
  (void)err;
  if (id >= 0) {
    rl_input_forms_row(&f->inputs, region->A + (size_t)id * (size_t)region->n, -1, region->b[id], form);
    return RL_OK;
  }
  int j = f->varies[(-1 - id) / 2], high = (-1 - id) % 2;
  rl_input_forms_bound(&f->inputs, j, high ? -1 : 1, high ? region->hi[j] : region->lo[j], form);
  return RL_OK;
}

static rl_status oracle(void *context, const rl_polytope *p, int vertex, int id, int *sign, rl_error *err) {
  return rl_polytope_exact_sign(p, vertex, id, exact_row, context, sign, err);
}

static void region_row(const region_forms *f, int r, rl_polytope_row *form) {
  const rl_region *region = f->region;
  const double *row = region->A + (size_t)r * (size_t)region->n;
  double size = fabs(region->b[r]);
  *form = (rl_polytope_row){.id = r};
  form->w[f->d] = region->b[r];
  for (int j = 0, k = 0; j < region->n; j++) {
    if (k < f->d && f->varies[k] == j) {
      form->w[k] = rl_polytope_scaled(-row[j], f->unit[k], &form->slope_error);
      k++;
      continue;
    }
    form->w[f->d] -= row[j] * region->lo[j];
    size += fabs(row[j] * region->lo[j]);
  }
  form->constant_error = f->d == region->n ? 0 : rl_rounding(region->n + 2, size);
}

/* Cut *p by row r; NULL where at most a boundary is left. */
static rl_status cut_row(rl_polytope **p, region_forms *f, int r, rl_error *err) {
  rl_polytope_row form;
  int negative, positive;
  region_row(f, r, &form);
  int8_t *signs = rl_alloc((size_t)(*p)->vertices, 1);
  if (!signs) return rl_fail_memory(err);
  rl_status status = rl_polytope_signs(*p, &form, oracle, f, signs, &negative, &positive, err);
  if (!status && negative) {
    rl_polytope *kept = NULL;
    if (positive) status = rl_polytope_cut(&kept, *p, &form, 1, signs, err);
    if (!status) {
      rl_polytope_release(*p);
      *p = kept;
    }
  }
  rl_free(signs);
  return status;
}

/* The region's box as a polytope. */
static rl_status region_box(rl_polytope **p, region_forms *f, rl_error *err) {
  const rl_region *region = f->region;
  int low[RL_POLYTOPE_DIMENSIONS], high[RL_POLYTOPE_DIMENSIONS];
  double from[RL_POLYTOPE_DIMENSIONS], to[RL_POLYTOPE_DIMENSIONS];
  for (int j = 0; j < region->n; j++) {
    if (!(region->lo[j] < region->hi[j])) continue;
    if (f->d == RL_POLYTOPE_DIMENSIONS)
      return rl_fail(err, RL_EINPUT, "the volume of a region is for at most %d inputs that vary",
                     RL_POLYTOPE_DIMENSIONS);
    double unit = rl_polytope_unit(region->lo[j], region->hi[j]);
    from[f->d] = region->lo[j] / unit;
    to[f->d] = region->hi[j] / unit;
    low[f->d] = -1 - 2 * f->d;
    high[f->d] = -2 - 2 * f->d;
    f->unit[f->d] = unit;
    f->varies[f->d++] = j;
  }
  rl_status status = rl_polytope_box(p, f->d, from, to, low, high, err);
  return status ? status : rl_input_forms_make(&f->inputs, region->n, f->d, f->varies, f->unit, region->lo, err);
}

rl_status rl_region_volume(const rl_region *region, double *lo, double *hi, rl_error *err) {
  region_forms f = {.region = region};
  rl_polytope *p = NULL;
  double least = 0, most = 0;
  if (!region->polytope)
    return rl_fail(err, RL_EINPUT, "the volume of a region is for polytopes: its pattern is no prefix");
  rl_status status = region_box(&p, &f, err);
  for (int r = 0; r < region->rows && p && !status; r++) status = cut_row(&p, &f, r, err);
  if (!status && p) status = rl_polytope_refine(p, 1e-13, exact_row, &f, err);
  if (!status && p) status = rl_polytope_volume(p, f.unit, &least, &most, err);
  rl_polytope_release(p);
  if (f.inputs.z) rl_input_forms_free(&f.inputs);
  if (status) return status;
  *lo = least;
  *hi = most;
  return RL_OK;
}
