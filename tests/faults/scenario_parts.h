/* What scenarios are made of: the parts they share, and those that stand in files of their
 * own. `prepare` comes without fault, `act` under it. */
#ifndef EAGER_TESTS_FAULTS_SCENARIO_PARTS_H
#define EAGER_TESTS_FAULTS_SCENARIO_PARTS_H

#include "scenarios.h"

enum {
  FAULT_ROWS = 6,
  FAULT_COLUMNS = 8,
  FAULT_SMALL = FAULT_ROWS * FAULT_COLUMNS,
  FAULT_HUGE = 1 << 20, /* floats: pages of the library's own, copied in halves */
};

extern const int64_t fault_matrix[2]; /* FAULT_ROWS, FAULT_COLUMNS */

/* Small integers, so that every sum and product is exact; until the next call. */
float *fault_numbers(int count, int seed);

/* These as an input on `device`, and the i-th input. */
eager_tensor *fault_floats(fault_attempt *a, const char *device, int rank,
                           const int64_t *dims, int seed);
eager_tensor *fault_input_of(const fault_attempt *a, int i);

/* So that the pool has nothing and asks the driver. */
void fault_trim(fault_attempt *a);

/* Takes a result over. Waits where the call did not. */
void fault_expect(fault_attempt *a, eager_tensor *t, const void *expected, size_t size);

/* A matrix; a matrix and a row, and their sum. */
void fault_one_input(fault_attempt *a);
void fault_two_inputs(fault_attempt *a);
void fault_add(fault_attempt *a);

/* A matrix and the numbers of two rows; a matrix on another context and a row here. */
void fault_matrix_and_rows(fault_attempt *a);
void fault_inputs_elsewhere(fault_attempt *a);

/* scenario_session.c: graphs and sessions, a run, and what every such scenario ends with.
 */
void fault_training_session(fault_attempt *a);
void fault_picking_session(fault_attempt *a);
void fault_crossing_session(fault_attempt *a);
void fault_session(fault_attempt *a);
void fault_session_twice(fault_attempt *a);
void fault_session_again(fault_attempt *a);

/* scenario_training.c */
void fault_perceptron(fault_attempt *a);
void fault_training_step(fault_attempt *a);

/* scenario_kernels.c */
void fault_without_kernels(fault_attempt *a);
const char *fault_needs_disk_cache(const fault_attempt *a);
void fault_with_empty_folder(fault_attempt *a);
void fault_with_kept_kernels(fault_attempt *a);
void fault_without_own_kernel(fault_attempt *a);
void fault_run_own_kernel(fault_attempt *a);

/* scenario_traced.c: after fault_two_inputs */
void fault_traced_add(fault_attempt *a);

#endif
