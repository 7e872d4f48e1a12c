/* ResizeBilinear, ResizeNearestNeighbor and their gradients. */
#include <inttypes.h>

#include "eagercl/ops.h"
#include "ops/families.h"
#include "ops/grids.h"
#include "ops/plan.h"
#include "runtime/commands.h"
#include "runtime/run.h"

/* As in resize.cl. */
typedef struct resizing {
  int64_t count, in, out, inner;
  int32_t align, half_pixels;
  float scale, unused;
} resizing;

typedef struct kind {
  bool is_nearest, is_gradient;
} kind;

static eager_status check_flags(const eager__call *call) {
  EAGER__REQUIRE(!eager__attr_get(call, "align_corners")->i ||
                     !eager__attr_get(call, "half_pixel_centers")->i,
                 EAGER_INVALID_ARGUMENT,
                 "If half_pixel_centers is True, align_corners must be False.");
  return EAGER_OK;
}

static eager_status check_images(const eager__call *call, int input) {
  const eager__shape *x = call->inputs[input].shape;
  EAGER__REQUIRE(x->rank == 4, EAGER_INVALID_ARGUMENT,
                 "%s must be 4-dimensional, got rank %d", call->op->inputs[input].name,
                 x->rank);
  EAGER__REQUIRE(x->dims[1] != 0 && x->dims[2] != 0, EAGER_INVALID_ARGUMENT,
                 "input image must be of non-zero size");
  EAGER__REQUIRE(x->dims[1] <= INT32_MAX && x->dims[2] <= INT32_MAX, EAGER_INVALID_ARGUMENT,
                 "input sizes must be between 0 and max int32");
  return EAGER_OK;
}

static eager_status read_size(const eager__call *call, int64_t out[2]) {
  const eager__attr *size = eager__attr_get(call, "size");
  EAGER__REQUIRE(size->ints, EAGER_INVALID_ARGUMENT, "size must not be NULL");
  EAGER__REQUIRE(size->count == 2, EAGER_INVALID_ARGUMENT,
                 "size must have 2 elements, got %zu", size->count);
  for (int i = 0; i < 2; i++) {
    out[i] = size->ints[i];
    EAGER__REQUIRE(out[i] > 0 && out[i] <= INT32_MAX, EAGER_INVALID_ARGUMENT,
                   "output dimensions must be positive, got %" PRId64, out[i]);
  }
  return EAGER_OK;
}

static eager_status infer(eager__call *call) {
  const kind *of = call->op->data;
  int64_t size[2];
  EAGER__TRY(check_flags(call));
  EAGER__TRY(check_images(call, 0));
  EAGER__TRY(read_size(call, size));
  call->outputs[0].dtype = of->is_nearest || of->is_gradient ? call->dtype : EAGER_FLOAT32;
  call->outputs[0].shape = *call->inputs[0].shape;
  call->outputs[0].shape.dims[1] = size[0];
  call->outputs[0].shape.dims[2] = size[1];
  return EAGER_OK;
}

static eager_status infer_bilinear_gradient(eager__call *call) {
  EAGER__TRY(check_flags(call));
  EAGER__TRY(check_images(call, 0));
  EAGER__TRY(check_images(call, 1));
  const eager__shape *dy = call->inputs[0].shape, *x = call->inputs[1].shape;
  EAGER__REQUIRE((dy->dims[0] == x->dims[0] || dy->dims[0] < 0 || x->dims[0] < 0) &&
                     (dy->dims[3] == x->dims[3] || dy->dims[3] < 0 || x->dims[3] < 0),
                 EAGER_INVALID_ARGUMENT,
                 "gradients and original image differ in batch or channels: %" PRId64
                 " and %" PRId64 ", %" PRId64 " and %" PRId64,
                 dy->dims[0], x->dims[0], dy->dims[3], x->dims[3]);
  call->outputs[0].dtype = call->dtype;
  call->outputs[0].shape = *x;
  return EAGER_OK;
}

