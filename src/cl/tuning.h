/* Tuning: sizes that decide how fast kernels are, kept per device and driver.
 *
 * Each tunable is one int of a device's traits. Its built-in value follows from the
 * device's facts; a better one found by trial (eagercl-tune) is kept in the folder of the
 * kernel cache and taken up when the device opens. Any legal set of values gives right
 * results; the last bits of sums may differ between sets, as between devices. */
#ifndef EAGER_CL_TUNING_H
#define EAGER_CL_TUNING_H

#include "cl/device.h"

enum { EAGER__TUNABLE_CHOICES = 8 };

typedef struct eager__tunable {
  const char *name, *area, *about;
  size_t offset;                       /* of its int in eager__traits */
  int choices[EAGER__TUNABLE_CHOICES]; /* legal values, ascending; a negative one ends */
} eager__tunable;

extern const eager__tunable eager__tunables[];
extern const int eager__tunable_count;

static inline int eager__tunable_choice_count(const eager__tunable *tunable) {
  int count = 0;
  while (count < EAGER__TUNABLE_CHOICES && tunable->choices[count] >= 0) count++;
  return count;
}

int eager__tuning_value(const eager__traits *traits, const eager__tunable *tunable);

/* Whether `value` is one of the choices and the device can run it. Pure. */
bool eager__tuning_takes(const eager__physical *physical, const eager__tunable *tunable,
                         int value);

/* "name=value,name=value", or "": INVALID_ARGUMENT that begins with `where` and tells what
 * is legal. */
eager_status eager__tuning_check(const char *where, const char *text);

/* Puts a checked text's values into `traits`; what the device cannot run stays as it is. */
void eager__tuning_apply(const eager__physical *physical, const char *text,
                         eager__traits *traits);

/* While a device opens: EAGERCL_TUNING's values, else the saved ones; none under
 * EAGERCL_DETERMINISTIC. Both variables have been checked. */
void eager__tuning_load(eager__device *device);

/* The name of the first value that the device cannot run, or NULL. Of a checked text. */
const char *eager__tuning_refused(const eager__physical *physical, const char *text);

/* Keeps a checked text for this device and driver; "" forgets. False: it is not there
 * afterwards, for want of a folder or of room. */
bool eager__tuning_save(const eager__device *device, const char *text);

#endif
