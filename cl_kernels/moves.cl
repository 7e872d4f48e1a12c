/* What the kernels that move elements share.
 *
 * All of them see their output as a table of rows and give each work-item a block of it:
 * `rows_each` rows of `columns_each` columns, at get_global_id(1) and get_global_id(0). On
 * devices like a CPU a block is large and copied by vectors; elsewhere it is one column, so
 * that neighbours touch neighbours, and no loop here is long. Any local size is legal. */

typedef struct spread {
  long rows, columns, rows_each, columns_each;
} spread;

typedef struct block {
  size_t row, row_end, column, count; /* rows [row, row_end), `count` columns from column */
} block;

/* False when there is nothing left for this work-item. Written so that no compiler makes a
 * saturating subtraction of it, which Oclgrind lacks. */
static inline bool own_block(spread table, block *own) {
  size_t rows = (size_t)table.rows, columns = (size_t)table.columns;
  own->row = get_global_id(1) * (size_t)table.rows_each;
  own->column = get_global_id(0) * (size_t)table.columns_each;
  if (own->row >= rows || own->column >= columns) return false;
  own->row_end = AT_MOST(own->row + (size_t)table.rows_each, rows);
  own->count = AT_MOST(columns - own->column, (size_t)table.columns_each);
  return true;
}

/* Vectors to the end: the last one overlaps the one before. */
static inline void copy_run(__global T *to, const __global T *from, size_t count) {
  if (count < V) {
    for (size_t i = 0; i < count; i++) to[i] = from[i];
    return;
  }
  size_t i = 0;
  for (; i + 4 * V <= count; i += 4 * V) {
    TV a = VLOAD(0, from + i), b = VLOAD(1, from + i);
    TV c = VLOAD(2, from + i), d = VLOAD(3, from + i);
    *(__global TV_LOOSE *)(to + i) = a;
    *(__global TV_LOOSE *)(to + i + V) = b;
    *(__global TV_LOOSE *)(to + i + 2 * V) = c;
    *(__global TV_LOOSE *)(to + i + 3 * V) = d;
  }
  for (; i + V <= count; i += V) *(__global TV_LOOSE *)(to + i) = VLOAD(0, from + i);
  if (i < count) *(__global TV_LOOSE *)(to + count - V) = VLOAD(0, from + count - V);
}

static inline void fill_run(__global T *to, T value, size_t count) {
  if (count < V) {
    for (size_t i = 0; i < count; i++) to[i] = value;
    return;
  }
  for (size_t i = 0; i + V < count; i += V) *(__global TV_LOOSE *)(to + i) = (TV)value;
  *(__global TV_LOOSE *)(to + count - V) = (TV)value;
}

/* Where the rows of a table begin in x: row-major over dims[0] ... dims[rank - 1]. */
typedef struct walk {
  long dims[8], strides[8];
  long rank;
  long start;  /* of the first row */
  long stride; /* between the columns of a row */
} walk;

/* The beginning of `row`; `index` becomes its position in each dimension. */
static inline size_t walk_to(const walk *w, size_t row, size_t index[8]) {
  size_t at = (size_t)w->start;
  for (int d = (int)w->rank - 1; d >= 0; d--) {
    size_t extent = (size_t)w->dims[d], above = row / extent;
    index[d] = row - above * extent;
    at += index[d] * (size_t)w->strides[d];
    row = above;
  }
  return at;
}

static inline size_t walk_on(const walk *w, size_t at, size_t index[8]) {
  for (int d = (int)w->rank - 1; d >= 0; d--) {
    at += (size_t)w->strides[d];
    if (++index[d] < (size_t)w->dims[d]) break;
    at -= (size_t)(w->dims[d] * w->strides[d]);
    index[d] = 0;
  }
  return at;
}

/* out: the table, dense. x: its rows, wherever the walk finds them. */
__kernel void move_rows(__global T *out, long out_offset, const __global T *x,
                        long x_offset, walk rows, spread table) {
  walk w = rows;
  size_t columns = (size_t)table.columns, stride = (size_t)w.stride;
  block own;
  if (!own_block(table, &own)) return;
  size_t index[8];
  size_t at = walk_to(&w, own.row, index);
  __global T *to = out + out_offset + own.row * columns + own.column;
  size_t first = (size_t)x_offset + own.column * stride; /* strides may be negative */
  for (size_t row = own.row; row < own.row_end; row++, to += columns) {
    if (stride == 1) {
      copy_run(to, x + (first + at), own.count);
    } else {
      for (size_t i = 0; i < own.count; i++) to[i] = x[first + at + i * stride];
    }
    at = walk_on(&w, at, index);
  }
}
