/* L2: exact linear programs of leaves (see exact.h and program.h). */
#include "exact/program.h"

#include <math.h>

static void add_tight(rl_program *l, int id) { l->tight[l->tights++] = id; }

/* The end of the input of column c: of the box that is in use. */
static void add_tight_end(rl_program *l, int c, int upper) {
  int j = 0;
  while (l->column[j] != c) j++;
  add_tight(l, upper ? l->net->sizes[0] + j : j);
}

/* Row e of constraint `id` is negative on the whole box. */
static void found_empty(rl_program *l, mpz_t *e, int id) {
  if (l->tight && !l->empty) {
    add_tight(l, id);
    for (int c = 0; c < l->d.columns; c++)
      if (mpz_sgn(e[c + 1]) != 0) add_tight_end(l, c, mpz_sgn(e[c + 1]) > 0);
  }
  l->empty = 1;
}

/* The nonbasic variables that hold basic `variable` where it is. */
static void read_tight(rl_program *l, int variable) {
  const rl_dictionary *d = &l->d;
  int row = rl_dictionary_find(d, variable);
  for (int j = 0; j < d->width; j++) {
    int v = d->nonbasic[j];
    if (mpz_sgn(rl_dictionary_row(d, row)[j + 1]) == 0 || v == d->slip || v == d->level) continue;
    if (v < d->columns)
      add_tight_end(l, v, d->flipped[v]);
    else
      add_tight(l, l->id[v - d->level - 1]);
  }
}

/* Append the row of integers (length columns + 1, sign times them) as a slack >= 0.
 * One that holds on the whole box is left out; one that never does makes the leaf empty. */
