/* L4: enumeration of linear regions, layer by layer (see enumerate.h).
 *
 * A cell is a full-dimensional polytope on which the signs of the neurons so far are fixed; the next neuron's
 * pre-activation is affine on it.  If that takes both signs at the cell's vertices it cuts the cell in two, both
 * full-dimensional; else its sign is fixed.  All signs at vertices are exact, so every pattern whose region has
 * interior points is found, and found once. */
#include "enumerate/enumerate.h"

#include <math.h>
#include <string.h>

#include "core/round.h"
#include "core/vector.h"
#include "encode/affine.h"

/* ---- cells ---------------------------------------------------------------------- */

static void release_cell(rl_region_cell *cell) {
  if (!cell) return;
  rl_polytope_release(cell->polytope);
  rl_forms_release(cell->forms);
  rl_free(cell->signs);
  rl_free(cell);
}

static rl_status create_cell(rl_region_cell **out, const rl_enumerate *e, const int8_t *signs, rl_error *err) {
  rl_region_cell *cell = rl_alloc(1, sizeof *cell);
  if (!cell) return rl_fail_memory(err);
  cell->signs = rl_alloc((size_t)e->net->neurons, 1);
  if (!cell->signs) {
    rl_free(cell);
    return rl_fail_memory(err);
  }
  memcpy(cell->signs, signs, (size_t)e->net->neurons);
  *out = cell;
  return RL_OK;
}

static rl_status evaluate_signs(rl_enumerate *e, const rl_region_cell *cell, const rl_polytope_row *form, int *negative,
                                int *positive, rl_error *err) {
  int vertices = cell->polytope->vertices;
  if (vertices > e->at_room) {
    int8_t *at = rl_realloc(e->at, 2 * (size_t)vertices);
    if (!at) return rl_fail_memory(err);
    e->at = at;
    e->at_room = 2 * vertices;
  }
  rl_exact_query query = {e, cell->signs};
  return rl_polytope_signs(cell->polytope, form, rl_enumerate_oracle, &query, e->at, negative, positive, err);
}

/* A copy of the cell where side * form >= 0, pushed on the stack; e->at holds the form's signs. */
static rl_status push_side(rl_enumerate *e, const rl_region_cell *cell, const rl_polytope_row *form, int side,
                           rl_region_cell **pushed, rl_error *err) {
  rl_region_cell *half = NULL;
  rl_status status = create_cell(&half, e, cell->signs, err);
  if (status) return status;
  status = rl_polytope_cut(&half->polytope, cell->polytope, form, side, e->at, err);
  if (status) {
    release_cell(half);
    return status;
  }
  half->layer = cell->layer;
  half->next = cell->next;
  half->clause = cell->clause;
  half->row = cell->row;
  half->forms = cell->forms;
  half->forms->references++;
  half->has_member = cell->has_member;
  memcpy(half->member, cell->member, sizeof half->member);
  rl_enumerate_keep_member(e, half, form, side);
  half->below = e->stack;
  e->stack = half;
  *pushed = half;
  return RL_OK;
}

/* The cell itself keeps the side where side * form >= 0. */
static rl_status keep_side(rl_enumerate *e, rl_region_cell *cell, const rl_polytope_row *form, int side,
                           rl_error *err) {
  rl_polytope *kept;
  rl_status status = rl_polytope_cut(&kept, cell->polytope, form, side, e->at, err);
  if (status) return status;
  rl_polytope_release(cell->polytope);
  cell->polytope = kept;
  rl_enumerate_keep_member(e, cell, form, side);
  return RL_OK;
}

/* ---- leaves ----------------------------------------------------------------------- */

static rl_status emit(rl_enumerate *e, rl_region_cell *cell, rl_error *err) {
  if (e->count == e->room) {
    long room = 2 * e->room + 64;
    rl_leaf *leaves = rl_realloc(e->leaves, (size_t)room * sizeof *leaves);
    if (!leaves) return rl_fail_memory(err);
    e->leaves = leaves;
    e->room = room;
  }
  rl_leaf *leaf = &e->leaves[e->count];
  *leaf = (rl_leaf){.group = (int)e->count};
  rl_status status = rl_enumerate_refine(e, cell->polytope, cell->signs, e->tolerance, err);
  if (!status) status = rl_polytope_volume(cell->polytope, e->unit, &leaf->lo, &leaf->hi, err);
  if (status) return status;
  leaf->polytope = cell->polytope;
  leaf->signs = cell->signs; /* linear neurons free, as in any pattern */
  rl_unmark_linear(e->net, leaf->signs);
  cell->polytope = NULL;
  cell->signs = NULL;
  e->count++;
  return RL_OK;
}

