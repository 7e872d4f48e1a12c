/* ctest: devices=pocl-basic timeout=600 serial */
/* Products, convolutions, poolings and softmax with an operand or a result of more than
 * 2^31 elements, against sums that the host makes. Small whole numbers, so that all is
 * exact. Only in the full form:
 *
 *   EAGERCL_TEST_FULL=1 EAGERCL_TEST_DEVICE=pocl-basic
 * build/ci/tests/test_load_huge_products
 *
 * in up to 8.2 GiB of memory and some minutes. */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */
#include "huge.h"

/* ---- Matrices of bytes, whose sums wrap ---- */

enum { LONG = (1 << 26) + 5, DEEP = 32 };

static eager_tensor *bytes(int64_t rows, int64_t columns) {
  return huge_bytes(2, (int64_t[]){rows, columns});
}

/* Of a row, `apart` bytes between its elements, and the column huge_byte(0 ... DEEP - 1).
 */
static double dot(int64_t first, int64_t apart) {
  uint8_t sum = 0;
  for (int64_t k = 0; k < DEEP; k++)
    sum = (uint8_t)(sum + huge_byte(first + k * apart) * huge_byte(k));
  return sum;
}
static double tall_product(int64_t i) {
  return dot(i * DEEP, 1);
}
static double wide_product(int64_t i) {
  return dot(i, LONG);
}
/* Of two columns: element k of column c is huge_byte(2 k + c). */
static double tall_by_two(int64_t i) {
  uint8_t sum = 0;
  for (int64_t k = 0; k < DEEP; k++)
    sum = (uint8_t)(sum + huge_byte(i / 2 * DEEP + k) * huge_byte(2 * k + i % 2));
  return sum;
}

static void huge_operands(void **state) {
  (void)state;
  huge_need_full(4.3, (int64_t)LONG * DEEP);
  eager_tensor *tall = bytes(LONG, DEEP), *column = bytes(DEEP, 1), *two = bytes(DEEP, 2);
  eager_tensor *wide, *y;
  assert_ok(eager_matmul(tall, false, column, false, &y));
  huge_expect(y, tall_product, "matmul [2^26 + 5, 32] x [32, 1]");
  assert_ok(eager_matmul(tall, false, two, false, &y));
  huge_expect(y, tall_by_two, "matmul [2^26 + 5, 32] x [32, 2]");
  assert_ok(eager_matmul(column, true, tall, true, &y));
  huge_expect(y, tall_product, "matmul [1, 32] x transposed");
  eager_tensor_release(tall);
  wide = bytes(DEEP, LONG);
  assert_ok(eager_matmul(wide, true, column, false, &y));
  huge_expect(y, wide_product, "matmul transposed x [32, 1]");
  assert_ok(eager_matmul(column, true, wide, false, &y));
  huge_expect(y, wide_product, "matmul [1, 32] x [32, 2^26 + 5]");
  eager_tensor_release(wide);
  eager_tensor_release(column);
  eager_tensor_release(two);
}

static double outer_product(int64_t i) {
  int64_t row = i / HUGE_COLUMNS, column = i % HUGE_COLUMNS;
  uint8_t sum = 0;
  for (int64_t k = 0; k < 3; k++)
    sum = (uint8_t)(sum + huge_byte(row * 3 + k) * huge_byte(k * HUGE_COLUMNS + column));
  return sum;
}

static void huge_result(void **state) {
  (void)state;
  huge_need_full(2.3, huge_count);
  eager_tensor *a = bytes(HUGE_ROWS, 3), *b = bytes(3, HUGE_COLUMNS), *y;
  assert_ok(eager_matmul(a, false, b, false, &y));
  huge_expect(y, outer_product, "matmul [65537, 3] x [3, 32769]");
  eager_tensor_release(a);
  eager_tensor_release(b);
}

enum { M = 4, K = 8 };
static double batch_product(int64_t i) {
  int64_t batch = i / M;
  uint8_t sum = 0;
  for (int64_t k = 0; k < K; k++)
    sum = (uint8_t)(sum + huge_byte(i * K + k) * huge_byte(batch * K + k));
  return sum;
}

static void huge_batch(void **state) {
  (void)state;
  huge_need_full(3.1, (int64_t)LONG * M * K);
  eager_tensor *a = huge_bytes(3, (int64_t[]){LONG, M, K}),
               *b = huge_bytes(3, (int64_t[]){LONG, K, 1}), *y;
  assert_ok(eager_batch_matmul(a, false, b, false, &y));
  huge_expect(y, batch_product, "batch_matmul [2^26 + 5, 4, 8] x [.., 8, 1]");
  eager_tensor_release(a);
  eager_tensor_release(b);
}

/* ---- Pictures of 8193 x 8193 pixels and 32 channels ---- */

enum { SIDE = 8193, CHANNELS = 32, WIDER = SIDE + 2 };
static const int64_t picture[] = {1, SIDE, SIDE, CHANNELS};
static const int64_t picture_count = (int64_t)SIDE * SIDE * CHANNELS;

/* Element i is huge_byte(i) & 7. */
static int digit(int64_t i) {
  return huge_byte(i) & 7;
}

static eager_tensor *halves(const int64_t dims[4]) {
  static const uint16_t bits[8] = {0,      0x3C00, 0x4000, 0x4200,
                                   0x4400, 0x4500, 0x4600, 0x4700};
  int64_t count = dims[1] * dims[2] * dims[3];
  uint16_t *pages = (uint16_t *)(void *)huge_pages(count * 2);
  for (int64_t i = 0; i < count; i++) pages[i] = bits[digit(i)];
  return huge_adopt(EAGER_FLOAT16, 4, dims, pages);
}

