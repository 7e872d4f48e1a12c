/* ctest: devices=pocl-pthread,pocl-basic,rusticl timeout=240 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/dtype.h"
#include "cl/blas.h"
#include "cl/memory.h"
#include "cl/program.h"
#include "cl_devices.h"

static const eager_dtype dtypes[] = {EAGER_FLOAT32, EAGER_FLOAT64, EAGER_FLOAT16};
enum { DTYPES = 3, LARGEST = 129, OFFSET = 5 };

/* Quarters from -2 to 2: products of up to 129 terms are exact in float32. */
static double value(size_t i, size_t seed) {
  return ((int)((i * 13 + i / 7 + seed) % 17) - 8) / 4.0;
}

typedef struct matrix {
  eager__memory memory;
  uint8_t *host;
} matrix;

static void check(eager_status status) {
  if (status != EAGER_OK) fail_msg("%s", eager_error_message());
}

static matrix make_matrix(eager_dtype dtype, size_t count, size_t seed) {
  size_t element = eager_dtype_size(dtype);
  matrix made = {.host = malloc((count + OFFSET) * element)};
  assert_non_null(made.host);
  for (size_t i = 0; i < count + OFFSET; i++)
    eager__encode_double(dtype, value(i, seed), made.host + i * element);
  check(eager__memory_create(devices.lane, (count + OFFSET) * element, &made.memory));
  check(eager__memory_write(devices.lane, made.memory.mem, 0, made.host,
                            (count + OFFSET) * element));
  return made;
}

static void free_matrix(matrix *freed) {
  eager__memory_release(devices.lane, &freed->memory);
  free(freed->host);
}

static double at(eager_dtype dtype, const matrix *m, size_t index) {
  return eager__decode_double(dtype, m->host + index * eager_dtype_size(dtype));
}

static eager_status run(const eager__gemm *gemm) {
  eager__timeline *compute = &devices.lane->compute;
  eager__timeline_lock(compute);
  eager_status status = eager__blas_gemm(devices.lane, gemm);
  uint64_t seq = eager__timeline_commit(compute, false);
  eager__timeline_unlock(compute);
  check(eager__timeline_wait(compute, seq));
  return status;
}

/* False: refused, as CLBlast may by shape; it must say so. */
static bool multiply_and_compare(eager_dtype dtype, size_t m, size_t n, size_t k, int how) {
  matrix a = make_matrix(dtype, m * k, 1), b = make_matrix(dtype, k * n, 2);
  matrix c = make_matrix(dtype, m * n, 3);
  eager__gemm g = {.dtype = dtype,
                   .transpose_a = how & 1,
                   .transpose_b = how & 2,
                   .m = m,
                   .n = n,
                   .k = k,
                   .a = a.memory.mem,
                   .b = b.memory.mem,
                   .c = c.memory.mem,
                   .a_offset = OFFSET,
                   .b_offset = 0,
                   .c_offset = OFFSET,
                   .lda = how & 1 ? m : k,
                   .ldb = how & 2 ? k : n,
                   .ldc = n};
  eager_status status = run(&g);
  if (status != EAGER_OK) {
    assert_int_equal(status, EAGER_INTERNAL);
    assert_non_null(strstr(eager_error_message(), "CLBlast refused a product of ["));
  } else {
    check(eager__memory_read(devices.lane, c.memory.mem, 0, c.host,
                             (m * n + OFFSET) * eager_dtype_size(dtype)));
    /* Half rounds each of k additions: of sums up to 4 k, by 2^-11 at most. */
    double tolerance = dtype == EAGER_FLOAT16 ? 4.0 * (double)(k * k) / 2048 : 0;
    for (size_t i = 0; i < OFFSET; i++) assert_true(at(dtype, &c, i) == value(i, 3));
    for (size_t row = 0; row < m; row++)
      for (size_t column = 0; column < n; column++) {
        double sum = 0;
        for (size_t i = 0; i < k; i++)
          sum += at(dtype, &a, OFFSET + (how & 1 ? i * m + row : row * k + i)) *
                 at(dtype, &b, how & 2 ? column * k + i : i * n + column);
        double error = at(dtype, &c, OFFSET + row * n + column) - sum;
        assert_true(error <= tolerance && error >= -tolerance);
      }
  }
  free_matrix(&a);
  free_matrix(&b);
  free_matrix(&c);
  return status == EAGER_OK;
}

static void products_are_right(void **state) {
  (void)state;
  static const size_t shapes[][3] = {{1, 1, 1},   {3, 1, 5},       {1, 129, 3},
                                     {17, 5, 64}, {129, 129, 129}, {64, 128, 32}};
  int tried = 0, refused = 0;
  for (int d = 0; d < DTYPES; d++) {
    if (!eager__blas_usable(devices.lane, dtypes[d])) {
      print_message("%s on %s: skipped, CLBlast is not usable\n",
                    eager_dtype_name(dtypes[d]), devices.lane->info.device);
      continue;
    }
    size_t count = devices.lane->traits.is_simulator ? 3 : sizeof shapes / sizeof *shapes;
    for (size_t s = 0; s < count; s++)
      for (int how = 0; how < 4; how++, tried++)
        refused +=
            !multiply_and_compare(dtypes[d], shapes[s][0], shapes[s][1], shapes[s][2], how);
  }
  print_message("%d products, %d of them refused\n", tried, refused);
  if (tried == 0) skip();
  assert_true(refused < tried);
}

static void what_it_does_not_serve_is_not_usable(void **state) {
  (void)state;
  assert_false(eager__blas_usable(devices.lane, EAGER_INT32));
  assert_false(eager__blas_usable(devices.lane, EAGER_BFLOAT16));
  if (!devices.lane->info.has_float64)
    assert_false(eager__blas_usable(devices.lane, EAGER_FLOAT64));
  if (!devices.lane->info.has_float16_arithmetic)
    assert_false(eager__blas_usable(devices.lane, EAGER_FLOAT16));
}

/* Leading dimensions too small are refused by every version. */
static void a_refusal_is_an_error_not_a_crash(void **state) {
  (void)state;
  if (!eager__blas_usable(devices.lane, EAGER_FLOAT32)) skip();
  matrix a = make_matrix(EAGER_FLOAT32, 64, 1);
  eager__gemm g = {.dtype = EAGER_FLOAT32,
                   .m = 4,
                   .n = 4,
                   .k = 4,
                   .a = a.memory.mem,
                   .b = a.memory.mem,
                   .c = a.memory.mem,
                   .c_offset = 32,
                   .lda = 1,
                   .ldb = 4,
                   .ldc = 4};
  assert_int_equal(run(&g), EAGER_INTERNAL);
  assert_int_not_equal(eager_error_cl_code(), 0);
  free_matrix(&a);
}

static void the_verdict_is_kept(void **state) {
  (void)state;
  if (!eager__blas_usable(devices.lane, EAGER_FLOAT32)) skip();
  uint64_t before = devices.lane->compute.submitted;
  assert_true(eager__blas_usable(devices.lane, EAGER_FLOAT32));
  assert_int_equal(devices.lane->compute.submitted, before);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(products_are_right),
      cmocka_unit_test(what_it_does_not_serve_is_not_usable),
      cmocka_unit_test(a_refusal_is_an_error_not_a_crash),
      cmocka_unit_test(the_verdict_is_kept),
  };
  if (eager__program_cache_configure("") != EAGER_OK) return 1;
  int code = test_devices_open();
  if (code != 0) return code;
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  eager__blas_close();
  return test_devices_close() != 0 || eager__program_cache_configure(NULL) != EAGER_OK
             ? 1
             : failed;
}
