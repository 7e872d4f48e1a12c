#include "base/small.h"

#include <pthread.h>
#include <stdbool.h>

#include "base/alloc.h"

enum { STEP = 64, CLASSES = 16 }; /* a thread keeps 1 MiB at the most */

typedef struct node {
  struct node *next;
} node;

static _Thread_local struct {
  node *first[CLASSES]; /* blocks of (i + 1) * STEP bytes */
  int count[CLASSES];
  bool is_open; /* this thread's end will trim */
} kept;

static pthread_key_t end_key;
static pthread_once_t end_key_once = PTHREAD_ONCE_INIT;

static void at_end(void *unused) {
  (void)unused;
  kept.is_open = false; /* a destructor after this one may free again */
  eager__small_trim();
}

static void make_key(void) {
  pthread_key_create(&end_key, at_end);
}

/* At the first block this thread frees. */
static void open(void) {
  pthread_once(&end_key_once, make_key);
  kept.is_open = pthread_setspecific(end_key, &kept) == 0;
}

static size_t class_of(size_t size) {
  return size > 0 ? (size - 1) / STEP : 0;
}

void *eager__small_alloc(size_t size) {
  size_t class = class_of(size);
  if (class >= CLASSES) return eager__alloc(size);
  node *block = kept.first[class];
  if (block == NULL) return eager__alloc((class + 1) * STEP);
  kept.first[class] = block->next;
  kept.count[class]--;
  return block;
}

void eager__small_free(void *block, size_t size) {
  size_t class = class_of(size);
  if (block == NULL) return;
  if (!kept.is_open) open();
  if (class >= CLASSES || kept.count[class] >= EAGER__SMALL_KEPT || !kept.is_open) {
    eager__free(block);
    return;
  }
  node *first = block;
  first->next = kept.first[class];
  kept.first[class] = first;
  kept.count[class]++;
}

void eager__small_trim(void) {
  for (size_t i = 0; i < CLASSES; i++) {
    for (node *next, *block = kept.first[i]; block != NULL; block = next) {
      next = block->next;
      eager__free(block);
    }
    kept.first[i] = NULL;
    kept.count[i] = 0;
  }
}
