#include "cl/staging.h"

#include <CL/cl.h>
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "base/alloc.h"
#include "cl/command.h"
#include "cl/traced.h"

enum { RING_SIZE = 1024 * 1024, GRANULE = 64, PAGE = 4096 };

/* Stands in the ring before its bytes. */
typedef struct slot {
  struct eager__staging *staging;
  struct slot *next; /* submitted after this one */
  uint64_t seq;
  uint64_t end; /* where the ring is free up to once this slot is back */
} slot;
static_assert(sizeof(slot) <= GRANULE, "a slot's head fits one granule");

/* Positions only grow; modulo RING_SIZE they are offsets into the ring.
 *
 *   freed <= taken <= freed + RING_SIZE
 *
 * Guarded by the compute timeline's lock, which also covers the retirees. */
struct eager__staging {
  void *block;
  uint8_t *ring;
  uint64_t freed, taken;
  slot *oldest, *newest;
};

static eager_status get_staging(eager__device *device, struct eager__staging **out) {
  if (device->staging == NULL) {
    struct eager__staging *staging = eager__alloc(sizeof *staging);
    void *block = eager__alloc(RING_SIZE + PAGE);
    if (staging == NULL || block == NULL) {
      eager__free(staging);
      eager__free(block);
      return eager__out_of_memory(RING_SIZE + PAGE);
    }
    staging->block = block;
    staging->ring = (uint8_t *)block + (PAGE - (uintptr_t)block % PAGE);
    device->staging = staging;
  }
  *out = device->staging;
  return EAGER_OK;
}

static void retire(void *arg, uint64_t seq, bool lost) {
  (void)seq, (void)lost; /* a lost device's queue reads no more once it is released */
  slot *done = arg;
  struct eager__staging *staging = done->staging;
  assert(staging->oldest == done);
  staging->oldest = done->next;
  if (staging->oldest == NULL) staging->newest = NULL;
  staging->freed = done->end;
}

/* Room for a head and `size` bytes that does not cross the ring's end; NULL when full. */
static slot *find_room(struct eager__staging *staging, size_t size, uint64_t *out_end) {
  uint64_t need = GRANULE + (size + GRANULE - 1) / GRANULE * GRANULE;
  uint64_t begin = staging->taken;
  uint64_t to_end = RING_SIZE - begin % RING_SIZE;
  if (to_end < need) begin += to_end;
  if (begin + need > staging->freed + RING_SIZE) return NULL;
  *out_end = begin + need;
  return (slot *)(void *)(staging->ring + begin % RING_SIZE);
}

static eager_status enqueue(eager__device *device, eager__mem *mem, size_t offset,
                            const void *data, size_t size) {
  eager__traced traced;
  eager__cl_enter(device->context);
  cl_int code =
      clEnqueueWriteBuffer(device->compute.queue, mem, CL_FALSE, offset, size, data, 0,
                           NULL, eager__traced_begin(&traced, &device->compute, NULL));
  eager__cl_leave(device->context);
  eager__traced_end(
      &traced, code == CL_SUCCESS,
      &(eager__traced_what){.kind = EAGER__TRACE_MOVE, .name = "upload", .size = size});
  if (code == CL_SUCCESS) return EAGER_OK;
  return eager__command_refused(device, "clEnqueueWriteBuffer", code);
}

/* Lock held. `*out_full` is the submission to wait for when the ring has no room. */
static eager_status try_write(eager__device *device, eager__mem *mem, size_t offset,
                              const void *data, size_t size, uint64_t *out_seq,
                              uint64_t *out_full) {
  struct eager__staging *staging = NULL;
  EAGER__TRY(get_staging(device, &staging));
  uint64_t end;
  slot *taken = find_room(staging, size, &end);
  *out_full = taken == NULL ? staging->oldest->seq : 0;
  if (taken == NULL) return EAGER_OK;
  EAGER__TRY(eager__timeline_reserve_retirees(&device->compute, 1));
  uint8_t *bytes = (uint8_t *)taken + GRANULE;
  memcpy(bytes, data, size);
  EAGER__TRY(enqueue(device, mem, offset, bytes, size));
  uint64_t seq = atomic_load(&device->compute.submitted) + 1;
  *taken = (slot){.staging = staging, .seq = seq, .end = end};
  if (staging->newest != NULL)
    staging->newest->next = taken;
  else
    staging->oldest = taken;
  staging->newest = taken;
  staging->taken = end;
  /* Before the commit, which may already see the submission complete. */
  eager__timeline_add_retiree(&device->compute, seq, retire, taken);
  *out_seq = eager__timeline_commit(&device->compute, false);
  return EAGER_OK;
}

eager_status eager__staging_write(eager__device *device, eager__mem *mem, size_t offset,
                                  const void *data, size_t size, uint64_t *out_seq) {
  assert(size <= EAGER__STAGING_LIMIT);
  *out_seq = 0;
  if (size == 0) return EAGER_OK;
  for (;;) {
    uint64_t full = 0;
    eager__timeline_lock(&device->compute);
    eager_status status = try_write(device, mem, offset, data, size, out_seq, &full);
    eager__timeline_unlock(&device->compute);
    if (status != EAGER_OK || full == 0) return status;
    if (eager__timeline_wait(&device->compute, full) != EAGER_OK)
      return eager__device_fail_lost(device, "waiting for staging memory");
  }
}

void eager__staging_close(eager__device *device) {
  if (device->staging == NULL) return;
  eager__free(device->staging->block);
  eager__free(device->staging);
  device->staging = NULL;
}
