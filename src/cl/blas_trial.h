/* The known-answer test of the library behind blas.c. */
#ifndef EAGER_CL_BLAS_TRIAL_H
#define EAGER_CL_BLAS_TRIAL_H

#include "cl/blas.h"

typedef enum eager__trial_result {
  EAGER__TRIAL_RIGHT,
  EAGER__TRIAL_WRONG,
  EAGER__TRIAL_REFUSED, /* the library refused every product */
  EAGER__TRIAL_BROKEN,  /* the test itself could not be run; the error is recorded */
} eager__trial_result;

/* Products of small integers, exact in every dtype, of shapes that reach the library's
 * different kernels, in all four combinations of transposes. A refusal is no wrong answer:
 * the library refuses by shape, and callers fall back by call. No lock held but PROGRAM;
 * the device is open. */
eager__trial_result eager__blas_trial(eager__device *device, eager_dtype dtype);

#endif
