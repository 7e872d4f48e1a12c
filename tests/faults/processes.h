/* Faults in processes of their own. A process goes from fault to fault until one leaves it
 * unable to go on (a lost device, the end of the library); another goes on behind it. A
 * crash or a hang is a result with the fault's name. The parent never touches OpenCL. */
#ifndef EAGER_TESTS_FAULTS_PROCESSES_H
#define EAGER_TESTS_FAULTS_PROCESSES_H

#include "scenarios.h"

enum { FAULT_MOST_CALLS = 8192 };

typedef struct fault_counts {
  long injected, told, survived, lost, processes;
} fault_counts;

/* In memory that the processes of one scenario share with their parent. */
typedef struct fault_progress {
  const fault_scenario *scenario;
  eager_execution_mode mode;
  /* The fault under way: the nth call, or allocation, and which of its codes. */
  int nth, choice;
  bool is_counted; /* once, without fault: */
  int call_count;
  int16_t calls[FAULT_MOST_CALLS]; /* fault_call_number */
  /* How it goes. */
  bool done, skipped;
  char note[4096];            /* what one process leaves for the others */
  char wrong[3 * FAULT_TEXT]; /* "": nothing yet; also the reason for skipping */
  fault_counts counts;
} fault_progress;

/* Says, in a process, what is wrong with the fault under way, and ends it. */
_Noreturn void fault_process_fail(fault_progress *p, const char *format, ...)
    EAGER__PRINTF(2, 3);
/* Says why nothing can be done here, and ends the process. */
_Noreturn void fault_process_skip(fault_progress *p, const char *why);

/* The layer in this process; skips where the loader does not take it, and where there is no
 * device of the lane. */
const eager_layer *fault_process_begin(fault_progress *p);

/* In a test: runs `body` in process after process until p->done; fails or skips the test as
 * they say. `name` is for the fault that a process died of, which may take `seconds`.
 * Prints the counts in one line. */
void fault_processes_run(const fault_scenario *scenario, eager_execution_mode mode,
                         void (*body)(fault_progress *p),
                         const char *(*name)(const fault_progress *p, int nth),
                         int seconds);

/* Called first in main: the lane is for the processes, so that the harness does not ask for
 * its devices. */
void fault_processes_prepare(void);

#endif
