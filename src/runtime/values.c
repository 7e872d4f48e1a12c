/* Values in and out: host data, scalars, reading, mapping, printing. */
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "cl/staging.h"
#include "runtime/adopt.h"
#include "runtime/allocate.h"
#include "runtime/commands.h"
#include "runtime/record.h"
#include "runtime/run.h"
#include "runtime/scope.h"
#include "runtime/trace.h"
#include "runtime/transfer.h"
#include "runtime/values.h"
#include "tensor/format.h"

/* --- From the host --- */

static eager__writer writer_for(size_t size) {
  return size <= EAGER__STAGING_LIMIT ? EAGER__WRITER_COMPUTE : EAGER__WRITER_TRANSFER;
}

/* A new value, with its buffer's bytes still to be written. */
static eager_status begin_value(eager__runtime *runtime, const char *name,
                                eager_dtype dtype, const eager__shape *shape,
                                eager_tensor **out) {
  size_t size = (size_t)eager__shape_elements(shape) * eager_dtype_size(dtype);
  EAGER__TRY(eager__scope_reserve(1));
  eager__device *device;
  EAGER__TRY(eager__scope_open(runtime, name, &device));
  eager__origin origin = {"FromHost", atomic_fetch_add(&runtime->op_number, 1) + 1, 0};
  eager__trace_enter(origin.number);
  eager__buffer *buffer;
  EAGER__TRY(eager__allocate(runtime, device, size, writer_for(size), origin,
                             EAGER__SEQ_DEFERRED, &buffer));
  eager_status status = eager__tensor_new(dtype, shape, buffer, 0, origin, out);
  eager__buffer_release(buffer);
  return status;
}

static eager_status try_write(const eager__buffer *buffer, const void *data,
                              uint64_t *out_seq) {
  eager__mem *mem = eager__buffer_mem(buffer);
  *out_seq = EAGER__SEQ_READY;
  if (!buffer->size) return EAGER_OK;
  if (buffer->size <= EAGER__STAGING_LIMIT)
    return eager__staging_write(buffer->device, mem, 0, data, buffer->size, out_seq);
  return eager__memory_write(buffer->device, mem, 0, data, buffer->size);
}

static eager_status write_buffer(eager__runtime *runtime, eager__buffer *buffer,
                                 const void *data) {
  uint64_t seq;
  eager_status status = try_write(buffer, data, &seq);
  if (eager__made_room(runtime, buffer->device, status, true))
    status = try_write(buffer, data, &seq);
  if (status == EAGER_OK) atomic_store_explicit(&buffer->seq, seq, memory_order_release);
  return status;
}

/* Kernels take a bool as 0 or 1; anything else the host calls true is made 1. */
static eager_status write_bools(eager__runtime *runtime, eager__buffer *buffer,
                                const uint8_t *data) {
  size_t odd = 0;
  while (odd < buffer->size && data[odd] <= 1) odd++;
  if (odd == buffer->size) return write_buffer(runtime, buffer, data);
  uint8_t *clean = eager__alloc(buffer->size);
  if (!clean) return eager__out_of_memory(buffer->size);
  for (size_t i = 0; i < buffer->size; i++) clean[i] = data[i] != 0;
  eager_status status = write_buffer(runtime, buffer, clean);
  eager__free(clean);
  return status;
}

/* SYNC: the upload is over when the call is. ASYNC: it is this thread's work. */
static eager_status settle(eager__runtime *runtime, const eager_tensor *t) {
  if (eager__scope_mode(runtime) == EAGER_SYNC) return eager_tensor_wait(t);
  uint64_t seq = atomic_load_explicit(&t->buffer->seq, memory_order_relaxed);
  eager__thread_work *work = eager__scope_work(runtime);
  if (!work) return EAGER_RESOURCE_EXHAUSTED;
  eager__thread_work_submitted(work, t->buffer->device->index, false, seq);
  return EAGER_OK;
}

