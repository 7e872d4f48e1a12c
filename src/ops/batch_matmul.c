/* BatchMatMul and its later versions, and tf.linalg.matvec: products of the last two axes,
 * the axes before them broadcast. */
#include "eagercl/ops.h"
#include "ops/gemm.h"
#include "ops/registry.h"
#include "runtime/run.h"

typedef struct kind {
  const char *adjoint[2];
  bool alike;  /* batch axes are equal, not broadcast */
  bool vector; /* the second operand is [..., k] */
} kind;

/* An operand's batch axes and matrix; m or n, and k, by `adjoint`. */
typedef struct operand {
  eager__shape batch;
  int64_t rows, columns;
  bool adjoint;
} operand;

static bool is_adjoint(const eager__call *call, int input) {
  const kind *row = call->op->data;
  return row->adjoint[input] && eager__attr_get(call, row->adjoint[input])->i != 0;
}

static eager_status read_operand(const eager__call *call, int input, operand *out) {
  const kind *row = call->op->data;
  const eager__shape *x = call->inputs[input].shape;
  int axes = row->vector && input == 1 ? 1 : 2;
  EAGER__REQUIRE(x->rank >= axes, EAGER_INVALID_ARGUMENT, "In[%d] ndims must be >= %d: %d",
                 input, axes, x->rank);
  out->batch = *x;
  out->batch.rank = x->rank - axes;
  out->adjoint = is_adjoint(call, input);
  const int64_t *last = x->dims + out->batch.rank;
  out->rows = last[out->adjoint];
  out->columns = axes == 1 ? 1 : last[!out->adjoint];
  return EAGER_OK;
}

static eager_status check_alike(const eager__shape *a, const eager__shape *b) {
  char text[2][EAGER__SHAPE_TEXT];
  EAGER__REQUIRE(a->rank == b->rank, EAGER_INVALID_ARGUMENT,
                 "In[0] and In[1] has different ndims: %s vs. %s",
                 eager__shape_text(a, text[0]), eager__shape_text(b, text[1]));
  for (int d = 0; d < a->rank - 2; d++)
    EAGER__REQUIRE(a->dims[d] == b->dims[d] || a->dims[d] < 0 || b->dims[d] < 0,
                   EAGER_INVALID_ARGUMENT,
                   "In[0].dim(%d) and In[1].dim(%d) must be the same: %s vs %s", d, d,
                   eager__shape_text(a, text[0]), eager__shape_text(b, text[1]));
  return EAGER_OK;
}

static eager_status infer_shape(eager__call *call) {
  const kind *row = call->op->data;
  const eager__shape *a = call->inputs[0].shape, *b = call->inputs[1].shape;
  char text[2][EAGER__SHAPE_TEXT];
  operand x, y;
  EAGER__TRY(read_operand(call, 0, &x));
  EAGER__TRY(read_operand(call, 1, &y));
  if (row->alike) EAGER__TRY(check_alike(a, b));
  EAGER__REQUIRE(x.columns == y.rows || x.columns < 0 || y.rows < 0, EAGER_INVALID_ARGUMENT,
                 "Matrix size-incompatible: In[0]: %s, In[1]: %s",
                 eager__shape_text(a, text[0]), eager__shape_text(b, text[1]));
  eager__shape *out = &call->outputs[0].shape;
  if (eager__shape_broadcast(&x.batch, &y.batch, out) != EAGER_OK)
    EAGER__FAIL(EAGER_INVALID_ARGUMENT,
                "In[0] and In[1] must have compatible batch dimensions: %s vs. %s",
                eager__shape_text(a, text[0]), eager__shape_text(b, text[1]));
  EAGER__REQUIRE(out->rank + (row->vector ? 1 : 2) <= EAGER__MAX_RANK,
                 EAGER_INVALID_ARGUMENT, "the result's rank is more than %d",
                 EAGER__MAX_RANK);
  out->dims[out->rank++] = x.rows;
  if (!row->vector) out->dims[out->rank++] = y.columns;
  return EAGER_OK;
}

static eager_status infer(eager__call *call) {
  call->outputs[0].dtype = call->dtype;
  return infer_shape(call);
}

/* The walk over the batch axes; its strides count matrices, so far. */
static void add_batch(eager__product *p, const operand *x, const operand *y,
                      const eager__shape *out, const int64_t sizes[3]) {
  eager__shape operands[3] = {x->batch, y->batch, *out};
  eager__walk walk;
  eager__walk_broadcast(out, operands, 3, &walk);
  p->rank = walk.rank;
  for (int d = 0; d < walk.rank; d++) {
    p->dims[d] = walk.dims[d];
    for (int o = 0; o < 3; o++) p->strides[o][d] = walk.strides[o][d] * sizes[o];
  }
}

static eager_status launch(eager__call *call, eager__commands *commands) {
  const kind *row = call->op->data;
  operand x, y;
  EAGER__TRY(read_operand(call, 0, &x));
  EAGER__TRY(read_operand(call, 1, &y));
  eager__product p = {.dtype = call->dtype, .m = x.rows, .n = y.columns, .k = x.columns};
  p.a = eager__matrix_dense((eager__spot){EAGER__PLACE_INPUT, 0, 0}, p.m, p.k, x.adjoint);
  p.b = eager__matrix_dense((eager__spot){EAGER__PLACE_INPUT, 1, 0}, p.k, p.n, y.adjoint);
  p.c = eager__matrix_dense((eager__spot){EAGER__PLACE_OUTPUT, 0, 0}, p.m, p.n, false);
  eager__shape batch = call->outputs[0].shape;
  batch.rank -= row->vector ? 1 : 2;
  add_batch(&p, &x, &y, &batch, (int64_t[]){p.m * p.k, p.k * p.n, p.m * p.n});
  return eager__add_product(commands, &p);
}

