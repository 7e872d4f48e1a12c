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
 * filter_tiles: all channels o of a group see the same x.
 * filter_lanes: each has its own: x is [pixel, reduce, lanes].
 * The result is [taps, reduce, row] in y, or one after the other for all parts in sums.
 *
 * On CPUs, local size 1, in the place of filter_tiles:
 *
 * filter_panels: a work-item makes all taps of blocks_each blocks of DEPTH channels c by
 * one panel of WIDTH channels o, CHUNK pixels after CHUNK pixels, whose dy it copies: what
 * it reads again and again stays in the first cache. Global: parts, groups, blocks of
 * blocks, panels, the panels side by side. The result is
 * [part, group, panel, tap, block, DEPTH, WIDTH] in sums.
 *
 * filter_gather: y from these. Global: rows of taps * reduce.
 *
 * Long because CPUs and GPUs add a filter up in ways of their own. */

typedef struct {
  long source[3], out[3], taps[3], stride[3], dilation[3], before[3];
  long pixels, part, parts, begin, end, is_whole;
  long groups, blocks, panels, lanes, reduce, row;
  long x_pixel, x_group, x_step, y_pixel, y_group;
  long blocks_each;
} filter_conv;

#define VECTORS (CPU_LIKE && sizeof(A) < 8 ? 2 : 1)
#define WIDTH   (VECTORS * V)
#define DEPTH   (CPU_LIKE ? 8 : 4)
#define SHARE   512
#define CHUNK   (CPU_LIKE ? 128 : 1)

typedef struct {
  long first, last; /* pixels of a row that meet the tap */
  long d, h, w;     /* where pixel 0 of each axis finds the tap in the source */
  int left, lanes;
} filter_tile;

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
    if (++h < s->out[1]) continue;
    h = 0;
    if (++d < s->out[0]) continue;
    d = 0;
    n++;
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
        x = load_sums(sums + (i * s->row + v * V), AT_MOST(t->lanes - v * V, V));
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

/* ---- On CPUs ---- */

typedef struct {
  long n, d, h, q; /* where a chunk begins */
  long count;
} filter_chunk;

/* Adds `count` pixels; dy is a copy, WIDTH apart. */
INLINED void add_run(int height, int vectors, const __global A *x, const A *dy,
                     size_t x_step, const size_t *off, size_t count, AV sum[DEPTH][2]) {
  for (; count > 0; count--, x += x_step, dy += WIDTH) {
    AV y0 = VLOAD(0, dy), y1 = y0;
    if (vectors > 1) y1 = VLOAD(1, dy);
#pragma unroll
    for (int i = 0; i < DEPTH; i++) {
      if (i >= height) continue;
      AV value = (AV)x[height == DEPTH ? (size_t)i : off[i]];
      sum[i][0] = multiply_add(value, y0, sum[i][0]);
      if (vectors > 1) sum[i][1] = multiply_add(value, y1, sum[i][1]);
    }
  }
}

/* One tap of `height` channels from x on; the last of `left` stands in for those that are
 * not there. */
INLINED void add_chunk(int height, int vectors, const __global A *x, const A *dy,
                       const filter_conv *s, const filter_tile *t, const filter_chunk *at,
                       int is_first, __global A *sums) {
  AV sum[DEPTH][2];
  size_t off[DEPTH];
#pragma unroll
  for (int i = 0; i < DEPTH; i++) {
    if (i >= height) continue;
    off[i] = (size_t)AT_MOST(i, t->left - 1);
    sum[i][0] = sum[i][1] = (AV)0;
  }
  long width = s->out[2], n = at->n, d = at->d, h = at->h, q = at->q, left = at->count;
  size_t x_step = (size_t)(s->stride[2] * s->x_pixel);
  while (left > 0) {
    long stop = AT_MOST(width, q + left), first = q < t->first ? t->first : q;
    long last = AT_MOST(stop, t->last);
    long in_d = t->d + d * s->stride[0], in_h = t->h + h * s->stride[1];
    if (in_d >= 0 && in_d < s->source[0] && in_h >= 0 && in_h < s->source[1] &&
        first < last) {
      long in_row = (n * s->source[0] + in_d) * s->source[1] + in_h;
      long in = in_row * s->source[2] + t->w + first * s->stride[2];
      add_run(height, vectors, x + in * s->x_pixel, dy + (first - q) * WIDTH, x_step, off,
              (size_t)(last - first), sum);
    }
    dy += (stop - q) * WIDTH;
    left -= stop - q;
    q = 0;
    if (++h < s->out[1]) continue;
    h = 0;
    if (++d < s->out[0]) continue;
    d = 0;
    n++;
  }
#pragma unroll
  for (int i = 0; i < DEPTH; i++) {
    if (i >= height) continue;
#pragma unroll
    for (int v = 0; v < VECTORS; v++) {
      if (v >= vectors) continue;
      AV total = sum[i][v];
      if (!is_first) total = S(U(total) + U(VLOAD(i * VECTORS + v, sums)));
      VSTORE(total, i * VECTORS + v, sums);
    }
  }
}

INLINED void add_block(int vectors, const __global A *x, const A *dy, const filter_conv *s,
                       filter_tile *t, const filter_chunk *at, int is_first,
                       __global A *sums) {
  if (t->left > 4) {
    if (t->left == DEPTH) {
      add_chunk(DEPTH, vectors, x, dy, s, t, at, is_first, sums);
      return;
    }
    int left = t->left;
    t->left = 4;
    add_chunk(4, vectors, x, dy, s, t, at, is_first, sums);
    t->left = left - 4;
    x += 4;
    sums += 4 * WIDTH;
  }
  add_chunk(4, vectors, x, dy, s, t, at, is_first, sums);
}

