#include "tensor/pool.h"

#include <assert.h>

#include "base/alloc.h"

enum {
  SMALLEST_LOG2 = 8,
  CLASSES_PER_DOUBLING = 8,
  CLASS_COUNT = (64 - SMALLEST_LOG2) * CLASSES_PER_DOUBLING + 1,
};

typedef struct block_list {
  eager__block *first, *last;
} block_list;

/* Both in the order of giving, so free_seq grows from first to last. Blocks move from busy
 * to ready when somebody asks for ready ones. */
typedef struct size_class {
  block_list busy, ready;
} size_class;

/* current: bytes of the blocks in `live`;  reserved: those, `classes` and `pending`.
 * The lock is never held over a driver call or a free_fn. */
typedef struct eager__pool {
  eager__mutex lock;
  uint64_t limit, current, peak, reserved;
  uint64_t allocation_count, driver_allocation_count;
  block_list live;
  block_list pending;       /* foreign, given back before the device had finished */
  struct eager__pool *left; /* the next of a parent process's */
  size_class classes[CLASS_COUNT];
} eager__pool;

static atomic_bool reuse_rule_broken;

static void push(block_list *list, eager__block *block) {
  block->previous = list->last;
  block->next = NULL;
  *(list->last ? &list->last->next : &list->first) = block;
  list->last = block;
}

static void unlink_block(block_list *list, eager__block *block) {
  *(block->previous ? &block->previous->next : &list->first) = block->next;
  *(block->next ? &block->next->previous : &list->last) = block->previous;
  block->next = block->previous = NULL;
}

static eager__block *pop_last(block_list *list) {
  eager__block *block = list->last;
  if (block) unlink_block(list, block);
  return block;
}

static int floor_log2(uint64_t size) {
  int log2 = 0;
  for (int step = 32; step > 0; step /= 2) {
    if (size >> step == 0) continue;
    size >>= step;
    log2 += step;
  }
  return log2;
}

size_t eager__pool_class_size(size_t size, int *out_class) {
  const size_t largest = SIZE_MAX / 2 + 1;
  if (size > largest) { /* no driver has it; rounding up would overflow */
    *out_class = CLASS_COUNT - 1;
    return SIZE_MAX;
  }
  size_t below = (size_t)1 << SMALLEST_LOG2; /* the power of two below, or the smallest */
  if (size <= below) {
    *out_class = 0;
    return below;
  }
  int log2 = floor_log2(size - 1);
  below = (size_t)1 << log2;
  size_t step = below / CLASSES_PER_DOUBLING;
  size_t steps = (size - below + step - 1) / step;
  *out_class = (log2 - SMALLEST_LOG2) * CLASSES_PER_DOUBLING + (int)steps;
  return below + steps * step;
}

/* A class that reaches past the largest allocation ends there. */
static size_t block_size(const eager__device *device, size_t size, int *out_class) {
  size_t rounded = eager__pool_class_size(size, out_class);
  uint64_t most = device->info.max_allocation;
  return rounded > most && size <= most ? (size_t)most : rounded;
}

/* --- Under the lock. --- */

static void settle(eager__device *device, size_class *of) {
  for (eager__block *block; (block = of->busy.first);) {
    if (!eager__timeline_reached(&device->compute, block->free_seq)) break;
    unlink_block(&of->busy, block);
    push(&of->ready, block);
  }
}

/* Blocks whose memory goes back to the driver gather in `gone`: dropped without the lock.
 */
static void let_go(eager__pool *pool, block_list *list, eager__block *block,
                   block_list *gone) {
  unlink_block(list, block);
  pool->reserved -= block->memory.size;
  push(gone, block);
}

static void sweep(eager__device *device, block_list *gone) {
  block_list *pending = &device->pool->pending;
  while (pending->first &&
         eager__timeline_reached(&device->compute, pending->first->free_seq))
    let_go(device->pool, pending, pending->first, gone);
}

/* Lets go of ready blocks until `needed` bytes are free: of one that is large enough, the
 * smallest such; else of the largest ones first. */
static void evict(eager__device *device, uint64_t needed, block_list *gone) {
  eager__pool *pool = device->pool;
  uint64_t goal = pool->reserved > needed ? pool->reserved - needed : 0;
  int fitting;
  eager__pool_class_size(needed > SIZE_MAX ? SIZE_MAX : (size_t)needed, &fitting);
  for (int i = fitting; i < CLASS_COUNT && pool->reserved > goal; i++) {
    settle(device, &pool->classes[i]);
    if (pool->classes[i].ready.first)
      let_go(pool, &pool->classes[i].ready, pool->classes[i].ready.first, gone);
  }
  for (int i = fitting; i >= 0 && pool->reserved > goal; i--) {
    block_list *ready = &pool->classes[i].ready;
    settle(device, &pool->classes[i]);
    while (ready->first && pool->reserved > goal) let_go(pool, ready, ready->first, gone);
  }
}

