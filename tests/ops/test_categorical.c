/* ctest: devices=all */
/* Draws of classes: bit for bit what the host makes of the same words. */
#include <math.h>

#include "philox.h"

static const int64_t seed[2] = {11, -12};

/* The kernel's weight in the kernel's arithmetic, and not far from the true one. */
static uint64_t weight_of(double logit, double largest) {
  if (!isfinite(logit)) return 0;
  float x = fmaxf((float)(logit - largest), -100.0f);
  float n = floorf(x * 1.44269504f + 0.5f);
  float rest = x * 1.92596303e-08f, f = fmaf(x, 1.44269504f, -n) + rest;
  static const float p[] = {0.0001546144469856913f,
                            0.0013400428177615838f,
                            0.009618056678524637f,
                            0.05550327226670302f,
                            0.24022650922288757f,
                            0.6931472067028326f,
                            1.0f};
  float value = p[0];
  for (int i = 1; i < 7; i++) value = fmaf(f, value, p[i]);
  uint64_t bits = (uint64_t)(value * 8388608.0f);
  int shift = (int)n + 16;
  uint64_t weight = shift >= 0 ? bits << shift : shift > -40 ? bits >> -shift : 0;
  double truth = exp(logit - largest) * 0x1p39;
  assert_true(fabs((double)weight - truth) <= truth * 0x1p-20 + 1);
  return weight;
}

static void draw_on_host(const double *logits, int64_t rows, int64_t classes,
                         int64_t samples, int64_t *out) {
  for (int64_t r = 0; r < rows; r++) {
    const double *own = logits + r * classes;
    double largest = -INFINITY;
    for (int64_t c = 0; c < classes; c++)
      if (isfinite(own[c]) && own[c] > largest) largest = own[c];
    uint64_t total = 0;
    for (int64_t c = 0; c < classes; c++) total += weight_of(own[c], largest);
    for (int64_t s = 0; s < samples; s++) {
      int64_t item = r * samples + s;
      uint64_t goal = upper_product(wide_draw(seed, (uint64_t)item), total), passed = 0;
      out[item] = 0;
      for (int64_t c = 0; c < classes && total; c++) {
        passed += weight_of(own[c], largest);
        if (passed <= goal) continue;
        out[item] = c;
        break;
      }
    }
  }
}

static const struct {
  int64_t rows, classes, samples;
} cases[] = {{1, 1, 3},     {3, 2, 17}, {2, 129, 5}, {5, 128, 1},
             {1, 1000, 40}, {0, 4, 3},  {2, 3, 0}};
enum { CASES = sizeof cases / sizeof *cases };

static void check(eager_dtype dtype, int64_t rows, int64_t classes, int64_t samples,
                  double *logits, const char *what) {
  int64_t *want = test_alloc((size_t)(rows * samples + 1) * sizeof *want);
  draw_on_host(logits, rows, classes, samples, want);
  eager_tensor *t = test_view(dtype, (test_shape){2, {rows, classes}}, logits, 3), *y;
  eager_dtype out = classes % 2 ? EAGER_INT32 : EAGER_INT64;
  test_poison((size_t)(rows * samples) * eager_dtype_size(out));
  assert_ok(eager_stateless_categorical(t, samples, seed, out, &y));
  test_expect_int(y, out, (test_shape){2, {rows, samples}}, want, what);
  eager_tensor_release(y);
  eager_tensor_release(t);
}

static void draws_as_the_host_does(void **state) {
  (void)state;
  test_enable();
  for (int d = 0; d < TEST_DTYPES; d++) {
    eager_dtype dtype = test_dtypes[d];
    if (!test_is_float(dtype) || !test_tries(NULL, dtype)) continue;
    for (int i = 0; i < CASES; i++) {
      if (test_is_slow() && cases[i].classes > 200) continue;
      test_pick_mode(test_random());
      int64_t count = cases[i].rows * cases[i].classes;
      double *logits = test_random_values(dtype, count, -8, 8);
      if (i == 1) logits[0] = NAN;
      if (i == 2) logits[7] = INFINITY;
      if (i == 4) logits[3] = -INFINITY;
      check(dtype, cases[i].rows, cases[i].classes, cases[i].samples, logits,
            test_text("case %d", i));
    }
  }
  check(EAGER_FLOAT32, 1, 2, 4, (double[]){NAN, -INFINITY}, "nothing to draw");
}

