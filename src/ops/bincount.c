/* Bincount and DenseBincount: how often each small number occurs. */
#include <inttypes.h>

#include "eagercl/ops.h"
#include "ops/buckets.h"
#include "ops/families.h"
#include "ops/grids.h"
#include "ops/indices.h"
#include "ops/plan.h"
#include "runtime/run.h"

enum {
  COPIES_MOST = 64, /* of the counts, so that few bins are not fought over */
  SEARCHED = 16,    /* ids of a work-item that looks for the largest, at least */
  COUNTED = EAGER__BIT(EAGER_INT32) | EAGER__BIT(EAGER_INT64) | EAGER__BIT(EAGER_FLOAT32) |
            EAGER__BIT(EAGER_FLOAT64),
};

/* Rows are binned each for itself when there are two axes. */
static int64_t rows_of(const eager__call *call) {
  const eager__shape *ids = call->inputs[0].shape;
  const eager__attr *axis = eager__attr_get(call, "axis");
  return axis && axis->i != 0 && ids->rank == 2 ? ids->dims[0] : 1;
}

static bool is_binary(const eager__call *call) {
  const eager__attr *binary = eager__attr_get(call, "binary_output");
  return binary && binary->i != 0;
}

/* Weights that are not given, or are empty, are all 1. */
static bool is_weighted(const eager__call *call) {
  return call->input_count > 1 && eager__shape_elements(call->inputs[1].shape) != 0;
}

static eager_dtype counted_as(const eager__call *call) {
  return call->input_count > 1 ? call->dtype : (eager_dtype)eager__attr_get(call, "T")->i;
}

static eager_status check_weights(const eager__call *call) {
  const eager__shape *ids = call->inputs[0].shape;
  char a[EAGER__SHAPE_TEXT], b[EAGER__SHAPE_TEXT];
  /* Of unknown extents they may be empty. */
  if (is_weighted(call) && eager__shape_elements(call->inputs[1].shape) > 0) {
    const eager__shape *weights = call->inputs[1].shape;
    EAGER__REQUIRE(eager__shape_agrees(ids, weights), EAGER_INVALID_ARGUMENT,
                   "`weights` must be the same shape as `%s` or a length-0 `Tensor`, in "
                   "which case it acts as all weights equal to 1. Received %s instead of "
                   "%s",
                   call->op->inputs[0].name, eager__shape_text(weights, a),
                   eager__shape_text(ids, b));
  }
  eager_dtype dtype = counted_as(call);
  bool legal = (unsigned)dtype < 32 && (EAGER__BIT(dtype) & COUNTED);
  EAGER__REQUIRE(legal, EAGER_INVALID_ARGUMENT,
                 "T is %s; allowed: int32, int64, float32, float64",
                 eager_dtype_name(dtype));
  return EAGER_OK;
}

static eager_status check_size(int64_t size) {
  EAGER__REQUIRE(size >= 0, EAGER_INVALID_ARGUMENT,
                 "size (%" PRId64 ") must be non-negative", size);
  return EAGER_OK;
}

static eager_status infer(eager__call *call) {
  const eager__shape *ids = call->inputs[0].shape;
  int64_t size = eager__attr_get(call, "size")->i, rows = rows_of(call);
  EAGER__TRY(check_weights(call));
  EAGER__TRY(check_size(size));
  call->dtype = counted_as(call);
  eager__result *out = &call->outputs[0];
  const eager__attr *axis = eager__attr_get(call, "axis");
  bool by_row = axis && axis->i != 0 && ids->rank == 2;
  out->dtype = call->dtype;
  out->shape = by_row ? (eager__shape){2, {rows, size}} : (eager__shape){1, {size}};
  EAGER__TRY(eager__buckets_check(0, size));
  return eager__buckets_check(eager__shape_elements(ids), rows < 0 ? -1 : rows * size);
}

/* The arguments of a kernel over all ids, from the ids on. */
static void add_ids(eager__call *call, eager__commands *commands, int64_t each) {
  eager__arg_input(commands, 0);
  eager__arg_int(commands, eager__index_kind(call->inputs[0].dtype));
  eager__arg_long(commands, eager__shape_elements(call->inputs[0].shape));
  eager__arg_long(commands, each);
}

static void add_bins(eager__call *call, eager__commands *commands, int64_t targets) {
  eager__arg_long(commands, eager__shape_elements(call->inputs[0].shape) / rows_of(call));
  eager__arg_long(commands, targets / rows_of(call));
  eager__arg_long(commands, targets);
}

