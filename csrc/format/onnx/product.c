/* L2: ONNX: products with a constant matrix: Gemm, MatMul. */
#include "format/onnx/onnx.h"

/* The steps between neighbours along each index of
 * result[l][i][j] = sum over k of x[l,i,j,k] * c[i,j,k]; an index that an operand does not have steps by 0. */
typedef struct strides {
  int l, i, j, k;
} strides;

typedef struct product {
  int lead, rows, columns, inner; /* ranges of l, i, j, k */
  strides x, c;
  double alpha;
} product;

/* node->out, already made and zero, becomes alpha times the product of the map x and the constant c. */
static void multiply(rl_onnx_node *node, const product *p, const rl_onnx_map *x, const double *c) {
  int row = 0;
  for (int l = 0; l < p->lead; l++)
    for (int i = 0; i < p->rows; i++)
      for (int j = 0; j < p->columns; j++, row++)
        for (int k = 0; k < p->inner; k++)
          rl_onnx_add(&node->out->map, row, x, l * p->x.l + i * p->x.i + j * p->x.j + k * p->x.k,
                      p->alpha * c[i * p->c.i + j * p->c.j + k * p->c.k]);
}

/* Steps of a rows x columns matrix, stored transposed or not, on the side `left` of a product. */
static strides matrix_strides(int left, int transposed, int rows, int columns) {
  int down = transposed ? 1 : columns, across = transposed ? rows : 1;
  return left ? (strides){.i = down, .k = across} : (strides){.k = down, .j = across};
}

/* One input constant, the other not: 1 when input 0 is the constant, 0 when input 1 is, else an error. */
static rl_status constant_side(const rl_onnx_node *node, int *left) {
  int first = node->in[0]->kind == RL_ONNX_CONSTANT, second = node->in[1]->kind == RL_ONNX_CONSTANT;
  if (first == second)
    return rl_onnx_fail(node, "%s",
                        first ? "both factors are constant, expected one that depends on the network's input"
                              : "both factors depend on the network's input, expected a constant one");
  *left = first;
  return RL_OK;
}

/* Several rows of inputs are a batch whose size the file fixes. */
static rl_status check_batch(const rl_onnx_node *node, int constant_left, int rows) {
  if (constant_left || node->in[0]->shape.rank != 2 || rows == 1) return RL_OK;
  return rl_onnx_fail(node, "its input has %d rows, expected one: a batch of 1", rows);
}

static rl_status fail_inner(const rl_onnx_node *node) {
  return rl_onnx_fail(node, "factors of shapes %s and %s do not fit together",
                      rl_onnx_shape_text(&node->in[0]->shape).text, rl_onnx_shape_text(&node->in[1]->shape).text);
}

/* ---- Gemm ------------------------------------------------------------------------------------ */

/* b += beta * C, C broadcast to rows x columns. */
static rl_status add_bias(rl_onnx_node *node, double beta, int rows, int columns) {
  if (node->inputs < 3 || !node->in[2]) return RL_OK;
  rl_status status = rl_onnx_need_constant(node, 2, "C");
  if (status != RL_OK) return status;
  const rl_onnx_shape *shape = &node->in[2]->shape;
  int c_columns = shape->rank > 0 ? shape->dims[shape->rank - 1] : 1, c_rows = shape->rank > 1 ? shape->dims[0] : 1;
  if (shape->rank > 2 || (c_columns != columns && c_columns != 1) || (c_rows != rows && c_rows != 1))
    return rl_onnx_fail(node, "C has shape %s, expected one that broadcasts to %dx%d", rl_onnx_shape_text(shape).text,
                        rows, columns);
  for (int i = 0; i < rows; i++)
    for (int j = 0; j < columns; j++)
      node->out->map.b[i * columns + j] +=
          beta * node->in[2]->constant[(c_rows > 1 ? i * c_columns : 0) + (c_columns > 1 ? j : 0)];
  return RL_OK;
}

