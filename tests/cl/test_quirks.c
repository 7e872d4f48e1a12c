/* ctest: */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "cl/platform.h"

#define POCL "Portable Computing Language"

typedef struct row {
  const char *platform, *device;
  bool local_is_global, is_gpu;
  uint32_t native_width, max_group;
  eager__traits want;
} row;

static const row rows[] = {
    {"NVIDIA CUDA",
     "NVIDIA H200",
     false,
     true,
     1,
     1024,
     {.disk_cache = true, .vector_width = 4, .max_local_size = 256, .clblast = 1}},
    {"Intel(R) OpenCL",
     "Xeon",
     true,
     false,
     16,
     8192,
     {.cpu_like = true, .disk_cache = true, .vector_width = 16, .max_local_size = 256}},
    {POCL,
     "pthread-x",
     true,
     false,
     16,
     4096,
     {.cpu_like = true, .vector_width = 16, .max_local_size = 256}},
    {POCL,
     "cpu-x",
     true,
     false,
     8,
     4096,
     {.cpu_like = true, .vector_width = 16, .max_local_size = 256}},
    {POCL,
     "basic-x",
     true,
     false,
     16,
     4096,
     {.cpu_like = true, .sync_enqueue = true, .vector_width = 16, .max_local_size = 256}},
    {POCL,
     "cpu-minimal-x",
     true,
     false,
     4,
     4096,
     {.cpu_like = true, .sync_enqueue = true, .vector_width = 16, .max_local_size = 256}},
    {POCL, "CUDA-basic", false, false, 1, 1024, {.vector_width = 4, .max_local_size = 256}},
    {"Other",
     "basic-x",
     true,
     false,
     2,
     64,
     {.disk_cache = true, .vector_width = 4, .max_local_size = 64}},
    {"rusticl",
     "llvmpipe (LLVM 15.0.6, 256 bits)",
     true,
     true,
     8,
     1024,
     {.disk_cache = true,
      .loop_limit = 65535,
      .slow_fma = true,
      .vector_width = 4,
      .max_local_size = 32}},
    {"rusticl",
     "AMD Radeon",
     false,
     true,
     1,
     1024,
     {.disk_cache = true, .vector_width = 4, .max_local_size = 256, .clblast = 1}},
    {"Oclgrind",
     "Oclgrind Simulator",
     false,
     true,
     1,
     1024,
     {.is_simulator = true,
      .sync_enqueue = true,
      .single_threaded = true,
      .vector_width = 4,
      .max_local_size = 256}},
};

static void drivers_have_their_traits(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    const eager__facts facts = {.platform = rows[i].platform,
                                .device = rows[i].device,
                                .local_memory_is_global = rows[i].local_is_global,
                                .is_gpu = rows[i].is_gpu,
                                .native_float_width = rows[i].native_width,
                                .max_work_group_size = rows[i].max_group};
    const eager__traits *want = &rows[i].want;
    eager__traits got;
    eager__traits_from_facts(&facts, &got);
    print_message("%s/%s\n", rows[i].platform, rows[i].device);
    assert_int_equal(got.is_simulator, want->is_simulator);
    assert_int_equal(got.cpu_like, want->cpu_like);
    assert_int_equal(got.sync_enqueue, want->sync_enqueue);
    assert_int_equal(got.single_threaded, want->single_threaded);
    assert_int_equal(got.disk_cache, want->disk_cache);
    assert_int_equal(got.loop_limit, want->loop_limit);
    assert_int_equal(got.slow_fma, want->slow_fma);
    assert_int_equal(got.vector_width, want->vector_width);
    assert_int_equal(got.max_local_size, want->max_local_size);
    assert_int_equal(got.clblast, want->clblast);
    assert_int_equal(got.clblast_set, 0);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(drivers_have_their_traits)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
