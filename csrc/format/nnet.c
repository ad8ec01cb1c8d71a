/* L2: the reader of .nnet text files.
 *
 * Layout, after // comments: "layers, inputs, outputs, largest size"; all
 * layer sizes; a flag without use; minimum of each input; maximum of each input;
 * mean of each input and of the outputs; range of each input and of the
 * outputs; then per layer the rows of its weights and its biases.  The weights
 * work on (x - mean) / range and give (y - mean) / range.
 *
 * Writers differ in the four lines of the inputs.  Files of the first layout (the original ACAS Xu ones) have further
 * entries in all four, of variables that are no inputs, and the outputs' entry last; many public files have no entry
 * for the outputs.  Both are read; where it is not certain which entry is the outputs', physical units are refused.  A
 * row of weights ends where a line ends; several whole rows may share a line. */
#include <limits.h>
#include <math.h>
#include <stdio.h>

#include "format/file.h"
#include "format/text.h"
#include "model/network.h"

/* What a line of means or ranges says of the outputs. */
struct output_entry {
  int count;         /* entries in the line */
  double next, last; /* the one behind the inputs', the last one */
  long line;
};

typedef struct header {
  int layers, inputs, outputs;
  int *sizes;                                    /* layers + 1 */
  double *mins, *maxes, *means, *ranges;         /* inputs each */
  int entries;                                   /* of the mins: inputs, or more in the first layout */
  struct output_entry output_mean, output_range; /* the units of the outputs */
} header;

static void free_header(header *h) {
  rl_free(h->sizes);
  rl_free(h->mins);
  rl_free(h->maxes);
  rl_free(h->means);
  rl_free(h->ranges);
}

/* A line of the header: where it is and how many numbers it has. */
typedef struct row {
  const char *name;
  long line;
  int count;
  double next, last; /* the number behind those that are needed, the last one */
} row;

/* Reads a line of at least `need` numbers, the first `need` of them to values;
 * more are counted and otherwise ignored, as writers differ there. */
static rl_status read_row(rl_text *text, row *r, int need, double *values, rl_error *err) {
  rl_token token = rl_text_next_line(text);
  if (token.kind == RL_TOKEN_END)
    return rl_fail(err, RL_EFORMAT, "%s: ends in the header, before the %s (truncated?)", text->path, r->name);
  r->line = token.line;
  r->count = 0;
  for (; token.kind == RL_TOKEN_NUMBER; token = rl_text_next(text)) {
    if (r->count < need) values[r->count] = token.value;
    if (r->count == need) r->next = token.value;
    r->last = token.value;
    if (r->count < INT_MAX) r->count++;
  }
  if (token.kind == RL_TOKEN_WORD || token.kind == RL_TOKEN_MIXED)
    return rl_text_unexpected(text, &token, r->name, "a number", err);
  if (r->count < need)
    return rl_fail(err, RL_EFORMAT, "%s:%ld: %s: expected %d numbers, got %d", text->path, r->line, r->name, need,
                   r->count);
  return RL_OK;
}

/* The same into a new array. */
static rl_status read_values(rl_text *text, row *r, int need, double **out, rl_error *err) {
  double *values = rl_alloc((size_t)need, sizeof *values);
  if (!values) return rl_fail_memory(err);
  rl_status status = read_row(text, r, need, values, err);
  if (status != RL_OK)
    rl_free(values);
  else
    *out = values;
  return status;
}

/* A count from 1 to `most`, as large as the file has room for. */
static rl_status take_count(const rl_text *text, const row *r, double value, double most, int *count, rl_error *err) {
  if (!(value >= 1 && value == floor(value)))
    return rl_fail(err, RL_EFORMAT, "%s:%ld: %s: expected whole numbers of at least 1, got %.17g", text->path, r->line,
                   r->name, value);
  if (value > most)
    return rl_fail(err, RL_EFORMAT,
                   "%s:%ld: %s: got %.17g, expected at most %.0f in a file of this length (truncated?)", text->path,
                   r->line, r->name, value, most);
  *count = (int)value;
  return RL_OK;
}

