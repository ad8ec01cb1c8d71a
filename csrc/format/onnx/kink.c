/* L2: ONNX: kinks of forms: max(f, 0), and all that comes of it (see space.h). */
#include <string.h>

#include "format/onnx/space.h"

/* Is form i >= 0 because its units are ReLUs? */
static int is_positive(const rl_onnx_space *s, const rl_onnx_forms *f, int i) {
  if (f->constant[i] < 0) return 0;
  for (size_t t = f->start[i]; t < f->start[i + 1]; t++)
    if (f->weight[t] < 0 || s->kind[f->unit[t]] != RL_ONNX_RELU) return 0;
  return 1;
}

rl_status rl_onnx_positive(rl_onnx_space *s, const rl_onnx_forms *f, rl_onnx_forms **out) {
  if (!f->start) {
    rl_status status = rl_onnx_constants(s, f->count, out);
    for (int i = 0; i < f->count && status == RL_OK; i++) (*out)->constant[i] = f->constant[i] > 0 ? f->constant[i] : 0;
    return status;
  }
  rl_onnx_forms *r;
  rl_status status = rl_onnx_new_forms(s, f->count, f->start[f->count] + (size_t)f->count, &r);
  if (status != RL_OK) return status;
  for (int i = 0; i < f->count && status == RL_OK; i++) {
    size_t from = f->start[i], terms = f->start[i + 1] - from, at = r->start[i];
    int positive = is_positive(s, f, i);
    if (terms == 0 || (terms == 1 && positive)) {
      r->constant[i] = f->constant[i] > 0 ? f->constant[i] : 0;
      memcpy(r->unit + at, f->unit + from, terms * sizeof *f->unit);
      memcpy(r->weight + at, f->weight + from, terms * sizeof *f->weight);
    } else { /* one value, of one level with its neighbours, also where it has no kink */
      status = rl_onnx_new_unit(s, positive ? RL_ONNX_LINEAR : RL_ONNX_RELU, f, i, &r->unit[at]);
      r->weight[at] = 1;
      terms = 1;
    }
    r->start[i + 1] = at + terms;
  }
  if (status == RL_OK)
    *out = r;
  else
    rl_onnx_release(r);
  return status;
}

/* Where both are numbers the differences above might round. */
static void settle_numbers(const rl_onnx_forms *a, const rl_onnx_forms *b, int sign, rl_onnx_forms *out) {
  for (int i = 0; i < out->count; i++)
    if (rl_onnx_is_number(a, i) && rl_onnx_is_number(b, i))
      out->constant[i] = sign * a->constant[i] > sign * b->constant[i] ? a->constant[i] : b->constant[i];
}

rl_status rl_onnx_better(rl_onnx_space *s, rl_onnx_forms *a, rl_onnx_forms *b, int sign, rl_onnx_forms **out) {
  rl_onnx_forms *above = NULL, *kink = NULL;
  rl_status status = rl_onnx_sum(s, a, sign, b, -sign, &above);
  if (status == RL_OK) status = rl_onnx_positive(s, above, &kink);
  if (status == RL_OK) status = rl_onnx_narrow(s, b); /* beside the kinks, not below them */
  if (status == RL_OK) status = rl_onnx_sum(s, b, 1, kink, sign, out);
  if (status == RL_OK) settle_numbers(a, b, sign, *out);
  rl_onnx_release(above);
  rl_onnx_release(kink);
  return status;
}

/* ---- the best of many -------------------------------------------------------------------------------------- */

/* A round of a knock-out: of each list pairs meet, and the winner, or one left over, goes on.  first, second: elements
 * of f by pair (second -1: left over).  Returns the pairs. */
static size_t draw(int count, size_t *start, const int *element, int *first, int *second) {
  size_t pairs = 0, from = start[0];
  for (int i = 0; i < count; i++) {
    size_t end = start[i + 1];
    for (; from < end; from += 2, pairs++) {
      first[pairs] = element[from];
      second[pairs] = from + 1 < end ? element[from + 1] : -1;
    }
    from = end;
    start[i + 1] = pairs;
  }
  return pairs;
}

/* The pairs' winners, in the place of *f. */
static rl_status meet(rl_onnx_space *s, rl_onnx_forms **f, int pairs, const int *first, const int *second, int sign,
                      int *real) {
  rl_onnx_forms *a = NULL, *b = NULL, *won = NULL, *all = NULL, *next = NULL;
  int count = 0;
  for (int p = 0; p < pairs; p++)
    if (second[p] >= 0) real[count++] = second[p];
  rl_status status = rl_onnx_pick(s, *f, count, real, 0, &b);
  for (int p = 0, k = 0; p < pairs; p++)
    if (second[p] >= 0) real[k++] = first[p];
  if (status == RL_OK) status = rl_onnx_pick(s, *f, count, real, 0, &a);
  if (status == RL_OK) status = rl_onnx_better(s, a, b, sign, &won);
  rl_onnx_forms *parts[] = {*f, won};
  if (status == RL_OK) status = rl_onnx_join(s, 2, parts, &all);
  for (int p = 0, k = 0; p < pairs; p++) real[p] = second[p] >= 0 ? (*f)->count + k++ : first[p];
  if (status == RL_OK) status = rl_onnx_pick(s, all, pairs, real, 0, &next);
  rl_onnx_release(a);
  rl_onnx_release(b);
  rl_onnx_release(won);
  rl_onnx_release(all);
  if (status != RL_OK) return status;
  rl_onnx_release(*f);
  *f = next;
  return RL_OK;
}

rl_status rl_onnx_best(rl_onnx_space *s, const rl_onnx_forms *from, int count, const size_t *start,
                       const int *element, int sign, rl_onnx_forms **out) {
  size_t total = start[count];
  size_t *ends = rl_copy_bytes(start, ((size_t)count + 1) * sizeof *ends);
  int *list = rl_copy_bytes(element, total * sizeof *list), *scratch = rl_alloc(3 * total, sizeof *scratch);
  rl_status status = ends && list && scratch ? RL_OK : rl_fail_memory(s->err);
  rl_onnx_forms *f = NULL;
  if (status == RL_OK) status = rl_onnx_pick(s, from, (int)total, list, 0, &f);
  for (size_t i = 0; i < total && status == RL_OK; i++) list[i] = (int)i;
  while (status == RL_OK && ends[count] > (size_t)count) {
    size_t pairs = draw(count, ends, list, scratch, scratch + total);
    status = meet(s, &f, (int)pairs, scratch, scratch + total, sign, scratch + 2 * total);
    for (size_t p = 0; p < pairs; p++) list[p] = (int)p;
  }
  rl_free(ends);
  rl_free(list);
  rl_free(scratch);
  if (status == RL_OK)
    *out = f;
  else
    rl_onnx_release(f);
  return status;
}
