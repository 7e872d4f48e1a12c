/* What every kernel is written in. The host defines, in front of this text: T (stored
 * type), A (type of arithmetic), V (lanes: 4 or 16), DTYPE_FLOAT32 _FLOAT64 _FLOAT16
 * _BFLOAT16, IS_FLOAT IS_INT IS_UINT IS_BOOL, T_SIZE, WIDE (A of integers is as wide as
 * a long), HAS_FP64, CPU_LIKE, SLOW_FMA.
 *
 * Scalars     LOAD STORE                   one element, by its index
 *             A_LOWEST A_HIGHEST A_NAN     identities; A_NAN is 0 for integers
 *             NUMBER(0.5)                  a literal in A's precision
 *             ADD MUL                      integers wrap
 *             IS_NAN larger smaller        NaN wins
 *             REAL_BITS BITS_REAL          a float as BITS_LANE and back
 *             AT_MOST(x, y)                smaller of two counts
 * V lanes     AV (of A), MV (masks: -1 or 0 per lane, as comparisons give), BITSV (unsigned
 *             integers as wide as A)
 *             LOADV STOREV                 V elements from an element index on
 *             STREAMV                      STOREV past the caches, for what is read late
 *             ROUNDED                      what LOADV finds behind a STOREV
 *             GETV GET_BYTESV              V of T, or of uchar, as they stand at a pointer
 *             PUTV STREAM_PUTV             and V of any type
 *             LOADV_PART STOREV_PART       `count` < V of them; lanes beyond: the last
 *             load_some                    `count` of A's, as partial results are
 *             add_lanes                    their sum: halves, then halves of these ...
 *             U(x) S(x)                    to unsigned and back, for arithmetic that wraps
 *             SELECT(mask, x, y)           x where the mask holds
 *             ANY(mask)                    whether it holds for any lane
 *             ZIP_LOW ZIP_HIGH             x0 y0 x1 y1 ... of the lower, the upper halves
 *             LANES_UP(x, y)               y's last lane, then all of x but its last
 *             HALF_LAST_2 _4 _8 _16        the last lane of each lower half of 2, 4, ...
 *             IN_UPPER(n)                  a mask: the upper half of each n lanes
 *             ROTATED_1 _2 _4 _8           lane i has lane i + 1, ...
 *             REVERSED .LAST_LANE
 *             TV_LOOSE SV_LOOSE            as TV and SV, anywhere in memory
 *             STREAM_STORE(x, p)           *p = x, past the caches where that can be
 *             largerv smallerv             NaN wins
 * Ahead       PREFETCH(p, count)           will be read soon
 *             WILL_STORE(p)                one line will be written soon
 * SIDE lanes  SV (of T), SLOAD             a side of squares transposed in registers
 *             SIDE_LOW SIDE_HIGH           as ZIP_LOW and ZIP_HIGH
 * Totals      TOTAL TOTALV TOTALV_LOOSE    what many numbers are added up in
 *             WRAPPING                     what in: unsigned for integers
 * Choices     FLOAT_OR_INT(x, y) DOUBLE_OR_FLOAT(x, y): one of two expressions
 *             WITH_FP64(text): the text, where there is double
 *
 * Long because it is the one file that knows dtypes and compilers apart. */
#pragma OPENCL FP_CONTRACT OFF
#if HAS_FP64
#pragma OPENCL EXTENSION cl_khr_fp64 : enable
#define WITH_FP64(text) text
#else
#define WITH_FP64(text)
#endif

#define JOIN_AS_IS(x, y) x##y
#define JOIN(x, y)       JOIN_AS_IS(x, y)
#define AT_MOST(x, y)    ((x) < (y) ? (x) : (y))

/* a * b + c in a sum of products: rounded once where that is fast. */
#if SLOW_FMA
#define TERM(a, b, c) ((a) * (b) + (c))
#else
#define TERM(a, b, c) fma(a, b, c)
#endif

