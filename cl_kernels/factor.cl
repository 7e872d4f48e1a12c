/* Square matrices taken apart, many at once. They are worked on in type A, dense and
 * row-major, matrix `i` of `count` at i * n * n. A block has at most BLOCK rows, `size`,
 * and begins at row and column `at`. Unless said otherwise a work-item does what one number
 * of a line of `count` times something says, and any local size is legal. */
#define BLOCK 32

typedef struct {
  long n, at, size, count;
  long columns; /* of right-hand sides */
} factor;

/* ---- To work and back ---- */

/* Walks over the matrices of an operand, innermost dimension first. */
typedef struct {
  long count, rows, columns;
  long x_row, x_col; /* strides */
  long lower;        /* zeros above the diagonal */
  long rank;
  long dims[8], strides[8];
} loading;

static inline size_t matrix_place(const loading *s, size_t matrix) {
  size_t at = 0;
  for (int d = 0; d < (int)s->rank; d++) {
    size_t above = matrix / (size_t)s->dims[d];
    at += (matrix - above * (size_t)s->dims[d]) * (size_t)s->strides[d];
    matrix = above;
  }
  return at;
}

__kernel void matrix_load(const __global T *x, long x_offset, __global A *work,
                          long work_offset, loading all) {
  loading s = all;
  size_t here = get_global_id(0), columns = (size_t)s.columns;
  size_t each = (size_t)s.rows * columns, matrix = here / each;
  if (matrix >= (size_t)s.count) return;
  size_t rest = here - matrix * each, i = rest / columns, j = rest - i * columns;
  size_t from = matrix_place(&s, matrix) + i * (size_t)s.x_row + j * (size_t)s.x_col;
  A value = (A)0;
  if (!s.lower || j <= i) value = LOAD(x, (size_t)x_offset + from);
  work[(size_t)work_offset + here] = value;
}

/* `out` and `work` may be one. */
__kernel void matrix_store(const __global A *work, long work_offset, __global T *out,
                           long out_offset, loading all) {
  loading s = all;
  size_t here = get_global_id(0), columns = (size_t)s.columns;
  size_t each = (size_t)s.rows * columns, matrix = here / each;
  if (matrix >= (size_t)s.count) return;
  size_t rest = here - matrix * each, i = rest / columns, j = rest - i * columns;
  A value = work[(size_t)work_offset + here];
  if (s.lower && j > i) value = (A)0;
  STORE(out, (size_t)out_offset + here, value);
}

/* The rows of x, or of a unit matrix, in the order that `order` [matrix, n] says. */
__kernel void matrix_permute(const __global T *x, long x_offset, const __global int *order,
                             long order_offset, __global A *work, long work_offset,
                             factor s, int is_unit) {
  size_t here = get_global_id(0), n = (size_t)s.n, columns = (size_t)s.columns;
  size_t matrix = here / (n * columns);
  if (matrix >= (size_t)s.count) return;
  size_t rest = here - matrix * (n * columns), i = rest / columns, j = rest - i * columns;
  size_t from = (size_t)order[(size_t)order_offset + matrix * n + i];
  A value = (A)0;
  if (is_unit && from == j) value = (A)1;
  if (!is_unit) value = LOAD(x, (size_t)x_offset + (matrix * n + from) * columns + j);
  work[(size_t)work_offset + here] = value;
}

/* ---- Cholesky: a = l l', in the lower triangle ---- */

/* A group takes the block on the diagonal; a cell of the tile is [row][column]. Global:
 * matrices. */
