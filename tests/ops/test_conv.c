/* ctest: devices=all timeout=300 tuned */
/* Convolutions and both gradients of them, one to three axes, depthwise too: against plain
 * loops over every product. */
#include "conv_reference.h"

static void check_part(const conv_case *c, conv_part part, eager_dtype dtype) {
  geometry s = work_out(c);
  arrays a = make_arrays(c, &s, dtype);
  int k = result_of(part);
  sums want = add_all(&s, &a, part);
  test_pick_mode(test_random());
  eager_tensor *left = make_tensor(c, &a, part == TO_INPUT ? W : X, dtype), *y;
  eager_tensor *right = make_tensor(c, &a, part == FORWARD ? W : Y, dtype);
  test_poison((size_t)a.counts[k] * eager_dtype_size(dtype));
  assert_ok(execute(c, part, left, right, a.shapes[k], &y));
  expect(y, dtype, c, &a, k, &want, describe(c, part, dtype));
  eager_tensor_release(left);
  eager_tensor_release(right);
}

static bool takes(const conv_case *c, conv_part part, eager_dtype dtype) {
  return raw_name(c, part) != NULL && test_tries(raw_name(c, part), dtype) &&
         eager_op_is_supported(raw_name(c, part), dtype, NULL);
}

static void check(const conv_case *c, eager_dtype dtype) {
  for (int p = FORWARD; p <= TO_FILTER; p++)
    if (takes(c, (conv_part)p, dtype)) check_part(c, (conv_part)p, dtype);
}

/* ---- Cases ---- */

static const eager_dtype dtypes[] = {EAGER_FLOAT32, EAGER_FLOAT64, EAGER_FLOAT16,
                                     EAGER_BFLOAT16, EAGER_INT32};
enum { DTYPES = sizeof dtypes / sizeof *dtypes };

#define ONES3                                                                              \
  { 1, 1, 1 }
