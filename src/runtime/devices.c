/* The machine's devices, enabled or not. */
#include "base/status.h"
#include "cl/platform.h"
#include "eagercl/device.h"

/* For getters that cannot fail: NULL, and the failure is recorded, when memory is short. */
static const eager__machine *find_machine(void) {
  const eager__machine *machine = NULL;
  return eager__machine_get(&machine) == EAGER_OK ? machine : NULL;
}

size_t eager_physical_device_count(void) {
  const eager__machine *machine = find_machine();
  return machine == NULL ? 0 : (size_t)machine->listed_count;
}

eager_status eager_physical_device_get(size_t index, const eager_device_info **out_info) {
  EAGER__REQUIRE(out_info != NULL, EAGER_INVALID_ARGUMENT, "out_info is NULL");
  *out_info = NULL;
  const eager__machine *machine = NULL;
  EAGER__TRY(eager__machine_get(&machine));
  EAGER__REQUIRE(index < (size_t)machine->listed_count, EAGER_INVALID_ARGUMENT,
                 "device index %zu is out of range: the machine has %d devices", index,
                 machine->listed_count);
  *out_info = &machine->devices[index].info;
  return EAGER_OK;
}

size_t eager_skipped_count(void) {
  const eager__machine *machine = find_machine();
  return machine == NULL ? 0 : (size_t)machine->skipped_count;
}

const char *eager_skipped_reason(size_t index) {
  const eager__machine *machine = find_machine();
  if (machine == NULL || index >= (size_t)machine->skipped_count) return "";
  return machine->skipped[index];
}
