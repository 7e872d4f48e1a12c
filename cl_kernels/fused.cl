/* Helpers of fused kernels, which src/ops/fused_text.c writes behind this text: several
 * elementwise steps on vectors of V lanes, whose results in between stay in registers.
 *
 * Outputs, and most inputs, are whole: row-major, with one element for each of `dims`.
 * Others repeat along some of them. A work-item takes `chunk` consecutive elements. */

/* As src/ops/fused.c lays it out. Dimensions are joined where they can be. Bit d of
 * repeats[k]: the k-th of the inputs that repeat has one element for all of dimension d;
 * the others are packed. */
typedef struct {
  long dims[8];
  int repeats[12], rank, stream;
} fused_shape;

/* Where a work-item is, and each such input's element there; then how far it goes from
 * there: `rows` runs of `run` elements, all of them whole rows or one piece of a row. */
typedef struct {
  long index[8], column, base[12];
  long strides[96]; /* [12][8] */
  long rows, run;
  long found[12]; /* where fused_find was last */
} fused_place;

OUTLINED void fused_begin(const fused_shape *walk, int inputs, size_t element,
                          fused_place *at) {
  int inner = walk->rank - 1;
  for (int k = 0; k < inputs; k++) {
    long stride = 1;
    for (int d = inner; d >= 0; d--) {
      int repeats = walk->repeats[k] >> d & 1;
      at->strides[8 * k + d] = repeats ? 0 : stride;
      if (!repeats) stride *= walk->dims[d];
    }
    at->base[k] = 0;
    at->found[k] = -1;
  }
  for (int d = inner; d >= 0; d--) {
    size_t extent = walk->dims[d];
    /* A 64-bit division takes long on most GPUs. */
    size_t next = element <= UINT_MAX && extent <= UINT_MAX
                      ? (size_t)((uint)element / (uint)extent)
                      : element / extent;
    at->index[d] = element - next * extent;
    for (int k = 0; k < inputs; k++) at->base[k] += at->index[d] * at->strides[8 * k + d];
    element = next;
  }
  at->column = at->index[inner];
}

/* The next rows, `most` of them at most, of the `left` elements. */
OUTLINED void fused_rows(const fused_shape *walk, size_t left, long most, fused_place *at) {
  int inner = walk->rank - 1;
  long columns = walk->dims[inner];
  at->rows = 1;
  at->run = AT_MOST((long)left, columns - at->column);
  if (inner == 0 || at->run < columns) return;
  long rows = AT_MOST((long)left / columns, walk->dims[inner - 1] - at->index[inner - 1]);
  at->rows = AT_MOST(rows, most);
}

/* Behind them. */
OUTLINED void fused_next(const fused_shape *walk, int inputs, fused_place *at) {
  int inner = walk->rank - 1, d = inner - 1;
  long behind = at->column + at->run, row_ends = behind == walk->dims[inner];
  long step = row_ends ? -at->column : at->run;
  at->column = row_ends ? 0 : behind;
  for (int k = 0; k < inputs; k++) at->base[k] += step * at->strides[8 * k + inner];
  if (!row_ends || d < 0) return;
  at->index[d] += at->rows;
  for (int k = 0; k < inputs; k++) at->base[k] += at->rows * at->strides[8 * k + d];
  for (; d > 0 && at->index[d] == walk->dims[d]; d--) {
    at->index[d] = 0;
    at->index[d - 1]++;
    for (int k = 0; k < inputs; k++)
      at->base[k] += at->strides[8 * k + d - 1] - walk->dims[d] * at->strides[8 * k + d];
  }
}

/* Rows shorter than a vector, one behind the other, of an input that repeats: V rows, or
 * as many as are next where they differ. */
#define FUSED_FIND(name, stored, computed, load)                                           \
  OUTLINED void name(const __global stored *p, int k, int inner, long columns,             \
                     fused_place *at, computed *found) {                                   \
    long step = at->strides[8 * k + inner], row = at->strides[8 * k + inner - 1];          \
    if (row == 0 && at->found[k] == at->base[k]) return;                                   \
    at->found[k] = at->base[k];                                                            \
    long rows = row == 0 ? V : at->rows;                                                   \
    ROLLED for (long r = 0; r < rows; r++) ROLLED for (long c = 0; c < columns; c++)       \
        found[r * columns + c] = load(p, at->base[k] + r * row + c * step);                \
  }

static inline uchar fused_byte(const __global uchar *p, size_t i) {
  return p[i];
}

static inline UCHARV any_bools(const __global uchar *p, size_t i, int count) {
  if (count < V) return some_bools(p, i, count, 0);
  return GET_BYTESV(p + i);
}

/* `count` < V of them, or all V. */
static inline void put_any(__global T *out, size_t i, int count, AV x) {
  if (count < V)
    STOREV_PART(out, i, x, count);
  else
    STOREV(out, i, x);
}
static inline void put_any_bytes(__global uchar *out, size_t i, int count, UCHARV bytes) {
  if (count < V)
    put_some_bytes(out, i, count, bytes);
  else
    PUTV(uchar, bytes, out + i);
}

/* A bool among values of type A. */
#define FLAGV(mask) SELECT(mask, ONE, ZERO)
