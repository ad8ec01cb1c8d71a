/* L2: ONNX: tensors of numbers that the file, or one beside it, holds. */
#ifndef RL_ONNX_TENSOR_H
#define RL_ONNX_TENSOR_H

#include "format/onnx/onnx.pb-c.h"
#include "format/onnx/shape.h"
#include "format/onnx/space.h"

/* Where tensors come from. */
typedef struct rl_onnx_source {
  rl_onnx_space *space;
  const char *path; /* of the model: other files are beside it */
  char *file;       /* the one read last, or NULL: its name, bytes */
  char *bytes;
  size_t length;
  char sha256[65]; /* of the model, then with each other file that was read: of both hashes */
} rl_onnx_source;

void rl_onnx_source_free(rl_onnx_source *source);

/* A tensor's shape and elements (constants, perhaps infinite but numbers; *whole: integers), or *out NULL: it is empty.
 * `what` and `name` say in messages which it is. */
rl_status rl_onnx_read_tensor(rl_onnx_source *source, const Rl__Onnx__Tensor *tensor, const char *what,
                              const char *name, rl_onnx_shape *shape, rl_onnx_forms **out, int *whole);
/* Is this type of elements one of floating-point numbers? */
int rl_onnx_is_float(int data_type);

#endif
