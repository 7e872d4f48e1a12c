/* The ops that are neither reductions nor elementwise in one or two inputs: each with its
 * typed call and what the raw op is given to mean the same. One table per group of ops, in
 * doors_<group>.h. Behind them what their tests share. */
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

/* Of input #k: small, positive, legal for every op; as indices, below 8. */
static inline const double *doors_values(const input *in, int k) {
  if (in->values != NULL) return in->values;
  int64_t count = test_elements(in->shape);
  double *values = test_alloc((size_t)count * sizeof *values);
  for (int64_t i = 0; i < count; i++) {
    int64_t v = (i * 5 + k) % 7 + 1;
    values[i] = test_is_float(in->dtype) ? (double)v * 0.75 : (double)v;
    if (in->dtype == EAGER_BOOL) values[i] = (double)((i + k) % 2);
  }
  return values;
}

static inline eager_tensor *doors_make(const input *in, int k) {
  return test_tensor(in->dtype, in->shape, doors_values(in, k));
}

static inline void doors_set_attr(eager_op *op, const attr *a) {
  switch (a->kind) {
  case EAGER_ATTR_INT:
    assert_ok(eager_op_set_attr_int(op, a->name, (int64_t)a->values[0]));
    return;
  case EAGER_ATTR_FLOAT:
    assert_ok(eager_op_set_attr_float(op, a->name, a->values[0]));
    return;
  case EAGER_ATTR_BOOL:
    assert_ok(eager_op_set_attr_bool(op, a->name, a->values[0] != 0));
    return;
  case EAGER_ATTR_DTYPE:
    assert_ok(eager_op_set_attr_dtype(op, a->name, (eager_dtype)a->values[0]));
    return;
  case EAGER_ATTR_STRING:
    assert_ok(eager_op_set_attr_string(op, a->name, a->text));
    return;
  case EAGER_ATTR_FLOAT_LIST:
    assert_ok(eager_op_set_attr_float_list(op, a->name, a->values, a->count));
    return;
  case EAGER_ATTR_INT_LIST:
    break;
  }
  int64_t list[8];
  for (size_t i = 0; i < a->count; i++) list[i] = (int64_t)a->values[i];
  assert_ok(eager_op_set_attr_int_list(op, a->name, list, a->count));
}

/* The raw op through the by-name door. */
static inline void doors_by_name(const char *raw, eager_tensor *const *in, int input_count,
                                 const attr *attrs, eager_tensor **out, int outputs) {
  eager_op *op;
  int count = outputs;
  assert_ok(eager_op_new(raw, &op));
  for (int i = 0; i < input_count; i++) assert_ok(eager_op_add_input(op, in[i]));
  for (int i = 0; i < MAX_ATTRS && attrs[i].name != NULL; i++)
    doors_set_attr(op, &attrs[i]);
  assert_ok(eager_op_execute(op, out, &count));
  assert_int_equal(count, outputs);
  eager_op_release(op);
}

#endif
