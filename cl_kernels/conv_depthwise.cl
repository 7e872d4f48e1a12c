/* Depthwise convolutions over two axes with one output channel for each input channel, for
 * CPUs: local size 1, nothing is packed. Position q of an axis of the result meets tap k at
 * position (q * mul + add + k * tap_mul) / div of the source, where that is whole and
 * there; taps elsewhere are left out, so padding is never multiplied.
 *
 * w: [taps0, taps1, channels]. `channels` is V or more in kernels with lanes of channels:
 * the last panel then takes the last V and keeps the new ones.
 *
 * depthwise_pixels: [batch, rows, width, channels] to the same. Global: blocks of rows_each
 * of all images' rows, blocks of panels_each * V channels, the latter side by side.
 *
 * depthwise_planes: [batch, channels, rows, width] to the same; mul and div of the inner
 * axis are 1. Global: blocks of planes_each planes, blocks of rows_each rows, the latter
 * side by side.
 *
 * filter_pixels, filter_planes: the gradient of w, from x as source and dy, laid out as
 * above (planes: mul 1), in parts of `part` of all images' rows, or images:
 * [parts, taps0, taps1, channels]. Global: parts, blocks of panels_each * V channels, or
 * parts, rows of taps, channels; the channels side by side.
 *
 * Long because two layouts of memory and three directions share its helpers. */

typedef struct {
  long source[2], result[2], taps[2];
  long mul[2], add[2], tap_mul[2], div[2];
  long batch, channels;
  long rows_each, planes_each, panels_each, part;
} depthwise;

#define PIXELS 6 /* of a row, in registers */
#define LINES  4 /* of a plane, in registers */
#define TAPS   3 /* of a row of the filter, in registers */

/* Where position q of an axis finds tap k: -1 where it does not. */
INLINED long meets(long n, long div, long source) {
  long at = n;
  if (div != 1) {
    at = n < 0 ? -1 : n / div;
    if (at * div != n) return -1;
  }
  return at < source ? at : -1;
}

INLINED void store_from(__global T *p, AV x, int skip) {
  if (skip == 0) {
    STOREV(p, 0, x);
    return;
  }
  A lanes[V];
  VSTORE(x, 0, lanes);
  for (int i = skip; i < V; i++) STORE(p, i, lanes[i]);
}

/* ---- Channels side by side ---- */

/* Taps of a row of the filter that meet pixels q, q + div ...: `count` of them from tap
 * `first` on, `step` apart, pixel q finds the first at `at` and the others at_step apart.
 * Pixels [begin, end) of these find all. */
typedef struct {
  long first, step, count, at, at_step, begin, end;
} tap_run;

INLINED tap_run run_of(const depthwise *s, long q) {
  tap_run r = {0, 1, 0, 0, s->tap_mul[1], 0, 0};
  long n = q * s->mul[1] + s->add[1], div = s->div[1], taps = s->taps[1], k = 0;
  long pixels = (s->result[1] - q - 1) / div + 1, mul = s->mul[1];
  if (div == 1) {
    r.at = n;
    r.count = taps;
  } else {
    while (k < taps && (n + k * s->tap_mul[1]) % div != 0) k++;
    if (k == taps) return r;
    r.first = k++;
    while (k < taps && (n + k * s->tap_mul[1]) % div != 0) k++;
    r.step = k - r.first;
    r.count = (taps - r.first + r.step - 1) / r.step;
    r.at = (n + r.first * s->tap_mul[1]) / div;
    r.at_step = r.step * s->tap_mul[1] / div;
  }
  long reach = (r.count - 1) * r.at_step, low = r.at, high = r.at;
  if (reach < 0)
    low += reach;
  else
    high += reach;
  r.begin = low < 0 ? (mul - 1 - low) / mul : 0;
  r.end = s->source[1] > high ? (s->source[1] - 1 - high) / mul + 1 : 0;
  r.begin = AT_MOST(r.begin, pixels);
  r.end = AT_MOST(r.end, pixels);
  if (r.end < r.begin) r.end = r.begin;
  return r;
}

