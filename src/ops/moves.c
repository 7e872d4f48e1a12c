#include "ops/moves.h"

#include "ops/families.h"
#include "ops/grids.h"
#include "ops/plan.h"

enum {
  /* Of a work-item on a CPU: below, its launch shows; above, cores go without. */
  BLOCK_LEAST = 4096,
  BLOCK_MOST = 65536,
  BLOCKS_PER_UNIT = 8,
};

/* Few columns: the rest of a work-group takes further rows. */
static int64_t local_columns(const eager__commands *commands, int64_t columns) {
  return eager__power_of_two(columns, eager__group_size(commands));
}

static eager__spread spread_blocks(const eager__commands *commands, int64_t rows,
                                   int64_t columns) {
  int64_t units = eager__at_least((int64_t)eager__commands_compute_units(commands), 1);
  int64_t block = rows * columns / (units * BLOCKS_PER_UNIT);
  block = eager__at_most(eager__at_least(block, BLOCK_LEAST), BLOCK_MOST);
  eager__spread spread = {.rows = rows, .columns = columns};
  spread.columns_each = eager__at_most(columns, block);
  spread.rows_each = eager__at_most(rows, block / spread.columns_each);
  return spread;
}

eager__spread eager__spread_make(const eager__commands *commands, int64_t rows,
                                 int64_t columns) {
  if (eager__commands_traits(commands)->cpu_like)
    return spread_blocks(commands, rows, columns);
  int64_t local_rows = eager__group_size(commands) / local_columns(commands, columns);
  eager__spread spread = {.rows = rows, .columns = columns, .columns_each = 1};
  spread.rows_each = eager__ceil_div(rows, EAGER__GROUPS_MOST * local_rows);
  return spread;
}

eager__grid eager__spread_grid(const eager__commands *commands,
                               const eager__spread *spread) {
  int64_t across = eager__ceil_div(spread->columns, spread->columns_each);
  int64_t down = eager__ceil_div(spread->rows, spread->rows_each);
  if (eager__commands_traits(commands)->cpu_like) return eager__grid_2d(across, 1, down, 1);
  int64_t local = local_columns(commands, spread->columns);
  return eager__grid_2d(across, local, down, eager__group_size(commands) / local);
}

typedef struct row_walk { /* the kernels' `walk` */
  int64_t dims[8], strides[8];
  int64_t rank, start, stride;
} row_walk;

eager_status eager__add_move_rows(eager__commands *commands, int64_t start,
                                  const eager__walk *walk) {
  int last = walk->rank - 1;
  row_walk rows = {.rank = last, .start = start, .stride = walk->strides[0][last]};
  int64_t row_count = 1;
  for (int i = 0; i < last; i++) {
    rows.dims[i] = walk->dims[i];
    rows.strides[i] = walk->strides[0][i];
    row_count *= walk->dims[i];
  }
  eager_dtype dtype = eager__move_dtype(commands->call->dtype);
  eager__kernel_begin(commands, &eager__family_array, dtype, "move_rows");
  eager__spread spread = eager__spread_make(commands, row_count, walk->dims[last]);
  eager__arg_output(commands, 0);
  eager__arg_input(commands, 0);
  eager__arg_bytes(commands, &rows, sizeof rows);
  eager__arg_bytes(commands, &spread, sizeof spread);
  return eager__kernel_end(commands, eager__spread_grid(commands, &spread));
}

eager_status eager__add_copy(eager__commands *commands, int input) {
  int64_t elements = eager__shape_elements(&commands->call->outputs[0].shape);
  eager__walk walk = {.rank = 1, .dims = {elements}, .strides = {{1}, {1}}};
  return eager__add_place_rows(commands, input, 0, 0, &walk);
}

typedef struct places { /* the kernel's */
  int64_t dims[8], out_strides[8], x_strides[8];
  int64_t rank, out_start, x_start, out_stride, x_stride;
} places;

eager_status eager__add_place_rows(eager__commands *commands, int input, int64_t x_start,
                                   int64_t out_start, const eager__walk *walk) {
  int last = walk->rank - 1;
  places all = {.rank = last,
                .out_start = out_start,
                .x_start = x_start,
                .out_stride = walk->strides[1][last],
                .x_stride = walk->strides[0][last]};
  int64_t row_count = 1;
  for (int i = 0; i < last; i++) {
    all.dims[i] = walk->dims[i];
    all.out_strides[i] = walk->strides[1][i];
    all.x_strides[i] = walk->strides[0][i];
    row_count *= walk->dims[i];
  }
  eager_dtype dtype = eager__move_dtype(commands->call->dtype);
  eager__kernel_begin(commands, &eager__family_layout, dtype, "place_rows");
  eager__spread spread = eager__spread_make(commands, row_count, walk->dims[last]);
  eager__arg_output(commands, 0);
  eager__arg_input(commands, input);
  eager__arg_bytes(commands, &all, sizeof all);
  eager__arg_bytes(commands, &spread, sizeof spread);
  return eager__kernel_end(commands, eager__spread_grid(commands, &spread));
}
