/* L2: exact linear programs; see exact.h.
 *
 * A double is an integer times a power of two, so sums and products of doubles
 * stay integers over a common power of two: the affine maps are composed in
 * integers, and the simplex (dictionary.h) stays in them. */
#include "exact/exact.h"

#include <float.h>
#include <math.h>

#include "exact/dictionary.h"
#include "exact/dyadic.h"

/* ---- integers and doubles --------------------------------------------------- */

/* q = v 2^scale for an integer v. */
static void set_scaled(mpq_t q, const mpz_t v, int scale) {
  mpq_set_z(q, v);
  if (scale > 0) mpq_mul_2exp(q, q, (mp_bitcnt_t)scale);
  else mpq_div_2exp(q, q, (mp_bitcnt_t)-scale);
}

enum { DOWN = -1, NEAREST, UP };

/* The largest double <= q, one of the doubles nearest to q, or the smallest double >= q. */
static double to_double(const mpq_t q, int direction) {
  double d = mpq_get_d(q); /* towards zero */
  if (!isfinite(d)) d = mpq_sgn(q) * DBL_MAX;
  mpq_t a, b;
  mpq_inits(a, b, NULL);
  mpq_set_d(a, d);
  int side = mpq_cmp(q, a) > 0 ? 1 : mpq_cmp(q, a) < 0 ? -1 : 0;
  double next = nextafter(d, side > 0 ? INFINITY : -INFINITY);
  if (direction != NEAREST) d = side == direction ? next : d;
  else if (side != 0 && isfinite(next)) {
    mpq_set_d(b, next);
    mpq_add(a, a, b);
    mpq_div_2exp(a, a, 1);
    if ((side > 0) == (mpq_cmp(q, a) > 0)) d = next;
  }
  mpq_clears(a, b, NULL);
  return d;
}

int rl_exact_row(int n, const double *a, const double *x, double b) {
  int scale = rl_dyadic_lowest(1, &b, rl_dyadic_lowest((size_t)n, a, 0) + rl_dyadic_lowest((size_t)n, x, 0));
  mpz_t sum, term, factor;
  mpz_inits(sum, term, factor, NULL);
  rl_dyadic_set(sum, -b, scale);
  for (int j = 0; j < n; j++) {
    int e, f;
    mpz_set_si(term, rl_dyadic_split(a[j], &e));
    mpz_set_si(factor, rl_dyadic_split(x[j], &f));
    mpz_mul(term, term, factor);
    if (mpz_sgn(term) == 0) continue;
    mpz_mul_2exp(term, term, (mp_bitcnt_t)(e + f - scale));
    mpz_add(sum, sum, term);
  }
  int sign = mpz_sgn(sum);
  mpz_clears(sum, term, factor, NULL);
  return sign;
}

/* ---- exact affine forms ------------------------------------------------------ */

/* count forms in `columns` variables and a constant: integers times 2^scale. */
typedef struct forms {
  int count, length, scale; /* length = columns + 1; the constant comes first */
  mpz_t *z;
} forms;

static rl_status make_forms(forms *f, int count, int length, rl_error *err) {
  *f = (forms){count, length, 0, rl_integers_make((size_t)count * (size_t)length)};
  return f->z ? RL_OK : rl_fail_memory(err);
}

static void free_forms(forms *f) {
  rl_integers_free(f->z, (size_t)f->count * (size_t)f->length);
  f->z = NULL;
}

static mpz_t *form(const forms *f, int i) { return f->z + (size_t)i * (size_t)f->length; }

/* row += sum_k w[k] * source_k, row being integers times 2^scale; scale is at most
 * the exponent of every product. */
static void add_products(mpz_t *row, int scale, const double *w, const forms *source, mpz_t factor) {
  for (int k = 0; k < source->count; k++)
    rl_dyadic_add_product(row, scale, w[k], form(source, k), source->scale, source->length, factor);
}

