/* ctest: labels=faults timeout=240 */
/* Discovery with a driver that fails: for every call of it, with each code it may fail
 * with, a device is listed as it is, or not at all and why is on record; the others are
 * listed as ever, and computing works on what is there. Platforms and devices that vanish
 * before they are counted, and after.
 *
 * The default run takes a sample by the seed; EAGERCL_TEST_FULL=1 takes all. */
#include <stdatomic.h>

#include "cl/platform.h"
#include "drive.h"

/* ---- What a machine looks like, one line for each device ---- */

enum { LINE = 320 };

static void describe(const eager__physical *device, char line[LINE]) {
  const eager__facts *f = &device->facts;
  snprintf(
      line, LINE, "%s/%s type %d%d%d, %llu of %llu bytes, %u units of %u, %d%d%d%d%d\n",
      f->platform, f->device, f->is_cpu, f->is_gpu, f->is_accelerator,
      (unsigned long long)f->max_allocation, (unsigned long long)f->global_memory,
      f->compute_units, f->max_work_group_size, f->has_float64, f->has_float16_arithmetic,
      f->unified_memory, f->local_memory_is_global, f->keeps_denormals);
}

static const eager__machine *machine(fault_progress *p) {
  const eager__machine *found;
  if (eager__machine_get(&found) != EAGER_OK)
    fault_process_fail(p, "discovery failed: %s", eager_error_message());
  return found;
}

static bool was_skipped_for(const eager__machine *found, const char *why) {
  for (int i = 0; i < found->skipped_count; i++)
    if (strstr(found->skipped[i], why) != NULL) return true;
  return false;
}

/* Every device is one of those in p->note, and looks the same; how many. */
static int count_known(fault_progress *p, const eager__machine *found) {
  for (int i = 0; i < found->device_count; i++) {
    char line[LINE];
    describe(&found->devices[i], line);
    if (strstr(p->note, line) == NULL)
      fault_process_fail(p, "listed, but another: %s, not of\n%s", line, p->note);
  }
  return found->device_count;
}

static int count_lines(const char *text) {
  int lines = 0;
  for (; *text != '\0'; text++) lines += *text == '\n';
  return lines;
}

/* On the first device that is left, if any: else the refusal says why. */
static bool works(fault_progress *p, const char *why) {
  float got = 0;
  eager_tensor *x = NULL, *y = NULL;
  const eager_config quiet = {.kernel_cache_dir = ""};
  eager_status status =
      eager_enable_execution(&quiet, EAGER_DEVICE_PLACEMENT_SILENT, EAGER_SYNC);
  if (status == EAGER_NOT_FOUND && strstr(eager_error_message(), why) != NULL) return false;
  if (status == EAGER_NOT_FOUND && strstr(eager_error_message(), "only simulators"))
    return true; /* nobody computes on one unasked */
  if (status == EAGER_OK)
    status = eager_tensor_from_host(EAGER_FLOAT32, 0, NULL, &(float){21}, &x);
  if (status == EAGER_OK) status = eager_add(x, x, &y);
  if (status == EAGER_OK) status = eager_tensor_to_host(y, &got, sizeof got);
  if (status != EAGER_OK || got != 42)
    fault_process_fail(p, "what is left does not work: %s", eager_error_message());
  eager_tensor_release(x);
  eager_tensor_release(y);
  if (eager_shutdown() != EAGER_OK) fault_process_fail(p, "%s", eager_error_message());
  return true;
}

/* ---- Every call ---- */

static struct {
  int nth, code;
  atomic_int hit, reached;
  fault_progress *progress;
} plan;

static int choose(const char *call, uint64_t nth) {
  int number = fault_call_number(call);
  atomic_fetch_add(&plan.reached, 1);
  if (!plan.progress->is_counted) plan.progress->calls[nth - 1] = (int16_t)number;
  if (nth != (uint64_t)plan.nth) return 0;
  atomic_store(&plan.hit, 1);
  return plan.code;
}

/* The codes of the discovery's calls are the same for all of them but one. */
static bool is_taken(int nth, int code) {
  const char *full = getenv("EAGERCL_TEST_FULL");
  if (full != NULL && strcmp(full, "1") == 0) return true;
  uint64_t x =
      ((uint64_t)nth * 131 + (uint64_t)-code + test_seed()) * UINT64_C(0x9e3779b97f4a7c15);
  return (x >> 32) % 48 == 0;
}

static int next_fault(fault_progress *p) {
  for (; p->nth <= p->call_count; p->nth++, p->choice = 0) {
    const int *codes = fault_codes(fault_call_name(p->calls[p->nth - 1]));
    for (; codes[p->choice] != 0; p->choice++)
      if (is_taken(p->nth, codes[p->choice])) return codes[p->choice];
  }
  return 0;
}

static const eager_layer *layer_of(fault_progress *p) {
  const eager_layer *layer = test_layer_find();
  if (layer == NULL) fault_process_skip(p, "this OpenCL loader took no layer");
  layer->reset();
  return layer;
}

