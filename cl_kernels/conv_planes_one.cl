/* Depthwise convolutions of planes (conv_planes.cl) where mul and div of the inner axis are
 * 1.
 *
 * depthwise_planes: global: blocks of planes_each planes, blocks of rows_each rows, the
 * latter side by side.
 *
 * filter_planes: parts of `part` images. Global: parts, channels, the latter side by side.
 */

#define BAND 4096 /* elements of a plane that stay in a cache */

/* Columns [q, q + V) of rows [row, last) by a filter of 3 x 3 whose rows meet rows side by
 * side: a row of the source adds to three rows, which wait in registers. Each has a sum for
 * each column of the filter, so that no product waits for the one before it. */
INLINED void nine_taps(const __global T *x, __global T *y, const depthwise *s,
                       const AV weight[9], long row, long last, long q, long limit) {
  AV sum[3][3];
  MV lane = LANE_NUMBERS, inside[3];
  long at[3], width = s->source[1], line = row + s->add[0] - (s->tap_mul[0] < 0 ? 2 : 0);
#pragma unroll
  for (int v = 0; v < 3; v++) {
    at[v] = q + s->add[1] + v * s->tap_mul[1];
    inside[v] = lanes_inside(lane, at[v], width);
    sum[0][v] = sum[1][v] = sum[2][v] = (AV)0;
  }
  const __global T *from = x + line * width;
  long to = (row - 2) * s->result[1] + q;
  for (long i = row - 2; i < last; i++, line++) {
    if (line >= 0 && line < s->source[0]) {
#pragma unroll
      for (int v = 0; v < 3; v++) {
        AV value = LOADV(from + at[v], 0);
#pragma unroll
        for (int h = 0; h < 3; h++)
          sum[h][v] = SELECT(inside[v], multiply_add(value, weight[h * 3 + v], sum[h][v]),
                             sum[h][v]);
      }
    }
    if (i >= row)
      store_row(y, to, sum[2][0] + sum[2][1] + sum[2][2], s->result[1] - q, limit);
    from += width;
    to += s->result[1];
#pragma unroll
    for (int v = 0; v < 3; v++) {
      sum[2][v] = sum[1][v];
      sum[1][v] = sum[0][v];
      sum[0][v] = (AV)0;
    }
  }
}

/* Rows [row, last) of a plane. */
INLINED void nine_rows(const __global T *x, const __global T *w, __global T *y,
                       const depthwise *s, long row, long last, long limit) {
  AV weight[9];
  long most = s->result[1] - V, band = BAND / s->result[1] + LINES;
#pragma unroll
  for (int i = 0; i < 9; i++) {
    long h = s->tap_mul[0] < 0 ? 2 - i / 3 : i / 3;
    weight[i] = (AV)LOAD(w, (size_t)((h * 3 + i % 3) * s->channels));
  }
  for (; row < last; row += band)
    for (long q = 0; q < s->result[1]; q += V)
      nine_taps(x, y, s, weight, row, AT_MOST(row + band, last),
                q > most && most >= 0 ? most : q, limit);
}

__kernel void depthwise_planes(const __global T *x, long x_offset, const __global T *w,
                               long w_offset, __global T *y, long y_offset, depthwise s) {
  const depthwise here = s;
  plane_block b = block_of(&here);
  long size = here.source[0] * here.source[1];
  int nine = here.taps[0] == 3 && here.taps[1] == 3 && here.mul[0] == 1 &&
             here.div[0] == 1 && (here.tap_mul[0] == 1 || here.tap_mul[0] == -1);
  x += x_offset;
  w += w_offset;
  y += y_offset;
  for (long plane = b.plane; plane < b.end; plane++) {
    const __global T *from = x + plane * size, *filter = w + plane % here.channels;
    __global T *to = y + plane * here.result[0] * here.result[1];
    long limit = limit_of(&here, &b, plane), low = b.first, high = b.last;
    if (is_near(&here, plane, V, b.count)) {
      rows_within(&here, plane, V, b.count, &low, &high);
      plane_slowly(from, filter, to, &here, b.first, low);
    }
    if (nine)
      nine_rows(from, filter, to, &here, low, high, limit);
    else
      plane_rows(1, from, filter, to, &here, low, high, limit);
    if (high < b.last) plane_slowly(from, filter, to, &here, high, b.last);
  }
}

__kernel void filter_planes(const __global T *x, long x_offset, const __global T *dy,
                            long dy_offset, __global A *sums, long sums_offset,
                            depthwise s) {
  const depthwise here = s;
  filter_channel(1, x + x_offset, dy + dy_offset, sums + sums_offset, &here);
}
