/* What matmul_blocks.cl and matmul_packed.cl, behind this, lay out alike in memory of a
 * work-item's own. */

/* `left` rows of a for a tile, `apart` elements (a multiple of V) from row to row; the last
 * one again for those up to `height`. */
OUTLINED void lay_rows(AV *tile, size_t apart, const __global T *a, size_t a_row,
                       size_t a_col, size_t depth, size_t left, size_t height) {
  A *out = (A *)tile;
  for (size_t i = 0; i < height; i++, tile += apart / V, out += apart) {
    const __global T *row = a + AT_MOST(i, left - 1) * a_row;
    size_t k = 0;
    if (a_col == 1)
      for (; k + V <= depth; k += V) {
        PREFETCH(row + (2 * a_row + k), V);
        tile[k / V] = LOADV(row, k);
      }
    for (; k < depth; k++) out[k] = LOAD(row, k * a_col);
  }
}
