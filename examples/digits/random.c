#include "random.h"

/* Philox4x32-10: J. K. Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC11.
 */
static void philox(const uint32_t key[2], uint32_t counter[4]) {
  uint32_t key0 = key[0], key1 = key[1];
  for (int round = 0; round < 10; round++) {
    uint64_t product0 = (uint64_t)0xD2511F53u * counter[0];
    uint64_t product1 = (uint64_t)0xCD9E8D57u * counter[2];
    counter[0] = (uint32_t)(product1 >> 32) ^ counter[1] ^ key0;
    counter[1] = (uint32_t)product1;
    counter[2] = (uint32_t)(product0 >> 32) ^ counter[3] ^ key1;
    counter[3] = (uint32_t)product0;
    key0 += 0x9E3779B9u;
    key1 += 0xBB67AE85u;
  }
}

uint32_t random_word(int64_t seed, int64_t stream, uint64_t index) {
  uint64_t block = index / 4, seed_bits = (uint64_t)seed, stream_bits = (uint64_t)stream;
  uint32_t key[2] = {(uint32_t)seed_bits, (uint32_t)stream_bits};
  uint32_t words[4] = {(uint32_t)block, (uint32_t)(block >> 32),
                       (uint32_t)(seed_bits >> 32), (uint32_t)(stream_bits >> 32)};
  philox(key, words);
  return words[index % 4];
}

float random_uniform(int64_t seed, int64_t stream, uint64_t index) {
  return (float)(random_word(seed, stream, index) >> 8) * 0x1p-24f;
}

/* Fisher and Yates, from the end. */
void random_order(int32_t *order, int64_t count, int64_t seed, int64_t stream) {
  for (int64_t i = 0; i < count; i++) {
    order[i] = (int32_t)i;
  }
  for (int64_t i = count - 1; i > 0; i--) {
    uint64_t word = random_word(seed, stream, (uint64_t)(count - 1 - i));
    int64_t other = (int64_t)((word * (uint64_t)(i + 1)) >> 32);
    int32_t held = order[i];
    order[i] = order[other];
    order[other] = held;
  }
}