static int at(int64_t y, int64_t x, int64_t channel) {
  return digit((y * SIDE + x) * CHANNELS + channel);
}

/* Of one channel into CHANNELS, by a filter of 3 x 3 that counts up from channel to
 * channel.
 */
static double all_outputs(int64_t i) {
  int64_t pixel = i / CHANNELS, y = pixel / SIDE, x = pixel % SIDE;
  int sum = 0;
  for (int64_t tap = 0; tap < 9; tap++) sum += digit((y + tap / 3) * WIDER + x + tap % 3);
  return (double)(sum * (i % CHANNELS));
}
enum { HALF = (SIDE - 3) / 2 + 1 };
static double channel_sum(int64_t i) { /* stride 2 */
  int64_t pixel = i / CHANNELS;
  int sum = 0;
  for (int64_t tap = 0; tap < 9; tap++)
    sum += at(pixel / HALF * 2 + tap / 3, pixel % HALF * 2 + tap % 3, i % CHANNELS);
  return sum;
}

static eager_tensor *filter(int64_t channels, int64_t outputs, double step) {
  double *values = test_alloc((size_t)(9 * channels * outputs) * sizeof *values);
  for (int64_t i = 0; i < 9 * channels * outputs; i++)
    values[i] = step != 0 ? (double)(i % outputs) * step : 1;
  return test_tensor(EAGER_FLOAT16, (test_shape){4, {3, 3, channels, outputs}}, values);
}

/* An input of 2^31 elements would be laid out in 8 GiB more. */
static void convolved(void **state) {
  (void)state;
  huge_need_full(5.2, picture_count * 2);
  const int64_t grey[] = {1, WIDER, WIDER, 1};
  eager_tensor *x = halves(grey), *weights = filter(1, CHANNELS, 1), *y;
  assert_ok(eager_conv2d(x, weights, NULL, &y));
  eager_tensor_release(x);
  eager_tensor_release(weights);
  huge_expect(y, all_outputs, "conv2d, 3 x 3");
}

static void convolved_channel_by_channel(void **state) {
  (void)state;
  huge_need_full(5.2, picture_count * 2);
  const eager_conv2d_options by_two = {.strides = {2, 2}};
  eager_tensor *x = halves(picture), *weights = filter(CHANNELS, 1, 0), *y;
  assert_ok(eager_depthwise_conv2d(x, weights, &by_two, &y));
  huge_expect(y, channel_sum, "depthwise_conv2d, 3 x 3 by 2");
  eager_tensor_release(x);
  eager_tensor_release(weights);
}

enum { POOLED = SIDE / 2 };
static double highest(int64_t i) {
  int64_t pixel = i / CHANNELS, y = pixel / POOLED * 2, x = pixel % POOLED * 2;
  int most = 0;
  for (int tap = 0; tap < 4; tap++) {
    int value = huge_byte(((y + tap / 2) * SIDE + x + tap % 2) * CHANNELS + i % CHANNELS);
    if (value > most) most = value;
  }
  return most;
}
static double mean(int64_t i) {
  int64_t pixel = i / CHANNELS, y = pixel / POOLED * 2, x = pixel % POOLED * 2;
  int sum = 0;
  for (int tap = 0; tap < 4; tap++) sum += at(y + tap / 2, x + tap % 2, i % CHANNELS);
  return sum / 4.0;
}

static void pooled(void **state) {
  (void)state;
  huge_need_full(5.2, picture_count * 2);
  const eager_pool_options two = {.window = {2, 2}};
  eager_tensor *x = huge_bytes(4, picture), *y;
  assert_ok(eager_max_pool2d(x, &two, &y));
  huge_expect(y, highest, "max_pool2d, uint8");
  eager_tensor_release(x);
  x = halves(picture);
  assert_ok(eager_avg_pool2d(x, &two, &y));
  huge_expect(y, mean, "avg_pool2d, float16");
  eager_tensor_release(x);
}

/* ---- Rows, of which four elements share all that there is ---- */

enum { CLASSES = 1024, EXAMPLES = (1 << 21) + 1 };

static bool has_a_share(int64_t i) {
  int64_t first = huge_byte(i / CLASSES) * 4;
  return i % CLASSES >= first && i % CLASSES < first + 4;
}
static double share(int64_t i) {
  return has_a_share(i) ? 0.25 : 0;
}

static void softened(void **state) {
  (void)state;
  const int64_t dims[] = {EXAMPLES, CLASSES}, count = (int64_t)EXAMPLES * CLASSES;
  huge_need_full(8.2, count * 2);
  uint16_t *pages = (uint16_t *)(void *)huge_pages(count * 2);
  for (int64_t i = 0; i < count; i++) pages[i] = has_a_share(i) ? 0 : 0xF800; /* -32768 */
  eager_tensor *x = huge_adopt(EAGER_FLOAT16, 2, dims, pages), *y;
  assert_ok(eager_softmax(x, -1, &y));
  eager_tensor_release(x);
  huge_expect(y, share, "softmax of rows, float16");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(huge_operands),
      cmocka_unit_test(huge_result),
      cmocka_unit_test(huge_batch),
      cmocka_unit_test(convolved),
      cmocka_unit_test(convolved_channel_by_channel),
      cmocka_unit_test(pooled),
      cmocka_unit_test(softened),
  };
  return test_main("load/huge_products", tests, sizeof tests / sizeof *tests);
}
