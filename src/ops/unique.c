/* Unique and UniqueWithCounts: equals brought together by sorting, numbered by first
 * occurrence. How many there are is read before the result has its size. */
#include <inttypes.h>

#include "eagercl/ops.h"
#include "ops/families.h"
#include "ops/grids.h"
#include "ops/order.h"
#include "ops/scan.h"
#include "runtime/run.h"

/* --- Inner op: [n] order, [n + 1] group, [n + 1] rank, [n + 1] starts, as in unique.cl,
 * and [1] how many groups --- */

enum { ORDER, GROUP, RANK, STARTS, FOUND, GROUPED };

static eager_status infer_group(eager__call *call) {
  int64_t count = call->inputs[0].shape->dims[0];
  for (int i = 0; i < GROUPED; i++) {
    call->outputs[i].dtype = i == FOUND ? EAGER_INT64 : EAGER_INT32;
    call->outputs[i].shape = (eager__shape){1,
                                            {i == FOUND   ? 1
                                             : i == ORDER ? count
                                                          : count + 1}};
  }
  return EAGER_OK;
}

static eager_status launch_group(eager__call *call, eager__commands *commands) {
  eager_dtype dtype = eager__move_dtype(call->dtype);
  eager__order order = eager__order_along(call->inputs[0].shape, 0);
  eager__ordered ordered;
  eager__scan scan = {.values = {EAGER__PLACE_OUTPUT, GROUP, 0},
                      .dtype = EAGER_UINT32,
                      .count = order.length,
                      .sums = -1};
  if (order.length == 0) {
    eager__add_scan(commands, &scan);
    return eager__add_scan_total(commands, &scan, FOUND);
  }
  EAGER__TRY(eager__add_order(commands, 0, &order, &ordered));
  int64_t each = eager__block_each(commands, order.length, 1);

  eager__kernel_begin(commands, &eager__family_sort, dtype, "unique_heads");
  eager__arg_output(commands, ORDER);
  eager__arg_output(commands, GROUP);
  eager__arg_output(commands, RANK);
  eager__arg_scratch(commands, ordered.keys);
  eager__arg_scratch(commands, ordered.places);
  eager__arg_long(commands, order.length);
  eager__arg_long(commands, each);
  eager__arg_int(commands, eager__dtype_is_float(call->dtype));
  eager__kernel_end(commands, eager__grid_each(commands, order.length, each));

  eager__add_scan(commands, &scan);
  eager__add_scan_total(commands, &scan, FOUND);
  scan.values.index = RANK;
  eager__add_scan(commands, &scan);

  eager__kernel_begin(commands, &eager__family_sort, dtype, "unique_starts");
  eager__arg_output(commands, STARTS);
  eager__arg_output(commands, GROUP);
  eager__arg_long(commands, order.length);
  eager__arg_long(commands, each);
  return eager__kernel_end(commands, eager__grid_each(commands, order.length, each));
}

/* --- Inner op: the results --- */

enum { Y, IDX, COUNTS };

static eager_status infer_write(eager__call *call) {
  int64_t count = call->inputs[0].shape->dims[0];
  int64_t found = eager__attr_get(call, "found")->i;
  eager_dtype type = (eager_dtype)eager__attr_get(call, "out_idx")->i;
  for (int i = 0; i < call->output_count; i++) {
    call->outputs[i].dtype = i == Y ? call->dtype : type;
    call->outputs[i].shape = (eager__shape){1, {i == IDX ? count : found}};
  }
  return EAGER_OK;
}

static eager_status launch_write(eager__call *call, eager__commands *commands) {
  int64_t count = call->inputs[0].shape->dims[0];
  bool wants_counts = call->output_count > COUNTS;
  eager__kernel_begin(commands, &eager__family_sort, eager__move_dtype(call->dtype),
                      "unique_write");
  int64_t each = eager__block_each(commands, count, 1);
  eager__arg_output(commands, Y);
  eager__arg_output(commands, IDX);
  eager__arg_output(commands, wants_counts ? COUNTS : IDX); /* not looked at */
  for (int i = 0; i < call->input_count; i++) eager__arg_input(commands, i);
  eager__arg_long(commands, count);
  eager__arg_long(commands, each);
  eager__arg_int(commands, call->outputs[IDX].dtype == EAGER_INT64);
  eager__arg_int(commands, wants_counts);
  return eager__kernel_end(commands, eager__grid_each(commands, count, each));
}

#define GROUPS                                                                             \
  {.name = "order", EAGER__BIT(EAGER_INT32)}, {.name = "group", EAGER__BIT(EAGER_INT32)},  \
      {.name = "rank", EAGER__BIT(EAGER_INT32)}, {                                         \
    .name = "starts", EAGER__BIT(EAGER_INT32)                                              \
  }