#if DTYPE_FLOAT64
#define U_SCALAR              A
#define BITS_LANE             ulong
#define MASK_LANE             long
#define A_LOWEST              (-INFINITY)
#define A_HIGHEST             INFINITY
#define NUMBER(x)             x
#define DOUBLE_OR_FLOAT(x, y) (x)
#elif IS_FLOAT
#define U_SCALAR              A
#define BITS_LANE             uint
#define MASK_LANE             int
#define A_LOWEST              (-INFINITY)
#define A_HIGHEST             INFINITY
#define NUMBER(x)             JOIN(x, f)
#define DOUBLE_OR_FLOAT(x, y) (y)
#elif T_SIZE == 8 || WIDE
#define U_SCALAR  ulong
#define BITS_LANE ulong
#define MASK_LANE long
#elif T_SIZE == 4
#define U_SCALAR  uint
#define BITS_LANE uint
#define MASK_LANE int
#elif T_SIZE == 2
/* uint: two ushorts promote to int, and their product may overflow that. */
#define U_SCALAR  uint
#define BITS_LANE ushort
#define MASK_LANE short
#else
#define U_SCALAR  uint
#define BITS_LANE uchar
#define MASK_LANE char
#endif

#if IS_FLOAT
#define A_NAN              ((A)NAN)
#define IS_NAN(x)          isnan(x)
#define FLOAT_OR_INT(x, y) (x)
#else
#define A_NAN                 ((A)0)
#define IS_NAN(x)             0
#define FLOAT_OR_INT(x, y)    (y)
#define NUMBER(x)             ((A)x)
#define DOUBLE_OR_FLOAT(x, y) (y)
#endif

#if IS_BOOL
#define A_LOWEST  ((A)0)
#define A_HIGHEST ((A)1)
#elif IS_UINT
#define A_LOWEST  ((A)0)
#define A_HIGHEST ((A) ~(A)0)
#elif IS_INT && (T_SIZE == 8 || WIDE)
#define A_LOWEST  LONG_MIN
#define A_HIGHEST LONG_MAX
#elif IS_INT && T_SIZE == 4
#define A_LOWEST  INT_MIN
#define A_HIGHEST INT_MAX
#elif IS_INT && T_SIZE == 2
#define A_LOWEST  ((A)SHRT_MIN)
#define A_HIGHEST ((A)SHRT_MAX)
#elif IS_INT
#define A_LOWEST  ((A)SCHAR_MIN)
#define A_HIGHEST ((A)SCHAR_MAX)
#endif

#define ADD(x, y) ((A)((U_SCALAR)(x) + (U_SCALAR)(y)))
#define MUL(x, y) ((A)((U_SCALAR)(x) * (U_SCALAR)(y)))

#define VLOAD   JOIN(vload, V)
#define VSTORE  JOIN(vstore, V)
#define AV      JOIN(A, V)
#define TV      JOIN(T, V)
#define MV      JOIN(MASK_LANE, V)
#define BITSV   JOIN(BITS_LANE, V)
#define FLOATV  JOIN(float, V)
#define INTV    JOIN(int, V)
#define UINTV   JOIN(uint, V)
#define UCHARV  JOIN(uchar, V)
#define USHORTV JOIN(ushort, V)
#define ULONGV  JOIN(ulong, V)
#define LONGV   JOIN(long, V)
/* A's vectors where A is a float, so that helpers for floats compile for every dtype. */
#if IS_FLOAT
#define REAL_BITS(x)    JOIN(as_, BITS_LANE)(x)
#define BITS_REAL(bits) JOIN(as_, A)(bits)
#define F               A
#define FV              AV
#define U(x)            (x)
#define S(x)            (x)
#else
#define F    float
#define FV   FLOATV
#define U(x) JOIN(as_, BITSV)(x)
#define S(x) JOIN(as_, AV)(x)
#endif
#define SELECT(mask, x, y) select((y), (x), (mask))
#if V == 16
#define LANES_UP(x, y)                                                                     \
  ((AV)((y).sf, (x).s0, (x).s1, (x).s2, (x).s3, (x).s4, (x).s5, (x).s6, (x).s7, (x).s8,    \
        (x).s9, (x).sa, (x).sb, (x).sc, (x).sd, (x).se))
