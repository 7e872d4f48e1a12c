/* Images [batch][in_height][in_width][channels] at another size, as TensorFlow does it: in
 * float32, whatever the dtype. `scale` is input over output, (in - 1) / (out - 1) with
 * aligned corners. Forward a work-item takes `each` channels of a pixel. Backward one axis
 * at a time, [outer][extent][inner], and each element gathers. Any local size is legal. */

typedef struct {
  long count, in, out;    /* extents of one axis; count: work-items */
  long inner;             /* elements that one of the axis holds */
  int align, half_pixels; /* TensorFlow's align_corners, half_pixel_centers */
  float scale, unused;
} resizing;

typedef struct {
  long low, high;
  float part; /* of the higher one */
} blend;

INLINED blend blend_of(const resizing *r, long o) {
  float place = (float)o * r->scale;
  if (r->half_pixels) place = ((float)o + 0.5f) * r->scale - 0.5f;
  float below = floor(place);
  blend b;
  b.low = max((long)below, 0L);
  b.high = min((long)ceil(place), r->in - 1);
  b.part = place - below;
  return b;
}

INLINED long nearest_of(const resizing *r, long o) {
  float place = (float)o * r->scale;
  if (r->half_pixels) place = ((float)o + 0.5f) * r->scale;
  long at = r->align ? (long)round(place) : (long)floor(place);
  return max(min(at, r->in - 1), 0L);
}

typedef struct {
  long image, row, column, channel;
} spot;

/* There is no %: LLVM makes a freeze of / and % of one pair, at which Oclgrind gives up. */
INLINED spot find_spot(long item, long height, long width, long tiles, long each) {
  spot at;
  long rest = item / tiles;
  at.channel = (item - rest * tiles) * each;
  long next = rest / width;
  at.column = rest - next * width;
  at.image = next / height;
  at.row = next - at.image * height;
  return at;
}

__kernel void bilinear(const __global T *x, long x_offset, __global float *y, long y_offset,
                       resizing rows, resizing columns, long channels, long each) {
  long item = get_global_id(0), tiles = (channels + each - 1) / each;
  if (item >= rows.count) return;
  spot at = find_spot(item, rows.out, columns.out, tiles, each);
  blend v = blend_of(&rows, at.row), h = blend_of(&columns, at.column);
  long top = (at.image * rows.in + v.low) * columns.in;
  long bottom = (at.image * rows.in + v.high) * columns.in;
  long end = min(at.channel + each, channels);
  x += x_offset;
  y += y_offset + ((at.image * rows.out + at.row) * columns.out + at.column) * channels;
  for (long c = at.channel; c < end; c++) {
    float a = (float)LOAD(x, (top + h.low) * channels + c);
    float b = (float)LOAD(x, (top + h.high) * channels + c);
    float d = (float)LOAD(x, (bottom + h.low) * channels + c);
    float e = (float)LOAD(x, (bottom + h.high) * channels + c);
    float above = a + (b - a) * h.part, below = d + (e - d) * h.part;
    y[c] = above + (below - above) * v.part;
  }
}

__kernel void nearest(const __global T *x, long x_offset, __global T *y, long y_offset,
                      resizing rows, resizing columns, long channels, long each) {
  long item = get_global_id(0), tiles = (channels + each - 1) / each;
  if (item >= rows.count) return;
  spot at = find_spot(item, rows.out, columns.out, tiles, each);
  long row = nearest_of(&rows, at.row), column = nearest_of(&columns, at.column);
  long from = ((at.image * rows.in + row) * columns.in + column) * channels;
  long to = ((at.image * rows.out + at.row) * columns.out + at.column) * channels;
  long end = min(at.channel + each, channels);
  for (long c = at.channel; c < end; c++)
    STORE(y, y_offset + to + c, LOAD(x, x_offset + from + c));
}

/* What output `o` gives element i of the input. */
INLINED float weight_of(int is_nearest, const resizing *r, long o, long i) {
  if (is_nearest) return nearest_of(r, o) == i ? 1.0f : 0.0f;
  blend b = blend_of(r, o);
  float weight = 0.0f;
  if (b.low == i) weight += 1.0f - b.part;
  if (b.high == i) weight += b.part;
  return weight;
}

/* All outputs with a weight lie within: their place is less than 1 from i, or was cut off
 * at an end. */
INLINED long first_of(const resizing *r, long i) {
  if (i == 0) return 0;
  return min(max((long)(((float)i - 1.5f) / r->scale) - 2, 0L), r->out);
}
INLINED long last_of(const resizing *r, long i) {
  if (i == r->in - 1 || r->scale == 0.0f) return r->out;
  return min((long)(((float)i + 1.5f) / r->scale) + 3, r->out);
}

#define BACK(name, from_type, load, to_type, store, is_nearest)                            \
  __kernel void name(const __global from_type *dy, long dy_offset, __global to_type *dx,   \
                     long dx_offset, resizing given) {                                     \
    resizing r = given;                                                                    \
    long item = get_global_id(0);                                                          \
    if (item >= r.count) return;                                                           \
    long line = item / r.inner, at = item - line * r.inner;                                \
    long outer = line / r.in, i = line - outer * r.in;                                     \
    A value = (A)0;                                                                        \
    for (long o = first_of(&r, i); o < last_of(&r, i); o++) {                              \
      float weight = weight_of(is_nearest, &r, o, i);                                      \
      long from = (outer * r.out + o) * r.inner + at;                                      \
      if (weight != 0.0f) value = ADD(value, MUL((A)weight, load(dy, dy_offset + from)));  \
    }                                                                                      \
    store(dx, dx_offset + item, value);                                                    \
  }

#define PLAIN_LOAD(p, i)     ((A)(p)[i])
#define PLAIN_STORE(p, i, x) (p)[i] = (x)

BACK(bilinear_back_rows, float, PLAIN_LOAD, A, PLAIN_STORE, 0)
BACK(bilinear_back_columns, A, PLAIN_LOAD, T, STORE, 0)
BACK(nearest_back_rows, T, LOAD, A, PLAIN_STORE, 1)
BACK(nearest_back_columns, A, PLAIN_LOAD, T, STORE, 1)
