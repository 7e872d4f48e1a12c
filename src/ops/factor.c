#include "ops/factor.h"

#include "ops/families.h"
#include "ops/grids.h"
#include "ops/plan.h"

enum {
  PANEL_ITEMS = 256,   /* of the group that makes an LU panel, at most */
  PANEL_TRIPS = 40000, /* of each of them, where loops are limited */
};

/* As in factor.cl. */
typedef struct loading {
  int64_t count, rows, columns, x_row, x_col, lower, rank;
  int64_t dims[EAGER__MAX_RANK], strides[EAGER__MAX_RANK];
} loading;

typedef struct solving {
  int64_t n, at, size, count, columns, x_row, x_col, upper, unit, rank;
  int64_t dims[EAGER__MAX_RANK], strides[EAGER__MAX_RANK];
} solving;

/* --- Operands --- */

eager_status eager__check_matrices(const eager__call *call, int i, bool square) {
  const eager__shape *x = call->inputs[i].shape;
  char text[EAGER__SHAPE_TEXT];
  EAGER__REQUIRE(x->rank >= 2, EAGER_INVALID_ARGUMENT,
                 "Input tensor %d must have rank >= 2, but has shape %s", i,
                 eager__shape_text(x, text));
  int64_t rows = x->dims[x->rank - 2], columns = x->dims[x->rank - 1];
  EAGER__REQUIRE(!square || rows == columns || rows < 0 || columns < 0,
                 EAGER_INVALID_ARGUMENT, "Input matrix must be square, but input %d is %s",
                 i, eager__shape_text(x, text));
  return EAGER_OK;
}

eager__shape eager__batch_of(const eager__shape *shape) {
  eager__shape batch = *shape;
  batch.rank -= 2;
  return batch;
}

eager__stack eager__stack_of(const eager__call *call, int input,
                             const eager__shape *batch) {
  const eager__shape *x = call->inputs[input].shape;
  eager__shape own = eager__batch_of(x);
  eager__stack out = {.at = {EAGER__PLACE_INPUT, input, 0},
                      .count = eager__shape_elements(batch),
                      .rows = x->dims[x->rank - 2],
                      .columns = x->dims[x->rank - 1]};
  eager__walk walk;
  eager__walk_broadcast(batch, &own, 1, &walk);
  out.rank = walk.rank;
  for (int d = 0; d < walk.rank; d++) {
    out.dims[d] = walk.dims[d];
    out.strides[d] = walk.strides[0][d] * out.rows * out.columns;
  }
  return out;
}

eager__stack eager__stack_of_work(const eager__work *work) {
  return (eager__stack){.at = work->at,
                        .count = work->count,
                        .rows = work->rows,
                        .columns = work->columns,
                        .rank = 1,
                        .dims = {work->count},
                        .strides = {work->rows * work->columns}};
}

eager_dtype eager__work_dtype(eager_dtype dtype) {
  return eager__computed_size(dtype) == eager_dtype_size(dtype) ? dtype : EAGER_FLOAT32;
}

eager__work eager__work_scratch(eager__commands *commands, int64_t count, int64_t rows,
                                int64_t columns) {
  eager_dtype dtype = eager__work_dtype(commands->call->dtype);
  size_t size = (size_t)(count * rows * columns) * eager_dtype_size(dtype);
  eager__spot at = {EAGER__PLACE_SCRATCH, eager__scratch(commands, size), 0};
  return (eager__work){at, dtype, count, rows, columns};
}

eager__work eager__work_output(eager__commands *commands, int64_t count, int64_t rows,
                               int64_t columns) {
  eager_dtype dtype = commands->call->dtype;
  if (eager__work_dtype(dtype) != dtype)
    return eager__work_scratch(commands, count, rows, columns);
  return (eager__work){{EAGER__PLACE_OUTPUT, 0, 0}, dtype, count, rows, columns};
}

/* --- Copies --- */

eager__grid eager__factor_grid(const eager__commands *commands, int64_t numbers) {
  if (commands->status != EAGER_OK) return eager__grid_1d(1, 1);
  return eager__grid_1d(numbers, eager__group_size(commands));
}

