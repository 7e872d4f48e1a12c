/* ctest: devices=all timeout=240 tuned */
/* BatchMatMul in its versions and MatVec: batches that broadcast, every dtype, skinny and
 * long products. */
#include <math.h>

#include "reference.h"
#include "test.h"

static const eager_dtype dtypes[] = {EAGER_FLOAT32,  EAGER_FLOAT64, EAGER_FLOAT16,
                                     EAGER_BFLOAT16, EAGER_INT8,    EAGER_INT16,
                                     EAGER_INT32,    EAGER_INT64,   EAGER_UINT8,
                                     EAGER_UINT16,   EAGER_UINT32,  EAGER_UINT64};
enum { DTYPES = sizeof dtypes / sizeof *dtypes };

typedef struct product {
  test_shape a, b; /* the batch axes */
  int64_t m, n, k;
} product;

typedef struct answer {
  test_shape shape;
  double *want;
  test_tolerance tolerance;
} answer;

static double *random_values(eager_dtype dtype, int64_t count) {
  bool is_signed = test_is_float(dtype) || eager__dtype(dtype)->kind == EAGER__KIND_INT;
  return test_random_values(dtype, count, is_signed ? -9 : 0, 9);
}

static test_shape with_matrix(test_shape batch, int64_t rows, int64_t columns) {
  batch.dims[batch.rank++] = rows;
  batch.dims[batch.rank++] = columns;
  return batch;
}

/* A sum of k products, in any order and with fma or without, is off by at most
 * (k + 1) eps / 2 times the sum of their sizes; random signs make it sqrt(k). */
static answer refer(eager_dtype dtype, const product *p, const double *a, bool ta,
                    const double *b, bool tb) {
  answer out = {.tolerance = TEST_EXACT};
  test_shape batch;
  assert_true(test_broadcast(p->a, p->b, &batch));
  out.shape = with_matrix(batch, p->m, p->n);
  out.want = test_alloc((size_t)(test_elements(out.shape) + 1) * sizeof *out.want);
  double most = 0;
  test_walk w;
  for (test_walk_begin(&w, batch); w.more; test_walk_next(&w)) {
    const double *x = a + test_walk_offset(&w, p->a) * p->m * p->k;
    const double *y = b + test_walk_offset(&w, p->b) * p->k * p->n;
    double *each = test_matmul(p->m, p->n, p->k, x, ta, y, tb, false);
    double *size = test_matmul(p->m, p->n, p->k, x, ta, y, tb, true);
    for (int64_t i = 0; i < p->m * p->n; i++) {
      out.want[w.position * p->m * p->n + i] = each[i];
      most = fmax(most, size[i]);
    }
  }
  if (test_is_float(dtype)) {
    eager_dtype computed = dtype == EAGER_FLOAT64 ? dtype : EAGER_FLOAT32;
    out.tolerance.ulps = 1;
    out.tolerance.absolute = most * test_epsilon(computed) * (4 + sqrt((double)p->k));
  }
  return out;
}

static void check(eager_dtype dtype, const product *p, int transposes) {
  test_pick_mode(test_random());
  bool ta = transposes & 1, tb = transposes >> 1 & 1;
  test_shape a_shape = with_matrix(p->a, ta ? p->k : p->m, ta ? p->m : p->k);
  test_shape b_shape = with_matrix(p->b, tb ? p->n : p->k, tb ? p->k : p->n);
  double *a = random_values(dtype, test_elements(a_shape));
  double *b = random_values(dtype, test_elements(b_shape));
  eager_tensor *x = test_view(dtype, a_shape, a, 3), *y = test_view(dtype, b_shape, b, 5);
  answer right = refer(dtype, p, a, ta, b, tb);
  eager_tensor *c;
  test_poison((size_t)test_elements(right.shape) * eager_dtype_size(dtype));
  assert_ok(eager_batch_matmul(x, ta, y, tb, &c));
  test_expect(c, dtype, right.shape, right.want, right.tolerance,
              test_text("%s [%d,%d,%d], transposes %d, batches of rank %d and %d",
                        eager_dtype_name(dtype), (int)p->m, (int)p->n, (int)p->k,
                        transposes, p->a.rank, p->b.rank));
  eager_tensor_release(c);
  eager_tensor_release(x);
  eager_tensor_release(y);
}

static const test_shape batches[][2] = {
    {{0}, {0}},
    {{1, {3}}, {1, {3}}},
    {{1, {3}}, {0}},
    {{0}, {2, {2, 3}}},
    {{2, {2, 1}}, {2, {1, 3}}},
    {{3, {2, 1, 2}}, {1, {2}}},
    {{1, {0}}, {1, {1}}},
    {{5, {2, 1, 2, 1, 2}}, {6, {2, 1, 2, 1, 2, 1}}},
};
enum { BATCHES = sizeof batches / sizeof *batches };