static void look_without_fault(fault_progress *p) {
  const eager__machine *found = machine(p);
  for (int i = 0; i < found->device_count; i++) {
    char line[LINE];
    describe(&found->devices[i], line);
    strncat(p->note, line, sizeof p->note - strlen(p->note) - 1);
  }
  p->call_count = atomic_load(&plan.reached);
  p->is_counted = true;
  if (found->device_count == 0) fault_process_skip(p, "there is no device");
}

static void look_with_fault(fault_progress *p) {
  const char *call = fault_call_name(p->calls[p->nth - 1]);
  char why[96];
  snprintf(why, sizeof why, "(%d)", plan.code);
  const eager__machine *found = machine(p);
  if (atomic_load(&plan.hit) == 0) return;
  p->counts.injected++;
  int known = count_known(p, found), all = count_lines(p->note);
  bool told = was_skipped_for(found, call) && was_skipped_for(found, why);
  if (known < all && !told)
    fault_process_fail(p, "%s gave %d, and %d of %d devices are gone without a word", call,
                       plan.code, all - known, all);
  if (known == all && !told)
    p->counts.survived++;
  else
    p->counts.told++;
  works(p, why);
}

static void every_call_process(fault_progress *p) {
  const eager_layer *layer = layer_of(p);
  plan.progress = p;
  plan.code = p->is_counted ? next_fault(p) : 0;
  plan.nth = p->is_counted ? p->nth : 0;
  p->done = p->is_counted && plan.code == 0;
  if (p->done) return;
  layer->ask(choose);
  if (p->is_counted) {
    look_with_fault(p);
    p->choice++;
  } else {
    look_without_fault(p);
  }
  layer->ask(NULL);
}

static const char *name(const fault_progress *p, int nth) {
  return p->is_counted && nth <= p->call_count ? fault_call_name(p->calls[nth - 1]) : "";
}

static void every_call_in_turn_fails(void **state) {
  static const fault_scenario discovery = {.name = "discovery", .stage = FAULT_DISCOVERY};
  (void)state;
  fault_processes_run(&discovery, EAGER_SYNC, every_call_process, name, 60);
}

/* ---- What vanishes ---- */

typedef struct vanishing {
  const char *name, *call;
  unsigned left;
  bool late;
  const char *why; /* on record; NULL: nothing needs to be, it was never there */
} vanishing;

static const vanishing cases[] = {
    {"all_platforms", "clGetPlatformIDs", 0, false, "no OpenCL platform is installed"},
    {"all_platforms_late", "clGetPlatformIDs", 0, true, "no OpenCL platform is installed"},
    {"all_platforms_but_one", "clGetPlatformIDs", 1, false, NULL},
    {"all_platforms_but_one_late", "clGetPlatformIDs", 1, true, NULL},
    {"all_devices", "clGetDeviceIDs", 0, false, "no devices"},
    {"all_devices_late", "clGetDeviceIDs", 0, true, "no devices"},
    {"all_devices_but_one", "clGetDeviceIDs", 1, false, NULL},
    {"all_devices_but_one_late", "clGetDeviceIDs", 1, true, NULL},
};
enum { CASES = sizeof cases / sizeof cases[0] };

static void vanishing_process(fault_progress *p) {
  const eager_layer *layer = layer_of(p);
  plan.progress = p;
  if (!p->is_counted) {
    look_without_fault(p);
    return;
  }
  const vanishing *v = &cases[p->nth - 1];
  layer->list_at_most(v->call, v->left, v->late);
  const eager__machine *found = machine(p);
  p->counts.injected++;
  p->counts.told++;
  int known = count_known(p, found), all = count_lines(p->note);
  if (known > all || (v->left == 0 && known > 0))
    fault_process_fail(p, "%d of %d devices are listed", known, all);
  if (v->why != NULL && !was_skipped_for(found, v->why))
    fault_process_fail(p, "nothing on record says: %s", v->why);
  bool any = works(p, v->why != NULL ? v->why : "no usable OpenCL device");
  if (any != (known > 0)) fault_process_fail(p, "%d devices, working: %d", known, any);
  p->done = p->nth++ == CASES;
}

static const char *vanishing_name(const fault_progress *p, int nth) {
  (void)p;
  return nth >= 1 && nth <= CASES ? cases[nth - 1].name : "";
}

static void what_vanishes_is_not_missed(void **state) {
  static const fault_scenario discovery = {.name = "vanishing", .stage = FAULT_DISCOVERY};
  (void)state;
  fault_processes_run(&discovery, EAGER_SYNC, vanishing_process, vanishing_name, 60);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(every_call_in_turn_fails),
                                     cmocka_unit_test(what_vanishes_is_not_missed)};
  fault_processes_prepare();
  return test_main("faults/discovery", tests, sizeof tests / sizeof *tests);
}
