/* ctest: devices=all labels=threaded timeout=120 */
/* semantics.md section 6: memory_limit, what is given up before a call is refused, the text
 * of the refusal, and that nothing is lost by it. */
#include "placing.h"
#include "test.h"

enum { BLOCKS = 8 };

/* Bytes, of which the budget is BLOCKS times as many: a size class of the pool's, and
 * where the device is fast enough more than the staging ring takes. */
static int64_t block_size(void) {
  return test_is_slow() ? 1024 : 128 * 1024;
}
static int64_t elements_of_block(void) {
  return block_size() / 4;
}
static int64_t limit(void) {
  return BLOCKS * block_size();
}

static const char *second(void) {
  return test_has_same_context() ? test_device_same_context() : test_device_other_context();
}

static void begin(eager_execution_mode mode) {
  eager_config config = {.memory_limit = (size_t)limit()};
  assert_ok(test_enable_with(config, EAGER_DEVICE_PLACEMENT_SILENT, EAGER_SYNC));
  assert_ok(eager_set_thread_execution_mode(mode));
  test_time_limit(90);
}

static eager_tensor *block_of(double value) {
  double *values = test_alloc((size_t)elements_of_block() * sizeof *values);
  for (int64_t i = 0; i < elements_of_block(); i++) values[i] = value;
  return test_tensor(EAGER_FLOAT32, (test_shape){1, {elements_of_block()}}, values);
}

static eager_tensor *zeros(int64_t elements) {
  eager_tensor *t;
  assert_ok(eager_tensor_zeros(EAGER_FLOAT32, 1, &elements, &t));
  return t;
}

static void expect_all(const eager_tensor *t, double value) {
  double *values = test_read(t);
  for (int64_t i = 0; i < elements_of_block(); i++) assert_true(values[i] == value);
}

static const char *refusal(uint64_t requested, uint64_t in_use, uint64_t cached,
                           unsigned long long holder, uint64_t held) {
  return test_text("out of memory on %s: %llu bytes requested, %llu in use, %llu cached, "
                   "limit %lld; the largest holder is FromHost #%llu with %llu bytes",
                   test_device(), (unsigned long long)requested, (unsigned long long)in_use,
                   (unsigned long long)cached, (long long)limit(), holder,
                   (unsigned long long)held);
}

static void the_limit_is_the_budget(void **state) {
  (void)state;
  begin(EAGER_SYNC);
  assert_int_equal(placing_memory(test_device()).limit, limit());
  assert_int_equal(placing_memory(second()).limit, limit());
}

/* At the call, in both modes: requested size, in use, cached, limit, largest holder. */
static void refused_at_the_call(void **state) {
  (void)state;
  begin(EAGER_SYNC);
  eager_tensor *held[BLOCKS], *out;
  unsigned long long first = 0;
  for (int i = 0; i < BLOCKS; i++) {
    held[i] = block_of(i);
    if (!i) first = placing_number();
  }
  assert_int_equal(placing_memory(test_device()).current, limit());
  const char *text =
      test_text("%s [Op:AddV2]", refusal(block_size(), limit(), 0, first, block_size()));
  for (int mode = EAGER_SYNC; mode <= EAGER_ASYNC; mode++) {
    assert_ok(eager_set_thread_execution_mode((eager_execution_mode)mode));
    assert_fails(eager_add(held[0], held[1], &out), EAGER_RESOURCE_EXHAUSTED, text);
    assert_null(out);
  }
  int64_t elements = elements_of_block();
  float *data = test_alloc((size_t)block_size());
  assert_fails(eager_tensor_from_host(EAGER_FLOAT32, 1, &elements, data, &out),
               EAGER_RESOURCE_EXHAUSTED,
               refusal(block_size(), limit(), 0, first, block_size()));
  assert_null(out);

  /* Nothing is lost, and with one block back the same call passes. */
  assert_int_equal(placing_memory(test_device()).current, limit());
  for (int i = 0; i < BLOCKS; i++) expect_all(held[i], i);
  eager_tensor_release(held[7]);
  assert_ok(eager_add(held[2], held[3], &held[7]));
  expect_all(held[7], 5);
  assert_ok(eager_synchronize(NULL));
  for (int i = 0; i < BLOCKS; i++) eager_tensor_release(held[i]);
}

static void more_than_the_limit_at_once(void **state) {
  (void)state;
  begin(EAGER_SYNC);
  eager_tensor *held = block_of(3), *out;
  unsigned long long number = placing_number();
  int64_t elements = limit() / 4 + 1;
  assert_fails(eager_tensor_zeros(EAGER_FLOAT32, 1, &elements, &out),
               EAGER_RESOURCE_EXHAUSTED,
               test_text("%s [Op:Zeros]",
                         refusal(limit() + 4, block_size(), 0, number, block_size())));
  assert_null(out);
  expect_all(held, 3);
  eager_tensor_release(held);
}

/* Cached blocks are no reason to refuse. */
static void the_pool_is_trimmed(void **state) {
  (void)state;
  begin(EAGER_SYNC);
  eager_tensor *held[BLOCKS];
  for (int i = 0; i < BLOCKS; i++) held[i] = block_of(i);
  for (int i = 0; i < BLOCKS; i++) eager_tensor_release(held[i]);
  assert_int_equal(placing_memory(test_device()).reserved_bytes, limit());
  eager_tensor *large = zeros(limit() / 4); /* of another size class */
  eager_memory_info info = placing_memory(test_device());
  assert_int_equal(info.current, limit());
  assert_int_equal(info.reserved_bytes, limit());
  eager_tensor_release(large);
}