#define HALF_LAST_2(x)  ((x).s0022446688aaccee)
#define HALF_LAST_4(x)  ((x).s111155559999dddd)
#define HALF_LAST_8(x)  ((x).s33333333bbbbbbbb)
#define HALF_LAST_16(x) ((x).s7777777777777777)
#define ROTATED_1(x)    ((x).s123456789abcdef0)
#define ROTATED_2(x)    ((x).s23456789abcdef01)
#define ROTATED_4(x)    ((x).s456789abcdef0123)
#define ROTATED_8(x)    ((x).s89abcdef01234567)
#define REVERSED(x)     ((x).sfedcba9876543210)
#define LAST_LANE       sf
#define LANE_NUMBERS    ((MV)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15))
#else
#define LANES_UP(x, y)  ((AV)((y).s3, (x).s0, (x).s1, (x).s2))
#define HALF_LAST_2(x)  ((x).s0022)
#define HALF_LAST_4(x)  ((x).s1111)
#define HALF_LAST_8(x)  (x)
#define HALF_LAST_16(x) (x)
#define ROTATED_1(x)    ((x).s1230)
#define ROTATED_2(x)    ((x).s2301)
#define ROTATED_4(x)    (x)
#define ROTATED_8(x)    (x)
#define REVERSED(x)     ((x).s3210)
#define LAST_LANE       s3
#define LANE_NUMBERS    ((MV)(0, 1, 2, 3))
#endif
/* The lower halves of x and y, lane by lane, and the upper halves, as `type`. */
#define ZIP16_LOW(type, x, y)                                                              \
  ((type)((x).s0, (y).s0, (x).s1, (y).s1, (x).s2, (y).s2, (x).s3, (y).s3, (x).s4, (y).s4,  \
          (x).s5, (y).s5, (x).s6, (y).s6, (x).s7, (y).s7))
#define ZIP16_HIGH(type, x, y)                                                             \
  ((type)((x).s8, (y).s8, (x).s9, (y).s9, (x).sa, (y).sa, (x).sb, (y).sb, (x).sc, (y).sc,  \
          (x).sd, (y).sd, (x).se, (y).se, (x).sf, (y).sf))
#define ZIP8_LOW(type, x, y)                                                               \
  ((type)((x).s0, (y).s0, (x).s1, (y).s1, (x).s2, (y).s2, (x).s3, (y).s3))
#define ZIP8_HIGH(type, x, y)                                                              \
  ((type)((x).s4, (y).s4, (x).s5, (y).s5, (x).s6, (y).s6, (x).s7, (y).s7))
#define ZIP4_LOW(type, x, y)  ((type)((x).s0, (y).s0, (x).s1, (y).s1))
#define ZIP4_HIGH(type, x, y) ((type)((x).s2, (y).s2, (x).s3, (y).s3))
#if V == 16 && T_SIZE == 8
#define SIDE 8
#else
#define SIDE V
#endif
#define ZIP_LOW(x, y)   JOIN(JOIN(ZIP, V), _LOW)(AV, x, y)
#define ZIP_HIGH(x, y)  JOIN(JOIN(ZIP, V), _HIGH)(AV, x, y)
#define SIDE_LOW(x, y)  JOIN(JOIN(ZIP, SIDE), _LOW)(SV, x, y)
#define SIDE_HIGH(x, y) JOIN(JOIN(ZIP, SIDE), _HIGH)(SV, x, y)
#define SV              JOIN(T, SIDE)
#define SLOAD           JOIN(vload, SIDE)

/* Vectors anywhere, in one piece: PoCL stores by its vstore16 in four. */
typedef TV TV_LOOSE __attribute__((aligned(T_SIZE)));
typedef SV SV_LOOSE __attribute__((aligned(T_SIZE)));

/* A store past the caches, for results larger than they are; `p` is a multiple of x's size.
 */
#if defined __has_builtin
#if CPU_LIKE && __has_builtin(__builtin_nontemporal_store)
#define STREAM_STORE(x, p) __builtin_nontemporal_store(x, p)
#endif
#endif
#ifndef STREAM_STORE
#define STREAM_STORE(x, p) (*(p) = (x))
#endif

/* Asks for what will be read soon: `count` elements from p on, four lines of them at most.
 * Processors find the next lines of a run by themselves, not the next row picked. */
#if defined __has_builtin
#if CPU_LIKE && __has_builtin(__builtin_prefetch)
#define PREFETCH(p, count)                                                                 \
  for (size_t ahead = 0; ahead < AT_MOST((count)*T_SIZE, (size_t)256); ahead += 64)        \
  __builtin_prefetch((const void *)((size_t)(p) + ahead))
#endif
#endif
#ifndef PREFETCH
#define PREFETCH(p, count) ((void)(p), (void)(count))
#endif
/* Asks for the line at p, which will be written: stores that come all at once wait for
 * their lines one after the other. */
