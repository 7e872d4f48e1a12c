/* Cross: vector products in three dimensions. */
#include "eagercl/ops.h"
#include "ops/families.h"
#include "ops/lanes.h"
#include "runtime/run.h"

static bool may_be(int64_t dim, int64_t wanted) {
  return dim == wanted || dim < 0;
}

static eager_status infer(eager__call *call) {
  const eager__shape *a = call->inputs[0].shape, *b = call->inputs[1].shape;
  char text0[EAGER__SHAPE_TEXT], text1[EAGER__SHAPE_TEXT];
  eager__result *out = &call->outputs[0];
  out->dtype = call->dtype;
  out->shape = *a;
  bool same = a->rank == b->rank;
  for (int i = 0; same && i < a->rank; i++) {
    same = may_be(a->dims[i], b->dims[i]) || b->dims[i] < 0;
    if (a->dims[i] < 0) out->shape.dims[i] = b->dims[i];
  }
  EAGER__REQUIRE(same, EAGER_INVALID_ARGUMENT,
                 "Both inputs must be of same shape: %s vs. %s",
                 eager__shape_text(a, text0), eager__shape_text(b, text1));
  EAGER__REQUIRE(a->rank >= 1, EAGER_INVALID_ARGUMENT,
                 "Input must be at least 1D, got: []");
  EAGER__REQUIRE(may_be(out->shape.dims[a->rank - 1], 3), EAGER_INVALID_ARGUMENT,
                 "Cross-products are only defined for 3-element vectors.");
  return EAGER_OK;
}

static eager_status launch(eager__call *call, eager__commands *commands) {
  int64_t n = eager__shape_elements(&call->outputs[0].shape);
  eager__kernel_begin(commands, &eager__family_sums, call->dtype, "cross_product");
  eager__arg_output(commands, 0);
  eager__arg_input(commands, 0);
  eager__arg_input(commands, 1);
  eager__lanes plan = eager__lanes_plan(commands, n);
  eager__arg_long(commands, n);
  eager__arg_long(commands, plan.chunk);
  return eager__kernel_end(commands, plan.grid);
}

static const eager__op cross = {
    .name = "Cross",
    .typed = "eager_cross",
    .inputs = {{.name = "a"}, {.name = "b"}},
    .dtypes = EAGER__NUMBERS,
    .infer = infer,
    .launch = launch,
};
const eager__op_list eager__ops_cross = {&cross, 1};

eager_status eager_cross(eager_tensor *a, eager_tensor *b, eager_tensor **out) {
  eager__call call;
  EAGER__TRY(eager__call_begin(&call, &cross, (eager_tensor *[]){a, b}, 2));
  return eager__call_run(&call, NULL, out, 1);
}
