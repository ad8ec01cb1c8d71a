/* L2: ONNX: units and forms: making, arranging, settling (see space.h). */
#include "format/onnx/space.h"

#include <limits.h>
#include <string.h>
#include <unistd.h>

rl_status rl_onnx_need(const rl_onnx_space *space, double bytes) {
  double most = (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGE_SIZE);
  if (bytes <= most) return RL_OK;
  return rl_fail(space->err, RL_EMEMORY, "%s: the network needs more than %.1f GB, this machine has %.1f", space->path,
                 bytes / 1e9, most / 1e9);
}

/* ---- units ---------------------------------------------------------------------------------------- */

void rl_onnx_space_free(rl_onnx_space *s) {
  void *owned[] = {s->kind, s->level, s->constant, s->start, s->unit, s->weight};
  for (size_t i = 0; i < sizeof owned / sizeof *owned; i++) rl_free(owned[i]);
}

/* *array with room for `count` items; 0: memory is short, and it is as it was. */
static int grow(void *array, size_t count, size_t size) {
  void *old, *more;
  memcpy(&old, array, sizeof old);
  more = rl_realloc(old, count * size);
  if (more) memcpy(array, &more, sizeof more);
  return more != NULL;
}

static rl_status reserve_unit(rl_onnx_space *s) {
  if (s->count < s->room) return RL_OK;
  if (s->room > INT_MAX / 4) return rl_fail(s->err, RL_EFORMAT, "%s: more than %d neurons", s->path, s->room);
  size_t room = 2 * (size_t)s->room + 64;
  if (!grow(&s->kind, room, sizeof *s->kind) || !grow(&s->level, room, sizeof *s->level) ||
      !grow(&s->constant, room, sizeof *s->constant) || !grow(&s->start, room + 1, sizeof *s->start))
    return rl_fail_memory(s->err);
  if (s->room == 0) s->start[0] = 0;
  s->room = (int)room;
  return RL_OK;
}

static rl_status reserve_terms(rl_onnx_space *s, size_t more) {
  if (s->terms + more <= s->terms_room) return RL_OK;
  size_t room = 2 * s->terms_room + more + 64;
  rl_status status = rl_onnx_need(s, (double)room * (sizeof *s->unit + sizeof *s->weight));
  if (status != RL_OK) return status;
  if (!grow(&s->unit, room, sizeof *s->unit) || !grow(&s->weight, room, sizeof *s->weight))
    return rl_fail_memory(s->err);
  s->terms_room = room;
  return RL_OK;
}

rl_status rl_onnx_new_unit(rl_onnx_space *s, rl_onnx_kind kind, const rl_onnx_forms *f, int i, int *unit) {
  size_t from = f && f->start ? f->start[i] : 0, terms = f && f->start ? f->start[i + 1] - from : 0;
  rl_status status = reserve_unit(s);
  if (status == RL_OK) status = reserve_terms(s, terms);
  if (status != RL_OK) return status;
  int level = kind == RL_ONNX_INPUT ? 0 : 1;
  for (size_t t = 0; t < terms; t++) {
    s->unit[s->terms + t] = f->unit[from + t];
    s->weight[s->terms + t] = f->weight[from + t];
    if (s->level[f->unit[from + t]] >= level) level = s->level[f->unit[from + t]] + 1;
  }
  s->terms += terms;
  s->kind[s->count] = (uint8_t)kind;
  s->level[s->count] = level;
  s->constant[s->count] = f ? f->constant[i] : 0;
  *unit = s->count++;
  s->start[s->count] = s->terms;
  return RL_OK;
}

/* ---- forms ---------------------------------------------------------------------------------------- */

rl_onnx_forms *rl_onnx_retain(rl_onnx_forms *f) {
  f->references++;
  return f;
}

void rl_onnx_release(rl_onnx_forms *f) {
  if (!f || --f->references > 0) return;
  rl_free(f->constant);
  rl_free(f->start);
  rl_free(f->unit);
  rl_free(f->weight);
  rl_free(f);
}

rl_status rl_onnx_constants(rl_onnx_space *s, int count, rl_onnx_forms **out) {
  rl_onnx_forms *f = rl_alloc(1, sizeof *f);
  if (!f) return rl_fail_memory(s->err);
  f->references = 1;
  f->count = count;
  f->constant = rl_alloc((size_t)count, sizeof *f->constant);
  if (!f->constant) {
    rl_onnx_release(f);
    return rl_fail_memory(s->err);
  }
  *out = f;
  return RL_OK;
}

rl_status rl_onnx_new_forms(rl_onnx_space *s, int count, size_t terms, rl_onnx_forms **out) {
  rl_onnx_forms *f;
  rl_status status = rl_onnx_need(s, (double)terms * (sizeof *f->unit + sizeof *f->weight));
  if (status == RL_OK) status = rl_onnx_constants(s, count, &f);
  if (status != RL_OK) return status;
  f->start = rl_alloc((size_t)count + 1, sizeof *f->start);
  f->unit = rl_alloc(terms, sizeof *f->unit);
  f->weight = rl_alloc(terms, sizeof *f->weight);
  if (!f->start || !f->unit || !f->weight) {
    rl_onnx_release(f);
    return rl_fail_memory(s->err);
  }
  *out = f;
  return RL_OK;
}

