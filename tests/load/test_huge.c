/* ctest: devices=pocl-basic timeout=400 serial */
/* More than 2^31 elements: indices, offsets and counts in 64 bits, in kernels and on the
 * host. By default on a sparse tensor, of which only the pages that are looked at exist;
 *
 *   EAGERCL_TEST_FULL=1 EAGERCL_TEST_DEVICE=pocl-basic build/ci/tests/test_load_huge
 *
 * also what reads or writes all of it: results of 2 GiB, one at a time, in about 2.5 GiB of
 * memory and a few minutes. */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */
#include "huge.h"

enum { ROWS = HUGE_ROWS, COLUMNS = HUGE_COLUMNS };
static const int64_t count = (int64_t)ROWS * COLUMNS; /* 2147581953 */
static const int64_t spots[] = {0,
                                5,
                                INT32_MAX,
                                (int64_t)INT32_MAX + 1,
                                (int64_t)ROWS *COLUMNS - 2,
                                (int64_t)ROWS *COLUMNS - 1};
enum { SPOTS = sizeof spots / sizeof *spots };

static void need_memory(double gib) {
  huge_need_memory(gib, count + 4096);
}

/* uint8 [count]: spots[i] holds i + 1, all else 0. */
static eager_tensor *sparse(void) {
  uint8_t *pages = huge_pages(count);
  (void)madvise(pages, (size_t)count, MADV_NOHUGEPAGE);
  for (int i = 0; i < SPOTS; i++) pages[spots[i]] = (uint8_t)(i + 1);
  return huge_adopt(EAGER_UINT8, 1, &count, pages);
}

static void expect_bytes(eager_tensor *t, const uint8_t *bytes, int64_t size) {
  uint8_t got[64];
  assert_int_equal(eager_tensor_num_elements(t), size);
  assert_ok(eager_tensor_to_host(t, got, (size_t)size));
  for (int64_t i = 0; i < size; i++)
    if (got[i] != bytes[i])
      fail_msg("element %lld is %d, not %d", (long long)i, got[i], bytes[i]);
  eager_tensor_release(t);
}

static eager_tensor *int64s(const int64_t *values, int64_t size) {
  eager_tensor *t;
  assert_ok(eager_tensor_from_host(EAGER_INT64, 1, &size, values, &t));
  return t;
}

/* Copies and not views: what reads at an offset beyond 2^31. */
static void the_end_is_reached(void **state) {
  (void)state;
  need_memory(1);
  huge_enable();
  eager_tensor *x = sparse(), *y, *z, *index;
  /* A view of the last five, and kernels on it. */
  int64_t begin = count - 5, five = 5;
  assert_ok(eager_slice(x, &begin, &five, &y));
  assert_ok(eager_add(y, y, &z));
  expect_bytes(z, (uint8_t[]){0, 0, 0, 10, 12}, 5);
  assert_ok(eager_reverse(y, (int64_t[]){0}, 1, &z));
  expect_bytes(z, (uint8_t[]){6, 5, 0, 0, 0}, 5);
  eager_tensor_release(y);
  begin = INT32_MAX - 1;
  assert_ok(eager_slice(x, &begin, &five, &y));
  expect_bytes(y, (uint8_t[]){0, 3, 4, 0, 0}, 5);
  /* Every 2^30th, and backwards from the end. */
  const int64_t step = 1 << 30, first = 0, last = count;
  assert_ok(eager_strided_slice(x, 1, &first, &last, &step, NULL, &y));
  expect_bytes(y, (uint8_t[]){1, 0, 4}, 3);
  const int64_t back = -(count - 6), to = 0, from = count - 1;
  assert_ok(eager_strided_slice(x, 1, &from, &to, &back, NULL, &y));
  expect_bytes(y, (uint8_t[]){6, 2}, 2);
  /* By index. */
  index = int64s(spots, SPOTS);
  assert_ok(eager_gather(x, index, 0, &y));
  expect_bytes(y, (uint8_t[]){1, 2, 3, 4, 5, 6}, SPOTS);
  eager_tensor_release(index);
  index = int64s(&count, 1);
  assert_fails_like(eager_gather(x, index, 0, &y), EAGER_INVALID_ARGUMENT,
                    "is not in [0, 2147581953)");
  eager_tensor_release(index);
  printf("  huge: %lld elements, the end read by 7 ops\n", (long long)count);
  eager_tensor_release(x);
}

