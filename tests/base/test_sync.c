/* ctest: labels=threaded */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/sync.h"

static const uint64_t millisecond = 1000000;

static void the_clock_goes_on_while_sleeping(void **state) {
  (void)state;
  uint64_t before = eager__now();
  eager__sleep(5 * millisecond);
  uint64_t after = eager__now();
  assert_true(after - before >= 5 * millisecond);
  eager__sleep(0);
}

typedef struct counter {
  eager__mutex mutex;
  int value;
} counter;

static void *count_up(void *argument) {
  counter *c = argument;
  for (int i = 0; i < 20000; i++) {
    eager__mutex_lock(&c->mutex);
    c->value++;
    eager__mutex_unlock(&c->mutex);
  }
  return NULL;
}

static void a_lock_excludes(void **state) {
  (void)state;
  counter c = {.value = 0};
  pthread_t threads[4];
  eager__mutex_init(&c.mutex, EAGER__RANK_POOL);
  for (int i = 0; i < 4; i++)
    assert_int_equal(pthread_create(&threads[i], NULL, count_up, &c), 0);
  for (int i = 0; i < 4; i++) assert_int_equal(pthread_join(threads[i], NULL), 0);
  assert_int_equal(c.value, 80000);
  eager__mutex_destroy(&c.mutex);
}

static void *try_it(void *mutex) {
  if (!eager__mutex_try_lock(mutex)) return NULL;
  eager__mutex_unlock(mutex);
  return mutex;
}

static bool another_thread_gets(eager__mutex *mutex) {
  pthread_t thread;
  void *result;
  assert_int_equal(pthread_create(&thread, NULL, try_it, mutex), 0);
  assert_int_equal(pthread_join(thread, &result), 0);
  return result != NULL;
}

static void a_recursive_lock_counts(void **state) {
  (void)state;
  eager__mutex mutex, inner;
  eager__mutex_init_recursive(&mutex, EAGER__RANK_SERIAL);
  eager__mutex_init(&inner, EAGER__RANK_POOL);
  eager__mutex_lock(&mutex);
  eager__mutex_lock(&inner);
  eager__mutex_lock(&mutex); /* against the ranks, but this thread has it already */
  assert_true(eager__mutex_try_lock(&mutex));
  eager__mutex_unlock(&mutex);
  eager__mutex_unlock(&mutex);
  eager__mutex_unlock(&inner);
  assert_false(another_thread_gets(&mutex));
  eager__mutex_unlock(&mutex);
  assert_true(another_thread_gets(&mutex));
  eager__mutex_destroy(&mutex);
  eager__mutex_destroy(&inner);
}

static void try_lock_fails_on_a_held_lock(void **state) {
  (void)state;
  static eager__mutex mutex = EAGER__MUTEX_STATIC(EAGER__RANK_COMPUTE);
  assert_true(eager__mutex_try_lock(&mutex));
  assert_false(another_thread_gets(&mutex));
  assert_false(eager__mutex_try_lock(&mutex));
  eager__mutex_unlock(&mutex);
  assert_true(another_thread_gets(&mutex));
}

typedef struct gate {
  eager__mutex mutex;
  eager__cond cond;
  bool open;
  int passed;
} gate;

static void gate_init(gate *g) {
  eager__mutex_init(&g->mutex, EAGER__RANK_RUNTIME);
  eager__cond_init(&g->cond);
  g->open = false;
  g->passed = 0;
}

static void gate_destroy(gate *g) {
  eager__cond_destroy(&g->cond);
  eager__mutex_destroy(&g->mutex);
}

static void *pass(void *argument) {
  gate *g = argument;
  eager__mutex_lock(&g->mutex);
  while (!g->open) eager__cond_wait(&g->cond, &g->mutex);
  g->passed++;
  eager__mutex_unlock(&g->mutex);
  return NULL;
}

static void a_broadcast_wakes_everyone(void **state) {
  (void)state;
  gate g;
  pthread_t threads[4];
  gate_init(&g);
  for (int i = 0; i < 4; i++)
    assert_int_equal(pthread_create(&threads[i], NULL, pass, &g), 0);
  eager__sleep(2 * millisecond);
  eager__mutex_lock(&g.mutex);
  assert_int_equal(g.passed, 0);
  g.open = true;
  eager__cond_broadcast(&g.cond);
  eager__mutex_unlock(&g.mutex);
  for (int i = 0; i < 4; i++) assert_int_equal(pthread_join(threads[i], NULL), 0);
  assert_int_equal(g.passed, 4);
  gate_destroy(&g);
}

static void a_timed_wait_ends(void **state) {
  (void)state;
  gate g;
  gate_init(&g);
  eager__mutex_lock(&g.mutex);
  uint64_t before = eager__now();
  while (eager__cond_wait_for(&g.cond, &g.mutex, 10 * millisecond)) continue;
  assert_true(eager__now() - before >= 10 * millisecond);
  assert_false(eager__cond_wait_for(&g.cond, &g.mutex, 0));
  eager__mutex_unlock(&g.mutex);
  gate_destroy(&g);
}

