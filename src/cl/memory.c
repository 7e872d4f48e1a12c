#include "cl/memory.h"

#include <CL/cl.h>
#include <stdint.h>

#include "base/alloc.h"
#include "cl/census.h"
#include "cl/command.h"
#include "cl/host_pages.h"

/* What a driver's destructor callback gives back. */
typedef struct lent_pages {
  void *pages;
  size_t size;
} lent_pages;

/* The driver calls this when the last command and the last holder of an exported handle
 * are done with the buffer: no sooner may the pages go. */
static void CL_CALLBACK give_back(cl_mem mem, void *user_data) {
  (void)mem;
  lent_pages *lent = user_data;
  eager__host_pages_release(lent->pages, lent->size);
  eager__free(lent);
}

static cl_int create_over_pages(eager__device *device, lent_pages *lent, cl_mem *out) {
  cl_int code;
  *out = clCreateBuffer(device->context->cl, CL_MEM_READ_WRITE | CL_MEM_USE_HOST_PTR,
                        lent->size, lent->pages, &code);
  if (code != CL_SUCCESS) return code;
  code = clSetMemObjectDestructorCallback(*out, give_back, lent);
  if (code != CL_SUCCESS) clReleaseMemObject(*out);
  return code;
}

/* False when it cannot be had this way; nothing is left behind. */
static bool create_huge(eager__device *device, size_t size, eager__memory *out) {
  lent_pages *lent = eager__alloc(sizeof *lent);
  void *pages = lent != NULL ? eager__host_pages_create(size) : NULL;
  if (pages != NULL) {
    *lent = (lent_pages){pages, size};
    cl_mem mem;
    eager__cl_enter(device->context);
    cl_int code = create_over_pages(device, lent, &mem);
    eager__cl_leave(device->context);
    if (code == CL_SUCCESS) {
      *out = (eager__memory){mem, pages, size};
      return true;
    }
  }
  eager__host_pages_release(pages, size);
  eager__free(lent);
  return false;
}

eager_status eager__memory_create(eager__device *device, size_t size, eager__memory *out) {
  *out = (eager__memory){0};
  EAGER__REQUIRE(size <= device->info.max_allocation, EAGER_RESOURCE_EXHAUSTED,
                 "%zu bytes are more than the largest allocation of %s, %llu bytes", size,
                 device->short_name, (unsigned long long)device->info.max_allocation);
  bool huge = size >= EAGER__HUGE_PAGE && eager__shares_host_memory(device);
  if (!huge || !create_huge(device, size, out)) {
    cl_int code;
    eager__cl_enter(device->context);
    cl_mem mem = clCreateBuffer(device->context->cl, CL_MEM_READ_WRITE, size, NULL, &code);
    eager__cl_leave(device->context);
    if (code != CL_SUCCESS) return eager__command_refused(device, "clCreateBuffer", code);
    *out = (eager__memory){mem, NULL, size};
  }
  eager__census_add(EAGER__OBJECT_MEM, 1);
  return EAGER_OK;
}

void eager__memory_release(eager__device *device, eager__memory *memory) {
  eager__memory_drop(device, memory->mem);
  *memory = (eager__memory){0};
}

_Atomic uint64_t eager__memory_drop_count;

void eager__memory_drop(eager__device *device, eager__mem *mem) {
  if (mem == NULL) return;
  /* Before another buffer can get its address; whoever gets that one has seen this. */
  atomic_fetch_add_explicit(&eager__memory_drop_count, 1, memory_order_relaxed);
  eager__cl_enter(device->context);
  clReleaseMemObject(mem); /* the driver keeps it alive for enqueued work */
  eager__cl_leave(device->context);
  eager__census_add(EAGER__OBJECT_MEM, -1);
}

eager_status eager__memory_write(eager__device *device, eager__mem *mem, size_t offset,
                                 const void *data, size_t size) {
  if (size == 0) return EAGER_OK;
  eager__event *event;
  EAGER__TRY(eager__command_write(device, mem, offset, data, size, &event));
  return eager__command_wait(device, "a write", event);
}

