/* NumPy's defaults: 8 digits behind the point, lines of 75, and past 1000 elements only the
 * first and last 3 along each axis. */
#include "tensor/format.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/dtype.h"
#include "tensor/decimal.h"

enum { PRECISION = 8, LINE_WIDTH = 75, THRESHOLD = 1000, EDGE = 3, WORD = 64 };

/* How all elements of an array are written so that they stand in columns. */
typedef struct layout {
  bool exponential;
  int left, right;     /* characters on either side of the point; ints use left only */
  int exponent_digits; /* exponential only */
} layout;

/* What the shown elements have in common. */
typedef struct survey {
  double largest, smallest; /* sizes of the finite ones, without zeros; 0 if none */
  bool any_infinite, any_nan, any_below_infinity;
} survey;

typedef struct printer {
  eager_dtype dtype;
  const eager__shape *shape;
  const unsigned char *data;
  bool summarised;
  layout layout;
  eager__strbuf *out;
  int line; /* columns used in the present line */
  int owed; /* blanks at its end, left out if it breaks here */
} printer;

static double float_at(const printer *p, int64_t index) {
  return eager__decode_double(p->dtype,
                              p->data + (size_t)index * eager_dtype_size(p->dtype));
}

static int larger(int a, int b) {
  return a > b ? a : b;
}

static void add_blanks(eager__strbuf *out, int count) {
  for (int i = 0; i < count; i++) eager__strbuf_add(out, " ");
}

/* --- Which elements are shown. --- */

static bool is_cut(const printer *p, int axis) {
  return p->summarised && p->shape->dims[axis] > 2 * EDGE;
}

static int64_t shown_count(const printer *p, int axis) {
  return is_cut(p, axis) ? 2 * EDGE : p->shape->dims[axis];
}

/* The element, or the start of the row, that is shown as number `shown` along `axis`. */
static int64_t shown_index(const printer *p, int axis, int64_t base, int64_t shown) {
  int64_t extent = p->shape->dims[axis];
  if (is_cut(p, axis) && shown >= EDGE) shown += extent - 2 * EDGE;
  return base * extent + shown;
}

typedef void visit_fn(printer *p, int64_t index, void *user);

static void for_each_shown(printer *p, int axis, int64_t base, visit_fn *visit,
                           void *user) {
  if (axis == p->shape->rank) {
    visit(p, base, user);
    return;
  }
  for (int64_t i = 0; i < shown_count(p, axis); i++)
    for_each_shown(p, axis + 1, shown_index(p, axis, base, i), visit, user);
}

/* --- Integers and bools. --- */

static int write_integer(const printer *p, int64_t index, char word[WORD]) {
  const unsigned char *at = p->data + (size_t)index * eager_dtype_size(p->dtype);
  uint64_t eight;
  switch (p->dtype) {
  case EAGER_BOOL:
    return snprintf(word, WORD, "%s", *at ? "True" : "False");
  case EAGER_UINT64:
    memcpy(&eight, at, sizeof eight);
    return snprintf(word, WORD, "%" PRIu64, eight);
  case EAGER_INT64:
    memcpy(&eight, at, sizeof eight);
    return snprintf(word, WORD, "%" PRId64, (int64_t)eight);
  default:
    return snprintf(word, WORD, "%" PRId64, (int64_t)eager__decode_double(p->dtype, at));
  }
}

static void measure_integer(printer *p, int64_t index, void *user) {
  (void)user;
  char word[WORD];
  p->layout.left = larger(p->layout.left, write_integer(p, index, word));
}

/* --- Floats. --- */

static void look(printer *p, int64_t index, void *user) {
  survey *seen = user;
  double value = float_at(p, index), size = fabs(value);
  seen->any_nan |= isnan(value) != 0;
  seen->any_infinite |= isinf(value) != 0;
  seen->any_below_infinity |= isinf(value) && value < 0;
  if (!isfinite(value)) return;
  if (size > seen->largest) seen->largest = size;
  if (size > 0 && (seen->smallest == 0 || size < seen->smallest)) seen->smallest = size;
}

/* As the dtype has it: NumPy decides in the array's own precision. */
static double rounded(eager_dtype dtype, double value) {
  unsigned char element[8];
  eager__encode_double(dtype, value, element);
  return eager__decode_double(dtype, element);
}

static bool wants_exponents(eager_dtype dtype, const survey *seen) {
  if (seen->largest == 0) return false;
  return seen->largest >= 1e8 || seen->smallest < rounded(dtype, 1e-4) ||
         rounded(dtype, seen->largest / seen->smallest) > 1000;
}

