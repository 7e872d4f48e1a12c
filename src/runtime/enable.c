#include "runtime/runtime.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fork.h"
#include "base/handles.h"
#include "base/log.h"
#include "cl/program.h"
#include "runtime/close.h"
#include "runtime/drain.h"
#include "runtime/mirror.h"
#include "runtime/record.h"
#include "runtime/scope.h"
#include "runtime/trace.h"

typedef enum process_state {
  STATE_FRESH,
  STATE_SESSION, /* a runtime for sessions; eager execution is not enabled */
  STATE_ENABLED,
  STATE_CLOSED
} process_state;
static eager__mutex lock = EAGER__MUTEX_STATIC(EAGER__RANK_ENABLE);
static _Atomic(eager__runtime *) active; /* the one global: serves the public API */
static eager__runtime *retired; /* after shutdown: handles still name their devices */
static atomic_int state;        /* process_state; changed under lock */
static _Atomic(const char *) graph_use;

/* --- For the rest of the floor --- */

eager__runtime *eager__runtime_get(void) {
  return atomic_load_explicit(&active, memory_order_acquire);
}

bool eager__runtime_is_enabled(void) {
  return atomic_load_explicit(&state, memory_order_relaxed) == STATE_ENABLED;
}

static eager_status refuse_disabled(void) {
  EAGER__FAIL(EAGER_FAILED_PRECONDITION,
              "eager execution is not enabled: call eager_enable_execution() at program "
              "start");
}

eager_status eager__runtime_require(eager__runtime **out) {
  EAGER__TRY(eager__runtime_require_any(out));
  if (eager__runtime_is_enabled() || eager__scope_in_session() || eager__scope_recorder())
    return EAGER_OK;
  return refuse_disabled();
}

eager_status eager__runtime_require_scope(eager__runtime **out) {
  *out = eager__runtime_get();
  if (!*out && eager__scope_recorder()) return eager__runtime_require_open();
  return eager__runtime_require(out);
}

eager_status eager__runtime_require_any(eager__runtime **out) {
  *out = eager__runtime_get();
  if (*out) return EAGER_OK;
  EAGER__TRY(eager__runtime_require_open());
  return refuse_disabled();
}

eager_status eager__runtime_require_open(void) {
  if (eager__is_forked()) return eager__fork_refuse();
  EAGER__REQUIRE(atomic_load_explicit(&state, memory_order_relaxed) != STATE_CLOSED,
                 EAGER_FAILED_PRECONDITION, "eager execution was shut down");
  return EAGER_OK;
}

eager_status eager__runtime_require_tensor(const void *tensor, eager__runtime **out) {
  const eager_tensor *t = tensor;
  bool is_live = t && eager__tensor_is_live(t);
  if (is_live && t->symbol) return eager__tensor_refuse_symbolic(t, "the tensor");
  EAGER__TRY(eager__runtime_require_any(out));
  EAGER__REQUIRE(t, EAGER_INVALID_ARGUMENT, "the tensor is NULL");
  return is_live ? EAGER_OK : eager__handle_refuse(t, "the tensor");
}

void eager__note_graph_use(const char *which) {
  const char *none = NULL;
  atomic_compare_exchange_strong(&graph_use, &none, which);
}

bool eager_executing_eagerly(void) {
  return eager__runtime_get() != NULL && eager__runtime_is_enabled() &&
         !eager__scope_recorder();
}

/* --- Enabling --- */

/* Selected devices, or what is wrong with the request. */
typedef struct selection {
  eager__selected *devices;
  int count;
} selection;

static eager_status fail_no_device(const eager__machine *machine) {
  eager__strbuf why = {0};
  for (int i = 0; i < machine->skipped_count; i++)
    eager__strbuf_format(&why, "%s%s", i ? "; " : " (", machine->skipped[i]);
  if (machine->skipped_count) eager__strbuf_add(&why, ")");
  eager__fail(EAGER_NOT_FOUND,
              "no usable OpenCL device: %d platform%s and %d device%s seen%s. Install a "
              "driver, for example the package pocl-opencl-icd for the CPU, or your GPU "
              "vendor's; `clinfo` lists what the system offers",
              machine->platform_count, machine->platform_count == 1 ? "" : "s",
              machine->device_count, machine->device_count == 1 ? "" : "s",
              eager__strbuf_text(&why));
  eager__strbuf_free(&why);
  return EAGER_NOT_FOUND;
}

