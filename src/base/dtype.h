/* The dtype table: everything the library knows of a dtype stands in one row. */
#ifndef EAGER_BASE_DTYPE_H
#define EAGER_BASE_DTYPE_H

#include <stdbool.h>
#include <stdint.h>

#include "eagercl/dtype.h"

enum { EAGER__DTYPE_END = 24 }; /* one past the largest eager_dtype */

typedef enum eager__kind {
  EAGER__KIND_NONE,
  EAGER__KIND_BOOL,
  EAGER__KIND_INT,
  EAGER__KIND_UINT,
  EAGER__KIND_FLOAT,
} eager__kind;

typedef struct eager__dtype_row {
  const char *name;    /* "float32": eager_dtype_name */
  const char *tf_name; /* "float": only in "expected to be a ... tensor" texts */
  eager__kind kind;
  int size;             /* bytes */
  const char *stored;   /* OpenCL C type in memory: T */
  const char *computed; /* OpenCL C type of arithmetic: A */
  const char *npy;      /* descr without byte order: "f4", "V2" for bfloat16 */
} eager__dtype_row;

/* The row of `dtype`; of an unknown one a row with name "unknown", kind NONE and size 0. */
const eager__dtype_row *eager__dtype(eager_dtype dtype);

bool eager__dtype_is_valid(eager_dtype dtype);

static inline bool eager__dtype_is_float(eager_dtype dtype) {
  return eager__dtype(dtype)->kind == EAGER__KIND_FLOAT;
}

/* Sets of dtypes, as bits. */
#define EAGER__BIT(dtype) (1u << (dtype))

enum {
  EAGER__FLOATS = EAGER__BIT(EAGER_FLOAT32) | EAGER__BIT(EAGER_FLOAT64) |
                  EAGER__BIT(EAGER_FLOAT16) | EAGER__BIT(EAGER_BFLOAT16),
  EAGER__INTS = EAGER__BIT(EAGER_INT8) | EAGER__BIT(EAGER_INT16) | EAGER__BIT(EAGER_INT32) |
                EAGER__BIT(EAGER_INT64),
  EAGER__UINTS = EAGER__BIT(EAGER_UINT8) | EAGER__BIT(EAGER_UINT16) |
                 EAGER__BIT(EAGER_UINT32) | EAGER__BIT(EAGER_UINT64),
  EAGER__BOOLS = EAGER__BIT(EAGER_BOOL),
  EAGER__INTEGERS = EAGER__INTS | EAGER__UINTS,
  EAGER__NUMBERS = EAGER__FLOATS | EAGER__INTEGERS,
  EAGER__ANY = EAGER__NUMBERS | EAGER__BOOLS,
};

/* Writes `value` as one element of `dtype` to `out`, at most 8 bytes; nothing for an
 * unknown dtype. Integers wrap, floats round once, to nearest even, a bool is `value != 0`.
 * A double loses its fraction on the way to an integer; NaN and infinities become 0 there.
 */
void eager__encode_int(eager_dtype dtype, int64_t value, void *out);
void eager__encode_double(eager_dtype dtype, double value, void *out);
/* Reads one element; integers beyond 2^53 lose their low bits. */
double eager__decode_double(eager_dtype dtype, const void *element);

#endif
