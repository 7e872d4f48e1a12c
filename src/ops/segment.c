/* Segment* and UnsortedSegment*: rows with one id become one row. */
#include <inttypes.h>
#include <math.h>

#include "eagercl/ops.h"
#include "ops/buckets.h"
#include "ops/families.h"
#include "ops/grids.h"
#include "ops/indices.h"
#include "ops/owners.h"
#include "runtime/run.h"

typedef enum nothing { ZERO, ONE, LOWEST, HIGHEST } nothing;

typedef struct segmenter {
  bool rising; /* ids do not decrease: no sorting */
  eager__fold_op op;
  eager__fold_finish finish;
  nothing empty;
} segmenter;

/* --- With the number of segments given --- */

static eager_status infer(eager__call *call) {
  const eager__shape *data = call->inputs[0].shape, *ids = call->inputs[1].shape;
  int64_t segments = eager__attr_get(call, "num_segments")->i;
  char a[EAGER__SHAPE_TEXT], b[EAGER__SHAPE_TEXT];
  bool starts = ids->rank <= data->rank;
  for (int i = 0; i < ids->rank && starts; i++)
    starts = data->dims[i] == ids->dims[i] || data->dims[i] < 0 || ids->dims[i] < 0;
  EAGER__REQUIRE(starts, EAGER_INVALID_ARGUMENT,
                 "data.shape = %s does not start with segment_ids.shape = %s",
                 eager__shape_text(data, a), eager__shape_text(ids, b));
  EAGER__REQUIRE(segments >= 0, EAGER_INVALID_ARGUMENT,
                 "Input num_segments == %" PRId64 " must not be negative.", segments);
  int rank = 1 + data->rank - ids->rank;
  EAGER__REQUIRE(rank <= EAGER__MAX_RANK, EAGER_INVALID_ARGUMENT,
                 "the result's rank is more than %d", EAGER__MAX_RANK);
  eager__result *out = &call->outputs[0];
  out->dtype = call->dtype;
  out->shape.rank = rank;
  out->shape.dims[0] = segments;
  for (int i = 1; i < rank; i++) out->shape.dims[i] = data->dims[ids->rank + i - 1];
  return eager__buckets_check(eager__shape_elements(ids), segments);
}

/* The extremes of an integer dtype; of a float dtype the largest finite numbers. */
static void encode_extreme(eager_dtype dtype, bool lowest, void *out) {
  eager__kind kind = eager__dtype(dtype)->kind;
  size_t size = eager_dtype_size(dtype);
  int64_t top = kind == EAGER__KIND_INT ? (int64_t)(UINT64_MAX >> (65 - 8 * size)) : -1;
  if (kind == EAGER__KIND_FLOAT) {
    uint64_t bits = 0; /* just below an infinity's are those of the largest number */
    eager__encode_double(dtype, lowest ? -INFINITY : INFINITY, &bits);
    bits--;
    *(uint64_t *)out = bits;
  } else if (kind == EAGER__KIND_INT) {
    eager__encode_int(dtype, lowest ? -top - 1 : top, out);
  } else {
    eager__encode_int(dtype, lowest ? 0 : top, out);
  }
}

static eager_status fill_empty(eager__call *call, eager__commands *commands) {
  uint64_t element = 0;
  switch (((const segmenter *)call->op->data)->empty) {
  case ONE:
    eager__encode_int(call->dtype, 1, &element);
    break;
  case LOWEST:
    encode_extreme(call->dtype, true, &element);
    break;
  case HIGHEST:
    encode_extreme(call->dtype, false, &element);
    break;
  default:
    break;
  }
  return eager__add_fill(commands, 0, &element, eager_dtype_size(call->dtype));
}

static eager_status add_keys(eager__call *call, eager__commands *commands, bool rising,
                             const eager__buckets *buckets) {
  eager__kernel_begin(commands, &eager__family_buckets, EAGER_UINT32, "id_keys");
  int64_t each = eager__stretch(commands), count = buckets->entries;
  eager__arg_keys(commands, buckets);
  eager__arg_input(commands, 1);
  eager__arg_int(commands, eager__index_kind(call->inputs[1].dtype));
  eager__arg_long(commands, count);
  eager__arg_long(commands, each);
  eager__arg_long(commands, count); /* one row of ids */
  eager__arg_long(commands, buckets->targets);
  eager__arg_long(commands, buckets->targets);
  eager__arg_int(commands, rising ? EAGER__RULE_RISING : EAGER__RULE_SEGMENTS);
  eager__arg_cell(commands);
  return eager__kernel_end(commands, eager__grid_each(commands, count, each));
}

