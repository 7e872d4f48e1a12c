/* ctest: */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#include "base/alloc.h"
#include "base/status.h"

enum { TEXT_MAX = 8191 };

static void every_status_has_its_name(void **state) {
  (void)state;
  static const char *const names[] = {"OK",
                                      "CANCELLED",
                                      "UNKNOWN",
                                      "INVALID_ARGUMENT",
                                      "DEADLINE_EXCEEDED",
                                      "NOT_FOUND",
                                      "ALREADY_EXISTS",
                                      "PERMISSION_DENIED",
                                      "RESOURCE_EXHAUSTED",
                                      "FAILED_PRECONDITION",
                                      "ABORTED",
                                      "OUT_OF_RANGE",
                                      "UNIMPLEMENTED",
                                      "INTERNAL",
                                      "UNAVAILABLE",
                                      "DATA_LOSS"};
  for (int i = 0; i < 16; i++)
    assert_string_equal(eager_status_name((eager_status)i), names[i]);
  assert_string_equal(eager_status_name((eager_status)16), "UNKNOWN");
  assert_string_equal(eager_status_name((eager_status)-1), "UNKNOWN");
}

static void a_failure_is_told_until_the_next(void **state) {
  (void)state;
  eager__clear_error();
  assert_string_equal(eager_error_message(), "");
  assert_int_equal(eager_error_cl_code(), 0);
  assert_int_equal(eager__fail_cl(EAGER_INTERNAL, -54, "%s said %d", "driver", -54),
                   EAGER_INTERNAL);
  assert_string_equal(eager_error_message(), "driver said -54");
  assert_int_equal(eager_error_cl_code(), -54);
  assert_int_equal(eager__fail(EAGER_NOT_FOUND, "GPU:%d unknown device", 42),
                   EAGER_NOT_FOUND);
  assert_string_equal(eager_error_message(), "GPU:42 unknown device");
  assert_int_equal(eager_error_cl_code(), 0);
  eager__clear_error();
  assert_string_equal(eager_error_message(), "");
}

static void a_kept_failure_outlives_others(void **state) {
  (void)state;
  eager__fail_cl(EAGER_INTERNAL, -54, "the first");
  eager__keep_error(true);
  assert_int_equal(eager__fail(EAGER_NOT_FOUND, "the second"), EAGER_NOT_FOUND);
  eager__fail_append(" [Op:Add]");
  eager__clear_error();
  eager__keep_error(false);
  assert_string_equal(eager_error_message(), "the first");
  assert_int_equal(eager_error_cl_code(), -54);
  eager__fail(EAGER_NOT_FOUND, "the third");
  assert_string_equal(eager_error_message(), "the third");
}

static void the_last_text_may_be_an_argument(void **state) {
  (void)state;
  eager__fail(EAGER_INTERNAL, "inner");
  eager__fail(EAGER_INTERNAL, "outer (%s)", eager_error_message());
  assert_string_equal(eager_error_message(), "outer (inner)");
  eager__fail_append(" [was %s]", eager_error_message());
  assert_string_equal(eager_error_message(), "outer (inner) [was outer (inner)]");
}

static eager_status require(int value) {
  EAGER__REQUIRE(value > 0, EAGER_OUT_OF_RANGE, "value must be positive, got %d", value);
  return EAGER_OK;
}

static eager_status try_and_append(int value) {
  EAGER__TRY(require(value));
  EAGER__FAIL(EAGER_ABORTED, "reached %d", value);
}

static void the_macros_return(void **state) {
  (void)state;
  assert_int_equal(try_and_append(-1), EAGER_OUT_OF_RANGE);
  assert_string_equal(eager_error_message(), "value must be positive, got -1");
  assert_int_equal(try_and_append(1), EAGER_ABORTED);
  assert_string_equal(eager_error_message(), "reached 1");
}

static void the_op_is_appended(void **state) {
  (void)state;
  eager__fail_cl(EAGER_INVALID_ARGUMENT, -5, "Incompatible shapes: [2] vs. [3]");
  eager__fail_append(" [Op:%s]", "AddV2");
  assert_string_equal(eager_error_message(), "Incompatible shapes: [2] vs. [3] [Op:AddV2]");
  assert_int_equal(eager_error_cl_code(), -5);
}

