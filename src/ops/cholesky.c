/* Cholesky: blocks on the diagonal, the rows below them, and what these leave of the rest.
 */
#include "eagercl/ops.h"
#include "ops/factor.h"
#include "ops/families.h"
#include "ops/plan.h"
#include "runtime/run.h"

static eager_status infer(eager__call *call) {
  EAGER__TRY(eager__check_matrices(call, 0, true));
  call->outputs[0].dtype = call->dtype;
  call->outputs[0].shape = *call->inputs[0].shape;
  return EAGER_OK;
}

static eager_status add_block(eager__commands *commands, const eager__work *work,
                              const eager__factor *s) {
  eager__kernel_begin(commands, &eager__family_factor, work->dtype, "cholesky_block");
  if (commands->status != EAGER_OK) return commands->status;
  int64_t most = (int64_t)eager__kernel_group_most(commands);
  most = eager__at_most(most, (int64_t)eager__commands_traits(commands)->max_local_size);
  int64_t items = eager__at_most(s->size, most);
  eager__arg_at(commands, &work->at);
  eager__arg_bytes(commands, s, sizeof *s);
  eager__arg_cell(commands);
  eager__arg_local(commands,
                   (size_t)(s->size * (s->size + 1)) * eager_dtype_size(work->dtype));
  return eager__kernel_end(commands, eager__grid_1d(s->count * items, items));
}

static eager_status add_panel(eager__commands *commands, const eager__work *work,
                              const eager__factor *s, int panel) {
  eager__kernel_begin(commands, &eager__family_factor, work->dtype, "cholesky_panel");
  eager__arg_at(commands, &work->at);
  eager__arg_scratch(commands, panel);
  eager__arg_bytes(commands, s, sizeof *s);
  return eager__kernel_end(
      commands, eager__factor_grid(commands, s->count * (s->n - s->at - s->size)));
}

/* Above the diagonal too, where nothing is read. */
static eager_status add_update(eager__commands *commands, const eager__work *work,
                               const eager__factor *s, int panel) {
  int64_t next = s->at + s->size, rows = s->n - next, step = s->n * s->n;
  eager__spot a = work->at, c = work->at;
  a.offset += next * s->n + s->at;
  c.offset += next * (s->n + 1);
  eager__product p = {.dtype = work->dtype,
                      .m = rows,
                      .n = rows,
                      .k = s->size,
                      .a = {a, s->n, 1},
                      .b = {{EAGER__PLACE_SCRATCH, panel, 0}, rows, 1},
                      .c = {c, s->n, 1},
                      .rank = 1,
                      .dims = {s->count},
                      .strides = {{step}, {s->size * rows}, {step}},
                      .subtract = true};
  return eager__add_product(commands, &p);
}

static eager_status launch(eager__call *call, eager__commands *commands) {
  eager__shape batch = eager__batch_of(call->inputs[0].shape);
  eager__stack x = eager__stack_of(call, 0, &batch);
  eager__work work = eager__work_output(commands, x.count, x.rows, x.rows);
  eager__factor s = {.n = x.rows, .count = x.count};
  int64_t below = eager__at_least(s.n - EAGER__FACTOR_BLOCK, 1);
  size_t element = eager_dtype_size(work.dtype);
  int panel =
      eager__scratch(commands, (size_t)(s.count * below * EAGER__FACTOR_BLOCK) * element);
  eager__check_text(commands, EAGER_INVALID_ARGUMENT,
                    "Cholesky decomposition was not successful. The input might not be "
                    "valid. (matrix # of the batch)");
  EAGER__TRY(eager__work_load(commands, &x, false, true, &work));
  for (s.at = 0; s.at < s.n; s.at += EAGER__FACTOR_BLOCK) {
    s.size = eager__at_most(EAGER__FACTOR_BLOCK, s.n - s.at);
    EAGER__TRY(add_block(commands, &work, &s));
    if (s.at + s.size == s.n) break;
    EAGER__TRY(add_panel(commands, &work, &s, panel));
    EAGER__TRY(add_update(commands, &work, &s, panel));
  }
  return eager__work_store(commands, &work, true);
}

static const eager__op cholesky = {
    .name = "Cholesky",
    .typed = "eager_cholesky",
    .inputs = {{.name = "input"}},
    .dtypes = EAGER__FLOATS,
    .checked = true,
    .infer = infer,
    .launch = launch,
};
const eager__op_list eager__ops_cholesky = {&cholesky, 1};

eager_status eager_cholesky(eager_tensor *x, eager_tensor **out) {
  eager__call call;
  EAGER__TRY(eager__call_begin(&call, &cholesky, &x, 1));
  return eager__call_run(&call, NULL, out, 1);
}
