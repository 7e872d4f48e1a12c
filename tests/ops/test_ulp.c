/* ctest: devices=all timeout=900 */
/* The elementwise functions of libm against OpenCL 1.2's table of errors (7.4, full
 * profile), over all of their arguments: every bit pattern of the 16-bit floats and every
 * so-manieth of the others, in a full run more of them. EAGERCL_TEST_VERBOSE=1 prints the
 * largest error of each op and dtype. */
#include <inttypes.h>
#include <math.h>

#include "errors.h"
#include "cl/device.h"
#include "runtime/runtime.h"
#include "test.h"
#include "test_values.h"

typedef long double number;
typedef eager_status (*unary_door)(eager_tensor *, eager_tensor **);
typedef eager_status (*binary_door)(eager_tensor *, eager_tensor *, eager_tensor **);

/* float32 is compared with libm in double, float64 with it in long double. `ulps`: from the
 * table, for float64 the same or `wide`; 0 is exact. */
typedef struct unary_case {
  const char *raw;
  unary_door door;
  double (*f)(double);
  number (*l)(number);
  double ulps;
} unary_case;

static double rsqrt_of(double x) {
  return 1 / sqrt(x);
}
static number rsqrt_l(number x) {
  return 1 / sqrtl(x);
}
static double inverse_of(double x) {
  return 1 / x;
}
static number inverse_l(number x) {
  return 1 / x;
}
static double square_of(double x) {
  return x * x;
}
static number square_l(number x) {
  return x * x;
}
static double negated(double x) {
  return -x;
}
static number negated_l(number x) {
  return -x;
}

/* Lgamma: undefined in the table; what ops_special.h says, above 0. Asinh and its like: 4
 * and 5, the table's for asinh, acosh and atanh. */
static const unary_case unaries[] = {
    {"Abs", eager_abs, fabs, fabsl, 0},
    {"Neg", eager_negative, negated, negated_l, 0},
    {"Square", eager_square, square_of, square_l, 0.5},
    {"Reciprocal", eager_reciprocal, inverse_of, inverse_l, 2.5},
    {"Sqrt", eager_sqrt, sqrt, sqrtl, 3},
    {"Rsqrt", eager_rsqrt, rsqrt_of, rsqrt_l, 2},
    {"Exp", eager_exp, exp, expl, 3},
    {"Expm1", eager_expm1, expm1, expm1l, 3},
    {"Log", eager_log, log, logl, 3},
    {"Log1p", eager_log1p, log1p, log1pl, 2},
    {"Sin", eager_sin, sin, sinl, 4},
    {"Cos", eager_cos, cos, cosl, 4},
    {"Tan", eager_tan, tan, tanl, 5},
    {"Asin", eager_asin, asin, asinl, 4},
    {"Acos", eager_acos, acos, acosl, 4},
    {"Atan", eager_atan, atan, atanl, 5},
    {"Sinh", eager_sinh, sinh, sinhl, 4},
    {"Cosh", eager_cosh, cosh, coshl, 4},
    {"Tanh", eager_tanh, tanh, tanhl, 5},
    {"Asinh", eager_asinh, asinh, asinhl, 4},
    {"Acosh", eager_acosh, acosh, acoshl, 4},
    {"Atanh", eager_atanh, atanh, atanhl, 5},
    {"Erf", eager_erf, erf, erfl, 16},
    {"Erfc", eager_erfc, erfc, erfcl, 16},
    {"Lgamma", eager_lgamma, lgamma, lgammal, 8},
    {"Floor", eager_floor, floor, floorl, 0},
    {"Ceil", eager_ceil, ceil, ceill, 0},
    {"Rint", eager_rint, rint, rintl, 0},
};
enum { UNARIES = sizeof unaries / sizeof *unaries };

typedef struct binary_case {
  const char *raw;
  binary_door door;
  double (*f)(double, double);
  number (*l)(number, number);
  double ulps;
} binary_case;

static double added(double a, double b) {
  return a + b;
}
static number added_l(number a, number b) {
  return a + b;
}
static double less_by(double a, double b) {
  return a - b;
}
static number less_by_l(number a, number b) {
  return a - b;
}
static double times(double a, double b) {
  return a * b;
}
static number times_l(number a, number b) {
  return a * b;
}
static double over(double a, double b) {
  return a / b;
}
static number over_l(number a, number b) {
  return a / b;
}

static const binary_case binaries[] = {
    {"AddV2", eager_add, added, added_l, 0.5},
    {"Sub", eager_subtract, less_by, less_by_l, 0.5},
    {"Mul", eager_multiply, times, times_l, 0.5},
    {"RealDiv", eager_divide, over, over_l, 2.5},
    {"Pow", eager_pow, pow, powl, 16},
    {"Atan2", eager_atan2, atan2, atan2l, 6},
    {"TruncateMod", eager_truncatemod, fmod, fmodl, 0},
};
enum { BINARIES = sizeof binaries / sizeof *binaries };

/* ---- Arguments ---- */

static int width_of(eager_dtype dtype) {
  return 8 * (int)eager_dtype_size(dtype);
}

