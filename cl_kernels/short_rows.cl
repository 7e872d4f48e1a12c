/* Rows of few elements, on CPUs: a vector holds one element of each of V rows, where
 * vectors of one row would have most lanes empty. Behind rowwise.cl. */
#define SHORT 48

OUTLINED AV load_some_rows(const __global T *p, size_t step, size_t count) {
  row_lanes u;
  ROLLED for (size_t i = 0; i < V; i++)
    u.a[i] = LOAD(p, AT_MOST(i, count - 1) * step);
  return u.v;
}

/* An element of each of `count` rows, `step` apart; of fewer than V, the last again. */
INLINED AV load_rows(const __global T *p, size_t step, size_t count) {
  if (count < V) return load_some_rows(p, step, count);
  row_lanes u;
  for (size_t i = 0; i < V; i++) u.a[i] = LOAD(p, i * step);
  return u.v;
}

INLINED void store_rows(__global T *p, size_t step, size_t count, AV x) {
  row_lanes u;
  u.v = x;
  ROLLED for (size_t i = 0; i < count; i++) STORE(p, i * step, u.a[i]);
}

/* here[i] = element i less the row's largest, power[i] = e^here[i]; the result is the sum
 * of these. `step` from a row to the next, `each` from an element. */
INLINED AV short_powers(const __global T *x, size_t step, size_t each, size_t count,
                        size_t length, AV *here, AV *power) {
  AV largest = (AV)(-INFINITY), total = (AV)0, lost = (AV)0;
  for (size_t i = 0; i < length; i++) {
    here[i] = load_rows(x + i * each, step, count);
    largest = SELECT(here[i] > largest, here[i], largest);
  }
  for (size_t i = 0; i < length; i++) {
    here[i] -= largest;
    power[i] = exp(here[i]);
    carryv(&total, &lost, power[i]);
  }
  return total - lost;
}
