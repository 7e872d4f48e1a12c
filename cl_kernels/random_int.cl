/* Whole numbers from the blocks of philox.cl: each of two draws of a block takes 64 bits.
 * Any local size is legal. */

static inline ulong joined(uint high, uint low) {
  return (ulong)high << 32 | low;
}

/* low + a number below `range`: the upper half of bits * range, so that no number is more
 * likely than another by more than range / 2^64. A range of 0 stands for 2^64. */
static inline T within(ulong bits, ulong low, ulong range) {
  return (T)(low + (range == 0 ? bits : mul_hi(bits, range)));
}

__kernel void uniform_int(__global T *out, long out_offset, long count, ulong seed0,
                          ulong seed1, ulong low, ulong range) {
  size_t block = get_global_id(0), first = block * 2;
  if (first >= (size_t)count) return;
  uint4 word = block_words(block, seed0, seed1);
  out[out_offset + first] = within(joined(word.x, word.y), low, range);
  if (first + 1 < (size_t)count)
    out[out_offset + first + 1] = within(joined(word.z, word.w), low, range);
}