static double from_bits(eager_dtype dtype, uint64_t bits) {
  unsigned char bytes[8];
  memcpy(bytes, &bits, sizeof bytes); /* the lowest come first, as on every host so far */
  return eager__decode_double(dtype, bytes);
}

static int64_t how_many(eager_dtype dtype) {
  bool full = getenv("EAGERCL_TEST_FULL") != NULL;
  if (test_is_slow()) return 150;
  if (width_of(dtype) == 16) return full ? 65536 : 8192;
  return full ? 1 << 20 : 1 << 14;
}

/* Patterns that far apart, from a random one on. */
static double *all_over(eager_dtype dtype, int64_t count) {
  double *x = test_alloc((size_t)count * sizeof *x);
  int width = width_of(dtype);
  uint64_t mask = width == 64 ? UINT64_MAX : ((uint64_t)1 << width) - 1;
  uint64_t bits = test_random(), step = mask / (uint64_t)count + 1;
  for (int64_t i = 0; i < count; i++, bits += step) x[i] = from_bits(dtype, bits & mask);
  /* More of the subnormals, the least of all patterns. */
  for (int64_t i = 0; i < count; i += 32)
    x[i] = test_round(dtype, test_random_double(-1, 1) * test_smallest_normal(dtype));
  return x;
}

/* ---- Errors ---- */

static number spacing(eager_dtype dtype, number value) {
  int exponent;
  number size = fmaxl(fabsl(value), test_smallest_normal(dtype));
  frexpl(fminl(size, test_highest(dtype)), &exponent);
  return ldexpl(test_epsilon(dtype), exponent - 1);
}

static double error_of(eager_dtype dtype, double got, number expected) {
  if (isnan(got) || isnan(expected)) return isnan(got) && isnan(expected) ? 0 : INFINITY;
  if ((number)got == expected) return 0;
  number top = test_highest(dtype), unit = spacing(dtype, expected);
  /* Behind the largest number comes infinity, which what is beyond that becomes. */
  number next = top + spacing(dtype, top);
  number y = isinf(got) ? copysignl(next, got) : got;
  if (fabsl(expected) > next) expected = copysignl(next, expected);
  return (double)(fabsl(y - expected) / unit);
}

/* Without CL_FP_DENORM a device may take subnormals for zero, also in between; doubles have
 * them everywhere, and those of float16 are normal in float32, which it is computed in. */
static bool may_flush(eager_dtype dtype) {
  eager__device *device;
  assert_ok(eager__runtime_find_device(eager__runtime_get(), test_device(), &device));
  bool wide = dtype == EAGER_FLOAT32 || dtype == EAGER_BFLOAT16;
  return wide && !device->physical->facts.keeps_denormals;
}

static double allowed(eager_dtype dtype, double ulps) {
  if (dtype == EAGER_FLOAT16) return 0.501 + ulps * 0x1p-13;
  if (dtype == EAGER_BFLOAT16) return 0.501 + ulps * 0x1p-16;
  return ulps;
}

typedef struct worst {
  double error; /* the largest, of bad elements if there are any */
  int64_t at, bad;
} worst;

static void take(worst *w, double error, double limit, int64_t at) {
  bool bad = error > limit;
  if (bad > (w->bad > 0) || (bad == (w->bad > 0) && error > w->error)) {
    w->error = error;
    w->at = at;
  }
  w->bad += bad;
}

static bool is_tiny(eager_dtype dtype, number x) {
  return x != 0 && fabsl(x) < test_smallest_normal(dtype);
}

static void tell(const eager_tensor *y, const char *raw, eager_dtype dtype,
                 const worst *w) {
  if (test_errors_wanted()) test_errors_note(y, w->error, 0);
  if (getenv("EAGERCL_TEST_VERBOSE") != NULL)
    printf("ulp %s %s %s %.3g %s\n", test_device_info()->name, raw, eager_dtype_name(dtype),
           w->error, w->bad > 0 ? "FAILS" : "");
}

/* ---- Tests ---- */

/* One row does not hide the others. */
static bool is_bad(const eager_tensor *y, const char *text) {
  printf("%s\n", text);
  return !test_noted_wrong(y, text);
}

static number unary_value(const unary_case *c, eager_dtype dtype, double x) {
  return dtype == EAGER_FLOAT64 ? c->l(x) : c->f(x);
}

