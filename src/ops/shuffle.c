/* StatelessShuffle: slices of x in the order of 64-bit draws, one per slice. Equal draws
 * keep their order, and come once in 2^64 / n^2 shuffles. */
#include "eagercl/ops.h"
#include "ops/random_seed.h"
#include "ops/registry.h"
#include "runtime/run.h"

static eager_status infer(eager__call *call) {
  EAGER__TRY(eager__seed_check(call));
  call->outputs[0].dtype = call->dtype;
  call->outputs[0].shape = *call->inputs[0].shape;
  return EAGER_OK;
}

static eager_status draw_keys(const eager__call *outer, eager_tensor **out) {
  const eager__attr *seed = eager__attr_get(outer, "seed");
  eager__call call;
  EAGER__TRY(eager__call_begin_inner(
      &call, eager__registry_find("StatelessRandomUniformFullInt"), outer, NULL, 0));
  eager__call_set_ints(&call, "shape", outer->inputs[0].shape->dims, 1);
  eager__call_set_ints(&call, "seed", seed->ints, seed->count);
  eager__call_set_int(&call, "dtype", EAGER_UINT64);
  return eager__call_run(&call, NULL, out, 1);
}

static eager_status order_keys(const eager__call *outer, eager_tensor *keys,
                               eager_tensor **out) {
  eager__call call;
  EAGER__TRY(
      eager__call_begin_inner(&call, eager__registry_find("Argsort"), outer, &keys, 1));
  return eager__call_run(&call, NULL, out, 1);
}

static eager_status pick(const eager__call *outer, eager_tensor *order,
                         eager_tensor **out) {
  eager__call call;
  eager_tensor *inputs[] = {outer->inputs[0].tensor, order};
  EAGER__TRY(
      eager__call_begin_inner(&call, eager__registry_find("GatherV2"), outer, inputs, 2));
  eager__call_set_int(&call, "axis", 0);
  return eager__call_run(&call, NULL, out, 1);
}

static eager_status keep(const eager__call *outer, eager_tensor **out) {
  eager__call call;
  EAGER__TRY(eager__call_begin_inner(&call, eager__registry_find("Identity"), outer,
                                     &outer->inputs[0].tensor, 1));
  return eager__call_run(&call, NULL, out, 1);
}

static eager_status compose(eager__call *call, eager_tensor **outputs) {
  if (call->inputs[0].shape->rank == 0) return keep(call, outputs);
  eager_tensor *keys = NULL, *order = NULL;
  eager_status status = draw_keys(call, &keys);
  if (status == EAGER_OK) status = order_keys(call, keys, &order);
  if (status == EAGER_OK) status = pick(call, order, outputs);
  eager_tensor_release(keys);
  eager_tensor_release(order);
  return status;
}

static const eager__op shuffle = {
    .name = "StatelessShuffle",
    .typed = "eager_stateless_shuffle",
    .inputs = {{.name = "value"}},
    .dtypes = EAGER__ANY,
    .moves_only = true,
    .attrs = {{.name = "seed", EAGER__ATTR_INT_LIST, .required = true}},
    .infer = infer,
    .compose = compose,
};
const eager__op_list eager__ops_shuffle = {&shuffle, 1};

eager_status eager_stateless_shuffle(eager_tensor *value, const int64_t seed[2],
                                     eager_tensor **out) {
  eager__call call;
  EAGER__TRY(eager__call_begin(&call, &shuffle, &value, 1));
  eager__call_set_ints(&call, "seed", seed, 2);
  return eager__call_run(&call, NULL, out, 1);
}
