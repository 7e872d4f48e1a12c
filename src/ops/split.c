/* Split, SplitV, Unpack: a tensor in parts along an axis. Seen as a table of rows (the axes
 * before `axis`), every part is a strip of it; four strips go in one launch. Parts of a
 * single row are views. */
#include <inttypes.h>

#include "eagercl/ops.h"
#include "ops/families.h"
#include "ops/moves.h"
#include "ops/shape_attr.h"
#include "runtime/run.h"

enum { STRIPS = 4 };

static eager_status read_axis(const eager__call *call, int *out) {
  return eager__shape_axis(eager__attr_get(call, "axis")->i, call->inputs[0].shape->rank,
                           "axis", out);
}

static eager_status check_count(const char *name, int64_t count, int64_t least) {
  EAGER__REQUIRE(count >= least && count <= INT32_MAX, EAGER_INVALID_ARGUMENT,
                 "%s must be from %" PRId64 " to 2^31 - 1, got %" PRId64, name, least,
                 count);
  return EAGER_OK;
}

/* Output `i` has the shape said and lies from `column` of every row on. */
static void set_part(eager__call *call, int i, const eager__shape *shape, int64_t rows,
                     int64_t column) {
  eager__result *out = &call->outputs[i];
  out->dtype = call->dtype;
  out->shape = *shape;
  bool run = rows == 1 && column >= 0 && eager__shape_elements(shape) > 0;
  if (!run && call->output_count > 1) return;
  out->view_of = 1;
  out->view_offset = run ? column : 0;
}

/* --- Split --- */

static eager_status count_split(const eager__call *call, int *out) {
  int64_t count = eager__attr_get(call, "num_split")->i;
  EAGER__TRY(check_count("num_split", count, 1));
  *out = (int)count;
  return EAGER_OK;
}

static eager_status infer_split(eager__call *call) {
  eager__shape part = *call->inputs[0].shape;
  int axis;
  EAGER__TRY(read_axis(call, &axis));
  int64_t dim = part.dims[axis];
  EAGER__REQUIRE(dim < 0 || dim % call->output_count == 0, EAGER_INVALID_ARGUMENT,
                 "Number of ways to split should evenly divide the split dimension, but "
                 "got split_dim %d (size = %" PRId64 ") and num_split %d",
                 axis, dim, call->output_count);
  part.dims[axis] = dim < 0 ? -1 : dim / call->output_count;
  int64_t rows = eager__shape_product(&part, 0, axis);
  int64_t width = eager__shape_product(&part, axis, part.rank);
  for (int i = 0; i < call->output_count; i++)
    set_part(call, i, &part, rows, width < 0 ? -1 : i * width);
  return EAGER_OK;
}

/* --- SplitV --- */

static eager_status read_sizes(const eager__call *call, const eager__attr **out) {
  EAGER__TRY(eager__list_attr_get(call, "size_splits", INT32_MAX, out));
  return check_count("the number of size_splits", (int64_t)(*out)->count, 1);
}

static eager_status count_split_v(const eager__call *call, int *out) {
  const eager__attr *sizes;
  EAGER__TRY(read_sizes(call, &sizes));
  *out = (int)sizes->count;
  return EAGER_OK;
}

/* What the sizes add up to but for the one that is -1, whose place is *out_open or -1. */
static eager_status add_sizes(const eager__attr *sizes, int64_t *out_sum, int *out_open) {
  int64_t sum = 0;
  *out_open = -1;
  for (int i = 0; i < (int)sizes->count; i++) {
    int64_t size = sizes->ints[i];
    EAGER__REQUIRE(size >= -1, EAGER_INVALID_ARGUMENT,
                   "Split size at index %d must be >= 0. Got: %" PRId64, i, size);
    EAGER__REQUIRE(size != -1 || *out_open < 0, EAGER_INVALID_ARGUMENT,
                   "There can only be one -1 in the input, not both %d and %d", *out_open,
                   i);
    if (size == -1) {
      *out_open = i;
      continue;
    }
    EAGER__REQUIRE(size <= INT64_MAX - sum, EAGER_INVALID_ARGUMENT,
                   "the size_splits add up to more than fits into 63 bits");
    sum += size;
  }
  *out_sum = sum;
  return EAGER_OK;
}

