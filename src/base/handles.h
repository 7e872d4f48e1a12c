/* Debug builds know which handles are live, so that a released one is told and not used.
 *
 * What is released stays in quarantine for a while: a new handle at the same address would
 * make an old one look live. Release builds have none of it, and neither have builds with
 * the thread sanitizer, since the table's lock would order what is not ordered. */
#ifndef EAGER_BASE_HANDLES_H
#define EAGER_BASE_HANDLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/alloc.h"
#include "base/small.h"
#include "base/status.h"

typedef enum eager__handle_kind {
  EAGER__HANDLE_TENSOR,
  EAGER__HANDLE_OP,
  EAGER__HANDLE_KERNEL,
  EAGER__HANDLE_NPZ,
  EAGER__HANDLE_GRAPH,
  EAGER__HANDLE_SESSION,
  EAGER__HANDLE_FUNCTION,
} eager__handle_kind;

/* eager__small_free(handle, size), or eager__free where size is 0. */
static inline void eager__handle_free_block(void *handle, size_t size) {
  size ? eager__small_free(handle, size) : eager__free(handle);
}

#ifdef EAGER__CHECK_HANDLES

void eager__handle_made(const void *handle, eager__handle_kind kind);

/* In place of eager__handle_free_block. `name` and `number` (0: none) are what texts will
 * call it. */
void eager__handle_free(void *handle, size_t size, const char *name, uint64_t number);

/* Of one that the user has released while something else still needs its memory, which is
 * freed by eager__handle_free later. */
void eager__handle_gone(const void *handle, const char *name, uint64_t number);

bool eager__handle_is_live(const void *handle, eager__handle_kind kind);

/* For one that is not live: INVALID_ARGUMENT and what it was. `what` begins the text. */
eager_status eager__handle_refuse(const void *handle, const char *what);

/* For calls that return nothing: the same text goes to the log as an error. */
void eager__handle_log(const void *handle, const char *what);

#else

static inline void eager__handle_free(void *handle, size_t size, const char *name,
                                      uint64_t number) {
  (void)name;
  (void)number;
  eager__handle_free_block(handle, size);
}
static inline void eager__handle_made(const void *handle, eager__handle_kind kind) {
  (void)handle;
  (void)kind;
}
static inline void eager__handle_gone(const void *handle, const char *name,
                                      uint64_t number) {
  (void)handle;
  (void)name;
  (void)number;
}
static inline bool eager__handle_is_live(const void *handle, eager__handle_kind kind) {
  (void)handle;
  (void)kind;
  return true;
}
static inline eager_status eager__handle_refuse(const void *handle, const char *what) {
  (void)handle;
  (void)what;
  return EAGER_INVALID_ARGUMENT;
}
static inline void eager__handle_log(const void *handle, const char *what) {
  (void)handle;
  (void)what;
}

#endif

#endif
