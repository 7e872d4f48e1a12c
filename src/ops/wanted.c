#include "ops/wanted.h"

eager_status eager__run_wanted(eager__call *call, eager_tensor **const *wanted,
                               int wanted_count, int output_count) {
  eager_tensor *outputs[EAGER__INLINE_OUTPUTS];
  for (int i = 0; i < wanted_count; i++)
    if (wanted[i] != NULL) *wanted[i] = NULL;
  EAGER__TRY(eager__call_run(call, NULL, wanted[0] == NULL ? NULL : outputs, output_count));
  for (int i = 0; i < output_count; i++) {
    if (i < wanted_count && wanted[i] != NULL)
      *wanted[i] = outputs[i];
    else
      eager_tensor_release(outputs[i]);
  }
  return EAGER_OK;
}
