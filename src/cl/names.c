/* What devices are called: types, names, stable ids, aliases. Pure. */
#include <string.h>

#include "base/alloc.h"
#include "base/strbuf.h"
#include "cl/merge.h"
#include "cl/select.h"

static eager_device_type type_of(const eager__physical *device) {
  const eager__facts *facts = &device->facts;
  if (device->traits.is_simulator) return EAGER_DEVICE_ACCELERATOR;
  if (facts->is_cpu && facts->is_gpu)
    return facts->local_memory_is_global ? EAGER_DEVICE_CPU : EAGER_DEVICE_GPU;
  if (facts->is_gpu) return EAGER_DEVICE_GPU;
  return facts->is_cpu ? EAGER_DEVICE_CPU : EAGER_DEVICE_ACCELERATOR;
}

static void copy_facts(eager__physical *device, eager_device_type type) {
  const eager__facts *facts = &device->facts;
  device->info = (eager_device_info){
      .type = type,
      .vendor = facts->vendor,
      .device = facts->device,
      .platform = facts->platform,
      .driver_version = facts->driver_version,
      .device_version = facts->device_version,
      .global_memory = facts->global_memory,
      .max_allocation = facts->max_allocation,
      .local_memory = facts->local_memory,
      .compute_units = facts->compute_units,
      .max_work_group_size = facts->max_work_group_size,
      .has_float64 = facts->has_float64,
      .has_float16_arithmetic = facts->has_float16_arithmetic,
      .unified_memory = facts->unified_memory,
      .is_simulator = device->traits.is_simulator,
      .has_async_enqueue = !device->traits.sync_enqueue,
  };
}

static void add_uuid(eager__strbuf *text, const eager__facts *facts) {
  for (int i = 0; i < 16; i++)
    eager__strbuf_format(text, i == 4 || i == 6 || i == 8 || i == 10 ? "-%02x" : "%02x",
                         facts->uuid[i]);
}

/* An address that a sibling of the same platform has as well identifies neither. */
static char *make_stable_id(const eager__physical *devices, int count, int index) {
  const eager__facts *facts = &devices[index].facts;
  bool pci = eager__has_pci(facts), uuid = eager__has_uuid(facts);
  int ordinal = 0;
  for (int i = 0; i < count; i++) {
    const eager__facts *other = &devices[i].facts;
    if (i == index) continue;
    if (other->platform_index == facts->platform_index) {
      pci = pci && !eager__same_pci(facts, other);
      uuid = uuid && !eager__same_uuid(facts, other);
    }
    if (strcmp(other->platform, facts->platform) == 0 &&
        strcmp(other->device, facts->device) == 0 &&
        eager__comes_before(devices, count, i, index))
      ordinal++;
  }
  eager__strbuf text = {0};
  if (pci) {
    char address[EAGER__PCI_TEXT];
    eager__format_pci(facts, address);
    eager__strbuf_format(&text, "pci:%s", address);
  } else if (uuid) {
    eager__strbuf_add(&text, "uuid:");
    add_uuid(&text, facts);
  } else {
    eager__strbuf_format(&text, "name:%s/%s#%d", facts->platform, facts->device, ordinal);
  }
  return eager__strbuf_take(&text);
}

static void add_alias(eager__strbuf *text, const eager__physical *winner,
                      const eager__physical *loser) {
  static const char *const why[] = {"a later platform", "a portable driver", "a simulator"};
  eager__driver_class loser_class = eager__driver_class_of(loser);
  bool by_class = loser_class != eager__driver_class_of(winner);
  eager__strbuf_format(text, "%s%s/%s (same ", text->size == 0 ? "" : "; ",
                       loser->facts.platform, loser->facts.device);
  if (eager__same_pci(&winner->facts, &loser->facts)) {
    char address[EAGER__PCI_TEXT];
    eager__format_pci(&winner->facts, address);
    eager__strbuf_format(text, "PCI address %s", address);
  } else {
    eager__strbuf_add(text, "UUID ");
    add_uuid(text, &winner->facts);
  }
  eager__strbuf_format(text, ", %s)", why[by_class ? loser_class : EAGER__DRIVER_VENDOR]);
}

static char *make_aliases(const eager__physical *devices, int count, int index) {
  eager__strbuf text = {0};
  int winner = devices[index].duplicate_of;
  if (winner >= 0) {
    eager__strbuf_format(&text, "%s/%s (%s, the preferred driver)",
                         devices[winner].facts.platform, devices[winner].facts.device,
                         devices[winner].info.short_name);
    return eager__strbuf_take(&text);
  }
  for (int i = 0; i < count; i++)
    if (devices[i].duplicate_of == index) add_alias(&text, &devices[index], &devices[i]);
  return text.failed || text.size > 0 ? eager__strbuf_take(&text) : eager__strdup("");
}

static bool make_texts(eager__physical *devices, int count, int index,
                       eager__device_name name) {
  char short_name[EAGER__SHORT_NAME], full_name[EAGER__FULL_NAME];
  eager_device_info *info = &devices[index].info;
  eager__format_short_name(name, short_name);
  eager__format_full_name(name, full_name);
  info->short_name = eager__strdup(short_name);
  info->name = eager__strdup(full_name);
  info->stable_id = make_stable_id(devices, count, index);
  info->aliases = info->short_name == NULL ? NULL : make_aliases(devices, count, index);
  return info->name != NULL && info->stable_id != NULL && info->aliases != NULL;
}

static void free_texts(eager_device_info *info) {
  eager__free((void *)info->name);
  eager__free((void *)info->short_name);
  eager__free((void *)info->stable_id);
  eager__free((void *)info->aliases);
}

/* A view of a device bears that device's name: it is the same thing by another road. */
static bool name_all(eager__physical *devices, int count) {
  int next[EAGER_DEVICE_ACCELERATOR + 1] = {0};
  for (int i = 0; i < count; i++) copy_facts(&devices[i], type_of(&devices[i]));
  for (int i = 0; i < count; i++) {
    int winner = devices[i].duplicate_of;
    eager__device_name name = {.type = devices[i].info.type};
    if (winner < 0)
      name.index = next[name.type]++;
    else
      (void)eager__parse_device_name(devices[winner].info.short_name, &name);
    devices[i].info.type = name.type;
    if (!make_texts(devices, count, i, name)) return false;
  }
  return true;
}

eager_status eager__name_devices(eager__physical *devices, int count, int *out_listed) {
  *out_listed = 0;
  if (count == 0) return EAGER_OK;
  size_t size = (size_t)count * sizeof *devices;
  eager__physical *named = eager__alloc(2 * size);
  if (named == NULL) return eager__out_of_memory(2 * size);
  eager__physical *scratch = named + count;
  int listed = eager__merge_views(devices, count, named, scratch);
  eager_status status = EAGER_OK;
  if (name_all(named, count)) {
    memcpy(devices, named, size);
    *out_listed = listed;
  } else {
    for (int i = 0; i < count; i++) free_texts(&named[i].info);
    status = eager__out_of_memory(size);
  }
  eager__free(named);
  return status;
}
