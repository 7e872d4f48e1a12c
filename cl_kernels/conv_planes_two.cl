/* Depthwise convolutions of planes (conv_planes.cl) where mul or div of the inner axis
 * is 2.
 *
 * depthwise_halves: mul 2. depthwise_doubles: div 2. Global: as depthwise_planes.
 *
 * filter_halves: as filter_planes. */

INLINED void read_nine(const __global T *w, const depthwise *s, AV weight[9]) {
#pragma unroll
  for (int i = 0; i < 9; i++) weight[i] = (AV)LOAD(w, (size_t)(i * s->channels));
}

/* Rows [row, last) of a plane, by a filter of 3 x 3. */
INLINED void halves_rows(const __global T *x, const __global T *w, __global T *y,
                         const depthwise *s, long row, long last, long limit) {
  AV weight[9];
  MV lane = LANE_NUMBERS * (MV)(MASK_LANE)2;
  long most = s->result[1] - V;
  read_nine(w, s, weight);
  for (; row < last; row++)
    for (long c = 0; c < s->result[1]; c += V) {
      long q = c > most && most >= 0 ? most : c, at[3];
      AV sum[3];
      MV inside[3];
#pragma unroll
      for (int v = 0; v < 3; v++) {
        at[v] = q * 2 + s->add[1] + v * s->tap_mul[1];
        inside[v] = lanes_inside(lane, at[v], s->source[1]);
        sum[v] = (AV)0;
      }
#pragma unroll
      for (int h = 0; h < 3; h++) {
        long line = line_of(s, row, h);
        if (line < 0) continue;
#pragma unroll
        for (int v = 0; v < 3; v++) {
          AV value = load_every(2, x, line * s->source[1] + at[v]);
          AV more = multiply_add(value, weight[h * 3 + v], sum[v]);
          sum[v] = SELECT(inside[v], more, sum[v]);
        }
      }
      store_row(y, row * s->result[1] + q, sum[0] + sum[1] + sum[2], s->result[1] - q,
                limit);
    }
}

__kernel void depthwise_halves(const __global T *x, long x_offset, const __global T *w,
                               long w_offset, __global T *y, long y_offset, depthwise s) {
  const depthwise here = s;
  plane_block b = block_of(&here);
  long size = here.source[0] * here.source[1];
  int nine = here.taps[0] == 3 && here.taps[1] == 3;
  x += x_offset;
  w += w_offset;
  y += y_offset;
  for (long plane = b.plane; plane < b.end; plane++) {
    const __global T *from = x + plane * size, *filter = w + plane % here.channels;
    __global T *to = y + plane * here.result[0] * here.result[1];
    long limit = limit_of(&here, &b, plane), low = b.first, high = b.last;
    if (is_near(&here, plane, 2 * V, b.count)) {
      rows_within(&here, plane, 2 * V, b.count, &low, &high);
      plane_slowly(from, filter, to, &here, b.first, low);
    }
    if (nine)
      halves_rows(from, filter, to, &here, low, high, limit);
    else
      plane_rows(2, from, filter, to, &here, low, high, limit);
    if (high < b.last) plane_slowly(from, filter, to, &here, high, b.last);
  }
}

/* Stores 2 * V columns from `at` on: those that lie at even and at odd places. */
INLINED void store_both(__global T *y, long at, AV even, AV odd, long left, long limit) {
  store_row(y, at, ZIP_LOW(even, odd), left, limit);
  if (left > V || at + 2 * V <= limit)
    store_row(y, at + V, ZIP_HIGH(even, odd), left - V, limit);
}

