/* Rows picked by index: params is [batches][outer][extent] rows, indices [batches][picks],
 * out the table [batches][outer][picks] of rows; a row has table.columns elements. Indices
 * are short, int or long: `kind` 0, 1 or 2. For one outside [0, extent) the row becomes
 * zero and the cell the least such position. Blocks are own_block's. Any local size is
 * legal. */

static inline long load_index(const __global uchar *p, size_t i, int kind) {
  switch (kind) {
  case 0:
    return ((const __global short *)p)[i];
  case 1:
    return ((const __global int *)p)[i];
  default:
    return ((const __global long *)p)[i];
  }
}

enum { AHEAD = 8 }; /* rows asked for before they are copied */

__kernel void gather(__global T *out, long out_offset, const __global T *params,
                     long params_offset, const __global uchar *indices, long indices_offset,
                     int kind, long outer_count, long extent, long pick_count, spread table,
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
    size_t index = (size_t)load_index(indices, (size_t)indices_offset + position, kind);
    if (pick + AHEAD < picks && row + AHEAD < own.row_end) {
      size_t next =
          (size_t)load_index(indices, (size_t)indices_offset + position + AHEAD, kind);
      if (next < limit) PREFETCH(from + (group * limit + next) * columns, own.count);
    }
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

typedef struct corner {
  long dims[8], strides[8];
  long depth;   /* of an index */
  long targets; /* slices in a batch; strides are in them */
} corner;

/* Slices picked by coordinates: params is [batches][targets] rows, indices
 * [batches][picks][depth], out [batches][picks] rows. */
__kernel void gather_nd(__global T *out, long out_offset, const __global T *params,
                        long params_offset, const __global uchar *indices,
                        long indices_offset, int kind, long pick_count, corner shape,
                        spread table, volatile __global int *cells, int slot) {
  corner c = shape;
  block own;
  if (!own_block(table, &own)) return;
  size_t columns = (size_t)table.columns, picks = (size_t)pick_count;
  __global T *to = out + out_offset + own.row * columns + own.column;
  const __global T *from = params + params_offset + own.column;
  for (size_t row = own.row; row < own.row_end; row++, to += columns) {
    size_t slice = row / picks * (size_t)c.targets;
    bool legal = true;
    for (int d = 0; d < c.depth; d++) {
      size_t at = (size_t)indices_offset + row * (size_t)c.depth + (size_t)d;
      long index = load_index(indices, at, kind);
      if (index < 0 || index >= c.dims[d])
        legal = false;
      else
        slice += (size_t)(index * c.strides[d]);
    }
    if (legal) {
      copy_run(to, from + slice * columns, own.count);
    } else {
      fill_run(to, 0, own.count);
      if (own.column == 0)
        atomic_min(cells + slot, (int)AT_MOST(row, (size_t)(INT_MAX - 1)));
    }
  }
}
