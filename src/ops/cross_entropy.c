/* SoftmaxCrossEntropyWithLogits SparseSoftmaxCrossEntropyWithLogits, with gradients, and
 * SigmoidCrossEntropyWithLogits. */
#include <inttypes.h>

#include "eagercl/ops.h"
#include "ops/families.h"
#include "ops/lanes.h"
#include "ops/teams.h"
#include "ops/wanted.h"

enum { PASSES = 3 };

/* As in cross_entropy.cl. */
typedef struct entropy_shape {
  int64_t rows, classes, x_row, x_class, label_row, label_class, block, lanes;
} entropy_shape;

/* Loss and backprop, for logits of `shape`. */
static void set_outputs(eager__call *call, const eager__shape *shape) {
  call->outputs[0].dtype = call->outputs[1].dtype = call->dtype;
  call->outputs[1].shape = call->outputs[0].shape = *shape;
  call->outputs[0].shape.rank--;
}

static eager__grid plan(eager__commands *commands, entropy_shape *s, bool brief,
                        eager__teams *teams) {
  *teams = brief ? eager__teams_plan_short(commands, s->rows)
                 : eager__teams_plan(commands, s->rows, s->classes);
  s->block = teams->block;
  s->lanes = teams->lanes;
  return eager__teams_grid(teams, 1);
}

/* --- Labels as distributions --- */

static eager_status infer_softmax(eager__call *call) {
  const eager__shape *x = call->inputs[0].shape, *labels = call->inputs[1].shape;
  char text[2][EAGER__SHAPE_TEXT];
  eager__shape shape;
  EAGER__REQUIRE(eager__shape_broadcast(x, labels, &shape) == EAGER_OK,
                 EAGER_INVALID_ARGUMENT,
                 "logits and labels must be broadcastable: logits_size=%s labels_size=%s",
                 eager__shape_text(x, text[0]), eager__shape_text(labels, text[1]));
  EAGER__REQUIRE(shape.rank == 2 || eager__shape_agrees(x, labels), EAGER_INVALID_ARGUMENT,
                 "logits and labels must be either 2-dimensional, or broadcasted to be "
                 "2-dimensional, got shapes %s and %s",
                 eager__shape_text(x, text[0]), eager__shape_text(labels, text[1]));
  EAGER__REQUIRE(shape.rank > 0, EAGER_INVALID_ARGUMENT,
                 "logits must have at least 1 dimension, got shape []");
  set_outputs(call, &shape);
  return EAGER_OK;
}

/* Steps through operand `x` of `whole`, both of rank 2 or alike. */
static void set_steps(const eager__shape *x, const eager__shape *whole, int64_t *row,
                      int64_t *column) {
  if (eager__shape_equal(x, whole)) {
    *row = whole->dims[whole->rank - 1];
    *column = 1;
    return;
  }
  int64_t columns = x->rank > 0 ? x->dims[x->rank - 1] : 1;
  *row = x->rank == 2 && x->dims[0] > 1 ? columns : 0;
  *column = columns > 1;
}

static eager_status launch_softmax(eager__call *call, eager__commands *commands) {
  const eager__shape *whole = &call->outputs[1].shape;
  entropy_shape s = {.rows = eager__shape_product(whole, 0, whole->rank - 1),
                     .classes = whole->dims[whole->rank - 1]};
  set_steps(call->inputs[0].shape, whole, &s.x_row, &s.x_class);
  set_steps(call->inputs[1].shape, whole, &s.label_row, &s.label_class);
  bool brief = eager__rows_are_short(commands, s.rows, s.classes);
  eager__kernel_begin(commands, &eager__family_losses, call->dtype,
                      brief ? "softmax_cross_entropy_short" : "softmax_cross_entropy");
  eager__teams teams;
  eager__grid grid = plan(commands, &s, brief, &teams);
  EAGER__TRY(eager__teams_check(commands, &teams, s.classes, PASSES, "a row of logits"));
  eager__arg_input(commands, 0);
  eager__arg_input(commands, 1);
  eager__arg_output(commands, 0);
  eager__arg_output(commands, 1);
  eager__arg_bytes(commands, &s, sizeof s);
  if (!brief) eager__arg_tile(commands, &teams, call->dtype);
  return eager__kernel_end(commands, grid);
}

/* --- Labels as numbers of classes --- */

static eager_status infer_sparse(eager__call *call) {
  const eager__shape *x = call->inputs[0].shape, *labels = call->inputs[1].shape;
  char text[2][EAGER__SHAPE_TEXT];
  EAGER__REQUIRE(x->rank > 0, EAGER_INVALID_ARGUMENT,
                 "logits must have at least 1 dimension, got shape []");
  EAGER__REQUIRE(labels->rank == x->rank - 1, EAGER_INVALID_ARGUMENT,
                 "Rank mismatch: Rank of labels (received %d) should equal rank of logits "
                 "minus 1 (received %d)",
                 labels->rank, x->rank);
  for (int d = 0; d < labels->rank; d++) {
    int64_t a = x->dims[d], b = labels->dims[d];
    EAGER__REQUIRE(a == b || a < 0 || b < 0, EAGER_INVALID_ARGUMENT,
                   "logits and labels must have the same first dimension, got logits shape "
                   "%s and labels shape %s",
                   eager__shape_text(x, text[0]), eager__shape_text(labels, text[1]));
  }
  EAGER__REQUIRE(x->dims[x->rank - 1] != 0, EAGER_INVALID_ARGUMENT,
                 "Must have at least one class, but got logits shape %s",
                 eager__shape_text(x, text[0]));
  set_outputs(call, x);
  return EAGER_OK;
}

