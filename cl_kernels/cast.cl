/* From T to every dtype: kernel cast_<dtype> in the program of the input's dtype. Dense in,
 * dense out, n elements; a work-item takes `chunk` consecutive ones, a multiple of V. Any
 * local size. Of a float, the `drop` lowest bits are cleared first. Behind convert.cl. */

static inline AV cut(AV x, int drop) {
  BITSV low = ((BITSV)1 << (BITSV)drop) - (BITSV)1;
  return SELECT(x == x, JOIN(as_, AV)(JOIN(as_, BITSV)(x) & ~low), x);
}

static inline AV read(AV x, int drop) {
  if (IS_FLOAT && drop) x = cut(x, drop);
  return IS_BOOL ? SELECT(x != (AV)0, (AV)1, (AV)0) : x;
}

/* The size and sign of an integer. */
static inline ULONGV size_of(AV x) {
  return JOIN(convert_, ULONGV)(select(U(x), U((AV)0) - U(x), x < (AV)0));
}
static inline FLOATV with_sign(FLOATV size, AV x) {
  return select(size, -size, WIDENED(x < (AV)0, INTV));
}

static inline FLOATV float_from_integer(AV x) {
  if (T_SIZE < 8) return JOIN(convert_, FLOATV)(x);
  return with_sign(float_from_size(size_of(x)), x);
}

/* A float that rounds to 16 bits as x itself does. */
static inline FLOATV odd_from_integer(AV x) {
  if (T_SIZE < 4) return JOIN(convert_, FLOATV)(x);
  return with_sign(odd_from_size(size_of(x)), x);
}
static inline FLOATV odd_from_float(FV x) {
  FLOATV y = JOIN(convert_, FLOATV)(x);
  FV back = JOIN(convert_, FV)(y);
  return ODD_FROM_FLOATS(x, y, back);
}
#define ODD(x) FLOAT_OR_INT(odd_from_float(x), odd_from_integer(x))

#define TO(type, floats)                                                                   \
  FLOAT_OR_INT(floats(FV, DOUBLE_OR_FLOAT, x), JOIN(convert_, JOIN(type, V))(x))

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
CAST(cast_int8, char, TO(char, FLOATS_TO_INT8))
CAST(cast_int16, short, TO(short, FLOATS_TO_INT16))
CAST(cast_uint8, uchar, TO(uchar, FLOATS_TO_UINT8))
CAST(cast_uint16, ushort, TO(ushort, FLOATS_TO_UINT16))
CAST(cast_int32, int, TO(int, FLOATS_TO_INT32))
CAST(cast_uint32, uint, TO(uint, FLOATS_TO_UINT32))
CAST(cast_int64, long, TO(long, FLOATS_TO_INT64))
CAST(cast_uint64, ulong, TO(ulong, FLOATS_TO_UINT64))
CAST(cast_float32, float, FLOAT_OR_INT(JOIN(convert_, FLOATV)(x), float_from_integer(x)))
WITH_FP64(CAST(cast_float64, double, JOIN(convert_, JOIN(double, V))(x)))
CAST(cast_float16, ushort, half_bits(ODD(x)))
CAST(cast_bfloat16, ushort, JOIN(convert_, USHORTV)(bfloat16_bits(ODD(x))))
