/* ctest: labels=threaded */
/* api.md, tidy scopes: who owns what an `out` gives. */
#include "placing.h"
#include "tensor/tensor.h"
#include "test.h"

static void begin(void) {
  placing_begin(EAGER_DEVICE_PLACEMENT_SILENT, EAGER_SYNC);
}

static uint64_t bytes_in_use(void) {
  eager_memory_info info;
  assert_ok(eager_get_memory_info(NULL, &info));
  return info.current;
}

static eager_tensor *vector(void) {
  return placing_tensor(test_device(), EAGER_FLOAT32, 3);
}

static void end_releases_what_it_owns(void **state) {
  (void)state;
  begin();
  uint64_t before = bytes_in_use();
  assert_ok(eager_tidy_begin());
  eager_tensor *a = vector(), *b, *c;
  assert_ok(eager_add(a, a, &b));
  assert_ok(eager_reshape(b, 2, (int64_t[]){1, 3}, &c));
  assert_ok(eager_scalar(1.0f, &c));
  assert_ok(eager_tensor_copy_to_device(a, NULL, &c));
  assert_ok(eager_tensor_zeros(EAGER_INT32, 0, NULL, &c));
  placing_expect(b, 3, (double[]){2, 4, 6});
  assert_true(bytes_in_use() > before);
  assert_ok(eager_tidy_end());
  assert_int_equal(bytes_in_use(), before);
}

static void keep_hands_it_to_the_caller(void **state) {
  (void)state;
  begin();
  uint64_t before = bytes_in_use();
  assert_ok(eager_tidy_begin());
  eager_tensor *a = vector(), *b;
  assert_ok(eager_add(a, a, &b));
  assert_ok(eager_tidy_keep(b));
  assert_fails(eager_tidy_keep(b), EAGER_FAILED_PRECONDITION,
               "eager_tidy_keep: no open tidy scope of this thread owns the tensor");
  assert_ok(eager_tidy_end());
  placing_expect(b, 3, (double[]){2, 4, 6});
  eager_tensor_release(b);
  assert_int_equal(bytes_in_use(), before);
}

/* "keep hands the reference to the caller, out of all scopes." */
static void scopes_nest(void **state) {
  (void)state;
  begin();
  uint64_t before = bytes_in_use();
  assert_ok(eager_tidy_begin());
  eager_tensor *outer = vector(), *inner, *kept;
  assert_ok(eager_tidy_begin());
  assert_ok(eager_add(outer, outer, &inner));
  assert_ok(eager_add(inner, outer, &kept));
  assert_ok(eager_tidy_keep(kept));
  assert_ok(eager_tidy_end());
  placing_expect(outer, 3, (double[]){1, 2, 3}); /* the outer scope's is still there */
  assert_ok(eager_tidy_begin());
  assert_ok(eager_tidy_keep(outer)); /* from an inner scope, of the outer one */
  assert_ok(eager_tidy_end());
  assert_ok(eager_tidy_end());
  placing_expect(outer, 3, (double[]){1, 2, 3});
  placing_expect(kept, 3, (double[]){3, 6, 9});
  eager_tensor_release(outer);
  eager_tensor_release(kept);
  assert_int_equal(bytes_in_use(), before);
}

static void retain_adds_one_of_your_own(void **state) {
  (void)state;
  begin();
  assert_ok(eager_tidy_begin());
  eager_tensor *a = vector();
  eager_tensor_retain(a);
  assert_ok(eager_tidy_end());
  placing_expect(a, 3, (double[]){1, 2, 3});
  eager_tensor_release(a);
  assert_int_equal(test_log_count("belongs to a tidy scope"), 0);
}

static void misuse(void **state) {
  (void)state;
  begin();
  eager_tensor *before = vector();
  assert_fails(eager_tidy_end(), EAGER_FAILED_PRECONDITION,
               "eager_tidy_end: no tidy scope is open in this thread");
  assert_fails(eager_tidy_keep(before), EAGER_FAILED_PRECONDITION,
               "eager_tidy_keep: no open tidy scope of this thread owns the tensor");
  assert_fails(eager_tidy_keep(NULL), EAGER_INVALID_ARGUMENT,
               "eager_tidy_keep: the tensor is NULL");
  assert_ok(eager_tidy_begin());
  assert_fails_like(eager_tidy_keep(before), EAGER_FAILED_PRECONDITION,
                    "no open tidy scope"); /* made outside */
  assert_ok(eager_tidy_end());
  placing_expect(before, 3, (double[]){1, 2, 3});
  eager_tensor_release(before);
}

/* In the wrong order of threads: the scope is open in the one that began it. */
static const char *end_what_is_not_mine(int i, void *argument) {
  (void)i;
  eager_tensor *theirs = argument;
  if (eager_tidy_end() != EAGER_FAILED_PRECONDITION) return "ended another thread's scope";
  if (eager_tidy_keep(theirs) != EAGER_FAILED_PRECONDITION) return "kept from it";
  eager_status status = eager_tidy_begin();
  if (status == EAGER_OK && eager_tidy_keep(theirs) != EAGER_FAILED_PRECONDITION)
    return "kept another scope's";
  eager_tensor_release(theirs); /* caught and told, as in the scope's own thread */
  return test_failure(status == EAGER_OK ? eager_tidy_end() : status);
}

static void other_threads_scopes_are_not_ended(void **state) {
  (void)state;
  begin();
  uint64_t before = bytes_in_use();
  assert_ok(eager_tidy_begin());
  eager_tensor *a = vector();
  test_threads(3, end_what_is_not_mine, a);
  assert_int_equal(test_log_count("belongs to a tidy scope and stays"), 3);
  placing_expect(a, 3, (double[]){1, 2, 3});
  assert_ok(eager_tidy_end());
  assert_int_equal(bytes_in_use(), before);
}

