/* ops_linalg.h - matrices. What holds for all ops: ops.h. */
#ifndef EAGERCL_OPS_LINALG_H
#define EAGERCL_OPS_LINALG_H

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

/* ---- Matrices ---- */

/* [m, k] x [k, n] -> [m, n], each read transposed if asked for. Floats, int32, int64.
 * k = 0 gives zeros. */
EAGER_API EAGER_NODISCARD eager_status eager_matmul(eager_tensor *a, bool transpose_a,
                                                    eager_tensor *b, bool transpose_b,
                                                    eager_tensor **out);

#ifdef __cplusplus
}
#endif

#endif /* EAGERCL_OPS_LINALG_H */
