/* conv_tiles on CPUs, behind conv.cl, whose operands these are: one launch takes all taps
 * and channels; local size 1.
 *
 * Taps that all pixels of a tile find in the source come as runs: the sums stay in
 * registers from the first to the last. What only some pixels find is added up before. */

/* Adds `count` products of every pixel; those of one follow each other in x. */
INLINED void add_run(int height, int vectors, const __global A *x, const __global A *w,
                     const size_t *off, size_t count, AV sum[ROWS][2]) {
  for (; count > 0; count--, x++, w += WIDTH) {
    AV w0 = VLOAD(0, w), w1 = w0;
    if (vectors > 1) w1 = VLOAD(1, w);
#pragma unroll
    for (int i = 0; i < ROWS; i++) {
      if (i >= height) continue;
      AV value = (AV)x[off[i]];
      sum[i][0] = multiply_add(value, w0, sum[i][0]);
      if (vectors > 1) sum[i][1] = multiply_add(value, w1, sum[i][1]);
    }
  }
}

/* Taps [first, end) of a row that all pixels of the tile find in the source. */
typedef struct {
  long first, end;
} taps_inside;

INLINED taps_inside find_inside(const conv *s, const tile *t) {
  long step = s->source_step[2], width = s->source[2], reach = (t->left - 1) * s->mul[2];
  long before = -t->w.s, room = width - 1 - reach - t->w.s;
  if (step < 0) {
    before = t->w.s - (width - 1 - reach);
    room = t->w.s;
    step = -step;
  }
  taps_inside in;
  in.first = before <= 0 ? 0 : (before + step - 1) / step;
  in.end = room < 0 ? 0 : room / step + 1;
  in.end = AT_MOST(in.end, t->w.count);
  in.first = AT_MOST(in.first, t->w.count);
  if (in.end < in.first) in.end = in.first;
  return in;
}

/* Where tap (d, h, v) of those that the tile meets stands in the filter. */
INLINED long tap_at(const conv *s, const tile *t, long d, long h, long v) {
  return ((t->d.k + d * s->tap_step[0]) * s->taps[1] + (t->h.k + h * s->tap_step[1])) *
             s->taps[2] +
         (t->w.k + v * s->tap_step[2]);
}

/* The source's row at the first pixel of which tap (d, h) of the tile looks. */
INLINED long row_at(const conv *s, const tile *t, long d, long h) {
  return ((t->d.s + d * s->source_step[0]) * s->source[1] +
          (t->h.s + h * s->source_step[1])) *
         s->source[2];
}

/* Adds one tap that only some pixels find, to sums in memory: what the others would add is
 * not stored. */
INLINED void add_edge(int height, int vectors, const __global A *x, const __global A *w,
                      const conv *s, long at, int left, AV *sums) {
  long mul = s->mul[2], first = at < 0 ? (mul - 1 - at) / mul : 0;
  long last = (s->source[2] - 1 - at) / mul;
  last = AT_MOST(last, left - 1);
  if (first > last || at >= s->source[2]) return;
  size_t off[ROWS];
  AV sum[ROWS][2];
#pragma unroll
  for (int i = 0; i < ROWS; i++) {
    if (i >= height) continue;
    long there = i < first ? first : i;
    off[i] = (size_t)((at + AT_MOST(there, last) * mul) * s->x_pixel);
    sum[i][0] = sum[i][1] = sums[i * VECTORS];
    if (vectors > 1) sum[i][1] = sums[i * VECTORS + 1];
  }
  add_run(height, vectors, x, w, off, (size_t)s->reduce, sum);
#pragma unroll
  for (int i = 0; i < ROWS; i++) {
    if (i >= height || i < first || i > last) continue;
    sums[i * VECTORS] = sum[i][0];
    if (vectors > 1) sums[i * VECTORS + 1] = sum[i][1];
  }
}

OUTLINED void add_edge_high(const __global A *x, const __global A *w, const conv *s,
                            long at, int left, AV *sums) {
  add_edge(ROWS, VECTORS, x, w, s, at, left, sums);
}

