/* ctest: */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/log.h"

/* Standard error goes to a file between begin and end. */
static FILE *capture;
static int saved;

static void capture_begin(void) {
  fflush(stderr);
  capture = tmpfile();
  assert_non_null(capture);
  saved = dup(STDERR_FILENO);
  assert_true(saved >= 0);
  assert_true(dup2(fileno(capture), STDERR_FILENO) >= 0);
}

static void capture_end(char *text, size_t size) {
  fflush(stderr);
  assert_true(dup2(saved, STDERR_FILENO) >= 0);
  close(saved);
  rewind(capture);
  text[fread(text, 1, size - 1, capture)] = '\0';
  fclose(capture);
}

static int reset(void **state) {
  (void)state;
  eager__log_configure(NULL, NULL, EAGER_LOG_WARNING);
  eager__alloc_fail_after(-1);
  return 0;
}

static void log_all_levels(void) {
  eager__log(EAGER_LOG_DEBUG, "d %d", 1);
  eager__log(EAGER_LOG_INFO, "i %d", 2);
  eager__log(EAGER_LOG_WARNING, "w %d", 3);
  eager__log(EAGER_LOG_ERROR, "e %d", 4);
}

static void stderr_gets_warnings_unless_told_otherwise(void **state) {
  (void)state;
  char text[512];
  capture_begin();
  log_all_levels();
  capture_end(text, sizeof text);
  assert_string_equal(text, "eagercl: WARNING: w 3\neagercl: ERROR: e 4\n");
}

static void the_level_filters_stderr(void **state) {
  (void)state;
  static const struct {
    eager_log_level level;
    const char *text;
  } cases[] = {
      {EAGER_LOG_DEBUG, "eagercl: DEBUG: d 1\neagercl: INFO: i 2\neagercl: WARNING: w 3\n"
                        "eagercl: ERROR: e 4\n"},
      {EAGER_LOG_INFO, "eagercl: INFO: i 2\neagercl: WARNING: w 3\neagercl: ERROR: e 4\n"},
      {EAGER_LOG_ERROR, "eagercl: ERROR: e 4\n"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char text[512];
    eager__log_configure(NULL, NULL, cases[i].level);
    capture_begin();
    log_all_levels();
    capture_end(text, sizeof text);
    assert_string_equal(text, cases[i].text);
  }
}

static void always_is_never_filtered(void **state) {
  (void)state;
  char text[512];
  eager__log_configure(NULL, NULL, EAGER_LOG_ERROR);
  capture_begin();
  eager__log_always("Executing op %s in device GPU:0", "MatMul");
  capture_end(text, sizeof text);
  assert_string_equal(text, "eagercl: INFO: Executing op MatMul in device GPU:0\n");
}

typedef struct received {
  int count;
  eager_log_level levels[8];
  char last[70000];
} received;

static void receive(eager_log_level level, const char *message, void *user) {
  received *to = user;
  to->levels[to->count++] = level;
  snprintf(to->last, sizeof to->last, "%s", message);
}

static void a_callback_gets_every_line_as_it_is(void **state) {
  (void)state;
  static received got;
  char text[64];
  eager__log_configure(receive, &got, EAGER_LOG_ERROR);
  capture_begin();
  log_all_levels();
  eager__log_always("placement");
  capture_end(text, sizeof text);
  assert_string_equal(text, "");
  assert_int_equal(got.count, 5);
  for (int i = 0; i < 4; i++) assert_int_equal(got.levels[i], i);
  assert_int_equal(got.levels[4], EAGER_LOG_INFO);
  assert_string_equal(got.last, "placement");
}

static void log_from_callback(eager_log_level level, const char *message, void *user) {
  (void)level, (void)message;
  eager__log_configure(NULL, NULL, EAGER_LOG_WARNING);
  *(int *)user += 1;
}

/* It would never return if the sink's lock were held. */
static void no_lock_is_held_over_the_callback(void **state) {
  (void)state;
  int count = 0;
  eager__log_configure(log_from_callback, &count, EAGER_LOG_DEBUG);
  eager__log(EAGER_LOG_ERROR, "text");
  assert_int_equal(count, 1);
}

static void long_lines_are_whole_unless_memory_is_short(void **state) {
  (void)state;
  static received got;
  static char text[65537];
  memset(text, 'x', sizeof text - 1);
  eager__log_configure(receive, &got, EAGER_LOG_DEBUG);
  eager__log(EAGER_LOG_INFO, "%s", text);
  assert_string_equal(got.last, text);
  for (size_t size = 1022; size <= 1025; size++) {
    eager__log(EAGER_LOG_INFO, "%s", text + sizeof text - 1 - size);
    assert_int_equal(strlen(got.last), size);
  }
  eager__alloc_fail_after(1);
  eager__log(EAGER_LOG_INFO, "%s", text);
  assert_int_equal(strlen(got.last), 1023);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_teardown(stderr_gets_warnings_unless_told_otherwise, reset),
      cmocka_unit_test_teardown(the_level_filters_stderr, reset),
      cmocka_unit_test_teardown(always_is_never_filtered, reset),
      cmocka_unit_test_teardown(a_callback_gets_every_line_as_it_is, reset),
      cmocka_unit_test_teardown(no_lock_is_held_over_the_callback, reset),
      cmocka_unit_test_teardown(long_lines_are_whole_unless_memory_is_short, reset),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
