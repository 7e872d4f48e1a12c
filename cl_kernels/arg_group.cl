/* Behind arg.cl, for others: `lanes` work-items share a part of a result, as in
 * reduce_group.cl. */
/* A place below 0 is none at all. */
INLINED bool wins(int least, A x, long x_place, A best, long best_place) {
  if (x_place < 0) return false;
  if (best_place < 0 || beats(least, x, best)) return true;
  return !beats(least, best, x) && x_place < best_place;
}

INLINED long scan_lane(int least, const __global T *p, const search *s, size_t begin,
                       size_t end, A *out_best) {
  size_t lanes = (size_t)s->lanes, inner = (size_t)s->inner;
  long at = -1;
  for (size_t i = begin; i < end; i += lanes) {
    A x = LOAD(p, i * inner);
    if (at >= 0 && !beats(least, x, *out_best)) continue;
    *out_best = x;
    at = (long)i;
  }
  return at;
}

INLINED void arg_group_of(int least, const __global T *x, __global uchar *y,
                          __global A *values, __global long *places, const search *s,
                          __local A *tile, __local long *tile_at) {
  size_t here = get_local_id(0), lanes = (size_t)s->lanes, lane = here & (lanes - 1);
  size_t part = get_group_id(1);
  size_t output = get_group_id(0) * (get_local_size(0) / lanes) + here / lanes;
  size_t inner = (size_t)s->inner;
  bool inside = output < (size_t)s->outputs;
  A best = (A)0;
  long at = -1;
  if (inside) {
    size_t outer = output / inner;
    const __global T *p = x + (output + outer * ((size_t)s->length - 1) * inner);
    size_t begin = part * (size_t)s->part;
    size_t end = AT_MOST(begin + (size_t)s->part, (size_t)s->length);
    at = scan_lane(least, p, s, begin + lane, end, &best);
  }
  tile[here] = best;
  tile_at[here] = at;
  for (size_t reach = lanes / 2; reach > 0; reach /= 2) {
    barrier(CLK_LOCAL_MEM_FENCE);
    if (lane >= reach) continue;
    size_t other = here + reach;
    if (!wins(least, tile[other], tile_at[other], tile[here], tile_at[here])) continue;
    tile[here] = tile[other];
    tile_at[here] = tile_at[other];
  }
  if (!inside || lane > 0) return;
  if (s->parts > 1) {
    values[part * (size_t)s->outputs + output] = tile[here];
    places[part * (size_t)s->outputs + output] = tile_at[here];
  } else {
    store_place(y, s, output, tile_at[here]);
  }
}

#define ARG_GROUP(group, least)                                                            \
  __kernel void group(const __global T *x, long x_offset, __global uchar *y,               \
                      long y_offset, __global A *values, long values_offset,               \
                      __global long *places, long places_offset, search s,                 \
                      __local A *tile, __local long *tile_at) {                            \
    arg_group_of(least, x + x_offset, y + s.bytes * y_offset, values + values_offset,      \
                 places + places_offset, &s, tile, tile_at);                               \
  }

ARG_GROUP(argmax_group, 0)
ARG_GROUP(argmin_group, 1)
