/* ctest: devices=all labels=threaded timeout=120 */
/* semantics.md section 4, "Poison": what a failure after the call does to handles. */
#include "placing.h"
#include "tensor/tensor.h"
#include "test.h"

static const char *second(void) {
  return test_has_same_context() ? test_device_same_context() : test_device_other_context();
}

static void begin(eager_execution_mode mode) {
  placing_begin(EAGER_DEVICE_PLACEMENT_SILENT, mode);
}

/* What the failing gather left for eager_synchronize. */
static void forget(void) {
  assert_int_equal(eager_synchronize(NULL), EAGER_INVALID_ARGUMENT);
  assert_ok(eager_synchronize(NULL));
}

static const char *failed(unsigned long long gather) {
  return test_text("%s [failed op: GatherV2 #%llu on %s]", placing_bad_text, gather,
                   test_device());
}

static const char *failed_for(unsigned long long gather, const char *reader,
                              unsigned long long number) {
  return test_text("%s [read as output 0 of %s #%llu]", failed(gather), reader, number);
}

/* gather -> add -> migrate -> add, to both kinds of other device. */
static void travels_to(const char *other) {
  begin(EAGER_ASYNC);
  eager_tensor *x = placing_tensor(test_device(), EAGER_FLOAT32, 3);
  eager_tensor *gathered = placing_bad_gather(test_device());
  unsigned long long gather = placing_number();
  eager_tensor *near = placing_sum(test_device(), gathered, x);
  unsigned long long near_add = placing_number();
  eager_tensor *far = placing_sum(other, near, x);
  unsigned long long far_add = placing_number();
  eager_tensor *farther = placing_sum(other, x, far);
  unsigned long long farther_add = placing_number();
  eager_tensor *copy;
  assert_ok(eager_tensor_copy_to_device(near, other, &copy));
  unsigned long long copied = placing_number();

  placing_expect_failed(farther, EAGER_INVALID_ARGUMENT,
                        failed_for(gather, "AddV2", farther_add));
  placing_expect_failed(far, EAGER_INVALID_ARGUMENT, failed_for(gather, "AddV2", far_add));
  placing_expect_failed(near, EAGER_INVALID_ARGUMENT,
                        failed_for(gather, "AddV2", near_add));
  placing_expect_failed(copy, EAGER_INVALID_ARGUMENT,
                        failed_for(gather, "CopyToDevice", copied));
  placing_expect_failed(gathered, EAGER_INVALID_ARGUMENT, failed(gather));
  placing_expect(x, 3, (double[]){1, 2, 3});
  assert_int_equal(eager_tensor_rank(farther), 1);
  assert_int_equal(eager_tensor_dim(farther, 0), 3);
  forget();
  placing_expect_failed(farther, EAGER_INVALID_ARGUMENT, /* for good */
                        failed_for(gather, "AddV2", farther_add));
  eager_tensor *all[] = {x, gathered, near, far, farther, copy};
  for (int i = 0; i < 6; i++) eager_tensor_release(all[i]);
}

static void travels_within_the_context(void **state) {
  (void)state;
  travels_to(test_device_same_context());
}

static void travels_across_contexts(void **state) {
  (void)state;
  travels_to(test_device_other_context());
}

/* The consumer was submitted while nothing was known; polling alone finds out. */
static void consumers_already_run_fail_too(void **state) {
  (void)state;
  begin(EAGER_ASYNC);
  eager_tensor *gathered = placing_bad_gather(test_device());
  unsigned long long gather = placing_number();
  eager_tensor *sum = placing_sum(test_device(), gathered, gathered);
  unsigned long long add = placing_number();
  assert_non_null(sum->buffer->block); /* it has bytes: it was not refused at the call */
  while (eager_tensor_poll(sum) == EAGER_PENDING) continue;
  assert_int_equal(eager_tensor_poll(sum), EAGER_FAILED);
  assert_string_equal(eager_error_message(), failed_for(gather, "AddV2", add));
  assert_int_equal(eager_tensor_poll(gathered), EAGER_FAILED);
  forget();
  eager_tensor_release(sum);
  eager_tensor_release(gathered);
}

