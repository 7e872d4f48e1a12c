/* Memory: what a block from the pool costs, and bytes in, out and seen in place beside
 * memcpy. */
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "raw.h"

/* --- One more output: a block, its buffer and its handle, made and released --- */

enum { OUTPUTS = 9, SMALL = 256 };

static const char one_output[] = "__kernel void one(__global float *a) { a[0] = 1; }";
static const char nine_outputs[] =
    "__kernel void nine(__global float *a, __global float *b, __global float *c,\n"
    "  __global float *d, __global float *e, __global float *f, __global float *g,\n"
    "  __global float *h, __global float *i) { a[0] = 1; }";

typedef struct outputs {
  eager_kernel *kernels[2]; /* of 1 and of OUTPUTS outputs */
  int count;
  bench_raw raw;
  cl_kernel raw_kernels[2];
  cl_mem memory[OUTPUTS];
} outputs;

static bool run_outputs(void *state) {
  const outputs *s = state;
  const int64_t dims[] = {SMALL};
  const size_t one = 1;
  eager_kernel_arg args[OUTPUTS] = {{0}};
  eager_tensor *made[OUTPUTS];
  for (int i = 0; i < s->count; i++)
    args[i] = (eager_kernel_arg){
        .kind = EAGER_KERNEL_OUTPUT, .dtype = EAGER_FLOAT32, .rank = 1, .dims = dims};
  if (eager_kernel_run(s->kernels[s->count > 1], 1, &one, &one, args, (size_t)s->count,
                       made, (size_t)s->count) != EAGER_OK)
    return false;
  for (int i = 0; i < s->count; i++) eager_tensor_release(made[i]);
  return true;
}

static bool run_raw(const outputs *s) {
  const size_t one = 1;
  cl_kernel kernel = s->raw_kernels[s->count > 1];
  cl_int code = CL_SUCCESS;
  for (int i = 0; i < s->count; i++)
    code |= clSetKernelArg(kernel, (cl_uint)i, sizeof s->memory[i], &s->memory[i]);
  code |= clEnqueueNDRangeKernel(s->raw.queue, kernel, 1, NULL, &one, &one, 0, NULL, NULL);
  return code == CL_SUCCESS;
}

static double time_raw(const outputs *s, int executions) {
  double begin = bench_now();
  for (int i = 0; i < executions; i++)
    if (!run_raw(s)) return 0;
  return clFinish(s->raw.queue) == CL_SUCCESS ? (bench_now() - begin) / executions : 0;
}

/* Seconds of one execution. 0: it failed. */
static double time_outputs(outputs *s, int executions) {
  double begin = bench_now();
  for (int i = 0; i < executions; i++)
    if (!run_outputs(s)) return 0;
  return bench_synchronize(NULL) ? (bench_now() - begin) / executions : 0;
}

static const char output_name[] = "one more output of an op, made and released";
static const char driver_name[] = "18000 allocations of a warm loop, by the driver";
static const char faults_name[] = "18000 allocations of a warm loop, page faults";

static void figure_allocation(bench *b, outputs *s) {
  enum { PAIRS = 101, EXECUTIONS = 500 };
  static double costs[PAIRS];
  for (int i = -1; i < PAIRS; i++) { /* the first warms up */
    double own[2];
    for (int k = 0; k < 2; k++) {
      s->count = k ? OUTPUTS : 1;
      double ours = time_outputs(s, EXECUTIONS), raw = time_raw(s, EXECUTIONS);
      if (ours == 0 || raw == 0) {
        bench_fail(b, "allocation", NULL);
        return;
      }
      own[k] = ours - raw;
    }
    if (i >= 0) costs[i] = (own[1] - own[0]) / (OUTPUTS - 1);
  }
  bench_figure(b, output_name, bench_median(costs, PAIRS) * 1e6, "us", 0.1);
}

/* --- What a warm loop asks of the driver and of the system --- */

static bool count_loop(bench *b, outputs *s) {
  enum { LOOPS = 2000 };
  eager_memory_info before, after;
  struct rusage faults_before, faults_after;
  s->count = OUTPUTS;
  if (time_outputs(s, LOOPS) == 0) return bench_fail(b, "a warm loop", NULL);
  getrusage(RUSAGE_SELF, &faults_before);
  bool fine = eager_get_memory_info(NULL, &before) == EAGER_OK;
  fine = fine && time_outputs(s, LOOPS) > 0;
  fine = fine && eager_get_memory_info(NULL, &after) == EAGER_OK;
  getrusage(RUSAGE_SELF, &faults_after);
  if (!fine) return bench_fail(b, "a warm loop", NULL);
  double driver = (double)(after.driver_allocation_count - before.driver_allocation_count);
  bench_figure(b, driver_name, driver, "of 0", 0);
  bench_figure(b, faults_name, (double)(faults_after.ru_minflt - faults_before.ru_minflt),
               "of 0", 0);
  return driver == 0 || bench_fail(b, "a warm loop", "the driver was asked for memory");
}

static bool begin_outputs(bench *b, outputs *s) {
  if (!bench_raw_open(bench_device(b), &s->raw)) return false;
  s->raw_kernels[0] = bench_raw_kernel(&s->raw, one_output, "one", NULL);
  s->raw_kernels[1] = bench_raw_kernel(&s->raw, nine_outputs, "nine", NULL);
  bool fine = s->raw_kernels[0] && s->raw_kernels[1];
  for (int i = 0; i < OUTPUTS; i++)
    fine = fine && (s->memory[i] = bench_raw_buffer(&s->raw, SMALL * sizeof(float)));
  return fine && eager_kernel_new(one_output, "one", NULL, &s->kernels[0]) == EAGER_OK &&
         eager_kernel_new(nine_outputs, "nine", NULL, &s->kernels[1]) == EAGER_OK;
}

