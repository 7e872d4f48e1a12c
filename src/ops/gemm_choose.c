/* Which way a product is made, and how it is cut up. */
#include "ops/families.h"
#include "ops/gemm_plan.h"
#include "ops/plan.h"

enum {
  ITEM = 1 << 19,          /* multiplications worth a work-item: 2 us of a fast core */
  ITEMS = 64,              /* work-items that keep a CPU busy */
  ITEM_ELEMENTS = 1 << 16, /* the same where memory is the limit: elements read */
  ALONE = 8,               /* so many of these are one's */
  PART = 2048,             /* positions of k that are worth a part of their own */
  GROUPS = 256,            /* work-groups that keep a GPU busy */
  GPU_FEW = 8,             /* THIN of matmul_group.cl */
};

/* Multiplications of one product. */
static double work_of(const eager__gemm_args *p) {
  return (double)p->m * (double)p->n * (double)p->k;
}

int64_t eager__gemm_tile_width(const eager__gemm_tile *tile, const eager__traits *traits,
                               eager_dtype dtype) {
  int64_t vectors = eager__computed_size(dtype) == 8 ? tile->vectors / 2 : tile->vectors;
  return vectors * traits->vector_width;
}

void eager__gemm_swap_args(eager__gemm_args *p) {
  eager__gemm_args old = *p;
  p->m = old.n;
  p->n = old.m;
  p->a_row = old.b_col;
  p->a_col = old.b_row;
  p->b_row = old.a_col;
  p->b_col = old.a_row;
  p->c_row = old.c_col;
  p->c_col = old.c_row;
  for (int d = 0; d < EAGER__GEMM_RANK; d++) {
    p->a_strides[d] = old.b_strides[d];
    p->b_strides[d] = old.a_strides[d];
  }
}

/* About `parts` parts of k, each a multiple of `multiple` long. */
static int64_t cut(int64_t k, int64_t parts, int64_t multiple) {
  parts = eager__at_least(parts, 1);
  return eager__at_most(eager__ceil_div(eager__ceil_div(k, parts), multiple) * multiple, k);
}

/* How many of `most` work-items there is work for. */
static int64_t items_for(double work, double each, int64_t most) {
  double items = work / each;
  return items >= (double)most ? most : items < 1 ? 1 : (int64_t)items;
}

/* The same where memory is the limit. What is little for each of a few is one's: a thread
 * that sleeps wakes up too late for it, and parts of sums want one more command (measured:
 * 1x512x512 takes 13 us on one thread, 22 on two). */
static int64_t readers_for(double elements, int64_t most) {
  int64_t items = items_for(elements, ITEM_ELEMENTS, most);
  return items <= ALONE ? 1 : items;
}

/* --- CPUs --- */

/* Laying out b costs about 3 / rows of the work, laying out a 1 / (13 * panels): rows are
 * split first, then columns. Of small products a work-item takes several. */
static void choose_blocks(const eager__gemm_device *device, eager_dtype dtype,
                          const eager__gemm_args *p, eager__gemm_choice *out) {
  const eager__gemm_tile *tile = &eager__gemm_tiles[out->tile];
  int64_t width = eager__gemm_tile_width(tile, device->traits, dtype);
  int64_t tiles = eager__ceil_div(p->m, tile->rows), panels = eager__ceil_div(p->n, width);
  double work = work_of(p), all = work * (double)p->count;
  /* Shapes alone: with fixed tiles, whatever tile was chosen. */
  double spots = (double)eager__ceil_div(p->m, 12) * (double)eager__ceil_div(p->n, 32) *
                 (double)p->count;
  int64_t parts = 1;
  if (spots < ITEMS && !p->subtract) {
    parts = eager__at_most((int64_t)(3 * ITEMS / spots), p->k / PART);
    out->depth = cut(p->k, parts, tile->depth);
    parts = eager__ceil_div(p->k, out->depth);
  }
  int64_t wanted = items_for(all, ITEM, eager__at_least(8 * device->units, 16));
  int64_t per = eager__ceil_div(wanted, p->count * parts);
  int64_t down = eager__ceil_div(tiles, 20), across = eager__ceil_div(panels, tile->panels);
  while (down * across < per && (down < tiles || across < panels)) {
    int64_t tall = eager__ceil_div(tiles, down), wide = eager__ceil_div(panels, across);
    if (tall > 8 || (wide == 1 && tall > 1))
      down = down * 2 < tiles ? down * 2 : tiles;
    else if (wide > 1)
      across = across * 2 < panels ? across * 2 : panels;
    else
      break;
  }
  out->rows = eager__ceil_div(tiles, down) * tile->rows;
  out->columns = eager__ceil_div(panels, across) * width;
  if (per == 1) out->each = eager__at_least(p->count / wanted, 1);
}

