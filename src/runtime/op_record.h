/* What an op is, and one call of it. Ops know inputs, attributes, shapes and kernels; they
 * never see devices, modes, policies or queues. */
#ifndef EAGER_RUNTIME_OP_RECORD_H
#define EAGER_RUNTIME_OP_RECORD_H

#include "base/dtype.h"
#include "base/shape.h"
#include "eagercl/op.h"
#include "tensor/tensor.h"

enum {
  EAGER__MAX_INPUTS = 6, /* of an op with a fixed number of them */
  EAGER__MAX_ATTRS = 10,
  /* Beyond these the operands and results of an op with a list of them are allocated. */
  EAGER__INLINE_INPUTS = 8,
  EAGER__INLINE_OUTPUTS = 6,
};

typedef enum eager__attr_kind {
  EAGER__ATTR_NONE,
  EAGER__ATTR_INT,
  EAGER__ATTR_FLOAT,  /* accepts int too */
  EAGER__ATTR_NUMBER, /* int or float; the value keeps which: Range's start */
  EAGER__ATTR_BOOL,
  EAGER__ATTR_DTYPE,
  EAGER__ATTR_STRING,
  EAGER__ATTR_INT_LIST,   /* accepts a single int too */
  EAGER__ATTR_FLOAT_LIST, /* accepts ints too */
} eager__attr_kind;

typedef struct eager__attr_spec {
  const char *name;
  eager__attr_kind kind;
  double number;    /* default of INT, FLOAT, NUMBER, BOOL and DTYPE */
  const char *text; /* default of STRING; lists default to "not given" (count 0) */
  bool required;
} eager__attr_spec;

typedef struct eager__attr {
  bool given;
  bool is_float; /* of NUMBER */
  int64_t i;     /* INT, BOOL, DTYPE, NUMBER */
  double f;      /* FLOAT, NUMBER */
  const char *text;
  const int64_t *ints;
  const double *floats;
  size_t count; /* of a list */
} eager__attr;

typedef struct eager__input_spec {
  const char *name;
  uint32_t
      dtypes; /* 0: T, the op's dtype, alike for all such inputs; else a set of its own */
} eager__input_spec;

typedef struct eager__operand {
  eager_dtype dtype;
  const eager__shape *shape;
  eager_tensor *tensor;  /* as the caller gave it; borrowed */
  eager__buffer *buffer; /* on the op's device: from migrate on; the tensor's or `copy` */
  eager__buffer *copy;   /* a mirror, one reference; NULL when nothing was copied */
  int64_t offset;        /* elements */
} eager__operand;

typedef struct eager__result {
  eager_dtype dtype;
  eager__shape shape;
  /* Set by infer for an op that moves no bytes: the output is input `view_of - 1` from its
   * element `view_offset` on. */
  int view_of;
  int64_t view_offset;
  eager__buffer *buffer; /* from allocate on; one reference until its tensor is made */
  bool has_tensor;
  int64_t offset; /* elements */
} eager__result;

struct eager__op;
struct eager__commands;
struct eager__strbuf;

/* An input or output of an op: "input #1 of MatMul". */
typedef struct eager__part {
  const char *op;
  int index;
  const char *node; /* of a graph, named behind a failure's text; or NULL */
} eager__part;

typedef struct eager__call {
  const struct eager__op *op;
  const char *name; /* the op's; in an inner call that of the op it is a part of */
  const struct eager__call *outer; /* of an inner call, else NULL */
  const char *request;             /* recording: the device asked for, or NULL */
  eager__device *device; /* from place on; ops look at eager__commands_traits only */
  uint64_t number;
  bool is_plain;    /* every input is on `device`, submitted, and cannot fail any more */
  const void *user; /* the typed door's own, until run returns */
  /* Of a call that stands for several ops: which of them reads each input and makes each
   * output; else NULL. */
  const eager__part *readers, *makers;
  eager_dtype
      dtype; /* T: of the first input without a dtype set of its own, else infer's */
  int input_count, output_count;
  eager__operand *inputs; /* inline_inputs or allocated */
  eager__operand inline_inputs[EAGER__INLINE_INPUTS];
  eager__result *outputs; /* inline_outputs or allocated */
  eager__result inline_outputs[EAGER__INLINE_OUTPUTS];
  eager__attr attrs[EAGER__MAX_ATTRS]; /* in the record's order; defaults filled in */
} eager__call;

