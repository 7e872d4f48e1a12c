/* out, dense and of extents out_dims, from x, dense and of extents x_dims. Along dimension
 * d position i of out is i - before[d] of x; what lies outside of x is a constant
 * (pad_rows), the mirror image (mirror_rows) or what comes round from the other end
 * (wrap_rows, which also repeats and rolls). The last dimension is the columns, the `rank`
 * others the rows. Blocks are own_block's. Any local size is legal. */

typedef struct margins {
  long out_dims[8], x_dims[8], before[8];
  long rank;
} margins;

/* Of a possibly negative position, in [0, extent). */
static inline long wrapped(long at, long extent) {
  long rest = at - at / extent * extent;
  return rest < 0 ? rest + extent : rest;
}

/* The image of a position up to extent - 1 (or, with `edge` 1, extent) outside. */
static inline long mirrored(long at, long extent, int edge) {
  long low = at < 0 ? -at - edge : at;
  return low < extent ? low : 2 * extent - 2 + edge - low;
}

/* The parts of the block of `count` columns from `column` on: [0, x.begin) lies in front of
 * x, [x.end, count) behind it. */
typedef struct parts {
  size_t begin, end;
} parts;

static inline parts part_block(size_t column, size_t count, size_t before, size_t width) {
  parts p;
  p.begin = column < before ? AT_MOST(before - column, count) : 0;
  p.end = before + width > column ? AT_MOST(before + width - column, count) : 0;
  if (p.end < p.begin) p.end = p.begin;
  return p;
}

__kernel void pad_rows(__global T *out, long out_offset, const __global T *x, long x_offset,
                       const __global T *value, long value_offset, int has_value,
                       margins all, spread table) {
  margins m = all;
  int last = (int)m.rank;
  size_t columns = (size_t)table.columns, width = (size_t)m.x_dims[last];
  size_t before = (size_t)m.before[last];
  T filler = 0;
  if (has_value) filler = value[value_offset];
  block own;
  if (!own_block(table, &own)) return;
  parts p = part_block(own.column, own.count, before, width);
  for (size_t row = own.row; row < own.row_end; row++) {
    __global T *to = out + out_offset + row * columns + own.column;
    size_t rest = row, from = 0, stride = width;
    bool inside = true;
    for (int d = last - 1; d >= 0; d--) {
      size_t extent = (size_t)m.out_dims[d], above = rest / extent;
      size_t at = rest - above * extent - (size_t)m.before[d];
      inside = inside && at < (size_t)m.x_dims[d];
      from += at * stride;
      stride *= (size_t)m.x_dims[d];
      rest = above;
    }
    if (!inside) {
      fill_run(to, filler, own.count);
      continue;
    }
    fill_run(to, filler, p.begin);
    if (p.begin < p.end)
      copy_run(to + p.begin, x + ((size_t)x_offset + from + own.column + p.begin - before),
               p.end - p.begin);
    fill_run(to + p.end, filler, own.count - p.end);
  }
}

__kernel void mirror_rows(__global T *out, long out_offset, const __global T *x,
                          long x_offset, int edge, margins all, spread table) {
  margins m = all;
  int last = (int)m.rank;
  size_t columns = (size_t)table.columns;
  long width = m.x_dims[last], before = m.before[last];
  block own;
  if (!own_block(table, &own)) return;
  parts p = part_block(own.column, own.count, (size_t)before, (size_t)width);
  for (size_t row = own.row; row < own.row_end; row++) {
    __global T *to = out + out_offset + row * columns + own.column;
    size_t rest = row, from = 0, stride = (size_t)width;
    for (int d = last - 1; d >= 0; d--) {
      size_t extent = (size_t)m.out_dims[d], above = rest / extent;
      long at = (long)(rest - above * extent) - m.before[d];
      from += (size_t)mirrored(at, m.x_dims[d], edge) * stride;
      stride *= (size_t)m.x_dims[d];
      rest = above;
    }
    const __global T *row_of_x = x + ((size_t)x_offset + from);
    long first = (long)own.column - before;
    for (size_t i = 0; i < p.begin; i++)
      to[i] = row_of_x[mirrored(first + (long)i, width, edge)];
    if (p.begin < p.end)
      copy_run(to + p.begin, row_of_x + (first + (long)p.begin), p.end - p.begin);
    for (size_t i = p.end; i < own.count; i++)
      to[i] = row_of_x[mirrored(first + (long)i, width, edge)];
  }
}

__kernel void wrap_rows(__global T *out, long out_offset, const __global T *x,
                        long x_offset, margins all, spread table) {
  margins m = all;
  int last = (int)m.rank;
  size_t columns = (size_t)table.columns, width = (size_t)m.x_dims[last];
  block own;
  if (!own_block(table, &own)) return;
  size_t first = (size_t)wrapped((long)own.column - m.before[last], (long)width);
  for (size_t row = own.row; row < own.row_end; row++) {
    __global T *to = out + out_offset + row * columns + own.column;
    size_t rest = row, from = (size_t)x_offset, stride = width;
    for (int d = last - 1; d >= 0; d--) {
      size_t extent = (size_t)m.out_dims[d], above = rest / extent;
      long at = (long)(rest - above * extent) - m.before[d];
      from += (size_t)wrapped(at, m.x_dims[d]) * stride;
      stride *= (size_t)m.x_dims[d];
      rest = above;
    }
    size_t run = AT_MOST(width - first, own.count);
    copy_run(to, x + (from + first), run);
    for (size_t i = run; i < own.count; i += width)
      copy_run(to + i, x + from, AT_MOST(width, own.count - i));
  }
}
