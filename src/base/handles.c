#include "base/handles.h"

#ifdef EAGER__CHECK_HANDLES

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/fork.h"
#include "base/log.h"
#include "base/sync.h"

/* How many released handles are remembered, and how many of their blocks are kept from
 * being used again: none where a sanitizer keeps them itself and looks for uses. */
enum { REMEMBERED = 1024 };
#ifdef EAGER__SANITIZED
enum { QUARANTINED = 0 };
#else
enum { QUARANTINED = REMEMBERED };
#endif

typedef struct entry {
  const void *handle;
  eager__handle_kind kind;
} entry;

typedef struct gone {
  const void *handle;
  char name[48];
  uint64_t number;
  void *block; /* in quarantine */
  size_t size;
} gone;

static eager__mutex lock = EAGER__MUTEX_STATIC(EAGER__RANK_LEAF);
/* Guarded by the lock. Open addressing, at most half full. Its memory is not the library's
 * account: a build without checks must meet the same allocations in the same order. */
static entry *table;
static size_t capacity, count;
static bool is_off; /* host memory was short once: everything counts as live */
static gone ring[REMEMBERED];
static size_t gone_count;

static size_t home(const void *handle, size_t room) {
  return (size_t)(((uintptr_t)handle >> 4) * UINT64_C(0x9E3779B97F4A7C15) >> 20) &
         (room - 1);
}

static entry *find(const void *handle) {
  if (!capacity) return NULL;
  size_t i = home(handle, capacity);
  while (table[i].handle && table[i].handle != handle) i = (i + 1) & (capacity - 1);
  return table[i].handle ? &table[i] : NULL;
}

static void put(entry *to, size_t room, entry what) {
  size_t i = home(what.handle, room);
  while (to[i].handle) i = (i + 1) & (room - 1);
  to[i] = what;
}

static bool reserve(void) {
  if (2 * (count + 1) <= capacity) return true;
  size_t room = capacity ? 2 * capacity : 1024;
  entry *larger = calloc(room, sizeof *larger);
  if (!larger) return false;
  for (size_t i = 0; i < capacity; i++)
    if (table[i].handle) put(larger, room, table[i]);
  free(table);
  table = larger;
  capacity = room;
  return true;
}

/* What probing would no longer find behind the gap moves up. */
static void take_out(entry *hole) {
  size_t mask = capacity - 1, gap = (size_t)(hole - table);
  table[gap].handle = NULL;
  count--;
  for (size_t i = (gap + 1) & mask; table[i].handle; i = (i + 1) & mask) {
    size_t from = home(table[i].handle, capacity);
    if (((i - from) & mask) < ((i - gap) & mask)) continue;
    table[gap] = table[i];
    table[i].handle = NULL;
    gap = i;
  }
}

void eager__handle_made(const void *handle, eager__handle_kind kind) {
  if (eager__is_forked()) return; /* the lock may be held for ever */
  eager__mutex_lock(&lock);
  if (!is_off && reserve()) {
    put(table, capacity, (entry){handle, kind});
    count++;
  } else {
    is_off = true;
  }
  eager__mutex_unlock(&lock);
}

/* Lock held. What has to make room in the quarantine. */
static gone remember(gone mine) {
  entry *known = is_off ? NULL : find(mine.handle);
  if (known) take_out(known);
  gone old = ring[gone_count % REMEMBERED];
  ring[gone_count++ % REMEMBERED] = mine;
  return old;
}

static gone describe(const void *handle, const char *name, uint64_t number) {
  gone mine = {.handle = handle, .number = number};
  snprintf(mine.name, sizeof mine.name, "%s", name);
  return mine;
}

static void free_block(const gone *of) {
  if (of->block) eager__handle_free_block(of->block, of->size);
}

void eager__handle_gone(const void *handle, const char *name, uint64_t number) {
  if (eager__is_forked()) return;
  eager__mutex_lock(&lock);
  gone old = remember(describe(handle, name, number));
  eager__mutex_unlock(&lock);
  free_block(&old);
}

void eager__handle_free(void *handle, size_t size, const char *name, uint64_t number) {
  gone mine = describe(handle, name, number), old = {0};
  mine.size = size;
  if (QUARANTINED) mine.block = handle;
  if (!eager__is_forked()) {
    eager__mutex_lock(&lock);
    old = remember(mine);
    eager__mutex_unlock(&lock);
  }
  if (!mine.block) eager__handle_free_block(handle, size);
  free_block(&old);
}

bool eager__handle_is_live(const void *handle, eager__handle_kind kind) {
  if (eager__is_forked()) return true;
  eager__mutex_lock(&lock);
  const entry *known = is_off ? NULL : find(handle);
  bool is_live = is_off || (known && known->kind == kind);
  eager__mutex_unlock(&lock);
  return is_live;
}

eager_status eager__handle_refuse(const void *handle, const char *what) {
  gone was = {0};
  eager__mutex_lock(&lock);
  for (size_t i = 1; i <= REMEMBERED && !was.handle; i++)
    if (ring[(gone_count + REMEMBERED - i) % REMEMBERED].handle == handle)
      was = ring[(gone_count + REMEMBERED - i) % REMEMBERED];
  eager__mutex_unlock(&lock);
  if (!was.handle)
    EAGER__FAIL(EAGER_INVALID_ARGUMENT,
                "%s is no live handle: it was released long ago, or never was one", what);
  if (!was.number)
    EAGER__FAIL(EAGER_INVALID_ARGUMENT, "%s was released before: it was %s", what,
                was.name);
  EAGER__FAIL(EAGER_INVALID_ARGUMENT, "%s was released before: it was %s #%" PRIu64, what,
              was.name, was.number);
}

void eager__handle_log(const void *handle, const char *what) {
  (void)eager__handle_refuse(handle, what);
  eager__log(EAGER_LOG_ERROR, "%s", eager_error_message());
}

#endif
