/* Pad, PadV2, MirrorPad: margins around a tensor. MirrorPadGrad: back. */
#include <inttypes.h>
#include <string.h>

#include "eagercl/ops.h"
#include "ops/families.h"
#include "ops/grids.h"
#include "ops/margins.h"
#include "ops/plan.h"
#include "ops/shape_attr.h"
#include "runtime/run.h"

/* paddings: two numbers per axis, before and after. */
static eager_status read_paddings(const eager__call *call, const int64_t **out) {
  int rank = call->inputs[0].shape->rank;
  const eager__attr *list;
  EAGER__TRY(eager__list_attr_get(call, "paddings", 2 * EAGER__MAX_RANK, &list));
  EAGER__REQUIRE(list->count == 2 * (size_t)rank, EAGER_INVALID_ARGUMENT,
                 "The first dimension of paddings must be the rank of inputs (%d): two "
                 "numbers per axis, but paddings has %zu",
                 rank, list->count);
  for (int i = 0; i < rank; i++)
    EAGER__REQUIRE(list->ints[2 * i] >= 0 && list->ints[2 * i + 1] >= 0,
                   EAGER_INVALID_ARGUMENT,
                   "Paddings must be non-negative: %" PRId64 " %" PRId64, list->ints[2 * i],
                   list->ints[2 * i + 1]);
  *out = list->ints;
  return EAGER_OK;
}

/* Extent `dim` with what stands before and after it. */
static eager_status add_padding(int64_t dim, const int64_t paddings[2], int64_t *out) {
  *out = -1;
  if (dim < 0) return EAGER_OK;
  EAGER__REQUIRE(paddings[0] <= INT64_MAX - dim &&
                     paddings[1] <= INT64_MAX - dim - paddings[0],
                 EAGER_INVALID_ARGUMENT,
                 "an extent of %" PRId64 " and its paddings, %" PRId64 " and %" PRId64
                 ", add up to more than fits into 63 bits",
                 dim, paddings[0], paddings[1]);
  *out = dim + paddings[0] + paddings[1];
  return EAGER_OK;
}

static eager_status infer(eager__call *call) {
  const eager__shape *x = call->inputs[0].shape;
  const int64_t *paddings;
  bool none = true;
  EAGER__TRY(read_paddings(call, &paddings));
  eager__result *out = &call->outputs[0];
  out->dtype = call->dtype;
  out->shape.rank = x->rank;
  for (int i = 0; i < x->rank; i++) {
    EAGER__TRY(add_padding(x->dims[i], &paddings[2 * i], &out->shape.dims[i]));
    none = none && paddings[2 * i] == 0 && paddings[2 * i + 1] == 0;
  }
  out->view_of = none;
  return EAGER_OK;
}

static eager_status add(eager__call *call, eager__commands *commands,
                        eager__margin_kind kind, int edge) {
  const int64_t *paddings;
  int64_t before[EAGER__MAX_RANK];
  EAGER__TRY(read_paddings(call, &paddings));
  for (int i = 0; i < call->inputs[0].shape->rank; i++) before[i] = paddings[2 * i];
  eager__margins margins = eager__margins_make(call, before, kind);
  return eager__add_margins(commands, &margins, kind, edge);
}

/* --- Pad, PadV2 --- */

static eager_status infer_pad(eager__call *call) {
  if (call->input_count > 1) {
    const eager__shape *value = call->inputs[1].shape;
    char text[EAGER__SHAPE_TEXT];
    EAGER__REQUIRE(value->rank == 0, EAGER_INVALID_ARGUMENT,
                   "constant_values must be a scalar. Found: %s",
                   eager__shape_text(value, text));
  }
  EAGER__TRY(infer(call));
  /* As a view of the first input it would be good where the second has failed. */
  if (call->input_count > 1) call->outputs[0].view_of = 0;
  return EAGER_OK;
}

static eager_status launch_pad(eager__call *call, eager__commands *commands) {
  return add(call, commands, EAGER__MARGIN_PAD, 0);
}

/* --- MirrorPad --- */

