/* Gradients of filters on CPUs, behind conv_filter.cl, whose operands these are; local size
 * 1.
 *
 * filter_panels: a work-item makes all taps of blocks_each blocks of DEPTH channels c by
 * one panel of WIDTH channels o, CHUNK pixels after CHUNK pixels, whose dy it copies: what
 * it reads again and again stays in the first cache. Global: parts, groups, blocks of
 * blocks, panels, the panels side by side. The result is
 * [part, group, panel, tap, block, DEPTH, WIDTH] in sums.
 *
 * joined: so many channels has a pixel, and a row's taps come as one of `reduce` channels:
 * those of the pixels from the first tap's on, side by side. A pixel of dy that does not
 * find all of a block's there comes after the others, on its own.
 *
 * filter_gather: y from these. Global: rows of taps * reduce. */

#define CHUNK 128

typedef struct {
  long n, d, h, q; /* where a chunk begins */
  long count;
} filter_chunk;

/* Adds `count` pixels; dy is a copy. */
INLINED void add_run(int height, int vectors, const __global A *x, const AV *dy,
                     size_t x_step, const size_t *off, size_t count, AV sum[DEPTH][2]) {
  for (; count > 0; count--, x += x_step, dy += VECTORS) {
    AV y0 = dy[0], y1 = y0;
    if (vectors > 1) y1 = dy[1];
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
INLINED void add_chunk(int height, int vectors, const __global A *x, const AV *dy,
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
      add_run(height, vectors, x + in * s->x_pixel, dy + (first - q) * VECTORS, x_step, off,
              (size_t)(last - first), sum);
    }
    dy += (stop - q) * VECTORS;
    left -= stop - q;
    q = 0;
    next_row(s, &n, &d, &h);
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

/* Pixels of a chunk beside [t->first, t->last), in a joined row. */
OUTLINED void add_beside(int vectors, const __global A *x, const AV *dy,
                         const filter_conv *s, const filter_tile *t,
                         const filter_chunk *at, long c, __global A *sums) {
  long width = s->out[2], n = at->n, d = at->d, h = at->h, q = at->q, left = at->count;
  while (left > 0) {
    long stop = AT_MOST(width, q + left);
    long in_d = t->d + d * s->stride[0], in_h = t->h + h * s->stride[1];
    int there = in_d >= 0 && in_d < s->source[0] && in_h >= 0 && in_h < s->source[1];
    long row = ((n * s->source[0] + in_d) * s->source[1] + in_h) * s->source[2];
    for (long p = q; there && p < stop; p++) {
      if (p >= t->first && p < t->last) p = t->last;
      if (p >= stop) break;
      long first = t->w + p * s->stride[2]; /* the first tap's pixel */
      const __global A *from = x + (row + first) * s->joined;
      long i = -first * s->joined - c, end = (s->source[2] - first) * s->joined - c;
      i = i < 0 ? 0 : i;
      end = AT_MOST(end, t->left);
      for (; i < end; i++)
        for (int v = 0; v < vectors; v++) {
          __global A *sum = sums + i * WIDTH + v * V;
          AV y = dy[(p - q) * VECTORS + v];
          VSTORE(multiply_add((AV)from[i], y, VLOAD(0, sum)), 0, sum);
        }
    }
    dy += (stop - q) * VECTORS;
    left -= stop - q;
    q = 0;
    next_row(s, &n, &d, &h);
  }
}

INLINED void add_block(int vectors, const __global A *x, const AV *dy, const filter_conv *s,
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

/* From a block's last tap's range to that of all taps of the block. */
INLINED void join_range(filter_tile *t, long c, const filter_conv *s) {
  filter_tile first;
  filter_range(&first, c / s->joined - s->before[2], s->stride[2], s->source[2], s->out[2]);
  t->first = first.first;
  t->last = t->last < first.first ? first.first : t->last;
  t->w = -s->before[2];
}

INLINED void filter_panel(int vectors, const __global A *x, const __global A *dy,
                          const filter_conv *s, long block, long last_block, long from,
                          long end, __global A *sums) {
  AV near[CHUNK * VECTORS];
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
      near[i * VECTORS] = VLOAD(0, p);
      if (vectors > 1) near[i * VECTORS + 1] = VLOAD(1, p);
    }
    long ahead = begin + CHUNK, share = (CHUNK - 1) / (last_block - block) + 1;
    for (long b = block; b < last_block; b++) {
      /* The next chunk's dy: too many lines to ask for at once. */
      for (long i = ahead; i < AT_MOST(ahead + share, end); i++)
        PREFETCH(dy + i * s->y_pixel, WIDTH);
      ahead += share;
      __global A *to = sums + b * (DEPTH * WIDTH);
      long c = b * DEPTH;
      for (long d = 0; d < s->taps[0]; d++)
        for (long h = 0; h < s->taps[1]; h++)
          for (long w = 0; w < s->taps[2]; w++, to += s->blocks * (DEPTH * WIDTH)) {
            t.d = d * s->dilation[0] - s->before[0];
            t.h = h * s->dilation[1] - s->before[1];
            long left = AT_MOST(s->reduce - c, DEPTH), tap = w * s->dilation[2];
            if (s->joined) tap = (c + left - 1) / s->joined;
            filter_range(&t, tap - s->before[2], s->stride[2], s->source[2], s->out[2]);
            if (s->joined) join_range(&t, c, s);
            t.left = (int)left;
            add_block(vectors, x + c, near, s, &t, &at, begin == from, to);
            t.left = (int)left;
            if (s->joined) add_beside(vectors, x + c, near, s, &t, &at, c, to);
          }
    }
  }
}

__kernel void filter_panels(const __global A *x, long x_offset, const __global A *dy,
                            long dy_offset, __global A *sums, long sums_offset,
                            filter_conv s) {
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
