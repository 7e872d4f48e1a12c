#include "runtime/capability.h"

#include <string.h>

#include "base/alloc.h"
#include "base/log.h"

bool eager__op_needs_float64(const eager__op *op, eager_dtype dtype) {
  return dtype == EAGER_FLOAT64 && !op->moves_only;
}

static bool call_needs_float64(const eager__call *call) {
  bool moves = true; /* a view or a move touches no value */
  for (int i = 0; i < call->output_count; i++) moves = moves && call->outputs[i].view_of;
  if (moves || call->op->moves_only) return false;
  for (int i = 0; i < call->input_count; i++)
    if (call->inputs[i].dtype == EAGER_FLOAT64) return true;
  for (int i = 0; i < call->output_count; i++)
    if (call->outputs[i].dtype == EAGER_FLOAT64) return true;
  return false;
}

static eager__device *first_with_float64(eager__runtime *runtime) {
  for (int i = 0; i < runtime->device_count; i++)
    if (runtime->devices[i]->info.has_float64) return runtime->devices[i];
  return NULL;
}

/* --- One warning per (op, place) --- */

typedef struct warned {
  char *what;
} warned;

static eager__mutex lock = EAGER__MUTEX_STATIC(EAGER__RANK_LEAF);
static warned *seen;
static size_t seen_count, seen_capacity;

/* False when memory is short, too: a warning lost is better than one without end. */
static bool is_first(const char *op, const char *place) {
  eager__strbuf key = {0};
  eager__strbuf_format(&key, "%s on %s", op, place);
  bool first = true;
  eager__mutex_lock(&lock);
  for (size_t i = 0; i < seen_count && first; i++)
    first = strcmp(seen[i].what, eager__strbuf_text(&key)) != 0;
  if (first) {
    first =
        eager__reserve(&seen, &seen_capacity, seen_count + 1, sizeof *seen) == EAGER_OK &&
        (seen[seen_count].what = eager__strbuf_take(&key)) != NULL;
    if (first) seen_count++;
  }
  eager__mutex_unlock(&lock);
  eager__strbuf_free(&key);
  return first;
}

void eager__capability_close(void) {
  for (size_t i = 0; i < seen_count; i++) eager__free(seen[i].what);
  eager__free(seen);
  seen = NULL;
  seen_count = seen_capacity = 0;
}

eager_status eager__place_capable(eager__runtime *runtime, const eager__call *call,
                                  eager__device **device) {
  eager__device *wanted = *device;
  if (wanted->info.has_float64 || !call_needs_float64(call)) return EAGER_OK;
  eager__device *able = first_with_float64(runtime);
  if (able && runtime->options.allow_soft_placement) {
    if (is_first(call->name, wanted->full_name))
      eager__log(EAGER_LOG_WARNING,
                 "%s in float64 is not possible on %s: soft placement runs it on %s",
                 call->name, wanted->full_name, able->full_name);
    *device = able;
    return EAGER_OK;
  }
  if (!able)
    EAGER__FAIL(EAGER_UNIMPLEMENTED,
                "%s (%s) has no float64 arithmetic, and no other enabled device has it: "
                "use float32",
                wanted->full_name, wanted->info.device);
  EAGER__FAIL(EAGER_UNIMPLEMENTED,
              "%s (%s) has no float64 arithmetic; %s (%s) has: run the op there, use "
              "float32, or set allow_soft_placement",
              wanted->full_name, wanted->info.device, able->full_name, able->info.device);
}

eager_status eager__runtime_place(eager__runtime *runtime, const char *name, const char *op,
                                  eager__device **out) {
  eager_status status = eager__runtime_device_or_default(runtime, name, out);
  if (status != EAGER_NOT_FOUND || !runtime->options.allow_soft_placement) return status;
  eager__device_name missing;
  EAGER__TRY(eager__parse_device_name(name, &missing));
  char full_name[EAGER__FULL_NAME];
  eager__format_full_name(missing, full_name);
  eager__clear_error();
  *out = runtime->devices[0];
  if (!op) op = "eager_push_device";
  if (is_first(op, full_name))
    eager__log(EAGER_LOG_WARNING, "%s: %s is not there: soft placement uses %s", op,
               full_name, (*out)->full_name);
  return EAGER_OK;
}
