#define _POSIX_C_SOURCE 200809L
#include "recording.h"

#include <CL/cl_icd.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ARGUMENTS = 32, COMMANDS = 512, KERNELS = 512, BUFFERS = 512 };

typedef struct argument {
  size_t size;
  void *bytes; /* NULL: local memory */
} argument;

typedef enum command_kind { LAUNCH, WRITE, FILL, COPY } command_kind;

typedef struct command {
  command_kind kind;
  bool awaited;
  cl_kernel kernel;
  cl_kernel bound; /* its own, with its arguments; NULL: not asked for */
  cl_uint dims;
  size_t global[3], local[3];
  bool has_local;
  argument arguments[ARGUMENTS];
  /* The others. */
  cl_mem from, to;
  size_t from_offset, to_offset, size, pattern_size;
  void *bytes;
} command;

typedef struct known_kernel {
  cl_kernel kernel; /* the library's: it remembers what it has set, so nobody else may */
  cl_kernel own;
  argument arguments[ARGUMENTS]; /* as set last */
} known_kernel;

struct recording {
  cl_command_queue queue;
  command commands[COMMANDS];
  int count;
  known_kernel kernels[KERNELS];
  int kernel_count;
  cl_mem theirs[BUFFERS], ours[BUFFERS];
  int buffer_count;
  int memory; /* of this process, as a file */
  const char *problem;
};

/* The one that is being made: the driver's functions take no state of ours. */
static recording *active;
static cl_icd_dispatch hooks;
static const cl_icd_dispatch *driver;

/* What every OpenCL object begins with. */
typedef struct dispatched {
  const cl_icd_dispatch *functions;
} dispatched;

static void point_to(void *object, const cl_icd_dispatch *functions) {
  ((dispatched *)object)->functions = functions;
}

static void *duplicate(const void *bytes, size_t size) {
  void *copy = malloc(size ? size : 1);
  if (copy) memcpy(copy, bytes, size);
  return copy;
}

static known_kernel *known(cl_kernel kernel) {
  for (int i = 0; i < active->kernel_count; i++)
    if (active->kernels[i].kernel == kernel) return &active->kernels[i];
  return NULL;
}

static command *next_command(command_kind kind, const cl_event *event) {
  if (active->count == COMMANDS) {
    active->problem = "too many commands";
    return NULL;
  }
  command *added = &active->commands[active->count++];
  *added = (command){.kind = kind, .awaited = event != NULL};
  return added;
}

static command *next_move(command_kind kind, const cl_event *event, cl_mem to,
                          size_t offset, size_t size) {
  command *added = next_command(kind, event);
  if (!added) return NULL;
  added->to = to;
  added->to_offset = offset;
  added->size = size;
  return added;
}

/* --- From the context to its programs, and from those to their kernels. A program keeps
 * the functions here: they pass on what nobody records. --- */

static cl_kernel CL_API_CALL hook_create_kernel(cl_program program, const char *name,
                                                cl_int *code) {
  cl_kernel made = driver->clCreateKernel(program, name, code);
  if (!made || !active) return made;
  if (active->kernel_count == KERNELS) {
    active->problem = "too many kernels";
    return made;
  }
  cl_kernel own = driver->clCreateKernel(program, name, NULL);
  active->kernels[active->kernel_count++] = (known_kernel){made, own, {{0}}};
  point_to(made, &hooks);
  return made;
}

static cl_program CL_API_CALL hook_create_from_source(cl_context context, cl_uint count,
                                                      const char **texts,
                                                      const size_t *sizes, cl_int *code) {
  cl_program made = driver->clCreateProgramWithSource(context, count, texts, sizes, code);
  if (made) point_to(made, &hooks);
  return made;
}

static cl_program CL_API_CALL hook_create_from_binary(cl_context context, cl_uint count,
                                                      const cl_device_id *devices,
                                                      const size_t *sizes,
                                                      const unsigned char **binaries,
                                                      cl_int *states, cl_int *code) {
  cl_program made = driver->clCreateProgramWithBinary(context, count, devices, sizes,
                                                      binaries, states, code);
  if (made) point_to(made, &hooks);
  return made;
}

