/* Cumsum Cumprod CumulativeLogsumexp: running totals along one axis, in three passes where
 * it is long. How it is cut depends on shapes alone: the same bits with any number of
 * threads. */
#include "eagercl/ops.h"
#include "ops/families.h"
#include "ops/grids.h"
#include "ops/plan.h"
#include "runtime/commands.h"
#include "runtime/run.h"

enum {
  PART_LEAST = 512,  /* elements of a GPU's work-item: below, two more passes do not pay */
  ITEMS_GPU = 16384, /* work-items that keep a GPU busy */
  PARTS_MOST = 1024, /* the pass over them takes one after the other */
  PART_LEAST_CPU = 8192, /* the same of CPUs */
  ITEMS_CPU = 64,
  ENOUGH = 8,       /* work-items that keep memory busy: better than a second look at x */
  LITTLE = 1 << 21, /* elements for which two will do */
  WIDE = 32,   /* vectors side by side: rows in pieces of 2 KB, which prefetchers like */
  WIDEST = 64, /* as in cumulative.cl */
};

/* As in cumulative.cl. */
typedef struct running {
  int64_t extent, inner, parts, part, tiles;
  int64_t count, lanes, reverse, exclusive;
} running;

typedef struct kernels {
  const char *totals, *starts, *parts;
} kernels;

static eager_status infer(eager__call *call) {
  const eager__shape *x = call->inputs[0].shape;
  int axis;
  EAGER__TRY(eager__shape_axis(eager__attr_get(call, "axis")->i, x->rank, "axis", &axis));
  call->outputs[0].dtype = call->dtype;
  call->outputs[0].shape = *x;
  return EAGER_OK;
}

/* Neighbours that one work-item takes along the axis. */
static int64_t lanes_of(const eager__traits *traits, int64_t outer, int64_t inner) {
  if (!traits->cpu_like || inner == 1) return 1;
  int64_t vectors = eager__ceil_div(inner, traits->vector_width);
  int64_t wide = eager__at_least(outer * vectors / ENOUGH, WIDE);
  wide = eager__at_most(wide, eager__ceil_div(outer * vectors, 2));
  return eager__at_most(eager__at_most(wide, WIDEST), vectors) * traits->vector_width;
}

static int64_t parts_on_cpu(const running *r, int64_t outer) {
  int64_t items = eager__at_least(outer * r->tiles, 1);
  int64_t elements = outer * r->extent * r->inner;
  if (items >= ENOUGH || (items > 1 && elements < LITTLE)) return 1;
  return eager__at_most(ITEMS_CPU / items, elements / PART_LEAST_CPU);
}

static int64_t parts_on_gpu(const running *r, int64_t outer) {
  int64_t wanted = ITEMS_GPU / eager__at_least(outer * r->tiles, 1);
  return eager__at_most(eager__at_most(wanted, PARTS_MOST), r->extent / PART_LEAST);
}

static void cut(running *r, int64_t parts) {
  r->parts = eager__at_least(eager__at_most(parts, r->extent), 1);
  r->part = eager__at_least(eager__ceil_div(r->extent, r->parts), 1);
}

static eager_status plan(const eager__call *call, const eager__traits *traits, running *out,
                         int64_t *out_outer) {
  const eager__shape *x = call->inputs[0].shape;
  int axis;
  EAGER__TRY(eager__shape_axis(eager__attr_get(call, "axis")->i, x->rank, "axis", &axis));
  int64_t outer = eager__shape_product(x, 0, axis);
  *out = (running){.extent = x->dims[axis],
                   .inner = eager__shape_product(x, axis + 1, x->rank),
                   .reverse = eager__attr_get(call, "reverse")->i,
                   .exclusive = eager__attr_get(call, "exclusive")->i};
  out->lanes = lanes_of(traits, outer, out->inner);
  out->tiles = eager__ceil_div(out->inner, out->lanes);
  cut(out, traits->cpu_like ? parts_on_cpu(out, outer) : parts_on_gpu(out, outer));
  if (traits->loop_limit) out->part = eager__at_most(out->part, EAGER__TRIPS);
  out->parts = eager__ceil_div(out->extent, out->part);
  /* The loop over lanes counts, too, in the pass over the parts. */
  EAGER__REQUIRE(!traits->loop_limit || out->parts <= EAGER__TRIPS / 2, EAGER_UNIMPLEMENTED,
                 "an axis of %lld elements is too long for this device",
                 (long long)out->extent);
  out->count = outer * out->parts * out->tiles;
  *out_outer = outer;
  return EAGER_OK;
}

