#include "ops/best.h"

#include "ops/families.h"
#include "ops/grids.h"
#include "ops/plan.h"

enum {
  KEPT_MOST = 64, /* as in best.cl */
  BLOCK = 4096,   /* elements worth a work-item */
  ITEMS_PER_UNIT = 4,
};

typedef struct bests { /* the kernels' */
  int64_t rows, length, kept, pieces, piece, each;
} bests;

/* In the worst order every element is put in, `limit` steps each: no more of them than a
 * sort would take. */
bool eager__best_fits(const eager__commands *commands, const eager__order *order) {
  return eager__commands_traits(commands)->cpu_like && order->inner == 1 &&
         order->limit <= KEPT_MOST && order->limit <= order->length / 4;
}

/* Few rows are cut, so that all cores have work. */
static bests plan(const eager__commands *commands, const eager__order *order) {
  int64_t units = eager__at_least((int64_t)eager__commands_compute_units(commands), 1);
  int64_t wanted = eager__ceil_div(units * ITEMS_PER_UNIT, order->rows);
  int64_t most = eager__at_least(order->length / BLOCK, 1);
  bests b = {.rows = order->rows, .length = order->length, .kept = order->limit};
  b.piece = eager__ceil_div(order->length, eager__at_most(wanted, most));
  b.pieces = eager__ceil_div(order->length, b.piece);
  b.each = eager__at_least(BLOCK / b.piece, 1);
  return b;
}

static void make_pairs(eager__commands *commands, eager_dtype dtype, int64_t pairs,
                       int out[2]) {
  out[0] = eager__scratch(commands, (size_t)pairs * eager_dtype_size(dtype));
  out[1] = eager__scratch(commands, (size_t)pairs * sizeof(uint32_t));
}

static void arg_pairs(eager__commands *commands, const int pairs[2]) {
  eager__arg_scratch(commands, pairs[0]);
  eager__arg_scratch(commands, pairs[1]);
}

void eager__add_best(eager__commands *commands, int input, const eager__order *order,
                     eager__ordered *out) {
  eager_dtype dtype = commands->call->inputs[input].dtype;
  eager_dtype stored = eager__move_dtype(dtype);
  eager__key_rule rule = eager__key_rule_of(dtype, order->descending);
  bests b = plan(commands, order);
  int pairs[2], merged[2];
  make_pairs(commands, stored, b.rows * b.pieces * b.kept, pairs);
  eager__kernel_begin(commands, &eager__family_best, stored, "best_pieces");
  eager__arg_input(commands, input);
  arg_pairs(commands, pairs);
  eager__arg_bytes(commands, &b, sizeof b);
  eager__arg_bytes(commands, &rule, sizeof rule);
  eager__kernel_end(commands, eager__grid_each(commands, b.rows * b.pieces, b.each));
  if (b.pieces > 1) {
    make_pairs(commands, stored, b.rows * b.kept, merged);
    eager__kernel_begin(commands, &eager__family_best, stored, "best_merge");
    arg_pairs(commands, merged);
    arg_pairs(commands, pairs);
    eager__arg_bytes(commands, &b, sizeof b);
    eager__kernel_end(commands, eager__grid_1d(b.rows, 1));
  }
  *out = (eager__ordered){.order = *order,
                          .family = &eager__family_best,
                          .keys = b.pieces > 1 ? merged[0] : pairs[0],
                          .places = b.pieces > 1 ? merged[1] : pairs[1],
                          .stride = b.kept};
}
