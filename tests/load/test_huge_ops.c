/* ctest: devices=pocl-basic timeout=600 serial */
/* Ops that read and write more than 2^31 bytes, one element each: moves, casts, sums along
 * an axis, order, updates. What the host computes is compared at the start, around 2^31, at
 * the end and at places of chance. Only in the full form:
 *
 *   EAGERCL_TEST_FULL=1 EAGERCL_TEST_DEVICE=pocl-basic build/ci/tests/test_load_huge_ops
 *
 * in up to 7.2 GiB of memory and some three minutes. */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */
#include "huge.h"

static eager_tensor *matrix(void) {
  return huge_bytes(2, huge_dims);
}

static int64_t row_of(int64_t i) {
  return i / HUGE_COLUMNS;
}
static int64_t column_of(int64_t i) {
  return i % HUGE_COLUMNS;
}

/* ---- Moves ---- */

static double transposed(int64_t i) {
  return huge_byte(i % HUGE_ROWS * HUGE_COLUMNS + i / HUGE_ROWS);
}
static double reversed(int64_t i) {
  return huge_byte(huge_count - 1 - i);
}
static double rows_reversed(int64_t i) {
  return huge_byte((HUGE_ROWS - 1 - row_of(i)) * HUGE_COLUMNS + column_of(i));
}
enum { DOWN = 40000, RIGHT = 77 };
static double rolled(int64_t i) {
  int64_t row = (row_of(i) + HUGE_ROWS - DOWN) % HUGE_ROWS;
  return huge_byte(row * HUGE_COLUMNS +
                   (column_of(i) + HUGE_COLUMNS - RIGHT) % HUGE_COLUMNS);
}

static void turned_and_moved(void **state) {
  (void)state;
  huge_need_full(4.1, huge_count);
  eager_tensor *x = matrix(), *y;
  assert_ok(eager_transpose(x, NULL, &y));
  huge_expect(y, transposed, "transpose");
  assert_ok(eager_reverse(x, (int64_t[]){0, 1}, 2, &y));
  huge_expect(y, reversed, "reverse");
  assert_ok(eager_reverse(x, (int64_t[]){0}, 1, &y));
  huge_expect(y, rows_reversed, "reverse of rows");
  assert_ok(eager_roll(x, (int64_t[]){DOWN, RIGHT}, (int64_t[]){0, 1}, 2, &y));
  huge_expect(y, rolled, "roll");
  eager_tensor_release(x);
}

enum { PART = HUGE_COLUMNS - 5 };
static double joined(int64_t i) { /* [ROWS, PART] and [ROWS, 5] */
  int64_t row = row_of(i), column = column_of(i);
  return column < PART ? huge_byte(row * PART + column)
                       : huge_byte(row * 5 + column - PART);
}
static double stacked(int64_t i) { /* the whole, and the first row again */
  return huge_byte(i % huge_count);
}

static void joined_and_parted(void **state) {
  (void)state;
  huge_need_full(4.3, huge_count + HUGE_COLUMNS);
  const int64_t wide[] = {HUGE_ROWS, PART}, narrow[] = {HUGE_ROWS, 5},
                row[] = {1, HUGE_COLUMNS};
  eager_tensor *parts[2] = {huge_bytes(2, wide), huge_bytes(2, narrow)}, *y;
  assert_ok(eager_concat(parts, 2, 1, &y));
  for (int i = 0; i < 2; i++) eager_tensor_release(parts[i]);
  /* And taken apart where they were joined. */
  assert_ok(eager_split_v(y, (int64_t[]){PART, 5}, 2, 1, parts));
  huge_expect(y, joined, "concat by columns");
  huge_expect(parts[0], stacked, "split, the wide part");
  huge_expect(parts[1], stacked, "split, the narrow part");
  parts[0] = matrix();
  parts[1] = huge_bytes(2, row);
  assert_ok(eager_concat(parts, 2, 0, &y));
  for (int i = 0; i < 2; i++) eager_tensor_release(parts[i]);
  huge_expect(y, stacked, "concat by rows");
}

/* ---- Element by element ---- */

static double not_zero(int64_t i) {
  return huge_byte(i) != 0;
}
static double wrapped(int64_t i) {
  return (int8_t)huge_byte(i);
}
static double twice(int64_t i) {
  return (uint8_t)(2 * huge_byte(i));
}
static double chosen(int64_t i) {
  return huge_byte(i) != 0 ? 7 : huge_byte(column_of(i));
}

