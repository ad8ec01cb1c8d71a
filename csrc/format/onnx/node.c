/* L2: ONNX: nodes, their attributes, inputs and outputs (see node.h). */
#include "format/onnx/node.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "format/onnx/graph.h"

rl_onnx_text rl_onnx_node_text(const rl_onnx_node *node) {
  rl_onnx_text name = rl_onnx_name_text(node->proto->name ? node->proto->name : "");
  rl_onnx_text word = rl_onnx_name_text(node->proto->op_type ? node->proto->op_type : "");
  const char *quote = name.text[0] ? "'" : "", *space = name.text[0] ? " " : "";
  rl_onnx_text t;
  snprintf(t.text, sizeof t.text, "node %d%s%s%.70s%s (%.70s)", node->number, space, quote, name.text, quote,
           word.text);
  return t;
}

rl_status rl_onnx_fail_large(const rl_onnx_node *node) {
  return rl_onnx_fail(node, "the result has more than %d elements", RL_ONNX_ELEMENTS);
}

/* ---- attributes ------------------------------------------------------------------------------ */

const Rl__Onnx__Attribute *rl_onnx_attribute(const rl_onnx_node *node, const char *name) {
  for (size_t i = 0; i < node->proto->n_attribute; i++) {
    const Rl__Onnx__Attribute *a = node->proto->attribute[i];
    if (a->name && strcmp(a->name, name) == 0) return a;
  }
  return NULL;
}

static rl_status check_range(const rl_onnx_node *node, const char *name, int64_t value, int low, int high) {
  if (value >= low && value <= high) return RL_OK;
  return rl_onnx_fail(node, "attribute '%s' is %lld, expected %d to %d", name, (long long)value, low, high);
}

rl_status rl_onnx_integer(const rl_onnx_node *node, const char *name, int low, int high, int *out) {
  const Rl__Onnx__Attribute *a = rl_onnx_attribute(node, name);
  if (!a) return RL_OK;
  if (!a->has_i && a->type != RL__ONNX__ATTRIBUTE__TYPE__INT)
    return rl_onnx_fail(node, "attribute '%s': expected an integer", name);
  rl_status status = check_range(node, name, a->i, low, high);
  if (status == RL_OK) *out = (int)a->i;
  return status;
}

rl_status rl_onnx_real(const rl_onnx_node *node, const char *name, double *out) {
  const Rl__Onnx__Attribute *a = rl_onnx_attribute(node, name);
  if (!a) return RL_OK;
  if ((!a->has_f && a->type != RL__ONNX__ATTRIBUTE__TYPE__FLOAT) || !isfinite(a->f))
    return rl_onnx_fail(node, "attribute '%s': expected a finite number", name);
  *out = a->f;
  return RL_OK;
}

rl_status rl_onnx_integers(const rl_onnx_node *node, const char *name, int count, int low, int high, int *out) {
  const Rl__Onnx__Attribute *a = rl_onnx_attribute(node, name);
  if (!a) return RL_OK;
  if (a->n_ints != (size_t)count)
    return rl_onnx_fail(node, "attribute '%s' has %zu integers, expected %d", name, a->n_ints, count);
  for (int i = 0; i < count; i++) {
    rl_status status = check_range(node, name, a->ints[i], low, high);
    if (status != RL_OK) return status;
  }
  for (int i = 0; i < count; i++) out[i] = (int)a->ints[i];
  return RL_OK;
}

rl_status rl_onnx_word(const rl_onnx_node *node, const char *name, const char *const *words, int *out) {
  const Rl__Onnx__Attribute *a = rl_onnx_attribute(node, name);
  char list[160] = "";
  if (!a) return RL_OK;
  if (a->s.len == 0 && !a->has_i && !a->has_f && !a->n_ints) return RL_OK;
  for (int i = 0; words[i]; i++) {
    if (a->s.len == strlen(words[i]) && memcmp(a->s.data, words[i], a->s.len) == 0) {
      *out = i;
      return RL_OK;
    }
    size_t length = strlen(list);
    snprintf(list + length, sizeof list - length, "%s%s", i == 0 ? "" : words[i + 1] ? ", " : " or ", words[i]);
  }
  return rl_onnx_fail(node, "attribute '%s': expected %s", name, list);
}

/* ---- inputs ---------------------------------------------------------------------------------- */

rl_status rl_onnx_need_constant(const rl_onnx_node *node, int i, const char *what) {
  if (rl_onnx_has(node, i) && rl_onnx_is_constant(node->in[i]->forms)) return RL_OK;
  return rl_onnx_fail(node, "%s (input %d): expected a constant%s", what, i,
                      rl_onnx_has(node, i) ? ", it depends on the network's input" : ", it is missing");
}