static void digits_of(const printer *p, double value, eager__decimal *out) {
  eager__decimal_shortest(p->dtype, value, out);
  int most = 1 + PRECISION + (p->layout.exponential ? 0 : out->exponent);
  if (out->count > most) eager__decimal_round(value, most, out);
}

static void measure_float(printer *p, int64_t index, void *user) {
  (void)user;
  double value = float_at(p, index);
  if (!isfinite(value)) return;
  eager__decimal decimal;
  digits_of(p, value, &decimal);
  layout *to = &p->layout;
  if (to->exponential) {
    to->left = larger(to->left, 1 + decimal.negative);
    to->right = larger(to->right, decimal.count - 1);
    bool three = decimal.exponent <= -100 || decimal.exponent >= 100;
    to->exponent_digits = larger(to->exponent_digits, three ? 3 : 2);
  } else {
    to->left = larger(to->left, larger(decimal.exponent + 1, 1) + decimal.negative);
    to->right = larger(to->right, decimal.count - 1 - decimal.exponent);
  }
}

/* Columns behind the point, an exponent included. */
static int right_width(const layout *of) {
  return of->right + (of->exponential ? 2 + of->exponent_digits : 0);
}

static void plan_floats(printer *p) {
  survey seen = {0};
  for_each_shown(p, 0, 0, look, &seen);
  p->layout.exponential = wants_exponents(p->dtype, &seen);
  for_each_shown(p, 0, 0, measure_float, NULL);
  int others = seen.any_below_infinity ? 4 : seen.any_nan || seen.any_infinite ? 3 : 0;
  p->layout.left = larger(p->layout.left, others - right_width(&p->layout) - 1);
}

/* Digit number `i` of the decimal, 0 where there is none. */
static char digit(const eager__decimal *decimal, int i) {
  return i >= 0 && i < decimal->count ? decimal->digits[i] : '0';
}

/* `[-]123.45`: at least `places` digits behind the point, which stands even at the end. */
static int write_fixed(const eager__decimal *decimal, int places, char *word) {
  int size = 0;
  if (decimal->negative) word[size++] = '-';
  for (int i = larger(decimal->exponent, 0); i >= 0; i--)
    word[size++] = digit(decimal, decimal->exponent - i);
  word[size++] = '.';
  places = larger(places, decimal->count - 1 - decimal->exponent);
  for (int i = 1; i <= places; i++) word[size++] = digit(decimal, decimal->exponent + i);
  word[size] = '\0';
  return size;
}

static int write_exponential(const eager__decimal *decimal, const layout *of, char *word) {
  int size = 0;
  if (decimal->negative) word[size++] = '-';
  word[size++] = digit(decimal, 0);
  word[size++] = '.';
  for (int i = 1; i <= of->right; i++) word[size++] = digit(decimal, i);
  return size + snprintf(word + size, (size_t)(WORD - size), "e%+0*d",
                         of->exponent_digits + 1, decimal->exponent);
}

static int write_other(double value, char *word) {
  return snprintf(word, WORD, "%s", isnan(value) ? "nan" : value < 0 ? "-inf" : "inf");
}

/* The word without the blanks around it; how many stand before it goes to `before`. */
static int write_float(const printer *p, int64_t index, char word[WORD], int *before) {
  double value = float_at(p, index);
  int size;
  if (!isfinite(value)) {
    size = write_other(value, word);
    *before = p->layout.left + 1 + right_width(&p->layout) - size;
    return size;
  }
  eager__decimal decimal;
  digits_of(p, value, &decimal);
  /* Columns and the places before the point are filled with what digits there are. */
  int least = 1 + (p->layout.exponential ? p->layout.right : decimal.exponent);
  if (decimal.count < least) eager__decimal_round(value, least, &decimal);
  size = p->layout.exponential ? write_exponential(&decimal, &p->layout, word)
                               : write_fixed(&decimal, 0, word);
  *before = p->layout.left - (int)strcspn(word, ".");
  return size;
}

/* --- Lines. --- */

static void start_line(printer *p, int axis) {
  p->line = axis + 1;
  p->owed = 0;
}

/* `before` and `after`: the blanks that fill its column. */
static void put_word(printer *p, int axis, bool first, int before, const char *word,
                     int after) {
  int width = before + (int)strlen(word) + after;
  if (!first && p->line + 1 + width > LINE_WIDTH - axis - 1) {
    eager__strbuf_add(p->out, "\n");
    add_blanks(p->out, axis + 1);
    start_line(p, axis);
  } else if (!first) {
    add_blanks(p->out, p->owed + 1);
    p->line++;
  }
  add_blanks(p->out, before);
  eager__strbuf_add(p->out, word);
  p->line += width;
  p->owed = after;
}