static void independent_work_goes_on(void **state) {
  (void)state;
  begin(EAGER_ASYNC);
  eager_tensor *x = placing_tensor(test_device(), EAGER_FLOAT32, 3);
  eager_tensor *gathered = placing_bad_gather(test_device());
  eager_tensor *sum = placing_sum(test_device(), x, x);
  eager_tensor *good = placing_good_gather(test_device());
  eager_tensor *far = placing_sum(second(), sum, good);
  placing_expect(far, 3, (double[]){3, 7, 8});
  assert_int_equal(eager_tensor_poll(far), EAGER_READY);
  assert_int_equal(eager_tensor_poll(sum), EAGER_READY);
  assert_int_equal(eager_tensor_poll(good), EAGER_READY);
  forget();
  eager_tensor *all[] = {x, gathered, sum, good, far};
  for (int i = 0; i < 5; i++) eager_tensor_release(all[i]);
}

/* READY only when every check it depends on, on any device, has passed. */
static void ready_waits_for_every_check(void **state) {
  (void)state;
  begin(EAGER_ASYNC);
  placing_gate gate = placing_gate_new(test_device(), 4);
  int32_t rows[] = {0, 2, 1};
  eager_tensor *indices, *picked, *view;
  assert_ok(eager_tensor_from_host(EAGER_INT32, 1, (int64_t[]){3}, rows, &indices));
  assert_ok(eager_gather(gate.tensor, indices, 0, &picked));
  eager_tensor *far = placing_sum(second(), picked, picked);
  assert_ok(eager_reshape(far, 1, (int64_t[]){3}, &view));
  eager_readiness seen[] = {eager_tensor_poll(picked), eager_tensor_poll(far),
                            eager_tensor_poll(view)};
  placing_gate_open(&gate, CL_COMPLETE);
  for (int i = 0; i < 3; i++) assert_int_equal(seen[i], EAGER_PENDING);
  placing_expect(view, 3, (double[]){2, 6, 4});
  assert_int_equal(eager_tensor_poll(far), EAGER_READY);
  assert_int_equal(eager_tensor_poll(picked), EAGER_READY);
  eager_tensor *all[] = {gate.tensor, indices, picked, far, view};
  for (int i = 0; i < 5; i++) eager_tensor_release(all[i]);
}

/* Two checks meet; either may be the bad one. */
static void joins_fail_with_the_bad_one(void **state) {
  (void)state;
  for (int bad = 0; bad < 2; bad++) {
    begin(EAGER_ASYNC);
    eager_tensor *in[2], *sum;
    in[1 - bad] = placing_good_gather(test_device());
    in[bad] = placing_bad_gather(test_device());
    unsigned long long gather = placing_number();
    assert_ok(eager_add(in[0], in[1], &sum));
    unsigned long long add = placing_number();
    eager_tensor *twice = placing_sum(test_device(), sum, in[1 - bad]);
    unsigned long long again = placing_number();
    placing_expect_failed(twice, EAGER_INVALID_ARGUMENT,
                          failed_for(gather, "AddV2", again));
    placing_expect_failed(sum, EAGER_INVALID_ARGUMENT, failed_for(gather, "AddV2", add));
    assert_ok(eager_tensor_wait(in[1 - bad]));
    forget();
    eager_tensor_release(in[0]);
    eager_tensor_release(in[1]);
    eager_tensor_release(sum);
    eager_tensor_release(twice);
  }
}

