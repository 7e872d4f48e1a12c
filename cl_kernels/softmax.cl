/* Softmax and its logarithm along one axis, stable: the largest element is taken off first.
 * Behind rowwise.cl.
 *
 * There are `outputs` rows of `length` elements, `inner` apart.
 *
 * _rows: inner is 1; one work-item takes `block` rows, local size 1. _columns: one
 * work-item takes `block` tiles of V rows side by side. _group: `lanes` work-items share a
 * row.
 *
 * Few long rows are cut into `parts` of `part` elements: softmax_parts leaves the largest
 * element and the sum of powers of each in partials[2][parts][outputs], softmax_merge those
 * of the rows in stats[2][outputs], and _write has a team for each part again. */
typedef struct {
  long outputs, length, inner, block, lanes, parts, part;
} softmax_shape;

/* Trips over which sums run plainly; what is lost between such stretches is carried on. */
#define STRETCH 16

INLINED AV larger_of(AV x, AV y) {
  return select(y, x, x > y);
}

INLINED AV answer(int logs, AV x, AV largest, AV sum) {
  return logs ? (x - largest) - log(sum) : exp(x - largest) / sum;
}

/* ---- Blocks ---- */

INLINED A row_largest(const __global T *x, size_t length) {
  AV largest = (AV)(-INFINITY);
  size_t i = 0;
  for (; i + V <= length; i += V) largest = larger_of(LOADV(x, i), largest);
  if (i < length) {
    AV rest = load_filled(x + i, length - i, A_LOWEST);
    largest = larger_of(rest, largest);
  }
  return largest_across(largest);
}

/* Sum of e^(x - largest), added up in stretches. Where y can hold the terms as they are,
 * they are kept there. */
INLINED A row_sum(int keep, const __global T *x, __global T *y, size_t length, A largest) {
  AV total = (AV)0, lost = (AV)0;
  size_t i = 0;
  while (i + V <= length) {
    size_t stop = AT_MOST(length, i + 32 * V);
    AV sum = (AV)0;
    for (; i + V <= stop; i += V) {
      AV term = exp(LOADV(x, i) - largest);
      if (keep) STOREV(y, i, term);
      sum += term;
    }
    carryv(&total, &lost, sum);
  }
  if (i < length) {
    AV rest = load_filled(x + i, length - i, A_LOWEST);
    carryv(&total, &lost, exp(rest - largest));
  }
  return sum_across(total - lost);
}

/* `keep`: y holds the powers already. */
INLINED void row_write(int logs, int keep, const __global T *x, __global T *y,
                       size_t length, A largest, A sum) {
  size_t i = 0;
  A scale = 1 / sum, bias = log(sum);
  for (; i + V <= length; i += V) {
    if (keep)
      STOREV(y, i, LOADV(y, i) * scale);
    else if (logs)
      STOREV(y, i, (LOADV(x, i) - largest) - bias);
    else
      STOREV(y, i, exp(LOADV(x, i) - largest) * scale);
  }
  if (i < length) {
    AV rest = load_filled(x + i, length - i, A_LOWEST);
    AV done = answer(logs, rest, (AV)largest, (AV)sum);
    STOREV_PART(y, i, done, (int)(length - i));
  }
}

INLINED void softmax_row(int logs, const __global T *x, __global T *y, size_t length) {
  int keep = !logs & (sizeof(T) == sizeof(A));
  A largest = row_largest(x, length);
  A sum = row_sum(keep, x, y, length, largest);
  row_write(logs, keep, x, y, length, largest, sum);
}

INLINED void softmax_rows_of(int logs, const __global T *x, __global T *y,
                             const softmax_shape *s) {
  size_t length = (size_t)s->length, row = get_global_id(0) * (size_t)s->block;
  size_t last = AT_MOST(row + (size_t)s->block, (size_t)s->outputs);
  for (; row < last; row++) softmax_row(logs, x + row * length, y + row * length, length);
}

INLINED AV load_columns(const __global T *p, int count) {
  return count == V ? LOADV(p, 0) : LOADV_PART(p, 0, count);
}

