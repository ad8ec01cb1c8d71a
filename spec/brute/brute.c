/* A brute-force oracle for small networks, for tests only.
 *
 * It shares no code and no method with relucid: no bounds, no linear programs,
 * no floating point.  All activation patterns are enumerated depth first; the
 * inputs of each partial pattern are a polytope, kept as its integer rows and
 * all its vertices as exact fractions.  Adding a neuron's sign cuts the
 * polytope: the vertices on the right side stay, the new ones solve the cutting
 * row with n-1 of the others (Cramer's rule).  A polytope inside a box is empty
 * exactly when it has no vertices, and a linear function has its maximum at one.
 *
 * Numbers are integers of limited size, checked; what does not fit is given up
 * ("overflow") rather than rounded.
 *
 *   brute.maximum(problem) -> result | nil, "overflow"
 *
 * problem, all numbers integers:
 *   layers   { {weights = {{...}, ...}, biases = {...}, linear = {...} or nil}, ... }, the last without ReLU;
 *            linear: 1 for a neuron without ReLU, else 0
 *   scale    optional, default 1: box and half-spaces are in units of 1/scale:
 *   lo, hi   lo/scale <= x <= hi/scale
 *   A, b     optional half-spaces A x <= b/scale
 *   pattern  optional: per hidden neuron 1 (z >= 0), 0 (z <= 0) or -1 (free)
 *   target   rows { {a = {...} or nil, c = {...}, d = ...}, ... }: the least a.x + c.y + d
 *            is maximised
 * result: {empty = true} or {empty = false, numerator =, denominator =, value =,
 *   point = {...}}, both with cells = how many activation patterns were visited,
 *   and, each true or false, whether these sets have an interior, not counting
 *   inputs with lo = hi (only then must they contain doubles):
 *   solid           the set searched
 *   solid_at_least  its part where the target is >= 0
 *   solid_above     its part where the target is > 0
 *
 *   brute.sign(problem, x) -> sign | nil, "outside" | nil, "overflow"
 *
 * The sign, -1, 0 or 1, of the target's least row at the doubles x, without
 * rounding; "outside" when x violates box, half-spaces or pattern.
 */
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <lauxlib.h>
#include <lua.h>

enum { MAX_INPUTS = 3, MAX_LAYERS = 5, MAX_WIDTH = 16, MAX_HALFSPACES = 16, MAX_TARGETS = 8 };
enum { MAX_NEURONS = (MAX_LAYERS - 1) * MAX_WIDTH };
enum { MAX_ROWS = 2 * MAX_INPUTS + MAX_HALFSPACES + MAX_NEURONS + MAX_TARGETS, MAX_VERTICES = 256 };

__extension__ typedef __int128 wide;

/* Coefficients stay below 2^40, so that a 3 x 3 determinant fits 128 bits;
 * coordinates below 2^62, so that a row's value at a vertex does. */
#define ROW_LIMIT ((wide)1 << 40)
#define POINT_LIMIT ((wide)1 << 62)

/* An affine form of the n inputs: v[0..n-1] . x + v[n].  As a constraint: >= 0. */
typedef struct row {
  int64_t v[MAX_INPUTS + 1];
} row;

/* A point v[0..n-1] / v[n] in lowest terms, v[n] > 0. */
typedef struct point {
  int64_t v[MAX_INPUTS + 1];
} point;

typedef struct polytope {
  int rows, vertices;
  row row[MAX_ROWS];
  point vertex[MAX_VERTICES];
} polytope;

typedef struct fraction {
  int64_t numerator, denominator; /* denominator > 0 */
} fraction;

