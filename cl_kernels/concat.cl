/* Up to four arrays side by side: array k is a table of `rows` rows of widths[k] elements,
 * and goes to columns[k] of each row, `out_width` long, of out. Id 2 is k; the block of the
 * others is own_block's in a table as wide as the widest. Any local size is legal. */

typedef struct strips {
  long widths[4], columns[4];
  long out_width;
} strips;

__kernel void concat(__global T *out, long out_offset, const __global T *x0, long offset0,
                     const __global T *x1, long offset1, const __global T *x2, long offset2,
                     const __global T *x3, long offset3, strips all, spread table) {
  strips s = all;
  int k = (int)get_global_id(2);
  size_t width = (size_t)s.widths[k], out_width = (size_t)s.out_width;
  table.columns = s.widths[k];
  block own;
  if (!own_block(table, &own)) return;
  const __global T *from = k == 0   ? x0 + offset0
                           : k == 1 ? x1 + offset1
                           : k == 2 ? x2 + offset2
                                    : x3 + offset3;
  __global T *to = out + out_offset + (size_t)s.columns[k];
  for (size_t row = own.row; row < own.row_end; row++)
    copy_run(to + row * out_width + own.column, from + row * width + own.column, own.count);
}