static void cast_and_chosen(void **state) {
  (void)state;
  huge_need_full(6.2, huge_count);
  const int64_t row[] = {1, HUGE_COLUMNS};
  eager_tensor *x = matrix(), *y, *is_set, *seven = test_scalar(EAGER_UINT8, 7),
               *line = huge_bytes(2, row);
  assert_ok(eager_cast(x, EAGER_INT8, &y));
  huge_expect(y, wrapped, "cast to int8");
  assert_ok(eager_add(x, x, &y));
  huge_expect(y, twice, "add");
  assert_ok(eager_cast(x, EAGER_BOOL, &is_set));
  assert_ok(eager_where(is_set, seven, line, &y));
  huge_expect(y, chosen, "where");
  huge_expect(is_set, not_zero, "cast to bool");
  eager_tensor_release(x);
  eager_tensor_release(seven);
  eager_tensor_release(line);
}

/* ---- Sums along an axis ---- */

static double sum_across(int64_t i) {
  uint8_t sum = 0;
  for (int64_t j = i - column_of(i); j <= i; j++) sum = (uint8_t)(sum + huge_byte(j));
  return sum;
}
static double sum_down(int64_t i) {
  uint8_t sum = 0;
  for (int64_t j = column_of(i); j <= i; j += HUGE_COLUMNS)
    sum = (uint8_t)(sum + huge_byte(j));
  return sum;
}
/* Of all before it, in order of asking: goes on where the last question was. */
static double sum_of_all(int64_t i) {
  static int64_t at;
  static uint8_t sum;
  if (i < at) at = 0, sum = 0;
  for (; at <= i; at++) sum = (uint8_t)(sum + huge_byte(at));
  return sum;
}

static void summed_along_an_axis(void **state) {
  (void)state;
  huge_need_full(4.2, huge_count);
  eager_tensor *x = matrix(), *flat, *y, *few;
  assert_ok(eager_cumsum(x, 1, false, false, &y));
  huge_expect(y, sum_across, "cumsum of rows");
  assert_ok(eager_cumsum(x, 0, false, false, &y));
  huge_expect(y, sum_down, "cumsum of columns");
  assert_ok(eager_reshape(x, 1, &huge_count, &flat));
  assert_ok(eager_cumsum(flat, 0, false, false, &y));
  for (int64_t begin = 0; begin < huge_count; begin += INT32_MAX - 8)
    huge_expect_window(y, begin, 16, sum_of_all, "cumsum of all");
  huge_expect_window(y, huge_count - 16, 16, sum_of_all, "cumsum of all");
  eager_tensor_release(y);
  assert_ok(eager_reduce_sum(flat, NULL, 0, false, &few));
  assert_int_equal(test_read_int(few)[0], (int64_t)sum_of_all(huge_count - 1));
  eager_tensor_release(few);
  eager_tensor_release(flat);
  eager_tensor_release(x);
}

/* ---- Order ---- */

enum { WIDTH = 16, LINES = (1 << 27) + 3 };

static double largest(int64_t i) {
  uint8_t most = 0;
  for (int64_t j = i * WIDTH; j < (i + 1) * WIDTH; j++)
    if (huge_byte(j) > most) most = huge_byte(j);
  return most;
}
static double where_largest(int64_t i) {
  int64_t j = i * WIDTH;
  while (huge_byte(j) != largest(i)) j++;
  return (double)(j - i * WIDTH);
}
static double nth(int64_t i) {
  int found[256] = {0}, seen = 0, value = 0;
  for (int64_t j = i * WIDTH; j < (i + 1) * WIDTH; j++) found[huge_byte(j)]++;
  for (; seen + found[value] <= WIDTH / 2 - 1; value++) seen += found[value];
  return value;
}

static eager_tensor *lines(void) {
  return huge_bytes(2, (int64_t[]){LINES, WIDTH});
}

static void best_of_each_line(void **state) {
  (void)state;
  huge_need_full(4.2, (int64_t)LINES * WIDTH);
  eager_tensor *x = lines(), *values, *places;
  assert_ok(eager_top_k(x, 1, &values, &places));
  huge_expect(values, largest, "top_k of 2^31");
  huge_expect(places, where_largest, "top_k of 2^31, places");
  assert_ok(eager_argmax(x, 1, EAGER_INT32, &places));
  huge_expect(places, where_largest, "argmax of 2^31");
  eager_tensor_release(x);
}

/* Half of each line is put in order: of a whole one, places alone would have 8 GiB. */
static void middle_of_each_line(void **state) {
  (void)state;
  huge_need_full(7.2, (int64_t)LINES * WIDTH * 2);
  eager_tensor *x = lines(), *y;
  assert_ok(eager_nth_element(x, WIDTH / 2 - 1, false, &y));
  huge_expect(y, nth, "nth_element of 2^31");
  eager_tensor_release(x);
}

/* ---- Updates ---- */

/* The matrix as triples: destinations are counted in 31 bits. */
static const int64_t triples[] = {(int64_t)HUGE_ROWS * HUGE_COLUMNS / 3, 3};
static const int64_t spots[] = {0, 1, INT32_MAX / 3, INT32_MAX / 3 + 1,
                                (int64_t)HUGE_ROWS *HUGE_COLUMNS / 3 - 1};
enum { SPOTS = sizeof spots / sizeof *spots };

