/* Which group runs next, on which device, and how many at once. */
#ifndef EAGERCL_MATRIX_SCHEDULE_H
#define EAGERCL_MATRIX_SCHEDULE_H

#include <signal.h>

#include "matrix.h"

enum { MAX_JOBS = 64 };

/* Takes the devices that --device chooses; false when there is none. */
bool schedule_make(void);
/* Whether it has this device. */
bool schedule_has(int device);
/* Runs every group on every device, the_options->jobs at once; those of one device begin in
 * the suite's order, and no device waits for another one's end. `begun`: when the program's
 * work began, for the table. */
void schedule_run(double begun, const volatile sig_atomic_t *interrupted);

#endif
