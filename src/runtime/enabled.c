/* The enabled devices: finding, opening, and their memory accounts. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/strbuf.h"
#include "runtime/trace.h"
#include "tensor/forms.h"
#include "tensor/pool.h"

eager_status eager__runtime_find_device(eager__runtime *runtime, const char *name,
                                        eager__device **out) {
  eager__device_name parsed;
  char text[EAGER__SHORT_NAME];
  EAGER__TRY(eager__parse_device_name(name, &parsed));
  eager__format_short_name(parsed, text);
  for (int i = 0; i < runtime->device_count; i++) {
    if (strcmp(runtime->devices[i]->short_name, text) != 0) continue;
    *out = runtime->devices[i];
    return EAGER_OK;
  }
  eager__strbuf available = {0};
  for (int i = 0; i < runtime->device_count; i++)
    eager__strbuf_format(&available, "%s%s", i ? ", " : "",
                         runtime->devices[i]->short_name);
  eager__fail(EAGER_NOT_FOUND, "%s unknown device; available: %s", name,
              eager__strbuf_text(&available));
  eager__strbuf_free(&available);
  return EAGER_NOT_FOUND;
}

eager_status eager__runtime_device_or_default(eager__runtime *runtime, const char *name,
                                              eager__device **out) {
  if (name) return eager__runtime_find_device(runtime, name, out);
  *out = runtime->default_device;
  return EAGER_OK;
}

/* --- Opening --- */

/* Drivers over-commit, so devices that live in the host's memory share 80 % of it. */
static uint64_t host_share(const eager__runtime *runtime) {
  uint64_t sharing = 0;
  for (int i = 0; i < runtime->device_count; i++)
    sharing += runtime->devices[i]->info.unified_memory;
  long pages = sysconf(_SC_PHYS_PAGES), page_size = sysconf(_SC_PAGESIZE);
  if (!sharing || pages <= 0 || page_size <= 0) return UINT64_MAX;
  return (uint64_t)pages / 10 * 8 * (uint64_t)page_size / sharing;
}

static uint64_t memory_limit(const eager__runtime *runtime, const eager__device *device) {
  uint64_t limit = device->info.global_memory;
  size_t asked = runtime->options.memory_limit;
  if (asked) return asked < limit ? asked : limit;
  if (device->info.unified_memory) {
    uint64_t share = host_share(runtime);
    if (share < limit) limit = share;
  }
  return (uint64_t)((double)limit * runtime->options.memory_fraction);
}

eager_status eager__runtime_open_device(eager__runtime *runtime, eager__device *device) {
  static eager__mutex lock = EAGER__MUTEX_STATIC(EAGER__RANK_OPEN);
  if (atomic_load_explicit(&device->pool_is_open, memory_order_acquire))
    return eager__device_is_lost(device) ? eager__device_open(device) : EAGER_OK;
  bool opened = false;
  eager__mutex_lock(&lock);
  eager_status status = EAGER_OK;
  if (!atomic_load(&device->pool_is_open)) {
    status = eager__device_open(device);
    if (status == EAGER_OK && !device->pool)
      status = eager__pool_open(device, memory_limit(runtime, device));
    if (status == EAGER_OK) atomic_store(&device->pool_is_open, true);
    opened = status == EAGER_OK;
  }
  eager__mutex_unlock(&lock);
  if (opened) eager__trace_note_device(runtime, device);
  return status;
}

/* --- Public --- */

size_t eager_device_count(void) {
  eager__runtime *runtime = eager__runtime_get();
  return runtime ? (size_t)runtime->device_count : 0;
}

eager_status eager_device_get(size_t index, const eager_device_info **out_info) {
  eager__runtime *runtime;
  EAGER__REQUIRE(out_info, EAGER_INVALID_ARGUMENT, "out_info is NULL");
  *out_info = NULL;
  EAGER__TRY(eager__runtime_require_any(&runtime));
  EAGER__REQUIRE(index < (size_t)runtime->device_count, EAGER_INVALID_ARGUMENT,
                 "device index %zu is out of range: %d devices are enabled", index,
                 runtime->device_count);
  *out_info = &runtime->devices[index]->info;
  return EAGER_OK;
}

eager_status eager_device_find(const char *name, const eager_device_info **out_info) {
  eager__runtime *runtime;
  eager__device *device;
  EAGER__REQUIRE(out_info, EAGER_INVALID_ARGUMENT, "out_info is NULL");
  *out_info = NULL;
  EAGER__TRY(eager__runtime_require_any(&runtime));
  EAGER__REQUIRE(name, EAGER_INVALID_ARGUMENT, "the device name is NULL");
  EAGER__TRY(eager__runtime_find_device(runtime, name, &device));
  *out_info = &device->info;
  return EAGER_OK;
}

static eager_status open_by_name(const char *name, eager__device **out) {
  eager__runtime *runtime;
  EAGER__TRY(eager__runtime_require_any(&runtime));
  EAGER__TRY(eager__runtime_device_or_default(runtime, name, out));
  return eager__runtime_open_device(runtime, *out);
}

eager_status eager_get_memory_info(const char *device, eager_memory_info *out_info) {
  eager__device *found;
  EAGER__REQUIRE(out_info, EAGER_INVALID_ARGUMENT, "out_info is NULL");
  memset(out_info, 0, sizeof *out_info);
  EAGER__TRY(open_by_name(device, &found));
  eager__pool_info(found, out_info);
  return EAGER_OK;
}

eager_status eager_reset_memory_stats(const char *device) {
  eager__device *found;
  EAGER__TRY(open_by_name(device, &found));
  eager__pool_reset_peak(found);
  return EAGER_OK;
}

eager_status eager_trim_memory(const char *device) {
  eager__device *found;
  EAGER__TRY(open_by_name(device, &found));
  eager__forms_drop(found, false);
  eager__pool_trim(found);
  return EAGER_OK;
}

/* --- What was asked for in vain --- */

static bool any_disk_cache(const eager__runtime *runtime) {
  for (int i = 0; i < runtime->device_count; i++)
    if (runtime->devices[i]->traits.disk_cache) return true;
  return false;
}

static bool any_larger_than(const eager__runtime *runtime, size_t limit) {
  for (int i = 0; i < runtime->device_count; i++)
    if (runtime->devices[i]->info.global_memory > limit) return true;
  return false;
}

void eager__runtime_log_ineffective(const eager__runtime *runtime,
                                    const eager_config *config) {
  if (config->kernel_cache_dir && *config->kernel_cache_dir && !any_disk_cache(runtime))
    eager__log(EAGER_LOG_INFO,
               "config.kernel_cache_dir has no effect: the drivers of the enabled devices "
               "cache kernels themselves");
  if (config->memory_limit && !any_larger_than(runtime, config->memory_limit))
    eager__log(EAGER_LOG_INFO,
               "config.memory_limit has no effect: no enabled device has more memory");
}