eager_status eager__value_on(const char *device, eager_dtype dtype,
                             const eager__shape *shape, const void *data,
                             eager_tensor **out) {
  eager__runtime *runtime;
  eager_tensor *t;
  EAGER__TRY(eager__runtime_require_any(&runtime));
  EAGER__TRY(begin_value(runtime, device, dtype, shape, &t));
  eager_status status = dtype == EAGER_BOOL ? write_bools(runtime, t->buffer, data)
                                            : write_buffer(runtime, t->buffer, data);
  if (status == EAGER_OK) status = settle(runtime, t);
  if (status != EAGER_OK) {
    eager_tensor_release(t);
    return status;
  }
  eager__scope_give(t);
  *out = t;
  return EAGER_OK;
}

static eager_status from_host(eager_dtype dtype, int rank, const int64_t *dims,
                              const void *data, eager_tensor **out) {
  eager__recorder *recorder = eager__scope_recorder();
  eager__runtime *runtime;
  eager__shape shape;
  EAGER__TRY(recorder ? eager__runtime_require_open()
                      : eager__runtime_require_any(&runtime));
  EAGER__TRY(eager__shape_make(dtype, rank, dims, &shape));
  size_t size = (size_t)eager__shape_elements(&shape) * eager_dtype_size(dtype);
  EAGER__REQUIRE(data || !size, EAGER_INVALID_ARGUMENT, "data is NULL for %zu bytes", size);
  if (!recorder) return eager__value_on(NULL, dtype, &shape, data, out);
  EAGER__TRY(eager__scope_reserve(1));
  EAGER__TRY(recorder->add_value(recorder, dtype, &shape, data, out));
  eager__scope_give(*out);
  return EAGER_OK;
}

eager_status eager_tensor_from_host(eager_dtype dtype, int rank, const int64_t *dims,
                                    const void *data, eager_tensor **out) {
  EAGER__REQUIRE(out, EAGER_INVALID_ARGUMENT, "out is NULL");
  *out = NULL;
  uint64_t begin = eager__trace_begin();
  eager_status status = from_host(dtype, rank, dims, data, out);
  if (*out && (*out)->symbol) return status;
  eager__trace_value("FromHost", begin, status, *out, NULL, true);
  return status;
}

eager_status eager_tensor_adopt_host(eager_dtype dtype, int rank, const int64_t *dims,
                                     void *data, size_t size,
                                     void (*free_fn)(void *data, void *user), void *user,
                                     eager_tensor **out) {
  eager__shape shape;
  eager_status status = EAGER_OK;
  if (out) *out = NULL;
  if (!out) status = eager__fail(EAGER_INVALID_ARGUMENT, "out is NULL");
  if (status == EAGER_OK) status = eager__shape_make(dtype, rank, dims, &shape);
  if (status == EAGER_OK) {
    size_t wanted = (size_t)eager__shape_elements(&shape) * eager_dtype_size(dtype);
    if (size != wanted)
      status = eager__fail(EAGER_INVALID_ARGUMENT,
                           "the tensor has %zu bytes but size is %zu", wanted, size);
  }
  bool adopted = false;
  if (status == EAGER_OK)
    status = eager__adopt(dtype, &shape, data, size, free_fn, user, out, &adopted);
  if (status == EAGER_OK && !adopted)
    status = eager_tensor_from_host(dtype, rank, dims, data, out);
  if (!adopted && free_fn) free_fn(data, user);
  return status;
}

/* Zeros: an op like any other, without a name of TensorFlow's. */

static eager_status infer_zeros(eager__call *call) {
  const eager__attr *dims = eager__attr_get(call, "dims");
  call->outputs[0].dtype = (eager_dtype)eager__attr_get(call, "dtype")->i;
  return eager__shape_make(call->outputs[0].dtype, (int)dims->count, dims->ints,
                           &call->outputs[0].shape);
}

