/* Fused: several elementwise steps. The text of its kernel: fused_text. */
#include "ops/fused.h"

#include <assert.h>
#include <string.h>

#include "base/dtype.h"
#include "cl/user_program.h"
#include "ops/elementwise_kernel.h"
#include "ops/fused_text.h"
#include "ops/fused_values.h"
#include "ops/lanes.h"
#include "runtime/commands.h"

/* --- What may be a step --- */

static bool attr_is_given(const eager__attr *attrs) {
  return attrs != NULL && attrs[0].given;
}

static eager_dtype cast_dtype(const eager__attr *attrs, eager_dtype from, eager_dtype to) {
  bool truncates = attrs != NULL && attrs[1].given && attrs[1].i;
  if (truncates || from == to || (from != EAGER_BOOL && to != EAGER_BOOL))
    return EAGER_DTYPE_INVALID;
  return from == EAGER_BOOL ? to : from;
}

eager_dtype eager__fused_dtype(const eager__op *op, const eager__attr *attrs,
                               const eager_dtype *inputs, int input_count,
                               eager_dtype output) {
  eager__elementwise row;
  const eager__family *family;
  if (eager__fused_is_cast(op)) return cast_dtype(attrs, inputs[0], output);
  eager_dtype dtype = inputs[input_count - 1];
  if (!eager__elementwise_find(op, dtype, &row, &family)) return EAGER_DTYPE_INVALID;
  /* The one attribute that is no parameter asks whether shapes must broadcast. */
  bool may_differ = !row.has_parameter && attr_is_given(attrs) && !attrs[0].i;
  return row.bad || row.to_bytes || may_differ ? EAGER_DTYPE_INVALID : dtype;
}

double eager__fused_parameter(const eager__op *op, const eager__attr *attrs) {
  eager__elementwise row;
  const eager__family *family;
  if (!eager__elementwise_find(op, EAGER_FLOAT32, &row, &family) || !row.has_parameter)
    return 0;
  return attr_is_given(attrs) ? attrs[0].f : op->attrs[0].number;
}

/* --- Shapes --- */

/* Dimensions joined while the same inputs repeat along them. The layout stands once more in
 * cl_kernels/fused.cl. */
typedef struct fused_shape {
  int64_t dims[EAGER__MAX_RANK];
  int32_t repeats[EAGER__FUSED_INPUTS]; /* in the kernel: of the inputs that need a walk */
  int32_t rank, stream;
} fused_shape;

static bool repeats_along(const eager__shape *input, const eager__shape *whole, int d) {
  int own = d - (whole->rank - input->rank);
  return own < 0 || input->dims[own] == 1;
}

/* Inputs that repeat along dimension d, as bits. */
static uint32_t repeaters(const eager__call *call, int d) {
  uint32_t bits = 0;
  for (int k = 0; k < call->input_count; k++)
    if (repeats_along(call->inputs[k].shape, &call->outputs[0].shape, d)) bits |= 1u << k;
  return bits;
}

static void join_dims(const eager__call *call, fused_shape *out) {
  const eager__shape *whole = &call->outputs[0].shape;
  uint32_t last = 0;
  *out = (fused_shape){.rank = 0};
  for (int d = 0; d < whole->rank; d++) {
    if (whole->dims[d] == 1) continue;
    uint32_t bits = repeaters(call, d);
    if (out->rank > 0 && bits == last) {
      out->dims[out->rank - 1] *= whole->dims[d];
      continue;
    }
    for (int k = 0; k < call->input_count; k++)
      if (bits >> k & 1) out->repeats[k] |= 1 << out->rank;
    out->dims[out->rank++] = whole->dims[d];
    last = bits;
  }
}

static eager__fused_reach reach_of(const fused_shape *shape, int input) {
  int32_t repeats = shape->repeats[input], all = (1 << shape->rank) - 1;
  if (repeats == 0) return EAGER__FUSED_WHOLE;
  if (repeats == all) return EAGER__FUSED_SINGLE;
  return repeats >> (shape->rank - 1) ? EAGER__FUSED_COLUMN : EAGER__FUSED_ROW;
}