static void batches_broadcast(void **state) {
  (void)state;
  test_enable();
  test_time_limit(200); /* a driver with an empty cache compiles a program per dtype */
  static const int64_t shapes[][3] = {{1, 1, 1}, {2, 3, 4},    {1, 9, 5},  {7, 1, 20},
                                      {5, 4, 3}, {13, 17, 11}, {9, 33, 2}, {4, 3, 0}};
  uint64_t index = 0;
  for (int d = 0; d < DTYPES; d++) {
    if (!test_tries(NULL, dtypes[d])) continue;
    for (int i = 0; i < BATCHES; i++)
      for (int j = 0; j < 8; j++) {
        int transposes = (int)(test_random() % 4);
        if (!test_sampled(index++)) continue;
        product p = {batches[i][0], batches[i][1], shapes[j][0], shapes[j][1],
                     shapes[j][2]};
        if (test_is_slow() && (i == BATCHES - 1 || p.m * p.n * p.k > 200)) continue;
        check(dtypes[d], &p, transposes);
      }
  }
}

static void skinny_and_long(void **state) {
  (void)state;
  test_enable();
  if (test_is_slow()) test_skip("millions of multiplications");
  static const product all[] = {
      {{0}, {0}, 1, 1, 200003},
      {{0}, {0}, 1, 65537, 3},
      {{0}, {0}, 65537, 1, 3},
      {{0}, {0}, 3, 2, 65537},
      {{0}, {0}, 1, 300, 2000},
      {{0}, {0}, 300, 1, 2000},
      {{0}, {0}, 70, 4, 3000},
      {{0}, {0}, 24, 40, 9000},
      {{1, {70000}}, {1, {70000}}, 2, 2, 2},
      {{1, {70000}}, {0}, 3, 2, 2},
      {{1, {200}}, {1, {200}}, 12, 12, 12},
      {{1, {6}}, {1, {1}}, 60, 70, 90},
      {{1, {3}}, {1, {3}}, 100, 70, 80},
  };
  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    for (int t = 0; t < 4; t++) {
      check(EAGER_FLOAT32, &all[i], t);
      if (i % 4 == (size_t)t) check(EAGER_BFLOAT16, &all[i], t);
      if (i % 4 == (size_t)t) check(EAGER_INT8, &all[i], t);
    }
}

static void random_shapes(void **state) {
  (void)state;
  test_enable();
  for (int round = 0; round < (test_is_slow() ? 5 : 40); round++) {
    int64_t most = test_is_slow() ? 5 : 40;
    product p = {.m = test_random_int(1, most),
                 .n = test_random_int(1, most),
                 .k = test_random_int(0, most)};
    p.a.rank = p.b.rank = (int)test_random_int(0, 3);
    for (int d = 0; d < p.a.rank; d++) {
      p.a.dims[d] = p.b.dims[d] = test_random_int(1, 3);
      if (test_random() % 3 == 0) p.a.dims[d] = 1;
      if (test_random() % 3 == 0) p.b.dims[d] = 1;
    }
    check(test_random() % 2 ? EAGER_FLOAT32 : EAGER_INT32, &p, (int)(test_random() % 4));
  }
}

/* --- By name --- */

static eager_status run_named(const char *name, eager_tensor *x, eager_tensor *y,
                              eager_dtype tout, eager_tensor **out) {
  eager_op *op;
  int count = 1;
  assert_ok(eager_op_new(name, &op));
  assert_ok(eager_op_add_input(op, x));
  assert_ok(eager_op_add_input(op, y));
  if (tout) assert_ok(eager_op_set_attr_dtype(op, "Tout", tout));
  assert_ok(eager_op_set_attr_bool(op, "adj_y", true));
  eager_status status = eager_op_execute(op, out, &count);
  eager_op_release(op);
  return status;
}

static void version_three_widens(void **state) {
  (void)state;
  test_enable();
  const product p = {{1, {2}}, {1, {2}}, 3, 4, 50};
  for (int d = 0; d < 2; d++) {
    test_pick_mode(test_random());
    eager_dtype dtype = d ? EAGER_UINT8 : EAGER_INT8;
    test_shape a_shape = {3, {2, 3, 50}}, b_shape = {3, {2, 4, 50}};
    double *a = test_random_values(dtype, 300, d ? 0 : -128, d ? 255 : 127);
    double *b = test_random_values(EAGER_INT8, 400, -128, 127);
    eager_tensor *x = test_tensor(dtype, a_shape, a), *c;
    eager_tensor *y = test_tensor(EAGER_INT8, b_shape, b);
    answer right = refer(EAGER_INT32, &p, a, false, b, true);
    assert_ok(run_named("BatchMatMulV3", x, y, EAGER_INT32, &c));
    test_expect(c, EAGER_INT32, right.shape, right.want, TEST_EXACT, "V3");
    eager_tensor_release(c);
    eager_tensor_release(x);
    eager_tensor_release(y);
  }
}

