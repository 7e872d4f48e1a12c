/* ctest: devices=all timeout=600 */
/* The special functions: by chance against their definitions, at hard points against values
 * to 17 digits, and where they are not finite. Erf, Erfc and Lgamma by chance:
 * test_elementwise. Long because of the table of edges. */
#include "special_reference.h"

#include "reference.h"
#include "special_values.h"
#include "test.h"

typedef eager_status (*unary_door)(eager_tensor *, eager_tensor **);
typedef eager_status (*binary_door)(eager_tensor *, eager_tensor *, eager_tensor **);

static const eager_dtype floats[] = {EAGER_FLOAT32, EAGER_FLOAT16, EAGER_BFLOAT16,
                                     EAGER_FLOAT64};

/* As ops_special.h promises: `ulps` of the result, and `absolute` epsilons of 1 near roots.
 */
typedef struct unary_case {
  const char *raw;
  unary_door door;
  double (*reference)(double);
  double ulps, absolute, low, high;
} unary_case;

static double last_resort(double x) {
  return x;
}

static const unary_case unaries[] = {
    {"Digamma", eager_digamma, digamma, 8, 0, 0.01, 50},
    {"Digamma", eager_digamma, digamma, 8, 80, -9, 0},
    {"Erfinv", eager_erfinv, erfinv, 8, 0, -1, 1},
    {"Erfcinv", eager_erfcinv, erfcinv, 8, 0, 0, 2},
    {"Ndtri", eager_ndtri, ndtri, 8, 0, 0, 1},
    {"BesselI0", eager_bessel_i0, bessel_i0, 16, 0, -30, 30},
    {"BesselI0e", eager_bessel_i0e, bessel_i0e, 8, 0, -60, 60},
    {"BesselI1", eager_bessel_i1, bessel_i1, 16, 0, -30, 30},
    {"BesselI1e", eager_bessel_i1e, bessel_i1e, 8, 0, -60, 60},
    {"BesselJ0", eager_bessel_j0, bessel_j0, 8, 8, -40, 40},
    {"BesselJ1", eager_bessel_j1, bessel_j1, 8, 8, -40, 40},
    {"BesselK0", eager_bessel_k0, bessel_k0, 16, 0, 0, 40},
    {"BesselK0e", eager_bessel_k0e, bessel_k0e, 16, 0, 0, 40},
    {"BesselK1", eager_bessel_k1, bessel_k1, 16, 0, 0, 40},
    {"BesselK1e", eager_bessel_k1e, bessel_k1e, 16, 0, 0, 40},
    {"BesselY0", eager_bessel_y0, bessel_y0, 8, 8, 0, 20},
    {"BesselY1", eager_bessel_y1, bessel_y1, 8, 8, 0, 20},
    {"Dawsn", eager_dawsn, dawsn, 8, 0, -9, 9},
    {"Expint", eager_expint, expint, 16, 0, 0, 30},
    {"FresnelCos", eager_fresnel_cos, fresnel_cos, 8, 0, -6, 6},
    {"FresnelSin", eager_fresnel_sin, fresnel_sin, 8, 0, -6, 6},
    {"Spence", eager_spence, spence, 8, 0, 0, 4},
    /* Only for their hard points. */
    {"Erfc", eager_erfc, last_resort, 16, 0, 0, 0},
    {"Lgamma", eager_lgamma, last_resort, 8, 0, 0, 0},
};

typedef struct binary_case {
  const char *raw;
  binary_door door;
  double (*reference)(double, double);
  double ulps, absolute, low[2], high[2];
} binary_case;

/* The first argument is a whole number for Polygamma, the second one about as large as the
 * first for the incomplete gammas. */
static const binary_case binaries[] = {
    {"Igamma", eager_igamma, igamma, 64, 16, {0.05, 0.3}, {60, 2}},
    {"Igammac", eager_igammac, igammac, 64, 16, {0.05, 0.3}, {60, 2}},
    {"IgammaGradA", eager_igamma_grad_a, igamma_grad_a, 64, 64, {0.05, 0.3}, {60, 2}},
    {"Zeta", eager_zeta, zeta, 24, 0, {1.01, 0.1}, {20, 20}},
    {"Polygamma", eager_polygamma, polygamma, 32, 0, {0, 0.1}, {12, 20}},
};

