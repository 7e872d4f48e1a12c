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
  ROLLED for (int k = 0; k < inputs; k++) {
    long stride = 1;
    ROLLED for (int d = inner; d >= 0; d--) {
      int repeats = walk->repeats[k] >> d & 1;
      at->strides[8 * k + d] = repeats ? 0 : stride;
      if (!repeats) stride *= walk->dims[d];
    }
    at->base[k] = 0;
    at->found[k] = -1;
  }
  ROLLED for (int d = inner; d >= 0; d--) {
    size_t extent = walk->dims[d];
    /* A 64-bit division takes long on most GPUs. */
    size_t next = element <= UINT_MAX && extent <= UINT_MAX
                      ? (size_t)((uint)element / (uint)extent)
                      : element / extent;
    at->index[d] = element - next * extent;
    ROLLED for (int k = 0; k < inputs; k++) {
      at->base[k] += at->index[d] * at->strides[8 * k + d];
    }
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
  ROLLED for (int k = 0; k < inputs; k++) at->base[k] += step * at->strides[8 * k + inner];
  if (!row_ends || d < 0) return;
  at->index[d] += at->rows;
  ROLLED for (int k = 0; k < inputs; k++) at->base[k] += at->rows * at->strides[8 * k + d];
  ROLLED for (; d > 0 && at->index[d] == walk->dims[d]; d--) {
    at->index[d] = 0;
    at->index[d - 1]++;
    ROLLED for (int k = 0; k < inputs; k++)
      at->base[k] += at->strides[8 * k + d - 1] - walk->dims[d] * at->strides[8 * k + d];
  }
}

/* --- Loads and stores, by what an operand is: a plain one of T, a bool, and in
 * fused_edges.cl other dtypes. V elements from i on, `count` <= V of them, and one of them
 * in all lanes, or alone, for rows shorter than a vector. --- */

static inline AV plain_all(const __global T *p, size_t i) {
  return LOADV(p, i);
}
static inline AV plain_any(const __global T *p, size_t i, int count) {
  return any_lanes(p, i, count, 0);
}
static inline AV plain_one(const __global T *p, size_t i) {
  return (AV)LOAD(p, i);
}
static inline A plain_first(const __global T *p, size_t i) {
  return LOAD(p, i);
}
static inline AV plain_found(const A *found) {
  return VLOAD(0, found);
}
static inline void put_plain(__global T *out, size_t i, int stream, AV x) {
  put(out, i, stream, x);
}
static inline void put_any_plain(__global T *out, size_t i, int count, AV x) {
  if (count < V)
    STOREV_PART(out, i, x, count);
  else
    STOREV(out, i, x);
}

static inline MV bool_all(const __global uchar *p, size_t i) {
  return MASKOF(GET_BYTESV(p + i));
}
static inline MV bool_any(const __global uchar *p, size_t i, int count) {
  return MASKOF(count < V ? some_bools(p, i, count, 0) : GET_BYTESV(p + i));
}
static inline MV bool_one(const __global uchar *p, size_t i) {
  return MASKOF((UCHARV)p[i]);
}
static inline A bool_first(const __global uchar *p, size_t i) {
  return (A)(p[i] != 0);
}
static inline MV bool_found(const A *found) {
  return VLOAD(0, found) != ZERO;
}
static inline void put_bool(__global uchar *out, size_t i, int stream, MV x) {
  put_bytes(out, i, stream, BOOLOF(x));
}
static inline void put_any_bool(__global uchar *out, size_t i, int count, MV x) {
  if (count < V)
    put_some_bytes(out, i, count, BOOLOF(x));
  else
    PUTV(uchar, BOOLOF(x), out + i);
}

/* A bool among values of type A. */
#define FLAGV(mask) SELECT(mask, ONE, ZERO)

/* <name>_find: rows shorter than a vector, one behind the other, of an input that repeats:
 * V rows, or as many as are next where they differ. */
#define FUSED_FIND(name, stored)                                                           \
  OUTLINED void JOIN(name, _find)(const __global stored *p, int k, int inner,              \
                                  long columns, fused_place *at, A *found) {               \
    long step = at->strides[8 * k + inner], row = at->strides[8 * k + inner - 1];          \
    if (row == 0 && at->found[k] == at->base[k]) return;                                   \
    at->found[k] = at->base[k];                                                            \
    long rows = row == 0 ? V : at->rows;                                                   \
    ROLLED for (long r = 0; r < rows; r++) ROLLED for (long c = 0; c < columns; c++)       \
        found[r * columns + c] = JOIN(name, _first)(p, at->base[k] + r * row + c * step);  \
  }

/* How many rows fused_rows may give where rows are short: one beginning is enough for all
 * of them, or each has its own. */
OUTLINED long fused_rows_most(const fused_shape *walk, int inputs, const fused_place *at) {
  for (int k = 0; k < inputs; k++)
    if (at->strides[8 * k + walk->rank - 2] != 0) return V;
  return LONG_MAX;
}
