/* ReverseV2, ReverseSequence, Roll: the same elements in another order along axes. */
#include <inttypes.h>

#include "eagercl/ops.h"
#include "ops/families.h"
#include "ops/margins.h"
#include "ops/moves.h"
#include "ops/shape_attr.h"
#include "runtime/run.h"

static void set_like_input(eager__call *call, bool is_view) {
  call->outputs[0].dtype = call->dtype;
  call->outputs[0].shape = *call->inputs[0].shape;
  call->outputs[0].view_of = is_view;
}

/* --- ReverseV2 --- */

/* The axes listed, as bits. */
static eager_status read_axes(const eager__call *call, unsigned *out) {
  int rank = call->inputs[0].shape->rank;
  const eager__attr *list;
  EAGER__TRY(eager__list_attr_get(call, "axis", EAGER__MAX_RANK, &list));
  *out = 0;
  for (size_t i = 0; i < list->count; i++) {
    int axis;
    EAGER__TRY(eager__shape_axis(list->ints[i], rank, "axis", &axis));
    EAGER__REQUIRE(!(*out >> axis & 1), EAGER_INVALID_ARGUMENT,
                   "axis %d specified more than once.", axis);
    *out |= 1u << axis;
  }
  return EAGER_OK;
}

static eager_status infer_reverse(eager__call *call) {
  const eager__shape *x = call->inputs[0].shape;
  unsigned axes;
  bool same = true;
  EAGER__TRY(read_axes(call, &axes));
  for (int i = 0; i < x->rank; i++) same = same && (!(axes >> i & 1) || x->dims[i] == 1);
  set_like_input(call, same);
  return EAGER_OK;
}

static eager_status launch_reverse(eager__call *call, eager__commands *commands) {
  const eager__shape *x = call->inputs[0].shape;
  unsigned axes;
  int64_t start = 0;
  EAGER__TRY(read_axes(call, &axes));
  eager__walk walk = {.rank = x->rank};
  eager__shape_strides(x, walk.strides[0]);
  for (int i = 0; i < x->rank; i++) {
    walk.dims[i] = x->dims[i];
    if (!(axes >> i & 1)) continue;
    start += (x->dims[i] - 1) * walk.strides[0][i];
    walk.strides[0][i] = -walk.strides[0][i];
  }
  eager__walk_collapse(&walk, 1);
  return eager__add_move_rows(commands, start, &walk);
}

/* --- Roll --- */

/* How far each axis of x moves, in [0, extent). Axes listed twice move by both. */
static eager_status read_shifts(const eager__call *call, int64_t shifts[EAGER__MAX_RANK]) {
  const eager__shape *x = call->inputs[0].shape;
  const eager__attr *shift, *list;
  EAGER__TRY(eager__list_attr_get(call, "shift", INT32_MAX, &shift));
  EAGER__TRY(eager__list_attr_get(call, "axis", INT32_MAX, &list));
  EAGER__REQUIRE(x->rank > 0, EAGER_INVALID_ARGUMENT, "input must be 1-D or higher");
  EAGER__REQUIRE(shift->count == list->count, EAGER_INVALID_ARGUMENT,
                 "shift and axis must have the same size, not %zu and %zu", shift->count,
                 list->count);
  for (int i = 0; i < x->rank; i++) shifts[i] = 0;
  for (size_t i = 0; i < list->count; i++) {
    int axis;
    EAGER__TRY(eager__shape_axis(list->ints[i], x->rank, "axis", &axis));
    int64_t dim = x->dims[axis];
    if (dim <= 0) continue;
    int64_t rest = shift->ints[i] % dim;
    if (rest < 0) rest += dim;
    shifts[axis] -= shifts[axis] >= dim - rest ? dim - rest : -rest;
  }
  return EAGER_OK;
}

static eager_status infer_roll(eager__call *call) {
  const eager__shape *x = call->inputs[0].shape;
  int64_t shifts[EAGER__MAX_RANK];
  EAGER__TRY(read_shifts(call, shifts));
  bool same = eager__shape_elements(x) >= 0;
  for (int i = 0; i < x->rank; i++) same = same && shifts[i] == 0;
  set_like_input(call, same);
  return EAGER_OK;
}

static eager_status launch_roll(eager__call *call, eager__commands *commands) {
  int64_t shifts[EAGER__MAX_RANK];
  EAGER__TRY(read_shifts(call, shifts));
  eager__margins margins = eager__margins_make(call, shifts, EAGER__MARGIN_WRAP);
  return eager__add_margins(commands, &margins, EAGER__MARGIN_WRAP, 0);
}

/* --- ReverseSequence --- */

static eager_status read_dims(const eager__call *call, int *out_seq, int *out_batch) {
  const eager__shape *x = call->inputs[0].shape, *lengths = call->inputs[1].shape;
  char text[EAGER__SHAPE_TEXT];
  EAGER__TRY(
      eager__shape_axis(eager__attr_get(call, "seq_dim")->i, x->rank, "seq_dim", out_seq));
  EAGER__TRY(eager__shape_axis(eager__attr_get(call, "batch_dim")->i, x->rank, "batch_dim",
                               out_batch));
  EAGER__REQUIRE(*out_seq != *out_batch, EAGER_INVALID_ARGUMENT,
                 "batch_dim == seq_dim == %d", *out_seq);
  EAGER__REQUIRE(lengths->rank == 1, EAGER_INVALID_ARGUMENT,
                 "seq_lengths must be 1-dim, not %d-dim: got shape %s", lengths->rank,
                 eager__shape_text(lengths, text));
  int64_t batches = x->dims[*out_batch];
  EAGER__REQUIRE(lengths->dims[0] == batches || lengths->dims[0] < 0 || batches < 0,
                 EAGER_INVALID_ARGUMENT,
                 "Length of seq_lengths != input.dims(%d), (%" PRId64 " vs. %" PRId64 ")",
                 *out_batch, lengths->dims[0], batches);
  return EAGER_OK;
}