OUTLINED void add_edge_low(const __global A *x, const __global A *w, const conv *s, long at,
                           int left, AV *sums) {
  add_edge(ROWS / 2, VECTORS, x, w, s, at, left, sums);
}

OUTLINED void add_edge_narrow(const __global A *x, const __global A *w, const conv *s,
                              long at, int left, AV *sums) {
  add_edge(ROWS, 1, x, w, s, at, left, sums);
}

/* The sums of all taps but those inside, from zero. */
OUTLINED void add_edges(const __global A *x, const __global A *w, const conv *s,
                        const tile *t, const taps_inside *in, AV *sums) {
  for (int i = 0; i < ROWS * VECTORS; i++) sums[i] = (AV)0;
  size_t w_tap = (size_t)s->reduce * WIDTH;
  for (long d = 0; d < t->d.count; d++)
    for (long h = 0; h < t->h.count; h++) {
      const __global A *row = x + row_at(s, t, d, h) * s->x_pixel;
      for (long v = 0; v < t->w.count; v++) {
        if (v == in->first) v = in->end;
        if (v >= t->w.count) break;
        long at = t->w.s + v * s->source_step[2];
        const __global A *with = w + tap_at(s, t, d, h, v) * w_tap;
        if (t->lanes <= V)
          add_edge_narrow(row, with, s, at, t->left, sums);
        else if (t->left > ROWS / 2)
          add_edge_high(row, with, s, at, t->left, sums);
        else
          add_edge_low(row, with, s, at, t->left, sums);
      }
    }
}

INLINED void add_inside(int height, int vectors, const __global A *x, const __global A *w,
                        const conv *s, const tile *t, const taps_inside *in,
                        AV sum[ROWS][2]) {
  size_t off[ROWS], w_tap = (size_t)s->reduce * WIDTH;
#pragma unroll
  for (int i = 0; i < ROWS; i++)
    off[i] = (size_t)(AT_MOST(i, t->left - 1) * s->mul[2] * s->x_pixel);
  long taps = in->end - in->first;
  size_t count = (size_t)s->reduce;
  if (s->joined) {
    count *= (size_t)taps;
    taps = AT_MOST(taps, 1);
  }
  long x_step = s->source_step[2] * s->x_pixel, w_step = s->tap_step[2] * (long)w_tap;
  long at = t->w.s + in->first * s->source_step[2];
  for (long d = 0; d < t->d.count; d++)
    for (long h = 0; h < t->h.count; h++) {
      const __global A *from = x + (row_at(s, t, d, h) + at) * s->x_pixel;
      const __global A *with = w + tap_at(s, t, d, h, in->first) * w_tap;
      for (long v = 0; v < taps; v++, from += x_step, with += w_step)
        add_run(height, vectors, from, with, off, count, sum);
    }
}

/* Each channel's pixels lie side by side. */
INLINED void store_planes(const AV *sum, __global T *y, size_t y_channel, int left,
                          int lanes) {
  AV turned[V];
  for (int v = 0; v < VECTORS && v * V < lanes; v++, y += V * y_channel) {
#pragma unroll
    for (int i = 0; i < V; i++) turned[i] = sum[AT_MOST(i, ROWS - 1) * VECTORS + v];
    turn(turned);
    int count = AT_MOST(lanes - v * V, V);
    for (int j = 0; j < count; j++) {
      __global T *to = y + j * y_channel;
      const A *from = (const A *)(turned + j);
      if (left == ROWS) {
#pragma unroll
        for (int i = 0; i < ROWS; i++) STORE(to, i, from[i]);
      } else {
        for (int i = 0; i < left; i++) STORE(to, i, from[i]);
      }
    }
  }
}

