/* Depthwise convolutions as conv_columns.cl tells, where pixels lie so far apart, by a
 * power of two, that lines of different pixels push each other out of a cache: what is
 * stored waits until vectors that lie side by side are there. `channels` is a multiple of
 * PANELS vectors, and so is panels_each of vectors.
 *
 * Global: images, blocks of rows_each rows, blocks of panels_each * V channels, the latter
 * side by side. */

#define PANELS 4  /* vectors that are stored side by side */
#define LINES  14 /* of PIXELS of each of these, that wait */

INLINED void kept_column(int whole, const __global T *x, const AV weight[9],
                         AV kept[LINES * PIXELS], const depthwise *s, long row, long last,
                         long q) {
  AV sum[3][PIXELS];
  clear_sums(sum);
  for (long to = row - 2; to < last; to++) {
    column_line(whole, x, weight, s, to + 2, q, sum);
    if (to >= row)
#pragma unroll
      for (int i = 0; i < PIXELS; i++) kept[(to - row) * PIXELS + i] = sum[2][i];
    next_line(sum);
  }
}

/* PIXELS pixels from q on of rows [row, last), at most LINES, of PANELS * V channels. x, y:
 * an image. */
INLINED void column_tile(const __global T *x, const __global T *w, __global T *y,
                         const depthwise *s, long row, long last, long q) {
  AV kept[PANELS][LINES * PIXELS];
  for (int c = 0; c < PANELS; c++) {
    AV weight[9];
    load_weights(w + c * V, s, weight);
    if (has_all_columns(s, q))
      kept_column(1, x + c * V, weight, kept[c], s, row, last, q);
    else
      kept_column(0, x + c * V, weight, kept[c], s, row, last, q);
  }
  for (long to = 0; to < last - row; to++) {
    __global T *p = y + ((row + to) * s->result[1] + q) * s->channels;
    for (long i = to * PIXELS; i < (to + 1) * PIXELS; i++, p += s->channels)
#pragma unroll
      for (int c = 0; c < PANELS; c++) STOREV(p, (size_t)(c * V), kept[c][i]);
  }
}

__kernel void depthwise_columns_apart(const __global T *x, long x_offset,
                                      const __global T *w, long w_offset, __global T *y,
                                      long y_offset, depthwise s) {
  const depthwise here = s;
  column_block b = column_block_of(&here);
  long most = here.result[1] - PIXELS;
  x += x_offset + b.n * here.source[0] * here.source[1] * here.channels;
  y += y_offset + b.n * here.result[0] * here.result[1] * here.channels;
  for (long row = b.row; row < b.last; row += LINES)
    for (long i = 0; i < here.result[1]; i += PIXELS)
      for (long c = b.channel; c < b.end; c += PANELS * V)
        column_tile(x + c, w + w_offset + c, y + c, &here, row,
                    AT_MOST(row + LINES, b.last), AT_MOST(i, most));
}