static eager_status launch_zeros(eager__call *call, eager__commands *commands) {
  const uint64_t zero = 0; /* of every dtype */
  return eager__add_fill(commands, 0, &zero, eager_dtype_size(call->outputs[0].dtype));
}

static const eager__op zeros_op = {
    .name = "Zeros",
    .moves_only = true,
    .attrs = {{"dims", EAGER__ATTR_INT_LIST, 0, NULL, true},
              {"dtype", EAGER__ATTR_DTYPE, 0, NULL, true}},
    .infer = infer_zeros,
    .launch = launch_zeros,
};

eager_status eager_tensor_zeros(eager_dtype dtype, int rank, const int64_t *dims,
                                eager_tensor **out) {
  EAGER__REQUIRE(out, EAGER_INVALID_ARGUMENT, "out is NULL");
  *out = NULL;
  eager__runtime *runtime;
  eager__shape shape;
  eager__call call;
  EAGER__TRY(eager__runtime_require_scope(&runtime));
  EAGER__TRY(eager__shape_make(dtype, rank, dims, &shape));
  EAGER__TRY(eager__call_begin(&call, &zeros_op, NULL, 0));
  eager__call_set_ints(&call, "dims", shape.dims, (size_t)shape.rank);
  eager__call_set_int(&call, "dtype", dtype);
  return eager__call_run(&call, NULL, out, 1);
}

eager_status eager_scalar_int32(int32_t v, eager_tensor **out) {
  return eager_tensor_from_host(EAGER_INT32, 0, NULL, &v, out);
}

eager_status eager_scalar_int64(int64_t v, eager_tensor **out) {
  return eager_tensor_from_host(EAGER_INT64, 0, NULL, &v, out);
}

eager_status eager_scalar_uint32(uint32_t v, eager_tensor **out) {
  return eager_tensor_from_host(EAGER_UINT32, 0, NULL, &v, out);
}

eager_status eager_scalar_uint64(uint64_t v, eager_tensor **out) {
  return eager_tensor_from_host(EAGER_UINT64, 0, NULL, &v, out);
}

eager_status eager_scalar_float32(float v, eager_tensor **out) {
  return eager_tensor_from_host(EAGER_FLOAT32, 0, NULL, &v, out);
}

eager_status eager_scalar_float64(double v, eager_tensor **out) {
  return eager_tensor_from_host(EAGER_FLOAT64, 0, NULL, &v, out);
}

eager_status eager_scalar_bool(bool v, eager_tensor **out) {
  uint8_t byte = v;
  return eager_tensor_from_host(EAGER_BOOL, 0, NULL, &byte, out);
}

/* --- Reading --- */

static eager_status read_tensor(const eager_tensor *t, void *data) {
  size_t size = eager_tensor_byte_size(t);
  if (!size) return EAGER_OK;
  return eager__memory_read(t->buffer->device, eager__buffer_mem(t->buffer),
                            eager__tensor_offset_bytes(t), data, size);
}

static eager_status to_host(const eager_tensor *t, void *data, size_t size) {
  eager__runtime *runtime;
  EAGER__TRY(eager__runtime_require_tensor(t, &runtime));
  EAGER__REQUIRE(size == eager_tensor_byte_size(t), EAGER_INVALID_ARGUMENT,
                 "the tensor has %zu bytes but size is %zu", eager_tensor_byte_size(t),
                 size);
  EAGER__REQUIRE(data || !size, EAGER_INVALID_ARGUMENT, "data is NULL for %zu bytes", size);
  EAGER__TRY(eager_tensor_wait(t));
  eager_status status = read_tensor(t, data);
  if (!eager__made_room(runtime, t->buffer->device, status, true)) return status;
  return read_tensor(t, data);
}

eager_status eager_tensor_to_host(const eager_tensor *t, void *data, size_t size) {
  uint64_t begin = eager__trace_begin();
  eager_status status = to_host(t, data, size);
  eager__trace_value("ToHost", begin, status, t, NULL, false);
  return status;
}

