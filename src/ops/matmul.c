/* MatMul of two matrices, each read transposed if asked for. */
#include "eagercl/ops.h"
#include "ops/families.h"
#include "ops/plan.h"
#include "runtime/commands.h"
#include "runtime/options.h"
#include "runtime/run.h"

enum {
  ROWS = 12,              /* of a tile in registers; as in matmul.cl */
  PACKED = 256,           /* positions of k that one work-item packs; as in matmul.cl */
  WORK = 65536,           /* multiplications worth a work-item of their own */
  CACHED = 2 << 20,       /* bytes of b that unpacked tiles may walk through */
  WORTH_PACKING = 262144, /* multiplications */
};

/* As in matmul.cl. */
typedef struct product {
  int64_t m, n, k, a_row, a_col, b_row, b_col;
  int64_t rows, columns, depth, side, begin, end;
} product;

static eager_status infer(eager__call *call) {
  const eager__shape *a = call->inputs[0].shape, *b = call->inputs[1].shape;
  char text[2][EAGER__SHAPE_TEXT];
  for (int i = 0; i < 2; i++) {
    const eager__shape *x = call->inputs[i].shape;
    EAGER__REQUIRE(x->rank == 2, EAGER_INVALID_ARGUMENT,
                   "In[%d] is not a matrix. Instead it has shape %s", i,
                   eager__shape_text(x, text[i]));
  }
  bool transpose_a = eager__attr_get(call, "transpose_a")->i != 0;
  bool transpose_b = eager__attr_get(call, "transpose_b")->i != 0;
  int64_t k = a->dims[!transpose_a], b_k = b->dims[transpose_b];
  EAGER__REQUIRE(k == b_k || k < 0 || b_k < 0, EAGER_INVALID_ARGUMENT,
                 "Matrix size-incompatible: In[0]: %s, In[1]: %s",
                 eager__shape_text(a, text[0]), eager__shape_text(b, text[1]));
  call->outputs[0].dtype = call->dtype;
  call->outputs[0].shape = (eager__shape){2, {a->dims[transpose_a], b->dims[!transpose_b]}};
  return EAGER_OK;
}

static product describe(const eager__call *call) {
  const eager__shape *a = call->inputs[0].shape, *b = call->inputs[1].shape;
  bool transpose_a = eager__attr_get(call, "transpose_a")->i != 0;
  bool transpose_b = eager__attr_get(call, "transpose_b")->i != 0;
  return (product){
      .m = a->dims[transpose_a],
      .n = b->dims[!transpose_b],
      .k = a->dims[!transpose_a],
      .a_row = transpose_a ? 1 : a->dims[1],
      .a_col = transpose_a ? a->dims[1] : 1,
      .b_row = transpose_b ? 1 : b->dims[1],
      .b_col = transpose_b ? b->dims[1] : 1,
  };
}

/* Columns of a tile in registers: as WIDTH of matmul.cl. */
static int64_t tile_width(const eager__traits *traits, eager_dtype dtype) {
  return traits->vector_width * (eager__computed_size(dtype) == 8 ? 1 : 2);
}

static void add_operands(eager__commands *commands) {
  eager__arg_input(commands, 0);
  eager__arg_input(commands, 1);
  eager__arg_output(commands, 0);
}

/* Rows of one work-item's block, so that there are enough blocks for the work there is. */
static int64_t block_rows(const product *p, int64_t panels) {
  int64_t tiles = eager__ceil_div(p->m, ROWS);
  int64_t work = p->m * p->n * p->k / WORK + 1;
  int64_t blocks = eager__ceil_div(eager__at_most(work, 64), panels);
  return eager__ceil_div(tiles, eager__at_most(blocks, tiles)) * ROWS;
}

