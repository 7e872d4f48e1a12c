/* The reductions of reduce.cl for GPUs. `lanes` work-items share a part of a result, in
 * local memory; a group takes as many results as fit. Global: groups of results, parts. Any
 * local size that is a multiple of `lanes` will do; both are powers of two. */

INLINED A at(const __global T *x, const reduction *r, size_t i) {
  size_t stride = (size_t)r->stride, length = (size_t)r->run;
  if (r->runs == 1) return LOAD(x, i * stride);
  size_t run = i / length;
  size_t start = place(run, r->run_rank, r->run_dims, r->run_strides);
  return LOAD(x, start + i * stride - run * (length * stride));
}

INLINED A reduce_lane(int op, const __global T *x, const __global A *partials,
                      const reduction *r, size_t lane, size_t begin, size_t end, A centre) {
  size_t lanes = (size_t)r->lanes;
  A total = start_of(op), lost = (A)0;
  for (size_t i = begin + lane; i < end; i += lanes * STRETCH) {
    A value = start_of(op);
    size_t stop = AT_MOST(end, i + lanes * STRETCH);
    for (size_t j = i; j < stop; j += lanes)
      value = combine(op, value,
                      partials ? partials[j * r->outputs] : seen(op, at(x, r, j), centre));
    take(op, &total, &lost, value);
  }
  return settle(op, total, lost);
}

/* In element 0 of each `lanes` of the tile: what they make together. */
INLINED void reduce_tile(int op, __local A *tile, size_t lane, size_t lanes) {
  size_t here = get_local_id(0);
  for (size_t reach = lanes / 2; reach > 0; reach /= 2) {
    barrier(CLK_LOCAL_MEM_FENCE);
    if (lane < reach) tile[here] = combine(op, tile[here], tile[here + reach]);
  }
}

INLINED void reduce_group(int op, const __global T *x, __global T *y, __global A *partials,
                          const __global A *centres, const reduction *r, __local A *tile) {
  size_t here = get_local_id(0), lanes = (size_t)r->lanes, lane = here & (lanes - 1);
  size_t part = get_group_id(1);
  size_t output = get_group_id(0) * (get_local_size(0) / lanes) + here / lanes;
  bool inside = output < (size_t)r->outputs;
  A centre = inside ? centre_at(op, centres, output, r) : (A)0;
  tile[here] = start_of(op);
  if (inside) {
    const __global T *p = x + place(output, r->kept_rank, r->kept_dims, r->kept_strides);
    size_t begin = part * (size_t)r->part;
    size_t end = AT_MOST(begin + (size_t)r->part, (size_t)r->run * (size_t)r->runs);
    tile[here] = reduce_lane(op, p, 0, r, lane, begin, end, centre);
  }
  reduce_tile(op, tile, lane, lanes);
  if (!inside || lane > 0) return;
  if (r->parts > 1)
    partials[part * (size_t)r->outputs + output] = tile[here];
  else
    put_result(op, y, output, tile[here], r, centre);
}

INLINED void finish_group(int op, __global T *y, const __global A *partials,
                          const __global A *centres, const reduction *r, __local A *tile) {
  size_t here = get_local_id(0), lanes = (size_t)r->lanes, lane = here & (lanes - 1);
  size_t output = get_group_id(0) * (get_local_size(0) / lanes) + here / lanes;
  bool inside = output < (size_t)r->outputs;
  tile[here] = start_of(op);
  if (inside)
    tile[here] = reduce_lane(op, 0, partials + output, r, lane, 0, (size_t)r->parts, (A)0);
  reduce_tile(op, tile, lane, lanes);
  if (inside && lane == 0)
    put_result(op, y, output, tile[here], r, centre_at(op, centres, output, r));
}