/* The 16-bit floats are computed in float32, where an error is 2^13 or 2^16 times smaller,
 * and rounded once more. A driver may flush subnormals. */
static test_tolerance tolerance(eager_dtype dtype, double ulps, double absolute) {
  test_tolerance it = {ulps, absolute * 0x1p-23};
  if (dtype == EAGER_FLOAT16) it.ulps = 0.5 + ulps * 0x1p-13;
  if (dtype == EAGER_BFLOAT16) it.ulps = 0.5 + ulps * 0x1p-16;
  if (dtype == EAGER_FLOAT64) it = (test_tolerance){ulps, absolute * 0x1p-52};
  if (dtype != EAGER_FLOAT16) it.absolute += test_smallest_normal(dtype);
  return it;
}

static int most(void) {
  return test_is_slow() ? 12 : 60;
}

/* The lane's dtypes among `floats`, those of half the width only where the op has them. */
static bool takes(const char *raw, eager_dtype dtype) {
  return test_tries(raw, dtype) && eager_op_is_supported(raw, dtype, NULL);
}

static void check_unary(const unary_case *c, eager_dtype dtype) {
  test_shape shape = {1, {most()}};
  double *x = test_random_values(dtype, shape.dims[0], c->low, c->high);
  eager_tensor *t = test_view(dtype, shape, x, 3), *y;
  assert_ok(c->door(t, &y));
  test_expect(y, dtype, shape, test_unary(c->reference, shape, x),
              tolerance(dtype, c->ulps, c->absolute), c->raw);
  eager_tensor_release(y);
  eager_tensor_release(t);
}

static void check_binary(const binary_case *c, eager_dtype dtype) {
  test_shape shape = {1, {most()}}, out;
  double *a = test_random_values(dtype, shape.dims[0], c->low[0], c->high[0]);
  double *b = test_random_values(dtype, shape.dims[0], c->low[1], c->high[1]);
  for (int64_t i = 0; i < shape.dims[0]; i++) {
    if (c->high[1] <= 2) b[i] = test_round(dtype, a[i] * b[i]);
    if (strcmp(c->raw, "Polygamma") == 0) a[i] = floor(a[i]);
  }
  eager_tensor *t = test_tensor(dtype, shape, a), *u = test_view(dtype, shape, b, 5), *y;
  assert_ok(c->door(t, u, &y));
  test_expect(y, dtype, shape, test_binary(c->reference, shape, a, shape, b, &out),
              tolerance(dtype, c->ulps, c->absolute), c->raw);
  eager_tensor_release(y);
  eager_tensor_release(t);
  eager_tensor_release(u);
}

static void by_chance(void **state) {
  (void)state;
  test_time_limit(200);
  test_enable();
  uint64_t index = 0;
  for (size_t d = 0; d < sizeof floats / sizeof *floats; d++) {
    for (size_t i = 0; i < sizeof unaries / sizeof *unaries; i++)
      if (takes(unaries[i].raw, floats[d]) && unaries[i].low < unaries[i].high &&
          test_sampled(index++)) {
        test_pick_mode(i + d);
        check_unary(&unaries[i], floats[d]);
      }
    for (size_t i = 0; i < sizeof binaries / sizeof *binaries; i++)
      if (takes(binaries[i].raw, floats[d]) && test_sampled(index++)) {
        test_pick_mode(i + d);
        check_binary(&binaries[i], floats[d]);
      }
  }
  assert_ok(eager_set_thread_execution_mode(EAGER_SYNC));
}

/* All three arguments broadcast. */
static void betainc_by_chance(void **state) {
  (void)state;
  test_enable();
  for (int d = 0; d < 2; d++) {
    eager_dtype dtype = d == 0 ? EAGER_FLOAT32 : EAGER_FLOAT64;
    if (!test_tries(NULL, dtype)) continue;
    test_pick_mode((uint64_t)d);
    test_shape shapes[] = {{3, {2, 1, 3}}, {2, {2, 1}}, {1, {3}}}, out;
    double *a = test_random_values(dtype, 6, 0.1, 40);
    double *b = test_random_values(dtype, 2, 0.1, 40);
    double *x = test_random_values(dtype, 3, 0.05, 0.95);
    eager_tensor *t = test_tensor(dtype, shapes[0], a), *y;
    eager_tensor *u = test_view(dtype, shapes[1], b, 1);
    eager_tensor *v = test_tensor(dtype, shapes[2], x);
    assert_ok(eager_betainc(t, u, v, &y));
    double *expected =
        test_ternary(betainc, shapes[0], a, shapes[1], b, shapes[2], x, &out);
    test_expect(y, dtype, out, expected, tolerance(dtype, 128, 16), "Betainc");
    eager_tensor_release(y);
    eager_tensor_release(t);
    eager_tensor_release(u);
    eager_tensor_release(v);
  }
  assert_ok(eager_set_thread_execution_mode(EAGER_SYNC));
}