static void views_are_poisoned(void **state) {
  (void)state;
  begin(EAGER_ASYNC);
  eager_tensor *gathered = placing_bad_gather(test_device()), *view;
  unsigned long long gather = placing_number();
  assert_ok(eager_reshape(gathered, 2, (int64_t[]){3, 1}, &view));
  unsigned long long reshape = placing_number();
  eager_tensor_release(gathered);
  placing_expect_failed(view, EAGER_INVALID_ARGUMENT,
                        failed_for(gather, "Reshape", reshape));
  forget();
  eager_tensor_release(view);
}

/* Every way of reading refuses, with the same text. */
static void nothing_reads_a_failed_chain(void **state) {
  (void)state;
  begin(EAGER_ASYNC);
  eager_tensor *gathered = placing_bad_gather(test_device());
  const char *text = failed(placing_number());
  const void *data;
  char *printed;
  cl_event event;
  cl_mem mem;
  size_t offset;
  assert_int_equal(eager_tensor_wait(gathered), EAGER_INVALID_ARGUMENT);
  assert_fails(eager_tensor_map(gathered, &data), EAGER_INVALID_ARGUMENT, text);
  assert_null(data);
  assert_fails(eager_tensor_format(gathered, &printed), EAGER_INVALID_ARGUMENT, text);
  assert_null(printed);
  assert_fails(eager_tensor_print(gathered), EAGER_INVALID_ARGUMENT, text);
  assert_fails(eager_npy_save("/nonexistent/never.npy", gathered), EAGER_INVALID_ARGUMENT,
               text);
  assert_fails(eager_tensor_cl_event(gathered, &event), EAGER_INVALID_ARGUMENT, text);
  assert_null(event);
  assert_fails(eager_tensor_cl_mem(gathered, &mem, &offset), EAGER_INVALID_ARGUMENT, text);
  assert_null(mem);
  assert_int_equal(eager_tensor_unmap(gathered), EAGER_FAILED_PRECONDITION);
  forget();
  eager_tensor_release(gathered);
}

/* "In ASYNC a call on an input already known to have failed returns OK and a FAILED
 * handle"; arguments are still checked first. */
static void known_failures_in_async(void **state) {
  (void)state;
  begin(EAGER_ASYNC);
  eager_tensor *x = placing_tensor(test_device(), EAGER_FLOAT32, 3), *view, *copy, *out;
  eager_tensor *wide = placing_tensor(test_device(), EAGER_FLOAT32, 2);
  eager_tensor *gathered = placing_bad_gather(test_device());
  unsigned long long gather = placing_number();
  assert_int_equal(eager_tensor_wait(gathered), EAGER_INVALID_ARGUMENT);
  eager_tensor *sum = placing_sum(test_device(), x, gathered);
  unsigned long long add = placing_number();
  eager_tensor *far = placing_sum(second(), gathered, x);
  unsigned long long far_add = placing_number();
  assert_ok(eager_reshape(gathered, 2, (int64_t[]){1, 3}, &view));
  unsigned long long reshape = placing_number();
  assert_ok(eager_tensor_copy_to_device(gathered, second(), &copy));
  unsigned long long copied = placing_number();
  placing_expect_failed(sum, EAGER_INVALID_ARGUMENT, failed_for(gather, "AddV2", add));
  placing_expect_failed(far, EAGER_INVALID_ARGUMENT, failed_for(gather, "AddV2", far_add));
  placing_expect_failed(view, EAGER_INVALID_ARGUMENT,
                        failed_for(gather, "Reshape", reshape));
  placing_expect_failed(copy, EAGER_INVALID_ARGUMENT,
                        failed_for(gather, "CopyToDevice", copied));
  assert_string_equal(eager_tensor_device(far), placing_full_name(second()));
  assert_fails(eager_add(gathered, wide, &out), EAGER_INVALID_ARGUMENT,
               "Incompatible shapes: [3] vs. [2] [Op:AddV2]");
  assert_ok(eager_set_thread_device_policy(EAGER_DEVICE_PLACEMENT_EXPLICIT));
  assert_ok(eager_push_device(second()));
  assert_fails_like(eager_add(gathered, x, &out), EAGER_INVALID_ARGUMENT,
                    "Tensors on conflicting devices: cannot compute AddV2 as input #0");
  assert_ok(eager_pop_device());
  forget();
  eager_tensor *all[] = {x, wide, gathered, sum, far, view, copy};
  for (int i = 0; i < 7; i++) eager_tensor_release(all[i]);
}

