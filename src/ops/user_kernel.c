/* kernel.h: a user's kernel is an op whose record is made while the process runs. */
#include "base/alloc.h"
#include "base/handles.h"
#include "cl/error.h"
#include "cl/user_program.h"
#include "ops/moves.h"
#include "ops/plan.h"
#include "ops/user_run.h"
#include "runtime/prepare.h"
#include "runtime/run.h"
#include "runtime/runtime.h"

struct eager_kernel {
  eager__user_kernel *shared; /* one reference */
};

static const eager_dtype no_dtype = EAGER_UINT8; /* a program of its own has no T */

/* --- Checking a run --- */

static eager_status check_work(const eager__user_run *run) {
  EAGER__REQUIRE(run->work_dims >= 1 && run->work_dims <= 3, EAGER_INVALID_ARGUMENT,
                 "work_dims must be 1, 2 or 3, got %d", run->work_dims);
  EAGER__REQUIRE(run->global, EAGER_INVALID_ARGUMENT, "global is NULL");
  for (int i = 0; i < run->work_dims; i++) {
    EAGER__REQUIRE(run->global[i] > 0, EAGER_INVALID_ARGUMENT, "global[%d] is 0", i);
    EAGER__REQUIRE(!run->local || run->local[i] > 0, EAGER_INVALID_ARGUMENT,
                   "local[%d] is 0", i);
    EAGER__REQUIRE(!run->local || run->global[i] % run->local[i] == 0,
                   EAGER_INVALID_ARGUMENT,
                   "local[%d], %zu, does not divide global[%d], %zu", i, run->local[i], i,
                   run->global[i]);
  }
  return EAGER_OK;
}

static eager_status check_arg(const eager_kernel_arg *arg, int i) {
  switch (arg->kind) {
  case EAGER_KERNEL_INPUT:
    EAGER__REQUIRE(arg->tensor, EAGER_INVALID_ARGUMENT,
                   "argument #%d(zero-based) is an input: tensor is NULL", i);
    return EAGER_OK;
  case EAGER_KERNEL_OUTPUT:
    return EAGER_OK; /* eager__shape_make has its say */
  case EAGER_KERNEL_VALUE:
    EAGER__REQUIRE(arg->value && arg->size > 0, EAGER_INVALID_ARGUMENT,
                   "argument #%d(zero-based) is a value: value is NULL or size 0", i);
    EAGER__REQUIRE(arg->size <= EAGER__CHUNK_BYTES, EAGER_INVALID_ARGUMENT,
                   "argument #%d(zero-based) is a value of %zu bytes, more than %d", i,
                   arg->size, EAGER__CHUNK_BYTES);
    return EAGER_OK;
  case EAGER_KERNEL_LOCAL:
    EAGER__REQUIRE(arg->size > 0, EAGER_INVALID_ARGUMENT,
                   "argument #%d(zero-based) is local memory: size is 0", i);
    return EAGER_OK;
  }
  EAGER__FAIL(EAGER_INVALID_ARGUMENT,
              "argument #%d(zero-based): kind must be one of EAGER_KERNEL_*, got %d", i,
              (int)arg->kind);
}

static int count_kind(const eager__user_run *run, eager_kernel_arg_kind kind) {
  int count = 0;
  for (int i = 0; i < run->arg_count; i++) count += run->args[i].kind == kind;
  return count;
}

/* Before the call begins: its inputs are read out of the arguments. */
static eager_status check_run(const eager__user_run *run, size_t arg_count,
                              size_t output_count) {
  EAGER__REQUIRE(run->args || arg_count == 0, EAGER_INVALID_ARGUMENT, "args is NULL");
  EAGER__REQUIRE(arg_count <= EAGER_KERNEL_MAX_ARGS, EAGER_INVALID_ARGUMENT,
                 "%zu arguments are more than %d", arg_count, EAGER_KERNEL_MAX_ARGS);
  size_t value_bytes = 0;
  for (int i = 0; i < run->arg_count; i++) {
    EAGER__TRY(check_arg(&run->args[i], i));
    if (run->args[i].kind == EAGER_KERNEL_VALUE)
      value_bytes += (run->args[i].size + 7) & ~(size_t)7;
  }
  EAGER__REQUIRE(value_bytes <= EAGER__CHUNK_BYTES, EAGER_INVALID_ARGUMENT,
                 "the values are %zu bytes together, more than %d", value_bytes,
                 EAGER__CHUNK_BYTES);
  int made = count_kind(run, EAGER_KERNEL_OUTPUT);
  EAGER__REQUIRE(made > 0, EAGER_INVALID_ARGUMENT, "the kernel has no output argument");
  EAGER__REQUIRE((size_t)made == output_count, EAGER_INVALID_ARGUMENT,
                 "args have %d outputs, but there is room for %zu", made, output_count);
  return check_work(run);
}