/* ---- Single points, by name ---- */

static double apply(const char *raw, eager_dtype dtype, const double *x) {
  eager_op_description about;
  assert_ok(eager_op_describe(raw, &about));
  eager_op *op;
  eager_tensor *in[3], *y;
  int count = 1;
  assert_ok(eager_op_new(raw, &op));
  for (int i = 0; i < about.input_count; i++) {
    in[i] = test_scalar(dtype, x[i]);
    assert_ok(eager_op_add_input(op, in[i]));
  }
  assert_ok(eager_op_execute(op, &y, &count));
  double value = test_read(y)[0];
  for (int i = 0; i < about.input_count; i++) eager_tensor_release(in[i]);
  eager_tensor_release(y);
  eager_op_release(op);
  return value;
}

static test_tolerance tolerance_of(const char *raw, eager_dtype dtype, double y) {
  for (size_t i = 0; i < sizeof unaries / sizeof *unaries; i++)
    if (strcmp(unaries[i].raw, raw) == 0)
      return tolerance(dtype, unaries[i].ulps, unaries[i].absolute);
  /* The logarithm of a small result is as much larger than its own error. */
  double ulps = 64 + 4 * fabs(log(fabs(y)));
  return tolerance(dtype, ulps, strcmp(raw, "Zeta") == 0 ? 0 : 32);
}

static void hard_points(void **state) {
  (void)state;
  test_time_limit(200);
  test_enable();
  for (size_t i = 0; i < sizeof special_values / sizeof *special_values; i++)
    for (int d = 0; d < 2; d++) {
      const struct special_value *v = &special_values[i];
      eager_dtype dtype = d == 0 ? EAGER_FLOAT32 : EAGER_FLOAT64;
      if (!test_tries(NULL, dtype) || (test_is_slow() && i % 3 != 0)) continue;
      if (fabs(v->y) > test_highest(dtype)) continue;
      double y = apply(v->raw, dtype, v->x);
      if (!test_is_close(dtype, y, v->y, tolerance_of(v->raw, dtype, v->y)))
        fail_msg("%s(%.9g, %.9g, %.9g), %s: got %.17g, expected %.17g", v->raw, v->x[0],
                 v->x[1], v->x[2], eager_dtype_name(dtype), y, v->y);
    }
}