typedef struct problem {
  int n, layers, targets, halfspaces;
  int64_t scale;
  int size[MAX_LAYERS + 1];
  int64_t weight[MAX_LAYERS][MAX_WIDTH][MAX_WIDTH];
  int64_t bias[MAX_LAYERS][MAX_WIDTH];
  int64_t linear[MAX_LAYERS][MAX_WIDTH];
  int64_t lo[MAX_INPUTS], hi[MAX_INPUTS];
  row halfspace[MAX_HALFSPACES];
  int sign[MAX_LAYERS][MAX_WIDTH]; /* 1, 0, -1 */
  int64_t target_a[MAX_TARGETS][MAX_INPUTS];
  int64_t target_c[MAX_TARGETS][MAX_WIDTH];
  int64_t target_d[MAX_TARGETS];

  /* the enumeration's state */
  row form[MAX_LAYERS + 1][MAX_WIDTH]; /* what each layer takes in (0: the inputs), on the cell at hand */
  bool overflow;
  long cells;
  bool solid, solid_at_least, solid_above;
  bool found; /* best and where are set */
  fraction best;
  point where;
} problem;

/* ---- exact arithmetic ----------------------------------------------------- */

static wide magnitude(wide a) { return a < 0 ? -a : a; }

static wide common_divisor(wide a, wide b) {
  a = magnitude(a), b = magnitude(b);
  while (b > INT64_MAX || (a > INT64_MAX && b != 0)) {
    wide rest = a % b;
    a = b, b = rest;
  }
  if (b == 0) return a;
  int64_t p = (int64_t)a, q = (int64_t)b;
  while (q != 0) {
    int64_t rest = p % q;
    p = q, q = rest;
  }
  return p;
}

/* sum as a coefficient; sets *overflow when it is too large. */
static int64_t coefficient(wide sum, bool *overflow) {
  if (magnitude(sum) >= ROW_LIMIT) *overflow = true;
  return *overflow ? 0 : (int64_t)sum;
}

/* row at point, times the point's denominator. */
static wide value_at(int n, const row *r, const point *p) {
  wide sum = 0;
  for (int i = 0; i <= n; i++) sum += (wide)r->v[i] * p->v[i];
  return sum;
}

/* Determinant of the k x k matrix of rows r[0..k-1] without column `skip`; k <= 3. */
static wide minor(int k, const row *const *r, int skip) {
  int c[MAX_INPUTS], count = 0;
  for (int i = 0; i <= k; i++)
    if (i != skip) c[count++] = i;
  if (k == 1) return r[0]->v[c[0]];
  if (k == 2) return (wide)r[0]->v[c[0]] * r[1]->v[c[1]] - (wide)r[0]->v[c[1]] * r[1]->v[c[0]];
  wide det = 0;
  for (int i = 0; i < 3; i++) {
    int p = c[(i + 1) % 3], q = c[(i + 2) % 3];
    det += ((wide)r[1]->v[p] * r[2]->v[q] - (wide)r[1]->v[q] * r[2]->v[p]) * r[0]->v[c[i]];
  }
  return det;
}

/* The point where n rows are zero; false when there is no single one. */
static bool solve(int n, const row *const *r, point *out, bool *overflow) {
  wide q = minor(n, r, n);
  if (q == 0) return false;
  /* Cramer: the solution is proportional to the signed minors. */
  wide v[MAX_INPUTS + 1], divisor = q;
  for (int i = 0; i < n; i++) {
    v[i] = (n - i) % 2 ? -minor(n, r, i) : minor(n, r, i);
    divisor = common_divisor(divisor, v[i]);
  }
  v[n] = q;
  if (q < 0) divisor = -divisor;
  for (int i = 0; i <= n; i++) {
    v[i] /= divisor;
    if (magnitude(v[i]) >= POINT_LIMIT) {
      *overflow = true;
      return false;
    }
    out->v[i] = (int64_t)v[i];
  }
  return true;
}

/* ---- polytopes -------------------------------------------------------------- */

static bool polytope_contains(int n, const polytope *p, const point *x) {
  for (int i = 0; i < p->rows; i++)
    if (value_at(n, &p->row[i], x) < 0) return false;
  return true;
}

