#include "ops/owners.h"

#include "ops/families.h"
#include "ops/grids.h"
#include "ops/plan.h"

enum {
  SHARE = 1 << 19, /* bytes of totals, at most, so that they stay in a core's cache */
  SPARSE = 4,      /* destinations per entry that are too many */
};

typedef struct owners { /* the kernel's */
  int64_t count, targets, columns, each, items, finish;
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

eager_status eager__add_owned(eager__commands *commands, const eager__buckets *b,
                              const eager__fold *fold) {
  eager_dtype dtype = commands->call->dtype;
  int64_t units = eager__at_least((int64_t)eager__commands_compute_units(commands), 1);
  int64_t row = b->columns * (int64_t)total_size(dtype);
  int64_t most = eager__at_least(SHARE / row, 1);
  owners o = {.count = b->entries,
              .targets = b->targets,
              .columns = b->columns,
              .finish = fold->finish};
  o.each = eager__at_most(eager__ceil_div(b->targets, units), most);
  o.items = eager__at_most(eager__ceil_div(b->targets, o.each), units);
  int totals = eager__scratch(commands, (size_t)(o.items * o.each * row));
  bool onto = fold->finish != EAGER__FINISH_PLAIN;
  eager__kernel_begin(commands, &eager__family_owners, dtype, "add_owned");
  eager__arg_output(commands, 0);
  eager__arg_input(commands, onto ? fold->onto : fold->updates); /* else not looked at */
  eager__arg_input(commands, fold->updates);
  eager__arg_scratch(commands, totals);
  eager__arg_keys(commands, b);
  eager__arg_bytes(commands, &o, sizeof o);
  return eager__kernel_end(commands, eager__grid_1d(o.items, 1));
}
