/* L2: the reader of ONNX files: from the file's bytes to a network.
 *
 *   tensor.c    numbers of the file
 *   space.c     units and affine forms over them; affine.c maps of forms; kink.c max(f, 0) and what comes of it
 *   graph.c     values and the order of nodes; node.c what a node sees; operator.c the table; a file for each kind of them
 *   layers.c    units as layers */
#include <stdio.h>
#include <string.h>

#include "core/sha256.h"
#include "format/file.h"
#include "format/onnx/graph.h"
#include "format/onnx/layers.h"

static rl_status build(rl_network **out, rl_onnx_reader *reader) {
  rl_network *net = NULL;
  rl_status status = rl_onnx_layers(&net, &reader->space, reader->output->forms);
  if (status != RL_OK) return status;
  memcpy(net->sha256, reader->source.sha256, sizeof net->sha256);
  net->notes = reader->notes;
  reader->notes = NULL;
  char *file = rl_copy_string(reader->path);
  if (file) {
    rl_free(net->file);
    net->file = file;
  }
  status = file ? RL_OK : rl_fail_memory(reader->space.err);
  if (status == RL_OK) status = rl_network_finish(net, reader->space.err);
  if (status == RL_OK)
    *out = net;
  else
    rl_network_release(net);
  return status;
}

/* Another output than the file's first is another network: its hash is of the file's and the output's name. */
static rl_status hash_output(rl_onnx_reader *reader, const char *output) {
  char *sha = reader->source.sha256;
  const char *first = reader->graph->n_output ? reader->graph->output[0]->name : NULL;
  if (!output || (first && strcmp(output, first) == 0)) return RL_OK;
  char *both = rl_alloc(strlen(sha) + strlen(output) + 1, 1);
  if (!both) return rl_fail_memory(reader->space.err);
  strcat(strcpy(both, sha), output);
  rl_sha256(both, strlen(both), sha);
  rl_free(both);
  return RL_OK;
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

static rl_status parse(rl_network **out, const char *path, const char *output, const char *bytes, size_t length,
                       const char *sha, rl_error *err) {
  int failed = 0;
  ProtobufCAllocator allocator = {allocate_message, free_message, &failed};
  Rl__Onnx__Model *model = rl__onnx__model__unpack(&allocator, length, (const uint8_t *)bytes);
  if (!model && failed) return rl_fail_memory(err);
  if (!model) return rl_fail(err, RL_EFORMAT, "%s: is no ONNX model, or is truncated or damaged", path);
  rl_onnx_reader reader = {.path = path, .model = model, .graph = model->graph};
  reader.space = (rl_onnx_space){.err = err, .path = path};
  reader.source = (rl_onnx_source){.space = &reader.space, .path = path};
  memcpy(reader.source.sha256, sha, sizeof reader.source.sha256);
  rl_status status = model->graph ? rl_onnx_read_graph(&reader, output)
                                  : rl_fail(err, RL_EFORMAT, "%s: is no ONNX model: it has no graph", path);
  if (status == RL_OK) status = hash_output(&reader, output);
  if (status == RL_OK) status = build(out, &reader);
  rl_onnx_graph_free(&reader);
  rl__onnx__model__free_unpacked(model, &allocator);
  return status;
}

rl_status rl_network_read_onnx(rl_network **out, const char *path, const char *output, rl_error *err) {
  char *bytes, sha[65];
  size_t length;
  rl_status status = rl_file_read(path, &bytes, &length, sha, err);
  if (status != RL_OK) return status;
  status = parse(out, path, output, bytes, length, sha, err);
  rl_free(bytes);
  return status;
}