/* out = W in + b. */
static rl_status affine_layer(forms *out, const rl_network *net, int layer, const forms *in, rl_error *err) {
  size_t width = (size_t)net->sizes[layer];
  int count = net->sizes[layer + 1];
  rl_status status = make_forms(out, count, in->length, err);
  if (status != RL_OK) return status;
  out->scale = in->scale + rl_dyadic_lowest((size_t)count * width, net->weights[layer], 0);
  out->scale = rl_dyadic_lowest((size_t)count, net->biases[layer], out->scale);
  mpz_t factor;
  mpz_init(factor);
  for (int i = 0; i < count; i++) {
    rl_dyadic_set(form(out, i)[0], net->biases[layer][i], out->scale);
    add_products(form(out, i), out->scale, net->weights[layer] + (size_t)i * width, in, factor);
  }
  mpz_clear(factor);
  return RL_OK;
}

static void clear_form(const forms *f, int i) {
  for (int j = 0; j < f->length; j++) mpz_set_ui(form(f, i)[j], 0);
}

typedef void (*visit_function)(void *context, int neuron, const forms *f, int i);

/* Push forms through the network; outputs go to *out.  signs[]: which neurons
 * are on; NULL: the forms are constants and decide for themselves.  visit (may be
 * NULL) sees every pre-activation. */
static rl_status propagate(forms *out, const rl_network *net, const forms *in, const int8_t *signs,
                           visit_function visit, void *context, rl_error *err) {
  forms from = *in, to = *in;
  for (int layer = 0; layer < net->layers; layer++) {
    rl_status status = affine_layer(&to, net, layer, &from, err);
    if (layer > 0) free_forms(&from);
    if (status != RL_OK) return status;
    for (int i = 0; i < to.count && layer + 1 < net->layers; i++) {
      int neuron = net->offsets[layer] + i;
      if (visit) visit(context, neuron, &to, i);
      if (rl_is_linear(net, neuron)) continue;
      if (signs ? signs[neuron] != RL_ON : mpz_sgn(form(&to, i)[0]) <= 0) clear_form(&to, i);
    }
    from = to;
  }
  *out = to;
  return RL_OK;
}

/* row = a.x + c.y + d as integers times 2^*scale. */
static void target_row(mpz_t *row, int *scale, const rl_property *p, int r, const forms *x, const forms *y) {
  const double *a = p->a ? p->a + (size_t)r * (size_t)p->n : NULL, *c = p->c + (size_t)r * (size_t)p->m;
  *scale = y->scale + rl_dyadic_lowest((size_t)p->m, c, 0);
  if (a) {
    int with_input = x->scale + rl_dyadic_lowest((size_t)p->n, a, 0);
    if (with_input < *scale) *scale = with_input;
  }
  *scale = rl_dyadic_lowest(1, &p->d[r], *scale);
  mpz_t factor;
  mpz_init(factor);
  rl_dyadic_set(row[0], p->d[r], *scale);
  if (a) add_products(row, *scale, a, x, factor);
  add_products(row, *scale, c, y, factor);
  mpz_clear(factor);
}

/* ---- values at a point -------------------------------------------------------- */

static rl_status point_forms(forms *f, int n, const double *x, rl_error *err) {
  for (int j = 0; j < n; j++)
    if (!isfinite(x[j])) return rl_fail(err, RL_EINPUT, "input %d is %g", j, x[j]);
  rl_status status = make_forms(f, n, 1, err);
  if (status != RL_OK) return status;
  f->scale = rl_dyadic_lowest((size_t)n, x, 0);
  for (int j = 0; j < n; j++) rl_dyadic_set(form(f, j)[0], x[j], f->scale);
  return RL_OK;
}

static void take_sign(void *context, int neuron, const forms *f, int i) {
  ((int8_t *)context)[neuron] = (int8_t)mpz_sgn(form(f, i)[0]);
}

rl_status rl_exact_signs(const rl_network *net, const double *x, int8_t *out, rl_error *err) {
  forms in, y;
  rl_status status = point_forms(&in, net->sizes[0], x, err);
  if (status != RL_OK) return status;
  status = propagate(&y, net, &in, NULL, take_sign, out, err);
  if (status == RL_OK) free_forms(&y);
  free_forms(&in);
  return status;
}

