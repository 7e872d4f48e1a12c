/* ctest: devices=all labels=threaded timeout=120 */
/* kernel.h: a user's kernels run as the library's ops do. Long because every kind of
 * argument has its refusals. */
#include "placing.h"
#include "test_values.h"

#include "eagercl/kernel.h"

static const char source[] =
    "__kernel void axpy(__global float *out, const __global float *x,\n"
    "                   const __global float *y, float a, int n) {\n"
    "  int i = get_global_id(0);\n"
    "  if (i < n) out[i] = a * x[i] + y[i];\n"
    "}\n"
    "__kernel void both(const __global int *x, __global int *sum, __global int *product) "
    "{\n"
    "  int i = get_global_id(0) + get_global_size(0) * get_global_id(1);\n"
    "  sum[i] = x[i] + N;\n"
    "  product[i] = x[i] * N;\n"
    "}\n"
    "__kernel void backwards(__global int *out, const __global int *x, __local int *w) {\n"
    "  int i = get_local_id(0), n = get_local_size(0);\n"
    "  w[n - 1 - i] = x[get_global_id(0)];\n"
    "  barrier(CLK_LOCAL_MEM_FENCE);\n"
    "  out[get_global_id(0)] = w[i];\n"
    "}\n"
    "typedef struct pair { long first; int second[4]; } pair;\n"
    "__kernel void made(__global long *out, pair p) {\n"
    "  out[0] = p.first;\n"
    "  out[1] = p.second[0] + p.second[1] + p.second[2] + p.second[3];\n"
    "}\n";

typedef struct pair {
  int64_t first;
  int32_t second[4];
} pair;

static eager_kernel *new_kernel(const char *entry) {
  eager_kernel *k;
  assert_ok(eager_kernel_new(source, entry, "-DN=3", &k));
  return k;
}

static eager_kernel_arg input(eager_tensor *t) {
  return (eager_kernel_arg){.kind = EAGER_KERNEL_INPUT, .tensor = t};
}

static eager_kernel_arg output(eager_dtype dtype, int rank, const int64_t *dims) {
  return (eager_kernel_arg){
      .kind = EAGER_KERNEL_OUTPUT, .dtype = dtype, .rank = rank, .dims = dims};
}

static eager_kernel_arg value(const void *value, size_t size) {
  return (eager_kernel_arg){.kind = EAGER_KERNEL_VALUE, .value = value, .size = size};
}

static eager_kernel_arg local_memory(size_t size) {
  return (eager_kernel_arg){.kind = EAGER_KERNEL_LOCAL, .size = size};
}

static eager_status axpy(eager_kernel *k, double a, eager_tensor *x, eager_tensor *y,
                         eager_tensor **out) {
  float factor = (float)a;
  int32_t n = (int32_t)eager_tensor_num_elements(x);
  size_t global = (size_t)n;
  eager_kernel_arg args[] = {output(EAGER_FLOAT32, 1, (int64_t[]){n}), input(x), input(y),
                             value(&factor, sizeof factor), value(&n, sizeof n)};
  return eager_kernel_run(k, 1, &global, NULL, args, 5, out, 1);
}

static void expect_axpy(eager_tensor *got, double a, const double *x, const double *y,
                        int64_t n, const char *what) {
  double *expected = test_alloc((size_t)(n + 1) * sizeof *expected);
  for (int64_t i = 0; i < n; i++) expected[i] = a * x[i] + y[i];
  test_expect(got, EAGER_FLOAT32, (test_shape){1, {n}}, expected, TEST_EXACT, what);
  eager_tensor_release(got);
}

static double *small_numbers(int64_t n) {
  double *values = test_alloc((size_t)(n + 1) * sizeof *values);
  for (int64_t i = 0; i < n; i++) values[i] = (double)test_random_int(-100, 100);
  return values;
}

static void runs_in_both_modes(void **state) {
  (void)state;
  test_enable();
  static const int64_t sizes[] = {1, 2, 7, 64, 65, 1009, 4096};
  eager_kernel *k = new_kernel("axpy");
  for (int mode = 0; mode < 2; mode++) {
    assert_ok(eager_set_thread_execution_mode(mode ? EAGER_ASYNC : EAGER_SYNC));
    for (int i = 0; i < 7; i++) {
      int64_t n = sizes[i];
      if (test_is_slow() && n > 100) continue;
      double *x = small_numbers(n), *y = small_numbers(n);
      eager_tensor *a = test_tensor(EAGER_FLOAT32, (test_shape){1, {n}}, x);
      eager_tensor *b = test_view(EAGER_FLOAT32, (test_shape){1, {n}}, y, 3), *out;
      test_poison((size_t)n * sizeof(float));
      assert_ok(axpy(k, 2.5, a, b, &out));
      eager_tensor_release(a);
      eager_tensor_release(b);
      expect_axpy(out, 2.5, x, y, n, test_text("%d elements, mode %d", (int)n, mode));
    }
  }
  assert_ok(eager_set_thread_execution_mode(EAGER_EXECUTION_AUTO));
  eager_kernel_release(k);
}

