/* L4: enumeration of linear regions; what the files of this folder share. */
#ifndef RL_ENUMERATE_H
#define RL_ENUMERATE_H

#include "encode/dual.h"
#include "encode/forward.h"
#include "region/polytope_exact.h"

/* Affine forms in the d inputs that vary, with error bounds: form i is w[i * (d + 1) + j], its exact coefficients lie
 * within slope_error[i], its constant within constant_error[i].  Reference counted: cells of one layer share them. */
typedef struct rl_forms {
  int references, count;
  double *w, *slope_error, *constant_error;
} rl_forms;

/* What a form or a row is: */
#define RL_ID_PROPERTY(net, r) ((net)->neurons + (r)) /* row r of the property; ids below are neurons */
#define RL_ID_LOW(j) (-1 - 2 * (j))                   /* input j >= lo */
#define RL_ID_HIGH(j) (-2 - 2 * (j))
#define RL_ID_DOMAIN(n, r) (-1 - 2 * (n) - (r)) /* row r of the domain */

/* A cell under way: the signs of the neurons before `next` in layer `layer` are fixed. */
typedef struct rl_region_cell {
  struct rl_region_cell *below; /* in the stack */
  rl_polytope *polytope;
  int8_t *signs; /* neurons */
  int layer, next;
  int clause, row; /* in the last layer, with a property: rows already cut */
  rl_forms *forms; /* of this layer's pre-activations (outputs: the property's rows) */
  int has_member;  /* `member` seems to be an input of the cell with the property */
  double member[RL_POLYTOPE_DIMENSIONS];
} rl_region_cell;

typedef struct rl_leaf {
  rl_polytope *polytope; /* rows carry ids */
  int8_t *signs;         /* neurons */
  double lo, hi;         /* volume */
  int group;             /* united with others: the leaf that stands for them; else its own number */
  int united_rows;       /* after merging, where the leaf stands for a region: its rows, as pairs leaf, row */
  int *united;
} rl_leaf;

/* Exact forms of pre-activations under a prefix, computed one by one when a sign at a vertex is open: integers times
 * 2^scale[layer]. */
typedef struct rl_exact_forms {
  int8_t *signs;         /* neurons: of the prefix they are for */
  rl_input_forms inputs; /* z NULL: nothing is allocated yet */
  int *scale;            /* layers */
  mpz_t **form;          /* layers: sizes[k + 1] x (d + 1) */
  uint8_t **known;       /* layers: sizes[k + 1] */
  mpz_t factor;
} rl_exact_forms;

enum { RL_ENUMERATE_TRIED = 8 }; /* the network evaluates so many inputs at once */

struct rl_enumerate {
  rl_network *net;
  rl_domain *domain;
  rl_property *property; /* or NULL */
  int n, d;
  int *varies;      /* d: the inputs that vary */
  double *unit;     /* d: what their coordinates are measured in, powers of two */
  double tolerance; /* of vertices in leaves, relative to their size */
  rl_region_cell *stack;
  rl_leaf *leaves;
  long count, room;
  long *groups; /* representatives after merging */
  long group_count;
  rl_forward *forward;
  rl_dual *dual;
  double *lo, *hi, *l, *u; /* scratch: n, n, neurons, neurons */
  uint8_t *needed;
  double *tried, *x, *y; /* RL_ENUMERATE_TRIED inputs: their coordinates, they themselves, their outputs */
  double *most;    /* rows of the property: their largest value at the inputs tried */
  double *points;  /* of a cell under rl_enumerate_excludes, with room for `point_room` vertices */
  int point_room;
  int8_t *at; /* signs at vertices */
  int at_room;
  rl_exact_forms exact;
  int failed; /* a step failed: cells are lost, so there is no going on */
  double started;
  rl_enumerate_stats stats;
};

/* ---- exact.c: the oracle of polytope.h; context is an rl_exact_query. */
typedef struct rl_exact_query {
  rl_enumerate *enumerate;
  const int8_t *signs; /* of the cell */
} rl_exact_query;

rl_status rl_enumerate_oracle(void *context, const rl_polytope *polytope, int vertex, int id, int *sign, rl_error *err);
/* Vertices of a cell whose coordinates are not known to within the tolerance, computed anew. */
rl_status rl_enumerate_refine(rl_enumerate *e, rl_polytope *polytope, const int8_t *signs, double tolerance,
                              rl_error *err);
void rl_exact_forms_free(rl_enumerate *e);

/* ---- exclude.c */
/* Can the property certainly not hold in the cell, whose forms are of the layer at hand? */
rl_status rl_enumerate_excludes(rl_enumerate *e, rl_region_cell *cell, int *excluded, rl_error *err);
/* The cell is cut down to side * form >= 0: is its member still in it? */
void rl_enumerate_keep_member(const rl_enumerate *e, rl_region_cell *cell, const rl_polytope_row *form, int side);

/* ---- forms.c */
void rl_forms_release(rl_forms *forms);
/* Of the first layer, or of the layer after one whose forms and signs these are. */
rl_status rl_forms_layer(rl_forms **out, const rl_enumerate *e, int layer, const rl_forms *before, const int8_t *signs,
                         rl_error *err);
/* The property's rows from the outputs' forms. */
rl_status rl_forms_property(rl_forms **out, const rl_enumerate *e, const rl_forms *outputs, rl_error *err);
void rl_forms_row(const rl_enumerate *e, const rl_forms *forms, int index, int id, rl_polytope_row *row);

#endif
