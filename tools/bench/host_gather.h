/* Ops that move rows, as a C programmer with OpenMP would write them. Everything is dense
 * float32; indices are int32. */
#pragma once

#include <stddef.h>
#include <stdint.h>

void host_gather_rows(float *out, const float *params, const int32_t *indices, size_t rows,
                      size_t columns);
/* out[ids[i]] += updates[i]: every thread adds the rows whose destinations it owns. `base`
 * is what out begins as; NULL: zeros. */
void host_add_rows(float *out, const float *base, const int32_t *ids, const float *updates,
                   size_t rows, size_t targets, size_t columns);
/* Two tables side by side. */
void host_concat_columns(float *out, const float *a, size_t a_columns, const float *b,
                         size_t b_columns, size_t rows);
/* [n][h][w][c] in the middle of zeros, one wide, round h and w. */
void host_pad_images(float *out, const float *x, size_t n, size_t h, size_t w, size_t c);
/* `columns` from `column` on of `rows` rows, x_columns long in x. */
void host_cut_columns(float *out, const float *x, size_t x_columns, size_t column,
                      size_t rows, size_t columns);
void host_one_hot(float *out, const int32_t *indices, size_t rows, size_t depth);
/* The k largest of every row and where they are, largest first, of equals the first. */
void host_top_k(float *values, int32_t *places, const float *x, size_t rows, size_t columns,
                size_t k);