static eager_status discover(const eager__options *requested, selection *out) {
  const eager__machine *machine;
  EAGER__TRY(eager__machine_get(&machine));
  if (!machine->listed_count) return fail_no_device(machine);
  eager_status status = eager__select_devices(machine, requested->visible_device_list,
                                              &out->devices, &out->count);
  if (status != EAGER_OK && requested->visible_variable)
    eager__fail_append(" (in %s)", requested->visible_variable);
  return status;
}

static void add_names(const eager__runtime *runtime, eager__strbuf *out) {
  for (int i = 0; i < runtime->device_count; i++)
    eager__strbuf_format(out, "%s%s", i ? ", " : "", runtime->devices[i]->short_name);
}

static bool is_selection(const eager__runtime *runtime, const selection *wanted) {
  if (wanted->count != runtime->device_count) return false;
  for (int i = 0; i < wanted->count; i++) {
    char name[EAGER__SHORT_NAME];
    eager__format_short_name(wanted->devices[i].name, name);
    if (wanted->devices[i].physical != runtime->devices[i]->physical ||
        strcmp(name, runtime->devices[i]->short_name) != 0)
      return false;
  }
  return true;
}

static eager_status compare_devices(const eager__runtime *runtime,
                                    const eager__options *requested, eager__strbuf *out) {
  if (requested->visible_device_list) {
    selection wanted = {0};
    eager_status status = discover(requested, &wanted);
    if (status == EAGER_RESOURCE_EXHAUSTED) return status;
    /* A list that matches nothing here asks for other devices too. */
    if (status != EAGER_OK || !is_selection(runtime, &wanted)) {
      eager__strbuf_add(out, "; visible_device_list: active ");
      add_names(runtime, out);
      eager__strbuf_format(out, ", requested %s", requested->visible_device_list);
    }
    eager__free(wanted.devices);
  }
  if (requested->default_device) {
    eager__device_name name;
    char text[EAGER__SHORT_NAME];
    EAGER__TRY(eager__parse_device_name(requested->default_device, &name));
    eager__format_short_name(name, text);
    if (strcmp(text, runtime->default_device->short_name) != 0)
      eager__strbuf_format(out, "; default_device: active %s, requested %s",
                           runtime->default_device->short_name, text);
  }
  return EAGER_OK;
}

static eager_status compare(const eager__runtime *runtime,
                            const eager__options *requested) {
  eager__strbuf differences = {0};
  eager_status status = compare_devices(runtime, requested, &differences);
  if (status == EAGER_OK) {
    eager__options_compare(&runtime->options, requested, &differences);
    if (differences.size)
      status = eager__fail(
          EAGER_INVALID_ARGUMENT, "%s with other options: %s. The active options stay",
          eager__runtime_is_enabled() ? "eager execution is already enabled"
                                      : "a session was already made",
          differences.text + 2);
  }
  eager__strbuf_free(&differences);
  return status;
}

/* --- Building the runtime --- */

static void free_runtime(eager__runtime *runtime) {
  if (!runtime) return;
  for (int i = 0; i < runtime->device_count; i++) {
    eager__failures_close(runtime->devices[i]);
    eager__device_free(runtime->devices[i]);
  }
  for (int i = 0; i < runtime->context_count; i++)
    eager__context_free(runtime->contexts[i]);
  eager__free(runtime->devices);
  eager__free(runtime->contexts);
  eager__options_free(&runtime->options);
  eager__free(runtime);
}

