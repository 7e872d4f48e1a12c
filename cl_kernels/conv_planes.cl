/* What depthwise convolutions of channels that lie apart share: x and y are planes
 * [batch, channels, rows, width], and mul and div of both axes are 1 or 2.
 *
 * Vectors run along rows. Their lanes beside a row are masked, but the memory there must be
 * the tensor's: rows where it is not, at both ends of a tensor, go element by element. */

#define LINES 4 /* of a plane, in registers */
#define TAPS  3 /* of either axis of the filter, in registers */

/* Where row `row` meets tap h: negative where it does not. */
INLINED long line_of(const depthwise *s, long row, long h) {
  long n = row * s->mul[0] + s->add[0] + h * s->tap_mul[0], phase = s->div[0] - 1;
  if (n & phase) return -1;
  n >>= phase;
  return n < s->source[0] ? n : -1;
}

/* Lanes of `lane` whose number lies p before a position of [0, extent). As unsigned
 * numbers, positions below 0 are large. */
INLINED MV lanes_inside(MV lane, long p, long extent) {
  BITSV at = JOIN(as_, BITSV)(lane + (MV)(MASK_LANE)p);
  return at < (BITSV)(BITS_LANE)extent;
}

/* V elements from `at` on, `step` (1 or 2) apart; of 2 V elements all are read. */
INLINED AV load_every(int step, const __global T *x, long at) {
  if (step == 1) return LOADV(x, (size_t)at);
  return (AV)(LOADV(x, (size_t)at).even, LOADV(x, (size_t)(at + V)).even);
}

/* Whether vectors for `row` of a plane may reach beside x, of `count` elements: they are
 * read up to `past` elements behind the last position that a row's last element meets. */
INLINED int reaches_out(const depthwise *s, long plane, long row, long past, long count) {
  long n = row * s->mul[0] + s->add[0], reach = (s->taps[0] - 1) * s->tap_mul[0];
  long low = (n + AT_MOST(reach, 0)) >> (s->div[0] - 1);
  long high = (n + (reach > 0 ? reach : 0)) >> (s->div[0] - 1);
  low = low < 0 ? 0 : low;
  high = AT_MOST(high, s->source[0] - 1);
  long across = (s->taps[1] - 1) * s->tap_mul[1], phase = s->div[1] - 1;
  long left = (s->add[1] + AT_MOST(across, 0)) >> phase;
  long right = s->add[1] + (across > 0 ? across : 0) + (s->result[1] - 1) * s->mul[1];
  long begin = (plane * s->source[0] + low) * s->source[1];
  long end = (plane * s->source[0] + high) * s->source[1];
  return begin + left < 0 || end + (right >> phase) + past > count;
}

/* Rows [*low, *high) of a plane whose vectors lie in x. */
OUTLINED void rows_within(const depthwise *s, long plane, long past, long count, long *low,
                          long *high) {
  while (*low < *high && reaches_out(s, plane, *low, past, count)) ++*low;
  while (*low < *high && reaches_out(s, plane, *high - 1, past, count)) --*high;
}

/* Whether rows_within may find any outside. */
INLINED int is_near(const depthwise *s, long plane, long past, long count) {
  return reaches_out(s, plane, 0, past, count) ||
         reaches_out(s, plane, s->result[0] - 1, past, count);
}

/* Rows [row, last) of a plane, element by element. */
OUTLINED void plane_slowly(const __global T *x, const __global T *w, __global T *y,
                           const depthwise *s, long row, long last) {
  long phase = s->div[1] - 1;
  for (; row < last; row++)
    for (long q = 0; q < s->result[1]; q++) {
      A sum = (A)0;
      for (long v = 0; v < s->taps[1]; v++) {
        long n = q * s->mul[1] + s->add[1] + v * s->tap_mul[1], p = n >> phase;
        if ((n & phase) || p < 0 || p >= s->source[1]) continue;
        ROLLED for (long h = 0; h < s->taps[0]; h++) {
          long line = line_of(s, row, h);
          if (line < 0) continue;
          A weight = LOAD(w, (size_t)((h * s->taps[1] + v) * s->channels));
          sum = TERM(LOAD(x, (size_t)(line * s->source[1] + p)), weight, sum);
        }
      }
      STORE(y, (size_t)(row * s->result[1] + q), sum);
    }
}

