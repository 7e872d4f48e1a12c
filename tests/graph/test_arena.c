/* ctest: */
/* Where values lie in the memory they share: no two that live at once overlap, and little
 * is wasted. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "graph/arena.h"

enum { MOST = 64 };

static bool overlap(const eager__region *a, const eager__region *b) {
  bool meet = a->begin <= b->end && b->begin <= a->end;
  return meet && a->bin == b->bin && a->offset < b->offset + b->size &&
         b->offset < a->offset + a->size;
}

static size_t plan(eager__region *regions, int count, const eager__bin *bins,
                   int bin_count) {
  size_t size;
  assert_int_equal(eager__arena_plan(regions, count, bins, bin_count, &size), EAGER_OK);
  for (int i = 0; i < count; i++) {
    const eager__region *r = &regions[i];
    assert_int_equal(r->offset % EAGER__ARENA_ALIGNMENT, 0);
    assert_true(r->bin >= -1 && r->bin < bin_count);
    size_t end = r->offset + r->size;
    assert_true(r->bin < 0 ? end <= size : end <= bins[r->bin].size);
    assert_true(r->bin < 0 || r->end < bins[r->bin].end);
    for (int k = 0; k < i; k++) assert_false(overlap(r, &regions[k]));
  }
  return size;
}

static size_t least(const eager__region *regions, int count) {
  size_t size;
  assert_int_equal(eager__arena_least(regions, count, &size), EAGER_OK);
  return size;
}

/* Each is read by the next alone. */
static void a_line_of_equals_takes_two(void **state) {
  (void)state;
  eager__region regions[9];
  for (int i = 0; i < 9; i++) regions[i] = (eager__region){1024, i, i + 1, 0, 0};
  assert_int_equal(plan(regions, 9, NULL, 0), 2048);
  assert_int_equal(least(regions, 9), 2048);
  const eager__bin result = {1024, 9}; /* behind the last, which reads the ninth */
  assert_int_equal(plan(regions, 9, &result, 1), 1024);
}

static void a_bin_is_used_before_its_step_only(void **state) {
  (void)state;
  eager__region one = {512, 0, 3, 0, 0};
  const eager__bin late = {512, 4}, early = {512, 3}, small = {256, 9};
  assert_int_equal(plan(&one, 1, &late, 1), 0);
  assert_int_equal(plan(&one, 1, &early, 1), 512);
  assert_int_equal(plan(&one, 1, &small, 1), 512);
}

static void nothing_takes_nothing(void **state) {
  (void)state;
  eager__region empty[2] = {{0, 0, 5, 0, 0}, {0, 1, 2, 0, 0}};
  assert_int_equal(plan(empty, 2, NULL, 0), 0);
  assert_int_equal(plan(NULL, 0, NULL, 0), 0);
  assert_int_equal(least(NULL, 0), 0);
}

static uint32_t chance(uint32_t *state, uint32_t below) {
  *state = *state * 1664525u + 1013904223u;
  return (*state >> 8) % below;
}

/* Straight lines with sizes of all kinds: within a tenth of what lives at once. */
static void lines_take_little_more_than_the_least(void **state) {
  (void)state;
  uint32_t seed = 7;
  for (int trial = 0; trial < 300; trial++) {
    eager__region regions[MOST];
    int count = 2 + (int)chance(&seed, MOST - 2);
    for (int i = 0; i < count; i++)
      regions[i] = (eager__region){(1 + chance(&seed, 4000)) * 1024, i, i + 1, 0, 0};
    size_t size = plan(regions, count, NULL, 0);
    assert_true((double)size <= 1.1 * (double)least(regions, count));
  }
}

/* Whatever lives how long. */
static void no_two_overlap(void **state) {
  (void)state;
  uint32_t seed = 3;
  for (int trial = 0; trial < 300; trial++) {
    eager__region regions[MOST];
    eager__bin bins[3];
    for (int i = 0; i < MOST; i++) {
      int begin = (int)chance(&seed, 40);
      regions[i] =
          (eager__region){chance(&seed, 5000), begin, begin + (int)chance(&seed, 12), 0, 0};
    }
    for (int i = 0; i < 3; i++)
      bins[i] = (eager__bin){chance(&seed, 6000), (int)chance(&seed, 50)};
    assert_true(plan(regions, MOST, bins, 3) > 0);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_line_of_equals_takes_two),
      cmocka_unit_test(a_bin_is_used_before_its_step_only),
      cmocka_unit_test(nothing_takes_nothing),
      cmocka_unit_test(lines_take_little_more_than_the_least),
      cmocka_unit_test(no_two_overlap),
  };
  return cmocka_run_group_tests_name("graph/arena", tests, NULL, NULL);
}
