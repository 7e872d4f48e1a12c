/* Mathematics as a C programmer gets it from the compiler's vector library. */
#pragma once

#include <stddef.h>

void host_exp_float(float *y, const float *a, size_t count);
void host_log_float(float *y, const float *a, size_t count);
void host_tanh_float(float *y, const float *a, size_t count);
void host_sigmoid_float(float *y, const float *a, size_t count);
void host_gelu_float(float *y, const float *a, size_t count);
void host_gelu_tanh_float(float *y, const float *a, size_t count);
void host_sin_float(float *y, const float *a, size_t count);
void host_pow_float(float *y, const float *a, const float *b, size_t count);
