/* ctest: */
/* The text of tunings, and what a device takes of it. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/status.h"
#include "cl/tuning.h"

static const eager__physical cpu = {.traits = {.gemm_cached = 2560, .max_local_size = 256}};
static const eager__physical narrow = {
    .traits = {.gemm_cached = 640, .max_local_size = 32}};

static const eager__tunable *tunable(const char *name) {
  for (int i = 0; i < eager__tunable_count; i++)
    if (strcmp(eager__tunables[i].name, name) == 0) return &eager__tunables[i];
  fail_msg("no tunable %s", name);
  return NULL;
}

static void tunables_are_told_apart_and_have_choices(void **state) {
  (void)state;
  for (int i = 0; i < eager__tunable_count; i++) {
    const eager__tunable *each = &eager__tunables[i];
    for (int k = 0; k < i; k++) {
      assert_string_not_equal(each->name, eager__tunables[k].name);
      assert_int_not_equal(each->offset, eager__tunables[k].offset);
    }
    assert_true(each->offset + sizeof(int) <= sizeof(eager__traits));
    assert_true(each->choices[0] >= 0 && each->choices[1] >= 0);
    for (int k = 1; k < EAGER__TUNABLE_CHOICES && each->choices[k] >= 0; k++)
      assert_true(each->choices[k] > each->choices[k - 1]);
  }
}

typedef struct text_case {
  const char *text, *message; /* message NULL: fine */
} text_case;

static void malformed_texts_are_refused(void **state) {
  (void)state;
  static const text_case cases[] = {
      {"", NULL},
      {"gemm_cached=640", NULL},
      {"gemm_cached=640,group_size=64", NULL},
      {"gemm_cached=7", "here: gemm_cached must be one of 256, 640, 2560, 10240, got 7"},
      {"gemm_cached=99999999", "must be one of 256, 640, 2560, 10240, got 99999999"},
      {"gemm_cached=640,group_size=0", "here: group_size must be one of 32, 64, 128, 256"},
      {"gemm_cached", "here must be name=value,name=value ..., got 'gemm_cached'"},
      {"gemm_cached=", "got 'gemm_cached='"},
      {"gemm_cached=-8", "got 'gemm_cached=-8'"},
      {"gemm_cached=+8", "got 'gemm_cached=+8'"},
      {"gemm_cached= 8", "got 'gemm_cached= 8'"},
      {"gemm_cached=640x", "got 'gemm_cached=640x'"},
      {"gemm_cached=640,", "got 'gemm_cached=640,'"},
      {",gemm_cached=640", "got ',gemm_cached=640'"},
      {"gemm_cached=640,,group_size=64", "got ',group_size=64'"},
      {"gemm_cached=111111111111111111111", "got 'gemm_cached=1111"},
      {"vector=8", "got 'vector=8'; the names are group_size, gemm_cached, "},
      {"=8", "got '=8'"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    eager_status status = eager__tuning_check("here", cases[i].text);
    assert_int_equal(status, cases[i].message ? EAGER_INVALID_ARGUMENT : EAGER_OK);
    if (cases[i].message && !strstr(eager_error_message(), cases[i].message))
      fail_msg("'%s' gives: %s", cases[i].text, eager_error_message());
  }
}

static void values_are_applied_where_the_device_takes_them(void **state) {
  (void)state;
  const char text[] = "gemm_cached=640,group_size=64";
  eager__traits traits = cpu.traits;
  eager__tuning_apply(&cpu, text, &traits);
  assert_int_equal(traits.gemm_cached, 640);
  assert_int_equal(traits.max_local_size, 64);
  assert_null(eager__tuning_refused(&cpu, text));

  traits = narrow.traits; /* no larger groups than all kernels run with */
  eager__tuning_apply(&narrow, "gemm_cached=10240,group_size=64", &traits);
  assert_int_equal(traits.gemm_cached, 10240);
  assert_int_equal(traits.max_local_size, 32);
  assert_string_equal(eager__tuning_refused(&narrow, text), "group_size");
  assert_true(eager__tuning_takes(&narrow, tunable("group_size"), 32));
  assert_false(eager__tuning_takes(&narrow, tunable("gemm_cached"), 5));
}

static void the_last_of_two_values_counts(void **state) {
  (void)state;
  eager__traits traits = cpu.traits;
  eager__tuning_apply(&cpu, "gemm_cached=640,gemm_cached=10240", &traits);
  assert_int_equal(eager__tuning_value(&traits, tunable("gemm_cached")), 10240);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(tunables_are_told_apart_and_have_choices),
      cmocka_unit_test(malformed_texts_are_refused),
      cmocka_unit_test(values_are_applied_where_the_device_takes_them),
      cmocka_unit_test(the_last_of_two_values_counts),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