static eager_status infer_sequence(eager__call *call) {
  int seq, batch;
  EAGER__TRY(read_dims(call, &seq, &batch));
  set_like_input(call, false);
  return EAGER_OK;
}

static eager_status launch_sequence(eager__call *call, eager__commands *commands) {
  const eager__shape *x = call->inputs[0].shape;
  int seq, batch;
  EAGER__TRY(read_dims(call, &seq, &batch));
  int first = seq < batch ? seq : batch, second = seq < batch ? batch : seq;
  int64_t columns = eager__shape_product(x, second + 1, x->rank);
  int64_t rows = eager__shape_elements(x) / columns;
  eager__check_text(commands, EAGER_INVALID_ARGUMENT,
                    "seq_lengths[#] is not in [0, %" PRId64 "]", x->dims[seq]);
  eager__kernel_begin(commands, &eager__family_layout, eager__move_dtype(call->dtype),
                      "reverse_sequence");
  eager__spread spread = eager__spread_make(commands, rows, columns);
  eager__arg_output(commands, 0);
  eager__arg_input(commands, 0);
  eager__arg_input(commands, 1);
  eager__arg_int(commands, call->inputs[1].dtype == EAGER_INT64);
  eager__arg_int(commands, batch == first);
  eager__arg_long(commands, x->dims[first]);
  eager__arg_long(commands, eager__shape_product(x, first + 1, second));
  eager__arg_long(commands, x->dims[second]);
  eager__arg_bytes(commands, &spread, sizeof spread);
  eager__arg_cell(commands);
  return eager__kernel_end(commands, eager__spread_grid(commands, &spread));
}

enum { REVERSE, ROLL, SEQUENCE, COUNT };
static const eager__op ops[COUNT] = {
    [REVERSE] = {.name = "ReverseV2",
                 .typed = "eager_reverse",
                 .inputs = {{.name = "tensor"}},
                 .dtypes = EAGER__ANY,
                 .moves_only = true,
                 .attrs = {{.name = "axis", EAGER__ATTR_INT_LIST, .required = true}},
                 .infer = infer_reverse,
                 .launch = launch_reverse},
    [ROLL] = {.name = "Roll",
              .typed = "eager_roll",
              .inputs = {{.name = "input"}},
              .dtypes = EAGER__ANY,
              .moves_only = true,
              .attrs = {{.name = "shift", EAGER__ATTR_INT_LIST, .required = true},
                        {.name = "axis", EAGER__ATTR_INT_LIST, .required = true}},
              .infer = infer_roll,
              .launch = launch_roll},
    [SEQUENCE] = {.name = "ReverseSequence",
                  .typed = "eager_reverse_sequence",
                  .inputs = {{.name = "input"},
                             {.name = "seq_lengths",
                              EAGER__BIT(EAGER_INT32) | EAGER__BIT(EAGER_INT64)}},
                  .dtypes = EAGER__ANY,
                  .moves_only = true,
                  .checked = true,
                  .attrs = {{.name = "seq_dim", EAGER__ATTR_INT, .required = true},
                            {.name = "batch_dim", EAGER__ATTR_INT}},
                  .infer = infer_sequence,
                  .launch = launch_sequence},
};
const eager__op_list eager__ops_reverse = {ops, COUNT};

eager_status eager_reverse(eager_tensor *x, const int64_t *axes, int axis_count,
                           eager_tensor **out) {
  eager__call call;
  EAGER__TRY(eager__call_begin(&call, &ops[REVERSE], &x, 1));
  eager__call_set_ints(&call, "axis", axes, (size_t)axis_count);
  return eager__call_run(&call, NULL, out, 1);
}

eager_status eager_roll(eager_tensor *x, const int64_t *shifts, const int64_t *axes,
                        int axis_count, eager_tensor **out) {
  eager__call call;
  EAGER__TRY(eager__call_begin(&call, &ops[ROLL], &x, 1));
  eager__call_set_ints(&call, "shift", shifts, (size_t)axis_count);
  eager__call_set_ints(&call, "axis", axes, (size_t)axis_count);
  return eager__call_run(&call, NULL, out, 1);
}

eager_status eager_reverse_sequence(eager_tensor *x, eager_tensor *seq_lengths,
                                    int64_t seq_axis, int64_t batch_axis,
                                    eager_tensor **out) {
  eager__call call;
  EAGER__TRY(
      eager__call_begin(&call, &ops[SEQUENCE], (eager_tensor *[]){x, seq_lengths}, 2));
  eager__call_set_int(&call, "seq_dim", seq_axis);
  eager__call_set_int(&call, "batch_dim", batch_axis);
  return eager__call_run(&call, NULL, out, 1);
}
