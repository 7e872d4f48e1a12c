/* What convolutions read is first laid out as they like it, in type A.
 *
 * pack_pixels: x, whose pixels and channels lie at any strides, becomes [pixels, lanes].
 * Lane j of a pixel is a = j / inner, b = j % inner: channel
 * a * outer_step + b / repeat * inner_step, or 0 where b is not below `limit`. So channels
 * may be padded per group, repeated, or dealt out. `plane` pixels lie side by side,
 * `x_batch` apart. squares: lanes are channels, V of them at least, and x_pixel is 1.
 * Global: blocks of `each` pixels on CPUs, else elements.
 *
 * pack_dense: the same where nothing but the type changes. Global: chunks of elements.
 *
 * pack_filter: element (tap, c, lane) of group g, at
 * first + tap * tap_step + c * reduce_step + g * group_step + lane / lane_group *
 * lane_outer + lane % lane_group * lane_inner, becomes [groups, panels, taps * reduce,
 * width], padded with zeros. Global: runs of `each` elements, of which `width` is a
 * multiple. */

typedef struct {
  long pixels, plane, lanes, inner, outer_step, repeat, inner_step, limit;
  long x_batch, x_pixel, x_channel, each, squares;
} pixels_pack;

typedef struct {
  long rows, reduce, width, panels, lanes, count, each;
  long first, tap_step, reduce_step, group_step, lane_group, lane_outer, lane_inner;
} filter_pack;

static inline long pack_channel(long lane, const pixels_pack *s) {
  long a = lane / s->inner, b = lane - a * s->inner;
  if (b >= s->limit) return -1;
  return a * s->outer_step + b / s->repeat * s->inner_step;
}

/* Pixels [from, to) of one plane into one lane. */
static inline void pack_lane(const __global T *x, __global A *out, size_t count,
                             size_t x_pixel, size_t lanes) {
  size_t i = 0;
  if (x_pixel == 1)
    for (; i + V <= count; i += V) {
      A values[V];
      VSTORE(LOADV(x, i), 0, values);
      for (int j = 0; j < V; j++) out[(i + j) * lanes] = values[j];
    }
  for (; i < count; i++) out[i * lanes] = LOAD(x, i * x_pixel);
}

/* `count` pixels of one plane and all lanes, V of both at least, where lanes are channels
 * of which each has its plane: squares, those at an end over others. */
OUTLINED void pack_squares(const __global T *x, __global A *out, size_t count, size_t lanes,
                           size_t x_channel) {
  for (size_t c = 0; c < lanes; c += V) {
    size_t lane = AT_MOST(c, lanes - V);
    for (size_t p = 0; p < count; p += V) {
      size_t pixel = AT_MOST(p, count - V);
      AV lines[V];
#pragma unroll
      for (int i = 0; i < V; i++) lines[i] = LOADV(x, (lane + i) * x_channel + pixel);
      turn(lines);
#pragma unroll
      for (int i = 0; i < V; i++) VSTORE(lines[i], 0, out + (pixel + i) * lanes + lane);
    }
  }
}

static inline void pack_block(const __global T *x, __global A *out, const pixels_pack *s) {
  long first = (long)get_global_id(0) * s->each, end = AT_MOST(first + s->each, s->pixels);
  while (first < end) {
    long n = first / s->plane, at = first - n * s->plane;
    long count = AT_MOST(end - first, s->plane - at);
    if (s->squares && count >= V) {
      pack_squares(x + (n * s->x_batch + at), out + first * s->lanes, (size_t)count,
                   (size_t)s->lanes, (size_t)s->x_channel);
      first += count;
      continue;
    }
    for (long lane = 0; lane < s->lanes; lane++) {
      long channel = pack_channel(lane, s);
      __global A *to = out + (first * s->lanes + lane);
      if (channel < 0)
        for (long i = 0; i < count; i++) to[i * s->lanes] = (A)0;
      else
        pack_lane(x + (n * s->x_batch + at * s->x_pixel + channel * s->x_channel), to,
                  (size_t)count, (size_t)s->x_pixel, (size_t)s->lanes);
    }
    first += count;
  }
}

static inline void pack_one(const __global T *x, __global A *out, const pixels_pack *s) {
  long id = (long)get_global_id(0), pixel = id / s->lanes;
  if (pixel >= s->pixels) return;
  long channel = pack_channel(id - pixel * s->lanes, s);
  long n = pixel / s->plane, at = pixel - n * s->plane;
  A value = (A)0;
  if (channel >= 0)
    value = LOAD(x, (size_t)(n * s->x_batch + at * s->x_pixel + channel * s->x_channel));
  out[id] = value;
}

__kernel void pack_pixels(const __global T *x, long x_offset, __global A *out,
                          long out_offset, pixels_pack s) {
  const pixels_pack here = s;
  if (CPU_LIKE)
    pack_block(x + x_offset, out + out_offset, &here);
  else
    pack_one(x + x_offset, out + out_offset, &here);
}

__kernel void pack_dense(const __global T *x, long x_offset, __global A *out,
                         long out_offset, long count, long chunk) {
  size_t first = get_global_id(0) * (size_t)chunk;
  x += x_offset;
  out += out_offset;
  for (size_t i = first; i < first + (size_t)chunk && i < (size_t)count; i += V) {
    if ((size_t)count - i >= V)
      VSTORE(LOADV(x, i), 0, out + i);
    else
      for (size_t j = i; j < (size_t)count; j++) out[j] = LOAD(x, j);
  }
}

/* Elements [at, at + count) of one row. */
static inline void pack_row(const __global T *x, __global A *out, const filter_pack *s,
                            long at, long count) {
  long row = at / s->width, first = at - row * s->width;
  long panel = row / s->rows, group = panel / s->panels;
  row -= panel * s->rows;
  panel -= group * s->panels;
  long tap = row / s->reduce, c = row - tap * s->reduce;
  x += s->first + tap * s->tap_step + c * s->reduce_step + group * s->group_step;
  out += at;
  first += panel * s->width;
  long there = s->lanes - first;
  there = AT_MOST(there, count);
  long i = 0, outer = first / s->lane_group, inner = first - outer * s->lane_group;
  x += outer * s->lane_outer + inner * s->lane_inner;
  if (s->lane_inner == 1 && inner + there <= s->lane_group)
    for (; i + V <= there; i += V, inner += V, x += V) VSTORE(LOADV(x, 0), 0, out + i);
  for (; i < there; i++) {
    out[i] = LOAD(x, 0);
    x += s->lane_inner;
    if (++inner < s->lane_group) continue;
    inner = 0;
    x += s->lane_outer - s->lane_group * s->lane_inner;
  }
  for (; i < count; i++) out[i] = (A)0;
}

__kernel void pack_filter(const __global T *x, long x_offset, __global A *out,
                          long out_offset, filter_pack s) {
  const filter_pack here = s;
  long at = (long)get_global_id(0) * here.each, end = AT_MOST(at + here.each, here.count);
  long step = CPU_LIKE ? here.width : 1;
  for (; at < end; at += step) pack_row(x + x_offset, out + out_offset, &here, at, step);
}
