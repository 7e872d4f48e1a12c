#include "runtime/mirror.h"

#include <stdio.h>

#include "base/alloc.h"
#include "base/fork.h"
#include "base/log.h"
#include "runtime/allocate.h"
#include "runtime/placement.h"
#include "runtime/submit.h"
#include "runtime/transfer.h"

/* In two lists: its source's, and the one of all mirrors, oldest use first. */
typedef struct eager__mirror {
  struct eager__mirror *next; /* of the same source */
  struct eager__mirror *older, *newer;
  eager__buffer *source; /* borrowed: the source drops its mirrors before it goes */
  eager__buffer *copy;   /* one reference */
} eager__mirror;

static eager__runtime *owner;
static eager__mirror *oldest, *newest; /* guarded by owner->lock */

static void link_newest(eager__mirror *mirror) {
  mirror->older = newest;
  mirror->newer = NULL;
  if (newest) newest->newer = mirror;
  newest = mirror;
  if (!oldest) oldest = mirror;
}

static void unlink_age(eager__mirror *mirror) {
  if (mirror->older) mirror->older->newer = mirror->newer;
  if (mirror->newer) mirror->newer->older = mirror->older;
  if (oldest == mirror) oldest = mirror->newer;
  if (newest == mirror) newest = mirror->older;
}

static void unlink_source(eager__mirror *mirror) {
  eager__mirror **link = &mirror->source->mirrors;
  while (*link != mirror) link = &(*link)->next;
  *link = mirror->next;
}

/* Lock held: mirrors gather in `gone`, to be freed without it. */
static void let_go(eager__mirror *mirror, eager__mirror **gone) {
  unlink_age(mirror);
  unlink_source(mirror);
  mirror->next = *gone;
  *gone = mirror;
}

/* No lock held: a copy that goes may have mirrors itself, and call the driver. */
static void free_mirrors(eager__mirror *gone) {
  while (gone) {
    eager__mirror *next = gone->next;
    eager__buffer_release(gone->copy);
    eager__free(gone);
    gone = next;
  }
}

static void drop_all_of(eager__buffer *source) {
  eager__mirror *gone = NULL;
  if (eager__is_forked()) return;
  eager__mutex_lock(&owner->lock);
  while (source->mirrors) let_go(source->mirrors, &gone);
  eager__mutex_unlock(&owner->lock);
  free_mirrors(gone);
}

void eager__mirrors_open(eager__runtime *runtime) {
  owner = runtime;
  eager__buffer_set_mirror_drop(drop_all_of);
}

void eager__mirrors_close(void) {
  eager__mirror *gone = NULL;
  eager__mutex_lock(&owner->lock);
  while (oldest) let_go(oldest, &gone);
  eager__mutex_unlock(&owner->lock);
  free_mirrors(gone);
}

/* Lock held. A mirror that failed is none. */
static eager__mirror *find(const eager__buffer *source, const eager__device *device) {
  for (eager__mirror *mirror = source->mirrors; mirror; mirror = mirror->next)
    if (mirror->copy->device == device)
      return atomic_load(&mirror->copy->seq) == EAGER__SEQ_FAILED ? NULL : mirror;
  return NULL;
}

static eager__buffer *use(eager__runtime *runtime, eager__buffer *source,
                          const eager__device *device) {
  eager__buffer *copy = NULL;
  eager__mutex_lock(&runtime->lock);
  eager__mirror *mirror = find(source, device);
  if (mirror) {
    copy = eager__buffer_retain(mirror->copy);
    unlink_age(mirror);
    link_newest(mirror);
  }
  eager__mutex_unlock(&runtime->lock);
  return copy;
}

/* Links `mirror` unless another thread was first; then its copy, else NULL. */
static eager__buffer *link_or_use(eager__runtime *runtime, eager__mirror *mirror) {
  eager__buffer *first = NULL;
  eager__mutex_lock(&runtime->lock);
  eager__mirror *other = find(mirror->source, mirror->copy->device);
  if (other) {
    first = eager__buffer_retain(other->copy);
  } else {
    mirror->next = mirror->source->mirrors;
    mirror->source->mirrors = mirror;
    link_newest(mirror);
  }
  eager__mutex_unlock(&runtime->lock);
  return first;
}

void eager__mirror_forget(eager__runtime *runtime, eager__buffer *source,
                          eager__buffer *copy) {
  eager__mirror *gone = NULL;
  eager__mutex_lock(&runtime->lock);
  for (eager__mirror *mirror = source->mirrors; mirror; mirror = mirror->next) {
    if (mirror->copy != copy) continue;
    let_go(mirror, &gone);
    break;
  }
  eager__mutex_unlock(&runtime->lock);
  free_mirrors(gone);
}

