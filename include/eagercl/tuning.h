/* tuning.h - the sizes that decide how fast kernels are, and what a tuner found better.
 *
 * The library chooses them by what a device tells of itself. `eagercl-tune` tries others on
 * the device that is there and saves the winners beside the kernel cache; later processes
 * take them up when they open the device. EAGERCL_TUNING="gemm_cached=640,group_size=64"
 * sets them for one process, EAGERCL_DETERMINISTIC=1 keeps the built-in ones.
 *
 * Every legal set gives right results. The last bits of sums may differ between sets. */
#ifndef EAGERCL_TUNING_H
#define EAGERCL_TUNING_H

#include <stddef.h>
#include <stdint.h>

#include <eagercl/export.h>
#include <eagercl/status.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct eager_tunable {
  const char *name;  /* "group_size" */
  const char *area;  /* what it speeds up: "elementwise", "gemm", ... */
  const char *about; /* a sentence */
  int value;         /* in force on the device */
  int builtin;       /* without tuning */
  int choices[8];    /* what the device can run, ascending */
  size_t choice_count;
  uint64_t reserved[4];
} eager_tunable;

/* How many there are; the same on every device. */
EAGER_API size_t eager_tunable_count(void);

/* Number `index` on an enabled device; opens the device. `device` NULL: the scope's. Its
 * texts are the library's. INVALID_ARGUMENT beyond the count. */
EAGER_API EAGER_NODISCARD eager_status eager_tunable_get(const char *device, size_t index,
                                                         eager_tunable *out);

/* Keeps `values`, "name=value,name=value", for the device and its driver: in force from the
 * next process on. "" forgets what was kept. Blocks for a small file. INVALID_ARGUMENT for
 * names there are not, or values that are no choice of this device; nothing is changed
 * then. Without a cache folder FAILED_PRECONDITION. */
EAGER_API EAGER_NODISCARD eager_status eager_tuning_save(const char *device,
                                                         const char *values);

#ifdef __cplusplus
}
#endif

#endif /* EAGERCL_TUNING_H */