static void end_outputs(outputs *s) {
  for (int i = 0; i < 2; i++) {
    eager_kernel_release(s->kernels[i]);
    if (s->raw_kernels[i]) clReleaseKernel(s->raw_kernels[i]);
  }
  for (int i = 0; i < OUTPUTS; i++)
    if (s->memory[i]) clReleaseMemObject(s->memory[i]);
  if (s->raw.queue) bench_raw_close(&s->raw);
}

static void run_allocation(bench *b) {
  outputs s = {0};
  if (!bench_wants(b, output_name) && !bench_wants(b, driver_name) &&
      !bench_wants(b, faults_name))
    return;
  if (!begin_outputs(b, &s))
    bench_fail(b, "allocation", NULL);
  else if (count_loop(b, &s))
    figure_allocation(b, &s);
  end_outputs(&s);
}

/* --- Bytes in and out --- */

typedef struct bytes {
  size_t size;
  int64_t dims[1];
  unsigned char *host, *other;
  eager_tensor *tensor;
} bytes;

static bool create(void *state) {
  const bytes *s = state;
  eager_tensor *made;
  if (eager_tensor_from_host(EAGER_UINT8, 1, s->dims, s->host, &made) != EAGER_OK)
    return false;
  eager_tensor_release(made);
  return true;
}

static bool read_back(void *state) {
  const bytes *s = state;
  return eager_tensor_to_host(s->tensor, s->other, s->size) == EAGER_OK;
}

static bool map(void *state) {
  const bytes *s = state;
  const void *view;
  return eager_tensor_map(s->tensor, &view) == EAGER_OK &&
         eager_tensor_unmap(s->tensor) == EAGER_OK;
}

static bool copy(void *state) {
  const bytes *s = state;
  memcpy(s->other, s->host, s->size);
  return true;
}

static bool negate(const bytes *s) {
  eager_tensor *out;
  if (eager_invert(s->tensor, &out) != EAGER_OK) return false;
  eager_tensor_release(out);
  return bench_synchronize(NULL);
}

static bool second_use(void *state) {
  return negate(state);
}

static bool first_use(void *state) {
  return eager_trim_memory(NULL) == EAGER_OK && negate(state);
}

static bool check(bench *b, const char *name, const bytes *s) {
  const void *view = NULL;
  memset(s->other, 0, s->size);
  if (!read_back((void *)(uintptr_t)s) || memcmp(s->other, s->host, s->size) != 0)
    return bench_fail(b, name, "what was read back is not what was written");
  if (eager_tensor_map(s->tensor, &view) != EAGER_OK) return bench_fail(b, name, NULL);
  bool same = memcmp(view, s->host, s->size) == 0;
  if (eager_tensor_unmap(s->tensor) != EAGER_OK) same = bench_fail(b, name, NULL);
  return same || bench_fail(b, name, "the view shows something else");
}

static void run_rows(bench *b, bytes *s, size_t mebibytes) {
  const struct {
    const char *what;
    bool (*ours)(void *state);
    const char *note;
  } rows[] = {
      {"create from host", create, NULL},
      {"read back", read_back, NULL},
      {"map and unmap", map, "a CPU device copies nothing"},
  };
  char name[64];
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    snprintf(name, sizeof name, "%s %zu MiB", rows[i].what, mebibytes);
    if (!bench_wants(b, name) || !check(b, name, s)) continue;
    bench_run(b, &(bench_row){.name = name,
                              .reference = "memcpy",
                              .ours = {rows[i].ours, NULL},
                              .other = {copy, NULL},
                              .state = s,
                              .bytes = 2.0 * (double)s->size,
                              .goal = mebibytes >= 16 ? 0.9 : 0,
                              .note = rows[i].note});
  }
  snprintf(name, sizeof name, "second use of %zu MiB", mebibytes);
  if (bench_wants(b, name))
    bench_run(b, &(bench_row){.name = name,
                              .reference = "first use",
                              .ours = {second_use, NULL},
                              .other = {first_use, NULL},
                              .state = s,
                              .bytes = 2.0 * (double)s->size});
}

static void run_size(bench *b, size_t mebibytes) {
  bytes s = {.size = mebibytes << 20};
  s.dims[0] = (int64_t)s.size;
  s.host = bench_alloc(s.size);
  s.other = bench_alloc(s.size);
  if (!s.host || !s.other) {
    bench_fail(b, "memory", "out of memory");
  } else {
    for (size_t i = 0; i < s.size; i += 8) {
      uint64_t bits = bench_random(b);
      memcpy(s.host + i, &bits, sizeof bits);
    }
    if (eager_tensor_from_host(EAGER_UINT8, 1, s.dims, s.host, &s.tensor) == EAGER_OK)
      run_rows(b, &s, mebibytes);
    else
      bench_fail(b, "memory", NULL);
  }
  eager_tensor_release(s.tensor);
  bench_free(s.host);
  bench_free(s.other);
}

void bench_memory(bench *b) {
  const size_t sizes[] = {1, 16, 64, 256}, count = bench_quick(b) ? 2 : 4;
  run_allocation(b);
  if (eager_set_thread_execution_mode(EAGER_SYNC) != EAGER_OK)
    bench_fail(b, "memory", NULL);
  for (size_t i = 0; i < count; i++) run_size(b, sizes[i]);
  if (eager_set_thread_execution_mode(EAGER_EXECUTION_AUTO) != EAGER_OK)
    bench_fail(b, "memory", NULL);
}
