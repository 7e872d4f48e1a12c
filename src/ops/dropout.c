/* Dropout: Srivastava et al. 2014, scaled in training. */
#include <string.h>

#include "eagercl/ops.h"
#include "ops/families.h"
#include "ops/grids.h"
#include "ops/random_seed.h"
#include "ops/shape_attr.h"
#include "runtime/run.h"

/* As in dropout.cl. */
typedef struct noise_walk {
  int64_t count, rank;
  int64_t dims[EAGER__MAX_RANK], strides[EAGER__MAX_RANK];
} noise_walk;

/* The shape of the draws: x's own where nothing is said. */
static eager_status noise_shape(const eager__call *call, eager__shape *out) {
  const eager__shape *x = call->inputs[0].shape;
  const eager__attr *list = eager__attr_get(call, "noise_shape");
  *out = *x;
  if (!list->given) return EAGER_OK;
  EAGER__TRY(eager__shape_attr_check("noise_shape", list));
  EAGER__REQUIRE(list->count == (size_t)x->rank, EAGER_INVALID_ARGUMENT,
                 "noise_shape must have %d entries, got %zu", x->rank, list->count);
  for (int d = 0; d < x->rank; d++) {
    bool repeats = list->ints[d] == 1;
    EAGER__REQUIRE(repeats || list->ints[d] == x->dims[d] || list->ints[d] == -1,
                   EAGER_INVALID_ARGUMENT,
                   "noise_shape[%d] must be 1, -1 or the input's %lld, got %lld", d,
                   (long long)x->dims[d], (long long)list->ints[d]);
    if (repeats) out->dims[d] = 1;
  }
  return EAGER_OK;
}

static eager_status infer(eager__call *call) {
  double rate = eager__attr_get(call, "rate")->f;
  eager__shape noise;
  EAGER__REQUIRE(rate >= 0 && rate < 1, EAGER_INVALID_ARGUMENT,
                 "`rate` must be a scalar or scalar tensor in the range [0, 1). Received: "
                 "rate=%g",
                 rate);
  EAGER__TRY(eager__seed_check(call));
  EAGER__TRY(noise_shape(call, &noise));
  call->outputs[0].dtype = call->dtype;
  call->outputs[0].shape = *call->inputs[0].shape;
  if (rate == 0) call->outputs[0].view_of = 1;
  return EAGER_OK;
}

static eager_status launch(eager__call *call, eager__commands *commands) {
  eager__shape noise;
  eager__walk walk;
  EAGER__TRY(noise_shape(call, &noise));
  eager__walk_broadcast(&call->outputs[0].shape, &noise, 1, &walk);
  noise_walk given = {.count = eager__shape_elements(&call->outputs[0].shape),
                      .rank = walk.rank};
  memcpy(given.dims, walk.dims, (size_t)walk.rank * sizeof *given.dims);
  memcpy(given.strides, walk.strides[0], (size_t)walk.rank * sizeof *given.strides);
  double rate = eager__attr_get(call, "rate")->f;
  eager__kernel_begin(commands, &eager__family_dropout, call->dtype, "dropout");
  eager__arg_input(commands, 0);
  eager__arg_output(commands, 0);
  eager__arg_bytes(commands, &given, sizeof given);
  eager__arg_seed(commands);
  eager__arg_float(commands, rate);
  eager__arg_scalar(commands, call->dtype, 1 / (1 - rate));
  return eager__kernel_end(commands,
                           eager__grid_1d(given.count, eager__group_size(commands)));
}

static const eager__op dropout = {
    .name = "Dropout",
    .typed = "eager_dropout",
    .inputs = {{.name = "x"}},
    .dtypes = EAGER__FLOATS,
    .attrs = {{.name = "rate", EAGER__ATTR_FLOAT, .required = true},
              {.name = "seed", EAGER__ATTR_INT_LIST, .required = true},
              {.name = "noise_shape", EAGER__ATTR_INT_LIST}},
    .infer = infer,
    .launch = launch,
};
const eager__op_list eager__ops_dropout = {&dropout, 1};

eager_status eager_dropout(eager_tensor *x, double rate, const int64_t seed[2],
                           const int64_t *noise_shape, eager_tensor **out) {
  eager__call call;
  EAGER__TRY(eager__call_begin(&call, &dropout, &x, 1));
  eager__call_set_float(&call, "rate", rate);
  eager__call_set_ints(&call, "seed", seed, 2);
  if (noise_shape && call.inputs[0].shape)
    eager__call_set_ints(&call, "noise_shape", noise_shape,
                         (size_t)call.inputs[0].shape->rank);
  return eager__call_run(&call, NULL, out, 1);
}
