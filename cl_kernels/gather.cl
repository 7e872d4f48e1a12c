/* Rows picked by index: params is [batches][outer][extent] rows, indices [batches][picks],
 * out the table [batches][outer][picks] of rows; a row has table.columns elements. Indices
 * are int, or long when `wide`. For one outside [0, extent) the row becomes zero and the
 * cell the least such position. Blocks are own_block's. Any local size is legal. */

static inline long load_index(const __global int *p, size_t i, int wide) {
  return wide ? ((const __global long *)p)[i] : p[i];
}

__kernel void gather(__global T *out, long out_offset, const __global T *params,
                     long params_offset, const __global int *indices, long indices_offset,
                     int wide, long outer_count, long extent, long pick_count, spread table,
                     volatile __global int *cells, int slot) {
  block own;
  if (!own_block(table, &own)) return;
  size_t columns = (size_t)table.columns, picks = (size_t)pick_count;
  size_t outer = (size_t)outer_count, limit = (size_t)extent;
  size_t group = own.row / picks, pick = own.row - group * picks;
  size_t batch = group / outer;
  __global T *to = out + out_offset + own.row * columns + own.column;
  const __global T *from = params + params_offset + own.column;
  for (size_t row = own.row; row < own.row_end; row++, to += columns) {
    size_t position = batch * picks + pick;
    size_t index = (size_t)load_index(indices, (size_t)indices_offset + position, wide);
    if (index < limit) {
      copy_run(to, from + (group * limit + index) * columns, own.count);
    } else {
      fill_run(to, 0, own.count);
      if (own.column == 0)
        atomic_min(cells + slot, (int)AT_MOST(position, (size_t)(INT_MAX - 1)));
    }
    if (++pick == picks) {
      pick = 0;
      group++;
      batch = group / outer;
    }
  }
}
