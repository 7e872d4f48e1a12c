/* LowerBound, UpperBound, SearchSorted and Bucketize by binary search; InTopKV2 by
 * counting. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "eagercl/ops.h"
#include "ops/families.h"
#include "ops/grids.h"
#include "ops/moves.h"
#include "ops/order.h"
#include "ops/plan.h"
#include "ops/scan.h"
#include "runtime/run.h"

typedef struct searching { /* search.cl's */
  int64_t length, width, count;
  int64_t upper, wide, each;
} searching;

enum { VALUES_MOST = 1024 }; /* of a work-item: binary searches have up to 63 trips */

static void add_rule(eager__commands *commands, const eager__key_rule *rule) {
  eager__arg_bytes(commands, rule, sizeof *rule);
}

/* --- LowerBound and UpperBound --- */

static bool is_upper(const eager__call *call) {
  const bool *upper = call->op->data;
  if (upper != NULL) return *upper;
  const char *side = eager__attr_get(call, "side")->text;
  return side != NULL && strcmp(side, "right") == 0;
}

static eager_status infer_bound(eager__call *call) {
  const eager__shape *sorted = call->inputs[0].shape, *values = call->inputs[1].shape;
  int64_t type = eager__attr_get(call, "out_type")->i;
  char text[EAGER__SHAPE_TEXT], other[EAGER__SHAPE_TEXT];
  for (int i = 0; i < 2; i++)
    EAGER__REQUIRE(call->inputs[i].shape->rank >= 1, EAGER_INVALID_ARGUMENT,
                   "%s must be at least rank 1, but has shape []",
                   call->op->inputs[i].name);
  int last = sorted->rank - 1;
  bool alike = values->rank == sorted->rank;
  for (int i = 0; i < last && alike; i++)
    alike =
        sorted->dims[i] == values->dims[i] || sorted->dims[i] < 0 || values->dims[i] < 0;
  EAGER__REQUIRE(alike, EAGER_INVALID_ARGUMENT,
                 "Leading dim_size of both tensors must match, got %s and %s",
                 eager__shape_text(sorted, text), eager__shape_text(values, other));
  EAGER__REQUIRE(type == EAGER_INT32 || type == EAGER_INT64, EAGER_INVALID_ARGUMENT,
                 "out_type must be int32 or int64, got %s",
                 eager_dtype_name((eager_dtype)type));
  EAGER__REQUIRE(type == EAGER_INT64 || sorted->dims[last] < INT32_MAX,
                 EAGER_INVALID_ARGUMENT,
                 "trailing dim_size must less than INT_MAX for int32 output type, was "
                 "%" PRId64,
                 sorted->dims[last]);
  call->outputs[0].dtype = (eager_dtype)type;
  call->outputs[0].shape = *values;
  return EAGER_OK;
}

static eager_status infer_search(eager__call *call) {
  const char *side = eager__attr_get(call, "side")->text;
  EAGER__REQUIRE(side != NULL && (is_upper(call) || strcmp(side, "left") == 0),
                 EAGER_INVALID_ARGUMENT, "side must be either 'right' or 'left', got '%s'",
                 side ? side : "");
  return infer_bound(call);
}

static eager_status launch_bound(eager__call *call, eager__commands *commands) {
  const eager__shape *sorted = call->inputs[0].shape, *values = call->inputs[1].shape;
  eager__key_rule rule = eager__key_rule_of(call->dtype, false);
  searching s = {.length = sorted->dims[sorted->rank - 1],
                 .width = values->dims[values->rank - 1],
                 .count = eager__shape_elements(values),
                 .upper = is_upper(call),
                 .wide = call->outputs[0].dtype == EAGER_INT64};
  eager__kernel_begin(commands, &eager__family_sort, eager__move_dtype(call->dtype),
                      "search_sorted");
  s.each = eager__at_most(eager__block_each(commands, s.count, 1), VALUES_MOST);
  eager__arg_output(commands, 0);
  eager__arg_input(commands, 0);
  add_rule(commands, &rule);
  eager__arg_input(commands, 1);
  add_rule(commands, &rule);
  eager__arg_bytes(commands, &s, sizeof s);
  return eager__kernel_end(commands, eager__grid_each(commands, s.count, s.each));
}

