/* ctest: devices=all labels=threaded timeout=180 */
/* What weights carry beside their bytes (tensor/forms.h): when it is made, what it counts
 * for, and when it goes. */
#include <math.h>
#include <string.h>

#include "placing.h"
#include "runtime/runtime.h"
#include "tensor/tensor.h"
#include "test.h"

/* Weights [N, K] of 512 KB, of which panels are kept in as many bytes. */
enum { M = 6, K = 512, N = 256 };
static const uint64_t form_size = 4 * K * N;

static float input[M * K], filter[N * K], expected[M * N];

/* Whole numbers, so that sums are exact in any order. */
static void make_values(void) {
  for (int i = 0; i < M * K; i++) input[i] = (float)(i * 7 % 11 - 5);
  for (int i = 0; i < N * K; i++) filter[i] = (float)(i * 5 % 13 - 6);
  for (int i = 0; i < M; i++)
    for (int j = 0; j < N; j++) {
      float sum = 0;
      for (int k = 0; k < K; k++) sum += input[i * K + k] * filter[j * K + k];
      expected[i * N + j] = sum;
    }
}

static void prepare(void) {
  test_time_limit(120);
  if (test_is_slow() || !eager__runtime_get()->default_device->traits.cpu_like)
    test_skip("no product lays weights out on this device");
  make_values();
}

static void begin(eager_execution_mode mode) {
  placing_begin(EAGER_DEVICE_PLACEMENT_SILENT, mode);
  prepare();
}

static eager_tensor *make_on(const char *device, const float *values, int64_t rows) {
  eager_tensor *t;
  const int64_t dims[2] = {rows, K};
  assert_ok(eager_push_device(device));
  assert_ok(eager_tensor_from_host(EAGER_FLOAT32, 2, dims, values, &t));
  assert_ok(eager_pop_device());
  return t;
}

static eager_tensor *make_input(void) {
  return make_on(test_device(), input, M);
}

static eager_tensor *make_weights(void) {
  return make_on(test_device(), filter, N);
}

static bool has_forms(const eager_tensor *t) {
  return atomic_load(&t->buffer->forms) != NULL;
}

static eager_tensor *multiply(eager_tensor *x, eager_tensor *w) {
  eager_tensor *y;
  assert_ok(eager_matmul(x, false, w, true, &y));
  return y;
}

static const char *wrong(const eager_tensor *y) {
  static _Thread_local float got[M * N];
  const char *failed = test_failure(eager_tensor_to_host(y, got, sizeof got));
  if (failed) return failed;
  return memcmp(got, expected, sizeof got) == 0 ? NULL : "a wrong product";
}

static void use(eager_tensor *x, eager_tensor *w) {
  eager_tensor *y = multiply(x, w);
  assert_null(wrong(y));
  eager_tensor_release(y);
}

static uint64_t in_use(void) {
  return placing_memory(test_device()).current;
}

/* From the second use on, once; it goes with the weights, not with a handle. */
static void counted_until_the_weights_go(void **state) {
  (void)state;
  for (int mode = EAGER_SYNC; mode <= EAGER_ASYNC; mode++) {
    begin((eager_execution_mode)mode);
    uint64_t empty = in_use();
    eager_tensor *x = make_input(), *w = make_weights(), *view;
    uint64_t before = in_use();
    use(x, w);
    assert_int_equal(in_use(), before);
    assert_false(has_forms(w));
    for (int i = 0; i < 3; i++) {
      use(x, w);
      assert_int_equal(in_use(), before + form_size);
      assert_true(has_forms(w));
    }
    assert_ok(eager_reshape(w, 2, (int64_t[]){N, K}, &view));
    eager_tensor_release(w);
    use(x, view); /* the same storage: found again */
    assert_int_equal(in_use(), before + form_size);
    eager_tensor_release(view);
    eager_tensor_release(x);
    assert_ok(eager_synchronize(NULL));
    assert_int_equal(in_use(), empty);
  }
}

/* Nobody asks twice for what an op makes and drops. */
static void temporaries_have_none(void **state) {
  (void)state;
  begin(EAGER_ASYNC);
  eager_tensor *x = make_input(), *w = make_weights();
  for (int i = 0; i < 4; i++) {
    eager_tensor *negative, *same;
    assert_ok(eager_negative(w, &negative));
    assert_ok(eager_negative(negative, &same));
    use(x, same);
    assert_false(has_forms(same));
    eager_tensor_release(negative);
    eager_tensor_release(same);
  }
  eager_tensor_release(x);
  eager_tensor_release(w);
}

