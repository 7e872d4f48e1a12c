#include "graph/arena.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/alloc.h"

static size_t rounded(size_t size) {
  return (size + EAGER__ARENA_ALIGNMENT - 1) / EAGER__ARENA_ALIGNMENT *
         EAGER__ARENA_ALIGNMENT;
}

/* Larger ones first; of equals the later ones, which have fewer places to choose from. */
static int by_size(const void *a, const void *b) {
  const eager__region *x = *(eager__region *const *)a, *y = *(eager__region *const *)b;
  if (x->size != y->size) return x->size < y->size ? 1 : -1;
  if (x->begin != y->begin) return x->begin > y->begin ? -1 : 1;
  return x < y ? -1 : x > y;
}

/* In the order they are made. */
static int by_begin(const void *a, const void *b) {
  const eager__region *x = *(eager__region *const *)a, *y = *(eager__region *const *)b;
  if (x->begin != y->begin) return x->begin < y->begin ? -1 : 1;
  return x < y ? -1 : x > y;
}

static bool meet(const eager__region *a, const eager__region *b) {
  return a->begin <= b->end && b->begin <= a->end;
}

/* `placed` is in order of offsets. The lowest offset in `bin` where `region` fits. */
static size_t find_low(const eager__region *region, int bin, eager__region *const *placed,
                       int count) {
  size_t low = 0;
  for (int i = 0; i < count; i++) {
    const eager__region *other = placed[i];
    if (other->bin != bin || !meet(region, other)) continue;
    if (other->offset >= low + rounded(region->size)) break;
    size_t end = other->offset + rounded(other->size);
    if (end > low) low = end;
  }
  return low;
}

/* The highest in the arena below `top`; false where there is none. */
static bool find_high(const eager__region *region, size_t top, eager__region *const *placed,
                      int count, size_t *out) {
  size_t size = rounded(region->size);
  for (int i = count - 1; i >= 0; i--) {
    const eager__region *other = placed[i];
    if (other->bin >= 0 || !meet(region, other) || other->offset >= top) continue;
    if (top >= size && other->offset + rounded(other->size) <= top - size) continue;
    top = other->offset;
  }
  *out = top - size;
  return top >= size;
}

static bool place_in_bin(eager__region *region, const eager__bin *bins, int bin_count,
                         eager__region *const *placed, int count) {
  for (int i = 0; i < bin_count; i++) {
    if (region->end >= bins[i].end || region->size > bins[i].size) continue;
    region->offset = find_low(region, i, placed, count);
    region->bin = i;
    if (region->offset + region->size <= bins[i].size) return true;
  }
  region->bin = -1;
  return false;
}

/* `top` 0: all from below; else every other one from there downwards. */
static size_t place_all(eager__region **order, int count, const eager__bin *bins,
                        int bin_count, size_t top, eager__region **placed) {
  size_t size = 0;
  for (int i = 0; i < count; i++) {
    eager__region *region = order[i];
    bool is_high = top && i % 2;
    if (!place_in_bin(region, bins, bin_count, placed, i) &&
        !(is_high && find_high(region, top, placed, i, &region->offset)))
      region->offset = find_low(region, -1, placed, i);
    int at = i;
    for (; at > 0 && placed[at - 1]->offset > region->offset; at--)
      placed[at] = placed[at - 1];
    placed[at] = region;
    size_t end = region->offset + rounded(region->size);
    if (region->bin < 0 && end > size) size = end;
  }
  return size;
}

/* Two ways: the largest first, from below, which is good where lives differ; and as they
 * are made, from below and above by turns, which is the best for a straight line. */
static size_t plan(eager__region **order, int count, const eager__bin *bins, int bin_count,
                   size_t least, eager__region **placed) {
  const size_t room = (size_t)count;
  qsort(order, room, sizeof *order, by_begin);
  size_t lines = place_all(order, count, bins, bin_count, rounded(least), placed);
  qsort(order, room, sizeof *order, by_size);
  size_t size = place_all(order, count, bins, bin_count, 0, placed);
  if (size <= lines) return size;
  qsort(order, room, sizeof *order, by_begin);
  return place_all(order, count, bins, bin_count, rounded(least), placed);
}

eager_status eager__arena_plan(eager__region *regions, int count, const eager__bin *bins,
                               int bin_count, size_t *out_size) {
  size_t room = (size_t)count * sizeof(eager__region *), least;
  *out_size = 0;
  if (!count) return EAGER_OK;
  EAGER__TRY(eager__arena_least(regions, count, &least));
  eager__region **order = eager__alloc(2 * room);
  if (!order) return eager__out_of_memory(2 * room);
  for (int i = 0; i < count; i++) order[i] = &regions[i];
  *out_size = plan(order, count, bins, bin_count, least, order + count);
  eager__free(order);
  return EAGER_OK;
}

eager_status eager__arena_least(const eager__region *regions, int count, size_t *out) {
  int steps = 0;
  *out = 0;
  for (int i = 0; i < count; i++)
    if (regions[i].end >= steps) steps = regions[i].end + 1;
  size_t room = ((size_t)steps + 1) * sizeof(size_t), *change = eager__alloc(room),
         here = 0;
  if (!change) return eager__out_of_memory(room);
  for (int i = 0; i < count; i++) { /* wraps, and comes out right */
    change[regions[i].begin] += regions[i].size;
    change[regions[i].end + 1] -= regions[i].size;
  }
  for (int i = 0; i < steps; i++) {
    here += change[i];
    if (here > *out) *out = here;
  }
  eager__free(change);
  return EAGER_OK;
}