/* --- What is put on the queue --- */

static cl_int CL_API_CALL hook_set_arg(cl_kernel kernel, cl_uint index, size_t size,
                                       const void *value) {
  known_kernel *of = known(kernel);
  if (of && index < ARGUMENTS) {
    free(of->arguments[index].bytes);
    of->arguments[index] = (argument){size, value ? duplicate(value, size) : NULL};
  }
  return driver->clSetKernelArg(kernel, index, size, value);
}

static void note_launch(cl_kernel kernel, cl_uint dims, const size_t *global,
                        const size_t *local, const cl_event *event) {
  known_kernel *of = known(kernel);
  if (!of || !of->own) {
    active->problem = of ? "a kernel cannot be made" : "a kernel was there before";
    return;
  }
  command *added = next_command(LAUNCH, event);
  if (!added) return;
  added->kernel = of->own;
  added->dims = dims;
  memcpy(added->global, global, dims * sizeof *global);
  added->has_local = local != NULL;
  if (local) memcpy(added->local, local, dims * sizeof *local);
  for (int i = 0; i < ARGUMENTS; i++) {
    const argument *a = &of->arguments[i];
    added->arguments[i] =
        (argument){a->size, a->bytes ? duplicate(a->bytes, a->size) : NULL};
  }
}

static cl_int CL_API_CALL hook_launch(cl_command_queue queue, cl_kernel kernel,
                                      cl_uint dims, const size_t *offset,
                                      const size_t *global, const size_t *local,
                                      cl_uint wait_count, const cl_event *waits,
                                      cl_event *event) {
  note_launch(kernel, dims, global, local, event);
  return driver->clEnqueueNDRangeKernel(queue, kernel, dims, offset, global, local,
                                        wait_count, waits, event);
}

static cl_int CL_API_CALL hook_write(cl_command_queue queue, cl_mem to, cl_bool blocking,
                                     size_t offset, size_t size, const void *bytes,
                                     cl_uint wait_count, const cl_event *waits,
                                     cl_event *event) {
  command *added = next_move(WRITE, event, to, offset, size);
  if (added) {
    added->bytes = duplicate(bytes, size);
    added->awaited |= blocking;
  }
  return driver->clEnqueueWriteBuffer(queue, to, blocking, offset, size, bytes, wait_count,
                                      waits, event);
}

static cl_int CL_API_CALL hook_fill(cl_command_queue queue, cl_mem to, const void *pattern,
                                    size_t pattern_size, size_t offset, size_t size,
                                    cl_uint wait_count, const cl_event *waits,
                                    cl_event *event) {
  command *added = next_move(FILL, event, to, offset, size);
  if (added) {
    added->pattern_size = pattern_size;
    added->bytes = duplicate(pattern, pattern_size);
  }
  return driver->clEnqueueFillBuffer(queue, to, pattern, pattern_size, offset, size,
                                     wait_count, waits, event);
}

static cl_int CL_API_CALL hook_copy(cl_command_queue queue, cl_mem from, cl_mem to,
                                    size_t from_offset, size_t to_offset, size_t size,
                                    cl_uint wait_count, const cl_event *waits,
                                    cl_event *event) {
  command *added = next_move(COPY, event, to, to_offset, size);
  if (added) {
    added->from = from;
    added->from_offset = from_offset;
  }
  return driver->clEnqueueCopyBuffer(queue, from, to, from_offset, to_offset, size,
                                     wait_count, waits, event);
}

/* --- From the library's buffers to our own --- */

static cl_mem own_buffer(recording *r, const bench_raw *raw, cl_mem theirs) {
  for (int i = 0; i < r->buffer_count; i++)
    if (r->theirs[i] == theirs) return r->ours[i];
  size_t size = 0;
  cl_mem made = NULL;
  if (r->buffer_count < BUFFERS &&
      clGetMemObjectInfo(theirs, CL_MEM_SIZE, sizeof size, &size, NULL) == CL_SUCCESS)
    made = bench_raw_buffer(raw, size);
  if (!made || clEnqueueCopyBuffer(raw->queue, theirs, made, 0, 0, size, 0, NULL, NULL) !=
                   CL_SUCCESS) {
    r->problem = "a buffer cannot be copied";
    return made;
  }
  r->theirs[r->buffer_count] = theirs;
  r->ours[r->buffer_count++] = made;
  return made;
}

