/* The gradient of a convolution's filter: for every tap, channel c of the input and channel
 * o of the output, the sum over pixels of the output of x there at the tap times dy.
 *
 * x: pixels of type A, `x_pixel` apart, a group's channels from g * x_group on. dy: pixels
 * `y_pixel` apart, a group's channels from g * y_group on, V readable from each multiple of
 * V.
 *
 * A work-item makes DEPTH channels c by WIDTH channels o of one tap, from pixels
 * [begin, end) of its `part` pixels. Global: parts, taps, groups, blocks of DEPTH channels,
 * panels of WIDTH, all in one, the panels side by side. Every SHARE pixels the sums go to a
 * total, so the error grows with the number of shares, not of pixels.
 *
 * filter_tiles, in conv_filter_tiles.cl: all channels o of a group see the same x.
 * filter_lanes: each has its own: x is [pixel, reduce, lanes].
 * The result is [taps, reduce, row] in y, or one after the other for all parts in sums.
 * conv_filter_panels.cl stands in the place of filter_tiles on CPUs. */

typedef struct {
  long source[3], out[3], taps[3], stride[3], dilation[3], before[3];
  long pixels, part, parts, begin, end, is_whole;
  long groups, blocks, panels, lanes, reduce, row;
  long x_pixel, x_group, x_step, y_pixel, y_group;
  long blocks_each, joined;
} filter_conv;

#define VECTORS (CPU_LIKE && sizeof(A) < 8 ? 2 : 1)
#define WIDTH   (VECTORS * V)
#define DEPTH   (CPU_LIKE ? 8 : 4)
#define SHARE   512

typedef struct {
  long first, last; /* pixels of a row that meet the tap */
  long d, h, w;     /* where pixel 0 of each axis finds the tap in the source */
  int left, lanes;
} filter_tile;

/* The row of y behind row h, d of image n. */
INLINED void next_row(const filter_conv *s, long *n, long *d, long *h) {
  if (++*h < s->out[1]) return;
  *h = 0;
  if (++*d < s->out[0]) return;
  *d = 0;
  ++*n;
}

/* Adds pixels [q, end) of one row. */
INLINED void add_pixels(int height, int vectors, int lanewise, const __global A *x,
                        const __global A *dy, const filter_conv *s, const size_t *off,
                        size_t count, AV sum[DEPTH][2]) {
  size_t x_step = (size_t)(s->stride[2] * s->x_pixel), y_step = (size_t)s->y_pixel;
  for (; count > 0; count--, x += x_step, dy += y_step) {
    AV y0 = VLOAD(0, dy), y1 = y0;
    if (vectors > 1) y1 = VLOAD(1, dy);
#pragma unroll
    for (int i = 0; i < DEPTH; i++) {
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
      sum[i][0] = multiply_add(x0, y0, sum[i][0]);
      if (vectors > 1) sum[i][1] = multiply_add(x1, y1, sum[i][1]);
    }
  }
}

/* Adds a share to the total, which lies in memory, and starts anew. */
INLINED void move_sums(int height, int vectors, AV sum[DEPTH][2], A *total) {
#pragma unroll
  for (int i = 0; i < DEPTH; i++) {
    if (i >= height) continue;
    VSTORE(S(U(VLOAD(i * VECTORS, total)) + U(sum[i][0])), i * VECTORS, total);
    if (vectors > 1)
      VSTORE(S(U(VLOAD(i * VECTORS + 1, total)) + U(sum[i][1])), i * VECTORS + 1, total);
    sum[i][0] = sum[i][1] = (AV)0;
  }
}

INLINED void sum_pixels(int height, int vectors, int lanewise, const __global A *x,
                        const __global A *dy, const filter_conv *s, const filter_tile *t,
                        long at, long end, A *total) {
  AV sum[DEPTH][2];
  size_t off[DEPTH];
#pragma unroll
  for (int i = 0; i < DEPTH; i++) {
    off[i] = (size_t)(AT_MOST(i, t->left - 1) * (lanewise ? s->x_step : 1));
    sum[i][0] = sum[i][1] = (AV)0;
  }
  long width = s->out[2], row = at / width, q = at - row * width;
  long d_row = row / s->out[1], h = row - d_row * s->out[1];
  long n = d_row / s->out[0], d = d_row - n * s->out[0], share = 0;
  while (at < end) {
    long next = AT_MOST(width, q + (end - at)), stop = AT_MOST(next, q + SHARE - share);
    long in_d = t->d + d * s->stride[0], in_h = t->h + h * s->stride[1];
    long first = q < t->first ? t->first : q, last = AT_MOST(stop, t->last);
    if (in_d >= 0 && in_d < s->source[0] && in_h >= 0 && in_h < s->source[1] &&
        first < last) {
      long in_row = (n * s->source[0] + in_d) * s->source[1] + in_h;
      long in = in_row * s->source[2] + t->w + first * s->stride[2];
      add_pixels(height, vectors, lanewise, x + in * s->x_pixel,
                 dy + (at + first - q) * s->y_pixel, s, off, (size_t)(last - first), sum);
    }
    at += stop - q;
    share += stop - q;
    q = stop;
    if (share >= SHARE || at >= end) {
      move_sums(height, vectors, sum, total);
      share = 0;
    }
    if (q < width) continue;
    q = 0;
    next_row(s, &n, &d, &h);
  }
}