/* Cut the cell by the property's rows: what obeys all rows of a clause is a leaf, the rest goes on to the next clause.
 */
static rl_status cut_property(rl_enumerate *e, rl_region_cell *cell, rl_error *err) {
  const rl_property *p = e->property;
  while (cell->clause < p->clauses) {
    int r = p->first[cell->clause] + cell->row, negative, positive;
    if (r == p->first[cell->clause + 1]) return emit(e, cell, err);
    rl_polytope_row form;
    rl_forms_row(e, cell->forms, r, RL_ID_PROPERTY(e->net, r), &form);
    rl_status status = evaluate_signs(e, cell, &form, &negative, &positive, err);
    if (status) return status;
    if (!negative) {
      cell->row++;
    } else if (!positive) { /* at most the boundary obeys the row */
      cell->clause++;
      cell->row = 0;
    } else {
      rl_region_cell *rest;
      if (cell->clause + 1 < p->clauses) {
        status = push_side(e, cell, &form, -1, &rest, err);
        if (status) return status;
        rest->clause = cell->clause + 1;
        rest->row = 0;
      }
      status = keep_side(e, cell, &form, 1, err);
      if (status) return status;
      cell->row++;
    }
  }
  return RL_OK;
}

/* ---- layers -------------------------------------------------------------------------- */

/* Forms of the next layer (the property's rows after the last). */
static rl_status enter_layer(rl_enumerate *e, rl_region_cell *cell, rl_error *err) {
  const rl_network *net = e->net;
  const int8_t *signs = cell->layer > 0 ? cell->signs + net->offsets[cell->layer - 1] : NULL;
  rl_forms *forms;
  rl_status status = rl_forms_layer(&forms, e, cell->layer, cell->forms, signs, err);
  if (status) return status;
  rl_forms_release(cell->forms);
  cell->forms = forms;
  if (cell->layer + 1 < net->layers) return RL_OK;
  rl_forms *rows;
  status = rl_forms_property(&rows, e, forms, err);
  if (status) return status;
  rl_forms_release(forms);
  cell->forms = rows;
  return RL_OK;
}

/* Take the cell through the rest of its layer. */
static rl_status cross_layer(rl_enumerate *e, rl_region_cell *cell, rl_error *err) {
  const rl_network *net = e->net;
  int size = net->sizes[cell->layer + 1], offset = net->offsets[cell->layer];
  for (; cell->next < size; cell->next++) {
    int neuron = offset + cell->next, negative, positive;
    rl_polytope_row form;
    if (cell->signs[neuron] == RL_LINEAR) continue;
    rl_forms_row(e, cell->forms, cell->next, neuron, &form);
    rl_status status = evaluate_signs(e, cell, &form, &negative, &positive, err);
    if (status) return status;
    if (negative && positive) {
      rl_region_cell *off;
      status = push_side(e, cell, &form, -1, &off, err);
      if (status) return status;
      off->signs[neuron] = RL_OFF;
      off->next = cell->next + 1;
      status = keep_side(e, cell, &form, 1, err);
      if (status) return status;
      e->stats.cuts++;
    }
    cell->signs[neuron] = negative && !positive ? RL_OFF : RL_ON;
  }
  cell->layer++;
  cell->next = 0;
  return RL_OK;
}

/* The top of the stack through one layer; it goes back, or becomes a leaf. */
static rl_status work(rl_enumerate *e, rl_error *err) {
  rl_region_cell *cell = e->stack;
  e->stack = cell->below;
  cell->below = NULL;
  e->stats.cells++;
  int last = e->net->layers - 1;
  rl_status status = RL_OK;
  if (cell->layer < last) {
    int excluded = 0;
    if (cell->next == 0) status = enter_layer(e, cell, err);
    if (!status && cell->next == 0 && e->property && cell->layer > 0)
      status = rl_enumerate_excludes(e, cell, &excluded, err);
    if (!status && excluded) {
      e->stats.pruned++;
      release_cell(cell);
      return RL_OK;
    }
    if (!status) status = cross_layer(e, cell, err);
    if (!status) {
      cell->below = e->stack;
      e->stack = cell;
      return RL_OK;
    }
  } else if (!e->property) {
    status = emit(e, cell, err);
  } else {
    if (cell->clause == 0 && cell->row == 0) status = enter_layer(e, cell, err);
    if (!status) status = cut_property(e, cell, err);
  }
  release_cell(cell);
  return status;
}