INLINED void softmax_columns_of(int logs, const __global T *x, __global T *y,
                                const softmax_shape *s) {
  size_t inner = (size_t)s->inner, length = (size_t)s->length, tiles = (inner + V - 1) / V;
  size_t tile = get_global_id(0) * (size_t)s->block;
  size_t last = AT_MOST(tile + (size_t)s->block, (size_t)s->outputs / inner * tiles);
  for (; tile < last; tile++) {
    size_t outer = tile / tiles, column = (tile - outer * tiles) * V;
    int count = (int)AT_MOST(inner - column, V);
    size_t at = outer * length * inner + column;
    AV largest = (AV)(-INFINITY);
    AV total = (AV)0, lost = (AV)0;
    for (size_t i = 0; i < length; i++)
      largest = larger_of(load_columns(x + at + i * inner, count), largest);
    for (size_t i = 0; i < length;) {
      size_t stop = AT_MOST(length, i + 32);
      AV part = (AV)0;
      for (; i < stop; i++) part += exp(load_columns(x + at + i * inner, count) - largest);
      carryv(&total, &lost, part);
    }
    AV sum = total - lost;
    for (size_t i = 0; i < length; i++, at += inner) {
      AV done = answer(logs, load_columns(x + at, count), largest, sum);
      if (count == V)
        STOREV(y, at, done);
      else
        STOREV_PART(y, at, done, count);
    }
  }
}

/* ---- Groups ---- */

/* Of the elements [begin, end) of a row. */
INLINED A lane_largest(const __global T *x, size_t begin, size_t end, size_t lanes,
                       size_t inner) {
  A largest = -INFINITY;
  for (size_t i = begin + team_lane(lanes); i < end; i += lanes)
    largest = fmax(largest, LOAD(x, i * inner));
  return largest;
}

INLINED A lane_sum(const __global T *x, size_t begin, size_t end, size_t lanes,
                   size_t inner, A largest) {
  A total = (A)0, lost = (A)0;
  size_t stretch = lanes * STRETCH;
  for (size_t i = begin + team_lane(lanes); i < end; i += stretch) {
    size_t stop = AT_MOST(end, i + stretch);
    A sum = 0;
    for (size_t j = i; j < stop; j += lanes) sum += exp(LOAD(x, j * inner) - largest);
    carry(&total, &lost, sum);
  }
  return total - lost;
}

INLINED void lane_write(int logs, const __global T *x, __global T *y, size_t begin,
                        size_t end, size_t lanes, size_t inner, A largest, A sum) {
  A bias = log(sum);
  for (size_t i = begin + team_lane(lanes); i < end; i += lanes) {
    A x_here = LOAD(x, i * inner) - largest;
    STORE(y, i * inner, logs ? x_here - bias : exp(x_here) / sum);
  }
}

INLINED size_t row_start(const softmax_shape *s, size_t row) {
  size_t outer = row / (size_t)s->inner;
  return row + outer * (size_t)((s->length - 1) * s->inner);
}

INLINED void softmax_group_of(int logs, const __global T *x, __global T *y,
                              const softmax_shape *s, __local A *tile) {
  size_t lanes = (size_t)s->lanes, length = (size_t)s->length, inner = (size_t)s->inner;
  size_t row = team_number(lanes);
  size_t end = row < (size_t)s->outputs ? length : 0, at = row_start(s, row);
  A largest = team_largest(lane_largest(x + at, 0, end, lanes, inner), tile, lanes);
  A sum = team_sum(lane_sum(x + at, 0, end, lanes, inner, largest), tile, lanes);
  lane_write(logs, x + at, y + at, 0, end, lanes, inner, largest, sum);
}

/* ---- Parts ---- */

