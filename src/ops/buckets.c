#include "ops/buckets.h"

#include <inttypes.h>

#include "ops/families.h"
#include "ops/grids.h"
#include "ops/plan.h"

enum {
  DIGIT = 6, /* as in buckets.cl */
  BINS = EAGER__BINS,
  /* Of a work-item on a CPU, and elsewhere. */
  SORTED_LEAST = 1024,
  SORTED = 64,
  SCANNED_ON_CPU = 1024,
  SCANNED = 64,
  FOLDED_ON_CPU = 256,
  FOLDED = 32,
  BLOCK = 4096, /* elements worth a work-item */
};

typedef struct sorting { /* the kernels' */
  int64_t count, each, items;
  int64_t keys, order, to_keys, to_order, table, shift;
} sorting;

typedef struct folding { /* the kernels' */
  int64_t count, targets, columns, columns_each, blocks, chunk, items;
  int64_t keys, order, first_keys, all_count, from, to, next_keys, op, finish;
} folding;

eager_status eager__buckets_check(int64_t entries, int64_t targets) {
  EAGER__REQUIRE(entries < INT32_MAX && targets < INT32_MAX, EAGER_UNIMPLEMENTED,
                 "%" PRId64 " entries for %" PRId64 " destinations are more than %d",
                 entries, targets, INT32_MAX - 1);
  return EAGER_OK;
}

/* --- Grids --- */

static bool like_cpu(const eager__commands *commands) {
  return eager__commands_traits(commands)->cpu_like;
}

int64_t eager__stretch(const eager__commands *commands) {
  return like_cpu(commands) ? BLOCK : 1;
}

/* --- The pool --- */

static int64_t scanned_each(const eager__commands *commands) {
  return like_cpu(commands) ? SCANNED_ON_CPU : SCANNED;
}

/* What a scan over `count` numbers needs behind them. */
static int64_t scan_room(const eager__commands *commands, int64_t count) {
  int64_t room = 0, each = scanned_each(commands);
  while (count > each) room += count = eager__ceil_div(count, each);
  return room;
}

/* The entries of all levels but the first. */
static int64_t fold_room(int64_t count, int64_t chunk) {
  int64_t room = 0;
  while (count > chunk) room += count = 2 * eager__ceil_div(count, chunk);
  return room;
}

eager_status eager__buckets_begin(eager__commands *commands, int64_t entries,
                                  int64_t targets, int64_t columns, bool sort,
                                  eager__buckets *out) {
  bool blocks = like_cpu(commands);
  int64_t units = eager__at_least((int64_t)eager__commands_compute_units(commands), 1);
  int64_t each = eager__at_least(eager__ceil_div(entries, 4 * units), SORTED_LEAST);
  each = blocks ? eager__at_most(each, EAGER__TRIPS) : SORTED;
  *out = (eager__buckets){.entries = entries,
                          .targets = targets,
                          .columns = columns,
                          .order = -1,
                          .each = each,
                          .items = eager__ceil_div(entries, each),
                          .chunk = blocks ? FOLDED_ON_CPU : FOLDED};
  int64_t end = entries; /* of the keys */
  if (sort) {
    out->other_keys = end;
    out->other_order = end + entries; /* and as much again: see sort */
    out->table = end + 3 * entries;
    end = out->table + BINS * out->items;
    end += scan_room(commands, BINS * out->items);
  }
  out->next_keys = end;
  end += fold_room(entries, out->chunk);
  out->pool = eager__scratch(commands, (size_t)end * sizeof(uint32_t));
  return commands->status;
}

void eager__arg_keys(eager__commands *commands, const eager__buckets *buckets) {
  eager__arg_scratch(commands, buckets->pool);
  eager__arg_long(commands, buckets->keys);
}

eager_status eager__add_zeros(eager__commands *commands, int scratch, int64_t count) {
  eager__kernel_begin(commands, &eager__family_buckets, EAGER_UINT32, "bucket_fill");
  int64_t each = eager__stretch(commands);
  eager__arg_scratch(commands, scratch);
  eager__arg_long(commands, count);
  eager__arg_long(commands, each);
  return eager__kernel_end(commands, eager__grid_each(commands, count, each));
}

/* --- Sorting --- */

static eager_status add_sort_kernel(eager__commands *commands, const char *name,
                                    const eager__buckets *b, const sorting *s) {
  eager__kernel_begin(commands, &eager__family_buckets, EAGER_UINT32, name);
  eager__arg_scratch(commands, b->pool);
  eager__arg_bytes(commands, s, sizeof *s);
  return eager__kernel_end(commands, eager__grid_each(commands, s->items, 1));
}

static eager_status add_scan_kernel(eager__commands *commands, const char *name, int pool,
                                    int64_t numbers, int64_t count, int64_t sums) {
  int64_t each = scanned_each(commands);
  eager__kernel_begin(commands, &eager__family_buckets, EAGER_UINT32, name);
  eager__arg_scratch(commands, pool);
  eager__arg_long(commands, numbers);
  eager__arg_long(commands, count);
  eager__arg_long(commands, each);
  eager__arg_long(commands, sums);
  return eager__kernel_end(commands, eager__grid_each(commands, count, each));
}

