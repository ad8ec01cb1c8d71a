/* L2: the reader of ONNX files: from the file's bytes to a network. */
#include "format/onnx/onnx.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "format/file.h"

/* ---- the values that the graph names ----------------------------------------------------------- */

static const char *text_of(const char *text) { return text ? text : ""; }

static int by_name(const void *a, const void *b) {
  return strcmp(((const rl_onnx_value *)a)->name, ((const rl_onnx_value *)b)->name);
}

/* NULL: no value has this name. */
static rl_onnx_value *find_value(const rl_onnx *reader, const char *name) {
  rl_onnx_value key = {.name = name};
  return bsearch(&key, reader->values, (size_t)reader->count, sizeof key, by_name);
}

static rl_status sort_values(rl_onnx *reader) {
  qsort(reader->values, (size_t)reader->count, sizeof *reader->values, by_name);
  for (int i = 1; i < reader->count; i++)
    if (strcmp(reader->values[i - 1].name, reader->values[i].name) == 0)
      return rl_fail(reader->err, RL_EFORMAT, "%s: more than one value has the name '%s'", reader->path,
                     rl_onnx_name_text(reader->values[i].name).text);
  return RL_OK;
}

static void append_value(rl_onnx *reader, rl_onnx_value value) {
  if (value.name[0]) reader->values[reader->count++] = value;
}

/* The graph's one input.  Files of old versions list the initializers among the inputs, too. */
static rl_status find_input(const rl_onnx *reader, const Rl__Onnx__ValueInfo **input) {
  const Rl__Onnx__Graph *graph = reader->graph;
  int inputs = 0;
  for (size_t i = 0; i < graph->n_input; i++) {
    if (find_value(reader, text_of(graph->input[i]->name))) continue;
    *input = graph->input[i];
    inputs++;
  }
  if (inputs != 1) return rl_fail(reader->err, RL_EFORMAT, "%s: has %d inputs, expected one", reader->path, inputs);
  return RL_OK;
}

/* Fills reader->values: initializers, the input, and all that nodes compute. */
static rl_status collect_values(rl_onnx *reader, const Rl__Onnx__ValueInfo **input) {
  const Rl__Onnx__Graph *graph = reader->graph;
  size_t most = graph->n_initializer + 1;
  for (size_t i = 0; i < graph->n_node; i++) most += graph->node[i]->n_output;
  reader->values = rl_alloc(most, sizeof *reader->values);
  if (!reader->values) return rl_fail_memory(reader->err);
  for (size_t i = 0; i < graph->n_initializer; i++)
    append_value(reader,
                 (rl_onnx_value){.name = text_of(graph->initializer[i]->name), .initializer = graph->initializer[i]});
  rl_status status = sort_values(reader);
  if (status == RL_OK) status = find_input(reader, input);
  if (status != RL_OK) return status;
  append_value(reader, (rl_onnx_value){.name = text_of((*input)->name)});
  for (size_t i = 0; i < graph->n_node; i++)
    for (size_t k = 0; k < graph->node[i]->n_output; k++)
      append_value(reader, (rl_onnx_value){.name = text_of(graph->node[i]->output[k]),
                                           .kind = k ? RL_ONNX_UNUSABLE : RL_ONNX_PENDING});
  return sort_values(reader);
}

/* ---- the input --------------------------------------------------------------------------------- */

static rl_status fail_input(const rl_onnx *reader, const Rl__Onnx__ValueInfo *input, const char *message) {
  return rl_fail(reader->err, RL_EFORMAT, "%s: input '%s': %s", reader->path,
                 rl_onnx_name_text(text_of(input->name)).text, message);
}

