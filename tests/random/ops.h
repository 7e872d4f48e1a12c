/* The ops of random programs, one row each: how inputs and attributes are chosen, and what
 * comes out, in plain C. A family is a file, ops_<family>.c; `rp_ops` of ops.c lists them.
 */
#ifndef EAGER_TESTS_RANDOM_OPS_H
#define EAGER_TESTS_RANDOM_OPS_H

#include "random/choose.h"
#include "random/random_program.h"
#include "random/value.h"

typedef enum rp_outcome {
  RP_GOOD,
  RP_REFUSED, /* at the call; `text` without " [Op:...]" */
  RP_FAILED,  /* on the device, with `text`; the outputs are there, their values unspecified
               */
  RP_UNCLEAR, /* the interpreter does not say: such a step is not in a program */
} rp_outcome;

typedef struct rp_result {
  rp_outcome outcome;
  char text[RP_TEXT];
  rp_value *outputs[RP_OUTPUTS];
  /* 0: has bytes of its own; k: shares those of input k - 1, as the headers promise;
   * RP_VIEW_MAYBE: nobody says. */
  int view_of[RP_OUTPUTS];
  int output_count;
} rp_result;

enum { RP_VIEW_MAYBE = -1 };

/* How the typed door is called; what is not listed is called by name only. */
typedef enum rp_door {
  RP_DOOR_NONE,
  RP_DOOR_1,         /* (x, out) */
  RP_DOOR_2,         /* (a, b, out) */
  RP_DOOR_3,         /* (a, b, c, out) */
  RP_DOOR_REDUCE,    /* (x, axes, axis_count, keep_dims, out) */
  RP_DOOR_ARG,       /* (x, axis, output_type, out) */
  RP_DOOR_SCAN,      /* (x, axis, exclusive, reverse, out) */
  RP_DOOR_SHAPE,     /* (x, rank, dims, out) */
  RP_DOOR_LIST,      /* (x, list, out) */
  RP_DOOR_LISTS,     /* (x, begin, size, out) */
  RP_DOOR_AXES,      /* (x, axes, axis_count, out) */
  RP_DOOR_AXIS,      /* (x, axis, out) */
  RP_DOOR_DTYPE,     /* (x, dtype, out) */
  RP_DOOR_MANY,      /* (values, count, axis, out) */
  RP_DOOR_PARTS,     /* (x, num, axis, outputs) */
  RP_DOOR_INDEX,     /* (a, b, axis, out) */
  RP_DOOR_TRANSPOSES /* (a, transpose_a, b, transpose_b, out) */
} rp_door;

typedef void (*rp_door_fn)(void); /* cast to its kind's type before it is called */

struct rp_op {
  const char *name;
  rp_door door;
  const char *typed; /* "eager_add", for the printer */
  rp_door_fn typed_fn;
  uint32_t dtypes; /* T: bits by dtype */
  /* Of input i, 0 where it has dtype T. */
  uint32_t input_dtypes[RP_INPUTS];
  const char *attrs[2]; /* what the typed door's arguments are called by name */
  bool moves;           /* no arithmetic: float64 on every device */
  bool waits;           /* its size depends on data */
  bool is_rough;        /* what it gives is rough (value.h) */
  /* Fills inputs and attributes of `step`; false: not now. */
  bool (*choose)(rp_chooser *chooser, const rp_op *op, rp_step *step);
  /* Inputs have the dtypes of the row and may hold anything. Frees nothing. */
  void (*evaluate)(const rp_op *op, const rp_step *step, const rp_value *const *in,
                   rp_result *result);
  const void *data; /* the family's own */
};

enum {
  RP_FLOATS = 1u << EAGER_FLOAT32 | 1u << EAGER_FLOAT64 | 1u << EAGER_FLOAT16 |
              1u << EAGER_BFLOAT16,
  RP_SIGNED = 1u << EAGER_INT8 | 1u << EAGER_INT16 | 1u << EAGER_INT32 | 1u << EAGER_INT64,
  RP_INTEGERS = RP_SIGNED | 1u << EAGER_UINT8 | 1u << EAGER_UINT16 | 1u << EAGER_UINT32 |
                1u << EAGER_UINT64,
  RP_NUMBERS = RP_FLOATS | RP_INTEGERS,
  RP_BOOLS = 1u << EAGER_BOOL,
  RP_ANY = RP_NUMBERS | RP_BOOLS,
  RP_INDICES = 1u << EAGER_INT32 | 1u << EAGER_INT64,
};

#define RP_BIT(dtype)      (1u << (dtype))
/* A typed door's name and function. */
#define RP_TYPED(function) .typed = #function, .typed_fn = (rp_door_fn)(function)

typedef struct rp_family {
  const rp_op *ops;
  int count;
} rp_family;
extern const rp_family rp_family_elementwise, rp_family_shapes, rp_family_moves,
    rp_family_parts, rp_family_reduce, rp_family_index, rp_family_order, rp_family_matrix,
    rp_family_rough;

int rp_op_count(void);
int rp_exact_op_count(void); /* without the rough ones, which come last */
int rp_op_named(const char *name);
const rp_op *rp_op_at(int index);

/* For evaluate. */
rp_value *rp_output(rp_result *result, eager_dtype dtype, test_shape shape);
void rp_refuse(rp_result *result, const char *format, ...) EAGER__PRINTF(2, 3);
void rp_fail(rp_result *result, const char *format, ...) EAGER__PRINTF(2, 3);
void rp_unclear(rp_result *result);
/* UNCLEAR and false unless every input that is a float is plain. */
bool rp_all_plain(const rp_step *step, const rp_value *const *in, rp_result *result);
/* Axis as attribute `name` says; false, having refused, when it is out of range. */
bool rp_axis(const rp_step *step, const char *name, int64_t otherwise, int rank,
             rp_result *result, int *out);
/* Axes of attribute `axis` as bits, all if it is not given; false, the result being UNCLEAR
 * or refused, when there are no such axes. */
bool rp_read_axes(const rp_step *step, int rank, rp_result *result, unsigned *out);
/* The shape that a list spells; not `*good` where it is none. */
test_shape rp_list_shape(const rp_step *step, const char *name, bool *good);
const char *rp_shape_text(test_shape shape); /* until the fourth call after */
int64_t rp_product(test_shape shape, int begin, int end);

#endif
