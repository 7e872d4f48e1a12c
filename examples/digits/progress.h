/* How far training is: a bar on a terminal, a line after each epoch elsewhere. */
#ifndef DIGITS_PROGRESS_H
#define DIGITS_PROGRESS_H

#include "plan.h"

#include <eagercl/eagercl.h>

typedef struct progress {
  bool quiet, terminal;
  int64_t steps_per_epoch, step_count;  /* step_count: of the whole training */
  int64_t step;                         /* steps begun */
  double start, first_done, last_shown; /* seconds */
} progress;

void progress_begin(progress *p, const train_plan *plan, int64_t sample_count, bool quiet);

/* Counts one step. Now and then reads its loss, which waits for the device, and shows it.
 */
eager_status progress_step(progress *p, eager_tensor *loss);

/* Seconds since progress_begin. */
double progress_seconds(const progress *p);

/* Ends the line of a bar. */
void progress_end(const progress *p);

#endif