/* Drivers tell what an argument is only when asked to at the build. But a buffer's value is
 * the address of an object of the driver's, and no number is by accident; read through the
 * kernel, since as an address a number may be anything. */
static bool is_buffer(const recording *r, const argument *a, cl_mem *out) {
  const cl_icd_dispatch *functions = NULL;
  cl_mem_object_type type = 0;
  if (!a->bytes || a->size != sizeof *out) return false;
  memcpy(out, a->bytes, sizeof *out);
  return *out &&
         pread(r->memory, &functions, sizeof functions, (off_t)(intptr_t)*out) ==
             sizeof functions &&
         functions == driver &&
         clGetMemObjectInfo(*out, CL_MEM_TYPE, sizeof type, &type, NULL) == CL_SUCCESS &&
         type == CL_MEM_OBJECT_BUFFER;
}

static void own_arguments(recording *r, const bench_raw *raw, command *of) {
  cl_uint count = 0;
  clGetKernelInfo(of->kernel, CL_KERNEL_NUM_ARGS, sizeof count, &count, NULL);
  if (count > ARGUMENTS) r->problem = "a kernel has too many arguments";
  for (cl_uint i = 0; i < count && !r->problem; i++) {
    argument *a = &of->arguments[i];
    cl_mem theirs;
    if (a->size == 0) r->problem = "an argument was not set while recording";
    if (r->problem || !is_buffer(r, a, &theirs)) continue;
    cl_mem ours = own_buffer(r, raw, theirs);
    memcpy(a->bytes, &ours, sizeof ours);
  }
}

static void own_everything(recording *r, const bench_raw *raw) {
  for (int i = 0; i < r->count && !r->problem; i++) {
    command *c = &r->commands[i];
    if (c->kind == LAUNCH) own_arguments(r, raw, c);
    if (c->from) c->from = own_buffer(r, raw, c->from);
    if (c->to) c->to = own_buffer(r, raw, c->to);
  }
}

/* --- */

static void forget_commands(recording *r) {
  for (int i = 0; i < r->count; i++) {
    free(r->commands[i].bytes);
    if (r->commands[i].bound) clReleaseKernel(r->commands[i].bound);
    for (int a = 0; a < ARGUMENTS; a++) free(r->commands[i].arguments[a].bytes);
  }
  r->count = 0;
}

static bool watch(recording *r, cl_context context, cl_command_queue theirs,
                  const recorded_work *work) {
  driver = ((dispatched *)theirs)->functions;
  hooks = *driver;
  hooks.clCreateProgramWithSource = hook_create_from_source;
  hooks.clCreateProgramWithBinary = hook_create_from_binary;
  hooks.clCreateKernel = hook_create_kernel;
  hooks.clSetKernelArg = hook_set_arg;
  hooks.clEnqueueNDRangeKernel = hook_launch;
  hooks.clEnqueueWriteBuffer = hook_write;
  hooks.clEnqueueFillBuffer = hook_fill;
  hooks.clEnqueueCopyBuffer = hook_copy;
  active = r;
  point_to(context, &hooks);
  point_to(theirs, &hooks);
  bool fine = work->prepare(work->state) && work->run(work->state);
  forget_commands(r); /* only the kernels were wanted */
  fine = fine && work->run(work->state);
  point_to(theirs, driver);
  point_to(context, driver);
  for (int i = 0; i < r->kernel_count; i++) point_to(r->kernels[i].kernel, driver);
  active = NULL;
  return fine;
}

