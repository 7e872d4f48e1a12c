/* report_digits */
#include "plan.h"
#include "report.h"

#include <stdio.h>
#include <string.h>

enum { PAGE_WIDTH = 92, GAP = 3, SMALL_SIDE = 14 };

static const char shades[] = " .:-=+*#%@";

/* Small images take two characters a pixel, large ones one character for two rows: letters
   are twice as high as wide. */
static int image_width(int64_t side) {
  return (int)(side <= SMALL_SIDE ? 2 * side : side);
}

static int image_height(int64_t side) {
  return (int)(side <= SMALL_SIDE ? side : (side + 1) / 2);
}

static float ink_at(const float *image, int64_t side, int row, int column) {
  if (side <= SMALL_SIDE) {
    return image[row * side + column / 2];
  }
  const float *upper = image + side * 2 * row;
  return 2 * row + 1 < side ? (upper[column] + upper[side + column]) / 2 : upper[column];
}

static void print_row(const float *image, int64_t side, int row) {
  for (int column = 0; column < image_width(side); column++) {
    putchar(shades[(int)(ink_at(image, side, row, column) * (sizeof shades - 2) + 0.5f)]);
  }
}

static void print_caption(const answers *a, const samples *test, int64_t index, int width) {
  char text[64], wrong[16] = "";
  if (a->classes[index] != test->labels[index]) {
    snprintf(wrong, sizeof wrong, ", but is %d", (int)test->labels[index]);
  }
  snprintf(text, sizeof text, "%d, %.0f %%%s", (int)a->classes[index],
           100.0 * (double)a->confidence[index], wrong);
  printf("%-*s", width, text);
}

static void print_side_by_side(const answers *a, const samples *test, int64_t side,
                               const int64_t *shown, int count) {
  for (int row = 0; row < image_height(side); row++) {
    for (int i = 0; i < count; i++) {
      print_row(test->pixels + shown[i] * side * side, side, row);
      printf("%*s", i + 1 < count ? GAP : 0, "");
    }
    putchar('\n');
  }
  for (int i = 0; i < count; i++) {
    print_caption(a, test, shown[i], i + 1 < count ? image_width(side) + GAP : 0);
  }
  putchar('\n');
}

/* The first digits of `want_right`, at most `most` of them, each with another label. */
static int choose(const answers *a, const samples *test, bool want_right, int most,
                  int64_t *shown) {
  bool seen[CLASS_COUNT] = {false};
  int count = 0;
  for (int64_t i = 0; i < a->count && count < most; i++) {
    int label = test->labels[i];
    if ((a->classes[i] == label) == want_right && !seen[label]) {
      seen[label] = true;
      shown[count++] = i;
    }
  }
  return count;
}

void report_digits(const answers *a, const samples *test, int64_t side) {
  int64_t shown[PAGE_WIDTH];
  int room = (PAGE_WIDTH + GAP) / (image_width(side) + GAP);
  int count = choose(a, test, false, room / 2, shown);
  count += choose(a, test, true, room - count, shown + count);
  puts("\nsome test digits, what they were taken for and how surely\n");
  print_side_by_side(a, test, side, shown, count);
}