rl_status rl_exact_value(const rl_network *net, const rl_property *target, int clause, const double *x, int *sign,
                         double *value, rl_error *err) {
  forms in, y;
  rl_status status = point_forms(&in, net->sizes[0], x, err);
  if (status != RL_OK) return status;
  status = propagate(&y, net, &in, NULL, NULL, NULL, err);
  if (status == RL_OK) {
    mpz_t row;
    mpq_t least, q;
    mpz_init(row);
    mpq_inits(least, q, NULL);
    for (int r = target->first[clause]; r < target->first[clause + 1]; r++) {
      int scale;
      target_row(&row, &scale, target, r, &in, &y);
      set_scaled(q, row, scale);
      if (r == target->first[clause] || mpq_cmp(q, least) < 0) mpq_set(least, q);
    }
    *sign = mpq_sgn(least);
    *value = to_double(least, DOWN);
    mpz_clear(row);
    mpq_clears(least, q, NULL);
    free_forms(&y);
  }
  free_forms(&in);
  return status;
}

/* ---- a leaf as a dictionary ------------------------------------------------------ */

typedef struct leaf {
  const rl_network *net;
  const double *lo, *hi;
  const int8_t *signs;
  const uint8_t *impose;
  rl_dictionary d;
  forms x, y; /* inputs and outputs in the u_j */
  int *column; /* per input: its u, or -1 when lo = hi */
  int empty;   /* a row was found that no point of the box satisfies */
  int first_neuron; /* the number that neuron 0 has as a constraint (exact.h) */
  int *id;          /* per row of d: which constraint it is */
  int *tight, tights; /* what shows the outcome; NULL: not asked for */
  mpz_t low, high;
} leaf;

static void add_tight(leaf *l, int id) { l->tight[l->tights++] = id; }

/* The end of the input of column c: of the box that is in use. */
static void add_tight_end(leaf *l, int c, int upper) {
  int j = 0;
  while (l->column[j] != c) j++;
  add_tight(l, upper ? l->net->sizes[0] + j : j);
}

/* Row e of constraint `id` is negative on the whole box. */
static void found_empty(leaf *l, mpz_t *e, int id) {
  if (l->tight && !l->empty) {
    add_tight(l, id);
    for (int c = 0; c < l->d.columns; c++)
      if (mpz_sgn(e[c + 1]) != 0) add_tight_end(l, c, mpz_sgn(e[c + 1]) > 0);
  }
  l->empty = 1;
}

/* The nonbasic variables that hold basic `variable` where it is. */
static void read_tight(leaf *l, int variable) {
  const rl_dictionary *d = &l->d;
  int row = rl_dictionary_find(d, variable);
  for (int j = 0; j < d->width; j++) {
    int v = d->nonbasic[j];
    if (mpz_sgn(rl_dictionary_row(d, row)[j + 1]) == 0 || v == d->slip || v == d->level) continue;
    if (v < d->columns) add_tight_end(l, v, d->flipped[v]);
    else add_tight(l, l->id[v - d->level - 1]);
  }
}

/* Append the row of integers (length columns + 1, sign times them) as a slack >= 0.
 * One that holds on the whole box is left out; one that never does makes the leaf empty. */
static void append_constraint(leaf *l, mpz_t *row, int sign, int id) {
  rl_dictionary *d = &l->d;
  mpz_t *e = rl_dictionary_row(d, d->rows);
  mp_bitcnt_t twos = ~(mp_bitcnt_t)0;
  mpz_set_ui(l->low, 0);
  mpz_set_ui(l->high, 0);
  for (int j = 0; j <= d->columns; j++) {
    if (sign < 0) mpz_neg(e[j], row[j]);
    else mpz_set(e[j], row[j]);
    if (j == 0 || mpz_sgn(e[j]) < 0) mpz_add(l->low, l->low, e[j]);
    if (j == 0 || mpz_sgn(e[j]) > 0) mpz_add(l->high, l->high, e[j]);
    if (mpz_sgn(e[j]) != 0 && mpz_scan1(e[j], 0) < twos) twos = mpz_scan1(e[j], 0);
  }
  if (mpz_sgn(l->high) < 0) found_empty(l, e, id);
  if (mpz_sgn(l->low) >= 0) return;
  for (int j = 0; j <= d->columns; j++) mpz_fdiv_q_2exp(e[j], e[j], twos);
  d->basic[d->rows] = d->level + 1 + d->rows;
  l->id[d->rows] = id;
  d->rows++;
}

static void visit_neuron(void *context, int neuron, const forms *f, int i) {
  leaf *l = context;
  if (l->impose[neuron])
    append_constraint(l, form(f, i), l->signs[neuron] == RL_ON ? 1 : -1, l->first_neuron + neuron);
}

