/* Rows of keys with ties and every special value, and their order by the host. Included by
 * the tests of ops that sort and search. */
#ifndef EAGER_TESTS_OPS_SORTING_H
#define EAGER_TESTS_OPS_SORTING_H

#include <math.h>

#include "test_values.h"

/* ---- Elements as they are, in 64 bits ---- */

/* NaN is greater than all and equal to itself, -0 equals 0. */
static inline int sorting_compare(eager_dtype dtype, uint64_t x, uint64_t y) {
  if (dtype == EAGER_INT64) return ((int64_t)x > (int64_t)y) - ((int64_t)x < (int64_t)y);
  if (dtype == EAGER_UINT64) return (x > y) - (x < y);
  double a = eager__decode_double(dtype, &x), b = eager__decode_double(dtype, &y);
  if (isnan(a) || isnan(b)) return !!isnan(a) - !!isnan(b);
  return (a > b) - (a < b);
}

enum { SORTING_KINDS = 6 };
/* How the elements of a row are chosen. */
typedef enum sorting_kind {
  SORTING_BITS, /* any bits: many NaNs and denormals among 16-bit floats */
  SORTING_FEW,  /* eight values */
  SORTING_EQUAL,
  SORTING_RISING,
  SORTING_FALLING,
  SORTING_SPECIAL,
} sorting_kind;

static inline uint64_t sorting_encode(eager_dtype dtype, double value) {
  uint64_t bits = 0;
  eager__encode_double(dtype, value, &bits);
  return bits;
}

static inline uint64_t sorting_special(eager_dtype dtype) {
  int size = (int)eager_dtype_size(dtype) * 8;
  uint64_t sign = UINT64_C(1) << (size - 1), all = sign | (sign - 1);
  switch (test_random_int(0, 9)) {
  case 0:
    return 0;
  case 1:
    return sign; /* -0, the least int */
  case 2:
    return sign - 1; /* a NaN, the greatest int */
  case 3:
    return all; /* a NaN with the sign */
  case 4:
    return 1; /* a denormal */
  case 5:
    return sign | 1;
  case 6:
    return test_is_float(dtype) ? sorting_encode(dtype, INFINITY) : 2;
  case 7:
    return test_is_float(dtype) ? sorting_encode(dtype, -INFINITY) : 3;
  case 8:
    return test_is_float(dtype) ? sorting_encode(dtype, NAN) : 4;
  default:
    return sorting_encode(dtype, 1);
  }
}

static inline uint64_t sorting_element(eager_dtype dtype, sorting_kind kind, int64_t i,
                                       int64_t count) {
  int size = (int)eager_dtype_size(dtype) * 8;
  uint64_t mask = size == 64 ? UINT64_MAX : (UINT64_C(1) << size) - 1;
  switch (kind) {
  case SORTING_BITS:
    return test_random() & mask;
  case SORTING_FEW:
    return sorting_encode(dtype, (double)test_random_int(0, 7));
  case SORTING_EQUAL:
    return sorting_encode(dtype, 3);
  case SORTING_RISING:
    return sorting_encode(dtype, size == 8 ? (double)(i * 100 / count) : (double)i);
  case SORTING_FALLING:
    return sorting_encode(dtype, size == 8 ? (double)((count - i) * 100 / count)
                                           : (double)(count - i));
  default:
    return sorting_special(dtype);
  }
}

/* ---- Tensors ---- */

typedef struct sorting_tensor {
  eager_tensor *t; /* a view three elements into its buffer */
  uint64_t *bits;  /* its elements, until the test ends */
  uint8_t *bytes;
} sorting_tensor;

static inline sorting_tensor sorting_from_bits(eager_dtype dtype, test_shape shape,
                                               const uint64_t *bits) {
  enum { LEAD = 3 };
  size_t element = eager_dtype_size(dtype);
  int64_t count = test_elements(shape), all = count + LEAD, begin = LEAD;
  sorting_tensor made = {.bits = test_alloc((size_t)(count + 1) * sizeof *made.bits)};
  uint8_t *whole = test_alloc((size_t)all * element);
  memset(whole, 0xA5, LEAD * element);
  if (dtype == EAGER_BOOL) memset(whole, 1, LEAD);
  made.bytes = whole + LEAD * element;
  for (int64_t i = 0; i < count; i++) {
    made.bits[i] = bits[i];
    memcpy(made.bytes + (size_t)i * element, &bits[i], element);
  }
  eager_tensor *flat, *tail;
  assert_ok(eager_tensor_from_host(dtype, 1, &all, whole, &flat));
  assert_ok(eager_slice(flat, &begin, &count, &tail));
  assert_ok(eager_reshape(tail, shape.rank, shape.dims, &made.t));
  eager_tensor_release(flat);
  eager_tensor_release(tail);
  return made;
}

static inline sorting_tensor sorting_make(eager_dtype dtype, test_shape shape,
                                          sorting_kind kind) {
  int64_t count = test_elements(shape);
  uint64_t *bits = test_alloc((size_t)(count + 1) * sizeof *bits);
  for (int64_t i = 0; i < count; i++) {
    bits[i] = sorting_element(dtype, kind, i, count);
    if (dtype == EAGER_BOOL) bits[i] &= 1;
  }
  return sorting_from_bits(dtype, shape, bits);
}

/* ---- The host's order ---- */

typedef struct sorting_pair {
  uint64_t bits;
  int64_t place;
  eager_dtype dtype;
  int sign; /* -1: descending */
} sorting_pair;

static inline int sorting_before(const void *x, const void *y) {
  const sorting_pair *a = x, *b = y;
  int order = a->sign * sorting_compare(a->dtype, a->bits, b->bits);
  return order ? order : (a->place > b->place) - (a->place < b->place);
}

/* places[j] of elements `stride` apart: where the j-th in order is. */
static inline void sorting_places(eager_dtype dtype, const uint64_t *bits, int64_t count,
                                  int64_t stride, bool descending, int64_t *places) {
  sorting_pair *pairs = malloc((size_t)(count + 1) * sizeof *pairs);
  assert_non_null(pairs);
  for (int64_t i = 0; i < count; i++)
    pairs[i] = (sorting_pair){bits[i * stride], i, dtype, descending ? -1 : 1};
  qsort(pairs, (size_t)count, sizeof *pairs, sorting_before);
  for (int64_t i = 0; i < count; i++) places[i] = pairs[i].place;
  free(pairs);
}

/* Checks dtype, shape and every bit against `bits`; releases `t`. */
static inline void sorting_expect(eager_tensor *t, eager_dtype dtype, test_shape shape,
                                  const uint64_t *bits, const char *what) {
  assert_int_equal(eager_tensor_dtype(t), dtype);
  assert_int_equal(eager_tensor_rank(t), shape.rank);
  for (int i = 0; i < shape.rank; i++)
    assert_int_equal(eager_tensor_dim(t, i), shape.dims[i]);
  size_t element = eager_dtype_size(dtype), count = (size_t)test_elements(shape);
  uint8_t *got = test_alloc(count * element + 1);
  assert_ok(eager_tensor_to_host(t, got, count * element));
  for (size_t i = 0; i < count; i++) {
    uint64_t value = 0;
    memcpy(&value, got + i * element, element);
    if (value != bits[i])
      fail_msg("%s, %s: element %zu of %zu has bits 0x%llx, expected 0x%llx", what,
               eager_dtype_name(dtype), i, count, (unsigned long long)value,
               (unsigned long long)bits[i]);
  }
  eager_tensor_release(t);
}

static inline bool sorting_too_slow(test_shape shape) {
  return test_is_slow() && test_elements(shape) > 400;
}

#endif