static eager_status add_counts(eager__call *call, eager__commands *commands,
                               int64_t entries, int64_t targets) {
  int64_t copies = eager__at_most(eager__at_least(entries / (4 * targets), 1), COPIES_MOST);
  int counts = eager__scratch(commands, (size_t)(copies * targets) * sizeof(uint32_t));
  EAGER__TRY(eager__add_zeros(commands, counts, copies * targets));
  eager__kernel_begin(commands, &eager__family_buckets, EAGER_UINT32, "id_counts");
  int64_t each = eager__stretch(commands);
  eager__arg_scratch(commands, counts);
  eager__arg_long(commands, copies);
  add_ids(call, commands, each);
  add_bins(call, commands, targets);
  eager__arg_cell(commands);
  EAGER__TRY(eager__kernel_end(commands, eager__grid_each(commands, entries, each)));

  eager__kernel_begin(commands, &eager__family_scatter, call->dtype, "count_bins");
  int64_t local = eager__group_each(commands);
  eager__arg_output(commands, 0);
  eager__arg_scratch(commands, counts);
  eager__arg_long(commands, copies);
  eager__arg_long(commands, targets);
  eager__arg_int(commands, is_binary(call));
  return eager__kernel_end(commands, eager__grid_1d(targets, local));
}

static eager_status add_sums(eager__call *call, eager__commands *commands, int64_t entries,
                             int64_t targets) {
  eager__buckets buckets;
  EAGER__TRY(eager__buckets_begin(commands, entries, targets, 1, true, &buckets));
  eager__kernel_begin(commands, &eager__family_buckets, EAGER_UINT32, "id_keys");
  int64_t each = eager__stretch(commands);
  eager__arg_keys(commands, &buckets);
  add_ids(call, commands, each);
  add_bins(call, commands, targets);
  eager__arg_int(commands, EAGER__RULE_BINS);
  eager__arg_cell(commands);
  EAGER__TRY(eager__kernel_end(commands, eager__grid_each(commands, entries, each)));
  EAGER__TRY(eager__buckets_sort(commands, &buckets));
  return eager__buckets_fold(commands, &buckets, &(eager__fold){.updates = 1});
}

static eager_status launch(eager__call *call, eager__commands *commands) {
  int64_t entries = eager__shape_elements(call->inputs[0].shape);
  int64_t targets = eager__shape_elements(&call->outputs[0].shape);
  const char *name = call->op->inputs[0].name;
  eager__check_text(commands, EAGER_INVALID_ARGUMENT,
                    "Input %s must be non-negative: %s[#]", name, name);
  bool weighted = is_weighted(call) && !is_binary(call);
  if (weighted || entries == 0)
    EAGER__TRY(eager__add_fill(commands, 0, &(uint64_t){0}, eager_dtype_size(call->dtype)));
  if (entries == 0) return EAGER_OK;
  return weighted ? add_sums(call, commands, entries, targets)
                  : add_counts(call, commands, entries, targets);
}

/* --- As many bins as the numbers ask for --- */

static eager_status infer_end(eager__call *call) {
  call->outputs[0].dtype = EAGER_INT32;
  call->outputs[0].shape = (eager__shape){0};
  return EAGER_OK;
}

static eager_status launch_end(eager__call *call, eager__commands *commands) {
  int64_t entries = eager__shape_elements(call->inputs[0].shape);
  EAGER__TRY(eager__add_fill(commands, 0, &(int32_t){0}, sizeof(int32_t)));
  if (entries == 0) return EAGER_OK;
  eager__kernel_begin(commands, &eager__family_buckets, EAGER_UINT32, "id_end");
  int64_t each = eager__at_least(eager__stretch(commands), SEARCHED);
  eager__arg_output(commands, 0);
  add_ids(call, commands, each);
  return eager__kernel_end(commands, eager__grid_each(commands, entries, each));
}

/* One more than the largest of the numbers, or 0. */
static const eager__op end = {
    .name = "BincountEnd",
    .inputs = {{.name = "input", EAGER__INDICES}},
    .moves_only = true,
    .infer = infer_end,
    .launch = launch_end,
};

static eager_status read_end(const eager__call *call, int64_t *out) {
  eager_tensor *ids = call->inputs[0].tensor, *one;
  eager__call inner;
  EAGER__TRY(eager__call_begin_inner(&inner, &end, call, &ids, 1));
  EAGER__TRY(eager__call_run(&inner, NULL, &one, 1));
  int32_t value = 0;
  eager_status status = eager_tensor_to_host(one, &value, sizeof value);
  eager_tensor_release(one);
  *out = value;
  return status;
}

#define BINS                                                                               \
  {.name = "size", EAGER__ATTR_INT, .required = true}, {                                   \
    .name = "T", EAGER__ATTR_DTYPE, EAGER_INT32                                            \
  }
#define DENSE                                                                              \
  .name = "DenseBincount", .dtypes = COUNTED, .checked = true, .optional_inputs = 1,       \
  .inputs = {{.name = "input", EAGER__INDICES}, {.name = "weights"}}

