/* Every op by its raw name, on small tensors of all dtypes, with any attributes. */
#include <stdio.h>

#include "fuzz.h"

enum { OUTPUTS = 64, LIST = 6 };

static eager_status set_attr(eager_op *op, const eager_attr_description *attr,
                             fuzz_bytes *bytes) {
  static const char *const texts[] = {"",     "SAME",    "VALID", "EXPLICIT",
                                      "NHWC", "NCHW",    "ab->a", "left",
                                      "%s%n", "REFLECT", "sum",   "RADIAL"};
  int64_t ints[LIST];
  double floats[LIST];
  size_t count = fuzz_byte(bytes) % (LIST + 1);
  for (size_t i = 0; i < count; i++) {
    ints[i] = fuzz_int(bytes);
    floats[i] = (double)ints[i] / 2;
  }
  int64_t one = count > 0 ? ints[0] : 0;
  const size_t text_count = sizeof texts / sizeof *texts;
  switch (attr->kind) {
  case EAGER_ATTR_INT:
    return eager_op_set_attr_int(op, attr->name, one);
  case EAGER_ATTR_FLOAT:
    return eager_op_set_attr_float(op, attr->name, (double)one / 4);
  case EAGER_ATTR_BOOL:
    return eager_op_set_attr_bool(op, attr->name, one > 0);
  case EAGER_ATTR_DTYPE:
    return eager_op_set_attr_dtype(op, attr->name, (eager_dtype)(one % 16));
  case EAGER_ATTR_STRING:
    return eager_op_set_attr_string(op, attr->name, texts[(uint64_t)one % text_count]);
  case EAGER_ATTR_INT_LIST:
    return eager_op_set_attr_int_list(op, attr->name, ints, count);
  case EAGER_ATTR_FLOAT_LIST:
    return eager_op_set_attr_float_list(op, attr->name, floats, count);
  }
  return EAGER_OK;
}

static void execute(eager_op *op) {
  eager_tensor *outputs[OUTPUTS] = {0};
  int count = OUTPUTS;
  bool fine = fuzz_ok(eager_op_execute(op, outputs, &count));
  for (int i = 0; i < OUTPUTS; i++) {
    fuzz_require(fine || outputs[i] == NULL, "no tensor of a failure");
    fuzz_require(!fine || (i < count) == (outputs[i] != NULL), "as many as were told");
    eager_tensor_release(outputs[i]);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  fuzz_enable();
  fuzz_bytes bytes = {data, size};
  size_t index = (size_t)fuzz_byte(&bytes) << 8 | fuzz_byte(&bytes);
  const char *name = eager_op_name(index % eager_op_count());
  eager_op *op;
  eager_op_description about;
  fuzz_require(eager_op_new(name, &op) == EAGER_OK, "an op that is listed");
  fuzz_require(eager_op_describe(name, &about) == EAGER_OK, "an op that is listed");
  int inputs = about.input_count, odd = fuzz_byte(&bytes);
  if (odd > 240) inputs += odd % 4 - 1;
  for (int i = 0; i < inputs; i++) fuzz_ok(eager_op_add_input(op, fuzz_tensor(&bytes)));
  for (int i = 0; i < about.attr_count; i++)
    if (about.attrs[i].required || fuzz_byte(&bytes) % 2)
      fuzz_ok(set_attr(op, &about.attrs[i], &bytes));
  execute(op);
  eager_op_release(op);
  return 0;
}
