#include "runtime/name_scope.h"

#include <stdbool.h>

#include "base/alloc.h"
#include "runtime/scope.h"

typedef struct name_scope {
  char *prefix;
  size_t depth;
} name_scope;

static _Thread_local name_scope *scopes;
static _Thread_local size_t count, capacity, floor_count;

bool eager__name_scope_is_open(size_t depth) {
  return count && scopes[count - 1].depth == depth;
}

const char *eager__name_scope_prefix(size_t depth) {
  const char *prefix = eager__name_scope_is_open(depth) ? scopes[count - 1].prefix : NULL;
  return prefix ? prefix : "";
}

eager_status eager__name_scope_reserve(void) {
  EAGER__TRY(eager__reserve(&scopes, &capacity, count + 1, sizeof *scopes));
  eager__scope_own_thread();
  return EAGER_OK;
}

void eager__name_scope_push(char *prefix, size_t depth) {
  scopes[count++] = (name_scope){prefix, depth};
}

bool eager__name_scope_pop(size_t depth) {
  if (!eager__name_scope_is_above_floor() || !eager__name_scope_is_open(depth))
    return false;
  eager__free(scopes[--count].prefix);
  return true;
}

void eager__name_scope_close_depth(size_t depth) {
  while (count && scopes[count - 1].depth >= depth) eager__free(scopes[--count].prefix);
}

size_t eager__name_scope_raise_floor(void) {
  size_t before = floor_count;
  floor_count = count;
  return before;
}

bool eager__name_scope_is_above_floor(void) {
  return count > floor_count;
}

void eager__name_scope_lower_floor(size_t before) {
  while (count > floor_count) eager__free(scopes[--count].prefix);
  floor_count = before;
}

void eager__name_scope_drop(void) {
  floor_count = 0;
  eager__name_scope_lower_floor(0);
  eager__free(scopes);
  scopes = NULL;
  capacity = 0;
}