/* --- BatchMatMulV3: operands of two dtypes, the result of a third --- */

enum {
  BYTES = EAGER__BIT(EAGER_INT8) | EAGER__BIT(EAGER_UINT8),
};

static eager_status infer_v3(eager__call *call) {
  eager_dtype a = call->inputs[0].dtype, b = call->inputs[1].dtype;
  eager_dtype out = (eager_dtype)eager__attr_get(call, "Tout")->i;
  bool bytes = EAGER__BIT(a) & BYTES && EAGER__BIT(b) & BYTES && out == EAGER_INT32;
  EAGER__REQUIRE(bytes || (a == b && b == out), EAGER_INVALID_ARGUMENT,
                 "Ta, Tb and Tout must be alike, or 8-bit integers and int32, but are "
                 "%s, %s and %s",
                 eager_dtype_name(a), eager_dtype_name(b), eager_dtype_name(out));
  call->outputs[0].dtype = out;
  return infer_shape(call);
}

static eager_status cast_to(const eager__call *outer, eager_tensor *x, eager_dtype dtype,
                            eager_tensor **out) {
  eager__call cast;
  EAGER__TRY(eager__call_begin_inner(&cast, eager__registry_find("Cast"), outer, &x, 1));
  eager__call_set_int(&cast, "DstT", dtype);
  return eager__call_run(&cast, NULL, out, 1);
}

static const eager__op *plain_op(void);

static eager_status compose_v3(eager__call *call, eager_tensor **outputs) {
  eager_dtype dtype = (eager_dtype)eager__attr_get(call, "Tout")->i;
  eager_tensor *cast[2] = {NULL, NULL};
  eager_status status = EAGER_OK;
  for (int i = 0; i < 2 && status == EAGER_OK; i++)
    status = cast_to(call, call->inputs[i].tensor, dtype, &cast[i]);
  eager__call product;
  if (status == EAGER_OK)
    status = eager__call_begin_inner(&product, plain_op(), call, cast, 2);
  if (status == EAGER_OK) {
    eager__call_set_int(&product, "adj_x", is_adjoint(call, 0));
    eager__call_set_int(&product, "adj_y", is_adjoint(call, 1));
    status = eager__call_run(&product, NULL, outputs, 1);
  }
  eager_tensor_release(cast[0]);
  eager_tensor_release(cast[1]);
  return status;
}

static const kind first = {.adjoint = {"adj_x", "adj_y"}, .alike = true};
static const kind later = {.adjoint = {"adj_x", "adj_y"}};
static const kind vector = {.adjoint = {"transpose_a", NULL}, .vector = true};

#define ADJOINTS                                                                           \
  {.name = "adj_x", .kind = EAGER__ATTR_BOOL}, {                                           \
    .name = "adj_y", .kind = EAGER__ATTR_BOOL                                              \
  }

enum { V1, V2, V3, MATVEC, COUNT };
static const eager__op ops[COUNT] = {
    [V1] = {.name = "BatchMatMul",
            .typed = "eager_batch_matmul",
            .inputs = {{.name = "x"}, {.name = "y"}},
            .dtypes = EAGER__NUMBERS,
            .attrs = {ADJOINTS},
            .infer = infer,
            .launch = launch,
            .data = &first},
    [V2] = {.name = "BatchMatMulV2",
            .typed = "eager_batch_matmul",
            .inputs = {{.name = "x"}, {.name = "y"}},
            .dtypes = EAGER__NUMBERS,
            .attrs = {ADJOINTS},
            .infer = infer,
            .launch = launch,
            .data = &later},
    [V3] = {.name = "BatchMatMulV3",
            .typed = "eager_batch_matmul",
            .inputs = {{.name = "x"}, {.name = "y", EAGER__NUMBERS}},
            .dtypes = EAGER__NUMBERS,
            .attrs = {{.name = "Tout", .kind = EAGER__ATTR_DTYPE, .required = true},
                      ADJOINTS},
            .infer = infer_v3,
            .compose = compose_v3,
            .data = &later},
    [MATVEC] = {.name = "MatVec",
                .typed = "eager_matvec",
                .inputs = {{.name = "a"}, {.name = "b"}},
                .dtypes = EAGER__NUMBERS,
                .attrs = {{.name = "transpose_a", .kind = EAGER__ATTR_BOOL}},
                .infer = infer,
                .launch = launch,
                .data = &vector},
};
const eager__op_list eager__ops_batch_matmul = {ops, COUNT};

static const eager__op *plain_op(void) {
  return &ops[V2];
}

eager_status eager_batch_matmul(eager_tensor *a, bool adjoint_a, eager_tensor *b,
                                bool adjoint_b, eager_tensor **out) {
  eager__call call;
  EAGER__TRY(eager__call_begin(&call, &ops[V2], (eager_tensor *[]){a, b}, 2));
  eager__call_set_int(&call, "adj_x", adjoint_a);
  eager__call_set_int(&call, "adj_y", adjoint_b);
  return eager__call_run(&call, NULL, out, 1);
}

eager_status eager_matvec(eager_tensor *a, bool transpose_a, eager_tensor *b,
                          eager_tensor **out) {
  eager__call call;
  EAGER__TRY(eager__call_begin(&call, &ops[MATVEC], (eager_tensor *[]){a, b}, 2));
  eager__call_set_int(&call, "transpose_a", transpose_a);
  return eager__call_run(&call, NULL, out, 1);
}
