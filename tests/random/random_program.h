/* A random program as data: what the generator makes, the interpreter foretells, an
 * executor runs, the shrinker cuts down and the printer writes as C. Each of those is a
 * file of its own that knows nothing of the others:
 *
 *   choose, generate   seed -> program
 *   interpret, ops_*   program -> what every step must give (expect.h), on the host
 *   execute            program + expectation -> the first difference, through the library
 *   twin, recorded, execute_graph   the same with its ops as a graph
 *   shrink, print      a failing program -> a short one -> a C file
 *   supervise          batches in child processes, time limits, reports
 *
 * A program is plain memory without pointers: a file of it is its bytes, for the same
 * build. Registers hold tensors; each is the output of one step. */
#ifndef EAGER_TESTS_RANDOM_PROGRAM_H
#define EAGER_TESTS_RANDOM_PROGRAM_H

#include "test_values.h"

enum {
  RP_STEPS = 96,
  RP_REGISTERS = 160,
  RP_INPUTS = 4,
  RP_OUTPUTS = 6,
  RP_ATTRS = 6,
  RP_LIST = 16,
  RP_DEVICES = 3,
  RP_TEXT = 640,
};

typedef enum rp_code {
  RP_MAKE, /* outputs[0]: `dtype`, `shape`, `fill`; `how` is an rp_make */
  RP_OP,
  RP_COPY, /* eager_tensor_copy_to_device; `device` -1: the scope's */
  RP_READ, /* every way in which bytes come back; `how` is an rp_read */
  RP_WAIT,
  RP_WAIT_FOR, /* `how` nanoseconds */
  RP_POLL,
  RP_SYNCHRONIZE, /* `device` -1: all */
  RP_RETAIN,
  RP_RELEASE,
  RP_PUSH, /* `device` -1: NULL */
  RP_POP,
  RP_POLICY, /* `how`: the thread's; -1 unsets */
  RP_MODE,   /* likewise */
  RP_TIDY_BEGIN,
  RP_TIDY_END,
  RP_TIDY_KEEP,
  RP_TRIM, /* `device` -1: NULL */
  RP_CODES
} rp_code;

typedef enum rp_make {
  RP_FROM_HOST,
  RP_ADOPT_HOST,
  RP_ZEROS,  /* eager_tensor_zeros: fill is RP_FILL_ZERO */
  RP_SCALAR, /* eager_scalar_*: rank 0 and a dtype that has one */
  RP_MAKES
} rp_make;

typedef enum rp_read {
  RP_TO_HOST,
  RP_MAP,
  RP_FORMAT, /* printed as text; the bytes by eager_tensor_to_host */
  RP_NPY,    /* saved and loaded again on the scope's device */
  RP_READS
} rp_read;

/* What host data looks like. */
typedef enum rp_filling {
  RP_FILL_ZERO,
  RP_FILL_SMALL,   /* whole numbers from low to high */
  RP_FILL_HALVES,  /* floats: such numbers and halves between */
  RP_FILL_SPECIAL, /* floats: also NaN, infinities and -0 */
  RP_FILL_BITS,    /* any bits at all */
  RP_FILL_RISING,  /* low, then 0 or 1 more each time, up to high */
  RP_FILL_PERMUTATION,
  RP_FILL_COUNT,
  RP_FILLINGS
} rp_filling;

typedef struct rp_fill {
  rp_filling kind;
  uint32_t seed;
  int32_t low, high;
} rp_fill;

typedef struct rp_attr {
  char name[24];
  eager_attr_kind kind; /* never FLOAT */
  int count;            /* of a list */
  int64_t ints[RP_LIST];
  char text[24];
} rp_attr;

typedef struct rp_step {
  rp_code code;
  int op;     /* a row of ops.h */
  bool typed; /* by its typed door, where that can say it */
  int device; /* -1: not said; of an RP_OP by name: eager_op_set_device */
  int how;
  int inputs[RP_INPUTS], input_count; /* registers */
  int outputs[RP_OUTPUTS], output_count;
  rp_attr attrs[RP_ATTRS];
  int attr_count;
  eager_dtype dtype;
  test_shape shape;
  rp_fill fill;
} rp_step;

typedef struct rp_program {
  uint64_t seed; /* it was made from */
  int step_count, register_count;
  rp_step steps[RP_STEPS];
} rp_program;

/* The devices a program may name, 0 being the default: the lane's, one of its context, one
 * of another. Programs are made for, and judged by, one world. */
typedef struct rp_world {
  int device_count;
  struct rp_device {
    char short_name[24], full_name[80], driver_name[128];
    bool has_float64;
  } devices[RP_DEVICES];
  bool is_slow;   /* a simulator: small shapes, few steps */
  bool is_shared; /* other threads run programs too: what is the process's is unknown */
} rp_world;

/* Attributes of a step; NULL or `otherwise` when it is not given. */
const rp_attr *rp_attr_find(const rp_step *step, const char *name);
int64_t rp_attr_int(const rp_step *step, const char *name, int64_t otherwise);
rp_attr *rp_attr_add(rp_step *step, const char *name, eager_attr_kind kind);
void rp_attr_add_int(rp_step *step, const char *name, int64_t value);
void rp_attr_add_bool(rp_step *step, const char *name, bool value);
void rp_attr_add_dtype(rp_step *step, const char *name, eager_dtype value);
void rp_attr_add_text(rp_step *step, const char *name, const char *value);
void rp_attr_add_list(rp_step *step, const char *name, int count, const int64_t *values);

bool rp_save(const rp_program *program, const char *path);
bool rp_load(rp_program *program, const char *path);

/* One line for a reader: "r7 = AddV2(r3, r5) on 1". Until the next call in this thread. */
const char *rp_step_text(const rp_step *step);

#endif
