/* op.h - every op by its TensorFlow raw name, for bindings and tables.
 *
 *   eager_op *op;
 *   eager_op_new("MatMul", &op);
 *   eager_op_add_input(op, a);
 *   eager_op_add_input(op, b);
 *   eager_op_set_attr_bool(op, "transpose_b", true);
 *   int count = 1;
 *   eager_op_execute(op, &c, &count);
 *   eager_op_release(op);
 *
 * Names are the keywords of tf.raw_ops.<Op>. An argument is an attribute if it is one
 * there, or if TensorFlow's GPU kernel takes it in host memory (axis, dimension, perm,
 * shape, begin, size, depth, start, seed ...); all else is an input, in raw_ops order, a
 * variadic list in its place. T, N and Tidx are inferred, and refused as attributes. */
#ifndef EAGERCL_OP_H
#define EAGERCL_OP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <eagercl/dtype.h>
#include <eagercl/export.h>
#include <eagercl/status.h>
#include <eagercl/tensor.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A call under construction; one thread at a time; reusable. */
typedef struct eager_op eager_op;

/* EAGER_NOT_FOUND tells the names that come near. The caller releases *out. */
EAGER_API EAGER_NODISCARD eager_status eager_op_new(const char *name, eager_op **out);
EAGER_API void eager_op_release(eager_op *op); /* NULL-safe; drops its inputs */

/* Drops inputs, attributes and device. */
EAGER_API EAGER_NODISCARD eager_status eager_op_reset(eager_op *op);

/* NULL: the thread's scope again. The name is checked at once. */
EAGER_API EAGER_NODISCARD eager_status eager_op_set_device(eager_op *op,
                                                           const char *device);

/* Appends and retains. */
EAGER_API EAGER_NODISCARD eager_status eager_op_add_input(eager_op *op, eager_tensor *t);

/* ---- Attributes: values and lists are copied; setting again replaces ----
 *
 * Unknown name or wrong kind: EAGER_INVALID_ARGUMENT naming it and the legal ones; so too,
 * from execute, when a required one is missing. Numeric scalars take int or float where the
 * op does. Matrices are flattened row-major. */
EAGER_API EAGER_NODISCARD eager_status eager_op_set_attr_int(eager_op *op, const char *name,
                                                             int64_t v);
EAGER_API EAGER_NODISCARD eager_status eager_op_set_attr_float(eager_op *op,
                                                               const char *name, double v);
EAGER_API EAGER_NODISCARD eager_status eager_op_set_attr_bool(eager_op *op,
                                                              const char *name, bool v);
EAGER_API EAGER_NODISCARD eager_status eager_op_set_attr_dtype(eager_op *op,
                                                               const char *name,
                                                               eager_dtype v);
EAGER_API EAGER_NODISCARD eager_status eager_op_set_attr_string(eager_op *op,
                                                                const char *name,
                                                                const char *v);
EAGER_API EAGER_NODISCARD eager_status eager_op_set_attr_int_list(eager_op *op,
                                                                  const char *name,
                                                                  const int64_t *v,
                                                                  size_t count);
EAGER_API EAGER_NODISCARD eager_status eager_op_set_attr_float_list(eager_op *op,
                                                                    const char *name,
                                                                    const double *v,
                                                                    size_t count);

/* Runs it. *inout_count: in, the room in `outputs`; out, how many there are. Too little
 * room: EAGER_INVALID_ARGUMENT, nothing runs, *inout_count says the need. On success each
 * output is one reference of the caller's, inputs are dropped, attributes and device stay.
 * On failure outputs are NULL and inputs stay. */
EAGER_API EAGER_NODISCARD eager_status eager_op_execute(eager_op *op,
                                                        eager_tensor **outputs,
                                                        int *inout_count);

/* ---- What there is. Counting, naming and describing need no enabling ---- */

/* All ops, sorted by name. A name beyond the count is "". */
EAGER_API size_t eager_op_count(void);
EAGER_API const char *eager_op_name(size_t index);

/* Whether `device` (NULL: the default) can run op `name` on `dtype`. False, and no error,
 * for anything unknown or before enabling. */
EAGER_API bool eager_op_is_supported(const char *name, eager_dtype dtype,
                                     const char *device);

typedef enum eager_attr_kind {
  EAGER_ATTR_INT,
  EAGER_ATTR_FLOAT,
  EAGER_ATTR_BOOL,
  EAGER_ATTR_DTYPE,
  EAGER_ATTR_STRING,
  EAGER_ATTR_INT_LIST,
  EAGER_ATTR_FLOAT_LIST
} eager_attr_kind;

typedef struct eager_attr_description {
  const char *name;
  eager_attr_kind kind;
  bool required;
  char default_text[40]; /* "-1", "false", "[]", "int64"; "" when required or inferred */
} eager_attr_description;

#define EAGER_OP_MAX_INPUTS 8
#define EAGER_OP_MAX_ATTRS  16

/* Owned by the caller; strings pointed to are valid for the process. */
typedef struct eager_op_description {
  const char *name;
  int input_count;  /* a variadic list counts as one */
  int output_count; /* -1: depends on the attributes */
  int attr_count;
  int variadic_input;      /* index of the input that is a list, or -1 */
  bool may_fail_on_device; /* bad values, such as an index out of range, fail there */
  const char *input_names[EAGER_OP_MAX_INPUTS];
  eager_attr_description attrs[EAGER_OP_MAX_ATTRS];
  char dtypes[128];        /* of T, space separated: "float32 float64 float16 bfloat16" */
  const char *typed_names; /* "eager_split": its typed doors, comma separated */
  void *reserved[7];
} eager_op_description;

/* EAGER_NOT_FOUND as eager_op_new. */
EAGER_API EAGER_NODISCARD eager_status
eager_op_describe(const char *name, eager_op_description *out_description);

#ifdef __cplusplus
}
#endif

#endif /* EAGERCL_OP_H */
