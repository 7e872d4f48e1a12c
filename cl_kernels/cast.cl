/* From T to every dtype: kernel cast_<dtype> in the program of the input's dtype. Dense in,
 * dense out, n elements; a work-item takes `chunk` consecutive ones, a multiple of V. Any
 * local size. Of a float, the `drop` lowest bits are cleared first. */

static inline AV cut(AV x, int drop) {
  BITSV low = ((BITSV)1 << (BITSV)drop) - (BITSV)1;
  return SELECT(x == x, JOIN(as_, AV)(JOIN(as_, BITSV)(x) & ~low), x);
}

static inline AV read(AV x, int drop) {
  if (IS_FLOAT && drop) x = cut(x, drop);
  return IS_BOOL ? SELECT(x != (AV)0, (AV)1, (AV)0) : x;
}

/* What a conversion to an integer never sees: NaN, and values it cannot hold. Drivers
 * differ on them. */
static inline FV within(FV x, F low, F high) {
  return fmin(fmax(select(x, (FV)0, x != x), (FV)low), (FV)high);
}

/* Toward zero. 8 and 16 bits: every float type holds the ends of the range. */
#define TO_SMALL(x, type, low, high)                                                       \
  FLOAT_OR_INT(JOIN(convert_, JOIN(type, V))(JOIN(convert_, INTV)(within(x, low, high))),  \
               JOIN(convert_, JOIN(type, V))(x))
/* 32 and 64 bits: `below` is the highest float below `end`, one beyond the type's `high`;
 * `mask` is the signed type of that width. */
#define TO_LARGE(x, type, mask, low, high, below, end)                                     \
  FLOAT_OR_INT(select(JOIN(convert_, JOIN(type, V))(within(x, low, below)),                \
                      (JOIN(type, V))high, WIDENED(x >= (FV)end, JOIN(mask, V))),          \
               JOIN(convert_, JOIN(type, V))(x))
/* rusticl's select never chooses by a mask that was widened and not compared again. */
#define WIDENED(mask, type) (JOIN(convert_, type)(mask) != (type)0)

/* Rounding twice goes wrong unless the first time is to odd: what is lost lives on in the
 * last bit that is kept. */
static inline ULONGV odd(ULONGV size, ULONGV drop) {
  ULONGV one = (ULONGV)1 << drop, kept = size & ~(one - 1);
  return kept | select((ULONGV)0, one, kept != size);
}
static inline ULONGV size_of(AV x) {
  return JOIN(convert_, ULONGV)(select(U(x), U((AV)0) - U(x), x < (AV)0));
}
static inline FLOATV with_sign(FLOATV size, AV x) {
  return select(size, -size, WIDENED(x < (AV)0, INTV));
}

/* Drivers may go through double. */
static inline FLOATV float_from_integer(AV x) {
  if (T_SIZE < 8) return JOIN(convert_, FLOATV)(x);
  ULONGV size = size_of(x);
  ULONGV drop = select((ULONGV)0, (ULONGV)11, size >= (ULONGV)1 << 53);
  return with_sign(JOIN(convert_, FLOATV)(odd(size, drop)), x);
}

/* A float that rounds to 16 bits as x itself does. Three shifts leave a 64-bit integer 11
 * to 24 bits. */
static inline FLOATV odd_from_integer(AV x) {
  if (T_SIZE < 4) return JOIN(convert_, FLOATV)(x);
  ULONGV size = size_of(x);
  ULONGV drop = select((ULONGV)0, (ULONGV)14, size >= (ULONGV)1 << 24);
  drop = select(drop, (ULONGV)28, size >= (ULONGV)1 << 38);
  drop = select(drop, (ULONGV)40, size >= (ULONGV)1 << 52);
  return with_sign(JOIN(convert_, FLOATV)(odd(size, drop)), x);
}
static inline FLOATV odd_from_float(FV x) {
  FLOATV y = JOIN(convert_, FLOATV)(x);
  FV back = JOIN(convert_, FV)(y);
  UINTV bits = JOIN(as_, UINTV)(y);
  bits -= JOIN(convert_, UINTV)(fabs(back) > fabs(x)) & 1;
  bits |= JOIN(convert_, UINTV)((back != x) & (x == x)) & 1;
  return JOIN(as_, FLOATV)(bits);
}
#define ODD(x) FLOAT_OR_INT(odd_from_float(x), odd_from_integer(x))

static inline USHORTV half_bits(FLOATV x) {
  ushort lanes[V];
  JOIN(JOIN(vstore_half, V), _rte)(x, 0, (half *)lanes);
  return VLOAD(0, lanes);
}

#define CAST(name, type, value)                                                            \
  __kernel void name(__global type *out, long out_offset, const __global T *in,            \
                     long in_offset, long n, long chunk, int drop, int stream) {           \
    size_t i = get_global_id(0) * (size_t)chunk;                                           \
    size_t end = AT_MOST(i + (size_t)chunk, (size_t)n);                                    \
    out += out_offset;                                                                     \
    in += in_offset;                                                                       \
    stream = stream && IS_ALIGNED(out + i, *out);                                          \
    for (; i + V <= end; i += V) {                                                         \
      AV x = read(LOADV(in, i), drop);                                                     \
      JOIN(type, V) y = value;                                                             \
      if (stream)                                                                          \
        STREAM_PUTV(type, y, out + i);                                                     \
      else                                                                                 \
        PUTV(type, y, out + i);                                                            \
    }                                                                                      \
    if (i < end) {                                                                         \
      int count = (int)(end - i);                                                          \
      AV x = read(LOADV_PART(in, i, count), drop);                                         \
      type lanes[V];                                                                       \
      JOIN(type, V) y = value;                                                             \
      VSTORE(y, 0, lanes);                                                                 \
      for (int j = 0; j < count; j++) out[i + j] = lanes[j];                               \
    }                                                                                      \
  }

CAST(cast_bool, uchar, BOOLOF(x != (AV)0))
CAST(cast_int8, char, TO_SMALL(x, char, -128, 127))
CAST(cast_int16, short, TO_SMALL(x, short, -32768, 32767))
CAST(cast_uint8, uchar, TO_SMALL(x, uchar, 0, 255))
CAST(cast_uint16, ushort, TO_SMALL(x, ushort, 0, 65535))
CAST(cast_int32, int,
     TO_LARGE(x, int, int, INT_MIN, INT_MAX,
              DOUBLE_OR_FLOAT(0x1.fffffffcp30, 0x1.fffffep30f), 0x1p31f))
CAST(cast_uint32, uint,
     TO_LARGE(x, uint, int, 0, UINT_MAX, DOUBLE_OR_FLOAT(0x1.fffffffep31, 0x1.fffffep31f),
              0x1p32f))
CAST(cast_int64, long,
     TO_LARGE(x, long, long, LONG_MIN, LONG_MAX,
              DOUBLE_OR_FLOAT(0x1.fffffffffffffp62, 0x1.fffffep62f), 0x1p63f))
CAST(cast_uint64, ulong,
     TO_LARGE(x, ulong, long, 0, ULONG_MAX,
              DOUBLE_OR_FLOAT(0x1.fffffffffffffp63, 0x1.fffffep63f), 0x1p64f))
CAST(cast_float32, float, FLOAT_OR_INT(JOIN(convert_, FLOATV)(x), float_from_integer(x)))
WITH_FP64(CAST(cast_float64, double, JOIN(convert_, JOIN(double, V))(x)))
CAST(cast_float16, ushort, half_bits(ODD(x)))
CAST(cast_bfloat16, ushort, JOIN(convert_, USHORTV)(bfloat16_bits(ODD(x))))
