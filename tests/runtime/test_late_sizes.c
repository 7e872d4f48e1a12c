/* ctest: devices=all labels=threaded timeout=120 */
/* Ops whose result's size depends on data (Where, BooleanMask, Unique) read a count at the
 * call: placement, policies, copies, ownership and failures are as for every other op. */
#include "placing.h"
#include "test.h"

typedef struct late_op {
  const char *name;
  int inputs, outputs; /* all inputs are [n]; a second one is bool */
} late_op;

static const late_op late_ops[] = {
    {"Where", 1, 1}, {"BooleanMask", 2, 1}, {"Unique", 1, 2}, {"UniqueWithCounts", 1, 3}};
enum { LATE_OPS = sizeof late_ops / sizeof *late_ops };

static eager_status run(const late_op *l, eager_tensor *const *in, eager_tensor **out) {
  switch (l - late_ops) {
  case 0:
    return eager_where_indices(in[0], out);
  case 1:
    return eager_boolean_mask(in[0], in[1], 0, out);
  case 2:
    return eager_unique(in[0], EAGER_INT32, &out[0], &out[1]);
  default:
    return eager_unique_with_counts(in[0], EAGER_INT64, &out[0], &out[1], &out[2]);
  }
}

/* What ops say of [1, 2, 3] and, for BooleanMask, [true, false, true]. Releases `out`. */
static void expect(const late_op *l, eager_tensor **out) {
  static const double places[] = {0, 1, 2}, ones[] = {1, 1, 1};
  switch (l - late_ops) {
  case 0:
    test_expect(out[0], EAGER_INT64, (test_shape){2, {3, 1}}, places, TEST_EXACT, l->name);
    break;
  case 1:
    placing_expect(out[0], 2, (double[]){1, 3});
    break;
  default:
    placing_expect(out[0], 3, (double[]){1, 2, 3});
    test_expect(out[1], l->outputs == 2 ? EAGER_INT32 : EAGER_INT64, (test_shape){1, {3}},
                places, TEST_EXACT, l->name);
    if (l->outputs == 3)
      test_expect(out[2], EAGER_INT64, (test_shape){1, {3}}, ones, TEST_EXACT, l->name);
  }
  for (int i = 0; i < l->outputs; i++) {
    assert_string_equal(eager_tensor_device(out[i]), placing_full_name(test_device()));
    eager_tensor_release(out[i]);
  }
}

static const char *second(void) {
  return test_has_same_context() ? test_device_same_context() : test_device_other_context();
}

static void make_inputs(const char *device, eager_tensor *in[2]) {
  in[0] = placing_tensor(device, EAGER_FLOAT32, 3);
  in[1] = placing_tensor(device, EAGER_BOOL, 3);
}

static void release(eager_tensor *const *t, int count) {
  for (int i = 0; i < count; i++) eager_tensor_release(t[i]);
}

static void copies_once(const late_op *l, const char *other, eager_execution_mode mode) {
  eager_tensor *in[2], *out[3];
  placing_begin(EAGER_DEVICE_PLACEMENT_SILENT, mode);
  make_inputs(other, in);
  assert_ok(run(l, in, out));
  expect(l, out);
  assert_int_equal(placing_stats().count, l->inputs);
  assert_int_equal(placing_stats().mirror_hits, 0);
  for (int i = 0; i < l->inputs; i++)
    assert_int_equal(placing_record(l->name, i, other, test_device()).count, 1);
  assert_ok(run(l, in, out));
  expect(l, out);
  assert_int_equal(placing_stats().count, l->inputs);
  assert_int_equal(placing_stats().mirror_hits, l->inputs);
  release(in, 2);
}

