/* ctest: devices=all */
#include <math.h>

#include "test_values.h"

/* --- The generator, on the host --- */

static void philox(const uint32_t key[2], uint32_t counter[4]) {
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

static void block_words(const int64_t seed[2], uint64_t block, uint32_t words[4]) {
  uint64_t s0 = (uint64_t)seed[0], s1 = (uint64_t)seed[1];
  uint32_t counter[4] = {(uint32_t)block, (uint32_t)(block >> 32), (uint32_t)(s0 >> 32),
                         (uint32_t)(s1 >> 32)};
  philox((uint32_t[]){(uint32_t)s0, (uint32_t)s1}, counter);
  memcpy(words, counter, sizeof counter);
}

/* kat_vectors of the Random123 library: philox4x32, 10 rounds. */
static void knows_the_answers(void **state) {
  (void)state;
  static const struct {
    uint32_t counter[4], key[2], answer[4];
  } known[] = {
      {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
      {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
       {0xffffffff, 0xffffffff},
       {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
      {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
       {0xa4093822, 0x299f31d0},
       {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
  };
  for (int i = 0; i < 3; i++) {
    uint32_t words[4];
    memcpy(words, known[i].counter, sizeof words);
    philox(known[i].key, words);
    assert_memory_equal(words, known[i].answer, sizeof words);
  }
}

/* --- Draws --- */

static const int64_t seeds[][2] = {
    {0, 0}, {1, 2}, {-1, -1}, {INT64_C(0x13198a2ea4093822), INT64_C(0x03707344299f31d0)}};
enum { SEEDS = sizeof seeds / sizeof *seeds };

/* The device's first words for seed {0, 0} are Random123's own. */
static void gives_the_known_answers(void **state) {
  (void)state;
  test_enable();
  static const uint32_t answer[4] = {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8};
  test_pick_mode(test_random());
  double expected[4];
  for (int i = 0; i < 4; i++) expected[i] = (answer[i] >> 8) * 0x1p-24;
  eager_tensor *y;
  assert_ok(eager_stateless_random_uniform(1, (int64_t[]){4}, seeds[0], EAGER_FLOAT32, &y));
  test_expect(y, EAGER_FLOAT32, (test_shape){1, {4}}, expected, TEST_EXACT, "seed 0, 0");
  eager_tensor_release(y);
}

static double uniform_reference(const int64_t seed[2], eager_dtype dtype, int64_t i) {
  uint32_t words[4];
  if (dtype == EAGER_FLOAT64) {
    block_words(seed, (uint64_t)i / 2, words);
    const uint32_t *pair = words + i % 2 * 2;
    return ((pair[0] >> 5) * 0x1p26 + (pair[1] >> 6)) * 0x1p-53;
  }
  int bits = dtype == EAGER_FLOAT32 ? 24 : dtype == EAGER_FLOAT16 ? 11 : 8;
  block_words(seed, (uint64_t)i / 4, words);
  return ldexp(words[i % 4] >> (32 - bits), -bits);
}

/* Box and Muller in double from the numbers the kernel starts with. */
static double normal_reference(const int64_t seed[2], eager_dtype dtype, int64_t i) {
  uint32_t words[4];
  double length, turn;
  if (dtype == EAGER_FLOAT64) {
    block_words(seed, (uint64_t)i / 2, words);
    length = ((words[0] >> 5) * 0x1p26 + (words[1] >> 6) + 1) * 0x1p-53;
    turn = ((words[2] >> 5) * 0x1p26 + (words[3] >> 6)) * 0x1p-53;
  } else {
    block_words(seed, (uint64_t)i / 4, words);
    length = ((words[i % 4 / 2 * 2] >> 8) + 1.0) * 0x1p-24;
    turn = (words[i % 4 / 2 * 2 + 1] >> 8) * 0x1p-24;
  }
  double angle = 2 * 3.14159265358979323846 * turn, radius = sqrt(-2 * log(length));
  return radius * (i % 2 ? sin(angle) : cos(angle));
}

static int64_t length_of(int i) {
  static const int64_t lengths[] = {1, 2, 3, 5, 64, 65537};
  return test_is_slow() && lengths[i] > 64 ? 257 : lengths[i];
}
enum { LENGTHS = 6 };

typedef eager_status (*draw_fn)(int rank, const int64_t *dims, const int64_t seed[2],
                                eager_dtype dtype, eager_tensor **out);
typedef double (*reference_fn)(const int64_t seed[2], eager_dtype dtype, int64_t i);

static void expect_draws(draw_fn draw, reference_fn reference, eager_dtype dtype,
                         test_tolerance tolerance) {
  for (int s = 0; s < SEEDS; s++)
    for (int l = 0; l < LENGTHS; l++) {
      test_pick_mode(test_random());
      int64_t count = length_of(l);
      double *expected = test_alloc((size_t)count * sizeof *expected);
      for (int64_t i = 0; i < count; i++) expected[i] = reference(seeds[s], dtype, i);
      eager_tensor *y;
      test_poison((size_t)count * eager_dtype_size(dtype));
      assert_ok(draw(1, &count, seeds[s], dtype, &y));
      test_expect(y, dtype, (test_shape){1, {count}}, expected, tolerance,
                  test_text("seed %d, %lld draws", s, (long long)count));
      eager_tensor_release(y);
    }
}

static const eager_dtype floats[] = {EAGER_FLOAT32, EAGER_FLOAT16, EAGER_BFLOAT16,
                                     EAGER_FLOAT64};

static void draws_uniform(void **state) {
  (void)state;
  test_enable();
  for (int d = 0; d < 4; d++)
    if (test_has_arithmetic(floats[d]))
      expect_draws(eager_stateless_random_uniform, uniform_reference, floats[d],
                   TEST_EXACT);
}

/* float32: half an ulp each for the logarithm under the root, for cosine or sine and their
 * polynomial, and for the last product, nearly doubled where the result is just above a
 * power of two: 2. The 16-bit floats round that once more: 0.5 and a trace. float64: log,
 * sqrt, sinpi, cospi within 3 to 4 ulp by OpenCL's table; near a zero of the reference its
 * angle's own rounding shows, 2 pi 2^-53 times the radius. */
static void draws_normal(void **state) {
  (void)state;
  test_enable();
  static const test_tolerance tolerances[] = {
      {2, 1e-15}, {0.6, 1e-6}, {0.6, 1e-6}, {10, 2e-14}};
  for (int d = 0; d < 4; d++)
    if (test_has_arithmetic(floats[d]))
      expect_draws(eager_stateless_random_normal, normal_reference, floats[d],
                   tolerances[d]);
}

static uint64_t hash_draws(int64_t count) { /* FNV-1a over their bits */
  test_pick_mode(test_random());
  float *draws = test_alloc((size_t)count * sizeof *draws);
  eager_tensor *y;
  assert_ok(eager_stateless_random_normal(1, &count, seeds[1], EAGER_FLOAT32, &y));
  assert_ok(eager_tensor_to_host(y, draws, (size_t)count * sizeof *draws));
  eager_tensor_release(y);
  uint64_t hash = UINT64_C(14695981039346656037);
  for (int64_t i = 0; i < count; i++) {
    uint32_t bits;
    memcpy(&bits, &draws[i], sizeof bits);
    hash = (hash ^ bits) * UINT64_C(1099511628211);
  }
  return hash;
}

/* Written down from one device: float32 draws are made of + - * and fma alone, so every
 * device gives these bits. */
static void draws_the_same_everywhere(void **state) {
  (void)state;
  test_enable();
  assert_int_equal(hash_draws(256), UINT64_C(0x12838a4439a3d04e));
  if (!test_is_slow()) assert_int_equal(hash_draws(4096), UINT64_C(0xe5d37eed6ccd27fc));
}

static void takes_any_shape(void **state) {
  (void)state;
  test_enable();
  eager_tensor *y, *z;
  assert_ok(eager_stateless_random_normal(0, NULL, seeds[1], EAGER_FLOAT32, &y));
  assert_int_equal(eager_tensor_rank(y), 0);
  assert_ok(
      eager_stateless_random_uniform(3, (int64_t[]){2, 0, 5}, seeds[1], EAGER_FLOAT32, &z));
  assert_int_equal(eager_tensor_num_elements(z), 0);
  eager_tensor_release(y);
  eager_tensor_release(z);
}

static void refuses_bad_arguments(void **state) {
  (void)state;
  test_enable();
  eager_tensor *y;
  int64_t n = 3;
  assert_fails(eager_stateless_random_uniform(1, &n, seeds[0], EAGER_INT32, &y),
               EAGER_INVALID_ARGUMENT,
               "dtype must be float32, float64, float16 or bfloat16, got int32 "
               "[Op:StatelessRandomUniform]");
  assert_fails(eager_stateless_random_normal(1, &n, NULL, EAGER_FLOAT32, &y),
               EAGER_INVALID_ARGUMENT, "seed must not be NULL [Op:StatelessRandomNormal]");
  assert_null(y);
  eager_op *op;
  int count = 1;
  assert_ok(eager_op_new("StatelessRandomUniform", &op));
  assert_ok(eager_op_set_attr_int_list(op, "shape", &n, 1));
  assert_ok(eager_op_set_attr_int_list(op, "seed", (int64_t[]){1, 2, 3}, 3));
  assert_fails(eager_op_execute(op, &y, &count), EAGER_INVALID_ARGUMENT,
               "seed must have shape [2], not [3] [Op:StatelessRandomUniform]");
  eager_op_release(op);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(knows_the_answers),
      cmocka_unit_test(gives_the_known_answers),
      cmocka_unit_test(draws_uniform),
      cmocka_unit_test(draws_normal),
      cmocka_unit_test(draws_the_same_everywhere),
      cmocka_unit_test(takes_any_shape),
      cmocka_unit_test(refuses_bad_arguments),
  };
  return test_main("ops/random", tests, sizeof tests / sizeof *tests);
}
