/* Sort, Argsort, TopKV2 and NthElement: rows put in order by order.cl. */
#include <inttypes.h>
#include <string.h>

#include "eagercl/ops.h"
#include "ops/order.h"
#include "runtime/run.h"

/* --- Sort and Argsort --- */

static eager_status read_direction(const eager__call *call, bool *out_descending) {
  const char *direction = eager__attr_get(call, "direction")->text;
  *out_descending = strcmp(direction, "DESCENDING") == 0;
  EAGER__REQUIRE(
      *out_descending || strcmp(direction, "ASCENDING") == 0, EAGER_INVALID_ARGUMENT,
      "direction should be one of 'ASCENDING' or 'DESCENDING', got '%s'", direction);
  return EAGER_OK;
}

static eager_status read_sort(const eager__call *call, eager__order *out) {
  const eager__shape *x = call->inputs[0].shape;
  int axis;
  bool descending;
  EAGER__TRY(read_direction(call, &descending));
  EAGER__TRY(eager__shape_axis(eager__attr_get(call, "axis")->i, x->rank, "axis", &axis));
  *out = eager__order_along(x, axis);
  out->descending = descending;
  return eager__order_check(out);
}

static eager_status infer_sort(eager__call *call) {
  eager__order order;
  EAGER__TRY(read_sort(call, &order));
  call->outputs[0].dtype = call->dtype;
  call->outputs[0].shape = *call->inputs[0].shape;
  return EAGER_OK;
}

static eager_status infer_argsort(eager__call *call) {
  eager__order order;
  EAGER__TRY(infer_sort(call));
  EAGER__TRY(read_sort(call, &order));
  EAGER__REQUIRE(order.length <= INT32_MAX, EAGER_INVALID_ARGUMENT,
                 "the axis has %" PRId64 " elements, too many for int32 indices",
                 order.length);
  call->outputs[0].dtype = EAGER_INT32;
  return EAGER_OK;
}

/* Outputs for values and for places; -1: none. */
static eager_status launch(eager__call *call, eager__commands *commands, int values,
                           int places) {
  eager__order order;
  eager__ordered ordered;
  EAGER__TRY(read_sort(call, &order));
  EAGER__TRY(eager__add_order(commands, 0, &order, &ordered));
  return eager__add_order_pick(commands, 0, &ordered, 0, order.length, values, places);
}

static eager_status launch_sort(eager__call *call, eager__commands *commands) {
  return launch(call, commands, 0, -1);
}

static eager_status launch_argsort(eager__call *call, eager__commands *commands) {
  return launch(call, commands, -1, 0);
}

/* --- TopKV2 --- */

static eager_status infer_top_k(eager__call *call) {
  const eager__shape *x = call->inputs[0].shape;
  int64_t k = eager__attr_get(call, "k")->i, type = eager__attr_get(call, "index_type")->i;
  char text[EAGER__SHAPE_TEXT];
  EAGER__REQUIRE(k >= 0, EAGER_INVALID_ARGUMENT, "Need k >= 0, got %" PRId64, k);
  EAGER__REQUIRE(x->rank >= 1, EAGER_INVALID_ARGUMENT, "input must be >= 1-D, got shape %s",
                 eager__shape_text(x, text));
  int64_t columns = x->dims[x->rank - 1];
  EAGER__REQUIRE(columns < 0 || columns >= k, EAGER_INVALID_ARGUMENT,
                 "input must have at least k columns. Had %" PRId64 ", needed %" PRId64,
                 columns, k);
  EAGER__REQUIRE(type == EAGER_INT16 || type == EAGER_INT32 || type == EAGER_INT64,
                 EAGER_INVALID_ARGUMENT, "index_type must be int16, int32 or int64, got %s",
                 eager_dtype_name((eager_dtype)type));
  int64_t most = type == EAGER_INT16   ? INT16_MAX
                 : type == EAGER_INT32 ? INT32_MAX
                                       : columns;
  EAGER__REQUIRE(columns <= most, EAGER_INVALID_ARGUMENT,
                 "input has %" PRId64 " columns, too many for %s indices", columns,
                 eager_dtype_name((eager_dtype)type));
  call->outputs[0].dtype = call->dtype;
  call->outputs[1].dtype = (eager_dtype)type;
  for (int i = 0; i < 2; i++) {
    call->outputs[i].shape = *x;
    call->outputs[i].shape.dims[x->rank - 1] = k;
  }
  eager__order order = eager__order_along(x, x->rank - 1);
  return eager__order_check(&order);
}

static eager_status launch_top_k(eager__call *call, eager__commands *commands) {
  const eager__shape *x = call->inputs[0].shape;
  eager__order order = eager__order_along(x, x->rank - 1);
  eager__ordered ordered;
  order.limit = eager__attr_get(call, "k")->i;
  order.descending = true;
  EAGER__TRY(eager__add_order(commands, 0, &order, &ordered));
  return eager__add_order_pick(commands, 0, &ordered, 0, order.limit, 0, 1);
}

/* --- NthElement --- */

