/* ctest: devices=all timeout=300 tuned */
/* Attention against the sum as it is written: masks, causal, shared keys, long sequences.
 */
#include <math.h>

#include "reference.h"
#include "test.h"

typedef enum mask_kind { NONE, ADDED, BOOLS } mask_kind;

typedef struct attention_case {
  test_shape query; /* [..., heads, q_len, d] */
  int64_t key_heads, k_len, width;
  test_shape mask; /* of rank 0: broadcasts too */
  mask_kind kind;
  bool causal;
  double scale;
} attention_case;

static const attention_case cases[] = {
    {{2, {1, 1}}, 1, 1, 1, {0}, NONE, false, 0},
    {{2, {5, 8}}, 1, 7, 3, {0}, NONE, false, 0},
    {{2, {7, 3}}, 1, 9, 17, {2, {7, 9}}, ADDED, false, 0.5},
    {{3, {3, 6, 16}}, 3, 6, 16, {0}, NONE, true, 0},
    {{3, {2, 5, 4}}, 2, 3, 4, {2, {5, 3}}, BOOLS, true, -1},
    {{4, {2, 3, 4, 5}}, 3, 11, 6, {4, {2, 1, 4, 11}}, BOOLS, false, 0},
    {{4, {2, 4, 3, 9}}, 2, 10, 5, {4, {1, 4, 1, 10}}, ADDED, false, 0},
    {{4, {1, 6, 2, 33}}, 1, 37, 33, {1, {37}}, ADDED, true, 0.1},
    {{5, {2, 1, 4, 2, 8}}, 4, 3, 2, {3, {4, 1, 1}}, ADDED, false, 0},
    {{8, {1, 2, 1, 2, 1, 2, 2, 4}}, 2, 3, 4, {0}, BOOLS, false, 0},
    {{3, {2, 9, 64}}, 2, 65, 64, {0}, NONE, false, 0},
    {{3, {2, 67, 64}}, 2, 130, 257, {0}, NONE, true, 0},
    {{3, {1, 33, 100}}, 1, 33, 100, {2, {33, 33}}, ADDED, true, 0},
    {{3, {2, 3, 0}}, 2, 3, 4, {0}, NONE, false, 0},
    {{3, {2, 3, 4}}, 2, 0, 4, {0}, NONE, false, 0},
    {{3, {2, 0, 4}}, 2, 3, 4, {0}, NONE, false, 0},
    {{3, {0, 3, 4}}, 0, 3, 4, {0}, NONE, false, 0},
};
enum { CASES = sizeof cases / sizeof *cases };

static double *doubles(int64_t count) {
  return test_alloc((size_t)(count + 1) * sizeof(double));
}

typedef struct operands {
  test_shape q_shape, k_shape, v_shape, out_shape, scores;
  double *q, *k, *v, *mask;
} operands;

static operands make_operands(eager_dtype dtype, const attention_case *c) {
  operands o = {.q_shape = c->query};
  int rank = c->query.rank;
  o.k_shape = o.out_shape = o.scores = c->query;
  o.k_shape.dims[rank - 2] = o.scores.dims[rank - 1] = c->k_len;
  if (rank > 2) o.k_shape.dims[rank - 3] = c->key_heads;
  o.v_shape = o.k_shape;
  o.v_shape.dims[rank - 1] = o.out_shape.dims[rank - 1] = c->width;
  o.q = test_random_values(dtype, test_elements(o.q_shape), -2, 2);
  o.k = test_random_values(dtype, test_elements(o.k_shape), -2, 2);
  o.v = test_random_values(dtype, test_elements(o.v_shape), -2, 2);
  o.mask = c->kind == BOOLS ? test_random_values(EAGER_BOOL, test_elements(c->mask), 0, 1)
                            : test_random_values(dtype, test_elements(c->mask), -3, 3);
  return o;
}

