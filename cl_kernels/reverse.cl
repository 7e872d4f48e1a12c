/* Sequences of different lengths, each turned round: x and out are [outer][first][middle]
 * [second] rows of table.columns elements. With batch_first `first` counts the batches and
 * `second` the steps, else the other way round. A length is int, or long when `wide`; for
 * one outside [0, steps] nothing is turned and the cell becomes the least such batch.
 * Blocks are own_block's. Any local size is legal. */

static inline long load_length(const __global int *p, size_t i, int wide) {
  return wide ? ((const __global long *)p)[i] : p[i];
}

__kernel void reverse_sequence(__global T *out, long out_offset, const __global T *x,
                               long x_offset, const __global int *lengths,
                               long lengths_offset, int wide, int batch_first, long firsts,
                               long middles, long seconds, spread table,
                               volatile __global int *cells, int slot) {
  size_t columns = (size_t)table.columns;
  size_t steps = (size_t)(batch_first ? seconds : firsts);
  block own;
  if (!own_block(table, &own)) return;
  for (size_t row = own.row; row < own.row_end; row++) {
    size_t above = row / (size_t)seconds, second = row - above * (size_t)seconds;
    size_t outer = above / (size_t)middles, middle = above - outer * (size_t)middles;
    size_t top = outer / (size_t)firsts, first = outer - top * (size_t)firsts;
    size_t batch = batch_first ? first : second, step = batch_first ? second : first;
    size_t length = (size_t)load_length(lengths, (size_t)lengths_offset + batch, wide);
    if (length > steps) {
      length = 0;
      atomic_min(cells + slot, (int)AT_MOST(batch, (size_t)(INT_MAX - 1)));
    }
    if (step < length) step = length - 1 - step;
    if (batch_first) {
      second = step;
    } else {
      first = step;
    }
    size_t from =
        ((top * (size_t)firsts + first) * (size_t)middles + middle) * (size_t)seconds +
        second;
    copy_run(out + out_offset + row * columns + own.column,
             x + ((size_t)x_offset + from * columns + own.column), own.count);
  }
}