static eager_status infer_split_v(eager__call *call) {
  eager__shape part = *call->inputs[0].shape;
  const eager__attr *sizes;
  int axis, open;
  int64_t sum;
  EAGER__TRY(read_axis(call, &axis));
  EAGER__TRY(read_sizes(call, &sizes));
  EAGER__TRY(add_sizes(sizes, &sum, &open));
  int64_t dim = part.dims[axis];
  EAGER__REQUIRE(
      dim < 0 || sum == dim || (open >= 0 && sum < dim), EAGER_INVALID_ARGUMENT,
      "Determined shape must either match input shape along split_dim exactly if fully "
      "specified, or be less than the size of the input along split_dim if not fully "
      "specified. Got: %" PRId64 " of %" PRId64,
      sum, dim);
  int64_t rows = eager__shape_product(&part, 0, axis), column = 0;
  int64_t inner = eager__shape_product(&part, axis + 1, part.rank);
  for (int i = 0; i < call->output_count; i++) {
    part.dims[axis] = i != open ? sizes->ints[i] : dim < 0 ? -1 : dim - sum;
    bool known = inner >= 0 && part.dims[axis] >= 0 && column >= 0;
    set_part(call, i, &part, rows, known ? column : -1);
    column = known ? column + part.dims[axis] * inner : -1;
  }
  return EAGER_OK;
}

/* --- Unpack --- */

static eager_status count_unpack(const eager__call *call, int *out) {
  int64_t num = eager__attr_get(call, "num")->i;
  EAGER__TRY(check_count("num", num, 0));
  *out = (int)num;
  return EAGER_OK;
}

static eager_status infer_unpack(eager__call *call) {
  const eager__shape *x = call->inputs[0].shape;
  int axis;
  EAGER__TRY(read_axis(call, &axis));
  EAGER__REQUIRE(x->dims[axis] < 0 || x->dims[axis] == call->output_count,
                 EAGER_INVALID_ARGUMENT, "Input shape axis %d must equal %d, got %" PRId64,
                 axis, call->output_count, x->dims[axis]);
  eager__shape part = {.rank = x->rank - 1};
  for (int i = 0; i < part.rank; i++) part.dims[i] = x->dims[i < axis ? i : i + 1];
  int64_t rows = eager__shape_product(x, 0, axis);
  int64_t width = eager__shape_product(x, axis + 1, x->rank);
  for (int i = 0; i < call->output_count; i++)
    set_part(call, i, &part, rows, width < 0 ? -1 : i * width);
  return EAGER_OK;
}

/* --- All of them --- */

typedef struct strips { /* the kernel's */
  int64_t widths[STRIPS], columns[STRIPS];
  int64_t x_width;
} strips;

static eager_status add_strips(eager__commands *commands, int64_t rows, const strips *all,
                               const int outputs[STRIPS], int count) {
  int64_t widest = 0;
  for (int k = 0; k < count; k++)
    if (all->widths[k] > widest) widest = all->widths[k];
  eager_dtype dtype = eager__move_dtype(commands->call->dtype);
  eager__kernel_begin(commands, &eager__family_layout, dtype, "split");
  eager__spread spread = eager__spread_make(commands, rows, widest);
  for (int k = 0; k < STRIPS; k++) eager__arg_output(commands, outputs[k < count ? k : 0]);
  eager__arg_input(commands, 0);
  eager__arg_bytes(commands, all, sizeof *all);
  eager__arg_bytes(commands, &spread, sizeof spread);
  eager__grid grid = eager__spread_grid(commands, &spread);
  grid.dims = 3;
  grid.global[2] = (size_t)count;
  grid.local[2] = 1;
  return eager__kernel_end(commands, grid);
}