static void makes_several_outputs(void **state) {
  (void)state;
  test_enable();
  eager_kernel *k = new_kernel("both");
  double x[6] = {1, -2, 3, -4, 5, -6}, sum[6], product[6];
  for (int i = 0; i < 6; i++) {
    sum[i] = x[i] + 3;
    product[i] = x[i] * 3;
  }
  test_shape shape = {2, {2, 3}};
  eager_tensor *t = test_tensor(EAGER_INT32, shape, x), *out[2];
  eager_kernel_arg args[] = {input(t), output(EAGER_INT32, 2, shape.dims),
                             output(EAGER_INT32, 2, shape.dims)};
  static const size_t global[] = {3, 2}, local[] = {1, 2};
  for (int given = 0; given < 2; given++) {
    assert_ok(eager_kernel_run(k, 2, global, given ? local : NULL, args, 3, out, 2));
    test_expect(out[0], EAGER_INT32, shape, sum, TEST_EXACT, "sum");
    test_expect(out[1], EAGER_INT32, shape, product, TEST_EXACT, "product");
    eager_tensor_release(out[0]);
    eager_tensor_release(out[1]);
  }
  eager_tensor_release(t);
  eager_kernel_release(k);
}

static void takes_local_memory_and_structs(void **state) {
  (void)state;
  test_enable();
  double x[12], expected[12];
  for (int i = 0; i < 12; i++) {
    x[i] = i;
    expected[i] = i / 4 * 4 + (3 - i % 4);
  }
  test_shape shape = {1, {12}};
  eager_tensor *t = test_tensor(EAGER_INT32, shape, x), *out;
  eager_kernel *k = new_kernel("backwards");
  eager_kernel_arg args[] = {output(EAGER_INT32, 1, shape.dims), input(t),
                             local_memory(4 * sizeof(int32_t))};
  assert_ok(eager_kernel_run(k, 1, (size_t[]){12}, (size_t[]){4}, args, 3, &out, 1));
  test_expect(out, EAGER_INT32, shape, expected, TEST_EXACT, "backwards");
  eager_tensor_release(out);
  eager_kernel_release(k);

  pair p = {-((int64_t)1 << 40), {1, 2, 3, 4}};
  k = new_kernel("made"); /* no input at all */
  eager_kernel_arg made[] = {output(EAGER_INT64, 1, (int64_t[]){2}), value(&p, sizeof p)};
  assert_ok(eager_kernel_run(k, 1, (size_t[]){1}, NULL, made, 2, &out, 1));
  test_expect_int(out, EAGER_INT64, (test_shape){1, {2}},
                  (int64_t[]){-((int64_t)1 << 40), 10}, "a struct");
  eager_tensor_release(out);
  eager_kernel_release(k);
  eager_tensor_release(t);
}

/* Placement, policy and poisoning are every op's. */
static void obeys_the_policy(void **state) {
  (void)state;
  test_enable();
  const char *other = test_device_other_context();
  eager_kernel *k = new_kernel("axpy");
  double x[3] = {1, 2, 3};
  test_shape shape = {1, {3}};
  eager_tensor *near = test_tensor(EAGER_FLOAT32, shape, x), *out;
  assert_ok(eager_push_device(other));
  eager_tensor *far = test_tensor(EAGER_FLOAT32, shape, x);
  assert_ok(eager_pop_device());
  assert_ok(eager_set_thread_device_policy(EAGER_DEVICE_PLACEMENT_EXPLICIT));
  assert_fails_like(axpy(k, 2, near, far, &out), EAGER_INVALID_ARGUMENT,
                    "cannot compute axpy as input #1 was expected to be on");
  assert_null(out);
  assert_ok(eager_set_thread_device_policy(EAGER_DEVICE_PLACEMENT_SILENT));
  assert_ok(eager_reset_copy_stats());
  assert_ok(axpy(k, 2, near, far, &out));
  expect_axpy(out, 2, x, x, 3, "one input from elsewhere");
  eager_copy_stats stats;
  assert_ok(eager_get_copy_stats(&stats));
  assert_int_equal(stats.count, 1);
  assert_int_equal(stats.mirror_hits, 0);
  assert_ok(eager_set_thread_device_policy(EAGER_DEVICE_PLACEMENT_AUTO));
  eager_tensor_release(near);
  eager_tensor_release(far);
  eager_kernel_release(k);
}