static int check_unary(const unary_case *c, eager_dtype dtype) {
  test_shape shape = {1, {how_many(dtype)}};
  double *x = all_over(dtype, shape.dims[0]);
  /* Below 0 its error is not relative to it. */
  if (strcmp(c->raw, "Lgamma") == 0)
    for (int64_t i = 0; i < shape.dims[0]; i++) x[i] = fabs(x[i]);
  eager_tensor *t = test_tensor(dtype, shape, x), *y;
  assert_ok(c->door(t, &y));
  const double *got = test_read(y);
  worst w = {0};
  bool flushes = may_flush(dtype);
  for (int64_t i = 0; i < shape.dims[0]; i++) {
    number expected = unary_value(c, dtype, x[i]);
    double error = error_of(dtype, got[i], expected);
    if (error > 0 && flushes && is_tiny(dtype, x[i]))
      error =
          fmin(error, error_of(dtype, got[i], unary_value(c, dtype, copysign(0, x[i]))));
    if (flushes && is_tiny(dtype, expected) && error <= 1 / test_epsilon(dtype)) continue;
    take(&w, error, allowed(dtype, c->ulps), i);
  }
  tell(y, c->raw, dtype, &w);
  const char *text = test_text("%s, %s: %" PRId64 " of %" PRId64
                               " off, by up to %.4g ulp: of %.9g %.9g, not %.9Lg",
                               c->raw, eager_dtype_name(dtype), w.bad, shape.dims[0],
                               w.error, x[w.at], got[w.at], unary_value(c, dtype, x[w.at]));
  bool bad = w.bad > 0 && is_bad(y, text);
  eager_tensor_release(y);
  eager_tensor_release(t);
  return bad;
}

static number binary_value(const binary_case *c, eager_dtype dtype, double a, double b) {
  return dtype == EAGER_FLOAT64 ? c->l(a, b) : c->f(a, b);
}

static int check_binary(const binary_case *c, eager_dtype dtype) {
  test_shape shape = {1, {how_many(dtype)}};
  double *a = all_over(dtype, shape.dims[0]), *b = all_over(dtype, shape.dims[0]);
  /* Half of them of like size, in another order. */
  for (int64_t i = 0; i < shape.dims[0]; i++)
    if (test_random() % 2 == 0)
      b[i] = test_round(dtype, a[i] * test_random_double(-4, 4));
    else
      b[i] = b[test_random_int(0, i)];
  if (strcmp(c->raw, "Pow") == 0)
    for (int64_t i = 0; i < shape.dims[0]; i++)
      if (i % 3 != 0)
        b[i] = test_round(dtype, test_random_double(-1, 1) * (i % 2 ? 1 : 60));
  eager_tensor *t = test_tensor(dtype, shape, a), *u = test_tensor(dtype, shape, b), *y;
  assert_ok(c->door(t, u, &y));
  const double *got = test_read(y);
  worst w = {0};
  bool flushes = may_flush(dtype);
  for (int64_t i = 0; i < shape.dims[0]; i++) {
    number expected = binary_value(c, dtype, a[i], b[i]);
    double error = error_of(dtype, got[i], expected);
    if (error > 0 && flushes && (is_tiny(dtype, a[i]) || is_tiny(dtype, b[i]))) {
      double p = is_tiny(dtype, a[i]) ? copysign(0, a[i]) : a[i];
      double q = is_tiny(dtype, b[i]) ? copysign(0, b[i]) : b[i];
      error = fmin(error, error_of(dtype, got[i], binary_value(c, dtype, p, q)));
      error = fmin(error, error_of(dtype, got[i], binary_value(c, dtype, p, b[i])));
      error = fmin(error, error_of(dtype, got[i], binary_value(c, dtype, a[i], q)));
    }
    if (flushes && is_tiny(dtype, expected) && error <= 1 / test_epsilon(dtype)) continue;
    take(&w, error, allowed(dtype, c->ulps), i);
  }
  tell(y, c->raw, dtype, &w);
  const char *text =
      test_text("%s, %s: %" PRId64 " of %" PRId64
                " off, by up to %.4g ulp: of %.9g and %.9g %.9g, not %.9Lg",
                c->raw, eager_dtype_name(dtype), w.bad, shape.dims[0], w.error, a[w.at],
                b[w.at], got[w.at], binary_value(c, dtype, a[w.at], b[w.at]));
  bool bad = w.bad > 0 && is_bad(y, text);
  eager_tensor_release(y);
  eager_tensor_release(t);
  eager_tensor_release(u);
  return bad;
}

static void check_dtype(eager_dtype dtype) {
  test_time_limit(300);
  test_enable();
  if (!test_has_arithmetic(dtype)) test_skip("no arithmetic in it here");
  if (!test_wants(NULL, dtype)) test_skip("not asked for");
  int bad = 0;
  for (int i = 0; i < UNARIES; i++)
    if (test_wants(unaries[i].raw, dtype)) bad += check_unary(&unaries[i], dtype);
  for (int i = 0; i < BINARIES; i++)
    if (test_wants(binaries[i].raw, dtype)) bad += check_binary(&binaries[i], dtype);
  if (bad > 0) fail_msg("%d ops are not within their bounds", bad);
}

static void of_float32(void **state) {
  (void)state;
  check_dtype(EAGER_FLOAT32);
}
static void of_float64(void **state) {
  (void)state;
  check_dtype(EAGER_FLOAT64);
}
static void of_float16(void **state) {
  (void)state;
  check_dtype(EAGER_FLOAT16);
}
static void of_bfloat16(void **state) {
  (void)state;
  check_dtype(EAGER_BFLOAT16);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(of_float32),
      cmocka_unit_test(of_float64),
      cmocka_unit_test(of_float16),
      cmocka_unit_test(of_bfloat16),
  };
  return test_main("ops/ulp", tests, sizeof tests / sizeof *tests);
}
