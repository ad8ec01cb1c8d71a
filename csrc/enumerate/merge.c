/* L4: uniting regions of a preimage whose union is convex (see enumerate.h).
 *
 * Let P = {f >= 0} and A, Q = {f <= 0} and B, where A, B are the other rows of each.  If every vertex of Q obeys A
 * and every vertex of P obeys B, then P u Q = A and B, a polytope: a point of A and B lies on one side of f, so in P
 * or in Q.  f has to be the same hyperplane for both: the same neuron under patterns that agree in earlier layers.
 *
 * Whether a row obeys a vertex is decided by doubles with error bounds; where they leave it open, by continuity: if
 * the patterns of row and vertex differ only in neurons that are 0 at the vertex, the row's form has the network's own
 * value there, whose sign the vertex's cell knows.  Where that fails too, the two are not united. */
#include "enumerate/enumerate.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/vector.h"

typedef struct origin {
  int leaf, row;
} origin;

typedef struct group {
  int alive;
  int changed; /* the pass in which it last grew */
  int members, rows;
  int *member; /* leaves */
  origin *row;
} group;

typedef struct merger {
  rl_enumerate *e;
  group *groups; /* one per leaf at first */
  int *heads;    /* hash table: entry of the chain */
  int *entries;  /* per entry: group, row, next */
  double *boxes; /* per entry: lo[d], hi[d] of the vertices on the row */
  int buckets, count, room;
  int pass;
} merger;

static const rl_polytope_row *row_of(const rl_enumerate *e, origin at) {
  return &e->leaves[at.leaf].polytope->row[at.row];
}

/* ---- does a vertex obey a row? ------------------------------------------------------ */

static int is_zero_at(const rl_leaf *leaf, int vertex, int neuron) {
  for (int r = 0; r < leaf->polytope->rows; r++)
    if (leaf->polytope->row[r].id == neuron) return rl_polytope_active(leaf->polytope, vertex, r);
  return 0;
}

/* Do forms of layer `layer` under both patterns agree at the vertex of leaf b? */
static int agree_at(const rl_network *net, const rl_leaf *a, const rl_leaf *b, int vertex, int layer) {
  int neurons = net->offsets[layer];
  for (int i = 0; i < neurons; i++)
    if (a->signs[i] != b->signs[i] && !is_zero_at(b, vertex, i)) return 0;
  return 1;
}

static int obeys(const rl_enumerate *e, origin at, int leaf, int vertex) {
  const rl_leaf *a = &e->leaves[at.leaf], *b = &e->leaves[leaf];
  const rl_polytope_row *row = row_of(e, at);
  if (row->id < 0 || at.leaf == leaf) return 1; /* the domain's rows hold everywhere */
  const rl_vertex *v = &b->polytope->vertex[vertex];
  double value, error;
  value = rl_polytope_value(b->polytope, row, v, &error);
  if (value > error) return 1;
  if (value < -error) return 0;
  int is_property = row->id >= e->net->neurons;
  int layer = is_property ? e->net->layers - 1 : rl_network_layer_of(e->net, row->id);
  if (!agree_at(e->net, a, b, vertex, layer)) return 0;
  return is_property || a->signs[row->id] == b->signs[row->id] || is_zero_at(b, vertex, row->id);
}

/* Do all vertices of `other` obey all rows of `one` but those on the hyperplane of `skip`? */
static int same_hyperplane(const rl_enumerate *e, origin x, origin y);

static int all_obey(const rl_enumerate *e, const group *one, const group *other, origin skip) {
  for (int r = 0; r < one->rows; r++) {
    if (same_hyperplane(e, one->row[r], skip)) continue;
    for (int m = 0; m < other->members; m++)
      for (int v = 0; v < e->leaves[other->member[m]].polytope->vertices; v++)
        if (!obeys(e, one->row[r], other->member[m], v)) return 0;
  }
  return 1;
}

/* ---- hyperplanes ----------------------------------------------------------------------- */

static int same_hyperplane(const rl_enumerate *e, origin x, origin y) {
  int id = row_of(e, x)->id;
  if (id != row_of(e, y)->id) return 0;
  if (id < 0) return 1;
  int layer = id >= e->net->neurons ? e->net->layers - 1 : rl_network_layer_of(e->net, id);
  return memcmp(e->leaves[x.leaf].signs, e->leaves[y.leaf].signs, (size_t)e->net->offsets[layer]) == 0;
}

