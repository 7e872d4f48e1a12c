/* Tensors of any dtype from doubles and back, and their comparison with a reference. */
#ifndef EAGER_TESTS_TEST_VALUES_H
#define EAGER_TESTS_TEST_VALUES_H

#include "base/dtype.h"
#include "base/shape.h"
#include "test.h"

/* Written (test_shape){2, {3, 4}}; rank 0 is (test_shape){0}. */
typedef eager__shape test_shape;

int64_t test_elements(test_shape shape); /* 1 for rank 0 */

/* ---- Dtypes ---- */

enum { TEST_DTYPES = 13 };
extern const eager_dtype test_dtypes[TEST_DTYPES];

/* Whether the lane can do arithmetic in it: all but float64 on some devices. */
bool test_has_arithmetic(eager_dtype dtype);

bool test_is_float(eager_dtype dtype);
/* 2^-23 for float32: the distance from 1 to the next number. 0 for integers and bool. */
double test_epsilon(eager_dtype dtype);
double test_lowest(eager_dtype dtype); /* finite */
double test_highest(eager_dtype dtype);
double test_smallest_normal(eager_dtype dtype); /* 1 for integers */

/* `value` as the dtype holds it: rounded to nearest even, or truncated and wrapped. */
double test_round(eager_dtype dtype, double value);

/* ---- Making tensors, on the thread's scope device; they fail the test, never return NULL.
 * The caller releases them, or a tidy scope does. ---- */

/* Every value is rounded by test_round first. */
eager_tensor *test_tensor(eager_dtype dtype, test_shape shape, const double *values);
/* For integers that a double cannot hold; uint64 as its bits. */
eager_tensor *test_tensor_int(eager_dtype dtype, test_shape shape, const int64_t *values);
eager_tensor *test_scalar(eager_dtype dtype, double value);
/* Equal to test_tensor, but as a view whose elements begin `offset` elements into a buffer
 * that has poison before and behind them: finds kernels that forget the element offset. */
eager_tensor *test_view(eager_dtype dtype, test_shape shape, const double *values,
                        int64_t offset);

/* Leaves a block with 0xA5 in all of its bytes in the pool of the scope's device, where the
 * next output of the same byte size finds it: a kernel that does not write an element is
 * seen. */
void test_poison(size_t byte_size);

/* Random values, rounded to the dtype, until the test ends. For bool 0 and 1. */
double *test_random_values(eager_dtype dtype, int64_t count, double low, double high);

/* ---- Reading: blocks; memory lives until the test ends ---- */

double *test_read(const eager_tensor *t);
int64_t *test_read_int(const eager_tensor *t); /* of an integer dtype or bool */

/* ---- Comparing ---- */

/* |got - expected| <= ulps * spacing(expected) + absolute, where spacing is the dtype's at
 * the expected value and never less than at its smallest normal number. {0} asks for the
 * rounded expected value exactly (0 and -0 are alike). NaN is met by NaN only, an infinity
 * by itself, or, when the expected value is within the tolerance of overflow, by the
 * largest numbers too. Say where the number of ulps comes from. */
typedef struct test_tolerance {
  double ulps, absolute;
} test_tolerance;

#define TEST_EXACT ((test_tolerance){0, 0})

/* Checks dtype, shape and every element, tells the first that differs with its indices,
 * and fails the test with `what` (a case's description; NULL: none). Integers and bool are
 * compared exactly when the tolerance is TEST_EXACT. */
void test_expect(const eager_tensor *t, eager_dtype dtype, test_shape shape,
                 const double *expected, test_tolerance tolerance, const char *what);
void test_expect_int(const eager_tensor *t, eager_dtype dtype, test_shape shape,
                     const int64_t *expected, const char *what);

/* The judgement on one element. */
bool test_is_close(eager_dtype dtype, double got, double expected,
                   test_tolerance tolerance);

/* Text for a case, until the test ends. */
const char *test_text(const char *format, ...) EAGER__PRINTF(1, 2);

#endif