static void put_element(printer *p, int axis, bool first, int64_t index) {
  char word[WORD];
  int size, before;
  if (eager__dtype_is_float(p->dtype)) {
    size = write_float(p, index, word, &before);
  } else {
    size = write_integer(p, index, word);
    before = p->layout.left - size;
  }
  int width = p->layout.left;
  if (eager__dtype_is_float(p->dtype)) width += 1 + right_width(&p->layout);
  put_word(p, axis, first, before, word, width - before - size);
}

static void put_row(printer *p, int axis, int64_t base) {
  start_line(p, axis);
  for (int64_t i = 0; i < shown_count(p, axis); i++) {
    if (is_cut(p, axis) && i == EDGE) put_word(p, axis, false, 0, "...", 0);
    put_element(p, axis, i == 0, shown_index(p, axis, base, i));
  }
  add_blanks(p->out, p->owed);
}

static void put_array(printer *p, int axis, int64_t base);

static void put_rows(printer *p, int axis, int64_t base) {
  int breaks = p->shape->rank - axis - 1;
  for (int64_t i = 0; i < shown_count(p, axis); i++) {
    for (int k = 0; i > 0 && k < breaks; k++) eager__strbuf_add(p->out, "\n");
    if (i > 0) add_blanks(p->out, axis + 1);
    if (is_cut(p, axis) && i == EDGE) {
      eager__strbuf_add(p->out, "...");
      for (int k = 0; k < breaks; k++) eager__strbuf_add(p->out, "\n");
      add_blanks(p->out, axis + 1);
    }
    put_array(p, axis + 1, shown_index(p, axis, base, i));
  }
}

static void put_array(printer *p, int axis, int64_t base) {
  eager__strbuf_add(p->out, "[");
  if (axis == p->shape->rank - 1)
    put_row(p, axis, base);
  else
    put_rows(p, axis, base);
  eager__strbuf_add(p->out, "]");
}

/* Python's str() of one number: all its digits, `1.0` and `1e+16`. */
static void put_scalar(printer *p) {
  char word[WORD];
  double value = eager__dtype_is_float(p->dtype) ? float_at(p, 0) : 0;
  if (!eager__dtype_is_float(p->dtype)) {
    write_integer(p, 0, word);
  } else if (!isfinite(value)) {
    write_other(value, word);
  } else {
    eager__decimal decimal;
    eager__decimal_shortest(p->dtype, value, &decimal);
    if (value == 0 || (fabs(value) >= 1e-4 && fabs(value) < 1e16)) {
      write_fixed(&decimal, 1, word);
    } else {
      layout alone = {.right = decimal.count - 1, .exponent_digits = 2};
      write_exponential(&decimal, &alone, word);
      char *point = strchr(word, '.');
      if (point[1] == 'e') memmove(point, point + 1, strlen(point));
    }
  }
  eager__strbuf_add(p->out, word);
}

static void put_value(printer *p) {
  int64_t elements = eager__shape_elements(p->shape);
  if (p->shape->rank == 0) {
    put_scalar(p);
    return;
  }
  if (elements == 0) {
    eager__strbuf_add(p->out, "[]");
    return;
  }
  p->summarised = elements > THRESHOLD;
  if (eager__dtype_is_float(p->dtype))
    plan_floats(p);
  else if (p->dtype == EAGER_BOOL)
    p->layout.left = (int)strlen("False");
  else
    for_each_shown(p, 0, 0, measure_integer, NULL);
  put_array(p, 0, 0);
}

void eager__format_tensor(eager_dtype dtype, const eager__shape *shape, const void *data,
                          const char *device, eager__strbuf *out) {
  eager__strbuf value = {0};
  printer p = {.dtype = dtype, .shape = shape, .data = data, .out = &value};
  put_value(&p);
  out->failed |= value.failed;
  const char *text = eager__strbuf_text(&value);
  eager__strbuf_format(out, "Tensor(%s%s, shape=(", strchr(text, '\n') ? "\n" : "", text);
  for (int i = 0; i < shape->rank; i++)
    eager__strbuf_format(out, i ? ", %" PRId64 : "%" PRId64, shape->dims[i]);
  eager__strbuf_format(out, "%s), dtype=%s, device=%s)", shape->rank == 1 ? "," : "",
                       eager_dtype_name(dtype), device);
  eager__strbuf_free(&value);
}
