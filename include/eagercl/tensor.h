/* tensor.h - immutable values that live on a device.
 *
 * A tensor has a dtype, rank 0 to 8, and row-major dims; any dim may be 0. It is a
 * reference counted handle: what an `out` gives is one reference. dtype, dims and device
 * are known at once in both modes and never block; the bytes may still be under way
 * (eager_tensor_poll). Tensors never change, so any number of threads may use one without a
 * lock. */
#ifndef EAGERCL_TENSOR_H
#define EAGERCL_TENSOR_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <eagercl/dtype.h>
#include <eagercl/export.h>
#include <eagercl/status.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct eager_tensor eager_tensor;

/* ---- Creating: on the thread's scope device ----
 *
 * `dims` has `rank` entries; NULL for rank 0. */

/* Copies `data`, row-major; it may be reused when the call returns, in both modes. `data`
 * may be NULL only if the tensor is empty. bool bytes other than 0 read as 1. */
EAGER_API EAGER_NODISCARD eager_status eager_tensor_from_host(eager_dtype dtype, int rank,
                                                              const int64_t *dims,
                                                              const void *data,
                                                              eager_tensor **out);

/* Takes `data` of exactly `size` bytes: used in place where host and device share memory
 * and alignment allows, else copied. `free_fn` (NULL: none) runs exactly once, from any
 * thread, when the library no longer needs `data`: also when the call fails. Do not write
 * to `data` before. */
EAGER_API EAGER_NODISCARD eager_status eager_tensor_adopt_host(
    eager_dtype dtype, int rank, const int64_t *dims, void *data, size_t size,
    void (*free_fn)(void *data, void *user), void *user, eager_tensor **out);

EAGER_API EAGER_NODISCARD eager_status eager_tensor_zeros(eager_dtype dtype, int rank,
                                                          const int64_t *dims,
                                                          eager_tensor **out);

/* Tensors of rank 0. */
EAGER_API EAGER_NODISCARD eager_status eager_scalar_int32(int32_t v, eager_tensor **out);
EAGER_API EAGER_NODISCARD eager_status eager_scalar_int64(int64_t v, eager_tensor **out);
EAGER_API EAGER_NODISCARD eager_status eager_scalar_uint32(uint32_t v, eager_tensor **out);
EAGER_API EAGER_NODISCARD eager_status eager_scalar_uint64(uint64_t v, eager_tensor **out);
EAGER_API EAGER_NODISCARD eager_status eager_scalar_float32(float v, eager_tensor **out);
EAGER_API EAGER_NODISCARD eager_status eager_scalar_float64(double v, eager_tensor **out);
EAGER_API EAGER_NODISCARD eager_status eager_scalar_bool(bool v, eager_tensor **out);

/* ---- References ---- */

/* NULL-safe. Releasing the last reference to a tensor that ops in flight still read is
 * fine. Using a handle after its last release is undefined, except in a library built for
 * Debug: there every function tells a released handle (also of an op, kernel or archive) by
 * EAGER_INVALID_ARGUMENT "... was released before: it was AddV2 #12", releases and retains
 * log that as an error, and getters answer as for NULL, until 1024 others were released. */
EAGER_API void eager_tensor_retain(eager_tensor *t);
EAGER_API void eager_tensor_release(eager_tensor *t);

/* ---- Inspecting: never blocks; works after eager_shutdown ---- */

EAGER_API eager_dtype eager_tensor_dtype(const eager_tensor *t);
EAGER_API int eager_tensor_rank(const eager_tensor *t);

/* Negative axes count from the end; -1 if out of range. */
EAGER_API int64_t eager_tensor_dim(const eager_tensor *t, int axis);

/* `rank` extents, valid as long as the tensor; NULL on NULL. */
EAGER_API const int64_t *eager_tensor_dims(const eager_tensor *t);

/* 1 for rank 0. */
EAGER_API int64_t eager_tensor_num_elements(const eager_tensor *t);
EAGER_API size_t eager_tensor_byte_size(const eager_tensor *t);

/* Full name of the device its bytes are on. */
EAGER_API const char *eager_tensor_device(const eager_tensor *t);

/* ---- Waiting ---- */

typedef enum eager_readiness {
  EAGER_PENDING,
  EAGER_READY, /* computed, and every device-side check it depends on has passed */
  EAGER_FAILED /* for good; the error text says why and in which op */
} eager_readiness;

/* Never waits for the device. On FAILED this thread's error text is set. */
EAGER_API eager_readiness eager_tensor_poll(const eager_tensor *t);

/* Blocks until READY or FAILED: for the tensor's op, what precedes it on its device, and at
 * most 15 ops submitted after it; never for another device. FAILED returns the original
 * status with its text and the op it came from. */
EAGER_API EAGER_NODISCARD eager_status eager_tensor_wait(const eager_tensor *t);

/* The same for at most that long, overrun by 1 ms at most: EAGER_DEADLINE_EXCEEDED. On
 * devices without has_async_enqueue the deadline is looked at only afterwards. */
EAGER_API EAGER_NODISCARD eager_status eager_tensor_wait_for(const eager_tensor *t,
                                                             uint64_t nanoseconds);

/* ---- Reading: blocks as eager_tensor_wait does, and fails as it does ---- */

/* `size` must be eager_tensor_byte_size, else EAGER_INVALID_ARGUMENT. On failure `data` is
 * unspecified, but never the bytes of a failed op. */
EAGER_API EAGER_NODISCARD eager_status eager_tensor_to_host(const eager_tensor *t,
                                                            void *data, size_t size);

