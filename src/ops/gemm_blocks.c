/* Products on CPUs: a work-item makes a block by itself. How the work is cut up depends on
 * shapes alone: the same bits with any number of threads. */
#include "ops/families.h"
#include "ops/gemm_plan.h"
#include "ops/plan.h"

enum {
  ROWS = 12,              /* of a tile in registers; as in matmul.cl */
  PACKED = 256,           /* positions of k that one work-item packs; as in matmul.cl */
  DOTS = 4,               /* columns that product_dots takes; as in matmul.cl */
  WORK = 65536,           /* multiplications worth a work-item of their own */
  BLOCKS = 64,            /* work-items that keep a CPU busy */
  CACHED = 2 << 20,       /* bytes of b that unpacked tiles may walk through */
  WORTH_PACKING = 262144, /* multiplications */
  PACKED_BYTES = 64 << 20 /* of packed products, before the next ones take their place */
};

/* Columns of a tile in registers: as WIDTH of matmul.cl. */
static int64_t tile_width(const eager__gemm_plan *l) {
  return l->traits->vector_width * (eager__computed_size(l->dtype) == 8 ? 1 : 2);
}

/* How many products a work-item takes, how many rows of them, and the parts of k: so that
 * there are enough work-items for the work there is. `tiles` and `panels` of one product.
 */
static int64_t share_out(eager__gemm_plan *l, int64_t tiles, int64_t height,
                         int64_t panels) {
  eager__gemm_args *p = &l->p;
  double work = eager__gemm_work(p), all = work * (double)p->count;
  int64_t small = (int64_t)(WORK / (work + 64));
  p->each = eager__at_least(eager__at_most(small, p->count), 1);
  int64_t wanted = all >= (double)BLOCKS * WORK ? BLOCKS : (int64_t)(all / WORK) + 1;
  int64_t blocks = eager__ceil_div(wanted, panels * p->count);
  p->rows = eager__ceil_div(tiles, eager__at_most(blocks, tiles)) * height;
  int64_t spots = tiles * panels * p->count;
  if (spots < BLOCKS && !p->subtract) {
    int64_t parts = eager__at_most(BLOCKS / spots, p->k / 1024);
    parts = eager__at_most(parts, (int64_t)(all / (4.0 * WORK)));
    eager__gemm_cut(p, eager__at_least(parts, 1), l->traits->vector_width);
  }
  return eager__ceil_div(p->count, p->each) * p->parts;
}

static eager_status finish_blocks(eager__gemm_plan *l, const char *name, int64_t height,
                                  int64_t panels) {
  eager__gemm_args *p = &l->p;
  int64_t items = share_out(l, eager__ceil_div(p->m, height), height, panels);
  int sums = p->parts > 1 ? eager__gemm_make_sums(l, p->parts, p->count) : -1;
  p->to_sums = p->parts > 1;
  eager__gemm_begin(l, name);
  eager__gemm_add_operands(l, sums);
  eager_status status = eager__kernel_end(
      l->commands, eager__grid_3d(eager__ceil_div(p->m, p->rows), 1, panels, 1, items, 1));
  return status == EAGER_OK && p->parts > 1 ? eager__gemm_add_finish(l, sums) : status;
}

static eager_status launch_direct(eager__gemm_plan *l) {
  return finish_blocks(l, l->p.b_col == 1 ? "product_direct" : "product_strided", ROWS,
                       eager__ceil_div(l->p.n, tile_width(l)));
}

static bool all_zero(const eager__gemm_args *p, const int64_t *strides) {
  for (int64_t d = 0; d < p->rank; d++)
    if (strides[d] != 0) return false;
  return true;
}

/* b anew, as `copies` dense matrices `size` apart at `at`. */
static void replace_b(eager__gemm_args *p, int64_t copies, int64_t size) {
  int64_t step = copies > 1 ? size : 0;
  for (int64_t d = 0; d < p->rank; d++) {
    p->b_strides[d] = step;
    step *= p->dims[d];
  }
}

static eager_status launch_dots(eager__gemm_plan *l) {
  eager__gemm_args *p = &l->p;
  if (p->b_row != 1 && p->b_row != 0 && p->k > 1) {
    int64_t copies = all_zero(p, p->b_strides) ? 1 : p->count;
    size_t element = eager_dtype_size(l->dtype);
    int scratch = eager__scratch(l->commands, (size_t)(copies * p->n * p->k) * element);
    eager__gemm_begin(l, "pack_dots");
    eager__arg_at(l->commands, &l->b);
    eager__arg_scratch(l->commands, scratch);
    eager__arg_bytes(l->commands, p, sizeof *p);
    EAGER__TRY(eager__kernel_end(
        l->commands, eager__grid_3d(eager__ceil_div(p->k, PACKED), 1, 1, 1, copies, 1)));
    l->b = (eager__spot){EAGER__PLACE_SCRATCH, scratch, 0};
    p->b_row = 1;
    p->b_col = p->k;
    replace_b(p, copies, p->n * p->k);
  }
  return finish_blocks(l, "product_dots", 1, 1);
}

