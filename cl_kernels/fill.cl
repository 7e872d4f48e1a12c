/* out: one row, every element of it *value. Blocks are own_block's. Any local size is
 * legal. */
__kernel void fill(__global T *out, long out_offset, const __global T *value,
                   long value_offset, spread table) {
  block own;
  if (!own_block(table, &own)) return;
  fill_run(out + out_offset + own.column, value[value_offset], own.count);
}
