/* tuning.h: what a device's sizes are, and keeping better ones. */
#include "eagercl/tuning.h"

#include "cl/tuning.h"
#include "runtime/scope.h"

static eager_status open_device(const char *name, eager__device **out) {
  eager__runtime *runtime;
  EAGER__TRY(eager__runtime_require(&runtime));
  return eager__scope_open(runtime, name, out);
}

size_t eager_tunable_count(void) {
  return (size_t)eager__tunable_count;
}

eager_status eager_tunable_get(const char *device, size_t index, eager_tunable *out) {
  EAGER__REQUIRE(out, EAGER_INVALID_ARGUMENT, "out is NULL");
  *out = (eager_tunable){0};
  EAGER__REQUIRE(index < eager_tunable_count(), EAGER_INVALID_ARGUMENT,
                 "tunable index %zu is out of range: there are %zu", index,
                 eager_tunable_count());
  eager__device *on;
  EAGER__TRY(open_device(device, &on));
  const eager__tunable *tunable = &eager__tunables[index];
  *out = (eager_tunable){
      .name = tunable->name,
      .area = tunable->area,
      .about = tunable->about,
      .value = eager__tuning_value(&on->traits, tunable),
      .builtin = eager__tuning_value(&on->physical->traits, tunable),
  };
  for (int i = 0; i < eager__tunable_choice_count(tunable); i++)
    if (eager__tuning_takes(on->physical, tunable, tunable->choices[i]))
      out->choices[out->choice_count++] = tunable->choices[i];
  return EAGER_OK;
}

/* Whether it is well formed and the device can run all of it. */
static eager_status check_taken(const eager__device *device, const char *values) {
  EAGER__TRY(eager__tuning_check("eager_tuning_save", values));
  const char *refused = eager__tuning_refused(device->physical, values);
  EAGER__REQUIRE(!refused, EAGER_INVALID_ARGUMENT,
                 "eager_tuning_save: %s cannot run this value of %s", device->short_name,
                 refused);
  return EAGER_OK;
}

eager_status eager_tuning_save(const char *device, const char *values) {
  EAGER__REQUIRE(values, EAGER_INVALID_ARGUMENT, "values is NULL");
  eager__device *on;
  EAGER__TRY(open_device(device, &on));
  EAGER__TRY(check_taken(on, values));
  EAGER__REQUIRE(
      eager__tuning_save(on, values), EAGER_FAILED_PRECONDITION,
      "eager_tuning_save: there is no folder to keep it in: see EAGERCL_CACHE_DIR");
  return EAGER_OK;
}
