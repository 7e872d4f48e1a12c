/* float16 and bfloat16 as bits. On integers but for one exact product: no rounding mode or
 * flush-to-zero setting of the calling thread changes a result. */
#include <stdint.h>
#include <string.h>

#include "eagercl/dtype.h"

static uint32_t bits_of(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}

static float float_of(uint32_t bits) {
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

/* bits / 2^shift to nearest even; bits + 2^shift does not overflow. */
static uint32_t shift_to_even(uint32_t bits, int shift) {
  uint32_t odd = bits >> shift & 1;
  return (bits + (1u << (shift - 1)) - 1 + odd) >> shift;
}

uint16_t eager_float_to_half(float v) {
  uint32_t bits = bits_of(v), sign = bits >> 16 & 0x8000, size = bits & 0x7fffffff;
  uint32_t half;
  if (size > 0x7f800000) { /* NaN: quiet, the top of its payload kept */
    half = 0x7e00 | (size >> 13 & 0x3ff);
  } else if (size >= 0x477ff000) { /* 65520, half-way to what would be the next number */
    half = 0x7c00;
  } else if (size >= 0x38800000) { /* 2^-14, the smallest normal half */
    half = shift_to_even(size - 0x38000000, 13);
  } else if (size > 0x33000000) { /* 2^-25, half of the smallest half */
    half = shift_to_even((size & 0x7fffff) | 0x800000, 126 - (int)(size >> 23));
  } else {
    half = 0;
  }
  return (uint16_t)(sign | half);
}

float eager_half_to_float(uint16_t v) {
  uint32_t sign = (uint32_t)(v & 0x8000) << 16, size = v & 0x7fff;
  if (size > 0x7c00) return float_of(sign | 0x7fc00000 | size << 13);
  if (size == 0x7c00) return float_of(sign | 0x7f800000);
  if (size >= 0x0400) return float_of(sign | ((size << 13) + 0x38000000));
  return float_of(sign | bits_of((float)size * 0x1p-24f));
}

uint16_t eager_float_to_bfloat16(float v) {
  uint32_t bits = bits_of(v);
  if ((bits & 0x7fffffff) > 0x7f800000) return (uint16_t)(bits >> 16 | 0x40);
  return (uint16_t)shift_to_even(bits, 16);
}

float eager_bfloat16_to_float(uint16_t v) {
  uint32_t bits = (uint32_t)v << 16;
  return float_of((bits & 0x7fffffff) > 0x7f800000 ? bits | 0x400000 : bits);
}