static void passes_poison_on(void **state) {
  (void)state;
  test_enable();
  eager_kernel *k = new_kernel("axpy");
  eager_tensor *params = test_tensor(EAGER_FLOAT32, (test_shape){1, {4}}, (double[4]){0});
  eager_tensor *index = test_tensor(EAGER_INT32, (test_shape){1, {2}}, (double[]){0, 9});
  eager_tensor *bad, *out;
  assert_ok(eager_set_thread_execution_mode(EAGER_ASYNC));
  assert_ok(eager_gather(params, index, 0, &bad));
  assert_ok(axpy(k, 1, bad, bad, &out));
  assert_fails_like(eager_tensor_wait(out), EAGER_INVALID_ARGUMENT,
                    "indices[1] is not in [0, 4)");
  eager_tensor_release(out);
  assert_ok(axpy(k, 1, bad, bad, &out)); /* known by now */
  assert_int_equal(eager_tensor_poll(out), EAGER_FAILED);
  eager_tensor_release(out);
  assert_ok(eager_set_thread_execution_mode(EAGER_SYNC));
  assert_fails_like(axpy(k, 1, bad, bad, &out), EAGER_INVALID_ARGUMENT,
                    "indices[1] is not in [0, 4)");
  assert_null(out);
  assert_fails_like(eager_synchronize(NULL), EAGER_INVALID_ARGUMENT, "indices[1]");
  assert_ok(eager_set_thread_execution_mode(EAGER_EXECUTION_AUTO));
  eager_tensor_release(bad);
  eager_tensor_release(params);
  eager_tensor_release(index);
  eager_kernel_release(k);
}

/* ---- What is refused ---- */

static void shows_where_a_source_is_wrong(void **state) {
  (void)state;
  test_enable();
  eager_kernel *k;
  assert_fails_like(eager_kernel_new("__kernel void f(__global int *x) {\n"
                                     "  x[0] = 1;\n"
                                     "  x[1] = nothing_of_this_name;\n"
                                     "}\n",
                                     "f", NULL, &k),
                    EAGER_INVALID_ARGUMENT, "    3 |   x[1] = nothing_of_this_name;\n");
  assert_null(k);
  assert_non_null(strstr(eager_error_message(), "building"));
  assert_non_null(strstr(eager_error_message(), "error"));
  assert_true(eager_error_cl_code() != 0);
  assert_fails(eager_kernel_new(source, "absent", "-DN=1", &k), EAGER_INVALID_ARGUMENT,
               "the source has no kernel named 'absent'");
  assert_fails(eager_kernel_new(NULL, "f", NULL, &k), EAGER_INVALID_ARGUMENT,
               "source is NULL");
  assert_fails(eager_kernel_new(source, "", NULL, &k), EAGER_INVALID_ARGUMENT,
               "entry is NULL or empty");
  eager_kernel_release(NULL);
}

