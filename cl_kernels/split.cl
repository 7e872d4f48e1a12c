/* Strips of a table of rows, `x_width` long each, to up to four arrays: array k takes
 * widths[k] elements from columns[k] of each row on. Id 2 is k; the block of the others is
 * own_block's in a table as wide as the widest. Any local size is legal. */

typedef struct strips {
  long widths[4], columns[4];
  long x_width;
} strips;

__kernel void split(__global T *out0, long offset0, __global T *out1, long offset1,
                    __global T *out2, long offset2, __global T *out3, long offset3,
                    const __global T *x, long x_offset, strips all, spread table) {
  strips s = all;
  int k = (int)get_global_id(2);
  size_t width = (size_t)s.widths[k], x_width = (size_t)s.x_width;
  table.columns = s.widths[k];
  block own;
  if (!own_block(table, &own)) return;
  __global T *to = k == 0   ? out0 + offset0
                   : k == 1 ? out1 + offset1
                   : k == 2 ? out2 + offset2
                            : out3 + offset3;
  const __global T *from = x + x_offset + (size_t)s.columns[k];
  for (size_t row = own.row; row < own.row_end; row++)
    copy_run(to + row * width + own.column, from + row * x_width + own.column, own.count);
}
