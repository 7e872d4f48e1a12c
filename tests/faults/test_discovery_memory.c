/* ctest: labels=faults timeout=120 */
/* Discovery while host memory is short, through the public doors of a process that has
 * called nothing before: the first allocation fails, then the second one, and so on. Each
 * time the call tells so and the next one finds everything, or it is done without and
 * everything is listed as ever. Also beside a driver that refuses: what is skipped, and
 * why, is not lost either. EAGERCL_TEST_FULL=1 goes through more doors. */
#include <limits.h>

#include "base/alloc.h"
#include "base/small.h"
#include "drive.h"

/* ---- What a program sees of the machine ---- */

static void add_line(char *text, size_t room, const char *format, ...) EAGER__PRINTF(3, 4);
static void add_line(char *text, size_t room, const char *format, ...) {
  size_t used = strlen(text);
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text + used, room - used, format, arguments);
  va_end(arguments);
}

/* False when a call failed, which is then on record. */
static bool list(char *text, size_t room) {
  text[0] = '\0';
  for (size_t i = 0; i < eager_physical_device_count(); i++) {
    const eager_device_info *d;
    if (eager_physical_device_get(i, &d) != EAGER_OK) return false;
    add_line(text, room, "%s %s %d %s %s %s %s %s [%s] %llu %u\n", d->name, d->short_name,
             (int)d->type, d->device, d->platform, d->driver_version, d->stable_id,
             d->vendor, d->aliases, (unsigned long long)d->max_allocation,
             d->compute_units);
  }
  for (size_t i = 0; i < eager_skipped_count(); i++)
    add_line(text, room, "%s\n", eager_skipped_reason(i));
  return eager_error_message()[0] == '\0';
}

/* ---- The doors: the status of what the first call gave ---- */

static eager_status by_count(void) {
  (void)eager_physical_device_count();
  return eager_error_message()[0] != '\0' ? EAGER_RESOURCE_EXHAUSTED : EAGER_OK;
}

static eager_status by_skipped(void) {
  (void)eager_skipped_count();
  return eager_error_message()[0] != '\0' ? EAGER_RESOURCE_EXHAUSTED : EAGER_OK;
}

static eager_status by_get(void) {
  const eager_device_info *info;
  eager_status status = eager_physical_device_get(0, &info);
  return status == EAGER_INVALID_ARGUMENT ? EAGER_OK : status; /* no device is listed */
}

static eager_status by_enabling(void) {
  const eager_config config = {.kernel_cache_dir = ""};
  return eager_enable_execution(&config, EAGER_DEVICE_PLACEMENT_SILENT, EAGER_SYNC);
}

static void works(fault_progress *p) {
  float got = 0;
  eager_tensor *x = NULL, *y = NULL;
  eager_status status = eager_tensor_from_host(EAGER_FLOAT32, 0, NULL, &(float){21}, &x);
  if (status == EAGER_OK) status = eager_add(x, x, &y);
  if (status == EAGER_OK) status = eager_tensor_to_host(y, &got, sizeof got);
  if (status != EAGER_OK || got != 42)
    fault_process_fail(p, "enabled, but: %s", eager_error_message());
  eager_tensor_release(x);
  eager_tensor_release(y);
  if (eager_shutdown() != EAGER_OK) fault_process_fail(p, "%s", eager_error_message());
}

/* ---- One process: from failure to failure, until a call succeeds ---- */

typedef struct door {
  const char *name;
  eager_status (*call)(void);
  const char *refused; /* by the driver, each time; NULL: nothing is */
} door;

static const door doors[] = {
    {"count", by_count, NULL},
    {"enable", by_enabling, NULL},
    {"count_beside_a_platform_that_refuses", by_count, "clGetPlatformInfo"},
    {"count_beside_a_device_that_refuses", by_count, "clGetDeviceInfo"},
    /* A default run ends here. */
    {"get", by_get, NULL},
    {"skipped", by_skipped, NULL},
    {"count_beside_a_platform_without_devices", by_count, "clGetDeviceIDs"},
};
enum { DOORS = sizeof doors / sizeof doors[0], FEW = 4 };
static const door *tried;

static void expect_listed(fault_progress *p) {
  char now[sizeof p->note];
  if (!list(now, sizeof now)) fault_process_fail(p, "listed: %s", eager_error_message());
  if (strcmp(now, p->note) != 0)
    fault_process_fail(p, "another machine:\n%s\nand not\n%s", now, p->note);
}

/* Told, survived, or 0: there was no nth allocation. */
static int call_once(fault_progress *p, const eager_layer *layer) {
  layer->reset();
  if (tried->refused != NULL) layer->refuse(tried->refused, 1, -6);
  eager__clear_error();
  eager__small_trim();
  eager__alloc_fail_after(p->nth);
  eager_status status = tried->call();
  bool is_met = eager__alloc_fail_after(-1) <= 0;
  if (status != EAGER_OK && (!is_met || status != EAGER_RESOURCE_EXHAUSTED ||
                             strstr(eager_error_message(), "out of host memory") == NULL))
    fault_process_fail(p, "%s: %s", eager_status_name(status), eager_error_message());
  if (!is_met) return 0;
  p->counts.injected++;
  return status != EAGER_OK ? FAULT_TOLD : FAULT_SURVIVED;
}

static void process(fault_progress *p) {
  const eager_layer *layer = test_layer_find();
  if (layer == NULL) fault_process_skip(p, "this OpenCL loader took no layer");
  layer->reset();
  if (!p->is_counted) {
    if (tried->refused != NULL) layer->refuse(tried->refused, 1, -6);
    if (!list(p->note, sizeof p->note))
      fault_process_fail(p, "without fault: %s", eager_error_message());
    if (eager_physical_device_count() == 0) fault_process_skip(p, "no device is left");
    p->is_counted = true;
    return;
  }
  int outcome;
  while ((outcome = call_once(p, layer)) == FAULT_TOLD) {
    p->counts.told++;
    p->nth++;
  }
  p->counts.survived += outcome == FAULT_SURVIVED;
  p->nth += outcome == FAULT_SURVIVED;
  p->done = outcome == 0;
  if (tried->call == by_enabling) works(p);
  eager__clear_error();
  expect_listed(p);
}

static const char *name(const fault_progress *p, int nth) {
  (void)p, (void)nth;
  return "an allocation";
}

static void every_allocation_in_turn_fails(void **state) {
  static const fault_scenario discovery = {.name = "discovery", .stage = FAULT_DISCOVERY};
  tried = *state;
  fault_processes_run(&discovery, EAGER_SYNC, process, name, 60);
}

int main(void) {
  const char *full = getenv("EAGERCL_TEST_FULL");
  bool all = full != NULL && strcmp(full, "1") == 0;
  struct CMUnitTest tests[DOORS];
  for (int i = 0; i < DOORS; i++)
    tests[i] = (struct CMUnitTest){.name = doors[i].name,
                                   .test_func = every_allocation_in_turn_fails,
                                   .initial_state = (void *)(uintptr_t)&doors[i]};
  fault_processes_prepare();
  return test_main("faults/discovery_memory", tests, all ? DOORS : FEW);
}
