/* Tensors against references. */
#include <inttypes.h>
#include <math.h>

#include "errors.h"

/* The distance between neighbours of the dtype at `value`. */
static double spacing(eager_dtype dtype, double value) {
  double size = fmax(fabs(value), test_smallest_normal(dtype));
  int exponent;
  frexp(fmin(size, test_highest(dtype)), &exponent);
  return ldexp(test_epsilon(dtype), exponent - 1);
}

bool test_is_close(eager_dtype dtype, double got, double expected,
                   test_tolerance tolerance) {
  if (isnan(expected) || isnan(got)) return isnan(expected) && isnan(got);
  if (got == expected) return true;
  if (tolerance.ulps == 0 && tolerance.absolute == 0)
    return got == test_round(dtype, expected);
  if (!test_is_float(dtype)) return fabs(got - expected) <= tolerance.absolute;
  if (isinf(expected)) return false;
  double allowed = tolerance.ulps * spacing(dtype, expected) + tolerance.absolute;
  /* Half a spacing above the highest number rounds to infinity. */
  if (isinf(got)) {
    double edge = test_highest(dtype) + spacing(dtype, test_highest(dtype)) / 2;
    return signbit(got) == signbit(expected) && fabs(expected) + allowed >= edge;
  }
  return fabs(got - expected) <= allowed;
}

static const char *index_text(test_shape shape, int64_t position) {
  int64_t index[EAGER__MAX_RANK];
  for (int axis = shape.rank - 1; axis >= 0; axis--) {
    index[axis] = position % shape.dims[axis];
    position /= shape.dims[axis];
  }
  char *text = test_alloc(256);
  size_t used = (size_t)snprintf(text, 256, "[");
  for (int axis = 0; axis < shape.rank; axis++)
    used += (size_t)snprintf(text + used, 256 - used, "%s%" PRId64, axis > 0 ? "," : "",
                             index[axis]);
  snprintf(text + used, 256 - used, "]");
  return text;
}

/* Fails the test, or has it noted. */
static void wrong_result(const eager_tensor *t, const char *text) {
  if (!test_noted_wrong(t, text)) fail_msg("%s", text);
}

static bool has_form(const eager_tensor *t, eager_dtype dtype, test_shape shape,
                     const char *what) {
  assert_non_null(t);
  test_shape got = {.rank = eager_tensor_rank(t)};
  memcpy(got.dims, eager_tensor_dims(t), (size_t)got.rank * sizeof got.dims[0]);
  if (eager_tensor_dtype(t) == dtype && eager__shape_equal(&got, &shape)) return true;
  char got_text[EAGER__SHAPE_TEXT], expected_text[EAGER__SHAPE_TEXT];
  wrong_result(t, test_text("%s: got %s %s, expected %s %s", what != NULL ? what : "result",
                            eager_dtype_name(eager_tensor_dtype(t)),
                            eager__shape_text(&got, got_text), eager_dtype_name(dtype),
                            eager__shape_text(&shape, expected_text)));
  return false;
}

/* What of it is right, for docs/ops.md. */
static void note_errors(const eager_tensor *t, eager_dtype dtype, int64_t count,
                        const double *got, const double *expected,
                        test_tolerance tolerance) {
  double ulps = 0, share = 0;
  for (int64_t i = 0; i < count && test_is_float(dtype); i++) {
    if (!isfinite(got[i]) || !isfinite(expected[i])) continue;
    double off = fabs(got[i] - expected[i]), unit = spacing(dtype, expected[i]);
    if (tolerance.absolute > 0)
      share = fmax(share, off / (tolerance.ulps * unit + tolerance.absolute));
    else
      ulps = fmax(ulps, off / unit);
  }
  test_errors_note(t, ulps, share);
}

void test_expect(const eager_tensor *t, eager_dtype dtype, test_shape shape,
                 const double *expected, test_tolerance tolerance, const char *what) {
  if (!has_form(t, dtype, shape, what)) return;
  const double *got = test_read(t);
  int64_t count = test_elements(shape), first = -1, wrong = 0;
  for (int64_t i = 0; i < count; i++) {
    if (test_is_close(dtype, got[i], expected[i], tolerance)) continue;
    if (first < 0) first = i;
    wrong++;
  }
  if ((wrong == 0 || test_listens != NULL) && test_errors_wanted())
    note_errors(t, dtype, count, got, expected, tolerance);
  if (wrong == 0) return;
  double off = test_is_float(dtype)
                   ? fabs(got[first] - expected[first]) / spacing(dtype, expected[first])
                   : fabs(got[first] - expected[first]);
  wrong_result(t, test_text("%s (%s): %" PRId64 " of %" PRId64
                            " elements wrong; at %s got %.17g, expected "
                            "%.17g: off by %.4g %s, allowed %g + %g",
                            what != NULL ? what : "result", eager_dtype_name(dtype), wrong,
                            count, index_text(shape, first), got[first], expected[first],
                            off, test_is_float(dtype) ? "ulp" : "", tolerance.ulps,
                            tolerance.absolute));
}

void test_expect_int(const eager_tensor *t, eager_dtype dtype, test_shape shape,
                     const int64_t *expected, const char *what) {
  if (!has_form(t, dtype, shape, what)) return;
  const int64_t *got = test_read_int(t);
  int64_t i = 0, count = test_elements(shape);
  while (i < count && got[i] == expected[i]) i++;
  if (i == count) return;
  wrong_result(t, test_text("%s (%s): at %s got %" PRId64 ", expected %" PRId64,
                            what != NULL ? what : "result", eager_dtype_name(dtype),
                            index_text(shape, i), got[i], expected[i]));
}
