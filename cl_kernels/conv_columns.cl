/* What kernels of depthwise convolutions by filters of 3 x 3 share, where channels lie side
 * by side, mul and div are 1 and tap_mul is 1 or -1: PIXELS pixels of V channels walk down
 * the rows. A row of the source adds to three rows of the result, which wait in
 * registers: sum[2] is the one that is complete. */

#define PIXELS 7 /* of a row, in registers: whole rows of 7, 14, 28, 56 and 112 */

/* Where the first column that a pixel meets lies. */
INLINED long first_column(const depthwise *s, long q) {
  return q + s->add[1] - (s->tap_mul[1] < 0 ? 2 : 0);
}

/* Whether the source has all columns that PIXELS pixels from q on meet. */
INLINED int has_all_columns(const depthwise *s, long q) {
  long low = first_column(s, q);
  return low >= 0 && low + PIXELS + 2 <= s->source[1];
}

/* The filter in the order in which it meets rows and columns. */
INLINED void load_weights(const __global T *w, const depthwise *s, AV weight[9]) {
#pragma unroll
  for (int k = 0; k < 9; k++) {
    long h = s->tap_mul[0] < 0 ? 2 - k / 3 : k / 3;
    long v = s->tap_mul[1] < 0 ? 2 - k % 3 : k % 3;
    weight[k] = LOADV(w, (size_t)((h * 3 + v) * s->channels));
  }
}

INLINED void clear_sums(AV sum[3][PIXELS]) {
#pragma unroll
  for (int i = 0; i < PIXELS; i++) sum[0][i] = sum[1][i] = sum[2][i] = (AV)0;
}

/* Adds the last row of the source that row `to - 2` of the result meets. whole: as
 * has_all_columns. */
INLINED void column_line(int whole, const __global T *x, const AV weight[9],
                         const depthwise *s, long to, long q, AV sum[3][PIXELS]) {
  long line = to + s->add[0] - (s->tap_mul[0] < 0 ? 2 : 0), width = s->source[1];
  long low = first_column(s, q);
  size_t channels = (size_t)s->channels;
  if (line < 0 || line >= s->source[0]) return;
  x += (line * width + low) * s->channels;
#pragma unroll
  for (int k = 0; k < PIXELS + 2; k++) {
    if (!whole && (low + k < 0 || low + k >= width)) continue;
    AV value = LOADV(x, k * channels);
#pragma unroll
    for (int i = 0; i < PIXELS; i++) {
      if (i > k || i < k - 2) continue;
#pragma unroll
      for (int h = 0; h < 3; h++)
        sum[h][i] = multiply_add(value, weight[h * 3 + k - i], sum[h][i]);
    }
  }
}

INLINED void next_line(AV sum[3][PIXELS]) {
#pragma unroll
  for (int i = 0; i < PIXELS; i++) {
    sum[2][i] = sum[1][i];
    sum[1][i] = sum[0][i];
    sum[0][i] = (AV)0;
  }
}

/* What a work-item makes: rows [row, last) of image n, channels [channel, end). */
typedef struct {
  long n, row, last, channel, end;
} column_block;

INLINED column_block column_block_of(const depthwise *s) {
  column_block b;
  long id = (long)get_global_id(0), size = s->panels_each * V;
  long panels = (s->channels + size - 1) / size, rest = id / panels;
  long blocks = (s->result[0] + s->rows_each - 1) / s->rows_each;
  b.channel = (id - rest * panels) * size;
  b.end = AT_MOST(b.channel + size, s->channels);
  b.n = rest / blocks;
  b.row = (rest - b.n * blocks) * s->rows_each;
  b.last = AT_MOST(b.row + s->rows_each, s->result[0]);
  return b;
}
