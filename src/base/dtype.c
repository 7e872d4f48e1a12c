#include "base/dtype.h"

#include <assert.h>
#include <math.h>
#include <string.h>

static const eager__dtype_row unknown = {.name = "unknown",
                                         .tf_name = "unknown",
                                         .kind = EAGER__KIND_NONE,
                                         .size = 0,
                                         .stored = "",
                                         .computed = "",
                                         .npy = ""};

static const eager__dtype_row rows[] = {
    [EAGER_FLOAT32] = {"float32", "float", EAGER__KIND_FLOAT, 4, "float", "float", "f4"},
    [EAGER_FLOAT64] = {"float64", "double", EAGER__KIND_FLOAT, 8, "double", "double", "f8"},
    [EAGER_INT32] = {"int32", "int32", EAGER__KIND_INT, 4, "int", "int", "i4"},
    [EAGER_UINT8] = {"uint8", "uint8", EAGER__KIND_UINT, 1, "uchar", "uchar", "u1"},
    [EAGER_INT16] = {"int16", "int16", EAGER__KIND_INT, 2, "short", "short", "i2"},
    [EAGER_INT8] = {"int8", "int8", EAGER__KIND_INT, 1, "char", "char", "i1"},
    [EAGER_INT64] = {"int64", "int64", EAGER__KIND_INT, 8, "long", "long", "i8"},
    [EAGER_BOOL] = {"bool", "bool", EAGER__KIND_BOOL, 1, "uchar", "uchar", "b1"},
    [EAGER_BFLOAT16] = {"bfloat16", "bfloat16", EAGER__KIND_FLOAT, 2, "ushort", "float",
                        "V2"},
    [EAGER_UINT16] = {"uint16", "uint16", EAGER__KIND_UINT, 2, "ushort", "ushort", "u2"},
    [EAGER_FLOAT16] = {"float16", "half", EAGER__KIND_FLOAT, 2, "ushort", "float", "f2"},
    [EAGER_UINT32] = {"uint32", "uint32", EAGER__KIND_UINT, 4, "uint", "uint", "u4"},
    [EAGER_UINT64] = {"uint64", "uint64", EAGER__KIND_UINT, 8, "ulong", "ulong", "u8"},
};
static_assert(sizeof rows / sizeof *rows == EAGER__DTYPE_END, "EAGER__DTYPE_END");

bool eager__dtype_is_valid(eager_dtype dtype) {
  size_t index = (size_t)dtype;
  return index < EAGER__DTYPE_END && rows[index].size > 0;
}

const eager__dtype_row *eager__dtype(eager_dtype dtype) {
  return eager__dtype_is_valid(dtype) ? &rows[dtype] : &unknown;
}

size_t eager_dtype_size(eager_dtype dtype) {
  return (size_t)eager__dtype(dtype)->size;
}

const char *eager_dtype_name(eager_dtype dtype) {
  return eager__dtype(dtype)->name;
}

/* Rounds to odd: what is lost is kept as a sticky last bit. Rounding the result on to 16
 * bits is then the same as rounding `value` once. */
static float narrow_sticky(double value) {
  float narrow = (float)value;
  if (isnan(value) || (double)narrow == value) return narrow;
  uint32_t bits;
  memcpy(&bits, &narrow, sizeof bits);
  if (fabs((double)narrow) > fabs(value)) bits--;
  bits |= 1;
  memcpy(&narrow, &bits, sizeof narrow);
  return narrow;
}

/* As above: the 53 bits a double holds, the lowest of them sticky. */
static double widen_sticky(int64_t value) {
  uint64_t size = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
  if (size >> 53 != 0) size = (size & ~UINT64_C(0x7ff)) | ((size & 0x7ff) != 0 ? 0x800 : 0);
  return value < 0 ? -(double)size : (double)size;
}

/* Modulo 2^64, in two's complement. */
static uint64_t wrap(double value) {
  if (!isfinite(value)) return 0;
  uint64_t size = (uint64_t)fmod(fabs(trunc(value)), 0x1p64);
  return value < 0 ? 0 - size : size;
}