/* Stores V columns from `at` on, `left` columns before the end of their row. A store may
 * run over it, into what this work-item stores later, but not beyond `limit`. No call,
 * which would push all registers out. */
INLINED void store_row(__global T *y, long at, AV x, long left, long limit) {
  if (at + V <= limit) {
    STOREV(y, (size_t)at, x);
    return;
  }
  A lanes[V];
  VSTORE(x, 0, lanes);
  ROLLED for (long i = 0; i < AT_MOST(left, V); i++) STORE(y, (size_t)(at + i), lanes[i]);
}

/* Columns [q, q + V) of `lines` rows from `row` on, where the inner axis has div 1 and mul
 * `step`. whole: LINES rows, which meet all taps. */
INLINED void plane_tile(int step, int whole, const __global T *x, const __global T *w,
                        __global T *y, const depthwise *s, long row, int lines, long q,
                        long limit) {
  AV sum[LINES];
  MV lane = LANE_NUMBERS * (MV)(MASK_LANE)step;
  long width = s->source[1], apart = s->mul[0] * width, below = s->tap_mul[0] * width;
  long phase = s->div[0] - 1;
#pragma unroll
  for (int i = 0; i < LINES; i++) sum[i] = (AV)0;
  for (long v = 0; v < s->taps[1]; v++) {
    long p = q * step + s->add[1] + v * s->tap_mul[1];
    MV inside = lanes_inside(lane, p, width);
    const __global T *tap = w + v * s->channels;
    long from = (row * s->mul[0] + s->add[0]) * width + p;
    for (long h = 0; h < s->taps[0]; h++, tap += s->taps[1] * s->channels, from += below) {
      AV weight = (AV)LOAD(tap, 0);
#pragma unroll
      for (int i = 0; i < LINES; i++) {
        long at = from + i * apart;
        if (!whole) {
          long n = (row + i) * s->mul[0] + s->add[0] + h * s->tap_mul[0];
          long line = n >> phase;
          if (i >= lines || (n & phase) || (size_t)line >= (size_t)s->source[0]) continue;
          at = line * width + p;
        }
        AV value = load_every(step, x, at);
        sum[i] = SELECT(inside, multiply_add(value, weight, sum[i]), sum[i]);
      }
    }
  }
  long at = row * s->result[1] + q;
#pragma unroll
  for (int i = 0; i < LINES; i++, at += s->result[1])
    if (whole || i < lines) store_row(y, at, sum[i], s->result[1] - q, limit);
}

/* Whether LINES rows from `row` on meet all taps. */
INLINED int meets_all(const depthwise *s, long row) {
  long reach = (s->taps[0] - 1) * s->tap_mul[0], low = row * s->mul[0] + s->add[0];
  long high = low + (LINES - 1) * s->mul[0] + (reach > 0 ? reach : 0);
  return s->div[0] == 1 && low + AT_MOST(reach, 0) >= 0 && high < s->source[0];
}

/* Rows [row, last) of a plane. The last vector lies further to the left where a row is long
 * enough, so only of short rows do stores run over the end. */
INLINED void plane_rows(int step, const __global T *x, const __global T *w, __global T *y,
                        const depthwise *s, long row, long last, long limit) {
  long most = s->result[1] - V;
  for (; row < last; row += LINES) {
    int lines = (int)AT_MOST(last - row, LINES),
        whole = lines == LINES && meets_all(s, row);
    for (long c = 0; c < s->result[1]; c += V) {
      long q = c > most && most >= 0 ? most : c;
      if (whole)
        plane_tile(step, 1, x, w, y, s, row, lines, q, limit);
      else
        plane_tile(step, 0, x, w, y, s, row, lines, q, limit);
    }
  }
}

/* Where a work-item of such a kernel works. Each kernel walks over its planes itself: with
 * one walk for all, and the rows a function in it, 8x112x112x32 took 1.9 ms instead of 1.6
 * forward and 2.1 instead of 1.6 for the input's gradient, on one core. */
typedef struct {
  long first, last, plane, end, count;
  int blocks;
} plane_block;

