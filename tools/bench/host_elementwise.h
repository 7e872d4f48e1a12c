/* Elementwise loops as a C programmer with OpenMP would write them. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void host_add_float(float *y, const float *a, const float *b, size_t count);
void host_multiply_float(float *y, const float *a, const float *b, size_t count);
void host_fma_float(float *y, const float *a, const float *b, const float *c, size_t count);
void host_cast_float_int32(int32_t *y, const float *a, size_t count);
void host_less_float(bool *y, const float *a, const float *b, size_t count);
void host_select_float(float *y, const bool *c, const float *a, const float *b,
                       size_t count);