static eager__block *reuse(eager__device *device, int size_class_index,
                           eager__writer writer) {
  size_class *of = &device->pool->classes[size_class_index];
  bool any = writer == EAGER__WRITER_COMPUTE ||
             atomic_load_explicit(&reuse_rule_broken, memory_order_relaxed);
  eager__block *block = any ? pop_last(&of->busy) : NULL; /* likeliest in the caches */
  if (block) return block;
  settle(device, of);
  return pop_last(&of->ready);
}

static void enliven(eager__pool *pool, eager__block *block) {
  push(&pool->live, block);
  pool->current += block->memory.size;
  if (pool->current > pool->peak) pool->peak = pool->current;
}

static void hand_out(eager__pool *pool, eager__block *block, size_t size,
                     eager__origin holder) {
  block->requested = size;
  block->holder = holder;
  enliven(pool, block);
  pool->allocation_count++;
}

/* Puts `bytes` of a block to be made into the account, if the limit allows. */
static bool claim(eager__device *device, size_t bytes, block_list *gone) {
  eager__pool *pool = device->pool;
  if (bytes > pool->limit) return false;
  uint64_t most = pool->limit - bytes; /* that may be reserved before */
  if (pool->reserved > most) evict(device, pool->reserved - most, gone);
  if (pool->reserved > most) return false;
  pool->reserved += bytes;
  return true;
}

/* --- Without the lock. --- */

static void drop_memory(eager__device *device, eager__block *block) {
  eager__memory_release(device, &block->memory);
  if (block->free_fn) block->free_fn(block->data, block->user);
  block->free_fn = NULL;
}

static void drop_blocks(eager__device *device, block_list *gone) {
  for (eager__block *block; (block = pop_last(gone));) {
    drop_memory(device, block);
    eager__free(block);
  }
}

/* `bytes` are in the account already, and leave it on failure. */
static eager_status make_block(eager__device *device, size_t bytes, eager__block **out) {
  eager__block *block = eager__alloc(sizeof *block);
  eager_status status = block ? eager__memory_create(device, bytes, &block->memory)
                              : eager__out_of_memory(sizeof *block);
  if (status == EAGER_OK) {
    block->device = device;
    *out = block;
    return EAGER_OK;
  }
  eager__free(block);
  eager__mutex_lock(&device->pool->lock);
  device->pool->reserved -= bytes;
  eager__mutex_unlock(&device->pool->lock);
  return status;
}

eager_status eager__pool_open(eager__device *device, uint64_t limit) {
  eager__pool *pool = eager__alloc(sizeof *pool);
  if (!pool) return eager__out_of_memory(sizeof *pool);
  eager__mutex_init(&pool->lock, EAGER__RANK_POOL);
  pool->limit = limit;
  device->pool = pool;
  return EAGER_OK;
}

void eager__pool_close(eager__device *device) {
  eager__pool *pool = device->pool;
  if (!pool) return;
  for (int i = 0; i < CLASS_COUNT; i++) {
    drop_blocks(device, &pool->classes[i].busy);
    drop_blocks(device, &pool->classes[i].ready);
  }
  drop_blocks(device, &pool->pending);
  for (eager__block *block; (block = pop_last(&pool->live));) drop_memory(device, block);
  device->pool = NULL;
  eager__mutex_destroy(&pool->lock);
  eager__free(pool);
}

void eager__pool_leave(eager__device *device) {
  static eager__pool *parents; /* reachable, so that they are no leak */
  if (!device->pool) return;
  device->pool->left = parents;
  parents = device->pool;
  device->pool = NULL;
}

eager_status eager__pool_take(eager__device *device, size_t size, eager__writer writer,
                              eager__origin holder, eager__block **out) {
  assert(size > 0);
  *out = NULL;
  eager__pool *pool = device->pool;
  int size_class_index;
  size_t bytes = block_size(device, size, &size_class_index);
  block_list gone = {NULL, NULL};

  eager__mutex_lock(&pool->lock);
  sweep(device, &gone);
  eager__block *block = reuse(device, size_class_index, writer);
  bool fits = block || claim(device, bytes, &gone);
  if (block) hand_out(pool, block, size, holder);
  eager__mutex_unlock(&pool->lock);

  drop_blocks(device, &gone);
  if (!fits) return eager__pool_fail(device, size, 0);
  if (!block) {
    EAGER__TRY(make_block(device, bytes, &block));
    block->size_class = size_class_index;
    eager__mutex_lock(&pool->lock);
    hand_out(pool, block, size, holder);
    pool->driver_allocation_count++;
    eager__mutex_unlock(&pool->lock);
  }
  *out = block;
  return EAGER_OK;
}