INLINED plane_block block_of(const depthwise *s) {
  plane_block b;
  long id = (long)get_global_id(0);
  long blocks = (s->result[0] + s->rows_each - 1) / s->rows_each, group = id / blocks;
  b.first = (id - group * blocks) * s->rows_each;
  b.last = AT_MOST(b.first + s->rows_each, s->result[0]);
  b.plane = group * s->planes_each;
  b.end = AT_MOST(b.plane + s->planes_each, s->batch * s->channels);
  b.count = s->batch * s->channels * s->source[0] * s->source[1];
  b.blocks = blocks > 1;
  return b;
}

/* Behind what a work-item stores from the begin of `plane` on. */
INLINED long limit_of(const depthwise *s, const plane_block *b, long plane) {
  return (b->blocks ? b->last : (b->end - plane) * s->result[0]) * s->result[1];
}

/* The part of taps (h, v) to (h + TAPS, v + TAPS) in a filter's gradient by rows
 * [row, last) of one plane, element by element. */
OUTLINED void filter_slowly(const __global T *x, const __global T *dy, const depthwise *s,
                            long row, long last, long h, long v, A sums[TAPS * TAPS]) {
  for (; row < last; row++)
    for (int i = 0; i < TAPS * TAPS; i++) {
      long row_tap = h + i / TAPS, tap = v + i % TAPS;
      if (row_tap >= s->taps[0] || tap >= s->taps[1]) continue;
      long line = line_of(s, row, row_tap), at = s->add[1] + tap * s->tap_mul[1];
      if (line < 0) continue;
      ROLLED for (long q = 0; q < s->result[1]; q++, at += s->mul[1]) {
        if (at < 0 || at >= s->source[1]) continue;
        A value = LOAD(x, (size_t)(line * s->source[1] + at));
        sums[i] = TERM(value, LOAD(dy, (size_t)(row * s->result[1] + q)), sums[i]);
      }
    }
}

/* Columns of one row, for any rows of taps. Taps that are not there would find rows that
 * nobody looked whether vectors of lie in x. */
INLINED void filter_line(int step, const __global T *x, const __global T *dy,
                         const depthwise *s, const MV inside[TAPS], const long at[TAPS],
                         long row, long h, AV sum[TAPS * TAPS]) {
  AV d = LOADV(dy, (size_t)(row * s->result[1]));
#pragma unroll
  for (int i = 0; i < TAPS; i++) {
    long line = h + i < s->taps[0] ? line_of(s, row, h + i) : -1;
    if (line < 0) continue;
#pragma unroll
    for (int v = 0; v < TAPS; v++) {
      AV value = load_every(step, x, line * s->source[1] + at[v]);
      AV more = multiply_add(value, d, sum[i * TAPS + v]);
      sum[i * TAPS + v] = SELECT(inside[v], more, sum[i * TAPS + v]);
    }
  }
}

/* Row `line` of x, with those of three rows of dy that are tap rows low to high - 1 away.
 */
INLINED void filter_meet(int low, int high, const __global T *x, const depthwise *s,
                         long line, const MV inside[TAPS], const long at[TAPS],
                         const AV d[TAPS], AV sum[TAPS * TAPS]) {
  if (line < 0 || line >= s->source[0]) return;
#pragma unroll
  for (int v = 0; v < TAPS; v++) {
    AV value = LOADV(x, (size_t)(line * s->source[1] + at[v]));
#pragma unroll
    for (int k = low; k < high; k++) {
      AV more = multiply_add(value, d[k], sum[k * TAPS + v]);
      sum[k * TAPS + v] = SELECT(inside[v], more, sum[k * TAPS + v]);
    }
  }
}

/* Two rows or more, [row, last), by three rows of taps that meet rows side by side: what is
 * read meets three rows of dy. No row is made up: zeros there would meet infinities. */
INLINED void filter_lines(const __global T *x, const __global T *dy, const depthwise *s,
                          const MV inside[TAPS], const long at[TAPS], long row, long last,
                          long h, AV sum[TAPS * TAPS]) {
  long line = row + s->add[0] + h, width = s->result[1];
  AV d[TAPS];
  d[0] = LOADV(dy, (size_t)(row * width));
  filter_meet(0, 1, x, s, line, inside, at, d, sum);
  d[1] = d[0];
  d[0] = LOADV(dy, (size_t)((row + 1) * width));
  filter_meet(0, 2, x, s, line + 1, inside, at, d, sum);
  for (row += 2, line += 2; row < last; row++, line++) {
    d[2] = d[1];
    d[1] = d[0];
    d[0] = LOADV(dy, (size_t)(row * width));
    filter_meet(0, 3, x, s, line, inside, at, d, sum);
  }
  d[2] = d[1];
  d[1] = d[0];
  filter_meet(1, 3, x, s, line, inside, at, d, sum);
  d[2] = d[1];
  filter_meet(2, 3, x, s, line + 1, inside, at, d, sum);
}