/* Fills `out` and leaves in `shape` what its kernel takes. */
static void choose(const eager__traits *traits, const eager__call *call, fused_shape *shape,
                   eager__fused_kernel *out) {
  int partials = 0;
  join_dims(call, shape);
  out->fused = call->user;
  for (int k = 0; k < call->input_count; k++) {
    out->reach[k] = reach_of(shape, k);
    if (out->reach[k] == EAGER__FUSED_ROW || out->reach[k] == EAGER__FUSED_COLUMN)
      shape->repeats[partials++] = shape->repeats[k];
  }
  int64_t columns = shape->rank > 0 ? shape->dims[shape->rank - 1] : 1;
  out->form = !traits->cpu_like                ? EAGER__FUSED_LANES
              : partials == 0                  ? EAGER__FUSED_FLAT
              : columns < traits->vector_width ? EAGER__FUSED_SHORT
                                               : EAGER__FUSED_ROWS;
  if (partials == 0) shape->rank = 0; /* the kernel takes none */
  for (int k = 0; k < call->input_count && out->form != EAGER__FUSED_ROWS; k++)
    if (out->reach[k] == EAGER__FUSED_COLUMN) out->reach[k] = EAGER__FUSED_ROW;
}

/* --- The program --- */

static void write_program(const eager__user_source *source, eager__strbuf *text) {
  eager__fused_write(source->of, text);
}

static eager_status find_family(const eager__fused_kernel *kernel,
                                const eager__family **out) {
  eager__family wanted = {.name = "a fused kernel",
                          .files = {"words"},
                          .blocks = {"fused"},
                          .groups = {"fused"}};
  eager__fused_add_files(kernel->fused, &wanted);
  eager__strbuf described = {0};
  eager__fused_describe(kernel, &described);
  eager__user_source source = {.written = eager__strbuf_text(&described),
                               .options = "",
                               .write = write_program,
                               .of = kernel,
                               .is_library = true};
  eager_status status = described.failed ? eager__out_of_memory(described.size)
                                         : eager__user_family(&wanted, &source, out);
  eager__strbuf_free(&described);
  return status;
}

/* --- The op --- */

static eager_status count_outputs(const eager__call *call, int *out_count) {
  *out_count = ((const eager__fused *)call->user)->output_count;
  return EAGER_OK;
}

static eager_status infer(eager__call *call) {
  const eager__fused *fused = call->user;
  assert(call->input_count == fused->input_count);
  eager__shape shape = *call->inputs[0].shape;
  for (int k = 0; k < call->input_count; k++) {
    assert(call->inputs[k].dtype == fused->inputs[k]);
    EAGER__TRY(eager__shape_broadcast(&shape, call->inputs[k].shape, &shape));
  }
  call->dtype = fused->dtype;
  for (int i = 0; i < call->output_count; i++) {
    call->outputs[i].shape = shape;
    call->outputs[i].dtype = fused->steps[fused->outputs[i]].dtype;
  }
  return EAGER_OK;
}

static int64_t output_size(const eager__call *call, int64_t n) {
  int64_t size = 0;
  for (int i = 0; i < call->output_count; i++)
    size += n * (int64_t)eager_dtype_size(call->outputs[i].dtype);
  return size;
}

static eager_status launch(eager__call *call, eager__commands *commands) {
  const eager__fused *fused = call->user;
  int64_t n = eager__shape_elements(&call->outputs[0].shape);
  eager__fused_kernel kernel;
  fused_shape shape;
  choose(eager__commands_traits(commands), call, &shape, &kernel);
  shape.stream = eager__lanes_stream(output_size(call, n));
  const eager__family *family;
  EAGER__TRY(find_family(&kernel, &family));
  eager__kernel_begin(commands, family, fused->dtype, "fused");
  for (int i = 0; i < call->output_count; i++) eager__arg_output(commands, i);
  for (int k = 0; k < call->input_count; k++) eager__arg_input(commands, k);
  bool by_rows = kernel.form == EAGER__FUSED_ROWS || kernel.form == EAGER__FUSED_SHORT;
  eager__lanes plan = by_rows
                          ? eager__lanes_plan_rows(commands, n, shape.dims[shape.rank - 1])
                          : eager__lanes_plan(commands, n);
  eager__arg_long(commands, n);
  eager__arg_long(commands, plan.chunk);
  if (shape.rank > 0)
    eager__arg_bytes(commands, &shape, sizeof shape);
  else
    eager__arg_int(commands, shape.stream);
  return eager__kernel_end(commands, plan.grid);
}

const eager__op eager__op_fused = {
    .name = "Fused",
    .inputs = {{.name = "inputs", .dtypes = EAGER__ANY}},
    .variadic = true,
    .count_outputs = count_outputs,
    .infer = infer,
    .launch = launch,
};