static void put16(void *out, uint16_t value) {
  memcpy(out, &value, sizeof value);
}

static void put32(void *out, uint32_t value) {
  memcpy(out, &value, sizeof value);
}

static void put_float(void *out, float value) {
  memcpy(out, &value, sizeof value);
}

static void put_double(void *out, double value) {
  memcpy(out, &value, sizeof value);
}

static void put_integer(int size, uint64_t value, void *out) {
  switch (size) {
  case 1:
    *(uint8_t *)out = (uint8_t)value;
    break;
  case 2:
    put16(out, (uint16_t)value);
    break;
  case 4:
    put32(out, (uint32_t)value);
    break;
  case 8:
    memcpy(out, &value, sizeof value);
    break;
  default:
    break;
  }
}

void eager__encode_int(eager_dtype dtype, int64_t value, void *out) {
  switch (dtype) {
  case EAGER_FLOAT32:
    put_float(out, (float)value);
    break;
  case EAGER_FLOAT64:
    put_double(out, (double)value);
    break;
  case EAGER_FLOAT16:
  case EAGER_BFLOAT16:
    eager__encode_double(dtype, widen_sticky(value), out);
    break;
  case EAGER_BOOL:
    put_integer(1, value != 0, out);
    break;
  default:
    put_integer(eager__dtype(dtype)->size, (uint64_t)value, out);
    break;
  }
}

void eager__encode_double(eager_dtype dtype, double value, void *out) {
  switch (dtype) {
  case EAGER_FLOAT32:
    put_float(out, (float)value);
    break;
  case EAGER_FLOAT64:
    put_double(out, value);
    break;
  case EAGER_FLOAT16:
    put16(out, eager_float_to_half(narrow_sticky(value)));
    break;
  case EAGER_BFLOAT16:
    put16(out, eager_float_to_bfloat16(narrow_sticky(value)));
    break;
  case EAGER_BOOL:
    put_integer(1, value != 0, out);
    break;
  default:
    put_integer(eager__dtype(dtype)->size, wrap(value), out);
    break;
  }
}

static uint64_t get_unsigned(int size, const void *element) {
  uint16_t two;
  uint32_t four;
  uint64_t eight;
  switch (size) {
  case 1:
    return *(const uint8_t *)element;
  case 2:
    memcpy(&two, element, sizeof two);
    return two;
  case 4:
    memcpy(&four, element, sizeof four);
    return four;
  default:
    memcpy(&eight, element, sizeof eight);
    return eight;
  }
}

static double get_float(eager_dtype dtype, const void *element) {
  float narrow;
  double wide;
  switch (dtype) {
  case EAGER_FLOAT16:
    return (double)eager_half_to_float((uint16_t)get_unsigned(2, element));
  case EAGER_BFLOAT16:
    return (double)eager_bfloat16_to_float((uint16_t)get_unsigned(2, element));
  case EAGER_FLOAT32:
    memcpy(&narrow, element, sizeof narrow);
    return (double)narrow;
  default:
    memcpy(&wide, element, sizeof wide);
    return wide;
  }
}

static double get_signed(int size, const void *element) {
  uint64_t bits = get_unsigned(size, element);
  uint64_t sign = UINT64_C(1) << (8 * size - 1);
  return (bits & sign) == 0 ? (double)bits : -(double)(sign - (bits ^ sign));
}

double eager__decode_double(eager_dtype dtype, const void *element) {
  const eager__dtype_row *row = eager__dtype(dtype);
  switch (row->kind) {
  case EAGER__KIND_BOOL:
    return get_unsigned(row->size, element) != 0 ? 1 : 0;
  case EAGER__KIND_INT:
    return get_signed(row->size, element);
  case EAGER__KIND_UINT:
    return (double)get_unsigned(row->size, element);
  case EAGER__KIND_FLOAT:
    return get_float(dtype, element);
  case EAGER__KIND_NONE:
    break;
  }
  return 0;
}