static void check_matvec(eager_dtype dtype) {
  for (int t = 0; t < 2; t++) {
    test_pick_mode(test_random());
    product p = {{1, {2}}, {2, {3, 1}}, 5, 1, 7};
    test_shape b_shape = {3, {3, 1, 7}}, out = {3, {3, 2, 5}};
    double *a = random_values(dtype, 70), *b = random_values(dtype, 21);
    eager_tensor *x = test_view(dtype, (test_shape){3, {2, t ? 7 : 5, t ? 5 : 7}}, a, 1);
    eager_tensor *y = test_view(dtype, b_shape, b, 2), *c;
    answer right = refer(dtype, &p, a, t, b, false);
    assert_ok(eager_matvec(x, t, y, &c));
    test_expect(c, dtype, out, right.want, right.tolerance, "matvec");
    eager_tensor_release(c);
    eager_tensor_release(x);
    eager_tensor_release(y);
  }
}

static void matvec_is_a_product(void **state) {
  (void)state;
  test_enable();
  test_time_limit(150);
  for (int d = 0; d < DTYPES; d++)
    if (test_tries("MatVec", dtypes[d])) check_matvec(dtypes[d]);
}

static void refusals(void **state) {
  (void)state;
  test_enable();
  double zeros[16] = {0};
  eager_tensor *a = test_tensor(EAGER_FLOAT32, (test_shape){3, {2, 2, 2}}, zeros), *y;
  eager_tensor *b = test_tensor(EAGER_FLOAT32, (test_shape){3, {3, 2, 2}}, zeros);
  eager_tensor *c = test_tensor(EAGER_FLOAT32, (test_shape){2, {3, 2}}, zeros);
  eager_tensor *v = test_tensor(EAGER_FLOAT32, (test_shape){1, {2}}, zeros);
  eager_tensor *i = test_tensor(EAGER_INT8, (test_shape){2, {2, 2}}, zeros);
  assert_fails(eager_batch_matmul(a, false, b, false, &y), EAGER_INVALID_ARGUMENT,
               "In[0] and In[1] must have compatible batch dimensions: [2,2,2] vs. [3,2,2] "
               "[Op:BatchMatMulV2]");
  assert_null(y);
  assert_fails(eager_batch_matmul(a, false, c, false, &y), EAGER_INVALID_ARGUMENT,
               "Matrix size-incompatible: In[0]: [2,2,2], In[1]: [3,2] [Op:BatchMatMulV2]");
  assert_fails(eager_batch_matmul(v, false, c, false, &y), EAGER_INVALID_ARGUMENT,
               "In[0] ndims must be >= 2: 1 [Op:BatchMatMulV2]");
  assert_fails(run_named("BatchMatMul", a, c, EAGER_DTYPE_INVALID, &y),
               EAGER_INVALID_ARGUMENT,
               "In[0] and In[1] has different ndims: [2,2,2] vs. [3,2] [Op:BatchMatMul]");
  assert_fails(run_named("BatchMatMul", a, b, EAGER_DTYPE_INVALID, &y),
               EAGER_INVALID_ARGUMENT,
               "In[0].dim(0) and In[1].dim(0) must be the same: [2,2,2] vs [3,2,2] "
               "[Op:BatchMatMul]");
  assert_fails(run_named("BatchMatMulV3", i, i, EAGER_INT64, &y), EAGER_INVALID_ARGUMENT,
               "Ta, Tb and Tout must be alike, or 8-bit integers and int32, but are int8, "
               "int8 and int64 [Op:BatchMatMulV3]");
  assert_fails(eager_matvec(a, false, c, &y), EAGER_INVALID_ARGUMENT,
               "In[0] and In[1] must have compatible batch dimensions: [2,2,2] vs. [3,2] "
               "[Op:MatVec]");
  assert_fails_like(eager_batch_matmul(a, false, i, false, &y), EAGER_INVALID_ARGUMENT,
                    "was expected to be a float tensor but is a int8 tensor");
  eager_tensor_release(a);
  eager_tensor_release(b);
  eager_tensor_release(c);
  eager_tensor_release(v);
  eager_tensor_release(i);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(batches_broadcast),   cmocka_unit_test(skinny_and_long),
      cmocka_unit_test(random_shapes),       cmocka_unit_test(version_three_widens),
      cmocka_unit_test(matvec_is_a_product), cmocka_unit_test(refusals),
  };
  return test_main("ops/batch_matmul", tests, sizeof tests / sizeof *tests);
}