/* --- Bucketize --- */

static eager_status infer_bucketize(eager__call *call) {
  const eager__attr *boundaries = eager__attr_get(call, "boundaries");
  for (size_t i = 1; i < boundaries->count; i++)
    EAGER__REQUIRE(!(boundaries->floats[i] < boundaries->floats[i - 1]),
                   EAGER_INVALID_ARGUMENT, "Expected sorted boundaries");
  for (size_t i = 0; i < boundaries->count; i++)
    EAGER__REQUIRE(!isnan(boundaries->floats[i]), EAGER_INVALID_ARGUMENT,
                   "boundaries[%zu] is NaN", i);
  call->outputs[0].dtype = EAGER_INT32;
  call->outputs[0].shape = *call->inputs[0].shape;
  return EAGER_OK;
}

/* The key of the least element of `dtype` that reaches `boundary`; false if none does. */
static bool boundary_key(eager_dtype dtype, double boundary, uint64_t *out) {
  float narrow = (float)boundary; /* the attribute's precision in TensorFlow */
  if (dtype == EAGER_FLOAT32 || dtype == EAGER_FLOAT64) {
    uint64_t sign = UINT64_C(1) << (dtype == EAGER_FLOAT32 ? 31 : 63), bits = 0;
    eager__encode_double(dtype, narrow == 0 ? 0.0 : (double)narrow, &bits);
    *out = bits & sign ? ~bits : bits | sign;
    return true;
  }
  double least = ceil((double)narrow), size = dtype == EAGER_INT32 ? 0x1p31 : 0x1p63;
  if (least >= size) return false;
  int64_t value = dtype == EAGER_INT32 ? INT32_MIN : INT64_MIN;
  if (least > -size) value = (int64_t)least;
  *out = (uint64_t)value ^ (uint64_t)(dtype == EAGER_INT32 ? INT32_MIN : INT64_MIN);
  return true;
}

enum { KEYS_AT_ONCE = 32 };

/* The boundaries' keys in a scratch buffer; its number, or -1. */
static int add_boundaries(eager__commands *commands, const eager__call *call,
                          int64_t *out_count) {
  const eager__attr *boundaries = eager__attr_get(call, "boundaries");
  eager_dtype keys_dtype = eager__move_dtype(call->dtype);
  int keys =
      eager__scratch(commands, (boundaries->count + 1) * eager_dtype_size(call->dtype));
  *out_count = 0;
  bool more = true;
  while (more && (size_t)*out_count < boundaries->count) {
    uint64_t some[KEYS_AT_ONCE] = {0};
    int64_t begin = *out_count, count = 0;
    while (more && count < KEYS_AT_ONCE && (size_t)(begin + count) < boundaries->count) {
      more = boundary_key(call->dtype, boundaries->floats[begin + count], &some[count]);
      count += more;
    }
    eager__kernel_begin(commands, &eager__family_sort, keys_dtype, "search_keys");
    eager__arg_scratch(commands, keys);
    eager__arg_long(commands, begin);
    eager__arg_long(commands, count);
    eager__arg_bytes(commands, some, sizeof some);
    eager__kernel_end(commands, eager__grid_1d(1, 1));
    *out_count += count;
  }
  return keys;
}

static eager_status launch_bucketize(eager__call *call, eager__commands *commands) {
  int64_t count = eager__shape_elements(call->inputs[0].shape), length;
  int keys = add_boundaries(commands, call, &length);
  eager__key_rule rule = eager__key_rule_of(call->dtype, false), as_is = {0};
  searching s = {.length = length, .width = count, .count = count, .upper = true};
  eager__kernel_begin(commands, &eager__family_sort, eager__move_dtype(call->dtype),
                      "search_sorted");
  s.each = eager__at_most(eager__block_each(commands, count, 1), VALUES_MOST);
  eager__arg_output(commands, 0);
  eager__arg_scratch(commands, keys);
  add_rule(commands, &as_is);
  eager__arg_input(commands, 0);
  add_rule(commands, &rule);
  eager__arg_bytes(commands, &s, sizeof s);
  return eager__kernel_end(commands, eager__grid_each(commands, count, s.each));
}

