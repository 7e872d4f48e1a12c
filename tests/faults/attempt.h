/* One run of a scenario under a fault: what failed first, what came out, and whether all is
 * in order afterwards. Runs in a process of its own (processes.h), where cmocka's
 * assertions mean nothing: what is wrong is written down and told by the parent. */
#ifndef EAGER_TESTS_FAULTS_ATTEMPT_H
#define EAGER_TESTS_FAULTS_ATTEMPT_H

#include "test_layer.h"

enum { FAULT_TEXT = 1024, FAULT_TENSORS = 40 };

typedef struct fault_kept {
  eager_tensor *tensor;
  unsigned char *bytes; /* what it must hold */
  size_t size;
  bool is_input;
} fault_kept;

typedef struct fault_attempt {
  const struct fault_scenario *scenario;
  const eager_layer *layer;
  eager_execution_mode mode;
  const char *here, *there, *beside; /* the lane; another context, the same: or NULL */
  /* The first failure told. */
  eager_status status;
  int code;
  char text[FAULT_TEXT];
  char wrong[2 * FAULT_TEXT]; /* "": nothing */
  fault_kept kept[FAULT_TENSORS];
  int kept_count;
} fault_attempt;

/* The devices of this process, which need not be enabled yet. */
void fault_attempt_init(fault_attempt *a, const struct fault_scenario *scenario,
                        eager_execution_mode mode, const eager_layer *layer);

/* Enables them and sets the thread's policy and mode. */
eager_status fault_enable(fault_attempt *a);

/* Writes down what is wrong; the first time counts. */
void fault_wrong(fault_attempt *a, const char *format, ...) EAGER__PRINTF(2, 3);

/* Notes what a call answered; true if OK. On a failure `out` (NULL: it has none) must be
 * empty. */
bool fault_step(fault_attempt *a, eager_status status, eager_tensor *const *out);

/* A tensor on `device` to compute with, made while nothing is faulty; NULL means that this
 * is wrong and was written down. It must hold the same bytes afterwards. */
eager_tensor *fault_input(fault_attempt *a, const char *device, eager_dtype dtype, int rank,
                          const int64_t *dims, const void *data);

/* Takes a result over. It must be `size` bytes equal to `expected`, or FAILED. NULL: equal
 * to what the first run of this process, which was without fault, gave at this place. */
void fault_output(fault_attempt *a, eager_tensor *t, const void *expected, size_t size);

/* With the fault gone: looks at inputs, outputs and eager_synchronize, releases all and
 * sees that nothing is held back. */
void fault_finish(fault_attempt *a);

/* Whether a device of this process is lost. */
bool fault_any_lost(void);

/* A sum on every device that is not lost must be right; on a lost one it must be refused as
 * such, with `code`. */
void fault_works_elsewhere(fault_attempt *a, int code);

/* Ends the library; every object of the driver must be given back. */
void fault_end(fault_attempt *a);

#endif