/* Where `streamed` elements are read once: parts of k where other pieces are too few. */
static void choose_parts(const eager__gemm_args *p, double streamed, int64_t pieces,
                         int64_t shortest, int64_t multiple, eager__gemm_choice *out) {
  int64_t wanted = readers_for(streamed * (double)p->count, ITEMS / 4);
  if (pieces * p->count >= wanted || p->subtract) return;
  int64_t parts = eager__at_most(wanted / (pieces * p->count), p->k / shortest);
  out->depth = cut(p->k, parts, multiple);
}

static void choose_dots(const eager__gemm_device *device, const eager__gemm_args *p,
                        eager__gemm_choice *out) {
  double streamed = (double)p->m * (double)p->k;
  int64_t wanted = readers_for(streamed * (double)p->count, ITEMS / 2);
  int64_t blocks = eager__ceil_div(wanted, p->count), tiles = eager__ceil_div(p->m, 8);
  out->rows = eager__ceil_div(tiles, eager__at_most(blocks, tiles)) * 8;
  if (blocks == 1) out->each = eager__at_least(p->count / wanted, 1);
  choose_parts(p, streamed, eager__ceil_div(p->m, 64), 16384, device->traits->vector_width,
               out);
}

static void choose_rows(const eager__gemm_device *device, const eager__gemm_args *p,
                        eager__gemm_choice *out) {
  double streamed = (double)p->n * (double)p->k;
  int64_t v = device->traits->vector_width;
  int64_t wanted = readers_for(streamed * (double)p->count, ITEMS / 2);
  int64_t blocks = eager__ceil_div(wanted, p->count);
  int64_t columns = eager__at_least(p->n / blocks, 512);
  columns = eager__at_most(columns, EAGER__GEMM_SPAN / 2 / p->m) / v * v;
  out->columns = p->n * p->m <= EAGER__GEMM_SPAN && blocks == 1 ? p->n : columns;
  if (out->columns > p->n) out->columns = p->n;
  if (blocks == 1) out->each = eager__at_least(p->count / wanted, 1);
  choose_parts(p, streamed, eager__ceil_div(p->n, 1024), 256, 8, out);
}

static bool is_rows(const eager__gemm_device *device, const eager__gemm_args *p) {
  return p->m <= EAGER__GEMM_FEW && p->b_col == 1 && p->n >= device->traits->vector_width &&
         !p->subtract;
}

static bool is_dots(const eager__gemm_args *p) {
  return p->n <= EAGER__GEMM_FEW && p->a_col == 1;
}

static bool is_direct(const eager__gemm_device *device, eager_dtype dtype,
                      const eager__gemm_args *p) {
  return p->b_col == 1 && p->m >= 4 && p->n >= device->traits->vector_width &&
         eager__computed_size(dtype) == eager_dtype_size(dtype);
}

/* Where b stays in the cache, and rows of a do not all fall on the same lines of it. */
static bool prefers_direct(const eager__gemm_device *device, eager_dtype dtype,
                           const eager__gemm_args *p) {
  int64_t element = (int64_t)eager_dtype_size(dtype);
  bool collides = p->a_row * element % 4096 == 0 && p->k > 64;
  return !collides && p->k * p->n * element <= (int64_t)device->traits->gemm_cached << 10;
}

static bool may_be_direct(const eager__gemm_device *device, eager_dtype dtype,
                          const eager__gemm_args *p) {
  return is_direct(device, dtype, p) && prefers_direct(device, dtype, p);
}

/* Less than a vector of them: stored one by one they are as good as rows. The sums have the
 * same bits while they are made in one piece. */
static bool has_few_columns(const eager__gemm_device *device, const eager__gemm_args *p) {
  return p->n < device->traits->vector_width && p->k <= eager__gemm_tiles[0].depth;
}

/* Both lie transposed: c's transpose is made of both as they lie, and turned when it is
 * stored, which costs 1/20 of a product; laying out both transposed cost 1/4. */
static bool turns_both(const eager__gemm_device *device, eager_dtype dtype,
                       const eager__gemm_args *p) {
  int64_t v = device->traits->vector_width;
  return p->a_row == 1 && p->a_col != 1 && p->b_row == 1 && p->b_col != 1 && p->m >= v &&
         p->n >= v && eager__computed_size(dtype) == eager_dtype_size(dtype);
}

static eager__gemm_way cpu_way(const eager__gemm_device *device,
                               const eager__gemm_args *p) {
  if (is_rows(device, p) && p->n > EAGER__GEMM_FEW) return EAGER__GEMM_ROWS;
  return is_dots(p) ? EAGER__GEMM_DOTS : EAGER__GEMM_BLOCKS;
}