static rl_status read_counts(rl_text *text, header *h, double most, rl_error *err) {
  enum { COUNTS = 3 };
  double values[COUNTS] = {0};
  int *const counts[COUNTS] = {&h->layers, &h->inputs, &h->outputs};
  row r = {.name = "number of layers, inputs and outputs"};
  rl_status status = read_row(text, &r, COUNTS, values, err);
  for (int i = 0; i < COUNTS && status == RL_OK; i++) status = take_count(text, &r, values[i], most, counts[i], err);
  return status;
}

static rl_status take_sizes(const rl_text *text, header *h, const row *r, const double *values, double most,
                            rl_error *err) {
  if (r->count != h->layers + 1)
    return rl_fail(err, RL_EFORMAT, "%s:%ld: the header announces %d layers: expected %d layer sizes, got %d",
                   text->path, r->line, h->layers, h->layers + 1, r->count);
  for (int k = 0; k <= h->layers; k++) {
    rl_status status = take_count(text, r, values[k], most, &h->sizes[k], err);
    if (status != RL_OK) return status;
  }
  if (h->sizes[0] != h->inputs || h->sizes[h->layers] != h->outputs)
    return rl_fail(err, RL_EFORMAT,
                   "%s:%ld: the header announces %d inputs and %d outputs, but the layer sizes say %d and %d",
                   text->path, r->line, h->inputs, h->outputs, h->sizes[0], h->sizes[h->layers]);
  return RL_OK;
}

static rl_status read_sizes(rl_text *text, header *h, double most, rl_error *err) {
  h->sizes = rl_alloc((size_t)h->layers + 1, sizeof *h->sizes);
  double *values = rl_alloc((size_t)h->layers + 1, sizeof *values);
  row r = {.name = "layer sizes"};
  rl_status status = h->sizes && values ? read_row(text, &r, h->layers + 1, values, err) : rl_fail_memory(err);
  if (status == RL_OK) status = take_sizes(text, h, &r, values, most, err);
  rl_free(values);
  return status;
}

/* Sizes are believed only as far as a file of this length can bear them out, so
 * that a damaged header asks for no absurd amount of memory. */
static rl_status check_room(const rl_text *text, const header *h, size_t length, rl_error *err) {
  size_t numbers = 0;
  for (int k = 0; k < h->layers && numbers <= length; k++)
    numbers += ((size_t)h->sizes[k] + 1) * (size_t)h->sizes[k + 1];
  if (numbers <= length) return RL_OK;
  return rl_fail(err, RL_EFORMAT, "%s: has %zu bytes, too few for the weights that its header announces (truncated?)",
                 text->path, length);
}

/* The minimums and maximums. */
static rl_status read_limits(rl_text *text, header *h, rl_error *err) {
  row mins = {.name = "minimums"}, maxes = {.name = "maximums"};
  rl_status status = read_values(text, &mins, h->inputs, &h->mins, err);
  if (status == RL_OK) status = read_values(text, &maxes, h->inputs, &h->maxes, err);
  h->entries = mins.count < maxes.count ? mins.count : maxes.count;
  return status;
}

/* The means or the ranges. */
static rl_status read_units(rl_text *text, const char *name, int inputs, double **values, struct output_entry *output,
                            rl_error *err) {
  row r = {.name = name};
  rl_status status = read_values(text, &r, inputs, values, err);
  *output = (struct output_entry){r.count, r.next, r.last, r.line};
  return status;
}

static rl_status read_header(rl_text *text, header *h, size_t length, rl_error *err) {
  double most = length < INT_MAX ? (double)length : INT_MAX - 1.0, flag;
  row flag_row = {.name = "flag"};
  rl_status status = read_counts(text, h, most, err);
  if (status == RL_OK) status = read_sizes(text, h, most, err);
  if (status == RL_OK) status = read_row(text, &flag_row, 1, &flag, err);
  if (status == RL_OK) status = read_limits(text, h, err);
  if (status == RL_OK) status = read_units(text, "means", h->inputs, &h->means, &h->output_mean, err);
  if (status == RL_OK) status = read_units(text, "ranges", h->inputs, &h->ranges, &h->output_range, err);
  if (status == RL_OK) status = check_room(text, h, length, err);
  return status;
}

