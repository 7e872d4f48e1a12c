/* InvertPermutation: out[x[i]] = i. */
#include <inttypes.h>

#include "eagercl/ops.h"
#include "ops/families.h"
#include "ops/grids.h"
#include "ops/plan.h"
#include "runtime/run.h"

static const int64_t block = 4096; /* elements per work-item of a CPU */

static eager_status infer(eager__call *call) {
  const eager__shape *x = call->inputs[0].shape;
  char text[EAGER__SHAPE_TEXT];
  EAGER__REQUIRE(x->rank == 1, EAGER_INVALID_ARGUMENT,
                 "invert_permutation expects a 1D vector, got shape %s",
                 eager__shape_text(x, text));
  EAGER__REQUIRE(x->dims[0] <= INT32_MAX, EAGER_INVALID_ARGUMENT,
                 "permutation of nonnegative int32s must have <= 2^31 - 1 elements, got "
                 "%" PRId64,
                 x->dims[0]);
  call->outputs[0].dtype = call->dtype;
  call->outputs[0].shape = *x;
  return EAGER_OK;
}

static void add_args(eager__commands *commands, int64_t count, int64_t each) {
  eager__arg_output(commands, 0);
  eager__arg_input(commands, 0);
  eager__arg_long(commands, count);
  eager__arg_long(commands, each);
}

static eager_status launch(eager__call *call, eager__commands *commands) {
  const eager__family *family = &eager__family_diag;
  eager_dtype dtype = eager__move_dtype(call->dtype);
  int64_t count = call->inputs[0].shape->dims[0];
  int64_t each = eager__commands_traits(commands)->cpu_like ? block : 1;
  uint64_t none = 0;
  eager__encode_int(call->dtype, INT32_MAX, &none);
  eager__check_text(commands, EAGER_INVALID_ARGUMENT,
                    "x[#] is not between 0 and %" PRId64 ", or is a duplicate", count - 1);
  eager__kernel_begin(commands, family, dtype, "invert_begin");
  eager__arg_output(commands, 0);
  eager__arg_long(commands, count);
  eager__arg_long(commands, each);
  eager__arg_bytes(commands, &none, eager_dtype_size(call->dtype));
  EAGER__TRY(eager__kernel_end(commands, eager__grid_each(commands, count, each)));
  eager__kernel_begin(commands, family, dtype, "invert");
  add_args(commands, count, each);
  EAGER__TRY(eager__kernel_end(commands, eager__grid_each(commands, count, each)));
  eager__kernel_begin(commands, family, dtype, "invert_check");
  add_args(commands, count, each);
  eager__arg_cell(commands);
  return eager__kernel_end(commands, eager__grid_each(commands, count, each));
}

enum { INDICES = EAGER__BIT(EAGER_INT32) | EAGER__BIT(EAGER_INT64) };

static const eager__op invert = {
    .name = "InvertPermutation",
    .typed = "eager_invert_permutation",
    .inputs = {{.name = "x"}},
    .dtypes = INDICES,
    .moves_only = true,
    .checked = true,
    .infer = infer,
    .launch = launch,
};
const eager__op_list eager__ops_invert = {&invert, 1};

eager_status eager_invert_permutation(eager_tensor *x, eager_tensor **out) {
  eager__call call;
  EAGER__TRY(eager__call_begin(&call, &invert, &x, 1));
  return eager__call_run(&call, NULL, out, 1);
}
