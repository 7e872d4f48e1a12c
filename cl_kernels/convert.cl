/* Conversions of V lanes between numbers of any two types, for cast.cl and fused_edges.cl:
 * from integers as they are computed with, from floats and from doubles. */

/* What a conversion to an integer never sees: NaN, and values it cannot hold. Drivers
 * differ on them. `floats` is FLOATV or the vector of doubles. */
#define WITHIN(floats, x, low, high)                                                       \
  fmin(fmax(select((x), (floats)0, (x) != (x)), (floats)low), (floats)high)

/* Toward zero. 8 and 16 bits: every float type holds the ends of the range. */
#define TO_SMALL(floats, x, type, low, high)                                               \
  JOIN(convert_, JOIN(type, V))(JOIN(convert_, INTV)(WITHIN(floats, x, low, high)))
/* 32 and 64 bits: `below` is the highest float below `end`, one beyond the type's `high`;
 * `mask` is the signed type of that width. */
#define TO_LARGE(floats, x, type, mask, low, high, below, end)                             \
  select(JOIN(convert_, JOIN(type, V))(WITHIN(floats, x, low, below)),                     \
         (JOIN(type, V))high, WIDENED((x) >= (floats)end, JOIN(mask, V)))
/* rusticl's select never chooses by a mask that was widened and not compared again. */
#define WIDENED(mask, type) (JOIN(convert_, type)(mask) != (type)0)

/* From floats to each integer; `either(d, f)` is d for doubles, f for floats. */
#define FLOATS_TO_INT8(floats, either, x)   TO_SMALL(floats, x, char, -128, 127)
#define FLOATS_TO_INT16(floats, either, x)  TO_SMALL(floats, x, short, -32768, 32767)
#define FLOATS_TO_UINT8(floats, either, x)  TO_SMALL(floats, x, uchar, 0, 255)
#define FLOATS_TO_UINT16(floats, either, x) TO_SMALL(floats, x, ushort, 0, 65535)
#define FLOATS_TO_INT32(floats, either, x)                                                 \
  TO_LARGE(floats, x, int, int, INT_MIN, INT_MAX, either(0x1.fffffffcp30, 0x1.fffffep30f), \
           0x1p31f)
#define FLOATS_TO_UINT32(floats, either, x)                                                \
  TO_LARGE(floats, x, uint, int, 0, UINT_MAX, either(0x1.fffffffep31, 0x1.fffffep31f),     \
           0x1p32f)
#define FLOATS_TO_INT64(floats, either, x)                                                 \
  TO_LARGE(floats, x, long, long, LONG_MIN, LONG_MAX,                                      \
           either(0x1.fffffffffffffp62, 0x1.fffffep62f), 0x1p63f)
#define FLOATS_TO_UINT64(floats, either, x)                                                \
  TO_LARGE(floats, x, ulong, long, 0, ULONG_MAX,                                           \
           either(0x1.fffffffffffffp63, 0x1.fffffep63f), 0x1p64f)

/* Rounding twice goes wrong unless the first time is to odd: what is lost lives on in the
 * last bit that is kept. */
static inline ULONGV odd(ULONGV size, ULONGV drop) {
  ULONGV one = (ULONGV)1 << drop, kept = size & ~(one - 1);
  return kept | select((ULONGV)0, one, kept != size);
}

/* A 64-bit integer without its sign: to float, rounded once. Drivers may go through double.
 */
static inline FLOATV float_from_size(ULONGV size) {
  ULONGV drop = select((ULONGV)0, (ULONGV)11, size >= (ULONGV)1 << 53);
  return JOIN(convert_, FLOATV)(odd(size, drop));
}
/* A float that rounds to 16 bits as it does itself. Three shifts leave it 11 to 24 bits. */
static inline FLOATV odd_from_size(ULONGV size) {
  ULONGV drop = select((ULONGV)0, (ULONGV)14, size >= (ULONGV)1 << 24);
  drop = select(drop, (ULONGV)28, size >= (ULONGV)1 << 38);
  drop = select(drop, (ULONGV)40, size >= (ULONGV)1 << 52);
  return JOIN(convert_, FLOATV)(odd(size, drop));
}

/* The same of floats: `y` is x as floats, `back` that as x's type again. */
#define ODD_FROM_FLOATS(x, y, back)                                                        \
  JOIN(as_, FLOATV)                                                                        \
  ((JOIN(as_, UINTV)(y) - (JOIN(convert_, UINTV)(fabs(back) > fabs(x)) & 1)) |             \
   (JOIN(convert_, UINTV)((back != x) & (x == x)) & 1))

static inline USHORTV half_bits(FLOATV x) {
  ushort lanes[V];
  JOIN(JOIN(vstore_half, V), _rte)(x, 0, (half *)lanes);
  return VLOAD(0, lanes);
}