/* --- The record --- */

static eager_status count_outputs(const eager__call *call, int *out) {
  *out = count_kind(call->user, EAGER_KERNEL_OUTPUT);
  return EAGER_OK;
}

static eager_status infer(eager__call *call) {
  const eager__user_run *run = call->user;
  for (int i = 0, output = 0; i < run->arg_count; i++) {
    const eager_kernel_arg *arg = &run->args[i];
    if (arg->kind != EAGER_KERNEL_OUTPUT) continue;
    eager__result *result = &call->outputs[output++];
    EAGER__TRY(eager__shape_make(arg->dtype, arg->rank, arg->dims, &result->shape));
    result->dtype = arg->dtype;
  }
  return EAGER_OK;
}

static size_t largest_divisor(size_t value, size_t most) {
  size_t divisor = value < most ? value : most;
  while (value % divisor != 0) divisor--;
  return divisor;
}

/* The one work-group that reqd_work_group_size allows. */
static eager_status check_required(const eager__user_run *run, const size_t required[3],
                                   const eager__grid *grid) {
  for (int i = 0; i < 3; i++) {
    size_t local = i < grid->dims ? grid->local[i] : 1;
    EAGER__REQUIRE(local == required[i], EAGER_INVALID_ARGUMENT,
                   "kernel %s has reqd_work_group_size(%zu, %zu, %zu), but local[%d] is "
                   "%zu",
                   run->kernel->entry, required[0], required[1], required[2], i, local);
    EAGER__REQUIRE(i >= grid->dims || grid->global[i] % local == 0, EAGER_INVALID_ARGUMENT,
                   "kernel %s has reqd_work_group_size(%zu, %zu, %zu), which does not "
                   "divide global[%d], %zu",
                   run->kernel->entry, required[0], required[1], required[2], i,
                   grid->global[i]);
  }
  return EAGER_OK;
}

static eager_status plan_grid(const eager__commands *commands, const eager__user_run *run,
                              eager__grid *out) {
  const size_t *required = eager__kernel_group_required(commands);
  const size_t *local = run->local ? run->local : required;
  size_t most = eager__kernel_group_most(commands), room = most;
  if (room > EAGER__GROUP) room = EAGER__GROUP;
  size_t group = 1;
  out->dims = run->work_dims;
  for (int i = 0; i < run->work_dims; i++) {
    out->global[i] = run->global[i];
    out->local[i] = local ? local[i] : largest_divisor(run->global[i], room);
    room /= local ? 1 : out->local[i];
    EAGER__REQUIRE(out->local[i] <= most / group, EAGER_INVALID_ARGUMENT,
                   "a work-group of kernel %s has at most %zu work-items on this device",
                   run->kernel->entry, most);
    group *= out->local[i];
  }
  return required ? check_required(run, required, out) : EAGER_OK;
}

static eager_status add_args(eager__commands *commands, const eager__user_run *run) {
  uint64_t local = 0;
  for (int i = 0, input = 0, output = 0; i < run->arg_count; i++) {
    const eager_kernel_arg *arg = &run->args[i];
    switch (arg->kind) {
    case EAGER_KERNEL_INPUT:
      eager__arg_input_start(commands, input++);
      break;
    case EAGER_KERNEL_OUTPUT:
      eager__arg_output_start(commands, output++);
      break;
    case EAGER_KERNEL_VALUE:
      eager__arg_bytes(commands, arg->value, arg->size);
      break;
    case EAGER_KERNEL_LOCAL:
      local += arg->size;
      EAGER__REQUIRE(local <= eager__commands_local_memory(commands),
                     EAGER_INVALID_ARGUMENT,
                     "%llu bytes of local memory are more than the device's %llu",
                     (unsigned long long)local,
                     (unsigned long long)eager__commands_local_memory(commands));
      eager__arg_local(commands, arg->size);
      break;
    }
  }
  return commands->status;
}

