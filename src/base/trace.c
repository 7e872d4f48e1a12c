#include "base/trace.h"

#include <assert.h>
#include <pthread.h>
#include <string.h>

#include "base/alloc.h"

static_assert(sizeof(eager__trace_record) == 192, "three cache lines");
static_assert((EAGER__TRACE_RING & (EAGER__TRACE_RING - 1)) == 0, "a power of two");

enum { LINE = 64 };

/* tail <= head <= tail + EAGER__TRACE_RING. What producer and consumer write lies a line
 * apart. The struct outlives its records: a thread may end after shutdown. */
struct eager__trace_ring {
  struct eager__trace_ring *next; /* all rings; never unlinked */
  eager__trace_record *records;
  uint32_t track;
  atomic_bool is_free; /* its thread has ended: the next new thread takes it over */
  _Atomic uint64_t head;
  uint64_t known_tail; /* the producer's: no look at `tail` while there is room */
  char apart[LINE];
  _Atomic uint64_t tail;
};

atomic_bool eager__trace_is_on;
static void (*drain_all)(bool full);
static _Atomic(eager__trace_ring *) rings;
static _Atomic uint64_t lost;
static _Atomic uint32_t thread_count;

/* Hooks look at nothing else. */
static _Thread_local struct {
  eager__trace_ring *ring;
  uint64_t number;
  const char *name, *device;
  bool refused; /* no memory for a ring: not asked for again */
} mine;

void eager__trace_lose(uint64_t count) {
  atomic_fetch_add_explicit(&lost, count, memory_order_relaxed);
}

uint64_t eager__trace_lost(void) {
  return atomic_load_explicit(&lost, memory_order_relaxed);
}

/* --- Rings --- */

static eager__trace_ring *find_free(void) {
  for (eager__trace_ring *ring = atomic_load(&rings); ring; ring = ring->next) {
    bool is_free = true;
    if (atomic_compare_exchange_strong(&ring->is_free, &is_free, false)) return ring;
  }
  return NULL;
}

static eager__trace_ring *make_ring(void) {
  eager__trace_ring *ring = eager__alloc(sizeof *ring);
  eager__trace_record *records = eager__alloc(EAGER__TRACE_RING * sizeof *records);
  if (!ring || !records) {
    eager__free(ring);
    eager__free(records);
    return NULL;
  }
  ring->records = records;
  ring->next = atomic_load(&rings);
  while (!atomic_compare_exchange_weak(&rings, &ring->next, ring)) continue;
  return ring;
}

static void begin_track(eager__trace_ring *ring, uint32_t track, const char *name,
                        const char *device) {
  ring->track = track;
  eager__trace_record *record = eager__trace_take_in(ring);
  record->head = (eager__trace_head){
      .kind = EAGER__TRACE_TRACK, .track = track, .name = name, .to = device};
  eager__trace_put_in(ring);
}

eager__trace_ring *eager__trace_ring_new(uint32_t track, const char *name,
                                         const char *device) {
  eager__trace_ring *ring = make_ring();
  if (ring) begin_track(ring, track, name, device);
  return ring;
}

eager__trace_record *eager__trace_take_in(eager__trace_ring *ring) {
  if (!ring) {
    eager__trace_lose(1);
    return NULL;
  }
  uint64_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
  if (head - ring->known_tail == EAGER__TRACE_RING) {
    ring->known_tail = atomic_load_explicit(&ring->tail, memory_order_acquire);
    if (head - ring->known_tail == EAGER__TRACE_RING) {
      drain_all(true);
      ring->known_tail = atomic_load_explicit(&ring->tail, memory_order_acquire);
    }
  }
  eager__trace_record *record = &ring->records[head % EAGER__TRACE_RING];
  record->head.track = ring->track;
  return record;
}

void eager__trace_put_in(eager__trace_ring *ring) {
  uint64_t head = atomic_load_explicit(&ring->head, memory_order_relaxed) + 1;
  atomic_store_explicit(&ring->head, head, memory_order_release);
  if (head % (EAGER__TRACE_RING / 2) == 0) drain_all(false);
}

/* --- This thread's --- */

static pthread_key_t thread_key;
static pthread_once_t thread_key_once = PTHREAD_ONCE_INIT;

