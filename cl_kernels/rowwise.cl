/* What kernels over rows of floats share: parts of vectors, and teams of work-items that
 * make one result together. Behind carry.cl.
 *
 * On CPUs a team is one work-item, and local size is 1. Elsewhere `lanes` work-items, a
 * power of two, are a team; a group holds as many teams as fit, and `tile` is one A for
 * each of its work-items. */
typedef union {
  AV v;
  A a[V];
} row_lanes;

/* add_lanes for all devices. */
OUTLINED A sum_across(AV x) {
  row_lanes u;
  u.v = x;
  for (int reach = V / 2; reach > 0; reach /= 2)
    for (int i = 0; i < reach; i++) u.a[i] += u.a[i + reach];
  return u.a[0];
}

OUTLINED A largest_across(AV x) {
  row_lanes u;
  u.v = x;
  for (int reach = V / 2; reach > 0; reach /= 2)
    for (int i = 0; i < reach; i++) u.a[i] = fmax(u.a[i], u.a[i + reach]);
  return u.a[0];
}

OUTLINED AV load_filled(const __global T *p, size_t count, A fill) {
  row_lanes u;
  for (size_t i = 0; i < V; i++) u.a[i] = fill;
  ROLLED for (size_t i = 0; i < count; i++) u.a[i] = LOAD(p, i);
  return u.v;
}

/* Up to V elements; `fill` behind the last. */
INLINED AV load_upto(const __global T *p, size_t count, A fill) {
  if (count >= V) return LOADV(p, 0);
  return load_filled(p, count, fill);
}

INLINED void store_upto(__global T *p, size_t count, AV x) {
  if (count >= V)
    STOREV(p, 0, x);
  else
    STOREV_PART(p, 0, x, (int)count);
}

/* ---- Teams ---- */

INLINED size_t team_lane(size_t lanes) {
  return CPU_LIKE ? 0 : get_local_id(0) & (lanes - 1);
}

INLINED size_t team_number(size_t lanes) {
  if (CPU_LIKE) return get_global_id(0);
  return get_group_id(0) * (get_local_size(0) / lanes) + get_local_id(0) / lanes;
}

/* Every work-item of the group comes here, those without a row too. */
INLINED A team_sum(A x, __local A *tile, size_t lanes) {
  if (CPU_LIKE) return x;
  size_t here = get_local_id(0), lane = here & (lanes - 1);
  barrier(CLK_LOCAL_MEM_FENCE);
  tile[here] = x;
  for (size_t reach = lanes / 2; reach > 0; reach /= 2) {
    barrier(CLK_LOCAL_MEM_FENCE);
    if (lane < reach) tile[here] += tile[here + reach];
  }
  barrier(CLK_LOCAL_MEM_FENCE);
  return tile[here - lane];
}

INLINED A team_largest(A x, __local A *tile, size_t lanes) {
  if (CPU_LIKE) return x;
  size_t here = get_local_id(0), lane = here & (lanes - 1);
  barrier(CLK_LOCAL_MEM_FENCE);
  tile[here] = x;
  for (size_t reach = lanes / 2; reach > 0; reach /= 2) {
    barrier(CLK_LOCAL_MEM_FENCE);
    if (lane < reach) tile[here] = fmax(tile[here], tile[here + reach]);
  }
  barrier(CLK_LOCAL_MEM_FENCE);
  return tile[here - lane];
}
