/* L2: ONNX: from units to a network of layers. */
#ifndef RL_ONNX_LAYERS_H
#define RL_ONNX_LAYERS_H

#include "format/onnx/space.h"
#include "model/network.h"

/* The network whose outputs are these forms: hidden layer k holds the units of level k that something needs, and, as
 * linear neurons, those of lower levels that a later layer still needs. */
rl_status rl_onnx_layers(rl_network **out, const rl_onnx_space *space, const rl_onnx_forms *outputs);

#endif
