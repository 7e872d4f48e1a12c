/* Normal draws of floats, whole and truncated, behind random.cl: one work-item per block
 * where not said otherwise. Any local size is legal.
 *
 * All is in + - * and fma alone, each correctly rounded everywhere: the same draws, bit for
 * bit, on every device. The polynomials are minimax fits of their own interval. */

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

/* The same in double for float64; the program of another dtype has no use for it. */

/* -2 ln((m + 1) / 2^53), of 1 + t as above. ln 2 in two parts, the first exact in 42 bits.
 */
static inline F wide_minus_two_log(ulong m) {
  F x = (F)(m + 1); /* 53 bits: exact */
  ulong bits = (ulong)REAL_BITS(x);
  ulong e = (bits - 0x3fe6a09e667f3bcdul) >> 52;
  F t = BITS_REAL((BITS_LANE)(bits - (e << 52))) - (F)1;
  F scale = (F)((int)e - 53);
  F p = fma(t, NUMBER(0x1.7d7f6b944fb40p-6), NUMBER(-0x1.ba4aded4dfa36p-5));
  p = fma(t, p, NUMBER(0x1.e4ed0b7fe2bf9p-5));
  p = fma(t, p, NUMBER(-0x1.a4e2b13152cf2p-5));
  p = fma(t, p, NUMBER(0x1.9eecfdc89fa31p-5));
  p = fma(t, p, NUMBER(-0x1.c29f566326aecp-5));
  p = fma(t, p, NUMBER(0x1.e336749a9a481p-5));
  p = fma(t, p, NUMBER(-0x1.0047223be9ab0p-4));
  p = fma(t, p, NUMBER(0x1.110a2ec4e293cp-4));
  p = fma(t, p, NUMBER(-0x1.248da4f3d3c91p-4));
  p = fma(t, p, NUMBER(0x1.3b13c7de1d36ep-4));
  p = fma(t, p, NUMBER(-0x1.5555824011285p-4));
  p = fma(t, p, NUMBER(0x1.745d180292af1p-4));
  p = fma(t, p, NUMBER(-0x1.9999989df2326p-4));
  p = fma(t, p, NUMBER(0x1.c71c71bf6cbb6p-4));
  p = fma(t, p, NUMBER(-0x1.000000017d934p-3));
  p = fma(t, p, NUMBER(0x1.249249249e3d5p-3));
  p = fma(t, p, NUMBER(-0x1.5555555553436p-3));
  p = fma(t, p, NUMBER(0x1.99999999998d7p-3));
  p = fma(t, p, NUMBER(-0x1.0000000000007p-2));
  p = fma(t, p, NUMBER(0x1.5555555555555p-2));
  p = fma(t, p, NUMBER(-0.5));
  F low = fma(t * t, p, scale * NUMBER(0x1.ef35793c76730p-45));
  return (F)-2 * fma(scale, NUMBER(0x1.62e42fefa3800p-1), t + low);
}

/* The root and what it lacks. */
static inline F wide_split_sqrt(F x, F *lacks) {
  F half_x = (F)0.5f * x;
  F y = BITS_REAL((BITS_LANE)(0x5fe6eb50c7b537a9ul - ((ulong)REAL_BITS(x) >> 1)));
  for (int i = 0; i < 4; i++) y = y * fma(-(half_x * y), y, (F)1.5f);
  F root = x * y;
  *lacks = fma(-root, root, x) * ((F)0.5f * y);
  return root;
}