static unsigned hash_of(const rl_enumerate *e, origin at) {
  int id = row_of(e, at)->id;
  uint64_t h = 14695981039346656037u ^ (uint64_t)id;
  int length = e->net->offsets[rl_network_layer_of(e->net, id)];
  for (int i = 0; i < length; i++) h = (h ^ (uint8_t)e->leaves[at.leaf].signs[i]) * 1099511628211u;
  return (unsigned)(h ^ (h >> 32));
}

static int is_neuron(const rl_enumerate *e, origin at) {
  int id = row_of(e, at)->id;
  return id >= 0 && id < e->net->neurons;
}

/* Bounds lo[d], hi[d] of the group's vertices on the hyperplane of one of its rows. */
static void facet_box(const rl_enumerate *e, const group *g, origin row, double *box) {
  for (int j = 0; j < e->d; j++) box[j] = INFINITY, box[e->d + j] = -INFINITY;
  for (int m = 0; m < g->members; m++) {
    const rl_polytope *p = e->leaves[g->member[m]].polytope;
    int id = row_of(e, row)->id, r = 0;
    while (r < p->rows && p->row[r].id != id) r++;
    if (r == p->rows || !same_hyperplane(e, (origin){g->member[m], r}, row)) continue;
    for (int v = 0; v < p->vertices; v++)
      for (int j = 0; j < e->d && rl_polytope_active(p, v, r); j++) {
        box[j] = rl_min(box[j], p->vertex[v].x[j]);
        box[e->d + j] = rl_max(box[e->d + j], p->vertex[v].x[j]);
      }
  }
}

/* Two polytopes whose union is convex share a whole facet.  Only to save time: what rounding hides is not united. */
static int same_box(int d, const double *a, const double *b) {
  for (int j = 0; j < 2 * d; j++)
    if (!(fabs(a[j] - b[j]) <= 1e-7 * (1e-3 + fabs(a[j])))) return 0;
  return 1;
}

static rl_status add_entry(merger *m, int at_group, int row, rl_error *err) {
  size_t box = 2 * (size_t)m->e->d;
  if (m->count == m->room) {
    int room = 2 * m->room + 256;
    int *entries = rl_realloc(m->entries, 3 * (size_t)room * sizeof *entries);
    if (entries) m->entries = entries;
    double *boxes = entries ? rl_realloc(m->boxes, box * (size_t)room * sizeof *boxes) : NULL;
    if (!boxes) return rl_fail_memory(err);
    m->boxes = boxes;
    m->room = room;
  }
  unsigned bucket = hash_of(m->e, m->groups[at_group].row[row]) % (unsigned)m->buckets;
  int *entry = m->entries + 3 * (size_t)m->count;
  facet_box(m->e, &m->groups[at_group], m->groups[at_group].row[row], m->boxes + box * (size_t)m->count);
  entry[0] = at_group;
  entry[1] = row;
  entry[2] = m->heads[bucket];
  m->heads[bucket] = m->count++;
  return RL_OK;
}

static rl_status index_rows(merger *m, rl_error *err) {
  rl_status status = RL_OK;
  m->count = 0;
  for (int b = 0; b < m->buckets; b++) m->heads[b] = -1;
  for (long g = 0; g < m->e->count && !status; g++)
    for (int r = 0; r < m->groups[g].rows && m->groups[g].alive && !status; r++)
      if (is_neuron(m->e, m->groups[g].row[r])) status = add_entry(m, (int)g, r, err);
  return status;
}

/* ---- uniting ------------------------------------------------------------------------------ */

/* Rows of p and q but those on the hyperplane of `skip`, each once; members of both; q dies. */
static rl_status unite(merger *m, group *p, group *q, origin skip, rl_error *err) {
  origin *rows = rl_alloc((size_t)(p->rows + q->rows), sizeof *rows);
  int *members = rl_alloc((size_t)(p->members + q->members), sizeof *members), count = 0;
  if (!rows || !members) {
    rl_free(rows);
    rl_free(members);
    return rl_fail_memory(err);
  }
  for (int i = 0; i < p->rows + q->rows; i++) {
    origin row = i < p->rows ? p->row[i] : q->row[i - p->rows];
    int known = same_hyperplane(m->e, row, skip);
    for (int j = 0; j < count && !known; j++) known = same_hyperplane(m->e, row, rows[j]);
    if (!known) rows[count++] = row;
  }
  memcpy(members, p->member, (size_t)p->members * sizeof *members);
  memcpy(members + p->members, q->member, (size_t)q->members * sizeof *members);
  rl_free(p->row);
  rl_free(p->member);
  p->row = rows;
  p->rows = count;
  p->member = members;
  p->members += q->members;
  rl_free(q->row);
  rl_free(q->member);
  p->changed = m->pass;
  *q = (group){0};
  m->e->stats.merges++;
  return RL_OK;
}

