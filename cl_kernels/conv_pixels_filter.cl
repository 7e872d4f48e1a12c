/* Gradients of depthwise filters where channels lie side by side (conv_pixels.cl).
 *
 * filter_pixels: parts of `part` of all images' rows. Global: parts, blocks of
 * panels_each * V channels, the latter side by side.
 *
 * filter_columns: the same for filters of 3 x 3, mul and tap_mul 1. */

#define FEW  4   /* where three rows of them and nine sums wait in registers */
#define TAPS 3   /* of either axis of the filter, in registers */
#define BAND 224 /* pixels that are read for one panel, then for the next */

/* Adds one pixel of dy to TAPS taps of `lines` rows of the filter: tap (h, i) meets the
 * pixel of x at from[i] + h * line. */
INLINED void filter_pixel(int lines, const __global T *from[TAPS], size_t line,
                          const __global T *dy, const int there[TAPS],
                          AV sum[TAPS * TAPS]) {
  AV d = LOADV(dy, 0);
#pragma unroll
  for (int i = 0; i < TAPS; i++) {
    if (!there[i]) continue;
#pragma unroll
    for (int h = 0; h < lines; h++)
      sum[h * TAPS + i] = multiply_add(LOADV(from[i], h * line), d, sum[h * TAPS + i]);
  }
}

/* Adds one row of dy to taps [v, v + TAPS) of `lines` (1 to TAPS) rows of the filter, which
 * meet rows of x from `x` on, `line` elements apart. */
INLINED void filter_row(int lines, const __global T *x, long line, const __global T *dy,
                        const depthwise *s, long v, AV sum[TAPS * TAPS]) {
  const int all[TAPS] = {1, 1, 1};
  long width = s->source[1], out = s->result[1], mul = s->mul[1], at[TAPS];
  size_t channels = (size_t)s->channels, step = (size_t)(mul * s->channels);
  const __global T *from[TAPS];
#pragma unroll
  for (int i = 0; i < TAPS; i++) {
    at[i] = AT_MOST(v + i, s->taps[1] - 1) * s->tap_mul[1] + s->add[1];
    from[i] = x + at[i] * s->channels;
  }
  long begin = at[0] < 0 ? (mul - 1 - at[0]) / mul : 0, reach = width - 1 - at[TAPS - 1];
  long end = reach < 0 ? 0 : reach / mul + 1;
  end = AT_MOST(end, out);
  for (long p = 0; p < out;) {
    int there[TAPS];
    if (p == begin)
      for (; p < end; p++, dy += channels) {
        filter_pixel(lines, from, (size_t)line, dy, all, sum);
#pragma unroll
        for (int i = 0; i < TAPS; i++) from[i] += step;
      }
    if (p == out) break;
#pragma unroll
    for (int i = 0; i < TAPS; i++) {
      long q = p * mul + at[i];
      there[i] = q >= 0 && q < width;
    }
    filter_pixel(lines, from, (size_t)line, dy, there, sum);
#pragma unroll
    for (int i = 0; i < TAPS; i++) from[i] += step;
    p++;
    dy += channels;
  }
}

/* Adds to or begins the sums of taps (h, v) to (h + TAPS, v + TAPS). */
INLINED void keep_sums(__global A *sums, const depthwise *s, const AV sum[TAPS * TAPS],
                       long h, long v, int is_first, int skip) {
#pragma unroll
  for (int i = 0; i < TAPS * TAPS; i++) {
    long row = h + i / TAPS, column = v + i % TAPS;
    if (row >= s->taps[0] || column >= s->taps[1]) continue;
    __global A *p = sums + (row * s->taps[1] + column) * s->channels;
    if (skip == 0) {
      AV total = sum[i];
      if (!is_first) total += VLOAD(0, p);
      VSTORE(total, 0, p);
      continue;
    }
    A lanes[V];
    VSTORE(sum[i], 0, lanes);
    ROLLED for (int l = skip; l < V; l++) p[l] = is_first ? lanes[l] : p[l] + lanes[l];
  }
}

/* Rows [row, last) of all images', V channels from `first` on, taps as in keep_sums. */
INLINED void filter_band(const __global T *x, const __global T *dy, const depthwise *s,
                         long row, long last, long h, long v, int ahead,
                         AV sum[TAPS * TAPS]) {
  long line_size = s->source[1] * s->channels, step = s->tap_mul[0];
  long rows = s->batch * s->result[0], dy_size = s->result[1] * s->channels;
  int lines = (int)AT_MOST(s->taps[0] - h, TAPS);
#pragma unroll
  for (int i = 0; i < TAPS * TAPS; i++) sum[i] = (AV)0;
  for (; row < last; row++) {
    long n = row / s->result[0], q = row - n * s->result[0];
    long line = q * s->mul[0] + s->add[0] + h * step;
    const __global T *to = dy + row * s->result[1] * s->channels;
    const __global T *from = x + (n * s->source[0] + line) * line_size;
    if (ahead) {
      long next = n * s->source[0] + line + TAPS * step;
      touch(x, next * line_size, (next + s->mul[0]) * line_size,
            s->batch * s->source[0] * line_size);
      touch(dy, (row + 1) * dy_size, (row + 2) * dy_size, rows * dy_size);
    }
    if (lines > 1 && line >= 0 && line + (lines - 1) * step < s->source[0]) {
      if (lines == TAPS)
        filter_row(TAPS, from, step * line_size, to, s, v, sum);
      else
        filter_row(2, from, step * line_size, to, s, v, sum);
      continue;
    }
#pragma unroll
    for (int i = 0; i < TAPS; i++)
      if (i < lines && line + i * step >= 0 && line + i * step < s->source[0])
        filter_row(1, from + i * step * line_size, 0, to, s, v, sum + i * TAPS);
  }
}