#define WRITE                                                                              \
  .inputs = {{.name = "x"}, GROUPS}, .dtypes = EAGER__ANY, .moves_only = true,             \
  .attrs = {{.name = "found", EAGER__ATTR_INT}, {.name = "out_idx", EAGER__ATTR_DTYPE}},   \
  .infer = infer_write, .launch = launch_write

enum { WRITE_TWO, WRITE_THREE, GROUP_UP };
static const eager__op inner[] = {
    [WRITE_TWO] = {.name = "Unique", .outputs = 2, WRITE},
    [WRITE_THREE] = {.name = "UniqueWithCounts", .outputs = 3, WRITE},
    [GROUP_UP] = {.name = "Unique",
                  .inputs = {{.name = "x"}},
                  .outputs = GROUPED,
                  .dtypes = EAGER__ANY,
                  .moves_only = true,
                  .infer = infer_group,
                  .launch = launch_group},
};

/* --- The ops --- */

static eager_status check(const eager__call *call) {
  const eager__shape *x = call->inputs[0].shape;
  int64_t type = eager__attr_get(call, "out_idx")->i;
  EAGER__REQUIRE(x->rank == 1, EAGER_INVALID_ARGUMENT, "unique expects a 1D vector.");
  EAGER__REQUIRE(type == EAGER_INT32 || type == EAGER_INT64, EAGER_INVALID_ARGUMENT,
                 "out_idx must be int32 or int64, got %s",
                 eager_dtype_name((eager_dtype)type));
  EAGER__REQUIRE(x->dims[0] < INT32_MAX, EAGER_INVALID_ARGUMENT,
                 "unique does not support input tensors larger than %d elements",
                 INT32_MAX);
  return EAGER_OK;
}

/* Waits for the count. */
static eager_status compose(eager__call *call, eager_tensor **outputs) {
  eager__call part;
  eager_tensor *given[1 + GROUPED] = {call->inputs[0].tensor}, **groups = given + 1;
  int64_t found = 0;
  EAGER__TRY(eager__call_begin_inner(&part, &inner[GROUP_UP], call, given, 1));
  EAGER__TRY(eager__call_run(&part, NULL, groups, GROUPED));
  eager_status status = eager_tensor_to_host(groups[FOUND], &found, sizeof found);
  int outputs_wanted = call->output_count;
  const eager__op *write = &inner[outputs_wanted == 2 ? WRITE_TWO : WRITE_THREE];
  if (status == EAGER_OK)
    status = eager__call_begin_inner(&part, write, call, given, 1 + FOUND);
  if (status == EAGER_OK) {
    eager__call_set_int(&part, "found", found);
    eager__call_set_int(&part, "out_idx", eager__attr_get(call, "out_idx")->i);
    status = eager__call_run(&part, NULL, outputs, outputs_wanted);
  }
  for (int i = 0; i < GROUPED; i++) eager_tensor_release(groups[i]);
  return status;
}

#define UNIQUE                                                                             \
  .inputs = {{.name = "x"}}, .dtypes = EAGER__ANY, .moves_only = true, .infer_late = true, \
  .attrs = {{.name = "out_idx", EAGER__ATTR_DTYPE, .number = EAGER_INT32}},                \
  .compose = compose, .check = check

enum { PLAIN, WITH_COUNTS, COUNT };
static const eager__op ops[COUNT] = {
    [PLAIN] = {.name = "Unique", .typed = "eager_unique", .outputs = 2, UNIQUE},
    [WITH_COUNTS] = {.name = "UniqueWithCounts",
                     .typed = "eager_unique_with_counts",
                     .outputs = 3,
                     UNIQUE},
};
const eager__op_list eager__ops_unique = {ops, COUNT};

static eager_status unique(int op, eager_tensor *x, eager_dtype out_idx,
                           eager_tensor **const places[], int count) {
  eager__call call;
  eager_tensor *out[3];
  bool whole = true;
  for (int i = 0; i < count; i++) {
    if (places[i] != NULL) *places[i] = NULL;
    whole = whole && places[i] != NULL;
  }
  EAGER__TRY(eager__call_begin(&call, &ops[op], &x, 1));
  eager__call_set_int(&call, "out_idx", out_idx);
  EAGER__TRY(eager__call_run(&call, NULL, whole ? out : NULL, count));
  for (int i = 0; i < count; i++) *places[i] = out[i];
  return EAGER_OK;
}

eager_status eager_unique(eager_tensor *x, eager_dtype out_idx, eager_tensor **out_y,
                          eager_tensor **out_indices) {
  return unique(PLAIN, x, out_idx, (eager_tensor * *const[]){out_y, out_indices}, 2);
}

eager_status eager_unique_with_counts(eager_tensor *x, eager_dtype out_idx,
                                      eager_tensor **out_y, eager_tensor **out_indices,
                                      eager_tensor **out_counts) {
  return unique(WITH_COUNTS, x, out_idx,
                (eager_tensor * *const[]){out_y, out_indices, out_counts}, 3);
}
