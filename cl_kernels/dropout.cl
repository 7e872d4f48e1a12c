/* Dropout: y = x / (1 - rate) where the draw of its place is at least `rate`, else 0. Draw
 * j is number j of stateless uniform float32. noise_strides say which draw an element of
 * the row-major shape `dims` takes: 0 where the noise repeats. One work-item per element;
 * any local size is legal. */

typedef struct {
  long count, rank;
  long dims[8], strides[8];
} noise_walk;

__kernel void dropout(const __global T *x, long x_offset, __global T *y, long y_offset,
                      noise_walk given, ulong seed0, ulong seed1, float rate, A scale) {
  noise_walk walk = given;
  long item = get_global_id(0);
  if (item >= walk.count) return;
  long rest = item, draw = 0;
#pragma unroll
  for (int d = 7; d >= 0; d--) {
    if (d >= walk.rank) continue;
    long next = rest / walk.dims[d];
    draw += (rest - next * walk.dims[d]) * walk.strides[d];
    rest = next;
  }
  uint4 word = block_words((ulong)draw >> 2, seed0, seed1);
  uint pair = draw & 2 ? (draw & 1 ? word.w : word.z) : (draw & 1 ? word.y : word.x);
  A value = (A)0;
  if ((float)(pair >> 8) * 0x1p-24f >= rate) value = LOAD(x, x_offset + item) * scale;
  STORE(y, y_offset + item, value);
}
