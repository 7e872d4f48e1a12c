#include "test_values.h"

#include <math.h>

const eager_dtype test_dtypes[TEST_DTYPES] = {
    EAGER_FLOAT32, EAGER_FLOAT64, EAGER_FLOAT16, EAGER_BFLOAT16, EAGER_INT8,
    EAGER_INT16,   EAGER_INT32,   EAGER_INT64,   EAGER_UINT8,    EAGER_UINT16,
    EAGER_UINT32,  EAGER_UINT64,  EAGER_BOOL,
};

/* Bits of the significand, the leading one included, and exponents as frexp gives them. */
typedef struct float_format {
  eager_dtype dtype;
  int digits, min_exponent, max_exponent;
} float_format;

static const float_format *format_of(eager_dtype dtype) {
  static const float_format formats[] = {
      {EAGER_FLOAT32, 24, -125, 128},
      {EAGER_FLOAT64, 53, -1021, 1024},
      {EAGER_FLOAT16, 11, -13, 16},
      {EAGER_BFLOAT16, 8, -125, 128},
  };
  for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++)
    if (formats[i].dtype == dtype) return &formats[i];
  return NULL;
}

int64_t test_elements(test_shape shape) {
  int64_t count = 1;
  for (int i = 0; i < shape.rank; i++) count *= shape.dims[i];
  return count;
}

bool test_has_arithmetic(eager_dtype dtype) {
  return dtype != EAGER_FLOAT64 || test_device_info()->has_float64;
}

bool test_tries(const char *op, eager_dtype dtype) {
  return test_wants(op, dtype) && test_has_arithmetic(dtype);
}

bool test_is_float(eager_dtype dtype) {
  return format_of(dtype) != NULL;
}

double test_epsilon(eager_dtype dtype) {
  const float_format *f = format_of(dtype);
  return f != NULL ? ldexp(1, 1 - f->digits) : 0;
}

double test_smallest_normal(eager_dtype dtype) {
  const float_format *f = format_of(dtype);
  return f != NULL ? ldexp(1, f->min_exponent - 1) : 1;
}

double test_highest(eager_dtype dtype) {
  const float_format *f = format_of(dtype);
  if (f != NULL) return ldexp(2 - ldexp(1, 1 - f->digits), f->max_exponent - 1);
  if (dtype == EAGER_BOOL) return 1;
  int bits = 8 * (int)eager_dtype_size(dtype);
  bool is_signed = eager__dtype(dtype)->kind == EAGER__KIND_INT;
  return ldexp(1, bits - is_signed) - 1;
}

double test_lowest(eager_dtype dtype) {
  if (test_is_float(dtype)) return -test_highest(dtype);
  if (eager__dtype(dtype)->kind != EAGER__KIND_INT) return 0;
  return -ldexp(1, 8 * (int)eager_dtype_size(dtype) - 1);
}

double test_round(eager_dtype dtype, double value) {
  unsigned char element[8] = {0};
  eager__encode_double(dtype, value, element);
  return eager__decode_double(dtype, element);
}

/* ---- Making ---- */

static eager_tensor *from_bytes(eager_dtype dtype, test_shape shape, const void *bytes) {
  eager_tensor *t = NULL;
  assert_ok(eager_tensor_from_host(dtype, shape.rank, shape.dims, bytes, &t));
  return t;
}

static unsigned char *encoded(eager_dtype dtype, int64_t count, const double *values) {
  size_t size = eager_dtype_size(dtype);
  unsigned char *bytes = test_alloc((size_t)count * size);
  for (int64_t i = 0; i < count; i++)
    eager__encode_double(dtype, values[i], bytes + (size_t)i * size);
  return bytes;
}

eager_tensor *test_tensor(eager_dtype dtype, test_shape shape, const double *values) {
  return from_bytes(dtype, shape, encoded(dtype, test_elements(shape), values));
}

eager_tensor *test_tensor_int(eager_dtype dtype, test_shape shape, const int64_t *values) {
  size_t size = eager_dtype_size(dtype), count = (size_t)test_elements(shape);
  unsigned char *bytes = test_alloc(count * size);
  for (size_t i = 0; i < count; i++) eager__encode_int(dtype, values[i], bytes + i * size);
  return from_bytes(dtype, shape, bytes);
}