/* As TensorFlow's CalculateResizeScale: in float32. */
static resizing describe(const eager__call *call, int64_t in, int64_t out) {
  resizing r = {.in = in, .out = out};
  r.align = (int32_t)eager__attr_get(call, "align_corners")->i;
  r.half_pixels = (int32_t)eager__attr_get(call, "half_pixel_centers")->i;
  r.scale =
      r.align && out > 1 ? (float)(in - 1) / (float)(out - 1) : (float)in / (float)out;
  return r;
}

static eager_status end(eager__commands *commands, int64_t count) {
  return eager__kernel_end(commands, eager__grid_1d(count, eager__group_size(commands)));
}

static eager_status launch(eager__call *call, eager__commands *commands) {
  const kind *of = call->op->data;
  const eager__shape *x = call->inputs[0].shape, *y = &call->outputs[0].shape;
  resizing rows = describe(call, x->dims[1], y->dims[1]);
  resizing columns = describe(call, x->dims[2], y->dims[2]);
  int64_t channels = x->dims[3], each = 1;
  if (eager__commands_traits(commands)->cpu_like)
    each = eager__at_most(channels, EAGER__TRIPS);
  rows.count = eager__shape_elements(y) / channels * eager__ceil_div(channels, each);
  eager__kernel_begin(commands, &eager__family_resize, call->dtype,
                      of->is_nearest ? "nearest" : "bilinear");
  eager__arg_input(commands, 0);
  eager__arg_output(commands, 0);
  eager__arg_bytes(commands, &rows, sizeof rows);
  eager__arg_bytes(commands, &columns, sizeof columns);
  eager__arg_long(commands, channels);
  eager__arg_long(commands, each);
  return end(commands, rows.count);
}

/* First the rows, into scratch [batch][in_height][out_width][channels], then columns. */
static eager_status launch_gradient(eager__call *call, eager__commands *commands) {
  const kind *of = call->op->data;
  const eager__shape *dy = call->inputs[0].shape, *dx = &call->outputs[0].shape;
  int64_t limit = eager__commands_traits(commands)->loop_limit;
  EAGER__REQUIRE(!limit || (dy->dims[1] < limit && dy->dims[2] < limit),
                 EAGER_UNIMPLEMENTED,
                 "images of %" PRId64 " x %" PRId64 " are too large for this device",
                 dy->dims[1], dy->dims[2]);
  resizing rows = describe(call, dx->dims[1], dy->dims[1]);
  resizing columns = describe(call, dx->dims[2], dy->dims[2]);
  columns.inner = dx->dims[3];
  columns.count = eager__shape_elements(dx);
  rows.inner = dy->dims[2] * dy->dims[3];
  rows.count = dx->dims[0] * dx->dims[1] * rows.inner;
  size_t element = eager__computed_size(call->dtype);
  int between = eager__scratch(commands, (size_t)rows.count * element);
  eager__kernel_begin(commands, &eager__family_resize, call->dtype,
                      of->is_nearest ? "nearest_back_rows" : "bilinear_back_rows");
  eager__arg_input(commands, 0);
  eager__arg_scratch(commands, between);
  eager__arg_bytes(commands, &rows, sizeof rows);
  EAGER__TRY(end(commands, rows.count));
  eager__kernel_begin(commands, &eager__family_resize, call->dtype,
                      of->is_nearest ? "nearest_back_columns" : "bilinear_back_columns");
  eager__arg_scratch(commands, between);
  eager__arg_output(commands, 0);
  eager__arg_bytes(commands, &columns, sizeof columns);
  return end(commands, columns.count);
}

/* --- Records --- */

#define FLAGS                                                                              \
  {.name = "align_corners", EAGER__ATTR_BOOL}, {                                           \
    .name = "half_pixel_centers", EAGER__ATTR_BOOL                                         \
  }
