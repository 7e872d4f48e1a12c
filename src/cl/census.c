#include "cl/census.h"

#include <assert.h>
#include <stdatomic.h>

static _Atomic int64_t counts[EAGER__OBJECT_KINDS];

static const char *const names[] = {
    [EAGER__OBJECT_CONTEXT] = "context", [EAGER__OBJECT_QUEUE] = "queue",
    [EAGER__OBJECT_MEM] = "mem",         [EAGER__OBJECT_EVENT] = "event",
    [EAGER__OBJECT_PROGRAM] = "program", [EAGER__OBJECT_KERNEL] = "kernel",
};
static_assert(sizeof names / sizeof names[0] == EAGER__OBJECT_KINDS, "a name for each");

void eager__census_add(eager__object kind, int change) {
  atomic_fetch_add_explicit(&counts[kind], change, memory_order_relaxed);
}

int64_t eager__census(eager__object kind) {
  return atomic_load_explicit(&counts[kind], memory_order_relaxed);
}

int64_t eager__census_total(void) {
  int64_t total = 0;
  for (int kind = 0; kind < EAGER__OBJECT_KINDS; kind++)
    total += eager__census((eager__object)kind);
  return total;
}

const char *eager__census_name(eager__object kind) {
  return names[kind];
}