__kernel void filter_pixels(const __global T *x, long x_offset, const __global T *dy,
                            long dy_offset, __global A *sums, long sums_offset,
                            depthwise s) {
  const depthwise here = s;
  long id = (long)get_global_id(0), width = here.panels_each * V;
  long panels = (here.channels + width - 1) / width, part = id / panels;
  long channel = (id - part * panels) * width;
  long end = AT_MOST(channel + width, here.channels), rows = here.batch * here.result[0];
  long begin = part * here.part, last = AT_MOST(begin + here.part, rows);
  long band = BAND / here.result[1] + 1;
  x += x_offset;
  dy += dy_offset;
  sums += sums_offset + part * here.taps[0] * here.taps[1] * here.channels;
  for (long row = begin; row < last; row += band)
    for (long c = channel; c < end; c += V) {
      long first = AT_MOST(c, here.channels - V);
      for (long h = 0; h < here.taps[0]; h += TAPS)
        for (long v = 0; v < here.taps[1]; v += TAPS) {
          AV sum[TAPS * TAPS];
          int ahead = panels == 1 && first == 0 && h == 0 && v == 0;
          filter_band(x + first, dy + first, &here, row, AT_MOST(row + band, last), h, v,
                      ahead, sum);
          keep_sums(sums + first, &here, sum, h, v, row == begin, (int)(c - first));
        }
    }
}

/* Adds pixels [q, q + FEW) of rows [row, last) of one image, for a filter of 3 x 3 whose
 * taps meet pixels side by side: a row of x meets three rows of dy, which wait in
 * registers. whole: x and dy have all columns. */
INLINED void filter_column(int whole, const __global T *x, const __global T *dy,
                           const depthwise *s, long row, long last, long q,
                           AV sum[TAPS * TAPS]) {
  AV d[3][FEW];
  long line = row + s->add[0], width = s->source[1], at = q + s->add[1];
  size_t channels = (size_t)s->channels;
  x += (line * width + at) * s->channels;
  dy += (row * s->result[1] + q) * s->channels;
#pragma unroll
  for (int i = 0; i < FEW; i++) d[0][i] = d[1][i] = d[2][i] = (AV)0;
  for (long r = row; r < last + 2; r++, line++) {
    MV keep[3];
#pragma unroll
    for (int h = 0; h < 3; h++)
      keep[h] = (MV)(MASK_LANE)(r - h >= row && r - h < last ? -1 : 0);
    if (r < last)
#pragma unroll
      for (int i = 0; i < FEW; i++)
        if (whole || q + i < s->result[1]) d[0][i] = LOADV(dy, i * channels);
    if (line >= 0 && line < s->source[0]) {
#pragma unroll
      for (int k = 0; k < FEW + 2; k++) {
        if (!whole && (at + k < 0 || at + k >= width)) continue;
        AV value = LOADV(x, k * channels);
#pragma unroll
        for (int i = 0; i < FEW; i++) {
          if (i > k || i < k - 2 || (!whole && q + i >= s->result[1])) continue;
#pragma unroll
          for (int h = 0; h < 3; h++) {
            AV more = multiply_add(value, d[h][i], sum[h * 3 + k - i]);
            sum[h * 3 + k - i] = SELECT(keep[h], more, sum[h * 3 + k - i]);
          }
        }
      }
    }
#pragma unroll
    for (int i = 0; i < FEW; i++) {
      d[2][i] = d[1][i];
      d[1][i] = d[0][i];
    }
    x += width * channels;
    dy += s->result[1] * s->channels;
  }
}

__kernel void filter_columns(const __global T *x, long x_offset, const __global T *dy,
                             long dy_offset, __global A *sums, long sums_offset,
                             depthwise s) {
  const depthwise here = s;
  long id = (long)get_global_id(0), size = here.panels_each * V;
  long panels = (here.channels + size - 1) / size, part = id / panels;
  long channel = (id - part * panels) * size, end = AT_MOST(channel + size, here.channels);
  long begin = part * here.part, rows = here.batch * here.result[0];
  long last = AT_MOST(begin + here.part, rows), stop;
  x += x_offset;
  dy += dy_offset;
  sums += sums_offset + part * 9 * here.channels;
  for (long row = begin; row < last; row = stop) {
    long n = row / here.result[0], top = n * here.result[0];
    stop = AT_MOST(top + here.result[0], last);
    const __global T *from = x + n * here.source[0] * here.source[1] * here.channels;
    const __global T *to = dy + top * here.result[1] * here.channels;
    for (long c = channel; c < end; c += V) {
      long first = AT_MOST(c, here.channels - V);
      AV sum[TAPS * TAPS];
#pragma unroll
      for (int i = 0; i < TAPS * TAPS; i++) sum[i] = (AV)0;
      for (long q = 0; q < here.result[1]; q += FEW) {
        long at = q + here.add[1];
        if (at >= 0 && at + FEW + 2 <= here.source[1] && q + FEW <= here.result[1])
          filter_column(1, from + first, to + first, &here, row - top, stop - top, q, sum);
        else
          filter_column(0, from + first, to + first, &here, row - top, stop - top, q, sum);
      }
      keep_sums(sums + first, &here, sum, 0, 0, row == begin, (int)(c - first));
    }
  }
}
