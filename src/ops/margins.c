#include "ops/margins.h"

#include "ops/families.h"
#include "ops/moves.h"

/* Whether x has all of axis `d`, as it is. */
static bool is_plain(const eager__margins *m, int d) {
  return m->before[d] == 0 && m->x_dims[d] == m->out_dims[d];
}

/* Whether axis `outer` goes together with its neighbour `inner`. A mirror turns whole rows
 * of the outer one round only when it leaves them in order inside. */
static bool can_join(const eager__margins *m, int outer, int inner,
                     eager__margin_kind kind) {
  if (!is_plain(m, inner)) return false;
  return kind != EAGER__MARGIN_MIRROR || is_plain(m, outer);
}

eager__margins eager__margins_make(const eager__call *call, const int64_t *before,
                                   eager__margin_kind kind) {
  const eager__shape *x = call->inputs[0].shape, *out = &call->outputs[0].shape;
  eager__margins m = {.out_dims = {1}, .x_dims = {1}};
  int last = 0;
  for (int d = 0; d < out->rank; d++) {
    last += d > 0;
    m.out_dims[last] = out->dims[d];
    m.x_dims[last] = x->dims[d];
    m.before[last] = before[d];
    if (last == 0 || !can_join(&m, last - 1, last, kind)) continue;
    int64_t inner = m.out_dims[last--];
    m.out_dims[last] *= inner;
    m.x_dims[last] *= inner;
    m.before[last] *= inner;
  }
  m.rank = last;
  return m;
}

static const char *const kernels[] = {
    [EAGER__MARGIN_PAD] = "pad_rows",
    [EAGER__MARGIN_MIRROR] = "mirror_rows",
    [EAGER__MARGIN_WRAP] = "wrap_rows",
};

eager_status eager__add_margins(eager__commands *commands, const eager__margins *margins,
                                eager__margin_kind kind, int edge) {
  const eager__call *call = commands->call;
  int64_t columns = margins->out_dims[margins->rank];
  int64_t rows = eager__shape_elements(&call->outputs[0].shape) / columns;
  eager__kernel_begin(commands, &eager__family_layout, eager__move_dtype(call->dtype),
                      kernels[kind]);
  eager__spread spread = eager__spread_make(commands, rows, columns);
  eager__arg_output(commands, 0);
  eager__arg_input(commands, 0);
  if (kind == EAGER__MARGIN_PAD) {
    bool has_value = call->input_count > 1;
    eager__arg_input(commands, has_value ? 1 : 0);
    eager__arg_int(commands, has_value);
  }
  if (kind == EAGER__MARGIN_MIRROR) eager__arg_int(commands, edge);
  eager__arg_bytes(commands, margins, sizeof *margins);
  eager__arg_bytes(commands, &spread, sizeof spread);
  return eager__kernel_end(commands, eager__spread_grid(commands, &spread));
}
