/* L1: compressed rows of affine layers (see layer.h). */
#include "model/layer.h"

/* Smaller layers, and those with more than an eighth of the weights not 0, are as fast dense. */
enum { SMALL = 1 << 12, SHARE = 8 };

static size_t count_weights(const double *w, size_t count) {
  size_t some = 0;
  for (size_t i = 0; i < count; i++) some += w[i] != 0;
  return some;
}

static void fill(rl_sparse *s, const double *W, size_t rows, size_t columns) {
  size_t at = 0;
  for (size_t i = 0; i < rows; i++) {
    for (size_t j = 0; j < columns; j++) {
      if (W[i * columns + j] == 0) continue;
      s->column[at] = (int)j;
      s->value[at++] = W[i * columns + j];
    }
    s->start[i + 1] = at;
  }
}

int rl_sparse_pays(size_t rows, size_t columns, size_t terms) {
  return rows * columns >= SMALL && terms <= rows * columns / SHARE;
}

rl_status rl_sparse_create(rl_sparse **out, size_t rows, size_t terms, rl_error *err) {
  rl_sparse *s = rl_alloc(1, sizeof *s);
  if (!s) return rl_fail_memory(err);
  s->start = rl_alloc(rows + 1, sizeof *s->start);
  s->column = rl_alloc(terms, sizeof *s->column);
  s->value = rl_alloc(terms, sizeof *s->value);
  if (!s->start || !s->column || !s->value) {
    rl_sparse_release(s);
    return rl_fail_memory(err);
  }
  *out = s;
  return RL_OK;
}

static rl_status compress(rl_sparse **out, const double *W, size_t rows, size_t columns, rl_error *err) {
  size_t some = count_weights(W, rows * columns);
  if (!rl_sparse_pays(rows, columns, some)) return RL_OK;
  rl_status status = rl_sparse_create(out, rows, some, err);
  if (status == RL_OK) fill(*out, W, rows, columns);
  return status;
}

rl_status rl_network_compress(rl_network *net, rl_error *err) {
  rl_status status = RL_OK;
  for (int k = 0; k < net->layers && status == RL_OK; k++)
    if (!net->sparse[k])
      status = compress(&net->sparse[k], net->weights[k], (size_t)net->sizes[k + 1], (size_t)net->sizes[k], err);
  return status;
}

void rl_sparse_release(rl_sparse *s) {
  if (!s) return;
  rl_free(s->start);
  rl_free(s->column);
  rl_free(s->value);
  rl_free(s);
}

int rl_network_is_sparse(const rl_network *net, int layer) { return net->sparse[layer] != NULL; }

size_t rl_network_nonzero(const rl_network *net, int layer) {
  size_t rows = (size_t)net->sizes[layer + 1];
  if (net->sparse[layer]) return net->sparse[layer]->start[rows];
  return count_weights(net->weights[layer], rows * (size_t)net->sizes[layer]);
}
