/* ops_special.h - special functions. What holds for all ops: ops.h. */
#ifndef EAGERCL_OPS_SPECIAL_H
#define EAGERCL_OPS_SPECIAL_H

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

/* ---- Special functions: floats ---- */

EAGER_API EAGER_NODISCARD eager_status eager_erf(eager_tensor *x, eager_tensor **out);
EAGER_API EAGER_NODISCARD eager_status eager_erfc(eager_tensor *x, eager_tensor **out);
/* log |Gamma(x)| */
EAGER_API EAGER_NODISCARD eager_status eager_lgamma(eager_tensor *x, eager_tensor **out);

#ifdef __cplusplus
}
#endif

#endif /* EAGERCL_OPS_SPECIAL_H */