static bool is_spot(int64_t i) {
  for (int s = 0; s < SPOTS; s++)
    if (spots[s] == i / 3) return true;
  return false;
}
static double added(int64_t i) {
  return (uint8_t)(huge_byte(i) + (is_spot(i) ? 100 : 0));
}
static double replaced(int64_t i) {
  return is_spot(i) ? 100 : huge_byte(i);
}
static double spots_only(int64_t i) {
  return is_spot(i) ? 100 : 0;
}
static double last_row_replaced(int64_t i) {
  return huge_byte(row_of(i) == HUGE_ROWS - 1 ? column_of(i) : i);
}

static eager_tensor *hundreds(void) {
  double *values = test_alloc(SPOTS * 3 * sizeof *values);
  for (int i = 0; i < SPOTS * 3; i++) values[i] = 100;
  return test_tensor(EAGER_UINT8, (test_shape){2, {SPOTS, 3}}, values);
}

static eager_tensor *at_spots(void) {
  return test_tensor_int(EAGER_INT64, (test_shape){2, {SPOTS, 1}}, spots);
}

/* Windows of chance hardly meet a spot. */
static void expect_at_spots(eager_tensor *t, double (*value)(int64_t), const char *what) {
  eager_tensor *flat;
  assert_ok(eager_reshape(t, 1, &huge_count, &flat));
  for (int s = 0; s < SPOTS; s++) huge_expect_window(flat, spots[s] * 3, 3, value, what);
  eager_tensor_release(flat);
  huge_expect(t, value, what);
}

static void triples_updated(void **state) {
  (void)state;
  huge_need_full(7, huge_count * 4 / 3);
  eager_tensor *x = huge_bytes(2, triples), *at = at_spots(), *values = hundreds(), *y;
  assert_ok(eager_tensor_scatter_nd_add(x, at, values, &y));
  expect_at_spots(y, added, "scatter add");
  assert_ok(eager_tensor_scatter_nd_update(x, at, values, &y));
  expect_at_spots(y, replaced, "scatter update");
  assert_ok(eager_scatter_nd(at, values, 2, triples, &y));
  expect_at_spots(y, spots_only, "scatter");
  eager_tensor_release(x);
  eager_tensor_release(at);
  eager_tensor_release(values);
}

static void rows_updated(void **state) {
  (void)state;
  huge_need_full(4.2, huge_count);
  const int64_t row[] = {1, HUGE_COLUMNS}, last = HUGE_ROWS - 1;
  eager_tensor *x = matrix(), *y, *line = huge_bytes(2, row),
               *at = test_tensor_int(EAGER_INT64, (test_shape){2, {1, 1}}, &last);
  assert_ok(eager_tensor_scatter_nd_update(x, at, line, &y));
  huge_expect(y, last_row_replaced, "scatter update of a row");
  const int64_t begin[] = {last, 0}, end[] = {HUGE_ROWS, HUGE_COLUMNS}, steps[] = {1, 1};
  assert_ok(eager_tensor_strided_slice_update(x, line, 2, begin, end, steps, NULL, &y));
  huge_expect(y, last_row_replaced, "slice update");
  eager_tensor_release(x);
  eager_tensor_release(line);
  eager_tensor_release(at);
}

/* Told before any memory is taken; also in the short form. */
static void more_destinations_than_can_be_counted(void **state) {
  (void)state;
  static const char text[] =
      "5 entries for 2147581953 destinations are more than 2147483646";
  const int64_t five[] = {SPOTS};
  huge_need_memory(0.1, huge_count);
  huge_enable();
  eager_tensor *x = huge_adopt(EAGER_UINT8, 1, &huge_count, huge_pages(huge_count)),
               *at = at_spots(), *values, *y;
  assert_ok(eager_tensor_zeros(EAGER_UINT8, 1, five, &values));
  assert_fails_like(eager_tensor_scatter_nd_add(x, at, values, &y), EAGER_UNIMPLEMENTED,
                    text);
  assert_fails_like(eager_tensor_scatter_nd_update(x, at, values, &y), EAGER_UNIMPLEMENTED,
                    text);
  assert_fails_like(eager_scatter_nd(at, values, 1, &huge_count, &y), EAGER_UNIMPLEMENTED,
                    text);
  eager_tensor_release(x);
  eager_tensor_release(at);
  eager_tensor_release(values);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(turned_and_moved),
      cmocka_unit_test(joined_and_parted),
      cmocka_unit_test(cast_and_chosen),
      cmocka_unit_test(summed_along_an_axis),
      cmocka_unit_test(best_of_each_line),
      cmocka_unit_test(middle_of_each_line),
      cmocka_unit_test(triples_updated),
      cmocka_unit_test(rows_updated),
      cmocka_unit_test(more_destinations_than_can_be_counted),
  };
  return test_main("load/huge_ops", tests, sizeof tests / sizeof *tests);
}