/* `*out_score`: the largest sum of |q| |k| scale + |mask|. */
static double *reference(const attention_case *c, const operands *o, double *out_score) {
  int rank = c->query.rank;
  int64_t q_len = c->query.dims[rank - 2], depth = c->query.dims[rank - 1];
  int64_t k_len = c->k_len, width = c->width;
  int64_t heads = eager__shape_product(&c->query, 0, rank - 2);
  int64_t group = rank > 2 && c->key_heads > 0 ? c->query.dims[rank - 3] / c->key_heads : 1;
  double scale = c->scale != 0 ? c->scale : depth > 0 ? 1 / sqrt((double)depth) : 0;
  double *out = doubles(test_elements(o->out_shape)), *scores = doubles(k_len);
  *out_score = 0;
  test_walk w;
  test_walk_begin(&w, o->scores);
  for (int64_t row = 0; row < heads * q_len; row++) {
    int64_t head = row / q_len, i = row - head * q_len, shared = head / group;
    double largest = -INFINITY, sum = 0;
    for (int64_t j = 0; j < k_len; j++, test_walk_next(&w)) {
      double score = 0, size = 0;
      for (int64_t d = 0; d < depth; d++) {
        double term =
            o->q[row * depth + d] * o->k[(shared * k_len + j) * depth + d] * scale;
        score += term;
        size += fabs(term);
      }
      double mask = c->kind != NONE ? o->mask[test_walk_offset(&w, c->mask)] : 0;
      if (c->kind == ADDED) score += mask;
      if ((c->kind == BOOLS && mask == 0) || (c->causal && j > i)) score = -INFINITY;
      *out_score = fmax(*out_score, size + (isfinite(mask) ? fabs(mask) : 0));
      scores[j] = score;
      largest = isnan(score) || score > largest ? score : largest;
    }
    for (int64_t j = 0; j < k_len; j++) {
      if (scores[j] == -INFINITY) continue;
      double weight = exp(scores[j] - largest);
      sum += weight;
      for (int64_t d = 0; d < width; d++)
        out[row * width + d] += weight * o->v[(shared * k_len + j) * width + d];
    }
    for (int64_t d = 0; d < width && sum != 0; d++) out[row * width + d] /= sum;
  }
  return out;
}

/* A score errs by half an epsilon of its terms' size for each rounding: some 4 for short
 * vectors, `depth / 16` for long ones; a weight by as much relatively and 3 ulps for exp.
 * Values are at most 2; sums add some epsilons. */
static void check(eager_dtype dtype, const attention_case *c) {
  operands o = make_operands(dtype, c);
  double size, *expected = reference(c, &o, &size);
  eager_tensor *q = test_view(dtype, o.q_shape, o.q, 3), *k, *v, *mask = NULL, *y;
  k = test_view(dtype, o.k_shape, o.k, 1);
  v = test_view(dtype, o.v_shape, o.v, 2);
  if (c->kind != NONE)
    mask = test_view(c->kind == BOOLS ? EAGER_BOOL : dtype, c->mask, o.mask, 1);
  test_pick_mode(test_random());
  test_poison((size_t)test_elements(o.out_shape) * eager_dtype_size(dtype));
  assert_ok(eager_attention(q, k, v, mask, c->scale, c->causal, &y));
  double e = test_epsilon(dtype == EAGER_FLOAT64 ? dtype : EAGER_FLOAT32);
  double depth = (double)c->query.dims[c->query.rank - 1];
  bool narrow = dtype == EAGER_FLOAT16 || dtype == EAGER_BFLOAT16;
  test_tolerance tolerance = {narrow, 4 * e * (8 + size * (4 + depth / 16))};
  test_expect(y, dtype, o.out_shape, expected, tolerance,
              test_text("query rank %d, %d keys", c->query.rank, (int)c->k_len));
  eager_tensor *all[] = {q, k, v, mask, y};
  for (int i = 0; i < 5; i++) eager_tensor_release(all[i]);
}

static void every_case(void **state) {
  (void)state;
  test_enable();
  test_time_limit(200); /* an empty cache: a program for each dtype */
  for (int d = 0; d < TEST_DTYPES; d++)
    for (int i = 0; i < CASES; i++) {
      eager_dtype dtype = test_dtypes[d];
      if (!test_is_float(dtype) || !test_tries(NULL, dtype)) continue;
      if (test_is_slow() && test_elements(cases[i].query) * cases[i].k_len > 1300) continue;
      check(dtype, &cases[i]);
    }
}

/* Far more keys than a launch can see where loops are limited. */
static void long_sequences(void **state) {
  (void)state;
  test_enable();
  if (test_is_slow()) test_skip("hundreds of thousands of keys");
  static const attention_case longs[] = {
      {{3, {2, 3, 8}}, 1, 65537, 5, {1, {65537}}, ADDED, false, 0},
      {{2, {1, 64}}, 1, 200003, 70, {0}, NONE, false, 0},
      {{2, {1031, 4}}, 1, 1031, 4, {0}, NONE, true, 0},
  };
  for (int i = 0; i < 3; i++) check(EAGER_FLOAT32, &longs[i]);
  check(EAGER_FLOAT16, &longs[0]);
}