static void refuses_bad_arguments(void **state) {
  (void)state;
  test_enable();
  eager_kernel *k = new_kernel("axpy");
  eager_tensor *x = test_tensor(EAGER_FLOAT32, (test_shape){1, {4}}, (double[4]){0});
  eager_tensor *out[2];
  float a = 1;
  int32_t n = 4;
  const size_t four[] = {4, 4, 4}, three[] = {3, 3, 3}, none[] = {0};
  eager_kernel_arg right[] = {output(EAGER_FLOAT32, 1, (int64_t[]){4}), input(x), input(x),
                              value(&a, sizeof a), value(&n, sizeof n)};
  eager_kernel_arg wrong[5];
  memcpy(wrong, right, sizeof right);
  assert_fails(eager_kernel_run(k, 1, four, NULL, right, 4, out, 1), EAGER_INVALID_ARGUMENT,
               "kernel axpy takes 5 arguments, got 4 [Op:axpy]");
  assert_fails(eager_kernel_run(k, 4, four, NULL, right, 5, out, 1), EAGER_INVALID_ARGUMENT,
               "work_dims must be 1, 2 or 3, got 4 [Op:axpy]");
  assert_fails(eager_kernel_run(k, 1, NULL, NULL, right, 5, out, 1), EAGER_INVALID_ARGUMENT,
               "global is NULL [Op:axpy]");
  assert_fails(eager_kernel_run(k, 1, none, NULL, right, 5, out, 1), EAGER_INVALID_ARGUMENT,
               "global[0] is 0 [Op:axpy]");
  assert_fails(eager_kernel_run(k, 1, four, three, right, 5, out, 1),
               EAGER_INVALID_ARGUMENT,
               "local[0], 3, does not divide global[0], 4 [Op:axpy]");
  assert_fails(eager_kernel_run(k, 1, four, NULL, right, 5, out, 2), EAGER_INVALID_ARGUMENT,
               "args have 1 outputs, but there is room for 2 [Op:axpy]");
  assert_null(out[0]);
  const size_t huge[] = {(size_t)1 << 20};
  assert_fails_like(eager_kernel_run(k, 1, huge, huge, right, 5, out, 1),
                    EAGER_INVALID_ARGUMENT, "a work-group of kernel axpy has at most");
  wrong[1].tensor = NULL;
  assert_fails(eager_kernel_run(k, 1, four, NULL, wrong, 5, out, 1), EAGER_INVALID_ARGUMENT,
               "argument #1(zero-based) is an input: tensor is NULL [Op:axpy]");
  wrong[1] = right[1];
  wrong[3].size = 0;
  assert_fails(eager_kernel_run(k, 1, four, NULL, wrong, 5, out, 1), EAGER_INVALID_ARGUMENT,
               "argument #3(zero-based) is a value: value is NULL or size 0 [Op:axpy]");
  wrong[3] = right[3];
  wrong[0].rank = 9;
  assert_fails_like(eager_kernel_run(k, 1, four, NULL, wrong, 5, out, 1),
                    EAGER_INVALID_ARGUMENT, "rank");
  wrong[0] = right[0];
  wrong[4].kind = (eager_kernel_arg_kind)9;
  assert_fails_like(eager_kernel_run(k, 1, four, NULL, wrong, 5, out, 1),
                    EAGER_INVALID_ARGUMENT, "kind must be one of EAGER_KERNEL_*, got 9");
  static const char large[1024];
  wrong[4] = value(large, sizeof large);
  assert_fails_like(eager_kernel_run(k, 1, four, NULL, wrong, 5, out, 1),
                    EAGER_INVALID_ARGUMENT, "bytes together, more than");
  wrong[4].size = SIZE_MAX; /* a sum of it would wrap */
  assert_fails_like(eager_kernel_run(k, 1, four, NULL, wrong, 5, out, 1),
                    EAGER_INVALID_ARGUMENT, "argument #4(zero-based) is a value of");
  assert_fails(eager_kernel_run(NULL, 1, four, NULL, right, 5, out, 1),
               EAGER_INVALID_ARGUMENT, "the kernel is NULL");
  assert_ok(eager_kernel_run(k, 1, four, NULL, right, 5, out, 1)); /* nothing was lost */
  eager_tensor_release(out[0]);
  eager_tensor_release(x);
  eager_kernel_release(k);
}

/* Wrong sizes end at the call where the driver looks, and never in a crash. */
static void asks_the_driver_about_sizes(void **state) {
  (void)state;
  test_enable();
  eager_kernel *k = new_kernel("axpy");
  eager_tensor *x = test_tensor(EAGER_FLOAT32, (test_shape){1, {4}}, (double[4]){0}), *out;
  double wide = 1;
  int32_t n = 4;
  eager_kernel_arg args[] = {output(EAGER_FLOAT32, 1, (int64_t[]){4}), input(x), input(x),
                             value(&wide, sizeof wide), value(&n, sizeof n)};
  eager_status status = eager_kernel_run(k, 1, (size_t[]){4}, NULL, args, 5, &out, 1);
  if (status == EAGER_OK)
    print_message("this driver takes 8 bytes for a float\n");
  else
    assert_fails(status, EAGER_INVALID_ARGUMENT,
                 "argument #3(zero-based) of kernel axpy is of another kind or size: the "
                 "driver refuses it [Op:axpy]");
  eager_tensor_release(out);
  eager_kernel_release(k);
  k = new_kernel("backwards");
  eager_kernel_arg greedy[] = {output(EAGER_INT32, 1, (int64_t[]){4}), input(x),
                               local_memory((size_t)1 << 40)};
  assert_fails_like(eager_kernel_run(k, 1, (size_t[]){4}, NULL, greedy, 3, &out, 1),
                    EAGER_INVALID_ARGUMENT, "bytes of local memory are more than");
  eager_tensor_release(x);
  eager_kernel_release(k);
}

