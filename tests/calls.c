#include "calls.h"

#include <fnmatch.h>

#include "eagercl/opencl.h"

static void ignore_free(void *data, void *user) {
  (void)data;
  (void)user;
}

/* A function's body: every output is the first input. */
static eager_status give_first(eager_tensor *const *inputs, size_t input_count,
                               eager_tensor **given, size_t output_count, void *user) {
  (void)input_count;
  (void)user;
  for (size_t i = 0; i < output_count; i++) {
    eager_tensor_retain(inputs[0]);
    given[i] = inputs[0];
  }
  return EAGER_OK;
}

#include "public_calls.h"

const size_t public_call_count = sizeof public_calls / sizeof *public_calls;

/* --- Things --- */

enum { MATRIX, INTS, BOOLS, SCALAR, VECTOR, CUBE, IMAGE, VOLUME };
static const struct {
  eager_dtype dtype;
  int rank;
  int64_t dims[5];
} kinds[CALL_TENSORS] = {
    [MATRIX] = {EAGER_FLOAT32, 2, {2, 2}},
    [INTS] = {EAGER_INT32, 1, {2}},
    [BOOLS] = {EAGER_BOOL, 2, {2, 2}},
    [SCALAR] = {EAGER_FLOAT32, 0, {0}},
    [VECTOR] = {EAGER_FLOAT32, 1, {2}},
    [CUBE] = {EAGER_FLOAT32, 3, {1, 2, 2}},
    [IMAGE] = {EAGER_FLOAT32, 4, {1, 2, 1, 2}},
    [VOLUME] = {EAGER_FLOAT32, 5, {1, 1, 2, 1, 2}},
};

/* The kinds of the first argument and of all others. */
static const int variants[CALL_VARIANTS][2] = {
    {MATRIX, MATRIX},
    {MATRIX, INTS},
    {INTS, INTS},
    {INTS, MATRIX},
    {BOOLS, BOOLS},
    {BOOLS, MATRIX},
    {MATRIX, SCALAR},
    {MATRIX, VECTOR},
    {CUBE, CUBE},
    {IMAGE, IMAGE},
    {VOLUME, VOLUME},
    {IMAGE, VECTOR},
    [CALL_SCALARS] = {SCALAR, SCALAR},
};

static const char kernel_source[] = "__kernel void one(__global uchar *to) { *to = 1; }";

static void make_graph(call_things *out) {
  assert_ok(eager_graph_new(&out->graph));
  assert_ok(eager_graph_begin(out->graph));
  assert_ok(
      eager_placeholder(EAGER_FLOAT32, 2, kinds[MATRIX].dims, "x", &out->symbolic[0]));
  assert_ok(eager_graph_end());
  assert_ok(eager_session_new(out->graph, NULL, &out->session));
  assert_ok(eager_function_new(give_first, 1, NULL, &out->function));
}

void calls_make(const char *folder, call_things *out) {
  static const char *const names[] = {"a"};
  static const float zeros[4] = {0};
  char archive[300];
  *out = (call_things){.device = "/device:CPU:0", .folder = folder};
  const eager_device_info *info;
  assert_ok(eager_device_get(0, &info));
  out->device = info->name;
  snprintf(out->file, sizeof out->file, "%s/calls.npy", folder);
  snprintf(archive, sizeof archive, "%s/calls.npz", folder);
  for (int i = 0; i < CALL_TENSORS; i++)
    assert_ok(eager_tensor_from_host(kinds[i].dtype, kinds[i].rank, kinds[i].dims, zeros,
                                     &out->made[i]));
  calls_pick(out, 0);
  assert_ok(eager_op_new("MirrorPad", &out->op));
  assert_ok(eager_op_new("Bucketize", &out->op_of_floats));
  assert_ok(eager_kernel_new(kernel_source, "one", NULL, &out->kernel));
  make_graph(out);
  size_t offset;
  cl_mem mem;
  assert_ok(eager_tensor_cl_mem(out->made[MATRIX], &mem, &offset));
  out->mem = mem;
  assert_ok(eager_npy_save(out->file, out->made[0]));
  assert_ok(eager_npz_save(archive, names, out->made, 1));
  assert_ok(eager_npz_load(archive, &out->npz));
}