static eager_status infer_nth(eager__call *call) {
  const eager__shape *x = call->inputs[0].shape;
  int64_t n = eager__attr_get(call, "n")->i;
  EAGER__REQUIRE(n >= 0, EAGER_INVALID_ARGUMENT, "n must be non-negative but is %" PRId64,
                 n);
  EAGER__REQUIRE(x->rank >= 1, EAGER_INVALID_ARGUMENT,
                 "Input must be at least rank 1 but is rank %d", x->rank);
  int64_t columns = x->dims[x->rank - 1];
  EAGER__REQUIRE(columns < 0 || columns > n, EAGER_INVALID_ARGUMENT,
                 "Input must have at least n+1 columns");
  call->outputs[0].dtype = call->dtype;
  call->outputs[0].shape = *x;
  call->outputs[0].shape.rank--;
  eager__order order = eager__order_along(x, x->rank - 1);
  return eager__order_check(&order);
}

/* Ordered from the end that is nearer: less to keep. */
static eager_status launch_nth(eager__call *call, eager__commands *commands) {
  const eager__shape *x = call->inputs[0].shape;
  eager__order order = eager__order_along(x, x->rank - 1);
  eager__ordered ordered;
  int64_t n = eager__attr_get(call, "n")->i;
  order.descending = eager__attr_get(call, "reverse")->i != 0;
  if (n > order.length / 2) {
    n = order.length - 1 - n;
    order.descending = !order.descending;
  }
  order.limit = n + 1;
  EAGER__TRY(eager__add_order(commands, 0, &order, &ordered));
  return eager__add_order_pick(commands, 0, &ordered, n, 1, 0, -1);
}

/* --- The ops --- */

enum { SORT, ARGSORT, TOP_K, NTH, COUNT };
enum { AXIS, DIRECTION, STABLE }; /* attributes of Sort and Argsort */
static const eager__op ops[COUNT] = {
    [SORT] = {.name = "Sort",
              .typed = "eager_sort",
              .inputs = {{.name = "values"}},
              .dtypes = EAGER__NUMBERS,
              .moves_only = true,
              .attrs = {[AXIS] = {.name = "axis", EAGER__ATTR_INT, .number = -1},
                        [DIRECTION] = {.name = "direction",
                                       EAGER__ATTR_STRING,
                                       .text = "ASCENDING"}},
              .infer = infer_sort,
              .launch = launch_sort},
    [ARGSORT] = {.name = "Argsort",
                 .typed = "eager_argsort",
                 .inputs = {{.name = "values"}},
                 .dtypes = EAGER__NUMBERS,
                 .moves_only = true,
                 .attrs = {[AXIS] = {.name = "axis", EAGER__ATTR_INT, .number = -1},
                           [DIRECTION] = {.name = "direction",
                                          EAGER__ATTR_STRING,
                                          .text = "ASCENDING"},
                           [STABLE] = {.name = "stable", EAGER__ATTR_BOOL}},
                 .infer = infer_argsort,
                 .launch = launch_argsort},
    [TOP_K] = {.name = "TopKV2",
               .typed = "eager_top_k",
               .inputs = {{.name = "input"}},
               .outputs = 2,
               .dtypes = EAGER__NUMBERS,
               .moves_only = true,
               .attrs = {{.name = "k", EAGER__ATTR_INT, .required = true},
                         {.name = "sorted", EAGER__ATTR_BOOL, .number = true},
                         {.name = "index_type", EAGER__ATTR_DTYPE, .number = EAGER_INT32}},
               .infer = infer_top_k,
               .launch = launch_top_k},
    [NTH] = {.name = "NthElement",
             .typed = "eager_nth_element",
             .inputs = {{.name = "input"}},
             .dtypes = EAGER__NUMBERS,
             .moves_only = true,
             .attrs = {{.name = "n", EAGER__ATTR_INT, .required = true},
                       {.name = "reverse", EAGER__ATTR_BOOL}},
             .infer = infer_nth,
             .launch = launch_nth},
};
const eager__op_list eager__ops_sort = {ops, COUNT};

static eager_status sort(int op, eager_tensor *values, int64_t axis, const char *direction,
                         eager_tensor **out) {
  eager__call call;
  EAGER__TRY(eager__call_begin(&call, &ops[op], &values, 1));
  eager__call_set_int(&call, "axis", axis);
  if (direction != NULL) eager__call_set_string(&call, "direction", direction);
  return eager__call_run(&call, NULL, out, 1);
}

eager_status eager_sort(eager_tensor *values, int64_t axis, const char *direction,
                        eager_tensor **out) {
  return sort(SORT, values, axis, direction, out);
}

eager_status eager_argsort(eager_tensor *values, int64_t axis, const char *direction,
                           eager_tensor **out) {
  return sort(ARGSORT, values, axis, direction, out);
}

eager_status eager_top_k(eager_tensor *input, int64_t k, eager_tensor **out_values,
                         eager_tensor **out_indices) {
  eager__call call;
  eager_tensor *out[2];
  if (out_values != NULL) *out_values = NULL;
  if (out_indices != NULL) *out_indices = NULL;
  EAGER__TRY(eager__call_begin(&call, &ops[TOP_K], &input, 1));
  eager__call_set_int(&call, "k", k);
  EAGER__TRY(eager__call_run(&call, NULL, out_values && out_indices ? out : NULL, 2));
  *out_values = out[0];
  *out_indices = out[1];
  return EAGER_OK;
}

eager_status eager_nth_element(eager_tensor *input, int64_t n, bool reverse,
                               eager_tensor **out) {
  eager__call call;
  EAGER__TRY(eager__call_begin(&call, &ops[NTH], &input, 1));
  eager__call_set_int(&call, "n", n);
  eager__call_set_int(&call, "reverse", reverse);
  return eager__call_run(&call, NULL, out, 1);
}
