#include "attempt.h"

#include <math.h>

#include "cl/census.h"
#include "scenarios.h"

enum { REFERENCES = FAULT_TENSORS };

/* What the first run gave, where a scenario has no other reference. */
static struct {
  unsigned char *bytes;
  size_t size;
} references[REFERENCES];

void fault_attempt_init(fault_attempt *a, const fault_scenario *scenario,
                        eager_execution_mode mode, const eager_layer *layer) {
  *a = (fault_attempt){.scenario = scenario, .mode = mode, .layer = layer};
  a->here = test_device();
  if (test_has_other_context()) a->there = test_device_other_context();
  if (test_has_same_context()) a->beside = test_device_same_context();
}

eager_status fault_enable(fault_attempt *a) {
  eager_config config = {.kernel_cache_dir = fault_cache_folder(a->scenario)};
  if (a->scenario->traces) setenv("EAGERCL_TRACE", "/dev/null", 1);
  eager_status status = test_enable_with(config, EAGER_DEVICE_PLACEMENT_SILENT, EAGER_SYNC);
  if (status == EAGER_OK) status = eager_set_thread_execution_mode(a->mode);
  if (status == EAGER_OK) status = eager_set_thread_device_policy(a->scenario->policy);
  return status;
}

void fault_wrong(fault_attempt *a, const char *format, ...) {
  if (a->wrong[0] != '\0') return;
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(a->wrong, sizeof a->wrong, format, arguments);
  va_end(arguments);
}

static void note(fault_attempt *a, eager_status status) {
  if (a->status == EAGER_OK) {
    a->status = status;
    a->code = eager_error_cl_code();
    snprintf(a->text, sizeof a->text, "%s", eager_error_message());
  } else if (status != a->status) {
    fault_wrong(a, "told as %s: %s\nand then as %s: %s", eager_status_name(a->status),
                a->text, eager_status_name(status), eager_error_message());
  }
}

bool fault_step(fault_attempt *a, eager_status status, eager_tensor *const *out) {
  if (status == EAGER_OK) return true;
  note(a, status);
  if (out != NULL && *out != NULL) fault_wrong(a, "a call failed and gave a tensor");
  return false;
}

/* ---- Tensors ---- */

static void keep(fault_attempt *a, eager_tensor *t, const void *bytes, size_t size,
                 bool is_input) {
  if (a->kept_count == FAULT_TENSORS) {
    fault_wrong(a, "more tensors than FAULT_TENSORS");
    eager_tensor_release(t);
    return;
  }
  fault_kept *kept = &a->kept[a->kept_count++];
  *kept = (fault_kept){.tensor = t, .size = size, .is_input = is_input};
  if (bytes == NULL) return;
  kept->bytes = malloc(size);
  if (kept->bytes != NULL) memcpy(kept->bytes, bytes, size);
}

eager_tensor *fault_input(fault_attempt *a, const char *device, eager_dtype dtype, int rank,
                          const int64_t *dims, const void *data) {
  eager_tensor *t = NULL;
  eager_status status = eager_push_device(device);
  if (status == EAGER_OK) {
    status = eager_tensor_from_host(dtype, rank, dims, data, &t);
    if (eager_pop_device() != EAGER_OK) fault_wrong(a, "the scope was lost");
  }
  if (status == EAGER_OK) status = eager_tensor_wait(t);
  if (status != EAGER_OK) {
    fault_wrong(a, "before the fault: %s", eager_error_message());
    eager_tensor_release(t);
    return NULL;
  }
  keep(a, t, data, eager_tensor_byte_size(t), true);
  return t;
}

void fault_output(fault_attempt *a, eager_tensor *t, const void *expected, size_t size) {
  if (t == NULL) {
    if (a->status == EAGER_OK) fault_wrong(a, "a call was OK and gave no tensor");
    return;
  }
  keep(a, t, expected, expected != NULL ? size : eager_tensor_byte_size(t), false);
}

/* Compares with what is expected at this place; NULL: the first run's bytes. */
static void compare(fault_attempt *a, int place, const unsigned char *got) {
  const fault_kept *kept = &a->kept[place];
  const unsigned char *expected = kept->bytes;
  if (expected == NULL && references[place].bytes == NULL) {
    references[place].bytes = malloc(kept->size);
    references[place].size = kept->size;
    if (references[place].bytes != NULL) memcpy(references[place].bytes, got, kept->size);
    return;
  }
  if (expected == NULL) expected = references[place].bytes;
  if (expected != NULL && memcmp(got, expected, kept->size) == 0) return;
  size_t at = 0;
  while (expected != NULL && got[at] == expected[at]) at++;
  fault_wrong(a, "%s %d has another byte at %zu of %zu",
              kept->is_input ? "input" : "output", place, at, kept->size);
}

/* An input is readable and the same, unless its device is lost. */
static void look_at(fault_attempt *a, int place) {
  const fault_kept *kept = &a->kept[place];
  if (eager_tensor_byte_size(kept->tensor) != kept->size) {
    fault_wrong(a, "tensor %d has %zu bytes, not %zu", place,
                eager_tensor_byte_size(kept->tensor), kept->size);
    return;
  }
  unsigned char *got = malloc(kept->size);
  memset(got, 0xA5, kept->size);
  eager_status status = eager_tensor_to_host(kept->tensor, got, kept->size);
  if (status == EAGER_OK)
    compare(a, place, got);
  else if (kept->is_input && !(status == EAGER_UNAVAILABLE && fault_any_lost()))
    fault_wrong(a, "an input cannot be read: %s", eager_error_message());
  else
    note(a, status);
  free(got);
}

