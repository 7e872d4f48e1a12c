#include "ops/owners.h"

#include "ops/families.h"
#include "ops/grids.h"
#include "ops/plan.h"

enum {
  SHARE = 1 << 19, /* bytes of totals, at most, so that they stay in a core's cache */
  SPARSE = 4,      /* destinations per entry that are too many */
  /* What one work-item lists, at most, while others wait. */
  LISTED_TARGETS = 1 << 16,
  LISTED_ENTRIES = 1 << 20,
  BLOCK = 1 << 14, /* elements worth a work-item */
  ITEMS = 256,     /* groups, at most: each costs a driver some ns */
};

typedef struct owners { /* the kernels' */
  int64_t count, targets, columns, each, items, finish;
  int64_t keys, order, table, table_step, bins, shift;
} owners;

static bool is_exact(const eager__commands *commands, eager_dtype dtype) {
  if (eager__dtype(dtype)->kind != EAGER__KIND_FLOAT) return true;
  return dtype != EAGER_FLOAT64 && eager__commands_has_float64(commands);
}

bool eager__owners_fit(const eager__commands *commands, int64_t entries, int64_t targets,
                       const eager__fold *fold) {
  return eager__commands_traits(commands)->cpu_like && fold->op == EAGER__FOLD_SUM &&
         fold->finish <= EAGER__FINISH_LESS && targets / SPARSE <= entries &&
         is_exact(commands, commands->call->dtype);
}

static size_t total_size(eager_dtype dtype) {
  return eager__dtype(dtype)->kind == EAGER__KIND_FLOAT ? sizeof(double)
                                                        : eager_dtype_size(dtype);
}

static int64_t row_size(const eager__commands *commands, int64_t columns) {
  return columns * (int64_t)total_size(commands->call->dtype);
}

static int64_t compute_units(const eager__commands *commands) {
  return eager__at_least((int64_t)eager__commands_compute_units(commands), 1);
}

/* Rows of a vector or more are listed; shorter ones, added where they go. */
static bool are_rows(const eager__commands *commands, int64_t columns) {
  return columns >= eager__commands_traits(commands)->vector_width;
}

bool eager__owners_sort(const eager__commands *commands, int64_t entries, int64_t targets,
                        int64_t columns) {
  if (are_rows(commands, columns))
    return targets > LISTED_TARGETS || entries > LISTED_ENTRIES;
  return targets * row_size(commands, columns) > SHARE * compute_units(commands);
}

static owners make_owners(const eager__buckets *b, const eager__fold *fold) {
  return (owners){.count = b->entries,
                  .targets = b->targets,
                  .columns = b->columns,
                  .finish = fold->finish,
                  .keys = b->keys,
                  .order = b->order,
                  .table = b->table,
                  .table_step = b->items,
                  .bins = 1,
                  .shift = 31};
}

/* The kernels' first arguments. */
static void begin_adding(eager__commands *commands, const char *name,
                         const eager__fold *fold, int scratch) {
  bool onto = fold->finish != EAGER__FINISH_PLAIN;
  eager__kernel_begin(commands, &eager__family_owners, commands->call->dtype, name);
  eager__arg_output(commands, 0);
  eager__arg_input(commands, onto ? fold->onto : fold->updates); /* else not looked at */
  eager__arg_input(commands, fold->updates);
  eager__arg_scratch(commands, scratch);
}

static eager_status add_numbers(eager__commands *commands, const eager__buckets *b,
                                const eager__fold *fold, owners *o) {
  int64_t row = row_size(commands, b->columns), units = compute_units(commands);
  o->items = eager__at_most(o->bins, units);
  o->each = (int64_t)1 << o->shift;
  if (o->bins == 1) {
    o->each = eager__ceil_div(b->targets, units);
    o->items = eager__ceil_div(b->targets, o->each);
  }
  int totals = eager__scratch(
      commands, (size_t)(o->items * eager__at_most(o->each, b->targets) * row));
  begin_adding(commands, "add_numbers", fold, totals);
  eager__arg_scratch(commands, b->pool);
  eager__arg_bytes(commands, o, sizeof *o);
  return eager__kernel_end(commands, eager__grid_1d(o->items, 1));
}

static eager_status add_rows(eager__commands *commands, const eager__buckets *b,
                             const eager__fold *fold, owners *o) {
  int lists =
      eager__scratch(commands, (size_t)(b->targets + 1 + b->entries) * sizeof(uint32_t));
  eager__kernel_begin(commands, &eager__family_buckets, EAGER_UINT32, "bucket_list");
  eager__arg_scratch(commands, lists);
  eager__arg_scratch(commands, b->pool);
  eager__arg_bytes(commands, o, sizeof *o);
  EAGER__TRY(eager__kernel_end(commands, eager__grid_1d(o->bins, 1)));

  int64_t elements = (b->entries + b->targets) * b->columns;
  int64_t items = eager__at_most(eager__ceil_div(elements, BLOCK), ITEMS);
  o->each = eager__ceil_div(b->targets, eager__at_least(items, 1));
  o->items = eager__ceil_div(b->targets, o->each);
  begin_adding(commands, "add_rows", fold, lists);
  eager__arg_bytes(commands, o, sizeof *o);
  return eager__kernel_end(commands, eager__grid_1d(o->items, 1));
}

eager_status eager__add_owned(eager__commands *commands, eager__buckets *b,
                              const eager__fold *fold) {
  int shift = 0;
  bool deals = eager__owners_sort(commands, b->entries, b->targets, b->columns);
  if (deals) EAGER__TRY(eager__buckets_deal(commands, b, &shift));
  owners o = make_owners(b, fold);
  if (deals) {
    o.shift = shift;
    o.bins = (b->targets >> shift) + 1;
  }
  if (are_rows(commands, b->columns)) return add_rows(commands, b, fold, &o);
  return add_numbers(commands, b, fold, &o);
}