/* For an op whose calls carry something of their door's own (`user`): a recorded call needs
 * a copy that depends on nothing of the caller's, and holds what its op stands in. */
typedef struct eager__user_hooks {
  eager_status (*keep)(const void *user, void **out);
  void (*drop)(void *kept);
  /* What a dump tells of it beside attributes: "global=[8], local=[4]". */
  void (*show)(const void *kept, struct eager__strbuf *out);
} eager__user_hooks;

static inline eager__part eager__call_reader(const eager__call *call, int i) {
  return call->readers ? call->readers[i] : (eager__part){call->name, i, NULL};
}
static inline eager__part eager__call_maker(const eager__call *call, int i) {
  return call->makers ? call->makers[i] : (eager__part){call->name, i, NULL};
}

typedef struct eager__op {
  const char *name;  /* TensorFlow's raw op name: by-name door, errors, traces */
  const char *typed; /* its typed doors, comma separated: "eager_split" */
  eager__input_spec inputs[EAGER__MAX_INPUTS]; /* a NULL name ends */
  bool variadic;       /* the one input stands for a list of one or more, or, where
                        * optional_inputs is 1, of any number */
  int optional_inputs; /* so many of the last inputs may be left out */
  int outputs;         /* 0 reads as 1 */
  uint32_t dtypes;     /* what T may be; 0 when no input has dtype T */
  bool moves_only;     /* no arithmetic on T: works for float64 on every device */
  bool checked;        /* may fail on the device: launch calls eager__check_text */
  bool infer_late;     /* output sizes depend on data: has .compose, may block in ASYNC */
  eager__attr_spec attrs[EAGER__MAX_ATTRS]; /* a NULL name ends */
  /* For an op whose number of outputs depends on attributes and input shapes (Split), else
   * NULL. Arity, dtypes and attributes given have been checked. */
  eager_status (*count_outputs)(const eager__call *call, int *out_count);
  /* Sets dtype and shape of every output (and view_of); host only. Errors need no
   * " [Op:...]". Refuses everything that can be refused without the device. */
  eager_status (*infer)(eager__call *call);
  /* Appends the commands that compute the outputs. NULL for an op that only makes views.
   * Not called when every output has zero elements. */
  eager_status (*launch)(eager__call *call, struct eager__commands *commands);
  /* Instead of launch: an op made of other ops, run by inner calls (run.h) of this op. The
   * call's inputs are on its device by then. Fills `outputs`; on failure what it has put
   * there is released by the runtime. infer comes before it, unless there is none: so it is
   * with infer_late, and only with that, for a graph must know what comes out. */
  eager_status (*compose)(eager__call *call, eager_tensor **outputs);
  /* With infer_late: whether this call's output sizes do; NULL: every one's. */
  bool (*is_late)(const struct eager__call *call);
  /* Before anything is copied for compose: refuses what infer would; host only, or NULL. */
  eager_status (*check)(const eager__call *call);
  const eager__user_hooks *user; /* NULL: calls carry nothing. Such a call is one node */
  const void *data;              /* the op file's own: an elementwise row */
} eager__op;

/* Every op file exports one list; CMake gathers them (eager_add_op). */
typedef struct eager__op_list {
  const eager__op *ops;
  int count;
} eager__op_list;

/* The value of attribute `name` of the call's op; its default when not given. */
const eager__attr *eager__attr_get(const eager__call *call, const char *name);

int eager__op_input_count(const eager__op *op); /* specs given */
/* Of an op without count_outputs. */
static inline int eager__op_output_count(const eager__op *op) {
  return op->outputs ? op->outputs : 1;
}

#endif
