#define _DEFAULT_SOURCE /* madvise, MAP_ANONYMOUS */

#include "cl/host_pages.h"

#include <stdint.h>
#include <sys/mman.h>

bool eager__shares_host_memory(const eager__device *device) {
  const eager__facts *facts = &device->physical->facts;
  return device->traits.cpu_like && facts->unified_memory && facts->local_memory_is_global;
}

static size_t round_up(size_t size) {
  return (size + EAGER__HUGE_PAGE - 1) / EAGER__HUGE_PAGE * EAGER__HUGE_PAGE;
}

void *eager__host_pages_create(size_t size) {
  if (size > SIZE_MAX - 2 * (size_t)EAGER__HUGE_PAGE) return NULL;
  size_t rounded = round_up(size);
  uint8_t *raw = mmap(NULL, rounded + EAGER__HUGE_PAGE, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (raw == MAP_FAILED) return NULL;
  size_t before = EAGER__HUGE_PAGE - (uintptr_t)raw % EAGER__HUGE_PAGE;
  if (before == EAGER__HUGE_PAGE) before = 0;
  uint8_t *pages = raw + before;
  if (before > 0) munmap(raw, before);
  if (before < EAGER__HUGE_PAGE) munmap(pages + rounded, EAGER__HUGE_PAGE - before);
  madvise(pages, rounded, MADV_HUGEPAGE); /* a wish: small pages serve as well */
  return pages;
}

void eager__host_pages_release(void *pages, size_t size) {
  if (pages != NULL) munmap(pages, round_up(size));
}
