/* eagercl.h - eager tensors in C on any OpenCL device. Includes every public header except
 * <eagercl/opencl.h>, the only one that needs the OpenCL headers.
 *
 *   status.h    what every fallible call returns, and this thread's last error text
 *   dtype.h     the thirteen element types
 *   device.h    which devices there are, and their memory
 *   runtime.h   enabling, device scopes, policies, SYNC and ASYNC
 *   tensor.h    immutable values: create, inspect, wait, read, release
 *   ops.h       typed ops with the names of tf.*
 *   op.h        the same ops by their TensorFlow raw name
 *   npy.h       NumPy's .npy and .npz files
 *   graph.h     the same ops recorded, and run in sessions
 *   kernel.h    ops of your own, in OpenCL C
 *   tuning.h    sizes that decide how fast kernels are
 *
 * Rules that hold everywhere:
 *  1. A fallible call returns eager_status. When it fails it changes nothing, its outputs
 *     are NULL or zero, and eager_error_message() says what to do.
 *  2. `eager_tensor **out` gives one reference to the caller (or to the open tidy scope,
 *     see tensor.h). Every other pointer passed in is borrowed for the call.
 *  3. `const char *` and `const T *` results belong to the library or to the object they
 *     come from.
 *  4. Every function may be called from any thread. An eager_op is used by one at a time.
 *  5. Structs the caller owns carry `reserved` space that must be zero; structs the library
 *     hands out by pointer may grow at their end.
 *  6. Getters on NULL give 0, -1 or "". */
#ifndef EAGERCL_EAGERCL_H
#define EAGERCL_EAGERCL_H

#include <eagercl/device.h>
#include <eagercl/dtype.h>
#include <eagercl/export.h>
#include <eagercl/graph.h>
#include <eagercl/kernel.h>
#include <eagercl/npy.h>
#include <eagercl/op.h>
#include <eagercl/ops.h>
#include <eagercl/runtime.h>
#include <eagercl/status.h>
#include <eagercl/tensor.h>
#include <eagercl/tuning.h>
#include <eagercl/version.h>

#endif /* EAGERCL_EAGERCL_H */
