/* L2: ONNX: operators.  Each is a function that computes node->out from node->in; the table in operator.c says how it is
 * called. */
#ifndef RL_ONNX_OPERATOR_H
#define RL_ONNX_OPERATOR_H

#include "format/onnx/node.h"

/* Compute the node's outputs, or fail: for an operator that is not known, naming those that are. */
rl_status rl_onnx_compute(rl_onnx_node *node);
/* Does the operator keep the order of its input's elements, all together, so that it may be left out at the end? */
int rl_onnx_keeps_order(const rl_onnx_node *node, const rl_onnx_shape *shape);

typedef rl_status rl_onnx_operator(rl_onnx_node *node);
rl_onnx_operator rl_onnx_add, rl_onnx_sub, rl_onnx_mul, rl_onnx_div, rl_onnx_neg, rl_onnx_sum_node,
    rl_onnx_mean;                                                                         /* arithmetic.c */
rl_onnx_operator rl_onnx_batch_norm;                                                      /* normalise.c */
rl_onnx_operator rl_onnx_gemm, rl_onnx_matmul;                                            /* product.c */
rl_onnx_operator rl_onnx_conv, rl_onnx_conv_transpose;                                    /* conv.c */
rl_onnx_operator rl_onnx_average_pool, rl_onnx_global_average_pool, rl_onnx_max_pool, rl_onnx_global_max_pool; /* pool.c */
rl_onnx_operator rl_onnx_identity, rl_onnx_dropout, rl_onnx_cast, rl_onnx_flatten, rl_onnx_reshape,
    rl_onnx_squeeze, rl_onnx_unsqueeze;                                                   /* shapes.c */
rl_onnx_operator rl_onnx_transpose, rl_onnx_concat, rl_onnx_slice, rl_onnx_split, rl_onnx_gather, rl_onnx_expand,
    rl_onnx_pad, rl_onnx_resize, rl_onnx_upsample;                                        /* arrange.c, resize.c */
rl_onnx_operator rl_onnx_relu, rl_onnx_leaky_relu, rl_onnx_prelu, rl_onnx_clip, rl_onnx_max, rl_onnx_min,
    rl_onnx_abs, rl_onnx_hard_sigmoid;                                                    /* bend.c */
rl_onnx_operator rl_onnx_reduce_sum, rl_onnx_reduce_mean, rl_onnx_reduce_max, rl_onnx_reduce_min; /* reduce.c */
rl_onnx_operator rl_onnx_constant, rl_onnx_constant_of_shape, rl_onnx_shape_node;         /* constant.c */

#endif