/* The ends of domains, poles, infinities and NaN, exactly. */
static void edges(void **state) {
  (void)state;
  test_time_limit(200);
  test_enable();
  static const struct {
    const char *raw;
    double x[3], y;
  } cases[] = {
      {"Digamma", {0}, NAN},
      {"Digamma", {-0.0}, NAN},
      {"Digamma", {-3}, NAN},
      {"Digamma", {INFINITY}, INFINITY},
      {"Digamma", {-INFINITY}, NAN},
      {"Erfinv", {1}, INFINITY},
      {"Erfinv", {-1}, -INFINITY},
      {"Erfinv", {0}, 0},
      {"Erfinv", {1.5}, NAN},
      {"Erfinv", {-INFINITY}, NAN},
      {"Erfcinv", {0}, INFINITY},
      {"Erfcinv", {1}, 0},
      {"Erfcinv", {2}, -INFINITY},
      {"Erfcinv", {-0.5}, NAN},
      {"Erfcinv", {2.5}, NAN},
      {"Ndtri", {0}, -INFINITY},
      {"Ndtri", {0.5}, 0},
      {"Ndtri", {1}, INFINITY},
      {"Ndtri", {-0.5}, NAN},
      {"Ndtri", {1.5}, NAN},
      {"Erf", {INFINITY}, 1},
      {"Erfc", {-INFINITY}, 2},
      {"Erfc", {INFINITY}, 0},
      {"Lgamma", {0}, INFINITY},
      {"Lgamma", {-2}, INFINITY},
      {"Lgamma", {-INFINITY}, INFINITY},
      {"Lgamma", {2}, 0},
      {"BesselI0", {0}, 1},
      {"BesselI0", {-INFINITY}, INFINITY},
      {"BesselI0e", {INFINITY}, 0},
      {"BesselI1", {0}, 0},
      {"BesselI1", {-INFINITY}, -INFINITY},
      {"BesselI1e", {-INFINITY}, 0},
      {"BesselJ0", {0}, 1},
      {"BesselJ0", {INFINITY}, 0},
      {"BesselJ1", {0}, 0},
      {"BesselJ1", {-INFINITY}, 0},
      {"BesselK0", {0}, INFINITY},
      {"BesselK0", {-1}, NAN},
      {"BesselK0", {INFINITY}, 0},
      {"BesselK0e", {0}, INFINITY},
      {"BesselK0e", {INFINITY}, 0},
      {"BesselK0e", {-1}, NAN},
      {"BesselK1", {0}, INFINITY},
      {"BesselK1", {INFINITY}, 0},
      {"BesselK1", {-1}, NAN},
      {"BesselK1e", {0}, INFINITY},
      {"BesselK1e", {-1}, NAN},
      {"BesselY0", {0}, -INFINITY},
      {"BesselY0", {-1}, NAN},
      {"BesselY0", {INFINITY}, 0},
      {"BesselY1", {0}, -INFINITY},
      {"BesselY1", {-1}, NAN},
      {"BesselY1", {INFINITY}, 0},
      {"Dawsn", {0}, 0},
      {"Dawsn", {-INFINITY}, 0},
      {"Expint", {0}, -INFINITY},
      {"Expint", {-1}, NAN},
      {"Expint", {INFINITY}, INFINITY},
      {"FresnelCos", {INFINITY}, 0.5},
      {"FresnelCos", {0}, 0},
      {"FresnelSin", {-INFINITY}, -0.5},
      {"Spence", {1}, 0},
      {"Spence", {-1}, NAN},
      {"Spence", {INFINITY}, -INFINITY},
      {"Igamma", {1, 0}, 0},
      {"Igamma", {1, INFINITY}, 1},
      {"Igamma", {INFINITY, 1}, 0},
      {"Igamma", {INFINITY, INFINITY}, NAN},
      {"Igamma", {0, 1}, NAN},
      {"Igamma", {-1, 1}, NAN},
      {"Igamma", {1, -1}, NAN},
      {"Igamma", {1, NAN}, NAN},
      {"Igamma", {NAN, 1}, NAN},
      {"Igammac", {1, 0}, 1},
      {"Igammac", {1, INFINITY}, 0},
      {"Igammac", {INFINITY, 1}, 1},
      {"Igammac", {0, 1}, NAN},
      {"Igammac", {1, -1}, NAN},
      {"IgammaGradA", {1, 0}, 0},
      {"IgammaGradA", {1, INFINITY}, 0},
      {"IgammaGradA", {-1, 1}, NAN},
      {"Zeta", {1, 2}, INFINITY},
      {"Zeta", {0.5, 2}, NAN},
      {"Zeta", {2, 0}, INFINITY},
      {"Zeta", {2, -3}, INFINITY},
      {"Zeta", {3, -3}, NAN},
      {"Zeta", {2.5, -1.5}, NAN},
      {"Zeta", {2, INFINITY}, 0},
      {"Zeta", {INFINITY, 1}, 1},
      {"Zeta", {INFINITY, 2}, 0},
      {"Polygamma", {-1, 2}, NAN},
      {"Polygamma", {1.5, 2}, NAN},
      {"Polygamma", {1, 0}, INFINITY},
      {"Polygamma", {2, -1}, NAN},
      {"Polygamma", {1, INFINITY}, 0},
      {"Betainc", {1, 2, 0}, 0},
      {"Betainc", {1, 2, 1}, 1},
      {"Betainc", {0, 1, 0.5}, NAN},
      {"Betainc", {1, -1, 0.5}, NAN},
      {"Betainc", {1, 1, 1.5}, NAN},
      {"Betainc", {1, 1, -0.5}, NAN},
      {"Betainc", {INFINITY, 1, 0.5}, 0},
      {"Betainc", {1, INFINITY, 0.5}, 1},
      {"Betainc", {INFINITY, INFINITY, 0.5}, NAN},
      {"Betainc", {1, NAN, 0.5}, NAN},
  };
  uint64_t index = 0;
  for (size_t d = 0; d < sizeof floats / sizeof *floats; d++)
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
      if (!takes(cases[i].raw, floats[d])) continue;
      if (floats[d] != EAGER_FLOAT32 && !test_sampled(index++)) continue;
      double y = apply(cases[i].raw, floats[d], cases[i].x);
      bool nan_first = isnan(cases[i].x[0]) || isnan(cases[i].y);
      if (nan_first ? !isnan(y) : y != cases[i].y)
        fail_msg("%s(%g, %g, %g), %s: got %.17g, expected %g", cases[i].raw, cases[i].x[0],
                 cases[i].x[1], cases[i].x[2], eager_dtype_name(floats[d]), y, cases[i].y);
    }
  double nan = NAN;
  for (size_t i = 0; i < sizeof unaries / sizeof *unaries; i++)
    if (!isnan(apply(unaries[i].raw, EAGER_FLOAT32, &nan)))
      fail_msg("%s(NaN) is not NaN", unaries[i].raw);
}

