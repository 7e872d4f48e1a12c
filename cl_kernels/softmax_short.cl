/* Softmax of rows of few elements, on CPUs. Behind softmax.cl and short_rows.cl. */

INLINED void softmax_short_of(int logs, const __global T *x, __global T *y,
                              const softmax_shape *s) {
  AV here[SHORT], power[SHORT];
  size_t length = (size_t)s->length, row = get_global_id(0) * (size_t)s->block;
  size_t last = AT_MOST(row + (size_t)s->block, (size_t)s->outputs);
  for (; row < last; row += V) {
    size_t at = row * length, count = AT_MOST(last - row, V);
    AV sum = short_powers(x + at, length, 1, count, length, here, power);
    AV bias = log(sum);
    for (size_t i = 0; i < length; i++)
      store_rows(y + at + i, length, count, logs ? here[i] - bias : power[i] / sum);
  }
}

__kernel void softmax_short(const __global T *x, long x_offset, __global T *y,
                            long y_offset, softmax_shape s) {
  softmax_short_of(0, x + x_offset, y + y_offset, &s);
}

__kernel void log_softmax_short(const __global T *x, long x_offset, __global T *y,
                                long y_offset, softmax_shape s) {
  softmax_short_of(1, x + x_offset, y + y_offset, &s);
}
