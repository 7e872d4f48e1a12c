/* indices is [rows][suffix], out [rows][depth][suffix]. `kind` says what an index is: 0
 * uchar, 1 char, 2 int, 3 long. Blocks are own_block's. Any local size is legal. */

static inline long load_class(const __global uchar *p, size_t i, int kind) {
  switch (kind) {
  case 0:
    return p[i];
  case 1:
    return ((const __global char *)p)[i];
  case 2:
    return ((const __global int *)p)[i];
  default:
    return ((const __global long *)p)[i];
  }
}

/* A suffix of 1: the table is [rows][depth]. */
__kernel void one_hot_last(__global T *out, long out_offset, const __global uchar *indices,
                           long indices_offset, const __global T *on_value, long on_offset,
                           const __global T *off_value, long off_offset, int kind,
                           spread table) {
  block own;
  if (!own_block(table, &own)) return;
  T on = on_value[on_offset], off = off_value[off_offset];
  for (size_t row = own.row; row < own.row_end; row++) {
    __global T *to = out + out_offset + row * (size_t)table.columns + own.column;
    long hot = load_class(indices, (size_t)indices_offset + row, kind) - (long)own.column;
    fill_run(to, off, own.count);
    if (hot >= 0 && hot < (long)own.count) to[hot] = on;
  }
}

/* The table is [rows * depth][suffix]. */
__kernel void one_hot(__global T *out, long out_offset, const __global uchar *indices,
                      long indices_offset, const __global T *on_value, long on_offset,
                      const __global T *off_value, long off_offset, int kind, long depth,
                      spread table) {
  block own;
  if (!own_block(table, &own)) return;
  T on = on_value[on_offset], off = off_value[off_offset];
  size_t suffix = (size_t)table.columns;
  for (size_t row = own.row; row < own.row_end; row++) {
    size_t group = row / (size_t)depth;
    long wanted = (long)(row - group * (size_t)depth);
    __global T *to = out + out_offset + row * suffix + own.column;
    size_t first = (size_t)indices_offset + group * suffix + own.column;
    for (size_t i = 0; i < own.count; i++)
      to[i] = load_class(indices, first + i, kind) == wanted ? on : off;
  }
}