/* The shape; a first dimension without a fixed size is the batch and becomes 1. */
static rl_status read_input_shape(const rl_onnx *reader, const Rl__Onnx__ValueInfo *input, rl_onnx_shape *shape) {
  const Rl__Onnx__Type__TensorType *type = input->type ? input->type->tensor_type : NULL;
  if (!type || !type->shape) return fail_input(reader, input, "has no shape");
  if (type->elem_type != RL__ONNX__TENSOR__DATA_TYPE__FLOAT && type->elem_type != RL__ONNX__TENSOR__DATA_TYPE__DOUBLE)
    return fail_input(reader, input, "expected data type 1 (float) or 11 (double)");
  *shape = (rl_onnx_shape){0};
  for (size_t k = 0; k < type->shape->n_dim; k++) {
    const Rl__Onnx__Shape__Dimension *dim = type->shape->dim[k];
    int fixed = dim->has_dim_value && dim->dim_value > 0;
    if (!fixed && k > 0) return fail_input(reader, input, "only the first dimension may be without a fixed size");
    if (!rl_onnx_extend(shape, fixed ? dim->dim_value : 1)) return fail_input(reader, input, "is too large");
  }
  return RL_OK;
}

static rl_status set_input(rl_onnx *reader, const Rl__Onnx__ValueInfo *input) {
  rl_onnx_value *value = find_value(reader, text_of(input->name));
  if (!value) return rl_fail(reader->err, RL_EFORMAT, "%s: the input has no name", reader->path);
  rl_status status = read_input_shape(reader, input, &value->shape);
  if (status != RL_OK) return status;
  value->map.in = rl_onnx_count(&value->shape);
  value->map.b = rl_alloc((size_t)value->map.in, sizeof *value->map.b);
  if (!value->map.b) return rl_fail_memory(reader->err);
  value->kind = RL_ONNX_MAPPED;
  return RL_OK;
}

/* ---- layers ------------------------------------------------------------------------------------- */

static rl_status reserve_layer(rl_onnx *reader) {
  if (reader->layers < reader->capacity) return RL_OK;
  size_t capacity = 2 * (size_t)reader->capacity + 8;
  int *sizes = rl_realloc(reader->sizes, (capacity + 1) * sizeof *sizes);
  if (sizes) reader->sizes = sizes;
  double **weights = rl_realloc(reader->weights, capacity * sizeof *weights);
  if (weights) reader->weights = weights;
  double **biases = rl_realloc(reader->biases, capacity * sizeof *biases);
  if (biases) reader->biases = biases;
  if (!sizes || !weights || !biases) return rl_fail_memory(reader->err);
  reader->capacity = (int)capacity;
  return RL_OK;
}

/* The map, with its identity written out, becomes the next layer, which owns its arrays from then on. */
static rl_status finish_layer(rl_onnx_node *node, rl_onnx_map *map, int count) {
  rl_onnx *reader = node->reader;
  rl_status status = reserve_layer(reader);
  if (status == RL_OK) status = rl_onnx_expand(node, map, count);
  if (status != RL_OK) return status;
  reader->weights[reader->layers] = map->W;
  reader->biases[reader->layers] = map->b;
  reader->sizes[reader->layers++] = map->in;
  reader->sizes[reader->layers] = count;
  map->W = map->b = NULL;
  return RL_OK;
}

rl_status rl_onnx_relu(rl_onnx_node *node) {
  rl_status status = rl_onnx_need_map(node, 0, "X");
  if (status != RL_OK) return status;
  rl_onnx_value *x = node->in[0];
  int count = rl_onnx_count(&x->shape);
  double *b = rl_alloc((size_t)count, sizeof *b);
  if (!b) return rl_fail_memory(node->reader->err);
  status = finish_layer(node, &x->map, count);
  if (status != RL_OK) {
    rl_free(b);
    return status;
  }
  node->out->kind = RL_ONNX_MAPPED;
  node->out->shape = x->shape;
  node->out->map = (rl_onnx_map){.base = node->reader->layers, .in = count, .b = b};
  return RL_OK;
}

/* ---- walking the graph ---------------------------------------------------------------------------- */

/* Count who uses each value on the way to the output; needed[i]: node i lies on such a way. */
static void mark_needed(rl_onnx *reader, rl_onnx_value *output, char *needed) {
  output->uses = 1;
  for (size_t i = reader->graph->n_node; i-- > 0;) {
    const Rl__Onnx__Node *proto = reader->graph->node[i];
    for (size_t k = 0; k < proto->n_output && !needed[i]; k++) {
      const rl_onnx_value *value = find_value(reader, proto->output[k]);
      needed[i] = value && value->uses > 0;
    }
    for (size_t k = 0; k < proto->n_input && needed[i]; k++) {
      rl_onnx_value *value = find_value(reader, proto->input[k]);
      if (value) value->uses++;
    }
  }
}