#if defined __has_builtin
#if CPU_LIKE && __has_builtin(__builtin_prefetch)
#define WILL_STORE(p) __builtin_prefetch((const void *)(size_t)(p), 1)
#endif
#endif
#ifndef WILL_STORE
#define WILL_STORE(p) ((void)(p))
#endif
#define IN_UPPER(n) ((LANE_NUMBERS & (MV)(n / 2)) != (MV)0)
/* Not `mask & 1`: compilers make a zero extension of it, which Oclgrind takes for a sign's.
 * PoCL's abs goes by pairs of lanes. */
#if CPU_LIKE
#define BOOLOF(mask) (JOIN(as_, UCHARV)(JOIN(convert_, JOIN(char, V))(mask)) & (uchar)1)
#else
#define BOOLOF(mask) abs(JOIN(convert_, JOIN(char, V))(mask))
#endif
/* Whether a mask holds for any lane; PoCL's any looks at one after the other. */
#if CPU_LIKE && V == 16
static inline int any_bytes(char16 mask) {
  ulong2 halves = as_ulong2(mask);
  return (halves.s0 | halves.s1) != 0;
}
#define ANY(mask) any_bytes(convert_char16(mask))
#else
#define ANY(mask) any(mask)
#endif
#define MASKOF(bools) (JOIN(convert_, MV)(bools) != (MV)0)

/* To nearest even. A NaN's payload may lie in the bits that go. */
static inline UINTV bfloat16_bits(FLOATV x) {
  UINTV bits = JOIN(as_, UINTV)(x);
  UINTV even = bits + 0x7fff + (bits >> 16 & 1);
  return select(even, bits | 0x400000, (bits & 0x7fffffff) > 0x7f800000) >> 16;
}

/* PoCL's vload and vstore may go by parts of a vector; and a CPU reads a line it is to
 * write a part of, unless the store goes past its caches. */
#if CPU_LIKE
typedef UCHARV loose_ucharv __attribute__((aligned(1)));
#define GETV(p)       (*(const __global TV_LOOSE *)(p))
#define GET_BYTESV(p) (*(const __global loose_ucharv *)(p))
#define PUTV(type, x, p)                                                                   \
  do {                                                                                     \
    typedef JOIN(type, V) loose __attribute__((aligned(1)));                               \
    *(__global loose *)(p) = (x);                                                          \
  } while (0)
#define STREAM_PUTV(type, x, p) STREAM_STORE(x, (__global JOIN(type, V) *)(p))
#else
#define GETV(p)          VLOAD(0, p)
#define GET_BYTESV(p)    VLOAD(0, p)
#define PUTV(type, x, p) VSTORE(x, 0, p)
#define STREAM_PUTV      PUTV
#endif
#define IS_ALIGNED(p, x) (((size_t)(p) & (V * sizeof(x) - 1)) == 0)

#if DTYPE_FLOAT16
static inline A LOAD(const __global T *p, size_t i) {
  return vload_half(0, (const __global half *)(p + i));
}
static inline void STORE(__global T *p, size_t i, A x) {
  vstore_half_rte(x, 0, (__global half *)(p + i));
}
static inline AV LOADV(const __global T *p, size_t i) {
  return JOIN(vload_half, V)(0, (const __global half *)(p + i));
}
/* By way of a vector: PoCL's vstore_half takes p for aligned, which shows where x is known
 * when it compiles. */