/* A string of `size` times 'x', for the caller to free. */
static char *make_long(size_t size) {
  char *text = eager__alloc(size + 1);
  assert_non_null(text);
  memset(text, 'x', size);
  return text;
}

static void long_texts_are_cut_and_keep_their_op(void **state) {
  (void)state;
  char *text = make_long(65536);
  eager__fail(EAGER_INTERNAL, "%s", text);
  const char *message = eager_error_message();
  assert_int_equal(strlen(message), TEXT_MAX);
  assert_string_equal(message + TEXT_MAX - 4, "x...");
  eager__fail_append(" [Op:MatMul]");
  assert_int_equal(strlen(message), TEXT_MAX);
  assert_string_equal(message + TEXT_MAX - 16, "x... [Op:MatMul]");
  eager__fail_append("%s", text);
  assert_int_equal(strlen(message), TEXT_MAX);
  assert_string_equal(message + TEXT_MAX - 4, "x...");
  eager__free(text);
}

static void a_text_that_just_fits_is_whole(void **state) {
  (void)state;
  char *text = make_long(TEXT_MAX);
  eager__fail(EAGER_INTERNAL, "%s", text);
  assert_string_equal(eager_error_message(), text);
  text[TEXT_MAX - 2] = '\0';
  eager__fail(EAGER_INTERNAL, "%s", text);
  eager__fail_append("yz");
  assert_int_equal(strlen(eager_error_message()), TEXT_MAX);
  assert_string_equal(eager_error_message() + TEXT_MAX - 3, "xyz");
  eager__free(text);
}

/* 8188 bytes are kept before "..."; a character of three bytes is kept whole or not. */
static void no_character_is_split(void **state) {
  (void)state;
  for (size_t before = 8180; before <= 8190; before++) {
    char *text = make_long(9000);
    memcpy(text + before, "\xe2\x82\xac", 3);
    eager__fail(EAGER_INTERNAL, "%s", text);
    bool splits = before == 8186 || before == 8187;
    size_t kept = splits ? before : 8188;
    assert_int_equal(strlen(eager_error_message()), kept + 3);
    assert_memory_equal(eager_error_message(), text, kept);
    assert_string_equal(eager_error_message() + kept, "...");
    eager__free(text);
  }
}

static void *fail_in_thread(void *message) {
  bool empty = eager_error_message()[0] == '\0' && eager_error_cl_code() == 0;
  eager__fail_cl(EAGER_INTERNAL, -4, "%s", (const char *)message);
  bool own = strcmp(eager_error_message(), message) == 0 && eager_error_cl_code() == -4;
  return empty && own ? message : NULL;
}

static void every_thread_has_its_own(void **state) {
  (void)state;
  eager__fail(EAGER_INTERNAL, "of the main thread");
  char message[] = "of the other thread";
  pthread_t thread;
  void *result;
  assert_int_equal(pthread_create(&thread, NULL, fail_in_thread, message), 0);
  assert_int_equal(pthread_join(thread, &result), 0);
  assert_ptr_equal(result, message);
  assert_string_equal(eager_error_message(), "of the main thread");
  assert_int_equal(eager_error_cl_code(), 0);
}

static void out_of_memory_tells_the_size(void **state) {
  (void)state;
  assert_int_equal(eager__out_of_memory(123), EAGER_RESOURCE_EXHAUSTED);
  assert_string_equal(eager_error_message(),
                      "out of host memory: 123 bytes could not be allocated");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_status_has_its_name),
      cmocka_unit_test(a_failure_is_told_until_the_next),
      cmocka_unit_test(a_kept_failure_outlives_others),
      cmocka_unit_test(the_last_text_may_be_an_argument),
      cmocka_unit_test(the_macros_return),
      cmocka_unit_test(the_op_is_appended),
      cmocka_unit_test(long_texts_are_cut_and_keep_their_op),
      cmocka_unit_test(a_text_that_just_fits_is_whole),
      cmocka_unit_test(no_character_is_split),
      cmocka_unit_test(every_thread_has_its_own),
      cmocka_unit_test(out_of_memory_tells_the_size),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