static void append_constraint(rl_program *l, mpz_t *row, int sign, int id) {
  rl_dictionary *d = &l->d;
  mpz_t *e = rl_dictionary_row(d, d->rows);
  mp_bitcnt_t twos = ~(mp_bitcnt_t)0;
  mpz_set_ui(l->low, 0);
  mpz_set_ui(l->high, 0);
  for (int j = 0; j <= d->columns; j++) {
    if (sign < 0)
      mpz_neg(e[j], row[j]);
    else
      mpz_set(e[j], row[j]);
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

static void visit_neuron(void *context, int neuron, const rl_maps *f, int i) {
  rl_program *l = context;
  if (l->impose[neuron])
    append_constraint(l, rl_map_at(f, i), l->signs[neuron] == RL_ON ? 1 : -1, l->first_neuron + neuron);
}

/* x_j = lo_j + (hi_j - lo_j) u_j. */
static rl_status input_forms(rl_program *l, rl_error *err) {
  int n = l->net->sizes[0];
  rl_status status = rl_maps_make(&l->x, n, l->d.columns + 1, err);
  if (status != RL_OK) return status;
  l->x.scale = rl_dyadic_lowest((size_t)n, l->hi, rl_dyadic_lowest((size_t)n, l->lo, 0));
  for (int j = 0; j < n; j++) {
    mpz_t *f = rl_map_at(&l->x, j);
    rl_dyadic_set(f[0], l->lo[j], l->x.scale);
    if (l->column[j] < 0) continue;
    rl_dyadic_set(f[l->column[j] + 1], l->hi[j], l->x.scale);
    mpz_sub(f[l->column[j] + 1], f[l->column[j] + 1], f[0]);
  }
  return RL_OK;
}

/* The rows of the target come first: g_r(x) - t, scaled to integers; they are free in phase 1. */
static void append_targets(rl_program *l, const rl_property *p, int clause) {
  rl_dictionary *d = &l->d;
  int first = p->first[clause], count = p->first[clause + 1] - first;
  for (int r = 0; r < count; r++) {
    int scale;
    mpz_t *e = rl_dictionary_row(d, r);
    for (int j = 0; j <= d->width; j++) mpz_set_ui(e[j], 0);
    rl_map_target_row(e, &scale, p, first + r, &l->x, &l->y);
    mpz_set_si(e[d->level + 1], -1);
    if (scale < 0)
      mpz_mul_2exp(e[d->level + 1], e[d->level + 1], (mp_bitcnt_t)-scale);
    else
      for (int j = 0; j <= d->columns; j++) mpz_mul_2exp(e[j], e[j], (mp_bitcnt_t)scale);
    d->basic[r] = d->level + 1 + r;
    l->id[r] = l->first_neuron + l->net->neurons + r;
  }
}

static rl_status append_domain(rl_program *l, const rl_domain *domain, rl_error *err) {
  rl_maps row;
  rl_status status = rl_maps_make(&row, 1, l->d.columns + 1, err);
  if (status != RL_OK) return status;
  mpz_t factor;
  mpz_init(factor);
  for (int r = 0; r < domain->rows; r++) {
    const double *a = domain->A + (size_t)r * (size_t)domain->n, minus = -domain->b[r];
    int scale = rl_dyadic_lowest(1, &minus, l->x.scale + rl_dyadic_lowest((size_t)domain->n, a, 0));
    rl_map_clear(&row, 0);
    rl_dyadic_set(row.z[0], minus, scale);
    rl_map_add_products(row.z, scale, a, &l->x, factor);
    append_constraint(l, row.z, -1, 2 * domain->n + r);
  }
  mpz_clear(factor);
  rl_maps_free(&row);
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

void rl_program_point(const rl_program *l, double *x, int *exact) {
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
    x[j] = rl_exact_round(u, RL_NEAREST);
    mpq_set_d(a, x[j]);
    if (!mpq_equal(a, u)) *exact = 0;
  }
  mpq_clears(u, a, b, NULL);
}

void rl_program_maximum(const rl_program *l, int *sign, double *value) {
  const rl_dictionary *d = &l->d;
  mpq_t t;
  mpq_init(t);
  mpz_set(mpq_numref(t), rl_dictionary_row(d, rl_dictionary_find(d, d->level))[0]);
  mpz_set(mpq_denref(t), d->denominator);
  mpq_canonicalize(t);
  *sign = mpq_sgn(t);
  *value = rl_exact_round(t, RL_UP);
  mpq_clear(t);
}

static void swap_rows(rl_dictionary *d, int i, int k) {
  for (int j = 0; j <= d->width; j++) mpz_swap(rl_dictionary_row(d, i)[j], rl_dictionary_row(d, k)[j]);
  int basic = d->basic[i];
  d->basic[i] = d->basic[k];
  d->basic[k] = basic;
}

/* Leave row i out; the last one takes its place. */
static void drop_row(rl_dictionary *d, int i) { swap_rows(d, i, --d->rows); }

/* Which constraint row i is; before any pivot. */
static int row_id(const rl_program *l, int i) { return l->id[l->d.basic[i] - l->d.level - 1]; }

void rl_program_append_bounds(rl_program *l) {
  rl_dictionary *d = &l->d;
  int n = l->net->sizes[0];
  for (int j = 0; j < 2 * n; j++) {
    int k = l->column[j % n], upper = j >= n;
    if (k < 0) continue;
    mpz_t *e = rl_dictionary_row(d, d->rows), *width = &rl_map_at(&l->x, j % n)[k + 1];
    for (int i = 0; i <= d->width; i++) mpz_set_ui(e[i], 0);
    if (upper) {
      mpz_set(e[0], *width);
      mpz_neg(e[k + 1], *width);
    } else {
      mpz_set(e[k + 1], *width);
    }
    d->basic[d->rows] = d->level + 1 + d->rows;
    l->id[d->rows++] = j;
  }
}

void rl_program_append_margins(rl_program *l, const uint8_t *flat) {
  rl_dictionary *d = &l->d;
  for (int i = d->rows - 1; i >= 0; i--) {
    mpz_t *e = rl_dictionary_row(d, i), *level = &e[d->level + 1];
    mpz_set_si(*level, 0);
    for (int j = 1; j <= d->columns; j++) {
      mpz_abs(l->low, e[j]);
      mpz_sub(*level, *level, l->low);
    }
    if (mpz_sgn(*level) == 0)
      drop_row(d, i);
    else if (flat && flat[row_id(l, i)])
      mpz_set_si(*level, 0);
  }
  d->free_rows = 0;
  for (int i = 0; i < d->rows; i++)
    if (mpz_sgn(rl_dictionary_row(d, i)[d->level + 1]) != 0) swap_rows(d, i, d->free_rows++);
}

/* The leaf's rows, those of the clause first. */
static rl_status build(rl_program *l, const rl_domain *domain, const rl_property *target, int clause, rl_error *err) {
  l->d.rows = l->d.free_rows = target->first[clause + 1] - target->first[clause];
  rl_status status = input_forms(l, err);
  if (status != RL_OK) return status;
  status = append_domain(l, domain, err);
  if (status != RL_OK) return status;
  status = rl_maps_propagate(&l->y, l->net, &l->x, l->signs, visit_neuron, l, err);
  if (status == RL_OK) append_targets(l, target, clause);
  return status;
}

rl_exact_result rl_program_solve(rl_program *l, long max_pivots) {
  int goals = l->d.free_rows;
  if (l->empty) return RL_EXACT_EMPTY;
  rl_exact_result result = find_feasible(&l->d, max_pivots);
  if (result == RL_EXACT_EMPTY && l->tight) read_tight(l, l->d.slip);
  if (result != RL_EXACT_MAXIMUM || goals == 0) return result;
  result = find_maximum(&l->d, goals, max_pivots);
  if (result == RL_EXACT_MAXIMUM && l->tight) read_tight(l, l->d.level);
  return result;
}

void rl_program_release(rl_program *l) {
  mpz_clears(l->low, l->high, NULL);
  if (l->x.z) rl_maps_free(&l->x);
  if (l->y.z) rl_maps_free(&l->y);
  rl_dictionary_free(&l->d);
  rl_free(l->id);
  rl_free(l->column);
}

rl_status rl_program_make(rl_program *l, const rl_domain *domain, const rl_property *target, int clause,
                          rl_error *err) {
  int n = l->net->sizes[0], columns = 0, imposed = 0;
  l->first_neuron = 2 * domain->n + domain->rows;
  l->column = rl_alloc((size_t)n, sizeof *l->column);
  if (!l->column) return rl_fail_memory(err);
  for (int j = 0; j < n; j++) l->column[j] = l->lo[j] < l->hi[j] ? columns++ : -1;
  for (int i = 0; i < l->net->neurons; i++) imposed += l->impose[i] != 0;
  int room = target->first[clause + 1] - target->first[clause] + domain->rows + imposed + 1;
  if (l->with_bounds) room += 2 * columns;
  l->id = rl_alloc((size_t)room, sizeof *l->id);
  rl_status status = l->id ? rl_dictionary_make(&l->d, columns, room, err) : rl_fail_memory(err);
  if (status != RL_OK) {
    rl_free(l->id);
    rl_free(l->column);
    return status;
  }
  mpz_inits(l->low, l->high, NULL);
  status = build(l, domain, target, clause, err);
  if (status != RL_OK) rl_program_release(l);
  return status;
}

rl_status rl_exact_leaf(const rl_network *net, const rl_domain *domain, const double *lo, const double *hi,
                        const int8_t *signs, const uint8_t *impose, const rl_property *target, int clause,
                        long max_pivots, rl_exact_result *result, int *sign, double *value, double *x, int *x_exact,
                        int *tight, int *tights, rl_error *err) {
  rl_program l = {.net = net, .lo = lo, .hi = hi, .signs = signs, .impose = impose, .tight = tight};
  rl_status status = rl_program_make(&l, domain, target, clause, err);
  if (status != RL_OK) return status;
  *result = rl_program_solve(&l, max_pivots);
  if (*result == RL_EXACT_MAXIMUM) {
    rl_program_point(&l, x, x_exact);
    if (rl_property_rows(target, clause) > 0)
      rl_program_maximum(&l, sign, value);
    else
      *sign = 1, *value = INFINITY; /* the minimum over no rows */
  }
  if (tight) *tights = l.tights;
  rl_program_release(&l);
  return RL_OK;
}

rl_status rl_exact_inside(const rl_network *net, const rl_domain *domain, const double *lo, const double *hi,
                          const int8_t *signs, const uint8_t *impose, const rl_property *target, int clause,
                          long max_pivots, double *x, int *inside, rl_error *err) {
  rl_program l = {.net = net, .lo = lo, .hi = hi, .signs = signs, .impose = impose};
  rl_status status = rl_program_make(&l, domain, target, clause, err);
  if (status != RL_OK) return status;
  rl_program_append_margins(&l, NULL);
  int sign = 1, x_exact = 0;
  double value = 0;
  *inside = rl_program_solve(&l, max_pivots) == RL_EXACT_MAXIMUM;
  if (*inside) rl_program_point(&l, x, &x_exact);
  if (*inside && l.d.rows > 0) rl_program_maximum(&l, &sign, &value);
  *inside = *inside && sign > 0;
  rl_program_release(&l);
  return RL_OK;
}
