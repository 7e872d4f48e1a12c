#include "runtime/close.h"

#include "base/log.h"
#include "cl/blas.h"
#include "cl/user_program.h"
#include "runtime/capability.h"
#include "runtime/copy_stats.h"
#include "runtime/mirror.h"
#include "runtime/trace.h"
#include "runtime/transfer.h"
#include "tensor/failure.h"
#include "tensor/forms.h"
#include "tensor/pool.h"

static void close_devices(eager__runtime *runtime) {
  eager__blas_close();
  for (int i = 0; i < runtime->device_count; i++) {
    eager__device *device = runtime->devices[i];
    if (atomic_load(&device->is_open)) {
      eager__timeline_abandon(&device->compute);
      eager__pool_close(device);
      eager__device_close(device);
    }
    eager__failures_close(device);
  }
  for (int i = 0; i < runtime->context_count; i++)
    eager__context_close(runtime->contexts[i]);
}

void eager__runtime_close(eager__runtime *runtime) {
  for (int i = 0; i < runtime->device_count; i++)
    eager__worker_stop(runtime, runtime->devices[i]);
  eager__trace_close(runtime); /* while the names of users' kernels live */
  eager__forms_close();
  eager__mirrors_close();
  close_devices(runtime);
  eager__copy_stats_close();
  eager__capability_close();
  eager__user_programs_close();
  eager__log_configure(NULL, NULL, EAGER_LOG_WARNING);
  eager__options_free(&runtime->options);
}
