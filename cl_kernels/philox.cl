/* Philox 4x32-10: J. K. Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC11.
 *
 * The key is the low words of the two seeds; the counter is (block, high words of the
 * seeds). A block is four words: the numbers 4 * block ... in order, or, of float64, the
 * two numbers 2 * block and 2 * block + 1. */

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
