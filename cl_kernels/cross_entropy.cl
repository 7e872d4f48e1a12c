/* Cross entropies, with their gradients in the logits. Behind rowwise.cl.
 *
 * A row is one example: `classes` logits, and as many labels or the number of one class.
 * Element (row, class) of an operand lies at row * its _row + class * its _class; 0
 * repeats. On CPUs a work-item takes `block` rows. */
typedef struct {
  long rows, classes, x_row, x_class, label_row, label_class, block, lanes;
} entropy_shape;

OUTLINED AV load_some_classes(const __global T *p, size_t step, size_t count, A fill) {
  row_lanes u;
  for (size_t i = 0; i < V; i++) u.a[i] = fill;
  ROLLED for (size_t i = 0; i < AT_MOST(count, V); i++) u.a[i] = LOAD(p, i * step);
  return u.v;
}

/* As load_upto; of step 0, one element over and over. */
INLINED AV load_classes(const __global T *p, size_t step, size_t count, A fill) {
  if (count >= V && step != 0) return LOADV(p, 0);
  return load_some_classes(p, step, count, fill);
}

INLINED A largest_logit(const __global T *x, const entropy_shape *s, size_t first,
                        size_t step) {
  AV largest = (AV)(-INFINITY);
  size_t classes = (size_t)s->classes, x_class = (size_t)s->x_class;
  for (size_t i = first; i < classes; i += step) {
    AV here = load_classes(x + i * x_class, x_class, classes - i, A_LOWEST);
    largest = SELECT(here > largest, here, largest);
  }
  return largest_across(largest);
}

INLINED A sum_of_powers(const __global T *x, const entropy_shape *s, size_t first,
                        size_t step, A largest) {
  AV total = (AV)0, lost = (AV)0;
  size_t classes = (size_t)s->classes, x_class = (size_t)s->x_class;
  for (size_t i = first; i < classes; i += step) {
    AV here = load_classes(x + i * x_class, x_class, classes - i, A_LOWEST);
    carryv(&total, &lost, exp(here - largest));
  }
  /* Lanes behind the last class hold e^-inf; of a row of -inf they are NaN, as it is. */
  return sum_across(total) - sum_across(lost);
}

/* ---- Labels as distributions ---- */

INLINED void dense_row(const __global T *x, const __global T *labels, __global T *loss,
                       __global T *backprop, const entropy_shape *s, size_t row,
                       __local A *tile) {
  size_t lanes = (size_t)s->lanes, classes = (size_t)s->classes;
  bool inside = row < (size_t)s->rows;
  size_t first = inside ? team_lane(lanes) * V : classes;
  size_t step = (CPU_LIKE ? 1 : lanes) * V, label_class = (size_t)s->label_class;
  size_t x_class = (size_t)s->x_class;
  x += inside ? row * (size_t)s->x_row : 0;
  labels += inside ? row * (size_t)s->label_row : 0;
  backprop += row * classes;
  A largest = team_largest(largest_logit(x, s, first, step), tile, lanes);
  A sum = team_sum(sum_of_powers(x, s, first, step, largest), tile, lanes);
  A logs = log(sum);
  AV total = (AV)0, lost = (AV)0;
  for (size_t i = first; i < classes; i += step) {
    AV here = load_classes(x + i * x_class, x_class, classes - i, largest) - largest;
    AV label = load_classes(labels + i * label_class, label_class, classes - i, (A)0);
    AV term = label * (logs - here);
    if (classes - i < V) {
      row_lanes u;
      u.v = term;
      ROLLED for (size_t j = classes - i; j < V; j++) u.a[j] = (A)0;
      term = u.v;
    }
    carryv(&total, &lost, term);
    store_upto(backprop + i, classes - i, exp(here) / sum - label);
  }
  A whole = team_sum(sum_across(total) - sum_across(lost), tile, lanes);
  if (inside && team_lane(lanes) == 0) STORE(loss, row, whole);
}

