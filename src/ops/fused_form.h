/* How a fused kernel goes over its elements, for inputs of given shapes. */
#ifndef EAGER_OPS_FUSED_FORM_H
#define EAGER_OPS_FUSED_FORM_H

#include "ops/fused_text.h"

/* Dimensions of extent 1 are left out, neighbours joined while the same inputs repeat along
 * them. The layout stands once more in cl_kernels/fused.cl. */
typedef struct eager__fused_shape {
  int64_t dims[EAGER__MAX_RANK];
  int32_t repeats[EAGER__FUSED_INPUTS]; /* dims as bits; of inputs that need a walk */
  int32_t rank, stream;                 /* rank 0: none does */
} eager__fused_shape;

/* `inputs` broadcast to `whole`, which has elements. Leaves `stream` as it is. */
void eager__fused_choose(const eager__traits *traits, const eager__fused *fused,
                         const eager__shape *const *inputs, const eager__shape *whole,
                         eager__fused_kernel *out, eager__fused_shape *out_shape);

#endif
