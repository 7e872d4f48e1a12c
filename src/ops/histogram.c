/* HistogramFixedWidth. TensorFlow divides in double; devices without it must find the same
 * bins, so the host finds the least value of each bin, and devices compare. */
#include <inttypes.h>
#include <math.h>

#include "eagercl/ops.h"
#include "ops/buckets.h"
#include "ops/families.h"
#include "ops/grids.h"
#include "ops/plan.h"
#include "runtime/run.h"

enum {
  EDGES = 16, /* per kernel that writes them, as in histogram.cl */
  COPIES_MOST = 64,
  COUNTED = EAGER__BIT(EAGER_INT32) | EAGER__BIT(EAGER_INT64) | EAGER__BIT(EAGER_FLOAT32) |
            EAGER__BIT(EAGER_FLOAT64),
};

typedef struct range {
  eager_dtype dtype;
  int64_t low_key; /* of the lower end */
  double low, step;
  int64_t bins;
} range;

/* --- The values of a dtype in their order, by int64 keys --- */

static double float_of(eager_dtype dtype, int64_t key) {
  uint64_t bits = key < 0 ? (uint64_t)-key : (uint64_t)key;
  if (dtype == EAGER_FLOAT32) bits = (bits & INT32_MAX) | (key < 0 ? 1ull << 31 : 0);
  if (dtype == EAGER_FLOAT64) bits = (bits & INT64_MAX) | (key < 0 ? 1ull << 63 : 0);
  return eager__decode_double(dtype, &bits);
}

static int64_t float_key(eager_dtype dtype, double value) {
  uint64_t bits = 0;
  eager__encode_double(dtype, value < 0 ? -value : value, &bits);
  return value < 0 ? -(int64_t)bits : (int64_t)bits;
}

static void encode_key(eager_dtype dtype, int64_t key, void *out) {
  if (eager__dtype_is_float(dtype))
    eager__encode_double(dtype, float_of(dtype, key), out);
  else
    eager__encode_int(dtype, key, out);
}

/* The bin of a value at or above the lower end. */
static double bin_of(const range *r, int64_t key) {
  double above;
  if (r->dtype == EAGER_FLOAT32)
    above = (float)float_of(r->dtype, key) - (float)r->low;
  else if (r->dtype == EAGER_FLOAT64)
    above = float_of(r->dtype, key) - r->low;
  else
    above = (double)((uint64_t)key - (uint64_t)r->low_key);
  return above / r->step;
}

/* The least key whose bin is `bin` or more, in [from, to]. */
static int64_t find_edge(const range *r, double bin, int64_t from, int64_t to) {
  while (from < to) {
    int64_t middle = from + (int64_t)(((uint64_t)to - (uint64_t)from) / 2);
    if (bin_of(r, middle) >= bin)
      to = middle;
    else
      from = middle + 1;
  }
  return from;
}

/* --- The op --- */

static eager_status infer(eager__call *call) {
  const eager__attr *ends = eager__attr_get(call, "value_range");
  int64_t bins = eager__attr_get(call, "nbins")->i;
  eager_dtype dtype = (eager_dtype)eager__attr_get(call, "dtype")->i;
  EAGER__REQUIRE(ends->count == 2 && ends->floats != NULL, EAGER_INVALID_ARGUMENT,
                 "value_range should be a vector of 2 elements, but got %zu", ends->count);
  EAGER__REQUIRE(ends->floats[0] < ends->floats[1], EAGER_INVALID_ARGUMENT,
                 "value_range should satisfy value_range[0] < value_range[1], but got "
                 "[%g, %g]",
                 ends->floats[0], ends->floats[1]);
  EAGER__REQUIRE(bins > 0, EAGER_INVALID_ARGUMENT,
                 "nbins should be a positive number, but got '%" PRId64 "'", bins);
  EAGER__REQUIRE(dtype == EAGER_INT32 || dtype == EAGER_INT64, EAGER_INVALID_ARGUMENT,
                 "dtype is %s; allowed: int32, int64", eager_dtype_name(dtype));
  call->outputs[0].dtype = dtype;
  call->outputs[0].shape = (eager__shape){1, {bins}};
  return eager__buckets_check(eager__shape_elements(call->inputs[0].shape), bins);
}

static range read_range(const eager__call *call) {
  const double *ends = eager__attr_get(call, "value_range")->floats;
  range r = {.dtype = call->dtype, .bins = eager__attr_get(call, "nbins")->i};
  uint64_t bits[2] = {0, 0};
  for (int i = 0; i < 2; i++) eager__encode_double(call->dtype, ends[i], &bits[i]);
  r.low = eager__decode_double(call->dtype, &bits[0]);
  double high = eager__decode_double(call->dtype, &bits[1]);
  r.low_key =
      eager__dtype_is_float(call->dtype) ? float_key(call->dtype, r.low) : (int64_t)r.low;
  double width = call->dtype == EAGER_FLOAT32 ? (float)high - (float)r.low : high - r.low;
  r.step = width / (double)r.bins;
  return r;
}

