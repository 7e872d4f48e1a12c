#include "graph/arena.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/alloc.h"

static size_t rounded(size_t size) {
  return (size + EAGER__ARENA_ALIGNMENT - 1) / EAGER__ARENA_ALIGNMENT *
         EAGER__ARENA_ALIGNMENT;
}

/* Larger ones first; of equals those that begin first. */
static int by_size(const void *a, const void *b) {
  const eager__region *x = *(eager__region *const *)a, *y = *(eager__region *const *)b;
  if (x->size != y->size) return x->size < y->size ? 1 : -1;
  if (x->begin != y->begin) return x->begin < y->begin ? -1 : 1;
  return x < y ? -1 : x > y;
}

static bool meet(const eager__region *a, const eager__region *b) {
  return a->begin <= b->end && b->begin <= a->end;
}

/* `placed` is in order of offsets. The lowest offset where `region` fits, and its place in
 * that order. */
static size_t find_gap(const eager__region *region, eager__region *const *placed, int count,
                       int *out_at) {
  size_t low = 0;
  *out_at = 0;
  for (int i = 0; i < count; i++) {
    const eager__region *other = placed[i];
    if (!meet(region, other)) continue;
    if (other->offset >= low + rounded(region->size)) break;
    size_t end = other->offset + rounded(other->size);
    if (end > low) low = end;
  }
  while (*out_at < count && placed[*out_at]->offset < low) ++*out_at;
  return low;
}

eager_status eager__arena_plan(eager__region *regions, int count, size_t *out_size) {
  size_t room = (size_t)count * sizeof(eager__region *);
  eager__region **sorted = eager__alloc(2 * room + 1), **placed = sorted + count;
  *out_size = 0;
  if (!sorted) return eager__out_of_memory(2 * room);
  for (int i = 0; i < count; i++) sorted[i] = &regions[i];
  qsort(sorted, (size_t)count, sizeof *sorted, by_size);
  for (int i = 0, at; i < count; i++) {
    eager__region *region = sorted[i];
    region->offset = find_gap(region, placed, i, &at);
    for (int k = i; k > at; k--) placed[k] = placed[k - 1];
    placed[at] = region;
    size_t end = region->offset + rounded(region->size);
    if (end > *out_size) *out_size = end;
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
