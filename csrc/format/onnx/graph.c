/* L2: ONNX: the graph (see graph.h). */
#include "format/onnx/graph.h"

#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "format/onnx/operator.h"

static const char *text_of(const char *text) { return text ? text : ""; }

void rl_onnx_note(rl_onnx_reader *reader, const char *format, ...) {
  char line[1024];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(line, sizeof line, format, arguments);
  va_end(arguments);
  size_t before = reader->notes ? strlen(reader->notes) + 1 : 0, length = strlen(line);
  char *notes = rl_realloc(reader->notes, before + length + 1);
  if (!notes) return;
  if (before) notes[before - 1] = '\n';
  memcpy(notes + before, line, length + 1);
  reader->notes = notes;
}

void rl_onnx_note_rounding(rl_onnx_node *node, const char *what) {
  rl_onnx_note(node->reader, "%s: %s rounded to double", rl_onnx_node_text(node).text, what);
}

#define FAIL(reader, ...) rl_fail((reader)->space.err, RL_EFORMAT, __VA_ARGS__)

/* ---- the values that the graph names ----------------------------------------------------------- */

static int by_name(const void *a, const void *b) {
  return strcmp(((const rl_onnx_value *)a)->name, ((const rl_onnx_value *)b)->name);
}

/* NULL: no value has this name. */
static rl_onnx_value *find_value(const rl_onnx_reader *reader, const char *name) {
  rl_onnx_value key = {.name = name};
  return name[0] ? bsearch(&key, reader->values, (size_t)reader->count, sizeof key, by_name) : NULL;
}

static rl_status sort_values(rl_onnx_reader *reader) {
  qsort(reader->values, (size_t)reader->count, sizeof *reader->values, by_name);
  for (int i = 1; i < reader->count; i++)
    if (strcmp(reader->values[i - 1].name, reader->values[i].name) == 0)
      return FAIL(reader, "%s: more than one value has the name '%s'", reader->path,
                  rl_onnx_name_text(reader->values[i].name).text);
  return RL_OK;
}

static void append_value(rl_onnx_reader *reader, rl_onnx_value value) {
  if (value.name[0]) reader->values[reader->count++] = value;
}

/* Initializers, inputs (files of old versions list the initializers among them), all that nodes compute. */
static rl_status collect_values(rl_onnx_reader *reader) {
  const Rl__Onnx__Graph *graph = reader->graph;
  size_t most = graph->n_initializer + graph->n_input, initializers;
  for (size_t i = 0; i < graph->n_node; i++) most += graph->node[i]->n_output;
  if (most > INT_MAX / 2) return FAIL(reader, "%s: has %zu values", reader->path, most);
  reader->values = rl_alloc(most, sizeof *reader->values);
  reader->inputs = rl_alloc(graph->n_input, sizeof *reader->inputs);
  if (!reader->values || !reader->inputs) return rl_fail_memory(reader->space.err);
  for (size_t i = 0; i < graph->n_initializer; i++)
    append_value(reader, (rl_onnx_value){.name = text_of(graph->initializer[i]->name), .producer = -1,
                                         .initializer = graph->initializer[i]});
  rl_status status = sort_values(reader);
  if (status != RL_OK) return status;
  initializers = (size_t)reader->count;
  for (size_t i = 0; i < graph->n_input; i++) {
    rl_onnx_value key = {.name = text_of(graph->input[i]->name)};
    if (bsearch(&key, reader->values, initializers, sizeof key, by_name)) continue;
    if (!key.name[0]) return FAIL(reader, "%s: an input has no name", reader->path);
    append_value(reader, (rl_onnx_value){.name = key.name, .producer = -1, .is_input = 1});
  }
  for (size_t i = 0; i < graph->n_node; i++)
    for (size_t k = 0; k < graph->node[i]->n_output; k++)
      append_value(reader, (rl_onnx_value){.name = text_of(graph->node[i]->output[k]), .producer = (int)i});
  return sort_values(reader);
}

/* ---- the inputs -------------------------------------------------------------------------------- */

static rl_status fail_input(const rl_onnx_reader *reader, const Rl__Onnx__ValueInfo *input, const char *message) {
  return FAIL(reader, "%s: input '%s': %s", reader->path, rl_onnx_name_text(text_of(input->name)).text, message);
}

/* A network with more inputs is none that anything here could be said of; a size in a damaged file is soon larger. */
enum { MOST_INPUTS = 1 << 20 };

