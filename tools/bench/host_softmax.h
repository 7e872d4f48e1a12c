/* Operations on rows as a C programmer with OpenMP would write them: x and y are
 * [rows][length]. */
#pragma once

#include <stddef.h>

void host_softmax(float *y, const float *x, size_t rows, size_t length);
void host_log_softmax(float *y, const float *x, size_t rows, size_t length);
/* Mean first, squares about it then; gamma and beta have `length` elements. */
void host_layer_norm(float *y, const float *x, const float *gamma, const float *beta,
                     float epsilon, size_t rows, size_t length);
/* The same of columns, as a batch norm in training does: scale and offset have `length`
 * elements, up to 4096. */
void host_batch_norm(float *y, const float *x, const float *scale, const float *offset,
                     float epsilon, size_t rows, size_t length);