static eager_status launch(eager__call *call, eager__commands *commands) {
  const segmenter *row = call->op->data;
  const eager__shape *out = &call->outputs[0].shape;
  int64_t entries = eager__shape_elements(call->inputs[1].shape);
  if (row->rising)
    eager__check_text(commands, EAGER_INVALID_ARGUMENT,
                      "segment ids are not increasing: segment_ids[#]");
  else
    eager__check_text(commands, EAGER_INVALID_ARGUMENT,
                      "segment_ids[#] is out of range [0, %" PRId64 ")", out->dims[0]);
  eager__fold fold = {.op = row->op, .finish = row->finish, .updates = 0};
  bool owned = entries > 0 && !row->rising &&
               eager__owners_fit(commands, entries, out->dims[0], &fold);
  if (!owned) EAGER__TRY(fill_empty(call, commands));
  if (entries == 0) return EAGER_OK;
  int64_t columns = eager__shape_product(out, 1, out->rank);
  bool sort = !row->rising;
  if (owned) sort = eager__owners_sort(commands, entries, out->dims[0], columns);
  eager__buckets buckets;
  EAGER__TRY(
      eager__buckets_begin(commands, entries, out->dims[0], columns, sort, &buckets));
  EAGER__TRY(add_keys(call, commands, row->rising, &buckets));
  if (owned) return eager__add_owned(commands, &buckets, &fold);
  if (!row->rising) EAGER__TRY(eager__buckets_sort(commands, &buckets));
  return eager__buckets_fold(commands, &buckets, &fold);
}

/* --- With as many segments as the last id says --- */

static eager_status infer_last(eager__call *call) {
  eager__result *out = &call->outputs[0];
  out->dtype = call->inputs[0].dtype;
  out->shape = (eager__shape){1, {1}};
  out->view_of = 1;
  out->view_offset = call->inputs[0].shape->dims[0] - 1;
  return EAGER_OK;
}

/* The last id alone, as a view. */
static const eager__op last = {
    .name = "LastSegment",
    .inputs = {{.name = "segment_ids", EAGER__INDICES}},
    .moves_only = true,
    .infer = infer_last,
};

static eager_status read_last(const eager__call *call, int64_t *out) {
  eager_tensor *ids = call->inputs[1].tensor, *one;
  eager__call inner;
  EAGER__TRY(eager__call_begin_inner(&inner, &last, call, &ids, 1));
  EAGER__TRY(eager__call_run(&inner, NULL, &one, 1));
  int64_t wide = 0;
  int32_t narrow = 0;
  bool is_wide = call->inputs[1].dtype == EAGER_INT64;
  eager_status status = is_wide ? eager_tensor_to_host(one, &wide, sizeof wide)
                                : eager_tensor_to_host(one, &narrow, sizeof narrow);
  eager_tensor_release(one);
  *out = is_wide ? wide : narrow;
  return status;
}

#define UNSORTED                                                                           \
  .inputs = {{.name = "data"}, {.name = "segment_ids", EAGER__INDICES}}, .checked = true,  \
  .attrs = {{.name = "num_segments", EAGER__ATTR_INT, .required = true}}, .infer = infer,  \
  .launch = launch

/* What compose runs, under the name of the op it is a part of. */
enum { SUM, MEAN, PROD, MAX, MIN, SORTED };
static const segmenter rising[SORTED] = {
    [SUM] = {true, EAGER__FOLD_SUM, EAGER__FINISH_PLAIN, ZERO},
    [MEAN] = {true, EAGER__FOLD_SUM, EAGER__FINISH_MEAN, ZERO},
    [PROD] = {true, EAGER__FOLD_PROD, EAGER__FINISH_PLAIN, ONE},
    [MAX] = {true, EAGER__FOLD_MAX, EAGER__FINISH_PLAIN, ZERO},
    [MIN] = {true, EAGER__FOLD_MIN, EAGER__FINISH_PLAIN, ZERO},
};
static const eager__op parts[SORTED] = {
    [SUM] = {.name = "SegmentSum",
             .data = &rising[SUM],
             .dtypes = EAGER__NUMBERS,
             UNSORTED},
    [MEAN] = {.name = "SegmentMean",
              .data = &rising[MEAN],
              .dtypes = EAGER__NUMBERS,
              UNSORTED},
    [PROD] = {.name = "SegmentProd",
              .data = &rising[PROD],
              .dtypes = EAGER__NUMBERS,
              UNSORTED},
    [MAX] = {.name = "SegmentMax",
             .data = &rising[MAX],
             .dtypes = EAGER__NUMBERS,
             UNSORTED},
    [MIN] = {.name = "SegmentMin",
             .data = &rising[MIN],
             .dtypes = EAGER__NUMBERS,
             UNSORTED},
};

