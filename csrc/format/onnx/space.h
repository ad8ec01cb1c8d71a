/* L2: ONNX: units, and affine forms over them.
 *
 * A graph of affine maps and kinks is unfolded into units, each a real number that depends on the network's input:
 *
 *   an input,  a ReLU  max(0, r(earlier units)),  a linear one  r(earlier units),  r affine.
 *
 * An element of a tensor is an affine form over units; a tensor is a list of forms, as compressed sparse rows.  A tensor
 * without terms is a constant.
 *
 * Exactness: a map of forms is composed only where every product and every sum of doubles is exact (error-free
 * transformations tell; Knuth's TwoSum, FMA's TwoProduct).  Where one is not, the forms are settled: each becomes a
 * linear unit of its own, whose row are the coefficients as they were, and what follows is over that unit.  So the network
 * computes what the file's numbers say, in real arithmetic. */
#ifndef RL_ONNX_SPACE_H
#define RL_ONNX_SPACE_H

#include "core/core.h"

typedef enum rl_onnx_kind { RL_ONNX_INPUT, RL_ONNX_RELU, RL_ONNX_LINEAR } rl_onnx_kind;

typedef struct rl_onnx_space {
  rl_error *err;
  const char *path;
  int count, room;
  uint8_t *kind;    /* units */
  int *level;       /* units: 0 of inputs, else 1 more than the highest level of the row's units */
  double *constant; /* units: of the row */
  size_t *start;    /* units + 1: where its terms begin */
  size_t terms, terms_room;
  int *unit; /* terms */
  double *weight;
  int rounded; /* the last map had to round */
} rl_onnx_space;

typedef struct rl_onnx_forms {
  int references;
  int count;
  double *constant; /* count */
  size_t *start;    /* count + 1; NULL: no terms at all */
  int *unit;        /* terms: units, each once a form */
  double *weight;   /* terms, none 0 */
} rl_onnx_forms;

void rl_onnx_space_free(rl_onnx_space *space);

static inline int rl_onnx_is_constant(const rl_onnx_forms *f) { return !f->start; }
/* Has form i no terms? */
static inline int rl_onnx_is_number(const rl_onnx_forms *f, int i) { return !f->start || f->start[i + 1] == f->start[i]; }
rl_onnx_forms *rl_onnx_retain(rl_onnx_forms *forms);
void rl_onnx_release(rl_onnx_forms *forms); /* NULL is fine */

/* Forms that are constants, 0 so far; forms that are `count` new inputs. */
rl_status rl_onnx_constants(rl_onnx_space *space, int count, rl_onnx_forms **out);
rl_status rl_onnx_inputs(rl_onnx_space *space, int count, rl_onnx_forms **out);

/* ---- arranging: exact -------------------------------------------------------------------------- */

/* Element i is element from[i] of f, or the constant `fill` where that is -1. */
rl_status rl_onnx_pick(rl_onnx_space *space, const rl_onnx_forms *f, int count, const int *from, double fill,
                       rl_onnx_forms **out);
/* The parts one after the other. */
rl_status rl_onnx_join(rl_onnx_space *space, int parts, rl_onnx_forms *const *part, rl_onnx_forms **out);

/* ---- affine maps ---------------------------------------------------------------------------------- */

typedef struct rl_onnx_builder rl_onnx_builder;
/* Makes the rows of a map, one after the other, by calls of rl_onnx_term and rl_onnx_end.  It may be called more than
 * once. */
typedef void rl_onnx_rows(rl_onnx_builder *builder, const void *context);
/* Add coefficient times element to the row at hand; a constant ends it. */
void rl_onnx_term(rl_onnx_builder *builder, int element, double coefficient);
void rl_onnx_end(rl_onnx_builder *builder, double constant);

/* The map's `count` rows applied to f, which may be settled for that.  space->rounded: a row takes an element more than
 * once, or a constant takes part, so that something had to be rounded in spite of it. */
rl_status rl_onnx_map(rl_onnx_space *space, rl_onnx_forms *f, rl_onnx_rows *rows, const void *context, int count,
                      rl_onnx_forms **out);
/* a first + b second, element by element. */
rl_status rl_onnx_sum(rl_onnx_space *space, rl_onnx_forms *first, double a, rl_onnx_forms *second, double b,
                      rl_onnx_forms **out);

/* Each form that is not a unit (or a constant) becomes a linear one; all: each form, whatever it is. */
rl_status rl_onnx_settle(rl_onnx_space *space, rl_onnx_forms *f, int all);
/* Forms that are to be used in later layers: settle them if they are fewer than the units they are over. */
rl_status rl_onnx_narrow(rl_onnx_space *space, rl_onnx_forms *f);
/* The highest level of a unit that the forms are over. */
int rl_onnx_height(const rl_onnx_space *space, const rl_onnx_forms *f);

/* ---- kinks --------------------------------------------------------------------------------------------- */

/* max(f, 0). */
rl_status rl_onnx_positive(rl_onnx_space *space, const rl_onnx_forms *f, rl_onnx_forms **out);
/* sign 1: max(a, b) = b + max(a - b, 0); sign -1: min(a, b) = b - max(b - a, 0). */
rl_status rl_onnx_better(rl_onnx_space *space, rl_onnx_forms *a, rl_onnx_forms *b, int sign, rl_onnx_forms **out);
/* The maximum (minimum) of each list element[start[i]] ... element[start[i + 1] - 1] of elements of f, none empty. */
rl_status rl_onnx_best(rl_onnx_space *space, const rl_onnx_forms *f, int count, const size_t *start,
                       const int *element, int sign, rl_onnx_forms **out);

/* ---- inside -------------------------------------------------------------------------------------------- */

/* Room for a further `bytes` in all, or the error that says how much was wanted. */
rl_status rl_onnx_need(const rl_onnx_space *space, double bytes);
/* Forms with room for `terms` terms. */
rl_status rl_onnx_new_forms(rl_onnx_space *space, int count, size_t terms, rl_onnx_forms **out);
/* A new unit whose row is form i of f (NULL: an input). */
rl_status rl_onnx_new_unit(rl_onnx_space *space, rl_onnx_kind kind, const rl_onnx_forms *f, int i, int *unit);

#endif