rl_status rl_onnx_inputs(rl_onnx_space *s, int count, rl_onnx_forms **out) {
  rl_onnx_forms *f;
  rl_status status = rl_onnx_new_forms(s, count, (size_t)count, &f);
  for (int i = 0; i < count && status == RL_OK; i++) {
    status = rl_onnx_new_unit(s, RL_ONNX_INPUT, NULL, 0, &f->unit[i]);
    f->weight[i] = 1;
    f->start[i + 1] = (size_t)i + 1;
    if (status != RL_OK) rl_onnx_release(f);
  }
  if (status == RL_OK) *out = f;
  return status;
}

/* ---- arranging ---------------------------------------------------------------------------------------- */

/* Form `to` of out, whose terms begin where those before it end, becomes form i of f. */
static void copy_form(rl_onnx_forms *out, int to, const rl_onnx_forms *f, int i) {
  out->constant[to] = f->constant[i];
  if (!out->start) return;
  size_t from = f->start ? f->start[i] : 0, terms = f->start ? f->start[i + 1] - from : 0, at = out->start[to];
  if (terms) {
    memcpy(out->unit + at, f->unit + from, terms * sizeof *f->unit);
    memcpy(out->weight + at, f->weight + from, terms * sizeof *f->weight);
  }
  out->start[to + 1] = at + terms;
}

rl_status rl_onnx_pick(rl_onnx_space *s, const rl_onnx_forms *f, int count, const int *from, double fill,
                       rl_onnx_forms **out) {
  size_t terms = 0;
  for (int i = 0; i < count && f->start; i++)
    if (from[i] >= 0) terms += f->start[from[i] + 1] - f->start[from[i]];
  rl_status status = f->start ? rl_onnx_new_forms(s, count, terms, out) : rl_onnx_constants(s, count, out);
  for (int i = 0; i < count && status == RL_OK; i++) {
    if (from[i] >= 0) {
      copy_form(*out, i, f, from[i]);
      continue;
    }
    (*out)->constant[i] = fill;
    if ((*out)->start) (*out)->start[i + 1] = (*out)->start[i];
  }
  return status;
}

rl_status rl_onnx_join(rl_onnx_space *s, int parts, rl_onnx_forms *const *part, rl_onnx_forms **out) {
  size_t terms = 0;
  long long count = 0;
  int constant = 1, at = 0;
  for (int p = 0; p < parts; p++) {
    count += part[p]->count;
    constant = constant && !part[p]->start;
    terms += part[p]->start ? part[p]->start[part[p]->count] : 0;
  }
  if (count > INT_MAX) return rl_fail(s->err, RL_EFORMAT, "%s: more than %d elements at once", s->path, INT_MAX);
  rl_status status =
      constant ? rl_onnx_constants(s, (int)count, out) : rl_onnx_new_forms(s, (int)count, terms, out);
  for (int p = 0; p < parts && status == RL_OK; p++)
    for (int i = 0; i < part[p]->count; i++) copy_form(*out, at++, part[p], i);
  return status;
}

/* ---- settling ------------------------------------------------------------------------------------------ */

/* Is form i a unit, no more and no less? */
static int is_unit(const rl_onnx_forms *f, int i) {
  size_t at = f->start[i];
  return f->start[i + 1] == at + 1 && f->weight[at] == 1 && f->constant[i] == 0;
}

rl_status rl_onnx_settle(rl_onnx_space *s, rl_onnx_forms *f, int all) {
  rl_onnx_forms *settled;
  rl_status status = rl_onnx_new_forms(s, f->count, (size_t)f->count, &settled);
  if (status != RL_OK) return status;
  for (int i = 0; i < f->count && status == RL_OK; i++) {
    int keep = !all && (rl_onnx_is_number(f, i) || is_unit(f, i));
    size_t at = settled->start[i];
    if (keep)
      copy_form(settled, i, f, i);
    else
      status = rl_onnx_new_unit(s, RL_ONNX_LINEAR, f, i, &settled->unit[at]);
    if (keep) continue;
    settled->weight[at] = 1;
    settled->start[i + 1] = at + 1;
  }
  if (status == RL_OK) { /* all who hold f see the units */
    rl_onnx_forms old = *f;
    *f = *settled;
    f->references = old.references;
    *settled = old;
    settled->references = 1;
  }
  rl_onnx_release(settled);
  return status;
}

rl_status rl_onnx_narrow(rl_onnx_space *s, rl_onnx_forms *f) {
  if (!f->start) return RL_OK;
  uint8_t *seen = rl_alloc((size_t)s->count, 1);
  if (!seen) return rl_fail_memory(s->err);
  int rows = 0, units = 0;
  for (int i = 0; i < f->count; i++) {
    if (is_unit(f, i) || rl_onnx_is_number(f, i)) continue;
    rows++;
    for (size_t t = f->start[i]; t < f->start[i + 1]; t++) {
      units += !seen[f->unit[t]];
      seen[f->unit[t]] = 1;
    }
  }
  rl_free(seen);
  return rows < units ? rl_onnx_settle(s, f, 0) : RL_OK;
}

int rl_onnx_height(const rl_onnx_space *s, const rl_onnx_forms *f) {
  int height = 0;
  for (size_t t = 0; f->start && t < f->start[f->count]; t++)
    if (s->level[f->unit[t]] > height) height = s->level[f->unit[t]];
  return height;
}
