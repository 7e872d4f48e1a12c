/* ScatterNd and TensorScatter*: rows of updates go where indices say. */
#include <inttypes.h>

#include "eagercl/ops.h"
#include "ops/buckets.h"
#include "ops/families.h"
#include "ops/grids.h"
#include "ops/indices.h"
#include "ops/moves.h"
#include "ops/owners.h"
#include "ops/shape_attr.h"
#include "runtime/run.h"

typedef struct scatterer {
  bool new_tensor; /* ScatterNd: indices, updates; else tensor, indices, updates */
  bool replaces;   /* the last update wins */
  eager__fold_op op;
  eager__fold_finish finish;
} scatterer;

static const eager__shape *shape_of(const eager__call *call, int input) {
  return call->inputs[input].shape;
}

/* The inputs indices and updates. */
static int indices_of(const eager__call *call) {
  return ((const scatterer *)call->op->data)->new_tensor ? 0 : 1;
}

static int updates_of(const eager__call *call) {
  return indices_of(call) + 1;
}

static eager_status check_outer(const eager__shape *indices, const eager__shape *updates) {
  char a[EAGER__SHAPE_TEXT], b[EAGER__SHAPE_TEXT];
  int outer = indices->rank - 1;
  for (int i = 0; i < outer; i++) {
    bool alike = i < updates->rank && (indices->dims[i] == updates->dims[i] ||
                                       indices->dims[i] < 0 || updates->dims[i] < 0);
    EAGER__REQUIRE(alike, EAGER_INVALID_ARGUMENT,
                   "Outer dimensions of indices and update must match. Indices shape: %s, "
                   "updates shape: %s",
                   eager__shape_text(indices, a), eager__shape_text(updates, b));
  }
  return EAGER_OK;
}

static eager_status check_inner(const eager__shape *out, const eager__shape *indices,
                                const eager__shape *updates) {
  char a[EAGER__SHAPE_TEXT], b[EAGER__SHAPE_TEXT];
  int outer = indices->rank - 1, depth = (int)indices->dims[outer];
  if (depth < 0) return EAGER_OK;
  EAGER__REQUIRE(updates->rank - outer == out->rank - depth, EAGER_INVALID_ARGUMENT,
                 "Inner dimensions of output shape must match inner dimensions of updates "
                 "shape. Output: %s updates: %s",
                 eager__shape_text(out, a), eager__shape_text(updates, b));
  for (int i = 0; i + depth < out->rank; i++) {
    int64_t x = out->dims[depth + i], y = updates->dims[outer + i];
    EAGER__REQUIRE(x == y || x < 0 || y < 0, EAGER_INVALID_ARGUMENT,
                   "The inner %d dimensions of output.shape=%s must match the inner %d "
                   "dimensions of updates.shape=%s",
                   out->rank - depth, eager__shape_text(out, a), updates->rank - outer,
                   eager__shape_text(updates, b));
  }
  return EAGER_OK;
}

static eager_status infer(eager__call *call) {
  const scatterer *row = call->op->data;
  const eager__shape *indices = shape_of(call, indices_of(call));
  const eager__shape *updates = shape_of(call, updates_of(call));
  eager__result *out = &call->outputs[0];
  out->dtype = call->dtype;
  if (row->new_tensor)
    EAGER__TRY(eager__shape_attr_get(call, "shape", call->dtype, &out->shape));
  else
    out->shape = *shape_of(call, 0);
  EAGER__TRY(eager__corner_check(indices, out->shape.rank, "output"));
  EAGER__TRY(check_outer(indices, updates));
  EAGER__TRY(check_inner(&out->shape, indices, updates));
  int64_t entries = eager__shape_product(indices, 0, indices->rank - 1);
  int depth = (int)indices->dims[indices->rank - 1];
  EAGER__REQUIRE(eager__shape_elements(&out->shape) != 0 || entries <= 0,
                 EAGER_INVALID_ARGUMENT,
                 "Indices and updates specified for empty output shape");
  int64_t targets = depth < 0 ? -1 : eager__shape_product(&out->shape, 0, depth);
  return eager__buckets_check(entries, targets);
}

/* What the updates come upon. */
static eager_status add_base(eager__call *call, eager__commands *commands) {
  const scatterer *row = call->op->data;
  if (row->new_tensor)
    return eager__add_fill(commands, 0, &(uint64_t){0}, eager_dtype_size(call->dtype));
  eager__walk walk = {.rank = 1,
                      .dims = {eager__shape_elements(&call->outputs[0].shape)},
                      .strides = {{1}}};
  return eager__add_move_rows(commands, 0, &walk);
}

