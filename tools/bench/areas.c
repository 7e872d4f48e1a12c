/* The areas, in the order they run. */
#include "bench.h"

const bench_area bench_areas[] = {
    /* First, since they record how the kernels they need, not the same ones, are made. */
    {"train", bench_train},
    {"graph", bench_graph},
    /* The others. */
    {"dispatch", bench_dispatch},
    {"memory", bench_memory},
    {"transfer", bench_transfer},
    {"elementwise", bench_elementwise},
    {"math", bench_math},
    {"broadcast", bench_broadcast},
    {"reduce", bench_reduce},
    {"softmax", bench_softmax},
    {"transpose", bench_transpose},
    {"gather", bench_gather},
    {"gemm", bench_gemm},
    {"gemm-batched", bench_gemm_batched},
    {"gemv", bench_gemv},
    {"conv", bench_conv},
    {"startup", bench_startup},
};
const size_t bench_area_count = sizeof bench_areas / sizeof *bench_areas;