static void leave_ring(void *ring) {
  atomic_store(&((eager__trace_ring *)ring)->is_free, true);
}

static void make_key(void) {
  pthread_key_create(&thread_key, leave_ring);
}

static void find_ring(void) {
  eager__trace_ring *ring = find_free();
  if (!ring) ring = make_ring();
  mine.refused = !ring;
  if (!ring) return;
  pthread_once(&thread_key_once, make_key);
  pthread_setspecific(thread_key, ring);
  mine.ring = ring;
  begin_track(ring, atomic_fetch_add(&thread_count, 1) + 1, mine.name, mine.device);
}

void eager__trace_name_thread(const char *name, const char *device) {
  mine.name = name;
  mine.device = device;
}

eager__trace_record *eager__trace_take(void) {
  if (!mine.ring && !mine.refused) find_ring();
  return eager__trace_take_in(mine.ring);
}

void eager__trace_put(void) {
  eager__trace_put_in(mine.ring);
}

void eager__trace_set_number(uint64_t number) {
  mine.number = number;
}

uint64_t eager__trace_number(void) {
  return mine.number;
}

void eager__trace_host(eager__trace_kind kind, uint64_t begin, const char *name,
                       const char *from, const char *to, uint64_t size) {
  if (!begin) return;
  uint64_t end = eager__now();
  eager__trace_record *record = eager__trace_take();
  if (!record) return;
  record->head = (eager__trace_head){.kind = (uint8_t)kind,
                                     .track = record->head.track,
                                     .name = name,
                                     .from = from,
                                     .to = to,
                                     .number = mine.number,
                                     .begin = begin,
                                     .end = end,
                                     .size = size};
  eager__trace_put();
}

/* --- Operands: dtype, rank, then each extent in groups of seven bits, low ones first ---
 */

bool eager__trace_add_shape(eager__trace_record *record, eager_dtype dtype,
                            const eager__shape *shape) {
  uint8_t *p = record->payload + record->head.used;
  uint8_t *end = record->payload + sizeof record->payload;
  if (end - p < 2 + shape->rank) return false;
  *p++ = (uint8_t)dtype;
  *p++ = (uint8_t)shape->rank;
  for (int i = 0; i < shape->rank; i++) {
    uint64_t extent = (uint64_t)shape->dims[i];
    for (; extent >= 128 && p < end; extent >>= 7) *p++ = (uint8_t)(extent | 128);
    if (p == end) return false;
    *p++ = (uint8_t)extent;
  }
  record->head.used = (uint8_t)(p - record->payload);
  return true;
}

void eager__trace_read_shape(const eager__trace_record *record, size_t *position,
                             eager_dtype *out_dtype, eager__shape *out_shape) {
  const uint8_t *p = record->payload + *position;
  *out_dtype = (eager_dtype)*p++;
  out_shape->rank = *p++;
  for (int i = 0; i < out_shape->rank; i++) {
    uint64_t extent = 0;
    int shift = 0;
    for (; *p >= 128; shift += 7) extent |= (uint64_t)(*p++ & 127) << shift;
    out_shape->dims[i] = (int64_t)(extent | (uint64_t)*p++ << shift);
  }
  *position = (size_t)(p - record->payload);
}

/* --- Draining --- */

void eager__trace_start(void (*drain)(bool full)) {
  drain_all = drain;
  atomic_store(&eager__trace_is_on, true);
}

void eager__trace_stop(void) {
  atomic_store(&eager__trace_is_on, false);
  for (eager__trace_ring *ring = atomic_load(&rings); ring; ring = ring->next) {
    eager__free(ring->records);
    ring->records = NULL;
  }
}

static void drain_ring(eager__trace_ring *ring,
                       void (*take)(const eager__trace_record *record)) {
  uint64_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
  uint64_t head = atomic_load_explicit(&ring->head, memory_order_acquire);
  for (; tail != head; tail++) {
    take(&ring->records[tail % EAGER__TRACE_RING]);
    atomic_store_explicit(&ring->tail, tail + 1, memory_order_release);
  }
}

void eager__trace_drain(void (*take)(const eager__trace_record *record)) {
  for (eager__trace_ring *ring = atomic_load(&rings); ring; ring = ring->next)
    drain_ring(ring, take);
}
