/* What every device test stands on. Include this alone: it brings cmocka and the library.
 *
 *   int main(void) {
 *     const struct CMUnitTest tests[] = {cmocka_unit_test(adds), cmocka_unit_test(scales)};
 *     return test_main("ops/add", tests, sizeof tests / sizeof *tests);
 *   }
 *
 * The tests run in a forked child, in order; the parent never touches OpenCL. After a crash
 * or a hang another child goes on behind the culprit, so a test must not rely on an earlier
 * one. Every child ends with eager_shutdown() and a count of the driver's objects: zero.
 *
 * Environment:
 *   EAGERCL_TEST_DEVICE=pocl-pthread   the lane: also pocl-basic, rusticl, oclgrind, intel,
 *                                      a short name (CPU:1), or any part of a device's
 *                                      name. Unset: the first
 *   EAGERCL_TEST_ONLY=part             only tests whose name contains it
 *   EAGERCL_TEST_SEED=n                instead of the default seed
 *   EAGERCL_TEST_FULL=1                test_sampled() leaves nothing out
 *   EAGERCL_TEST_SAMPLE=each|few       beside the sample it takes the first case of
 *                                      whatever test_wants() was asked for; "few": a small
 *                                      sample
 *   EAGERCL_TEST_MODE=sync|async       test_pick_mode() does not choose
 *   EAGERCL_TEST_OP=name               test_wants() leaves out others
 *   EAGERCL_TEST_DTYPE=name            as well
 *   EAGERCL_TEST_VERBOSE=1             the library's log goes to stdout
 *
 * Tensors and values: test_values.h. Double references: reference.h. */
#ifndef EAGER_TESTS_TEST_H
#define EAGER_TESTS_TEST_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "eagercl/eagercl.h"

enum { TEST_SKIPPED = 77 }; /* ctest's exit status for "nothing here could run" */

/* ---- Running ---- */

/* 0 if every test passed or was skipped (with one passed at least), TEST_SKIPPED if all
 * were, else 1. A crash, a hang, live driver objects or a sanitizer's report at the end
 * count as failures. */
int test_main(const char *name, const struct CMUnitTest *tests, size_t count);

/* The same with a process for each test: enabling happens once per process. */
int test_main_each(const char *name, const struct CMUnitTest *tests, size_t count);

/* Ends the test as skipped. The reason is printed. */
_Noreturn void test_skip(const char *reason, ...) EAGER__PRINTF(1, 2);

/* How long the running test may take before it counts as hung; 100 s unless told. Ten times
 * as long in full runs. */
void test_time_limit(int seconds);

/* Called once per child after eager_shutdown(); false, having said why, is a failure. */
void test_at_end(bool (*check)(void));

/* Zeroed memory until the test ends, however it ends. */
void *test_alloc(size_t size);

/* ---- Devices: all the lane's own, and up to two others, are enabled in one process ----
 */

/* Enables, in this order, the lane's device (as the default), one more of its context and
 * one of another context where there are such; SILENT and SYNC. Again: nothing changes.
 * Override per thread: eager_set_thread_execution_mode, eager_set_thread_device_policy. */
void test_enable(void);

/* Enables what `config` says, with the same devices where visible_device_list is NULL.
 * The result is the library's. */
eager_status test_enable_with(eager_config config, eager_device_policy policy,
                              eager_execution_mode mode);

/* Short names as enabled, such as "CPU:0". Need no enabling. */
const char *test_device(void);              /* of the lane */
const char *test_device_same_context(void); /* skips the test if there is none */
const char *test_device_other_context(void);
bool test_has_other_context(void);
bool test_has_same_context(void);
/* The lane's, as discovered; is_lost is told by eager_device_find. */
const eager_device_info *test_device_info(void);

/* A simulator, some thousand times slower: shapes of at most 64 elements or so. */
bool test_is_slow(void);
/* Commands run after the call that submits them: PENDING can be seen. */
bool test_is_async(void);

/* ---- Assertions; only in the test's own thread ---- */

#define assert_ok(call) test_assert_ok((call), #call, __FILE__, __LINE__)
/* The status, and the text to the letter. */
#define assert_fails(call, status, text)                                                   \
  test_assert_fails((call), (status), (text), false, #call, __FILE__, __LINE__)
/* The status, and a part of the text. */
#define assert_fails_like(call, status, part)                                              \
  test_assert_fails((call), (status), (part), true, #call, __FILE__, __LINE__)

void test_assert_ok(eager_status got, const char *call, const char *file, int line);
void test_assert_fails(eager_status got, eager_status expected, const char *text, bool part,
                       const char *call, const char *file, int line);

/* ---- Threads ---- */

/* Runs `run(i, argument)` in `count` threads at once and waits for all. What a thread
 * returns is NULL or what went wrong: then the test fails. */
void test_threads(int count, const char *(*run)(int i, void *argument), void *argument);
/* NULL for OK, else status and text; valid in this thread until the next call. For
 * threads. */
const char *test_failure(eager_status status);

/* ---- The library's log, kept by test_enable ---- */

/* Lines that contain `part` since the start or the last test_log_clear. */
int test_log_count(const char *part);
void test_log_clear(void);

/* ---- Chance: the same in every run with one seed, whichever tests run ---- */

uint64_t test_seed(void); /* of the run */
uint64_t test_random(void);
double test_random_double(double low, double high);
/* Both ends included. */
int64_t test_random_int(int64_t low, int64_t high);

/* Whether case `index` of a table is in this run's sample: one in four, one in sixteen on a
 * slow lane. The end of the test prints how many were. */
bool test_sampled(uint64_t index);

/* Whether this run asks for `op` (a raw name; NULL: whichever) on `dtype` (0: whichever),
 * by EAGERCL_TEST_OP and EAGERCL_TEST_DTYPE; what EAGERCL_TEST_AVOID=op:dtype,... lists it
 * does not. Asked where a table walks ops or dtypes: a case that failed runs again alone.
 */
bool test_wants(const char *op, eager_dtype dtype);
/* And the lane can do arithmetic in it. */
bool test_tries(const char *op, eager_dtype dtype);
/* False for the other mode than EAGERCL_TEST_MODE's, if that is set. */
bool test_wants_mode(eager_execution_mode mode);

/* Sets this thread's execution mode for case `index` of a table: SYNC or ASYNC by chance,
 * or what EAGERCL_TEST_MODE=sync|async says. What the case reads must be right in either.
 */
void test_pick_mode(uint64_t index);

/* ---- Between the harness and its helpers ---- */

void test_chance_begin(const char *test_name);
void test_chance_end(void);
bool test_lane_exists(void); /* if not, says so */

#endif
