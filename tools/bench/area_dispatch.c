/* What the library adds to a launch: an op of one work-group beside its kernel enqueued by
 * hand, with every argument that the library has to set. */
#include <stdio.h>

#include "raw.h"

enum { COUNT = 64 };

/* As the library's kernel for inputs of the output's shape: a work-item takes `chunk`
 * elements, V at a time, and what is one element repeats. */
static const char source[] =
    "#pragma OPENCL FP_CONTRACT OFF\n"
    "typedef float floatV __attribute__((ext_vector_type(V)));\n"
    "static inline floatV part(const __global float *p, size_t i, int count) {\n"
    "  float lanes[V];\n"
    "  for (int j = 0; j < V; j++) lanes[j] = p[i + (j < count ? j : count - 1)];\n"
    "  return vloadV(0, lanes);\n"
    "}\n"
    "static inline floatV take(const __global float *p, size_t i, int count, int one) {\n"
    "  if (one) return (floatV)p[0];\n"
    "  return count == V ? vloadV(0, p + i) : part(p, i, count);\n"
    "}\n"
    "__kernel void add(__global float *out, long out_offset, const __global float *a,\n"
    "                  long a_offset, const __global float *b, long b_offset, long n,\n"
    "                  long chunk, int repeats) {\n"
    "  out += out_offset;\n"
    "  a += a_offset;\n"
    "  b += b_offset;\n"
    "  size_t begin = get_global_id(0) * (size_t)chunk, end = begin + (size_t)chunk;\n"
    "  if (end > (size_t)n) end = n;\n"
    "  for (size_t i = begin; i < end; i += V) {\n"
    "    int count = end - i < V ? (int)(end - i) : V;\n"
    "    floatV value = take(a, i, count, repeats & 1) + take(b, i, count, repeats & 2);\n"
    "    if (count == V) vstoreV(value, 0, out + i);\n"
    "    else for (int j = 0; j < count; j++) out[i + j] = value[j];\n"
    "  }\n"
    "}\n"
    "__kernel void work(__global float *x, int trips) {\n"
    "  float value = x[get_group_id(0)];\n"
    "  for (int i = 0; i < trips; i++) value = value * 0.999f + 0.5f;\n"
    "  x[get_group_id(0)] = value;\n"
    "}\n";

typedef struct dispatch {
  bench_raw raw;
  cl_kernel kernel;
  cl_mem a, b, out;
  size_t global, local;
  eager_tensor *ta, *tb;
  eager_op *kept;
} dispatch;

/* --- The two sides --- */

static bool our_add(void *state) {
  dispatch *s = state;
  eager_tensor *out;
  if (eager_add(s->ta, s->tb, &out) != EAGER_OK) return false;
  eager_tensor_release(out);
  return true;
}

static bool execute(eager_op *op, const dispatch *s) {
  eager_tensor *out;
  int count = 1;
  if (eager_op_add_input(op, s->ta) != EAGER_OK ||
      eager_op_add_input(op, s->tb) != EAGER_OK)
    return false;
  if (eager_op_execute(op, &out, &count) != EAGER_OK) return false;
  eager_tensor_release(out);
  return true;
}

static bool our_add_by_name(void *state) {
  eager_op *op;
  if (eager_op_new("AddV2", &op) != EAGER_OK) return false;
  bool fine = execute(op, state);
  eager_op_release(op);
  return fine;
}

static bool our_add_by_kept_op(void *state) {
  return execute(((dispatch *)state)->kept, state);
}

static bool raw_add(void *state) {
  const dispatch *s = state;
  const cl_long none = 0, n = COUNT, chunk = COUNT / (cl_long)s->global;
  const cl_int repeats = 0;
  cl_int code = clSetKernelArg(s->kernel, 0, sizeof s->out, &s->out);
  code |= clSetKernelArg(s->kernel, 1, sizeof none, &none);
  code |= clSetKernelArg(s->kernel, 2, sizeof s->a, &s->a);
  code |= clSetKernelArg(s->kernel, 3, sizeof none, &none);
  code |= clSetKernelArg(s->kernel, 4, sizeof s->b, &s->b);
  code |= clSetKernelArg(s->kernel, 5, sizeof none, &none);
  code |= clSetKernelArg(s->kernel, 6, sizeof n, &n);
  code |= clSetKernelArg(s->kernel, 7, sizeof chunk, &chunk);
  code |= clSetKernelArg(s->kernel, 8, sizeof repeats, &repeats);
  code |= clEnqueueNDRangeKernel(s->raw.queue, s->kernel, 1, NULL, &s->global, &s->local, 0,
                                 NULL, NULL);
  return code == CL_SUCCESS;
}

