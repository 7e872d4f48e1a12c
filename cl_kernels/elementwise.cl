/* Helpers of the elementwise kernels, which src/ops/elementwise_kernel.c writes behind this
 * text: two for each op, on vectors of V lanes. Behind words.cl.
 *
 * Flat: every input has the output's elements in the output's order, or is one element.
 * Walk: inputs repeat along dimensions. The output is row-major in both; a work-item takes
 * `chunk` consecutive elements of it. Any number of elements, any local size. */

/* As src/ops/elementwise_kernel.c lays it out; strides in elements, 0 repeats. */
typedef struct {
  long dims[8], strides[24]; /* [3][8]: rusticl takes a nested array for its outer extent */
  int rank, stream;
} walk_shape;

/* A CPU's work-item has enough to do for patterns of V rows, each shorter than V. */
#define FOUND_MOST (CPU_LIKE ? V * V : V)

/* Where a work-item is: the outer indices, the column, and each input's element there. Then
 * what it does next: `rows` runs of `run` elements, vector by vector up to the one at
 * `last`, which may overlap the one before it; or one vector of `count` lanes. An input has
 * the elements of a run behind each other, or one for all of them, or they were read into
 * `found`, the same for each run. */
typedef struct {
  long index[8], column, base[3];
  long rows, run, last, begin[3], stride[3];
  int count;
  enum { BEHIND, SAME, FOUND } order[3];
  long lanes[3][V];
  A found[3][FOUND_MOST];
} walk_place;

