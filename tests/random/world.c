#include "random/world.h"

#include "cl/census.h"

static void ignore_log(eager_log_level level, const char *line, void *user) {
  (void)level, (void)line, (void)user;
}

static void read_device(const eager_device_info *info, struct rp_device *out) {
  snprintf(out->short_name, sizeof out->short_name, "%s", info->short_name);
  snprintf(out->full_name, sizeof out->full_name, "%s", info->name);
  snprintf(out->driver_name, sizeof out->driver_name, "%s", info->device);
  out->has_float64 = info->has_float64;
}

bool rp_world_enter(rp_world *out) {
  memset(out, 0, sizeof *out);
  if (test_enable_with((eager_config){.log = ignore_log}, EAGER_DEVICE_PLACEMENT_SILENT,
                       EAGER_SYNC) != EAGER_OK) {
    printf("  enabling: %s\n", eager_error_message());
    return false;
  }
  out->is_slow = test_is_slow();
  size_t count = eager_device_count();
  for (size_t i = 0; i < count && i < RP_DEVICES; i++) {
    const eager_device_info *info;
    if (eager_device_get(i, &info) != EAGER_OK) return false;
    read_device(info, &out->devices[out->device_count++]);
  }
  return true;
}

bool rp_world_leave(void) {
  bool good = eager_shutdown() == EAGER_OK;
  if (!good) printf("  eager_shutdown: %s\n", eager_error_message());
  for (int kind = 0; kind < EAGER__OBJECT_KINDS; kind++) {
    long long alive = eager__census((eager__object)kind);
    if (alive == 0) continue;
    printf("  alive after eager_shutdown: %lld %s\n", alive,
           eager__census_name((eager__object)kind));
    good = false;
  }
  return good;
}

bool rp_world_is_empty(const rp_world *world) {
  bool good = true;
  for (int i = 0; i < world->device_count; i++) {
    eager_memory_info info;
    const char *name = world->devices[i].short_name;
    if (eager_get_memory_info(name, &info) == EAGER_OK && info.current == 0) continue;
    printf("  %llu bytes are still held on %s\n", (unsigned long long)info.current, name);
    good = false;
  }
  return good;
}
