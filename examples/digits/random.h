/* Random numbers on the host: the Philox4x32-10 streams that eager_stateless_random_uniform
   makes on a device, word for word, so that both start from the same weights. */
#ifndef DIGITS_RANDOM_H
#define DIGITS_RANDOM_H

#include <stdint.h>

/* Word `index` of the stream that the seed {seed, stream} names. */
uint32_t random_word(int64_t seed, int64_t stream, uint64_t index);

/* The same word as a number in [0, 1): its upper 24 bits, exact in float32. */
float random_uniform(int64_t seed, int64_t stream, uint64_t index);

/* Fills `order` with 0 .. count-1 in an order that depends only on seed, stream and count.
 */
void random_order(int32_t *order, int64_t count, int64_t seed, int64_t stream);

#endif
