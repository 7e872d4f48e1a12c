#include "ops/order.h"

#include <inttypes.h>

#include "ops/best.h"
#include "ops/families.h"
#include "ops/grids.h"
#include "ops/plan.h"
#include "ops/scan.h"

enum {
  RUN = 16,     /* as in order.cl */
  PIECE = 16,   /* pairs a GPU's work-item merges */
  DIGITS = 256, /* as in order.cl */
  BLOCK_LEAST = 2048,
  BLOCKS_PER_UNIT = 8,
};

/* order.cl's. */
typedef struct ordering {
  int64_t rows, length, inner;
  int64_t limit, span, slot, stride;
  int64_t runs;
  int64_t each;
} ordering;

typedef struct merging {
  int64_t runs, slot, stride, piece, pieces;
} merging;

typedef struct digits {
  int64_t rows, length, inner;
  int64_t blocks, block;
  int64_t shift;
} digits;

typedef struct picking {
  int64_t first, kept, values, width;
} picking;

eager__order eager__order_along(const eager__shape *x, int axis) {
  int64_t inner = eager__shape_product(x, axis + 1, x->rank);
  return (eager__order){.rows = eager__shape_product(x, 0, axis) * inner,
                        .length = x->dims[axis],
                        .inner = inner,
                        .limit = x->dims[axis]};
}

eager_status eager__order_check(const eager__order *order) {
  EAGER__REQUIRE(order->length <= UINT32_MAX, EAGER_UNIMPLEMENTED,
                 "sorting more than %" PRIu32 " elements along an axis, here %" PRId64,
                 UINT32_MAX, order->length);
  return EAGER_OK;
}

eager__key_rule eager__key_rule_of(eager_dtype dtype, bool descending) {
  int bits = (int)eager_dtype_size(dtype) * 8;
  eager__kind kind = eager__dtype(dtype)->kind;
  eager__key_rule rule = {.flip = descending ? -1 : 0};
  if (kind == EAGER__KIND_INT || kind == EAGER__KIND_FLOAT)
    rule.sign = (int64_t)(UINT64_C(1) << (bits - 1));
  if (kind == EAGER__KIND_FLOAT) {
    int fraction = dtype == EAGER_FLOAT64   ? 52
                   : dtype == EAGER_FLOAT32 ? 23
                   : dtype == EAGER_FLOAT16 ? 10
                                            : 7;
    uint64_t below_sign = (UINT64_C(1) << (bits - 1)) - 1;
    rule.infinity = (int64_t)(below_sign & ~((UINT64_C(1) << fraction) - 1));
  }
  return rule;
}

/* --- By merging --- */

/* Runs of `span` elements; row by row without gaps. */
static void cut(ordering *o, int64_t span) {
  o->span = span;
  o->slot = eager__at_most(span, o->limit);
  o->runs = eager__ceil_div(o->length, span);
  int64_t last = o->length - (o->runs - 1) * span;
  o->stride = (o->runs - 1) * o->slot + eager__at_most(last, o->limit);
}

static void add_runs(eager__commands *commands, eager_dtype dtype, int input,
                     const eager__key_rule *rule, ordering *o, const int keys_places[2]) {
  eager__kernel_begin(commands, &eager__family_sort, dtype, "order_runs");
  int64_t runs = o->rows * o->runs;
  o->each = eager__ceil_div(eager__block_each(commands, o->rows * o->length, 1), 4 * RUN);
  eager__arg_input(commands, input);
  eager__arg_scratch(commands, keys_places[0]);
  eager__arg_scratch(commands, keys_places[1]);
  eager__arg_bytes(commands, o, sizeof *o);
  eager__arg_bytes(commands, rule, sizeof *rule);
  eager__kernel_end(commands, eager__grid_each(commands, runs, o->each));
}

/* `o` becomes what it is after the merge. */
static void add_merge(eager__commands *commands, eager_dtype dtype, ordering *o,
                      const int from[2], const int to[2]) {
  ordering after = *o;
  cut(&after, 2 * o->span);
  merging m = {.runs = after.runs, .slot = after.slot, .stride = after.stride};
  eager__kernel_begin(commands, &eager__family_sort, dtype, "order_merge");
  int64_t longest = eager__at_most(after.slot, after.length);
  int64_t block = eager__block_each(commands, after.rows * after.stride, 1);
  m.piece = block == 1 ? PIECE : eager__at_most(block, longest);
  m.pieces = eager__ceil_div(longest, m.piece);
  o->each = eager__at_least(block / m.piece, 1);
  eager__arg_scratch(commands, to[0]);
  eager__arg_scratch(commands, to[1]);
  eager__arg_scratch(commands, from[0]);
  eager__arg_scratch(commands, from[1]);
  eager__arg_bytes(commands, o, sizeof *o);
  eager__arg_bytes(commands, &m, sizeof m);
  eager__kernel_end(
      commands, eager__grid_each(commands, after.rows * after.runs * m.pieces, o->each));
  *o = after;
}

/* Scratch buffers for `pairs` keys and places. */
static void make_pairs(eager__commands *commands, eager_dtype dtype, int64_t pairs,
                       int out[2]) {
  out[0] = eager__scratch(commands, (size_t)pairs * eager_dtype_size(dtype));
  out[1] = eager__scratch(commands, (size_t)pairs * sizeof(uint32_t));
}