static void dropped_by_trimming(void **state) {
  (void)state;
  begin(EAGER_ASYNC);
  eager_tensor *x = make_input(), *w = make_weights();
  uint64_t before = in_use();
  for (int i = 0; i < 3; i++) use(x, w);
  assert_int_equal(in_use(), before + form_size);
  assert_ok(eager_trim_memory(test_device()));
  assert_false(has_forms(w));
  assert_int_equal(in_use(), before);
  use(x, w); /* and made again */
  assert_int_equal(in_use(), before + form_size);
  eager_tensor_release(x);
  eager_tensor_release(w);
}

/* Who has the memory object may write to it; what is made of it may be wrong then. */
static void none_of_memory_others_hold(void **state) {
  (void)state;
  begin(EAGER_SYNC);
  eager_tensor *x = make_input(), *w = make_weights(), *imported;
  cl_mem mem;
  size_t offset;
  for (int i = 0; i < 3; i++) use(x, w);
  assert_true(has_forms(w));
  assert_ok(eager_tensor_cl_mem(w, &mem, &offset));
  assert_false(has_forms(w));
  assert_ok(eager_tensor_from_cl_mem(test_device(), mem, offset, EAGER_FLOAT32, 2,
                                     (int64_t[]){N, K}, NULL, &imported));
  assert_int_equal(clReleaseMemObject(mem), CL_SUCCESS);
  for (int i = 0; i < 3; i++) {
    use(x, w);
    use(x, imported);
  }
  assert_false(has_forms(w));
  assert_false(has_forms(imported));
  eager_tensor_release(imported);
  eager_tensor_release(x);
  eager_tensor_release(w);
}

static void free_data(void *data, void *user) {
  (void)user;
  free(data);
}

static void none_of_adopted_memory(void **state) {
  (void)state;
  begin(EAGER_SYNC);
  float *data = aligned_alloc(4096, sizeof filter);
  eager_tensor *x = make_input(), *w;
  memcpy(data, filter, sizeof filter);
  assert_ok(eager_tensor_adopt_host(EAGER_FLOAT32, 2, (int64_t[]){N, K}, data,
                                    sizeof filter, free_data, NULL, &w));
  if (!w->buffer->block->foreign) test_skip("this device copies what it adopts");
  for (int i = 0; i < 3; i++) use(x, w);
  assert_false(has_forms(w));
  eager_tensor_release(x);
  eager_tensor_release(w);
}

/* --- Memory --- */

static void begin_with(size_t limit) {
  eager_config config = {.memory_limit = limit};
  assert_ok(test_enable_with(config, EAGER_DEVICE_PLACEMENT_SILENT, EAGER_ASYNC));
  prepare();
}

static eager_tensor *fill(int64_t bytes) {
  eager_tensor *t;
  assert_ok(eager_tensor_zeros(EAGER_UINT8, 1, &bytes, &t));
  return t;
}

static void dropped_before_a_call_is_refused(void **state) {
  (void)state;
  const size_t limit = 4 << 20;
  begin_with(limit);
  eager_tensor *x = make_input(), *w = make_weights();
  for (int i = 0; i < 3; i++) use(x, w);
  assert_true(has_forms(w));
  assert_ok(eager_synchronize(NULL));
  uint64_t without = in_use() - form_size;
  eager_tensor *big = fill((int64_t)(3 << 20)); /* fits without it only */
  assert_false(has_forms(w));
  assert_int_equal(in_use(), without + (3 << 20));
  for (int i = 0; i < 3; i++) use(x, w);
  assert_false(has_forms(w)); /* nor would it come and go with every large tensor */
  eager_tensor_release(big);
  for (int i = 0; i < 3; i++) use(x, w);
  assert_false(has_forms(w));
  eager_tensor_release(x);
  eager_tensor_release(w);
}

static void not_made_of_the_last_memory(void **state) {
  (void)state;
  begin_with(4 << 20);
  eager_tensor *x = make_input(), *w = make_weights(), *big = fill(2 << 20);
  uint64_t before = in_use();
  for (int i = 0; i < 3; i++) use(x, w);
  assert_ok(eager_synchronize(NULL));
  assert_int_equal(in_use(), before); /* three quarters are the most */
  eager_tensor_release(big);
  use(x, w);
  assert_true(has_forms(w));
  eager_tensor_release(x);
  eager_tensor_release(w);
}

/* --- Order --- */

/* The weights come from another device: ops are recorded before they are there, and forms
 * found only once they are on the queue. The copies carry them, so they go with those. */
static void of_copies_under_way(void **state) {
  (void)state;
  enum { OPS = 12 };
  if (!test_has_other_context() && !test_has_same_context()) test_skip("one device");
  const char *far =
      test_has_other_context() ? test_device_other_context() : test_device_same_context();
  begin(EAGER_ASYNC);
  for (int round = 0; round < 5; round++) {
    uint64_t empty = in_use();
    eager_tensor *x = make_input(), *w = make_on(far, filter, N), *y[OPS];
    for (int i = 0; i < OPS; i++) y[i] = multiply(x, w);
    eager_tensor_release(round % 2 ? x : NULL);
    for (int i = 0; i < OPS; i++) {
      assert_null(wrong(y[i]));
      eager_tensor_release(y[i]);
    }
    if (round % 2) x = make_input();
    for (int i = 0; i < 3; i++) use(x, w);
    assert_false(has_forms(w));
    assert_in_range(in_use() - empty, 2 * form_size, 2 * form_size + (64 << 10));
    eager_tensor_release(x);
    eager_tensor_release(w);
    assert_ok(eager_synchronize(NULL));
    assert_int_equal(in_use(), empty);
  }
}

