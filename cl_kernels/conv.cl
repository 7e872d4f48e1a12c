/* Convolutions over three spatial axes (fewer have extents of 1), forward and, with the
 * roles of input and output exchanged, the gradient of the input. Position q of an axis of
 * the result meets tap k at position (q * mul + add + k * tap_mul) / div of the source,
 * where that is whole and there; taps elsewhere are left out, so padding is never
 * multiplied. The taps that meet q are `tap_step` apart, their positions `source_step`; the
 * first is found by `inverse`, which undoes tap_mul modulo tap_step, `common` taken out of
 * both.
 *
 * x: source pixels of type A, `x_pixel` apart, a group's channels from g * x_group on.
 * w: filters from conv_pack.cl, V lanes for V channels of the result.
 *
 * A tile of ROWS pixels of a row and WIDTH channels stays in registers. Pixels of a tile
 * are `div` apart: they meet the same taps. A work-item makes tiles_each tiles of each of
 * panels_each panels of channels. Global: blocks of tiles, the blocks of panels side by
 * side.
 *
 * A launch takes taps [from_tap, to_tap) of those that a tile meets, channels [from, to) of
 * the source's `reduce`; between launches sums lie in `sums`.
 *
 * joined: the channels of taps that follow each other do so too, in x and in w.
 *
 * The struct is copied first in every kernel: llvmpipe reads parts of an argument wrongly
 * behind branches.
 *
 * conv_tiles, in conv_tiles.cl: all channels of a group's result read one value of x.
 * conv_lanes: each has its own: x is [pixel, reduce, lanes] with x_step lanes.
 * conv_blocks.cl stands in the place of conv_tiles.cl on CPUs. */
typedef struct {
  long result[3], source[3], taps[3];
  long mul[3], add[3], tap_mul[3], div[3];
  long common[3], inverse[3], tap_step[3], source_step[3];
  long rows, phases, phase_tiles, tiles_each, panels, panels_each, group_panels;
  long lanes, reduce;
  long x_batch, x_pixel, x_group, x_step;
  long w_group, w_panel, w_step;
  long y_batch, y_pixel, y_channel;
  long from_tap, to_tap, from, to, is_first, is_last;
  long joined;
} conv;

/* The taps that meet a position: `count` of them from tap k at s on. */
typedef struct {
  long k, s, count;
} meeting;

typedef struct {
  meeting d, h, w;
  long n, row, q, panel, channel; /* q: the first pixel's position in its row */
  int left, lanes;                /* pixels and channels there are */
} tile;

#define ROWS    (CPU_LIKE ? 14 : 4)
#define VECTORS (CPU_LIKE && sizeof(A) < 8 ? 2 : 1)
#define WIDTH   (VECTORS * V)

INLINED meeting meet(long n, long taps, long tap_mul, long div, long common, long inverse,
                     long tap_step) {
  meeting m;
  m.k = 0;
  m.s = n;
  m.count = taps;
  if (div == 1) return m;
  long whole = n / common, k = whole % tap_step * inverse % tap_step;
  m.k = k;
  m.count = 0;
  if (whole * common == n && k < taps) m.count = (taps - k + tap_step - 1) / tap_step;
  m.s = (n + k * tap_mul) / div;
  return m;
}

/* Without the taps that fall beside the source. */
INLINED void clip(meeting *m, long source, long tap_step, long source_step) {
  long step = source_step < 0 ? -source_step : source_step;
  long before = source_step < 0 ? m->s - (source - 1) : -m->s;
  long room = source_step < 0 ? m->s : source - 1 - m->s;
  long skip = before > 0 ? (before + step - 1) / step : 0;
  long end = room < 0 ? 0 : room / step + 1;
  end = AT_MOST(end, m->count);
  m->k += skip * tap_step;
  m->s += skip * source_step;
  m->count = end > skip ? end - skip : 0;
}

INLINED long clamp_to(long x, long extent) {
  long positive = x < 0 ? 0 : x;
  return AT_MOST(positive, extent - 1);
}

/* Adds the products of `count` channels: of one tap, or of taps whose pixels follow each
 * other. `at`: where the first pixel finds it in the source's row.
 * Where only some pixels do, the others go along and their sums are put back: without a
 * branch per pixel, which compilers take very long over. */
