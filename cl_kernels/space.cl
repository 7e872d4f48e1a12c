/* Blocks of space to batches and back. The tables' rows have table.columns elements each:
 * out is [out_batches][out_dims[0]] ... [out_dims[rank - 1]] rows, x [x_batches][x_dims[0]]
 * ...; the one in blocks has its batches in the order [blocks[0]] ... [blocks[rank - 1]]
 * [batches of the other]. Blocks of work are own_block's. Any local size is legal. */

typedef struct blocks_of_space {
  long out_dims[8], x_dims[8], blocks[8];
  long before[8]; /* rows of padding, or cropped */
  long rank, out_batches, x_batches;
} blocks_of_space;

__kernel void space_to_batch(__global T *out, long out_offset, const __global T *x,
                             long x_offset, blocks_of_space all, spread table) {
  blocks_of_space s = all;
  size_t columns = (size_t)table.columns, x_batches = (size_t)s.x_batches;
  block own;
  if (!own_block(table, &own)) return;
  size_t space = 1;
  for (int d = 0; d < (int)s.rank; d++) space *= (size_t)s.out_dims[d];
  for (size_t row = own.row; row < own.row_end; row++) {
    size_t batch = row / space, rest = row - batch * space;
    size_t block_of = batch / x_batches, from = 0, stride = 1;
    batch -= block_of * x_batches;
    bool inside = true;
    for (int d = (int)s.rank - 1; d >= 0; d--) {
      size_t extent = (size_t)s.out_dims[d], size = (size_t)s.blocks[d];
      size_t above = rest / extent, block_above = block_of / size;
      size_t at = (rest - above * extent) * size + (block_of - block_above * size) -
                  (size_t)s.before[d];
      inside = inside && at < (size_t)s.x_dims[d];
      from += at * stride;
      stride *= (size_t)s.x_dims[d];
      rest = above;
      block_of = block_above;
    }
    from += batch * stride;
    __global T *to = out + out_offset + row * columns + own.column;
    if (inside) {
      copy_run(to, x + ((size_t)x_offset + from * columns + own.column), own.count);
    } else {
      fill_run(to, 0, own.count);
    }
  }
}

__kernel void batch_to_space(__global T *out, long out_offset, const __global T *x,
                             long x_offset, blocks_of_space all, spread table) {
  blocks_of_space s = all;
  size_t columns = (size_t)table.columns;
  block own;
  if (!own_block(table, &own)) return;
  for (size_t row = own.row; row < own.row_end; row++) {
    size_t rest = row, from = 0, stride = 1, block_of = 0, block_stride = 1;
    for (int d = (int)s.rank - 1; d >= 0; d--) {
      size_t extent = (size_t)s.out_dims[d], size = (size_t)s.blocks[d];
      size_t above = rest / extent;
      size_t at = rest - above * extent + (size_t)s.before[d];
      size_t place = at / size;
      from += place * stride;
      stride *= (size_t)s.x_dims[d];
      block_of += (at - place * size) * block_stride;
      block_stride *= size;
      rest = above;
    }
    from += (block_of * (size_t)s.out_batches + rest) * stride;
    copy_run(out + out_offset + row * columns + own.column,
             x + ((size_t)x_offset + from * columns + own.column), own.count);
  }
}
