/* conv_tiles of conv.cl, for devices that are not like a CPU. */
__kernel void conv_tiles(const __global A *x, long x_offset, const __global A *w,
                         long w_offset, __global T *y, long y_offset, __global A *sums,
                         long sums_offset, conv s) {
  const conv here = s;
  make_block(0, x + x_offset, w + w_offset, y + y_offset, sums + sums_offset, &here);
}
