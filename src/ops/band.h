/* What the ops on diagonals of matrices share; cl_kernels/diag.cl is the other half. */
#ifndef EAGER_OPS_BAND_H
#define EAGER_OPS_BAND_H

#include "runtime/commands.h"

/* The kernels' `band`: diagonals lower to upper of rows x columns matrices. */
typedef struct eager__band {
  int64_t rows, columns, lower, upper;
  int64_t length;                 /* of the longest of them */
  int64_t upper_left, lower_left; /* 1: aligned left within `length` */
} eager__band;

/* Appends `kernel`, whose arguments are output 0, all inputs, the bytes of an element of
 * the op's dtype unless `element` is NULL, the band and a spread. `columns` divides the
 * output's elements into the table's rows. */
eager_status eager__add_band(eager__commands *commands, const char *kernel,
                             const void *element, const eager__band *band, int64_t columns);

#endif