/* "in SYNC it returns the input's status". */
static void known_failures_in_sync(void **state) {
  (void)state;
  begin(EAGER_ASYNC);
  eager_tensor *gathered = placing_bad_gather(test_device());
  unsigned long long gather = placing_number();
  eager_tensor *sum = placing_sum(test_device(), gathered, gathered), *out;
  unsigned long long add = placing_number();
  assert_ok(eager_set_thread_execution_mode(EAGER_SYNC)); /* waits, and is not told */
  assert_int_equal(eager_tensor_poll(gathered), EAGER_FAILED);
  assert_fails(eager_add(gathered, gathered, &out), EAGER_INVALID_ARGUMENT,
               test_text("%s [Op:AddV2]", failed(gather)));
  assert_null(out);
  assert_fails(eager_negative(sum, &out), EAGER_INVALID_ARGUMENT,
               test_text("%s [Op:Neg]", failed_for(gather, "AddV2", add)));
  assert_ok(eager_push_device(second()));
  assert_fails(eager_add(gathered, gathered, &out), EAGER_INVALID_ARGUMENT,
               test_text("%s [Op:AddV2]", failed(gather)));
  assert_ok(eager_pop_device());
  assert_fails(eager_tensor_copy_to_device(sum, second(), &out), EAGER_INVALID_ARGUMENT,
               failed_for(gather, "AddV2", add));
  assert_null(out);
  forget();
  eager_tensor_release(gathered);
  eager_tensor_release(sum);
}

typedef struct reader {
  eager_tensor *tensor;
  const char *device, *expected;
  bool copy;
} reader;

/* A thread in SYNC, the process's mode. */
static const char *use_in_sync(int i, void *argument) {
  const reader *r = argument;
  eager_tensor *out;
  (void)i;
  const char *problem = test_failure(eager_push_device(r->device));
  if (problem) return problem;
  eager_status status = r->copy ? eager_tensor_copy_to_device(r->tensor, NULL, &out)
                                : eager_add(r->tensor, r->tensor, &out);
  if (status != EAGER_INVALID_ARGUMENT || out) return "not refused";
  return strcmp(eager_error_message(), r->expected) ? test_failure(status) : NULL;
}

/* SYNC calls on an input whose failure nobody has seen yet: the same answers. */
static void unknown_failures_in_sync(void **state) {
  (void)state;
  for (int round = 0; round < 3; round++) {
    begin(EAGER_ASYNC);
    eager_tensor *gathered = placing_bad_gather(test_device());
    reader r = {.tensor = gathered,
                .device = round ? second() : test_device(),
                .expected = failed(placing_number()),
                .copy = round == 2};
    if (!r.copy) r.expected = test_text("%s [Op:AddV2]", r.expected);
    test_threads(1, use_in_sync, &r);
    forget(); /* the gather's own; the SYNC call adds nothing */
    eager_tensor_release(gathered);
  }
}

/* In SYNC the call tells, once, and nothing is left behind. */
static void own_failures_in_sync(void **state) {
  (void)state;
  begin(EAGER_SYNC);
  eager_tensor *x = placing_tensor(test_device(), EAGER_FLOAT32, 4), *indices, *out;
  int32_t rows[] = {3, 0, -5, 99};
  assert_ok(eager_tensor_from_host(EAGER_INT32, 1, (int64_t[]){4}, rows, &indices));
  assert_fails(eager_gather(x, indices, 0, &out), EAGER_INVALID_ARGUMENT,
               "indices[2] is not in [0, 4) [Op:GatherV2]");
  assert_null(out);
  assert_ok(eager_synchronize(NULL));
  eager_tensor_release(x);
  eager_tensor_release(indices);
}

