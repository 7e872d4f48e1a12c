#include "random/value.h"

#include <math.h>

static void *zeroed(size_t size) {
  void *memory = calloc(1, size ? size : 1);
  if (memory == NULL) {
    fprintf(stderr, "no memory for %zu bytes\n", size);
    abort();
  }
  return memory;
}

rp_value *rp_value_new(eager_dtype dtype, test_shape shape) {
  int64_t count = 1;
  for (int i = 0; i < shape.rank; i++) {
    if (shape.dims[i] > RP_MOST_ELEMENTS) return NULL;
    count *= shape.dims[i];
    if (count > RP_MOST_ELEMENTS) return NULL;
  }
  rp_value *value = zeroed(sizeof *value);
  value->dtype = dtype;
  value->shape = shape;
  value->count = count;
  value->size = eager_dtype_size(dtype);
  value->bytes = zeroed((size_t)count * value->size);
  return value;
}

void rp_value_free(rp_value *value) {
  if (value == NULL) return;
  free(value->bytes);
  free(value);
}

/* --- Elements --- */

bool rp_is_unsigned(eager_dtype dtype) {
  return dtype == EAGER_UINT8 || dtype == EAGER_UINT16 || dtype == EAGER_UINT32 ||
         dtype == EAGER_UINT64 || dtype == EAGER_BOOL;
}

int rp_bits(eager_dtype dtype) {
  return 8 * (int)eager_dtype_size(dtype);
}

static uint64_t raw(const void *element, size_t size) {
  uint64_t bits = 0;
  memcpy(&bits, element, size);
  return bits;
}

static double float_of(eager_dtype dtype, const void *element) {
  uint64_t bits = raw(element, eager_dtype_size(dtype));
  float narrow;
  double wide;
  switch (dtype) {
  case EAGER_FLOAT64:
    memcpy(&wide, &bits, sizeof wide);
    return wide;
  case EAGER_FLOAT16:
    return eager_half_to_float((uint16_t)bits);
  case EAGER_BFLOAT16:
    return eager_bfloat16_to_float((uint16_t)bits);
  default: {
    uint32_t low = (uint32_t)bits;
    memcpy(&narrow, &low, sizeof narrow);
    return narrow;
  }
  }
}

int64_t rp_get_int(const rp_value *value, int64_t i) {
  uint64_t bits = raw(value->bytes + (size_t)i * value->size, value->size);
  if (rp_is_unsigned(value->dtype) || value->size == 8) return (int64_t)bits;
  uint64_t sign = UINT64_C(1) << (8 * value->size - 1);
  return (int64_t)((bits ^ sign) - sign);
}

double rp_get(const rp_value *value, int64_t i) {
  if (test_is_float(value->dtype))
    return float_of(value->dtype, value->bytes + (size_t)i * value->size);
  int64_t v = rp_get_int(value, i);
  return value->dtype == EAGER_UINT64 ? (double)(uint64_t)v : (double)v;
}

void rp_set_int(rp_value *value, int64_t i, int64_t v) {
  uint64_t bits = (uint64_t)v;
  if (value->dtype == EAGER_BOOL) bits = bits != 0;
  memcpy(value->bytes + (size_t)i * value->size, &bits, value->size);
}

void rp_set(rp_value *value, int64_t i, double v) {
  unsigned char *place = value->bytes + (size_t)i * value->size;
  float narrow = (float)v;
  uint16_t half;
  switch (value->dtype) {
  case EAGER_FLOAT64:
    memcpy(place, &v, sizeof v);
    return;
  case EAGER_FLOAT32:
    memcpy(place, &narrow, sizeof narrow);
    return;
  case EAGER_FLOAT16:
    half = eager_float_to_half(narrow);
    break;
  case EAGER_BFLOAT16:
    half = eager_float_to_bfloat16(narrow);
    break;
  default:
    rp_set_int(value, i, (int64_t)v);
    return;
  }
  memcpy(place, &half, sizeof half);
}

void rp_move(rp_value *to, int64_t i, const rp_value *from, int64_t j) {
  memcpy(to->bytes + (size_t)i * to->size, from->bytes + (size_t)j * from->size, to->size);
}

/* --- Data --- */