/* Recurses some five times at most; the sums of each level lie behind its numbers. */
static eager_status scan(eager__commands *commands, int pool, int64_t numbers,
                         int64_t count) {
  int64_t stretches = eager__ceil_div(count, scanned_each(commands)), sums = -1;
  if (stretches > 1) {
    sums = numbers + count;
    EAGER__TRY(add_scan_kernel(commands, "bucket_sums", pool, numbers, count, sums));
    EAGER__TRY(scan(commands, pool, sums, stretches));
  }
  return add_scan_kernel(commands, "bucket_scan", pool, numbers, count, sums);
}

/* One stable pass, by the DIGIT bits from `shift` on. */
static eager_status sort_digit(eager__commands *commands, eager__buckets *b, int shift) {
  bool first = b->order != b->other_order;
  sorting s = {.count = b->entries,
               .each = b->each,
               .items = b->items,
               .keys = b->keys,
               .order = b->order,
               .to_keys = b->other_keys,
               .to_order = first ? b->other_order : b->other_order + b->entries,
               .table = b->table,
               .shift = shift};
  EAGER__TRY(add_sort_kernel(commands, "bucket_count", b, &s));
  EAGER__TRY(scan(commands, b->pool, b->table, BINS * b->items));
  EAGER__TRY(add_sort_kernel(commands, "bucket_place", b, &s));
  b->other_keys = b->keys;
  b->keys = s.to_keys;
  b->order = s.to_order;
  return EAGER_OK;
}

eager_status eager__buckets_sort(eager__commands *commands, eager__buckets *b) {
  for (int shift = 0; shift == 0 || b->targets >> shift > 0; shift += DIGIT)
    EAGER__TRY(sort_digit(commands, b, shift));
  return EAGER_OK;
}

eager_status eager__buckets_deal(eager__commands *commands, eager__buckets *b,
                                 int *out_shift) {
  int shift = 0;
  while (b->targets >> shift >= BINS) shift++;
  *out_shift = shift;
  return sort_digit(commands, b, shift);
}

/* --- Folding --- */

static eager_status add_fold_kernel(eager__commands *commands, const eager__buckets *b,
                                    const eager__fold *fold, int partials,
                                    const folding *f) {
  int lanes = eager__commands_traits(commands)->vector_width;
  bool onto = fold->finish == EAGER__FINISH_ONTO || fold->finish == EAGER__FINISH_LESS;
  eager__kernel_begin(commands, &eager__family_scatter, commands->call->dtype,
                      b->columns < lanes ? "fold" : "foldv");
  eager__arg_output(commands, 0);
  eager__arg_input(commands, onto ? fold->onto : fold->updates); /* else not looked at */
  eager__arg_input(commands, fold->updates);
  if (partials >= 0)
    eager__arg_scratch(commands, partials);
  else
    eager__arg_output(commands, 0); /* not looked at */
  eager__arg_scratch(commands, b->pool);
  eager__arg_bytes(commands, f, sizeof *f);
  return eager__kernel_end(commands, eager__grid_each(commands, f->items, 1));
}

eager_status eager__buckets_fold(eager__commands *commands, const eager__buckets *b,
                                 const eager__fold *fold) {
  const eager__traits *traits = eager__commands_traits(commands);
  int64_t lanes = b->columns < traits->vector_width ? 1 : traits->vector_width;
  int64_t room = fold_room(b->entries, b->chunk);
  int partials = -1;
  if (room > 0)
    partials = eager__scratch(commands, (size_t)(room * b->columns) *
                                            eager__computed_size(commands->call->dtype));
  folding f = {.count = b->entries,
               .targets = b->targets,
               .columns = b->columns,
               .columns_each = lanes,
               .chunk = b->chunk,
               .keys = b->keys,
               .order = b->order,
               .first_keys = b->keys,
               .all_count = b->entries,
               .from = -1,
               .next_keys = b->next_keys,
               .op = fold->op,
               .finish = fold->finish};
  for (;;) {
    int64_t chunks = eager__ceil_div(f.count, f.chunk);
    bool last = chunks == 1;
    if (traits->cpu_like) {
      int64_t each = BLOCK / eager__at_most(f.count, f.chunk) / lanes * lanes;
      f.columns_each = eager__at_least(eager__at_most(each, b->columns), lanes);
    }
    f.blocks = eager__ceil_div(b->columns, f.columns_each);
    f.items = chunks * f.blocks;
    if (last) f.next_keys = -1;
    EAGER__TRY(add_fold_kernel(commands, b, fold, partials, &f));
    if (last) return EAGER_OK;
    f.from = f.to;
    f.count = 2 * chunks;
    f.to += f.count;
    f.keys = f.next_keys;
    f.next_keys += f.count;
  }
}