/* Of a build or of the first look for the kernel in what was built. */
static eager_status explain(eager_status status, const eager__user_kernel *k) {
  if (status == EAGER_OK || eager_error_cl_code() != EAGER__CL_INVALID_KERNEL_NAME)
    return status;
  return eager__fail_cl(EAGER_INVALID_ARGUMENT, eager_error_cl_code(),
                        "the source has no kernel named '%s'", k->entry);
}

static eager_status launch(eager__call *call, eager__commands *commands) {
  const eager__user_run *run = call->user;
  eager__kernel_begin(commands, run->kernel->family, no_dtype, run->kernel->entry);
  if (commands->status != EAGER_OK) return explain(commands->status, run->kernel);
  int takes = eager__kernel_takes(commands);
  EAGER__REQUIRE(takes == run->arg_count, EAGER_INVALID_ARGUMENT,
                 "kernel %s takes %d argument%s, got %d", run->kernel->entry, takes,
                 takes == 1 ? "" : "s", run->arg_count);
  EAGER__TRY(add_args(commands, run));
  int refused = eager__kernel_refuses(commands);
  EAGER__REQUIRE(refused < 0, EAGER_INVALID_ARGUMENT,
                 "argument #%d(zero-based) of kernel %s is of another kind or size: the "
                 "driver refuses it",
                 refused, run->kernel->entry);
  eager__grid grid;
  EAGER__TRY(plan_grid(commands, run, &grid));
  return eager__kernel_end(commands, grid);
}

/* --- Views: the kernel gets a pointer and nothing else, so they are copied first --- */

static eager_status infer_copy(eager__call *call) {
  call->outputs[0].dtype = call->dtype;
  call->outputs[0].shape = *call->inputs[0].shape;
  return EAGER_OK;
}

static eager_status launch_copy(eager__call *call, eager__commands *commands) {
  eager__walk walk;
  eager__walk_broadcast(call->inputs[0].shape, call->inputs[0].shape, 1, &walk);
  return eager__add_move_rows(commands, 0, &walk);
}

static const eager__op copy = {
    .name = "Copy",
    .inputs = {{.name = "input"}},
    .dtypes = EAGER__ANY,
    .moves_only = true,
    .infer = infer_copy,
    .launch = launch_copy,
};

static eager_status begin_buffer(const eager__call *outer, eager_tensor *t,
                                 eager_tensor **out) {
  eager__call call;
  if (t->offset == 0) {
    eager_tensor_retain(t);
    *out = t;
    return EAGER_OK;
  }
  EAGER__TRY(eager__call_begin_inner(&call, &copy, outer, &t, 1));
  return eager__call_run(&call, NULL, out, 1);
}

static eager_status run_whole(eager__call *outer, eager_tensor *const *inputs,
                              eager_tensor **outputs) {
  const eager__user_run *run = outer->user;
  eager__call call;
  EAGER__TRY(eager__call_begin_inner(&call, &run->kernel->whole, outer, inputs,
                                     outer->input_count));
  return eager__call_run(&call, NULL, outputs, outer->output_count);
}

static eager_status compose(eager__call *call, eager_tensor **outputs) {
  eager_tensor *inputs[EAGER_KERNEL_MAX_ARGS] = {0};
  eager_status status = EAGER_OK;
  for (int i = 0; i < call->input_count && status == EAGER_OK; i++)
    status = begin_buffer(call, call->inputs[i].tensor, &inputs[i]);
  if (status == EAGER_OK) status = run_whole(call, inputs, outputs);
  for (int i = 0; i < call->input_count; i++) eager_tensor_release(inputs[i]);
  return status;
}

/* --- Doors --- */

static void make_records(eager__user_kernel *k) {
  k->op = (eager__op){.name = k->entry,
                      .inputs = {{"input", EAGER__ANY}},
                      .variadic = true,
                      .optional_inputs = 1,
                      .dtypes = EAGER__ANY,
                      .moves_only = true, /* float64 is the kernel's own business */
                      .count_outputs = count_outputs,
                      .infer = infer,
                      .launch = launch,
                      .compose = compose,
                      .user = &eager__user_run_hooks};
  k->whole = k->op;
  k->whole.compose = NULL;
}