static eager_status add_keys(eager__call *call, eager__commands *commands,
                             const eager__buckets *buckets) {
  int input = indices_of(call);
  eager__corner corner;
  eager__corner_make(shape_of(call, input), &call->outputs[0].shape, 0, &corner);
  eager__kernel_begin(commands, &eager__family_buckets, EAGER_UINT32, "corner_keys");
  int64_t each = eager__stretch(commands);
  eager__arg_keys(commands, buckets);
  eager__arg_input(commands, input);
  eager__arg_int(commands, eager__index_kind(call->inputs[input].dtype));
  eager__arg_long(commands, buckets->entries);
  eager__arg_long(commands, each);
  eager__arg_bytes(commands, &corner, sizeof corner);
  eager__arg_cell(commands);
  return eager__kernel_end(commands, eager__grid_each(commands, buckets->entries, each));
}

/* Each target takes the row of the last update that names it. */
static eager_status add_replacing(eager__call *call, eager__commands *commands,
                                  const eager__buckets *buckets) {
  int64_t entries = buckets->entries, targets = buckets->targets;
  int winners = eager__scratch(commands, (size_t)targets * sizeof(uint32_t));
  EAGER__TRY(eager__add_zeros(commands, winners, targets));
  eager__kernel_begin(commands, &eager__family_buckets, EAGER_UINT32, "bucket_claim");
  int64_t each = eager__stretch(commands);
  eager__arg_keys(commands, buckets);
  eager__arg_scratch(commands, winners);
  eager__arg_long(commands, entries);
  eager__arg_long(commands, each);
  eager__arg_long(commands, targets);
  EAGER__TRY(eager__kernel_end(commands, eager__grid_each(commands, entries, each)));

  eager_dtype dtype = eager__move_dtype(call->dtype);
  eager__kernel_begin(commands, &eager__family_scatter, dtype, "scatter_rows");
  eager__spread spread = eager__spread_make(commands, entries, buckets->columns);
  eager__arg_output(commands, 0);
  eager__arg_input(commands, updates_of(call));
  eager__arg_keys(commands, buckets);
  eager__arg_scratch(commands, winners);
  eager__arg_long(commands, targets);
  eager__arg_bytes(commands, &spread, sizeof spread);
  return eager__kernel_end(commands, eager__spread_grid(commands, &spread));
}

static eager_status launch(eager__call *call, eager__commands *commands) {
  const scatterer *row = call->op->data;
  const eager__shape *indices = shape_of(call, indices_of(call));
  const eager__shape *out = &call->outputs[0].shape;
  char text[EAGER__SHAPE_TEXT];
  eager__check_text(commands, EAGER_INVALID_ARGUMENT,
                    "indices[#] does not index into shape %s",
                    eager__shape_text(out, text));
  int64_t entries = eager__shape_product(indices, 0, indices->rank - 1);
  int depth = (int)indices->dims[indices->rank - 1];
  int64_t targets = eager__shape_product(out, 0, depth);
  eager__fold fold = {
      .op = row->op, .finish = row->finish, .updates = updates_of(call), .onto = 0};
  if (call->dtype == EAGER_BOOL) fold.op = EAGER__FOLD_MAX;
  bool owned =
      entries > 0 && !row->replaces && eager__owners_fit(commands, entries, targets, &fold);
  if (!owned) EAGER__TRY(add_base(call, commands));
  if (entries == 0) return EAGER_OK;

  int64_t columns = eager__shape_product(out, depth, out->rank);
  bool sort = !row->replaces;
  if (owned) sort = eager__owners_sort(commands, entries, targets, columns);
  eager__buckets buckets;
  EAGER__TRY(eager__buckets_begin(commands, entries, targets, columns, sort, &buckets));
  EAGER__TRY(add_keys(call, commands, &buckets));
  if (row->replaces) return add_replacing(call, commands, &buckets);
  if (owned) return eager__add_owned(commands, &buckets, &fold);
  EAGER__TRY(eager__buckets_sort(commands, &buckets));
  return eager__buckets_fold(commands, &buckets, &fold);
}

