/* DepthToSpace, SpaceToDepth, BatchToSpaceND, SpaceToBatchND: blocks of space become
 * channels or batches, and back. */
#include <inttypes.h>
#include <string.h>

#include "eagercl/ops.h"
#include "ops/families.h"
#include "ops/moves.h"
#include "ops/shape_attr.h"
#include "runtime/run.h"

/* --- DepthToSpace, SpaceToDepth --- */

typedef struct image {
  bool channels_first;
  int64_t block;
  int64_t batches, height, width, depth; /* of the input; -1: unknown */
} image;

static eager_status read_image(const eager__call *call, image *out) {
  const eager__shape *x = call->inputs[0].shape;
  const char *format = eager__attr_get(call, "data_format")->text;
  int64_t block = eager__attr_get(call, "block_size")->i;
  char text[EAGER__SHAPE_TEXT];
  bool channels_first = format && strcmp(format, "NCHW") == 0;
  EAGER__REQUIRE(channels_first || (format && strcmp(format, "NHWC") == 0),
                 EAGER_INVALID_ARGUMENT, "data_format must be NHWC or NCHW, got %s",
                 format ? format : "NULL");
  EAGER__REQUIRE(block > 1 && block <= INT32_MAX, EAGER_INVALID_ARGUMENT,
                 "Block size should be > 1, but was: %" PRId64, block);
  EAGER__REQUIRE(x->rank == 4, EAGER_INVALID_ARGUMENT,
                 "Input rank should be: 4 instead of: %d: got shape %s", x->rank,
                 eager__shape_text(x, text));
  const int64_t *d = x->dims;
  *out = (image){.channels_first = channels_first,
                 .block = block,
                 .batches = d[0],
                 .height = channels_first ? d[2] : d[1],
                 .width = channels_first ? d[3] : d[2],
                 .depth = channels_first ? d[1] : d[3]};
  return EAGER_OK;
}

static eager_status set_image(eager__call *call, const image *in, int64_t height,
                              int64_t width, int64_t depth) {
  eager__result *out = &call->outputs[0];
  out->dtype = call->dtype;
  out->shape = (eager__shape){4, {in->batches, height, width, depth}};
  if (in->channels_first)
    out->shape = (eager__shape){4, {in->batches, depth, height, width}};
  return EAGER_OK;
}

static eager_status enlarge(int64_t dim, int64_t block, int64_t *out) {
  EAGER__REQUIRE(dim <= INT64_MAX / block, EAGER_INVALID_ARGUMENT,
                 "an extent of %" PRId64 " in blocks of %" PRId64
                 " becomes more than fits into 63 bits",
                 dim, block);
  *out = dim < 0 ? -1 : dim * block;
  return EAGER_OK;
}

static eager_status infer_depth_to_space(eager__call *call) {
  image in;
  int64_t height, width;
  EAGER__TRY(read_image(call, &in));
  EAGER__REQUIRE(in.depth < 0 || in.depth % (in.block * in.block) == 0,
                 EAGER_INVALID_ARGUMENT,
                 "Input depth dimension %" PRId64 " should be divisible by: %" PRId64,
                 in.depth, in.block * in.block);
  EAGER__TRY(enlarge(in.height, in.block, &height));
  EAGER__TRY(enlarge(in.width, in.block, &width));
  return set_image(call, &in, height, width,
                   in.depth < 0 ? -1 : in.depth / (in.block * in.block));
}

static eager_status infer_space_to_depth(eager__call *call) {
  image in;
  int64_t depth;
  EAGER__TRY(read_image(call, &in));
  EAGER__REQUIRE((in.height < 0 || in.height % in.block == 0) &&
                     (in.width < 0 || in.width % in.block == 0),
                 EAGER_INVALID_ARGUMENT,
                 "Image width %" PRId64 " and height %" PRId64
                 " should be divisible by block_size: %" PRId64,
                 in.width, in.height, in.block);
  EAGER__TRY(enlarge(in.depth, in.block * in.block, &depth));
  return set_image(call, &in, in.height < 0 ? -1 : in.height / in.block,
                   in.width < 0 ? -1 : in.width / in.block, depth);
}

