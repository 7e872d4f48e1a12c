/* The products of matmul.cl for GPUs, with its arguments.
 *
 * product_tiled: groups of side * side work-items, side a power of two, make a tile of
 * 4 * side rows and columns; a work-item 16 elements of it, `side` apart. Global: tiles,
 * down first; products; parts.
 *
 * product_thin: n is at most THIN. `lanes`, a power of two, of a group's work-items share a
 * row of a, the rows of all products in a line. Global: rows, parts. */

#define THIN 8

/* Fills a local tile [side][4 * side + 1], k first, from `count` rows or columns that are
 * `stride` apart and go on along k by `k_stride`. Neighbours in memory go to neighbouring
 * work-items. Zeros where there is nothing. */
INLINED void fill_tile(__local A *tile, const __global T *x, size_t first, size_t count,
                       size_t stride, size_t at, size_t k, size_t k_stride, size_t side) {
  size_t here = get_local_id(0), width = 4 * side;
#pragma unroll
  for (int step = 0; step < 4; step++) {
    size_t i = here + step * (side * side);
    size_t across = k_stride == 1 ? i / side : i & (width - 1);
    size_t along = k_stride == 1 ? i & (side - 1) : i / width;
    A value = (A)0;
    if (first + across < count && at + along < k)
      value = LOAD(x, (first + across) * stride + (at + along) * k_stride);
    tile[along * (width + 1) + across] = value;
  }
}

INLINED void tile_step(const __local A *a, const __local A *b, size_t side, A sum[4][4]) {
  A as[4], bs[4];
#pragma unroll
  for (int i = 0; i < 4; i++) {
    as[i] = a[i * side];
    bs[i] = b[i * side];
  }
#pragma unroll
  for (int i = 0; i < 4; i++) {
#pragma unroll
    for (int j = 0; j < 4; j++) sum[i][j] = multiply_add_one(as[i], bs[j], sum[i][j]);
  }
}

__kernel void product_tiled(const __global T *a, long a_offset, const __global T *b,
                            long b_offset, __global T *c, long c_offset, __global A *sums,
                            long sums_offset, product s, __local A *tile_a,
                            __local A *tile_b) {
  size_t m = (size_t)s.m, n = (size_t)s.n, side = (size_t)s.side;
  size_t a_row = (size_t)s.a_row, a_col = (size_t)s.a_col;
  size_t b_row = (size_t)s.b_row, b_col = (size_t)s.b_col;
  size_t batch = get_group_id(1), part = get_group_id(2);
  size_t begin = (size_t)s.begin + part * (size_t)s.depth;
  size_t end = AT_MOST(begin + (size_t)s.depth, (size_t)s.end);
  size_t width = 4 * side, down = (m + width - 1) / width;
  size_t across = get_group_id(0) / down;
  size_t row = (get_group_id(0) - across * down) * width, col = across * width;
  size_t x = get_local_id(0) & (side - 1), y = get_local_id(0) / side;
  A sum[4][4];
  place at = place_of(&s, batch);
  target t = target_of(&s, c + (c_offset + at.c), sums + sums_offset, batch, part);
  a += a_offset + at.a;
  b += b_offset + at.b;
#pragma unroll
  for (int i = 0; i < 4; i++) {
#pragma unroll
    for (int j = 0; j < 4; j++) sum[i][j] = (A)0;
  }
  for (size_t k = begin; k < end; k += side) {
    fill_tile(tile_a, a, row, m, a_row, k, end, a_col, side);
    fill_tile(tile_b, b, col, n, b_col, k, end, b_row, side);
    barrier(CLK_LOCAL_MEM_FENCE);
    for (size_t i = 0; i < side; i++)
      tile_step(tile_a + (i * (width + 1) + y), tile_b + (i * (width + 1) + x), side, sum);
    barrier(CLK_LOCAL_MEM_FENCE);
  }
#pragma unroll
  for (int i = 0; i < 4; i++) {
#pragma unroll
    for (int j = 0; j < 4; j++) {
      size_t r = row + y + i * side, q = col + x + j * side;
      if (r < m && q < n) put(&t, r, q, n, sum[i][j]);
    }
  }
}

__kernel void product_thin(const __global T *a, long a_offset, const __global T *b,
                           long b_offset, __global T *c, long c_offset, __global A *sums,
                           long sums_offset, product s, __local A *tile) {
  size_t m = (size_t)s.m, n = (size_t)s.n, lanes = (size_t)s.lanes;
  size_t a_col = (size_t)s.a_col, b_row = (size_t)s.b_row, b_col = (size_t)s.b_col;
  size_t here = get_local_id(0), lane = here & (lanes - 1), part = get_group_id(1);
  size_t row = get_group_id(0) * (get_local_size(0) / lanes) + here / lanes;
  size_t begin = (size_t)s.begin + part * (size_t)s.depth;
  size_t end = AT_MOST(begin + (size_t)s.depth, (size_t)s.end);
  int inside = row < m * (size_t)s.count;
  size_t batch = inside ? row / m : 0, i = inside ? row - batch * m : 0;
  place at = place_of(&s, batch);
  target t = target_of(&s, c + (c_offset + at.c), sums + sums_offset, batch, part);
  a += a_offset + at.a + i * (size_t)s.a_row;
  b += b_offset + at.b;
  A sum[THIN];
#pragma unroll
  for (int j = 0; j < THIN; j++) sum[j] = (A)0;
  for (size_t k = begin + lane; k < end && inside; k += lanes) {
    A x = LOAD(a, k * a_col);
#pragma unroll
    for (int j = 0; j < THIN; j++)
      if ((size_t)j < n)
        sum[j] = multiply_add_one(x, LOAD(b, k * b_row + j * b_col), sum[j]);
  }
#pragma unroll
  for (int j = 0; j < THIN; j++) {
    if ((size_t)j >= n) continue;
    tile[here] = sum[j];
    for (size_t reach = lanes / 2; reach > 0; reach /= 2) {
      barrier(CLK_LOCAL_MEM_FENCE);
      if (lane < reach) tile[here] = ADD(tile[here], tile[here + reach]);
    }
    if (inside && lane == 0) put(&t, i, j, n, tile[here]);
    barrier(CLK_LOCAL_MEM_FENCE);
  }
}