static eager_status launch(eager__call *call, eager__commands *commands) {
  const kernels *row = call->op->data;
  running r;
  int64_t outer;
  EAGER__TRY(plan(call, eager__commands_traits(commands), &r, &outer));
  int totals = -1;
  if (r.parts > 1) {
    size_t size = (size_t)(outer * r.parts * r.inner) * eager__computed_size(call->dtype);
    totals = eager__scratch(commands, size);
    eager__kernel_begin(commands, &eager__family_cumulative, call->dtype, row->totals);
    eager__arg_input(commands, 0);
    eager__arg_scratch(commands, totals);
    eager__arg_bytes(commands, &r, sizeof r);
    EAGER__TRY(eager__kernel_end(commands, eager__grid_each(commands, r.count, 1)));

    running columns = r;
    columns.parts = 1;
    if (r.lanes > 1) columns.lanes = eager__commands_traits(commands)->vector_width;
    columns.tiles = eager__ceil_div(r.inner, columns.lanes);
    columns.count = outer * columns.tiles;
    eager__kernel_begin(commands, &eager__family_cumulative, call->dtype, row->starts);
    eager__arg_scratch(commands, totals);
    eager__arg_bytes(commands, &columns, sizeof columns);
    eager__arg_long(commands, r.parts);
    EAGER__TRY(eager__kernel_end(commands, eager__grid_each(commands, columns.count, 1)));
  }
  eager__kernel_begin(commands, &eager__family_cumulative, call->dtype, row->parts);
  eager__arg_input(commands, 0);
  eager__arg_output(commands, 0);
  if (totals >= 0)
    eager__arg_scratch(commands, totals);
  else
    eager__arg_output(commands, 0); /* not looked at */
  eager__arg_bytes(commands, &r, sizeof r);
  return eager__kernel_end(commands, eager__grid_each(commands, r.count, 1));
}

static const kernels sums = {"sum_totals", "sum_starts", "sum_parts"};
static const kernels products = {"prod_totals", "prod_starts", "prod_parts"};
static const kernels log_sums = {"log_sum_exp_totals", "log_sum_exp_starts",
                                 "log_sum_exp_parts"};

#define RUNS                                                                               \
  .inputs = {{.name = "x"}}, .infer = infer, .launch = launch,                             \
  .attrs = {{.name = "axis", .kind = EAGER__ATTR_INT},                                     \
            {.name = "exclusive", .kind = EAGER__ATTR_BOOL},                               \
            {.name = "reverse", .kind = EAGER__ATTR_BOOL}}

enum { SUM, PROD, LOG_SUM_EXP, COUNT };
static const eager__op ops[COUNT] = {
    [SUM] = {"Cumsum", "eager_cumsum", .dtypes = EAGER__NUMBERS, .data = &sums, RUNS},
    [PROD] = {"Cumprod", "eager_cumprod", .dtypes = EAGER__NUMBERS, .data = &products,
              RUNS},
    [LOG_SUM_EXP] = {"CumulativeLogsumexp", "eager_cumulative_logsumexp",
                     .dtypes = EAGER__FLOATS, .data = &log_sums, RUNS},
};
const eager__op_list eager__ops_cumulative = {ops, COUNT};

static eager_status run(int op, eager_tensor *x, int64_t axis, bool exclusive, bool reverse,
                        eager_tensor **out) {
  eager__call call;
  if (out != NULL) *out = NULL;
  EAGER__TRY(eager__call_begin(&call, &ops[op], &x, 1));
  eager__call_set_int(&call, "axis", axis);
  eager__call_set_int(&call, "exclusive", exclusive);
  eager__call_set_int(&call, "reverse", reverse);
  return eager__call_run(&call, NULL, out, 1);
}

eager_status eager_cumsum(eager_tensor *x, int64_t axis, bool exclusive, bool reverse,
                          eager_tensor **out) {
  return run(SUM, x, axis, exclusive, reverse, out);
}

eager_status eager_cumprod(eager_tensor *x, int64_t axis, bool exclusive, bool reverse,
                           eager_tensor **out) {
  return run(PROD, x, axis, exclusive, reverse, out);
}

eager_status eager_cumulative_logsumexp(eager_tensor *x, int64_t axis, bool exclusive,
                                        bool reverse, eager_tensor **out) {
  return run(LOG_SUM_EXP, x, axis, exclusive, reverse, out);
}