static eager_status check(const eager__call *call) {
  const eager__shape *data = call->inputs[0].shape, *ids = call->inputs[1].shape;
  EAGER__REQUIRE(ids->rank == 1, EAGER_INVALID_ARGUMENT, "segment_ids should be a vector.");
  EAGER__REQUIRE(data->rank >= 1 && data->dims[0] == ids->dims[0], EAGER_INVALID_ARGUMENT,
                 "segment_ids should be the same size as dimension 0 of input.");
  return EAGER_OK;
}

static eager_status compose(eager__call *call, eager_tensor **outputs) {
  int64_t id = -1;
  if (call->inputs[1].shape->dims[0] > 0) {
    EAGER__TRY(read_last(call, &id));
    EAGER__REQUIRE(id >= 0, EAGER_INVALID_ARGUMENT, "segment ids must be >= 0");
    EAGER__REQUIRE(id < INT32_MAX, EAGER_INVALID_ARGUMENT,
                   "the last of segment_ids is too large: %" PRId64, id);
  }
  const eager__op *part = call->op->data;
  eager_tensor *inputs[] = {call->inputs[0].tensor, call->inputs[1].tensor};
  eager__call inner;
  EAGER__TRY(eager__call_begin_inner(&inner, part, call, inputs, 2));
  eager__call_set_int(&inner, "num_segments", id + 1);
  return eager__call_run(&inner, NULL, outputs, 1);
}

/* --- Records and doors --- */

#define RISING                                                                             \
  .inputs = {{.name = "data"}, {.name = "segment_ids", EAGER__INDICES}},                   \
  .dtypes = EAGER__NUMBERS, .checked = true, .infer_late = true, .compose = compose,       \
  .check = check

static const segmenter sum = {false, EAGER__FOLD_SUM, EAGER__FINISH_PLAIN, ZERO};
static const segmenter mean = {false, EAGER__FOLD_SUM, EAGER__FINISH_MEAN, ZERO};
static const segmenter sqrt_n = {false, EAGER__FOLD_SUM, EAGER__FINISH_SQRT_N, ZERO};
static const segmenter prod = {false, EAGER__FOLD_PROD, EAGER__FINISH_PLAIN, ONE};
static const segmenter max = {false, EAGER__FOLD_MAX, EAGER__FINISH_PLAIN, LOWEST};
static const segmenter min = {false, EAGER__FOLD_MIN, EAGER__FINISH_PLAIN, HIGHEST};