static void refuses_by_policy(const late_op *l, const char *other,
                              eager_execution_mode mode) {
  const char *here = placing_full_name(test_device());
  eager_tensor *near[2], *far[2], *out[3];
  placing_begin(EAGER_DEVICE_PLACEMENT_EXPLICIT, mode);
  make_inputs(test_device(), near);
  make_inputs(other, far);
  for (int bad = 0; bad < l->inputs; bad++) {
    eager_tensor *in[2] = {near[0], near[1]};
    in[bad] = far[bad];
    assert_fails_like(
        run(l, in, out), EAGER_INVALID_ARGUMENT,
        test_text("Tensors on conflicting devices: cannot compute %s as input #%d was "
                  "expected to be on %s but is actually on %s",
                  l->name, bad, here, placing_full_name(other)));
    for (int i = 0; i < l->outputs; i++) assert_null(out[i]);
    assert_int_equal(placing_stats().count, 0);
  }
  placing_begin(EAGER_DEVICE_PLACEMENT_WARN, mode);
  assert_ok(run(l, far, out));
  expect(l, out);
  assert_int_equal(placing_stats().warnings, l->inputs);
  release(near, 2);
  release(far, 2);
}

static void policies_hold_on(const char *other) {
  for (int i = 0; i < LATE_OPS; i++)
    for (int mode = EAGER_SYNC; mode <= EAGER_ASYNC; mode++) {
      copies_once(&late_ops[i], other, (eager_execution_mode)mode);
      refuses_by_policy(&late_ops[i], other, (eager_execution_mode)mode);
    }
}

static void policies_within_the_context(void **state) {
  (void)state;
  policies_hold_on(test_device_same_context());
}

static void policies_across_contexts(void **state) {
  (void)state;
  policies_hold_on(test_device_other_context());
}

/* A scope owns the outputs and nothing else; what is used inside a call is gone after it.
 */
static void scopes_own_the_outputs(void **state) {
  (void)state;
  for (int mode = EAGER_SYNC; mode <= EAGER_ASYNC; mode++) {
    placing_begin(EAGER_DEVICE_PLACEMENT_SILENT, (eager_execution_mode)mode);
    eager_tensor *in[2];
    make_inputs(test_device(), in);
    assert_ok(eager_synchronize(NULL));
    uint64_t before = placing_memory(test_device()).current;
    for (int i = 0; i < LATE_OPS; i++) {
      eager_tensor *out[3];
      assert_ok(eager_tidy_begin());
      assert_ok(run(&late_ops[i], in, out));
      for (int k = 0; k < late_ops[i].outputs; k++) assert_ok(eager_tidy_keep(out[k]));
      assert_ok(eager_tidy_end());
      expect(&late_ops[i], out);
      assert_ok(eager_synchronize(NULL));
      assert_int_equal(placing_memory(test_device()).current, before);
      assert_ok(eager_tidy_begin());
      assert_ok(run(&late_ops[i], in, out));
      assert_ok(eager_tidy_end());
      assert_ok(eager_synchronize(NULL));
      assert_int_equal(placing_memory(test_device()).current, before);
    }
    release(in, 2);
  }
}

static void expect_failure(const late_op *l, eager_tensor *bad, const char *device,
                           unsigned long long gather, eager_execution_mode mode) {
  eager_tensor *in[2] = {bad, placing_tensor(test_device(), EAGER_BOOL, 3)}, *out[3];
  const char *text =
      test_text("%s [failed op: GatherV2 #%llu on %s]", placing_bad_text, gather, device);
  assert_ok(eager_set_thread_execution_mode(mode));
  eager_status status = run(l, in, out);
  eager_tensor_release(in[1]);
  if (status == EAGER_OK && mode == EAGER_ASYNC && strcmp(l->name, "BooleanMask") == 0) {
    /* Its count needs the mask only. */
    assert_fails_like(eager_tensor_wait(out[0]), EAGER_INVALID_ARGUMENT, text);
    eager_tensor_release(out[0]);
    return;
  }
  assert_fails(status, EAGER_INVALID_ARGUMENT, test_text("%s [Op:%s]", text, l->name));
  for (int k = 0; k < l->outputs; k++) assert_null(out[k]);
}