/* 1 when the outermost elements are repeated (SYMMETRIC), 0 when not (REFLECT). */
static eager_status read_mode(const eager__call *call, int *out_edge) {
  const char *mode = eager__attr_get(call, "mode")->text;
  *out_edge = mode && strcmp(mode, "SYMMETRIC") == 0;
  EAGER__REQUIRE(*out_edge || (mode && strcmp(mode, "REFLECT") == 0),
                 EAGER_INVALID_ARGUMENT, "mode must be either REFLECT or SYMMETRIC, got %s",
                 mode ? mode : "NULL");
  return EAGER_OK;
}

/* Whether the images fit: `x` is what is mirrored. */
static eager_status check_images(const eager__shape *x, const int64_t *paddings, int edge) {
  for (int i = 0; i < x->rank; i++) {
    int64_t dim = x->dims[i], before = paddings[2 * i], after = paddings[2 * i + 1];
    int64_t most = dim - 1 + edge;
    EAGER__REQUIRE(dim < 0 || (before <= most && after <= most), EAGER_INVALID_ARGUMENT,
                   "paddings must be %s the dimension size: %" PRId64 ", %" PRId64
                   " for %" PRId64,
                   edge ? "no greater than" : "less than", before, after, dim);
  }
  return EAGER_OK;
}

static eager_status infer_mirror(eager__call *call) {
  const int64_t *paddings;
  int edge;
  EAGER__TRY(read_mode(call, &edge));
  EAGER__TRY(read_paddings(call, &paddings));
  EAGER__TRY(check_images(call->inputs[0].shape, paddings, edge));
  return infer(call);
}

static eager_status launch_mirror(eager__call *call, eager__commands *commands) {
  int edge;
  EAGER__TRY(read_mode(call, &edge));
  return add(call, commands, EAGER__MARGIN_MIRROR, edge);
}

/* --- MirrorPadGrad --- */

static eager_status infer_mirror_grad(eager__call *call) {
  const eager__shape *dy = call->inputs[0].shape;
  eager__result *out = &call->outputs[0];
  const int64_t *paddings;
  int edge;
  EAGER__TRY(read_mode(call, &edge));
  EAGER__TRY(read_paddings(call, &paddings));
  bool none = true;
  out->dtype = call->dtype;
  out->shape = *dy;
  for (int i = 0; i < dy->rank; i++) {
    int64_t before = paddings[2 * i], after = paddings[2 * i + 1];
    none = none && before == 0 && after == 0;
    if (dy->dims[i] < 0) continue;
    EAGER__REQUIRE(before <= dy->dims[i] && after <= dy->dims[i] - before,
                   EAGER_INVALID_ARGUMENT,
                   "paddings %" PRId64 " and %" PRId64 " are more than the %" PRId64
                   " that axis %d of the input has",
                   before, after, dy->dims[i], i);
    out->shape.dims[i] -= before + after;
  }
  out->view_of = none;
  return check_images(&out->shape, paddings, edge);
}

typedef struct mirrors { /* the kernel's */
  int64_t dy_dims[8], x_dims[8], before[8];
  int64_t rank, edge;
} mirrors;

static eager_status launch_mirror_grad(eager__call *call, eager__commands *commands) {
  static const int64_t block = 1024; /* elements per work-item of a CPU */
  const eager__shape *dy = call->inputs[0].shape, *out = &call->outputs[0].shape;
  const int64_t *paddings;
  int edge;
  EAGER__TRY(read_mode(call, &edge));
  EAGER__TRY(read_paddings(call, &paddings));
  mirrors all = {.rank = dy->rank, .edge = edge};
  for (int i = 0; i < dy->rank; i++) {
    all.dy_dims[i] = dy->dims[i];
    all.x_dims[i] = out->dims[i];
    all.before[i] = paddings[2 * i];
  }
  bool cpu_like = eager__commands_traits(commands)->cpu_like;
  int64_t count = eager__shape_elements(out), each = cpu_like ? block : 1;
  eager__kernel_begin(commands, &eager__family_mirror, call->dtype, "mirror_grad");
  eager__arg_output(commands, 0);
  eager__arg_input(commands, 0);
  eager__arg_bytes(commands, &all, sizeof all);
  eager__arg_long(commands, count);
  eager__arg_long(commands, each);
  return eager__kernel_end(commands, eager__grid_each(commands, count, each));
}