static void add_merges(eager__commands *commands, int input, const eager__order *order,
                       const eager__key_rule *rule, eager__ordered *out) {
  eager_dtype dtype = eager__move_dtype(commands->call->inputs[input].dtype);
  ordering o = {.rows = order->rows,
                .length = order->length,
                .inner = order->inner,
                .limit = order->limit};
  int pairs[2][2], now = 0;
  cut(&o, RUN);
  make_pairs(commands, dtype, o.rows * o.stride, pairs[0]);
  if (o.runs > 1) {
    ordering after = o;
    cut(&after, 2 * RUN);
    make_pairs(commands, dtype, after.rows * after.stride, pairs[1]);
  }
  add_runs(commands, dtype, input, rule, &o, pairs[0]);
  for (; o.runs > 1 && commands->status == EAGER_OK; now = !now)
    add_merge(commands, dtype, &o, pairs[now], pairs[!now]);
  out->keys = pairs[now][0];
  out->places = pairs[now][1];
  out->stride = o.stride;
}

/* --- By digits --- */

static void begin_digits(eager__commands *commands, eager_dtype dtype, const char *kernel,
                         const int pairs[2]) {
  eager__kernel_begin(commands, &eager__family_sort, dtype, kernel);
  for (int i = 0; pairs && i < 2; i++) eager__arg_scratch(commands, pairs[i]);
}

static void end_digits(eager__commands *commands, const digits *d) {
  eager__kernel_end(commands, eager__grid_1d(d->rows * d->blocks, 1));
}

/* Where the digits' counts are larger than what they order, merging does less. Keeping much
 * less than all of a row is what merging is good at. */
static bool wants_digits(const eager__commands *commands, const eager__order *order,
                         size_t element) {
  return eager__commands_traits(commands)->cpu_like && order->limit > order->length / 4 &&
         order->length >= DIGITS * (int64_t)element;
}

static void add_digits(eager__commands *commands, int input, const eager__order *order,
                       const eager__key_rule *rule, eager__ordered *out) {
  eager_dtype dtype = eager__move_dtype(commands->call->inputs[input].dtype);
  digits d = {.rows = order->rows, .length = order->length, .inner = order->inner};
  int64_t units = eager__at_least((int64_t)eager__commands_compute_units(commands), 1);
  int64_t block = d.rows * d.length / (units * BLOCKS_PER_UNIT);
  d.block = eager__at_most(eager__at_least(block, BLOCK_LEAST), EAGER__TRIPS);
  d.blocks = eager__ceil_div(d.length, d.block);
  int pairs[2][2], now = 0;
  make_pairs(commands, dtype, d.rows * d.length, pairs[0]);
  make_pairs(commands, dtype, d.rows * d.length, pairs[1]);
  eager__scan scan = {
      .dtype = EAGER_UINT64, .count = d.rows * DIGITS * d.blocks, .sums = -1};
  int counts = eager__scratch(commands, (size_t)(scan.count + 1) * sizeof(uint64_t));
  scan.values = (eager__spot){EAGER__PLACE_SCRATCH, counts, 0};

  begin_digits(commands, dtype, "radix_keys", pairs[0]);
  eager__arg_input(commands, input);
  eager__arg_bytes(commands, &d, sizeof d);
  eager__arg_bytes(commands, rule, sizeof *rule);
  end_digits(commands, &d);
  for (; d.shift < (int64_t)eager_dtype_size(dtype) * 8; d.shift += 8, now = !now) {
    begin_digits(commands, dtype, "radix_count", NULL);
    eager__arg_scratch(commands, counts);
    eager__arg_scratch(commands, pairs[now][0]);
    eager__arg_bytes(commands, &d, sizeof d);
    end_digits(commands, &d);
    eager__add_scan(commands, &scan);
    begin_digits(commands, dtype, "radix_move", pairs[!now]);
    eager__arg_scratch(commands, pairs[now][0]);
    eager__arg_scratch(commands, pairs[now][1]);
    eager__arg_scratch(commands, counts);
    eager__arg_bytes(commands, &d, sizeof d);
    end_digits(commands, &d);
  }
  out->keys = pairs[now][0];
  out->places = pairs[now][1];
  out->stride = d.length;
}

/* --- For ops --- */

eager_status eager__add_order(eager__commands *commands, int input,
                              const eager__order *order, eager__ordered *out) {
  eager_dtype dtype = commands->call->inputs[input].dtype;
  eager__key_rule rule = eager__key_rule_of(dtype, order->descending);
  *out = (eager__ordered){.order = *order, .family = &eager__family_sort};
  if (eager__best_fits(commands, order))
    eager__add_best(commands, input, order, out);
  else if (wants_digits(commands, order, eager_dtype_size(dtype)))
    add_digits(commands, input, order, &rule, out);
  else
    add_merges(commands, input, order, &rule, out);
  return commands->status;
}

eager_status eager__add_order_pick(eager__commands *commands, int input,
                                   const eager__ordered *ordered, int64_t first,
                                   int64_t kept, int values, int places) {
  const eager__call *call = commands->call;
  const eager__order *order = &ordered->order;
  ordering o = {.rows = order->rows,
                .length = order->length,
                .inner = order->inner,
                .stride = ordered->stride};
  picking pick = {.first = first, .kept = kept, .values = values >= 0};
  if (places >= 0) pick.width = (int64_t)eager_dtype_size(call->outputs[places].dtype);
  int64_t elements = order->rows * kept;
  eager__kernel_begin(commands, ordered->family,
                      eager__move_dtype(call->inputs[input].dtype), "order_pick");
  o.each = eager__block_each(commands, elements, 1);
  /* What is not wanted is not looked at. */
  eager__arg_output(commands, values >= 0 ? values : places);
  eager__arg_output(commands, places >= 0 ? places : values);
  eager__arg_input(commands, input);
  eager__arg_scratch(commands, ordered->places);
  eager__arg_bytes(commands, &o, sizeof o);
  eager__arg_bytes(commands, &pick, sizeof pick);
  return eager__kernel_end(commands, eager__grid_each(commands, elements, o.each));
}
