#include "cl/merge.h"

#include <stdio.h>
#include <string.h>

eager__driver_class eager__driver_class_of(const eager__physical *device) {
  static const char *const portable[] = {"Portable Computing Language", "rusticl", "Clover",
                                         "clvk", "OpenCLOn12"};
  if (device->traits.is_simulator) return EAGER__DRIVER_SIMULATOR;
  for (size_t i = 0; i < sizeof portable / sizeof portable[0]; i++)
    if (strstr(device->facts.platform, portable[i]) != NULL) return EAGER__DRIVER_PORTABLE;
  return EAGER__DRIVER_VENDOR;
}

/* --- Order: by what platforms say of themselves; the loader's order may change from run to
 * run, so it only decides between platforms that are alike in everything. --- */

static const eager__physical *first_of_platform(const eager__physical *devices, int count,
                                                int platform) {
  const eager__physical *first = NULL;
  for (int i = 0; i < count; i++)
    if (devices[i].facts.platform_index == platform &&
        (first == NULL || devices[i].facts.device_index < first->facts.device_index))
      first = &devices[i];
  return first;
}

static int compare_pci(const eager__facts *a, const eager__facts *b) {
  const uint32_t left[] = {a->has_pci, a->pci_domain, a->pci_bus, a->pci_device,
                           a->pci_function};
  const uint32_t right[] = {b->has_pci, b->pci_domain, b->pci_bus, b->pci_device,
                            b->pci_function};
  for (size_t i = 0; i < sizeof left / sizeof left[0]; i++)
    if (left[i] != right[i]) return left[i] < right[i] ? -1 : 1;
  return 0;
}

/* Compares two platforms by their first devices. */
static int compare_platforms(const eager__physical *a, const eager__physical *b) {
  int order = (int)eager__driver_class_of(a) - (int)eager__driver_class_of(b);
  if (order == 0) order = strcmp(a->facts.platform, b->facts.platform);
  if (order == 0) order = strcmp(a->facts.platform_vendor, b->facts.platform_vendor);
  if (order == 0) order = strcmp(a->facts.platform_version, b->facts.platform_version);
  if (order == 0) order = strcmp(a->facts.driver_version, b->facts.driver_version);
  if (order == 0) order = strcmp(a->facts.device, b->facts.device);
  if (order == 0) order = compare_pci(&a->facts, &b->facts);
  if (order == 0) order = memcmp(a->facts.uuid, b->facts.uuid, sizeof a->facts.uuid);
  return order != 0 ? order : a->facts.platform_index - b->facts.platform_index;
}

bool eager__comes_before(const eager__physical *devices, int count, int a, int b) {
  const eager__facts *left = &devices[a].facts, *right = &devices[b].facts;
  if (left->platform_index == right->platform_index)
    return left->device_index < right->device_index;
  return compare_platforms(first_of_platform(devices, count, left->platform_index),
                           first_of_platform(devices, count, right->platform_index)) < 0;
}

static void copy_sorted(const eager__physical *devices, int count,
                        eager__physical *sorted) {
  for (int i = 0; i < count; i++) {
    int place = 0;
    for (int other = 0; other < count; other++)
      if (other != i && eager__comes_before(devices, count, other, i)) place++;
    sorted[place] = devices[i];
  }
}

/* --- Merging: one physical device seen through two platforms. --- */

/* 0000:00:00.0 is the host bridge: drivers that do not know the address report it. */
bool eager__has_pci(const eager__facts *facts) {
  return facts->has_pci && (facts->pci_domain | facts->pci_bus | facts->pci_device |
                            facts->pci_function) != 0;
}

bool eager__has_uuid(const eager__facts *facts) {
  static const uint8_t zero[sizeof facts->uuid] = {0};
  return facts->has_uuid && memcmp(facts->uuid, zero, sizeof zero) != 0;
}

void eager__format_pci(const eager__facts *facts, char text[EAGER__PCI_TEXT]) {
  snprintf(text, EAGER__PCI_TEXT, "%04x:%02x:%02x.%x", (unsigned)facts->pci_domain,
           (unsigned)facts->pci_bus, (unsigned)facts->pci_device,
           (unsigned)facts->pci_function);
}

bool eager__same_pci(const eager__facts *a, const eager__facts *b) {
  return eager__has_pci(a) && eager__has_pci(b) && compare_pci(a, b) == 0;
}

bool eager__same_uuid(const eager__facts *a, const eager__facts *b) {
  return eager__has_uuid(a) && eager__has_uuid(b) &&
         memcmp(a->uuid, b->uuid, sizeof a->uuid) == 0;
}

static bool is_same_device(const eager__facts *a, const eager__facts *b) {
  if (a->platform_index == b->platform_index) return false;
  return eager__has_pci(a) && eager__has_pci(b) ? eager__same_pci(a, b)
                                                : eager__same_uuid(a, b);
}

/* Slices of one GPU share its PCI address: each preferred one stands for at most one device
 * of every other platform, or two devices of that platform would be merged. */
static bool has_view_of(const eager__physical *devices, int before, int winner,
                        int platform) {
  for (int i = 0; i < before; i++)
    if (devices[i].duplicate_of == winner && devices[i].facts.platform_index == platform)
      return true;
  return false;
}

static int find_preferred(const eager__physical *devices, int index) {
  const eager__facts *facts = &devices[index].facts;
  for (int i = 0; i < index; i++)
    if (devices[i].duplicate_of < 0 && is_same_device(&devices[i].facts, facts) &&
        !has_view_of(devices, index, i, facts->platform_index))
      return i;
  return -1;
}

int eager__merge_views(const eager__physical *devices, int count, eager__physical *out,
                       eager__physical *scratch) {
  int listed = 0;
  eager__physical *marked = scratch;
  copy_sorted(devices, count, marked);
  for (int i = 0; i < count; i++) {
    marked[i].duplicate_of = find_preferred(marked, i);
    if (marked[i].duplicate_of < 0) listed++;
  }
  int next_listed = 0, next_duplicate = listed;
  for (int i = 0; i < count; i++)
    out[marked[i].duplicate_of < 0 ? next_listed++ : next_duplicate++] = marked[i];
  for (int i = listed; i < count; i++) {
    int place = 0;
    for (int before = 0; before < out[i].duplicate_of; before++)
      if (marked[before].duplicate_of < 0) place++;
    out[i].duplicate_of = place;
  }
  return listed;
}
