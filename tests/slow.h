/* Work that takes long on a device that runs behind the call: a chain of products. */
#ifndef EAGER_TESTS_SLOW_H
#define EAGER_TESTS_SLOW_H

#include "test_values.h"

/* Measures once how many products of [N,N] matrices take `milliseconds`, in SYNC. */
typedef struct slow_work {
  eager_tensor *matrix; /* every element 1 / N, so a product of two is the same matrix */
  int products;
  double element; /* what the result holds */
} slow_work;

slow_work slow_prepare(int milliseconds);
/* Starts the chain in the thread's mode and gives its last product. */
eager_tensor *slow_start(const slow_work *work);
void slow_end(slow_work *work);
double slow_now(void); /* seconds */

#endif