/* A partner for group g across one of its rows; 1 when they were united. */
static rl_status try_group(merger *m, int g, int *united, rl_error *err) {
  const rl_enumerate *e = m->e;
  *united = 0;
  for (int r = 0; r < m->groups[g].rows; r++) {
    origin row = m->groups[g].row[r];
    if (!is_neuron(e, row)) continue;
    double box[2 * RL_POLYTOPE_DIMENSIONS] = {0};
    facet_box(e, &m->groups[g], row, box);
    for (int i = m->heads[hash_of(e, row) % (unsigned)m->buckets]; i >= 0; i = m->entries[3 * i + 2]) {
      int other = m->entries[3 * i];
      if (m->groups[g].changed < m->pass - 1 && m->groups[other].changed < m->pass - 1) continue; /* tried before */
      if (!same_box(e->d, box, m->boxes + 2 * (size_t)e->d * (size_t)i)) continue;
      if (other == g || !m->groups[other].alive || m->entries[3 * i + 1] >= m->groups[other].rows) continue;
      origin across = m->groups[other].row[m->entries[3 * i + 1]];
      int id = row_of(e, row)->id;
      if (!is_neuron(e, across) || !same_hyperplane(e, row, across)) continue;
      if (e->leaves[row.leaf].signs[id] == e->leaves[across.leaf].signs[id]) continue;
      if (!all_obey(e, &m->groups[g], &m->groups[other], row)) continue;
      if (!all_obey(e, &m->groups[other], &m->groups[g], row)) continue;
      *united = 1;
      return unite(m, &m->groups[g], &m->groups[other], row, err);
    }
  }
  return RL_OK;
}

static rl_status make_groups(merger *m, rl_error *err) {
  rl_enumerate *e = m->e;
  for (long g = 0; g < e->count; g++) {
    group *own = &m->groups[g];
    const rl_polytope *p = e->leaves[g].polytope;
    own->member = rl_alloc(1, sizeof *own->member);
    own->row = rl_alloc((size_t)p->rows, sizeof *own->row);
    if (!own->member || !own->row) return rl_fail_memory(err);
    own->alive = 1;
    own->members = 1;
    own->member[0] = (int)g;
    own->rows = p->rows;
    for (int r = 0; r < p->rows; r++) own->row[r] = (origin){(int)g, r};
  }
  return RL_OK;
}

/* Write the groups down in the leaves. */
static rl_status record(merger *m, rl_error *err) {
  rl_enumerate *e = m->e;
  long *groups = rl_alloc((size_t)e->count, sizeof *groups);
  if (!groups) return rl_fail_memory(err);
  e->group_count = 0;
  for (long g = 0; g < e->count; g++) {
    if (!m->groups[g].alive) continue;
    groups[e->group_count++] = g;
    for (int i = 0; i < m->groups[g].members; i++) e->leaves[m->groups[g].member[i]].group = (int)g;
    e->leaves[g].united_rows = m->groups[g].rows;
    e->leaves[g].united = (int *)m->groups[g].row; /* pairs leaf, row; the leaf owns them from now on */
    m->groups[g].row = NULL;
  }
  rl_free(e->groups);
  e->groups = groups;
  return RL_OK;
}

rl_status rl_enumerate_merge(rl_enumerate *e, rl_error *err) {
  if (e->stack || e->failed) return rl_fail(err, RL_EINPUT, "regions are united at the end of the enumeration");
  if (!e->property || e->property->clauses != 1)
    return rl_fail(err, RL_EINPUT, "regions are united for a property that is one conjunction");
  if (e->groups) return RL_OK;
  merger m = {.e = e, .buckets = (int)(8 * e->count + 64)};
  m.groups = rl_alloc((size_t)e->count, sizeof *m.groups);
  m.heads = rl_alloc((size_t)m.buckets, sizeof *m.heads);
  rl_status status = m.groups && m.heads ? make_groups(&m, err) : rl_fail_memory(err);
  for (int again = 1; again && !status; m.pass++) {
    again = 0;
    status = index_rows(&m, err);
    for (long g = 0; g < e->count && !status; g++) {
      int united = 0;
      if (m.groups[g].alive) status = try_group(&m, (int)g, &united, err);
      again |= united;
    }
  }
  if (!status) status = record(&m, err);
  for (long g = 0; g < e->count && m.groups; g++) {
    rl_free(m.groups[g].row);
    rl_free(m.groups[g].member);
  }
  rl_free(m.groups);
  rl_free(m.heads);
  rl_free(m.entries);
  rl_free(m.boxes);
  return status;
}