/* A read-only view, without a copy where memory is shared. Valid until the matching unmap;
 * maps nest. Unmapping what is not mapped: EAGER_FAILED_PRECONDITION. */
EAGER_API EAGER_NODISCARD eager_status eager_tensor_map(eager_tensor *t,
                                                        const void **out_data);
EAGER_API EAGER_NODISCARD eager_status eager_tensor_unmap(eager_tensor *t);

/* ---- Moving ---- */

/* An independent tensor on `device` (NULL: the scope's); a new reference to an equal value
 * when it is there already. Does not block in ASYNC, whatever the devices. No policy
 * applies. */
EAGER_API EAGER_NODISCARD eager_status eager_tensor_copy_to_device(eager_tensor *t,
                                                                   const char *device,
                                                                   eager_tensor **out);

/* ---- Printing: reads, so it blocks ---- */

/* "Tensor(42, shape=(), dtype=int32, device=GPU:0)"; arrays over several lines as NumPy
 * prints them, summarised with ... past 1000 elements. The caller frees *out_text by
 * eager_free. */
EAGER_API EAGER_NODISCARD eager_status eager_tensor_format(const eager_tensor *t,
                                                           char **out_text);
EAGER_API void eager_free(void *p); /* NULL-safe */

/* The same text and a newline to stdout. */
EAGER_API EAGER_NODISCARD eager_status eager_tensor_print(const eager_tensor *t);

/* ---- Tidy scopes: release many temporaries at once ----
 *
 * Per thread, nestable. Inside, the reference an `out` gives belongs to the innermost
 * scope: do not release it; retain adds one of your own. `end` releases what its scope
 * still owns. `keep` hands the reference to the caller, out of all scopes. Keeping a tensor
 * that no open scope of this thread owns, and end without begin, are
 * EAGER_FAILED_PRECONDITION. */
EAGER_API EAGER_NODISCARD eager_status eager_tidy_begin(void);
EAGER_API EAGER_NODISCARD eager_status eager_tidy_keep(eager_tensor *t);
EAGER_API EAGER_NODISCARD eager_status eager_tidy_end(void);

#ifdef __cplusplus
}
#endif

/* ---- eager_scalar(v, out): the scalar call that fits the C type of `v` ----
 *
 * bool: bool. Integers by sign, and 32 or 64 bits by size; smaller ones widen to 32 bits
 * with their sign, plain char to int32. float and double: float32, so that
 * eager_scalar(6.0, &t) goes with float32 tensors; for a float64 call eager_scalar_float64.
 * In C11 the literal `true` and comparisons are int: call eager_scalar_bool. */
#if defined(__cplusplus)
inline eager_status eager_scalar(bool v, eager_tensor **out) {
  return eager_scalar_bool(v, out);
}
inline eager_status eager_scalar(int v, eager_tensor **out) {
  return eager_scalar_int32(v, out);
}
inline eager_status eager_scalar(unsigned v, eager_tensor **out) {
  return eager_scalar_uint32(v, out);
}
inline eager_status eager_scalar(unsigned char v, eager_tensor **out) {
  return eager_scalar_uint32(v, out);
}
inline eager_status eager_scalar(unsigned short v, eager_tensor **out) {
  return eager_scalar_uint32(v, out);
}
inline eager_status eager_scalar(long long v, eager_tensor **out) {
  return eager_scalar_int64(v, out);
}
inline eager_status eager_scalar(unsigned long long v, eager_tensor **out) {
  return eager_scalar_uint64(v, out);
}
inline eager_status eager_scalar(float v, eager_tensor **out) {
  return eager_scalar_float32(v, out);
}
inline eager_status eager_scalar(double v, eager_tensor **out) {
  return eager_scalar_float32(static_cast<float>(v), out);
}
#if LONG_MAX > 2147483647L
inline eager_status eager_scalar(long v, eager_tensor **out) {
  return eager_scalar_int64(v, out);
}
inline eager_status eager_scalar(unsigned long v, eager_tensor **out) {
  return eager_scalar_uint64(v, out);
}
#else
inline eager_status eager_scalar(long v, eager_tensor **out) {
  return eager_scalar_int32(v, out);
}
inline eager_status eager_scalar(unsigned long v, eager_tensor **out) {
  return eager_scalar_uint32(v, out);
}
#endif
#elif defined(__STDC_VERSION__) && __STDC_VERSION__ >= 201112L
#if LONG_MAX > 2147483647L
#define EAGER__SCALAR_LONG  eager_scalar_int64
#define EAGER__SCALAR_ULONG eager_scalar_uint64
#else
#define EAGER__SCALAR_LONG  eager_scalar_int32
#define EAGER__SCALAR_ULONG eager_scalar_uint32
#endif
/* clang-format off */
#define eager_scalar(v, out)                  \
  _Generic((v),                               \
      bool: eager_scalar_bool,                \
      char: eager_scalar_int32,               \
      signed char: eager_scalar_int32,        \
      short: eager_scalar_int32,              \
      int: eager_scalar_int32,                \
      long: EAGER__SCALAR_LONG,               \
      long long: eager_scalar_int64,          \
      unsigned char: eager_scalar_uint32,     \
      unsigned short: eager_scalar_uint32,    \
      unsigned: eager_scalar_uint32,          \
      unsigned long: EAGER__SCALAR_ULONG,     \
      unsigned long long: eager_scalar_uint64, \
      float: eager_scalar_float32,            \
      double: eager_scalar_float32)((v), (out))
/* clang-format on */
#endif

#endif /* EAGERCL_TENSOR_H */
