/* ctest: devices=all labels=threaded timeout=120 */
/* semantics.md section 3, "Copies are cached". */
#include "eagercl/opencl.h"
#include "placing.h"
#include "tensor/tensor.h"
#include "test.h"

static const double two[] = {2, 4, 6};

static const char *second(void) {
  return test_has_same_context() ? test_device_same_context() : test_device_other_context();
}

static void expect_stats(uint64_t count, uint64_t hits) {
  eager_copy_stats stats = placing_stats();
  assert_int_equal(stats.count, count);
  assert_int_equal(stats.mirror_hits, hits);
}

/* sum = a + a on the other device: one tensor as two inputs is one copy and one hit. */
static void reuse_in(eager_execution_mode mode, const char *other) {
  placing_begin(EAGER_DEVICE_PLACEMENT_SILENT, mode);
  eager_tensor *a = placing_tensor(test_device(), EAGER_FLOAT32, 3);
  eager_tensor *sum = placing_sum(other, a, a);
  expect_stats(1, 1);
  eager_tensor *again = placing_sum(other, a, a);
  expect_stats(1, 3);
  placing_expect(sum, 3, two);
  placing_expect(again, 3, two);
  assert_int_equal(placing_stats().bytes, 12);
  eager_tensor_release(a);
  eager_tensor_release(sum);
  eager_tensor_release(again);
}

static void made_once_and_reused(void **state) {
  (void)state;
  for (int mode = EAGER_SYNC; mode <= EAGER_ASYNC; mode++) {
    if (test_has_same_context())
      reuse_in((eager_execution_mode)mode, test_device_same_context());
    if (test_has_other_context())
      reuse_in((eager_execution_mode)mode, test_device_other_context());
  }
}

/* One mirror per (buffer, device): views share it. */
static void views_share_one(void **state) {
  (void)state;
  placing_begin(EAGER_DEVICE_PLACEMENT_SILENT, EAGER_SYNC);
  eager_tensor *a = placing_tensor(test_device(), EAGER_FLOAT32, 6), *view, *sum;
  assert_ok(eager_reshape(a, 2, (int64_t[]){2, 3}, &view));
  eager_tensor_release(placing_sum(second(), a, a));
  expect_stats(1, 1);
  sum = placing_sum(second(), view, view);
  expect_stats(1, 3);
  test_expect(sum, EAGER_FLOAT32, (test_shape){2, {2, 3}}, (double[]){2, 4, 6, 8, 10, 12},
              TEST_EXACT, NULL);
  eager_tensor_release(a); /* the view keeps bytes and mirror */
  eager_tensor_release(sum);
  sum = placing_sum(second(), view, view);
  expect_stats(1, 5);
  eager_tensor_release(sum);
  eager_tensor_release(view);
}

enum { THREADS = 2, ROUNDS = 300 };

typedef struct crowd {
  eager_tensor *tensors[ROUNDS];
  const char *device;
  int rounds;
  _Atomic int arrived[ROUNDS];
  _Atomic bool failed;
} crowd;

static const char *ask_at_once(int i, void *argument) {
  crowd *c = argument;
  const char *problem =
      test_failure(eager_set_thread_execution_mode(i % 2 ? EAGER_SYNC : EAGER_ASYNC));
  if (!problem) problem = test_failure(eager_push_device(c->device));
  for (int round = 0; round < c->rounds && !problem; round++) {
    eager_tensor *sum, *t = c->tensors[round];
    float data[3];
    for (c->arrived[round]++; c->arrived[round] < THREADS && !c->failed;) continue;
    problem = test_failure(eager_add(t, t, &sum));
    if (problem) break;
    problem = test_failure(eager_tensor_to_host(sum, data, sizeof data));
    if (!problem && (data[0] != 2 || data[1] != 4 || data[2] != 6))
      problem = "wrong values";
    eager_tensor_release(sum);
  }
  if (problem) c->failed = true;
  return problem;
}