void calls_release(call_things *things) {
  for (int i = 0; i < CALL_TENSORS; i++) eager_tensor_release(things->made[i]);
  eager_op_release(things->op);
  eager_op_release(things->op_of_floats);
  eager_kernel_release(things->kernel);
  eager_npz_release(things->npz);
  eager_tensor_release(things->symbolic[0]);
  eager_session_release(things->session);
  eager_function_release(things->function);
  eager_graph_release(things->graph);
  if (things->mem) clReleaseMemObject(things->mem);
  *things = (call_things){0};
}

void calls_pick(call_things *things, int variant) {
  for (int i = 0; i < 4; i++) things->tensors[i] = things->made[variants[variant][i > 0]];
}

/* --- Arguments --- */

enum { OUTPUT_SIZE = 4096 };
static unsigned char outputs[CALL_MAX_PARAMETERS][OUTPUT_SIZE];

/* What a parameter is by its name, when its type does not tell. "" stands for all. */
static const struct {
  const char *function, *name, *text;
} texts[] = {
    {"eager_op_new", "name", "AddV2"},
    {"eager_op_describe", "name", "AddV2"},
    {"eager_op_is_supported", "name", "AddV2"},
    {"eager_name_scope_begin", "name", "a"},
    {"eager_npz_get", "name", "a"},
    {"eager_npz_get_as", "name", "a"},
    {"eager_op_set_attr_string", "name", "mode"},
    {"eager_op_set_attr_int_list", "name", "paddings"},
    {"eager_op_set_attr_float_list", "name", "boundaries"},
    {"", "v", "REFLECT"},
    {"", "expression", "a"},
    {"", "equation", "ij->ji"},
    {"", "source", kernel_source},
    {"", "entry", "one"},
    {"", "build_options", "-DN=1"},
    {"", "values", ""}, /* of eager_tuning_save: forgets what was kept */
    {"", "mode", "REFLECT"},
    {"", "side", "left"},
    {"", "direction", "ASCENDING"},
    {"", "padding", "SAME"},
    {"", "data_format", "NHWC"},
};

static const char *text_for(const char *function, const char *name,
                            const call_things *things) {
  bool is_device = strcmp(name, "device") == 0;
  if (is_device || strcmp(function, "eager_push_device") == 0 ||
      strcmp(function, "eager_device_find") == 0)
    return things->device;
  if (strcmp(name, "path") == 0) return things->file;
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
    if (strcmp(texts[i].name, name) == 0 &&
        (!texts[i].function[0] || strcmp(texts[i].function, function) == 0))
      return texts[i].text;
  return "";
}

static bool is_type(const call_parameter *parameter, const char *type) {
  return strcmp(parameter->type, type) == 0;
}

bool calls_is_output(const call_parameter *parameter) {
  if (is_type(parameter, "eager_tensor **")) return true;
  if (is_type(parameter, "eager_tensor *") || is_type(parameter, "const int64_t *"))
    return false; /* "outputs" of a gradient, "output_shape" */
  return parameter->kind == CALL_POINTER && strncmp(parameter->name, "out", 3) == 0;
}

static bool is_tensor(const call_parameter *parameter) {
  return is_type(parameter, "eager_tensor *") || is_type(parameter, "const eager_tensor *");
}

static eager_tensor *tensor_for(const public_call *call, int index,
                                const call_things *things) {
  int before = 0;
  for (int i = 0; i < index; i++) before += is_tensor(&call->parameters[i]);
  return things->tensors[before < 4 ? before : 3];
}

static void *pointer_for(const public_call *call, int index, const call_things *things) {
  static const int64_t ones[16] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
  static const double reals[4] = {1, 2, 3, 4};
  static const char *const names[] = {"a"};
  static char zeroed[OUTPUT_SIZE];
  static int one;
  const call_parameter *parameter = &call->parameters[index];
  if (calls_is_output(parameter))
    return memset(outputs[index], CALL_UNTOUCHED, OUTPUT_SIZE);
  if (is_tensor(parameter)) return tensor_for(call, index, things);
  if (strcmp(parameter->name, "feeds") == 0 || strcmp(parameter->name, "fetches") == 0)
    return (void *)things->symbolic;
  if (is_type(parameter, "eager_tensor *const *")) return (void *)things->tensors;
  if (is_type(parameter, "eager_graph *")) return things->graph;
  if (is_type(parameter, "eager_session *")) return things->session;
  if (is_type(parameter, "eager_function *") ||
      is_type(parameter, "const eager_function *"))
    return things->function;
  if (is_type(parameter, "eager_op *"))
    return strstr(call->name, "float_list") ? things->op_of_floats : things->op;
  if (is_type(parameter, "eager_kernel *")) return things->kernel;
  if (is_type(parameter, "eager_npz *") || is_type(parameter, "const eager_npz *"))
    return things->npz;
  if (is_type(parameter, "const char *"))
    return (void *)text_for(call->name, parameter->name, things);
  if (is_type(parameter, "const char *const *")) return (void *)names;
  if (is_type(parameter, "const int64_t *") || is_type(parameter, "const size_t *"))
    return (void *)ones;
  if (is_type(parameter, "const double *")) return (void *)reals;
  if (is_type(parameter, "int *")) return memcpy(&one, &(int){1}, sizeof one);
  if (is_type(parameter, "cl_mem")) return things->mem;
  if (strcmp(call->name, "eager_free") == 0 || is_type(parameter, "cl_event")) return NULL;
  return memset(zeroed, 0, sizeof zeroed);
}

