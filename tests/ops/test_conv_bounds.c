/* ctest: devices=all */
/* Convolutions of tensors behind which no memory is: what kernels read by vectors stays
 * within them. */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */

#include <sys/mman.h>

#include "conv_reference.h"

enum { PAGE = 4096, ALIGNED = 128 /* as drivers want memory that they use in place */ };

typedef struct fence {
  uint8_t *pages;
  size_t size;
} fence;

static void take_down(void *data, void *user) {
  (void)data;
  fence *f = user;
  munmap(f->pages, f->size);
  free(f);
}

/* The same values, a view that ends where a page without access begins, and whose numbers
 * in front are NaN. Devices that copy what they adopt see neither. */
static eager_tensor *fenced(eager_tensor *t) {
  size_t size = eager_tensor_byte_size(t),
         element = eager_dtype_size(eager_tensor_dtype(t));
  size_t used = (size + ALIGNED - 1) / ALIGNED * ALIGNED;
  size_t room = (used + PAGE - 1) / PAGE * PAGE;
  fence *f = malloc(sizeof *f);
  assert_non_null(f);
  f->size = room + PAGE;
  f->pages =
      mmap(NULL, f->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  assert_true(f->pages != MAP_FAILED);
  memset(f->pages, 0xff, room);
  uint8_t *end = f->pages + room;
  assert_int_equal(mprotect(end, PAGE, PROT_NONE), 0);
  assert_ok(eager_tensor_to_host(t, end - size, size));
  int64_t all = (int64_t)(used / element), count = (int64_t)(size / element);
  int64_t begin = all - count, dims[8];
  eager_tensor *line, *part, *out;
  assert_ok(eager_tensor_adopt_host(eager_tensor_dtype(t), 1, &all, end - used, used,
                                    take_down, f, &line));
  assert_ok(eager_slice(line, &begin, &count, &part));
  for (int d = 0; d < eager_tensor_rank(t); d++) dims[d] = eager_tensor_dim(t, d);
  assert_ok(eager_reshape(part, eager_tensor_rank(t), dims, &out));
  eager_tensor_release(line);
  eager_tensor_release(part);
  eager_tensor_release(t);
  return out;
}

static void check_part(const conv_case *c, conv_part part, eager_dtype dtype) {
  geometry s = work_out(c);
  arrays a = make_arrays(c, &s, dtype);
  int k = result_of(part);
  sums want = add_all(&s, &a, part);
  eager_tensor *left = fenced(make_tensor(c, &a, part == TO_INPUT ? W : X, dtype)), *y;
  eager_tensor *right = fenced(make_tensor(c, &a, part == FORWARD ? W : Y, dtype));
  assert_ok(execute(c, part, left, right, a.shapes[k], &y));
  expect(y, dtype, c, &a, k, &want, describe(c, part, dtype));
  eager_tensor_release(left);
  eager_tensor_release(right);
}

#define ONES3                                                                              \
  { 1, 1, 1 }
static const conv_case cases[] = {
    /* planes: filters of one row, and of rows that no multiple of three makes */
    {2, true, true, 1, 2, 2, 2, {4, 40}, {1, 3}, ONES3, ONES3, 'V', {{0}}},
    {2, true, true, 2, 3, 3, 3, {9, 64}, {5, 5}, ONES3, ONES3, 'E', {{5, 2}, {0, 0}}},
    {2, true, true, 3, 2, 2, 2, {1, 79}, {4, 3}, ONES3, ONES3, 'E', {{4, 1}, {3, 2}}},
    {2, true, true, 2, 2, 2, 2, {12, 74}, {4, 3}, {2, 2}, {2, 1}, 'E', {{3, 0}, {0, 0}}},
    {2, true, true, 2, 3, 3, 3, {9, 33}, {3, 3}, ONES3, ONES3, 'S', {{0}}},
    {2, true, true, 2, 3, 3, 3, {9, 33}, {3, 3}, {2, 2}, ONES3, 'S', {{0}}},
    /* channels side by side */
    {2, true, false, 2, 17, 17, 17, {8, 9}, {3, 3}, ONES3, ONES3, 'S', {{0}}},
    {2, true, false, 2, 33, 33, 33, {7, 9}, {2, 5}, {2, 1}, ONES3, 'S', {{0}}},
    /* dense ones */
    {2, false, true, 2, 17, 1, 18, {5, 29}, {3, 3}, ONES3, ONES3, 'S', {{0}}},
    {2, false, false, 2, 3, 1, 20, {6, 33}, {3, 5}, {2, 2}, ONES3, 'S', {{0}}},
};
enum { CASES = sizeof cases / sizeof *cases };

static void reads_what_is_there(void **state) {
  (void)state;
  test_enable();
  if (test_is_slow()) test_skip("thousands of products");
  static const eager_dtype dtypes[] = {EAGER_FLOAT32, EAGER_FLOAT64, EAGER_FLOAT16,
                                       EAGER_BFLOAT16};
  for (int i = 0; i < CASES; i++)
    for (int d = 0; d < 4; d++)
      for (int p = FORWARD; p <= TO_FILTER && test_has_arithmetic(dtypes[d]); p++)
        check_part(&cases[i], (conv_part)p, dtypes[d]);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(reads_what_is_there)};
  return test_main("ops/conv_bounds", tests, sizeof tests / sizeof *tests);
}