eager_tensor *test_scalar(eager_dtype dtype, double value) {
  return test_tensor(dtype, (test_shape){0}, &value);
}

eager_tensor *test_view(eager_dtype dtype, test_shape shape, const double *values,
                        int64_t offset) {
  enum { BEHIND = 3 };
  int64_t count = test_elements(shape), all = offset + count + BEHIND;
  size_t size = eager_dtype_size(dtype);
  unsigned char *bytes = test_alloc((size_t)all * size);
  memset(bytes, 0xA5, (size_t)all * size);
  for (int64_t i = 0; i < count; i++)
    eager__encode_double(dtype, values[i], bytes + (size_t)(offset + i) * size);
  eager_tensor *whole = from_bytes(dtype, (test_shape){1, {all}}, bytes);
  eager_tensor *part = NULL, *view = NULL;
  assert_ok(eager_slice(whole, &offset, &count, &part));
  assert_ok(eager_reshape(part, shape.rank, shape.dims, &view));
  eager_tensor_release(part);
  eager_tensor_release(whole);
  return view;
}

void test_poison(size_t byte_size) {
  if (byte_size == 0) return;
  void *bytes = malloc(byte_size);
  assert_non_null(bytes);
  memset(bytes, 0xA5, byte_size);
  eager_tensor *t = NULL;
  int64_t count = (int64_t)byte_size;
  eager_status status = eager_tensor_from_host(EAGER_UINT8, 1, &count, bytes, &t);
  free(bytes);
  assert_ok(status);
  eager_tensor_release(t);
}

double *test_random_values(eager_dtype dtype, int64_t count, double low, double high) {
  double *values = test_alloc((size_t)count * sizeof *values);
  for (int64_t i = 0; i < count; i++)
    values[i] = dtype == EAGER_BOOL ? (double)(test_random() >> 63)
                                    : test_round(dtype, test_random_double(low, high));
  return values;
}

/* ---- Reading ---- */

static unsigned char *bytes_of(const eager_tensor *t) {
  size_t size = eager_tensor_byte_size(t);
  unsigned char *bytes = test_alloc(size);
  assert_ok(eager_tensor_to_host(t, bytes, size));
  return bytes;
}

double *test_read(const eager_tensor *t) {
  const unsigned char *bytes = bytes_of(t);
  size_t count = (size_t)eager_tensor_num_elements(t);
  size_t size = eager_dtype_size(eager_tensor_dtype(t));
  double *values = test_alloc(count * sizeof *values);
  for (size_t i = 0; i < count; i++)
    values[i] = eager__decode_double(eager_tensor_dtype(t), bytes + i * size);
  return values;
}

static int64_t decoded_int(const unsigned char *element, size_t size, bool is_signed) {
  uint64_t bits = 0;
  for (size_t i = 0; i < size; i++) {
    uint16_t one = 1;
    bool is_little = *(unsigned char *)&one == 1;
    bits |= (uint64_t)element[is_little ? i : size - 1 - i] << 8 * i;
  }
  if (is_signed && size < 8 && bits >> (8 * size - 1)) bits |= UINT64_MAX << 8 * size;
  return (int64_t)bits;
}

int64_t *test_read_int(const eager_tensor *t) {
  const unsigned char *bytes = bytes_of(t);
  size_t count = (size_t)eager_tensor_num_elements(t);
  const eager__dtype_row *row = eager__dtype(eager_tensor_dtype(t));
  size_t size = (size_t)row->size;
  int64_t *values = test_alloc(count * sizeof *values);
  for (size_t i = 0; i < count; i++)
    values[i] = decoded_int(bytes + i * size, size, row->kind == EAGER__KIND_INT);
  return values;
}

const char *test_text(const char *format, ...) {
  enum { SIZE = 1024 };
  char *text = test_alloc(SIZE);
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, SIZE, format, arguments);
  va_end(arguments);
  return text;
}