/* A mirror whose copy failed is dropped; the source's owner may go at any time. */
static void failed_mirrors_are_dropped(void **state) {
  (void)state;
  begin(EAGER_ASYNC);
  eager_tensor *gathered = placing_bad_gather(test_device());
  eager_tensor *far = placing_sum(second(), gathered, gathered);
  assert_int_equal(eager_tensor_wait(far), EAGER_INVALID_ARGUMENT);
  assert_int_equal(eager_synchronize(second()), EAGER_OK);
  assert_null(gathered->buffer->mirrors);
  eager_tensor_release(gathered);
  assert_int_equal(eager_tensor_poll(far), EAGER_FAILED);
  forget();
  eager_tensor_release(far);
}

static const eager_dtype integers[] = {EAGER_INT8,   EAGER_INT16, EAGER_INT32,
                                       EAGER_INT64,  EAGER_UINT8, EAGER_UINT16,
                                       EAGER_UINT32, EAGER_UINT64};

/* Section 5: "integer division by zero is an error, not a crash". */
static void integer_division_by_zero(void **state) {
  (void)state;
  static const char *const ops[] = {"FloorDiv", "FloorMod", "TruncateDiv", "TruncateMod"};
  int count = test_is_slow() ? 1 : 4;
  begin(EAGER_SYNC);
  for (int d = 0; d < 8; d++) {
    if (integers[d] != EAGER_INT32 && !test_sampled((uint64_t)d)) continue;
    eager_tensor *a = placing_tensor(test_device(), integers[d], 3), *out;
    eager_tensor *zero =
        test_tensor(integers[d], (test_shape){1, {3}}, (double[]){1, 1, 0});
    for (int i = 0; i < count; i++) {
      eager_op *op;
      int outputs = 1;
      assert_ok(eager_op_new(ops[i], &op));
      assert_ok(eager_op_add_input(op, a));
      assert_ok(eager_op_add_input(op, zero));
      assert_fails(eager_op_execute(op, &out, &outputs), EAGER_INVALID_ARGUMENT,
                   test_text("Integer division by zero at element 2 [Op:%s]", ops[i]));
      assert_null(out);
      assert_ok(eager_set_thread_execution_mode(EAGER_ASYNC));
      assert_ok(eager_op_execute(op, &out, &outputs)); /* inputs stay on failure */
      unsigned long long number = placing_number();
      placing_expect_failed(
          out, EAGER_INVALID_ARGUMENT,
          test_text("Integer division by zero at element 2 [failed op: %s #%llu on %s]",
                    ops[i], number, test_device()));
      assert_ok(eager_set_thread_execution_mode(EAGER_SYNC));
      forget();
      eager_tensor_release(out);
      eager_op_release(op);
    }
    eager_tensor_release(a);
    eager_tensor_release(zero);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(travels_within_the_context),
      cmocka_unit_test(travels_across_contexts),
      cmocka_unit_test(consumers_already_run_fail_too),
      cmocka_unit_test(independent_work_goes_on),
      cmocka_unit_test(ready_waits_for_every_check),
      cmocka_unit_test(joins_fail_with_the_bad_one),
      cmocka_unit_test(views_are_poisoned),
      cmocka_unit_test(nothing_reads_a_failed_chain),
      cmocka_unit_test(known_failures_in_async),
      cmocka_unit_test(known_failures_in_sync),
      cmocka_unit_test(unknown_failures_in_sync),
      cmocka_unit_test(own_failures_in_sync),
      cmocka_unit_test(failed_mirrors_are_dropped),
      cmocka_unit_test(integer_division_by_zero),
  };
  return test_main("runtime/poison", tests, sizeof tests / sizeof *tests);
}