/* --- InTopKV2 --- */

enum { PREDICTIONS, TARGETS };

static eager_status infer_in_top_k(eager__call *call) {
  const eager__shape *predictions = call->inputs[PREDICTIONS].shape;
  const eager__shape *targets = call->inputs[TARGETS].shape;
  EAGER__REQUIRE(predictions->rank == 2, EAGER_INVALID_ARGUMENT,
                 "predictions must be 2-dimensional");
  EAGER__REQUIRE(targets->rank == 1, EAGER_INVALID_ARGUMENT,
                 "targets must be 1-dimensional");
  int64_t rows = predictions->dims[0], wanted = targets->dims[0];
  EAGER__REQUIRE(rows == wanted || rows < 0 || wanted < 0, EAGER_INVALID_ARGUMENT,
                 "First dimension of predictions %" PRId64
                 " must match length of targets %" PRId64,
                 rows, wanted);
  call->outputs[0].dtype = EAGER_BOOL;
  call->outputs[0].shape = *targets;
  return EAGER_OK;
}

typedef struct ranking { /* search.cl's */
  int64_t rows, classes, parts, part, step, wide, k;
} ranking;

enum {
  PART = 4096,
  PART_OF_GPU = 16,
  PARTS_OF_GPU = 1024, /* unless a part's loop were too long then */
  PARTS_MOST = 32768,  /* a loop too */
};

static eager_status launch_in_top_k(eager__call *call, eager__commands *commands) {
  const eager__shape *x = call->inputs[PREDICTIONS].shape;
  bool cpu_like = eager__commands_traits(commands)->cpu_like;
  eager__key_rule rule = eager__key_rule_of(EAGER_FLOAT32, false);
  ranking r = {.rows = x->dims[0],
               .classes = x->dims[1],
               .part = 1,
               .step = 1,
               .wide = call->inputs[TARGETS].dtype == EAGER_INT64,
               .k = eager__at_most(eager__attr_get(call, "k")->i, x->dims[1] + 1)};
  if (cpu_like) {
    r.part = eager__at_least(PART, eager__ceil_div(r.classes, EAGER__TRIPS));
    r.parts = eager__at_least(eager__ceil_div(r.classes, r.part), 1);
  } else {
    int64_t most = eager__at_least(eager__ceil_div(r.classes, EAGER__TRIPS), PARTS_OF_GPU);
    r.parts = eager__at_least(eager__ceil_div(r.classes, PART_OF_GPU), 1);
    r.parts = eager__at_most(r.parts, eager__at_most(most, PARTS_MOST));
    r.step = r.parts;
    if (r.step == 1) r.part = eager__at_least(r.classes, 1);
  }
  int counts = eager__scratch(commands, (size_t)(r.rows * r.parts) * sizeof(int64_t));
  eager__kernel_begin(commands, &eager__family_sort, EAGER_UINT32, "top_count");
  int64_t local = eager__group_each(commands);
  int64_t local_rows = local / eager__power_of_two(r.parts, local);
  eager__arg_scratch(commands, counts);
  eager__arg_input(commands, PREDICTIONS);
  eager__arg_input(commands, TARGETS);
  eager__arg_bytes(commands, &r, sizeof r);
  add_rule(commands, &rule);
  eager__kernel_end(commands,
                    eager__grid_2d(r.parts, local / local_rows,
                                   eager__at_most(r.rows, EAGER__GROUPS_MOST * local_rows),
                                   local_rows));
  eager__kernel_begin(commands, &eager__family_sort, EAGER_UINT32, "top_finish");
  eager__arg_output(commands, 0);
  eager__arg_scratch(commands, counts);
  eager__arg_input(commands, TARGETS);
  eager__arg_bytes(commands, &r, sizeof r);
  return eager__kernel_end(commands, eager__grid_each(commands, r.rows, 1));
}

/* --- The ops --- */

static const bool lower = false, upper = true;