static eager_status launch_sparse(eager__call *call, eager__commands *commands) {
  const eager__shape *x = call->inputs[0].shape;
  entropy_shape s = {.rows = eager__shape_product(x, 0, x->rank - 1),
                     .classes = x->dims[x->rank - 1],
                     .x_class = 1};
  s.x_row = s.classes;
  eager__check_text(commands, EAGER_INVALID_ARGUMENT,
                    "labels[#] is outside the valid range of [0, %" PRId64 ")", s.classes);
  bool brief = eager__rows_are_short(commands, s.rows, s.classes);
  eager__kernel_begin(commands, &eager__family_losses, call->dtype,
                      brief ? "sparse_softmax_cross_entropy_short"
                            : "sparse_softmax_cross_entropy");
  eager__teams teams;
  eager__grid grid = plan(commands, &s, brief, &teams);
  EAGER__TRY(eager__teams_check(commands, &teams, s.classes, PASSES, "a row of logits"));
  eager__arg_input(commands, 0);
  eager__arg_input(commands, 1);
  eager__arg_int(commands, call->inputs[1].dtype == EAGER_INT64);
  eager__arg_output(commands, 0);
  eager__arg_output(commands, 1);
  eager__arg_bytes(commands, &s, sizeof s);
  if (!brief) eager__arg_tile(commands, &teams, call->dtype);
  eager__arg_cell(commands);
  return eager__kernel_end(commands, grid);
}

/* --- Independent classes --- */

static eager_status infer_sigmoid(eager__call *call) {
  const eager__shape *labels = call->inputs[0].shape, *x = call->inputs[1].shape;
  char text[2][EAGER__SHAPE_TEXT];
  EAGER__REQUIRE(eager__shape_agrees(x, labels), EAGER_INVALID_ARGUMENT,
                 "`logits` and `labels` must have the same shape, received (%s vs %s)",
                 eager__shape_text(x, text[0]), eager__shape_text(labels, text[1]));
  call->outputs[0].dtype = call->dtype;
  call->outputs[0].shape = *x;
  return EAGER_OK;
}

static eager_status launch_sigmoid(eager__call *call, eager__commands *commands) {
  int64_t n = eager__shape_elements(&call->outputs[0].shape);
  eager__kernel_begin(commands, &eager__family_losses, call->dtype,
                      "sigmoid_cross_entropy");
  eager__lanes lanes = eager__lanes_plan(commands, n);
  eager__arg_input(commands, 0);
  eager__arg_input(commands, 1);
  eager__arg_output(commands, 0);
  eager__arg_long(commands, n);
  eager__arg_long(commands, lanes.chunk);
  return eager__kernel_end(commands, lanes.grid);
}

/* --- The ops --- */

enum { SOFTMAX, SPARSE, SIGMOID, COUNT };
static const eager__op ops[COUNT] = {
    [SOFTMAX] = {.name = "SoftmaxCrossEntropyWithLogits",
                 .typed = "eager_softmax_cross_entropy_with_logits",
                 .inputs = {{.name = "features"}, {.name = "labels"}},
                 .outputs = 2,
                 .dtypes = EAGER__FLOATS,
                 .infer = infer_softmax,
                 .launch = launch_softmax},
    [SPARSE] = {.name = "SparseSoftmaxCrossEntropyWithLogits",
                .typed = "eager_sparse_softmax_cross_entropy_with_logits",
                .inputs = {{.name = "features"},
                           {.name = "labels",
                            EAGER__BIT(EAGER_INT32) | EAGER__BIT(EAGER_INT64)}},
                .outputs = 2,
                .dtypes = EAGER__FLOATS,
                .checked = true,
                .infer = infer_sparse,
                .launch = launch_sparse},
    [SIGMOID] = {.name = "SigmoidCrossEntropyWithLogits",
                 .typed = "eager_sigmoid_cross_entropy_with_logits",
                 .inputs = {{.name = "labels"}, {.name = "logits"}},
                 .dtypes = EAGER__FLOATS,
                 .infer = infer_sigmoid,
                 .launch = launch_sigmoid},
};
const eager__op_list eager__ops_cross_entropy = {ops, COUNT};

/* Loss and, where wanted, backprop. */
static eager_status run(int op, eager_tensor *logits, eager_tensor *labels,
                        eager_tensor **out_loss, eager_tensor **out_backprop) {
  eager_tensor **wanted[] = {out_loss, out_backprop};
  eager__call call;
  EAGER__TRY(eager__call_begin(&call, &ops[op], (eager_tensor *[]){logits, labels}, 2));
  return eager__run_wanted(&call, wanted, 2, 2);
}

eager_status eager_softmax_cross_entropy_with_logits(eager_tensor *labels,
                                                     eager_tensor *logits,
                                                     eager_tensor **out_loss,
                                                     eager_tensor **out_backprop) {
  return run(SOFTMAX, logits, labels, out_loss, out_backprop);
}

eager_status eager_sparse_softmax_cross_entropy_with_logits(eager_tensor *labels,
                                                            eager_tensor *logits,
                                                            eager_tensor **out_loss,
                                                            eager_tensor **out_backprop) {
  return run(SPARSE, logits, labels, out_loss, out_backprop);
}

eager_status eager_sigmoid_cross_entropy_with_logits(eager_tensor *labels,
                                                     eager_tensor *logits,
                                                     eager_tensor **out) {
  eager__call call;
  EAGER__TRY(
      eager__call_begin(&call, &ops[SIGMOID], (eager_tensor *[]){labels, logits}, 2));
  return eager__call_run(&call, NULL, out, 1);
}