static void add_vertex(int n, polytope *p, const point *x, bool *overflow) {
  for (int i = 0; i < p->vertices; i++)
    if (memcmp(p->vertex[i].v, x->v, sizeof x->v[0] * (size_t)(n + 1)) == 0) return;
  if (p->vertices == MAX_VERTICES)
    *overflow = true;
  else
    p->vertex[p->vertices++] = *x;
}

/* Add the vertices of p on which row `cut` (the last of p's) is zero. */
static void add_vertices_on(int n, polytope *p, const row *cut, bool *overflow) {
  int others = p->rows - 1;
  const row *chosen[MAX_INPUTS] = {cut};
  point x;
  for (int i = 0; i < (n > 1 ? others : 1); i++) {
    if (n > 1) chosen[1] = &p->row[i];
    for (int j = n > 2 ? i + 1 : 0; j < (n > 2 ? others : 1); j++) {
      if (n > 2) chosen[2] = &p->row[j];
      if (solve(n, chosen, &x, overflow) && polytope_contains(n, p, &x)) add_vertex(n, p, &x, overflow);
      if (*overflow) return;
    }
  }
}

/* out = p and {cut >= 0}; false when that is empty. */
static bool polytope_cut(int n, const polytope *p, const row *cut, polytope *out, bool *overflow) {
  bool positive = false, negative = false;
  out->rows = p->rows;
  out->vertices = 0;
  memcpy(out->row, p->row, sizeof(row) * (size_t)p->rows);
  for (int i = 0; i < p->vertices; i++) {
    wide value = value_at(n, cut, &p->vertex[i]);
    if (value < 0)
      negative = true;
    else
      out->vertex[out->vertices++] = p->vertex[i];
    if (value > 0) positive = true;
  }
  if (negative && out->vertices > 0) {
    out->row[out->rows++] = *cut;
    /* A polytope on one side only touches {cut = 0} in vertices it has already. */
    if (positive) add_vertices_on(n, out, cut, overflow);
  }
  return out->vertices > 0 && !*overflow;
}

static bool has_positive(int n, const polytope *p, const row *r) {
  for (int i = 0; i < p->vertices; i++)
    if (value_at(n, r, &p->vertex[i]) > 0) return true;
  return false;
}

/* Whether p has an interior, not counting flat inputs: then the mean of the
 * vertices is strictly inside every row. */
static bool polytope_is_solid(const problem *p, const polytope *cell) {
  for (int i = 0; i < cell->rows; i++) {
    bool flat = i < 2 * p->n && p->lo[i / 2] == p->hi[i / 2]; /* a row of the box, see polytope_box */
    if (!flat && !has_positive(p->n, cell, &cell->row[i])) return false;
  }
  return cell->vertices > 0;
}

/* The box as a polytope: its 2n rows and 2^n corners. */
static void polytope_box(const problem *p, polytope *out) {
  int n = p->n;
  memset(out, 0, offsetof(polytope, vertex));
  for (int i = 0; i < n; i++) {
    row *low = &out->row[out->rows++], *high = &out->row[out->rows++];
    low->v[i] = 1, low->v[n] = -p->lo[i];
    high->v[i] = -1, high->v[n] = p->hi[i];
  }
  bool overflow = false;
  for (int corner = 0; corner < 1 << n; corner++) {
    point x;
    for (int i = 0; i < n; i++) x.v[i] = corner >> i & 1 ? p->hi[i] : p->lo[i];
    x.v[n] = 1;
    add_vertex(n, out, &x, &overflow);
  }
}

/* ---- the enumeration -------------------------------------------------------- */

/* sum_j w[j] form[j] + bias * scale: inputs are scaled, so constants are too. */
static row combine(problem *p, int count, const int64_t *w, const row *form, int64_t bias) {
  row out = {{0}};
  for (int i = 0; i <= p->n; i++) {
    wide sum = i == p->n ? (wide)bias * p->scale : 0;
    for (int j = 0; j < count; j++) sum += (wide)w[j] * form[j].v[i];
    out.v[i] = coefficient(sum, &p->overflow);
  }
  return out;
}

