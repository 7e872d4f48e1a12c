#include "cl_devices.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cl/census.h"

enum { SKIPPED = 77 };

test_devices devices;
static eager__context *contexts[TEST_DEVICES_MAX];
static int context_count;

static bool is_lane(const eager__physical *physical, const char *lane) {
  const eager__facts *facts = &physical->facts;
  if (strcmp(lane, physical->info.short_name) == 0) return true;
  if (strcmp(lane, "rusticl") == 0) return strstr(facts->platform, "rusticl") != NULL;
  if (strcmp(lane, "oclgrind") == 0) return strstr(facts->platform, "Oclgrind") != NULL;
  if (strncmp(lane, "pocl-", 5) != 0 || strstr(facts->platform, "Portable") == NULL)
    return strstr(facts->device, lane) != NULL;
  return strncmp(facts->device, lane + 5, strlen(lane + 5)) == 0;
}

static eager__context *context_of(const eager__physical *physical) {
  for (int i = 0; i < context_count; i++)
    if (contexts[i]->platform == physical->platform) return contexts[i];
  if (eager__context_new(physical, &contexts[context_count]) != EAGER_OK) return NULL;
  return contexts[context_count++];
}

static bool add_device(const eager__physical *physical) {
  eager__selected selected = {.physical = physical};
  eager__device_name name = {physical->info.type, 0};
  if (eager__parse_device_name(physical->info.short_name, &name) != EAGER_OK) return false;
  selected.name = name;
  eager__context *context = context_of(physical);
  return context != NULL &&
         eager__device_new(&selected, devices.count, context, false,
                           &devices.all[devices.count]) == EAGER_OK &&
         ++devices.count;
}

static void choose_lane(void) {
  const char *lane = getenv("EAGERCL_TEST_DEVICE");
  for (int i = 0; i < devices.count && devices.lane == NULL; i++)
    if (lane == NULL || is_lane(devices.all[i]->physical, lane))
      devices.lane = devices.all[i];
  if (devices.lane == NULL)
    printf("skipped: there is no device %s here\n", lane != NULL ? lane : "at all");
}

int test_devices_open(void) {
  const eager__machine *machine;
  if (eager__machine_get(&machine) != EAGER_OK) return 1;
  for (int i = 0; i < machine->listed_count && devices.count < TEST_DEVICES_MAX; i++)
    if (!add_device(&machine->devices[i])) return 1;
  choose_lane();
  if (devices.lane == NULL) return SKIPPED;
  for (int i = 0; i < devices.count; i++)
    if (eager__device_open(devices.all[i]) != EAGER_OK) {
      printf("%s\n", eager_error_message());
      return 1;
    }
  return 0;
}

int64_t test_devices_close(void) {
  for (int i = 0; i < devices.count; i++) eager__device_close(devices.all[i]);
  for (int i = 0; i < context_count; i++) eager__context_close(contexts[i]);
  for (int i = 0; i < devices.count; i++) eager__device_free(devices.all[i]);
  for (int i = 0; i < context_count; i++) eager__context_free(contexts[i]);
  int64_t alive = eager__census_total();
  for (int kind = 0; kind < EAGER__OBJECT_KINDS && alive != 0; kind++)
    printf("still alive: %lld %s\n", (long long)eager__census((eager__object)kind),
           eager__census_name((eager__object)kind));
  return alive;
}