static eager_status context_for(eager__runtime *runtime, const eager__physical *physical,
                                eager__context **out) {
  for (int i = 0; i < runtime->context_count; i++) {
    if (runtime->contexts[i]->platform != physical->platform) continue;
    *out = runtime->contexts[i];
    return EAGER_OK;
  }
  EAGER__TRY(eager__context_new(physical, out));
  runtime->contexts[runtime->context_count++] = *out;
  return EAGER_OK;
}

static eager_status make_devices(eager__runtime *runtime, const selection *selected) {
  size_t count = (size_t)selected->count;
  runtime->devices = eager__alloc(count * sizeof *runtime->devices);
  runtime->contexts = eager__alloc(count * sizeof *runtime->contexts);
  if (!runtime->devices || !runtime->contexts)
    return eager__out_of_memory(count * sizeof *runtime->devices);
  for (int i = 0; i < selected->count; i++) {
    eager__context *context;
    eager__device *device;
    EAGER__TRY(context_for(runtime, selected->devices[i].physical, &context));
    EAGER__TRY(eager__device_new(&selected->devices[i], i, context,
                                 runtime->options.enable_profiling, &device));
    runtime->devices[runtime->device_count++] = device;
    EAGER__TRY(eager__failures_open(device));
  }
  return EAGER_OK;
}

/* The first of GPU, ACCELERATOR, CPU; a simulator only where nothing else was listed. */
static eager__device *usual_device(const eager__runtime *runtime) {
  static const eager_device_type order[] = {EAGER_DEVICE_GPU, EAGER_DEVICE_ACCELERATOR,
                                            EAGER_DEVICE_CPU};
  for (int k = 0; k < 3; k++)
    for (int i = 0; i < runtime->device_count; i++)
      if (runtime->devices[i]->type == order[k] && !runtime->devices[i]->info.is_simulator)
        return runtime->devices[i];
  return runtime->options.visible_device_list ? runtime->devices[0] : NULL;
}

static eager_status fail_only_simulators(const eager__runtime *runtime) {
  eager__fail(EAGER_NOT_FOUND, "only simulators were found (");
  for (int i = 0; i < runtime->device_count; i++)
    eager__fail_append("%s%s", i ? ", " : "", runtime->devices[i]->info.device);
  eager__fail_append("): name one in default_device or visible_device_list");
  return EAGER_NOT_FOUND;
}

static eager_status choose_default(eager__runtime *runtime) {
  const char *name = runtime->options.default_device;
  if (!name) {
    runtime->default_device = usual_device(runtime);
    return runtime->default_device ? EAGER_OK : fail_only_simulators(runtime);
  }
  eager_status status = eager__runtime_find_device(runtime, name, &runtime->default_device);
  if (status != EAGER_OK && runtime->options.default_variable)
    eager__fail_append(" (in %s)", runtime->options.default_variable);
  return status;
}

static eager_status build(eager__options *requested, eager__runtime **out) {
  selection selected = {0};
  eager__runtime *runtime = eager__alloc(sizeof *runtime);
  if (!runtime) {
    eager__options_free(requested);
    return eager__out_of_memory(sizeof *runtime);
  }
  runtime->options = *requested;
  eager__options_fill(&runtime->options);
  eager_status status = discover(&runtime->options, &selected);
  if (status == EAGER_OK) status = make_devices(runtime, &selected);
  if (status == EAGER_OK) status = choose_default(runtime);
  if (status == EAGER_OK)
    status = eager__program_cache_configure(runtime->options.kernel_cache_dir);
  if (status == EAGER_OK) status = eager__trace_open(runtime->options.trace);
  eager__free(selected.devices);
  if (status != EAGER_OK) {
    free_runtime(runtime);
    return status;
  }
  eager__mutex_init(&runtime->lock, EAGER__RANK_RUNTIME);
  eager__cond_init(&runtime->changed);
  *out = runtime;
  return EAGER_OK;
}

/* After fork: what the parent holds is not ours to touch. */
static void leave_to_parent(void) {
  eager__runtime *runtime = atomic_exchange(&active, NULL);
  if (!runtime) return;
  eager__runtime_leave(runtime);
  retired = runtime;
}