static uint64_t next(uint64_t *state) {
  uint64_t z = *state += 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

static void shuffle(rp_value *value, uint64_t *state) {
  for (int64_t i = 0; i < value->count; i++) rp_set_int(value, i, i);
  for (int64_t i = value->count - 1; i > 0; i--) {
    int64_t j = (int64_t)(next(state) % (uint64_t)(i + 1));
    int64_t a = rp_get_int(value, i), b = rp_get_int(value, j);
    rp_set_int(value, i, b);
    rp_set_int(value, j, a);
  }
}

static void fill_one(rp_value *value, int64_t i, rp_fill fill, uint64_t chance) {
  static const double special[] = {NAN, INFINITY, -INFINITY, -0.0};
  uint64_t range = (uint64_t)(fill.high - fill.low) + 1;
  double v = (double)(fill.low + (int64_t)(chance % range));
  bool is_float = test_is_float(value->dtype);
  if (is_float && fill.kind == RP_FILL_HALVES && (chance >> 40) % 2 && v < fill.high)
    v += 0.5;
  if (is_float && fill.kind == RP_FILL_SPECIAL && (chance >> 40) % 5 == 0)
    v = special[(chance >> 50) % 4];
  if (is_float)
    rp_set(value, i, v);
  else
    rp_set_int(value, i, (int64_t)v);
}

void rp_fill_value(rp_value *value, rp_fill fill) {
  uint64_t state = fill.seed;
  int64_t rising = fill.low;
  if (fill.kind == RP_FILL_PERMUTATION) shuffle(value, &state);
  if (fill.kind == RP_FILL_PERMUTATION || fill.kind == RP_FILL_ZERO) return;
  for (int64_t i = 0; i < value->count; i++) {
    uint64_t chance = next(&state);
    if (fill.kind == RP_FILL_BITS) {
      if (value->dtype == EAGER_BOOL) chance &= 1;
      memcpy(value->bytes + (size_t)i * value->size, &chance, value->size);
    } else if (fill.kind == RP_FILL_RISING) {
      if (rising < fill.high && i > 0) rising += (int64_t)(chance % 2);
      rp_set_int(value, i, rising);
    } else if (fill.kind == RP_FILL_COUNT) {
      rp_set(value, i, (double)(i % 7));
    } else {
      fill_one(value, i, fill, chance);
    }
  }
}

/* --- What is exact --- */

bool rp_is_plain(const rp_value *value) {
  if (!test_is_float(value->dtype)) return true;
  for (int64_t i = 0; i < value->count; i++) {
    double v = rp_get(value, i);
    if (isnan(v) || isinf(v)) continue;
    if (fabs(v) > 0x1p20 || v * 8 != floor(v * 8)) return false;
  }
  return true;
}

double rp_absolute_sum(const rp_value *value) {
  double sum = 0;
  for (int64_t i = 0; i < value->count; i++) {
    double v = rp_get(value, i);
    if (isfinite(v)) sum += fabs(v);
  }
  return sum;
}

double rp_unit(const rp_value *value) {
  double unit = 1;
  for (int64_t i = 0; i < value->count && unit < 8; i++) {
    double v = rp_get(value, i);
    while (isfinite(v) && unit < 8 && v * unit != floor(v * unit)) unit *= 2;
  }
  return unit;
}

bool rp_sums_exactly(eager_dtype dtype, double absolute_sum, double unit) {
  switch (dtype) {
  case EAGER_FLOAT64:
    return absolute_sum * unit < 0x1p50;
  case EAGER_FLOAT32:
    return absolute_sum * unit < 0x1p24;
  case EAGER_FLOAT16:
    return absolute_sum * unit < 0x1p11;
  case EAGER_BFLOAT16:
    return absolute_sum * unit < 0x1p8;
  default:
    return true;
  }
}

/* --- Comparing --- */

int64_t rp_difference(const rp_value *expected, const void *got) {
  size_t all = (size_t)expected->count * expected->size;
  if (expected->rough || memcmp(expected->bytes, got, all) == 0) return -1;
  bool loose = test_is_float(expected->dtype) && !expected->moved;
  for (int64_t i = 0; i < expected->count; i++) {
    size_t at = (size_t)i * expected->size;
    const unsigned char *a = expected->bytes + at, *b = (const unsigned char *)got + at;
    if (memcmp(a, b, expected->size) == 0) continue;
    if (!loose) return i;
    double x = float_of(expected->dtype, a), y = float_of(expected->dtype, b);
    if (x != y && !(isnan(x) && isnan(y))) return i;
  }
  return -1;
}

const char *rp_element_text(eager_dtype dtype, const void *element) {
  static _Thread_local char texts[4][64];
  static _Thread_local int turn;
  char *text = texts[turn++ % 4];
  size_t size = eager_dtype_size(dtype);
  uint64_t bits = raw(element, size);
  if (test_is_float(dtype))
    snprintf(text, sizeof texts[0], "%.9g (0x%0*llx)", float_of(dtype, element),
             (int)(2 * size), (unsigned long long)bits);
  else
    snprintf(text, sizeof texts[0], "0x%0*llx", (int)(2 * size), (unsigned long long)bits);
  return text;
}