static eager_status add_pack(eager__gemm_plan *l, bool is_a, int64_t panels, int64_t count,
                             int scratch) {
  eager__gemm_begin(l, is_a ? "pack_a" : "pack_b");
  eager__arg_at(l->commands, is_a ? &l->a : &l->b);
  eager__arg_scratch(l->commands, scratch);
  eager__arg_bytes(l->commands, &l->p, sizeof l->p);
  return eager__kernel_end(
      l->commands, eager__grid_3d(panels, 1, eager__ceil_div(l->p.k, PACKED), 1, count, 1));
}

static eager_status add_packed(eager__gemm_plan *l, int a, int b) {
  eager__gemm_args *p = &l->p;
  eager__gemm_begin(l, "product_packed");
  eager__arg_scratch(l->commands, a);
  eager__arg_scratch(l->commands, b);
  eager__arg_at(l->commands, &l->c);
  eager__arg_bytes(l->commands, p, sizeof *p);
  return eager__kernel_end(l->commands, eager__grid_3d(eager__ceil_div(p->m, p->rows), 1,
                                                       eager__ceil_div(p->n, p->columns), 1,
                                                       p->count, 1));
}

/* Blocks of rows and columns, so that there are a few for every thread. */
static void choose_blocks(eager__gemm_args *p, int64_t tiles, int64_t panels,
                          int64_t width) {
  int64_t tile_block = 16, panel_block = eager__at_least(512 / width, 1);
  while (eager__ceil_div(tiles, tile_block) * eager__ceil_div(panels, panel_block) < 8 &&
         tile_block * panel_block > 1) {
    if (panel_block > 1)
      panel_block = (panel_block + 1) / 2;
    else
      tile_block = (tile_block + 1) / 2;
  }
  p->rows = tile_block * ROWS;
  p->columns = panel_block * width;
}

static eager_status launch_packed(eager__gemm_plan *l) {
  eager__gemm_args *p = &l->p;
  int64_t width = tile_width(l);
  int64_t tiles = eager__ceil_div(p->m, ROWS), panels = eager__ceil_div(p->n, width);
  int64_t element = (int64_t)eager__computed_size(l->dtype);
  bool share_b = all_zero(p, p->b_strides);
  p->a_panels = tiles * ROWS * p->k;
  p->b_panels = panels * width * p->k;
  int64_t most = PACKED_BYTES / ((p->a_panels + p->b_panels) * element);
  most = eager__at_least(eager__at_most(most, l->count), 1);
  int a = eager__scratch(l->commands, (size_t)(most * p->a_panels * element));
  int b =
      eager__scratch(l->commands, (size_t)((share_b ? 1 : most) * p->b_panels * element));
  choose_blocks(p, tiles, panels, width);
  /* c holds what stretches of k add up to: 16-bit floats must not be rounded on the way. */
  p->depth = element == (int64_t)eager_dtype_size(l->dtype) ? 512 : p->k;
  if (share_b) EAGER__TRY(add_pack(l, false, panels, 1, b));
  if (share_b) p->b_panels = 0;
  for (p->first = 0; p->first < l->count; p->first += most) {
    p->count = eager__at_most(most, l->count - p->first);
    EAGER__TRY(add_pack(l, true, tiles, p->count, a));
    if (!share_b) EAGER__TRY(add_pack(l, false, panels, p->count, b));
    EAGER__TRY(add_packed(l, a, b));
  }
  return EAGER_OK;
}

static bool worth_packing(const eager__gemm_plan *l) {
  const eager__gemm_args *p = &l->p;
  if (p->m < 4 * ROWS || p->subtract) return false;
  if (p->b_col != 1) return eager__gemm_work(p) >= WORTH_PACKING;
  return p->k * p->n * (int64_t)eager__computed_size(l->dtype) > CACHED;
}

eager_status eager__gemm_launch_blocks(eager__gemm_plan *l, bool may_pack) {
  eager__gemm_args *p = &l->p;
  if (p->n <= DOTS && p->a_col == 1) return launch_dots(l);
  if (p->m <= DOTS && p->b_row == 1) {
    eager__gemm_swap(l);
    return launch_dots(l);
  }
  if (p->n <= DOTS && p->a_row == 1) eager__gemm_swap(l);
  return may_pack && worth_packing(l) ? launch_packed(l) : launch_direct(l);
}
