/* ctest: */
/* semantics.md section 3: the policy table and the rate of warnings, as pure functions. */
#include "base/dtype.h"
#include "runtime/placement.h"
#include "test.h"

static const eager_device_policy policies[] = {
    EAGER_DEVICE_PLACEMENT_EXPLICIT, EAGER_DEVICE_PLACEMENT_WARN,
    EAGER_DEVICE_PLACEMENT_SILENT, EAGER_DEVICE_PLACEMENT_SILENT_FOR_INT32};

static void same_device_always_stays(void **state) {
  (void)state;
  for (int p = 0; p < 4; p++)
    for (int d = 1; d < EAGER__DTYPE_END; d++)
      assert_int_equal(eager__place_input(policies[p], (eager_dtype)d, true),
                       EAGER__VERDICT_STAY);
}

static void other_device_as_the_table_says(void **state) {
  (void)state;
  static const struct {
    eager__verdict int32, other;
  } table[] = {
      {EAGER__VERDICT_REFUSE, EAGER__VERDICT_REFUSE},
      {EAGER__VERDICT_WARN, EAGER__VERDICT_WARN},
      {EAGER__VERDICT_COPY, EAGER__VERDICT_COPY},
      {EAGER__VERDICT_COPY, EAGER__VERDICT_REFUSE},
  };
  for (int p = 0; p < 4; p++)
    for (int d = 1; d < EAGER__DTYPE_END; d++) {
      if (!eager__dtype_is_valid((eager_dtype)d)) continue;
      assert_int_equal(eager__place_input(policies[p], (eager_dtype)d, false),
                       d == EAGER_INT32 ? table[p].int32 : table[p].other);
    }
}

static void warnings_come_ten_times_then_at_powers_of_ten(void **state) {
  (void)state;
  int logged = 0;
  for (uint64_t n = 1; n <= 100000; n++) {
    bool expected = n <= 10 || n == 100 || n == 1000 || n == 10000 || n == 100000;
    assert_int_equal(eager__warning_is_due(n), expected);
    logged += expected;
  }
  assert_int_equal(logged, 14);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(same_device_always_stays),
      cmocka_unit_test(other_device_as_the_table_says),
      cmocka_unit_test(warnings_come_ten_times_then_at_powers_of_ten),
  };
  return cmocka_run_group_tests_name("runtime/placement", tests, NULL, NULL);
}
