/* Cross entropies of few classes, on CPUs. Behind cross_entropy.cl and short_rows.cl. */

INLINED void short_dense(const __global T *x, const __global T *labels, __global T *loss,
                        __global T *backprop, const entropy_shape *s, size_t count) {
  AV here[SHORT], power[SHORT];
  size_t classes = (size_t)s->classes, label_class = (size_t)s->label_class;
  size_t x_row = (size_t)s->x_row, x_class = (size_t)s->x_class;
  AV sum = short_powers(x, x_row, x_class, count, classes, here, power);
  AV logs = log(sum), total = (AV)0, lost = (AV)0;
  for (size_t i = 0; i < classes; i++) {
    AV label = load_rows(labels + i * label_class, (size_t)s->label_row, count);
    carryv(&total, &lost, label * (logs - here[i]));
    store_rows(backprop + i, classes, count, power[i] / sum - label);
  }
  store_upto(loss, count, total - lost);
}

__kernel void softmax_cross_entropy_short(const __global T *x, long x_offset,
                                          const __global T *labels, long labels_offset,
                                          __global T *loss, long loss_offset,
                                          __global T *backprop, long backprop_offset,
                                          entropy_shape s) {
  size_t row = get_global_id(0) * (size_t)s.block;
  size_t last = AT_MOST(row + (size_t)s.block, (size_t)s.rows);
  x += x_offset, labels += labels_offset, loss += loss_offset, backprop += backprop_offset;
  for (; row < last; row += V)
    short_dense(x + row * (size_t)s.x_row, labels + row * (size_t)s.label_row, loss + row,
                backprop + row * (size_t)s.classes, &s, AT_MOST(last - row, V));
}

/* Classes by number, -1 for none of them, which is told. */
INLINED AV short_labels(const __global int *labels, size_t at, int wide, size_t classes,
                        size_t row, size_t count, volatile __global int *cell) {
  row_lanes u;
  u.v = (AV)(-1);
  ROLLED for (size_t i = 0; i < count; i++) {
    long label = wide ? ((const __global long *)labels)[at + row + i]
                      : (long)labels[at + row + i];
    if ((size_t)label < classes)
      u.a[i] = (A)label;
    else
      atomic_min(cell, (int)AT_MOST(row + i, (size_t)(INT_MAX - 1)));
  }
  return u.v;
}

INLINED void short_sparse(const __global T *x, AV labels, __global T *loss,
                          __global T *backprop, size_t classes, size_t count) {
  AV here[SHORT], power[SHORT];
  AV sum = short_powers(x, classes, 1, count, classes, here, power);
  AV at_label = (AV)A_NAN;
  for (size_t i = 0; i < classes; i++) {
    AV value = power[i] / sum;
    at_label = SELECT(labels == (AV)i, here[i], at_label);
    value = SELECT(labels == (AV)i, value - (AV)1, value);
    store_rows(backprop + i, classes, count, value);
  }
  store_upto(loss, count, log(sum) - at_label);
}

__kernel void sparse_softmax_cross_entropy_short(
    const __global T *x, long x_offset, const __global int *labels, long labels_offset,
    int wide, __global T *loss, long loss_offset, __global T *backprop,
    long backprop_offset, entropy_shape s, volatile __global int *cells, int slot) {
  size_t row = get_global_id(0) * (size_t)s.block, classes = (size_t)s.classes;
  size_t last = AT_MOST(row + (size_t)s.block, (size_t)s.rows);
  x += x_offset, loss += loss_offset, backprop += backprop_offset;
  for (; row < last; row += V) {
    size_t count = AT_MOST(last - row, V);
    AV named = short_labels(labels, (size_t)labels_offset, wide, classes, row, count,
                            cells + slot);
    short_sparse(x + row * classes, named, loss + row, backprop + row * classes, classes,
                 count);
  }
}
