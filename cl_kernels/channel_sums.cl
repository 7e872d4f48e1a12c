/* Sums over all positions of each channel, behind rowwise.cl.
 *
 * x is [outer][channels][inner]; a position is one of outer * inner. A part is `part`
 * positions, or rows of `channels` elements where inner is 1 (_columns). Each kernel makes
 * two sums for each part and channel: partials[2][parts][channels]. What is summed:
 *
 *   mean       x
 *   squares    (x - mean[channel])^2, and x - mean[channel]; mean 0 unless `centred`
 *   slopes     dy, and dy * (x - mean[channel])
 *   weighted   the same with dy * gamma[position] for dy
 *   by_row     dy, and dy * (x - mean[row]) * scale[row]; _columns only
 *
 * _rows: a team makes a part of one channel. _columns: a work-item makes a part of V
 * channels side by side, on CPUs of TILE_WIDTH * V; rows are neighbours on CPUs, elsewhere
 * `parts` apart. */
typedef struct {
  long outer, channels, inner, parts, part, lanes, centred;
} channel_shape;

enum { OF_MEAN, OF_SQUARES, OF_SLOPES, OF_WEIGHTED, OF_ROWS };

/* Trips over which sums run plainly; what is lost between such stretches is carried on. */
#define STRETCH    16
/* Vectors side by side: whole lines of memory, and terms that wait for nothing. */
#define TILE_WIDTH (CPU_LIKE ? 4 : 1)

INLINED void add_terms(int what, AV x, AV dy, AV mean, AV weight, AV plain[2]) {
  AV centred = x - mean;
  switch (what) {
  case OF_MEAN:
    plain[0] += x;
    break;
  case OF_SQUARES:
    plain[0] += centred * centred;
    plain[1] += centred;
    break;
  case OF_SLOPES:
    plain[0] += dy;
    plain[1] += dy * centred;
    break;
  case OF_WEIGHTED:
    plain[0] += dy * weight;
    plain[1] += dy * weight * centred;
    break;
  default:
    plain[0] += dy;
    plain[1] += dy * (centred * weight);
  }
}

INLINED void carry_terms(int what, AV plain[2], AV sums[4]) {
  carryv(&sums[0], &sums[1], plain[0]);
  if (what != OF_MEAN) carryv(&sums[2], &sums[3], plain[1]);
  plain[0] = plain[1] = (AV)0;
}

INLINED bool has_slopes(int what) {
  return what >= OF_SLOPES;
}

INLINED void sum_rows(int what, const __global T *x, const __global T *dy,
                      const __global T *gamma, const __global A *mean, __global A *partials,
                      const channel_shape *s, __local A *tile) {
  size_t lanes = (size_t)s->lanes, lane = team_lane(lanes), channel = team_number(lanes);
  size_t channels = (size_t)s->channels, inner = (size_t)s->inner;
  size_t part = get_global_id(1), begin = part * (size_t)s->part;
  size_t end = AT_MOST(begin + (size_t)s->part, (size_t)s->outer * inner);
  size_t step = (CPU_LIKE ? 1 : lanes) * V;
  AV sums[4], plain[2];
  for (int i = 0; i < 4; i++) sums[i] = (AV)0;
  plain[0] = plain[1] = (AV)0;
  if (channel >= channels) end = 0;
  A middle = (A)0;
  if (begin < end && what != OF_MEAN && s->centred) middle = mean[channel];
  while (begin < end) {
    size_t run = begin / inner, first = begin - run * inner;
    size_t count = AT_MOST(inner - first, end - begin);
    size_t at = (run * channels + channel) * inner + first;
    for (size_t i = lane * V; i < count;) {
      size_t stop = AT_MOST(count, i + STRETCH * step);
      for (; i < stop; i += step) {
        AV slope = (AV)0, weight = (AV)0;
        if (has_slopes(what)) slope = load_upto(dy + at + i, count - i, (A)0);
        if (what == OF_WEIGHTED) weight = load_upto(gamma + first + i, count - i, (A)0);
        AV here = load_upto(x + at + i, count - i, middle);
        add_terms(what, here, slope, (AV)middle, weight, plain);
      }
      carry_terms(what, plain, sums);
    }
    begin += count;
  }
  A a = team_sum(sum_across(sums[0]) - sum_across(sums[1]), tile, lanes), b = (A)0;
  if (what != OF_MEAN) b = team_sum(sum_across(sums[2]) - sum_across(sums[3]), tile, lanes);
  if (channel >= channels || lane > 0) return;
  partials += part * channels + channel;
  partials[0] = a;
  if (what != OF_MEAN) partials[(size_t)s->parts * channels] = b;
}