static void *open_later(void *argument) {
  gate *g = argument;
  eager__sleep(2 * millisecond);
  eager__mutex_lock(&g->mutex);
  g->open = true;
  eager__cond_broadcast(&g->cond);
  eager__mutex_unlock(&g->mutex);
  return NULL;
}

/* UINT64_MAX nanoseconds from now is beyond the clock's range and must not wrap. */
static void a_timed_wait_is_woken(void **state) {
  (void)state;
  gate g;
  pthread_t thread;
  gate_init(&g);
  eager__mutex_lock(&g.mutex);
  assert_int_equal(pthread_create(&thread, NULL, open_later, &g), 0);
  while (!g.open) assert_true(eager__cond_wait_for(&g.cond, &g.mutex, UINT64_MAX));
  eager__mutex_unlock(&g.mutex);
  assert_int_equal(pthread_join(thread, NULL), 0);
  gate_destroy(&g);
}

#ifdef NDEBUG
static const bool order_is_checked = false;
#else
static const bool order_is_checked = true;
#endif

static eager__mutex compute = EAGER__MUTEX_STATIC(EAGER__RANK_COMPUTE);
static eager__mutex other_compute = EAGER__MUTEX_STATIC(EAGER__RANK_COMPUTE);
static eager__mutex transfer = EAGER__MUTEX_STATIC(EAGER__RANK_TRANSFER);
static eager__mutex leaf = EAGER__MUTEX_STATIC(EAGER__RANK_LEAF);
static eager__cond cond;

static void outward(void) {
  eager__mutex_lock(&transfer);
  eager__mutex_lock(&compute);
}

static void two_of_a_rank(void) {
  eager__mutex_lock(&compute);
  eager__mutex_lock(&other_compute);
}

static void below_a_leaf(void) {
  eager__mutex_lock(&leaf);
  eager__mutex_lock(&transfer);
}

static void below_a_tried_one(void) {
  if (eager__mutex_try_lock(&transfer)) eager__mutex_lock(&compute);
}

static void twice(void) {
  eager__mutex_lock(&compute);
  eager__mutex_lock(&compute);
}

static void unlock_unheld(void) {
  eager__mutex_unlock(&compute);
}

static void wait_unheld(void) {
  eager__cond_init(&cond);
  eager__cond_wait_for(&cond, &compute, 1);
}

static void in_order(void) {
  eager__mutex_lock(&compute);
  eager__mutex_lock(&transfer);
  eager__mutex_lock(&leaf);
  eager__mutex_unlock(&compute); /* in any order */
  eager__mutex_unlock(&leaf);
  eager__mutex_lock(&leaf);
  eager__mutex_unlock(&transfer);
  eager__mutex_unlock(&leaf);
  eager__mutex_lock(&other_compute);
  eager__mutex_unlock(&other_compute);
}

static void tried_against_the_order(void) {
  eager__mutex_lock(&transfer);
  bool got = eager__mutex_try_lock(&compute) && eager__mutex_try_lock(&other_compute);
  if (!got) abort();
  eager__mutex_unlock(&compute);
  eager__mutex_unlock(&transfer);
  eager__mutex_unlock(&other_compute);
  in_order();
}

/* Whether `body` is stopped by an assertion, in a process of its own. */
static bool aborts(void (*body)(void)) {
  fflush(NULL);
  pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) {
    (void)!freopen("/dev/null", "w", stderr); /* the assertion's text is not this test's */
    signal(SIGABRT, SIG_DFL);
    alarm(10);
    body();
    _exit(0);
  }
  int status;
  assert_true(waitpid(child, &status, 0) == child);
  if (WIFSIGNALED(status)) assert_int_equal(WTERMSIG(status), SIGABRT);
  return WIFSIGNALED(status);
}

static void debug_builds_check_the_order(void **state) {
  (void)state;
  assert_false(aborts(in_order));
  assert_false(aborts(tried_against_the_order));
  if (!order_is_checked) {
    print_message("skipped: locks are checked in debug builds only (NDEBUG is defined)\n");
    skip();
  }
  assert_true(aborts(outward));
  assert_true(aborts(two_of_a_rank));
  assert_true(aborts(below_a_leaf));
  assert_true(aborts(below_a_tried_one));
  assert_true(aborts(twice));
  assert_true(aborts(unlock_unheld));
  assert_true(aborts(wait_unheld));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(debug_builds_check_the_order),
      cmocka_unit_test(the_clock_goes_on_while_sleeping),
      cmocka_unit_test(a_lock_excludes),
      cmocka_unit_test(a_recursive_lock_counts),
      cmocka_unit_test(try_lock_fails_on_a_held_lock),
      cmocka_unit_test(a_broadcast_wakes_everyone),
      cmocka_unit_test(a_timed_wait_ends),
      cmocka_unit_test(a_timed_wait_is_woken),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