static void choose_cpu(const eager__gemm_device *device, eager_dtype dtype,
                       const eager__gemm_args *p, eager__gemm_choice *out) {
  eager__gemm_args swapped = *p;
  eager__gemm_swap_args(&swapped);
  out->way = cpu_way(device, p);
  if (out->way == EAGER__GEMM_BLOCKS) {
    out->way = cpu_way(device, &swapped);
    out->swap = out->way != EAGER__GEMM_BLOCKS;
  }
  if (out->way == EAGER__GEMM_BLOCKS && !may_be_direct(device, dtype, p) &&
      has_few_columns(device, p) && may_be_direct(device, dtype, &swapped))
    out->swap = true;
  if (out->way == EAGER__GEMM_BLOCKS && turns_both(device, dtype, p)) out->swap = true;
  if (out->swap) p = &swapped;
  if (out->way == EAGER__GEMM_BLOCKS && may_be_direct(device, dtype, p))
    out->way = EAGER__GEMM_DIRECT;
  if (out->way == EAGER__GEMM_DOTS)
    choose_dots(device, p, out);
  else if (out->way == EAGER__GEMM_ROWS)
    choose_rows(device, p, out);
  else
    choose_blocks(device, dtype, p, out);
}

/* --- GPUs --- */

/* Work-items of a group along one side of their tile, which should not be empty mostly. */
static int64_t tile_side(const eager__traits *traits, const eager__gemm_args *p) {
  size_t most = traits->max_local_size;
  int64_t side = most >= 256 ? 16 : most >= 64 ? 8 : most >= 16 ? 4 : 1;
  int64_t least = eager__at_most(p->m, p->n);
  while (side > 4 && 2 * side >= least) side /= 2;
  return side;
}

static void choose_gpu(const eager__gemm_device *device, const eager__gemm_args *p,
                       eager__gemm_choice *out) {
  out->way = p->n > GPU_FEW && p->m > GPU_FEW ? EAGER__GEMM_TILED : EAGER__GEMM_THIN;
  if (out->way == EAGER__GEMM_THIN) {
    out->swap = p->n > GPU_FEW || (p->m <= GPU_FEW && p->a_col != 1 && p->b_row == 1);
    return;
  }
  out->side = tile_side(device->traits, p);
  int64_t width = 4 * out->side;
  int64_t groups = eager__ceil_div(p->m, width) * eager__ceil_div(p->n, width) * p->count;
  if (groups < GROUPS && !p->subtract)
    out->depth = cut(p->k, eager__at_most(GROUPS / groups, p->k / 256), out->side);
  out->parts = eager__ceil_div(p->k, out->depth);
  if (device->traits->loop_limit != 0)
    out->depth = eager__at_most(out->depth, EAGER__TRIPS / 4);
}

eager__gemm_choice eager__gemm_choose(const eager__gemm_device *device, eager_dtype dtype,
                                      const eager__gemm_args *p) {
  eager__gemm_choice choice = {
      .rows = p->m, .columns = p->n, .each = 1, .depth = p->k, .parts = 1};
  /* CLBlast adds float16 products up in float16, ours in float32; and it makes thin ones
   * in whole tiles. */
  choice.clblast =
      device->traits->clblast && dtype != EAGER_FLOAT16 && p->m > GPU_FEW && p->n > GPU_FEW;
  if (device->traits->cpu_like)
    choose_cpu(device, dtype, p, &choice);
  else
    choose_gpu(device, p, &choice);
  return choice;
}

/* --- What comes from elsewhere --- */

static bool legal_blocks(const eager__gemm_device *device, eager_dtype dtype,
                         const eager__gemm_choice *x) {
  if (x->tile < 0 || x->tile >= eager__gemm_tile_count) return false;
  const eager__gemm_tile *tile = &eager__gemm_tiles[x->tile];
  return x->rows % tile->rows == 0 &&
         x->columns % eager__gemm_tile_width(tile, device->traits, dtype) == 0;
}

bool eager__gemm_is_legal(const eager__gemm_device *device, eager_dtype dtype,
                          const eager__gemm_args *args, const eager__gemm_choice *x) {
  eager__gemm_args p = *args;
  if (x->swap) eager__gemm_swap_args(&p);
  if (x->rows < 1 || x->columns < 1 || x->each < 1 || x->depth < 1 || x->parts < 1)
    return false;
  if (p.subtract && x->depth < p.k) return false;
  bool for_cpus = x->way <= EAGER__GEMM_ROWS;
  if (for_cpus != device->traits->cpu_like) return false;
  switch (x->way) {
  case EAGER__GEMM_DIRECT:
    return is_direct(device, dtype, &p) && legal_blocks(device, dtype, x);
  case EAGER__GEMM_BLOCKS:
    return legal_blocks(device, dtype, x);
  case EAGER__GEMM_DOTS:
    return is_dots(&p);
  case EAGER__GEMM_ROWS:
    return is_rows(device, &p) && x->columns <= p.n &&
           (x->columns == p.n || x->columns % device->traits->vector_width == 0) &&
           (x->columns + p.n % x->columns) * p.m <= EAGER__GEMM_SPAN;
  case EAGER__GEMM_TILED:
    return (x->side == 1 || x->side == 4 || x->side == 8 || x->side == 16) &&
           x->side * x->side <= device->traits->max_local_size &&
           (device->traits->loop_limit == 0 || x->depth <= EAGER__TRIPS / 4);
  case EAGER__GEMM_THIN:
    return p.n <= GPU_FEW;
  }
  return false;
}