/* Queries without keys give zeros; NaN and infinity behind a mask are not seen. */
static void special_values(void **state) {
  (void)state;
  test_enable();
  double q[] = {1, 2, NAN, 1, 3, 4, 0, 1}, k[] = {1, 0, 2, 1, INFINITY, 0};
  double v[] = {1, 2, 3, NAN, INFINITY, 6};
  double keep[] = {1, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 1};
  attention_case c = {{2, {4, 2}}, 1, 3, 2, {2, {4, 3}}, BOOLS, false, 1};
  operands o = {{2, {4, 2}}, {2, {3, 2}}, {2, {3, 2}}, {2, {4, 2}}, {2, {4, 3}},
                q,           k,           v,           keep};
  double size, *expected = reference(&c, &o, &size);
  expected[2] = expected[3] = NAN; /* the query's own NaN is seen */
  expected[4] = expected[5] = 0;
  eager_tensor *in[] = {
      test_view(EAGER_FLOAT32, o.q_shape, q, 1), test_view(EAGER_FLOAT32, o.k_shape, k, 1),
      test_view(EAGER_FLOAT32, o.v_shape, v, 1), test_view(EAGER_BOOL, c.mask, keep, 1)};
  eager_tensor *y;
  assert_ok(eager_attention(in[0], in[1], in[2], in[3], 1, false, &y));
  test_expect(y, EAGER_FLOAT32, o.q_shape, expected, (test_tolerance){4, 0}, NULL);
  eager_tensor_release(y);
  for (int i = 0; i < 4; i++) eager_tensor_release(in[i]);
}

static eager_tensor *zeros(eager_dtype dtype, test_shape shape) {
  return test_tensor(dtype, shape, doubles(test_elements(shape)));
}

static void refusals(void **state) {
  (void)state;
  test_enable();
  eager_tensor *x = zeros(EAGER_FLOAT32, (test_shape){3, {4, 3, 2}}), *y;
  eager_tensor *flat = zeros(EAGER_FLOAT32, (test_shape){2, {3, 2}});
  eager_tensor *three = zeros(EAGER_FLOAT32, (test_shape){3, {3, 3, 2}});
  eager_tensor *none = zeros(EAGER_FLOAT32, (test_shape){3, {0, 3, 2}});
  eager_tensor *vector = zeros(EAGER_FLOAT32, (test_shape){1, {2}});
  eager_tensor *half = zeros(EAGER_FLOAT16, (test_shape){2, {3, 3}});
  assert_fails(eager_attention(x, x, x, half, 0, false, &y), EAGER_INVALID_ARGUMENT,
               "mask must be a bool tensor or a float32 tensor as query is, but is a "
               "float16 tensor [Op:Attention]");
  assert_null(y);
  assert_fails_like(eager_attention(vector, vector, vector, NULL, 0, false, &y),
                    EAGER_INVALID_ARGUMENT,
                    "query must have at least 2 dimensions, got shape [2]");
  assert_fails_like(eager_attention(x, flat, flat, NULL, 0, false, &y),
                    EAGER_INVALID_ARGUMENT,
                    "must have the same rank, got 3 and, for key, 2");
  assert_fails_like(eager_attention(x, three, three, NULL, 0, false, &y),
                    EAGER_INVALID_ARGUMENT, "do not fit: [4,3,2], [3,3,2] and [3,3,2]");
  assert_fails_like(eager_attention(x, none, none, NULL, 0, false, &y),
                    EAGER_INVALID_ARGUMENT, "do not fit");
  assert_fails_like(eager_attention(x, x, three, NULL, 0, false, &y),
                    EAGER_INVALID_ARGUMENT, "do not fit");
  assert_fails_like(eager_attention(x, x, x, flat, 0, false, &y), EAGER_INVALID_ARGUMENT,
                    "mask of shape [3,2] does not broadcast to [...,q_len,k_len], which is "
                    "[4,3,3]");
  eager_tensor *all[] = {x, flat, three, none, vector, half};
  for (int i = 0; i < 6; i++) eager_tensor_release(all[i]);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(special_values),
      cmocka_unit_test(every_case),
      cmocka_unit_test(long_sequences),
      cmocka_unit_test(refusals),
  };
  return test_main("ops/attention", tests, sizeof tests / sizeof *tests);
}