static void made_once_when_threads_ask_at_once(void **state) {
  (void)state;
  placing_begin(EAGER_DEVICE_PLACEMENT_SILENT, EAGER_SYNC);
  crowd c = {.device = second(), .rounds = test_is_slow() ? 10 : ROUNDS};
  for (int i = 0; i < c.rounds; i++)
    c.tensors[i] = placing_tensor(test_device(), EAGER_FLOAT32, 3);
  test_threads(THREADS, ask_at_once, &c);
  expect_stats((uint64_t)c.rounds, (uint64_t)c.rounds * (2 * THREADS - 1));
  for (int i = 0; i < c.rounds; i++) eager_tensor_release(c.tensors[i]);
}

/* Policy looks at the tensor's own device. */
static void explicit_fails_although_a_mirror_exists(void **state) {
  (void)state;
  placing_begin(EAGER_DEVICE_PLACEMENT_SILENT, EAGER_SYNC);
  eager_tensor *a = placing_tensor(test_device(), EAGER_FLOAT32, 3), *out;
  eager_tensor_release(placing_sum(second(), a, a));
  assert_ok(eager_set_thread_device_policy(EAGER_DEVICE_PLACEMENT_EXPLICIT));
  assert_ok(eager_push_device(second()));
  assert_fails_like(eager_add(a, a, &out), EAGER_INVALID_ARGUMENT,
                    "Tensors on conflicting devices: cannot compute AddV2 as input #0");
  assert_ok(eager_pop_device());
  expect_stats(1, 1);
  eager_tensor_release(a);
}

static void warn_warns_only_when_bytes_move(void **state) {
  (void)state;
  placing_begin(EAGER_DEVICE_PLACEMENT_WARN, EAGER_SYNC);
  eager_tensor *a = placing_tensor(test_device(), EAGER_FLOAT32, 3);
  for (int i = 0; i < 3; i++) eager_tensor_release(placing_sum(second(), a, a));
  expect_stats(1, 5);
  assert_int_equal(placing_stats().warnings, 1);
  assert_int_equal(test_log_count("before computing AddV2 input #0"), 1);
  assert_int_equal(test_log_count("before computing AddV2 input #1"), 0);
  eager_tensor_release(a);
}

/* They count against the destination's budget and go with the tensor. */
static void go_with_the_tensor(void **state) {
  (void)state;
  for (int mode = EAGER_SYNC; mode <= EAGER_ASYNC; mode++) {
    placing_begin(EAGER_DEVICE_PLACEMENT_SILENT, (eager_execution_mode)mode);
    const int64_t count = 1000;
    eager_tensor *a = placing_tensor(test_device(), EAGER_FLOAT32, count);
    eager_tensor_release(placing_sum(second(), a, a)); /* opens the device */
    assert_ok(eager_synchronize(NULL));
    uint64_t with = placing_memory(second()).current;
    eager_tensor_release(a);
    uint64_t without = placing_memory(second()).current;
    assert_in_range(with - without, 4 * count, 4 * count * 9 / 8);
  }
}

/* A view on the other device is over the mirror; it may have a mirror itself, and lives on
 * when the source goes. */
static void release_in_order(bool source_first) {
  for (int mode = EAGER_SYNC; mode <= EAGER_ASYNC; mode++) {
    placing_begin(EAGER_DEVICE_PLACEMENT_SILENT, (eager_execution_mode)mode);
    eager_tensor *a = placing_tensor(test_device(), EAGER_FLOAT32, 3), *view, *sum;
    assert_ok(eager_push_device(second()));
    assert_ok(eager_reshape(a, 1, (int64_t[]){3}, &view));
    assert_ok(eager_pop_device());
    assert_string_equal(eager_tensor_device(view), placing_full_name(second()));
    sum = placing_sum(test_device(), view, view); /* a mirror of the mirror */
    expect_stats(2, 1);
    assert_ok(eager_synchronize(NULL));
    if (source_first) eager_tensor_release(a);
    placing_expect(view, 3, (double[]){1, 2, 3});
    eager_tensor_release(view);
    if (!source_first) eager_tensor_release(a); /* its mirror goes, and that one's mirror */
    placing_expect(sum, 3, two);
    eager_tensor_release(sum);
  }
}

static void views_of_mirrors_live_on(void **state) {
  (void)state;
  release_in_order(true);
}