static const scatterer nd = {true, false, EAGER__FOLD_SUM, EAGER__FINISH_PLAIN};
static const scatterer add = {false, false, EAGER__FOLD_SUM, EAGER__FINISH_ONTO};
static const scatterer sub = {false, false, EAGER__FOLD_SUM, EAGER__FINISH_LESS};
static const scatterer update = {.replaces = true};
static const scatterer max = {false, false, EAGER__FOLD_MAX, EAGER__FINISH_ONTO};
static const scatterer min = {false, false, EAGER__FOLD_MIN, EAGER__FINISH_ONTO};

#define INTO_TENSOR                                                                        \
  .inputs = {{.name = "tensor"},                                                           \
             {.name = "indices", EAGER__INDICES},                                          \
             {.name = "updates"}},                                                         \
  .dtypes = EAGER__NUMBERS, .checked = true, .infer = infer, .launch = launch

enum { ND, ADD, SUB, UPDATE, MAX, MIN, COUNT };
static const eager__op ops[COUNT] = {
    [ND] = {.name = "ScatterNd",
            .typed = "eager_scatter_nd",
            .inputs = {{.name = "indices", EAGER__SHORT_INDICES}, {.name = "updates"}},
            .dtypes = EAGER__ANY,
            .checked = true,
            .attrs = {{.name = "shape", EAGER__ATTR_INT_LIST, .required = true}},
            .infer = infer,
            .launch = launch,
            .data = &nd},
    [ADD] = {.name = "TensorScatterAdd",
             .typed = "eager_tensor_scatter_nd_add",
             .data = &add,
             INTO_TENSOR},
    [SUB] = {.name = "TensorScatterSub",
             .typed = "eager_tensor_scatter_nd_sub",
             .data = &sub,
             INTO_TENSOR},
    [UPDATE] = {.name = "TensorScatterUpdate",
                .typed = "eager_tensor_scatter_nd_update",
                .inputs = {{.name = "tensor"},
                           {.name = "indices",
                            EAGER__SHORT_INDICES | EAGER__BIT(EAGER_UINT16)},
                           {.name = "updates"}},
                .dtypes = EAGER__ANY,
                .moves_only = true,
                .checked = true,
                .infer = infer,
                .launch = launch,
                .data = &update},
    [MAX] = {.name = "TensorScatterMax",
             .typed = "eager_tensor_scatter_nd_max",
             .data = &max,
             INTO_TENSOR},
    [MIN] = {.name = "TensorScatterMin",
             .typed = "eager_tensor_scatter_nd_min",
             .data = &min,
             INTO_TENSOR},
};
const eager__op_list eager__ops_scatter = {ops, COUNT};

eager_status eager_scatter_nd(eager_tensor *indices, eager_tensor *updates, int rank,
                              const int64_t *shape, eager_tensor **out) {
  eager__call call;
  EAGER__TRY(eager__call_begin(&call, &ops[ND], (eager_tensor *[]){indices, updates}, 2));
  eager__call_set_ints(&call, "shape", shape, (size_t)rank);
  return eager__call_run(&call, NULL, out, 1);
}

static eager_status into(int op, eager_tensor *tensor, eager_tensor *indices,
                         eager_tensor *updates, eager_tensor **out) {
  eager__call call;
  EAGER__TRY(
      eager__call_begin(&call, &ops[op], (eager_tensor *[]){tensor, indices, updates}, 3));
  return eager__call_run(&call, NULL, out, 1);
}

eager_status eager_tensor_scatter_nd_add(eager_tensor *tensor, eager_tensor *indices,
                                         eager_tensor *updates, eager_tensor **out) {
  return into(ADD, tensor, indices, updates, out);
}

eager_status eager_tensor_scatter_nd_sub(eager_tensor *tensor, eager_tensor *indices,
                                         eager_tensor *updates, eager_tensor **out) {
  return into(SUB, tensor, indices, updates, out);
}

eager_status eager_tensor_scatter_nd_update(eager_tensor *tensor, eager_tensor *indices,
                                            eager_tensor *updates, eager_tensor **out) {
  return into(UPDATE, tensor, indices, updates, out);
}

eager_status eager_tensor_scatter_nd_max(eager_tensor *tensor, eager_tensor *indices,
                                         eager_tensor *updates, eager_tensor **out) {
  return into(MAX, tensor, indices, updates, out);
}

eager_status eager_tensor_scatter_nd_min(eager_tensor *tensor, eager_tensor *indices,
                                         eager_tensor *updates, eager_tensor **out) {
  return into(MIN, tensor, indices, updates, out);
}