/* alpha A' B' + beta C; A' and B' are A and B, transposed where transA and transB say so. */
rl_status rl_onnx_gemm(rl_onnx_node *node) {
  const rl_onnx_shape *A = &node->in[0]->shape, *B = &node->in[1]->shape;
  int constant_left = 0, trans_a = 0, trans_b = 0;
  double alpha = 1, beta = 1;
  rl_status status = constant_side(node, &constant_left);
  if (status == RL_OK) status = rl_onnx_integer(node, "transA", 0, 1, &trans_a);
  if (status == RL_OK) status = rl_onnx_integer(node, "transB", 0, 1, &trans_b);
  if (status == RL_OK) status = rl_onnx_real(node, "alpha", &alpha);
  if (status == RL_OK) status = rl_onnx_real(node, "beta", &beta);
  if (status != RL_OK) return status;
  if (A->rank != 2 || B->rank != 2)
    return rl_onnx_fail(node, "factors have shapes %s and %s, expected matrices", rl_onnx_shape_text(A).text,
                        rl_onnx_shape_text(B).text);
  int rows = A->dims[trans_a], inner = A->dims[!trans_a], columns = B->dims[!trans_b];
  if (B->dims[trans_b] != inner) return fail_inner(node);
  status = check_batch(node, constant_left, rows);
  if (status != RL_OK) return status;
  rl_onnx_shape shape = {0};
  if (!rl_onnx_extend(&shape, rows) || !rl_onnx_extend(&shape, columns))
    return rl_onnx_fail(node, "the result has more than %d elements", RL_ONNX_ELEMENTS);
  strides left = matrix_strides(1, trans_a, rows, inner), right = matrix_strides(0, trans_b, inner, columns);
  product p = {1, rows, columns, inner, constant_left ? right : left, constant_left ? left : right, alpha};
  const rl_onnx_value *x = node->in[constant_left], *c = node->in[!constant_left];
  status = rl_onnx_new_map(node, &x->map, &shape);
  if (status != RL_OK) return status;
  multiply(node, &p, &x->map, c->constant);
  return add_bias(node, beta, rows, columns);
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

/* The leading dimensions of the longer shape's rank, then rows and columns where the factors have them. */
static int result_shape(const rl_onnx_shape *A, const rl_onnx_shape *B, const rl_onnx_shape *x, int rows, int columns,
                        rl_onnx_shape *out) {
  int rank = A->rank > B->rank ? A->rank : B->rank, good = 1;
  *out = (rl_onnx_shape){0};
  for (int k = 0; k < rank - 2; k++) {
    int i = k - (rank - x->rank);
    good = good && rl_onnx_extend(out, i >= 0 && i < x->rank - 2 ? x->dims[i] : 1);
  }
  if (A->rank > 1) good = good && rl_onnx_extend(out, rows);
  if (B->rank > 1) good = good && rl_onnx_extend(out, columns);
  return good;
}

/* As numpy.matmul; the constant has no leading dimensions but 1. */
rl_status rl_onnx_matmul(rl_onnx_node *node) {
  int constant_left = 0;
  rl_status status = constant_side(node, &constant_left);
  if (status != RL_OK) return status;
  const rl_onnx_shape *A = &node->in[0]->shape, *B = &node->in[1]->shape;
  if (A->rank < 1 || B->rank < 1) return fail_inner(node);
  const rl_onnx_value *x = node->in[constant_left], *c = node->in[!constant_left];
  factor a = factor_of(A, 1), b = factor_of(B, 0);
  if (a.columns != b.rows) return fail_inner(node);
  status = check_batch(node, constant_left, a.rows);
  if (status != RL_OK) return status;
  if ((constant_left ? a : b).lead != 1)
    return rl_onnx_fail(node, "the constant has shape %s, expected one matrix", rl_onnx_shape_text(&c->shape).text);
  rl_onnx_shape shape;
  if (!result_shape(A, B, &x->shape, a.rows, b.columns, &shape))
    return rl_onnx_fail(node, "the result has more than %d elements", RL_ONNX_ELEMENTS);
  strides left = matrix_strides(1, 0, a.rows, a.columns), right = matrix_strides(0, 0, b.rows, b.columns);
  product p = {.rows = a.rows, .columns = b.columns, .inner = a.columns, .alpha = 1};
  p.x = constant_left ? right : left;
  p.c = constant_left ? left : right;
  p.lead = constant_left ? b.lead : a.lead;
  p.x.l = constant_left ? b.rows * b.columns : a.rows * a.columns;
  status = rl_onnx_new_map(node, &x->map, &shape);
  if (status == RL_OK) multiply(node, &p, &x->map, c->constant);
  return status;
}