/* Rows [first, last) of one plane. */
INLINED void filter_plane(int step, const __global T *x, const __global T *dy,
                          const depthwise *s, long first, long last, long h, long v,
                          AV sum[TAPS * TAPS]) {
  MV lane = LANE_NUMBERS;
  int three = step == 1 && s->mul[0] == 1 && s->tap_mul[0] == 1 && h + TAPS <= s->taps[0];
  for (long q = 0; q < s->result[1]; q += V) {
    MV there = lane < (MV)(MASK_LANE)AT_MOST(s->result[1] - q, V), inside[TAPS];
    long at[TAPS];
#pragma unroll
    for (int i = 0; i < TAPS; i++) {
      at[i] = q * step + s->add[1] + (v + i) * s->tap_mul[1];
      inside[i] = there & lanes_inside(lane * (MV)(MASK_LANE)step, at[i], s->source[1]);
      if (v + i >= s->taps[1]) at[i] = at[0];
    }
    if (three && last - first >= 2)
      filter_lines(x, dy + q, s, inside, at, first, last, h, sum);
    else
      for (long row = first; row < last; row++)
        filter_line(step, x, dy + q, s, inside, at, row, h, sum);
  }
}

/* All of one work-item. */
INLINED void filter_channel(int step, const __global T *x, const __global T *dy,
                            __global A *sums, const depthwise *s) {
  long id = (long)get_global_id(0), part = id / s->channels;
  long channel = id - part * s->channels, first = part * s->part;
  long last = AT_MOST(first + s->part, s->batch), planes = s->batch * s->channels;
  long x_size = s->source[0] * s->source[1], dy_size = s->result[0] * s->result[1];
  long reach = (s->result[1] + V - 1) / V * V;
  sums += part * s->taps[0] * s->taps[1] * s->channels + channel;
  for (long h = 0; h < s->taps[0]; h += TAPS)
    for (long v = 0; v < s->taps[1]; v += TAPS) {
      AV total[TAPS * TAPS];
      A apart[TAPS * TAPS];
#pragma unroll
      for (int i = 0; i < TAPS * TAPS; i++) {
        total[i] = (AV)0;
        apart[i] = (A)0;
      }
      for (long n = first; n < last; n++) {
        long plane = n * s->channels + channel, low = 0, high = s->result[0];
        const __global T *from = x + plane * x_size, *to = dy + plane * dy_size;
        long next = plane + s->channels;
        touch(x, next * x_size, (next + 1) * x_size, planes * x_size);
        touch(dy, next * dy_size, (next + 1) * dy_size, planes * dy_size);
        int near = is_near(s, plane, step * V, planes * x_size);
        if (near) rows_within(s, plane, step * V, planes * x_size, &low, &high);
        while (high > low &&
               (plane * s->result[0] + high - 1) * s->result[1] + reach > planes * dy_size)
          high--;
        if (low > 0) filter_slowly(from, to, s, 0, low, h, v, apart);
        if (high < s->result[0])
          filter_slowly(from, to, s, high, s->result[0], h, v, apart);
        AV sum[TAPS * TAPS];
#pragma unroll
        for (int i = 0; i < TAPS * TAPS; i++) sum[i] = (AV)0;
        filter_plane(step, from, to, s, low, high, h, v, sum);
#pragma unroll
        for (int i = 0; i < TAPS * TAPS; i++) total[i] += sum[i];
      }
#pragma unroll
      for (int i = 0; i < TAPS * TAPS; i++) {
        long row = h + i / TAPS, column = v + i % TAPS;
        if (row < s->taps[0] && column < s->taps[1])
          sums[(row * s->taps[1] + column) * s->channels] = add_lanes(total[i]) + apart[i];
      }
    }
}
