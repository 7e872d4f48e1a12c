/* Transpose: any permutation of axes. Axes that stay neighbours are one; what is left moves
 * rows as wholes, or is a batch of matrices to transpose. */
#include <inttypes.h>

#include "eagercl/ops.h"
#include "ops/families.h"
#include "ops/grids.h"
#include "ops/lanes.h"
#include "ops/moves.h"
#include "ops/plan.h"
#include "runtime/run.h"

enum {
  GROUP_SIDE = 8, /* of a work-group, in squares */
  /* A work-item's block on a CPU: the pages it touches fit the nearest table of them. */
  BLOCK_ROWS = 128,
  BLOCK_COLUMNS = 64,
  /* Elements in matrices smaller than a block: below, a launch shows; above, cores go
   * without, and what is read no longer stays in caches. */
  BLOCK_LEAST = 4096,
  BLOCK_MOST = 32768,
  BLOCKS_PER_UNIT = 16,
  LINE = 64,
};

/* perm[i] is the axis of x that becomes axis i. */
static eager_status read_perm(const eager__call *call, int rank,
                              int perm[EAGER__MAX_RANK]) {
  const eager__attr *list = eager__attr_get(call, "perm");
  for (int i = 0; i < rank; i++) perm[i] = rank - 1 - i;
  if (!list->given) return EAGER_OK;
  EAGER__REQUIRE(list->count == (size_t)rank, EAGER_INVALID_ARGUMENT,
                 "transpose expects perm to list %d axes, one per axis of x, but it lists "
                 "%zu",
                 rank, list->count);
  unsigned seen = 0;
  for (int i = 0; i < rank; i++) {
    EAGER__TRY(eager__shape_axis(list->ints[i], rank, "perm", &perm[i]));
    EAGER__REQUIRE(!(seen >> perm[i] & 1), EAGER_INVALID_ARGUMENT,
                   "perm lists axis %d twice", perm[i]);
    seen |= 1u << perm[i];
  }
  return EAGER_OK;
}

/* Over the output's dims; operand 0 is x, operand 1 the output. */
static void make_walk(const eager__shape *x, const int *perm, eager__walk *walk) {
  eager__shape out = {.rank = x->rank};
  int64_t x_strides[EAGER__MAX_RANK];
  for (int i = 0; i < x->rank; i++) out.dims[i] = x->dims[perm[i]];
  eager__shape_strides(x, x_strides);
  eager__shape_strides(&out, walk->strides[1]);
  walk->rank = x->rank;
  for (int i = 0; i < x->rank; i++) {
    walk->dims[i] = out.dims[i];
    walk->strides[0][i] = x_strides[perm[i]];
  }
  eager__walk_collapse(walk, 2);
}

static bool keeps_order(const eager__shape *x, const int *perm) {
  bool identity = true;
  for (int i = 0; i < x->rank; i++) identity = identity && perm[i] == i;
  if (identity || eager__shape_elements(x) <= 0) return identity;
  eager__walk walk;
  make_walk(x, perm, &walk);
  return walk.rank == 1;
}

static eager_status infer(eager__call *call) {
  const eager__shape *x = call->inputs[0].shape;
  int perm[EAGER__MAX_RANK];
  EAGER__TRY(read_perm(call, x->rank, perm));
  eager__result *out = &call->outputs[0];
  out->dtype = call->dtype;
  out->shape.rank = x->rank;
  for (int i = 0; i < x->rank; i++) out->shape.dims[i] = x->dims[perm[i]];
  out->view_of = keeps_order(x, perm) ? 1 : 0;
  return EAGER_OK;
}

typedef struct matrices { /* the kernel's */
  int64_t m, n, x_stride, out_stride;
  int64_t count, rank;
  int64_t dims[8], x_strides[8], out_strides[8];
  int64_t rows_each, columns_each, matrices_each, streams;
} matrices;

/* x is dense, so one dimension has stride 1 there; in the output it is the last. */
static matrices make_matrices(const eager__walk *walk) {
  int last = walk->rank - 1, inner = 0;
  while (walk->strides[0][inner] != 1) inner++;
  matrices all = {.m = walk->dims[last],
                  .n = walk->dims[inner],
                  .x_stride = walk->strides[0][last],
                  .out_stride = walk->strides[1][inner],
                  .count = 1};
  for (int i = 0; i < last; i++) {
    if (i == inner) continue;
    all.dims[all.rank] = walk->dims[i];
    all.x_strides[all.rank] = walk->strides[0][i];
    all.out_strides[all.rank++] = walk->strides[1][i];
    all.count *= walk->dims[i];
  }
  return all;
}

/* About `block`, in whole squares, so that the last block is a square at least, where there
 * is any. */