/* x_j = lo_j + (hi_j - lo_j) u_j. */
static rl_status input_forms(leaf *l, rl_error *err) {
  int n = l->net->sizes[0];
  rl_status status = make_forms(&l->x, n, l->d.columns + 1, err);
  if (status != RL_OK) return status;
  l->x.scale = rl_dyadic_lowest((size_t)n, l->hi, rl_dyadic_lowest((size_t)n, l->lo, 0));
  for (int j = 0; j < n; j++) {
    mpz_t *f = form(&l->x, j);
    rl_dyadic_set(f[0], l->lo[j], l->x.scale);
    if (l->column[j] < 0) continue;
    rl_dyadic_set(f[l->column[j] + 1], l->hi[j], l->x.scale);
    mpz_sub(f[l->column[j] + 1], f[l->column[j] + 1], f[0]);
  }
  return RL_OK;
}

/* The rows of the target come first: g_r(x) - t, scaled to integers; they are free in phase 1. */
static void append_targets(leaf *l, const rl_property *p, int clause) {
  rl_dictionary *d = &l->d;
  int first = p->first[clause], count = p->first[clause + 1] - first;
  for (int r = 0; r < count; r++) {
    int scale;
    mpz_t *e = rl_dictionary_row(d, r);
    for (int j = 0; j <= d->width; j++) mpz_set_ui(e[j], 0);
    target_row(e, &scale, p, first + r, &l->x, &l->y);
    mpz_set_si(e[d->level + 1], -1);
    if (scale < 0) mpz_mul_2exp(e[d->level + 1], e[d->level + 1], (mp_bitcnt_t)-scale);
    else
      for (int j = 0; j <= d->columns; j++) mpz_mul_2exp(e[j], e[j], (mp_bitcnt_t)scale);
    d->basic[r] = d->level + 1 + r;
    l->id[r] = l->first_neuron + l->net->neurons + r;
  }
}

static rl_status append_domain(leaf *l, const rl_domain *domain, rl_error *err) {
  forms row;
  rl_status status = make_forms(&row, 1, l->d.columns + 1, err);
  if (status != RL_OK) return status;
  mpz_t factor;
  mpz_init(factor);
  for (int r = 0; r < domain->rows; r++) {
    const double *a = domain->A + (size_t)r * (size_t)domain->n, minus = -domain->b[r];
    int scale = rl_dyadic_lowest(1, &minus, l->x.scale + rl_dyadic_lowest((size_t)domain->n, a, 0));
    clear_form(&row, 0);
    rl_dyadic_set(row.z[0], minus, scale);
    add_products(row.z, scale, a, &l->x, factor);
    append_constraint(l, row.z, -1, 2 * domain->n + r);
  }
  mpz_clear(factor);
  free_forms(&row);
  return RL_OK;
}

/* Phase 1: with slip added to every constraint, slip = the largest violation is feasible; lower it to 0. */
static rl_exact_result find_feasible(rl_dictionary *d, long max_pivots) {
  int worst = -1;
  for (int i = d->free_rows; i < d->rows; i++) {
    mpz_t *e = rl_dictionary_row(d, i);
    mpz_set_ui(e[d->slip + 1], 1);
    if (mpz_sgn(e[0]) < 0 && (worst < 0 || mpz_cmp(e[0], rl_dictionary_row(d, worst)[0]) < 0)) worst = i;
  }
  if (worst >= 0) {
    rl_dictionary_pivot(d, worst, d->slip);
    if (rl_dictionary_optimise(d, d->slip, -1, max_pivots)) return RL_EXACT_GAVE_UP;
    int row = rl_dictionary_find(d, d->slip);
    if (row >= 0 && mpz_sgn(rl_dictionary_row(d, row)[0]) > 0) return RL_EXACT_EMPTY;
    for (int j = 0; row >= 0 && j < d->width; j++) { /* slip = 0 is basic: exchange it */
      if (d->nonbasic[j] == d->level || mpz_sgn(rl_dictionary_row(d, row)[j + 1]) == 0) continue;
      rl_dictionary_pivot(d, row, j);
      row = -1;
    }
  }
  for (int j = 0; j < d->width; j++)
    for (int i = 0; i < d->rows && d->nonbasic[j] == d->slip; i++) mpz_set_ui(rl_dictionary_row(d, i)[j + 1], 0);
  return RL_EXACT_MAXIMUM;
}

