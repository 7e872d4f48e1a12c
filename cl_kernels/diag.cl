/* Bands of matrices: the diagonals `lower` to `upper`, both included; diagonal d holds the
 * elements (i, i + d). Matrices are [batch][rows][columns]; the table has their rows.
 * Diagonals are [batch][upper - lower + 1][length], the uppermost first, each aligned left
 * or right within `length`. Blocks are own_block's. Any local size is legal. */

typedef struct band {
  long rows, columns, lower, upper, length;
  long upper_left,
      lower_left; /* whether those with d >= 0, with d <= 0, are aligned left */
} band;

static inline long band_length(band b, long d) {
  long down = b.rows + AT_MOST(d, 0), across = b.columns - (d > 0 ? d : 0);
  return AT_MOST(down, across);
}

/* Where diagonal d begins within `length`. */
static inline long band_begin(band b, long d) {
  bool left = (d >= 0 && b.upper_left) || (d <= 0 && b.lower_left);
  return left ? 0 : b.length - band_length(b, d);
}

/* Of element (i, j) among the diagonals of one matrix. */
static inline size_t band_place(band b, long i, long j) {
  long d = j - i;
  return (size_t)((b.upper - d) * b.length + band_begin(b, d) + (d < 0 ? j : i));
}

/* The part [begin, end) of a block that lies in columns [first, last]. */
typedef struct inner {
  size_t begin, end;
} inner;

static inline inner band_part(const block *own, long first, long last) {
  inner part;
  long from = first - (long)own->column, to = last + 1 - (long)own->column;
  long count = (long)own->count;
  from = from < 0 ? 0 : from;
  part.begin = (size_t)AT_MOST(from, count);
  to = to < (long)part.begin ? (long)part.begin : to;
  part.end = (size_t)AT_MOST(to, count);
  return part;
}

/* padding: one element. */
__kernel void matrix_diag(__global T *out, long out_offset, const __global T *diagonals,
                          long diagonals_offset, T padding, band all, spread table) {
  band b = all;
  size_t columns = (size_t)table.columns, height = (size_t)b.rows;
  size_t each = (size_t)((b.upper - b.lower + 1) * b.length);
  block own;
  if (!own_block(table, &own)) return;
  for (size_t row = own.row; row < own.row_end; row++) {
    size_t batch = row / height, i = row - batch * height;
    inner part = band_part(&own, (long)i + b.lower, (long)i + b.upper);
    __global T *to = out + out_offset + row * columns + own.column;
    const __global T *from = diagonals + diagonals_offset + batch * each;
    fill_run(to, padding, part.begin);
    for (size_t j = part.begin; j < part.end; j++)
      to[j] = from[band_place(b, (long)i, (long)(own.column + j))];
    fill_run(to + part.end, padding, own.count - part.end);
  }
}

__kernel void matrix_set_diag(__global T *out, long out_offset, const __global T *x,
                              long x_offset, const __global T *diagonals,
                              long diagonals_offset, band all, spread table) {
  band b = all;
  size_t columns = (size_t)table.columns, height = (size_t)b.rows;
  size_t each = (size_t)((b.upper - b.lower + 1) * b.length);
  block own;
  if (!own_block(table, &own)) return;
  for (size_t row = own.row; row < own.row_end; row++) {
    size_t batch = row / height, i = row - batch * height;
    inner part = band_part(&own, (long)i + b.lower, (long)i + b.upper);
    size_t begin = row * columns + own.column;
    __global T *to = out + out_offset + begin;
    const __global T *kept = x + x_offset + begin;
    const __global T *from = diagonals + diagonals_offset + batch * each;
    copy_run(to, kept, part.begin);
    for (size_t j = part.begin; j < part.end; j++)
      to[j] = from[band_place(b, (long)i, (long)(own.column + j))];
    copy_run(to + part.end, kept + part.end, own.count - part.end);
  }
}

/* The table's rows are the diagonals, `length` elements each. */
__kernel void matrix_diag_part(__global T *out, long out_offset, const __global T *x,
                               long x_offset, T padding, band all, spread table) {
  band b = all;
  size_t length = (size_t)b.length, diagonals = (size_t)(b.upper - b.lower + 1);
  block own;
  if (!own_block(table, &own)) return;
  for (size_t row = own.row; row < own.row_end; row++) {
    size_t batch = row / diagonals;
    long d = b.upper - (long)(row - batch * diagonals), begin = band_begin(b, d);
    inner part = band_part(&own, begin, begin + band_length(b, d) - 1);
    size_t top = (size_t)(d < 0 ? -d : 0), left = (size_t)(d > 0 ? d : 0);
    size_t first = (batch * (size_t)b.rows + top) * (size_t)b.columns + left;
    __global T *to = out + out_offset + row * length + own.column;
    fill_run(to, padding, part.begin);
    for (size_t n = part.begin; n < part.end; n++) {
      size_t along = own.column + n - (size_t)begin;
      to[n] = x[(size_t)x_offset + first + along * (size_t)(b.columns + 1)];
    }
    fill_run(to + part.end, padding, own.count - part.end);
  }
}

/* What lies outside of the band becomes 0. */
__kernel void matrix_band_part(__global T *out, long out_offset, const __global T *x,
                               long x_offset, band all, spread table) {
  band b = all;
  size_t columns = (size_t)table.columns, height = (size_t)b.rows;
  block own;
  if (!own_block(table, &own)) return;
  for (size_t row = own.row; row < own.row_end; row++) {
    size_t above = row / height, i = row - above * height;
    inner part = band_part(&own, (long)i + b.lower, (long)i + b.upper);
    size_t begin = row * columns + own.column;
    __global T *to = out + out_offset + begin;
    fill_run(to, 0, part.begin);
    copy_run(to + part.begin, x + x_offset + begin + part.begin, part.end - part.begin);
    fill_run(to + part.end, 0, own.count - part.end);
  }
}

__kernel void eye(__global T *out, long out_offset, T one, band all, spread table) {
  band b = all;
  size_t columns = (size_t)table.columns, height = (size_t)b.rows;
  block own;
  if (!own_block(table, &own)) return;
  for (size_t row = own.row; row < own.row_end; row++) {
    size_t above = row / height, i = row - above * height;
    inner part = band_part(&own, (long)i, (long)i);
    __global T *to = out + out_offset + row * columns + own.column;
    fill_run(to, 0, part.begin);
    if (part.begin < part.end) to[part.begin] = one;
    fill_run(to + part.end, 0, own.count - part.end);
  }
}
