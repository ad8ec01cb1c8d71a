/* L1: names of a network's inputs and outputs: labels for people, no part of what is computed. */
#include <stdlib.h>
#include <string.h>

#include "model/network.h"

/* A name fits on a line of text: it is not empty, does not begin or end with a blank, has no control characters. */
static int is_name(const char *name) {
  size_t length = strlen(name);
  if (!length || name[0] == ' ' || name[length - 1] == ' ') return 0;
  for (size_t i = 0; i < length; i++)
    if ((unsigned char)name[i] < 32 || name[i] == 127) return 0;
  return 1;
}

static int compare(const void *a, const void *b) { return strcmp(*(const char *const *)a, *(const char *const *)b); }

/* The number of the name's first (last) place in the list. */
static int place_of(const char *const *names, int count, const char *name, int last) {
  int place = 0;
  for (int i = 0; i < count; i++)
    if (strcmp(names[i], name) == 0) {
      place = i;
      if (!last) break;
    }
  return place;
}

static rl_status check_distinct(const char *what, int count, const char *const *names, rl_error *err) {
  const char **sorted = rl_copy_bytes(names, (size_t)count * sizeof *names);
  if (!sorted) return rl_fail_memory(err);
  qsort(sorted, (size_t)count, sizeof *sorted, compare);
  rl_status status = RL_OK;
  for (int i = 1; i < count && status == RL_OK; i++)
    if (strcmp(sorted[i - 1], sorted[i]) == 0)
      status = rl_fail(err, RL_EINPUT, "names: %ss %d and %d have the same name \"%.100s\"", what,
                       place_of(names, count, sorted[i], 0) + 1, place_of(names, count, sorted[i], 1) + 1, sorted[i]);
  rl_free(sorted);
  return status;
}

static rl_status check_names(const char *what, int count, const char *const *names, rl_error *err) {
  for (int i = 0; i < count; i++)
    if (!is_name(names[i]))
      return rl_fail(err, RL_EINPUT, "names: the name of %s %d is empty, has blanks around it or control characters",
                     what, i + 1);
  return check_distinct(what, count, names, err);
}

/* All names one behind the other; the list of pointers to them comes first, in the same piece of memory. */
static char **copy_names(int count, const char *const *names) {
  size_t bytes = (size_t)count * sizeof *names, at = bytes;
  for (int i = 0; i < count; i++) bytes += strlen(names[i]) + 1;
  char **list = rl_alloc(bytes, 1);
  if (!list) return NULL;
  for (int i = 0; i < count; i++) {
    size_t length = strlen(names[i]) + 1;
    list[i] = memcpy((char *)list + at, names[i], length);
    at += length;
  }
  return list;
}

static void replace(char ***names, char **by) {
  if (!by) return;
  rl_free(*names);
  *names = by;
}

rl_status rl_network_set_names(rl_network *net, const char *const *inputs, const char *const *outputs, rl_error *err) {
  int n = rl_network_inputs(net), m = rl_network_outputs(net);
  rl_status status = inputs ? check_names("input", n, inputs, err) : RL_OK;
  if (status == RL_OK && outputs) status = check_names("output", m, outputs, err);
  if (status != RL_OK) return status;
  char **x = inputs ? copy_names(n, inputs) : NULL, **y = outputs ? copy_names(m, outputs) : NULL;
  if ((inputs && !x) || (outputs && !y)) {
    rl_free(x);
    rl_free(y);
    return rl_fail_memory(err);
  }
  replace(&net->input_names, x);
  replace(&net->output_names, y);
  return RL_OK;
}

const char *rl_network_input_name(const rl_network *net, int i) {
  return net->input_names ? net->input_names[i] : NULL;
}
const char *rl_network_output_name(const rl_network *net, int j) {
  return net->output_names ? net->output_names[j] : NULL;
}