static row difference(problem *p, const row *a, const row *b) {
  row out = {{0}};
  for (int i = 0; i <= p->n; i++) out.v[i] = coefficient((wide)a->v[i] - b->v[i], &p->overflow);
  return out;
}

/* Keep the value of `form` at x if it is the greatest so far. */
static void offer(problem *p, const row *form, const point *x) {
  wide numerator = value_at(p->n, form, x), denominator = (wide)x->v[p->n] * p->scale;
  wide divisor = common_divisor(denominator, numerator);
  numerator /= divisor, denominator /= divisor;
  if (magnitude(numerator) >= POINT_LIMIT || denominator >= POINT_LIMIT) {
    p->overflow = true;
  } else if (!p->found || numerator * p->best.denominator > p->best.numerator * denominator) {
    p->found = true;
    p->best = (fraction){(int64_t)numerator, (int64_t)denominator};
    p->where = *x;
  }
}

/* On `cell` the network is affine.  Where target row k is the least, which is a
 * polytope again, its maximum is at a vertex. */
static void maximise_cell(problem *p, const polytope *cell) {
  row target[MAX_TARGETS];
  p->cells++;
  for (int k = 0; k < p->targets; k++) {
    target[k] = combine(p, p->size[p->layers], p->target_c[k], p->form[p->layers], p->target_d[k]);
    for (int i = 0; i < p->n; i++)
      target[k].v[i] = coefficient((wide)target[k].v[i] + p->target_a[k][i], &p->overflow);
  }
  for (int k = 0; k < p->targets && !p->overflow; k++) {
    polytope buffer[2], *least = &buffer[0], *next = &buffer[1];
    bool empty = false;
    *least = *cell;
    for (int j = 0; j < p->targets && !empty; j++) {
      if (j == k) continue;
      row above = difference(p, &target[j], &target[k]);
      empty = !polytope_cut(p->n, least, &above, next, &p->overflow);
      polytope *swap = least;
      least = next, next = swap;
    }
    if (empty || p->overflow) continue;
    for (int i = 0; i < least->vertices; i++) offer(p, &target[k], &least->vertex[i]);
    if (!polytope_is_solid(p, least)) continue;
    p->solid = true;
    if (has_positive(p->n, least, &target[k])) p->solid_above = true;
    bool reaches = polytope_cut(p->n, least, &target[k], next, &p->overflow);
    if (reaches && polytope_is_solid(p, next)) p->solid_at_least = true;
  }
}

static void explore(problem *p, int layer, int i, const polytope *cell);

/* The part of `cell` where neuron i of hidden layer `layer`, whose
 * pre-activation is z, is on (sign 1) or off (-1). */
static void explore_sign(problem *p, int layer, int i, const row *z, int sign, const polytope *cell) {
  polytope part;
  row cut = *z, zero = {{0}};
  if (sign < 0) cut = difference(p, &zero, z);
  p->form[layer + 1][i] = sign > 0 ? *z : zero;
  if (polytope_cut(p->n, cell, &cut, &part, &p->overflow)) explore(p, layer, i + 1, &part);
}

/* All cells inside `cell`, on which neurons before (layer, i) are affine. */
static void explore(problem *p, int layer, int i, const polytope *cell) {
  if (p->overflow) return;
  if (i == p->size[layer + 1]) layer++, i = 0;
  if (layer == p->layers) {
    maximise_cell(p, cell);
    return;
  }
  row z = combine(p, p->size[layer], p->weight[layer][i], p->form[layer], p->bias[layer][i]);
  if (layer == p->layers - 1 || p->linear[layer][i]) { /* an output, or no ReLU */
    p->form[layer + 1][i] = z;
    explore(p, layer, i + 1, cell);
    return;
  }
  bool positive = false, negative = false;
  for (int k = 0; k < cell->vertices; k++) {
    wide value = value_at(p->n, &z, &cell->vertex[k]);
    if (value > 0) positive = true;
    if (value < 0) negative = true;
  }
  /* Where z = 0 both signs are allowed and mean the same: one of them will do. */
  int sign = p->sign[layer][i];
  if (sign == 1 || (sign == -1 && positive)) explore_sign(p, layer, i, &z, 1, cell);
  if (sign == 0 || (sign == -1 && (negative || !positive))) explore_sign(p, layer, i, &z, -1, cell);
}

