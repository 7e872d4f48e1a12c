/* ctest: devices=all */
#include <math.h>

#include "philox.h"

/* --- The generator, on the host --- */

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

/* Box and Muller in long double from the numbers the kernel starts with: draw `of` of those
 * that a block has. */
static double normal_of_block(const int64_t seed[2], eager_dtype dtype, uint64_t block,
                              int of) {
  uint32_t words[4];
  long double length, turn;
  block_words(seed, block, words);
  if (dtype == EAGER_FLOAT64) {
    length = ((words[0] >> 5) * 0x1p26L + (words[1] >> 6) + 1) * 0x1p-53L;
    turn = ((words[2] >> 5) * 0x1p26L + (words[3] >> 6)) * 0x1p-53L;
  } else {
    length = ((words[of / 2 * 2] >> 8) + 1.0L) * 0x1p-24L;
    turn = (words[of / 2 * 2 + 1] >> 8) * 0x1p-24L;
  }
  long double angle = 2 * 3.14159265358979323846264338327950288L * turn;
  long double radius = sqrtl(-2 * logl(length));
  return (double)(radius * (of % 2 ? sinl(angle) : cosl(angle)));
}

static double normal_reference(const int64_t seed[2], eager_dtype dtype, int64_t i) {
  int draws = dtype == EAGER_FLOAT64 ? 2 : 4;
  return normal_of_block(seed, dtype, (uint64_t)i / (uint64_t)draws, (int)(i % draws));
}

/* The first of the element's own draws within 2. */
static double truncated_reference(const int64_t seed[2], eager_dtype dtype, int64_t i) {
  int draws = dtype == EAGER_FLOAT64 ? 2 : 4;
  for (uint64_t try = 0; try < 8; try++)
    for (int of = 0; of < draws; of++) {
      double value = normal_of_block(seed, dtype, (uint64_t)i | try << 56, of);
      if (fabs(value) < 2) return value;
    }
  return 0;
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
    if (test_tries(NULL, floats[d]))
      expect_draws(eager_stateless_random_uniform, uniform_reference, floats[d],
                   TEST_EXACT);
}

/* Half an ulp each for the logarithm under the root, for cosine or sine and their
 * polynomial, and for the last product, nearly doubled where the result is just above a
 * power of two: 2. The 16-bit floats round that once more: 0.5 and a trace. Near a zero of
 * float64's sine the long double's own angle shows. */
static const test_tolerance tolerances[] = {
    {2, 1e-15}, {0.6, 1e-6}, {0.6, 1e-6}, {2, 1e-18}};

static void draws_normal(void **state) {
  (void)state;
  test_enable();
  for (int d = 0; d < 4; d++)
    if (test_tries(NULL, floats[d]))
      expect_draws(eager_stateless_random_normal, normal_reference, floats[d],
                   tolerances[d]);
}

static void draws_truncated(void **state) {
  (void)state;
  test_enable();
  for (int d = 0; d < 4; d++)
    if (test_tries(NULL, floats[d]))
      expect_draws(eager_stateless_truncated_normal, truncated_reference, floats[d],
                   tolerances[d]);
}

static uint64_t hash_draws(draw_fn draw, eager_dtype dtype, int64_t count) {
  test_pick_mode(test_random());
  size_t size = (size_t)count * eager_dtype_size(dtype);
  uint8_t *draws = test_alloc(size);
  eager_tensor *y;
  assert_ok(draw(1, &count, seeds[1], dtype, &y));
  assert_ok(eager_tensor_to_host(y, draws, size));
  eager_tensor_release(y);
  uint64_t hash = UINT64_C(14695981039346656037); /* FNV-1a */
  for (size_t i = 0; i < size; i++) hash = (hash ^ draws[i]) * UINT64_C(1099511628211);
  return hash;
}

/* Written down from one device: draws are made of + - * and fma alone, so every device
 * gives these bits. */
static void draws_the_same_everywhere(void **state) {
  (void)state;
  test_enable();
  static const struct {
    draw_fn draw;
    eager_dtype dtype;
    uint64_t few, many;
  } hashes[] = {
      {eager_stateless_random_normal, EAGER_FLOAT32, UINT64_C(0xdb38b2854d812cb5),
       UINT64_C(0x519c6d96481a5181)},
      {eager_stateless_random_normal, EAGER_FLOAT64, UINT64_C(0x4f5e17aa4a30333b),
       UINT64_C(0xf899946fbfc76f0d)},
      {eager_stateless_truncated_normal, EAGER_FLOAT32, UINT64_C(0x1bb83b4ec50fc7f1),
       UINT64_C(0x2e47a000e8b235b6)},
      {eager_stateless_truncated_normal, EAGER_FLOAT64, UINT64_C(0xa1c1568bbb8e089e),
       UINT64_C(0x0d228a9007a00e06)},
      {eager_stateless_random_normal, EAGER_BFLOAT16, UINT64_C(0x3c9a2501f554f712),
       UINT64_C(0x05bd7b9f6dd4b474)},
  };
  bool differ = false;
  for (size_t i = 0; i < sizeof hashes / sizeof *hashes; i++) {
    if (!test_tries(NULL, hashes[i].dtype)) continue;
    uint64_t few = hash_draws(hashes[i].draw, hashes[i].dtype, 256);
    uint64_t many = hashes[i].many;
    if (!test_is_slow()) many = hash_draws(hashes[i].draw, hashes[i].dtype, 4096);
    if (few == hashes[i].few && many == hashes[i].many) continue;
    print_message("row %zu: UINT64_C(0x%016llx), UINT64_C(0x%016llx)\n", i,
                  (unsigned long long)few, (unsigned long long)many);
    differ = true;
  }
  assert_false(differ);
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
      cmocka_unit_test(knows_the_answers), cmocka_unit_test(gives_the_known_answers),
      cmocka_unit_test(draws_uniform),     cmocka_unit_test(draws_normal),
      cmocka_unit_test(draws_truncated),   cmocka_unit_test(draws_the_same_everywhere),
      cmocka_unit_test(takes_any_shape),   cmocka_unit_test(refuses_bad_arguments),
  };
  return test_main("ops/random", tests, sizeof tests / sizeof *tests);
}