/* ---- creation -------------------------------------------------------------------------- */

static rl_status check_arguments(const rl_network *net, const rl_domain *domain, const rl_property *property,
                                 rl_error *err) {
  if (!net || !domain) return rl_fail(err, RL_EINPUT, "an enumeration needs a network and a domain");
  if (domain->n != net->sizes[0])
    return rl_fail(err, RL_EINPUT, "the domain has %d inputs, the network %d", domain->n, net->sizes[0]);
  if (property && (property->n != net->sizes[0] || property->m != net->sizes[net->layers]))
    return rl_fail(err, RL_EINPUT, "the property is for %d inputs and %d outputs, the network has %d and %d",
                   property->n, property->m, net->sizes[0], net->sizes[net->layers]);
  int varying = 0;
  for (int j = 0; j < domain->n; j++) varying += domain->lo[j] < domain->hi[j];
  if (varying < 1 || varying > RL_POLYTOPE_DIMENSIONS)
    return rl_fail(err, RL_EINPUT, "%d inputs of the domain vary, expected 1 to %d", varying, RL_POLYTOPE_DIMENSIONS);
  return RL_OK;
}

/* The inputs that vary, what they are measured in, and how well vertices are to be known: to a small part of the
 * narrowest width. */
static void choose_units(rl_enumerate *e) {
  double narrowest = 1;
  for (int j = 0; j < e->n; j++) {
    double lo = e->domain->lo[j], hi = e->domain->hi[j];
    if (!(lo < hi)) continue;
    double unit = rl_polytope_unit(lo, hi);
    narrowest = rl_min(narrowest, hi / unit - lo / unit);
    e->unit[e->d] = unit;
    e->varies[e->d++] = j;
  }
  e->tolerance = 1e-9 * narrowest;
}

static rl_status allocate(rl_enumerate *e, rl_error *err) {
  size_t n = (size_t)e->n, neurons = (size_t)e->net->neurons;
  e->varies = rl_alloc(n, sizeof *e->varies);
  e->unit = rl_alloc(n, sizeof *e->unit);
  e->lo = rl_alloc(n, sizeof(double));
  e->hi = rl_alloc(n, sizeof(double));
  e->l = rl_alloc(neurons, sizeof(double));
  e->u = rl_alloc(neurons, sizeof(double));
  e->needed = rl_alloc(neurons, 1);
  e->tried = rl_alloc(RL_ENUMERATE_TRIED * n, sizeof(double));
  e->x = rl_alloc(RL_ENUMERATE_TRIED * n, sizeof(double));
  e->y = rl_alloc(RL_ENUMERATE_TRIED * (size_t)e->net->sizes[e->net->layers], sizeof(double));
  e->most = rl_alloc(e->property ? (size_t)e->property->total : 0, sizeof(double));
  e->at = rl_alloc(64, 1);
  e->at_room = 64;
  if (!e->varies || !e->unit || !e->lo || !e->hi || !e->l || !e->u || !e->needed || !e->tried || !e->x || !e->y ||
      !e->most || !e->at)
    return rl_fail_memory(err);
  choose_units(e);
  rl_status status = rl_forward_create_over(&e->forward, e->net, e->d, err);
  return status ? status : rl_dual_create(&e->dual, e->net, e->domain, err);
}

/* A row of the domain as b - a.x >= 0 over the inputs that vary. */
static void domain_row(const rl_enumerate *e, int r, rl_polytope_row *form) {
  const rl_domain *domain = e->domain;
  *form = (rl_polytope_row){.id = RL_ID_DOMAIN(e->n, r)};
  form->w[e->d] = domain->b[r];
  double size = fabs(domain->b[r]);
  for (int j = 0, k = 0; j < e->n; j++) {
    double a = domain->A[(size_t)r * (size_t)e->n + (size_t)j];
    if (k < e->d && e->varies[k] == j) {
      form->w[k] = rl_polytope_scaled(-a, e->unit[k], &form->slope_error);
      k++;
      continue;
    }
    form->w[e->d] -= a * domain->lo[j];
    size += fabs(a * domain->lo[j]);
  }
  form->constant_error = e->n == e->d ? 0 : rl_rounding(e->n + 2, size);
}

