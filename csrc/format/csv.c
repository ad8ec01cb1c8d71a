/* L2: the reader of text files with a row of numbers per line. */
#include <assert.h>
#include <math.h>
#include <stdio.h>

#include "format/data.h"
#include "format/text.h"


/* Values as they are read; the array grows. */
typedef struct table {
  double *values;
  size_t used, capacity;
} table;

static int push(table *t, double value) {
  if (t->used == t->capacity) {
    size_t capacity = t->capacity ? 2 * t->capacity : 64;
    double *values = rl_realloc(t->values, capacity * sizeof *values);
    if (!values) return 0;
    t->values = values;
    t->capacity = capacity;
  }
  t->values[t->used++] = value;
  return 1;
}

/* Whether the line that starts with `token` names the columns: no field is a
 * number.  The text itself (a copy) stays where it is. */
static int is_header(rl_text text, rl_token token) {
  for (; token.kind == RL_TOKEN_WORD || token.kind == RL_TOKEN_NUMBER; token = rl_text_next(&text))
    if (token.kind == RL_TOKEN_NUMBER) return 0;
  return 1;
}

static rl_token skip_line(rl_text *text) {
  rl_token token;
  do token = rl_text_next(text);
  while (token.kind == RL_TOKEN_WORD);
  return rl_text_next_line(text);
}

/* The line that starts with `token`; counts its fields. */
static rl_status read_line(rl_text *text, rl_token token, table *t, size_t *columns, rl_error *err) {
  *columns = 0;
  for (; token.kind == RL_TOKEN_WORD || token.kind == RL_TOKEN_NUMBER; token = rl_text_next(text)) {
    ++*columns;
    if (token.kind == RL_TOKEN_WORD || !isfinite(token.value)) {
      char where[48];
      snprintf(where, sizeof where, "column %zu", *columns);
      return rl_text_unexpected(text, &token, where, "a finite number", err);
    }
    if (!push(t, token.value)) return rl_fail_memory(err);
  }
  return RL_OK;
}

static rl_status read_lines(rl_text *text, table *t, size_t *columns, rl_error *err) {
  rl_token token = rl_text_next_line(text);
  if (token.kind != RL_TOKEN_END && is_header(*text, token)) token = skip_line(text);
  if (token.kind == RL_TOKEN_END) return rl_fail(err, RL_EFORMAT, "%s: expected rows of numbers, got none", text->path);
  long first = token.line;
  for (; token.kind != RL_TOKEN_END; token = rl_text_next_line(text)) {
    size_t found;
    rl_status status = read_line(text, token, t, &found, err);
    if (status != RL_OK) return status;
    if (token.line == first) *columns = found;
    if (found != *columns)
      return rl_fail(err, RL_EFORMAT, "%s:%ld: expected %zu columns as in line %ld, got %zu", text->path, token.line,
                     *columns, first, found);
  }
  return RL_OK;
}

rl_status rl_data_read_csv(rl_data *data, const char *path, const char *bytes, size_t length, rl_error *err) {
  rl_text text = rl_text_open(path, bytes, length, "#");
  table t = {0};
  rl_status status = read_lines(&text, &t, &data->columns, err);
  data->values = t.values;
  if (status != RL_OK) return status;
  assert(data->columns > 0);
  data->count = t.used / data->columns;
  return RL_OK;
}