static eager_status launch(eager__call *call, eager__commands *commands) {
  const eager__shape *x = call->inputs[0].shape;
  int axis, outputs[STRIPS], count = 0;
  EAGER__TRY(read_axis(call, &axis));
  int64_t rows = eager__shape_product(x, 0, axis), column = 0;
  strips all = {.x_width = eager__shape_product(x, axis, x->rank)};
  for (int i = 0; i < call->output_count; i++) {
    int64_t width = eager__shape_elements(&call->outputs[i].shape) / rows;
    if (width > 0) {
      outputs[count] = i;
      all.widths[count] = width;
      all.columns[count++] = column;
      column += width;
    }
    if (count == STRIPS || (count > 0 && i == call->output_count - 1)) {
      EAGER__TRY(add_strips(commands, rows, &all, outputs, count));
      count = 0;
    }
  }
  return EAGER_OK;
}

enum { SPLIT, SPLIT_V, UNPACK, COUNT };
static const eager__op ops[COUNT] = {
    [SPLIT] = {.name = "Split",
               .typed = "eager_split",
               .inputs = {{.name = "value"}},
               .dtypes = EAGER__ANY,
               .moves_only = true,
               .attrs = {{.name = "axis", EAGER__ATTR_INT, .required = true},
                         {.name = "num_split", EAGER__ATTR_INT, .required = true}},
               .count_outputs = count_split,
               .infer = infer_split,
               .launch = launch},
    [SPLIT_V] = {.name = "SplitV",
                 .typed = "eager_split_v",
                 .inputs = {{.name = "value"}},
                 .dtypes = EAGER__ANY,
                 .moves_only = true,
                 .attrs = {{.name = "size_splits", EAGER__ATTR_INT_LIST, .required = true},
                           {.name = "axis", EAGER__ATTR_INT, .required = true}},
                 .count_outputs = count_split_v,
                 .infer = infer_split_v,
                 .launch = launch},
    [UNPACK] = {.name = "Unpack",
                .typed = "eager_unstack",
                .inputs = {{.name = "value"}},
                .dtypes = EAGER__ANY,
                .moves_only = true,
                .attrs = {{.name = "num", EAGER__ATTR_INT, .required = true},
                          {.name = "axis", EAGER__ATTR_INT}},
                .count_outputs = count_unpack,
                .infer = infer_unpack,
                .launch = launch},
};
const eager__op_list eager__ops_split = {ops, COUNT};

eager_status eager_split(eager_tensor *x, int num_split, int64_t axis,
                         eager_tensor **outputs) {
  eager__call call;
  EAGER__TRY(eager__call_begin(&call, &ops[SPLIT], &x, 1));
  eager__call_set_int(&call, "axis", axis);
  eager__call_set_int(&call, "num_split", num_split);
  return eager__call_run(&call, NULL, outputs, num_split);
}

eager_status eager_split_v(eager_tensor *x, const int64_t *sizes, int size_count,
                           int64_t axis, eager_tensor **outputs) {
  eager__call call;
  EAGER__TRY(eager__call_begin(&call, &ops[SPLIT_V], &x, 1));
  eager__call_set_ints(&call, "size_splits", sizes, (size_t)size_count);
  eager__call_set_int(&call, "axis", axis);
  return eager__call_run(&call, NULL, outputs, size_count);
}

eager_status eager_unstack(eager_tensor *x, int num, int64_t axis, eager_tensor **outputs) {
  eager__call call;
  EAGER__TRY(eager__call_begin(&call, &ops[UNPACK], &x, 1));
  eager__call_set_int(&call, "num", num);
  eager__call_set_int(&call, "axis", axis);
  return eager__call_run(&call, NULL, outputs, num);
}
