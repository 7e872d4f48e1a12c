#include "ops/registry.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { CAPACITY = 512 };

/* Made once, at the first look; read only after that. The slots are found by name, those
 * that are taken by the next ones: never more than half full. */
static const eager__op *sorted[CAPACITY], *slots[2 * CAPACITY];
static int count;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static int compare(const void *a, const void *b) {
  const eager__op *const *x = a, *const *y = b;
  return strcmp((*x)->name, (*y)->name);
}

/* FNV-1a: http://www.isthe.com/chongo/tech/comp/fnv/ */
static uint32_t slot_of(const char *name) {
  uint32_t hash = 2166136261u;
  for (; *name; name++) hash = (hash ^ (unsigned char)*name) * 16777619u;
  return (hash ^ (hash >> 16)) % (2 * CAPACITY);
}

static void put(const eager__op *op) {
  uint32_t slot = slot_of(op->name);
  while (slots[slot]) slot = (slot + 1) % (2 * CAPACITY);
  slots[slot] = op;
}

static void sort(void) {
  for (int i = 0; i < eager__op_list_count; i++) {
    const eager__op_list *list = eager__op_lists[i];
    for (int j = 0; j < list->count && count < CAPACITY; j++)
      sorted[count++] = &list->ops[j];
  }
  assert(count < CAPACITY);
  qsort(sorted, (size_t)count, sizeof sorted[0], compare);
  for (int i = 0; i < count; i++) put(sorted[i]);
}

int eager__registry_count(void) {
  pthread_once(&once, sort);
  return count;
}

const eager__op *eager__registry_get(int index) {
  assert(index >= 0 && index < eager__registry_count());
  return sorted[index];
}

const eager__op *eager__registry_find(const char *name) {
  pthread_once(&once, sort);
  uint32_t slot = slot_of(name);
  while (slots[slot] && strcmp(name, slots[slot]->name) != 0)
    slot = (slot + 1) % (2 * CAPACITY);
  return slots[slot];
}
