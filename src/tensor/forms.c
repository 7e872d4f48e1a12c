#include "tensor/forms.h"

#include "base/alloc.h"
#include "base/fork.h"

enum {
  MOST = 4, /* of one source */
  HASH_BITS = 16,
};
#define NEVER UINT32_MAX /* in `uses`: no form any more */

typedef struct eager__form {
  struct eager__form *next;          /* of the same source */
  struct eager__form *older, *newer; /* of all */
  eager__buffer *source;             /* borrowed: it drops its forms before it goes */
  eager__buffer *bytes;              /* one reference */
  eager__form_key key;
  bool ready; /* what fills it is on the queue */
} eager__form;

static eager__mutex lock = EAGER__MUTEX_STATIC(EAGER__RANK_LEAF);
static eager__form *newest; /* guarded by lock */

static bool same_key(const eager__form_key *a, const eager__form_key *b) {
  return a->layout == b->layout && a->dtype == b->dtype && a->offset == b->offset &&
         a->rows == b->rows && a->columns == b->columns && a->row == b->row &&
         a->column == b->column;
}

/* --- What was read lately: two hashes of 16 bits, the later one below --- */

static uint64_t mix(uint64_t hash, uint64_t value) {
  hash = (hash ^ value) * UINT64_C(0x9e3779b97f4a7c15);
  return hash ^ hash >> 29;
}

/* Neither 0, which stands for none, nor what NEVER is made of. */
static uint32_t hash_of(const eager__form_key *key) {
  uint64_t hash = mix((uint64_t)(uintptr_t)key->layout, (uint64_t)key->dtype);
  hash = mix(mix(hash, (uint64_t)key->offset), (uint64_t)key->rows);
  hash = mix(mix(hash, (uint64_t)key->columns), (uint64_t)key->row);
  hash = mix(hash, (uint64_t)key->column);
  return (uint32_t)(hash >> 32) % 0xfffe + 1;
}

static bool was_read(eager__buffer *source, const eager__form_key *key) {
  uint32_t uses = atomic_load_explicit(&source->uses, memory_order_relaxed);
  uint32_t hash = hash_of(key);
  if (uses == NEVER) return false;
  if ((uses & 0xffff) == hash || uses >> HASH_BITS == hash) return true;
  /* Another thread may be first, and only its use be remembered. */
  atomic_compare_exchange_strong_explicit(&source->uses, &uses, uses << HASH_BITS | hash,
                                          memory_order_relaxed, memory_order_relaxed);
  return false;
}

/* --- Under the lock --- */

static eager__form *look(const eager__buffer *source, const eager__form_key *key) {
  for (eager__form *form = source->forms; form; form = form->next)
    if (same_key(&form->key, key)) return form;
  return NULL;
}

static bool has_room(const eager__buffer *source, const eager__form_key *key) {
  if (atomic_load_explicit(&source->uses, memory_order_relaxed) == NEVER) return false;
  int count = 0;
  for (const eager__form *form = source->forms; form; form = form->next) count++;
  return count < MOST && !look(source, key);
}

/* Released to whoever finds none left, without the lock, and frees the source. */
static void set_first(eager__buffer *source, eager__form *form) {
  atomic_store_explicit(&source->forms, form, memory_order_release);
}

static void link_form(eager__form *form) {
  form->next = form->source->forms;
  set_first(form->source, form);
  form->older = newest;
  form->newer = NULL;
  if (newest) newest->newer = form;
  newest = form;
}

/* Forms gather in `gone`, to be freed without the lock. */
static void unlink_form(eager__form *form, eager__form **gone) {
  eager__form *before = form->source->forms;
  while (before != form && before->next != form) before = before->next;
  if (before == form)
    set_first(form->source, form->next);
  else
    before->next = form->next;
  if (form->older) form->older->newer = form->newer;
  if (form->newer) form->newer->older = form->older;
  if (newest == form) newest = form->older;
  form->next = *gone;
  *gone = form;
}

static void unlink_all_of(eager__buffer *source, eager__form **gone) {
  for (eager__form *form; (form = source->forms);) unlink_form(form, gone);
}