static bool raw_finish(void *state) {
  return clFinish(((dispatch *)state)->raw.queue) == CL_SUCCESS;
}

static bool raw_add_and_wait(void *state) {
  return raw_add(state) && raw_finish(state);
}

/* --- Rows --- */

static const struct {
  const char *name;
  eager_execution_mode mode;
  bool (*ours)(void *state);
  double cost_goal; /* seconds */
} rows[] = {
    {"add 64, ASYNC, typed", EAGER_ASYNC, our_add, 0.25e-6},
    {"add 64, ASYNC, by name", EAGER_ASYNC, our_add_by_name, 0.4e-6},
    {"add 64, ASYNC, by name, op kept", EAGER_ASYNC, our_add_by_kept_op, 0.4e-6},
    {"add 64, SYNC, typed", EAGER_SYNC, our_add, 0.25e-6},
    {"add 64, SYNC, by name", EAGER_SYNC, our_add_by_name, 0.4e-6},
    {"add 64, SYNC, by name, op kept", EAGER_SYNC, our_add_by_kept_op, 0.4e-6},
};

static void run_rows(bench *b, dispatch *s) {
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    bool sync = rows[i].mode == EAGER_SYNC;
    if (eager_set_thread_execution_mode(rows[i].mode) != EAGER_OK)
      bench_fail(b, rows[i].name, NULL);
    bench_run(b, &(bench_row){
                     .name = rows[i].name,
                     .reference = "raw OpenCL",
                     .ours = {rows[i].ours, sync ? NULL : bench_synchronize},
                     .other = {sync ? raw_add_and_wait : raw_add, sync ? NULL : raw_finish},
                     .state = s,
                     .cost_goal = rows[i].cost_goal,
                 });
  }
}

static void run_stream(bench *b, dispatch *s) {
  enum { SAMPLES = 9 };
  const char *name = "add 64, ASYNC stream";
  const int ops = bench_quick(b) ? 10000 : 100000;
  double rates[SAMPLES];
  if (!bench_wants(b, name)) return;
  for (int i = 0; i < SAMPLES; i++) {
    double begin = bench_now();
    bool fine = true;
    for (int k = 0; k < ops && fine; k++) fine = our_add(s);
    if (!fine || !bench_synchronize(NULL)) {
      bench_fail(b, name, NULL);
      return;
    }
    rates[i] = ops / (bench_now() - begin) * 1e-6;
  }
  bench_figure(b, name, bench_median(rates, SAMPLES), "million ops/s", 1.2);
}

/* --- How soon a driver's threads share a kernel --- */

/* Seconds a launch of `groups` work-groups of `trips` trips each. 0: it failed. */
static double time_work(const dispatch *s, cl_kernel work, size_t groups, cl_int trips) {
  enum { SAMPLES = 9, LAUNCHES = 100 };
  const size_t one = 1;
  double times[SAMPLES];
  if (clSetKernelArg(work, 1, sizeof trips, &trips) != CL_SUCCESS) return 0;
  for (int i = 0; i < SAMPLES; i++) {
    double begin = bench_now();
    for (int k = 0; k < LAUNCHES; k++)
      if (clEnqueueNDRangeKernel(s->raw.queue, work, 1, NULL, &groups, &one, 0, NULL,
                                 NULL) != CL_SUCCESS)
        return 0;
    if (clFinish(s->raw.queue) != CL_SUCCESS) return 0;
    times[i] = (bench_now() - begin) / LAUNCHES;
  }
  return bench_median(times, SAMPLES);
}

/* What raw OpenCL makes of short kernels one behind the other, which an in-order queue may
 * not overlap: the limit of everything that takes less than a few hundred microseconds. */
static void run_shared_work(bench *b, const dispatch *s) {
  enum { GROUPS = 64, TRIPS = 100000 };
  static const double wanted[] = {25e-6, 50e-6, 100e-6, 200e-6};
  cl_kernel work = bench_raw_kernel(&s->raw, source, "work",
                                    "-DV=4 -DvstoreV=vstore4 "
                                    "-DvloadV=vload4");
  cl_mem memory = bench_raw_buffer(&s->raw, GROUPS * sizeof(float));
  bool fine =
      work && memory && clSetKernelArg(work, 0, sizeof memory, &memory) == CL_SUCCESS;
  double trip = fine ? time_work(s, work, 1, TRIPS) / TRIPS : 0;
  for (size_t i = 0; i < sizeof wanted / sizeof *wanted && trip > 0; i++) {
    char name[64];
    snprintf(name, sizeof name, "raw: 64 groups, %.0f us of one core in all",
             wanted[i] * 1e6);
    if (!bench_wants(b, name)) continue;
    double seconds = time_work(s, work, GROUPS, (cl_int)(wanted[i] / GROUPS / trip));
    bench_figure(b, name, seconds * 1e6, "us", 0);
  }
  if (work) clReleaseKernel(work);
  if (memory) clReleaseMemObject(memory);
}

