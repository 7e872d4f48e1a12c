/* Building kernels, keeping them on the disk and taking them from there. */
#include <dirent.h>
#include <unistd.h>

#include "cl/program.h"
#include "runtime/runtime.h"
#include "scenario_parts.h"

/* The device forgets what was built, as if it had just been opened. */
static void forget_kernels(fault_attempt *a) {
  eager__device *device;
  if (eager_synchronize(NULL) != EAGER_OK ||
      eager__runtime_find_device(eager__runtime_get(), a->here, &device) != EAGER_OK)
    fault_wrong(a, "%s", eager_error_message());
  else
    eager__programs_close(device);
}

void fault_without_kernels(fault_attempt *a) {
  fault_two_inputs(a);
  forget_kernels(a);
}

static char folder[64];

const char *fault_cache_folder(const fault_scenario *scenario) {
  if (!scenario->has_disk) return "";
  if (folder[0] == '\0')
    snprintf(folder, sizeof folder, "/tmp/eagercl-faults-%ld", (long)getpid());
  return folder;
}

/* Empties the folder; false while there was nothing in it. */
static bool empty_folder(void) {
  bool any = false;
  DIR *all = folder[0] != '\0' ? opendir(folder) : NULL;
  if (all == NULL) return false;
  for (const struct dirent *one; (one = readdir(all)) != NULL;)
    if (one->d_name[0] != '.') any = unlinkat(dirfd(all), one->d_name, 0) == 0 || any;
  closedir(all);
  return any;
}

static void remove_folder(void) {
  empty_folder();
  rmdir(folder);
}

const char *fault_needs_disk_cache(const fault_attempt *a) {
  (void)a;
  return strstr(test_device_info()->platform, "rusticl") == NULL
             ? "this driver keeps built kernels itself"
             : NULL;
}

static void remove_folder_at_exit(void) {
  static bool is_planned;
  if (!is_planned) is_planned = atexit(remove_folder) == 0;
}

void fault_with_empty_folder(fault_attempt *a) {
  remove_folder_at_exit();
  fault_without_kernels(a);
  empty_folder();
}

/* Built, kept on the disk and forgotten. */
void fault_with_kept_kernels(fault_attempt *a) {
  eager_tensor *sum = NULL;
  remove_folder_at_exit();
  fault_two_inputs(a);
  if (eager_add(fault_input_of(a, 0), fault_input_of(a, 1), &sum) != EAGER_OK)
    fault_wrong(a, "%s", eager_error_message());
  eager_tensor_release(sum);
  fault_trim(a);
  forget_kernels(a);
}

/* Never seen before: nobody has it in a cache. */
void fault_run_own_kernel(fault_attempt *a) {
  eager_tensor *out = NULL;
  const float *x = fault_numbers(FAULT_SMALL, 1);
  float expected[FAULT_SMALL];
  for (int i = 0; i < FAULT_SMALL; i++) expected[i] = 3 * x[i] + 1;
  eager_tensor *in = fault_input_of(a, 0);
  fault_step(a, eager_elementwise("3.0f * a + 1.0f", &in, 1, &out), &out);
  fault_expect(a, out, expected, sizeof expected);
}

void fault_without_own_kernel(fault_attempt *a) {
  fault_one_input(a);
  forget_kernels(a);
}
