/* While a trace is written: every command has an event and is asked for its times. */
#include "scenario_parts.h"

/* Through both queues: up, across an op, down. */
void fault_traced_add(fault_attempt *a) {
  float got[FAULT_SMALL];
  eager_tensor *fresh = NULL;
  fault_step(a,
             eager_tensor_from_host(EAGER_FLOAT32, 2, fault_matrix,
                                    fault_numbers(FAULT_SMALL, 1), &fresh),
             &fresh);
  fault_expect(a, fresh, fault_numbers(FAULT_SMALL, 1), sizeof got);
  fault_add(a);
  if (a->status != EAGER_OK) return;
  if (!fault_step(a, eager_tensor_to_host(fault_input_of(a, 0), got, sizeof got), NULL))
    return;
  if (memcmp(got, fault_numbers(FAULT_SMALL, 1), sizeof got) != 0)
    fault_wrong(a, "read other values");
}