INLINED void add_tap(int height, int vectors, int lanewise, const __global A *x,
                     const __global A *w, const conv *s, long at, int left, size_t count,
                     AV sum[ROWS][2]) {
  size_t off[ROWS];
  MV outside[ROWS];
  AV kept[ROWS][2];
  size_t x_pixel = (size_t)s->x_pixel, x_step = lanewise ? (size_t)s->x_step : 1;
  size_t w_step = CPU_LIKE ? WIDTH : (size_t)s->w_step;
  long mul = s->mul[2], width = s->source[2], last = at + (left - 1) * mul;
  int inside = at >= 0 && last < width;
#pragma unroll
  for (int i = 0; i < ROWS; i++) {
    if (i >= height) continue;
    long p = at + AT_MOST(i, left - 1) * mul;
    off[i] = (size_t)clamp_to(p, width) * x_pixel;
    outside[i] = (MV)(MASK_LANE)(p < 0 || p >= width ? -1 : 0);
    kept[i][0] = sum[i][0];
    if (vectors > 1) kept[i][1] = sum[i][1];
  }
  for (; count > 0; count--, x += x_step, w += w_step) {
    AV w0 = VLOAD(0, w), w1 = w0;
    if (vectors > 1) w1 = VLOAD(1, w);
#pragma unroll
    for (int i = 0; i < ROWS; i++) {
      if (i >= height) continue;
      AV x0, x1;
      if (lanewise) {
        x0 = VLOAD(0, x + off[i]);
        x1 = x0;
        if (vectors > 1) x1 = VLOAD(1, x + off[i]);
      } else {
        x0 = (AV)x[off[i]];
        x1 = x0;
      }
      sum[i][0] = multiply_add(x0, w0, sum[i][0]);
      if (vectors > 1) sum[i][1] = multiply_add(x1, w1, sum[i][1]);
    }
  }
  if (inside) return;
#pragma unroll
  for (int i = 0; i < ROWS; i++) {
    if (i >= height) continue;
    sum[i][0] = SELECT(outside[i], kept[i][0], sum[i][0]);
    if (vectors > 1) sum[i][1] = SELECT(outside[i], kept[i][1], sum[i][1]);
  }
}

INLINED void add_taps(int height, int vectors, int lanewise, const __global A *x,
                      const __global A *w, const conv *s, const tile *t, AV sum[ROWS][2]) {
  long across = t->w.count, plane = across * t->h.count;
  long begin = s->from_tap, end = plane * t->d.count;
  end = AT_MOST(end, s->to_tap);
  if (begin >= end) return;
  long d = begin / plane, rest = begin - d * plane, h = rest / across;
  long v = rest - h * across;
  long width = s->source[2], reach = (t->left - 1) * s->mul[2];
  long x_row = width * s->x_pixel, w_tap = s->reduce * s->w_step;
  x += s->from * (lanewise ? s->x_step : 1);
  w += s->from * s->w_step;
  size_t count = (size_t)(s->to - s->from);
  int joined = s->joined && t->w.s >= 0 && t->w.s + reach + across <= width;
  for (; begin < end; begin++) {
    int all = joined && v == 0 && begin + across <= end;
    long at = t->w.s + v * s->source_step[2];
    if (at < width && at + reach >= 0) {
      long row = (t->d.s + d * s->source_step[0]) * s->source[1] +
                 (t->h.s + h * s->source_step[1]);
      long tap =
          ((t->d.k + d * s->tap_step[0]) * s->taps[1] + (t->h.k + h * s->tap_step[1])) *
              s->taps[2] +
          (t->w.k + v * s->tap_step[2]);
      add_tap(height, vectors, lanewise, x + row * x_row, w + tap * w_tap, s, at, t->left,
              all ? count * (size_t)across : count, sum);
    }
    if (all) {
      v = across - 1;
      begin += v;
    }
    if (++v == across) {
      v = 0;
      if (++h == t->h.count) {
        h = 0;
        d++;
      }
    }
  }
}

INLINED size_t sums_at(const conv *s, const tile *t) {
  return (size_t)(((t->row * s->result[2] + t->q) * s->panels + t->panel) * WIDTH);
}

/* A tile's sums pass through memory at its begin and end, so that this code is there once,
 * not for every shape of a tile. */
OUTLINED void begin_tile(A *sum, const __global A *sums, const conv *s, const tile *t) {
  size_t step = (size_t)(s->div[2] * s->panels * WIDTH);
  sums += sums_at(s, t);
#pragma unroll
  for (int i = 0; i < ROWS; i++) {
#pragma unroll
    for (int v = 0; v < VECTORS; v++) {
      AV x = (AV)0;
      if (!s->is_first && i < t->left) x = VLOAD(v, sums + i * step);
      VSTORE(x, i * VECTORS + v, sum);
    }
  }
}

OUTLINED void end_tile(const A *sum, __global T *y, __global A *sums, const conv *s,
                       const tile *t) {
  long line = t->row - t->n * (s->result[0] * s->result[1]);
  y += t->n * s->y_batch + (line * s->result[2] + t->q) * s->y_pixel +
       t->channel * s->y_channel;
  sums += sums_at(s, t);
  size_t y_step = (size_t)(s->div[2] * s->y_pixel), y_channel = (size_t)s->y_channel;
  size_t step = (size_t)(s->div[2] * s->panels * WIDTH);
  for (int i = 0; i < ROWS; i++) {
    if (i >= t->left) continue;
#pragma unroll
    for (int v = 0; v < VECTORS; v++) {
      AV x = VLOAD(i * VECTORS + v, sum);
      if (!s->is_last)
        VSTORE(x, v, sums + i * step);
      else if (t->lanes > v * V)
        store_channels(y + (i * y_step + v * V * y_channel), y_channel, x,
                       AT_MOST(t->lanes - v * V, V));
    }
  }
}