/* Long loops in every lane of a long tensor: the same everywhere. */
static void long_loops_end(void **state) {
  (void)state;
  if (test_is_slow()) test_skip("the tensor is long");
  test_enable();
  test_shape shape = {1, {65537}};
  double *a = test_alloc((size_t)shape.dims[0] * sizeof *a);
  double *expected = test_alloc((size_t)shape.dims[0] * sizeof *expected);
  double value = igammac(test_round(EAGER_FLOAT32, 0.02), test_round(EAGER_FLOAT32, 1.11));
  for (int64_t i = 0; i < shape.dims[0]; i++) {
    a[i] = 0.02;
    expected[i] = value;
  }
  eager_tensor *t = test_tensor(EAGER_FLOAT32, shape, a);
  eager_tensor *x = test_scalar(EAGER_FLOAT32, 1.11), *y;
  assert_ok(eager_igammac(t, x, &y));
  test_expect(y, EAGER_FLOAT32, shape, expected, tolerance(EAGER_FLOAT32, 64, 0),
              "Igammac");
  eager_tensor_release(y);
  eager_tensor_release(x);
  eager_tensor_release(t);
}

static void refusals(void **state) {
  (void)state;
  test_enable();
  eager_tensor *i = test_scalar(EAGER_INT32, 1), *h = test_scalar(EAGER_FLOAT16, 1), *y;
  eager_tensor *f = test_scalar(EAGER_FLOAT32, 1);
  eager_tensor *two = test_tensor(EAGER_FLOAT32, (test_shape){1, {2}}, (double[]){1, 2});
  eager_tensor *three =
      test_tensor(EAGER_FLOAT32, (test_shape){1, {3}}, (double[]){1, 2, 3});
  eager_tensor *none = test_tensor(EAGER_FLOAT32, (test_shape){2, {0, 3}}, NULL);
  assert_fails_like(eager_digamma(i, &y), EAGER_INVALID_ARGUMENT,
                    "cannot compute Digamma as input #0(zero-based) is a int32 tensor");
  assert_fails_like(eager_zeta(h, h, &y), EAGER_INVALID_ARGUMENT,
                    "cannot compute Zeta as input #0(zero-based) is a float16 tensor");
  assert_fails_like(
      eager_betainc(f, f, h, &y), EAGER_INVALID_ARGUMENT,
      "cannot compute Betainc as input #2(zero-based) was expected to be a float "
      "tensor but is a half tensor");
  assert_fails_like(eager_igamma(two, three, &y), EAGER_INVALID_ARGUMENT, "[2]");
  assert_fails_like(eager_betainc(f, two, three, &y), EAGER_INVALID_ARGUMENT, "[2]");
  assert_null(y);
  assert_ok(eager_igamma(none, three, &y));
  assert_int_equal(eager_tensor_num_elements(y), 0);
  eager_tensor *all[] = {i, h, f, two, three, none, y};
  for (int k = 0; k < 7; k++) eager_tensor_release(all[k]);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(by_chance),   cmocka_unit_test(betainc_by_chance),
      cmocka_unit_test(hard_points), cmocka_unit_test(edges),
      cmocka_unit_test(refusals),    cmocka_unit_test(long_loops_end),
  };
  return test_main("ops/special", tests, sizeof tests / sizeof *tests);
}
