/* ctest: */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "base/env.h"

static const char name[] = "EAGERCL_TEST_VARIABLE";

static void set(const char *value) {
  assert_int_equal(value != NULL ? setenv(name, value, 1) : unsetenv(name), 0);
}

static void unset_and_empty_are_not_given(void **state) {
  (void)state;
  static const char *const choices[] = {"auto", NULL};
  static const char *const values[] = {NULL, ""};
  for (int i = 0; i < 2; i++) {
    int choice = 77;
    bool flag = true;
    size_t size = 77;
    set(values[i]);
    assert_null(eager__env(name));
    assert_int_equal(eager__env_choice(name, choices, &choice), EAGER_OK);
    assert_int_equal(eager__env_bool(name, &flag), EAGER_OK);
    assert_int_equal(eager__env_size(name, &size), EAGER_OK);
    assert_int_equal(choice, 77);
    assert_true(flag);
    assert_int_equal(size, 77);
  }
  set("x");
  assert_string_equal(eager__env(name), "x");
}

static void choices_ignore_case(void **state) {
  (void)state;
  static const char *const choices[] = {"auto", "own", "clblast", NULL};
  static const struct {
    const char *value;
    int choice;
  } cases[] = {{"auto", 0}, {"OWN", 1}, {"CLBlast", 2}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    int choice = 77;
    set(cases[i].value);
    assert_int_equal(eager__env_choice(name, choices, &choice), EAGER_OK);
    assert_int_equal(choice, cases[i].choice);
  }
  static const char *const wrong[] = {"fast", "aut", "auto ", "autos"};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    int choice = 77;
    set(wrong[i]);
    assert_int_equal(eager__env_choice(name, choices, &choice), EAGER_INVALID_ARGUMENT);
    assert_int_equal(choice, 77);
  }
  set("fast");
  int choice;
  assert_int_equal(eager__env_choice(name, choices, &choice), EAGER_INVALID_ARGUMENT);
  assert_string_equal(eager_error_message(),
                      "environment variable EAGERCL_TEST_VARIABLE must be one of auto, "
                      "own, clblast, got \"fast\"");
}

static void booleans(void **state) {
  (void)state;
  static const struct {
    const char *value;
    bool flag;
  } cases[] = {{"0", false},   {"1", true},    {"false", false}, {"true", true},
               {"off", false}, {"on", true},   {"no", false},    {"yes", true},
               {"TRUE", true}, {"Off", false}, {"No", false}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    bool flag = !cases[i].flag;
    set(cases[i].value);
    assert_int_equal(eager__env_bool(name, &flag), EAGER_OK);
    assert_int_equal(flag, cases[i].flag);
  }
  bool flag = true;
  set("2");
  assert_int_equal(eager__env_bool(name, &flag), EAGER_INVALID_ARGUMENT);
  assert_true(flag);
  assert_string_equal(eager_error_message(),
                      "environment variable EAGERCL_TEST_VARIABLE must be one of 0, 1, "
                      "false, true, off, on, no, yes, got \"2\"");
}

static void sizes(void **state) {
  (void)state;
  static const struct {
    const char *value;
    uint64_t size;
  } cases[] = {
      {"1", 1},
      {"4096", 4096},
      {"007", 7},
      {"64K", UINT64_C(64) << 10},
      {"3m", UINT64_C(3) << 20},
      {"2G", UINT64_C(2) << 30},
      {"5t", UINT64_C(5) << 40},
      {"18446744073709551615", UINT64_MAX},
      {"16777215T", UINT64_C(16777215) << 40},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    size_t size = 77;
    set(cases[i].value);
    assert_int_equal(eager__env_size(name, &size), EAGER_OK);
    assert_true(size == cases[i].size);
  }
}

static void malformed_sizes(void **state) {
  (void)state;
  static const char *const cases[] = {"0",
                                      "0G",
                                      "-1",
                                      "+1",
                                      " 1",
                                      "1 ",
                                      "G",
                                      "1.5G",
                                      "1GB",
                                      "1e9",
                                      "0x10",
                                      "many",
                                      "18446744073709551616",
                                      "16777216T",
                                      "99999999999999999999999"};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    size_t size = 77;
    set(cases[i]);
    assert_int_equal(eager__env_size(name, &size), EAGER_INVALID_ARGUMENT);
    assert_int_equal(size, 77);
  }
  size_t size;
  set("lots");
  assert_int_equal(eager__env_size(name, &size), EAGER_INVALID_ARGUMENT);
  assert_string_equal(eager_error_message(),
                      "environment variable EAGERCL_TEST_VARIABLE must be a positive "
                      "number of bytes, K, M, G or T may follow, got \"lots\"");
  set("16777216T");
  assert_int_equal(eager__env_size(name, &size), EAGER_INVALID_ARGUMENT);
  assert_string_equal(eager_error_message(),
                      "environment variable EAGERCL_TEST_VARIABLE must be a number of "
                      "bytes this machine can count, got \"16777216T\"");
}

static void file_names(void **state) {
  (void)state;
  static const char *const good[] = {"t.json", "/a/b", "%p", "t-%p-%p.json", "../a b"};
  static const char *const bad[] = {"/", "a/", "%", "t%", "%d.json", "%%", "%P", "%p/"};
  const char *file = NULL;
  set(NULL);
  assert_int_equal(eager__env_file(name, &file), EAGER_OK);
  set("");
  assert_int_equal(eager__env_file(name, &file), EAGER_OK);
  assert_null(file);
  for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
    set(good[i]);
    assert_int_equal(eager__env_file(name, &file), EAGER_OK);
    assert_string_equal(file, good[i]);
  }
  file = NULL;
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    set(bad[i]);
    assert_int_equal(eager__env_file(name, &file), EAGER_INVALID_ARGUMENT);
    assert_null(file);
  }
  assert_string_equal(eager_error_message(),
                      "environment variable EAGERCL_TEST_VARIABLE must be the name of a "
                      "file, in which %p stands for the process's number, got \"%p/\"");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(unset_and_empty_are_not_given),
      cmocka_unit_test(choices_ignore_case),
      cmocka_unit_test(booleans),
      cmocka_unit_test(sizes),
      cmocka_unit_test(malformed_sizes),
      cmocka_unit_test(file_names),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
