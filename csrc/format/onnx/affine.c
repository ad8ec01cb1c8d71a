/* L2: ONNX: affine maps of forms, composed where that is exact (see space.h). */
#include <math.h>
#include <string.h>

#include "core/round.h"
#include "format/onnx/space.h"

struct rl_onnx_builder {
  rl_onnx_space *space;
  const rl_onnx_forms *from;
  rl_onnx_forms *to;
  int rows;                          /* ended */
  size_t terms, room;                /* in `to` */
  double constant;                   /* of the row at hand */
  double *sum;                       /* units: its coefficients */
  uint8_t *seen;                     /* units */
  int *touched, touches;             /* the units seen */
  int inexact, must_be_exact, large; /* something was rounded; no use to go on then; something overflowed */
  rl_status status;
};

/* *sum += c w; notes whether that is not exact.  Where a product may have lost bits to underflow, it has. */
static void add_product(rl_onnx_builder *b, double *sum, double c, double w) {
  double p = c * w, total = *sum + p;
  if (c != 1 && w != 1 && c != -1 && w != -1 && c != 0 && w != 0 && (fabs(p) < 1e-290 || fma(c, w, -p) != 0))
    b->inexact = 1;
  if (*sum != 0 && rl_sum_error(*sum, p, total) != 0) b->inexact = 1;
  *sum = total;
}

void rl_onnx_term(rl_onnx_builder *b, int element, double coefficient) {
  const rl_onnx_forms *f = b->from;
  if (coefficient == 0 || b->status || (b->inexact && b->must_be_exact)) return;
  add_product(b, &b->constant, coefficient, f->constant[element]);
  for (size_t t = f->start ? f->start[element] : 0, end = f->start ? f->start[element + 1] : 0; t < end; t++) {
    int unit = f->unit[t];
    if (!b->seen[unit]) {
      b->seen[unit] = 1;
      b->sum[unit] = 0;
      b->touched[b->touches++] = unit;
    }
    add_product(b, &b->sum[unit], coefficient, f->weight[t]);
  }
}

static int make_room(rl_onnx_builder *b) {
  size_t wanted = b->terms + (size_t)b->touches;
  if (wanted <= b->room) return 1;
  size_t room = wanted + b->room / 2 + 64;
  b->status = rl_onnx_need(b->space, (double)room * (sizeof(int) + sizeof(double)));
  if (b->status) return 0;
  int *unit = rl_realloc(b->to->unit, room * sizeof *unit);
  if (unit) b->to->unit = unit;
  double *weight = rl_realloc(b->to->weight, room * sizeof *weight);
  if (weight) b->to->weight = weight;
  if (unit && weight)
    b->room = room;
  else
    b->status = rl_fail_memory(b->space->err);
  return !b->status;
}

void rl_onnx_end(rl_onnx_builder *b, double constant) {
  if (b->status || (b->inexact && b->must_be_exact)) return;
  add_product(b, &b->constant, 1, constant);
  b->to->constant[b->rows] = b->constant;
  b->large |= !isfinite(b->constant);
  b->constant = 0;
  if (b->to->start) {
    if (!make_room(b)) return;
    for (int k = 0; k < b->touches; k++) {
      int unit = b->touched[k];
      b->seen[unit] = 0;
      b->large |= !isfinite(b->sum[unit]);
      if (b->sum[unit] == 0) continue;
      b->to->unit[b->terms] = unit;
      b->to->weight[b->terms++] = b->sum[unit];
    }
    b->touches = 0;
    b->to->start[b->rows + 1] = b->terms;
  }
  b->rows++;
}

/* One go; *inexact: it was given up, or (rounding allowed) done with rounding. */
static rl_status build(rl_onnx_space *s, const rl_onnx_forms *f, rl_onnx_rows *rows, const void *context, int count,
                       int must_be_exact, int *inexact, rl_onnx_forms **out) {
  rl_onnx_builder b = {.space = s, .from = f, .must_be_exact = must_be_exact};
  rl_status status = f->start ? rl_onnx_new_forms(s, count, 0, &b.to) : rl_onnx_constants(s, count, &b.to);
  if (status != RL_OK) return status;
  b.sum = rl_alloc((size_t)s->count, sizeof *b.sum);
  b.seen = rl_alloc((size_t)s->count, 1);
  b.touched = rl_alloc((size_t)s->count, sizeof *b.touched);
  if (b.sum && b.seen && b.touched)
    rows(&b, context);
  else
    b.status = rl_fail_memory(s->err);
  rl_free(b.sum);
  rl_free(b.seen);
  rl_free(b.touched);
  *inexact = b.inexact;
  if (!b.status && b.large && !(b.inexact && must_be_exact))
    b.status = rl_fail(s->err, RL_EFORMAT, "a weight or bias exceeds the range of doubles");
  if (b.status || (b.inexact && must_be_exact))
    rl_onnx_release(b.to);
  else
    *out = b.to;
  return b.status;
}

rl_status rl_onnx_map(rl_onnx_space *s, rl_onnx_forms *f, rl_onnx_rows *rows, const void *context, int count,
                      rl_onnx_forms **out) {
  int inexact = 0;
  s->rounded = 0;
  rl_status status = RL_OK;
  for (int all = 0; all < 2 && f->start; all++) {
    status = build(s, f, rows, context, count, 1, &inexact, out);
    if (status != RL_OK || !inexact) return status;
    status = rl_onnx_settle(s, f, all);
    if (status != RL_OK) return status;
  }
  status = build(s, f, rows, context, count, 0, &inexact, out);
  s->rounded = inexact;
  return status;
}

typedef struct pair {
  int count;
  double a, b;
} pair;

static void sum_rows(rl_onnx_builder *builder, const void *context) {
  const pair *p = context;
  for (int i = 0; i < p->count; i++) {
    rl_onnx_term(builder, i, p->a);
    rl_onnx_term(builder, p->count + i, p->b);
    rl_onnx_end(builder, 0);
  }
}

/* As rl_onnx_map, but it is the two themselves that are settled, for others who use them. */
rl_status rl_onnx_sum(rl_onnx_space *s, rl_onnx_forms *first, double a, rl_onnx_forms *second, double b,
                      rl_onnx_forms **out) {
  const pair p = {first->count, a, b};
  rl_onnx_forms *parts[] = {first, second}, *both;
  int inexact = 1, must_be_exact = first->start || second->start;
  s->rounded = 0;
  for (int all = 0;; all++) {
    rl_status status = rl_onnx_join(s, 2, parts, &both);
    if (status != RL_OK) return status;
    status = build(s, both, sum_rows, &p, p.count, must_be_exact && all < 2, &inexact, out);
    rl_onnx_release(both);
    s->rounded = inexact;
    if (status != RL_OK || !inexact || !must_be_exact || all == 2) return status;
    status = rl_onnx_settle(s, first, all);
    if (status == RL_OK && second != first) status = rl_onnx_settle(s, second, all);
    if (status != RL_OK) return status;
  }
}
