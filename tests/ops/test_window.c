/* Windows slide as TensorFlow says; the figures are its formulas worked out by hand. */
#include "ops/window.h"
#include "test.h"

static void windows_slide(void **state) {
  (void)state;
  static const struct {
    eager__padding padding;
    eager__window_axis given;
    int64_t out, before, after;
  } rows[] = {
      {EAGER__PADDING_SAME, {5, 3, 0, 1, 1, 0, 0}, 5, 1, 1},
      {EAGER__PADDING_SAME, {5, 2, 0, 1, 1, 0, 0}, 5, 0, 1},
      {EAGER__PADDING_SAME, {6, 3, 0, 2, 1, 0, 0}, 3, 0, 1},
      {EAGER__PADDING_SAME, {7, 3, 0, 2, 1, 0, 0}, 4, 1, 1},
      {EAGER__PADDING_SAME, {7, 3, 0, 1, 3, 0, 0}, 7, 3, 3},
      {EAGER__PADDING_SAME, {7, 1, 0, 4, 1, 0, 0}, 2, 0, 0},
      {EAGER__PADDING_SAME, {0, 3, 0, 2, 1, 0, 0}, 0, 0, 1},
      {EAGER__PADDING_SAME, {-1, 3, 0, 2, 1, 0, 0}, -1, 0, 0},
      {EAGER__PADDING_VALID, {5, 3, 0, 1, 1, 0, 0}, 3, 0, 0},
      {EAGER__PADDING_VALID, {5, 3, 0, 2, 2, 0, 0}, 1, 0, 0},
      {EAGER__PADDING_VALID, {2, 3, 0, 1, 1, 0, 0}, 0, 0, 0},
      {EAGER__PADDING_VALID, {1, 4, 0, 5, 1, 0, 0}, 0, 0, 0}, /* (1 - 4 + 5) / 5 */
      {EAGER__PADDING_VALID, {1, 4, 0, 2, 1, 0, 0}, 0, 0, 0}, /* -1 / 2, towards zero */
      {EAGER__PADDING_EXPLICIT, {5, 3, 0, 2, 1, 2, 1}, 3, 2, 1},
      {EAGER__PADDING_EXPLICIT, {0, 3, 0, 1, 1, 2, 2}, 2, 2, 2},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    eager__window_axis axis = rows[i].given;
    assert_ok(eager__window_place(&axis, rows[i].padding));
    if (axis.out != rows[i].out || axis.before != rows[i].before ||
        axis.after != rows[i].after)
      fail_msg("row %d: %d positions, padding %d %d", (int)i, (int)axis.out,
               (int)axis.before, (int)axis.after);
  }
  eager__window_axis huge = {1, INT64_MAX, 0, 1, 1, 0, 0};
  assert_fails_like(eager__window_place(&huge, EAGER__PADDING_SAME), EAGER_INVALID_ARGUMENT,
                    "is too large for a window");
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(windows_slide)};
  return test_main("ops/window", tests, sizeof tests / sizeof *tests);
}
