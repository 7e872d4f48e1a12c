/* Copies between devices: of one context, and of two platforms. */
#include <stdio.h>
#include <string.h>

#include "raw.h"

enum { SMALL = 4096, LARGE = 64 << 20 };

typedef struct transfer {
  const char *to;
  size_t size;
  float *values, *other; /* of the host */
  eager_tensor *tensor;
  bench_raw source, target;
  cl_mem from_memory, to_memory;
} transfer;

static bool copy_to(void *state) {
  const transfer *s = state;
  eager_tensor *copy;
  if (eager_tensor_copy_to_device(s->tensor, s->to, &copy) != EAGER_OK) return false;
  eager_tensor_release(copy);
  return true;
}

static bool copy_host(void *state) {
  const transfer *s = state;
  memcpy(s->other, s->values, s->size);
  return true;
}

static bool raw_within(void *state) {
  const transfer *s = state;
  return clEnqueueCopyBuffer(s->target.queue, s->from_memory, s->to_memory, 0, 0, s->size,
                             0, NULL, NULL) == CL_SUCCESS &&
         clFinish(s->target.queue) == CL_SUCCESS;
}

static bool raw_across(void *state) {
  const transfer *s = state;
  return clEnqueueReadBuffer(s->source.queue, s->from_memory, CL_TRUE, 0, s->size, s->other,
                             0, NULL, NULL) == CL_SUCCESS &&
         clEnqueueWriteBuffer(s->target.queue, s->to_memory, CL_TRUE, 0, s->size, s->other,
                              0, NULL, NULL) == CL_SUCCESS;
}

static bool check(bench *b, const char *name, const transfer *s) {
  eager_tensor *copy;
  if (eager_tensor_copy_to_device(s->tensor, s->to, &copy) != EAGER_OK)
    return bench_fail(b, name, NULL);
  bool same = bench_same_bytes(b, name, copy, s->values);
  eager_tensor_release(copy);
  return same;
}

static void run_large(bench *b, transfer *s, const char *name, double goal) {
  bench_run(b, &(bench_row){.name = name,
                            .reference = "memcpy",
                            .ours = {copy_to, NULL},
                            .other = {copy_host, NULL},
                            .state = s,
                            .bytes = 2.0 * (double)s->size,
                            .goal = goal});
}

/* The raw calls: one copy within a context, else a blocking read and a blocking write. */
static void run_small(bench *b, transfer *s, const char *name, bool within) {
  s->from_memory = bench_raw_buffer(&s->source, s->size);
  s->to_memory = bench_raw_buffer(&s->target, s->size);
  if (s->from_memory && s->to_memory &&
      clEnqueueWriteBuffer(s->source.queue, s->from_memory, CL_TRUE, 0, s->size, s->values,
                           0, NULL, NULL) == CL_SUCCESS)
    bench_run(b, &(bench_row){.name = name,
                              .reference = "raw OpenCL",
                              .ours = {copy_to, NULL},
                              .other = {within ? raw_within : raw_across, NULL},
                              .state = s,
                              .goal = 0.5});
  else
    bench_fail(b, name, "the driver refused");
  if (s->from_memory) clReleaseMemObject(s->from_memory);
  if (s->to_memory) clReleaseMemObject(s->to_memory);
}

static bool begin(bench *b, transfer *s, const char *from, const char *name) {
  const int64_t dims[] = {(int64_t)(s->size / sizeof *s->values)};
  s->values = bench_alloc(s->size);
  s->other = bench_alloc(s->size);
  if (!s->values || !s->other) return bench_fail(b, name, "out of memory");
  bench_random_floats(b, s->values, (size_t)dims[0], -1, 1);
  memset(s->other, 0, s->size);
  bool fine = eager_push_device(from) == EAGER_OK;
  if (fine) {
    s->tensor = bench_tensor(b, s->values, 1, dims);
    fine = eager_pop_device() == EAGER_OK && s->tensor != NULL;
  }
  fine = fine && bench_raw_open(from, &s->source) && bench_raw_open(s->to, &s->target);
  return fine || bench_fail(b, name, NULL);
}

static void run_copy(bench *b, const char *from, const char *to, bool within, size_t size) {
  char name[80];
  snprintf(name, sizeof name, "%s, %s to %s, %s", within ? "one context" : "two platforms",
           from, to, size == SMALL ? "4 KiB" : "64 MiB");
  if (!bench_wants(b, name)) return;
  transfer s = {.to = to, .size = size};
  if (begin(b, &s, from, name) && check(b, name, &s)) {
    if (size == SMALL)
      run_small(b, &s, name, within);
    else
      run_large(b, &s, name, within ? 1.0 : 0.9);
  }
  if (s.source.queue) bench_raw_close(&s.source);
  if (s.target.queue) bench_raw_close(&s.target);
  eager_tensor_release(s.tensor);
  bench_free(s.values);
  bench_free(s.other);
}

/* Simulators take minutes for what others do in a moment. */
static bool is_simulator(const eager_device_info *info) {
  return strstr(info->platform, "Oclgrind") != NULL;
}

/* Another device, of the platform of `info` or of another one. */
static const char *find_other(const eager_device_info *info, bool within) {
  for (size_t i = 0; i < eager_device_count(); i++) {
    const eager_device_info *other;
    if (eager_device_get(i, &other) != EAGER_OK || other == info || is_simulator(other))
      continue;
    if ((strcmp(other->platform, info->platform) == 0) == within) return other->short_name;
  }
  return NULL;
}

void bench_transfer(bench *b) {
  const eager_device_info *info;
  if (eager_device_find(bench_device(b), &info) != EAGER_OK) {
    bench_fail(b, "transfer", NULL);
    return;
  }
  if (eager_set_thread_execution_mode(EAGER_SYNC) != EAGER_OK)
    bench_fail(b, "transfer", NULL);
  for (int within = 1; within >= 0; within--) {
    const char *other = find_other(info, within);
    if (!other)
      bench_skip(b, within ? "one context" : "two platforms", "there is no second device");
    for (int back = 0; other && back < 2; back++) {
      const char *from = back ? other : info->short_name;
      const char *to = back ? info->short_name : other;
      run_copy(b, from, to, within, SMALL);
      run_copy(b, from, to, within, LARGE);
    }
  }
  if (eager_set_thread_execution_mode(EAGER_EXECUTION_AUTO) != EAGER_OK)
    bench_fail(b, "transfer", NULL);
}