__kernel void softmax_cross_entropy(const __global T *x, long x_offset,
                                    const __global T *labels, long labels_offset,
                                    __global T *loss, long loss_offset,
                                    __global T *backprop, long backprop_offset,
                                    entropy_shape s, __local A *tile) {
  size_t row = team_number((size_t)s.lanes);
  x += x_offset, labels += labels_offset, loss += loss_offset, backprop += backprop_offset;
  if (CPU_LIKE) {
    size_t last = AT_MOST((row + 1) * (size_t)s.block, (size_t)s.rows);
    for (row *= (size_t)s.block; row < last; row++)
      dense_row(x, labels, loss, backprop, &s, row, tile);
  } else {
    dense_row(x, labels, loss, backprop, &s, row, tile);
  }
}

/* ---- Labels as numbers of classes ---- */

INLINED void sparse_row(const __global T *x, const __global int *labels, long labels_offset,
                        int wide, __global T *loss, __global T *backprop,
                        const entropy_shape *s, size_t row, __local A *tile,
                        volatile __global int *cell) {
  size_t lanes = (size_t)s->lanes, classes = (size_t)s->classes, lane = team_lane(lanes);
  bool inside = row < (size_t)s->rows;
  size_t first = inside ? lane * V : classes, step = (CPU_LIKE ? 1 : lanes) * V;
  size_t label = 0;
  if (inside) {
    size_t at = (size_t)labels_offset + row;
    label = (size_t)(wide ? ((const __global long *)labels)[at] : (long)labels[at]);
    x += row * classes;
    backprop += row * classes;
  }
  bool good = label < classes;
  A largest = team_largest(largest_logit(x, s, first, step), tile, lanes);
  A sum = team_sum(sum_of_powers(x, s, first, step, largest), tile, lanes);
  for (size_t i = first; i < classes; i += step) {
    row_lanes u;
    u.v = exp(load_upto(x + i, classes - i, largest) - largest) / sum;
    if (label - i < V) u.a[label - i] -= (A)1;
    store_upto(backprop + i, classes - i, u.v);
  }
  if (!inside || lane > 0) return;
  A at_label = good ? LOAD(x, label) : A_NAN;
  STORE(loss, row, log(sum) - (at_label - largest));
  if (!good) atomic_min(cell, (int)AT_MOST(row, (size_t)(INT_MAX - 1)));
}

__kernel void sparse_softmax_cross_entropy(const __global T *x, long x_offset,
                                           const __global int *labels, long labels_offset,
                                           int wide, __global T *loss, long loss_offset,
                                           __global T *backprop, long backprop_offset,
                                           entropy_shape s, __local A *tile,
                                           volatile __global int *cells, int slot) {
  size_t row = team_number((size_t)s.lanes);
  x += x_offset, loss += loss_offset, backprop += backprop_offset;
  if (CPU_LIKE) {
    size_t last = AT_MOST((row + 1) * (size_t)s.block, (size_t)s.rows);
    for (row *= (size_t)s.block; row < last; row++)
      sparse_row(x, labels, labels_offset, wide, loss, backprop, &s, row, tile,
                 cells + slot);
  } else {
    sparse_row(x, labels, labels_offset, wide, loss, backprop, &s, row, tile, cells + slot);
  }
}

/* ---- Independent classes ---- */

__kernel void sigmoid_cross_entropy(const __global T *labels, long labels_offset,
                                    const __global T *x, long x_offset, __global T *loss,
                                    long loss_offset, long n, long chunk) {
  size_t i = get_global_id(0) * (size_t)chunk;
  size_t end = AT_MOST(i + (size_t)chunk, (size_t)n);
  labels += labels_offset, x += x_offset, loss += loss_offset;
  for (; i < end; i += V) {
    AV here = load_upto(x + i, end - i, (A)0), label = load_upto(labels + i, end - i, (A)0);
    AV value = largerv(here, (AV)0) - here * label + log1p(exp(-fabs(here)));
    store_upto(loss + i, end - i, value);
  }
}
