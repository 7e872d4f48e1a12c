#include "ops/scan.h"

#include "ops/families.h"
#include "ops/grids.h"
#include "ops/plan.h"

enum {
  STEP = 16, /* counts of a GPU's work-item: a cache line of uint */
  BLOCK_LEAST = 1024,
  BLOCK_MOST = 4096, /* of a CPU's; EAGER__TRIPS at most */
  BLOCKS_PER_UNIT = 8,
  LEVELS = 16, /* STEP to this power is more than any count */
};

typedef struct scanning { /* scan.cl's */
  int64_t from, count, to, each;
} scanning;

int64_t eager__block_each(const eager__commands *commands, int64_t elements, int64_t gpu) {
  if (!eager__commands_traits(commands)->cpu_like) return gpu;
  int64_t units = eager__at_least((int64_t)eager__commands_compute_units(commands), 1);
  int64_t block = elements / (units * BLOCKS_PER_UNIT);
  return eager__at_most(eager__at_least(block, BLOCK_LEAST), BLOCK_MOST);
}

/* Level 0 is the array, the others stand in the scratch buffer. Without one level 0 is all
 * there is and the sums are not looked at. */
static void add_level(eager__commands *commands, const eager__scan *scan, int level,
                      const scanning *s, const char *kernel) {
  eager__spot sums = scan->values;
  if (scan->sums >= 0) sums = (eager__spot){EAGER__PLACE_SCRATCH, scan->sums, 0};
  eager__kernel_begin(commands, &eager__family_scan, scan->dtype, kernel);
  eager__arg_at(commands, level == 0 ? &scan->values : &sums);
  eager__arg_at(commands, &sums);
  eager__arg_bytes(commands, s, sizeof *s);
  eager__kernel_end(commands,
                    eager__grid_each(commands, eager__at_least(s->count, 1), s->each));
}

eager_status eager__add_scan(eager__commands *commands, eager__scan *scan) {
  scanning levels[LEVELS];
  int top = 0;
  int64_t size = 0;
  levels[0] = (scanning){.count = scan->count,
                         .each = eager__block_each(commands, scan->count, STEP)};
  while (levels[top].count > levels[top].each) {
    levels[top].to = size;
    int64_t blocks = eager__ceil_div(levels[top].count, levels[top].each);
    levels[++top] = (scanning){
        .from = size, .count = blocks, .each = eager__block_each(commands, blocks, STEP)};
    size += blocks + 1;
  }
  if (size > 0 && scan->sums < 0)
    scan->sums = eager__scratch(commands, (size_t)size * eager_dtype_size(scan->dtype));
  if (commands->status != EAGER_OK) return commands->status;
  for (int i = 0; i < top; i++) add_level(commands, scan, i, &levels[i], "scan_sums");
  for (int i = top; i >= 0; i--) add_level(commands, scan, i, &levels[i], "scan_blocks");
  return commands->status;
}

eager_status eager__add_scan_total(eager__commands *commands, const eager__scan *scan,
                                   int output) {
  eager__kernel_begin(commands, &eager__family_scan, scan->dtype, "scan_total");
  eager__arg_output(commands, output);
  eager__arg_at(commands, &scan->values);
  eager__arg_long(commands, scan->count);
  return eager__kernel_end(commands, eager__grid_1d(1, 1));
}