enum { MODE = 1 }; /* of MirrorPad's and MirrorPadGrad's attributes */
enum { PAD, PAD_V2, MIRROR, MIRROR_GRAD, COUNT };
static const eager__op ops[COUNT] = {
    [PAD] = {.name = "Pad",
             .typed = "eager_pad",
             .inputs = {{.name = "input"}},
             .dtypes = EAGER__ANY,
             .moves_only = true,
             .attrs = {{.name = "paddings", EAGER__ATTR_INT_LIST, .required = true}},
             .infer = infer_pad,
             .launch = launch_pad},
    [PAD_V2] = {.name = "PadV2",
                .typed = "eager_pad_v2",
                .inputs = {{.name = "input"}, {.name = "constant_values"}},
                .dtypes = EAGER__ANY,
                .moves_only = true,
                .attrs = {{.name = "paddings", EAGER__ATTR_INT_LIST, .required = true}},
                .infer = infer_pad,
                .launch = launch_pad},
    [MIRROR] = {.name = "MirrorPad",
                .typed = "eager_mirror_pad",
                .inputs = {{.name = "input"}},
                .dtypes = EAGER__ANY,
                .moves_only = true,
                .attrs = {{.name = "paddings", EAGER__ATTR_INT_LIST, .required = true},
                          [MODE] = {.name = "mode", EAGER__ATTR_STRING, .required = true}},
                .infer = infer_mirror,
                .launch = launch_mirror},
    [MIRROR_GRAD] =
        {.name = "MirrorPadGrad",
         .typed = "eager_mirror_pad_grad",
         .inputs = {{.name = "input"}},
         .dtypes = EAGER__NUMBERS,
         .attrs = {{.name = "paddings", EAGER__ATTR_INT_LIST, .required = true},
                   [MODE] = {.name = "mode", EAGER__ATTR_STRING, .required = true}},
         .infer = infer_mirror_grad,
         .launch = launch_mirror_grad},
};
const eager__op_list eager__ops_pad = {ops, COUNT};

static void set_paddings(eager__call *call, const eager_tensor *x,
                         const int64_t *paddings) {
  size_t rank = x ? (size_t)eager_tensor_rank(x) : 0;
  eager__call_set_ints(call, "paddings", paddings, 2 * rank);
}

eager_status eager_pad(eager_tensor *x, const int64_t *paddings, eager_tensor **out) {
  eager__call call;
  EAGER__TRY(eager__call_begin(&call, &ops[PAD], &x, 1));
  set_paddings(&call, x, paddings);
  return eager__call_run(&call, NULL, out, 1);
}

eager_status eager_pad_v2(eager_tensor *x, const int64_t *paddings,
                          eager_tensor *constant_value, eager_tensor **out) {
  eager__call call;
  EAGER__TRY(
      eager__call_begin(&call, &ops[PAD_V2], (eager_tensor *[]){x, constant_value}, 2));
  set_paddings(&call, x, paddings);
  return eager__call_run(&call, NULL, out, 1);
}

static eager_status run_mirror(const eager__op *op, eager_tensor *x,
                               const int64_t *paddings, const char *mode,
                               eager_tensor **out) {
  eager__call call;
  EAGER__TRY(eager__call_begin(&call, op, &x, 1));
  set_paddings(&call, x, paddings);
  eager__call_set_string(&call, "mode", mode);
  return eager__call_run(&call, NULL, out, 1);
}

eager_status eager_mirror_pad(eager_tensor *x, const int64_t *paddings, const char *mode,
                              eager_tensor **out) {
  return run_mirror(&ops[MIRROR], x, paddings, mode, out);
}

eager_status eager_mirror_pad_grad(eager_tensor *dy, const int64_t *paddings,
                                   const char *mode, eager_tensor **out) {
  return run_mirror(&ops[MIRROR_GRAD], dy, paddings, mode, out);
}