static eager_status launch_direct(eager__call *call, eager__commands *commands, product p) {
  int64_t width = tile_width(eager__commands_traits(commands), call->dtype);
  int64_t panels = eager__ceil_div(p.n, width);
  p.rows = block_rows(&p, panels);
  eager__kernel_begin(commands, &eager__family_gemm, call->dtype,
                      p.b_col == 1 ? "product_direct" : "product_strided");
  add_operands(commands);
  eager__arg_bytes(commands, &p, sizeof p);
  return eager__kernel_end(commands,
                           eager__grid_2d(eager__ceil_div(p.m, p.rows), 1, panels, 1));
}

static eager_status add_pack(eager__call *call, eager__commands *commands, const product *p,
                             int input, int64_t panels, int scratch) {
  eager__kernel_begin(commands, &eager__family_gemm, call->dtype,
                      input == 0 ? "pack_a" : "pack_b");
  eager__arg_input(commands, input);
  eager__arg_scratch(commands, scratch);
  eager__arg_bytes(commands, p, sizeof *p);
  return eager__kernel_end(commands,
                           eager__grid_2d(panels, 1, eager__ceil_div(p->k, PACKED), 1));
}

static eager_status launch_packed(eager__call *call, eager__commands *commands, product p) {
  int64_t width = tile_width(eager__commands_traits(commands), call->dtype);
  int64_t tiles = eager__ceil_div(p.m, ROWS), panels = eager__ceil_div(p.n, width);
  size_t element = eager__computed_size(call->dtype);
  int a = eager__scratch(commands, (size_t)(tiles * ROWS * p.k) * element);
  int b = eager__scratch(commands, (size_t)(panels * width * p.k) * element);
  EAGER__TRY(add_pack(call, commands, &p, 0, tiles, a));
  EAGER__TRY(add_pack(call, commands, &p, 1, panels, b));

  int64_t tile_block = 16, panel_block = eager__at_least(512 / width, 1);
  while (eager__ceil_div(tiles, tile_block) * eager__ceil_div(panels, panel_block) < 8 &&
         tile_block * panel_block > 1) {
    if (panel_block > 1)
      panel_block = (panel_block + 1) / 2;
    else
      tile_block = (tile_block + 1) / 2;
  }
  p.rows = tile_block * ROWS;
  p.columns = panel_block * width;
  /* c holds what stretches of k add up to: 16-bit floats must not be rounded on the way. */
  p.depth = element == eager_dtype_size(call->dtype) ? 512 : p.k;
  eager__kernel_begin(commands, &eager__family_gemm, call->dtype, "product_packed");
  eager__arg_scratch(commands, a);
  eager__arg_scratch(commands, b);
  eager__arg_output(commands, 0);
  eager__arg_bytes(commands, &p, sizeof p);
  return eager__kernel_end(commands, eager__grid_2d(eager__ceil_div(p.m, p.rows), 1,
                                                    eager__ceil_div(p.n, p.columns), 1));
}

/* Work-items of a group, along one side of their tile. */
static int64_t tile_side(const eager__traits *traits) {
  size_t most = traits->max_local_size;
  return most >= 256 ? 16 : most >= 64 ? 8 : most >= 16 ? 4 : 1;
}

/* Positions of k for one launch. */
static int64_t tiled_depth(const eager__traits *traits, const product *p) {
  return traits->loop_limit == 0 ? p->k : EAGER__TRIPS / 4;
}

static eager_status add_tiled(eager__call *call, eager__commands *commands,
                              const product *p, int scratch) {
  int64_t width = 4 * p->side, size = p->side * p->side;
  int64_t down = eager__ceil_div(p->m, width), across = eager__ceil_div(p->n, width);
  size_t tile = (size_t)(p->side * (width + 1)) * eager__computed_size(call->dtype);
  eager__kernel_begin(commands, &eager__family_gemm, call->dtype, "product_tiled");
  add_operands(commands);
  if (scratch >= 0)
    eager__arg_scratch(commands, scratch);
  else
    eager__arg_output(commands, 0); /* not looked at */
  eager__arg_bytes(commands, p, sizeof *p);
  eager__arg_local(commands, tile);
  eager__arg_local(commands, tile);
  return eager__kernel_end(commands, eager__grid_2d(down * size, size, across, 1));
}