/* The shape; a first dimension without a fixed size is the batch and becomes 1. */
static rl_status read_input_shape(const rl_onnx_reader *reader, const Rl__Onnx__ValueInfo *input,
                                  rl_onnx_shape *shape) {
  const Rl__Onnx__Type__TensorType *type = input->type ? input->type->tensor_type : NULL;
  if (!type || !type->shape) return fail_input(reader, input, "has no shape");
  if (!rl_onnx_is_float(type->elem_type))
    return fail_input(reader, input, "expected floating-point numbers (data type 1, 10, 11 or 16)");
  *shape = (rl_onnx_shape){0};
  for (size_t k = 0; k < type->shape->n_dim; k++) {
    const Rl__Onnx__Shape__Dimension *dim = type->shape->dim[k];
    int fixed = dim->has_dim_value && dim->dim_value > 0;
    if (!fixed && k > 0) return fail_input(reader, input, "only the first dimension may be without a fixed size");
    if (!rl_onnx_extend(shape, fixed ? dim->dim_value : 1) || rl_onnx_count(shape) > MOST_INPUTS)
      return fail_input(reader, input, "is too large");
  }
  return RL_OK;
}

/* Inputs become units, in the order in which the graph lists them. */
static rl_status set_inputs(rl_onnx_reader *reader) {
  for (size_t i = 0; i < reader->graph->n_input; i++) {
    const Rl__Onnx__ValueInfo *input = reader->graph->input[i];
    rl_onnx_value *value = find_value(reader, text_of(input->name));
    if (!value || !value->is_input) continue;
    rl_status status = read_input_shape(reader, input, &value->shape);
    if (status == RL_OK) status = rl_onnx_need(&reader->space, 40.0 * rl_onnx_count(&value->shape));
    if (status == RL_OK) status = rl_onnx_inputs(&reader->space, rl_onnx_count(&value->shape), &value->forms);
    if (status != RL_OK) return status;
    value->state = RL_ONNX_READY;
    value->uses = 1; /* the reader's own */
    reader->inputs[reader->input_count++] = value;
  }
  if (reader->input_count == 0) return FAIL(reader, "%s: has no input", reader->path);
  for (int i = 0; i < reader->input_count && reader->input_count > 1; i++)
    rl_onnx_note(reader, "input %d of %d: '%s', %s", i + 1, reader->input_count,
                 rl_onnx_name_text(reader->inputs[i]->name).text, rl_onnx_shape_text(&reader->inputs[i]->shape).text);
  return RL_OK;
}

/* ---- the output -------------------------------------------------------------------------------- */

static void list_outputs(const rl_onnx_reader *reader, char *text, size_t size) {
  text[0] = 0;
  for (size_t i = 0; i < reader->graph->n_output; i++) {
    size_t length = strlen(text);
    snprintf(text + length, size - length, " %s", rl_onnx_name_text(text_of(reader->graph->output[i]->name)).text);
  }
}

/* Any value of the graph may be asked for. */
static rl_status choose_output(rl_onnx_reader *reader, const char *wanted) {
  char names[512];
  list_outputs(reader, names, sizeof names);
  if (!wanted && reader->graph->n_output == 0) return FAIL(reader, "%s: has no output", reader->path);
  const char *name = wanted ? wanted : text_of(reader->graph->output[0]->name);
  reader->output = find_value(reader, name);
  if (!reader->output && wanted)
    return FAIL(reader, "%s: has no output '%s'; its outputs are:%s", reader->path, rl_onnx_name_text(wanted).text,
                names);
  if (!reader->output)
    return FAIL(reader, "%s: output '%s' is computed by no node", reader->path, rl_onnx_name_text(name).text);
  if (!wanted && reader->graph->n_output > 1)
    rl_onnx_note(reader, "output '%s' is read, the first of:%s", rl_onnx_name_text(name).text, names);
  return RL_OK;
}

/* ---- nodes ------------------------------------------------------------------------------------- */

static rl_status make_node(rl_onnx_reader *reader, int number, rl_onnx_node *node) {
  const Rl__Onnx__Node *proto = reader->graph->node[number];
  *node = (rl_onnx_node){.reader = reader, .space = &reader->space, .source = &reader->source, .path = reader->path,
                         .proto = proto, .number = number + 1, .opset = reader->opset,
                         .inputs = (int)proto->n_input, .outputs = (int)proto->n_output};
  node->in = rl_alloc(proto->n_input + proto->n_output, sizeof *node->in);
  if (!node->in) return rl_fail_memory(reader->space.err);
  node->out = node->in + proto->n_input;
  for (size_t k = 0; k < proto->n_output; k++) node->out[k] = find_value(reader, text_of(proto->output[k]));
  return RL_OK;
}

