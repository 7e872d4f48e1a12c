/* out[i] = start + i * delta, rounded once; integers wrap. A work-item makes `each`
 * elements. Any local size is legal. */
__kernel void range(__global T *out, long out_offset, long count, long each, A start,
                    A delta) {
  size_t i = get_global_id(0) * (size_t)each;
  size_t end = AT_MOST(i + (size_t)each, (size_t)count);
  for (; i < end; i++)
    STORE(out, (size_t)out_offset + i,
          FLOAT_OR_INT(fma((A)i, delta, start), ADD(start, MUL((A)i, delta))));
}

/* out[i] = start + i * step but for the last of them, which is stop exactly. A work-item
 * makes `each` elements. Any local size is legal. */
__kernel void linspace(__global T *out, long out_offset, long count, long each, A start,
                       A step, A stop) {
  size_t i = get_global_id(0) * (size_t)each, last = (size_t)count - 1;
  size_t end = AT_MOST(i + (size_t)each, (size_t)count);
  for (; i < end; i++) {
    A value = FLOAT_OR_INT(fma((A)i, step, start), ADD(start, MUL((A)i, step)));
    if (i == last && i > 0) value = stop;
    STORE(out, (size_t)out_offset + i, value);
  }
}