/* The release of a scope's reference is caught: told, and not done. */
static void a_release_of_the_scope_s_reference_is_caught(void **state) {
  (void)state;
  begin();
  uint64_t before = bytes_in_use();
  assert_ok(eager_tidy_begin());
  eager_tensor *a = vector();
  unsigned long long number = placing_number();
  eager_tensor_release(a);
  assert_int_equal(
      test_log_count(test_text("eager_tensor_release: the reference to FromHost #%llu "
                               "belongs to a tidy scope and stays: call eager_tidy_keep() "
                               "first, or leave it to the scope",
                               number)),
      1);
  placing_expect(a, 3, (double[]){1, 2, 3});
  assert_ok(eager_tidy_end());
  assert_int_equal(bytes_in_use(), before);
}

static void failed_calls_give_a_scope_nothing(void **state) {
  (void)state;
  begin();
  assert_ok(eager_tidy_begin());
  eager_tensor *a = vector(), *b = placing_tensor(test_device(), EAGER_FLOAT32, 2), *out;
  assert_int_equal(eager_add(a, b, &out), EAGER_INVALID_ARGUMENT);
  assert_null(out);
  assert_ok(eager_tidy_end());
}

/* More than any first allocation of the list. */
static void scopes_hold_many(void **state) {
  (void)state;
  begin();
  uint64_t before = bytes_in_use();
  eager_tensor *a = vector(), *kept = NULL;
  assert_ok(eager_tidy_begin());
  for (int i = 0; i < 1000; i++) {
    eager_tensor *view;
    assert_ok(eager_reshape(a, 2, (int64_t[]){3, 1}, &view));
    if (i == 500) kept = view;
  }
  assert_ok(eager_tidy_keep(kept));
  assert_ok(eager_tidy_end());
  eager_tensor_release(a);
  assert_int_equal(eager_tensor_dim(kept, 0), 3);
  eager_tensor_release(kept);
  assert_int_equal(bytes_in_use(), before);
}

static void async_results_may_be_tidied_at_once(void **state) {
  (void)state;
  begin();
  assert_ok(eager_set_thread_execution_mode(EAGER_ASYNC));
  eager_tensor *a = vector(), *kept = NULL;
  assert_ok(eager_tidy_begin());
  kept = a;
  for (int i = 0; i < 20; i++) assert_ok(eager_add(kept, a, &kept));
  assert_ok(eager_tidy_keep(kept));
  assert_ok(eager_tidy_end());
  placing_expect(kept, 3, (double[]){21, 42, 63});
  eager_tensor_release(kept);
  eager_tensor_release(a);
}

/* Scopes are the thread's; what its scopes own goes with the thread. */
static const char *leave_open(int i, void *argument) {
  eager_tensor *shared = argument, *sum;
  (void)i;
  if (eager_tidy_end() != EAGER_FAILED_PRECONDITION) return "another thread's scope";
  if (eager_tidy_keep(shared) != EAGER_FAILED_PRECONDITION) return "another's tensor";
  const char *problem = test_failure(eager_tidy_begin());
  if (!problem) problem = test_failure(eager_add(shared, shared, &sum));
  return problem;
}

static void a_thread_that_ends_drops_its_scopes(void **state) {
  (void)state;
  begin();
  assert_ok(eager_tidy_begin());
  eager_tensor *shared = vector();
  uint64_t before = bytes_in_use();
  test_threads(4, leave_open, shared);
  assert_int_equal(bytes_in_use(), before);
  assert_ok(eager_tidy_end());
}

/* A reference of another thread's is released while the scope ends: never mistaken for the
 * scope's own. */
enum { SHARED = 200 };

typedef struct race {
  eager_tensor *shared[SHARED];
  _Atomic int go;
} race;

static const char *race_for_the_last(int i, void *argument) {
  race *r = argument;
  if (i) {
    while (!r->go) continue;
    for (int k = 0; k < SHARED; k++) eager_tensor_release(r->shared[k]);
    return NULL;
  }
  const char *problem = test_failure(eager_tidy_begin());
  for (int k = 0; k < SHARED && !problem; k++) {
    problem = test_failure(eager_scalar_float32(1, &r->shared[k]));
    eager_tensor_retain(r->shared[k]);
  }
  r->go = 1;
  if (!problem) problem = test_failure(eager_tidy_end());
  return problem;
}

static void another_thread_may_hold_its_own(void **state) {
  (void)state;
  begin();
  uint64_t before = bytes_in_use();
  for (int i = 0; i < 10; i++) {
    race r = {.go = 0};
    test_threads(2, race_for_the_last, &r);
  }
  assert_int_equal(test_log_count("belongs to a tidy scope"), 0);
  assert_int_equal(bytes_in_use(), before);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(end_releases_what_it_owns),
      cmocka_unit_test(keep_hands_it_to_the_caller),
      cmocka_unit_test(scopes_nest),
      cmocka_unit_test(retain_adds_one_of_your_own),
      cmocka_unit_test(misuse),
      cmocka_unit_test(other_threads_scopes_are_not_ended),
      cmocka_unit_test(a_release_of_the_scope_s_reference_is_caught),
      cmocka_unit_test(failed_calls_give_a_scope_nothing),
      cmocka_unit_test(scopes_hold_many),
      cmocka_unit_test(async_results_may_be_tidied_at_once),
      cmocka_unit_test(a_thread_that_ends_drops_its_scopes),
      cmocka_unit_test(another_thread_may_hold_its_own),
  };
  return test_main("runtime/tidy", tests, sizeof tests / sizeof *tests);
}