static rl_status read_initializer(rl_onnx_reader *reader, rl_onnx_value *value) {
  value->state = RL_ONNX_READY;
  return rl_onnx_read_tensor(&reader->source, value->initializer, "initializer", value->name, &value->shape,
                             &value->forms, &value->whole);
}

static rl_status fetch_input(rl_onnx_node *node, int i) {
  const char *name = text_of(node->proto->input[i]);
  if (!name[0]) return RL_OK;
  rl_onnx_value *value = find_value(node->reader, name);
  rl_onnx_text shown = rl_onnx_name_text(name);
  if (!value) return rl_onnx_fail(node, "its input '%s' is missing", shown.text);
  if (value->state == RL_ONNX_PENDING && value->initializer) {
    rl_status status = read_initializer(node->reader, value);
    if (status != RL_OK) return status;
  }
  if (value->state != RL_ONNX_READY)
    return rl_onnx_fail(node, "its input '%s' is a further output of a node, which is not supported", shown.text);
  node->in[i] = value->forms ? value : NULL; /* empty: as if it were left out */
  return RL_OK;
}

/* Forms are freed behind their last use. */
static void release_inputs(const rl_onnx_reader *reader, const Rl__Onnx__Node *proto) {
  for (size_t i = 0; i < proto->n_input; i++) {
    rl_onnx_value *value = find_value(reader, text_of(proto->input[i]));
    if (!value || --value->uses > 0) continue;
    rl_onnx_release(value->forms);
    value->forms = NULL;
  }
}

static rl_status compute_node(rl_onnx_reader *reader, int number) {
  rl_onnx_node node;
  rl_status status = make_node(reader, number, &node);
  if (status == RL_OK && (node.outputs == 0 || !node.out[0])) {
    status = rl_onnx_fail(&node, "its first output has no name");
  }
  for (int i = 0; i < node.inputs && status == RL_OK; i++) status = fetch_input(&node, i);
  if (status == RL_OK) status = rl_onnx_compute(&node);
  rl_free(node.in);
  if (status == RL_OK) release_inputs(reader, reader->graph->node[number]);
  return status;
}

/* ---- the order --------------------------------------------------------------------------------- */

typedef struct order {
  int *list, count;   /* nodes, each behind those it takes from */
  int *stack, *next;  /* nodes under way; the input of each to be looked at next */
  int depth;
  uint8_t *state; /* nodes: 1 under way, 2 in the list */
} order;

static rl_status fail_cycle(rl_onnx_reader *reader, int number, const char *name) {
  rl_onnx_node node;
  rl_status status = make_node(reader, number, &node);
  if (status != RL_OK) return status;
  status = rl_onnx_fail(&node, "its input '%s' is computed from its own output: a cycle", rl_onnx_name_text(name).text);
  rl_free(node.in);
  return status;
}

static void push_node(order *o, int number) {
  o->state[number] = 1;
  o->stack[o->depth] = number;
  o->next[o->depth++] = 0;
}

/* Depth first from one node. */
static rl_status visit(rl_onnx_reader *reader, order *o, int first) {
  if (!o->state[first]) push_node(o, first);
  while (o->depth > 0) {
    int number = o->stack[o->depth - 1];
    const Rl__Onnx__Node *proto = reader->graph->node[number];
    if (o->next[o->depth - 1] == (int)proto->n_input) {
      o->state[number] = 2;
      o->list[o->count++] = number;
      o->depth--;
      continue;
    }
    const char *name = text_of(proto->input[o->next[o->depth - 1]++]);
    rl_onnx_value *value = find_value(reader, name);
    if (value) value->uses++;
    if (!value || value->producer < 0 || o->state[value->producer] == 2) continue;
    if (o->state[value->producer] == 1) return fail_cycle(reader, number, name);
    push_node(o, value->producer);
  }
  return RL_OK;
}

static rl_status compute_value(rl_onnx_reader *reader, rl_onnx_value *value) {
  size_t nodes = reader->graph->n_node;
  order o = {.list = rl_alloc(nodes, sizeof *o.list), .stack = rl_alloc(nodes, sizeof *o.stack),
             .next = rl_alloc(nodes, sizeof *o.next), .state = rl_alloc(nodes, 1)};
  rl_status status = o.list && o.stack && o.next && o.state ? RL_OK : rl_fail_memory(reader->space.err);
  value->uses++;
  if (status == RL_OK && value->producer >= 0) status = visit(reader, &o, value->producer);
  for (int i = 0; i < o.count && status == RL_OK; i++) status = compute_node(reader, o.list[i]);
  if (status == RL_OK && value->initializer && value->state == RL_ONNX_PENDING)
    status = read_initializer(reader, value);
  if (status == RL_OK && (value->state != RL_ONNX_READY || !value->forms))
    status = FAIL(reader, "%s: output '%s' is %s", reader->path, rl_onnx_name_text(value->name).text,
                  value->state == RL_ONNX_READY ? "empty" : "a further output of a node, which is not supported");
  rl_free(o.list);
  rl_free(o.stack);
  rl_free(o.next);
  rl_free(o.state);
  return status;
}