static const conv_case cases[] = {
    {2, false, false, 2, 3, 1, 5, {6, 7}, {3, 3}, ONES3, ONES3, 'S', {{0}}},
    {2, false, true, 2, 3, 1, 5, {6, 7}, {3, 3}, ONES3, ONES3, 'S', {{0}}},
    {2, false, false, 1, 4, 2, 6, {5, 9}, {2, 3}, {2, 3}, {2, 1}, 'V', {{0}}},
    {2, false, true, 1, 6, 3, 3, {7, 5}, {3, 2}, {1, 2}, {1, 3}, 'S', {{0}}},
    {2, false, false, 1, 2, 1, 3, {4, 5}, {3, 3}, {2, 2}, ONES3, 'E', {{2, 0}, {1, 3}}},
    {2, false, false, 3, 17, 1, 33, {3, 4}, {1, 1}, ONES3, ONES3, 'V', {{0}}},
    {2, false, true, 2, 5, 1, 4, {3, 4}, {1, 1}, ONES3, ONES3, 'V', {{0}}},
    {2, false, false, 1, 2, 1, 2, {9, 9}, {2, 2}, {3, 4}, ONES3, 'V', {{0}}},
    {2, false, false, 1, 1, 1, 1, {1, 1}, {5, 5}, ONES3, ONES3, 'S', {{0}}},
    {2, false, false, 1, 3, 1, 2, {3, 3}, {4, 4}, ONES3, ONES3, 'E', {{9, 0}, {0, 7}}},
    {2, true, false, 1, 5, 5, 5, {6, 6}, {3, 3}, ONES3, ONES3, 'S', {{0}}},
    {2, true, false, 2, 3, 3, 6, {5, 6}, {2, 3}, {2, 1}, {1, 2}, 'V', {{0}}},
    {2, true, true, 1, 17, 17, 34, {5, 4}, {3, 2}, {2, 2}, ONES3, 'E', {{1, 2}, {0, 1}}},
    {2, true, false, 1, 2, 2, 34, {4, 4}, {2, 2}, ONES3, ONES3, 'S', {{0}}},
    {2, true, false, 2, 16, 16, 16, {4, 4}, {3, 3}, {2, 2}, ONES3, 'S', {{0}}},
    {3, false, false, 1, 2, 1, 3, {3, 4, 5}, {2, 2, 3}, {1, 2, 2}, ONES3, 'S', {{0}}},
    {3, false, true, 2, 4, 2, 4, {4, 3, 4}, {3, 1, 2}, {2, 1, 1}, {1, 1, 2}, 'V', {{0}}},
    /* strides that no dilation divides: taps are met in another order than they lie */
    {2, false, false, 1, 2, 1, 3, {11, 12}, {4, 5}, {3, 4}, {2, 3}, 'S', {{0}}},
    {2, true, true, 1, 3, 3, 3, {11, 9}, {4, 4}, {5, 4}, {3, 6}, 'S', {{0}}},
    {1, false, false, 2, 3, 1, 4, {11}, {3}, {2}, {1}, 'S', {{0}}},
    {1, false, true, 2, 4, 2, 4, {11}, {4}, {1}, {3}, 'V', {{0}}},
    /* wide enough for whole tiles, their remainders, and sums in several parts */
    {2, false, false, 2, 20, 1, 50, {18, 31}, {3, 3}, ONES3, ONES3, 'S', {{0}}},
    {2, false, true, 1, 8, 1, 32, {20, 30}, {3, 5}, {2, 2}, {1, 2}, 'S', {{0}}},
    {2, false, false, 1, 36, 3, 48, {9, 16}, {3, 3}, ONES3, {2, 2}, 'S', {{0}}},
    {2, true, false, 2, 40, 40, 40, {17, 16}, {3, 3}, ONES3, ONES3, 'S', {{0}}},
    {2, false, false, 1, 64, 1, 64, {50, 61}, {1, 1}, ONES3, ONES3, 'S', {{0}}},
    /* edges of tiles: rows of 14 + 14 + 1 and 7, 8 + 5 channels, a row of taps in one */
    {2, false, false, 1, 13, 1, 40, {5, 29}, {3, 3}, ONES3, ONES3, 'S', {{0}}},
    {2, false, false, 2, 24, 1, 17, {6, 7}, {3, 3}, ONES3, ONES3, 'S', {{0}}},
    {2, false, false, 1, 3, 1, 20, {20, 41}, {7, 7}, {2, 2}, ONES3, 'S', {{0}}},
    {2, false, true, 3, 7, 1, 9, {4, 5}, {1, 1}, ONES3, ONES3, 'V', {{0}}},
    /* planes laid out and stored in squares; tiles that only taps beside the source meet */
    {2, false, true, 2, 33, 1, 40, {5, 29}, {3, 3}, ONES3, ONES3, 'S', {{0}}},
    {2, false, true, 1, 20, 1, 24, {3, 43}, {2, 5}, {1, 2}, ONES3, 'V', {{0}}},
    {2, false, false, 1, 4, 1, 20, {2, 5}, {1, 5}, ONES3, ONES3, 'E', {{0, 0}, {20, 17}}},
    {2, false, false, 1, 4, 1, 40, {3, 20}, {2, 3}, {1, 2}, {1, 3}, 'E', {{1, 0}, {5, 33}}},
    /* few channels: all taps of a row as one */
    {2, false, false, 2, 3, 1, 20, {6, 33}, {5, 7}, {2, 3}, ONES3, 'E', {{2, 1}, {9, 5}}},
    {2, false, true, 2, 1, 1, 33, {9, 40}, {3, 3}, ONES3, {2, 1}, 'S', {{0}}},
    {2, false, false, 2, 5, 1, 17, {4, 3}, {3, 5}, ONES3, ONES3, 'S', {{0}}},
    {3, false, false, 1, 2, 1, 20, {3, 4, 17}, {2, 3, 3}, ONES3, ONES3, 'S', {{0}}},
    /* depthwise: last vectors of channels, phases, rows shorter and longer than vectors */
    {2, true, false, 1, 33, 33, 33, {9, 23}, {3, 5}, {2, 3}, ONES3, 'S', {{0}}},
    {2, true, false, 2, 20, 20, 20, {7, 15}, {4, 4}, ONES3, {2, 3}, 'E', {{3, 1}, {7, 0}}},
    {2, true, false, 1, 18, 18, 18, {9, 12}, {3, 3}, {3, 2}, {2, 4}, 'S', {{0}}},
    {2, true, true, 2, 3, 3, 3, {11, 20}, {3, 3}, ONES3, ONES3, 'S', {{0}}},
    {2, true, true, 3, 5, 5, 5, {9, 3}, {3, 3}, ONES3, {2, 1}, 'S', {{0}}},
    {2, true, true, 1, 2, 2, 2, {5, 35}, {2, 7}, ONES3, {1, 2}, 'E', {{1, 1}, {9, 4}}},
    {2, true, true, 2, 3, 3, 3, {6, 16}, {5, 5}, ONES3, ONES3, 'V', {{0}}},
    {2, true, true, 4, 9, 9, 9, {1, 1}, {3, 3}, ONES3, ONES3, 'S', {{0}}},
    /* columns of tiles, whole and not; pictures of several parts; every other column */
    {2, true, false, 2, 20, 20, 20, {8, 14}, {3, 3}, ONES3, ONES3, 'S', {{0}}},
    {2, true, false, 3, 33, 33, 33, {15, 9}, {3, 3}, ONES3, ONES3, 'E', {{2, 1}, {0, 3}}},
    {2, true, false, 1, 16, 16, 16, {20, 15}, {3, 3}, ONES3, ONES3, 'V', {{0}}},
    {2, true, false, 2, 17, 17, 17, {5, 5}, {3, 3}, ONES3, ONES3, 'S', {{0}}},
    {2, true, true, 2, 3, 3, 3, {20, 30}, {3, 3}, ONES3, ONES3, 'E', {{2, 0}, {0, 3}}},
    {2, true, true, 2, 3, 3, 3, {9, 33}, {3, 3}, {2, 2}, ONES3, 'S', {{0}}},
    {2, true, true, 2, 2, 2, 2, {8, 70}, {3, 3}, {2, 2}, ONES3, 'V', {{0}}},
    {2, true, true, 3, 4, 4, 4, {7, 14}, {3, 3}, {2, 2}, ONES3, 'E', {{1, 1}, {1, 1}}},
    {2, true, true, 2, 3, 3, 3, {12, 20}, {5, 5}, {2, 2}, ONES3, 'S', {{0}}},
    {2, true, true, 2, 3, 3, 3, {7, 37}, {3, 3}, {1, 2}, {2, 1}, 'S', {{0}}},
    {2, true, true, 2, 3, 3, 3, {7, 37}, {3, 3}, {2, 1}, {1, 2}, 'S', {{0}}},
    {2, true, true, 2, 3, 3, 3, {9, 40}, {3, 3}, {2, 2}, {1, 2}, 'S', {{0}}},
    /* pixels 1 KB apart, in one piece of rows and in more */
    {2, true, false, 2, 256, 256, 256, {9, 15}, {3, 3}, ONES3, ONES3, 'S', {{0}}},
    {2, true, false, 32, 256, 256, 256, {17, 7}, {3, 3}, ONES3, ONES3, 'S', {{0}}},
    /* rows of taps in threes and what is left: two */
    {2, true, false, 2, 20, 20, 20, {9, 14}, {5, 5}, ONES3, ONES3, 'S', {{0}}},
};
enum { CASES = sizeof cases / sizeof *cases, SMALL = 21 };

