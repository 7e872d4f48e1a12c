/* Up to four arrays side by side: array k is a table of `rows` rows of widths[k] elements,
 * and goes to columns[k] of each row, `out_width` long, of out. Id 2 counts arrays, each
 * work-item taking `together` of them; the block of the others is own_block's in a table as
 * wide as the widest, or as all together. Any local size is legal. */

typedef struct strips {
  long widths[4], columns[4];
  long out_width, together;
} strips;

__kernel void concat(__global T *out, long out_offset, const __global T *x0, long offset0,
                     const __global T *x1, long offset1, const __global T *x2, long offset2,
                     const __global T *x3, long offset3, strips all, spread table) {
  strips s = all;
  size_t out_width = (size_t)s.out_width;
  int first = (int)get_global_id(2) * (int)s.together;
  if (s.together == 1) table.columns = s.widths[first];
  block own;
  if (!own_block(table, &own)) return;
  out += out_offset;
  for (size_t row = own.row; row < own.row_end; row++)
    for (int k = first; k < first + (int)s.together; k++) {
      size_t width = (size_t)s.widths[k];
      const __global T *from = k == 0   ? x0 + offset0
                               : k == 1 ? x1 + offset1
                               : k == 2 ? x2 + offset2
                                        : x3 + offset3;
      copy_run(out + row * out_width + (size_t)s.columns[k] + own.column,
               from + row * width + own.column, s.together == 1 ? own.count : width);
    }
}
