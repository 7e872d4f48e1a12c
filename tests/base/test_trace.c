/* ctest: labels=threaded */
/* Rings of records: their order, what happens when one is full, and operands in them. */
#include "base/trace.h"
#include "test.h"

enum { TRACKS = 64 };

/* What drained records said, by track. Guarded by the lock, as draining is. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t seen[TRACKS], out_of_order, names;
static atomic_int hints, fulls;

static void take(const eager__trace_record *record) {
  if (record->head.kind == EAGER__TRACE_TRACK) {
    names++;
    return;
  }
  uint64_t *last = &seen[record->head.track];
  if (record->head.size != *last + 1) out_of_order++;
  *last = record->head.size;
}

static void drain_now(void) {
  pthread_mutex_lock(&lock);
  eager__trace_drain(take);
  pthread_mutex_unlock(&lock);
}

static void drain(bool full) {
  atomic_fetch_add(full ? &fulls : &hints, 1);
  if (full) drain_now();
}

static void record(uint64_t number) {
  eager__trace_host(EAGER__TRACE_WAIT, eager__trace_begin(), "record", NULL, NULL, number);
}

static void nothing_is_recorded_while_off(void **state) {
  (void)state;
  assert_int_equal(eager__trace_begin(), 0);
  record(1);
  eager__trace_enter(7);
  assert_int_equal(eager__trace_number(), 0);
  drain_now();
  assert_int_equal(names, 0);
}

static void a_full_ring_is_drained_and_nothing_lost(void **state) {
  (void)state;
  eager__trace_start(drain);
  const uint64_t count = 3 * EAGER__TRACE_RING + 5;
  for (uint64_t i = 1; i <= count; i++) record(i);
  assert_true(atomic_load(&fulls) >= 2);
  assert_true(atomic_load(&hints) >= 6);
  drain_now();
  assert_int_equal(seen[1], count);
  assert_int_equal(out_of_order, 0);
  assert_int_equal(eager__trace_lost(), 0);
  eager__trace_stop();
}

enum { THREADS = 8, ROUNDS = 3, EACH = 2 * EAGER__TRACE_RING + 100 };
static atomic_bool is_done;

static void *keep_draining(void *unused) {
  while (!atomic_load(&is_done)) drain_now();
  return unused;
}

static const char *write_many(int i, void *unused) {
  (void)i, (void)unused;
  for (uint64_t k = 1; k <= EACH; k++) record(k);
  return NULL;
}

static void every_thread_has_a_track_and_rings_are_taken_over(void **state) {
  (void)state;
  pthread_t drainer;
  eager__trace_start(drain);
  assert_int_equal(pthread_create(&drainer, NULL, keep_draining, NULL), 0);
  for (int round = 0; round < ROUNDS; round++) test_threads(THREADS, write_many, NULL);
  atomic_store(&is_done, true);
  pthread_join(drainer, NULL);
  drain_now();
  assert_int_equal(names, THREADS * ROUNDS);
  for (int track = 1; track <= THREADS * ROUNDS; track++)
    assert_int_equal(seen[track], EACH);
  assert_int_equal(out_of_order, 0);
  assert_int_equal(eager__trace_lost(), 0);
  eager__trace_stop();
}

static void operands_come_back(void **state) {
  (void)state;
  static const struct {
    eager_dtype dtype;
    eager__shape shape;
  } operands[] = {
      {EAGER_FLOAT32, {0}},
      {EAGER_BOOL, {1, {0}}},
      {EAGER_INT64, {3, {127, 128, 16384}}},
      {EAGER_BFLOAT16, {8, {1, 2, 3, 4, 5, 6, 7, INT64_C(1) << 40}}},
      {EAGER_UINT8, {1, {INT64_MAX}}},
      {EAGER_FLOAT64, {1, {-1}}},
  };
  enum { COUNT = sizeof operands / sizeof *operands };
  eager__trace_record record = {0};
  for (int i = 0; i < COUNT; i++)
    assert_true(eager__trace_add_shape(&record, operands[i].dtype, &operands[i].shape));
  size_t position = 0;
  for (int i = 0; i < COUNT; i++) {
    eager_dtype dtype;
    eager__shape shape = {0};
    eager__trace_read_shape(&record, &position, &dtype, &shape);
    assert_int_equal(dtype, operands[i].dtype);
    assert_true(eager__shape_equal(&shape, &operands[i].shape));
  }
  assert_int_equal(position, record.head.used);
}

static void operands_without_room_are_refused_whole(void **state) {
  (void)state;
  const eager__shape wide = {8, {1, 1, 1, 1, 1, 1, 1, INT64_MAX}}, small = {1, {9}};
  for (size_t used = 0; used <= sizeof((eager__trace_record *)0)->payload; used++) {
    eager__trace_record guarded[2] = {{{0}}};
    guarded[0].head.used = (uint8_t)used;
    bool fits = eager__trace_add_shape(&guarded[0], EAGER_INT8, &wide);
    assert_int_equal(fits, used + 18 <= sizeof guarded[0].payload);
    assert_int_equal(guarded[0].head.used, used + (fits ? 18 : 0));
    guarded[0].head.used = (uint8_t)used;
    assert_int_equal(eager__trace_add_shape(&guarded[0], EAGER_INT8, &small),
                     used + 3 <= sizeof guarded[0].payload);
    for (size_t i = 0; i < sizeof guarded[1]; i++)
      assert_int_equal(((const char *)&guarded[1])[i], 0);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(nothing_is_recorded_while_off),
      cmocka_unit_test(a_full_ring_is_drained_and_nothing_lost),
      cmocka_unit_test(every_thread_has_a_track_and_rings_are_taken_over),
      cmocka_unit_test(operands_come_back),
      cmocka_unit_test(operands_without_room_are_refused_whole),
  };
  return test_main_each("base/trace", tests, sizeof tests / sizeof *tests);
}
