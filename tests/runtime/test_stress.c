/* ctest: devices=all labels=threaded timeout=240 */
/* Threads that compute, copy, upload, release and read on every device at once, and the
 * controls: with the pool's reuse rule off the same work reads wrong values. */
#include "tensor/pool.h"
#include "test.h"

/* Larger than the staging ring takes, so that uploads go through the transfer queue. */
enum { ELEMENTS = 20000, LIVE = 16, MAX_THREADS = 8 };

typedef struct plan {
  int ops;
  const char *devices[3];
  int device_count;
} plan;

typedef struct slot {
  eager_tensor *tensor;
  float value; /* of every element */
} slot;

static _Atomic long wrong, made;

static uint64_t next_random(uint64_t *state) {
  *state ^= *state << 13;
  *state ^= *state >> 7;
  return *state ^= *state << 17;
}

static eager_status upload(float value, eager_tensor **out) {
  float data[ELEMENTS];
  const int64_t dims[] = {ELEMENTS};
  for (int i = 0; i < ELEMENTS; i++) data[i] = value;
  return eager_tensor_from_host(EAGER_FLOAT32, 1, dims, data, out);
}

static eager_status check(const slot *s) {
  float data[ELEMENTS];
  eager_status status = eager_tensor_to_host(s->tensor, data, sizeof data);
  if (status != EAGER_OK) return status;
  for (int i = 0; i < ELEMENTS; i++) {
    if (data[i] == s->value) continue;
    wrong++;
    break;
  }
  return EAGER_OK;
}

/* One random step; the result, if any, goes to `*out`. */
static eager_status step(const plan *p, uint64_t *random, slot *slots, slot *out) {
  const slot *a = &slots[next_random(random) % LIVE];
  const slot *b = &slots[next_random(random) % LIVE];
  uint64_t what = next_random(random) % 16;
  if (what < 10 && a->value + b->value < 1e6f) {
    out->value = a->value + b->value;
    return eager_add(a->tensor, b->tensor, &out->tensor);
  }
  if (what < 12) {
    out->value = a->value;
    const char *to = p->devices[next_random(random) % (uint64_t)p->device_count];
    return eager_tensor_copy_to_device(a->tensor, to, &out->tensor);
  }
  if (what < 15) {
    out->value = (float)(next_random(random) % 100);
    return upload(out->value, &out->tensor);
  }
  return check(a);
}

static const char *work(int thread, void *argument) {
  const plan *p = argument;
  uint64_t random = 88172645463325252u + (uint64_t)thread * 7919u;
  slot slots[LIVE] = {{0}};
  eager_status status = eager_set_thread_execution_mode(EAGER_ASYNC);
  for (int i = 0; i < LIVE && status == EAGER_OK; i++) {
    slots[i].value = (float)i;
    status = upload(slots[i].value, &slots[i].tensor);
  }
  for (int op = 0; op < p->ops && status == EAGER_OK; op++) {
    slot result = {0};
    status =
        eager_push_device(p->devices[next_random(&random) % (uint64_t)p->device_count]);
    if (status != EAGER_OK) break;
    status = step(p, &random, slots, &result);
    if (status == EAGER_OK) status = eager_pop_device();
    if (!result.tensor) continue;
    slot *place = &slots[next_random(&random) % LIVE];
    eager_tensor_release(place->tensor);
    *place = result;
    made++;
  }
  for (int i = 0; i < LIVE; i++) {
    if (status == EAGER_OK) status = check(&slots[i]);
    eager_tensor_release(slots[i].tensor);
  }
  return test_failure(status);
}

static plan plan_for(int ops) {
  plan p = {
      .ops = test_is_slow() ? 30 : ops, .devices = {test_device()}, .device_count = 1};
  if (test_has_same_context()) p.devices[p.device_count++] = test_device_same_context();
  if (test_has_other_context() && !test_is_slow())
    p.devices[p.device_count++] = test_device_other_context();
  return p;
}

static void run(int threads, int ops) {
  plan p = plan_for(ops);
  wrong = made = 0;
  test_time_limit(200);
  test_threads(threads, work, &p);
  assert_ok(eager_synchronize(NULL));
  printf("  %d threads on %d devices: %ld results, %ld wrong\n", threads, p.device_count,
         (long)made, (long)wrong);
}

static void two_threads_get_right_values(void **state) {
  (void)state;
  test_enable();
  run(2, 700);
  assert_int_equal(wrong, 0);
}

static void eight_threads_get_right_values(void **state) {
  (void)state;
  test_enable();
  run(8, 150);
  assert_int_equal(wrong, 0);
}

/* core.md (P3). A device that runs commands inside the enqueue has nothing in flight. */
static void without_the_reuse_rule_values_are_wrong(void **state) {
  (void)state;
  test_enable();
  if (!test_is_async()) test_skip("commands run inside the call: nothing is in flight");
  eager__pool_break_reuse_rule(true);
  for (int tries = 0; tries < 5; tries++) {
    run(2, 700);
    if (wrong) break;
  }
  eager__pool_break_reuse_rule(false);
  assert_true(wrong > 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(two_threads_get_right_values),
      cmocka_unit_test(eight_threads_get_right_values),
      cmocka_unit_test(without_the_reuse_rule_values_are_wrong),
  };
  return test_main("runtime/stress", tests, sizeof tests / sizeof *tests);
}
