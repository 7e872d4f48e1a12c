/* ops_sort.h - sorting, searching and what depends on data. What holds for all ops: ops.h.
 */
#ifndef EAGERCL_OPS_SORT_H
#define EAGERCL_OPS_SORT_H

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

#ifdef __cplusplus
}
#endif

#endif /* EAGERCL_OPS_SORT_H */