static rl_status fetch_input(rl_onnx_node *node, int i) {
  rl_onnx *reader = node->reader;
  const char *name = node->proto->input[i];
  if (!name[0]) return RL_OK;
  rl_onnx_value *value = find_value(reader, name);
  rl_onnx_text shown = rl_onnx_name_text(name);
  if (value && value->kind == RL_ONNX_PENDING && value->initializer) {
    rl_status status = rl_onnx_read_tensor(reader, value->initializer, "initializer", name, value);
    if (status != RL_OK) return status;
  }
  if (!value || value->kind == RL_ONNX_PENDING)
    return rl_onnx_fail(node, "its input '%s' is %s", shown.text,
                        value ? "not computed by an earlier node (a cycle?)" : "missing");
  if (value->kind == RL_ONNX_UNUSABLE)
    return rl_onnx_fail(node, "its input '%s' is a further output of a node, which is not supported", shown.text);
  if (value->kind == RL_ONNX_MAPPED && value->map.base != reader->layers)
    return rl_onnx_fail(node,
                        "its input '%s' leads around a Relu: networks with several paths (residual connections) are "
                        "not supported",
                        shown.text);
  node->in[i] = value;
  return RL_OK;
}

static rl_status fetch(rl_onnx_node *node) {
  const Rl__Onnx__Node *proto = node->proto;
  const char *name = proto->n_output ? proto->output[0] : "";
  node->out = find_value(node->reader, name);
  if (!node->out) return rl_onnx_fail(node, "its first output has no name");
  for (int i = 0; i < node->inputs && i < RL_ONNX_INPUTS; i++) {
    rl_status status = fetch_input(node, i);
    if (status != RL_OK) return status;
  }
  return RL_OK;
}

/* A value is freed behind its last use. */
static void release_inputs(const rl_onnx_node *node) {
  for (int i = 0; i < node->inputs && i < RL_ONNX_INPUTS; i++)
    if (node->in[i] && --node->in[i]->uses == 0) rl_onnx_clear(node->in[i]);
}

static rl_status walk(rl_onnx *reader, const char *needed) {
  for (size_t i = 0; i < reader->graph->n_node; i++) {
    if (!needed[i]) continue;
    const Rl__Onnx__Node *proto = reader->graph->node[i];
    rl_onnx_node node = {.reader = reader, .proto = proto, .number = (int)i + 1, .inputs = (int)proto->n_input};
    rl_status status = fetch(&node);
    if (status == RL_OK) status = rl_onnx_compute(&node);
    if (status != RL_OK) return status;
    release_inputs(&node);
  }
  return RL_OK;
}

/* The output's map becomes the last layer; after a final Relu that is the identity. */
static rl_status finish_output(rl_onnx *reader, rl_onnx_value *output) {
  rl_onnx_text name = rl_onnx_name_text(output->name);
  if (output->kind != RL_ONNX_MAPPED || output->map.base != reader->layers)
    return rl_fail(reader->err, RL_EFORMAT, "%s: output '%s' is not computed from the input", reader->path, name.text);
  Rl__Onnx__Node proto = {.name = (char *)output->name, .op_type = (char[]){"output"}};
  rl_onnx_node node = {.reader = reader, .proto = &proto, .number = (int)reader->graph->n_node + 1};
  return finish_layer(&node, &output->map, rl_onnx_count(&output->shape));
}