/* One pixel, `at` where it finds the first tap. row: where row 0 of the taps lies. */
INLINED AV one_pixel(const __global T *x, const __global T *w, const depthwise *s,
                     const tap_run *r, long row, long at) {
  AV sum = (AV)0;
  for (long h = 0; h < s->taps[0]; h++) {
    long line = meets(row + h * s->tap_mul[0], s->div[0], s->source[0]);
    if (line < 0) continue;
    for (long j = 0; j < r->count; j++) {
      long p = at + j * r->at_step;
      if (p < 0 || p >= s->source[1]) continue;
      long tap = h * s->taps[1] + r->first + j * r->step;
      sum = multiply_add(LOADV(x, (size_t)((line * s->source[1] + p) * s->channels)),
                         LOADV(w, (size_t)(tap * s->channels)), sum);
    }
  }
  return sum;
}

/* PIXELS pixels that find all taps of the run. */
INLINED void some_pixels(const __global T *x, const __global T *w, __global T *y,
                         const depthwise *s, const tap_run *r, long row, long at,
                         int skip) {
  AV sum[PIXELS];
  size_t step = (size_t)(s->mul[1] * s->channels);
  size_t tap_step = (size_t)(r->step * s->channels);
  long at_step = r->at_step * s->channels;
#pragma unroll
  for (int i = 0; i < PIXELS; i++) sum[i] = (AV)0;
  for (long h = 0; h < s->taps[0]; h++) {
    long line = meets(row + h * s->tap_mul[0], s->div[0], s->source[0]);
    if (line < 0) continue;
    const __global T *p = x + (line * s->source[1] + at) * s->channels;
    const __global T *tap = w + (h * s->taps[1] + r->first) * s->channels;
    for (long j = r->count; j > 0; j--, p += at_step, tap += tap_step) {
      AV weight = LOADV(tap, 0);
#pragma unroll
      for (int i = 0; i < PIXELS; i++)
        sum[i] = multiply_add(LOADV(p, i * step), weight, sum[i]);
    }
  }
  size_t y_step = (size_t)(s->div[1] * s->channels);
#pragma unroll
  for (int i = 0; i < PIXELS; i++) store_from(y + i * y_step, sum[i], skip);
}

/* Pixels q, q + div ... of one row, channels [channel, end). The last ones of the pixels
 * that find all taps may be made twice. */
INLINED void pixels_row(const __global T *x, const __global T *w, __global T *y,
                        const depthwise *s, long row, long q, long channel, long end) {
  tap_run r = run_of(s, q);
  long pixels = (s->result[1] - q - 1) / s->div[1] + 1, mul = s->mul[1];
  long y_step = s->div[1] * s->channels, i = 0;
  int tiles = r.end - r.begin >= PIXELS;
  while (i < pixels) {
    int inside = tiles && i >= r.begin && i < r.end;
    if (inside) i = AT_MOST(i, r.end - PIXELS);
    __global T *to = y + i * y_step;
    long at = r.at + i * mul;
    for (long c = channel; c < end; c += V) {
      long first = AT_MOST(c, s->channels - V);
      int skip = (int)(c - first);
      if (inside)
        some_pixels(x + first, w + first, to + first, s, &r, row, at, skip);
      else
        store_from(to + first, one_pixel(x + first, w + first, s, &r, row, at), skip);
    }
    i += inside ? PIXELS : 1;
  }
}