/* Nothing in, nothing out, or both. */
static const conv_case empty[] = {
    {2, false, false, 0, 3, 1, 2, {4, 4}, {3, 3}, ONES3, ONES3, 'S', {{0}}},
    {2, false, true, 2, 3, 1, 2, {0, 4}, {3, 3}, ONES3, ONES3, 'S', {{0}}},
    {2, false, false, 2, 3, 1, 2, {0, 4}, {3, 3}, ONES3, ONES3, 'E', {{2, 2}, {0, 0}}},
    {2, false, false, 1, 3, 1, 2, {2, 4}, {3, 3}, {1, 1}, ONES3, 'V', {{0}}},
    {2, false, false, 1, 3, 1, 2, {1, 4}, {4, 3}, {5, 1}, ONES3, 'V', {{0}}},
    {2, true, false, 0, 3, 3, 3, {4, 4}, {3, 3}, ONES3, ONES3, 'S', {{0}}},
    {3, false, true, 1, 2, 1, 3, {4, 0, 4}, {3, 1, 3}, ONES3, ONES3, 'S', {{0}}},
    {2, false, true, 1, 4, 2, 0, {4, 4}, {3, 3}, ONES3, ONES3, 'S', {{0}}},
    {2, true, false, 1, 3, 3, 0, {4, 4}, {3, 3}, ONES3, ONES3, 'V', {{0}}},
    {3, false, false, 1, 2, 1, 0, {4, 3, 4}, {3, 1, 3}, ONES3, ONES3, 'S', {{0}}},
};
enum { EMPTY = sizeof empty / sizeof *empty };

static void every_case(void **state) {
  (void)state;
  test_enable();
  test_time_limit(200); /* a driver with an empty cache compiles a program per dtype */
  uint64_t index = 0;
  for (int i = 0; i < CASES; i++)
    for (int d = 0; d < DTYPES; d++) {
      if (!test_wants(NULL, dtypes[d])) continue;
      bool chosen = test_sampled(index++) || (d == 0 && !test_is_slow());
      if (!chosen || (test_is_slow() && i >= SMALL)) continue;
      check(&cases[i], dtypes[d]);
    }
}