/* The input's six axes are `dims`; the output's are those in the order `order`. */
static eager_status permute(eager__commands *commands, const int64_t dims[6],
                            const int order[6]) {
  eager__shape x = {.rank = 6};
  for (int i = 0; i < 6; i++) x.dims[i] = dims[i];
  int64_t strides[EAGER__MAX_RANK];
  eager__shape_strides(&x, strides);
  eager__walk walk = {.rank = 6};
  for (int i = 0; i < 6; i++) {
    walk.dims[i] = dims[order[i]];
    walk.strides[0][i] = strides[order[i]];
  }
  eager__walk_collapse(&walk, 1);
  return eager__add_move_rows(commands, 0, &walk);
}

/* Depth is [block][block][rest], the block's rows first. */
static eager_status launch_depth_to_space(eager__call *call, eager__commands *commands) {
  image in;
  EAGER__TRY(read_image(call, &in));
  int64_t rest = in.depth / (in.block * in.block);
  if (in.channels_first)
    return permute(commands,
                   (int64_t[]){in.batches, in.block, in.block, rest, in.height, in.width},
                   (int[]){0, 3, 4, 1, 5, 2});
  return permute(commands,
                 (int64_t[]){in.batches, in.height, in.width, in.block, in.block, rest},
                 (int[]){0, 1, 3, 2, 4, 5});
}

static eager_status launch_space_to_depth(eager__call *call, eager__commands *commands) {
  image in;
  EAGER__TRY(read_image(call, &in));
  int64_t b = in.block, height = in.height / b, width = in.width / b;
  if (in.channels_first)
    return permute(commands, (int64_t[]){in.batches, in.depth, height, b, width, b},
                   (int[]){0, 3, 5, 1, 2, 4});
  return permute(commands, (int64_t[]){in.batches, height, b, width, b, in.depth},
                 (int[]){0, 1, 3, 2, 4, 5});
}

/* --- SpaceToBatchND, BatchToSpaceND --- */

typedef struct blocking {
  int axes;              /* of space: those from 1 on */
  const int64_t *blocks; /* per axis */
  const int64_t *around; /* paddings or crops: two numbers per axis */
  int64_t block;         /* the product of `blocks` */
} blocking;

static eager_status read_blocking(const eager__call *call, const char *around,
                                  blocking *out) {
  const eager__shape *x = call->inputs[0].shape;
  const eager__attr *blocks, *list;
  EAGER__TRY(eager__list_attr_get(call, "block_shape", EAGER__MAX_RANK - 1, &blocks));
  EAGER__TRY(eager__list_attr_get(call, around, 2 * EAGER__MAX_RANK, &list));
  *out = (blocking){(int)blocks->count, blocks->ints, list->ints, 1};
  EAGER__REQUIRE(x->rank > out->axes, EAGER_INVALID_ARGUMENT,
                 "input rank should be >= %d instead of %d", out->axes + 1, x->rank);
  EAGER__REQUIRE(list->count == 2 * blocks->count, EAGER_INVALID_ARGUMENT,
                 "%s should have two numbers per entry of block_shape (%zu), but has %zu",
                 around, blocks->count, list->count);
  for (int i = 0; i < out->axes; i++) {
    int64_t block = blocks->ints[i];
    const int64_t *pair = &list->ints[2 * i];
    EAGER__REQUIRE(block >= 1, EAGER_INVALID_ARGUMENT,
                   "All values in block_shape must be positive, got value, %" PRId64
                   " at index %d.",
                   block, i);
    EAGER__REQUIRE(pair[0] >= 0 && pair[1] >= 0, EAGER_INVALID_ARGUMENT,
                   "%s must be non-negative: %" PRId64 " %" PRId64, around, pair[0],
                   pair[1]);
    EAGER__TRY(enlarge(out->block, block, &out->block));
  }
  return EAGER_OK;
}

static eager_status begin_result(eager__call *call, const blocking *b) {
  call->outputs[0].dtype = call->dtype;
  call->outputs[0].shape = *call->inputs[0].shape;
  bool same = true;
  for (int i = 0; i < b->axes; i++)
    same = same && b->blocks[i] == 1 && b->around[2 * i] == 0 && b->around[2 * i + 1] == 0;
  call->outputs[0].view_of = same;
  return EAGER_OK;
}

