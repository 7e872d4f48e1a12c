#include "records.h"

#include <stdlib.h>

bool bench_records_add(bench_records *all, const bench_record *record) {
  if (all->count == all->room) {
    size_t room = all->room ? 2 * all->room : 64;
    bench_record *items = realloc(all->items, room * sizeof *items);
    if (!items) return false;
    all->items = items;
    all->room = room;
  }
  all->items[all->count++] = *record;
  return true;
}

double bench_share(const bench_records *all, const bench_record *record) {
  const bench_limits *limits = &all->limits;
  /* What fits the caches is not bounded by the memory's rate. */
  double bandwidth =
      record->bytes > 32e6 ? limits->bytes_per_second : limits->cached_bytes_per_second;
  double share = 0;
  if (record->ours.median <= 0) return 0;
  if (record->bytes > 0 && bandwidth > 0)
    share = record->bytes / record->ours.median / bandwidth;
  if (record->flops > 0 && limits->flops_per_second > 0) {
    double computing = record->flops / record->ours.median / limits->flops_per_second;
    if (computing > share) share = computing;
  }
  return share;
}
