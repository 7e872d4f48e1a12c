/* ops.h - the ops, typed, under their tf.* names: inputs, then options, then outputs.
 *
 * What holds for all of them:
 *  1. Inputs are borrowed and may be released right after the call; `*out` is one
 *     reference, or NULL on failure.
 *  2. The op runs on the thread's scope device, else the default device; inputs elsewhere
 *     are copied or refused by the device policy (runtime.h). The output lives there.
 *  3. SYNC blocks until done. ASYNC returns once submitted; shape, dtype, device and memory
 *     errors still come at the call.
 *  4. Inputs of one op have one dtype and nothing is promoted: eager_cast does that. The
 *     result has the inputs' dtype unless said otherwise. Wrong dtypes, shapes and axes are
 *     EAGER_INVALID_ARGUMENT; float64 arithmetic on a device without it is
 *     EAGER_UNIMPLEMENTED.
 *  5. "broadcast" is NumPy's: shapes are aligned at the right, and an extent of 1 repeats.
 *  6. Negative axes count from the end. Zero-size tensors are legal everywhere.
 *  7. "number" is every dtype but bool; "floats" are float32, float64, float16, bfloat16.
 *     The 16-bit ones are computed in float32 and rounded once.
 *  8. Raw names, for op.h and error texts, are TensorFlow's: eager_add is AddV2.
 *
 *   ops_math.h        elementwise mathematics, comparisons, logic, bits and choosing
 *   ops_special.h     special functions
 *   ops_activation.h  activations and the gradients of elementwise ops
 *   ops_reduce.h      reductions and scans
 *   ops_segment.h     segments, scatter and gather
 *   ops_array.h       shapes, parts, moves and making
 *   ops_sort.h        sorting, searching and what depends on data
 *   ops_linalg.h      matrices
 *   ops_nn.h          softmax, losses, normalisation and attention
 *   ops_conv.h        convolutions
 *   ops_pool.h        pooling and images
 *   ops_random.h      random numbers */
#ifndef EAGERCL_OPS_H
#define EAGERCL_OPS_H

#include <eagercl/ops_activation.h>
#include <eagercl/ops_array.h>
#include <eagercl/ops_conv.h>
#include <eagercl/ops_linalg.h>
#include <eagercl/ops_math.h>
#include <eagercl/ops_nn.h>
#include <eagercl/ops_pool.h>
#include <eagercl/ops_random.h>
#include <eagercl/ops_reduce.h>
#include <eagercl/ops_segment.h>
#include <eagercl/ops_sort.h>
#include <eagercl/ops_special.h>

#endif /* EAGERCL_OPS_H */
