/* L2: ONNX: sliding windows over one to three spatial dimensions. */
#ifndef RL_ONNX_WINDOW_H
#define RL_ONNX_WINDOW_H

#include "format/onnx/node.h"

enum { RL_ONNX_SPACE = 3, RL_ONNX_LARGEST = 1 << 20 }; /* dimensions; largest kernel, stride, dilation and padding */

/* Output o sees the inputs o * stride - begin + k * dilation, k = 0 ... kernel - 1.  Unused dimensions have size 1. */
typedef struct rl_onnx_line {
  int in, out, kernel, stride, dilation, begin, end;
} rl_onnx_line;

typedef struct rl_onnx_window {
  int rank; /* spatial dimensions of the node */
  rl_onnx_line line[RL_ONNX_SPACE];
} rl_onnx_window;

/* A place of the window: the output, and the k whose inputs lie inside, first <= k < last. */
typedef struct rl_onnx_spot {
  int o[RL_ONNX_SPACE], first[RL_ONNX_SPACE], last[RL_ONNX_SPACE];
} rl_onnx_spot;

/* Dimensions of input 0, which has to depend on the network's input; everything else 1 or 0. */
rl_status rl_onnx_window_input(rl_onnx_node *node, rl_onnx_window *window);
/* Attributes strides, dilations, pads, then auto_pad; kernels are there. */
rl_status rl_onnx_window_steps(rl_onnx_node *node, rl_onnx_window *window);
/* Attribute kernel_shape. */
rl_status rl_onnx_window_kernel(rl_onnx_node *node, rl_onnx_window *window);
/* The outputs along each dimension; shape becomes 1 x channels x outputs.  overhang: ceil_mode may add a window that
 * ends outside the padding. */
rl_status rl_onnx_window_outputs(rl_onnx_node *node, rl_onnx_window *window, int channels, int overhang,
                                 rl_onnx_shape *shape);

static inline int rl_onnx_window_places(const rl_onnx_window *w) {
  return w->line[0].out * w->line[1].out * w->line[2].out;
}
static inline int rl_onnx_window_inputs(const rl_onnx_window *w) {
  return w->line[0].in * w->line[1].in * w->line[2].in;
}
rl_onnx_spot rl_onnx_window_spot(const rl_onnx_window *window, int number);
/* The element of a channel that place (i, j, k) of the window sees. */
int rl_onnx_window_element(const rl_onnx_window *window, const rl_onnx_spot *spot, int i, int j, int k);

#endif
