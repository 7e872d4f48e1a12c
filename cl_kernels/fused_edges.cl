/* Inputs and outputs of fused kernels whose dtype is not that of the steps: read and cast
 * to T, or cast from T and stored, as cast.cl does. Behind convert.cl and fused.cl; for
 * each dtype the kernel names EDGE_INPUT or EDGE_OUTPUT. */

/* Of FLOATS_TO_INT32 and the others. */
#define FOR_DOUBLES(d, f) (d)
#define FOR_FLOATS(d, f)  (f)

static inline FLOATV float_from_ulong(ULONGV x) {
  return float_from_size(x);
}
static inline FLOATV odd_from_ulong(ULONGV x) {
  return odd_from_size(x);
}
static inline FLOATV odd_from_uint(UINTV x) {
  return odd_from_size(JOIN(convert_, ULONGV)(x));
}

/* Signs are looked at before integers are widened: see WIDENED. */
static inline FLOATV odd_from_int(INTV x) {
  UINTV bits = JOIN(as_, UINTV)(x);
  FLOATV size = odd_from_uint(select(bits, (UINTV)0 - bits, x < (INTV)0));
  return select(size, -size, x < (INTV)0);
}
static inline ULONGV long_size(LONGV x) {
  ULONGV bits = JOIN(as_, ULONGV)(x);
  return select(bits, (ULONGV)0 - bits, x < (LONGV)0);
}
static inline FLOATV with_long_sign(FLOATV size, LONGV x) {
  return select(size, -size, WIDENED(x < (LONGV)0, INTV));
}
static inline FLOATV float_from_long(LONGV x) {
  return with_long_sign(float_from_size(long_size(x)), x);
}
static inline FLOATV odd_from_long(LONGV x) {
  return with_long_sign(odd_from_size(long_size(x)), x);
}
WITH_FP64(static inline FLOATV odd_from_double(JOIN(double, V) x) {
  FLOATV y = JOIN(convert_, FLOATV)(x);
  JOIN(double, V) back = JOIN(convert_, JOIN(double, V))(y);
  return ODD_FROM_FLOATS(x, y, back);
})

/* One element, or V of them, as they are computed with. */
#define SAME_VALUE(x)     (x)
#define SAME_VECTOR(p)    VLOAD(0, p)
#define HALF_VALUE(x)     half_value(x)
#define HALF_VECTOR(p)    JOIN(vload_half, V)(0, (const __global half *)(p))
#define BFLOAT16_VALUE(x) as_float((uint)(x) << 16)
#define BFLOAT16_VECTOR(p)                                                                 \
  JOIN(as_, FLOATV)(JOIN(convert_, UINTV)(VLOAD(0, p)) << (UINTV)16)
static inline float half_value(ushort bits) {
  return vload_half(0, (const half *)&bits);
}

/* The loads of fused.cl. `value` and `vector` as above; `cast`: V lanes x of `computed` as
 * AV. */
#define EDGE_INPUT(name, stored, computed, value, vector, cast)                            \
  static inline AV JOIN(name, _cast)(JOIN(computed, V) x) {                                \
    return ROUNDED(cast);                                                                  \
  }                                                                                        \
  static inline AV JOIN(name, _all)(const __global stored *p, size_t i) {                  \
    return JOIN(name, _cast)(vector(p + i));                                               \
  }                                                                                        \
  static inline AV JOIN(name, _one)(const __global stored *p, size_t i) {                  \
    return JOIN(name, _cast)((JOIN(computed, V))value(p[i]));                              \
  }                                                                                        \
  static inline A JOIN(name, _first)(const __global stored *p, size_t i) {                 \
    return JOIN(name, _one)(p, i).s0;                                                      \
  }                                                                                        \
  static inline AV JOIN(name, _found)(const A *found) {                                    \
    return VLOAD(0, found);                                                                \
  }                                                                                        \
  OUTLINED AV JOIN(name, _any)(const __global stored *p, size_t i, int count) {            \
    computed lanes[V];                                                                     \
    for (int j = 0; j < V; j++) lanes[j] = value(p[i + AT_MOST(j, count - 1)]);            \
    return JOIN(name, _cast)(VLOAD(0, lanes));                                             \
  }

/* Its stores. */
#define EDGE_OUTPUT(name, stored)                                                          \
  static inline void JOIN(put_, name)(__global stored *out, size_t i, int stream,          \
                                      JOIN(stored, V) x) {                                 \
    if (stream)                                                                            \
      STREAM_PUTV(stored, x, out + i);                                                     \
    else                                                                                   \
      PUTV(stored, x, out + i);                                                            \
  }                                                                                        \
  OUTLINED void JOIN(put_any_, name)(__global stored *out, size_t i, int count,            \
                                     JOIN(stored, V) x) {                                  \
    stored lanes[V];                                                                       \
    VSTORE(x, 0, lanes);                                                                   \
    for (int j = 0; j < V; j++)                                                            \
      if (j < count) out[i + j] = lanes[j];                                                \
  }