static void draws_from_many_classes(void **state) {
  (void)state;
  test_enable();
  if (test_is_slow()) test_skip("many classes");
  check(EAGER_FLOAT32, 1, 200003, 5, test_random_values(EAGER_FLOAT32, 200003, -4, 4),
        "many classes");
}

/* 20,000 draws of 4 classes: each count within 5 standard deviations. */
static void draws_with_their_probability(void **state) {
  (void)state;
  test_enable();
  int64_t samples = test_is_slow() ? 500 : 20000;
  double p[] = {0.1, 0.2, 0.3, 0.4}, logits[4];
  for (int c = 0; c < 4; c++) logits[c] = log(p[c]);
  eager_tensor *t = test_tensor(EAGER_FLOAT32, (test_shape){2, {1, 4}}, logits), *y;
  assert_ok(eager_stateless_categorical(t, samples, seed, EAGER_INT32, &y));
  const int64_t *drawn = test_read_int(y);
  double counts[4] = {0};
  for (int64_t s = 0; s < samples; s++) counts[drawn[s]]++;
  for (int c = 0; c < 4; c++) {
    double n = (double)samples, deviation = sqrt(n * p[c] * (1 - p[c]));
    assert_true(fabs(counts[c] - n * p[c]) < 5 * deviation);
  }
  eager_tensor_release(t);
  eager_tensor_release(y);
}

static void refusals(void **state) {
  (void)state;
  test_enable();
  eager_tensor *flat = test_tensor(EAGER_FLOAT32, (test_shape){1, {2}}, (double[2]){0});
  eager_tensor *none = test_tensor(EAGER_FLOAT32, (test_shape){2, {2, 0}}, (double[1]){0});
  eager_tensor *good = test_tensor(EAGER_FLOAT32, (test_shape){2, {1, 2}}, (double[2]){0});
  eager_tensor *y;
  assert_fails(eager_stateless_categorical(flat, 1, seed, EAGER_INT32, &y),
               EAGER_INVALID_ARGUMENT,
               "logits should be a matrix, got rank 1 [Op:StatelessMultinomial]");
  assert_null(y);
  assert_fails(eager_stateless_categorical(none, 1, seed, EAGER_INT32, &y),
               EAGER_INVALID_ARGUMENT,
               "num_classes should be positive, got 0 [Op:StatelessMultinomial]");
  assert_fails(eager_stateless_categorical(good, -1, seed, EAGER_INT32, &y),
               EAGER_INVALID_ARGUMENT,
               "num_samples should be nonnegative, got -1 [Op:StatelessMultinomial]");
  assert_fails(eager_stateless_categorical(good, 1, seed, EAGER_INT16, &y),
               EAGER_INVALID_ARGUMENT,
               "output_dtype must be int32 or int64, got int16 [Op:StatelessMultinomial]");
  assert_fails(eager_stateless_categorical(good, 1, NULL, EAGER_INT32, &y),
               EAGER_INVALID_ARGUMENT, "seed must not be NULL [Op:StatelessMultinomial]");
  eager_tensor_release(flat);
  eager_tensor_release(none);
  eager_tensor_release(good);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(draws_as_the_host_does),
      cmocka_unit_test(draws_from_many_classes),
      cmocka_unit_test(draws_with_their_probability),
      cmocka_unit_test(refusals),
  };
  return test_main("ops/categorical", tests, sizeof tests / sizeof *tests);
}