/* What the columns of one vector need. */
typedef struct column {
  AV sums[4], plain[2], middle;
} column;

INLINED void begin_column(int what, const __global A *mean, size_t count, bool centred,
                          column *c) {
  for (int i = 0; i < 4; i++) c->sums[i] = (AV)0;
  c->plain[0] = c->plain[1] = c->middle = (AV)0;
  if (what != OF_MEAN && what != OF_ROWS && centred) c->middle = load_some(mean, count);
}

/* x and dy: where the column's part of row `row` is. */
INLINED void add_row(int what, const __global T *x, const __global T *dy,
                     const __global A *mean, const __global A *scale, size_t row,
                     size_t count, bool centred, column *c) {
  AV weight = (AV)0, slope = (AV)0, middle = c->middle;
  if (what == OF_ROWS) {
    if (centred) middle = (AV)mean[row];
    weight = (AV)scale[row];
  }
  if (has_slopes(what)) slope = load_upto(dy, count, (A)0);
  add_terms(what, load_upto(x, count, (A)0), slope, middle, weight, c->plain);
}

INLINED void end_column(int what, __global A *partials, size_t second, size_t count,
                        const column *c) {
  row_lanes a, b;
  a.v = c->sums[0] - c->sums[1];
  b.v = c->sums[2] - c->sums[3];
  for (size_t i = 0; i < count; i++) {
    partials[i] = a.a[i];
    if (what != OF_MEAN) partials[second + i] = b.a[i];
  }
}

typedef struct tile {
  const __global T *x, *dy;
  const __global A *mean, *scale; /* from the tile's first column on, but of rows */
  __global A *partials;
  size_t channels, second, row, rows, step;
  bool centred;
} tile;

INLINED void sum_column(int what, const tile *t, size_t at, size_t count) {
  column c;
  begin_column(what, t->mean + at, count, t->centred, &c);
  for (size_t row = t->row; row < t->rows;) {
    size_t stop = AT_MOST(t->rows, row + STRETCH * t->step);
    for (; row < stop; row += t->step) {
      size_t i = row * t->channels + at;
      add_row(what, t->x + i, t->dy + i, t->mean, t->scale, row, count, t->centred, &c);
    }
    carry_terms(what, c.plain, c.sums);
  }
  end_column(what, t->partials + at, t->second, count, &c);
}

/* Four at once. Not an array of columns: PoCL would keep it in memory. */
INLINED void sum_columns_wide(int what, const tile *t) {
  column a, b, c, d;
  begin_column(what, t->mean, V, t->centred, &a);
  begin_column(what, t->mean + V, V, t->centred, &b);
  begin_column(what, t->mean + 2 * V, V, t->centred, &c);
  begin_column(what, t->mean + 3 * V, V, t->centred, &d);
  for (size_t row = t->row; row < t->rows;) {
    size_t stop = AT_MOST(t->rows, row + STRETCH * t->step);
    for (; row < stop; row += t->step) {
      const __global T *x = t->x + row * t->channels, *dy = t->dy + row * t->channels;
      add_row(what, x, dy, t->mean, t->scale, row, V, t->centred, &a);
      add_row(what, x + V, dy + V, t->mean, t->scale, row, V, t->centred, &b);
      add_row(what, x + 2 * V, dy + 2 * V, t->mean, t->scale, row, V, t->centred, &c);
      add_row(what, x + 3 * V, dy + 3 * V, t->mean, t->scale, row, V, t->centred, &d);
    }
    carry_terms(what, a.plain, a.sums);
    carry_terms(what, b.plain, b.sums);
    carry_terms(what, c.plain, c.sums);
    carry_terms(what, d.plain, d.sums);
  }
  end_column(what, t->partials, t->second, V, &a);
  end_column(what, t->partials + V, t->second, V, &b);
  end_column(what, t->partials + 2 * V, t->second, V, &c);
  end_column(what, t->partials + 3 * V, t->second, V, &d);
}