__kernel void softmax_parts(const __global T *x, long x_offset, __global A *partials,
                            long partials_offset, softmax_shape s, __local A *tile) {
  size_t lanes = (size_t)s.lanes, inner = (size_t)s.inner, rows = (size_t)s.outputs;
  size_t row = team_number(lanes), part = get_global_id(1);
  size_t begin = part * (size_t)s.part;
  size_t end = row < rows ? AT_MOST(begin + (size_t)s.part, (size_t)s.length) : begin;
  const __global T *p = x + x_offset + row_start(&s, row);
  A largest = A_LOWEST, sum;
  if (CPU_LIKE) {
    largest = row_largest(p + begin, end - begin);
  } else {
    largest = team_largest(lane_largest(p, begin, end, lanes, inner), tile, lanes);
  }
  /* A part of -inf alone adds nothing to a row that holds more. */
  A base = largest;
  if (base == A_LOWEST) base = (A)0;
  if (CPU_LIKE) {
    sum = row_sum(0, p + begin, 0, end - begin, base);
  } else {
    sum = team_sum(lane_sum(p, begin, end, lanes, inner, base), tile, lanes);
  }
  if (row >= rows || team_lane(lanes) > 0) return;
  partials += partials_offset + part * rows + row;
  partials[0] = largest;
  partials[(size_t)s.parts * rows] = sum;
}

__kernel void softmax_merge(const __global A *partials, long partials_offset,
                            __global A *stats, long stats_offset, softmax_shape s) {
  size_t row = get_global_id(0), rows = (size_t)s.outputs, parts = (size_t)s.parts;
  if (row >= rows) return;
  partials += partials_offset + row;
  A largest = A_LOWEST, total = (A)0, lost = (A)0;
  for (size_t p = 0; p < parts; p++) largest = fmax(largest, partials[p * rows]);
  for (size_t p = 0; p < parts; p++) {
    A power = exp(partials[p * rows] - largest);
    carry(&total, &lost, partials[(parts + p) * rows] * power);
  }
  stats[stats_offset + row] = largest;
  stats[stats_offset + rows + row] = total - lost;
}

INLINED void softmax_write_of(int logs, const __global T *x, __global T *y,
                              const __global A *stats, const softmax_shape *s) {
  size_t lanes = (size_t)s->lanes, inner = (size_t)s->inner, rows = (size_t)s->outputs;
  size_t row = team_number(lanes), begin = get_global_id(1) * (size_t)s->part;
  size_t end = AT_MOST(begin + (size_t)s->part, (size_t)s->length);
  if (row >= rows) return;
  A largest = stats[row], sum = stats[rows + row];
  size_t at = row_start(s, row);
  if (CPU_LIKE)
    row_write(logs, 0, x + at + begin, y + at + begin, end - begin, largest, sum);
  else
    lane_write(logs, x + at, y + at, begin, end, lanes, inner, largest, sum);
}

/* ---- The kernels ---- */

#define SOFTMAX(rows, columns, group, write, logs)                                         \
  __kernel void rows(const __global T *x, long x_offset, __global T *y, long y_offset,     \
                     softmax_shape s) {                                                    \
    softmax_rows_of(logs, x + x_offset, y + y_offset, &s);                                 \
  }                                                                                        \
  __kernel void columns(const __global T *x, long x_offset, __global T *y, long y_offset,  \
                        softmax_shape s) {                                                 \
    softmax_columns_of(logs, x + x_offset, y + y_offset, &s);                              \
  }                                                                                        \
  __kernel void group(const __global T *x, long x_offset, __global T *y, long y_offset,    \
                      softmax_shape s, __local A *tile) {                                  \
    softmax_group_of(logs, x + x_offset, y + y_offset, &s, tile);                          \
  }                                                                                        \
  __kernel void write(const __global T *x, long x_offset, __global T *y, long y_offset,    \
                      const __global A *stats, long stats_offset, softmax_shape s) {       \
    softmax_write_of(logs, x + x_offset, y + y_offset, stats + stats_offset, &s);          \
  }

SOFTMAX(softmax_rows, softmax_columns, softmax_group, softmax_write, 0)
SOFTMAX(log_softmax_rows, log_softmax_columns, log_softmax_group, log_softmax_write, 1)
