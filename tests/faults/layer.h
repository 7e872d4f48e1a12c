/* What a test in the same process says to the fault layer: the symbol `eager_layer_api`. */
#ifndef EAGER_TESTS_FAULTS_LAYER_H
#define EAGER_TESTS_FAULTS_LAYER_H

#include <stdint.h>

/* `call` is an entry point's name, "clCreateBuffer", or the beginning of several names,
 * "clEnqueue". Any thread. */
typedef struct eager_layer {
  /* Zeroes the counts, drops plans and delays; the balance stays. */
  void (*reset)(void);
  /* Calls of it since the reset, those made to fail included. */
  uint64_t (*count)(const char *call);
  /* The nth call from now on (0: every one) does not reach the driver and gives `code`. */
  void (*refuse)(const char *call, uint64_t nth, int code);
  /* How many calls were made to fail since the reset. */
  uint64_t (*failed)(void);
  /* Each call first sleeps for so long. */
  void (*delay)(const char *call, uint64_t nanoseconds);
  /* Created and retained less released, over the process. Kinds: "context", "queue", "mem",
   * "program", "kernel", "event"; "" is their sum. */
  int64_t (*balance)(const char *kind);
} eager_layer;

#endif