static int64_t deal(int64_t extent, int64_t block, int64_t side) {
  if (extent < side) return extent;
  while (extent % block != 0 && extent % block < side) block += side;
  return block;
}

static int64_t matrices_together(const eager__commands *commands, int64_t each,
                                 int64_t count) {
  int64_t units = eager__at_least((int64_t)eager__commands_compute_units(commands), 1);
  int64_t block = each * count / (units * BLOCKS_PER_UNIT);
  block = eager__at_most(eager__at_least(block, BLOCK_LEAST), BLOCK_MOST);
  return eager__at_least(block / each, 1);
}

static eager__grid matrices_grid(const eager__commands *commands, matrices *all,
                                 int64_t side) {
  if (eager__commands_traits(commands)->cpu_like) {
    all->rows_each = deal(all->m, BLOCK_ROWS, side);
    int64_t columns = all->m < side ? BLOCK_COLUMNS * BLOCK_ROWS / 4 : BLOCK_COLUMNS;
    all->columns_each = deal(all->n, columns, side);
    all->matrices_each = matrices_together(commands, all->m * all->n, all->count);
    return eager__grid_3d(eager__ceil_div(all->n, all->columns_each), 1,
                          eager__ceil_div(all->m, all->rows_each), 1,
                          eager__ceil_div(all->count, all->matrices_each), 1);
  }
  all->rows_each = all->columns_each = side;
  all->matrices_each = 1;
  int64_t across = eager__ceil_div(all->n, side), down = eager__ceil_div(all->m, side);
  int64_t group = eager__group_size(commands), local = eager__at_most(group, GROUP_SIDE);
  return eager__grid_3d(across, local,
                        eager__at_most(down, EAGER__GROUPS_MOST * (group / local)),
                        group / local, eager__at_most(all->count, EAGER__GROUPS_MOST), 1);
}

/* Of a square; prelude.cl's. */
static int64_t side_of(const eager__commands *commands, size_t element) {
  int64_t lanes = eager__commands_traits(commands)->vector_width;
  return lanes == 16 && element == 8 ? 8 : lanes;
}

/* Only lines written whole by one store are worth it. */
static bool wants_streams(const eager__call *call, const matrices *all, int64_t side) {
  int64_t element = (int64_t)eager_dtype_size(call->dtype);
  return eager__lanes_stream(all->m * all->n * all->count * element) &&
         side * element == LINE && all->out_stride * element % LINE == 0;
}

/* Whether a row or column at a time is as good. A few rows become the columns of pixels:
 * the kernel has loops for those, where it has a core for each work-item. */
static bool is_narrow(const eager__commands *commands, const matrices *all, int64_t side) {
  bool pixels = all->m >= 3 && all->m <= 4 && eager__commands_traits(commands)->cpu_like;
  return all->n < side || (all->m < side && !pixels);
}

static eager_status launch(eager__call *call, eager__commands *commands) {
  const eager__shape *x = call->inputs[0].shape;
  int perm[EAGER__MAX_RANK];
  EAGER__TRY(read_perm(call, x->rank, perm));
  eager__walk walk;
  make_walk(x, perm, &walk);
  if (walk.strides[0][walk.rank - 1] == 1) return eager__add_move_rows(commands, 0, &walk);
  matrices all = make_matrices(&walk);
  int64_t side = side_of(commands, eager_dtype_size(call->dtype));
  if (is_narrow(commands, &all, side)) return eager__add_move_rows(commands, 0, &walk);
  all.streams = wants_streams(call, &all, side);
  eager__kernel_begin(commands, &eager__family_transpose, eager__move_dtype(call->dtype),
                      "transpose");
  eager__grid grid = matrices_grid(commands, &all, side);
  eager__arg_output(commands, 0);
  eager__arg_input(commands, 0);
  eager__arg_bytes(commands, &all, sizeof all);
  return eager__kernel_end(commands, grid);
}

static const eager__op transpose = {
    .name = "Transpose",
    .typed = "eager_transpose",
    .inputs = {{.name = "x"}},
    .dtypes = EAGER__ANY,
    .moves_only = true,
    .attrs = {{.name = "perm", EAGER__ATTR_INT_LIST}},
    .infer = infer,
    .launch = launch,
};
const eager__op_list eager__ops_transpose = {&transpose, 1};

eager_status eager_transpose(eager_tensor *x, const int64_t *perm, eager_tensor **out) {
  eager__call call;
  EAGER__TRY(eager__call_begin(&call, &transpose, &x, 1));
  int rank = x != NULL ? eager_tensor_rank(x) : 0;
  if (perm != NULL) eager__call_set_ints(&call, "perm", perm, (size_t)rank);
  return eager__call_run(&call, NULL, out, 1);
}