/* As a matrix whose strides and offsets cross 2^31. */
static void rows_and_columns_cross(void **state) {
  (void)state;
  need_memory(1);
  huge_enable();
  eager_tensor *x = sparse(), *m, *y, *index;
  const int64_t dims[] = {ROWS, COLUMNS};
  assert_ok(eager_reshape(x, 2, dims, &m));
  assert_ok(eager_slice(m, (int64_t[]){ROWS - 2, COLUMNS - 2}, (int64_t[]){2, 2}, &y));
  expect_bytes(y, (uint8_t[]){0, 0, 5, 6}, 4);
  const int64_t at[] = {ROWS - 1, COLUMNS - 1};
  const int64_t pair[] = {1, 2};
  assert_ok(eager_tensor_from_host(EAGER_INT64, 2, pair, at, &index));
  assert_ok(eager_gather_nd(m, index, 0, &y));
  expect_bytes(y, (uint8_t[]){6}, 1);
  eager_tensor_release(index);
  const int64_t begins[] = {ROWS - 1, COLUMNS - 1}, ends[] = {0, 0},
                steps[] = {-(ROWS - 1), -(COLUMNS - 1)};
  const eager_strided_slice_options all = {.end_mask = 3};
  assert_ok(eager_strided_slice(m, 2, begins, ends, steps, &all, &y));
  expect_bytes(y, (uint8_t[]){6, 0, 0, 1}, 4);
  eager_tensor *parts[2];
  assert_ok(eager_split_v(m, (int64_t[]){ROWS - 1, 1}, 2, 0, parts));
  assert_ok(eager_slice(parts[1], (int64_t[]){0, COLUMNS - 2}, (int64_t[]){1, 2}, &y));
  expect_bytes(y, (uint8_t[]){5, 6}, 2);
  eager_tensor_release(parts[0]);
  eager_tensor_release(parts[1]);
  eager_tensor_release(m);
  eager_tensor_release(x);
}

/* --- The full form --- */

static void need_full(double gib) {
  huge_need_full(gib, count + 4096);
}

static void all_of_it_is_read(void **state) {
  (void)state;
  need_full(2.5);
  eager_tensor *x = sparse(), *m, *y;
  const int64_t dims[] = {ROWS, COLUMNS};
  assert_ok(eager_reshape(x, 2, dims, &m));
  assert_ok(eager_reduce_sum(x, NULL, 0, false, &y));
  expect_bytes(y, (uint8_t[]){21}, 1);
  assert_ok(eager_reduce_max(x, NULL, 0, false, &y));
  expect_bytes(y, (uint8_t[]){6}, 1);
  assert_ok(eager_argmax(x, 0, EAGER_INT64, &y));
  assert_int_equal(test_read_int(y)[0], count - 1);
  eager_tensor_release(y);
  eager_tensor *row, *few;
  assert_ok(eager_reduce_max(m, (int64_t[]){1}, 1, false, &row)); /* [ROWS] */
  assert_ok(eager_slice(row, (int64_t[]){ROWS - 2}, (int64_t[]){2}, &few));
  expect_bytes(few, (uint8_t[]){0, 6}, 2);
  eager_tensor_release(row);
  assert_ok(eager_reduce_max(m, (int64_t[]){0}, 1, false, &row)); /* [COLUMNS] */
  assert_ok(eager_slice(row, (int64_t[]){COLUMNS - 2}, (int64_t[]){2}, &few));
  expect_bytes(few, (uint8_t[]){5, 6}, 2);
  eager_tensor_release(row);
  assert_ok(eager_where_indices(x, &y)); /* [SPOTS, 1] */
  assert_int_equal(eager_tensor_dim(y, 0), SPOTS);
  for (int i = 0; i < SPOTS; i++) assert_int_equal(test_read_int(y)[i], spots[i]);
  eager_tensor_release(y);
  printf("  huge: all read by 6 ops\n");
  eager_tensor_release(m);
  eager_tensor_release(x);
}

