/* StatelessRandomUniform, StatelessRandomNormal and StatelessTruncatedNormal: functions of
 * seed, shape and dtype. */
#include "eagercl/ops.h"
#include "ops/families.h"
#include "ops/grids.h"
#include "ops/random_seed.h"
#include "ops/shape_attr.h"
#include "runtime/run.h"

static eager_status infer(eager__call *call) {
  eager_dtype dtype = (eager_dtype)eager__attr_get(call, "dtype")->i;
  EAGER__REQUIRE(eager__dtype_is_valid(dtype) && EAGER__FLOATS & EAGER__BIT(dtype),
                 EAGER_INVALID_ARGUMENT,
                 "dtype must be float32, float64, float16 or bfloat16, got %s",
                 eager_dtype_name(dtype));
  EAGER__TRY(eager__seed_check(call));
  call->dtype = dtype;
  call->outputs[0].dtype = dtype;
  return eager__shape_attr_get(call, "shape", dtype, &call->outputs[0].shape);
}

/* One work-item per `each` elements. */
static eager_status add_kernel(eager__call *call, eager__commands *commands,
                               const eager__family *family, const char *name, int64_t each,
                               int upper_bits) {
  int64_t count = eager__shape_elements(&call->outputs[0].shape);
  eager__kernel_begin(commands, family, call->dtype, name);
  eager__arg_output(commands, 0);
  eager__arg_long(commands, count);
  eager__arg_seed(commands);
  if (upper_bits > 0) {
    eager__arg_int(commands, 32 - upper_bits);
    eager__arg_float(commands, 1.0 / (double)(1 << upper_bits));
  }
  return eager__kernel_end(
      commands, eager__grid_1d((count - 1) / each + 1, eager__group_size(commands)));
}

static eager_status launch_uniform(eager__call *call, eager__commands *commands) {
  switch (call->dtype) {
  case EAGER_FLOAT64:
    return add_kernel(call, commands, &eager__family_random, "uniform_wide", 2, 0);
  case EAGER_FLOAT16:
    return add_kernel(call, commands, &eager__family_random, "uniform", 4, 11);
  case EAGER_BFLOAT16:
    return add_kernel(call, commands, &eager__family_random, "uniform", 4, 8);
  default:
    return add_kernel(call, commands, &eager__family_random, "uniform", 4, 24);
  }
}

static eager_status launch_normal(eager__call *call, eager__commands *commands) {
  bool is_wide = call->dtype == EAGER_FLOAT64;
  return add_kernel(call, commands, &eager__family_normal,
                    is_wide ? "normal_wide" : "normal", is_wide ? 2 : 4, 0);
}

static eager_status launch_truncated(eager__call *call, eager__commands *commands) {
  bool is_wide = call->dtype == EAGER_FLOAT64;
  return add_kernel(call, commands, &eager__family_normal,
                    is_wide ? "truncated_wide" : "truncated", 1, 0);
}

#define DRAWS                                                                              \
  .dtypes = EAGER__FLOATS, .infer = infer,                                                 \
  .attrs = {{.name = "shape", EAGER__ATTR_INT_LIST, .required = true},                     \
            {.name = "seed", EAGER__ATTR_INT_LIST, .required = true},                      \
            {.name = "dtype", EAGER__ATTR_DTYPE, EAGER_FLOAT32}}

enum { UNIFORM, NORMAL, TRUNCATED, COUNT };
static const eager__op ops[COUNT] = {
    [UNIFORM] = {"StatelessRandomUniform", "eager_stateless_random_uniform",
                 .launch = launch_uniform, DRAWS},
    [NORMAL] = {"StatelessRandomNormal", "eager_stateless_random_normal",
                .launch = launch_normal, DRAWS},
    [TRUNCATED] = {"StatelessTruncatedNormal", "eager_stateless_truncated_normal",
                   .launch = launch_truncated, DRAWS},
};
const eager__op_list eager__ops_random = {ops, COUNT};

static eager_status draw(const eager__op *op, int rank, const int64_t *dims,
                         const int64_t *seed, eager_dtype dtype, eager_tensor **out) {
  eager__call call;
  EAGER__TRY(eager__call_begin(&call, op, NULL, 0));
  eager__call_set_ints(&call, "shape", dims, (size_t)rank);
  eager__call_set_ints(&call, "seed", seed, 2);
  eager__call_set_int(&call, "dtype", dtype);
  return eager__call_run(&call, NULL, out, 1);
}

eager_status eager_stateless_random_uniform(int rank, const int64_t *dims,
                                            const int64_t seed[2], eager_dtype dtype,
                                            eager_tensor **out) {
  return draw(&ops[UNIFORM], rank, dims, seed, dtype, out);
}

eager_status eager_stateless_random_normal(int rank, const int64_t *dims,
                                           const int64_t seed[2], eager_dtype dtype,
                                           eager_tensor **out) {
  return draw(&ops[NORMAL], rank, dims, seed, dtype, out);
}

eager_status eager_stateless_truncated_normal(int rank, const int64_t *dims,
                                              const int64_t seed[2], eager_dtype dtype,
                                              eager_tensor **out) {
  return draw(&ops[TRUNCATED], rank, dims, seed, dtype, out);
}
