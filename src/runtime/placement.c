#include "runtime/placement.h"

eager__verdict eager__place_input(eager_device_policy policy, eager_dtype dtype,
                                  bool same_device) {
  if (same_device) return EAGER__VERDICT_STAY;
  switch (policy) {
  case EAGER_DEVICE_PLACEMENT_WARN:
    return EAGER__VERDICT_WARN;
  case EAGER_DEVICE_PLACEMENT_AUTO:
  case EAGER_DEVICE_PLACEMENT_SILENT:
    return EAGER__VERDICT_COPY;
  case EAGER_DEVICE_PLACEMENT_SILENT_FOR_INT32:
    return dtype == EAGER_INT32 ? EAGER__VERDICT_COPY : EAGER__VERDICT_REFUSE;
  case EAGER_DEVICE_PLACEMENT_EXPLICIT:
    break;
  }
  return EAGER__VERDICT_REFUSE;
}

bool eager__warning_is_due(uint64_t count) {
  if (count <= 10) return true;
  while (count % 10 == 0) count /= 10;
  return count == 1;
}
