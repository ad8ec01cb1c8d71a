/* L4: counterexamples that are kept; see pool.h. */
#include "pattern/pool.h"

rl_status rl_pool_make(rl_pool *pool, const rl_network *net, rl_error *err) {
  *pool = (rl_pool){.net = net};
  pool->z = rl_alloc((size_t)net->neurons, sizeof *pool->z);
  pool->y = rl_alloc((size_t)net->sizes[net->layers], sizeof *pool->y);
  return pool->z && pool->y ? RL_OK : rl_fail_memory(err);
}

void rl_pool_free(rl_pool *pool) {
  for (int i = 0; i < pool->count; i++) {
    rl_free(pool->entry[i].x);
    rl_free(pool->entry[i].obeys);
  }
  rl_free(pool->entry);
  rl_free(pool->z);
  rl_free(pool->y);
  *pool = (rl_pool){0};
}

static rl_status make_room(rl_pool *pool, rl_error *err) {
  if (pool->count < pool->room) return RL_OK;
  int room = pool->room ? 2 * pool->room : 16;
  rl_stored *entry = rl_realloc(pool->entry, (size_t)room * sizeof *entry);
  if (!entry) return rl_fail_memory(err);
  pool->entry = entry;
  pool->room = room;
  return RL_OK;
}

static uint8_t obeyed(rl_interval z, int8_t confirmed) {
  uint8_t signs = (uint8_t)((z.lo >= 0 ? RL_OBEYS_ON : 0) | (z.hi <= 0 ? RL_OBEYS_OFF : 0));
  if (confirmed != RL_FREE) signs |= confirmed == RL_ON ? RL_OBEYS_ON : RL_OBEYS_OFF;
  return signs;
}

rl_status rl_pool_add(rl_pool *pool, const double *x, const int8_t *signs, rl_error *err) {
  rl_status status = make_room(pool, err);
  if (status != RL_OK) return status;
  rl_stored added = {rl_copy_doubles(x, (size_t)pool->net->sizes[0]), rl_alloc((size_t)pool->net->neurons, 1)};
  status = added.x && added.obeys ? rl_network_intervals(pool->net, x, pool->z, pool->y, err) : rl_fail_memory(err);
  if (status != RL_OK) {
    rl_free(added.x);
    rl_free(added.obeys);
    return status;
  }
  for (int k = 0; k < pool->net->neurons; k++) added.obeys[k] = obeyed(pool->z[k], signs ? signs[k] : RL_FREE);
  pool->entry[pool->count++] = added;
  return RL_OK;
}

static int obeys(const rl_stored *entry, int k, int8_t sign) {
  return sign == RL_FREE || (entry->obeys[k] & (sign == RL_ON ? RL_OBEYS_ON : RL_OBEYS_OFF));
}

int rl_pool_violations(const rl_pool *pool, int i, const int8_t *pattern) {
  int violated = 0;
  for (int k = 0; k < pool->net->neurons; k++) violated += !obeys(&pool->entry[i], k, pattern[k]);
  return violated;
}

int rl_pool_refutes(const rl_pool *pool, const int8_t *pattern) {
  for (int i = pool->count - 1; i >= 0; i--) {
    int k = 0;
    while (k < pool->net->neurons && obeys(&pool->entry[i], k, pattern[k])) k++;
    if (k == pool->net->neurons) return i;
  }
  return -1;
}
