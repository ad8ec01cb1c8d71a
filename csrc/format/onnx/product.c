/* L2: ONNX: products with a constant matrix: Gemm, MatMul. */
#include "core/round.h"
#include "format/onnx/operator.h"

/* The steps between neighbours along each index of
 * result[l][i][j] = sum over k of x[l,i,j,k] * c[l,i,j,k]; an index that an operand does not have steps by 0. */
typedef struct strides {
  int l, i, j, k;
} strides;

typedef struct product {
  int lead, rows, columns, inner; /* ranges of l, i, j, k */
  strides x, c;
  const double *factor;
  double alpha, beta;
  const double *bias; /* NULL: none */
  int bias_row, bias_column;
} product;

static void product_rows(rl_onnx_builder *b, const void *context) {
  const product *p = context;
  for (int l = 0; l < p->lead; l++)
    for (int i = 0; i < p->rows; i++)
      for (int j = 0; j < p->columns; j++) {
        for (int k = 0; k < p->inner; k++)
          rl_onnx_term(b, l * p->x.l + i * p->x.i + j * p->x.j + k * p->x.k,
                       p->alpha * p->factor[l * p->c.l + i * p->c.i + j * p->c.j + k * p->c.k]);
        rl_onnx_end(b, p->bias ? p->beta * p->bias[i * p->bias_row + j * p->bias_column] : 0);
      }
}

/* Steps of a rows x columns matrix, stored transposed or not, on the side `left` of a product. */
static strides matrix_strides(int left, int transposed, int rows, int columns) {
  int down = transposed ? 1 : columns, across = transposed ? rows : 1;
  return left ? (strides){.i = down, .k = across} : (strides){.k = down, .j = across};
}

/* 1 when input 0 is the constant, 0 when input 1 is. */
static rl_status constant_side(const rl_onnx_node *node, int *left) {
  int first = rl_onnx_is_constant(node->in[0]->forms), second = rl_onnx_is_constant(node->in[1]->forms);
  if (!first && !second)
    return rl_onnx_fail(node, "both factors depend on the network's input: a product is not piecewise linear, expected "
                              "a constant one");
  *left = first && !second;
  return RL_OK;
}

/* Several rows of inputs are a batch whose size the file fixes. */
static rl_status check_batch(const rl_onnx_node *node, int constant_left, int rows) {
  if (constant_left || node->in[0]->shape.rank != 2 || rows == 1 || !node->in[0]->is_input) return RL_OK;
  return rl_onnx_fail(node, "its input has %d rows, expected one: a batch of 1", rows);
}

static rl_status fail_inner(const rl_onnx_node *node) {
  return rl_onnx_fail(node, "factors of shapes %s and %s do not fit together",
                      rl_onnx_shape_text(&node->in[0]->shape).text, rl_onnx_shape_text(&node->in[1]->shape).text);
}

static void note_rounded_products(rl_onnx_node *node, const double *values, int count, double factor) {
  int rounded = 0;
  for (int i = 0; i < count && factor != 1; i++) rounded |= fma(factor, values[i], -(factor * values[i])) != 0;
  if (rounded) rl_onnx_note_rounding(node, "products of constants");
}

/* ---- Gemm ------------------------------------------------------------------------------------ */

/* beta C, C broadcast to rows x columns. */
static rl_status read_bias(rl_onnx_node *node, product *p) {
  if (!rl_onnx_has(node, 2)) return RL_OK;
  rl_status status = rl_onnx_need_constant(node, 2, "C");
  if (status != RL_OK) return status;
  const rl_onnx_shape *shape = &node->in[2]->shape;
  int columns = shape->rank > 0 ? shape->dims[shape->rank - 1] : 1, rows = shape->rank > 1 ? shape->dims[0] : 1;
  if (shape->rank > 2 || (columns != p->columns && columns != 1) || (rows != p->rows && rows != 1))
    return rl_onnx_fail(node, "C has shape %s, expected one that broadcasts to %dx%d", rl_onnx_shape_text(shape).text,
                        p->rows, p->columns);
  p->bias = node->in[2]->forms->constant;
  p->bias_row = rows > 1 ? columns : 0;
  p->bias_column = columns > 1;
  note_rounded_products(node, p->bias, node->in[2]->forms->count, p->beta);
  return RL_OK;
}

