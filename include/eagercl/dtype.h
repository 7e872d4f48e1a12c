/* dtype.h - the element types of tensors. Nothing here needs enabling. */
#ifndef EAGERCL_DTYPE_H
#define EAGERCL_DTYPE_H

#include <stddef.h>
#include <stdint.h>

#include <eagercl/export.h>

#ifdef __cplusplus
extern "C" {
#endif

/* TensorFlow's DataType values.
 *
 * float16 and bfloat16 work on every device: stored as 16 bits, computed in float32.
 * float64 is stored, copied, reshaped, sliced and gathered on every device; arithmetic on a
 * device without it is EAGER_UNIMPLEMENTED. No op promotes one dtype to another. */
typedef enum eager_dtype {
  EAGER_DTYPE_INVALID = 0,
  EAGER_FLOAT32 = 1,
  EAGER_FLOAT64 = 2,
  EAGER_INT32 = 3,
  EAGER_UINT8 = 4,
  EAGER_INT16 = 5,
  EAGER_INT8 = 6,
  EAGER_INT64 = 9,
  EAGER_BOOL = 10, /* one byte, 0 or 1 */
  EAGER_BFLOAT16 = 14,
  EAGER_UINT16 = 17,
  EAGER_FLOAT16 = 19,
  EAGER_UINT32 = 22,
  EAGER_UINT64 = 23
} eager_dtype;

/* Bytes per element; 0 if unknown. */
EAGER_API size_t eager_dtype_size(eager_dtype dtype);

/* NumPy's name, "float32"; "unknown" if there is no such dtype. */
EAGER_API const char *eager_dtype_name(eager_dtype dtype);

/* Host conversions of the 16-bit floats, held as their bits. Narrowing rounds to nearest
 * even; overflow gives an infinity, NaN stays NaN, subnormals are kept. Widening
 * is exact. */
EAGER_API uint16_t eager_float_to_half(float v);
EAGER_API float eager_half_to_float(uint16_t v);
EAGER_API uint16_t eager_float_to_bfloat16(float v);
EAGER_API float eager_bfloat16_to_float(uint16_t v);

#ifdef __cplusplus
}
#endif

#endif /* EAGERCL_DTYPE_H */