/* Phase 2: t takes the least target row's value, which makes it basic and all rows feasible; then raise it. */
static rl_exact_result find_maximum(rl_dictionary *d, int targets, long max_pivots) {
  int least = 0, column = 0;
  while (d->nonbasic[column] != d->level) column++;
  for (int r = 1; r < targets; r++) {
    mpz_mul(d->old, rl_dictionary_row(d, r)[0], rl_dictionary_row(d, least)[column + 1]);
    mpz_mul(d->product, rl_dictionary_row(d, least)[0], rl_dictionary_row(d, r)[column + 1]);
    if (mpz_cmp(d->old, d->product) > 0) least = r; /* both rates are negative: g_r / c_r < g_least / c_least */
  }
  rl_dictionary_pivot(d, least, column);
  d->free_rows = 0;
  return rl_dictionary_optimise(d, d->level, 1, max_pivots) ? RL_EXACT_GAVE_UP : RL_EXACT_MAXIMUM;
}

/* x_j = lo_j + (hi_j - lo_j) u_j at the present vertex, to nearest. */
static void read_point(const leaf *l, double *x, int *exact) {
  const rl_dictionary *d = &l->d;
  mpq_t u, a, b;
  mpq_inits(u, a, b, NULL);
  *exact = 1;
  for (int j = 0; j < l->net->sizes[0]; j++) {
    int c = l->column[j], row = c < 0 ? -1 : rl_dictionary_find(d, c);
    x[j] = c >= 0 && row < 0 && d->flipped[c] ? l->hi[j] : l->lo[j];
    if (row < 0) continue;
    mpz_set(mpq_numref(u), rl_dictionary_row(d, row)[0]);
    mpz_set(mpq_denref(u), d->denominator);
    mpq_canonicalize(u);
    mpq_set_d(a, d->flipped[c] ? l->hi[j] : l->lo[j]);
    mpq_set_d(b, d->flipped[c] ? l->lo[j] : l->hi[j]);
    mpq_sub(b, b, a);
    mpq_mul(u, u, b);
    mpq_add(u, u, a);
    x[j] = to_double(u, NEAREST);
    mpq_set_d(a, x[j]);
    if (!mpq_equal(a, u)) *exact = 0;
  }
  mpq_clears(u, a, b, NULL);
}

static void read_maximum(const leaf *l, int *sign, double *value) {
  const rl_dictionary *d = &l->d;
  mpq_t t;
  mpq_init(t);
  mpz_set(mpq_numref(t), rl_dictionary_row(d, rl_dictionary_find(d, d->level))[0]);
  mpz_set(mpq_denref(t), d->denominator);
  mpq_canonicalize(t);
  *sign = mpq_sgn(t);
  *value = to_double(t, UP);
  mpq_clear(t);
}

/* Leave row i out; the last one takes its place. */
static void drop_row(rl_dictionary *d, int i) {
  d->rows--;
  for (int j = 0; j <= d->width; j++) mpz_swap(rl_dictionary_row(d, i)[j], rl_dictionary_row(d, d->rows)[j]);
  d->basic[i] = d->basic[d->rows];
}

/* Make every constraint a row of the goal too, and measure all by their range over the box.  Rows that are constant
 * (and hold: the leaf is not empty) have no margin to gain. */
static void append_margins(leaf *l) {
  rl_dictionary *d = &l->d;
  for (int i = d->rows - 1; i >= 0; i--) {
    mpz_t *e = rl_dictionary_row(d, i), *level = &e[d->level + 1];
    mpz_set_si(*level, 0);
    for (int j = 1; j <= d->columns; j++) {
      mpz_abs(l->low, e[j]);
      mpz_sub(*level, *level, l->low);
    }
    if (mpz_sgn(*level) == 0) drop_row(d, i);
  }
  d->free_rows = d->rows;
}