static inline void STOREV(__global T *p, size_t i, AV x) {
  TV bits;
  JOIN(JOIN(vstore_half, V), _rte)(x, 0, (half *)&bits);
  PUTV(T, bits, p + i);
}
#define STREAMV STOREV
static inline AV ROUNDED(AV x) {
  TV bits;
  JOIN(JOIN(vstore_half, V), _rte)(x, 0, (half *)&bits);
  return JOIN(vload_half, V)(0, (const half *)&bits);
}
#elif DTYPE_BFLOAT16
static inline A LOAD(const __global T *p, size_t i) {
  return as_float((uint)p[i] << 16);
}
static inline AV LOADV(const __global T *p, size_t i) {
  return JOIN(as_, AV)(JOIN(convert_, UINTV)(GETV(p + i)) << 16);
}
static inline void STORE(__global T *p, size_t i, A x) {
  uint bits = as_uint(x);
  uint even = bits + 0x7fff + (bits >> 16 & 1);
  p[i] = (T)(((bits & 0x7fffffff) > 0x7f800000 ? bits | 0x400000 : even) >> 16);
}
static inline void STOREV(__global T *p, size_t i, AV x) {
  PUTV(T, JOIN(convert_, TV)(bfloat16_bits(x)), p + i);
}
#define STREAMV STOREV
static inline AV ROUNDED(AV x) {
  UINTV bits = JOIN(as_, UINTV)(x);
  AV y = JOIN(as_, AV)((bits + 0x7fff + (bits >> 16 & 1)) & 0xffff0000);
  return select(y, x, x != x);
}
#elif WIDE && !IS_FLOAT
static inline A LOAD(const __global T *p, size_t i) {
  return p[i];
}
static inline void STORE(__global T *p, size_t i, A x) {
  p[i] = (T)x;
}
static inline AV LOADV(const __global T *p, size_t i) {
  return JOIN(convert_, AV)(GETV(p + i));
}
static inline void STOREV(__global T *p, size_t i, AV x) {
  PUTV(T, JOIN(convert_, TV)(x), p + i);
}
#define STREAMV    STOREV
#define ROUNDED(x) JOIN(convert_, AV)(JOIN(convert_, TV)(x))
#else
static inline A LOAD(const __global T *p, size_t i) {
  return p[i];
}
static inline void STORE(__global T *p, size_t i, A x) {
  p[i] = x;
}
static inline AV LOADV(const __global T *p, size_t i) {
  return GETV(p + i);
}
static inline void STOREV(__global T *p, size_t i, AV x) {
  PUTV(T, x, p + i);
}
static inline void STREAMV(__global T *p, size_t i, AV x) {
  STREAM_PUTV(T, x, p + i);
}
#define ROUNDED(x) (x)
#endif

/* What many numbers are added up in: floats without losing any. */
#if IS_FLOAT && HAS_FP64
#define TOTAL    double
#define WRAPPING double
#else
#define TOTAL    A
#define WRAPPING U_SCALAR
#endif
#define TOTALV JOIN(TOTAL, V)
typedef TOTALV TOTALV_LOOSE __attribute__((aligned(sizeof(TOTAL))));

/* For helpers that get choices as constants, which must meet their bodies: PoCL does not
 * inline by itself. */
#define INLINED static inline __attribute__((always_inline))

/* One copy for all kernels of a program where calls are cheap: it is optimised only once.
 */
#if CPU_LIKE
#define OUTLINED static __attribute__((noinline))
#else
#define OUTLINED static inline
#endif

/* Before a loop that is seldom run, or over few trips. PoCL would unroll it and make
 * vectors of it: a third of the time that compiling a short kernel takes. */
#if CPU_LIKE
#define ROLLED _Pragma("clang loop unroll(disable) vectorize(disable)")
#else
#define ROLLED
#endif

/* Indices are clamped, so lanes beyond `count` hold a value that is there anyway. */
OUTLINED AV LOADV_PART(const __global T *p, size_t i, int count) {
  A lanes[V];
  ROLLED for (int j = 0; j < V; j++) lanes[j] = LOAD(p, i + AT_MOST(j, count - 1));
  return VLOAD(0, lanes);
}
OUTLINED void STOREV_PART(__global T *p, size_t i, AV x, int count) {
  A lanes[V];
  VSTORE(x, 0, lanes);
  ROLLED for (int j = 0; j < V; j++) if (j < count) STORE(p, i + j, lanes[j]);
}

/* All V where `count` is V or more. */
INLINED AV load_some(const __global A *p, size_t count) {
  if (count >= V) return VLOAD(0, p);
  A lanes[V];
  ROLLED for (size_t i = 0; i < V; i++) lanes[i] = p[AT_MOST(i, count - 1)];
  return VLOAD(0, lanes);
}

/* For CPUs: Oclgrind's check for uninitialised memory crashes on rotations. */
INLINED A add_lanes(AV x) {
  if (V > 4) {
    x = S(U(x) + U(ROTATED_8(x)));
    x = S(U(x) + U(ROTATED_4(x)));
  }
  x = S(U(x) + U(ROTATED_2(x)));
  return S(U(x) + U(ROTATED_1(x))).s0;
}

static inline A larger(A x, A y) {
  return x > y || IS_NAN(x) ? x : y;
}
static inline A smaller(A x, A y) {
  return x < y || IS_NAN(x) ? x : y;
}
static inline AV largerv(AV x, AV y) {
  return SELECT((x > y) | FLOAT_OR_INT(x != x, (MV)0), x, y);
}
static inline AV smallerv(AV x, AV y) {
  return SELECT((x < y) | FLOAT_OR_INT(x != x, (MV)0), x, y);
}
