#include "scenario_parts.h"

const int64_t fault_matrix[2] = {FAULT_ROWS, FAULT_COLUMNS};

float *fault_numbers(int count, int seed) {
  static float data[FAULT_HUGE];
  for (int i = 0; i < count; i++) data[i] = (float)((i * 7 + i / 5 + seed) % 19 - 9);
  return data;
}

eager_tensor *fault_floats(fault_attempt *a, const char *device, int rank,
                           const int64_t *dims, int seed) {
  int count = 1;
  for (int i = 0; i < rank; i++) count *= (int)dims[i];
  return fault_input(a, device, EAGER_FLOAT32, rank, dims, fault_numbers(count, seed));
}

eager_tensor *fault_input_of(const fault_attempt *a, int i) {
  return i < a->kept_count ? a->kept[i].tensor : NULL;
}

void fault_trim(fault_attempt *a) {
  if (eager_trim_memory(NULL) != EAGER_OK) fault_wrong(a, "%s", eager_error_message());
}

void fault_expect(fault_attempt *a, eager_tensor *t, const void *expected, size_t size) {
  if (t != NULL) fault_step(a, eager_tensor_wait(t), NULL);
  fault_output(a, t, expected, size);
}