eager__block *eager__pool_take_spare(eager__device *device, size_t size,
                                     eager__origin holder) {
  eager__pool *pool = device->pool;
  int size_class_index;
  size_t bytes = block_size(device, size, &size_class_index);
  eager__mutex_lock(&pool->lock);
  uint64_t most = pool->limit - pool->limit / 4;
  bool spare = bytes <= most && pool->current <= most - bytes;
  eager__mutex_unlock(&pool->lock);
  eager__block *block;
  if (!spare) return NULL;
  if (eager__pool_take(device, size, EAGER__WRITER_COMPUTE, holder, &block) == EAGER_OK)
    return block;
  eager__clear_error();
  return NULL;
}

eager_status eager__pool_adopt(eager__device *device, eager__mem *mem, size_t size,
                               void (*free_fn)(void *, void *), void *data, void *user,
                               eager__block **out) {
  *out = NULL;
  eager__block *block = eager__alloc(sizeof *block);
  if (!block) return eager__out_of_memory(sizeof *block);
  *block = (eager__block){
      .memory = {.mem = mem, .size = size},
      .requested = size,
      .size_class = -1,
      .device = device,
      .foreign = true,
      .free_fn = free_fn,
      .data = data,
      .user = user,
  };
  eager__pool *pool = device->pool;
  eager__mutex_lock(&pool->lock);
  enliven(pool, block);
  pool->reserved += size;
  eager__mutex_unlock(&pool->lock);
  *out = block;
  return EAGER_OK;
}

void eager__pool_export(eager__block *block) {
  eager__pool *pool = block->device->pool;
  if (!block->memory.mem) return;
  eager__mutex_lock(&pool->lock);
  block->foreign = true;
  eager__mutex_unlock(&pool->lock);
}

void eager__pool_give(eager__block *block) {
  eager__device *device = block->device;
  eager__pool *pool = device->pool;
  if (!pool) { /* the block has outlived it */
    eager__free(block);
    return;
  }
  block_list gone = {NULL, NULL};
  eager__mutex_lock(&pool->lock);
  unlink_block(&pool->live, block);
  pool->current -= block->memory.size;
  /* Read under the lock: the lists stay sorted. */
  block->free_seq = atomic_load_explicit(&device->compute.submitted, memory_order_acquire);
  push(block->foreign ? &pool->pending : &pool->classes[block->size_class].busy, block);
  if (block->foreign) sweep(device, &gone);
  eager__mutex_unlock(&pool->lock);
  drop_blocks(device, &gone);
}

void eager__pool_trim(eager__device *device) {
  eager__pool *pool = device->pool;
  block_list gone = {NULL, NULL};
  eager__mutex_lock(&pool->lock);
  sweep(device, &gone);
  evict(device, UINT64_MAX, &gone);
  eager__mutex_unlock(&pool->lock);
  drop_blocks(device, &gone);
}

void eager__pool_info(eager__device *device, eager_memory_info *out) {
  eager__pool *pool = device->pool;
  eager__mutex_lock(&pool->lock);
  *out = (eager_memory_info){
      .current = pool->current,
      .peak = pool->peak,
      .reserved_bytes = pool->reserved,
      .limit = pool->limit,
      .allocation_count = pool->allocation_count,
      .driver_allocation_count = pool->driver_allocation_count,
  };
  eager__mutex_unlock(&pool->lock);
}

void eager__pool_reset_peak(eager__device *device) {
  eager__mutex_lock(&device->pool->lock);
  device->pool->peak = device->pool->current;
  eager__mutex_unlock(&device->pool->lock);
}

eager_status eager__pool_fail(eager__device *device, size_t size, int cl_code) {
  eager__pool *pool = device->pool;
  eager__mutex_lock(&pool->lock);
  uint64_t current = pool->current, cached = pool->reserved - pool->current;
  eager__origin holder = {0};
  size_t held = 0;
  for (const eager__block *block = pool->live.first; block; block = block->next) {
    if (block->requested <= held) continue;
    held = block->requested;
    holder = block->holder;
  }
  eager__mutex_unlock(&pool->lock);

  eager__fail_cl(
      EAGER_RESOURCE_EXHAUSTED, cl_code,
      "out of memory on %s: %zu bytes requested, %llu in use, %llu cached, limit %llu",
      device->short_name, size, (unsigned long long)current, (unsigned long long)cached,
      (unsigned long long)pool->limit);
  if (held && holder.op)
    eager__fail_append("; the largest holder is %s #%llu with %zu bytes", holder.op,
                       (unsigned long long)holder.number, held);
  else if (held)
    eager__fail_append("; the largest holder is a tensor from outside with %zu bytes",
                       held);
  return EAGER_RESOURCE_EXHAUSTED;
}

void eager__pool_break_reuse_rule(bool broken) {
  atomic_store(&reuse_rule_broken, broken);
}
