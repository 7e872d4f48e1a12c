#include "cl/program.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "base/alloc.h"
#include "base/trace.h"
#include "cl/build.h"
#include "cl/kernel.h"

typedef struct program {
  struct program *next;
  const eager__family *family;
  eager_dtype dtype;
  eager__built built;
  eager__kernel **kernels;
  size_t kernel_count, kernel_capacity;
} program;

/* One way to ask for a kernel. Text of one name may lie at several addresses: each has a
 * row of its own, so that finding compares pointers only. */
typedef struct row {
  const eager__family *family;
  const char *name;
  eager_dtype dtype;
  eager__kernel *kernel;
} row;

/* Open addressing, never more than half full, rows never change or move once they are in.
 * A full table is replaced by one of twice the size and kept until the device closes:
 * readers take no lock. */
typedef struct table {
  struct table *smaller;
  size_t mask, count;
  _Atomic(row *) rows[];
} table;

struct eager__programs {
  eager__mutex build; /* guards everything below; readers of `table` need it not */
  program *first;
  _Atomic(table *) table;
};

enum { FIRST_TABLE = 256 };

static size_t hash(const eager__family *family, eager_dtype dtype, const char *name) {
  uint64_t mixed = (uint64_t)(uintptr_t)name ^ ((uint64_t)(uintptr_t)family << 7);
  mixed = (mixed ^ (uint64_t)dtype) * 0x9e3779b97f4a7c15u;
  return (size_t)(mixed >> 32);
}

static eager__kernel *find(struct eager__programs *programs, const eager__family *family,
                           eager_dtype dtype, const char *name) {
  table *rows = atomic_load_explicit(&programs->table, memory_order_acquire);
  if (rows == NULL) return NULL;
  for (size_t i = hash(family, dtype, name);; i++) {
    row *found = atomic_load_explicit(&rows->rows[i & rows->mask], memory_order_acquire);
    if (found == NULL) return NULL;
    if (found->name != name || found->family != family || found->dtype != dtype) continue;
    assert(strcmp(eager__kernel_name(found->kernel), name) ==
           0); /* static text, they say */
    return found->kernel;
  }
}

static void put(table *rows, row *added) {
  size_t i = hash(added->family, added->dtype, added->name);
  while (atomic_load_explicit(&rows->rows[i & rows->mask], memory_order_relaxed) != NULL)
    i++;
  atomic_store_explicit(&rows->rows[i & rows->mask], added, memory_order_release);
  rows->count++;
}

/* Makes room for one more row. */
static eager_status grow(struct eager__programs *programs) {
  table *old = atomic_load(&programs->table);
  if (old != NULL && old->count < (old->mask + 1) / 2) return EAGER_OK;
  size_t slots = old != NULL ? 2 * (old->mask + 1) : FIRST_TABLE;
  size_t size = sizeof(table) + slots * sizeof(_Atomic(row *));
  table *grown = eager__alloc(size);
  if (grown == NULL) return eager__out_of_memory(size);
  grown->smaller = old;
  grown->mask = slots - 1;
  for (size_t i = 0; old != NULL && i <= old->mask; i++) {
    row *moved = atomic_load(&old->rows[i]);
    if (moved != NULL) put(grown, moved);
  }
  atomic_store_explicit(&programs->table, grown, memory_order_release);
  return EAGER_OK;
}

static eager_status remember(struct eager__programs *programs, const program *of,
                             const char *name, eager__kernel *kernel) {
  EAGER__TRY(grow(programs));
  row *added = eager__alloc(sizeof *added);
  if (added == NULL) return eager__out_of_memory(sizeof *added);
  *added = (row){of->family, name, of->dtype, kernel};
  put(atomic_load(&programs->table), added);
  return EAGER_OK;
}

static eager_status get_program(eager__device *device, const eager__family *family,
                                eager_dtype dtype, program **out) {
  program **place = &device->programs->first;
  for (; *place != NULL; place = &(*place)->next)
    if ((*place)->family == family && (*place)->dtype == dtype) {
      *out = *place;
      return EAGER_OK;
    }
  program *made = eager__alloc(sizeof *made);
  if (made == NULL) return eager__out_of_memory(sizeof *made);
  made->family = family;
  made->dtype = dtype;
  uint64_t begin = eager__trace_begin();
  eager_status status = eager__build(device, family, dtype, false, &made->built);
  eager__trace_host(EAGER__TRACE_BUILD, begin, family->name, eager_dtype_name(dtype),
                    device->short_name, 0);
  if (status == EAGER_OK)
    *out = *place = made;
  else
    eager__free(made);
  return status;
}

/* A binary from the disk may build and still be of no use: then from the text. */
static eager_status rebuild(eager__device *device, program *cached) {
  eager__built fresh;
  EAGER__TRY(eager__build(device, cached->family, cached->dtype, true, &fresh));
  eager__build_release(device, &cached->built);
  cached->built = fresh;
  return EAGER_OK;
}