rl_status rl_onnx_need_map(const rl_onnx_node *node, int i, const char *what) {
  if (rl_onnx_has(node, i) && !rl_onnx_is_constant(node->in[i]->forms)) return RL_OK;
  return rl_onnx_fail(node, "%s (input %d): expected a value that depends on the network's input%s", what, i,
                      rl_onnx_has(node, i) ? ", it is constant" : ", it is missing");
}

/* Doubles hold the integers that are of use. */
static rl_status take_integer(const rl_onnx_node *node, const char *name, double value, long long *out) {
  if (value > 9e18) value = 9e18; /* the end of everything, as Slice has it */
  if (value < -9e18) value = -9e18;
  if (value != floor(value)) return rl_onnx_fail(node, "%s: expected integers, got %.17g", name, value);
  *out = (long long)value;
  return RL_OK;
}

rl_status rl_onnx_list(const rl_onnx_node *node, int i, const char *name, int most, long long *list, int *count) {
  const Rl__Onnx__Attribute *a = name ? rl_onnx_attribute(node, name) : NULL;
  const char *shown = name ? name : "list";
  int by_input = rl_onnx_has(node, i);
  *count = -1;
  if (!by_input && !a) return RL_OK;
  if (by_input) {
    rl_status status = rl_onnx_need_constant(node, i, shown);
    if (status != RL_OK) return status;
  } else if (!a->n_ints && (a->has_i || a->has_f || a->s.len)) {
    return rl_onnx_fail(node, "attribute '%s': expected integers", name);
  }
  size_t given = by_input ? (size_t)rl_onnx_count(&node->in[i]->shape) : a->n_ints;
  if (given > (size_t)most) return rl_onnx_fail(node, "%s: %zu integers, at most %d are supported", shown, given, most);
  for (size_t k = 0; k < given; k++) {
    rl_status status = take_integer(node, shown, by_input ? node->in[i]->forms->constant[k] : (double)a->ints[k],
                                    &list[k]);
    if (status != RL_OK) return status;
  }
  *count = (int)given;
  return RL_OK;
}

rl_status rl_onnx_axes(const rl_onnx_node *node, int i, int rank, int *chosen, int *count) {
  long long list[RL_ONNX_RANK];
  rl_status status = rl_onnx_list(node, i, "axes", RL_ONNX_RANK, list, count);
  for (int k = 0; k < *count && status == RL_OK; k++) {
    long long place = list[k] < 0 ? list[k] + rank : list[k];
    if (place < 0 || place >= rank)
      status = rl_onnx_fail(node, "axis %lld: expected %d to %d", list[k], -rank, rank - 1);
    else if (chosen[place]++)
      status = rl_onnx_fail(node, "axis %lld is given twice", list[k]);
  }
  return status;
}

rl_status rl_onnx_axis(const rl_onnx_node *node, int rank, int missing, int *axis) {
  *axis = missing;
  rl_status status = rl_onnx_integer(node, "axis", -rank, rank - 1, axis);
  if (status != RL_OK) return status;
  if (*axis < 0) *axis += rank;
  return *axis < rank ? RL_OK : rl_onnx_fail(node, "axis %d: expected %d to %d", *axis, -rank, rank - 1);
}

/* ---- outputs --------------------------------------------------------------------------------- */

void rl_onnx_give(rl_onnx_node *node, int output, const rl_onnx_shape *shape, rl_onnx_forms *forms) {
  rl_onnx_value *value = output < node->outputs ? node->out[output] : NULL;
  if (!value) {
    rl_onnx_release(forms);
    return;
  }
  value->state = RL_ONNX_READY;
  value->shape = *shape;
  value->forms = forms;
}

rl_status rl_onnx_reshaped(rl_onnx_node *node, int i, const rl_onnx_shape *shape) {
  rl_onnx_give(node, 0, shape, rl_onnx_retain(node->in[i]->forms));
  node->out[0]->whole = node->in[i]->whole;
  return RL_OK;
}

rl_status rl_onnx_picked(rl_onnx_node *node, int i, const rl_onnx_shape *shape, const int *from, double fill) {
  rl_onnx_forms *forms;
  rl_status status = rl_onnx_pick(node->space, node->in[i]->forms, rl_onnx_count(shape), from, fill, &forms);
  if (status != RL_OK) return status;
  rl_onnx_give(node, 0, shape, forms);
  node->out[0]->whole = node->in[i]->whole;
  return RL_OK;
}

rl_status rl_onnx_mapped(rl_onnx_node *node, int i, const rl_onnx_shape *shape, rl_onnx_rows *rows,
                         const void *context) {
  rl_onnx_forms *forms;
  rl_status status = rl_onnx_map(node->space, node->in[i]->forms, rows, context, rl_onnx_count(shape), &forms);
  if (status == RL_EFORMAT) return rl_onnx_fail(node, "a weight or bias exceeds the range of doubles");
  if (status != RL_OK) return status;
  if (node->space->rounded) rl_onnx_note_rounding(node, "sums of constants");
  rl_onnx_give(node, 0, shape, forms);
  return RL_OK;
}
