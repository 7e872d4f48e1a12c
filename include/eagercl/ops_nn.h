/* ops_nn.h - softmax, losses, normalisation and attention. What holds for all ops: ops.h.
 */
#ifndef EAGERCL_OPS_NN_H
#define EAGERCL_OPS_NN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <eagercl/dtype.h>
#include <eagercl/export.h>
#include <eagercl/status.h>
#include <eagercl/tensor.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Softmax along one axis: floats, rank 1 and up ---- */

/* e^(x - max) / sum */
EAGER_API EAGER_NODISCARD eager_status eager_softmax(eager_tensor *logits, int64_t axis,
                                                     eager_tensor **out);
/* x - max - log(sum e^(x - max)) */
EAGER_API EAGER_NODISCARD eager_status eager_log_softmax(eager_tensor *logits, int64_t axis,
                                                         eager_tensor **out);

#ifdef __cplusplus
}
#endif

#endif /* EAGERCL_OPS_NN_H */
