/* ctest: */
/* How eagercl-tune searches, on a made-up device. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../tools/tune/tune.h"

/* Seconds by the values of two tunables; some trials fail or are slow the second time. */
typedef struct device {
  int trials, fail_at_w, lucky_trial;
  double budget;
} device;

static int value_in(const char *values, const char *name, int builtin) {
  const char *at = strstr(values, name);
  return at ? atoi(at + strlen(name) + 1) : builtin;
}

static bool trial(void *user, const char *area, const char *values, tune_times *out,
                  char *why, size_t why_size) {
  device *d = user;
  int w = value_in(values, "width", 4), g = value_in(values, "group", 32);
  d->trials++;
  if (w == d->fail_at_w) return snprintf(why, why_size, "wrong result"), false;
  /* Best at width 8, and then at group 64; at width 4 larger groups are slower. */
  double seconds = w == 8 ? 1.0 : w == 4 ? 2.0 : 3.0;
  if (strcmp(area, "b") == 0) seconds = w == 8 && g == 64 ? 0.5 : g == 32 ? 1.0 : 1.5;
  if (d->trials == d->lucky_trial) seconds /= 10;
  *out = (tune_times){2, {seconds, 2 * seconds}};
  return true;
}

static double left(void *user) {
  const device *d = user;
  return d->budget - d->trials;
}

static char said[4096];

static void say(void *user, const char *line) {
  (void)user;
  strcat(strcat(said, line), "\n");
}

static const tune_tunable both[] = {
    {"width", "a", 4, 4, 4, 3, {4, 8, 16}},
    {"group", "b", 32, 32, 32, 2, {32, 64}},
};

static void find(device *d, tune_tunable *tunables, char *values, size_t size) {
  tune_search search = {trial, left, d, say};
  said[0] = '\0';
  memcpy(tunables, both, sizeof both);
  tune_find(&search, tunables, 2);
  tune_values(tunables, 2, values, size);
}

static void the_best_of_each_is_found_with_the_others_at_their_best(void **state) {
  (void)state;
  device d = {.budget = 1000};
  tune_tunable tunables[2];
  char values[128];
  find(&d, tunables, values, sizeof values);
  assert_string_equal(values, "width=8,group=64");
}

static void a_value_that_fails_is_said_and_left(void **state) {
  (void)state;
  device d = {.budget = 1000, .fail_at_w = 8};
  tune_tunable tunables[2];
  char values[128];
  find(&d, tunables, values, sizeof values);
  assert_string_equal(values, "");
  assert_non_null(strstr(said, "width=8: wrong result"));
}

static void one_lucky_trial_changes_nothing(void **state) {
  (void)state;
  device d = {.budget = 1000, .fail_at_w = 8, .lucky_trial = 3};
  tune_tunable tunables[2];
  char values[128];
  find(&d, tunables, values, sizeof values);
  assert_non_null(strstr(said, "width=16: 6.67 times as fast"));
  assert_null(strstr(said, "taken"));
  assert_string_equal(values, "");
}

static void the_budget_ends_the_search(void **state) {
  (void)state;
  device d = {.budget = 2};
  tune_tunable tunables[2];
  char values[128];
  find(&d, tunables, values, sizeof values);
  assert_true(d.trials <= 4); /* the pair that confirms is run to its end */
}

static void gains_are_geometric_means(void **state) {
  (void)state;
  const tune_times a = {2, {1.0, 8.0}}, b = {2, {2.0, 1.0}}, other = {1, {1.0}};
  assert_float_equal(tune_gain(&a, &b), 2.0, 1e-12);
  assert_float_equal(tune_gain(&b, &a), 0.5, 1e-12);
  assert_float_equal(tune_gain(&a, &other), 0, 0);
}

static void what_children_print_is_read(void **state) {
  (void)state;
  tune_tunable tunables[3];
  assert_int_equal(tune_read_tunables("eagercl: WARNING: something\n"
                                      "tunable width a 8 4 4 8 16\n"
                                      "tunable group b 32 32 32\n"
                                      "tunable broken\n",
                                      tunables, 3),
                   2);
  assert_string_equal(tunables[0].name, "width");
  assert_int_equal(tunables[0].value, 8);
  assert_int_equal(tunables[0].builtin, 4);
  assert_int_equal(tunables[0].best, 4);
  assert_int_equal(tunables[0].choice_count, 3);
  assert_int_equal(tunables[0].choices[2], 16);
  assert_int_equal(tunables[1].choice_count, 1);
  tune_times times;
  tune_read_times("case one 0.5\nnoise\ncase two 0.25\ncase bad -1\n", &times);
  assert_int_equal(times.count, 2);
  assert_float_equal(times.seconds[1], 0.25, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_best_of_each_is_found_with_the_others_at_their_best),
      cmocka_unit_test(a_value_that_fails_is_said_and_left),
      cmocka_unit_test(one_lucky_trial_changes_nothing),
      cmocka_unit_test(the_budget_ends_the_search),
      cmocka_unit_test(gains_are_geometric_means),
      cmocka_unit_test(what_children_print_is_read),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
