/* What elementwise kernels are written in beside prelude.cl: how vectors are loaded and
 * stored, and the words that the expressions of elementwise.def share. */

#define ZERO       ((AV)0)
#define ONE        ((AV)1)
/* Klambauer et al. 2017: lambda, and lambda times alpha. */
#define SELU_ABOVE NUMBER(1.0507009873554805)
#define SELU_BELOW NUMBER(1.7580993408473769)

/* V lanes of an input from element i on, or its only one; and `count` < V of them. */
static inline AV flat_lanes(const __global T *p, size_t i, int repeats) {
  if (repeats) return (AV)LOAD(p, 0);
  return LOADV(p, i);
}
static inline AV some_lanes(const __global T *p, size_t i, int count, int repeats) {
  if (repeats) return (AV)LOAD(p, 0);
  return LOADV_PART(p, i, count);
}
static inline AV any_lanes(const __global T *p, size_t i, int count, int repeats) {
  if (count < V) return some_lanes(p, i, count, repeats);
  return flat_lanes(p, i, repeats);
}

static inline UCHARV flat_bools(const __global uchar *p, size_t i, int repeats) {
  if (repeats) return (UCHARV)p[0];
  return GET_BYTESV(p + i);
}
OUTLINED UCHARV some_bools(const __global uchar *p, size_t i, int count, int repeats) {
  uchar lanes[V];
  for (int j = 0; j < V; j++) lanes[j] = repeats ? p[0] : p[i + AT_MOST(j, count - 1)];
  return VLOAD(0, lanes);
}

/* `stream`: past the caches; then out + i is aligned. */
static inline void put(__global T *out, size_t i, int stream, AV x) {
  if (stream)
    STREAMV(out, i, x);
  else
    STOREV(out, i, x);
}

static inline void put_bytes(__global uchar *out, size_t i, int stream, UCHARV bytes) {
  if (stream)
    STREAM_PUTV(uchar, bytes, out + i);
  else
    PUTV(uchar, bytes, out + i);
}

OUTLINED void put_some_bytes(__global uchar *out, size_t i, int count, UCHARV bytes) {
  uchar lanes[V];
  VSTORE(bytes, 0, lanes);
  for (int j = 0; j < V; j++)
    if (j < count) out[i + j] = lanes[j];
}

/* Toward zero; the lowest integer divided by -1 wraps; some value for b = 0. Where -1 is
 * the highest unsigned integer, 0 / -1 and 0 / 1 are the same. */
static inline AV divided(AV a, AV b) {
  MV traps = (b == ZERO) | ((a == (AV)A_LOWEST) & (b == ZERO - ONE));
  return a / SELECT(traps, ONE, b);
}
static inline AV remainder_of(AV a, AV b) {
  return S(U(a) - U(divided(a, b)) * U(b));
}
static inline MV signs_differ(AV a, AV b) {
  return (a < ZERO) != (b < ZERO);
}
static inline AV floor_divided(AV a, AV b) {
  AV rest = remainder_of(a, b);
  return divided(a, b) - SELECT((rest != ZERO) & signs_differ(rest, b), ONE, ZERO);
}
/* Takes the sign of b, whatever the way to `rest`. */
static inline AV floor_rest(AV rest, AV b) {
  return SELECT((rest != ZERO) & signs_differ(rest, b), rest + b, rest);
}

static inline BITSV power(BITSV base, BITSV exponent) {
  BITSV result = (BITSV)1;
  for (; ANY(exponent != (BITSV)0); exponent >>= (BITSV)1) {
    result *= select((BITSV)1, base, (exponent & (BITSV)1) != (BITSV)0);
    base *= base;
  }
  return result;
}

#define LANE_BITS ((BITSV)(8 * sizeof(MASK_LANE)))
static inline BITSV left_shifted(BITSV a, BITSV b) {
  return select((BITSV)0, a << (b & (LANE_BITS - (BITSV)1)), b < LANE_BITS);
}
#define RIGHT_SHIFTED(a, b)                                                                \
  SELECT(U(b) < LANE_BITS, a >> S(U(b) & (LANE_BITS - (BITSV)1)),                          \
         SELECT(a < ZERO, ZERO - ONE, ZERO))

static inline AV sign_of(AV a) {
  return SELECT(a > ZERO, ONE, SELECT(a < ZERO, ZERO - ONE, SELECT(a == a, ZERO, a)));
}

/* The float after `a` towards `b` on their bits: counted from zero, floats are integers in
 * sign and magnitude. No driver's subnormals are involved. */
static inline MV next_bits(MV a, MV b) {
  MV sign = (MV)1 << (MV)(8 * sizeof(MASK_LANE) - 1);
  MV from = select(a, sign - a, a < (MV)0), to = select(b, sign - b, b < (MV)0);
  /* abs: see BOOLOF */
  MV next = from + JOIN(as_, MV)(abs(from < to)) - JOIN(as_, MV)(abs(from > to));
  MV bits = select(next, sign - next, next < (MV)0);
  return select(select(bits, a & sign, next == (MV)0), b, from == to);
}

#define NEXT_AFTER(a, b)                                                                   \
  SELECT((a != a) | (b != b), a + b,                                                       \
         JOIN(as_, AV)(next_bits(JOIN(as_, MV)(a), JOIN(as_, MV)(b))))
