#define _POSIX_C_SOURCE 200809L

#include "progress.h"

#include "try.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum { BAR_WIDTH = 30 };

/* A read of the loss drains an ASYNC queue; ten a second are not felt. */
static const double seconds_between_bars = 0.1;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

void progress_begin(progress *p, const train_plan *plan, int64_t sample_count, bool quiet) {
  int64_t steps = (sample_count + plan->batch - 1) / plan->batch;
  *p = (progress){.quiet = quiet,
                  .terminal = isatty(STDOUT_FILENO),
                  .steps_per_epoch = steps,
                  .step_count = steps * plan->epochs,
                  .start = now()};
}

double progress_seconds(const progress *p) {
  return now() - p->start;
}

static bool is_due(const progress *p) {
  if (p->quiet) {
    return false;
  }
  if (!p->terminal) {
    return p->step % p->steps_per_epoch == 0;
  }
  return p->step == p->step_count ||
         progress_seconds(p) - p->last_shown > seconds_between_bars;
}

static void show_bar(const progress *p, float loss, double left) {
  char bar[BAR_WIDTH + 1] = {0};
  for (int i = 0; i < BAR_WIDTH; i++) {
    bar[i] = i * p->step_count < p->step * BAR_WIDTH ? '#' : '.';
  }
  printf("\r[%s] %3d %%  loss %.4f  %.1f s left   ", bar,
         (int)(100 * p->step / p->step_count), (double)loss, left);
  fflush(stdout);
}

static void show_line(const progress *p, float loss, double left) {
  printf("epoch %lld/%lld  loss %.4f  %.1f s left\n",
         (long long)(p->step / p->steps_per_epoch),
         (long long)(p->step_count / p->steps_per_epoch), (double)loss, left);
  fflush(stdout);
}

/* By the steps after the first, which also builds the kernels. */
static double seconds_left(const progress *p) {
  double spent = p->last_shown - p->first_done, left = (double)(p->step_count - p->step);
  return p->step > 1 ? spent * left / (double)(p->step - 1) : p->last_shown * left;
}

eager_status progress_step(progress *p, eager_tensor *loss) {
  p->step++;
  if (p->step == 1) {
    p->first_done = progress_seconds(p);
  }
  if (!is_due(p)) {
    return EAGER_OK;
  }
  float value;
  TRY(eager_tensor_to_host(loss, &value, sizeof value));
  p->last_shown = progress_seconds(p);
  (p->terminal ? show_bar : show_line)(p, value, seconds_left(p));
  return EAGER_OK;
}

void progress_end(const progress *p) {
  if (p->terminal && !p->quiet) {
    putchar('\n');
  }
}
