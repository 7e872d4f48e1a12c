/* ctest: */
/* How products are planned, on devices there are and there are not: every choice is one the
 * kernels can carry out, and what decides its bits is the same on machines of any size. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/dtype.h"
#include "ops/gemm_plan.h"
#include "ops/plan.h"

static const eager__traits devices[] = {
    {.cpu_like = true, .vector_width = 16, .max_local_size = 256, .gemm_cached = 2560},
    {.cpu_like = true, .vector_width = 16, .max_local_size = 256, .gemm_cached = 256},
    {.vector_width = 4, .max_local_size = 256, .clblast = 1},
    {.vector_width = 4, .max_local_size = 64},
    {.vector_width = 4, .max_local_size = 32, .loop_limit = 65535, .slow_fma = true},
};

static const eager_dtype dtypes[] = {EAGER_FLOAT32,  EAGER_FLOAT64, EAGER_FLOAT16,
                                     EAGER_BFLOAT16, EAGER_INT8,    EAGER_INT32,
                                     EAGER_UINT64};
static const int64_t sizes[] = {1,  2,  3,  4,   5,   8,   12,  13,   16,   31,
                                32, 33, 64, 100, 255, 384, 385, 1024, 4096, 100000};

enum {
  DEVICES = sizeof devices / sizeof *devices,
  DTYPES = sizeof dtypes / sizeof *dtypes,
  SIZES = sizeof sizes / sizeof *sizes,
};

static eager__gemm_args make_args(int64_t m, int64_t n, int64_t k, int transposes,
                                  int64_t count) {
  bool ta = transposes & 1, tb = transposes & 2;
  eager__gemm_args p = {.m = m,
                        .n = n,
                        .k = k,
                        .a_row = ta ? 1 : k,
                        .a_col = ta ? m : 1,
                        .b_row = tb ? 1 : n,
                        .b_col = tb ? k : 1,
                        .c_row = n,
                        .c_col = 1,
                        .end = k,
                        .count = count,
                        .rank = count > 1};
  p.dims[0] = count;
  p.a_strides[0] = m * k;
  p.b_strides[0] = k * n;
  p.c_strides[0] = m * n;
  return p;
}

/* Of one shape on one device, with 1 unit and with 64. */
static void check(const eager__traits *traits, eager_dtype dtype,
                  const eager__gemm_args *p) {
  const eager__gemm_device small = {traits, 1}, large = {traits, 64};
  eager__gemm_choice x = eager__gemm_choose(&small, dtype, p);
  eager__gemm_choice y = eager__gemm_choose(&large, dtype, p);
  const eager__gemm_choice *both[] = {&x, &y};
  for (int i = 0; i < 2; i++)
    if (!eager__gemm_is_legal(i ? &large : &small, dtype, p, both[i]))
      fail_msg("%s [%d,%d,%d], count %d, way %d: not legal", eager__dtype(dtype)->name,
               (int)p->m, (int)p->n, (int)p->k, (int)p->count, (int)both[i]->way);
  bool same = x.way == y.way && x.swap == y.swap && x.depth == y.depth &&
              eager__gemm_tiles[x.tile].depth == eager__gemm_tiles[y.tile].depth;
  if (!same)
    fail_msg("%s [%d,%d,%d], count %d: bits would depend on the number of units",
             eager__dtype(dtype)->name, (int)p->m, (int)p->n, (int)p->k, (int)p->count);
}

static void choices_can_be_carried_out(void **state) {
  (void)state;
  for (int d = 0; d < DEVICES; d++)
    for (int t = 0; t < DTYPES; t++)
      for (int i = 0; i < SIZES * SIZES * SIZES; i++) {
        int64_t m = sizes[i % SIZES], n = sizes[i / SIZES % SIZES];
        eager__gemm_args p =
            make_args(m, n, sizes[i / SIZES / SIZES], i % 4, i % 3 ? 1 : 1 + i % 37);
        check(&devices[d], dtypes[t], &p);
        p.subtract = 1; /* gemm.h: k at most so long */
        if (p.k <= EAGER__TRIPS / 4) check(&devices[d], dtypes[t], &p);
      }
}

/* A check that cannot fail is none: choices that the kernels cannot carry out. */
static void illegal_choices_are_told(void **state) {
  (void)state;
  const eager__gemm_device cpu = {&devices[0], 2}, gpu = {&devices[3], 2};
  eager__gemm_args p = make_args(100, 100, 100, 0, 1);
  eager__gemm_choice fine = eager__gemm_choose(&cpu, EAGER_FLOAT32, &p), x = fine;
  assert_true(eager__gemm_is_legal(&cpu, EAGER_FLOAT32, &p, &x));
  assert_false(eager__gemm_is_legal(&gpu, EAGER_FLOAT32, &p, &x));
  x.rows = fine.rows + 1;
  assert_false(eager__gemm_is_legal(&cpu, EAGER_FLOAT32, &p, &x));
  x = fine;
  x.depth = 0;
  assert_false(eager__gemm_is_legal(&cpu, EAGER_FLOAT32, &p, &x));
  x = fine;
  x.way = EAGER__GEMM_DIRECT;
  assert_false(eager__gemm_is_legal(&cpu, EAGER_BFLOAT16, &p, &x));
  x.way = EAGER__GEMM_DOTS; /* of 100 columns */
  assert_false(eager__gemm_is_legal(&cpu, EAGER_FLOAT32, &p, &x));
  x = eager__gemm_choose(&gpu, EAGER_FLOAT32, &p);
  x.side = 16; /* 256 work-items on a device of 64 */
  assert_false(eager__gemm_is_legal(&gpu, EAGER_FLOAT32, &p, &x));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(choices_can_be_carried_out),
      cmocka_unit_test(illegal_choices_are_told),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
