/* What a test in the same process says to the fault layer: the symbol `eager_layer_api`. */
#ifndef EAGER_TESTS_FAULTS_LAYER_H
#define EAGER_TESTS_FAULTS_LAYER_H

#include <stdbool.h>
#include <stdint.h>

/* Asked at a call, by its entry point's name and its number among all calls: the code it
 * gives instead of reaching the driver, or 0. Called from any thread, also from several. */
typedef int (*eager_layer_choose)(const char *call, uint64_t nth);

/* `call` is an entry point's name, "clCreateBuffer", or the beginning of several names,
 * "clEnqueue". Any thread. */
typedef struct eager_layer {
  /* Zeroes the counts, drops all plans; the balance stays. */
  void (*reset)(void);
  /* Calls of it since the reset, those made to fail included. */
  uint64_t (*count)(const char *call);
  /* The nth call from now on (0: every one) does not reach the driver and gives `code`. A
   * release, and an unmap on a queue that `code` says is dead, are done all the same: the
   * driver's objects are not to leak. Other unmaps are to be asked for again. */
  void (*refuse)(const char *call, uint64_t nth, int code);
  /* Every call from now on asks `choose`, the first one with 1; NULL: none does. */
  void (*ask)(eager_layer_choose choose);
  /* How many calls and commands were made to fail since the reset. */
  uint64_t (*failed)(void);
  /* Each call first sleeps for so long. */
  void (*delay)(const char *call, uint64_t nanoseconds);
  /* clGetPlatformIDs or clGetDeviceIDs list so many only; what is `late` goes after it was
   * counted, before it is listed. */
  void (*list_at_most)(const char *call, unsigned count, bool late);
  /* The nth command from now on that is given an event ends with this negative status. */
  void (*fail_command)(uint64_t nth, int status);
  /* What the log of any build reads, if not the driver's; NULL: that. Static text. */
  void (*build_log)(const char *text);
  /* While it is on, no command's end is seen: its event says CL_RUNNING, waits block. */
  void (*stall)(bool on);
  /* Created and retained less released, over the process. Kinds: "context", "queue", "mem",
   * "program", "kernel", "event"; "" is their sum. */
  int64_t (*balance)(const char *kind);
} eager_layer;

#endif