/* What does not lie as it is stored, or is not whole. */
OUTLINED void store_tile(const AV *sum, __global T *y, const conv *s, const tile *t) {
  size_t y_step = (size_t)(s->div[2] * s->y_pixel), y_channel = (size_t)s->y_channel;
  if (y_step == 1 && y_channel > 1) {
    store_planes(sum, y, y_channel, t->left, t->lanes);
    return;
  }
  for (int i = 0; i < t->left; i++)
    for (int v = 0; v < VECTORS && v * V < t->lanes; v++)
      store_channels(y + (i * y_step + v * V * y_channel), y_channel, sum[i * VECTORS + v],
                     AT_MOST(t->lanes - v * V, V));
}

INLINED void make_one(int height, int vectors, const __global A *x, const __global A *w,
                      __global T *y, const conv *s, const tile *t) {
  AV passing[ROWS * VECTORS];
  AV sum[ROWS][2];
  taps_inside in = find_inside(s, t);
  if (in.first > 0 || in.end < t->w.count) {
    add_edges(x, w, s, t, &in, passing);
#pragma unroll
    for (int i = 0; i < ROWS; i++) {
      if (i >= height) continue;
      sum[i][0] = sum[i][1] = passing[i * VECTORS];
      if (vectors > 1) sum[i][1] = passing[i * VECTORS + 1];
    }
  } else {
#pragma unroll
    for (int i = 0; i < ROWS; i++) sum[i][0] = sum[i][1] = (AV)0;
  }
  long line = t->row - t->n * (s->result[0] * s->result[1]);
  y += t->n * s->y_batch + (line * s->result[2] + t->q) * s->y_pixel +
       t->channel * s->y_channel;
  size_t y_step = (size_t)(s->div[2] * s->y_pixel);
  if (s->y_channel == 1) {
#pragma unroll
    for (int i = 0; i < ROWS; i++) {
      if (i >= height) continue;
      WILL_STORE(y + i * y_step);
      if (vectors > 1) WILL_STORE(y + i * y_step + V);
    }
  }
  add_inside(height, vectors, x, w, s, t, &in, sum);
  if (s->y_channel == 1 && t->lanes == vectors * V) {
#pragma unroll
    for (int i = 0; i < ROWS; i++) {
      if (i >= height || i >= t->left) continue;
      STOREV(y + i * y_step, 0, sum[i][0]);
      if (vectors > 1) STOREV(y + i * y_step, V, sum[i][1]);
    }
    return;
  }
#pragma unroll
  for (int i = 0; i < ROWS; i++) {
    if (i >= height) continue;
    passing[i * VECTORS] = sum[i][0];
    if (vectors > 1) passing[i * VECTORS + 1] = sum[i][1];
  }
  store_tile(passing, y, s, t);
}

/* Lower tiles for what is left of a row, where it pays to compile one more. */
INLINED void make_any(const __global A *x, const __global A *w, __global T *y,
                      const conv *s, const tile *t) {
  int wide = VECTORS > 1 && t->lanes > V;
  if (wide && t->left > ROWS / 2)
    make_one(ROWS, VECTORS, x, w, y, s, t);
  else if (wide && t->left > 2)
    make_one(ROWS / 2, VECTORS, x, w, y, s, t);
  else if (wide)
    make_one(2, VECTORS, x, w, y, s, t);
  else if (t->left > 2)
    make_one(ROWS, 1, x, w, y, s, t);
  else
    make_one(2, 1, x, w, y, s, t);
}

__kernel void conv_tiles(const __global A *x, long x_offset, const __global A *w,
                         long w_offset, __global T *y, long y_offset, __global A *sums,
                         long sums_offset, conv c) {
  const conv here = c, *s = &here;
  (void)sums; /* of launches that take a part */
  (void)sums_offset;
  block b = find_block(s);
  x += x_offset;
  w += w_offset;
  y += y_offset;
  for (long panel = b.panel; panel < b.last; panel++) {
    tile t;
    panel_place p = begin_panel(&t, s, panel);
    const __global A *with = w + (p.group * s->w_group + p.inner * s->w_panel);
    for (long at = b.first; at < b.end; at++) {
      if (!place_tile(&t, s, at)) continue;
      make_any(x + t.n * s->x_batch + p.group * s->x_group, with, y, s, &t);
    }
  }
}
