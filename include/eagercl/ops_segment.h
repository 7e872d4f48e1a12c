/* ops_segment.h - segments, scatter and gather. What holds for all ops: ops.h. */
#ifndef EAGERCL_OPS_SEGMENT_H
#define EAGERCL_OPS_SEGMENT_H

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

#endif /* EAGERCL_OPS_SEGMENT_H */