INLINED void store_sums(__global A *p, AV x, int count) {
  A lanes[V];
  VSTORE(x, 0, lanes);
  for (int i = 0; i < count; i++) p[i] = lanes[i];
}

OUTLINED void begin_piece(A *total, const __global A *sums, const filter_conv *s,
                          const filter_tile *t) {
#pragma unroll
  for (int i = 0; i < DEPTH; i++) {
#pragma unroll
    for (int v = 0; v < VECTORS; v++) {
      AV x = (AV)0;
      if (s->begin > 0 && i < t->left && t->lanes > v * V)
        x = load_some(sums + (i * s->row + v * V), AT_MOST(t->lanes - v * V, V));
      VSTORE(x, i * VECTORS + v, total);
    }
  }
}

OUTLINED void end_piece(const A *total, __global T *y, __global A *sums,
                        const filter_conv *s, const filter_tile *t) {
#pragma unroll
  for (int i = 0; i < DEPTH; i++) {
    if (i >= t->left) continue;
#pragma unroll
    for (int v = 0; v < VECTORS; v++) {
      int count = AT_MOST(t->lanes - v * V, V);
      if (count <= 0) continue;
      AV x = VLOAD(i * VECTORS + v, total);
      if (s->is_whole)
        store_channels(y + (i * s->row + v * V), 1, x, count);
      else
        store_sums(sums + (i * s->row + v * V), x, count);
    }
  }
}

INLINED void filter_piece(int height, int vectors, int lanewise, const __global A *x,
                          const __global A *dy, __global T *y, __global A *sums,
                          const filter_conv *s, const filter_tile *t, long at, long end) {
  A total[DEPTH * WIDTH];
  begin_piece(total, sums, s, t);
  sum_pixels(height, vectors, lanewise, x, dy, s, t, at, end, total);
  end_piece(total, y, sums, s, t);
}

/* Pixels of an output row whose tap lies in the source's row: x = q * stride + w there. */
INLINED void filter_range(filter_tile *t, long w, long stride, long source, long out) {
  long first = w < 0 ? (stride - 1 - w) / stride : 0;
  long last = source > w ? (source - 1 - w) / stride + 1 : 0;
  t->w = w;
  t->first = first;
  t->last = AT_MOST(last, out);
}

INLINED void filter_block(int lanewise, const __global A *x, const __global A *dy,
                          __global T *y, __global A *sums, const filter_conv *s) {
  filter_tile t;
  long rows = lanewise ? 1 : DEPTH;
  long id = (long)get_global_id(0), rest = id / s->panels, panel = id - rest * s->panels;
  id = rest / s->blocks;
  long block = rest - id * s->blocks;
  rest = id / s->groups;
  long group = id - rest * s->groups;
  long taps = s->taps[0] * s->taps[1] * s->taps[2], part = rest / taps;
  if (part >= s->parts) return;
  long tap = rest - part * taps, tap_row = tap / s->taps[2];
  long w = tap - tap_row * s->taps[2], d = tap_row / s->taps[1];
  long h = tap_row - d * s->taps[1];
  t.d = d * s->dilation[0] - s->before[0];
  t.h = h * s->dilation[1] - s->before[1];
  filter_range(&t, w * s->dilation[2] - s->before[2], s->stride[2], s->source[2],
               s->out[2]);
  long c = block * rows, o = panel * WIDTH;
  t.left = (int)AT_MOST(s->reduce - c, rows);
  t.lanes = (int)AT_MOST(s->lanes - o, WIDTH);
  x += group * s->x_group + c * (lanewise ? s->x_step : 1) + (lanewise ? o : 0);
  dy += group * s->y_group + o;
  long at = (tap * s->reduce + c) * s->row + group * s->lanes + o;
  y += at;
  sums += part * (taps * s->reduce * s->row) + at;
  long most = AT_MOST((part + 1) * s->part, s->pixels);
  long first = AT_MOST(part * s->part + s->begin, most);
  long end = AT_MOST(part * s->part + s->end, most);
  int wide = VECTORS > 1 && t.lanes > V;
  if (lanewise && wide)
    filter_piece(1, VECTORS, 1, x, dy, y, sums, s, &t, first, end);
  else if (lanewise)
    filter_piece(1, 1, 1, x, dy, y, sums, s, &t, first, end);
  else if (wide && t.left > 4)
    filter_piece(DEPTH, VECTORS, 0, x, dy, y, sums, s, &t, first, end);
  else if (wide)
    filter_piece(4, VECTORS, 0, x, dy, y, sums, s, &t, first, end);
  else if (t.left > 4)
    filter_piece(DEPTH, 1, 0, x, dy, y, sums, s, &t, first, end);
  else
    filter_piece(4, 1, 0, x, dy, y, sums, s, &t, first, end);
}

__kernel void filter_lanes(const __global A *x, long x_offset, const __global A *dy,
                           long dy_offset, __global T *y, long y_offset, __global A *sums,
                           long sums_offset, filter_conv s) {
  const filter_conv here = s;
  filter_block(1, x + x_offset, dy + dy_offset, y + y_offset, sums + sums_offset, &here);
}