eager_status eager__memory_read(eager__device *device, eager__mem *mem, size_t offset,
                                void *data, size_t size) {
  if (size == 0) return EAGER_OK;
  eager__event *event;
  EAGER__TRY(eager__command_read(device, mem, offset, data, size, &event));
  return eager__command_wait(device, "a read", event);
}

/* A part of a copy, on the queue of `device`. */
typedef struct part {
  eager__device *device;
  size_t begin, size;
  eager__event *event;
} part;

/* Drivers copy with one thread, so two devices of the CPU copy twice as fast as one. Below
 * this the second wake-up costs more. */
enum { SPLIT_FROM = 4 * 1024 * 1024 };

/* The device whose commands run inside the enqueue comes last. */
static int plan_copy(eager__device *from, eager__device *to, size_t size, part parts[2]) {
  parts[0] = (part){to, 0, size, NULL};
  bool split = from != to && size >= SPLIT_FROM && eager__shares_host_memory(from) &&
               eager__shares_host_memory(to) &&
               !(from->traits.sync_enqueue && to->traits.sync_enqueue);
  if (!split) return 1;
  bool to_last = to->traits.sync_enqueue;
  size_t half = size / 2 / EAGER__HUGE_PAGE * EAGER__HUGE_PAGE;
  parts[0] = (part){to_last ? from : to, 0, half, NULL};
  parts[1] = (part){to_last ? to : from, half, size - half, NULL};
  return 2;
}

eager_status eager__memory_copy(eager__device *from, eager__mem *source,
                                size_t source_offset, eager__device *to, eager__mem *target,
                                size_t target_offset, size_t size) {
  if (size == 0) return EAGER_OK;
  part parts[2];
  int count = plan_copy(from, to, size, parts), begun = 0;
  eager_status status = EAGER_OK;
  while (begun < count && status == EAGER_OK) {
    part *each = &parts[begun];
    status = eager__command_copy(each->device, source, source_offset + each->begin, target,
                                 target_offset + each->begin, each->size, &each->event);
    if (status == EAGER_OK) begun++;
  }
  for (int i = 0; i < begun; i++) { /* those begun end, whatever else went wrong */
    if (status == EAGER_OK)
      status = eager__command_wait(parts[i].device, "a copy", parts[i].event);
    else
      (void)eager__event_finish(parts[i].device, parts[i].device->transfer.queue,
                                parts[i].event);
  }
  return status;
}

/* Asked twice: what stays mapped is never freed. */
static eager_status start_unmap(eager__device *device, eager__mem *mem, void *view,
                                eager__event **out_event) {
  eager_status status = eager__command_unmap(device, mem, view, out_event);
  if (status != EAGER_RESOURCE_EXHAUSTED) return status;
  eager__clear_error();
  return eager__command_unmap(device, mem, view, out_event);
}

void eager__memory_forget_view(eager__device *device, eager__mem *mem, void *view) {
  eager__event *event;
  eager__keep_error(true);
  if (start_unmap(device, mem, view, &event) == EAGER_OK)
    (void)eager__event_finish(device, device->transfer.queue, event);
  eager__keep_error(false);
}

eager_status eager__memory_view(eager__device *device, eager__mem *mem, size_t offset,
                                size_t size, bool discard, void **out) {
  *out = NULL;
  void *view;
  eager__event *event;
  EAGER__TRY(eager__command_map(device, mem, offset, size, discard, &view, &event));
  eager_status status = eager__command_wait(device, "a map", event);
  if (status == EAGER_OK)
    *out = view;
  else
    eager__memory_forget_view(device, mem, view);
  return status;
}

eager_status eager__memory_map(eager__device *device, eager__mem *mem, size_t offset,
                               size_t size, const void **out) {
  void *view;
  eager_status status = eager__memory_view(device, mem, offset, size, false, &view);
  *out = view;
  return status;
}

eager_status eager__memory_unmap(eager__device *device, eager__mem *mem, const void *view) {
  eager__event *event;
  EAGER__TRY(start_unmap(device, mem, (void *)(uintptr_t)view, &event));
  return eager__command_wait(device, "an unmap", event);
}