recording *recording_make(const bench_raw *raw, cl_context context, cl_command_queue theirs,
                          const recorded_work *work) {
  recording *r = calloc(1, sizeof *r);
  if (!r) return NULL;
  r->queue = raw->queue;
  r->memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
  if (!watch(r, context, theirs, work)) r->problem = "the work failed";
  if (!r->problem && r->count == 0) r->problem = "the driver is not behind a loader";
  if (!r->problem) own_everything(r, raw);
  if (!r->problem && r->buffer_count == 0) r->problem = "no buffer was found";
  clFinish(raw->queue);
  if (r->memory >= 0) close(r->memory);
  if (!r->problem) return r;
  fprintf(stderr, "recording: %s\n", r->problem);
  recording_free(r);
  return NULL;
}

void recording_free(recording *r) {
  if (!r) return;
  forget_commands(r);
  for (int i = 0; i < r->kernel_count; i++) {
    if (r->kernels[i].own) clReleaseKernel(r->kernels[i].own);
    for (int a = 0; a < ARGUMENTS; a++) free(r->kernels[i].arguments[a].bytes);
  }
  for (int i = 0; i < r->buffer_count; i++) clReleaseMemObject(r->ours[i]);
  free(r);
}

int recording_commands(const recording *r) {
  return r->count;
}

int recording_launches(const recording *r) {
  int launches = 0;
  for (int i = 0; i < r->count; i++) launches += r->commands[i].kind == LAUNCH;
  return launches;
}

static cl_int set_arguments(cl_kernel kernel, const command *c) {
  cl_int code = CL_SUCCESS;
  for (cl_uint i = 0; i < ARGUMENTS && c->arguments[i].size > 0; i++)
    code |= clSetKernelArg(kernel, i, c->arguments[i].size, c->arguments[i].bytes);
  return code;
}

static cl_int launch(recording *r, cl_kernel kernel, const command *c) {
  return clEnqueueNDRangeKernel(r->queue, kernel, c->dims, NULL, c->global,
                                c->has_local ? c->local : NULL, 0, NULL, NULL);
}

static cl_int move(recording *r, const command *c) {
  switch (c->kind) {
  case WRITE:
    return clEnqueueWriteBuffer(r->queue, c->to, CL_FALSE, c->to_offset, c->size, c->bytes,
                                0, NULL, NULL);
  case FILL:
    return clEnqueueFillBuffer(r->queue, c->to, c->bytes, c->pattern_size, c->to_offset,
                               c->size, 0, NULL, NULL);
  default:
    return clEnqueueCopyBuffer(r->queue, c->from, c->to, c->from_offset, c->to_offset,
                               c->size, 0, NULL, NULL);
  }
}

static cl_int play(recording *r, const command *c) {
  if (c->kind != LAUNCH) return move(r, c);
  return set_arguments(c->kernel, c) | launch(r, c->kernel, c);
}

bool recording_bind(recording *r) {
  char name[128];
  cl_program program;
  for (int i = 0; i < r->count; i++) {
    command *c = &r->commands[i];
    if (c->kind != LAUNCH || c->bound) continue;
    if (clGetKernelInfo(c->kernel, CL_KERNEL_PROGRAM, sizeof program, &program, NULL) ||
        clGetKernelInfo(c->kernel, CL_KERNEL_FUNCTION_NAME, sizeof name, name, NULL))
      return false;
    c->bound = clCreateKernel(program, name, NULL);
    if (!c->bound || set_arguments(c->bound, c) != CL_SUCCESS) return false;
  }
  return true;
}

bool recording_enqueue(recording *r) {
  cl_int code = CL_SUCCESS;
  for (int i = 0; i < r->count && code == CL_SUCCESS; i++) {
    const command *c = &r->commands[i];
    code = c->kind == LAUNCH ? launch(r, c->bound, c) : move(r, c);
  }
  return code == CL_SUCCESS;
}

bool recording_play(recording *r, bool waits) {
  for (int i = 0; i < r->count; i++) {
    if (play(r, &r->commands[i]) != CL_SUCCESS) return false;
    if (waits && r->commands[i].awaited && clFinish(r->queue) != CL_SUCCESS) return false;
  }
  return true;
}