__kernel void depthwise_pixels(const __global T *x, long x_offset, const __global T *w,
                               long w_offset, __global T *y, long y_offset, depthwise s) {
  const depthwise here = s;
  long id = (long)get_global_id(0), width = here.panels_each * V;
  long panels = (here.channels + width - 1) / width;
  long block = id / panels, channel = (id - block * panels) * width;
  long end = AT_MOST(channel + width, here.channels), rows = here.batch * here.result[0];
  long row = block * here.rows_each, last = AT_MOST(row + here.rows_each, rows);
  long all = here.batch * here.source[0] * here.source[1] * here.channels;
  x += x_offset;
  w += w_offset;
  y += y_offset;
  long line = here.source[1] * here.channels;
  long reach = (here.taps[0] - 1) * here.tap_mul[0];
  long high = here.add[0] + (reach > 0 ? reach : 0) + here.mul[0];
  for (; row < last; row++) {
    long n = row / here.result[0], h = row - n * here.result[0];
    const __global T *from = x + n * here.source[0] * line;
    long next = n * here.source[0] + (h * here.mul[0] + high) / here.div[0];
    if (panels == 1) touch(x, next * line, (next + here.mul[0]) * line, all);
    for (long q = 0; q < AT_MOST(here.div[1], here.result[1]); q++)
      pixels_row(from, w, y + (row * here.result[1] + q) * here.channels, &here,
                 h * here.mul[0] + here.add[0], q, channel, end);
  }
}

/* Adds the products of pixel p of one row with taps that find it in the source's. */
INLINED void filter_edge(const __global T *from, const __global T *to, const depthwise *s,
                         const long at[TAPS], long p, AV sum[TAPS]) {
  AV d = LOADV(to, (size_t)(p * s->channels));
#pragma unroll
  for (int i = 0; i < TAPS; i++) {
    long k = p * s->mul[1] + at[i];
    if (k >= 0 && k < s->source[1])
      sum[i] = multiply_add(LOADV(from, (size_t)(k * s->channels)), d, sum[i]);
  }
}

/* The same for pixels [p, end), which all taps find. */
INLINED void filter_inside(const __global T *from, const __global T *to, const depthwise *s,
                           const long at[TAPS], long p, long end, AV sum[TAPS],
                           AV odd[TAPS]) {
  size_t channels = (size_t)s->channels, step = (size_t)(s->mul[1] * s->channels);
  const __global T *x[TAPS];
#pragma unroll
  for (int i = 0; i < TAPS; i++) x[i] = from + (p * s->mul[1] + at[i]) * s->channels;
  to += p * s->channels;
  size_t offset = 0;
  for (; p + 2 <= end; p += 2, to += 2 * channels, offset += 2 * step) {
    AV d0 = LOADV(to, 0), d1 = LOADV(to, channels);
#pragma unroll
    for (int i = 0; i < TAPS; i++) {
      sum[i] = multiply_add(LOADV(x[i], offset), d0, sum[i]);
      odd[i] = multiply_add(LOADV(x[i], offset + step), d1, odd[i]);
    }
  }
  if (p == end) return;
  AV d = LOADV(to, 0);
#pragma unroll
  for (int i = 0; i < TAPS; i++) sum[i] = multiply_add(LOADV(x[i], offset), d, sum[i]);
}

/* Adds one row of dy to taps [v, v + TAPS) of one row of the filter: from is the row of x
 * that meets it. */
