/* Softmax and its logarithm along one axis, stable: the largest element is taken off first.
 * Behind reduce.cl, whose helpers it uses. Compiled for every dtype, meant for floats.
 *
 * There are `outputs` rows of `length` elements, `inner` apart.
 *
 * _rows: inner is 1; one work-item takes `block` rows, local size 1. _columns: one
 * work-item takes `block` tiles of V rows side by side. _group: `lanes` work-items share a
 * row. */
typedef struct {
  long outputs, length, inner, block, lanes;
} softmax_shape;

typedef union {
  FV v;
  F a[V];
} float_lanes;

INLINED FV floats(AV x) {
  return JOIN(convert_, FV)(x);
}

INLINED AV back(FV x) {
  return JOIN(convert_, AV)(x);
}

INLINED F sum_across(FV x) {
  float_lanes u;
  u.v = x;
  for (int reach = V / 2; reach > 0; reach /= 2)
    for (int i = 0; i < reach; i++) u.a[i] += u.a[i + reach];
  return u.a[0];
}

INLINED F largest_across(FV x) {
  float_lanes u;
  u.v = x;
  for (int reach = V / 2; reach > 0; reach /= 2)
    for (int i = 0; i < reach; i++) u.a[i] = fmax(u.a[i], u.a[i + reach]);
  return u.a[0];
}

INLINED FV largerf(FV x, FV y) {
  return select(y, x, x > y);
}

INLINED AV answer(int logs, FV x, FV largest, FV sum) {
  return back(logs ? (x - largest) - log(sum) : exp(x - largest) / sum);
}

/* ---- Blocks ---- */

INLINED F row_largest(const __global T *x, size_t length) {
  FV largest = (FV)(-INFINITY);
  size_t i = 0;
  for (; i + V <= length; i += V) largest = largerf(floats(LOADV(x, i)), largest);
  if (i < length) {
    AV rest = load_filled(x + i, length - i, A_LOWEST);
    largest = largerf(floats(rest), largest);
  }
  return largest_across(largest);
}

/* Sum of e^(x - largest), added up in stretches. Where y can hold the terms as they are,
 * they are kept there. */
INLINED F row_sum(int keep, const __global T *x, __global T *y, size_t length, F largest) {
  AV total = (AV)0, lost = (AV)0;
  size_t i = 0;
  while (i + V <= length) {
    size_t stop = AT_MOST(length, i + 32 * V);
    FV sum = (FV)0;
    for (; i + V <= stop; i += V) {
      FV term = exp(floats(LOADV(x, i)) - largest);
      if (keep) STOREV(y, i, back(term));
      sum += term;
    }
    carryv(REDUCE_SUM, &total, &lost, back(sum));
  }
  if (i < length) {
    AV rest = load_filled(x + i, length - i, A_LOWEST);
    carryv(REDUCE_SUM, &total, &lost, back(exp(floats(rest) - largest)));
  }
  return sum_across(floats(total - lost));
}

INLINED void softmax_row(int logs, const __global T *x, __global T *y, size_t length) {
  int keep = !logs & (sizeof(T) == sizeof(F));
  size_t i = 0;
  F largest = row_largest(x, length);
  F sum = row_sum(keep, x, y, length, largest);
  F scale = 1 / sum, bias = log(sum);
  for (; i + V <= length; i += V) {
    if (keep)
      STOREV(y, i, back(floats(LOADV(y, i)) * scale));
    else if (logs)
      STOREV(y, i, back((floats(LOADV(x, i)) - largest) - bias));
    else
      STOREV(y, i, back(exp(floats(LOADV(x, i)) - largest) * scale));
  }
  if (i < length) {
    AV rest = load_filled(x + i, length - i, A_LOWEST);
    AV done = answer(logs, floats(rest), (FV)largest, (FV)sum);
    STOREV_PART(y, i, done, (int)(length - i));
  }
}

INLINED void softmax_rows_of(int logs, const __global T *x, __global T *y,
                             const softmax_shape *s) {
  size_t length = (size_t)s->length, row = get_global_id(0) * (size_t)s->block;
  size_t last = AT_MOST(row + (size_t)s->block, (size_t)s->outputs);
  for (; row < last; row++) softmax_row(logs, x + row * length, y + row * length, length);
}

