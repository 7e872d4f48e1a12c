/* Range: start, start + delta, ... before limit. LinSpace: so many from start to stop. */
#include <inttypes.h>
#include <math.h>

#include "eagercl/ops.h"
#include "ops/families.h"
#include "ops/grids.h"
#include "runtime/run.h"

enum { START, LIMIT, DELTA, OUTPUT_DTYPE }; /* the attributes, in the record's order */

static const int64_t block = 4096; /* elements per work-item of a CPU */

/* As asked for; else int32, or float32 if one of the three numbers is a float. */
static eager_status read_dtype(const eager__call *call, eager_dtype *out) {
  eager_dtype dtype = (eager_dtype)call->attrs[OUTPUT_DTYPE].i;
  bool floats = false;
  for (int i = START; i <= DELTA; i++) floats = floats || call->attrs[i].is_float;
  if (dtype == EAGER_DTYPE_INVALID) dtype = floats ? EAGER_FLOAT32 : EAGER_INT32;
  EAGER__REQUIRE(eager__dtype_is_valid(dtype) && EAGER__NUMBERS & EAGER__BIT(dtype),
                 EAGER_INVALID_ARGUMENT, "range makes numbers, not %s",
                 eager_dtype_name(dtype));
  *out = dtype;
  return EAGER_OK;
}

static bool fits(eager_dtype dtype, int64_t value) {
  const eager__dtype_row *row = eager__dtype(dtype);
  if (row->kind == EAGER__KIND_UINT)
    return value >= 0 && (row->size == 8 || value >> (8 * row->size) == 0);
  if (row->size == 8) return true;
  int64_t most = ((int64_t)1 << (8 * row->size - 1)) - 1;
  return value >= -most - 1 && value <= most;
}

/* A number of an integer range. */
static eager_status read_int(const eager__call *call, int index, eager_dtype dtype,
                             int64_t *out) {
  const eager__attr *attr = &call->attrs[index];
  const char *name = call->op->attrs[index].name;
  if (attr->is_float) {
    EAGER__REQUIRE(attr->f == floor(attr->f) && fabs(attr->f) < 0x1p63,
                   EAGER_INVALID_ARGUMENT, "%s must be a whole number for dtype %s, got %g",
                   name, eager_dtype_name(dtype), attr->f);
  }
  int64_t value = attr->is_float ? (int64_t)attr->f : attr->i;
  EAGER__REQUIRE(fits(dtype, value), EAGER_INVALID_ARGUMENT,
                 "%s %" PRId64 " does not fit into dtype %s", name, value,
                 eager_dtype_name(dtype));
  *out = value;
  return EAGER_OK;
}

static eager_status int_count(const eager__call *call, eager_dtype dtype, int64_t *out) {
  int64_t v[3];
  for (int i = START; i <= DELTA; i++) EAGER__TRY(read_int(call, i, dtype, &v[i]));
  EAGER__REQUIRE(v[DELTA] != 0, EAGER_INVALID_ARGUMENT, "Requires delta != 0: 0");
  bool up = v[DELTA] > 0;
  uint64_t step = up ? (uint64_t)v[DELTA] : 0 - (uint64_t)v[DELTA];
  uint64_t way = up ? (uint64_t)v[LIMIT] - (uint64_t)v[START]
                    : (uint64_t)v[START] - (uint64_t)v[LIMIT];
  if (up ? v[LIMIT] <= v[START] : v[LIMIT] >= v[START]) way = 0;
  uint64_t count = way / step + (way % step != 0);
  *out = count > INT64_MAX ? INT64_MAX : (int64_t)count;
  return EAGER_OK;
}

/* To the dtype and back: as TensorFlow counts, in the dtype's own arithmetic. */
static double rounded(eager_dtype dtype, double value) {
  uint64_t element = 0;
  eager__encode_double(dtype, value, &element);
  return eager__decode_double(dtype, &element);
}

static double read_float(const eager__call *call, int index, eager_dtype dtype) {
  const eager__attr *attr = &call->attrs[index];
  return rounded(dtype, attr->is_float ? attr->f : (double)attr->i);
}

static eager_status float_count(const eager__call *call, eager_dtype dtype, int64_t *out) {
  double v[3];
  for (int i = START; i <= DELTA; i++) {
    v[i] = read_float(call, i, dtype);
    EAGER__REQUIRE(isfinite(v[i]), EAGER_INVALID_ARGUMENT,
                   "%s must be finite in dtype %s, got %g", call->op->attrs[i].name,
                   eager_dtype_name(dtype), v[i]);
  }
  EAGER__REQUIRE(v[DELTA] != 0, EAGER_INVALID_ARGUMENT, "Requires delta != 0: 0");
  double way = rounded(dtype, v[LIMIT] - v[START]);
  double count = ceil(rounded(dtype, way / v[DELTA]));
  EAGER__REQUIRE(count < 0x1p62, EAGER_INVALID_ARGUMENT,
                 "range from %g to %g by %g has too many numbers", v[START], v[LIMIT],
                 v[DELTA]);
  *out = count > 0 ? (int64_t)count : 0;
  return EAGER_OK;
}

static eager_status infer(eager__call *call) {
  eager_dtype dtype = EAGER_DTYPE_INVALID;
  int64_t count;
  EAGER__TRY(read_dtype(call, &dtype));
  if (eager__dtype_is_float(dtype))
    EAGER__TRY(float_count(call, dtype, &count));
  else
    EAGER__TRY(int_count(call, dtype, &count));
  call->dtype = dtype;
  call->outputs[0].dtype = dtype;
  return eager__shape_make(dtype, 1, &count, &call->outputs[0].shape);
}

