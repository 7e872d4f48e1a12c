#include "cl/memory.h"

#include <stdint.h>

#include "base/alloc.h"
#include "cl/command.h"
#include "cl/host_pages.h"

enum {
  CHUNK = 4 * 1024 * 1024,
  PAGE = 4096, /* what drivers want staging memory aligned to */
  /* A map and an unmap cost PoCL two wake-ups of a worker: below this a second copy of the
   * bytes is cheaper. */
  MAP_FROM = 1024 * 1024,
};

typedef struct side {
  eager__device *device;
  eager__mem *mem;
  size_t offset;
} side;

/* Unmapping comes after a failure too, whose status is the one returned. */
static eager_status unmap(const side *mapped, void *view, eager_status status) {
  if (status == EAGER_OK) return eager__memory_unmap(mapped->device, mapped->mem, view);
  eager__memory_forget_view(mapped->device, mapped->mem, view);
  return status;
}

static eager_status through_source(const side *from, const side *to, size_t size) {
  void *view;
  EAGER__TRY(eager__memory_view(from->device, from->mem, from->offset, size, false, &view));
  eager_status status = eager__memory_write(to->device, to->mem, to->offset, view, size);
  return unmap(from, view, status);
}

static eager_status through_target(const side *from, const side *to, size_t size) {
  void *view;
  EAGER__TRY(eager__memory_view(to->device, to->mem, to->offset, size, true, &view));
  eager_status status =
      eager__memory_read(from->device, from->mem, from->offset, view, size);
  return unmap(to, view, status);
}

/* One chunk is read while the one before it is written, from this one thread. */
static eager_status pipeline(const side *from, const side *to, size_t size, uint8_t *halves,
                             size_t chunk) {
  eager__event *reading = NULL, *writing = NULL;
  eager_status status =
      eager__command_read(from->device, from->mem, from->offset, halves, chunk, &reading);
  if (status != EAGER_OK) return status;
  for (size_t done = 0, part = 0; done < size && status == EAGER_OK; part++) {
    uint8_t *full = halves + (part % 2) * chunk, *other = halves + ((part + 1) % 2) * chunk;
    size_t bytes = size - done < chunk ? size - done : chunk;
    size_t next = done + bytes;
    size_t next_bytes = size - next < chunk ? size - next : chunk;
    status = eager__command_wait(from->device, "a read", reading);
    reading = NULL;
    if (status != EAGER_OK) break;
    status = eager__command_wait(to->device, "a write", writing);
    writing = NULL;
    if (status != EAGER_OK) break;
    if (next_bytes > 0)
      status = eager__command_read(from->device, from->mem, from->offset + next, other,
                                   next_bytes, &reading);
    if (status != EAGER_OK) break;
    status =
        eager__command_write(to->device, to->mem, to->offset + done, full, bytes, &writing);
    done = next;
  }
  if (status == EAGER_OK) return eager__command_wait(to->device, "a write", writing);
  /* The halves are about to go: nothing may be in flight. */
  if (reading != NULL)
    (void)eager__event_finish(from->device, from->device->transfer.queue, reading);
  if (writing != NULL)
    (void)eager__event_finish(to->device, to->device->transfer.queue, writing);
  return status;
}

static eager_status through_staging(const side *from, const side *to, size_t size) {
  size_t chunk = size < CHUNK ? size : CHUNK;
  size_t half = (chunk + PAGE - 1) / PAGE * PAGE;
  size_t room = (size > chunk ? 2 * half : half) + PAGE;
  uint8_t *block = eager__alloc(room);
  if (block == NULL) return eager__out_of_memory(room);
  uint8_t *halves = block + (PAGE - (uintptr_t)block % PAGE);
  eager_status status = pipeline(from, to, size, halves, size > chunk ? half : chunk);
  eager__free(block);
  return status;
}

eager_status eager__memory_transfer(eager__device *from, eager__mem *source,
                                    size_t source_offset, eager__device *to,
                                    eager__mem *target, size_t target_offset, size_t size) {
  if (size == 0) return EAGER_OK;
  side source_side = {from, source, source_offset},
       target_side = {to, target, target_offset};
  if (size >= MAP_FROM && eager__shares_host_memory(from))
    return through_source(&source_side, &target_side, size);
  if (size >= MAP_FROM && eager__shares_host_memory(to))
    return through_target(&source_side, &target_side, size);
  return through_staging(&source_side, &target_side, size);
}
