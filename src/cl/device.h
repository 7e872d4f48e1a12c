/* An enabled device: its context, its two queues, and what floors above hang on it.
 *
 * The struct is made by enabling and freed by nobody: handles that outlive a shutdown still
 * tell their device's name. The driver's objects come at the first use (open) and go at
 * shutdown (close). */
#ifndef EAGER_CL_DEVICE_H
#define EAGER_CL_DEVICE_H

#include <stdatomic.h>
#include <stdbool.h>

#include "base/sync.h"
#include "cl/driver.h"
#include "cl/platform.h"
#include "cl/select.h"
#include "cl/timeline.h"

/* One per platform, shared by its enabled devices. */
typedef struct eager__context {
  eager__cl_context *cl; /* NULL until the first use of a device */
  eager__cl_platform *platform;
  struct eager__device **devices; /* borrowed: all enabled devices of the platform */
  int device_count;
  eager__mutex serial; /* recursive; taken only when single_threaded */
  bool single_threaded;
  atomic_int lost_code; /* the driver's code once a device of this context was lost; 0 */
} eager__context;

typedef struct eager__device {
  eager_device_info info;
  char short_name[EAGER__SHORT_NAME], full_name[EAGER__FULL_NAME];
  int index; /* among the enabled ones */
  eager_device_type type;
  const eager__physical *physical;
  eager__traits traits;
  eager__cl_device *id;
  eager__context *context;
  bool profiling; /* asked for; false once open where the driver refuses */
  atomic_bool is_open;
  atomic_bool has_run;      /* the runtime's: something was submitted */
  atomic_bool pool_is_open; /* the runtime's: everything below is ready for use */
  eager__timeline compute, transfer;

  /* Owned by the room each is named after; NULL until it opens there. */
  struct eager__cells *cells;               /* cl/cells */
  struct eager__staging *staging;           /* cl/staging */
  struct eager__programs *_Atomic programs; /* cl/program; made while others look */
  struct eager__pool *pool;                 /* tensor/pool */
  struct eager__failures *failures;         /* tensor/failure */
  struct eager__worker *_Atomic worker;     /* runtime/transfer; made while others look */
} eager__device;

/* --- Enabling: one thread at a time; touches no driver. --- */

/* For the platform of `first` and the devices made for it. */
eager_status eager__context_new(const eager__physical *first, eager__context **out);

/* Device `index` of the enabled ones, under its selected name; joins `context`. Both
 * timelines are initialised. RESOURCE_EXHAUSTED leaves the context as it was. */
eager_status eager__device_new(const eager__selected *selected, int index,
                               eager__context *context, bool profiling,
                               eager__device **out);

/* Only when enabling fails half-way: contexts after their devices. NULL-safe. */
void eager__device_free(eager__device *device);
void eager__context_free(eager__context *context);

/* --- At work. --- */

/* Makes context (once per platform) and queues; cheap once open. Any thread. UNAVAILABLE
 * when the device is lost, INTERNAL or RESOURCE_EXHAUSTED when the driver refuses. */
eager_status eager__device_open(eager__device *device);

/* Releases queues and what this floor hung on the device. Nothing may be in flight. */
void eager__device_close(eager__device *device);
void eager__context_close(eager__context *context);

/* Round every driver call but pure queries: a lock on Oclgrind, nothing elsewhere. */
static inline void eager__cl_enter(eager__context *context) {
  if (context->single_threaded) eager__mutex_lock(&context->serial);
}
static inline void eager__cl_leave(eager__context *context) {
  if (context->single_threaded) eager__mutex_unlock(&context->serial);
}
bool eager__cl_try_enter(eager__context *context);

/* Marks the device and all others of its context lost; the first code stays. */
void eager__device_lose(eager__device *device, int code);
static inline bool eager__device_is_lost(const eager__device *device) {
  return atomic_load_explicit(&device->context->lost_code, memory_order_acquire) != 0;
}

/* Writes `device GPU:0 was lost: <code> at or after <what>` and gives the driver's code. */
int eager__device_describe_loss(const eager__device *device, const char *what, char *text,
                                size_t size);

/* Records UNAVAILABLE `device GPU:0 was lost: <code> at or after <what>`. */
eager_status eager__device_fail_lost(const eager__device *device, const char *what);

#endif
