/* StatelessMultinomial: draws of classes by their logits. */
#include <inttypes.h>

#include "eagercl/ops.h"
#include "ops/families.h"
#include "ops/grids.h"
#include "ops/plan.h"
#include "ops/random_seed.h"
#include "runtime/run.h"

enum { CHUNK = 128 };

/* A row's weights add up to less than 2^63. */
static const int64_t classes_most = (int64_t)1 << 24;

/* As in categorical.cl. */
typedef struct drawing {
  int64_t rows, classes, chunk, chunks, samples;
} drawing;

static eager_status infer(eager__call *call) {
  const eager__shape *logits = call->inputs[0].shape;
  int64_t samples = eager__attr_get(call, "num_samples")->i;
  eager_dtype dtype = (eager_dtype)eager__attr_get(call, "output_dtype")->i;
  EAGER__REQUIRE(logits->rank == 2, EAGER_INVALID_ARGUMENT,
                 "logits should be a matrix, got rank %d", logits->rank);
  EAGER__REQUIRE(samples >= 0 && samples <= INT32_MAX, EAGER_INVALID_ARGUMENT,
                 "num_samples should be nonnegative, got %" PRId64, samples);
  EAGER__REQUIRE(logits->dims[1] != 0, EAGER_INVALID_ARGUMENT,
                 "num_classes should be positive, got 0");
  EAGER__REQUIRE(logits->dims[1] <= classes_most, EAGER_INVALID_ARGUMENT,
                 "num_classes should be at most 2^24, got %" PRId64, logits->dims[1]);
  EAGER__REQUIRE(dtype == EAGER_INT32 || dtype == EAGER_INT64, EAGER_INVALID_ARGUMENT,
                 "output_dtype must be int32 or int64, got %s", eager_dtype_name(dtype));
  EAGER__TRY(eager__seed_check(call));
  call->outputs[0].dtype = dtype;
  call->outputs[0].shape = (eager__shape){2, {logits->dims[0], samples}};
  return EAGER_OK;
}

static void begin(eager__commands *commands, const char *name) {
  eager__kernel_begin(commands, &eager__family_categorical, commands->call->dtype, name);
}

static eager_status end(eager__commands *commands, const drawing *d, int64_t count) {
  eager__arg_bytes(commands, d, sizeof *d);
  return eager__kernel_end(commands, eager__grid_1d(count, eager__group_size(commands)));
}

static eager_status weigh(eager__call *call, eager__commands *commands, const drawing *d,
                          int *out_tops, int *out_weights) {
  size_t count = (size_t)(d->rows * d->chunks);
  int tops = eager__scratch(commands, count * eager__computed_size(call->dtype));
  int weights = eager__scratch(commands, count * sizeof(uint64_t));
  begin(commands, "chunk_largest");
  eager__arg_input(commands, 0);
  eager__arg_scratch(commands, tops);
  EAGER__TRY(end(commands, d, (int64_t)count));
  begin(commands, "row_largest");
  eager__arg_scratch(commands, tops);
  EAGER__TRY(end(commands, d, d->rows));
  begin(commands, "chunk_weights");
  eager__arg_input(commands, 0);
  eager__arg_scratch(commands, tops);
  eager__arg_scratch(commands, weights);
  EAGER__TRY(end(commands, d, (int64_t)count));
  begin(commands, "row_weights");
  eager__arg_scratch(commands, weights);
  *out_tops = tops;
  *out_weights = weights;
  return end(commands, d, d->rows);
}

static eager_status launch(eager__call *call, eager__commands *commands) {
  const eager__shape *logits = call->inputs[0].shape;
  drawing d = {.rows = logits->dims[0],
               .classes = logits->dims[1],
               .chunk = CHUNK,
               .chunks = eager__ceil_div(logits->dims[1], CHUNK),
               .samples = call->outputs[0].shape.dims[1]};
  int64_t limit = eager__commands_traits(commands)->loop_limit;
  EAGER__REQUIRE(!limit || d.chunks < limit, EAGER_UNIMPLEMENTED,
                 "%" PRId64 " classes are too many for this device", d.classes);
  int tops, weights;
  EAGER__TRY(weigh(call, commands, &d, &tops, &weights));
  begin(commands, "categorical");
  eager__arg_input(commands, 0);
  eager__arg_scratch(commands, tops);
  eager__arg_scratch(commands, weights);
  eager__arg_output(commands, 0);
  eager__arg_bytes(commands, &d, sizeof d);
  eager__arg_seed(commands);
  eager__arg_int(commands, call->outputs[0].dtype == EAGER_INT64);
  return eager__kernel_end(commands,
                           eager__grid_1d(d.rows * d.samples, eager__group_size(commands)));
}

static const eager__op categorical = {
    .name = "StatelessMultinomial",
    .typed = "eager_stateless_categorical",
    .inputs = {{.name = "logits"}},
    .dtypes = EAGER__FLOATS,
    .attrs = {{.name = "num_samples", EAGER__ATTR_INT, .required = true},
              {.name = "seed", EAGER__ATTR_INT_LIST, .required = true},
              {.name = "output_dtype", EAGER__ATTR_DTYPE, EAGER_INT64}},
    .infer = infer,
    .launch = launch,
};
const eager__op_list eager__ops_categorical = {&categorical, 1};

eager_status eager_stateless_categorical(eager_tensor *logits, int64_t num_samples,
                                         const int64_t seed[2], eager_dtype dtype,
                                         eager_tensor **out) {
  eager__call call;
  EAGER__TRY(eager__call_begin(&call, &categorical, &logits, 1));
  eager__call_set_int(&call, "num_samples", num_samples);
  eager__call_set_ints(&call, "seed", seed, 2);
  eager__call_set_int(&call, "output_dtype", dtype);
  return eager__call_run(&call, NULL, out, 1);
}