/* Both sides once on the same random values. */
static bool check(bench *b, dispatch *s, const float *x, const float *y) {
  float expected[COUNT], raw[COUNT];
  eager_tensor *out = NULL;
  for (int i = 0; i < COUNT; i++) expected[i] = x[i] + y[i];
  if (eager_add(s->ta, s->tb, &out) != EAGER_OK) return bench_fail(b, "add 64", NULL);
  bool same = bench_same_bytes(b, "add 64", out, expected);
  eager_tensor_release(out);
  if (!raw_add(s) || clEnqueueReadBuffer(s->raw.queue, s->out, CL_TRUE, 0, sizeof raw, raw,
                                         0, NULL, NULL) != CL_SUCCESS)
    return bench_fail(b, "raw add 64", "the driver refused");
  for (int i = 0; i < COUNT && same; i++)
    if (raw[i] != expected[i]) same = bench_fail(b, "raw add 64", "a wrong result");
  return same;
}

static cl_mem upload(const dispatch *s, const float *values) {
  cl_mem memory = bench_raw_buffer(&s->raw, COUNT * sizeof *values);
  if (memory &&
      clEnqueueWriteBuffer(s->raw.queue, memory, CL_TRUE, 0, COUNT * sizeof *values, values,
                           0, NULL, NULL) == CL_SUCCESS)
    return memory;
  if (memory) clReleaseMemObject(memory);
  return NULL;
}

static bool begin(bench *b, dispatch *s, const float *x, const float *y) {
  char options[64];
  const int64_t dims[] = {COUNT};
  const eager_device_info *info;
  if (eager_device_find(bench_device(b), &info) != EAGER_OK ||
      !bench_raw_open(bench_device(b), &s->raw))
    return bench_fail(b, "dispatch", NULL);
  const bool cpu = info->type == EAGER_DEVICE_CPU;
  s->global = cpu ? 1 : COUNT / s->raw.vector_width;
  s->local = s->global;
  snprintf(options, sizeof options, "-DV=%u -DvstoreV=vstore%u -DvloadV=vload%u",
           s->raw.vector_width, s->raw.vector_width, s->raw.vector_width);
  s->kernel = bench_raw_kernel(&s->raw, source, "add", options);
  s->a = upload(s, x);
  s->b = upload(s, y);
  s->out = bench_raw_buffer(&s->raw, COUNT * sizeof *x);
  s->ta = bench_tensor(b, x, 1, dims);
  s->tb = bench_tensor(b, y, 1, dims);
  if (eager_op_new("AddV2", &s->kept) != EAGER_OK) s->kept = NULL;
  bool fine = s->kernel && s->a && s->b && s->out && s->ta && s->tb && s->kept;
  return fine || bench_fail(b, "dispatch", "what it needs cannot be made");
}

static void end(dispatch *s) {
  eager_op_release(s->kept);
  eager_tensor_release(s->ta);
  eager_tensor_release(s->tb);
  if (s->a) clReleaseMemObject(s->a);
  if (s->b) clReleaseMemObject(s->b);
  if (s->out) clReleaseMemObject(s->out);
  if (s->kernel) clReleaseKernel(s->kernel);
  if (s->raw.queue) bench_raw_close(&s->raw);
}

void bench_dispatch(bench *b) {
  dispatch s = {0};
  float x[COUNT], y[COUNT];
  bench_random_floats(b, x, COUNT, -100, 100);
  bench_random_floats(b, y, COUNT, -100, 100);
  if (begin(b, &s, x, y) && check(b, &s, x, y)) {
    run_rows(b, &s);
    if (eager_set_thread_execution_mode(EAGER_ASYNC) != EAGER_OK)
      bench_fail(b, "add 64, ASYNC stream", NULL);
    run_stream(b, &s);
    run_shared_work(b, &s);
  }
  if (eager_set_thread_execution_mode(EAGER_EXECUTION_AUTO) != EAGER_OK)
    bench_fail(b, "dispatch", NULL);
  end(&s);
}