/* The leaf's rows, those of the clause first. */
static rl_status build(leaf *l, const rl_domain *domain, const rl_property *target, int clause, rl_error *err) {
  l->d.rows = l->d.free_rows = target->first[clause + 1] - target->first[clause];
  rl_status status = input_forms(l, err);
  if (status != RL_OK) return status;
  status = append_domain(l, domain, err);
  if (status != RL_OK) return status;
  status = propagate(&l->y, l->net, &l->x, l->signs, visit_neuron, l, err);
  if (status == RL_OK) append_targets(l, target, clause);
  return status;
}

/* Both phases, from the corner lo. */
static rl_exact_result solve(leaf *l, long max_pivots) {
  int goals = l->d.free_rows;
  if (l->empty) return RL_EXACT_EMPTY;
  rl_exact_result result = find_feasible(&l->d, max_pivots);
  if (result == RL_EXACT_EMPTY && l->tight) read_tight(l, l->d.slip);
  if (result != RL_EXACT_MAXIMUM || goals == 0) return result;
  result = find_maximum(&l->d, goals, max_pivots);
  if (result == RL_EXACT_MAXIMUM && l->tight) read_tight(l, l->d.level);
  return result;
}

static void release_leaf(leaf *l) {
  mpz_clears(l->low, l->high, NULL);
  if (l->x.z) free_forms(&l->x);
  if (l->y.z) free_forms(&l->y);
  rl_dictionary_free(&l->d);
  rl_free(l->id);
  rl_free(l->column);
}

static rl_status make_leaf(leaf *l, const rl_domain *domain, const rl_property *target, int clause, rl_error *err) {
  int n = l->net->sizes[0], columns = 0, imposed = 0;
  l->first_neuron = 2 * domain->n + domain->rows;
  l->column = rl_alloc((size_t)n, sizeof *l->column);
  if (!l->column) return rl_fail_memory(err);
  for (int j = 0; j < n; j++) l->column[j] = l->lo[j] < l->hi[j] ? columns++ : -1;
  for (int i = 0; i < l->net->neurons; i++) imposed += l->impose[i] != 0;
  int room = target->first[clause + 1] - target->first[clause] + domain->rows + imposed + 1;
  l->id = rl_alloc((size_t)room, sizeof *l->id);
  rl_status status = l->id ? rl_dictionary_make(&l->d, columns, room, err) : rl_fail_memory(err);
  if (status != RL_OK) {
    rl_free(l->id);
    rl_free(l->column);
    return status;
  }
  mpz_inits(l->low, l->high, NULL);
  status = build(l, domain, target, clause, err);
  if (status != RL_OK) release_leaf(l);
  return status;
}

rl_status rl_exact_leaf(const rl_network *net, const rl_domain *domain, const double *lo, const double *hi,
                        const int8_t *signs, const uint8_t *impose, const rl_property *target, int clause,
                        long max_pivots, rl_exact_result *result, int *sign, double *value, double *x, int *x_exact,
                        int *tight, int *tights, rl_error *err) {
  leaf l = {.net = net, .lo = lo, .hi = hi, .signs = signs, .impose = impose, .tight = tight};
  rl_status status = make_leaf(&l, domain, target, clause, err);
  if (status != RL_OK) return status;
  *result = solve(&l, max_pivots);
  if (*result == RL_EXACT_MAXIMUM) {
    read_point(&l, x, x_exact);
    if (rl_property_rows(target, clause) > 0) read_maximum(&l, sign, value);
    else *sign = 1, *value = INFINITY; /* the minimum over no rows */
  }
  if (tight) *tights = l.tights;
  release_leaf(&l);
  return RL_OK;
}

rl_status rl_exact_inside(const rl_network *net, const rl_domain *domain, const double *lo, const double *hi,
                          const int8_t *signs, const uint8_t *impose, const rl_property *target, int clause,
                          long max_pivots, double *x, int *inside, rl_error *err) {
  leaf l = {.net = net, .lo = lo, .hi = hi, .signs = signs, .impose = impose};
  rl_status status = make_leaf(&l, domain, target, clause, err);
  if (status != RL_OK) return status;
  append_margins(&l);
  int sign = 1, x_exact = 0;
  double value = 0;
  *inside = solve(&l, max_pivots) == RL_EXACT_MAXIMUM;
  if (*inside) read_point(&l, x, &x_exact);
  if (*inside && l.d.rows > 0) read_maximum(&l, &sign, &value);
  *inside = *inside && sign > 0;
  release_leaf(&l);
  return RL_OK;
}