static void of_nothing(void **state) {
  (void)state;
  test_enable();
  for (int i = 0; i < EMPTY; i++) check(&empty[i], EAGER_FLOAT32);
}

static conv_case random_case(void) {
  conv_case c = {.spatial = (int)test_random_int(1, 3),
                 .first = test_random_int(0, 1),
                 .batch = test_random_int(1, 2),
                 .padding = "SVE"[test_random_int(0, 2)]};
  c.depthwise = c.spatial == 2 && test_random_int(0, 2) == 0;
  if (c.padding == 'E' && c.spatial != 2) c.padding = 'S';
  c.groups = c.depthwise ? test_random_int(1, 19) : test_random_int(1, 3);
  c.channels = c.groups * (c.depthwise ? 1 : test_random_int(1, 6));
  c.filters = c.groups * test_random_int(1, c.depthwise ? 6 : 18);
  for (int i = 0; i < c.spatial; i++) {
    c.size[i] = test_random_int(1, 4);
    c.stride[i] = test_random_int(1, 4);
    c.dilation[i] = test_random_int(1, 4);
    c.in[i] = test_random_int(1, c.spatial == 1 ? 40 : 9);
    for (int k = 0; k < 2 && c.padding == 'E'; k++) c.pads[i][k] = test_random_int(0, 4);
    int64_t reach = (c.size[i] - 1) * c.dilation[i] + 1;
    if (c.padding == 'V' && c.in[i] < reach) c.in[i] = reach + test_random_int(0, 3);
    if (c.padding == 'E' && c.in[i] + c.pads[i][0] < reach) c.pads[i][0] = reach;
  }
  return c;
}

static void random_cases(void **state) {
  (void)state;
  test_enable();
  int count = test_is_slow() ? 6 : 60;
  for (int i = 0; i < count; i++) {
    conv_case c = random_case();
    if (test_is_slow()) c.batch = 1;
    check(&c, dtypes[i % DTYPES]);
  }
}

/* <conv(x, w), dy> = <x, dx> = <w, dw>, all three made by the library. */
static void gradients_are_adjoint(void **state) {
  (void)state;
  test_enable();
  for (int i = 0; i < (test_is_slow() ? 2 : SMALL); i++) {
    const conv_case *c = &cases[i];
    if (c->spatial == 1) continue;
    geometry s = work_out(c);
    arrays a = make_arrays(c, &s, EAGER_FLOAT32);
    eager_tensor *t[3], *made[3];
    double dots[3] = {0}, size = 0;
    for (int k = 0; k < 3; k++) t[k] = make_tensor(c, &a, k, EAGER_FLOAT32);
    assert_ok(execute(c, FORWARD, t[X], t[W], a.shapes[Y], &made[Y]));
    assert_ok(execute(c, TO_INPUT, t[W], t[Y], a.shapes[X], &made[X]));
    assert_ok(execute(c, TO_FILTER, t[X], t[Y], a.shapes[W], &made[W]));
    for (int k = 0; k < 3; k++) {
      const double *given = test_read(t[k]), *got = test_read(made[k]);
      for (int64_t e = 0; e < a.counts[k]; e++) {
        dots[k] += given[e] * got[e];
        size += fabs(given[e] * got[e]);
      }
      eager_tensor_release(t[k]);
      eager_tensor_release(made[k]);
    }
    /* Each element of the three is off by some epsilons of the products in it. */
    double bound = size * 16 * test_epsilon(EAGER_FLOAT32);
    if (fabs(dots[X] - dots[Y]) > bound || fabs(dots[W] - dots[Y]) > bound)
      fail_msg("case %d: %.9g %.9g %.9g differ by more than %.3g", i, dots[X], dots[W],
               dots[Y], bound);
  }
}

/* Sums longer than the loops of any device. */
static void long_sums(void **state) {
  (void)state;
  test_enable();
  if (test_is_slow()) test_skip("hundreds of thousands of products");
  static const conv_case longs[] = {
      {1, false, false, 1, 1, 1, 2, {65600}, {65537}, {1}, {1}, 'V', {{0}}},
      {1, false, false, 1, 70001, 1, 2, {3}, {2}, {1}, {1}, 'V', {{0}}},
      {2, false, false, 1, 9000, 1, 3, {3, 3}, {3, 3}, ONES3, ONES3, 'S', {{0}}},
      {2, false, false, 1, 3, 1, 9000, {3, 3}, {3, 3}, ONES3, ONES3, 'S', {{0}}},
      {2, false, false, 1, 2, 1, 3, {1, 200003}, {1, 2}, {1, 1}, ONES3, 'V', {{0}}},
      {2, false, false, 1, 1, 1, 1, {1, 65600}, {1, 65535}, {1, 1}, ONES3, 'V', {{0}}},
      {2, true, true, 1, 3, 3, 3, {400, 501}, {2, 2}, {1, 1}, ONES3, 'S', {{0}}},
      /* images of more than 8 MB are laid out one by one */
      {2, false, true, 3, 17, 1, 2, {370, 371}, {1, 2}, {1, 1}, ONES3, 'S', {{0}}},
      {2, false, true, 1, 1, 1, 1, {30, 30}, {25, 25}, {7, 7}, {1, 3}, 'S', {{0}}},
  };
  for (size_t i = 0; i < sizeof longs / sizeof *longs; i++) check(&longs[i], EAGER_FLOAT32);
}

