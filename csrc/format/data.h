/* L2: the readers behind rl_data_read.
 *
 * Each fills count, columns and values (from rl_alloc) of *data from the
 * content of the file `path`; on failure whatever is there stays for
 * rl_data_release.  Values may come out not finite: the caller checks. */
#ifndef RL_FORMAT_DATA_H
#define RL_FORMAT_DATA_H

#include "model/network.h"

/* unit: divide images (two dimensions or more) by 255. */
rl_status rl_data_read_idx(rl_data *data, const char *path, const char *bytes, size_t length, int unit, rl_error *err);
rl_status rl_data_read_npy(rl_data *data, const char *path, const char *bytes, size_t length, rl_error *err);
rl_status rl_data_read_csv(rl_data *data, const char *path, const char *bytes, size_t length, rl_error *err);

#endif
