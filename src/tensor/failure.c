#include "tensor/failure.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/small.h"
#include "base/strbuf.h"
#include "cl/cells.h"

/* --- Failures --- */

/* Stands in when there is no memory to say what went wrong. */
static eager__failure no_memory = {
    .refs = 1,
    .status = EAGER_RESOURCE_EXHAUSTED,
    .text = "out of host memory while recording a failure",
};

eager__failure *eager__failure_new(eager_status status, int cl_code, eager__origin origin,
                                   const eager__device *device, const char *text) {
  size_t size = strlen(text) + 1;
  eager__failure *failure = eager__alloc(sizeof *failure + size);
  if (!failure) return eager__failure_retain(&no_memory);
  atomic_init(&failure->refs, 1);
  failure->status = status;
  failure->cl_code = cl_code;
  failure->origin = origin;
  failure->device = device;
  failure->text = memcpy(failure + 1, text, size);
  return failure;
}

eager__failure *eager__failure_retain(eager__failure *failure) {
  atomic_fetch_add_explicit(&failure->refs, 1, memory_order_relaxed);
  return failure;
}

void eager__failure_release(eager__failure *failure) {
  if (!failure) return;
  if (atomic_fetch_sub_explicit(&failure->refs, 1, memory_order_acq_rel) == 1)
    eager__free(failure);
}

eager_status eager__failure_report(const eager__failure *failure,
                                   const eager__origin *reader) {
  eager__strbuf where = {0};
  const eager__origin *origin = &failure->origin;
  if (origin->op) {
    eager__strbuf_format(&where, " [failed op: %s #%llu on %s]", origin->op,
                         (unsigned long long)origin->number,
                         failure->device ? failure->device->short_name : "no device");
    if (reader && reader->op && reader->number != origin->number)
      eager__strbuf_format(&where, " [read as output %d of %s #%llu]", reader->output,
                           reader->op, (unsigned long long)reader->number);
  }
  eager__fail_cl(failure->status, failure->cl_code, "%s%s", failure->text,
                 eager__strbuf_text(&where));
  eager__strbuf_free(&where);
  return failure->status;
}

/* --- Checks --- */

static size_t check_size(int parent_room) {
  return sizeof(eager__check) + (size_t)parent_room * sizeof(eager__check *);
}

eager__check *eager__check_new(int parent_room) {
  eager__check *check = eager__small_alloc(check_size(parent_room));
  if (!check) return NULL;
  memset(check, 0, sizeof *check);
  atomic_init(&check->refs, 1);
  check->parent_room = parent_room;
  return check;
}

eager__check *eager__check_retain(eager__check *check) {
  atomic_fetch_add_explicit(&check->refs, 1, memory_order_relaxed);
  return check;
}

void eager__check_release(eager__check *check) {
  if (!check) return;
  if (atomic_fetch_sub_explicit(&check->refs, 1, memory_order_acq_rel) != 1) return;
  for (int i = 0; i < check->parent_count; i++) eager__check_release(check->parents[i]);
  eager__failure_release(check->failure);
  eager__small_free(check, check_size(check->parent_room));
}

static eager__failure *describe(const eager__check *check, int32_t position) {
  char text[EAGER__CHECK_TEXT + 16];
  const char *mark = strchr(check->text, '#');
  if (mark)
    snprintf(text, sizeof text, "%.*s%d%s", (int)(mark - check->text), check->text,
             (int)position, mark + 1);
  else
    snprintf(text, sizeof text, "%s", check->text);
  return eager__failure_new(check->status, 0, check->origin, check->device, text);
}

/* A poisoned input explains whatever this op made of it, so parents go first. */
static eager__failure *judge(eager__check *check, bool lost) {
  eager__failure *failure = NULL;
  for (int i = 0; i < check->parent_count && !failure; i++)
    if (eager__check_get(check->parents[i]) == EAGER__CHECK_BAD)
      failure = eager__failure_retain(check->parents[i]->failure);
  if (lost && !failure)
    failure = eager__failure_retain(eager__failures_lost(check->device));
  if (check->slot < 0) return failure;
  int32_t position =
      lost ? EAGER__CELL_CLEAN : eager__cell_value(check->device, check->slot);
  eager__cell_give(check->device, check->slot, lost);
  if (failure || position == EAGER__CELL_CLEAN) return failure;
  failure = describe(check, position);
  if (check->deferred) eager__failures_note(check->device, failure);
  return failure;
}