static void maximise(problem *p) {
  polytope buffer[2], *start = &buffer[0], *next = &buffer[1];
  for (int i = 0; i < p->n; i++)
    if (p->lo[i] > p->hi[i]) return;
  polytope_box(p, start);
  for (int i = 0; i < p->halfspaces; i++) {
    if (!polytope_cut(p->n, start, &p->halfspace[i], next, &p->overflow)) return;
    polytope *swap = start;
    start = next, next = swap;
  }
  memset(p->form, 0, sizeof p->form);
  for (int i = 0; i < p->n; i++) p->form[0][i].v[i] = 1;
  explore(p, 0, 0, start);
}

/* ---- one point --------------------------------------------------------------- */

/* Inputs and all that follows are integers times 2^-FRACTION here. */
enum { FRACTION = 60 };
#define UNIT ((wide)1 << FRACTION)

/* x as an integer times 2^-FRACTION; false when it is not one or is large. */
static bool fixed_point(double x, wide *out) {
  double scaled = ldexp(x, FRACTION);
  if (!(fabs(x) < 1e6) || scaled != floor(scaled)) return false;
  *out = (wide)scaled;
  return true;
}

static bool obeys_box(const problem *p, const wide *x) {
  for (int i = 0; i < p->n; i++)
    if (p->scale * x[i] < p->lo[i] * UNIT || p->scale * x[i] > p->hi[i] * UNIT) return false;
  for (int k = 0; k < p->halfspaces; k++) {
    wide slack = p->halfspace[k].v[p->n] * UNIT;
    for (int i = 0; i < p->n; i++) slack += p->scale * x[i] * p->halfspace[k].v[i];
    if (slack < 0) return false;
  }
  return true;
}

/* The outputs at x; false when a neuron disobeys the pattern. */
static bool evaluate(const problem *p, const wide *x, wide *y) {
  wide in[MAX_WIDTH];
  memcpy(in, x, sizeof in[0] * (size_t)p->n);
  for (int k = 0; k < p->layers; k++) {
    bool hidden = k + 1 < p->layers;
    for (int i = 0; i < p->size[k + 1]; i++) {
      wide z = p->bias[k][i] * UNIT;
      for (int j = 0; j < p->size[k]; j++) z += p->weight[k][i][j] * in[j];
      if (hidden && ((p->sign[k][i] == 1 && z < 0) || (p->sign[k][i] == 0 && z > 0))) return false;
      y[i] = hidden && !p->linear[k][i] && z < 0 ? 0 : z;
    }
    memcpy(in, y, sizeof in);
  }
  return true;
}

static wide least_target(const problem *p, const wide *x, const wide *y) {
  wide least = 0;
  for (int k = 0; k < p->targets; k++) {
    wide value = p->target_d[k] * UNIT;
    for (int i = 0; i < p->n; i++) value += p->target_a[k][i] * x[i];
    for (int i = 0; i < p->size[p->layers]; i++) value += p->target_c[k][i] * y[i];
    if (k == 0 || value < least) least = value;
  }
  return least;
}

/* ---- Lua ---------------------------------------------------------------------- */

/* The table at field `key` of the table on top is pushed; its length is returned. */
static int push_list(lua_State *L, const char *key, int most) {
  if (lua_getfield(L, -1, key) != LUA_TTABLE) return luaL_error(L, "field '%s': table expected", key);
  lua_Unsigned count = lua_rawlen(L, -1);
  if (count > (lua_Unsigned)most) return luaL_error(L, "field '%s': at most %d entries", key, most);
  return (int)count;
}