INLINED void filter_panel(int vectors, const __global A *x, const __global A *dy,
                          const filter_conv *s, long block, long last_block, long from,
                          long end, __global A *sums) {
  A near[CHUNK * WIDTH];
  filter_tile t;
  filter_chunk at;
  for (long begin = from; begin < end; begin += CHUNK) {
    at.count = AT_MOST(end - begin, CHUNK);
    long row = begin / s->out[2], d_row = row / s->out[1];
    at.q = begin - row * s->out[2];
    at.h = row - d_row * s->out[1];
    at.n = d_row / s->out[0];
    at.d = d_row - at.n * s->out[0];
    for (long i = 0; i < at.count; i++) {
      const __global A *p = dy + (begin + i) * s->y_pixel;
      VSTORE(VLOAD(0, p), 0, near + i * WIDTH);
      if (vectors > 1) VSTORE(VLOAD(1, p), 1, near + i * WIDTH);
    }
    for (long b = block; b < last_block; b++) {
      __global A *to = sums + b * (DEPTH * WIDTH);
      long c = b * DEPTH;
      for (long d = 0; d < s->taps[0]; d++)
        for (long h = 0; h < s->taps[1]; h++)
          for (long w = 0; w < s->taps[2]; w++, to += s->blocks * (DEPTH * WIDTH)) {
            t.d = d * s->dilation[0] - s->before[0];
            t.h = h * s->dilation[1] - s->before[1];
            filter_range(&t, w * s->dilation[2] - s->before[2], s->stride[2], s->source[2],
                         s->out[2]);
            t.left = (int)AT_MOST(s->reduce - c, DEPTH);
            add_block(vectors, x + c, near, s, &t, &at, begin == from, to);
          }
    }
  }
}

__kernel void filter_panels(const __global A *x, long x_offset, const __global A *dy,
                            long dy_offset, __global A *sums, long sums_offset,
                            filter_conv s) {
  if (!CPU_LIKE) return;
  const filter_conv here = s;
  long groups_of_blocks = (here.blocks + here.blocks_each - 1) / here.blocks_each;
  long id = (long)get_global_id(0), rest = id / here.panels,
       panel = id - rest * here.panels;
  id = rest / groups_of_blocks;
  long block = (rest - id * groups_of_blocks) * here.blocks_each;
  long part = id / here.groups, group = id - part * here.groups;
  long taps = here.taps[0] * here.taps[1] * here.taps[2], o = panel * WIDTH;
  x += x_offset + group * here.x_group;
  dy += dy_offset + group * here.y_group + o;
  sums += sums_offset + ((part * here.groups + group) * here.panels + panel) * taps *
                            here.blocks * (DEPTH * WIDTH);
  long last = AT_MOST(block + here.blocks_each, here.blocks);
  long end = AT_MOST((part + 1) * here.part, here.pixels);
  if (VECTORS > 1 && here.lanes - o > V)
    filter_panel(VECTORS, x, dy, &here, block, last, part * here.part, end, sums);
  else
    filter_panel(1, x, dy, &here, block, last, part * here.part, end, sums);
}

__kernel void filter_gather(const __global A *sums, long sums_offset, __global T *y,
                            long y_offset, filter_conv s) {
  if (!CPU_LIKE) return;
  const filter_conv here = s;
  long row = (long)get_global_id(0), tap = row / here.reduce, c = row - tap * here.reduce;
  long taps = here.taps[0] * here.taps[1] * here.taps[2];
  long tile = DEPTH * WIDTH, panel_size = taps * here.blocks * tile;
  long part_size = here.groups * here.panels * panel_size;
  sums += sums_offset + (tap * here.blocks + c / DEPTH) * tile + c % DEPTH * WIDTH;
  y += y_offset + row * here.row;
  for (long panel = 0; panel < here.groups * here.panels; panel++, sums += panel_size) {
    long group = panel / here.panels, o = (panel - group * here.panels) * WIDTH;
    for (int v = 0; v < VECTORS; v++) {
      long lanes = here.lanes - o - v * V;
      if (lanes <= 0) continue;
      AV total = (AV)0;
      for (long part = 0; part < here.parts; part++)
        total = S(U(total) + U(VLOAD(v, sums + part * part_size)));
      store_channels(y + group * here.lanes + o + v * V, 1, total, (int)AT_MOST(lanes, V));
    }
  }
}

/* ---- On both ---- */

__kernel void filter_tiles(const __global A *x, long x_offset, const __global A *dy,
                           long dy_offset, __global T *y, long y_offset, __global A *sums,
                           long sums_offset, filter_conv s) {
  if (CPU_LIKE) return;
  const filter_conv here = s;
  filter_block(0, x + x_offset, dy + dy_offset, y + y_offset, sums + sums_offset, &here);
}

__kernel void filter_lanes(const __global A *x, long x_offset, const __global A *dy,
                           long dy_offset, __global T *y, long y_offset, __global A *sums,
                           long sums_offset, filter_conv s) {
  const filter_conv here = s;
  filter_block(1, x + x_offset, dy + dy_offset, y + y_offset, sums + sums_offset, &here);
}
