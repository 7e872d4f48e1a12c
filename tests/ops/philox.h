/* Philox 4x32-10 on the host, and the words that a block of a stream has. Included by one
 * test file each. */
#ifndef EAGER_TESTS_OPS_PHILOX_H
#define EAGER_TESTS_OPS_PHILOX_H

#include "test_values.h"

static inline void philox(const uint32_t key[2], uint32_t counter[4]) {
  uint32_t k0 = key[0], k1 = key[1];
  for (int round = 0; round < 10; round++) {
    uint64_t a = (uint64_t)0xD2511F53u * counter[0], b = (uint64_t)0xCD9E8D57u * counter[2];
    uint32_t next[4] = {(uint32_t)(b >> 32) ^ counter[1] ^ k0, (uint32_t)b,
                        (uint32_t)(a >> 32) ^ counter[3] ^ k1, (uint32_t)a};
    memcpy(counter, next, sizeof next);
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
}

static inline void block_words(const int64_t seed[2], uint64_t block, uint32_t words[4]) {
  uint64_t s0 = (uint64_t)seed[0], s1 = (uint64_t)seed[1];
  uint32_t counter[4] = {(uint32_t)block, (uint32_t)(block >> 32), (uint32_t)(s0 >> 32),
                         (uint32_t)(s1 >> 32)};
  philox((uint32_t[]){(uint32_t)s0, (uint32_t)s1}, counter);
  memcpy(words, counter, sizeof counter);
}

/* Draw i of those that take 64 bits each. */
static inline uint64_t wide_draw(const int64_t seed[2], uint64_t i) {
  uint32_t words[4];
  block_words(seed, i / 2, words);
  return (uint64_t)words[i % 2 * 2] << 32 | words[i % 2 * 2 + 1];
}

/* The upper half of a * b. */
static inline uint64_t upper_product(uint64_t a, uint64_t b) {
  uint64_t a0 = (uint32_t)a, a1 = a >> 32, b0 = (uint32_t)b, b1 = b >> 32;
  uint64_t middle = a1 * b0 + (a0 * b0 >> 32), other = a0 * b1 + (uint32_t)middle;
  return a1 * b1 + (middle >> 32) + (other >> 32);
}

#endif