/* Element i of the list on top, an integer of moderate size. */
static int64_t read_integer(lua_State *L, int i) {
  int whole;
  lua_geti(L, -1, i + 1);
  lua_Integer value = lua_tointegerx(L, -1, &whole);
  if (!whole || value > 1000000 || value < -1000000) luaL_error(L, "entry %d: not a small integer", i + 1);
  lua_pop(L, 1);
  return value;
}

static void read_integers(lua_State *L, const char *key, int count, int64_t *out) {
  if (push_list(L, key, count) != count) luaL_error(L, "field '%s': %d entries expected", key, count);
  for (int i = 0; i < count; i++) out[i] = read_integer(L, i);
  lua_pop(L, 1);
}

static bool has_field(lua_State *L, const char *key) {
  bool has = lua_getfield(L, -1, key) != LUA_TNIL;
  lua_pop(L, 1);
  return has;
}

static int64_t optional_integer(lua_State *L, const char *key, int64_t missing) {
  lua_getfield(L, -1, key);
  lua_Integer value = luaL_optinteger(L, -1, missing);
  lua_pop(L, 1);
  return value;
}

/* A list of lists of `width` integers at field `key`. */
static int read_matrix(lua_State *L, const char *key, int most, int width, int64_t *out, int stride) {
  int count = push_list(L, key, most);
  for (int i = 0; i < count; i++) {
    lua_geti(L, -1, i + 1);
    if (!lua_istable(L, -1) || lua_rawlen(L, -1) != (lua_Unsigned)width)
      return luaL_error(L, "field '%s': rows of %d entries expected", key, width);
    for (int j = 0; j < width; j++) out[i * stride + j] = read_integer(L, j);
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
  return count;
}

static void read_layers(lua_State *L, problem *p) {
  p->layers = push_list(L, "layers", MAX_LAYERS);
  p->size[0] = p->n;
  for (int k = 0; k < p->layers; k++) {
    lua_geti(L, -1, k + 1);
    luaL_checktype(L, -1, LUA_TTABLE);
    p->size[k + 1] = read_matrix(L, "weights", MAX_WIDTH, p->size[k], p->weight[k][0], MAX_WIDTH);
    read_integers(L, "biases", p->size[k + 1], p->bias[k]);
    memset(p->linear[k], 0, sizeof p->linear[k]);
    if (has_field(L, "linear")) read_integers(L, "linear", p->size[k + 1], p->linear[k]);
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
  if (p->layers == 0) luaL_error(L, "field 'layers': empty");
}

static void read_pattern(lua_State *L, problem *p) {
  int64_t sign[MAX_NEURONS];
  int count = 0, at = 0;
  for (int k = 1; k < p->layers; k++) count += p->size[k];
  bool given = has_field(L, "pattern");
  if (given) read_integers(L, "pattern", count, sign);
  for (int k = 0; k + 1 < p->layers; k++)
    for (int i = 0; i < p->size[k + 1]; i++, at++) p->sign[k][i] = given ? (int)sign[at] : -1;
}

static void read_halfspaces(lua_State *L, problem *p) {
  int64_t A[MAX_HALFSPACES][MAX_INPUTS], b[MAX_HALFSPACES];
  if (!has_field(L, "A")) return;
  p->halfspaces = read_matrix(L, "A", MAX_HALFSPACES, p->n, A[0], MAX_INPUTS);
  read_integers(L, "b", p->halfspaces, b);
  for (int i = 0; i < p->halfspaces; i++) {
    for (int j = 0; j < p->n; j++) p->halfspace[i].v[j] = -A[i][j];
    p->halfspace[i].v[p->n] = b[i];
  }
}

static void read_targets(lua_State *L, problem *p) {
  p->targets = push_list(L, "target", MAX_TARGETS);
  for (int k = 0; k < p->targets; k++) {
    lua_geti(L, -1, k + 1);
    luaL_checktype(L, -1, LUA_TTABLE);
    if (has_field(L, "a")) read_integers(L, "a", p->n, p->target_a[k]);
    read_integers(L, "c", p->size[p->layers], p->target_c[k]);
    p->target_d[k] = optional_integer(L, "d", 0);
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
  if (p->targets == 0) luaL_error(L, "field 'target': empty");
}

static void read_problem(lua_State *L, problem *p) {
  luaL_checktype(L, 1, LUA_TTABLE);
  luaL_checkstack(L, 10, NULL);
  lua_pushvalue(L, 1);
  p->n = push_list(L, "lo", MAX_INPUTS);
  lua_pop(L, 1);
  if (p->n == 0) luaL_error(L, "field 'lo': empty");
  read_integers(L, "lo", p->n, p->lo);
  read_integers(L, "hi", p->n, p->hi);
  p->scale = optional_integer(L, "scale", 1);
  if (p->scale < 1 || p->scale > 1000) luaL_error(L, "field 'scale': 1 to 1000 expected");
  read_layers(L, p);
  read_pattern(L, p);
  read_halfspaces(L, p);
  read_targets(L, p);
  lua_pop(L, 1);
}

static int push_result(lua_State *L, const problem *p) {
  lua_createtable(L, 0, 9);
  lua_pushinteger(L, (lua_Integer)p->cells);
  lua_setfield(L, -2, "cells");
  lua_pushboolean(L, !p->found);
  lua_setfield(L, -2, "empty");
  lua_pushboolean(L, p->solid);
  lua_setfield(L, -2, "solid");
  lua_pushboolean(L, p->solid_at_least);
  lua_setfield(L, -2, "solid_at_least");
  lua_pushboolean(L, p->solid_above);
  lua_setfield(L, -2, "solid_above");
  if (!p->found) return 1;
  lua_pushinteger(L, p->best.numerator);
  lua_setfield(L, -2, "numerator");
  lua_pushinteger(L, p->best.denominator);
  lua_setfield(L, -2, "denominator");
  lua_pushnumber(L, (double)p->best.numerator / (double)p->best.denominator);
  lua_setfield(L, -2, "value");
  lua_createtable(L, p->n, 0);
  for (int i = 0; i < p->n; i++) {
    lua_pushnumber(L, (double)p->where.v[i] / (double)p->where.v[p->n] / (double)p->scale);
    lua_seti(L, -2, i + 1);
  }
  lua_setfield(L, -2, "point");
  return 1;
}

static int fail(lua_State *L, const char *message) {
  lua_pushnil(L);
  lua_pushstring(L, message);
  return 2;
}

static int brute_maximum(lua_State *L) {
  problem *p = lua_newuserdatauv(L, sizeof *p, 0);
  memset(p, 0, sizeof *p);
  read_problem(L, p);
  maximise(p);
  if (p->overflow) return fail(L, "overflow");
  return push_result(L, p);
}

static int brute_sign(lua_State *L) {
  wide x[MAX_INPUTS], y[MAX_WIDTH] = {0};
  problem *p = lua_newuserdatauv(L, sizeof *p, 0);
  memset(p, 0, sizeof *p);
  read_problem(L, p);
  luaL_checktype(L, 2, LUA_TTABLE);
  for (int i = 0; i < p->n; i++) {
    lua_geti(L, 2, i + 1);
    if (!fixed_point(luaL_checknumber(L, -1), &x[i])) return fail(L, "overflow");
    lua_pop(L, 1);
  }
  if (!obeys_box(p, x) || !evaluate(p, x, y)) return fail(L, "outside");
  wide value = least_target(p, x, y);
  lua_pushinteger(L, (value > 0) - (value < 0));
  return 1;
}

int luaopen_brute(lua_State *L);

int luaopen_brute(lua_State *L) {
  static const luaL_Reg functions[] = {{"maximum", brute_maximum}, {"sign", brute_sign}, {NULL, NULL}};
  luaL_newlib(L, functions);
  return 1;
}