static eager_status create_kernel(eager__device *device, program *of, const char *name,
                                  eager__kernel **out) {
  EAGER__TRY(eager__reserve(&of->kernels, &of->kernel_capacity, of->kernel_count + 1,
                            sizeof *of->kernels));
  eager_status status = eager__kernel_create(device, of->built.program, name, out);
  if (status != EAGER_OK && of->built.is_cached && of->kernel_count == 0) {
    EAGER__TRY(rebuild(device, of));
    status = eager__kernel_create(device, of->built.program, name, out);
  }
  if (status != EAGER_OK) return status;
  of->kernels[of->kernel_count++] = *out;
  eager__build_keep(device, &of->built);
  return EAGER_OK;
}

/* Build lock held. */
static eager_status find_or_make(eager__device *device, const eager__family *family,
                                 eager_dtype dtype, const char *name, eager__kernel **out) {
  *out = find(device->programs, family, dtype, name);
  if (*out != NULL) return EAGER_OK;
  program *of = NULL;
  EAGER__TRY(get_program(device, family, dtype, &of));
  eager__kernel *kernel = NULL;
  for (size_t i = 0; i < of->kernel_count && kernel == NULL; i++)
    if (strcmp(eager__kernel_name(of->kernels[i]), name) == 0) kernel = of->kernels[i];
  if (kernel == NULL) EAGER__TRY(create_kernel(device, of, name, &kernel));
  EAGER__TRY(remember(device->programs, of, name, kernel));
  *out = kernel;
  return EAGER_OK;
}

static eager_status get_programs(eager__device *device) {
  static eager__mutex lock = EAGER__MUTEX_STATIC(EAGER__RANK_LEAF);
  EAGER__TRY(eager__device_open(device));
  struct eager__programs *made = eager__alloc(sizeof *made);
  if (made == NULL) return eager__out_of_memory(sizeof *made);
  eager__mutex_init(&made->build, EAGER__RANK_PROGRAM);
  eager__mutex_lock(&lock);
  bool is_first = device->programs == NULL;
  if (is_first) device->programs = made;
  eager__mutex_unlock(&lock);
  if (is_first) return EAGER_OK;
  eager__mutex_destroy(&made->build);
  eager__free(made);
  return EAGER_OK;
}

eager_status eager__kernel_get(eager__device *device, const eager__family *family,
                               eager_dtype dtype, const char *name, eager__kernel **out) {
  struct eager__programs *programs = device->programs;
  *out = programs != NULL ? find(programs, family, dtype, name) : NULL;
  if (*out != NULL) return EAGER_OK;
  if (programs == NULL) EAGER__TRY(get_programs(device));
  programs = device->programs;
  eager__mutex_lock(&programs->build);
  eager_status status = find_or_make(device, family, dtype, name, out);
  eager__mutex_unlock(&programs->build);
  return status;
}

/* --- Twins --- */

/* Lock held. */
static eager__kernel *make_twin(eager__kernel *original) {
  eager__kernel *twin;
  eager_status status =
      eager__kernel_create(original->device, original->program, original->name, &twin);
  if (status != EAGER_OK) {
    eager__clear_error();
    return NULL;
  }
  twin->original = original;
  twin->next_twin = original->twins;
  return original->twins = twin;
}

eager__kernel *eager__kernel_borrow(eager__kernel *kernel) {
  struct eager__programs *programs = kernel->device->programs;
  if (kernel->device->traits.dear_kernels) return kernel;
  eager__mutex_lock(&programs->build);
  eager__kernel *twin = kernel->idle;
  if (twin != NULL)
    kernel->idle = twin->next_idle;
  else
    twin = make_twin(kernel);
  eager__mutex_unlock(&programs->build);
  return twin != NULL ? twin : kernel;
}

void eager__kernel_give_back(eager__device *device, eager__kernel *kernel) {
  struct eager__programs *programs = device->programs;
  if (programs == NULL || kernel->original == NULL) return;
  eager__mutex_lock(&programs->build);
  kernel->next_idle = kernel->original->idle;
  kernel->original->idle = kernel;
  eager__mutex_unlock(&programs->build);
}

static void free_tables(table *newest) {
  if (newest == NULL) return;
  for (size_t i = 0; i <= newest->mask; i++) eager__free(atomic_load(&newest->rows[i]));
  for (table *next; newest != NULL;
       newest = next) { /* the smaller ones hold the same rows */
    next = newest->smaller;
    eager__free(newest);
  }
}

void eager__programs_close(eager__device *device) {
  struct eager__programs *programs = device->programs;
  if (programs == NULL) return;
  for (program *next, *each = programs->first; each != NULL; each = next) {
    next = each->next;
    for (size_t i = 0; i < each->kernel_count; i++) eager__kernel_destroy(each->kernels[i]);
    eager__free(each->kernels);
    eager__build_release(device, &each->built);
    eager__free(each);
  }
  free_tables(atomic_load(&programs->table));
  eager__mutex_destroy(&programs->build);
  eager__free(programs);
  device->programs = NULL;
}
