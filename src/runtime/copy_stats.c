#include "runtime/copy_stats.h"

#include <string.h>

#include "base/alloc.h"
#include "base/fork.h"
#include "runtime/runtime.h"

typedef struct record {
  eager__copy_key key;
  uint64_t count, bytes, mirror_hits;
  uint64_t warnings; /* never reset: it decides which warnings are logged */
} record;

static eager__mutex lock = EAGER__MUTEX_STATIC(EAGER__RANK_LEAF);
static eager_copy_stats totals;
static record *records;
static size_t record_count, record_capacity;

static bool same_key(const eager__copy_key *a, const eager__copy_key *b) {
  return a->op == b->op && a->input == b->input && a->from == b->from && a->to == b->to;
}

/* Lock held. NULL when host memory is short: then only the totals know. */
static record *find(const eager__copy_key *key) {
  for (size_t i = 0; i < record_count; i++)
    if (same_key(&records[i].key, key)) return &records[i];
  if (eager__reserve(&records, &record_capacity, record_count + 1, sizeof *records) !=
      EAGER_OK) {
    eager__clear_error();
    return NULL;
  }
  records[record_count] = (record){.key = *key};
  return &records[record_count++];
}

uint64_t eager__count_copy(const eager__copy_key *key, size_t size, bool warned) {
  uint64_t which = 0;
  eager__mutex_lock(&lock);
  totals.count++;
  totals.bytes += size;
  totals.warnings += warned;
  record *r = find(key);
  if (r) {
    r->count++;
    r->bytes += size;
    if (warned) which = ++r->warnings;
  } else if (warned) {
    which = 1;
  }
  eager__mutex_unlock(&lock);
  return which;
}

void eager__count_mirror_hit(const eager__copy_key *key) {
  eager__mutex_lock(&lock);
  totals.mirror_hits++;
  record *r = find(key);
  if (r) r->mirror_hits++;
  eager__mutex_unlock(&lock);
}

void eager__copy_stats_close(void) {
  eager__mutex_lock(&lock);
  eager__free(records);
  records = NULL;
  record_count = record_capacity = 0;
  memset(&totals, 0, sizeof totals);
  eager__mutex_unlock(&lock);
}

eager_status eager_get_copy_stats(eager_copy_stats *out_stats) {
  eager__runtime *runtime;
  EAGER__REQUIRE(out_stats, EAGER_INVALID_ARGUMENT, "out_stats is NULL");
  memset(out_stats, 0, sizeof *out_stats);
  EAGER__TRY(eager__runtime_require_any(&runtime));
  eager__mutex_lock(&lock);
  *out_stats = totals;
  eager__mutex_unlock(&lock);
  return EAGER_OK;
}

eager_status eager_reset_copy_stats(void) {
  eager__runtime *runtime;
  EAGER__TRY(eager__runtime_require_any(&runtime));
  eager__mutex_lock(&lock);
  memset(&totals, 0, sizeof totals);
  for (size_t i = 0; i < record_count; i++)
    records[i].count = records[i].bytes = records[i].mirror_hits = 0;
  eager__mutex_unlock(&lock);
  return EAGER_OK;
}

static bool is_visible(const record *r) {
  return r->count || r->mirror_hits;
}

size_t eager_copy_record_count(void) {
  size_t count = 0;
  if (eager__is_forked()) return 0;
  eager__mutex_lock(&lock);
  for (size_t i = 0; i < record_count; i++) count += is_visible(&records[i]);
  eager__mutex_unlock(&lock);
  return count;
}

eager_status eager_copy_record_get(size_t index, eager_copy_record *out_record) {
  EAGER__REQUIRE(out_record, EAGER_INVALID_ARGUMENT, "out_record is NULL");
  memset(out_record, 0, sizeof *out_record);
  if (eager__is_forked()) return eager__fork_refuse();
  size_t seen = 0;
  bool found = false;
  eager__mutex_lock(&lock);
  for (size_t i = 0; i < record_count && !found; i++) {
    const record *r = &records[i];
    found = is_visible(r) && seen++ == index;
    if (found)
      *out_record = (eager_copy_record){.op = r->key.op,
                                        .input = r->key.input,
                                        .from = r->key.from->full_name,
                                        .to = r->key.to->full_name,
                                        .count = r->count,
                                        .bytes = r->bytes,
                                        .mirror_hits = r->mirror_hits};
  }
  eager__mutex_unlock(&lock);
  EAGER__REQUIRE(found, EAGER_INVALID_ARGUMENT, "copy record %zu of %zu does not exist",
                 index, seen);
  return EAGER_OK;
}
