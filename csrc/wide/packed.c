/* L2: products with several columns at a time (see packed.h). */
#include "wide/packed.h"

#include <stdint.h>
#include <string.h>

double *rl_aligned(size_t count, void **block) {
  enum { BOUNDARY = 64 };
  *block = rl_alloc(count * sizeof(double) + BOUNDARY, 1);
  if (!*block) return NULL;
  uintptr_t at = (uintptr_t)*block;
  return (double *)(*block) + (((at + BOUNDARY - 1) / BOUNDARY * BOUNDARY - at) / sizeof(double));
}

void rl_packed_free(rl_packed *p) {
  rl_free(p->first);
  rl_free(p->column);
  rl_free(p->block);
  *p = (rl_packed){0};
}

/* ---- packing ------------------------------------------------------------------- */

/* While a matrix is read row by row: `used` marks, for each panel of the matrix (columns) or of its transpose
 * (panels of columns), what it reads. */
typedef struct layout {
  rl_packed *forward, *back;
  uint8_t *in_forward; /* panels x columns */
  uint8_t *in_back;    /* panels of columns x rows */
} layout;

static void mark_row(const layout *a, int i, const double *w) {
  int columns = a->forward->columns, rows = a->forward->rows;
  uint8_t *forward = a->in_forward + (size_t)(i / RL_PANEL) * (size_t)columns;
  for (int j = 0; j < columns; j++) {
    if (w[j] == 0) continue;
    forward[j] = 1;
    a->in_back[(size_t)(j / RL_PANEL) * (size_t)rows + (size_t)i] = 1;
  }
}

/* Places for what is marked. */
static int allocate(rl_packed *p, const uint8_t *marks) {
  size_t total = 0;
  for (size_t i = 0; i < (size_t)p->panels * (size_t)p->columns; i++) total += marks[i];
  p->first = rl_alloc((size_t)p->panels + 1, sizeof *p->first);
  p->column = rl_alloc(total, sizeof *p->column);
  p->weight = rl_aligned(total * RL_PANEL, &p->block);
  if (!p->first || !p->column || !p->weight) return 0;
  int at = 0;
  for (int panel = 0; panel < p->panels; panel++) {
    p->first[panel] = at;
    for (int j = 0; j < p->columns; j++)
      if (marks[(size_t)panel * (size_t)p->columns + (size_t)j]) p->column[at++] = j;
  }
  p->first[p->panels] = at;
  return 1;
}

static void fill_forward(rl_packed *p, int i, const double *w) {
  int panel = i / RL_PANEL;
  for (int k = p->first[panel]; k < p->first[panel + 1]; k++)
    p->weight[(size_t)k * RL_PANEL + (size_t)(i % RL_PANEL)] = w[p->column[k]];
}

/* Row i of the matrix is column i of its transpose; next[panel] is where that panel's next column lies. */
static void fill_back(rl_packed *p, int i, const double *w, int *next) {
  for (int panel = 0; panel < p->panels; panel++) {
    int k = next[panel];
    if (k == p->first[panel + 1] || p->column[k] != i) continue;
    next[panel]++;
    for (int r = 0; r < RL_PANEL && panel * RL_PANEL + r < p->rows; r++)
      p->weight[(size_t)k * RL_PANEL + (size_t)r] = w[panel * RL_PANEL + r];
  }
}

static int pack(const layout *a, rl_packed_row *row, const void *context, double *scratch) {
  int rows = a->forward->rows, *next = NULL;
  for (int i = 0; i < rows; i++) mark_row(a, i, row(context, i, scratch));
  if (!allocate(a->forward, a->in_forward) || !allocate(a->back, a->in_back)) return 0;
  next = rl_copy_bytes(a->back->first, (size_t)a->back->panels * sizeof *next);
  if (!next) return 0;
  for (int i = 0; i < rows; i++) {
    const double *w = row(context, i, scratch);
    fill_forward(a->forward, i, w);
    fill_back(a->back, i, w, next);
  }
  rl_free(next);
  return 1;
}

rl_status rl_packed_create(rl_packed *forward, rl_packed *back, int rows, int columns, rl_packed_row *row,
                           const void *context, rl_error *err) {
  *forward = (rl_packed){.rows = rows, .columns = columns, .panels = rl_panel_rows(rows) / RL_PANEL};
  *back = (rl_packed){.rows = columns, .columns = rows, .panels = rl_panel_rows(columns) / RL_PANEL};
  layout a = {forward, back, rl_alloc((size_t)forward->panels, (size_t)columns),
              rl_alloc((size_t)back->panels, (size_t)rows)};
  double *scratch = rl_alloc((size_t)columns, sizeof *scratch);
  int done = a.in_forward && a.in_back && scratch && pack(&a, row, context, scratch);
  rl_free(a.in_forward);
  rl_free(a.in_back);
  rl_free(scratch);
  if (done) return RL_OK;
  rl_packed_free(forward);
  rl_packed_free(back);
  return rl_fail_memory(err);
}

/* ---- multiplying --------------------------------------------------------------- */

/* The widest vector of the machine's own: sums in longer ones would not stay in registers. */
#ifdef __AVX512F__
enum { PART = 8 };
#elif defined __AVX__
enum { PART = 4 };
#else
enum { PART = 2 };
#endif
enum { PARTS = RL_COLUMNS / PART };
typedef double part __attribute__((vector_size(PART * sizeof(double))));

/* Products and sums of this function may be contracted, or not: errors are accounted for either way. */
#ifdef __clang__
#define MAY_CONTRACT
#else
#define MAY_CONTRACT __attribute__((optimize("fp-contract=fast")))
#endif

/* y[RL_PANEL] = the panel's rows times x.  (Loops that are not unrolled would keep the sums in memory.) */
MAY_CONTRACT static void multiply_panel(const double *restrict w, const int *restrict column, int count,
                                        const double *restrict x, double *restrict y) {
  part sum[RL_PANEL][PARTS], v;
#pragma GCC unroll 16
  for (int r = 0; r < RL_PANEL; r++)
#pragma GCC unroll 4
    for (int p = 0; p < PARTS; p++) sum[r][p] = (part){0};
  for (int k = 0; k < count; k++, w += RL_PANEL)
#pragma GCC unroll 16
    for (int r = 0; r < RL_PANEL; r++)
#pragma GCC unroll 4
      for (int p = 0; p < PARTS; p++) {
        memcpy(&v, x + (size_t)column[k] * RL_COLUMNS + p * PART, sizeof v);
        sum[r][p] += w[r] * v;
      }
#pragma GCC unroll 16
  for (int r = 0; r < RL_PANEL; r++)
#pragma GCC unroll 4
    for (int p = 0; p < PARTS; p++) memcpy(y + (r * PARTS + p) * PART, &sum[r][p], sizeof(part));
}

void rl_packed_multiply(const rl_packed *p, const double *x, double *y) {
  for (int panel = 0; panel < p->panels; panel++) {
    int first = p->first[panel];
    multiply_panel(p->weight + (size_t)first * RL_PANEL, p->column + first, p->first[panel + 1] - first, x,
                   y + (size_t)panel * RL_PANEL * RL_COLUMNS);
  }
}
