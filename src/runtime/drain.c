#include "runtime/drain.h"

#include <stdlib.h>

#include "base/fork.h"
#include "base/trace.h"
#include "runtime/trace.h"
#include "runtime/transfer.h"
#include "tensor/pool.h"

void eager__drain(eager__runtime *runtime, bool past_events) {
  for (int i = 0; i < runtime->device_count; i++)
    eager__wait_tasks(runtime, runtime->devices[i], past_events);
  for (int i = 0; i < runtime->device_count; i++) {
    eager__device *device = runtime->devices[i];
    if (!atomic_load(&device->is_open)) continue;
    eager__timeline_wait(&device->compute, atomic_load(&device->compute.submitted));
  }
}

void eager__drain_at_exit(void) {
  eager__runtime *runtime = eager__runtime_get();
  if (runtime) eager__drain(runtime, false);
  if (!eager__is_forked()) (void)eager__trace_write();
}

void eager__drain_again_at_exit(eager__device *device) {
  if (atomic_load_explicit(&device->has_run, memory_order_relaxed)) return;
  if (!atomic_exchange(&device->has_run, true)) atexit(eager__drain_at_exit);
}

void eager__runtime_leave(eager__runtime *runtime) {
  atomic_store(&eager__trace_is_on, false);
  for (int i = 0; i < runtime->device_count; i++) eager__pool_leave(runtime->devices[i]);
}
