/* Reductions and running sums as a C programmer with OpenMP would write them. x is
 * [outer][length][inner]; what is reduced is the length. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* y[0], of `count` elements. */
void host_sum_full(float *y, const float *x, size_t count);
void host_max_full(float *y, const float *x, size_t count);
void host_argmax_full(int64_t *y, const float *x, size_t count);

/* inner is 1: y[rows]. */
void host_sum_rows(float *y, const float *x, size_t rows, size_t length);
void host_max_rows(float *y, const float *x, size_t rows, size_t length);
void host_argmax_rows(int64_t *y, const float *x, size_t rows, size_t length);

/* y[outer][inner]; `outer` is 1, or enough for all threads. inner is up to 4096. */
void host_sum_columns(float *y, const float *x, size_t outer, size_t length, size_t inner);
void host_max_columns(float *y, const float *x, size_t outer, size_t length, size_t inner);
void host_argmax_columns(int64_t *y, const float *x, size_t length, size_t inner);

/* y[i] *= factor: what makes means of sums. */
void host_scale(float *y, float factor, size_t count);

/* Running sums, of the shape of x. */
void host_cumsum_full(float *y, const float *x, size_t count);
void host_cumsum_rows(float *y, const float *x, size_t rows, size_t length);
void host_cumsum_columns(float *y, const float *x, size_t length, size_t inner);