static eager_status infer_space_to_batch(eager__call *call) {
  blocking b;
  EAGER__TRY(read_blocking(call, "paddings", &b));
  EAGER__TRY(begin_result(call, &b));
  int64_t *dims = call->outputs[0].shape.dims;
  for (int i = 0; i < b.axes; i++) {
    int64_t dim = dims[1 + i];
    if (dim < 0) continue;
    EAGER__REQUIRE(b.around[2 * i] <= INT64_MAX - dim &&
                       b.around[2 * i + 1] <= INT64_MAX - dim - b.around[2 * i],
                   EAGER_INVALID_ARGUMENT,
                   "paddings[%d] add up to more than fits into 63 bits", i);
    dim += b.around[2 * i] + b.around[2 * i + 1];
    EAGER__REQUIRE(dim % b.blocks[i] == 0, EAGER_INVALID_ARGUMENT,
                   "padded_shape[%d]=%" PRId64 " is not divisible by block_shape[%d]="
                   "%" PRId64,
                   i, dim, i, b.blocks[i]);
    dims[1 + i] = dim / b.blocks[i];
  }
  return enlarge(dims[0], b.block, &dims[0]);
}

static eager_status infer_batch_to_space(eager__call *call) {
  blocking b;
  EAGER__TRY(read_blocking(call, "crops", &b));
  EAGER__TRY(begin_result(call, &b));
  int64_t *dims = call->outputs[0].shape.dims;
  EAGER__REQUIRE(dims[0] < 0 || dims[0] % b.block == 0, EAGER_INVALID_ARGUMENT,
                 "Batch dimension size %" PRId64
                 " is not divisible by block_shape product %" PRId64,
                 dims[0], b.block);
  if (dims[0] >= 0) dims[0] /= b.block;
  for (int i = 0; i < b.axes; i++) {
    int64_t dim;
    EAGER__TRY(enlarge(dims[1 + i], b.blocks[i], &dim));
    if (dim < 0) continue;
    const int64_t *crops = &b.around[2 * i];
    EAGER__REQUIRE(crops[0] <= dim && crops[1] <= dim - crops[0], EAGER_INVALID_ARGUMENT,
                   "crops %" PRId64 " and %" PRId64 " are more than the %" PRId64
                   " that axis %d has",
                   crops[0], crops[1], dim, 1 + i);
    dims[1 + i] = dim - crops[0] - crops[1];
  }
  return EAGER_OK;
}

typedef struct blocks_of_space { /* the kernels' */
  int64_t out_dims[8], x_dims[8], blocks[8], before[8];
  int64_t rank, out_batches, x_batches;
} blocks_of_space;

static eager_status add_blocks(eager__call *call, eager__commands *commands,
                               const char *around, const char *kernel) {
  const eager__shape *x = call->inputs[0].shape, *out = &call->outputs[0].shape;
  blocking b;
  EAGER__TRY(read_blocking(call, around, &b));
  blocks_of_space all = {
      .rank = b.axes, .out_batches = out->dims[0], .x_batches = x->dims[0]};
  for (int i = 0; i < b.axes; i++) {
    all.out_dims[i] = out->dims[1 + i];
    all.x_dims[i] = x->dims[1 + i];
    all.blocks[i] = b.blocks[i];
    all.before[i] = b.around[2 * i];
  }
  int64_t columns = eager__shape_product(out, 1 + b.axes, out->rank);
  eager__kernel_begin(commands, &eager__family_layout, eager__move_dtype(call->dtype),
                      kernel);
  eager__spread spread =
      eager__spread_make(commands, eager__shape_elements(out) / columns, columns);
  eager__arg_output(commands, 0);
  eager__arg_input(commands, 0);
  eager__arg_bytes(commands, &all, sizeof all);
  eager__arg_bytes(commands, &spread, sizeof spread);
  return eager__kernel_end(commands, eager__spread_grid(commands, &spread));
}

static eager_status launch_space_to_batch(eager__call *call, eager__commands *commands) {
  return add_blocks(call, commands, "paddings", "space_to_batch");
}

static eager_status launch_batch_to_space(eager__call *call, eager__commands *commands) {
  return add_blocks(call, commands, "crops", "batch_to_space");
}