enum { U_SUM = SORTED, U_MEAN, U_SQRT_N, U_PROD, U_MAX, U_MIN, COUNT };
static const eager__op ops[COUNT] = {
    [SUM] = {.name = "SegmentSum",
             .typed = "eager_segment_sum",
             .data = &parts[SUM],
             RISING},
    [MEAN] = {.name = "SegmentMean",
              .typed = "eager_segment_mean",
              .data = &parts[MEAN],
              RISING},
    [PROD] = {.name = "SegmentProd",
              .typed = "eager_segment_prod",
              .data = &parts[PROD],
              RISING},
    [MAX] = {.name = "SegmentMax",
             .typed = "eager_segment_max",
             .data = &parts[MAX],
             RISING},
    [MIN] = {.name = "SegmentMin",
             .typed = "eager_segment_min",
             .data = &parts[MIN],
             RISING},
    [U_SUM] = {.name = "UnsortedSegmentSum",
               .typed = "eager_unsorted_segment_sum",
               .data = &sum,
               .dtypes = EAGER__NUMBERS,
               UNSORTED},
    [U_MEAN] = {.name = "UnsortedSegmentMean",
                .typed = "eager_unsorted_segment_mean",
                .data = &mean,
                .dtypes = EAGER__FLOATS,
                UNSORTED},
    [U_SQRT_N] = {.name = "UnsortedSegmentSqrtN",
                  .typed = "eager_unsorted_segment_sqrt_n",
                  .data = &sqrt_n,
                  .dtypes = EAGER__FLOATS,
                  UNSORTED},
    [U_PROD] = {.name = "UnsortedSegmentProd",
                .typed = "eager_unsorted_segment_prod",
                .data = &prod,
                .dtypes = EAGER__NUMBERS,
                UNSORTED},
    [U_MAX] = {.name = "UnsortedSegmentMax",
               .typed = "eager_unsorted_segment_max",
               .data = &max,
               .dtypes = EAGER__NUMBERS,
               UNSORTED},
    [U_MIN] = {.name = "UnsortedSegmentMin",
               .typed = "eager_unsorted_segment_min",
               .data = &min,
               .dtypes = EAGER__NUMBERS,
               UNSORTED},
};
const eager__op_list eager__ops_segment = {ops, COUNT};

static eager_status segment(int op, eager_tensor *data, eager_tensor *segment_ids,
                            eager_tensor **out) {
  eager__call call;
  EAGER__TRY(eager__call_begin(&call, &ops[op], (eager_tensor *[]){data, segment_ids}, 2));
  return eager__call_run(&call, NULL, out, 1);
}

static eager_status unsorted(int op, eager_tensor *data, eager_tensor *segment_ids,
                             int64_t num_segments, eager_tensor **out) {
  eager__call call;
  EAGER__TRY(eager__call_begin(&call, &ops[op], (eager_tensor *[]){data, segment_ids}, 2));
  eager__call_set_int(&call, "num_segments", num_segments);
  return eager__call_run(&call, NULL, out, 1);
}

eager_status eager_segment_sum(eager_tensor *data, eager_tensor *segment_ids,
                               eager_tensor **out) {
  return segment(SUM, data, segment_ids, out);
}

eager_status eager_segment_mean(eager_tensor *data, eager_tensor *segment_ids,
                                eager_tensor **out) {
  return segment(MEAN, data, segment_ids, out);
}

eager_status eager_segment_prod(eager_tensor *data, eager_tensor *segment_ids,
                                eager_tensor **out) {
  return segment(PROD, data, segment_ids, out);
}

eager_status eager_segment_max(eager_tensor *data, eager_tensor *segment_ids,
                               eager_tensor **out) {
  return segment(MAX, data, segment_ids, out);
}

eager_status eager_segment_min(eager_tensor *data, eager_tensor *segment_ids,
                               eager_tensor **out) {
  return segment(MIN, data, segment_ids, out);
}

eager_status eager_unsorted_segment_sum(eager_tensor *data, eager_tensor *segment_ids,
                                        int64_t num_segments, eager_tensor **out) {
  return unsorted(U_SUM, data, segment_ids, num_segments, out);
}

eager_status eager_unsorted_segment_mean(eager_tensor *data, eager_tensor *segment_ids,
                                         int64_t num_segments, eager_tensor **out) {
  return unsorted(U_MEAN, data, segment_ids, num_segments, out);
}

eager_status eager_unsorted_segment_sqrt_n(eager_tensor *data, eager_tensor *segment_ids,
                                           int64_t num_segments, eager_tensor **out) {
  return unsorted(U_SQRT_N, data, segment_ids, num_segments, out);
}

eager_status eager_unsorted_segment_prod(eager_tensor *data, eager_tensor *segment_ids,
                                         int64_t num_segments, eager_tensor **out) {
  return unsorted(U_PROD, data, segment_ids, num_segments, out);
}

eager_status eager_unsorted_segment_max(eager_tensor *data, eager_tensor *segment_ids,
                                        int64_t num_segments, eager_tensor **out) {
  return unsorted(U_MAX, data, segment_ids, num_segments, out);
}

eager_status eager_unsorted_segment_min(eager_tensor *data, eager_tensor *segment_ids,
                                        int64_t num_segments, eager_tensor **out) {
  return unsorted(U_MIN, data, segment_ids, num_segments, out);
}
