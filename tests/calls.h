/* Every public function as a row of a table made from the headers (calls.cmake), and
 * arguments for it, so that tests of misuse leave no function and no argument out. */
#ifndef EAGER_TESTS_CALLS_H
#define EAGER_TESTS_CALLS_H

#include "test.h"

enum { CALL_MAX_PARAMETERS = 12 };

typedef enum call_kind { CALL_POINTER, CALL_INTEGER, CALL_REAL } call_kind;

typedef struct call_parameter {
  call_kind kind;
  const char *type, *name; /* as declared: "eager_tensor *", "x" */
} call_parameter;

/* Which member counts is the parameter's kind. A callback is any pointer but NULL. */
typedef struct call_value {
  void *pointer;
  int64_t integer;
  double real;
} call_value;

typedef struct public_call {
  const char *name;
  eager_status (*run)(const call_value *values); /* OK where it returns something else */
  bool is_fallible;                              /* returns eager_status */
  int count;
  call_parameter parameters[CALL_MAX_PARAMETERS];
} public_call;

extern const public_call public_calls[];
extern const size_t public_call_count;

enum { CALL_TENSORS = 8, CALL_VARIANTS = 13, CALL_SCALARS = 12 };

/* What arguments are made of. Handles that are NULL are passed as NULL. */
typedef struct call_things {
  eager_tensor *made[CALL_TENSORS]; /* of several dtypes and ranks */
  eager_tensor *tensors[4];         /* the arguments: the first tensor, the second ... */
  eager_op *op;                     /* a MirrorPad: lists of ints, a string */
  eager_op *op_of_floats;           /* a Bucketize */
  eager_kernel *kernel;
  eager_npz *npz; /* holds "a" */
  eager_graph *graph;
  eager_session *session;    /* of the graph */
  eager_function *function;  /* gives its first input */
  eager_tensor *symbolic[1]; /* the graph's placeholder, float32 [2, 2] */
  void *mem;                 /* a cl_mem of 16 bytes */
  const char *device;        /* any accepted name */
  const char *folder;        /* files are written there */
  char file[256];            /* "FOLDER/calls.npy", made by calls_make */
} call_things;

/* Enabled: makes all of them; `folder` exists. */
void calls_make(const char *folder, call_things *out);
void calls_release(call_things *things);
/* Which tensors are the arguments, 0 <= variant < CALL_VARIANTS: what one function refuses
 * before it looks further, another one likes. 0: all float32 [2, 2]; CALL_SCALARS: rank 0.
 */
void calls_pick(call_things *things, int variant);

/* Arguments that a function looks at without finding a NULL: not always ones it likes.
 * Outputs are filled with CALL_UNTOUCHED. Valid until the next call_fill. */
void calls_fill(const public_call *call, const call_things *things, call_value *values);
enum { CALL_UNTOUCHED = 0xA5 };

/* Whether a parameter is where results go. */
bool calls_is_output(const call_parameter *parameter);
/* Whether a failed call has left every output as it was or zero. */
bool calls_left_outputs(const public_call *call, const call_value *values);
/* Releases what a call that succeeded has put there. */
void calls_drop_outputs(const public_call *call, const call_value *values);

/* "eager_add" or a pattern ("*_grad"), and a parameter's name, NULL being any. A NULL
 * function is the end of a list. */
typedef struct call_name {
  const char *function, *parameter;
} call_name;
bool calls_is_listed(const call_name *list, const char *function, const char *parameter);

#endif
