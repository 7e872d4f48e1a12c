/* filter_tiles of conv_filter.cl, for devices that are not like a CPU. */
__kernel void filter_tiles(const __global A *x, long x_offset, const __global A *dy,
                           long dy_offset, __global T *y, long y_offset, __global A *sums,
                           long sums_offset, filter_conv s) {
  const filter_conv here = s;
  filter_block(0, x + x_offset, dy + dy_offset, y + y_offset, sums + sums_offset, &here);
}
