/* The first result of a new process by the library: one add, read back.
 *   bench-first-ours DEVICE */
#include <eagercl/eagercl.h>

#include <stdio.h>
#include <unistd.h>

int main(int count, char **arguments) {
  enum { COUNT = 1000 };
  static float values[COUNT], sums[COUNT];
  const int64_t dims[] = {COUNT};
  for (int i = 0; i < COUNT; i++) values[i] = (float)i;
  eager_config config = {.default_device = count > 1 ? arguments[1] : NULL};
  eager_tensor *a = NULL, *sum = NULL;
  if (eager_enable_execution(&config, EAGER_DEVICE_PLACEMENT_SILENT, EAGER_SYNC) !=
          EAGER_OK ||
      eager_tensor_from_host(EAGER_FLOAT32, 1, dims, values, &a) != EAGER_OK ||
      eager_add(a, a, &sum) != EAGER_OK ||
      eager_tensor_to_host(sum, sums, sizeof sums) != EAGER_OK) {
    fprintf(stderr, "%s\n", eager_error_message());
    return 1;
  }
  /* Without an end: the first result is what is timed. */
  _exit(sums[COUNT - 1] == 2.0f * (COUNT - 1) ? 0 : 1);
}