/* The domain as the first cell; none where the domain has no interior. */
static rl_status start(rl_enumerate *e, rl_error *err) {
  int low[RL_POLYTOPE_DIMENSIONS], high[RL_POLYTOPE_DIMENSIONS];
  double lo[RL_POLYTOPE_DIMENSIONS], hi[RL_POLYTOPE_DIMENSIONS];
  for (int k = 0; k < e->d; k++) {
    int j = e->varies[k];
    low[k] = RL_ID_LOW(j);
    high[k] = RL_ID_HIGH(j);
    lo[k] = e->domain->lo[j] / e->unit[k];
    hi[k] = e->domain->hi[j] / e->unit[k];
  }
  int8_t *signs = rl_alloc((size_t)e->net->neurons, 1);
  if (!signs) return rl_fail_memory(err);
  memset(signs, RL_FREE, (size_t)e->net->neurons);
  rl_mark_linear(e->net, signs);
  rl_region_cell *cell = NULL;
  rl_status status = create_cell(&cell, e, signs, err);
  rl_free(signs);
  if (status) return status;
  status = rl_polytope_box(&cell->polytope, e->d, lo, hi, low, high, err);
  for (int r = 0; r < e->domain->rows && !status; r++) {
    rl_polytope_row form;
    int negative, positive;
    domain_row(e, r, &form);
    status = evaluate_signs(e, cell, &form, &negative, &positive, err);
    if (!status && negative && positive) status = keep_side(e, cell, &form, 1, err);
    if (!status && negative && !positive) {
      release_cell(cell);
      return RL_OK;
    }
  }
  if (status) {
    release_cell(cell);
    return status;
  }
  e->stack = cell;
  return RL_OK;
}

rl_status rl_enumerate_create(rl_enumerate **out, const rl_network *net, const rl_domain *domain,
                              const rl_property *property, rl_error *err) {
  rl_status status = check_arguments(net, domain, property, err);
  if (status) return status;
  rl_enumerate *e = rl_alloc(1, sizeof *e);
  if (!e) return rl_fail_memory(err);
  e->started = rl_now();
  e->net = rl_network_retain(net);
  e->domain = rl_domain_retain(domain);
  if (property) e->property = rl_property_retain(property);
  e->n = net->sizes[0];
  status = allocate(e, err);
  if (!status) status = start(e, err);
  if (status) {
    rl_enumerate_release(e);
    return status;
  }
  *out = e;
  return RL_OK;
}

void rl_enumerate_release(rl_enumerate *e) {
  if (!e) return;
  while (e->stack) {
    rl_region_cell *cell = e->stack;
    e->stack = cell->below;
    release_cell(cell);
  }
  for (long i = 0; i < e->count; i++) {
    rl_polytope_release(e->leaves[i].polytope);
    rl_free(e->leaves[i].signs);
    rl_free(e->leaves[i].united);
  }
  if (e->net) rl_exact_forms_free(e);
  rl_dual_release(e->dual);
  rl_forward_release(e->forward);
  void *owned[] = {e->leaves, e->groups, e->varies, e->unit, e->lo,     e->hi, e->l, e->u,
                   e->needed, e->tried,  e->x,      e->y,    e->points, e->most, e->at};
  for (size_t i = 0; i < sizeof owned / sizeof *owned; i++) rl_free(owned[i]);
  rl_property_release(e->property);
  rl_domain_release(e->domain);
  rl_network_release(e->net);
  rl_free(e);
}

rl_status rl_enumerate_step(rl_enumerate *e, long cells, int *done, rl_error *err) {
  double began = rl_now();
  rl_status status = RL_OK;
  if (e->failed) return rl_fail(err, RL_EINPUT, "the enumeration cannot go on: an earlier step failed");
  for (long i = 0; i < cells && e->stack && !status && rl_now() - began < 0.2; i++) status = work(e, err);
  e->stats.seconds = rl_now() - e->started;
  if (status) e->failed = 1;
  if (!status) *done = !e->stack;
  return status;
}

const rl_enumerate_stats *rl_enumerate_statistics(const rl_enumerate *e) { return &e->stats; }