/* What falls on padding is left out, so it may be infinite. */
static void padding_is_never_multiplied(void **state) {
  (void)state;
  test_enable();
  for (int first = 0; first < 2; first++)
    for (int columns = 1; columns < 20; columns += 9) { /* dealt out and not */
      double x[20], w[3 * 20], y[20];
      for (int i = 0; i < 20; i++) {
        x[i] = i + 1;
        w[i] = INFINITY;
        w[20 + i] = 2;
        w[40 + i] = NAN;
        y[i] = 2 * (i + 1);
      }
      for (int depthwise = 0; depthwise < 2; depthwise++) {
        conv_case c = {2,      depthwise, first,  1,      columns, columns, columns,
                       {1, 1}, {1, 3},    {1, 1}, {1, 1}, 'S',     {{0}}};
        double packed[60];
        for (int k = 0; k < 3; k++)
          for (int i = 0; i < columns; i++) packed[k * columns + i] = w[20 * k + i];
        test_shape shape = shape_of(&c, (int64_t[]){1, 1}, 1, columns), filter = {4, {0}};
        filter.dims[0] = 1;
        filter.dims[1] = 3;
        filter.dims[2] = depthwise ? columns : 1;
        filter.dims[3] = depthwise ? 1 : columns;
        eager_tensor *a = test_tensor(EAGER_FLOAT32, shape, x), *out;
        eager_tensor *b = test_tensor(EAGER_FLOAT32, filter, packed);
        assert_ok(execute(&c, FORWARD, a, b, shape, &out));
        test_expect(out, EAGER_FLOAT32, shape, y, TEST_EXACT, "forward");
        eager_tensor_release(out);
        assert_ok(execute(&c, TO_INPUT, b, a, shape, &out));
        test_expect(out, EAGER_FLOAT32, shape, y, TEST_EXACT, "to input");
        eager_tensor_release(out);
        eager_tensor_release(a);
        eager_tensor_release(b);
      }
    }
}

static void specials_and_wrapping(void **state) {
  (void)state;
  test_enable();
  conv_case c = {2, false, false, 1, 1, 1, 1, {1, 4}, {1, 2}, {1, 1}, {1, 1}, 'V', {{0}}};
  test_shape shape = {4, {1, 1, 4, 1}}, filter = {4, {1, 2, 1, 1}}, out = {4, {1, 1, 3, 1}};
  eager_tensor *x = test_tensor(EAGER_FLOAT32, shape, (double[]){INFINITY, 0, NAN, 1}), *y;
  eager_tensor *w = test_tensor(EAGER_FLOAT32, filter, (double[]){0, 1});
  assert_ok(execute(&c, FORWARD, x, w, out, &y));
  test_expect(y, EAGER_FLOAT32, out, (double[]){NAN, NAN, NAN}, TEST_EXACT, NULL);
  eager_tensor_release(y);
  eager_tensor_release(x);
  eager_tensor_release(w);
  x = test_tensor(EAGER_INT32, shape, (double[]){65537, 65537, INT32_MIN, 3});
  w = test_tensor(EAGER_INT32, filter, (double[]){65537, 0});
  assert_ok(execute(&c, FORWARD, x, w, out, &y)); /* 2^32 + 2^17 + 1; 2^31 (2^16 + 1) */
  test_expect(y, EAGER_INT32, out, (double[]){131073, 131073, INT32_MIN}, TEST_EXACT, NULL);
  eager_tensor_release(y);
  eager_tensor_release(x);
  eager_tensor_release(w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_case),
      cmocka_unit_test(of_nothing),
      cmocka_unit_test(random_cases),
      cmocka_unit_test(gradients_are_adjoint),
      cmocka_unit_test(long_sums),
      cmocka_unit_test(padding_is_never_multiplied),
      cmocka_unit_test(specials_and_wrapping),
  };
  return test_main("ops/conv", tests, sizeof tests / sizeof *tests);
}