void eager__check_retire(void *arg, uint64_t seq, bool lost) {
  eager__check *check = arg;
  (void)seq;
  check->failure = judge(check, lost);
  for (int i = 0; i < check->parent_count; i++) eager__check_release(check->parents[i]);
  check->parent_count = 0;
  atomic_store_explicit(&check->state,
                        check->failure ? EAGER__CHECK_BAD : EAGER__CHECK_GOOD,
                        memory_order_release);
  eager__check_release(check);
}

/* --- What a device remembers --- */

enum { LABELS = 4096 };

typedef struct label {
  _Atomic uint64_t seq, number;
  const char *_Atomic op;
  atomic_bool async;
} label;

struct eager__failures {
  eager__mutex lock; /* leaf */
  eager__failure *first, *lost;
  label labels[LABELS]; /* of submission n at n % LABELS */
};

eager_status eager__failures_open(eager__device *device) {
  struct eager__failures *failures = eager__alloc(sizeof *failures);
  if (!failures) return eager__out_of_memory(sizeof *failures);
  eager__mutex_init(&failures->lock, EAGER__RANK_LEAF);
  device->failures = failures;
  return EAGER_OK;
}

void eager__failures_close(eager__device *device) {
  struct eager__failures *failures = device->failures;
  if (!failures) return;
  device->failures = NULL;
  eager__failure_release(failures->first);
  eager__failure_release(failures->lost);
  eager__mutex_destroy(&failures->lock);
  eager__free(failures);
}

void eager__failures_note(eager__device *device, eager__failure *failure) {
  struct eager__failures *failures = device->failures;
  eager__mutex_lock(&failures->lock);
  eager__failure *before = failures->first;
  bool earlier = !before || failure->origin.number < before->origin.number;
  if (earlier) failures->first = eager__failure_retain(failure);
  eager__mutex_unlock(&failures->lock);
  if (earlier) eager__failure_release(before);
}

eager__failure *eager__failures_take(eager__device *device) {
  struct eager__failures *failures = device->failures;
  if (!failures) return NULL;
  eager__mutex_lock(&failures->lock);
  eager__failure *first = failures->first;
  failures->first = NULL;
  eager__mutex_unlock(&failures->lock);
  return first;
}

void eager__failures_label(eager__device *device, uint64_t seq, eager__origin origin,
                           bool async) {
  label *slot = &device->failures->labels[seq % LABELS];
  atomic_store_explicit(&slot->op, origin.op, memory_order_relaxed);
  atomic_store_explicit(&slot->number, origin.number, memory_order_relaxed);
  atomic_store_explicit(&slot->async, async, memory_order_relaxed);
  atomic_store_explicit(&slot->seq, seq, memory_order_relaxed);
}

/* The label of submission `seq`, or NULL: an upload has none, and old ones are overwritten.
 */
static label *label_of(eager__device *device, uint64_t seq) {
  label *slot = &device->failures->labels[seq % LABELS];
  return atomic_load(&slot->seq) == seq ? slot : NULL;
}

static bool async_work_is_unfinished(eager__device *device) {
  uint64_t last = atomic_load(&device->compute.submitted);
  for (uint64_t seq = atomic_load(&device->compute.completed) + 1; seq <= last; seq++) {
    label *slot = label_of(device, seq);
    if (slot && atomic_load(&slot->async)) return true;
  }
  return false;
}

/* Without this thread's error text: it may be telling of another failure just now. */
static eager__failure *lost_failure(eager__device *device) {
  label *oldest = label_of(device, atomic_load(&device->compute.completed) + 1);
  eager__origin origin = {0};
  char what[64] = "its last work", text[256];
  if (oldest) {
    origin = (eager__origin){atomic_load(&oldest->op), atomic_load(&oldest->number), 0};
    snprintf(what, sizeof what, "%s #%llu", origin.op, (unsigned long long)origin.number);
  }
  int code = eager__device_describe_loss(device, what, text, sizeof text);
  return eager__failure_new(EAGER_UNAVAILABLE, code, origin, device, text);
}

eager__failure *eager__failures_lost(eager__device *device) {
  struct eager__failures *failures = device->failures;
  eager__mutex_lock(&failures->lock);
  bool first_question = !failures->lost;
  if (first_question) failures->lost = lost_failure(device);
  eager__failure *lost = failures->lost;
  eager__mutex_unlock(&failures->lock);
  if (first_question && async_work_is_unfinished(device))
    eager__failures_note(device, lost);
  return lost;
}
