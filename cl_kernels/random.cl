/* Philox 4x32-10: J. K. Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC11.
 *
 * The key is the low words of the two seeds; the counter is (block, high words of the
 * seeds). A block is four words: the numbers 4 * block ... in order, or, of float64, the
 * two numbers 2 * block and 2 * block + 1. One work-item per block; any local size is
 * legal. */

static inline uint4 philox(uint4 counter, uint2 key) {
  for (int round = 0; round < 10; round++) {
    uint high0 = mul_hi(0xD2511F53u, counter.x), low0 = 0xD2511F53u * counter.x;
    uint high1 = mul_hi(0xCD9E8D57u, counter.z), low1 = 0xCD9E8D57u * counter.z;
    counter = (uint4)(high1 ^ counter.y ^ key.x, low1, high0 ^ counter.w ^ key.y, low0);
    key += (uint2)(0x9E3779B9u, 0xBB67AE85u);
  }
  return counter;
}

static inline uint4 block_words(size_t block, ulong seed0, ulong seed1) {
  ulong number = block;
  return philox(
      (uint4)((uint)number, (uint)(number >> 32), (uint)(seed0 >> 32), (uint)(seed1 >> 32)),
      (uint2)((uint)seed0, (uint)seed1));
}

static inline void store_four(__global T *out, size_t first, size_t count, A x0, A x1, A x2,
                              A x3) {
  STORE(out, first, x0);
  if (count > 1) STORE(out, first + 1, x1);
  if (count > 2) STORE(out, first + 2, x2);
  if (count > 3) STORE(out, first + 3, x3);
}

/* The upper bits of a word, as many as T keeps, over 2 to their number: exact, below 1. */
__kernel void uniform(__global T *out, long out_offset, long count, ulong seed0,
                      ulong seed1, int shift, float unit) {
  size_t block = get_global_id(0), first = block * 4;
  if (first >= (size_t)count) return;
  uint4 word = block_words(block, seed0, seed1) >> (uint4)(uint)shift;
  A scale = (A)unit;
  store_four(out, (size_t)out_offset + first, (size_t)count - first, (A)word.x * scale,
             (A)word.y * scale, (A)word.z * scale, (A)word.w * scale);
}

/* 53 bits of two words, in units of 2^-53. */
static inline A wide_bits(uint high, uint low) {
  return (A)(high >> 5) * (A)0x1p26f + (A)(low >> 6);
}

__kernel void uniform_wide(__global T *out, long out_offset, long count, ulong seed0,
                           ulong seed1) {
  size_t block = get_global_id(0), first = block * 2;
  if (first >= (size_t)count) return;
  uint4 word = block_words(block, seed0, seed1);
  A x0 = wide_bits(word.x, word.y) * (A)0x1p-53f;
  A x1 = wide_bits(word.z, word.w) * (A)0x1p-53f;
  store_four(out, (size_t)out_offset + first, AT_MOST((size_t)count - first, (size_t)2), x0,
             x1, x0, x1);
}

/* What follows is in + - * and fma alone, each correctly rounded everywhere: the same
 * draws, bit for bit, on every device. The polynomials are minimax fits of their own
 * interval. */

/* -2 ln(m / 2^24) for m in [1, 2^24]. With m = 2^e (1 + t), 1 + t in [0.70, 1.42):
 * ln(1 + t) = t + t^2 p(t). */
static inline float minus_two_log(uint m) {
  uint bits = as_uint((float)m);
  uint e = (bits - 0x3f350000u) >> 23; /* 0.707's bits: rounds sqrt(2) and more up */
  float t = as_float(bits - (e << 23)) - 1.0f;
  float scale = (float)((int)e - 24);
  float p = fma(t, 0.06736545f, -0.116947144f);
  p = fma(t, p, 0.11906015f);
  p = fma(t, p, -0.1240479f);
  p = fma(t, p, 0.14216714f);
  p = fma(t, p, -0.16667789f);
  p = fma(t, p, 0.20002267f);
  p = fma(t, p, -0.25000024f);
  p = fma(t, p, 0.3333331f);
  p = fma(t, p, -0.5f);
  float low = fma(t * t, p, scale * 1.4286068e-06f);
  return -2.0f * fma(scale, 0x1.62e4p-1f, t + low);
}

/* The root and what it lacks: Newton's iteration for 1 / sqrt, then an exact remainder. */
static inline float2 split_sqrt(float x) {
  float half_x = 0.5f * x;
  float y = as_float(0x5f3759dfu - (as_uint(x) >> 1));
  for (int i = 0; i < 3; i++) y = y * fma(-(half_x * y), y, 1.5f);
  float root = x * y;
  return (float2)(root, fma(-root, root, x) * (0.5f * y));
}

/* (cos, sin) of 2 pi k / 2^24: k is taken to the nearest quarter turn and x in [-1/2, 1/2)
 * quarter turns from there. */
static inline float2 turn(uint k) {
  uint quarter = (k + (1u << 21)) >> 22;
  float x = (float)((int)k - (int)(quarter << 22)) * 0x1p-22f, z = x * x;
  float s = fma(z, 0.00015826168f, -0.004681297f);
  s = fma(z, s, 0.07969259f);
  s = fma(z, s, -0.6459641f);
  s = fma(x, 1.57079637f, x * fma(z, s, -4.371139e-08f));
  float c = fma(z, 0.00090401556f, -0.020860286f);
  c = fma(z, c, 0.25366923f);
  c = fma(z, c, -1.2337005f);
  c = fma(z, c, 1.0f);
  bool swap = quarter & 1;
  float cosine = swap ? s : c, sine = swap ? c : s;
  return (float2)((quarter + 1) & 2 ? -cosine : cosine, quarter & 2 ? -sine : sine);
}

/* G. E. P. Box and M. E. Muller, 1958: two words give two draws. */
static inline float2 normal_pair(uint word0, uint word1) {
  float2 radius = split_sqrt(minus_two_log((word0 >> 8) + 1));
  float2 direction = turn(word1 >> 8);
  return fma((float2)radius.x, direction, radius.y * direction);
}

__kernel void normal(__global T *out, long out_offset, long count, ulong seed0,
                     ulong seed1) {
  size_t block = get_global_id(0), first = block * 4;
  if (first >= (size_t)count) return;
  uint4 word = block_words(block, seed0, seed1);
  float2 one = normal_pair(word.x, word.y), two = normal_pair(word.z, word.w);
  store_four(out, (size_t)out_offset + first, (size_t)count - first, (A)one.x, (A)one.y,
             (A)two.x, (A)two.y);
}

/* float64, by the driver's functions: equal on two devices up to rounding only. */
__kernel void normal_wide(__global T *out, long out_offset, long count, ulong seed0,
                          ulong seed1) {
  size_t block = get_global_id(0), first = block * 2;
  if (first >= (size_t)count) return;
  uint4 word = block_words(block, seed0, seed1);
  A radius = sqrt((A)-2 * log((wide_bits(word.x, word.y) + (A)1) * (A)0x1p-53f));
  A angle = wide_bits(word.z, word.w) * (A)0x1p-52f;
  A x0 = radius * cospi(angle), x1 = radius * sinpi(angle);
  store_four(out, (size_t)out_offset + first, AT_MOST((size_t)count - first, (size_t)2), x0,
             x1, x0, x1);
}
