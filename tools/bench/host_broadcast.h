/* Broadcast sums, each as nested loops for just that case. Row-major. */
#pragma once

#include <stddef.h>

/* y[i][j] = a[i][j] + row[j] */
void host_add_row(float *y, const float *a, const float *row, size_t rows, size_t columns);
/* y[i][j] = a[i][j] + column[i] */
void host_add_column(float *y, const float *a, const float *column, size_t rows,
                     size_t columns);
/* y[i] = a[i] + scalar */
void host_add_scalar(float *y, const float *a, float scalar, size_t count);
/* y[i][j][k][l] = a[i][0][k][l] + b[0][j][0][l] */
void host_add_4d(float *y, const float *a, const float *b, const size_t dims[4]);
