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
 * channels side by side; rows are neighbours on CPUs, elsewhere `parts` apart. */
typedef struct {
  long outer, channels, inner, parts, part, lanes, centred;
} channel_shape;

enum { OF_MEAN, OF_SQUARES, OF_SLOPES, OF_WEIGHTED, OF_ROWS };

/* Trips over which sums run plainly; what is lost between such stretches is carried on. */
#define STRETCH 16

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

INLINED void sum_columns(int what, const __global T *x, const __global T *dy,
                         const __global A *mean, const __global A *scale,
                         __global A *partials, const channel_shape *s) {
  size_t channels = (size_t)s->channels, rows = (size_t)s->outer, parts = (size_t)s->parts;
  size_t tiles = (channels + V - 1) / V, here = get_global_id(0), part = here / tiles;
  size_t channel = (here - part * tiles) * V;
  if (part >= parts) return;
  size_t count = AT_MOST(channels - channel, V);
  size_t row = part, step = parts;
  if (CPU_LIKE) {
    row = part * (size_t)s->part;
    rows = AT_MOST(row + (size_t)s->part, rows);
    step = 1;
  }
  AV sums[4], plain[2];
  for (int i = 0; i < 4; i++) sums[i] = (AV)0;
  plain[0] = plain[1] = (AV)0;
  AV middle = (AV)0, weight = (AV)0;
  if (what != OF_MEAN && what != OF_ROWS && s->centred)
    middle = load_some(mean + channel, count);
  while (row < rows) {
    size_t stop = AT_MOST(rows, row + STRETCH * step);
    for (; row < stop; row += step) {
      size_t at = row * channels + channel;
      if (what == OF_ROWS) {
        if (s->centred) middle = (AV)mean[row];
        weight = (AV)scale[row];
      }
      AV slope = (AV)0;
      if (has_slopes(what)) slope = load_upto(dy + at, count, (A)0);
      add_terms(what, load_upto(x + at, count, (A)0), slope, middle, weight, plain);
    }
    carry_terms(what, plain, sums);
  }
  row_lanes a, b;
  a.v = sums[0] - sums[1];
  b.v = sums[2] - sums[3];
  partials += part * channels + channel;
  for (size_t i = 0; i < count; i++) {
    partials[i] = a.a[i];
    if (what != OF_MEAN) partials[parts * channels + i] = b.a[i];
  }
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