#define BOUND                                                                              \
  .inputs = {{.name = "sorted_inputs"}, {.name = "values"}}, .dtypes = EAGER__NUMBERS,     \
  .moves_only = true, .infer = infer_bound, .launch = launch_bound,                        \
  .attrs = {{.name = "out_type", EAGER__ATTR_DTYPE, .number = EAGER_INT32}},               \
  .typed = "eager_searchsorted"

enum { LOWER, UPPER, SEARCH, BUCKETIZE, IN_TOP_K, COUNT };
static const eager__op ops[COUNT] = {
    [LOWER] = {.name = "LowerBound", .data = &lower, BOUND},
    [UPPER] = {.name = "UpperBound", .data = &upper, BOUND},
    [SEARCH] = {.name = "SearchSorted",
                .typed = "eager_searchsorted",
                .inputs = {{.name = "sorted_sequence"}, {.name = "values"}},
                .dtypes = EAGER__NUMBERS,
                .moves_only = true,
                .attrs = {{.name = "side", EAGER__ATTR_STRING, .text = "left"},
                          {.name = "out_type", EAGER__ATTR_DTYPE, EAGER_INT32}},
                .infer = infer_search,
                .launch = launch_bound},
    [BUCKETIZE] =
        {.name = "Bucketize",
         .typed = "eager_bucketize",
         .inputs = {{.name = "input"}},
         .dtypes = EAGER__BIT(EAGER_INT32) | EAGER__BIT(EAGER_INT64) |
                   EAGER__BIT(EAGER_FLOAT32) | EAGER__BIT(EAGER_FLOAT64),
         .moves_only = true,
         .attrs = {{.name = "boundaries", EAGER__ATTR_FLOAT_LIST, .required = true}},
         .infer = infer_bucketize,
         .launch = launch_bucketize},
    [IN_TOP_K] = {.name = "InTopKV2",
                  .typed = "eager_in_top_k",
                  .inputs = {[PREDICTIONS] = {.name = "predictions"},
                             [TARGETS] = {.name = "targets",
                                          EAGER__BIT(EAGER_INT32) |
                                              EAGER__BIT(EAGER_INT64)}},
                  .dtypes = EAGER__BIT(EAGER_FLOAT32),
                  .attrs = {{.name = "k", EAGER__ATTR_INT, .required = true}},
                  .infer = infer_in_top_k,
                  .launch = launch_in_top_k},
};
const eager__op_list eager__ops_search = {ops, COUNT};

eager_status eager_searchsorted(eager_tensor *sorted_sequence, eager_tensor *values,
                                const char *side, eager_dtype out_type,
                                eager_tensor **out) {
  eager__call call;
  if (out != NULL) *out = NULL;
  bool right = side != NULL && strcmp(side, "right") == 0;
  EAGER__REQUIRE(side == NULL || right || strcmp(side, "left") == 0, EAGER_INVALID_ARGUMENT,
                 "side must be either 'right' or 'left', got '%s' [Op:LowerBound]", side);
  EAGER__TRY(eager__call_begin(&call, &ops[right ? UPPER : LOWER],
                               (eager_tensor *[]){sorted_sequence, values}, 2));
  eager__call_set_int(&call, "out_type", out_type);
  return eager__call_run(&call, NULL, out, 1);
}

eager_status eager_bucketize(eager_tensor *input, const double *boundaries, size_t count,
                             eager_tensor **out) {
  eager__call call;
  EAGER__TRY(eager__call_begin(&call, &ops[BUCKETIZE], &input, 1));
  if (boundaries != NULL || count == 0)
    eager__call_set_attr(&call, 0, &(eager__attr){.floats = boundaries, .count = count});
  return eager__call_run(&call, NULL, out, 1);
}

eager_status eager_in_top_k(eager_tensor *targets, eager_tensor *predictions, int64_t k,
                            eager_tensor **out) {
  eager__call call;
  EAGER__TRY(eager__call_begin(&call, &ops[IN_TOP_K],
                               (eager_tensor *[]){predictions, targets}, 2));
  eager__call_set_int(&call, "k", k);
  return eager__call_run(&call, NULL, out, 1);
}