static rl_status read_graph(rl_onnx *reader) {
  const Rl__Onnx__Graph *graph = reader->graph;
  const Rl__Onnx__ValueInfo *input = NULL;
  if (graph->n_sparse_initializer)
    return rl_fail(reader->err, RL_EFORMAT, "%s: has sparse initializers, which are not supported", reader->path);
  if (graph->n_output != 1)
    return rl_fail(reader->err, RL_EFORMAT, "%s: has %zu outputs, expected one", reader->path, graph->n_output);
  rl_status status = collect_values(reader, &input);
  if (status == RL_OK) status = set_input(reader, input);
  if (status != RL_OK) return status;
  rl_onnx_value *output = find_value(reader, text_of(graph->output[0]->name));
  if (!output)
    return rl_fail(reader->err, RL_EFORMAT, "%s: output '%s' is computed by no node", reader->path,
                   rl_onnx_name_text(text_of(graph->output[0]->name)).text);
  char *needed = rl_alloc(graph->n_node, 1);
  if (!needed) return rl_fail_memory(reader->err);
  mark_needed(reader, output, needed);
  status = walk(reader, needed);
  rl_free(needed);
  return status == RL_OK ? finish_output(reader, output) : status;
}

/* ---- the network ------------------------------------------------------------------------------------ */

static void close_reader(rl_onnx *reader) {
  for (int i = 0; i < reader->count; i++) rl_onnx_clear(&reader->values[i]);
  for (int k = 0; k < reader->layers; k++) {
    rl_free(reader->weights[k]);
    rl_free(reader->biases[k]);
  }
  rl_free(reader->values);
  rl_free(reader->sizes);
  rl_free(reader->weights);
  rl_free(reader->biases);
}

/* The layers' arrays change places with the network's: close_reader frees what is left. */
static rl_status build(rl_network **out, rl_onnx *reader, const char *sha) {
  rl_network *net = NULL;
  rl_status status = rl_network_allocate(&net, reader->layers, reader->sizes, reader->err);
  if (status != RL_OK) return status;
  for (int k = 0; k < reader->layers; k++) {
    double *weights = net->weights[k], *biases = net->biases[k];
    net->weights[k] = reader->weights[k];
    net->biases[k] = reader->biases[k];
    reader->weights[k] = weights;
    reader->biases[k] = biases;
  }
  snprintf(net->sha256, sizeof net->sha256, "%s", sha);
  char *file = rl_copy_string(reader->path);
  if (file) {
    rl_free(net->file);
    net->file = file;
  }
  status = file ? rl_network_finish(net, reader->err) : rl_fail_memory(reader->err);
  if (status == RL_EINPUT) /* every number of the file is finite, so composing overflowed */
    status =
        rl_fail(reader->err, RL_EFORMAT, "%s: composed, a weight or bias exceeds the range of doubles", reader->path);
  if (status == RL_OK)
    *out = net;
  else
    rl_network_release(net);
  return status;
}

static void *allocate_message(void *failed, size_t size) {
  void *p = rl_alloc(size, 1);
  if (!p) *(int *)failed = 1;
  return p;
}

static void free_message(void *failed, void *p) {
  (void)failed;
  rl_free(p);
}

static rl_status parse(rl_network **out, const char *path, const char *bytes, size_t length, const char *sha,
                       rl_error *err) {
  int failed = 0;
  ProtobufCAllocator allocator = {allocate_message, free_message, &failed};
  Rl__Onnx__Model *model = rl__onnx__model__unpack(&allocator, length, (const uint8_t *)bytes);
  if (!model && failed) return rl_fail_memory(err);
  if (!model) return rl_fail(err, RL_EFORMAT, "%s: is no ONNX model, or is truncated or damaged", path);
  rl_onnx reader = {.path = path, .err = err, .graph = model->graph};
  rl_status status =
      model->graph ? read_graph(&reader) : rl_fail(err, RL_EFORMAT, "%s: is no ONNX model: it has no graph", path);
  if (status == RL_OK) status = build(out, &reader, sha);
  close_reader(&reader);
  rl__onnx__model__free_unpacked(model, &allocator);
  return status;
}

rl_status rl_network_read_onnx(rl_network **out, const char *path, rl_error *err) {
  char *bytes, sha[65];
  size_t length;
  rl_status status = rl_file_read(path, &bytes, &length, sha, err);
  if (status != RL_OK) return status;
  status = parse(out, path, bytes, length, sha, err);
  rl_free(bytes);
  return status;
}