__kernel void cholesky_block(__global A *work, long work_offset, factor s,
                             volatile __global int *cells, int slot, __local A *tile) {
  size_t matrix = get_group_id(0), n = (size_t)s.n, size = (size_t)s.size;
  size_t here = get_local_id(0), items = get_local_size(0), width = size + 1;
  __global A *block = work + work_offset + matrix * n * n + (size_t)s.at * (n + 1);
  for (size_t i = here; i < size; i += items)
    for (size_t j = 0; j <= i; j++) tile[i * width + j] = block[i * n + j];
  for (size_t j = 0; j < size; j++) {
    barrier(CLK_LOCAL_MEM_FENCE);
    A pivot = tile[j * width + j];
    if (here == 0 && pivot <= (A)0)
      atomic_min(cells + slot, (int)AT_MOST(matrix, (size_t)(INT_MAX - 1)));
    A root = FLOAT_OR_INT(sqrt((F)pivot), (F)0);
    barrier(CLK_LOCAL_MEM_FENCE);
    for (size_t i = here; i < size; i += items) {
      if (i == j) tile[i * width + j] = root;
      if (i > j) tile[i * width + j] /= root;
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    for (size_t i = here; i < size; i += items) {
      if (i <= j) continue;
      A x = -tile[i * width + j];
      for (size_t k = j + 1; k <= i; k++)
        tile[i * width + k] = TERM(x, tile[k * width + j], tile[i * width + k]);
    }
  }
  barrier(CLK_LOCAL_MEM_FENCE);
  for (size_t i = here; i < size; i += items)
    for (size_t j = 0; j <= i; j++) block[i * n + j] = tile[i * width + j];
}

/* The rows below the block, and their transpose to `panel` [matrix, size, rows]. Numbers:
 * rows of all matrices. */
__kernel void cholesky_panel(__global A *work, long work_offset, __global A *panel,
                             long panel_offset, factor s) {
  size_t n = (size_t)s.n, size = (size_t)s.size, rows = n - (size_t)(s.at + s.size);
  size_t matrix = get_global_id(0) / rows, r = get_global_id(0) - matrix * rows;
  if (matrix >= (size_t)s.count) return;
  const __global A *block = work + work_offset + matrix * n * n + (size_t)s.at * (n + 1);
  __global A *row = work + work_offset + matrix * n * n + (n - rows + r) * n + (size_t)s.at;
  __global A *out = panel + panel_offset + matrix * size * rows + r;
  A x[BLOCK];
  for (size_t j = 0; j < size; j++) {
    A sum = row[j];
    for (size_t k = 0; k < j; k++) sum = TERM(-x[k], block[j * n + k], sum);
    x[j] = sum / block[j * n + j];
    row[j] = x[j];
    out[j * rows] = x[j];
  }
}

/* ---- LU with partial pivoting: rows of a, in an order, = l u; l has a unit diagonal ----
 */

/* order[i] = i. Numbers: rows of all matrices. */
__kernel void lu_begin(__global int *order, long order_offset, factor s) {
  size_t here = get_global_id(0), n = (size_t)s.n;
  if (here >= (size_t)s.count * n) return;
  order[(size_t)order_offset + here] = (int)(here - here / n * n);
}

/* The least row of those with the largest |x|: NaN never is. */
static inline void choose_row(__local A *best, __local int *rows, size_t here,
                              size_t reach) {
  A x = best[here], y = best[here + reach];
  if (y > x || (y == x && rows[here + reach] < rows[here])) {
    best[here] = y;
    rows[here] = rows[here + reach];
  }
}

/* A group, a power of two of work-items, takes the block's columns, from row `at` down.
 * order changes with the rows; swaps[j] is the row that row j was exchanged with. Global:
 * matrices. */
__kernel void lu_panel(__global A *work, long work_offset, __global int *order,
                       long order_offset, __global int *swaps, long swaps_offset, factor s,
                       __local A *best, __local int *rows) {
  size_t matrix = get_group_id(0), n = (size_t)s.n, at = (size_t)s.at;
  size_t here = get_local_id(0), items = get_local_size(0), size = (size_t)s.size;
  __global A *a = work + work_offset + matrix * n * n;
  order += order_offset + matrix * n;
  swaps += swaps_offset + matrix * n;
  for (size_t j = at; j < at + size; j++) {
    A most = (A)-1;
    int row = (int)j;
    for (size_t i = j + here; i < n; i += items) {
      A x = FLOAT_OR_INT(fabs((F)a[i * n + j]), (F)0);
      if (x > most) {
        most = x;
        row = (int)i;
      }
    }
    best[here] = most;
    rows[here] = row;
    for (size_t reach = items / 2; reach > 0; reach /= 2) {
      barrier(CLK_LOCAL_MEM_FENCE);
      if (here < reach) choose_row(best, rows, here, reach);
    }
    barrier(CLK_GLOBAL_MEM_FENCE | CLK_LOCAL_MEM_FENCE);
    size_t other = (size_t)rows[0];
    for (size_t c = at + here; c < at + size; c += items) {
      A x = a[j * n + c];
      a[j * n + c] = a[other * n + c];
      a[other * n + c] = x;
    }
    if (here == 0) {
      int x = order[j];
      order[j] = order[other];
      order[other] = x;
      swaps[j] = (int)other;
    }
    barrier(CLK_GLOBAL_MEM_FENCE | CLK_LOCAL_MEM_FENCE);
    A pivot = a[j * n + j];
    for (size_t i = j + 1 + here; i < n && pivot != (A)0; i += items) a[i * n + j] /= pivot;
    barrier(CLK_GLOBAL_MEM_FENCE);
    uint width = (uint)(at + size - j - 1), all = (uint)(n - j - 1) * width;
    for (uint i = (uint)here; i < all; i += (uint)items) {
      uint r = i / width;
      size_t to = (j + 1 + r) * n, c = j + 1 + (i - r * width);
      a[to + c] = TERM(-a[to + j], a[j * n + c], a[to + c]);
    }
    barrier(CLK_GLOBAL_MEM_FENCE);
  }
}

/* The block's swaps for the columns outside of it, and right of it also its triangle.
 * Numbers: n - size columns of all matrices. */
__kernel void lu_rows(__global A *work, long work_offset, const __global int *swaps,
                      long swaps_offset, factor s) {
  size_t n = (size_t)s.n, at = (size_t)s.at, size = (size_t)s.size, others = n - size;
  size_t matrix = get_global_id(0) / others, c = get_global_id(0) - matrix * others;
  if (matrix >= (size_t)s.count) return;
  __global A *a = work + work_offset + matrix * n * n;
  swaps += swaps_offset + matrix * n;
  c = c < at ? c : c + size;
  for (size_t j = at; j < at + size; j++) {
    size_t other = (size_t)swaps[j];
    A x = a[j * n + c];
    a[j * n + c] = a[other * n + c];
    a[other * n + c] = x;
  }
  if (c < at) return;
  A x[BLOCK];
  for (size_t i = 0; i < size; i++) {
    A sum = a[(at + i) * n + c];
    for (size_t k = 0; k < i; k++) sum = TERM(-x[k], a[(at + i) * n + at + k], sum);
    x[i] = sum;
    a[(at + i) * n + c] = sum;
  }
}

/* x is [1/2, 1) * 2 to this; 0 where that has no meaning. Not frexp: its pointer is more
 * than Oclgrind's check of uninitialised memory takes. */
static inline int power_of(A x) {
  bool has = isfinite((F)x) && !((F)x == (F)0);
  return has ? FLOAT_OR_INT(ilogb((F)x) + 1, 0) : 0;
}
static inline A scaled(A x, int power) {
  return FLOAT_OR_INT(ldexp((F)x, power), x);
}

/* The product of u's diagonal with the sign of the order, or its sign and the logarithm of
 * its size. The product is kept as a fraction and a power of two, so that it does not
 * overflow on the way. Numbers: matrices. */
__kernel void lu_determinant(const __global A *work, long work_offset,
                             const __global int *swaps, long swaps_offset, __global T *out,
                             long out_offset, __global T *log_out, long log_offset,
                             factor s, int is_log) {
  size_t matrix = get_global_id(0), n = (size_t)s.n;
  if (matrix >= (size_t)s.count) return;
  const __global A *a = work + work_offset + matrix * n * n;
  swaps += swaps_offset + matrix * n;
  A product = (A)1, sum = (A)0;
  int power = 0;
  for (size_t i = 0; i < n; i++) {
    A x = a[i * n + i];
    if ((size_t)swaps[i] != i) product = -product;
    if (is_log) {
      sum += FLOAT_OR_INT(log(fabs((F)x)), (F)0);
      if (x < (A)0) product = -product;
      if (!(x < (A)0) && !(x > (A)0)) product = x * product; /* 0 or NaN */
      continue;
    }
    power += power_of(x);
    product *= scaled(x, -power_of(x));
    power += power_of(product);
    product = scaled(product, -power_of(product));
  }
  if (is_log && product == (A)0) product = (A)0; /* no sign */
  if (is_log) STORE(log_out, (size_t)log_offset + matrix, sum);
  power = clamp(power, -5000, 5000);
  if (!is_log && isfinite((F)product))
    product = FLOAT_OR_INT(ldexp((F)product, power), (F)0);
  STORE(out, (size_t)out_offset + matrix, product);
}

/* ---- Triangles ---- */

/* Matrices of a walk, element (i, j) at i * x_row + j * x_col, and right-hand sides
 * [matrix, n, columns] that become the solution. */
typedef struct {
  long n, at, size, count, columns;
  long x_row, x_col, upper, unit;
  long rank;
  long dims[8], strides[8];
} triangle;

static inline size_t triangle_place(const triangle *s, size_t matrix) {
  size_t at = 0;
  for (int d = 0; d < (int)s->rank; d++) {
    size_t above = matrix / (size_t)s->dims[d];
    at += (matrix - above * (size_t)s->dims[d]) * (size_t)s->strides[d];
    matrix = above;
  }
  return at;
}

/* The block's rows of the solution, what the other rows add being taken off. Numbers:
 * columns of all matrices. */
__kernel void triangle_block(const __global A *x, long x_offset, __global A *work,
                             long work_offset, triangle all) {
  triangle s = all;
  size_t n = (size_t)s.n, size = (size_t)s.size, columns = (size_t)s.columns;
  size_t row = (size_t)s.x_row, col = (size_t)s.x_col;
  size_t matrix = get_global_id(0) / columns, c = get_global_id(0) - matrix * columns;
  if (matrix >= (size_t)s.count) return;
  x += x_offset + triangle_place(&s, matrix) + (size_t)s.at * (row + col);
  work += work_offset + (matrix * n + (size_t)s.at) * columns + c;
  A y[BLOCK];
  for (size_t step = 0; step < size; step++) {
    size_t i = s.upper ? size - 1 - step : step;
    A sum = work[i * columns];
    for (size_t k = 0; k < step; k++) {
      size_t j = s.upper ? size - 1 - k : k;
      sum = TERM(-y[k], x[i * row + j * col], sum);
    }
    if (!s.unit) sum /= x[i * row + i * col];
    y[step] = sum;
    work[i * columns] = sum;
  }
}

/* The cell becomes the first matrix with a 0 on its diagonal. Numbers: rows of all matrices
 * of x, dense. */
__kernel void diagonal_check(const __global T *x, long x_offset, factor s,
                             volatile __global int *cells, int slot) {
  size_t n = (size_t)s.n, matrix = get_global_id(0) / n, i = get_global_id(0) - matrix * n;
  if (matrix >= (size_t)s.count) return;
  if (LOAD(x, (size_t)x_offset + (matrix * n + i) * n + i) == (A)0)
    atomic_min(cells + slot, (int)AT_MOST(matrix, (size_t)(INT_MAX - 1)));
}