/* Row i of the weights (part "weights") or biases of layer k; the token is what stands there instead of a number. */
static rl_status bad_number(const rl_text *text, const rl_network *net, int k, const char *part, int i, int j,
                            const rl_token *token, rl_error *err) {
  if (token->kind == RL_TOKEN_END)
    return rl_fail(err, RL_EFORMAT, "%s: ends in layer %d %s, row %d of %d (truncated?)", text->path, k + 1, part,
                   i + 1, net->sizes[k + 1]);
  if (token->kind == RL_TOKEN_EOL)
    return rl_fail(err, RL_EFORMAT, "%s:%ld: layer %d %s row %d: expected %d numbers, the line ends after %d",
                   text->path, token->line, k + 1, part, i + 1, net->sizes[k], j);
  char where[96];
  int length = snprintf(where, sizeof where, "layer %d %s row %d", k + 1, part, i + 1);
  if (part[0] == 'w') snprintf(where + length, sizeof where - (size_t)length, " column %d", j + 1);
  return rl_text_unexpected(text, token, where, "a finite number", err);
}

/* `rows` rows of `columns` numbers.  Lines may end between rows only, and do behind the last one. */
static rl_status read_part(rl_text *text, const rl_network *net, int k, const char *part, int columns, double *values,
                           rl_error *err) {
  for (int i = 0; i < net->sizes[k + 1]; i++)
    for (int j = 0; j < columns; j++) {
      rl_token token = j ? rl_text_next(text) : rl_text_next_line(text);
      if (token.kind != RL_TOKEN_NUMBER || !isfinite(token.value))
        return bad_number(text, net, k, part, i, j, &token, err);
      *values++ = token.value;
    }
  rl_token token = rl_text_next(text);
  if (token.kind == RL_TOKEN_EOL || token.kind == RL_TOKEN_END) return RL_OK;
  char where[96];
  snprintf(where, sizeof where, "layer %d %s, behind row %d of %d numbers", k + 1, part, net->sizes[k + 1], columns);
  return rl_text_unexpected(text, &token, where, "the end of the line", err);
}

static rl_status read_layers(rl_text *text, rl_network *net, rl_error *err) {
  for (int k = 0; k < net->layers; k++) {
    rl_status status = read_part(text, net, k, "weights", net->sizes[k], net->weights[k], err);
    if (status == RL_OK) status = read_part(text, net, k, "biases", 1, net->biases[k], err);
    if (status != RL_OK) return status;
  }
  rl_token token = rl_text_next_line(text);
  if (token.kind == RL_TOKEN_END) return RL_OK;
  return rl_text_unexpected(text, &token, "behind the last bias", "the end of the file", err);
}

/* The outputs' entry of a line: behind the inputs' where nothing follows it, last in the first layout, where the lines
 * of minimums and maximums have as many further entries. */
static rl_status take_output(const rl_text *text, const header *h, const struct output_entry *entry, const char *name,
                             double *value, rl_error *err) {
  *value = entry->last;
  if (entry->count == h->inputs + 1) return RL_OK;
  if (entry->count == h->inputs || entry->count == h->entries)
    return rl_fail(err, RL_EFORMAT, "%s:%ld: %s: no entry for the outputs, whose physical units are thus unknown",
                   text->path, entry->line, name);
  if (entry->count == h->entries + 1 || entry->next == entry->last) return RL_OK;
  return rl_fail(err, RL_EFORMAT,
                 "%s:%ld: %s: the outputs' entry may be number %d (%.17g) or the last (%.17g): physical units need "
                 "%d entries",
                 text->path, entry->line, name, h->inputs + 1, entry->next, entry->last, h->inputs + 1);
}

static rl_status check_unit(const rl_text *text, const char *what, double mean, double range, rl_error *err) {
  if (isfinite(mean) && isfinite(range) && range != 0) return RL_OK;
  return rl_fail(err, RL_EFORMAT,
                 "%s: %s: physical units need a finite mean and a finite range other than 0, got %g and %g", text->path,
                 what, mean, range);
}

/* The outputs' units, and whether all can be divided by. */
static rl_status check_units(const rl_text *text, const header *h, double *mean, double *range, rl_error *err) {
  rl_status status = take_output(text, h, &h->output_mean, "means", mean, err);
  if (status == RL_OK) status = take_output(text, h, &h->output_range, "ranges", range, err);
  for (int j = 0; j < h->inputs && status == RL_OK; j++) {
    char what[48];
    snprintf(what, sizeof what, "input %d", j + 1);
    status = check_unit(text, what, h->means[j], h->ranges[j], err);
  }
  return status == RL_OK ? check_unit(text, "the outputs", *mean, *range, err) : status;
}