static int64_t integer_for(const public_call *call, const call_parameter *parameter) {
  if (is_type(parameter, "eager_dtype"))
    return strstr(call->name, "tensor_from") || strstr(call->name, "_normal") ||
                   strcmp(call->name, "eager_stateless_random_uniform") == 0
               ? EAGER_FLOAT32
               : EAGER_INT32;
  if (is_type(parameter, "bool")) return 0;
  if (strcmp(parameter->name, "rank") == 0) return 2;
  if (strcmp(parameter->name, "size") == 0)
    return strcmp(call->name, "eager_tensor_adopt_host") == 0 ? 4 : 16;
  if (strcmp(parameter->name, "index") == 0 || strcmp(parameter->name, "axis") == 0)
    return 0;
  if (strcmp(parameter->name, "offset") == 0) return 0;
  if (strcmp(parameter->name, "block_size") == 0) return 2;
  if (is_type(parameter, "eager_device_policy")) return EAGER_DEVICE_PLACEMENT_SILENT;
  if (is_type(parameter, "eager_execution_mode")) return EAGER_SYNC;
  return 1;
}

void calls_fill(const public_call *call, const call_things *things, call_value *values) {
  for (int i = 0; i < call->count; i++) {
    const call_parameter *parameter = &call->parameters[i];
    values[i] = (call_value){0};
    if (parameter->kind == CALL_POINTER)
      values[i].pointer = pointer_for(call, i, things);
    else if (parameter->kind == CALL_INTEGER)
      values[i].integer = integer_for(call, parameter);
    else
      values[i].real = 0.5;
  }
}

/* --- Outputs --- */

bool calls_left_outputs(const public_call *call, const call_value *values) {
  for (int i = 0; i < call->count; i++) {
    const unsigned char *bytes = values[i].pointer;
    if (!calls_is_output(&call->parameters[i]) || !bytes) continue;
    for (int k = 0; k < OUTPUT_SIZE; k++)
      if (bytes[k] != 0 && bytes[k] != CALL_UNTOUCHED) return false;
  }
  return true;
}

void calls_drop_outputs(const public_call *call, const call_value *values) {
  for (int i = 0; i < call->count; i++) {
    const call_parameter *parameter = &call->parameters[i];
    void *first, *untouched;
    if (!calls_is_output(parameter) || !values[i].pointer) continue;
    memset(&untouched, CALL_UNTOUCHED, sizeof untouched);
    for (int k = 0; k < OUTPUT_SIZE / (int)sizeof first; k++) {
      memcpy(&first, (char *)values[i].pointer + (size_t)k * sizeof first, sizeof first);
      if (first == untouched) break;
      if (is_type(parameter, "eager_tensor **")) eager_tensor_release(first);
      if (is_type(parameter, "eager_op **")) eager_op_release(first);
      if (is_type(parameter, "eager_graph **")) eager_graph_release(first);
      if (is_type(parameter, "eager_session **")) eager_session_release(first);
      if (is_type(parameter, "eager_function **")) eager_function_release(first);
      if (is_type(parameter, "eager_kernel **")) eager_kernel_release(first);
      if (is_type(parameter, "eager_npz **")) eager_npz_release(first);
      if (is_type(parameter, "char **")) eager_free(first);
      if (is_type(parameter, "cl_event *") && first) clReleaseEvent(first);
      if (is_type(parameter, "cl_mem *") && first) clReleaseMemObject(first);
    }
  }
}

bool calls_is_listed(const call_name *list, const char *function, const char *parameter) {
  for (; list->function; list++)
    if (fnmatch(list->function, function, 0) == 0 &&
        (!list->parameter || (parameter && strcmp(list->parameter, parameter) == 0)))
      return true;
  return false;
}
