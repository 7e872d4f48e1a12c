/* Depthwise convolutions of channels that lie side by side. `channels` is V or more: the
 * last panel of V channels takes the last V and keeps the new ones.
 *
 * depthwise_pixels: [batch, rows, width, channels] to the same. Global: blocks of rows_each
 * of all images' rows, blocks of panels_each * V channels, the latter side by side.
 *
 * depthwise_columns: the same by filters of 3 x 3, mul and div 1, tap_mul 1 or -1, for rows
 * of PIXELS or more. Global: images, blocks of rows_each rows, blocks of channels. */

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

/* Taps of a row of the filter that meet pixels q, q + div ...: `count` of them from tap
 * `first` on, `step` apart, pixel q finds the first at `at` and the others at_step apart.
 */
typedef struct {
  long first, step, count, at, at_step;
} tap_run;

INLINED tap_run run_of(const depthwise *s, long q) {
  tap_run r = {0, 1, 0, 0, s->tap_mul[1]};
  long n = q * s->mul[1] + s->add[1], div = s->div[1], taps = s->taps[1], k = 0;
  if (div == 1) {
    r.at = n;
    r.count = taps;
    return r;
  }
  while (k < taps && (n + k * s->tap_mul[1]) % div != 0) k++;
  if (k == taps) return r;
  r.first = k++;
  while (k < taps && (n + k * s->tap_mul[1]) % div != 0) k++;
  r.step = k - r.first;
  r.count = (taps - r.first + r.step - 1) / r.step;
  r.at = (n + r.first * s->tap_mul[1]) / div;
  r.at_step = r.step * s->tap_mul[1] / div;
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

/* PIXELS pixels. */
INLINED void some_pixels(const __global T *x, const __global T *w, __global T *y,
                         const depthwise *s, const tap_run *r, long row, long at,
                         int skip) {
  AV sum[PIXELS];
  size_t step = (size_t)(s->mul[1] * s->channels);
  size_t tap_step = (size_t)(r->step * s->channels);
  long reach = (PIXELS - 1) * s->mul[1];
#pragma unroll
  for (int i = 0; i < PIXELS; i++) sum[i] = (AV)0;
  for (long h = 0; h < s->taps[0]; h++) {
    long line = meets(row + h * s->tap_mul[0], s->div[0], s->source[0]), q = at;
    if (line < 0) continue;
    const __global T *tap = w + (h * s->taps[1] + r->first) * s->channels;
    for (long j = r->count; j > 0; j--, q += r->at_step, tap += tap_step) {
      AV weight = LOADV(tap, 0);
      const __global T *p = x + (line * s->source[1] + q) * s->channels;
      if (q >= 0 && q + reach < s->source[1]) {
#pragma unroll
        for (int i = 0; i < PIXELS; i++)
          sum[i] = multiply_add(LOADV(p, i * step), weight, sum[i]);
        continue;
      }
#pragma unroll
      for (int i = 0; i < PIXELS; i++)
        if (q + i * s->mul[1] >= 0 && q + i * s->mul[1] < s->source[1])
          sum[i] = multiply_add(LOADV(p, i * step), weight, sum[i]);
    }
  }
  size_t y_step = (size_t)(s->div[1] * s->channels);
#pragma unroll
  for (int i = 0; i < PIXELS; i++) store_from(y + i * y_step, sum[i], skip);
}

/* Pixels q, q + div ... of one row, channels [channel, end). The last ones may be made
 * twice. */
INLINED void pixels_row(const __global T *x, const __global T *w, __global T *y,
                        const depthwise *s, long row, long q, long channel, long end) {
  tap_run r = run_of(s, q);
  long pixels = (s->result[1] - q - 1) / s->div[1] + 1, y_step = s->div[1] * s->channels;
  int tiles = pixels >= PIXELS;
  for (long i = 0; i < pixels; i += tiles ? PIXELS : 1) {
    if (tiles) i = AT_MOST(i, pixels - PIXELS);
    __global T *to = y + i * y_step;
    long at = r.at + i * s->mul[1];
    for (long c = channel; c < end; c += V) {
      long first = AT_MOST(c, s->channels - V);
      int skip = (int)(c - first);
      if (tiles)
        some_pixels(x + first, w + first, to + first, s, &r, row, at, skip);
      else
        store_from(to + first, one_pixel(x + first, w + first, s, &r, row, at), skip);
    }
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

/* Pixels [q, q + PIXELS) of rows [row, last) of one image. whole: the source has all
 * columns. */
INLINED void pixels_column(int whole, const __global T *x, const AV weight[9],
                           __global T *y, const depthwise *s, long row, long last, long q,
                           int skip) {
  AV sum[3][PIXELS];
  clear_sums(sum);
  for (long to = row - 2; to < last; to++) {
    column_line(whole, x, weight, s, to + 2, q, sum);
    if (to >= row)
#pragma unroll
      for (int i = 0; i < PIXELS; i++)
        store_from(y + (to * s->result[1] + i) * s->channels, sum[2][i], skip);
    next_line(sum);
  }
}

__kernel void depthwise_columns(const __global T *x, long x_offset, const __global T *w,
                                long w_offset, __global T *y, long y_offset, depthwise s) {
  const depthwise here = s;
  column_block b = column_block_of(&here);
  long most = here.result[1] - PIXELS;
  x += x_offset + b.n * here.source[0] * here.source[1] * here.channels;
  w += w_offset;
  y += y_offset + b.n * here.result[0] * here.result[1] * here.channels;
  for (long i = 0; i < here.result[1]; i += PIXELS) {
    long q = AT_MOST(i, most);
    int whole = has_all_columns(&here, q);
    for (long c = b.channel; c < b.end; c += V) {
      long first = AT_MOST(c, here.channels - V);
      __global T *to = y + q * here.channels + first;
      AV weight[9];
      load_weights(w + first, &here, weight);
      if (whole)
        pixels_column(1, x + first, weight, to, &here, b.row, b.last, q, (int)(c - first));
      else
        pixels_column(0, x + first, weight, to, &here, b.row, b.last, q, (int)(c - first));
    }
  }
}