eager_status eager__work_load(eager__commands *commands, const eager__stack *x,
                              bool transpose, bool lower, const eager__work *work) {
  loading s = {.count = work->count,
               .rows = work->rows,
               .columns = work->columns,
               .x_row = transpose ? 1 : x->columns,
               .x_col = transpose ? x->columns : 1,
               .lower = lower,
               .rank = x->rank};
  for (int d = 0; d < x->rank; d++) {
    s.dims[d] = x->dims[x->rank - 1 - d];
    s.strides[d] = x->strides[x->rank - 1 - d];
  }
  eager__kernel_begin(commands, &eager__family_factor, commands->call->dtype,
                      "matrix_load");
  eager__arg_at(commands, &x->at);
  eager__arg_at(commands, &work->at);
  eager__arg_bytes(commands, &s, sizeof s);
  return eager__kernel_end(commands,
                           eager__factor_grid(commands, s.count * s.rows * s.columns));
}

eager_status eager__work_store(eager__commands *commands, const eager__work *work,
                               bool lower) {
  if (work->at.place == EAGER__PLACE_OUTPUT && !lower) return commands->status;
  loading s = {
      .count = work->count, .rows = work->rows, .columns = work->columns, .lower = lower};
  eager__kernel_begin(commands, &eager__family_factor, commands->call->dtype,
                      "matrix_store");
  eager__arg_at(commands, &work->at);
  eager__arg_output(commands, 0);
  eager__arg_bytes(commands, &s, sizeof s);
  return eager__kernel_end(commands,
                           eager__factor_grid(commands, s.count * s.rows * s.columns));
}

/* --- LU --- */

static void begin(eager__commands *commands, const eager__work *work, const char *name) {
  eager__kernel_begin(commands, &eager__family_factor, work->dtype, name);
}

static int make_rows(eager__commands *commands, const eager__work *work) {
  return eager__scratch(commands, (size_t)(work->count * work->rows) * sizeof(int32_t));
}

/* Work-items of a panel's group. */
static int64_t panel_items(const eager__commands *commands) {
  const eager__traits *traits = eager__commands_traits(commands);
  int64_t most = (int64_t)eager__kernel_group_most(commands);
  most = eager__at_most(most, (int64_t)traits->max_local_size);
  int64_t wanted = traits->cpu_like ? EAGER__FACTOR_BLOCK : PANEL_ITEMS, items = 1;
  while (items * 2 <= eager__at_most(most, wanted)) items *= 2;
  return items;
}

static eager_status add_panel(eager__commands *commands, const eager__lu *lu,
                              const eager__factor *s) {
  begin(commands, &lu->work, "lu_panel");
  if (commands->status != EAGER_OK) return commands->status;
  int64_t items = panel_items(commands);
  eager__arg_at(commands, &lu->work.at);
  eager__arg_scratch(commands, lu->order);
  eager__arg_scratch(commands, lu->swaps);
  eager__arg_bytes(commands, s, sizeof *s);
  eager__arg_local(commands, (size_t)items * eager_dtype_size(lu->work.dtype));
  eager__arg_local(commands, (size_t)items * sizeof(int32_t));
  return eager__kernel_end(commands, eager__grid_1d(s->count * items, items));
}

static eager_status add_rows(eager__commands *commands, const eager__lu *lu,
                             const eager__factor *s) {
  if (s->n == s->size) return EAGER_OK;
  begin(commands, &lu->work, "lu_rows");
  eager__arg_at(commands, &lu->work.at);
  eager__arg_scratch(commands, lu->swaps);
  eager__arg_bytes(commands, s, sizeof *s);
  return eager__kernel_end(commands,
                           eager__factor_grid(commands, s->count * (s->n - s->size)));
}

static eager__matrix part(const eager__work *work, int64_t row, int64_t column) {
  eager__matrix out = {work->at, work->columns, 1};
  out.at.offset += row * work->columns + column;
  return out;
}

/* What is right of and below the block, less the product of its column and its row. */
static eager_status add_update(eager__commands *commands, const eager__work *work,
                               const eager__factor *s) {
  int64_t next = s->at + s->size, step = s->n * s->n;
  eager__product p = {.dtype = work->dtype,
                      .m = s->n - next,
                      .n = s->n - next,
                      .k = s->size,
                      .a = part(work, next, s->at),
                      .b = part(work, s->at, next),
                      .c = part(work, next, next),
                      .rank = 1,
                      .dims = {s->count},
                      .strides = {{step}, {step}, {step}},
                      .subtract = true};
  return eager__add_product(commands, &p);
}