/* What compose runs. */
static const eager__op dense = {
    DENSE,
    .attrs = {BINS,
              {.name = "binary_output", EAGER__ATTR_BOOL},
              {.name = "axis", EAGER__ATTR_INT, -1}},
    .infer = infer,
    .launch = launch,
};

/* Whether the numbers are asked. */
static bool is_late(const eager__call *call) {
  int64_t most = eager__attr_get(call, "maxlength")->i;
  bool fixed = most > 0 && eager__attr_get(call, "minlength")->i >= most;
  return !eager__attr_get(call, "size")->given && !fixed;
}

static eager_status choose_size(eager__call *call, int64_t *out) {
  const eager__attr *size = eager__attr_get(call, "size");
  int64_t least = eager__attr_get(call, "minlength")->i;
  int64_t most = eager__attr_get(call, "maxlength")->i;
  *out = size->i;
  if (size->given) return EAGER_OK;
  *out = most;
  if (!is_late(call)) return EAGER_OK;
  EAGER__TRY(read_end(call, out));
  *out = eager__at_least(*out, least);
  if (most > 0) *out = eager__at_most(*out, most);
  return EAGER_OK;
}

static eager_status check(const eager__call *call) {
  const eager__shape *ids = call->inputs[0].shape;
  const eager__attr *size = eager__attr_get(call, "size");
  int64_t axis = eager__attr_get(call, "axis")->i;
  int64_t least = eager__attr_get(call, "minlength")->i;
  EAGER__REQUIRE(axis == 0 || axis == -1, EAGER_INVALID_ARGUMENT,
                 "Unsupported value for argument axis=%" PRId64
                 ". Only 0 and -1 are currently supported.",
                 axis);
  EAGER__REQUIRE(ids->rank <= 2 || axis == 0, EAGER_INVALID_ARGUMENT,
                 "Shape must be at most rank 2 but is rank %d", ids->rank);
  EAGER__REQUIRE(size->given || least >= 0, EAGER_INVALID_ARGUMENT,
                 "minlength (%" PRId64 ") must be non-negative", least);
  EAGER__TRY(check_size(size->i));
  return check_weights(call);
}

static eager_status compose(eager__call *call, eager_tensor **outputs) {
  int64_t size;
  EAGER__TRY(choose_size(call, &size));
  eager_tensor *inputs[] = {call->inputs[0].tensor, NULL};
  if (call->input_count > 1) inputs[1] = call->inputs[1].tensor;
  eager__call inner;
  EAGER__TRY(eager__call_begin_inner(&inner, &dense, call, inputs, call->input_count));
  eager__call_set_int(&inner, "size", size);
  eager__call_set_int(&inner, "T", counted_as(call));
  eager__call_set_int(&inner, "axis", eager__attr_get(call, "axis")->i);
  eager__call_set_int(&inner, "binary_output", is_binary(call));
  return eager__call_run(&inner, NULL, outputs, 1);
}

enum { BINCOUNT, DENSE_BINCOUNT, COUNT };
static const eager__op ops[COUNT] = {
    [BINCOUNT] = {.name = "Bincount",
                  .typed = "eager_bincount",
                  .inputs = {{.name = "arr", EAGER__BIT(EAGER_INT32)}, {.name = "weights"}},
                  .optional_inputs = 1,
                  .dtypes = COUNTED,
                  .checked = true,
                  .attrs = {BINS},
                  .infer = infer,
                  .launch = launch},
    [DENSE_BINCOUNT] = {DENSE, .typed = "eager_bincount", .infer_late = true,
                        .is_late = is_late,
                        .attrs = {{.name = "size", EAGER__ATTR_INT},
                                  {.name = "T", EAGER__ATTR_DTYPE, EAGER_INT32},
                                  {.name = "binary_output", EAGER__ATTR_BOOL},
                                  {.name = "minlength", EAGER__ATTR_INT},
                                  {.name = "maxlength", EAGER__ATTR_INT},
                                  {.name = "axis", EAGER__ATTR_INT, -1}},
                        .compose = compose, .check = check},
};
const eager__op_list eager__ops_bincount = {ops, COUNT};

eager_status eager_bincount(eager_tensor *arr, const eager_bincount_options *options,
                            eager_tensor **out) {
  static const eager_bincount_options none;
  const eager_bincount_options *o = options ? options : &none;
  eager__call call;
  EAGER__TRY(eager__call_begin(&call, &ops[DENSE_BINCOUNT],
                               (eager_tensor *[]){arr, o->weights}, o->weights ? 2 : 1));
  if (o->dtype) eager__call_set_int(&call, "T", o->dtype);
  eager__call_set_int(&call, "binary_output", o->binary_output);
  eager__call_set_int(&call, "minlength", o->minlength);
  eager__call_set_int(&call, "maxlength", o->maxlength);
  eager__call_set_int(&call, "axis", o->axis);
  return eager__call_run(&call, NULL, out, 1);
}