/* --- Mapping --- */

static eager__mutex map_lock = EAGER__MUTEX_STATIC(EAGER__RANK_MAP);

static eager_status try_map(eager__buffer *buffer) {
  static const char nothing[1];
  eager_status status = EAGER_OK;
  eager__mutex_lock(&map_lock);
  if (!buffer->view_count) {
    buffer->view = nothing;
    if (buffer->size)
      status = eager__memory_map(buffer->device, eager__buffer_mem(buffer), 0, buffer->size,
                                 &buffer->view);
  }
  if (status == EAGER_OK) buffer->view_count++;
  eager__mutex_unlock(&map_lock);
  return status;
}

static eager_status map(eager_tensor *t, const void **out_data) {
  eager__runtime *runtime;
  EAGER__TRY(eager__runtime_require_tensor(t, &runtime));
  EAGER__TRY(eager_tensor_wait(t));
  eager__buffer *buffer = t->buffer;
  eager_status status = try_map(buffer);
  if (eager__made_room(runtime, buffer->device, status, true)) status = try_map(buffer);
  if (status != EAGER_OK) return status;
  eager__buffer_retain(buffer); /* the view needs the bytes */
  *out_data = (const char *)buffer->view + eager__tensor_offset_bytes(t);
  return EAGER_OK;
}

eager_status eager_tensor_map(eager_tensor *t, const void **out_data) {
  EAGER__REQUIRE(out_data, EAGER_INVALID_ARGUMENT, "out_data is NULL");
  *out_data = NULL;
  uint64_t begin = eager__trace_begin();
  eager_status status = map(t, out_data);
  eager__trace_value("Map", begin, status, t, NULL, false);
  return status;
}

eager_status eager_tensor_unmap(eager_tensor *t) {
  eager__runtime *runtime;
  EAGER__TRY(eager__runtime_require_tensor(t, &runtime));
  eager__buffer *buffer = t->buffer;
  eager__mutex_lock(&map_lock);
  bool mapped = buffer->view_count > 0;
  eager_status status = EAGER_OK;
  if (mapped && --buffer->view_count == 0 && buffer->size)
    status = eager__memory_unmap(buffer->device, eager__buffer_mem(buffer), buffer->view);
  eager__mutex_unlock(&map_lock);
  EAGER__REQUIRE(mapped, EAGER_FAILED_PRECONDITION,
                 "eager_tensor_unmap: the tensor is not mapped");
  eager__buffer_release(buffer);
  return status;
}

/* --- Text --- */

eager_status eager_tensor_format(const eager_tensor *t, char **out_text) {
  EAGER__REQUIRE(out_text, EAGER_INVALID_ARGUMENT, "out_text is NULL");
  *out_text = NULL;
  eager__runtime *runtime;
  EAGER__TRY(eager__runtime_require_tensor(t, &runtime));
  size_t size = eager_tensor_byte_size(t);
  void *data = eager__alloc(size + 1);
  if (!data) return eager__out_of_memory(size);
  eager_status status = eager_tensor_to_host(t, data, size);
  eager__strbuf text = {0};
  if (status == EAGER_OK) {
    eager__format_tensor(t->dtype, &t->shape, data, t->buffer->device->short_name, &text);
    *out_text = eager__strbuf_take(&text);
    if (!*out_text) status = eager__out_of_memory(size);
  }
  eager__free(data);
  return status;
}

eager_status eager_tensor_print(const eager_tensor *t) {
  char *text;
  EAGER__TRY(eager_tensor_format(t, &text));
  int written = fprintf(stdout, "%s\n", text);
  eager__free(text);
  EAGER__REQUIRE(written >= 0, EAGER_UNKNOWN, "writing to stdout failed");
  return EAGER_OK;
}

void eager_free(void *p) {
  eager__free(p);
}