/* ---- Afterwards ---- */

static bool device_at(size_t i, const eager_device_info **out) {
  return eager_device_get(i, out) == EAGER_OK;
}

bool fault_any_lost(void) {
  const eager_device_info *info;
  for (size_t i = 0; i < eager_device_count(); i++)
    if (device_at(i, &info) && info->is_lost) return true;
  return false;
}

/* What it gives belongs to the failure that was told; SYNC has told it for good. */
static void synchronize(fault_attempt *a) {
  eager_status status = eager_synchronize(NULL);
  if (status != EAGER_OK && a->status == EAGER_OK)
    fault_wrong(a, "only eager_synchronize told of: %s", eager_error_message());
  else if (status != EAGER_OK && a->mode == EAGER_SYNC)
    fault_wrong(a, "a SYNC failure was told again: %s", eager_error_message());
  else if (status != EAGER_OK)
    note(a, status);
  for (size_t i = 0; status != EAGER_OK && i < eager_device_count(); i++)
    status = eager_synchronize(NULL); /* one failure for each device */
  if (status != EAGER_OK)
    fault_wrong(a, "eager_synchronize does not stop telling: %s", eager_error_message());
}

static void nothing_is_held(fault_attempt *a) {
  for (size_t i = 0; i < eager_device_count(); i++) {
    const eager_device_info *info;
    eager_memory_info memory;
    if (!device_at(i, &info) || info->is_lost) continue;
    if (eager_trim_memory(info->short_name) != EAGER_OK ||
        eager_get_memory_info(info->short_name, &memory) != EAGER_OK)
      fault_wrong(a, "%s: %s", info->short_name, eager_error_message());
    else if (memory.current != 0 || memory.reserved_bytes != 0)
      fault_wrong(a, "%s: %llu bytes in use and %llu reserved with no tensor left",
                  info->short_name, (unsigned long long)memory.current,
                  (unsigned long long)memory.reserved_bytes);
  }
}

/* The library's count of the driver's objects is the layer's. */
static void counts_agree(fault_attempt *a) {
  for (int kind = 0; kind < EAGER__OBJECT_KINDS; kind++) {
    const char *name = eager__census_name((eager__object)kind);
    long long ours = eager__census((eager__object)kind), real = a->layer->balance(name);
    if (ours != real)
      fault_wrong(a, "%lld objects of kind %s are alive, the library says %lld", real, name,
                  ours);
  }
}

void fault_finish(fault_attempt *a) {
  for (int i = 0; i < a->kept_count; i++) look_at(a, i);
  for (int i = 0; i < a->kept_count; i++) {
    eager_tensor_release(a->kept[i].tensor);
    free(a->kept[i].bytes);
  }
  a->kept_count = 0;
  if (!eager_executing_eagerly()) return; /* enabling was refused */
  synchronize(a);
  nothing_is_held(a);
  counts_agree(a);
}

static eager_status add_on(const char *device, float *out) {
  const int64_t two = 2;
  const float data[2] = {1, 2};
  float got[2] = {0};
  eager_tensor *x = NULL, *y = NULL;
  eager_status status = eager_push_device(device);
  if (status != EAGER_OK) return status;
  status = eager_tensor_from_host(EAGER_FLOAT32, 1, &two, data, &x);
  if (status == EAGER_OK) status = eager_add(x, x, &y);
  if (status == EAGER_OK) status = eager_tensor_to_host(y, got, sizeof got);
  eager_tensor_release(x);
  eager_tensor_release(y);
  *out = got[0] + got[1];
  eager_status popped = eager_pop_device();
  return status != EAGER_OK ? status : popped;
}

void fault_works_elsewhere(fault_attempt *a, int code) {
  for (size_t i = 0; i < eager_device_count(); i++) {
    const eager_device_info *info;
    if (!device_at(i, &info)) continue;
    float sum = NAN;
    eager_status status = add_on(info->short_name, &sum);
    if (!info->is_lost && (status != EAGER_OK || sum != 6))
      fault_wrong(a, "%s, which is not lost: %s", info->short_name, eager_error_message());
    if (info->is_lost && (status != EAGER_UNAVAILABLE || eager_error_cl_code() != code))
      fault_wrong(a, "%s is lost, but an op there gave %s: %s", info->short_name,
                  eager_status_name(status), eager_error_message());
  }
}

void fault_end(fault_attempt *a) {
  a->layer->reset();
  for (int i = 0; i < REFERENCES; i++) free(references[i].bytes);
  if (eager_shutdown() != EAGER_OK) fault_wrong(a, "shutdown: %s", eager_error_message());
  if (eager__census_total() != 0)
    fault_wrong(a, "%lld objects in the library's count after eager_shutdown",
                (long long)eager__census_total());
  if (a->layer->balance("") != 0)
    fault_wrong(a, "%lld objects alive after eager_shutdown",
                (long long)a->layer->balance(""));
}
