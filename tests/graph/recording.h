/* One op of the doors' tables, recorded over placeholders and run: what its tests share. */
#ifndef EAGER_TESTS_RECORDING_H
#define EAGER_TESTS_RECORDING_H

#include "api/doors_all.h"
#include "ops/registry.h"

typedef struct trial {
  const char *raw;
  typed_fn typed;    /* NULL: by name only */
  const attr *attrs; /* NULL: typed only */
  int input_count, outputs;
  input inputs[MAX_INPUTS]; /* with their values */
} trial;

static inline trial trial_of(const row *r) {
  trial t = {.raw = r->raw, .typed = r->typed, .attrs = r->attrs};
  t.outputs = r->outputs ? r->outputs : 1;
  for (; t.input_count < MAX_INPUTS && r->inputs[t.input_count].dtype != 0;
       t.input_count++) {
    t.inputs[t.input_count] = r->inputs[t.input_count];
    t.inputs[t.input_count].values = doors_values(&r->inputs[t.input_count], t.input_count);
  }
  return t;
}

/* Other than doors_by_name it may fail: then all of `out` is NULL. */
static inline eager_status call_by_name(const trial *t, eager_tensor *const *in,
                                        eager_tensor **out) {
  eager_op *op;
  int count = t->outputs;
  assert_ok(eager_op_new(t->raw, &op));
  for (int i = 0; i < t->input_count; i++) assert_ok(eager_op_add_input(op, in[i]));
  for (int i = 0; i < MAX_ATTRS && t->attrs[i].name != NULL; i++)
    doors_set_attr(op, &t->attrs[i]);
  eager_status status = eager_op_execute(op, out, &count);
  eager_op_release(op);
  return status;
}

static inline void make_inputs(const trial *t, eager_tensor **in) {
  for (int i = 0; i < t->input_count; i++)
    in[i] = test_tensor(t->inputs[i].dtype, t->inputs[i].shape, t->inputs[i].values);
}

/* Which extents of placeholders are known. */
typedef enum form { KNOWN, UNKNOWN, KNOWN_EVEN, KNOWN_ODD, FORMS } form;
static const char *const form_names[] = {"known", "unknown", "known on even axes",
                                         "known on odd axes"};

static inline void make_placeholders(const trial *t, form f, eager_tensor **in) {
  for (int i = 0; i < t->input_count; i++) {
    test_shape shape = t->inputs[i].shape;
    for (int axis = 0; axis < shape.rank; axis++) {
      bool odd = (i + axis) % 2 == 1; /* an input's first axis and the next one's second */
      bool known = f == KNOWN || f == (odd ? KNOWN_ODD : KNOWN_EVEN);
      if (!known) shape.dims[axis] = -1;
    }
    assert_ok(eager_placeholder(t->inputs[i].dtype, shape.rank, shape.dims, NULL, &in[i]));
  }
}

static inline void release_all(eager_tensor **tensors, int count) {
  for (int i = 0; i < count; i++) eager_tensor_release(tensors[i]);
}

#endif