INLINED void filter_row(const __global T *from, const __global T *to, __global A *sums,
                        const depthwise *s, long v, int is_first, int skip) {
  long width = s->source[1], out = s->result[1], mul = s->mul[1];
  AV sum[TAPS], odd[TAPS];
  long at[TAPS];
#pragma unroll
  for (int i = 0; i < TAPS; i++) {
    sum[i] = odd[i] = (AV)0;
    at[i] = AT_MOST(v + i, s->taps[1] - 1) * s->tap_mul[1] + s->add[1];
  }
  long begin = at[0] < 0 ? (mul - 1 - at[0]) / mul : 0, reach = width - 1 - at[TAPS - 1];
  long end = reach < 0 ? 0 : reach / mul + 1;
  begin = AT_MOST(begin, out);
  end = AT_MOST(end, out);
  if (end < begin) end = begin;
  if (from) {
    for (long p = 0; p < begin; p++) filter_edge(from, to, s, at, p, sum);
    if (begin < end) filter_inside(from, to, s, at, begin, end, sum, odd);
    for (long p = end; p < out; p++) filter_edge(from, to, s, at, p, odd);
  }
#pragma unroll
  for (int i = 0; i < TAPS; i++) {
    if (v + i >= s->taps[1]) continue;
    __global A *p = sums + i * s->channels;
    AV total = sum[i] + odd[i];
    if (skip == 0) {
      if (!is_first) total += VLOAD(0, p);
      VSTORE(total, 0, p);
      continue;
    }
    A lanes[V];
    VSTORE(total, 0, lanes);
    for (int l = skip; l < V; l++) p[l] = is_first ? lanes[l] : p[l] + lanes[l];
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
  long row_size = here.source[1] * here.channels;
  long out_size = here.result[1] * here.channels;
  long all = here.batch * here.source[0] * row_size;
  long high = (here.taps[0] - 1) * here.tap_mul[0] + here.add[0] + here.mul[0];
  x += x_offset;
  dy += dy_offset;
  sums += sums_offset + part * here.taps[0] * here.taps[1] * here.channels;
  for (long row = begin; row < last; row++) {
    long n = row / here.result[0], q = row - n * here.result[0];
    const __global T *to = dy + row * out_size;
    if (panels == 1) {
      long next = (n * here.source[0] + q * here.mul[0] + high) * row_size;
      touch(x, next, next + here.mul[0] * row_size, all);
      touch(dy, (row + 1) * out_size, (row + 2) * out_size, rows * out_size);
    }
    for (long c = channel; c < end; c += V) {
      long first = AT_MOST(c, here.channels - V);
      __global A *totals = sums + first;
      for (long h = 0; h < here.taps[0]; h++) {
        long line = q * here.mul[0] + here.add[0] + h * here.tap_mul[0];
        const __global T *from = 0;
        if (line >= 0 && line < here.source[0])
          from = x + (n * here.source[0] + line) * row_size + first;
        for (long v = 0; v < here.taps[1]; v += TAPS)
          if (from || row == begin)
            filter_row(from, to + first, totals + (h * here.taps[1] + v) * here.channels,
                       &here, v, row == begin, (int)(c - first));
      }
    }
  }
}

/* ---- Channels apart ---- */

/* Lanes whose position p + lane lies in [0, extent). */
INLINED MV lanes_inside(MV lane, long p, long extent) {
  long positive = -p < 0 ? 0 : -p, before = AT_MOST(positive, V);
  long left = extent - p, after = AT_MOST(left, V);
  return (lane >= (MV)(MASK_LANE)before) & (lane < (MV)(MASK_LANE)after);
}

/* V elements from `at` on, of which those beside the tensor are not read. */
OUTLINED AV load_near(const __global T *x, long at, long count) {
  A lanes[V];
  for (int i = 0; i < V; i++) {
    long p = at + i < 0 ? 0 : at + i;
    lanes[i] = LOAD(x, (size_t)AT_MOST(p, count - 1));
  }
  return VLOAD(0, lanes);
}

INLINED AV load_at(int near, const __global T *x, long at, long count) {
  if (near) return load_near(x, at, count);
  return LOADV(x, (size_t)at);
}

/* Columns [q, q + V) of `lines` rows from `row` on. A store may run over the end of its
 * row, into what this work-item stores later, but not beyond `limit`. near: the begin or
 * the end of the tensor, where a vector may reach beside it. whole: all taps lie in the
 * source's rows. */
INLINED void planes_tile(int near, int lines, int whole, const __global T *x,
                         const __global T *w, __global T *y, const depthwise *s, long plane,
                         long row, long q, long limit, long count) {
  AV sum[LINES];
  MV lane = LANE_NUMBERS;
#pragma unroll
  for (int i = 0; i < LINES; i++) sum[i] = (AV)0;
  long width = s->source[1], from = plane * s->source[0] * width;
  row += s->add[0];
  for (long v = 0; v < s->taps[1]; v++) {
    long p = q + s->add[1] + v * s->tap_mul[1];
    MV inside = lanes_inside(lane, p, width);
    for (long h = 0; h < s->taps[0]; h++) {
      AV weight = (AV)LOAD(w, (size_t)((h * s->taps[1] + v) * s->channels));
      long line = row + h * s->tap_mul[0];
#pragma unroll
      for (int i = 0; i < LINES; i++) {
        if (i >= lines) continue;
        if (!whole && (line + i < 0 || line + i >= s->source[0])) continue;
        AV value = load_at(near, x, from + (line + i) * width + p, count);
        sum[i] = SELECT(inside, multiply_add(value, weight, sum[i]), sum[i]);
      }
    }
  }
  long at = (plane * s->result[0] + row - s->add[0]) * s->result[1] + q;
#pragma unroll
  for (int i = 0; i < LINES; i++, at += s->result[1]) {
    if (i >= lines) continue;
    if (at + V <= limit)
      STOREV(y, (size_t)at, sum[i]);
    else
      STOREV_PART(y, (size_t)at, sum[i], (int)AT_MOST(s->result[1] - q, V));
  }
}

/* Whether vectors at all taps of a plane's elements lie in a tensor of `count` elements. */
INLINED int is_near(const depthwise *s, long plane, long count) {
  long reach = (s->taps[1] - 1) * s->tap_mul[1], low = AT_MOST(reach, 0) + s->add[1];
  long high = (reach > 0 ? reach : 0) + s->add[1] + (s->result[1] - 1) / V * V + V;
  long begin = plane * s->source[0] * s->source[1];
  long end = begin + (s->source[0] - 1) * s->source[1];
  return begin + low < 0 || end + high > count;
}

/* All columns of `lines` rows; the last vector lies further to the left where the row is
 * long enough, so only of short rows do stores run over the end. */
INLINED void planes_rows(int near, int lines, int whole, const __global T *x,
                         const __global T *w, __global T *y, const depthwise *s, long plane,
                         long row, long limit, long count) {
  long most = s->result[1] - V;
  long ahead = (plane * s->source[0] + row + LINES) * s->source[1];
  touch(x, ahead, ahead + lines * s->source[1], count);
  for (long q = 0; q < s->result[1]; q += V) {
    long from = q > most && most >= 0 ? most : q;
    planes_tile(near, lines, whole, x, w, y, s, plane, row, from, limit, count);
  }
}

__kernel void depthwise_planes(const __global T *x, long x_offset, const __global T *w,
                               long w_offset, __global T *y, long y_offset, depthwise s) {
  const depthwise here = s;
  long id = (long)get_global_id(0);
  long blocks = (here.result[0] + here.rows_each - 1) / here.rows_each;
  long group = id / blocks, first = (id - group * blocks) * here.rows_each;
  long last = AT_MOST(first + here.rows_each, here.result[0]);
  long planes = here.batch * here.channels, plane = group * here.planes_each;
  long end = AT_MOST(plane + here.planes_each, planes);
  long count = planes * here.source[0] * here.source[1];
  long reach = (here.taps[0] - 1) * here.tap_mul[0];
  long low = here.add[0] + AT_MOST(reach, 0);
  long high = here.add[0] + (reach > 0 ? reach : 0) + LINES - 1;
  x += x_offset;
  w += w_offset;
  y += y_offset;
  for (; plane < end; plane++) {
    const __global T *filter = w + plane % here.channels;
    long limit = (plane * here.result[0] + last) * here.result[1];
    int near = is_near(&here, plane, count);
    for (long row = first; row < last;) {
      int lines = near || last - row < LINES ? 1 : LINES;
      if (near)
        planes_rows(1, 1, 0, x, filter, y, &here, plane, row, limit, count);
      else if (lines == 1)
        planes_rows(0, 1, 0, x, filter, y, &here, plane, row, limit, count);
      else if (row + low >= 0 && row + high < here.source[0])
        planes_rows(0, LINES, 1, x, filter, y, &here, plane, row, limit, count);
      else
        planes_rows(0, LINES, 0, x, filter, y, &here, plane, row, limit, count);
      row += lines;
    }
  }
}

/* Adds columns [q, q + V) of all rows of one plane. */
INLINED void filter_planes_tile(int near, const __global T *x, const __global T *dy,
                                const depthwise *s, long plane, long q, long h, long v,
                                AV total[TAPS]) {
  long count = s->batch * s->channels * s->source[0] * s->source[1];
  long all = s->batch * s->channels * s->result[0] * s->result[1];
  MV lane = LANE_NUMBERS, there = lane < (MV)(MASK_LANE)AT_MOST(s->result[1] - q, V);
  MV inside[TAPS];
  AV sum[TAPS];
  long at[TAPS];
#pragma unroll
  for (int i = 0; i < TAPS; i++) {
    at[i] = q + s->add[1] + AT_MOST(v + i, s->taps[1] - 1) * s->tap_mul[1];
    inside[i] = there & lanes_inside(lane, at[i], s->source[1]);
    sum[i] = (AV)0;
  }
  for (long row = 0; row < s->result[0]; row++) {
    long line = row + s->add[0] + h * s->tap_mul[0];
    if (line < 0 || line >= s->source[0]) continue;
    AV d = load_at(near, dy, (plane * s->result[0] + row) * s->result[1] + q, all);
    long from = (plane * s->source[0] + line) * s->source[1];
#pragma unroll
    for (int i = 0; i < TAPS; i++) {
      AV value = load_at(near, x, from + at[i], count);
      sum[i] = SELECT(inside[i], multiply_add(value, d, sum[i]), sum[i]);
    }
  }
#pragma unroll
  for (int i = 0; i < TAPS; i++) total[i] += sum[i];
}

__kernel void filter_planes(const __global T *x, long x_offset, const __global T *dy,
                            long dy_offset, __global A *sums, long sums_offset,
                            depthwise s) {
  const depthwise here = s;
  long id = (long)get_global_id(0), rest = id / here.channels;
  long channel = id - rest * here.channels;
  long part = rest / here.taps[0], h = rest - part * here.taps[0];
  long first = part * here.part, last = AT_MOST(first + here.part, here.batch);
  long planes = here.batch * here.channels;
  long count = planes * here.source[0] * here.source[1];
  long all = planes * here.result[0] * here.result[1];
  long reach = (here.result[1] + V - 1) / V * V;
  const __global T *from = x + x_offset, *to = dy + dy_offset;
  sums += sums_offset + (part * here.taps[0] + h) * here.taps[1] * here.channels + channel;
  for (long v = 0; v < here.taps[1]; v += TAPS) {
    AV total[TAPS];
#pragma unroll
    for (int i = 0; i < TAPS; i++) total[i] = (AV)0;
    for (long n = first; n < last; n++) {
      long plane = n * here.channels + channel;
      long end = ((plane + 1) * here.result[0] - 1) * here.result[1] + reach;
      int near = is_near(&here, plane, count) || end > all;
      long next = (plane + here.channels) * here.source[0] * here.source[1];
      touch(from, next, next + here.source[0] * here.source[1], count);
      next = (plane + here.channels) * here.result[0] * here.result[1];
      touch(to, next, next + here.result[0] * here.result[1], all);
      for (long q = 0; q < here.result[1]; q += V)
        if (near)
          filter_planes_tile(1, from, to, &here, plane, q, h, v, total);
        else
          filter_planes_tile(0, from, to, &here, plane, q, h, v, total);
    }
#pragma unroll
    for (int i = 0; i < TAPS; i++)
      if (v + i < here.taps[1]) sums[(v + i) * here.channels] = add_lanes(total[i]);
  }
}