static eager_status add_edges(eager__call *call, eager__commands *commands, int edges) {
  range r = read_range(call);
  size_t size = eager_dtype_size(r.dtype);
  int64_t most = eager__dtype_is_float(r.dtype) ? float_key(r.dtype, INFINITY)
                 : r.dtype == EAGER_INT32       ? INT32_MAX
                                                : INT64_MAX;
  int64_t edge = r.low_key;
  for (int64_t k = 1; k < r.bins; k += EDGES) {
    uint8_t list[EDGES * 8] = {0};
    int64_t count = eager__at_most(r.bins - k, EDGES);
    for (int64_t i = 0; i < count; i++) {
      edge = find_edge(&r, (double)(k + i), edge, most);
      encode_key(r.dtype, edge, list + (size_t)i * size);
    }
    eager__kernel_begin(commands, &eager__family_histogram, r.dtype, "set_edges");
    eager__arg_scratch(commands, edges);
    eager__arg_long(commands, k - 1);
    eager__arg_bytes(commands, list, EDGES * size);
    eager__arg_int(commands, count);
    EAGER__TRY(eager__kernel_end(commands, eager__grid_1d(1, 1)));
  }
  return commands->status;
}

static eager_status add_counting(eager__call *call, eager__commands *commands, int counts,
                                 int edges, int64_t copies) {
  int64_t entries = eager__shape_elements(call->inputs[0].shape);
  int64_t bins = eager__attr_get(call, "nbins")->i;
  if (entries > 0) {
    eager__kernel_begin(commands, &eager__family_histogram, call->dtype, "count_values");
    int64_t each = eager__stretch(commands);
    eager__arg_scratch(commands, counts);
    eager__arg_long(commands, copies);
    eager__arg_long(commands, bins);
    eager__arg_input(commands, 0);
    eager__arg_scratch(commands, edges);
    eager__arg_long(commands, entries);
    eager__arg_long(commands, each);
    eager__arg_cell(commands);
    EAGER__TRY(eager__kernel_end(commands, eager__grid_each(commands, entries, each)));
  }
  eager__kernel_begin(commands, &eager__family_histogram, call->dtype, "add_counts");
  int64_t local = eager__group_each(commands);
  eager__arg_output(commands, 0);
  eager__arg_scratch(commands, counts);
  eager__arg_long(commands, copies);
  eager__arg_long(commands, bins);
  eager__arg_int(commands, call->outputs[0].dtype == EAGER_INT64);
  return eager__kernel_end(commands, eager__grid_1d(bins, local));
}

static eager_status launch(eager__call *call, eager__commands *commands) {
  int64_t entries = eager__shape_elements(call->inputs[0].shape);
  int64_t bins = eager__attr_get(call, "nbins")->i;
  int64_t copies = eager__at_most(eager__at_least(entries / (4 * bins), 1), COPIES_MOST);
  eager__check_text(commands, EAGER_INVALID_ARGUMENT, "values[#] is not a number");
  int counts = eager__scratch(commands, (size_t)(copies * bins) * sizeof(uint32_t));
  int edges = eager__scratch(commands, (size_t)bins * eager_dtype_size(call->dtype));
  EAGER__TRY(eager__add_zeros(commands, counts, copies * bins));
  EAGER__TRY(add_edges(call, commands, edges));
  return add_counting(call, commands, counts, edges, copies);
}

enum { VALUE_RANGE, NBINS, DTYPE };
static const eager__op histogram = {
    .name = "HistogramFixedWidth",
    .typed = "eager_histogram_fixed_width",
    .inputs = {{.name = "values"}},
    .dtypes = COUNTED,
    .checked = true,
    .attrs = {[VALUE_RANGE] = {.name = "value_range",
                               EAGER__ATTR_FLOAT_LIST,
                               .required = true},
              [NBINS] = {.name = "nbins", EAGER__ATTR_INT, 100},
              [DTYPE] = {.name = "dtype", EAGER__ATTR_DTYPE, EAGER_INT32}},
    .infer = infer,
    .launch = launch,
};
const eager__op_list eager__ops_histogram = {&histogram, 1};

eager_status eager_histogram_fixed_width(eager_tensor *values, double low, double high,
                                         int64_t nbins, eager_dtype dtype,
                                         eager_tensor **out) {
  double ends[] = {low, high};
  eager__call call;
  EAGER__TRY(eager__call_begin(&call, &histogram, &values, 1));
  eager__call_set_attr(&call, VALUE_RANGE, &(eager__attr){.floats = ends, .count = 2});
  eager__call_set_int(&call, "nbins", nbins);
  eager__call_set_int(&call, "dtype", dtype);
  return eager__call_run(&call, NULL, out, 1);
}