/* The last two of a result of 2 GiB, which goes. */
static void expect_end(eager_tensor *t, uint8_t one, uint8_t two) {
  eager_tensor *flat, *few;
  int64_t size = eager_tensor_num_elements(t), begin = size - 2, take = 2;
  assert_true(size > INT32_MAX);
  assert_ok(eager_reshape(t, 1, &size, &flat));
  assert_ok(eager_slice(flat, &begin, &take, &few));
  expect_bytes(few, (uint8_t[]){one, two}, 2);
  eager_tensor_release(flat);
  eager_tensor_release(t);
  assert_ok(eager_trim_memory(NULL));
}

static eager_tensor *bytes(int rank, const int64_t *dims, const uint8_t *values) {
  eager_tensor *t;
  assert_ok(eager_tensor_from_host(EAGER_UINT8, rank, dims, values, &t));
  return t;
}

static void all_of_it_is_written(void **state) {
  (void)state;
  need_full(2.5);
  uint8_t *ramp = test_alloc(ROWS);
  for (int i = 0; i < ROWS; i++) ramp[i] = (uint8_t)(i % 251);
  const uint8_t low = (uint8_t)((ROWS - 1) % 251), right = (uint8_t)((COLUMNS - 1) % 251),
                before = (uint8_t)((COLUMNS - 2) % 251);
  const int64_t dims[] = {ROWS, COLUMNS}, down[] = {ROWS, 1}, across[] = {1, COLUMNS},
                line[] = {COLUMNS};
  eager_tensor *column = bytes(2, down, ramp), *row = bytes(2, across, ramp),
               *values = bytes(1, line, ramp), *seven, *y;
  assert_ok(eager_tensor_from_host(EAGER_UINT8, 0, NULL, &(uint8_t){7}, &seven));
  assert_ok(eager_add(column, row, &y)); /* broadcasting */
  expect_end(y, (uint8_t)(low + before), (uint8_t)(low + right));
  assert_ok(eager_broadcast_to(row, 2, dims, &y));
  expect_end(y, before, right);
  assert_ok(eager_fill(2, dims, seven, &y));
  expect_end(y, 7, 7);
  assert_ok(eager_tile(row, (int64_t[]){ROWS, 1}, &y));
  expect_end(y, before, right);
  assert_ok(eager_pad_v2(values, (int64_t[]){count - COLUMNS, 0}, seven, &y));
  expect_end(y, before, right);
  assert_ok(eager_pad_v2(values, (int64_t[]){0, count - COLUMNS}, seven, &y));
  expect_end(y, 7, 7);
  eager_tensor *index;
  int32_t *zeros = test_alloc(ROWS * sizeof(int32_t));
  const int64_t rows[] = {ROWS};
  assert_ok(eager_tensor_from_host(EAGER_INT32, 1, rows, zeros, &index));
  assert_ok(eager_gather(row, index, 0, &y)); /* [ROWS, COLUMNS] */
  expect_end(y, before, right);
  eager_tensor_release(index);
  assert_ok(eager_tensor_zeros(EAGER_UINT8, 2, dims, &y));
  expect_end(y, 0, 0);
  printf("  huge: all written by 8 ops\n");
  eager_tensor_release(column);
  eager_tensor_release(row);
  eager_tensor_release(values);
  eager_tensor_release(seven);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_end_is_reached),
      cmocka_unit_test(rows_and_columns_cross),
      cmocka_unit_test(all_of_it_is_read),
      cmocka_unit_test(all_of_it_is_written),
  };
  return test_main("load/huge", tests, sizeof tests / sizeof *tests);
}