static eager__form *find_made(const eager__buffer *source, const eager__buffer *bytes) {
  eager__form *form = source->forms;
  while (form && form->bytes != bytes) form = form->next;
  return form;
}

/* --- No lock held --- */

static void free_forms(eager__form *gone) {
  while (gone) {
    eager__form *next = gone->next;
    eager__buffer_release(gone->bytes);
    eager__free(gone);
    gone = next;
  }
}

eager__buffer *eager__form_find(eager__buffer *source, const eager__form_key *key) {
  if (!atomic_load_explicit(&source->forms, memory_order_relaxed)) return NULL;
  eager__mutex_lock(&lock);
  eager__form *form = look(source, key);
  eager__buffer *bytes = form && form->ready ? eager__buffer_retain(form->bytes) : NULL;
  eager__mutex_unlock(&lock);
  return bytes;
}

static eager__form *new_form(eager__buffer *source, const eager__form_key *key, size_t size,
                             eager__origin origin) {
  eager__block *block = eager__pool_take_spare(source->device, size, origin);
  if (!block) return NULL;
  eager__form *form = eager__alloc(sizeof *form);
  if (!form) {
    eager__pool_give(block);
    return NULL;
  }
  if (eager__buffer_new(source->device, block, size, EAGER__SEQ_READY, &form->bytes) !=
      EAGER_OK) {
    eager__clear_error();
    eager__free(form);
    return NULL;
  }
  form->next = NULL;
  form->source = source;
  form->key = *key;
  form->ready = false;
  return form;
}

eager__buffer *eager__form_make(eager__buffer *source, const eager__form_key *key,
                                size_t size, eager__origin origin) {
  if (!was_read(source, key)) return NULL;
  eager__mutex_lock(&lock);
  bool wanted = has_room(source, key);
  eager__mutex_unlock(&lock);
  eager__form *form = wanted ? new_form(source, key, size, origin) : NULL;
  if (!form) return NULL;
  eager__mutex_lock(&lock);
  wanted = has_room(source, key); /* another thread may have been first */
  if (wanted) link_form(form);
  eager__buffer *bytes = wanted ? eager__buffer_retain(form->bytes) : NULL;
  eager__mutex_unlock(&lock);
  if (!wanted) free_forms(form);
  return bytes;
}

void eager__form_made(eager__buffer *source, const eager__buffer *bytes) {
  eager__mutex_lock(&lock);
  eager__form *form = find_made(source, bytes);
  if (form) form->ready = true; /* else dropped meanwhile */
  eager__mutex_unlock(&lock);
}

void eager__form_abandon(eager__buffer *source, const eager__buffer *bytes) {
  eager__form *gone = NULL;
  eager__mutex_lock(&lock);
  eager__form *form = find_made(source, bytes);
  if (form) unlink_form(form, &gone);
  eager__mutex_unlock(&lock);
  free_forms(gone);
}

void eager__forms_forbid(eager__buffer *source) {
  eager__form *gone = NULL;
  eager__mutex_lock(&lock);
  atomic_store_explicit(&source->uses, NEVER, memory_order_relaxed);
  unlink_all_of(source, &gone);
  eager__mutex_unlock(&lock);
  free_forms(gone);
}

void eager__forms_drop_of(eager__buffer *source) {
  eager__form *gone = NULL;
  if (eager__is_forked()) return;
  eager__mutex_lock(&lock);
  unlink_all_of(source, &gone);
  eager__mutex_unlock(&lock);
  free_forms(gone);
}

void eager__forms_drop(eager__device *device, bool for_good) {
  eager__form *gone = NULL;
  eager__mutex_lock(&lock);
  for (eager__form *form = newest, *older; form; form = older) {
    older = form->older;
    if (form->source->device != device) continue;
    if (for_good) atomic_store_explicit(&form->source->uses, NEVER, memory_order_relaxed);
    unlink_form(form, &gone);
  }
  eager__mutex_unlock(&lock);
  free_forms(gone);
}

void eager__forms_close(void) {
  eager__form *gone = NULL;
  eager__mutex_lock(&lock);
  while (newest) unlink_form(newest, &gone);
  eager__mutex_unlock(&lock);
  free_forms(gone);
}
