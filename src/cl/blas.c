#include "cl/blas.h"

#include <stdatomic.h>

#include "base/alloc.h"
#include "base/dtype.h"
#include "base/log.h"
#include "cl/blas_library.h"
#include "cl/blas_trial.h"
#include "cl/build.h"
#include "cl/cache.h"

typedef struct verdict {
  struct verdict *next;
  const eager__device *device;
  eager_dtype dtype;
  bool is_usable;
} verdict;

/* Held while the library is tried, which may take seconds: two threads try once. */
static eager__mutex trial_lock = EAGER__MUTEX_STATIC(EAGER__RANK_PROGRAM);
static eager__mutex lock = EAGER__MUTEX_STATIC(EAGER__RANK_LEAF);
static verdict *verdicts; /* guarded by lock */

enum { NOT_IMPLEMENTED = -1024 }; /* CLBlast's status for it */
static _Atomic uint64_t taken;
static _Atomic bool refuses;

static bool find(const eager__device *device, eager_dtype dtype, bool *out_usable) {
  bool found = false;
  eager__mutex_lock(&lock);
  for (verdict *each = verdicts; each != NULL && !found; each = each->next) {
    found = each->device == device && each->dtype == dtype;
    if (found) *out_usable = each->is_usable;
  }
  eager__mutex_unlock(&lock);
  return found;
}

static void remember(const eager__device *device, eager_dtype dtype, bool is_usable) {
  verdict *added = eager__alloc(sizeof *added);
  if (added == NULL) return; /* tried again next time */
  *added = (verdict){NULL, device, dtype, is_usable};
  eager__mutex_lock(&lock);
  added->next = verdicts;
  verdicts = added;
  eager__mutex_unlock(&lock);
}

/* Allocated; NULL where there is no disk cache or memory is short. */
static char *make_key(const eager__device *device, eager_dtype dtype) {
  if (!device->traits.disk_cache) return NULL;
  eager__strbuf key = {0};
  eager__strbuf_add(&key, "CLBlast ");
  eager__blas_write_version(&key);
  eager__strbuf_format(&key,
                       "\nknown answers, products alone and in batches, of %s, set %d\n",
                       eager__dtype(dtype)->name, device->traits.clblast_set);
  eager__write_device_key(&key, device);
  return eager__strbuf_take(&key);
}

static bool load_verdict(const char *key, eager__trial_result *out) {
  void *data;
  size_t size;
  if (key == NULL || !eager__cache_load(key, &data, &size)) return false;
  int value = size == 1 ? *(uint8_t *)data : EAGER__TRIAL_BROKEN;
  eager__free(data);
  if (value >= EAGER__TRIAL_BROKEN) return false;
  *out = (eager__trial_result)value;
  return true;
}

static eager__trial_result try_library(eager__device *device, eager_dtype dtype) {
  eager__trial_result result = EAGER__TRIAL_BROKEN;
  char *key = make_key(device, dtype);
  eager__blas_use_set(device, dtype, device->traits.clblast_set);
  if (!load_verdict(key, &result)) {
    result = eager__blas_trial(device, dtype);
    uint8_t value = (uint8_t)result;
    if (key != NULL && result != EAGER__TRIAL_BROKEN)
      eager__cache_store(key, &value, sizeof value);
  }
  eager__free(key);
  return result;
}

static const char *reason(eager__trial_result result) {
  switch (result) {
  case EAGER__TRIAL_WRONG:
    return "it gives wrong answers";
  case EAGER__TRIAL_REFUSED:
    return "it refuses every product";
  case EAGER__TRIAL_BROKEN:
    return eager_error_message();
  case EAGER__TRIAL_RIGHT:
    break;
  }
  return "";
}

/* A test that could not be run says nothing: the next question tries again. */
static bool decide(eager__device *device, eager_dtype dtype, eager__trial_result *out) {
  bool is_usable = false;
  *out = EAGER__TRIAL_RIGHT;
  eager__mutex_lock(&trial_lock);
  if (!find(device, dtype, &is_usable)) {
    *out = try_library(device, dtype);
    is_usable = *out == EAGER__TRIAL_RIGHT;
    if (*out != EAGER__TRIAL_BROKEN) remember(device, dtype, is_usable);
  }
  eager__mutex_unlock(&trial_lock);
  return is_usable;
}

bool eager__blas_usable(eager__device *device, eager_dtype dtype) {
  bool is_usable = false;
  if (!eager__blas_serves(device, dtype)) return false;
  if (find(device, dtype, &is_usable)) return is_usable;
  eager__trial_result result = EAGER__TRIAL_BROKEN;
  if (eager__device_open(device) == EAGER_OK) is_usable = decide(device, dtype, &result);
  if (result != EAGER__TRIAL_RIGHT)
    eager__log(EAGER_LOG_WARNING, "CLBlast is not used for %s on %s: %s",
               eager__dtype(dtype)->name, device->short_name, reason(result));
  if (result == EAGER__TRIAL_BROKEN) eager__clear_error();
  return is_usable;
}

eager_status eager__blas_gemm(eager__device *device, const eager__gemm *gemm) {
  int code = atomic_load(&refuses) ? NOT_IMPLEMENTED : eager__blas_enqueue(device, gemm);
  if (code == 0) {
    atomic_fetch_add_explicit(&taken, 1, memory_order_relaxed);
    return EAGER_OK;
  }
  return eager__fail_cl(EAGER_INTERNAL, code,
                        "CLBlast refused a product of [%zu,%zu] and [%zu,%zu] on %s: %d",
                        gemm->m, gemm->k, gemm->k, gemm->n, device->short_name, code);
}

uint64_t eager__blas_count(void) {
  return atomic_load_explicit(&taken, memory_order_relaxed);
}

void eager__blas_refuse(bool refuse) {
  atomic_store(&refuses, refuse);
}

void eager__blas_close(void) {
  eager__blas_forget();
  eager__mutex_lock(&lock);
  verdict *each = verdicts;
  verdicts = NULL;
  eager__mutex_unlock(&lock);
  for (verdict *next; each != NULL; each = next) {
    next = each->next;
    eager__free(each);
  }
}
