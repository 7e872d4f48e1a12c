/* What a program that uses the installed library looks like. */
#include <eagercl/eagercl.h>
#include <stdio.h>

int main(void) {
  eager_tensor *a = NULL, *b = NULL, *c = NULL;
  int result = 0;
  eager_status status =
      eager_enable_execution(NULL, EAGER_DEVICE_PLACEMENT_AUTO, EAGER_EXECUTION_AUTO);
  if (status == EAGER_OK) status = eager_scalar(6, &a);
  if (status == EAGER_OK) status = eager_scalar(7, &b);
  if (status == EAGER_OK) status = eager_multiply(a, b, &c);
  if (status == EAGER_OK) status = eager_tensor_to_host(c, &result, sizeof result);
  if (status != EAGER_OK) fprintf(stderr, "%s\n", eager_error_message());
  eager_tensor_release(a);
  eager_tensor_release(b);
  eager_tensor_release(c);
  if (eager_shutdown() != EAGER_OK) return 1;
  printf("eagercl %s: %d\n", eager_version(), result);
  return result == 42 ? 0 : 1;
}