/* Ops that wait for x, whose event is a user's, hold what they would fill. */
static void of_ops_that_wait_or_fail(void **state) {
  (void)state;
  for (int fails = 0; fails < 2; fails++) {
    begin(EAGER_ASYNC);
    uint64_t empty = in_use();
    eager_tensor *w = make_weights(), *x = make_input(), *late, *y[3];
    placing_gate gate = placing_gate_new(test_device(), (int64_t)M * K);
    assert_ok(eager_reshape(gate.tensor, 2, (int64_t[]){M, K}, &late));
    for (int i = 0; i < 3; i++) y[i] = multiply(late, w);
    for (int i = 0; i < 3; i++) use(x, w); /* finds none that is filled */
    placing_gate_open(&gate, fails ? CL_OUT_OF_RESOURCES : CL_COMPLETE);
    for (int i = 0; i < 3; i++) {
      assert_int_equal(eager_tensor_wait(y[i]) == EAGER_OK, !fails);
      eager_tensor_release(y[i]);
    }
    eager_status status = eager_synchronize(NULL);
    assert_int_equal(status == EAGER_OK, !fails);
    for (int i = 0; i < 3; i++) use(x, w);
    assert_true(has_forms(w));
    eager_tensor_release(gate.tensor);
    eager_tensor_release(late);
    eager_tensor_release(x);
    eager_tensor_release(w);
    assert_ok(eager_synchronize(NULL));
    assert_int_equal(in_use(), empty);
  }
}

enum { THREADS = 4, ROUNDS = 60, SHARED = 3 };

typedef struct crowd {
  eager_tensor *x, *w[SHARED];
} crowd;

static const char *use_all(int i, void *argument) {
  crowd *c = argument;
  const char *failed =
      test_failure(eager_set_thread_execution_mode(i % 2 ? EAGER_SYNC : EAGER_ASYNC));
  for (int round = 0; round < ROUNDS && !failed; round++) {
    if (i == 0 && round % 8 == 7) failed = test_failure(eager_trim_memory(test_device()));
    eager_tensor *y = NULL, *own = NULL, *w = c->w[(round + i) % SHARED];
    if (!failed && round % 5 == 4) {
      failed = test_failure(
          eager_tensor_from_host(EAGER_FLOAT32, 2, (int64_t[]){N, K}, filter, &own));
      w = own;
    }
    for (int twice = 0; twice < 2 && !failed; twice++) {
      failed = test_failure(eager_matmul(c->x, false, w, true, &y));
      if (!failed) failed = wrong(y);
      eager_tensor_release(y);
    }
    eager_tensor_release(own);
  }
  return failed;
}

static void four_threads_and_trimming(void **state) {
  (void)state;
  begin(EAGER_SYNC);
  uint64_t empty = in_use();
  crowd c = {.x = make_input()};
  for (int i = 0; i < SHARED; i++) c.w[i] = make_weights();
  test_threads(THREADS, use_all, &c);
  eager_tensor_release(c.x);
  for (int i = 0; i < SHARED; i++) eager_tensor_release(c.w[i]);
  assert_ok(eager_synchronize(NULL));
  assert_int_equal(in_use(), empty);
}

static void held_at_the_end(void **state) {
  (void)state;
  begin(EAGER_ASYNC);
  eager_tensor *x = make_input(), *w = make_weights();
  for (int i = 0; i < 3; i++) eager_tensor_release(multiply(x, w));
  assert_ok(eager_shutdown());
  assert_false(has_forms(w));
  eager_tensor_release(x);
  eager_tensor_release(w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(counted_until_the_weights_go),
      cmocka_unit_test(temporaries_have_none),
      cmocka_unit_test(dropped_by_trimming),
      cmocka_unit_test(none_of_memory_others_hold),
      cmocka_unit_test(none_of_adopted_memory),
      cmocka_unit_test(dropped_before_a_call_is_refused),
      cmocka_unit_test(not_made_of_the_last_memory),
      cmocka_unit_test(of_copies_under_way),
      cmocka_unit_test(of_ops_that_wait_or_fail),
      cmocka_unit_test(four_threads_and_trimming),
      cmocka_unit_test(held_at_the_end),
  };
  return test_main_each("runtime/forms", tests, sizeof tests / sizeof *tests);
}