INLINED FV load_columns(const __global T *p, int count) {
  return floats(count == V ? LOADV(p, 0) : LOADV_PART(p, 0, count));
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
    FV largest = (FV)(-INFINITY);
    AV total = (AV)0, lost = (AV)0;
    for (size_t i = 0; i < length; i++)
      largest = largerf(load_columns(x + at + i * inner, count), largest);
    for (size_t i = 0; i < length;) {
      size_t stop = AT_MOST(length, i + 32);
      FV part = (FV)0;
      for (; i < stop; i++) part += exp(load_columns(x + at + i * inner, count) - largest);
      carryv(REDUCE_SUM, &total, &lost, back(part));
    }
    FV sum = floats(total - lost);
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

INLINED F lane_largest(const __global T *x, size_t lane, size_t length, size_t lanes,
                       size_t inner) {
  F largest = -INFINITY;
  for (size_t i = lane; i < length; i += lanes)
    largest = fmax(largest, (F)LOAD(x, i * inner));
  return largest;
}

INLINED F lane_sum(const __global T *x, size_t lane, size_t length, size_t lanes,
                   size_t inner, F largest) {
  A total = (A)0, lost = (A)0;
  size_t stretch = lanes * STRETCH;
  for (size_t i = lane; i < length; i += stretch) {
    size_t stop = AT_MOST(length, i + stretch);
    F sum = 0;
    for (size_t j = i; j < stop; j += lanes) sum += exp((F)LOAD(x, j * inner) - largest);
    carry(REDUCE_SUM, &total, &lost, (A)sum);
  }
  return (F)(total - lost);
}

INLINED void softmax_group_of(int logs, const __global T *x, __global T *y,
                              const softmax_shape *s, __local F *tile) {
  size_t here = get_local_id(0), lanes = (size_t)s->lanes, lane = here & (lanes - 1);
  size_t first = here - lane, length = (size_t)s->length, inner = (size_t)s->inner;
  size_t row = get_group_id(0) * (get_local_size(0) / lanes) + here / lanes;
  bool inside = row < (size_t)s->outputs;
  size_t outer = row / inner, at = row + outer * (length - 1) * inner;

  tile[here] = inside ? lane_largest(x + at, lane, length, lanes, inner) : 0;
  for (size_t reach = lanes / 2; reach > 0; reach /= 2) {
    barrier(CLK_LOCAL_MEM_FENCE);
    if (lane < reach) tile[here] = fmax(tile[here], tile[here + reach]);
  }
  barrier(CLK_LOCAL_MEM_FENCE);
  F largest = tile[first];
  barrier(CLK_LOCAL_MEM_FENCE);
  tile[here] = inside ? lane_sum(x + at, lane, length, lanes, inner, largest) : 0;
  for (size_t reach = lanes / 2; reach > 0; reach /= 2) {
    barrier(CLK_LOCAL_MEM_FENCE);
    if (lane < reach) tile[here] += tile[here + reach];
  }
  barrier(CLK_LOCAL_MEM_FENCE);
  if (!inside) return;
  F sum = tile[first], bias = log(sum);
  for (size_t i = lane; i < length; i += lanes) {
    F x_here = (F)LOAD(x, at + i * inner) - largest;
    STORE(y, at + i * inner, (A)(logs ? x_here - bias : exp(x_here) / sum));
  }
}

/* ---- The kernels ---- */

#define SOFTMAX(rows, columns, group, logs)                                                \
  __kernel void rows(const __global T *x, long x_offset, __global T *y, long y_offset,     \
                     softmax_shape s) {                                                    \
    softmax_rows_of(logs, x + x_offset, y + y_offset, &s);                                 \
  }                                                                                        \
  __kernel void columns(const __global T *x, long x_offset, __global T *y, long y_offset,  \
                        softmax_shape s) {                                                 \
    softmax_columns_of(logs, x + x_offset, y + y_offset, &s);                              \
  }                                                                                        \
  __kernel void group(const __global T *x, long x_offset, __global T *y, long y_offset,    \
                      softmax_shape s, __local F *tile) {                                  \
    softmax_group_of(logs, x + x_offset, y + y_offset, &s, tile);                          \
  }

SOFTMAX(softmax_rows, softmax_columns, softmax_group, 0)
SOFTMAX(log_softmax_rows, log_softmax_columns, log_softmax_group, 1)