__constant long lane_numbers[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

/* Of a flat kernel's `how`; below it a bit for each input of one element. */
#define STREAM (1 << 16)
OUTLINED void walk_to(const walk_shape *walk, int inputs, size_t element, walk_place *at) {
  int inner = walk->rank - 1;
  for (int k = 0; k < inputs; k++) at->base[k] = 0;
  for (int d = inner; d >= 0; d--) {
    size_t extent = walk->dims[d];
    /* A 64-bit division takes long on most GPUs. */
    size_t next = element <= UINT_MAX && extent <= UINT_MAX
                      ? (size_t)((uint)element / (uint)extent)
                      : element / extent;
    at->index[d] = element - next * extent;
    for (int k = 0; k < inputs; k++) at->base[k] += at->index[d] * walk->strides[8 * k + d];
    element = next;
  }
  at->column = at->index[inner];
}

/* `rows` further on, where dimension `d` = rank - 2 may end, but not further. */
OUTLINED void walk_rows(const walk_shape *walk, int inputs, long rows, walk_place *at) {
  int d = walk->rank - 2;
  if (d < 0) return;
  at->index[d] += rows;
  for (int k = 0; k < inputs; k++) at->base[k] += rows * walk->strides[8 * k + d];
  for (; d > 0 && at->index[d] == walk->dims[d]; d--) {
    at->index[d] = 0;
    at->index[d - 1]++;
    for (int k = 0; k < inputs; k++)
      at->base[k] +=
          walk->strides[8 * k + d - 1] - walk->dims[d] * walk->strides[8 * k + d];
  }
}

/* Lanes one after the other, over the ends of any dimensions. */
OUTLINED void walk_any(const walk_shape *walk, int inputs, int count, walk_place *at) {
  int inner = walk->rank - 1;
  for (int k = 0; k < inputs; k++) {
    at->order[k] = FOUND;
    at->begin[k] = 0;
  }
  for (int j = 0; j < V; j++) {
    for (int k = 0; k < inputs; k++)
      at->lanes[k][j] = j < count || j == 0 ? at->base[k] : at->lanes[k][j - 1];
    if (j >= count) continue;
    for (int k = 0; k < inputs; k++) at->base[k] += walk->strides[8 * k + inner];
    if (++at->column < walk->dims[inner]) continue;
    at->column = 0;
    for (int k = 0; k < inputs; k++)
      at->base[k] -= walk->dims[inner] * walk->strides[8 * k + inner];
    walk_rows(walk, inputs, 1, at);
  }
}

/* The same within one run of dimension rank - 2, without a branch for each lane. */
static inline void walk_short_rows(const walk_shape *walk, int inputs, long left,
                                   walk_place *at) {
  int inner = walk->rank - 1;
  long columns = walk->dims[inner], most = AT_MOST(columns, (long)V);
  LONGV lane = VLOAD(0, lane_numbers), beyond = lane - left;
  LONGV rows = JOIN(convert_, LONGV)((JOIN(convert_, FLOATV)(beyond) + 0.5f) / most);
  rows = select(rows + 1, (LONGV)0, beyond < 0);
  LONGV across = select(beyond - (rows - 1) * columns - at->column, lane, beyond < 0);
  long end_rows = 1 + (V - left) / most, end = (V - left) - (end_rows - 1) * columns;
  for (int k = 0; k < inputs; k++) {
    long step = walk->strides[8 * k + inner], row = walk->strides[8 * k + inner - 1];
    bool same = step == 0 && row == 0, behind = step == 1 && row == columns;
    at->order[k] = same ? SAME : behind ? BEHIND : FOUND;
    at->begin[k] = at->order[k] == FOUND ? 0 : at->base[k]; /* lanes are from the start */
    if (at->order[k] == FOUND)
      VSTORE(at->base[k] + rows * row + across * step, 0, at->lanes[k]);
    at->base[k] += (end - at->column) * step;
  }
  at->column = end;
  walk_rows(walk, inputs, end_rows, at);
}

OUTLINED void walk_load(const __global T *p, int input, walk_place *at) {
  if (at->order[input] == FOUND)
    for (int j = 0; j < V; j++) at->found[input][j] = LOAD(p, at->lanes[input][j]);
}

/* One vector of `count` lanes. */
OUTLINED void walk_lanes(const walk_shape *walk, int first, int inputs, int count,
                         const __global T *a, const __global T *b, const __global T *c,
                         walk_place *at) {
  int inner = walk->rank - 1;
  long left = walk->dims[inner] - at->column, most = AT_MOST(walk->dims[inner], (long)V);
  /* In how many rows behind this one lanes lie. */
  long further = (V - 1 - left + most) / most;
  if (count == V && left <= V && inner > 0 &&
      at->index[inner - 1] + further < walk->dims[inner - 1])
    walk_short_rows(walk, inputs, left, at);
  else
    walk_any(walk, inputs, count, at);
  if (first == 0) walk_load(a, 0, at);
  if (inputs > 1) walk_load(b, 1, at);
  if (inputs > 2) walk_load(c, 2, at);
  at->rows = 1;
  at->run = at->count = count;
  at->last = 0;
}

/* Whether rows are shorter than a vector, and every input goes through all of them, or has
 * one for all. */
static inline int walk_repeats(const walk_shape *walk, int first, int inputs) {
  int inner = walk->rank - 1;
  long columns = walk->dims[inner];
  if (!CPU_LIKE || inner == 0 || columns >= V) return 0;
  for (int k = 0; k < inputs; k++) {
    long step = walk->strides[8 * k + inner], row = walk->strides[8 * k + inner - 1];
    int through = step == 1 && row == columns, once = step == 1 && row == 0 && k >= first;
    if (!through && !once && !(step == 0 && row == 0)) return 0;
  }
  return 1;
}

/* `count` elements of a row of `columns` again and again. */
OUTLINED void walk_find(const __global T *p, int input, long columns, long count,
                        walk_place *at) {
  if (at->order[input] != FOUND) return;
  long column = at->column;
  for (long j = 0; j < count; j++) {
    at->found[input][j] = LOAD(p, at->base[input] + column);
    column = column + 1 < columns ? column + 1 : 0;
  }
}

/* V short rows as one, as often as they fit into `run` elements. */
static inline void walk_patterns(const walk_shape *walk, int first, int inputs, long run,
                                 const __global T *a, const __global T *b,
                                 const __global T *c, walk_place *at) {
  int inner = walk->rank - 1;
  long columns = walk->dims[inner], period = V * columns;
  at->rows = run < period ? 1 : run / period;
  at->run = AT_MOST(run, period);
  at->last = at->run - V;
  at->count = V;
  for (int k = 0; k < inputs; k++) {
    long step = walk->strides[8 * k + inner], row = walk->strides[8 * k + inner - 1];
    at->order[k] = step == 0 ? SAME : row == 0 ? FOUND : BEHIND;
    at->begin[k] = at->base[k];
    at->stride[k] = row == 0 ? 0 : period;
    at->base[k] -= at->column * step;
  }
  if (first == 0) walk_find(a, 0, columns, at->run, at);
  if (inputs > 1) walk_find(b, 1, columns, at->run, at);
  if (inputs > 2) walk_find(c, 2, columns, at->run, at);
  long passed = at->column + at->rows * at->run, rows = passed / columns;
  at->column = passed - rows * columns;
  for (int k = 0; k < inputs; k++) at->base[k] += at->column * walk->strides[8 * k + inner];
  walk_rows(walk, inputs, rows, at);
}

static inline void walk_whole_rows(const walk_shape *walk, int inputs, long left,
                                   walk_place *at) {
  int inner = walk->rank - 1;
  long columns = walk->dims[inner];
  at->rows = 1;
  at->run = AT_MOST(left, columns - at->column);
  at->last = at->run - V;
  at->count = V;
  if (inner > 0 && at->run == columns)
    at->rows = AT_MOST(left / columns, walk->dims[inner - 1] - at->index[inner - 1]);
  at->column += at->run;
  for (int k = 0; k < inputs; k++) {
    long step = walk->strides[8 * k + inner];
    at->begin[k] = at->base[k];
    at->order[k] = step == 0 ? SAME : BEHIND;
    at->stride[k] = inner > 0 ? walk->strides[8 * k + inner - 1] : 0;
    at->base[k] += at->run * step;
    if (at->column == columns) at->base[k] -= columns * step;
  }
  if (at->column < columns) return;
  at->column = 0;
  walk_rows(walk, inputs, at->rows, at);
}

/* What comes next of `left` elements; inputs from the `first` on are of type T. */
OUTLINED void walk_next(const walk_shape *walk, int first, int inputs, size_t left,
                        const __global T *a, const __global T *b, const __global T *c,
                        walk_place *at) {
  int inner = walk->rank - 1;
  for (int k = 0; k < inputs; k++) at->stride[k] = 0;
  if (left >= V && walk->dims[inner] - at->column >= V) {
    walk_whole_rows(walk, inputs, left, at);
    return;
  }
  if (walk_repeats(walk, first, inputs)) {
    long run = (walk->dims[inner - 1] - at->index[inner - 1]) * walk->dims[inner];
    run = AT_MOST((long)left, run - at->column);
    if (run >= V) {
      walk_patterns(walk, first, inputs, run, a, b, c, at);
      return;
    }
  }
  walk_lanes(walk, first, inputs, (int)AT_MOST(left, (size_t)V), a, b, c, at);
}

/* V lanes of an input at element `j` of the run where `p` is. */
static inline AV walk_values(const __global T *p, const walk_place *at, int input,
                             int order, long j) {
  if (order == BEHIND) return LOADV(p, j);
  if (order == SAME) return (AV)LOAD(p, 0);
  return VLOAD(0, at->found[input] + j);
}

static inline UCHARV walk_bools(const __global uchar *p, const walk_place *at, int order,
                                long j) {
  if (order == BEHIND) return GET_BYTESV(p + j);
  if (order == SAME) return (UCHARV)p[0];
  uchar lanes[V];
  for (int l = 0; l < V; l++) lanes[l] = p[at->lanes[0][l]];
  return VLOAD(0, lanes);
}

/* The cell keeps the first bad position; lanes beyond the last repeat it, so they cannot be
 * the first. */
OUTLINED void flag(__global int *cells, int slot, size_t i, MV bad) {
  MASK_LANE lanes[V];
  VSTORE(bad, 0, lanes);
  for (int j = 0; j < V; j++)
    if (lanes[j]) atomic_min(cells + slot, (int)AT_MOST(i + j, (size_t)(INT_MAX - 1)));
}

/* `x` with zero in the bad lanes. */
static inline AV flagged(__global int *cells, int slot, size_t i, MV bad, AV x) {
  if (ANY(bad)) flag(cells, slot, i, bad);
  return SELECT(bad, ZERO, x);
}