void eager__mirrors_drop(eager__runtime *runtime, eager__device *device) {
  eager__mirror *gone = NULL;
  eager__mutex_lock(&runtime->lock);
  for (eager__mirror *mirror = oldest, *newer; mirror; mirror = newer) {
    newer = mirror->newer;
    bool unused = atomic_load(&mirror->copy->refs) == 1;
    if (mirror->copy->device == device && unused) let_go(mirror, &gone);
  }
  eager__mutex_unlock(&runtime->lock);
  free_mirrors(gone);
}

static void warn_of_copy(const eager__copy_key *key, uint64_t which) {
  if (!eager__warning_is_due(which)) return;
  char count[48] = "";
  if (which > 10)
    snprintf(count, sizeof count, " (%llu such copies so far)", (unsigned long long)which);
  eager__log(EAGER_LOG_WARNING,
             "before computing %s input #%d was expected to be on %s but is actually on %s "
             "(operation running on %s). This triggers a copy which can be a performance "
             "bottleneck.%s",
             key->op, key->input, key->to->full_name, key->from->full_name,
             key->to->full_name, count);
}

static eager_status start_copy(eager__runtime *runtime, eager__buffer *source,
                               eager__buffer *copy, eager_execution_mode mode,
                               eager__origin origin) {
  if (mode == EAGER_SYNC) {
    eager__wait_not_deferred(runtime, source);
    return eager__copy_now(runtime, source, copy, origin, false);
  }
  eager__thread_work *work = eager__scope_work(runtime);
  if (!work) return EAGER_RESOURCE_EXHAUSTED;
  EAGER__TRY(eager__worker_start(runtime, copy->device));
  eager__task *task;
  EAGER__TRY(eager__task_new(EAGER__TASK_COPY, copy->device, origin, &source, 1, &copy, 1,
                             work, &task));
  eager__task_defer(runtime, task);
  return EAGER_OK;
}

/* A linked mirror whose copy could not even start: whoever found it meanwhile must not
 * wait for ever. */
static void fail_copy(eager__runtime *runtime, eager__buffer *source, eager__buffer *copy,
                      eager_status status, eager__origin origin) {
  eager__failure *failure = eager__failure_new(status, eager_error_cl_code(), origin,
                                               copy->device, eager_error_message());
  eager__mirror_forget(runtime, source, copy);
  eager__publish_failure(runtime, copy, failure);
  eager__failure_release(failure);
}

static eager_status make(eager__runtime *runtime, eager__buffer *source,
                         eager__device *device, eager__origin origin, eager__mirror **out) {
  eager__mirror *mirror = eager__alloc(sizeof *mirror);
  if (!mirror) return eager__out_of_memory(sizeof *mirror);
  eager_status status =
      eager__allocate(runtime, device, source->size, EAGER__WRITER_TRANSFER, origin,
                      EAGER__SEQ_DEFERRED, &mirror->copy);
  if (status != EAGER_OK) {
    eager__free(mirror);
    return status;
  }
  mirror->source = source;
  *out = mirror;
  return EAGER_OK;
}

eager_status eager__mirror_get(eager__runtime *runtime, eager__buffer *source,
                               eager__device *device, eager_execution_mode mode,
                               eager__origin origin, const eager__copy_key *key, bool warn,
                               eager__buffer **out) {
  *out = use(runtime, source, device);
  if (!*out) {
    eager__mirror *mirror;
    EAGER__TRY(make(runtime, source, device, origin, &mirror));
    eager__buffer *copy = eager__buffer_retain(mirror->copy);
    *out = link_or_use(runtime, mirror);
    if (!*out) {
      warn = warn && source->size; /* only when bytes move */
      uint64_t which = eager__count_copy(key, source->size, warn);
      if (warn) warn_of_copy(key, which);
      eager_status status = start_copy(runtime, source, copy, mode, origin);
      if (status != EAGER_OK && mode == EAGER_ASYNC)
        fail_copy(runtime, source, copy, status, origin);
      if (status != EAGER_OK) {
        eager__buffer_release(copy);
        return status;
      }
      *out = copy;
      return EAGER_OK;
    }
    eager__buffer_release(copy);
    eager__buffer_release(mirror->copy);
    eager__free(mirror);
  }
  eager__count_mirror_hit(key);
  return EAGER_OK;
}
