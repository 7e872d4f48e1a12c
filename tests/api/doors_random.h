/* Doors of the later random ops. */
#ifndef EAGER_TESTS_DOORS_RANDOM_H
#define EAGER_TESTS_DOORS_RANDOM_H

#include "doors.h"

static const int64_t random_dims[] = {3, 5}, random_seed[] = {7, -9};

static eager_status truncated_normal(eager_tensor *const *in, eager_tensor **out) {
  (void)in;
  return eager_stateless_truncated_normal(2, random_dims, random_seed, EAGER_FLOAT16, out);
}
static eager_status uniform_int(eager_tensor *const *in, eager_tensor **out) {
  (void)in;
  return eager_stateless_random_uniform_int(2, random_dims, random_seed, -4, 90,
                                            EAGER_INT64, out);
}
static eager_status uniform_full_int(eager_tensor *const *in, eager_tensor **out) {
  (void)in;
  return eager_stateless_random_uniform_full_int(2, random_dims, random_seed, EAGER_UINT32,
                                                 out);
}
static eager_status categorical(eager_tensor *const *in, eager_tensor **out) {
  return eager_stateless_categorical(in[0], 6, random_seed, EAGER_INT64, out);
}
static eager_status shuffle(eager_tensor *const *in, eager_tensor **out) {
  return eager_stateless_shuffle(in[0], random_seed, out);
}
static eager_status dropout(eager_tensor *const *in, eager_tensor **out) {
  return eager_dropout(in[0], 0.5, random_seed, (int64_t[]){1, -1}, out);
}

#define RANDOM_SHAPE                                                                       \
  {                                                                                        \
    "shape", EAGER_ATTR_INT_LIST, 2, {                                                     \
      3, 5                                                                                 \
    }                                                                                      \
  }
#define RANDOM_SEED                                                                        \
  {                                                                                        \
    "seed", EAGER_ATTR_INT_LIST, 2, {                                                      \
      7, -9                                                                                \
    }                                                                                      \
  }

static const row random_rows[] = {
    {"StatelessTruncatedNormal",
     truncated_normal,
     {{0}},
     {RANDOM_SHAPE, RANDOM_SEED, {"dtype", EAGER_ATTR_DTYPE, 1, {EAGER_FLOAT16}}}},
    {"StatelessRandomUniformInt",
     uniform_int,
     {{0}},
     {RANDOM_SHAPE,
      RANDOM_SEED,
      {"minval", EAGER_ATTR_INT, 1, {-4}},
      {"maxval", EAGER_ATTR_INT, 1, {90}},
      {"dtype", EAGER_ATTR_DTYPE, 1, {EAGER_INT64}}}},
    {"StatelessRandomUniformFullInt",
     uniform_full_int,
     {{0}},
     {RANDOM_SHAPE, RANDOM_SEED, {"dtype", EAGER_ATTR_DTYPE, 1, {EAGER_UINT32}}}},
    {"StatelessMultinomial",
     categorical,
     {{EAGER_FLOAT32, {2, {3, 5}}}},
     {RANDOM_SEED, {"num_samples", EAGER_ATTR_INT, 1, {6}}}},
    {"StatelessShuffle", shuffle, {{EAGER_INT16, {2, {3, 5}}}}, {RANDOM_SEED}},
    {"Dropout",
     dropout,
     {{EAGER_FLOAT32, {2, {3, 5}}}},
     {RANDOM_SEED,
      {"rate", EAGER_ATTR_FLOAT, 1, {0.5}},
      {"noise_shape", EAGER_ATTR_INT_LIST, 2, {1, -1}}}},
};

#endif