static eager_status add_number(eager__call *call, eager__commands *commands, int index) {
  int64_t value = 0;
  if (eager__dtype_is_float(call->dtype)) {
    eager__arg_scalar(commands, call->dtype, read_float(call, index, call->dtype));
    return EAGER_OK;
  }
  uint64_t element = 0;
  EAGER__TRY(read_int(call, index, call->dtype, &value));
  eager__encode_int(call->dtype, value, &element);
  eager__arg_bytes(commands, &element, eager_dtype_size(call->dtype));
  return EAGER_OK;
}

static int64_t begin_kernel(const eager__call *call, eager__commands *commands,
                            const char *kernel) {
  int64_t count = call->outputs[0].shape.dims[0];
  int64_t each = eager__commands_traits(commands)->cpu_like ? block : 1;
  eager__kernel_begin(commands, &eager__family_range, call->dtype, kernel);
  eager__arg_output(commands, 0);
  eager__arg_long(commands, count);
  eager__arg_long(commands, each);
  return (count + each - 1) / each;
}

static eager_status end_kernel(eager__commands *commands, int64_t items) {
  return eager__kernel_end(commands, eager__grid_each(commands, items, 1));
}

static eager_status launch(eager__call *call, eager__commands *commands) {
  int64_t items = begin_kernel(call, commands, "range");
  EAGER__TRY(add_number(call, commands, START));
  EAGER__TRY(add_number(call, commands, DELTA));
  return end_kernel(commands, items);
}

/* --- LinSpace: start, stop, num, output_dtype --- */

enum { STOP = LIMIT, NUM = DELTA };

static eager_status infer_linspace(eager__call *call) {
  eager_dtype dtype = (eager_dtype)call->attrs[OUTPUT_DTYPE].i;
  int64_t num = call->attrs[NUM].i;
  EAGER__REQUIRE(eager__dtype_is_valid(dtype) && eager__dtype_is_float(dtype),
                 EAGER_INVALID_ARGUMENT, "linspace makes floats, not %s",
                 eager_dtype_name(dtype));
  EAGER__REQUIRE(num > 0, EAGER_INVALID_ARGUMENT, "Requires num > 0: %" PRId64, num);
  call->dtype = dtype;
  call->outputs[0].dtype = dtype;
  return eager__shape_make(dtype, 1, &num, &call->outputs[0].shape);
}

static eager_status launch_linspace(eager__call *call, eager__commands *commands) {
  double start = read_float(call, START, call->dtype);
  double stop = read_float(call, STOP, call->dtype);
  int64_t steps = call->attrs[NUM].i - 1;
  int64_t items = begin_kernel(call, commands, "linspace");
  eager__arg_scalar(commands, call->dtype, start);
  eager__arg_scalar(commands, call->dtype, steps > 0 ? (stop - start) / (double)steps : 0);
  eager__arg_scalar(commands, call->dtype, stop);
  return end_kernel(commands, items);
}

enum { RANGE, LINSPACE, COUNT };
static const eager__op ops[COUNT] = {
    [RANGE] = {.name = "Range",
               .typed = "eager_range",
               .dtypes = EAGER__NUMBERS,
               .attrs = {[START] = {.name = "start", EAGER__ATTR_NUMBER, .required = true},
                         [LIMIT] = {.name = "limit", EAGER__ATTR_NUMBER, .required = true},
                         [DELTA] = {.name = "delta", EAGER__ATTR_NUMBER, .required = true},
                         [OUTPUT_DTYPE] = {.name = "output_dtype", EAGER__ATTR_DTYPE}},
               .infer = infer,
               .launch = launch},
    [LINSPACE] =
        {.name = "LinSpace",
         .typed = "eager_linspace",
         .dtypes = EAGER__FLOATS,
         .attrs = {[START] = {.name = "start", EAGER__ATTR_NUMBER, .required = true},
                   [STOP] = {.name = "stop", EAGER__ATTR_NUMBER, .required = true},
                   [NUM] = {.name = "num", EAGER__ATTR_INT, .required = true},
                   [OUTPUT_DTYPE] = {.name = "output_dtype",
                                     EAGER__ATTR_DTYPE,
                                     EAGER_FLOAT32}},
         .infer = infer_linspace,
         .launch = launch_linspace},
};
const eager__op_list eager__ops_range = {ops, COUNT};

eager_status eager_range(double start, double limit, double delta, eager_dtype dtype,
                         eager_tensor **out) {
  if (!eager__dtype_is_valid(dtype)) {
    if (out != NULL) *out = NULL;
    EAGER__FAIL(EAGER_INVALID_ARGUMENT,
                "dtype must be one of enum eager_dtype, got %d [Op:Range]", (int)dtype);
  }
  eager__call call;
  EAGER__TRY(eager__call_begin(&call, &ops[RANGE], NULL, 0));
  eager__call_set_float(&call, "start", start);
  eager__call_set_float(&call, "limit", limit);
  eager__call_set_float(&call, "delta", delta);
  eager__call_set_int(&call, "output_dtype", dtype);
  return eager__call_run(&call, NULL, out, 1);
}

eager_status eager_linspace(double start, double stop, int64_t num, eager_dtype dtype,
                            eager_tensor **out) {
  eager__call call;
  EAGER__TRY(eager__call_begin(&call, &ops[LINSPACE], NULL, 0));
  eager__call_set_float(&call, "start", start);
  eager__call_set_float(&call, "stop", stop);
  eager__call_set_int(&call, "num", num);
  eager__call_set_int(&call, "output_dtype", dtype);
  return eager__call_run(&call, NULL, out, 1);
}