/* "drop mirrors" comes first; the sources, and results made from them, are untouched. */
static void mirrors_fall_first(void **state) {
  (void)state;
  for (int mode = EAGER_SYNC; mode <= EAGER_ASYNC; mode++) {
    begin((eager_execution_mode)mode);
    enum { SOURCES = 3 };
    eager_tensor *source[SOURCES], *result[SOURCES], *held[BLOCKS];
    assert_ok(eager_push_device(second()));
    for (int i = 0; i < SOURCES; i++) source[i] = block_of(10 + i);
    assert_ok(eager_pop_device());
    assert_ok(eager_reset_copy_stats());
    for (int i = 0; i < SOURCES; i++)
      assert_ok(eager_add(source[i], source[i], &result[i]));
    assert_int_equal(placing_stats().count, SOURCES);
    assert_ok(eager_synchronize(NULL));
    assert_int_equal(placing_memory(test_device()).current, 2 * SOURCES * block_size());
    for (int i = 0; i < BLOCKS - SOURCES; i++) held[i] = block_of(i); /* all but results */
    assert_int_equal(placing_memory(test_device()).current, limit());
    for (int i = 0; i < SOURCES; i++) expect_all(result[i], 2 * (10 + i));
    for (int i = 0; i < BLOCKS - SOURCES; i++) expect_all(held[i], i);
    for (int i = 0; i < BLOCKS - SOURCES; i++) eager_tensor_release(held[i]);
    for (int i = 0; i < SOURCES; i++) eager_tensor_release(result[i]);
    for (int i = 0; i < SOURCES; i++) { /* the mirrors were gone: copied again */
      assert_ok(eager_add(source[i], source[i], &result[i]));
      expect_all(result[i], 2 * (10 + i));
      eager_tensor_release(result[i]);
    }
    assert_int_equal(placing_stats().count, 2 * SOURCES);
    for (int i = 0; i < SOURCES; i++) eager_tensor_release(source[i]);
    assert_ok(eager_synchronize(NULL));
  }
}

/* A mirror in use is not taken from under an op. */
static void mirrors_in_use_stay(void **state) {
  (void)state;
  begin(EAGER_SYNC);
  assert_ok(eager_push_device(second()));
  eager_tensor *source = block_of(4), *view, *held[BLOCKS], *out;
  assert_ok(eager_pop_device());
  assert_ok(
      eager_reshape(source, 2, (int64_t[]){2, elements_of_block() / 2}, &view)); /* of it */
  for (int i = 0; i < BLOCKS - 1; i++) held[i] = block_of(i);
  int64_t one = 1;
  assert_int_equal(eager_tensor_zeros(EAGER_FLOAT32, 1, &one, &out),
                   EAGER_RESOURCE_EXHAUSTED);
  expect_all(view, 4);
  for (int i = 0; i < BLOCKS - 1; i++) eager_tensor_release(held[i]);
  eager_tensor_release(view);
  eager_tensor_release(source);
}

/* Many more temporaries than the budget holds: work in flight is waited for. */
static void work_in_flight_is_waited_for(void **state) {
  (void)state;
  begin(EAGER_ASYNC);
  eager_tensor *sum = block_of(0);
  int rounds = test_is_slow() ? 8 : 60;
  for (int i = 0; i < rounds; i++) {
    eager_tensor *next, *one = block_of(1); /* through the transfer queue: a free block */
    assert_ok(eager_add(sum, one, &next));
    eager_tensor_release(one);
    eager_tensor_release(sum);
    sum = next;
  }
  assert_true(placing_memory(test_device()).reserved_bytes <= (uint64_t)limit());
  expect_all(sum, rounds);
  eager_tensor_release(sum);
}

/* Deferred ops hold their outputs: those are waited for too. */
static void deferred_work_is_waited_for(void **state) {
  (void)state;
  begin(EAGER_ASYNC);
  assert_ok(eager_push_device(second()));
  eager_tensor *far = block_of(1);
  assert_ok(eager_pop_device());
  int rounds = test_is_slow() ? 6 : 40;
  for (int i = 0; i < rounds; i++) {
    eager_tensor *copy, *sum;
    assert_ok(eager_tensor_copy_to_device(far, test_device(), &copy));
    assert_ok(eager_add(copy, copy, &sum));
    eager_tensor_release(copy);
    eager_tensor_release(sum);
  }
  assert_ok(eager_synchronize(NULL));
  assert_int_equal(placing_memory(test_device()).current, 0);
  eager_tensor_release(far);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_limit_is_the_budget),
      cmocka_unit_test(refused_at_the_call),
      cmocka_unit_test(more_than_the_limit_at_once),
      cmocka_unit_test(the_pool_is_trimmed),
      cmocka_unit_test(mirrors_fall_first),
      cmocka_unit_test(mirrors_in_use_stay),
      cmocka_unit_test(work_in_flight_is_waited_for),
      cmocka_unit_test(deferred_work_is_waited_for),
  };
  return test_main("runtime/out_of_memory", tests, sizeof tests / sizeof *tests);
}
