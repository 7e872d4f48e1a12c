/* Tensors of random bytes, compared byte for byte: what moves elements keeps every bit of
 * them. Included by one test file each. */
#ifndef EAGER_TESTS_OPS_BYTES_H
#define EAGER_TESTS_OPS_BYTES_H

#include "errors.h"
#include "tensor/buffer.h"
#include "tensor/tensor.h"

typedef struct bytes_tensor {
  eager_tensor *t; /* a view three elements into its buffer */
  uint8_t *bytes;  /* what it holds, until the test ends */
  size_t element;
} bytes_tensor;

static inline uint8_t *bytes_random(eager_dtype dtype, int64_t count) {
  size_t size = (size_t)count * eager_dtype_size(dtype);
  uint8_t *bytes = test_alloc(size + 1);
  for (size_t i = 0; i < size; i++) bytes[i] = (uint8_t)(test_random() >> 24);
  for (size_t i = 0; i < size && dtype == EAGER_BOOL; i++) bytes[i] &= 1;
  return bytes;
}

static inline bytes_tensor bytes_make(eager_dtype dtype, test_shape shape) {
  enum { LEAD = 3 };
  int64_t count = test_elements(shape), all = count + LEAD, begin = LEAD;
  bytes_tensor made = {.element = eager_dtype_size(dtype)};
  uint8_t *whole = bytes_random(dtype, all);
  eager_tensor *flat, *tail;
  assert_ok(eager_tensor_from_host(dtype, 1, &all, whole, &flat));
  assert_ok(eager_slice(flat, &begin, &count, &tail));
  assert_ok(eager_reshape(tail, shape.rank, shape.dims, &made.t));
  eager_tensor_release(flat);
  eager_tensor_release(tail);
  made.bytes = whole + LEAD * made.element;
  return made;
}

/* Checks shape, dtype and bytes; releases `t`. */
static inline void bytes_expect(eager_tensor *t, eager_dtype dtype, test_shape shape,
                                const uint8_t *expected, const char *what) {
  assert_int_equal(eager_tensor_dtype(t), dtype);
  assert_int_equal(eager_tensor_rank(t), shape.rank);
  for (int i = 0; i < shape.rank; i++)
    assert_int_equal(eager_tensor_dim(t, i), shape.dims[i]);
  size_t size = (size_t)test_elements(shape) * eager_dtype_size(dtype);
  uint8_t *got = test_alloc(size + 1);
  assert_ok(eager_tensor_to_host(t, got, size));
  size_t i = 0;
  while (i < size && got[i] == expected[i]) i++;
  if (i < size) {
    const char *text = test_text("%s, %s: byte %zu of %zu is 0x%02x, expected 0x%02x", what,
                                 eager_dtype_name(dtype), i, size, got[i], expected[i]);
    if (!test_noted_wrong(t, text)) fail_msg("%s", text);
  }
  eager_tensor_release(t);
}

/* `t` is the bytes of `whole` from its element `first` on: nothing has been moved. */
static inline void bytes_expect_view(const eager_tensor *whole, const eager_tensor *t,
                                     int64_t first) {
  assert_ptr_equal(t->buffer, whole->buffer);
  assert_int_equal(t->offset, whole->offset + first);
}

/* Every dtype in SYNC and ASYNC; `run` gets the number of a case, the same for both. */
static inline void bytes_each_dtype(int case_count, void (*run)(int i, eager_dtype dtype)) {
  static const eager_execution_mode modes[] = {EAGER_SYNC, EAGER_ASYNC};
  test_enable();
  for (int m = 0; m < 2; m++) {
    if (!test_wants_mode(modes[m])) continue;
    assert_ok(eager_set_thread_execution_mode(modes[m]));
    for (int d = 0; d < TEST_DTYPES; d++)
      for (int i = 0; i < case_count && test_wants(NULL, test_dtypes[d]); i++)
        if (test_sampled((uint64_t)((m * TEST_DTYPES + d) * case_count + i)))
          run(i, test_dtypes[d]);
  }
  assert_ok(eager_set_thread_execution_mode(EAGER_EXECUTION_AUTO));
}

static inline bool bytes_too_slow(test_shape shape) {
  return test_is_slow() && test_elements(shape) > 1500;
}

#endif