static eager_status launch_tiled(eager__call *call, eager__commands *commands, product p) {
  const eager__traits *traits = eager__commands_traits(commands);
  int64_t depth = tiled_depth(traits, &p);
  int scratch = -1;
  if (depth < p.k)
    scratch =
        eager__scratch(commands, (size_t)(p.m * p.n) * eager__computed_size(call->dtype));
  p.side = tile_side(traits);
  for (p.begin = 0; p.begin < p.k; p.begin = p.end) {
    p.end = eager__at_most(p.k, p.begin + depth);
    EAGER__TRY(add_tiled(call, commands, &p, scratch));
  }
  return EAGER_OK;
}

static bool worth_packing(const product *p, size_t element) {
  if (p->m < 4 * ROWS) return false;
  if (p->b_col != 1) return p->m * p->n * p->k >= WORTH_PACKING;
  return p->k * p->n * (int64_t)element > CACHED;
}

static bool wants_clblast(const eager__call *call, const eager__commands *commands) {
  eager__gemm_path path = eager__options_gemm();
  if (path == EAGER__GEMM_OWN) return false;
  /* CLBlast adds float16 products up in float16, ours in float32: only if asked for. */
  bool exact = call->dtype != EAGER_FLOAT16;
  if (path == EAGER__GEMM_AUTO && !(exact && eager__commands_is_gpu(commands)))
    return false;
  return eager__commands_blas_usable(commands, call->dtype);
}

static eager_status launch(eager__call *call, eager__commands *commands) {
  product p = describe(call);
  const uint8_t zero[8] = {0};
  if (p.k == 0) return eager__add_fill(commands, 0, zero, eager_dtype_size(call->dtype));
  const eager__traits *traits = eager__commands_traits(commands);
  /* Behind CLBlast stands one kernel: what runs if it declines. */
  bool clblast =
      (traits->cpu_like || tiled_depth(traits, &p) >= p.k) && wants_clblast(call, commands);
  if (clblast) {
    eager__gemm gemm = {.dtype = call->dtype,
                        .transpose_a = eager__attr_get(call, "transpose_a")->i != 0,
                        .transpose_b = eager__attr_get(call, "transpose_b")->i != 0,
                        .m = (size_t)p.m,
                        .n = (size_t)p.n,
                        .k = (size_t)p.k,
                        .ldc = (size_t)p.n};
    gemm.lda = (size_t)call->inputs[0].shape->dims[1];
    gemm.ldb = (size_t)call->inputs[1].shape->dims[1];
    EAGER__TRY(eager__add_gemm(commands, &gemm));
  }
  if (!traits->cpu_like) return launch_tiled(call, commands, p);
  if (!clblast && worth_packing(&p, eager__computed_size(call->dtype)))
    return launch_packed(call, commands, p);
  return launch_direct(call, commands, p);
}

static const eager__op ops[] = {
    {.name = "MatMul",
     .inputs = {{.name = "a"}, {.name = "b"}},
     .dtypes = EAGER__FLOATS | EAGER__BIT(EAGER_INT32) | EAGER__BIT(EAGER_INT64),
     .attrs = {{.name = "transpose_a", .kind = EAGER__ATTR_BOOL},
               {.name = "transpose_b", .kind = EAGER__ATTR_BOOL}},
     .infer = infer,
     .launch = launch},
};
const eager__op_list eager__ops_matmul = {ops, 1};

eager_status eager_matmul(eager_tensor *a, bool transpose_a, eager_tensor *b,
                          bool transpose_b, eager_tensor **out) {
  eager__call call;
  EAGER__TRY(eager__call_begin(&call, &ops[0], (eager_tensor *[]){a, b}, 2));
  eager__call_set_int(&call, "transpose_a", transpose_a);
  eager__call_set_int(&call, "transpose_b", transpose_b);
  return eager__call_run(&call, NULL, out, 1);
}