INLINED void sum_columns(int what, const __global T *x, const __global T *dy,
                         const __global A *mean, const __global A *scale,
                         __global A *partials, const channel_shape *s) {
  size_t channels = (size_t)s->channels, rows = (size_t)s->outer, parts = (size_t)s->parts;
  size_t wide = TILE_WIDTH * V, tiles = (channels + wide - 1) / wide;
  size_t here = get_global_id(0), part = here / tiles;
  size_t channel = (here - part * tiles) * wide;
  if (part >= parts) return;
  tile t = {
      x + channel,    dy + channel,     mean, scale, partials + part * channels + channel,
      channels,       parts * channels, part, rows,  parts,
      s->centred != 0};
  if (what != OF_ROWS) t.mean += channel;
  if (CPU_LIKE) {
    t.row = part * (size_t)s->part;
    t.rows = AT_MOST(t.row + (size_t)s->part, rows);
    t.step = 1;
  }
  size_t count = AT_MOST(channels - channel, wide);
  if (TILE_WIDTH == 4 && count == wide) {
    sum_columns_wide(what, &t);
    return;
  }
  for (size_t i = 0; i < count; i += V) sum_column(what, &t, i, AT_MOST(count - i, V));
}

/* Sum 0 or 1 of a channel, from its parts. */
INLINED A sum_of(const __global A *partials, const channel_shape *s, size_t channel,
                 int which) {
  size_t parts = (size_t)s->parts, channels = (size_t)s->channels;
  partials += (size_t)which * parts * channels + channel;
  A total = (A)0, lost = (A)0;
  for (size_t p = 0; p < parts; p++) carry(&total, &lost, partials[p * channels]);
  return total - lost;
}

INLINED A positions(const channel_shape *s) {
  return (A)(s->outer * s->inner);
}

/* Of the squares about the mean; what the mean lacks to the last bit is taken off. */
INLINED A variance_of(const __global A *partials, const channel_shape *s, size_t channel) {
  A n = positions(s), rest = sum_of(partials, s, channel, 1);
  A variance =
      (sum_of(partials, s, channel, 0) - (s->centred ? rest * rest / n : (A)0)) / n;
  return variance < (A)0 ? (A)0 : variance;
}

/* ---- The kernels ---- */

#define SUM_ROWS(name, what)                                                               \
  __kernel void name(const __global T *x, long x_offset, const __global T *dy,             \
                     long dy_offset, const __global A *mean, long mean_offset,             \
                     const __global T *gamma, long gamma_offset, __global A *partials,     \
                     long partials_offset, channel_shape s, __local A *tile) {             \
    sum_rows(what, x + x_offset, dy + dy_offset, gamma + gamma_offset, mean + mean_offset, \
             partials + partials_offset, &s, tile);                                        \
  }
#define SUM_COLUMNS(name, what)                                                            \
  __kernel void name(const __global T *x, long x_offset, const __global T *dy,             \
                     long dy_offset, const __global A *mean, long mean_offset,             \
                     const __global A *scale, long scale_offset, __global A *partials,     \
                     long partials_offset, channel_shape s) {                              \
    sum_columns(what, x + x_offset, dy + dy_offset, mean + mean_offset,                    \
                scale + scale_offset, partials + partials_offset, &s);                     \
  }

SUM_ROWS(mean_rows, OF_MEAN)
SUM_ROWS(squares_rows, OF_SQUARES)
SUM_ROWS(slopes_rows, OF_SLOPES)
SUM_ROWS(weighted_rows, OF_WEIGHTED)
SUM_COLUMNS(mean_columns, OF_MEAN)
SUM_COLUMNS(squares_columns, OF_SQUARES)
SUM_COLUMNS(slopes_columns, OF_SLOPES)
SUM_COLUMNS(by_row_columns, OF_ROWS)

/* means[channel], of what mean_rows or mean_columns left. */
__kernel void finish_mean(const __global A *partials, long partials_offset,
                          __global A *means, long means_offset, channel_shape s) {
  size_t channel = get_global_id(0);
  if (channel >= (size_t)s.channels) return;
  means[means_offset + channel] =
      sum_of(partials + partials_offset, &s, channel, 0) / positions(&s);
}

/* Half of the sum of squares, of the one channel there is. */
__kernel void finish_l2_loss(const __global A *partials, long partials_offset,
                             __global T *loss, long loss_offset, channel_shape s) {
  if (get_global_id(0) > 0) return;
  STORE(loss, loss_offset, sum_of(partials + partials_offset, &s, 0, 0) / (A)2);
}
