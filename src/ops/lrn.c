/* LRN and LRNGrad: local response normalisation over the channels of images. */
#include "eagercl/ops.h"
#include "ops/families.h"
#include "ops/grids.h"
#include "ops/plan.h"
#include "runtime/commands.h"
#include "runtime/run.h"

/* As in lrn.cl. */
typedef struct response {
  int64_t count, channels, radius;
} response;

static eager_status check_images(const eager__call *call) {
  for (int i = 0; i < call->input_count; i++) {
    const eager__shape *x = call->inputs[i].shape, *first = call->inputs[0].shape;
    EAGER__REQUIRE(x->rank == 4, EAGER_INVALID_ARGUMENT,
                   "%s must be 4-dimensional, got rank %d", call->op->inputs[i].name,
                   x->rank);
    char got[EAGER__SHAPE_TEXT], wanted[EAGER__SHAPE_TEXT];
    EAGER__REQUIRE(eager__shape_agrees(x, first), EAGER_INVALID_ARGUMENT,
                   "%s and %s must have one shape, got %s and %s", call->op->inputs[0].name,
                   call->op->inputs[i].name, eager__shape_text(first, wanted),
                   eager__shape_text(x, got));
  }
  return EAGER_OK;
}

static eager_status infer(eager__call *call) {
  EAGER__TRY(check_images(call));
  EAGER__REQUIRE(eager__attr_get(call, "depth_radius")->i >= 0, EAGER_INVALID_ARGUMENT,
                 "depth_radius must not be negative, got %lld",
                 (long long)eager__attr_get(call, "depth_radius")->i);
  call->outputs[0].dtype = call->dtype;
  call->outputs[0].shape = *call->inputs[0].shape;
  return EAGER_OK;
}

static eager_status describe(const eager__call *call, const eager__commands *commands,
                             response *out) {
  const eager__shape *x = call->inputs[0].shape;
  *out = (response){.count = eager__shape_elements(x), .channels = x->dims[3]};
  out->radius = eager__at_most(eager__attr_get(call, "depth_radius")->i, x->dims[3]);
  int64_t limit = eager__commands_traits(commands)->loop_limit;
  EAGER__REQUIRE(!limit || 2 * out->radius + 1 < limit, EAGER_UNIMPLEMENTED,
                 "a depth_radius of %lld is too large for this device",
                 (long long)out->radius);
  return EAGER_OK;
}

static void number(const eager__call *call, eager__commands *commands, const char *name) {
  eager__arg_scalar(commands, call->dtype, eager__attr_get(call, name)->f);
}

static eager_status end(eager__commands *commands, int64_t count) {
  return eager__kernel_end(commands, eager__grid_1d(count, eager__group_size(commands)));
}

static eager_status launch(eager__call *call, eager__commands *commands) {
  response r;
  EAGER__TRY(describe(call, commands, &r));
  eager__kernel_begin(commands, &eager__family_lrn, call->dtype, "lrn");
  eager__arg_input(commands, 0);
  eager__arg_output(commands, 0);
  eager__arg_bytes(commands, &r, sizeof r);
  number(call, commands, "bias");
  number(call, commands, "alpha");
  number(call, commands, "beta");
  return end(commands, r.count);
}

static eager_status launch_gradient(eager__call *call, eager__commands *commands) {
  response r;
  EAGER__TRY(describe(call, commands, &r));
  int norms = eager__scratch(commands, (size_t)r.count * eager__computed_size(call->dtype));
  eager__kernel_begin(commands, &eager__family_lrn, call->dtype, "lrn_norms");
  eager__arg_input(commands, 1);
  eager__arg_scratch(commands, norms);
  eager__arg_bytes(commands, &r, sizeof r);
  number(call, commands, "bias");
  number(call, commands, "alpha");
  EAGER__TRY(end(commands, r.count));
  eager__kernel_begin(commands, &eager__family_lrn, call->dtype, "lrn_back");
  for (int i = 0; i < 3; i++) eager__arg_input(commands, i);
  eager__arg_scratch(commands, norms);
  eager__arg_output(commands, 0);
  eager__arg_bytes(commands, &r, sizeof r);
  number(call, commands, "alpha");
  number(call, commands, "beta");
  return end(commands, r.count);
}

#define RESPONSE                                                                           \
  {                                                                                        \
    {.name = "depth_radius", EAGER__ATTR_INT, 5}, {.name = "bias", EAGER__ATTR_FLOAT, 1},  \
        {.name = "alpha", EAGER__ATTR_FLOAT, 1}, {                                         \
      .name = "beta", EAGER__ATTR_FLOAT, 0.5                                               \
    }                                                                                      \
  }

enum { FORWARD, GRADIENT, COUNT };
static const eager__op ops[COUNT] = {
    [FORWARD] = {.name = "LRN",
                 .typed = "eager_local_response_normalization",
                 .inputs = {{.name = "input"}},
                 .dtypes = EAGER__FLOATS,
                 .attrs = RESPONSE,
                 .infer = infer,
                 .launch = launch},
    [GRADIENT] = {.name = "LRNGrad",
                  .typed = "eager_local_response_normalization_grad",
                  .inputs = {{.name = "input_grads"},
                             {.name = "input_image"},
                             {.name = "output_image"}},
                  .dtypes = EAGER__FLOATS,
                  .attrs = RESPONSE,
                  .infer = infer,
                  .launch = launch_gradient},
};
const eager__op_list eager__ops_lrn = {ops, COUNT};

static eager_status run(int op, eager_tensor *const *inputs, int input_count,
                        const eager_lrn_options *options, eager_tensor **out) {
  eager__call call;
  if (out) *out = NULL;
  EAGER__TRY(eager__call_begin(&call, &ops[op], inputs, input_count));
  if (options) {
    eager__call_set_int(&call, "depth_radius", options->depth_radius);
    eager__call_set_float(&call, "bias", options->bias);
    eager__call_set_float(&call, "alpha", options->alpha);
    eager__call_set_float(&call, "beta", options->beta);
  }
  return eager__call_run(&call, NULL, out, 1);
}

eager_status eager_local_response_normalization(eager_tensor *input,
                                                const eager_lrn_options *options,
                                                eager_tensor **out) {
  return run(FORWARD, &input, 1, options, out);
}

eager_status eager_local_response_normalization_grad(eager_tensor *input_grads,
                                                     eager_tensor *input_image,
                                                     eager_tensor *output_image,
                                                     const eager_lrn_options *options,
                                                     eager_tensor **out) {
  return run(GRADIENT, (eager_tensor *[]){input_grads, input_image, output_image}, 3,
             options, out);
}