/* ---- what ends the graph ------------------------------------------------------------------------- */

static int is_order_keeping(const Rl__Onnx__Node *proto) {
  const char *word = text_of(proto->op_type);
  return proto->n_input == 1 && (strcmp(word, "Softmax") == 0 || strcmp(word, "LogSoftmax") == 0 ||
                                 strcmp(word, "ArgMax") == 0);
}

/* The nodes at the end that only map the outputs in their order, the last one first: to list; returns how many.  What
 * they map becomes the reader's output. */
static rl_status find_end(rl_onnx_reader *reader, int *list, int *count) {
  *count = 0;
  for (;;) {
    int number = reader->output->producer;
    if (number < 0 || !is_order_keeping(reader->graph->node[number])) return RL_OK;
    const char *name = text_of(reader->graph->node[number]->input[0]);
    if ((size_t)*count == reader->graph->n_node) return fail_cycle(reader, number, name);
    list[(*count)++] = number;
    rl_onnx_value *before = find_value(reader, name);
    if (!before)
      return FAIL(reader, "%s: node %d: its input '%s' is missing", reader->path, number + 1,
                  rl_onnx_name_text(name).text);
    reader->output = before;
  }
}

/* The node only maps the output in its order, or the file is refused. */
static rl_status leave_out(rl_onnx_reader *reader, int number) {
  rl_onnx_node node;
  rl_status status = make_node(reader, number, &node);
  if (status != RL_OK) return status;
  rl_onnx_text output = rl_onnx_name_text(reader->output->name);
  if (rl_onnx_keeps_order(&node, &reader->output->shape))
    rl_onnx_note(reader, "%s: left out, the order of the outputs is that of '%s'", rl_onnx_node_text(&node).text,
                 output.text);
  else
    status = rl_onnx_fail(&node,
                          "is not piecewise linear, and cannot be left out: it is over a part of its input of shape %s; "
                          "the network up to it can be read: output '%s'",
                          rl_onnx_shape_text(&reader->output->shape).text, output.text);
  rl_free(node.in);
  return status;
}

static rl_status compute_output(rl_onnx_reader *reader) {
  int count = 0, *list = rl_alloc(reader->graph->n_node, sizeof *list);
  if (!list) return rl_fail_memory(reader->space.err);
  rl_status status = find_end(reader, list, &count);
  if (status == RL_OK) status = compute_value(reader, reader->output);
  for (int i = 0; i < count && status == RL_OK; i++) status = leave_out(reader, list[i]);
  rl_free(list);
  return status;
}

static int opset_of(const Rl__Onnx__Model *model) {
  for (size_t i = 0; i < model->n_opset_import; i++) {
    const char *domain = text_of(model->opset_import[i]->domain);
    int64_t version = model->opset_import[i]->version;
    if ((!domain[0] || strcmp(domain, "ai.onnx") == 0) && version > 0 && version < 1000) return (int)version;
  }
  return 13;
}

rl_status rl_onnx_read_graph(rl_onnx_reader *reader, const char *output) {
  reader->opset = opset_of(reader->model);
  if (reader->graph->n_sparse_initializer)
    return FAIL(reader, "%s: has sparse initializers, which are not supported", reader->path);
  rl_status status = collect_values(reader);
  if (status == RL_OK) status = set_inputs(reader);
  if (status == RL_OK) status = choose_output(reader, output);
  if (status == RL_OK) status = compute_output(reader);
  if (status != RL_OK) return status;
  for (int i = 0; i < reader->output->forms->count; i++)
    if (!isfinite(reader->output->forms->constant[i]))
      return FAIL(reader, "%s: output '%s' is infinite", reader->path, rl_onnx_name_text(reader->output->name).text);
  return RL_OK;
}

void rl_onnx_graph_free(rl_onnx_reader *reader) {
  for (int i = 0; i < reader->count; i++) rl_onnx_release(reader->values[i].forms);
  rl_free(reader->values);
  rl_free(reader->inputs);
  rl_free(reader->notes);
  rl_onnx_source_free(&reader->source);
  rl_onnx_space_free(&reader->space);
}