/* Columns of a panel: fewer where a work-item's loops would grow too long. */
static int64_t panel_columns(const eager__commands *commands, int64_t n) {
  const eager__traits *traits = eager__commands_traits(commands);
  int64_t columns = EAGER__FACTOR_BLOCK, items = (int64_t)traits->max_local_size;
  if (traits->loop_limit == 0) return columns;
  int64_t each = eager__ceil_div(n, eager__at_most(items, PANEL_ITEMS));
  while (columns > 1 && each * columns * (2 + columns / 2) > PANEL_TRIPS) columns /= 2;
  return columns;
}

eager_status eager__add_lu(eager__commands *commands, const eager__work *work,
                           eager__lu *out) {
  int64_t n = work->rows, most = panel_columns(commands, n);
  *out = (eager__lu){*work, make_rows(commands, work), make_rows(commands, work)};
  eager__factor s = {.n = n, .count = work->count};
  begin(commands, work, "lu_begin");
  eager__arg_scratch(commands, out->order);
  eager__arg_bytes(commands, &s, sizeof s);
  EAGER__TRY(eager__kernel_end(commands, eager__factor_grid(commands, s.count * n)));
  for (s.at = 0; s.at < n; s.at += most) {
    s.size = eager__at_most(most, n - s.at);
    EAGER__TRY(add_panel(commands, out, &s));
    EAGER__TRY(add_rows(commands, out, &s));
    EAGER__TRY(add_update(commands, work, &s));
  }
  return EAGER_OK;
}

/* --- Triangles --- */

eager_status eager__add_diagonal_check(eager__commands *commands, const eager__spot *x,
                                       eager_dtype dtype, int64_t count, int64_t n) {
  eager__factor s = {.n = n, .count = count};
  eager__kernel_begin(commands, &eager__family_factor, dtype, "diagonal_check");
  eager__arg_at(commands, x);
  eager__arg_bytes(commands, &s, sizeof s);
  eager__arg_cell(commands);
  return eager__kernel_end(commands, eager__factor_grid(commands, count * n));
}

static eager_status add_block(eager__commands *commands, const eager__triangle *t,
                              const eager__work *work, int64_t at, int64_t size) {
  solving s = {.n = work->rows,
               .at = at,
               .size = size,
               .count = work->count,
               .columns = work->columns,
               .x_row = t->row,
               .x_col = t->col,
               .upper = t->upper,
               .unit = t->unit,
               .rank = t->x.rank};
  for (int d = 0; d < t->x.rank; d++) {
    s.dims[d] = t->x.dims[t->x.rank - 1 - d];
    s.strides[d] = t->x.strides[t->x.rank - 1 - d];
  }
  begin(commands, work, "triangle_block");
  eager__arg_at(commands, &t->x.at);
  eager__arg_at(commands, &work->at);
  eager__arg_bytes(commands, &s, sizeof s);
  return eager__kernel_end(commands, eager__factor_grid(commands, s.count * s.columns));
}

/* Takes what the block's rows of the solution add to `rows` rows from `first` on off. */
static eager_status add_rest(eager__commands *commands, const eager__triangle *t,
                             const eager__work *work, int64_t at, int64_t size,
                             int64_t first, int64_t rows) {
  int64_t step = work->rows * work->columns, inner = 1;
  eager__product p = {.dtype = work->dtype,
                      .m = rows,
                      .n = work->columns,
                      .k = size,
                      .a = {t->x.at, t->row, t->col},
                      .b = part(work, at, 0),
                      .c = part(work, first, 0),
                      .rank = t->x.rank,
                      .subtract = true};
  p.a.at.offset += first * t->row + at * t->col;
  for (int d = t->x.rank - 1; d >= 0; d--) {
    p.dims[d] = t->x.dims[d];
    p.strides[0][d] = t->x.strides[d];
    p.strides[1][d] = p.strides[2][d] = step * inner;
    inner *= t->x.dims[d];
  }
  return eager__add_product(commands, &p);
}

eager_status eager__add_triangle(eager__commands *commands, const eager__triangle *triangle,
                                 const eager__work *work) {
  int64_t n = work->rows, blocks = eager__ceil_div(n, EAGER__FACTOR_BLOCK);
  for (int64_t i = 0; i < blocks; i++) {
    int64_t at = (triangle->upper ? blocks - 1 - i : i) * EAGER__FACTOR_BLOCK;
    int64_t size = eager__at_most(EAGER__FACTOR_BLOCK, n - at);
    EAGER__TRY(add_block(commands, triangle, work, at, size));
    int64_t first = triangle->upper ? 0 : at + size;
    int64_t rows = triangle->upper ? at : n - at - size;
    EAGER__TRY(add_rest(commands, triangle, work, at, size, first, rows));
  }
  return EAGER_OK;
}
