/* kernel.h - your own OpenCL C, run as the library's ops are: same placement, policies,
 * modes, caches and errors. */
#ifndef EAGERCL_KERNEL_H
#define EAGERCL_KERNEL_H

#include <stddef.h>
#include <stdint.h>

#include <eagercl/dtype.h>
#include <eagercl/export.h>
#include <eagercl/status.h>
#include <eagercl/tensor.h>

#ifdef __cplusplus
extern "C" {
#endif

/* One kernel of a program, built per device at its first use there. Any thread may run it.
 */
typedef struct eager_kernel eager_kernel;

/* `source` is OpenCL C with a __kernel called `entry`; `build_options` are for the compiler
 * ("-DN=4 -cl-fast-relaxed-math"; NULL: none; -cl-std=CL1.2 unless you say otherwise).
 * Builds for the thread's device: what does not compile is EAGER_INVALID_ARGUMENT with the
 * build log and the numbered lines of the source. In a graph's scope before the first
 * session there is no device: what is wrong with the source is told by the run. The texts
 * are copied; the caller releases *out. */
EAGER_API EAGER_NODISCARD eager_status eager_kernel_new(const char *source,
                                                        const char *entry,
                                                        const char *build_options,
                                                        eager_kernel **out);
/* NULL-safe. Work in flight goes on, and graphs keep what they need. What was built stays
 * until eager_shutdown, so that the same text is never built twice. */
EAGER_API void eager_kernel_release(eager_kernel *k);

typedef enum eager_kernel_arg_kind {
  EAGER_KERNEL_INPUT,  /* `tensor`: a const __global T * to its first element */
  EAGER_KERNEL_OUTPUT, /* a new tensor of `dtype`, `rank`, `dims`: a __global T * */
  EAGER_KERNEL_VALUE,  /* `size` bytes at `value`: a scalar, vector or struct */
  EAGER_KERNEL_LOCAL   /* `size` bytes of __local memory */
} eager_kernel_arg_kind;

typedef struct eager_kernel_arg {
  eager_kernel_arg_kind kind;
  eager_tensor *tensor;
  const void *value;
  size_t size;
  eager_dtype dtype;
  int rank;
  const int64_t *dims;
} eager_kernel_arg;

#define EAGER_KERNEL_MAX_ARGS 48

/* `args` in the kernel's order. Inputs are borrowed, and copied first where they are a view
 * that does not begin its buffer; the kernel must not write to them. Outputs are not
 * cleared; outputs[i], of `output_count`, is the i-th OUTPUT of `args`, one reference each.
 * `global` and `local` have `work_dims` entries; `local` NULL picks divisors of `global`,
 * else each must divide it. float16 tensors are `half *` (use vload_half), bfloat16
 * `ushort *`, bool `uchar *`.
 *
 * EAGER_INVALID_ARGUMENT for a wrong number of arguments, a size the driver refuses for
 * one, work sizes that do not fit the device. What the kernel does to memory that is not
 * its own cannot be checked. */
EAGER_API EAGER_NODISCARD eager_status
eager_kernel_run(eager_kernel *k, int work_dims, const size_t *global, const size_t *local,
                 const eager_kernel_arg *args, size_t arg_count, eager_tensor **outputs,
                 size_t output_count);

/* One result element from one element of each input: `expression` is OpenCL C over a, b,
 * c ... to p, as many as `count` says, which are of one dtype, any number, and broadcast as
 * NumPy does: "a * b + sin(c)". The result has their dtype. float16 and bfloat16 are
 * computed in float32. Several elements are computed at once: a and b are vectors, so `a >
 * b ? a : b` chooses lane by lane, and there is no `if`. Without float64 inputs 2.0 is
 * float32.
 *
 * Compiled once per expression, dtype and device and kept, on disk too. What does not
 * compile is EAGER_INVALID_ARGUMENT with the build log. Division of integers by zero is the
 * expression's own to avoid. Raw op: Elementwise, attribute expression. */
EAGER_API EAGER_NODISCARD eager_status eager_elementwise(const char *expression,
                                                         eager_tensor *const *inputs,
                                                         size_t count, eager_tensor **out);

#ifdef __cplusplus
}
#endif

#endif /* EAGERCL_KERNEL_H */