INLINED void make_tile(int height, int vectors, int lanewise, const __global A *x,
                       const __global A *w, __global T *y, __global A *sums, const conv *s,
                       const tile *t) {
  A passing[ROWS * WIDTH];
  AV sum[ROWS][2];
  begin_tile(passing, sums, s, t);
#pragma unroll
  for (int i = 0; i < ROWS; i++) {
    if (i >= height) continue;
    sum[i][0] = VLOAD(i * VECTORS, passing);
    sum[i][1] = sum[i][0];
    if (vectors > 1) sum[i][1] = VLOAD(i * VECTORS + 1, passing);
  }
  add_taps(height, vectors, lanewise, x, w, s, t, sum);
#pragma unroll
  for (int i = 0; i < ROWS; i++) {
    if (i >= height) continue;
    VSTORE(sum[i][0], i * VECTORS, passing);
    if (vectors > 1) VSTORE(sum[i][1], i * VECTORS + 1, passing);
  }
  end_tile(passing, y, sums, s, t);
}

INLINED void place_row(tile *t, const conv *s, long row) {
  t->row = row;
  long d_row = row / s->result[1], h = row - d_row * s->result[1];
  t->n = d_row / s->result[0];
  long d = d_row - t->n * s->result[0];
  t->d = meet(d * s->mul[0] + s->add[0], s->taps[0], s->tap_mul[0], s->div[0], s->common[0],
              s->inverse[0], s->tap_step[0]);
  clip(&t->d, s->source[0], s->tap_step[0], s->source_step[0]);
  t->h = meet(h * s->mul[1] + s->add[1], s->taps[1], s->tap_mul[1], s->div[1], s->common[1],
              s->inverse[1], s->tap_step[1]);
  clip(&t->h, s->source[1], s->tap_step[1], s->source_step[1]);
}

/* Tile `at` of all; 0 where a phase has fewer tiles than others. */
INLINED int place_tile(tile *t, const conv *s, long at) {
  long row_tiles = s->phases * s->phase_tiles, row = at / row_tiles;
  if (row != t->row) place_row(t, s, row);
  long rest = at - row * row_tiles, phase = s->phases == 1 ? 0 : rest / s->phase_tiles;
  t->q = phase + (rest - phase * s->phase_tiles) * ROWS * s->div[2];
  if (t->q >= s->result[2]) return 0;
  long left = s->result[2] - t->q;
  if (s->div[2] > 1) left = (left - 1) / s->div[2] + 1;
  t->left = (int)AT_MOST(left, ROWS);
  t->w = meet(t->q * s->mul[2] + s->add[2], s->taps[2], s->tap_mul[2], s->div[2],
              s->common[2], s->inverse[2], s->tap_step[2]);
  return 1;
}

/* Where a panel begins in w and, less what all panels of a group share, in x. */
typedef struct {
  long group, inner;
} panel_place;

INLINED panel_place begin_panel(tile *t, const conv *s, long panel) {
  panel_place p;
  p.group = panel / s->group_panels;
  p.inner = panel - p.group * s->group_panels;
  t->panel = panel;
  t->channel = p.group * s->lanes + p.inner * WIDTH;
  t->lanes = (int)AT_MOST(s->lanes - p.inner * WIDTH, WIDTH);
  t->row = -1;
  t->n = 0;
  return p;
}

/* What a work-item makes: tiles [first, end) of panels [panel, last). */
typedef struct {
  long first, end, panel, last;
} block;

INLINED block find_block(const conv *s) {
  long id = (long)get_global_id(0);
  long blocks = (s->panels + s->panels_each - 1) / s->panels_each, row = id / blocks;
  long tiles = s->rows * s->phases * s->phase_tiles;
  block b;
  b.first = row * s->tiles_each;
  b.end = AT_MOST(b.first + s->tiles_each, tiles);
  b.panel = (id - row * blocks) * s->panels_each;
  b.last = AT_MOST(b.panel + s->panels_each, s->panels);
  return b;
}

INLINED void make_block(int lanewise, const __global A *x, const __global A *w,
                        __global T *y, __global A *sums, const conv *s) {
  block b = find_block(s);
  for (long panel = b.panel; panel < b.last; panel++) {
    tile t;
    panel_place p = begin_panel(&t, s, panel);
    const __global A *with = w + (p.group * s->w_group + p.inner * s->w_panel);
    const __global A *from = x + (p.group * s->x_group + (lanewise ? p.inner * WIDTH : 0));
    for (long at = b.first; at < b.end; at++) {
      if (!place_tile(&t, s, at)) continue;
      if (VECTORS > 1 && t.lanes > V)
        make_tile(ROWS, VECTORS, lanewise, from + t.n * s->x_batch, with, y, sums, s, &t);
      else
        make_tile(ROWS, 1, lanewise, from + t.n * s->x_batch, with, y, sums, s, &t);
    }
  }
}

__kernel void conv_lanes(const __global A *x, long x_offset, const __global A *w,
                         long w_offset, __global T *y, long y_offset, __global A *sums,
                         long sums_offset, conv s) {
  const conv here = s;
  make_block(1, x + x_offset, w + w_offset, y + y_offset, sums + sums_offset, &here);
}