/* Also what the driver would say too late for ASYNC. */
static void keeps_to_a_required_group(void **state) {
  (void)state;
  test_enable();
  static const char text[] =
      "__kernel __attribute__((reqd_work_group_size(4, 2, 1)))\n"
      "void groups(__global int *out) {\n"
      "  out[get_global_id(0) + get_global_size(0) * get_global_id(1)] =\n"
      "      (int)(get_local_size(0) * 10 + get_local_size(1));\n"
      "}\n";
  eager_kernel *k;
  assert_ok(eager_kernel_new(text, "groups", NULL, &k));
  const size_t global[] = {8, 2}, local[] = {4, 2}, wrong[] = {8, 1}, odd[] = {6, 2};
  eager_kernel_arg arg = output(EAGER_INT32, 1, (int64_t[]){16});
  const double wanted[16] = {42, 42, 42, 42, 42, 42, 42, 42,
                             42, 42, 42, 42, 42, 42, 42, 42};
  const size_t *right[] = {NULL, local};
  for (int mode = EAGER_SYNC; mode <= EAGER_ASYNC; mode++) {
    assert_ok(eager_set_thread_execution_mode((eager_execution_mode)mode));
    eager_tensor *out;
    for (int i = 0; i < 2; i++) {
      assert_ok(eager_kernel_run(k, 2, global, right[i], &arg, 1, &out, 1));
      test_expect(out, EAGER_INT32, (test_shape){1, {16}}, wanted, TEST_EXACT, NULL);
      eager_tensor_release(out);
    }
    assert_fails(eager_kernel_run(k, 2, global, wrong, &arg, 1, &out, 1),
                 EAGER_INVALID_ARGUMENT,
                 "kernel groups has reqd_work_group_size(4, 2, 1), but local[0] is 8 "
                 "[Op:groups]");
    assert_fails(eager_kernel_run(k, 2, odd, NULL, &arg, 1, &out, 1),
                 EAGER_INVALID_ARGUMENT,
                 "kernel groups has reqd_work_group_size(4, 2, 1), which does not divide "
                 "global[0], 6 [Op:groups]");
    assert_fails(eager_kernel_run(k, 1, global, NULL, &arg, 1, &out, 1),
                 EAGER_INVALID_ARGUMENT,
                 "kernel groups has reqd_work_group_size(4, 2, 1), but local[1] is 1 "
                 "[Op:groups]");
  }
  eager_kernel_release(k);
}

/* ---- Threads ---- */

static const char *run_many(int i, void *argument) {
  for (int round = 0; round < 20; round++) {
    float factor = (float)(i + round);
    int32_t n = 16;
    eager_kernel_arg *shared = argument, args[5];
    memcpy(args, shared, sizeof args);
    args[3] = value(&factor, sizeof factor);
    args[4] = value(&n, sizeof n);
    eager_tensor *out;
    float got[16];
    if (eager_kernel_run((void *)shared[5].value, 1, (size_t[]){16}, NULL, args, 5, &out,
                         1))
      return eager_error_message();
    eager_status status = eager_tensor_to_host(out, got, sizeof got);
    eager_tensor_release(out);
    if (status != EAGER_OK) return eager_error_message();
    for (int e = 0; e < n; e++)
      if (got[e] != factor * (float)e + (float)e) return "another thread's value";
  }
  return NULL;
}

static void runs_in_threads(void **state) {
  (void)state;
  test_enable();
  double x[16];
  for (int i = 0; i < 16; i++) x[i] = i;
  eager_tensor *t = test_tensor(EAGER_FLOAT32, (test_shape){1, {16}}, x);
  eager_kernel *k = new_kernel("axpy");
  static const int64_t dims[] = {16};
  eager_kernel_arg args[6] = {output(EAGER_FLOAT32, 1, dims), input(t), input(t)};
  args[5].value = k;
  test_threads(4, run_many, args);
  eager_kernel_release(k);
  eager_tensor_release(t);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(runs_in_both_modes),
      cmocka_unit_test(makes_several_outputs),
      cmocka_unit_test(takes_local_memory_and_structs),
      cmocka_unit_test(obeys_the_policy),
      cmocka_unit_test(passes_poison_on),
      cmocka_unit_test(shows_where_a_source_is_wrong),
      cmocka_unit_test(refuses_bad_arguments),
      cmocka_unit_test(asks_the_driver_about_sizes),
      cmocka_unit_test(keeps_to_a_required_group),
      cmocka_unit_test(runs_in_threads),
  };
  return test_main("ops/user_kernel", tests, sizeof tests / sizeof *tests);
}