enum { BLOCK_SIZE, DATA_FORMAT }; /* the attributes of the first two */
enum { DEPTH_TO_SPACE, SPACE_TO_DEPTH, BATCH_TO_SPACE, SPACE_TO_BATCH, COUNT };
static const eager__op ops[COUNT] = {
    [DEPTH_TO_SPACE] =
        {.name = "DepthToSpace",
         .typed = "eager_depth_to_space",
         .inputs = {{.name = "input"}},
         .dtypes = EAGER__ANY,
         .moves_only = true,
         .attrs = {[BLOCK_SIZE] = {.name = "block_size", EAGER__ATTR_INT, .required = true},
                   [DATA_FORMAT] = {.name = "data_format",
                                    EAGER__ATTR_STRING,
                                    .text = "NHWC"}},
         .infer = infer_depth_to_space,
         .launch = launch_depth_to_space},
    [SPACE_TO_DEPTH] =
        {.name = "SpaceToDepth",
         .typed = "eager_space_to_depth",
         .inputs = {{.name = "input"}},
         .dtypes = EAGER__ANY,
         .moves_only = true,
         .attrs = {[BLOCK_SIZE] = {.name = "block_size", EAGER__ATTR_INT, .required = true},
                   [DATA_FORMAT] = {.name = "data_format",
                                    EAGER__ATTR_STRING,
                                    .text = "NHWC"}},
         .infer = infer_space_to_depth,
         .launch = launch_space_to_depth},
    [BATCH_TO_SPACE] =
        {.name = "BatchToSpaceND",
         .typed = "eager_batch_to_space",
         .inputs = {{.name = "input"}},
         .dtypes = EAGER__ANY,
         .moves_only = true,
         .attrs = {{.name = "block_shape", EAGER__ATTR_INT_LIST, .required = true},
                   {.name = "crops", EAGER__ATTR_INT_LIST, .required = true}},
         .infer = infer_batch_to_space,
         .launch = launch_batch_to_space},
    [SPACE_TO_BATCH] =
        {.name = "SpaceToBatchND",
         .typed = "eager_space_to_batch",
         .inputs = {{.name = "input"}},
         .dtypes = EAGER__ANY,
         .moves_only = true,
         .attrs = {{.name = "block_shape", EAGER__ATTR_INT_LIST, .required = true},
                   {.name = "paddings", EAGER__ATTR_INT_LIST, .required = true}},
         .infer = infer_space_to_batch,
         .launch = launch_space_to_batch},
};
const eager__op_list eager__ops_space = {ops, COUNT};

static eager_status run_image(const eager__op *op, eager_tensor *x, int64_t block_size,
                              const char *data_format, eager_tensor **out) {
  eager__call call;
  EAGER__TRY(eager__call_begin(&call, op, &x, 1));
  eager__call_set_int(&call, "block_size", block_size);
  if (data_format) eager__call_set_string(&call, "data_format", data_format);
  return eager__call_run(&call, NULL, out, 1);
}

eager_status eager_depth_to_space(eager_tensor *x, int64_t block_size,
                                  const char *data_format, eager_tensor **out) {
  return run_image(&ops[DEPTH_TO_SPACE], x, block_size, data_format, out);
}

eager_status eager_space_to_depth(eager_tensor *x, int64_t block_size,
                                  const char *data_format, eager_tensor **out) {
  return run_image(&ops[SPACE_TO_DEPTH], x, block_size, data_format, out);
}

eager_status eager_batch_to_space(eager_tensor *x, const int64_t *block_shape,
                                  int block_rank, const int64_t *crops,
                                  eager_tensor **out) {
  eager__call call;
  EAGER__TRY(eager__call_begin(&call, &ops[BATCH_TO_SPACE], &x, 1));
  eager__call_set_ints(&call, "block_shape", block_shape, (size_t)block_rank);
  eager__call_set_ints(&call, "crops", crops, 2 * (size_t)block_rank);
  return eager__call_run(&call, NULL, out, 1);
}

eager_status eager_space_to_batch(eager_tensor *x, const int64_t *block_shape,
                                  int block_rank, const int64_t *paddings,
                                  eager_tensor **out) {
  eager__call call;
  EAGER__TRY(eager__call_begin(&call, &ops[SPACE_TO_BATCH], &x, 1));
  eager__call_set_ints(&call, "block_shape", block_shape, (size_t)block_rank);
  eager__call_set_ints(&call, "paddings", paddings, 2 * (size_t)block_rank);
  return eager__call_run(&call, NULL, out, 1);
}