/* `runtime` NULL: a graph is recorded before there is a device to build for. */
static eager_status make(eager__runtime *runtime, const char *source, const char *entry,
                         const char *options, eager__user_kernel *k) {
  eager__user_source text = {.written = source, .options = options ? options : ""};
  EAGER__TRY(eager__user_kernel_name(entry, &k->entry));
  EAGER__TRY(
      eager__user_family(&(eager__family){.name = "a user's program"}, &text, &k->family));
  make_records(k);
  if (!runtime) return EAGER_OK;
  return explain(eager__prepare_kernel(k->family, no_dtype, k->entry), k);
}

static eager_status make_handle(eager__user_kernel *shared, eager_kernel **out) {
  eager_kernel *k = eager__alloc(sizeof *k);
  if (!k) return eager__out_of_memory(sizeof *k);
  k->shared = shared;
  eager__handle_made(k, EAGER__HANDLE_KERNEL);
  *out = k;
  return EAGER_OK;
}

eager_status eager_kernel_new(const char *source, const char *entry,
                              const char *build_options, eager_kernel **out) {
  EAGER__REQUIRE(out, EAGER_INVALID_ARGUMENT, "out is NULL");
  *out = NULL;
  EAGER__REQUIRE(source, EAGER_INVALID_ARGUMENT, "source is NULL");
  EAGER__REQUIRE(entry && *entry, EAGER_INVALID_ARGUMENT, "entry is NULL or empty");
  eager__runtime *runtime;
  EAGER__TRY(eager__runtime_require_scope(&runtime));
  eager__user_kernel *shared = eager__alloc(sizeof *shared);
  if (!shared) return eager__out_of_memory(sizeof *shared);
  atomic_init(&shared->refs, 1);
  eager_status status = make(runtime, source, entry, build_options, shared);
  if (status == EAGER_OK) status = make_handle(shared, out);
  if (status != EAGER_OK) eager__user_kernel_drop(shared);
  return status;
}

void eager_kernel_release(eager_kernel *k) {
  if (!k) return;
  if (!eager__handle_is_live(k, EAGER__HANDLE_KERNEL)) {
    eager__handle_log(k, "eager_kernel_release: the kernel");
    return;
  }
  eager__user_kernel_drop(k->shared);
  eager__handle_free(k, 0, "a kernel", 0);
}

static eager_status run_kernel(const eager__user_run *run, eager_tensor **outputs) {
  eager_tensor *inputs[EAGER_KERNEL_MAX_ARGS];
  int count = 0;
  for (int i = 0; i < run->arg_count; i++)
    if (run->args[i].kind == EAGER_KERNEL_INPUT) inputs[count++] = run->args[i].tensor;
  eager__call call;
  EAGER__TRY(eager__call_begin(&call, &run->kernel->op, inputs, count));
  call.user = run;
  return eager__call_run(&call, NULL, outputs, count_kind(run, EAGER_KERNEL_OUTPUT));
}

eager_status eager_kernel_run(eager_kernel *k, int work_dims, const size_t *global,
                              const size_t *local, const eager_kernel_arg *args,
                              size_t arg_count, eager_tensor **outputs,
                              size_t output_count) {
  for (size_t i = 0; outputs && i < output_count; i++) outputs[i] = NULL;
  EAGER__REQUIRE(k, EAGER_INVALID_ARGUMENT, "the kernel is NULL");
  eager__runtime *runtime;
  EAGER__TRY(eager__runtime_require_scope(&runtime));
  if (!eager__handle_is_live(k, EAGER__HANDLE_KERNEL))
    return eager__handle_refuse(k, "the kernel");
  eager__user_run run = {k->shared, work_dims, global,
                         local,     args,      args ? (int)arg_count : 0};
  if (arg_count > EAGER_KERNEL_MAX_ARGS) run.arg_count = 0;
  eager_status status = check_run(&run, arg_count, output_count);
  if (status != EAGER_OK) {
    eager__fail_append(" [Op:%s]", k->shared->entry);
    return status;
  }
  return run_kernel(&run, outputs);
}