static void mirrors_of_mirrors_go_with_the_tensor(void **state) {
  (void)state;
  release_in_order(false);
}

static void explicit_copies_leave_none(void **state) {
  (void)state;
  for (int mode = EAGER_SYNC; mode <= EAGER_ASYNC; mode++) {
    placing_begin(EAGER_DEVICE_PLACEMENT_SILENT, (eager_execution_mode)mode);
    eager_tensor *a = placing_tensor(test_device(), EAGER_FLOAT32, 3), *copy, *other;
    assert_ok(eager_tensor_copy_to_device(a, second(), &copy));
    assert_ok(eager_tensor_copy_to_device(a, second(), &other));
    assert_true(copy->buffer != other->buffer); /* independent */
    expect_stats(0, 0);
    eager_tensor_release(placing_sum(second(), a, a));
    expect_stats(1, 1); /* neither copy served as a mirror */
    eager_tensor_release(a);
    placing_expect(copy, 3, (double[]){1, 2, 3});
    eager_tensor_release(copy);
    eager_tensor_release(other);
  }
}

static void a_copy_to_its_own_device_is_an_equal_value(void **state) {
  (void)state;
  placing_begin(EAGER_DEVICE_PLACEMENT_SILENT, EAGER_SYNC);
  eager_tensor *a = placing_tensor(test_device(), EAGER_FLOAT32, 3), *copy;
  assert_ok(eager_tensor_copy_to_device(a, test_device(), &copy));
  eager_tensor_release(a);
  placing_expect(copy, 3, (double[]){1, 2, 3});
  eager_tensor_release(copy);
}

/* Its memory object was shown to the user: it is dropped with no lock of ours held over the
 * driver, and not pooled. */
static void an_exported_mirror_goes_with_the_tensor(void **state) {
  (void)state;
  placing_begin(EAGER_DEVICE_PLACEMENT_SILENT, EAGER_SYNC);
  eager_tensor *a = placing_tensor(test_device(), EAGER_FLOAT32, 3), *view;
  assert_ok(eager_push_device(second()));
  assert_ok(eager_reshape(a, 1, (int64_t[]){3}, &view));
  assert_ok(eager_pop_device());
  cl_mem mem;
  size_t offset;
  assert_ok(eager_tensor_cl_mem(view, &mem, &offset));
  eager_tensor_release(view);
  uint64_t before = placing_memory(second()).reserved_bytes;
  eager_tensor_release(a);
  assert_true(placing_memory(second()).reserved_bytes < before);
  assert_int_equal(clReleaseMemObject(mem), CL_SUCCESS);
}

static void empty_tensors_have_mirrors_too(void **state) {
  (void)state;
  for (int mode = EAGER_SYNC; mode <= EAGER_ASYNC; mode++) {
    placing_begin(EAGER_DEVICE_PLACEMENT_SILENT, (eager_execution_mode)mode);
    eager_tensor *a = placing_tensor(test_device(), EAGER_FLOAT32, 0);
    eager_tensor *sum = placing_sum(second(), a, a);
    expect_stats(1, 1);
    assert_int_equal(placing_stats().bytes, 0);
    assert_ok(eager_tensor_wait(sum));
    eager_tensor_release(sum);
    eager_tensor_release(a);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(made_once_and_reused),
      cmocka_unit_test(views_share_one),
      cmocka_unit_test(made_once_when_threads_ask_at_once),
      cmocka_unit_test(explicit_fails_although_a_mirror_exists),
      cmocka_unit_test(warn_warns_only_when_bytes_move),
      cmocka_unit_test(go_with_the_tensor),
      cmocka_unit_test(views_of_mirrors_live_on),
      cmocka_unit_test(mirrors_of_mirrors_go_with_the_tensor),
      cmocka_unit_test(explicit_copies_leave_none),
      cmocka_unit_test(a_copy_to_its_own_device_is_an_equal_value),
      cmocka_unit_test(an_exported_mirror_goes_with_the_tensor),
      cmocka_unit_test(empty_tensors_have_mirrors_too),
  };
  return test_main("runtime/mirrors", tests, sizeof tests / sizeof *tests);
}