/* W (x - mean) / range + b = W' x + b' in the first layer, and
 * range (W a + b) + mean in the last; sums in long double, rounded once. */
static void fold_units(rl_network *net, const header *h, double mean, double range) {
  int n = h->inputs, last = net->layers - 1;
  for (int i = 0; i < net->sizes[1]; i++) {
    double *weights = net->weights[0] + (size_t)i * (size_t)n;
    long double bias = net->biases[0][i];
    for (int j = 0; j < n; j++) {
      bias -= (long double)weights[j] * h->means[j] / h->ranges[j];
      weights[j] /= h->ranges[j];
    }
    net->biases[0][i] = (double)bias;
  }
  size_t weights = (size_t)net->sizes[last] * (size_t)h->outputs;
  for (size_t i = 0; i < weights; i++) net->weights[last][i] *= range;
  for (int i = 0; i < h->outputs; i++)
    net->biases[last][i] = (double)((long double)net->biases[last][i] * range + mean);
}

/* The header's box in the network's coordinates, where it is one. */
static rl_status set_box(rl_network *net, const header *h, int raw, rl_error *err) {
  size_t n = (size_t)h->inputs;
  net->box_lo = rl_copy_doubles(h->mins, n);
  net->box_hi = rl_copy_doubles(h->maxes, n);
  if (!net->box_lo || !net->box_hi) return rl_fail_memory(err);
  int good = 1, wide = 0;
  for (size_t j = 0; j < n; j++) {
    double *lo = &net->box_lo[j], *hi = &net->box_hi[j];
    if (!raw) {
      *lo = (*lo - h->means[j]) / h->ranges[j];
      *hi = (*hi - h->means[j]) / h->ranges[j];
    }
    good = good && isfinite(*lo) && isfinite(*hi) && *lo <= *hi;
    wide = wide || *lo < *hi;
  }
  if (good && wide) return RL_OK;
  rl_free(net->box_lo);
  rl_free(net->box_hi);
  net->box_lo = net->box_hi = NULL;
  return RL_OK;
}

static rl_status set_file(rl_network *net, const char *path, rl_error *err) {
  char *file = rl_copy_string(path);
  if (!file) return rl_fail_memory(err);
  rl_free(net->file);
  net->file = file;
  return RL_OK;
}

static rl_status fill(rl_network *net, rl_text *text, const header *h, int raw, rl_error *err) {
  rl_status status = set_file(net, text->path, err);
  if (status == RL_OK) status = read_layers(text, net, err);
  double mean = 0, range = 1;
  if (status == RL_OK && raw) status = check_units(text, h, &mean, &range, err);
  if (status == RL_OK && raw) fold_units(net, h, mean, range);
  net->raw = raw;
  if (status == RL_OK) status = set_box(net, h, raw, err);
  if (status == RL_OK) status = rl_network_finish(net, err);
  if (status == RL_EINPUT) /* every number of the file is finite, so folding overflowed */
    return rl_fail(err, RL_EFORMAT, "%s: in physical units a weight or bias exceeds the range of doubles", text->path);
  return status;
}

static rl_status parse(rl_network **out, rl_text *text, size_t length, const char *sha, int raw, rl_error *err) {
  header h = {0};
  rl_network *net = NULL;
  rl_status status = read_header(text, &h, length, err);
  if (status == RL_OK) status = rl_network_allocate(&net, h.layers, h.sizes, err);
  if (status == RL_OK) {
    snprintf(net->sha256, sizeof net->sha256, "%s", sha);
    status = fill(net, text, &h, raw, err);
  }
  free_header(&h);
  if (status == RL_OK)
    *out = net;
  else
    rl_network_release(net);
  return status;
}

rl_status rl_network_read_nnet(rl_network **out, const char *path, int raw, rl_error *err) {
  char *bytes, sha[65];
  size_t length;
  rl_status status = rl_file_read(path, &bytes, &length, sha, err);
  if (status != RL_OK) return status;
  rl_text text;
  status = rl_text_open(&text, path, bytes, length, "//", err);
  if (status == RL_OK) status = parse(out, &text, length, sha, raw, err);
  rl_free(bytes);
  return status;
}
