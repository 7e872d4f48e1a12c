/* What stands on the terminal while the matrix runs. */
#ifndef EAGERCL_MATRIX_LIVE_H
#define EAGERCL_MATRIX_LIVE_H

#include "matrix.h"

/* One device's work, as far as it has come. */
typedef struct progress {
  const machine_device *device;
  int number;               /* of the device */
  double done, all;         /* in any unit */
  const char *group, *test; /* at work, or NULL */
} progress;

/* A table that is drawn over itself on a terminal; elsewhere a line now and then. */
void live_draw(const progress *devices, int count, double seconds, bool last);
/* A line that stays: a failure, a crash, a hang. */
void live_say(const char *format, ...) EAGER__PRINTF(1, 2);

#endif
