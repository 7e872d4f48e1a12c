/* Uniform draws of floats, from the blocks of philox.cl: one work-item per block. Any local
 * size is legal. */

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

/* 53 bits of two words. */
static inline ulong wide_integer(uint high, uint low) {
  return (ulong)(high >> 5) << 26 | low >> 6;
}

__kernel void uniform_wide(__global T *out, long out_offset, long count, ulong seed0,
                           ulong seed1) {
  size_t block = get_global_id(0), first = block * 2;
  if (first >= (size_t)count) return;
  uint4 word = block_words(block, seed0, seed1);
  A x0 = (A)wide_integer(word.x, word.y) * (A)0x1p-53f;
  A x1 = (A)wide_integer(word.z, word.w) * (A)0x1p-53f;
  store_four(out, (size_t)out_offset + first, AT_MOST((size_t)count - first, (size_t)2), x0,
             x1, x0, x1);
}