/* In both modes the call fails with what is wrong with the input, known before or not. */
static void failed_inputs_fail_the_call(void **state) {
  (void)state;
  const char *devices[] = {test_device(), second()};
  for (int combination = 0; combination < 8 * LATE_OPS; combination++) {
    const char *device = devices[combination & 1];
    placing_begin(EAGER_DEVICE_PLACEMENT_SILENT, EAGER_ASYNC);
    eager_tensor *bad = placing_bad_gather(device);
    unsigned long long gather = placing_number();
    if (combination & 2) assert_int_equal(eager_tensor_wait(bad), EAGER_INVALID_ARGUMENT);
    expect_failure(&late_ops[combination / 8], bad, device, gather,
                   combination & 4 ? EAGER_ASYNC : EAGER_SYNC);
    assert_fails_like(eager_synchronize(NULL), EAGER_INVALID_ARGUMENT, placing_bad_text);
    assert_ok(eager_synchronize(NULL));
    eager_tensor_release(bad);
  }
}

/* What the host can refuse is refused before anything is copied or waited for. */
static void refuses_before_it_copies(void **state) {
  (void)state;
  for (int mode = EAGER_SYNC; mode <= EAGER_ASYNC; mode++) {
    placing_begin(EAGER_DEVICE_PLACEMENT_SILENT, (eager_execution_mode)mode);
    eager_tensor *in[2], *out[3];
    make_inputs(second(), in);
    assert_fails_like(eager_boolean_mask(in[0], in[1], 1, out), EAGER_INVALID_ARGUMENT,
                      "axis 1 is out of range for a tensor of rank 1");
    assert_null(out[0]);
    assert_fails(eager_unique(in[0], EAGER_INT16, &out[0], &out[1]), EAGER_INVALID_ARGUMENT,
                 "out_idx must be int32 or int64, got int16 [Op:Unique]");
    assert_fails_like(
        eager_unique_with_counts(in[0], EAGER_INT8, &out[0], &out[1], &out[2]),
        EAGER_INVALID_ARGUMENT, "out_idx must be int32 or int64, got int8");
    eager_tensor *ids = placing_tensor(second(), EAGER_INT32, 2);
    assert_fails(eager_segment_sum(in[0], ids, &out[0]), EAGER_INVALID_ARGUMENT,
                 "segment_ids should be the same size as dimension 0 of input. "
                 "[Op:SegmentSum]");
    assert_fails_like(eager_bincount(ids, &(eager_bincount_options){.axis = 7}, &out[0]),
                      EAGER_INVALID_ARGUMENT, "Unsupported value for argument axis=7");
    eager_tensor_release(ids);
    assert_int_equal(placing_stats().count, 0);
    release(in, 2);
  }
}

static void nothing_found(void **state) {
  (void)state;
  for (int mode = EAGER_SYNC; mode <= EAGER_ASYNC; mode++) {
    placing_begin(EAGER_DEVICE_PLACEMENT_SILENT, (eager_execution_mode)mode);
    eager_tensor *zeros = placing_values(test_device(), 3, (double[]){0, -0.0, 0}), *y;
    eager_tensor *mask, *sum, *none[3];
    assert_ok(eager_where_indices(zeros, &y));
    test_expect(y, EAGER_INT64, (test_shape){2, {0, 1}}, (double[1]){0}, TEST_EXACT, NULL);
    eager_tensor_release(y);
    assert_ok(eager_not_equal(zeros, zeros, &mask));
    assert_ok(eager_boolean_mask(zeros, mask, 0, &y));
    placing_expect(y, 0, (double[1]){0});
    assert_ok(eager_add(y, y, &sum));
    placing_expect(sum, 0, (double[1]){0});
    assert_ok(eager_unique_with_counts(y, EAGER_INT32, &none[0], &none[1], &none[2]));
    placing_expect(none[0], 0, (double[1]){0});
    for (int i = 1; i < 3; i++)
      test_expect(none[i], EAGER_INT32, (test_shape){1, {0}}, (double[1]){0}, TEST_EXACT,
                  NULL);
    release((eager_tensor *[]){zeros, mask, y, sum, none[0], none[1], none[2]}, 7);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(policies_within_the_context),
      cmocka_unit_test(policies_across_contexts),
      cmocka_unit_test(scopes_own_the_outputs),
      cmocka_unit_test(failed_inputs_fail_the_call),
      cmocka_unit_test(refuses_before_it_copies),
      cmocka_unit_test(nothing_found),
  };
  return test_main("runtime/late_sizes", tests, sizeof tests / sizeof *tests);
}