/* Lock held. */
static eager_status enable_first(eager__options *requested, process_state next) {
  eager__runtime *runtime;
  EAGER__TRY(build(requested, &runtime));
  eager__options_apply_gemm();
  eager__log_configure(runtime->options.log, runtime->options.log_user,
                       runtime->options.log_level);
  eager__mirrors_open(runtime);
  atexit(eager__drain_at_exit);
  eager__fork_on_child(leave_to_parent);
  atomic_store(&state, next);
  atomic_store_explicit(&active, runtime, memory_order_release);
  return EAGER_OK;
}

static eager_status enable(eager__options *requested, bool *out_first) {
  const char *used = atomic_load(&graph_use);
  eager__runtime *runtime = eager__runtime_get();
  if (used && !eager__runtime_is_enabled()) {
    eager__options_free(requested);
    EAGER__FAIL(EAGER_INVALID_ARGUMENT,
                "eager execution must be enabled at program startup: a graph was already "
                "created or run (%s)",
                used);
  }
  if (runtime) {
    eager_status status = compare(runtime, requested);
    eager__options_free(requested);
    return status;
  }
  *out_first = true;
  return enable_first(requested, STATE_ENABLED);
}

static eager_status session_runtime(const eager_config *config, bool *out_first) {
  eager__options requested;
  if (atomic_load(&state) == STATE_CLOSED)
    EAGER__FAIL(EAGER_FAILED_PRECONDITION, "eager execution was shut down");
  EAGER__TRY(eager__options_read(config, EAGER_DEVICE_PLACEMENT_AUTO, EAGER_EXECUTION_AUTO,
                                 atomic_load(&state) == STATE_FRESH, &requested));
  eager__runtime *runtime = eager__runtime_get();
  *out_first = !runtime;
  if (!runtime) return enable_first(&requested, STATE_SESSION);
  eager_status status = compare(runtime, &requested);
  eager__options_free(&requested);
  return status;
}

eager_status eager__runtime_for_session(const eager_config *config, eager__runtime **out) {
  *out = NULL;
  if (eager__is_forked()) return eager__fork_refuse();
  eager__mutex_lock(&lock);
  bool first = false;
  eager_status status = session_runtime(config, &first);
  if (status == EAGER_OK) *out = eager__runtime_get();
  eager__mutex_unlock(&lock);
  if (status == EAGER_OK && first && config) eager__runtime_log_ineffective(*out, config);
  return status;
}

eager_status eager_enable_execution(const eager_config *config,
                                    eager_device_policy device_policy,
                                    eager_execution_mode execution_mode) {
  if (eager__is_forked()) return eager__fork_refuse();
  eager__mutex_lock(&lock);
  bool first = false;
  eager__options requested;
  eager_status status = EAGER_OK;
  if (atomic_load(&state) == STATE_CLOSED) {
    status = eager__fail(EAGER_FAILED_PRECONDITION, "eager execution was shut down");
  } else {
    status = eager__options_read(config, device_policy, execution_mode,
                                 atomic_load(&state) == STATE_FRESH, &requested);
    if (status == EAGER_OK) status = enable(&requested, &first);
  }
  eager__mutex_unlock(&lock);
  if (status == EAGER_OK && first && config)
    eager__runtime_log_ineffective(eager__runtime_get(), config);
  return status;
}

/* --- The end --- */

eager_status eager_shutdown(void) {
  if (eager__is_forked()) return eager__fork_refuse();
  eager__mutex_lock(&lock);
  eager__runtime *runtime = eager__runtime_get();
  if (runtime) {
    eager__drain(runtime, true);
    atomic_store(&state, STATE_CLOSED);
    atomic_store_explicit(&active, NULL, memory_order_release);
    retired = runtime;
  }
  eager__mutex_unlock(&lock);
  if (runtime) eager__runtime_close(runtime); /* no lock held: users' free_fns run in it */
  return EAGER_OK;
}
