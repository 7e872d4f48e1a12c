/* StatelessRandomUniformInt and StatelessRandomUniformFullInt. */
#include <inttypes.h>

#include "eagercl/ops.h"
#include "ops/families.h"
#include "ops/grids.h"
#include "ops/random_seed.h"
#include "ops/shape_attr.h"
#include "runtime/run.h"

enum {
  DRAWN = EAGER__BIT(EAGER_INT32) | EAGER__BIT(EAGER_INT64) | EAGER__BIT(EAGER_UINT32) |
          EAGER__BIT(EAGER_UINT64),
};

static eager_status infer_full(eager__call *call) {
  eager_dtype dtype = (eager_dtype)eager__attr_get(call, "dtype")->i;
  EAGER__REQUIRE(
      eager__dtype_is_valid(dtype) && DRAWN & EAGER__BIT(dtype), EAGER_INVALID_ARGUMENT,
      "dtype must be int32, int64, uint32 or uint64, got %s", eager_dtype_name(dtype));
  EAGER__TRY(eager__seed_check(call));
  call->dtype = dtype;
  call->outputs[0].dtype = dtype;
  return eager__shape_attr_get(call, "shape", dtype, &call->outputs[0].shape);
}

/* An attribute holds an int64, so it may be out of a smaller range only. */
static bool fits(eager_dtype dtype, int64_t value) {
  switch (dtype) {
  case EAGER_INT32:
    return value >= INT32_MIN && value <= INT32_MAX;
  case EAGER_UINT32:
    return value >= 0 && value <= UINT32_MAX;
  case EAGER_UINT64:
    return value >= 0;
  default:
    return true;
  }
}

static eager_status infer_range(eager__call *call) {
  EAGER__TRY(infer_full(call));
  int64_t low = eager__attr_get(call, "minval")->i,
          high = eager__attr_get(call, "maxval")->i;
  EAGER__REQUIRE(low < high, EAGER_INVALID_ARGUMENT,
                 "Need minval < maxval, got %" PRId64 " >= %" PRId64, low, high);
  EAGER__REQUIRE(fits(call->dtype, low) && fits(call->dtype, high), EAGER_INVALID_ARGUMENT,
                 "minval %" PRId64 " or maxval %" PRId64 " is out of %s's range", low, high,
                 eager_dtype_name(call->dtype));
  return EAGER_OK;
}

static eager_status add_kernel(eager__call *call, eager__commands *commands, int64_t low,
                               uint64_t range) {
  int64_t count = eager__shape_elements(&call->outputs[0].shape);
  eager__kernel_begin(commands, &eager__family_random_int, call->dtype, "uniform_int");
  eager__arg_output(commands, 0);
  eager__arg_long(commands, count);
  eager__arg_seed(commands);
  eager__arg_long(commands, low);
  eager__arg_long(commands, (int64_t)range);
  return eager__kernel_end(
      commands, eager__grid_1d((count - 1) / 2 + 1, eager__group_size(commands)));
}

static eager_status launch_full(eager__call *call, eager__commands *commands) {
  return add_kernel(call, commands, 0, 0);
}

static eager_status launch_range(eager__call *call, eager__commands *commands) {
  int64_t low = eager__attr_get(call, "minval")->i;
  uint64_t range = (uint64_t)eager__attr_get(call, "maxval")->i - (uint64_t)low;
  return add_kernel(call, commands, low, range);
}

#define SHAPE                                                                              \
  { .name = "shape", EAGER__ATTR_INT_LIST, .required = true }
#define SEED                                                                               \
  { .name = "seed", EAGER__ATTR_INT_LIST, .required = true }
#define DTYPE                                                                              \
  { .name = "dtype", EAGER__ATTR_DTYPE, EAGER_INT32 }

enum { RANGE, FULL, COUNT };
static const eager__op ops[COUNT] = {
    [RANGE] = {.name = "StatelessRandomUniformInt",
               .typed = "eager_stateless_random_uniform_int",
               .dtypes = DRAWN,
               .attrs = {SHAPE,
                         SEED,
                         {.name = "minval", EAGER__ATTR_INT, .required = true},
                         {.name = "maxval", EAGER__ATTR_INT, .required = true},
                         DTYPE},
               .infer = infer_range,
               .launch = launch_range},
    [FULL] = {.name = "StatelessRandomUniformFullInt",
              .typed = "eager_stateless_random_uniform_full_int",
              .dtypes = DRAWN,
              .attrs = {SHAPE, SEED, DTYPE},
              .infer = infer_full,
              .launch = launch_full},
};
const eager__op_list eager__ops_random_int = {ops, COUNT};

static eager_status begin(eager__call *call, int op, int rank, const int64_t *dims,
                          const int64_t *seed, eager_dtype dtype) {
  EAGER__TRY(eager__call_begin(call, &ops[op], NULL, 0));
  eager__call_set_ints(call, "shape", dims, (size_t)rank);
  eager__call_set_ints(call, "seed", seed, 2);
  eager__call_set_int(call, "dtype", dtype);
  return EAGER_OK;
}

eager_status eager_stateless_random_uniform_int(int rank, const int64_t *dims,
                                                const int64_t seed[2], int64_t minval,
                                                int64_t maxval, eager_dtype dtype,
                                                eager_tensor **out) {
  eager__call call;
  EAGER__TRY(begin(&call, RANGE, rank, dims, seed, dtype));
  eager__call_set_int(&call, "minval", minval);
  eager__call_set_int(&call, "maxval", maxval);
  return eager__call_run(&call, NULL, out, 1);
}

eager_status eager_stateless_random_uniform_full_int(int rank, const int64_t *dims,
                                                     const int64_t seed[2],
                                                     eager_dtype dtype,
                                                     eager_tensor **out) {
  eager__call call;
  EAGER__TRY(begin(&call, FULL, rank, dims, seed, dtype));
  return eager__call_run(&call, NULL, out, 1);
}