/* Columns [q, q + 2 * V) of a row: every other one meets the same taps. */
INLINED void double_tile(const __global T *x, const __global T *w, __global T *y,
                         const depthwise *s, long row, long q, long limit) {
  AV sum[2];
  MV lane = LANE_NUMBERS;
#pragma unroll
  for (int odd = 0; odd < 2; odd++) {
    sum[odd] = (AV)0;
    for (long v = 0; v < s->taps[1]; v++) {
      long n = q + odd + s->add[1] + v * s->tap_mul[1], p = n >> 1;
      if (n & 1) continue;
      MV inside = lanes_inside(lane, p, s->source[1]);
      for (long h = 0; h < s->taps[0]; h++) {
        long line = line_of(s, row, h);
        if (line < 0) continue;
        AV weight = (AV)LOAD(w, (size_t)((h * s->taps[1] + v) * s->channels));
        AV value = LOADV(x, (size_t)(line * s->source[1] + p));
        sum[odd] = SELECT(inside, multiply_add(value, weight, sum[odd]), sum[odd]);
      }
    }
  }
  store_both(y, row * s->result[1] + q, sum[0], sum[1], s->result[1] - q, limit);
}

/* Rows [row, last) of a plane, by a filter of 3 x 3 whose first and last column meet the
 * same columns: those from q on, two apart, where `odd` is 0. */
INLINED void doubles_rows(const __global T *x, const __global T *w, __global T *y,
                          const depthwise *s, long row, long last, long limit) {
  AV weight[9];
  MV lane = LANE_NUMBERS;
  long most = s->result[1] - 2 * V;
  read_nine(w, s, weight);
  for (; row < last; row++)
    for (long c = 0; c < s->result[1]; c += 2 * V) {
      long q = c > most && most >= 0 ? most : c, at[3];
      long odd = (q + s->add[1]) & 1;
      AV sum[3];
      MV inside[3];
#pragma unroll
      for (int v = 0; v < 3; v++) {
        long n = q + s->add[1] + v * s->tap_mul[1];
        at[v] = (n + (n & 1)) >> 1;
        inside[v] = lanes_inside(lane, at[v], s->source[1]);
        sum[v] = (AV)0;
      }
#pragma unroll
      for (int h = 0; h < 3; h++) {
        long line = line_of(s, row, h);
        if (line < 0) continue;
#pragma unroll
        for (int v = 0; v < 3; v++) {
          AV value = LOADV(x, (size_t)(line * s->source[1] + at[v]));
          AV more = multiply_add(value, weight[h * 3 + v], sum[v]);
          sum[v] = SELECT(inside[v], more, sum[v]);
        }
      }
      AV ends = sum[0] + sum[2];
      long to = row * s->result[1] + q, left = s->result[1] - q;
      if (odd)
        store_both(y, to, sum[1], ends, left, limit);
      else
        store_both(y, to, ends, sum[1], left, limit);
    }
}

__kernel void depthwise_doubles(const __global T *x, long x_offset, const __global T *w,
                                long w_offset, __global T *y, long y_offset, depthwise s) {
  const depthwise here = s;
  plane_block b = block_of(&here);
  long size = here.source[0] * here.source[1], most = here.result[1] - 2 * V;
  int nine = here.taps[0] == 3 && here.taps[1] == 3 && (here.tap_mul[1] & 1) != 0;
  x += x_offset;
  w += w_offset;
  y += y_offset;
  for (long plane = b.plane; plane < b.end; plane++) {
    const __global T *from = x + plane * size, *filter = w + plane % here.channels;
    __global T *to = y + plane * here.result[0] * here.result[1];
    long limit = limit_of(&here, &b, plane), low = b.first, high = b.last;
    if (is_near(&here, plane, V + 1, b.count)) {
      rows_within(&here, plane, V + 1, b.count, &low, &high);
      plane_slowly(from, filter, to, &here, b.first, low);
    }
    if (nine)
      doubles_rows(from, filter, to, &here, low, high, limit);
    else
      for (long row = low; row < high; row++)
        for (long q = 0; q < here.result[1]; q += 2 * V)
          double_tile(from, filter, to, &here, row, q > most && most >= 0 ? most : q,
                      limit);
    if (high < b.last) plane_slowly(from, filter, to, &here, high, b.last);
  }
}

__kernel void filter_halves(const __global T *x, long x_offset, const __global T *dy,
                            long dy_offset, __global A *sums, long sums_offset,
                            depthwise s) {
  const depthwise here = s;
  filter_channel(2, x + x_offset, dy + dy_offset, sums + sums_offset, &here);
}