/* alpha A' B' + beta C; A' and B' are A and B, transposed where transA and transB say so. */
rl_status rl_onnx_gemm(rl_onnx_node *node) {
  const rl_onnx_shape *A = &node->in[0]->shape, *B = &node->in[1]->shape;
  int left = 0, trans_a = 0, trans_b = 0;
  product p = {.lead = 1, .alpha = 1, .beta = 1};
  rl_status status = constant_side(node, &left);
  if (status == RL_OK) status = rl_onnx_integer(node, "transA", 0, 1, &trans_a);
  if (status == RL_OK) status = rl_onnx_integer(node, "transB", 0, 1, &trans_b);
  if (status == RL_OK) status = rl_onnx_real(node, "alpha", &p.alpha);
  if (status == RL_OK) status = rl_onnx_real(node, "beta", &p.beta);
  if (status != RL_OK) return status;
  if (A->rank != 2 || B->rank != 2)
    return rl_onnx_fail(node, "factors have shapes %s and %s, expected matrices", rl_onnx_shape_text(A).text,
                        rl_onnx_shape_text(B).text);
  p.rows = A->dims[trans_a], p.inner = A->dims[!trans_a], p.columns = B->dims[!trans_b];
  if (B->dims[trans_b] != p.inner) return fail_inner(node);
  status = check_batch(node, left, p.rows);
  if (status == RL_OK) status = read_bias(node, &p);
  if (status != RL_OK) return status;
  rl_onnx_shape shape = {0};
  if (!rl_onnx_extend(&shape, p.rows) || !rl_onnx_extend(&shape, p.columns)) return rl_onnx_fail_large(node);
  strides a = matrix_strides(1, trans_a, p.rows, p.inner), b = matrix_strides(0, trans_b, p.inner, p.columns);
  p.x = left ? b : a;
  p.c = left ? a : b;
  p.factor = node->in[!left]->forms->constant;
  note_rounded_products(node, p.factor, node->in[!left]->forms->count, p.alpha);
  return rl_onnx_mapped(node, left, &shape, product_rows, &p);
}

/* ---- MatMul ---------------------------------------------------------------------------------- */

/* A factor seen as lead x rows x columns; a vector is a row on the left and a column on the right. */
typedef struct factor {
  int lead, rows, columns;
} factor;

static factor factor_of(const rl_onnx_shape *shape, int left) {
  int rank = shape->rank;
  if (rank == 1) return left ? (factor){1, 1, shape->dims[0]} : (factor){1, shape->dims[0], 1};
  return (factor){rl_onnx_product(shape, 0, rank - 2), shape->dims[rank - 2], shape->dims[rank - 1]};
}

/* The leading dimensions of the factors, broadcast, then rows and columns where the factors have them. */
static int result_shape(const rl_onnx_shape *A, const rl_onnx_shape *B, int rows, int columns, rl_onnx_shape *out) {
  rl_onnx_shape a = *A, b = *B;
  a.rank = A->rank > 2 ? A->rank - 2 : 0;
  b.rank = B->rank > 2 ? B->rank - 2 : 0;
  int good = rl_onnx_broadcast(&a, &b, out);
  if (A->rank > 1) good = good && rl_onnx_extend(out, rows);
  if (B->rank > 1) good = good && rl_onnx_extend(out, columns);
  return good;
}

/* As numpy.matmul; of leading dimensions both factors have the same, or one has none but 1. */
rl_status rl_onnx_matmul(rl_onnx_node *node) {
  int left = 0;
  rl_status status = constant_side(node, &left);
  if (status != RL_OK) return status;
  const rl_onnx_shape *A = &node->in[0]->shape, *B = &node->in[1]->shape;
  if (A->rank < 1 || B->rank < 1) return fail_inner(node);
  factor a = factor_of(A, 1), b = factor_of(B, 0);
  if (a.columns != b.rows) return fail_inner(node);
  status = check_batch(node, left, a.rows);
  if (status != RL_OK) return status;
  rl_onnx_shape shape;
  if (!result_shape(A, B, a.rows, b.columns, &shape)) return fail_inner(node);
  int lead = rl_onnx_count(&shape) / ((A->rank > 1 ? a.rows : 1) * (B->rank > 1 ? b.columns : 1));
  if ((a.lead != 1 && a.lead != lead) || (b.lead != 1 && b.lead != lead))
    return rl_onnx_fail(node, "factors of shapes %s and %s: expected the same leading dimensions, or none on one side",
                        rl_onnx_shape_text(A).text, rl_onnx_shape_text(B).text);
  strides s = matrix_strides(1, 0, a.rows, a.columns), t = matrix_strides(0, 0, b.rows, b.columns);
  s.l = a.lead > 1 ? a.rows * a.columns : 0;
  t.l = b.lead > 1 ? b.rows * b.columns : 0;
  const product p = {.lead = lead, .rows = a.rows, .columns = b.columns, .inner = a.columns, .alpha = 1,
                     .x = left ? t : s, .c = left ? s : t, .factor = node->in[!left]->forms->constant};
  return rl_onnx_mapped(node, left, &shape, product_rows, &p);
}
