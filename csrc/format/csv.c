/* L2: the reader of text files with a row of numbers per line, and perhaps a line of names above them. */
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

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

/* ---- the header ------------------------------------------------------------ */

/* Some bytes of the text. */
typedef struct span {
  const char *start, *end;
} span;

static int is_blank(char c) { return c == ' ' || c == '\t'; }

/* The line that the text stands at. */
static span line_of(const rl_text *text) {
  const char *end = text->at;
  while (end < text->end && *end != '\n' && *end != '\r') end++;
  return (span){text->at, end};
}

static span trimmed(span s) {
  while (s.start < s.end && is_blank(*s.start)) s.start++;
  while (s.end > s.start && is_blank(s.end[-1])) s.end--;
  if (s.end - s.start >= 2 && *s.start == '"' && s.end[-1] == '"') return (span){s.start + 1, s.end - 1};
  return s;
}

/* What separates the fields of a line: a semicolon before a comma before blanks; what is in quotes does not count. */
static char separator_of(span line) {
  char found = ' ';
  int quoted = 0;
  for (const char *at = line.start; at < line.end; at++) {
    if (*at == '"') quoted = !quoted;
    if (!quoted && *at == ';') return ';';
    if (!quoted && *at == ',') found = ',';
  }
  return found;
}

/* Takes the next field off the line; returns 0 at its end. */
static int next_field(span *line, char separator, span *field) {
  while (line->start < line->end && is_blank(*line->start)) line->start++;
  if (line->start >= line->end) return 0;
  const char *at = line->start;
  for (int quoted = 0; at < line->end; at++) {
    if (*at == '"') quoted = !quoted;
    if (!quoted && (*at == separator || (separator == ' ' && is_blank(*at)))) break;
  }
  *field = trimmed((span){line->start, at});
  line->start = at < line->end ? at + 1 : at;
  return 1;
}

/* Is the field a number, or meant as one (1,5 or 0x10 or 1d5 or 1_000)? */
static int is_numeric(span field) {
  double value;
  size_t length = (size_t)(field.end - field.start);
  if (rl_text_number(field.start, length, &value)) return 1;
  size_t first = length && (*field.start == '+' || *field.start == '-');
  if (first < length && field.start[first] == '.') first++;
  if (first >= length || field.start[first] < '0' || field.start[first] > '9') return 0;
  for (const char *at = field.start; at < field.end; at++)
    if (!*at || !strchr("0123456789+-.,'_ abcdefpxABCDEFPX", *at)) return 0;
  return 1;
}

/* Does the line name the columns: no field is a number?  *count: its fields. */
static int is_header(span line, size_t *count) {
  char separator = separator_of(line);
  span field;
  for (*count = 0; next_field(&line, separator, &field); ++*count)
    if (is_numeric(field)) return 0;
  return *count > 0;
}

/* The fields of a header as strings: a list of pointers, then what they point to. */
static char **copy_fields(span line, size_t count) {
  char separator = separator_of(line);
  char **names = rl_alloc(count * sizeof *names + (size_t)(line.end - line.start) + count, 1);
  if (!names) return NULL;
  char *to = (char *)(names + count);
  span field;
  for (size_t i = 0; next_field(&line, separator, &field); i++) {
    size_t length = (size_t)(field.end - field.start);
    names[i] = memcpy(to, field.start, length);
    to += length + 1;
  }
  return names;
}

/* Goes to the beginning of the next line that has more than a comment; returns 0 at the end of the text. */
static int find_line(rl_text *text) {
  for (;;) {
    rl_text ahead = *text;
    rl_token token = rl_text_next(&ahead);
    if (token.kind == RL_TOKEN_END) return 0;
    if (token.kind != RL_TOKEN_EOL) return 1;
    *text = ahead;
  }
}

/* The line of names, if the text begins with one.  *names may stay NULL. */
static rl_status read_header(rl_text *text, char ***names, size_t *count, rl_error *err) {
  if (!find_line(text)) return RL_OK;
  span line = line_of(text);
  if (!is_header(line, count)) return RL_OK;
  *names = copy_fields(line, *count);
  text->at = line.end;
  return *names ? RL_OK : rl_fail_memory(err);
}

/* ---- rows --------------------------------------------------------------------- */

static int is_word(const rl_token *token) { return token->kind != RL_TOKEN_EOL && token->kind != RL_TOKEN_END; }

/* The line that starts with `token`; counts its fields. */
static rl_status read_line(rl_text *text, rl_token token, table *t, size_t *columns, rl_error *err) {
  *columns = 0;
  for (; is_word(&token); token = rl_text_next(text)) {
    ++*columns;
    if (token.kind != RL_TOKEN_NUMBER || !isfinite(token.value)) {
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
  rl_text text;
  table t = {0};
  size_t names = 0;
  rl_status status = rl_text_open(&text, path, bytes, length, "#", err);
  if (status == RL_OK) status = read_header(&text, &data->names, &names, err);
  if (status == RL_OK) status = read_lines(&text, &t, &data->columns, err);
  data->values = t.values;
  if (status != RL_OK) return status;
  assert(data->columns > 0);
  data->count = t.used / data->columns;
  if (names == data->columns) return RL_OK;
  rl_free(data->names); /* a line of text that names something else */
  data->names = NULL;
  return RL_OK;
}
