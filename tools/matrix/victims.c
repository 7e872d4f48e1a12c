/* Tests that go wrong in every way, for the test of this tool itself: with
 * EAGERCL_MATRIX_VICTIMS=1 they are the whole suite. */
#include "victims.h"

#include <signal.h>

#include "matrix.h"

static const eager_dtype dtypes[] = {EAGER_FLOAT32, EAGER_FLOAT16, EAGER_INT32,
                                     EAGER_INT64};
enum { DTYPES = 4 };

/* Neg, which every device computes; `spoil` changes what is expected. */
static void check_negative(eager_dtype dtype, double spoil) {
  const double values[] = {1, 2, -3}, expected[] = {-1, -2, 3 + spoil};
  eager_tensor *t = test_tensor(dtype, (test_shape){1, {3}}, values), *y;
  assert_ok(eager_negative(t, &y));
  test_expect(y, dtype, (test_shape){1, {3}}, expected, TEST_EXACT, "a victim");
  eager_tensor_release(y);
  eager_tensor_release(t);
}

static void all_is_well(void **state) {
  (void)state;
  test_enable();
  for (int d = 0; d < DTYPES; d++) {
    if (!test_wants("Neg", dtypes[d])) continue;
    test_pick_mode((uint64_t)d);
    check_negative(dtypes[d], 0);
  }
}

/* Of one dtype; the others must be seen all the same. */
static void a_wrong_value(void **state) {
  (void)state;
  test_enable();
  for (int d = 0; d < DTYPES; d++)
    if (test_wants("Neg", dtypes[d])) check_negative(dtypes[d], dtypes[d] == EAGER_FLOAT16);
}

/* Squares, so that the harm has a row of its own. */
static void with_harm(eager_dtype harmed, void (*harm)(void)) {
  test_enable();
  for (int d = 0; d < DTYPES; d++) {
    if (!test_wants("Square", dtypes[d])) continue;
    eager_tensor *t = test_scalar(dtypes[d], 3), *y;
    assert_ok(eager_square(t, &y));
    if (dtypes[d] == harmed) harm();
    assert_true(test_read(y)[0] == 9);
    eager_tensor_release(y);
    eager_tensor_release(t);
  }
}

static void fail_now(void) {
  fail_msg("this had to fail");
}
static void crash_now(void) {
  raise(SIGSEGV);
}
static void hang_now(void) {
  test_time_limit(1);
  for (;;) sleep_milliseconds(1000);
}

static void an_assertion(void **state) {
  (void)state;
  with_harm(EAGER_FLOAT32, fail_now);
}
static void a_crash(void **state) {
  (void)state;
  with_harm(EAGER_INT32, crash_now);
}
static void a_hang(void **state) {
  (void)state;
  with_harm(EAGER_FLOAT16, hang_now);
}
static void a_skip(void **state) {
  (void)state;
  test_skip("no \"moon\" <in> here & now");
}
static void a_crash_before_any_op(void **state) {
  (void)state;
  crash_now();
}

void victims_register(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(all_is_well),
      cmocka_unit_test(a_wrong_value),
      cmocka_unit_test(an_assertion),
      cmocka_unit_test(a_crash),
      cmocka_unit_test(a_hang),
      cmocka_unit_test(a_skip),
      cmocka_unit_test(a_crash_before_any_op),
      cmocka_unit_test(all_is_well),
  };
  test_main("ops/victims", tests, sizeof tests / sizeof *tests);
}
