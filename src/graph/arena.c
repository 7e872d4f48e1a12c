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

static bool meet(const eager__region *a, const eager__region *b) {
  return a->begin <= b->end && b->begin <= a->end;
}

/* `placed` is in order of offsets. The lowest offset in `bin` where `region` fits. */
static size_t find_gap(const eager__region *region, int bin, eager__region *const *placed,
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

static void place(eager__region *region, const eager__bin *bins, int bin_count,
                  eager__region **placed, int count) {
  region->bin = -1;
  for (int i = 0; i < bin_count && region->bin < 0; i++) {
    if (region->end >= bins[i].end || region->size > bins[i].size) continue;
    region->offset = find_gap(region, i, placed, count);
    if (region->offset + region->size <= bins[i].size) region->bin = i;
  }
  if (region->bin < 0) region->offset = find_gap(region, -1, placed, count);
  int at = count;
  for (; at > 0 && placed[at - 1]->offset > region->offset; at--)
    placed[at] = placed[at - 1];
  placed[at] = region;
}

eager_status eager__arena_plan(eager__region *regions, int count, const eager__bin *bins,
                               int bin_count, size_t *out_size) {
  size_t room = (size_t)count * sizeof(eager__region *);
  eager__region **sorted = eager__alloc(2 * room + 1), **placed = sorted + count;
  *out_size = 0;
  if (!sorted) return eager__out_of_memory(2 * room);
  for (int i = 0; i < count; i++) sorted[i] = &regions[i];
  qsort(sorted, (size_t)count, sizeof *sorted, by_size);
  for (int i = 0; i < count; i++) {
    place(sorted[i], bins, bin_count, placed, i);
    size_t end = sorted[i]->offset + rounded(sorted[i]->size);
    if (sorted[i]->bin < 0 && end > *out_size) *out_size = end;
  }
  eager__free(sorted);
  return EAGER_OK;
}

size_t eager__arena_least(const eager__region *regions, int count) {
  size_t most = 0;
  for (int i = 0; i < count; i++) {
    size_t here = 0; /* the most is reached where some region begins */
    for (int k = 0; k < count; k++)
      if (regions[k].begin <= regions[i].begin && regions[i].begin <= regions[k].end)
        here += regions[k].size;
    if (here > most) most = here;
  }
  return most;
}