/* cos and sin of 2 pi k / 2^53, by quarter turns as above. */
static inline F wide_turn(ulong k, F *sine) {
  ulong quarter = (k + (1ul << 50)) >> 51;
  F x = (F)((long)k - (long)(quarter << 51)) * (F)0x1p-51f, z = x * x;
  F s = fma(z, NUMBER(-0x1.6c5b875d4e739p-31), NUMBER(0x1.e8eed12ee00a3p-25));
  s = fma(z, s, NUMBER(-0x1.e3074b4ff3058p-19));
  s = fma(z, s, NUMBER(0x1.50783485cbd83p-13));
  s = fma(z, s, NUMBER(-0x1.32d2cce62ac22p-8));
  s = fma(z, s, NUMBER(0x1.466bc6775aad9p-4));
  s = fma(z, s, NUMBER(-0x1.4abbce625be53p-1));
  s = fma(x, NUMBER(0x1.921fb54442d18p+0), x * fma(z, s, NUMBER(0x1.1a5f137c645c8p-54)));
  F c = fma(z, NUMBER(0x1.1e2a69fa47a81p-34), NUMBER(-0x1.b6dd6cfa280afp-28));
  c = fma(z, c, NUMBER(0x1.f9d3854812ae6p-22));
  c = fma(z, c, NUMBER(-0x1.a6d1f29f1c7fap-16));
  c = fma(z, c, NUMBER(0x1.e1f5068919a8ap-11));
  c = fma(z, c, NUMBER(-0x1.55d3c7e3cbfedp-6));
  c = fma(z, c, NUMBER(0x1.03c1f081b5ac4p-2));
  c = fma(z, c, NUMBER(-0x1.3bd3cc9be45dep+0));
  c = fma(z, c, (F)1);
  bool swap = quarter & 1;
  F cosine = swap ? s : c;
  *sine = swap ? c : s;
  if (quarter & 2) *sine = -*sine;
  return (quarter + 1) & 2 ? -cosine : cosine;
}

/* Two draws from a block. */
static inline A wide_normals(uint4 word, A *second) {
  A lacks, sine;
  A root = wide_split_sqrt(wide_minus_two_log(wide_integer(word.x, word.y)), &lacks);
  A cosine = wide_turn(wide_integer(word.z, word.w), &sine);
  *second = fma(root, sine, lacks * sine);
  return fma(root, cosine, lacks * cosine);
}

__kernel void normal_wide(__global T *out, long out_offset, long count, ulong seed0,
                          ulong seed1) {
  size_t block = get_global_id(0), first = block * 2;
  if (first >= (size_t)count) return;
  A x1, x0 = wide_normals(block_words(block, seed0, seed1), &x1);
  store_four(out, (size_t)out_offset + first, AT_MOST((size_t)count - first, (size_t)2), x0,
             x1, x0, x1);
}

/* ---- Truncated: the first draw within 2 of those that an element of its own number makes,
 * block by block. None within is left to chance once in 10^20 elements: then 0. ---- */

__kernel void truncated(__global T *out, long out_offset, long count, ulong seed0,
                        ulong seed1) {
  size_t i = get_global_id(0);
  if (i >= (size_t)count) return;
  float value = 0.0f;
  bool found = false;
  for (ulong try = 0; try < 8 && !found; try++) {
    uint4 word = block_words(i | try << 56, seed0, seed1);
    float2 one = normal_pair(word.x, word.y), two = normal_pair(word.z, word.w);
    float draws[4] = {one.x, one.y, two.x, two.y};
    for (int d = 3; d >= 0; d--)
      if (fabs(draws[d]) < 2.0f) {
        value = draws[d];
        found = true;
      }
  }
  STORE(out + out_offset, i, (A)value);
}

__kernel void truncated_wide(__global T *out, long out_offset, long count, ulong seed0,
                             ulong seed1) {
  size_t i = get_global_id(0);
  if (i >= (size_t)count) return;
  A value = (A)0;
  bool found = false;
  for (ulong try = 0; try < 16 && !found; try++) {
    A second, first = wide_normals(block_words(i | try << 56, seed0, seed1), &second);
    if (fabs(second) < (A)2) value = second;
    if (fabs(first) < (A)2) value = first;
    found = fabs(first) < (A)2 || fabs(second) < (A)2;
  }
  STORE(out + out_offset, i, value);
}