#define SIZE                                                                               \
  { .name = "size", EAGER__ATTR_INT_LIST, .required = true }

static const kind bilinear = {false, false}, nearest = {true, false};
static const kind bilinear_back = {false, true}, nearest_back = {true, true};

enum { BILINEAR, NEAREST, BILINEAR_GRAD, NEAREST_GRAD, COUNT };
static const eager__op ops[COUNT] = {
    [BILINEAR] = {.name = "ResizeBilinear",
                  .typed = "eager_resize_bilinear",
                  .inputs = {{.name = "images"}},
                  .dtypes = EAGER__NUMBERS,
                  .attrs = {SIZE, FLAGS},
                  .infer = infer,
                  .launch = launch,
                  .data = &bilinear},
    [NEAREST] = {.name = "ResizeNearestNeighbor",
                 .typed = "eager_resize_nearest_neighbor",
                 .inputs = {{.name = "images"}},
                 .dtypes = EAGER__NUMBERS,
                 .attrs = {SIZE, FLAGS},
                 .infer = infer,
                 .launch = launch,
                 .data = &nearest},
    [BILINEAR_GRAD] = {.name = "ResizeBilinearGrad",
                       .typed = "eager_resize_bilinear_grad",
                       .inputs = {{.name = "grads", EAGER__BIT(EAGER_FLOAT32)},
                                  {.name = "original_image"}},
                       .dtypes = EAGER__FLOATS,
                       .attrs = {FLAGS},
                       .infer = infer_bilinear_gradient,
                       .launch = launch_gradient,
                       .data = &bilinear_back},
    [NEAREST_GRAD] = {.name = "ResizeNearestNeighborGrad",
                      .typed = "eager_resize_nearest_neighbor_grad",
                      .inputs = {{.name = "grads"}},
                      .dtypes = EAGER__NUMBERS,
                      .attrs = {SIZE, FLAGS},
                      .infer = infer,
                      .launch = launch_gradient,
                      .data = &nearest_back},
};
const eager__op_list eager__ops_resize = {ops, COUNT};

/* --- Doors --- */

static eager_status run(int op, eager_tensor *const *inputs, int input_count,
                        const int64_t *size, bool align_corners, bool half_pixel_centers,
                        eager_tensor **out) {
  eager__call call;
  if (out) *out = NULL;
  EAGER__TRY(eager__call_begin(&call, &ops[op], inputs, input_count));
  if (op != BILINEAR_GRAD) eager__call_set_ints(&call, "size", size, 2);
  eager__call_set_int(&call, "align_corners", align_corners);
  eager__call_set_int(&call, "half_pixel_centers", half_pixel_centers);
  return eager__call_run(&call, NULL, out, 1);
}

eager_status eager_resize_bilinear(eager_tensor *images, const int64_t size[2],
                                   bool align_corners, bool half_pixel_centers,
                                   eager_tensor **out) {
  return run(BILINEAR, &images, 1, size, align_corners, half_pixel_centers, out);
}

eager_status eager_resize_nearest_neighbor(eager_tensor *images, const int64_t size[2],
                                           bool align_corners, bool half_pixel_centers,
                                           eager_tensor **out) {
  return run(NEAREST, &images, 1, size, align_corners, half_pixel_centers, out);
}

eager_status eager_resize_bilinear_grad(eager_tensor *grads, eager_tensor *original_image,
                                        bool align_corners, bool half_pixel_centers,
                                        eager_tensor **out) {
  return run(BILINEAR_GRAD, (eager_tensor *[]){grads, original_image}, 2, NULL,
             align_corners, half_pixel_centers, out);
}

eager_status eager_resize_nearest_neighbor_grad(eager_tensor *grads, const int64_t size[2],
                                                bool align_corners, bool half_pixel_centers,
                                                eager_tensor **out) {
  return run(NEAREST_GRAD, &grads, 1, size, align_corners, half_pixel_centers, out);
}
