/* The ops that are neither reductions nor elementwise in one or two inputs: each with its
 * typed call and what the raw op is given to mean the same. One table per group of ops, in
 * doors_<group>.h. */
#ifndef EAGER_TESTS_DOORS_H
#define EAGER_TESTS_DOORS_H

#include "test_values.h"

enum { MAX_INPUTS = 6, MAX_ATTRS = 10, MAX_OUTPUTS = 6 };

typedef struct input {
  eager_dtype dtype;
  test_shape shape;
  const double *values; /* NULL: small, positive, below 8 */
} input;

typedef struct attr {
  const char *name;
  eager_attr_kind kind;
  size_t count; /* 1 unless a list */
  double values[8];
  const char *text; /* of a string */
} attr;

typedef eager_status (*typed_fn)(eager_tensor *const *in, eager_tensor **out);

typedef struct row {
  const char *raw;
  typed_fn typed; /* fills out[0] to out[outputs - 1] */
  input inputs[MAX_INPUTS];
  attr attrs[MAX_ATTRS];
  int outputs; /* 0 reads as 1 */
} row;

#endif
