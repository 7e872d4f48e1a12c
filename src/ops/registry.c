#include "ops/registry.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { CAPACITY = 512 };

/* Sorted by name once, at the first look; read only after that. */
static const eager__op *sorted[CAPACITY];
static int count;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static int compare(const void *a, const void *b) {
  const eager__op *const *x = a, *const *y = b;
  return strcmp((*x)->name, (*y)->name);
}

static void sort(void) {
  for (int i = 0; i < eager__op_list_count; i++) {
    const eager__op_list *list = eager__op_lists[i];
    for (int j = 0; j < list->count && count < CAPACITY; j++)
      sorted[count++] = &list->ops[j];
  }
  assert(count < CAPACITY);
  qsort(sorted, (size_t)count, sizeof sorted[0], compare);
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
  int low = 0, high = eager__registry_count();
  while (low < high) {
    int middle = low + (high - low) / 2;
    int order = strcmp(name, sorted[middle]->name);
    if (order == 0) return sorted[middle];
    if (order < 0)
      high = middle;
    else
      low = middle + 1;
  }
  return NULL;
}
