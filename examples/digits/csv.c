/* dataset_load_digits: one digit a line, 64 pixels 0..16, then the label. */
#include "complain.h"
#include "dataset.h"
#include "file.h"
#include "plan.h"

#include <stdlib.h>
#include <string.h>

enum {
  SIDE = 8,
  PIXELS = SIDE * SIDE,
  DARKEST = 16,
  TEST_EVERY = 5,
  DIGIT_COUNT = 1797,
  TEST_COUNT = 364,
  TRAIN_COUNT = DIGIT_COUNT - TEST_COUNT
};

typedef struct digit {
  int pixels[PIXELS], label;
} digit;

/* Reads one whole number and steps over it. -1: there is none, or it is far too large. */
static int read_number(const char **cursor, const char *end) {
  const char *c = *cursor;
  int value = 0;
  while (c < end && *c >= '0' && *c <= '9' && value < 100000) {
    value = 10 * value + (*c++ - '0');
  }
  bool whole = c > *cursor && (c == end || *c == ',');
  *cursor = c;
  return whole ? value : -1;
}

static int count_columns(const char *line, const char *end) {
  int count = 1;
  for (const char *c = line; c < end; c++) {
    count += *c == ',';
  }
  return count;
}

static bool read_digit(const char *path, int number, const char *line, const char *end,
                       digit *out) {
  int column_count = count_columns(line, end);
  if (column_count != PIXELS + 1) {
    return complain("%s:%d: expected %d columns, found %d", path, number, PIXELS + 1,
                    column_count);
  }
  for (int column = 0; column <= PIXELS; column++) {
    int value = read_number(&line, end);
    int largest = column < PIXELS ? DARKEST : CLASS_COUNT - 1;
    if (value < 0) {
      return complain("%s:%d: column %d is not a whole number", path, number, column + 1);
    }
    if (value > largest) {
      return complain("%s:%d: column %d, the %s, is %d, not 0 to %d", path, number,
                      column + 1, column < PIXELS ? "pixel" : "label", value, largest);
    }
    *(column < PIXELS ? &out->pixels[column] : &out->label) = value;
    line++;
  }
  return true;
}

/* Reads every line; exactly DIGIT_COUNT are wanted, so that no cut file passes. */
static bool read_digits(const char *path, const char *text, const char *end,
                        digit *digits) {
  int count = 0;
  for (const char *line = text; line < end; count++) {
    const char *next = memchr(line, '\n', (size_t)(end - line));
    const char *line_end = next ? next : end;
    if (line_end > line && line_end[-1] == '\r') {
      line_end--;
    }
    if (count == DIGIT_COUNT) {
      return complain("%s: more than %d digits", path, DIGIT_COUNT);
    }
    if (!read_digit(path, count + 1, line, line_end, &digits[count])) {
      return false;
    }
    line = next ? next + 1 : end;
  }
  if (count != DIGIT_COUNT) {
    return complain("%s: expected %d digits, found %d", path, DIGIT_COUNT, count);
  }
  return true;
}

static bool is_test(const digit *d, int seen[CLASS_COUNT]) {
  return seen[d->label]++ % TEST_EVERY == 0;
}

static void append(samples *s, const digit *d) {
  float *pixels = s->pixels + s->count * PIXELS;
  for (int i = 0; i < PIXELS; i++) {
    pixels[i] = (float)d->pixels[i] / DARKEST;
  }
  s->labels[s->count++] = d->label;
}

static bool split(const char *path, const digit *digits, dataset *out) {
  int seen[CLASS_COUNT] = {0}, test_count = 0;
  for (int i = 0; i < DIGIT_COUNT; i++) {
    test_count += is_test(&digits[i], seen);
  }
  if (test_count != TEST_COUNT) {
    return complain("%s: splits into %d training and %d test digits, not %d and %d", path,
                    DIGIT_COUNT - test_count, test_count, TRAIN_COUNT, TEST_COUNT);
  }
  out->side = SIDE;
  if (!samples_allocate(&out->train, TRAIN_COUNT, SIDE) ||
      !samples_allocate(&out->test, TEST_COUNT, SIDE)) {
    dataset_free(out);
    return false;
  }
  out->train.count = out->test.count = 0;
  memset(seen, 0, sizeof seen);
  for (int i = 0; i < DIGIT_COUNT; i++) {
    append(is_test(&digits[i], seen) ? &out->test : &out->train, &digits[i]);
  }
  return true;
}

bool dataset_load_digits(const char *path, dataset *out) {
  *out = (dataset){0};
  unsigned char *bytes;
  size_t size;
  if (!file_read(path, &bytes, &size)) {
    return false;
  }
  digit *digits = calloc(DIGIT_COUNT, sizeof *digits);
  const char *text = (const char *)bytes;
  bool loaded =
      digits ? read_digits(path, text, text + size, digits) && split(path, digits, out)
             : complain("%s: out of memory", path);
  free(digits);
  free(bytes);
  return loaded;
}
