/* L2: the shape of a matrix in a binary file, as its header announces it. */
#ifndef RL_MATRIX_H
#define RL_MATRIX_H

#include "model/network.h"

/* From `dims` sizes, the first of them the rows, to count and columns of *data
 * and room for its values; the file must end `item` bytes per value behind byte
 * `start`.  RL_EFORMAT names the file and what does not fit. */
rl_status rl_data_shape(rl_data *data, const char *path, int dims, const size_t *sizes, size_t start, size_t item,
                        size_t length, rl_error *err);

#endif
