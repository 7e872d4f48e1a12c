#include "ops/channel_sums.h"

#include "ops/families.h"
#include "ops/grids.h"
#include "ops/plan.h"
#include "ops/teams.h"

enum {
  PART = 16384,      /* elements worth a work-item of a CPU */
  TILE_WIDTH = 4,    /* as in channel_sums.cl */
  TILE_PART = 65536, /* as PART, where each channel's parts are added up behind */
  BLOCKS = 64,       /* work-items that keep a CPU's cores busy */
  TEAMS = 1024,      /* teams, and */
  WALKERS = 32768,   /* work-items that keep a GPU busy */
  EACH = 16,         /* trips that make a further part worth its while */
  MOST_PARTS = 1024, /* that one work-item adds up */
};

static const char *const rows_kernels[] = {
    [EAGER__SUM_MEAN] = "mean_rows",
    [EAGER__SUM_SQUARES] = "squares_rows",
    [EAGER__SUM_SLOPES] = "slopes_rows",
    [EAGER__SUM_WEIGHTED] = "weighted_rows",
};
static const char *const columns_kernels[] = {
    [EAGER__SUM_MEAN] = "mean_columns",
    [EAGER__SUM_SQUARES] = "squares_columns",
    [EAGER__SUM_SLOPES] = "slopes_columns",
    [EAGER__SUM_BY_ROW] = "by_row_columns",
};

eager__channels eager__channels_make(int64_t outer, int64_t channels, int64_t inner,
                                     bool by_row) {
  if (channels == 1 && !by_row) {
    inner *= outer;
    outer = 1;
  }
  return (eager__channels){
      .outer = outer, .channels = channels, .inner = inner, .parts = 1, .centred = 1};
}

static void cut(eager__channels *c, int64_t total, int64_t parts) {
  c->part = eager__ceil_div(total, eager__at_least(eager__at_most(parts, total), 1));
  c->part = eager__at_least(c->part, 1);
  c->parts = eager__at_least(eager__ceil_div(total, c->part), 1);
}

/* The work-items along the first dimension are the result. */
static int64_t cut_rows(const eager__commands *commands, eager__channels *c) {
  int64_t total = c->outer * c->inner;
  const eager__traits *traits = eager__commands_traits(commands);
  eager__teams teams = eager__teams_plan(commands, c->channels, c->inner);
  c->lanes = teams.lanes;
  if (traits->cpu_like) {
    cut(c, total, eager__at_most(BLOCKS / c->channels, total / PART));
    return c->channels;
  }
  int64_t width = teams.lanes * traits->vector_width;
  int64_t trip = eager__at_least(eager__at_most(c->inner, width), 1);
  int64_t parts = eager__at_most(TEAMS / teams.groups, total / (EACH * trip));
  /* A run costs a trip of its own, and its last vector, a short one, some more. */
  int64_t least =
      traits->loop_limit == 0 ? 1 : eager__ceil_div(total, EAGER__TRIPS / 2 * trip);
  cut(c, total, eager__at_least(eager__at_most(parts, MOST_PARTS), least));
  return teams.groups * teams.local;
}

static int64_t cut_columns(const eager__commands *commands, eager__channels *c) {
  const eager__traits *traits = eager__commands_traits(commands);
  int64_t width = (int64_t)traits->vector_width * (traits->cpu_like ? TILE_WIDTH : 1);
  int64_t tiles = eager__ceil_div(c->channels, width), parts;
  if (traits->cpu_like) {
    parts = eager__at_most(BLOCKS / tiles, c->outer * c->channels / TILE_PART);
  } else {
    parts = eager__at_most(WALKERS / tiles, c->outer / EACH);
    int64_t least =
        traits->loop_limit == 0 ? 1 : eager__ceil_div(c->outer, EAGER__TRIPS / 4);
    parts = eager__at_least(eager__at_most(parts, MOST_PARTS), least);
  }
  cut(c, c->outer, parts);
  return tiles * c->parts;
}

eager_status eager__add_channel_sums(eager__commands *commands, eager__summed what,
                                     eager__channels *c,
                                     const eager__sum_operands *operands,
                                     int *out_partials) {
  eager_dtype dtype = commands->call->dtype;
  bool columns = c->inner == 1 && (c->channels > 1 || what == EAGER__SUM_BY_ROW);
  eager__kernel_begin(commands, &eager__family_norm, dtype,
                      columns ? columns_kernels[what] : rows_kernels[what]);
  int64_t local = eager__group_each(commands);
  int64_t items = columns ? cut_columns(commands, c) : cut_rows(commands, c);
  size_t element = eager__computed_size(dtype);
  *out_partials = eager__scratch(commands, (size_t)(2 * c->parts * c->channels) * element);
  eager__arg_at(commands, &operands->x);
  eager__arg_at(commands, &operands->dy);
  eager__arg_at(commands, &operands->mean);
  eager__arg_at(commands, columns ? &operands->scale : &operands->gamma);
  eager__arg_scratch(commands, *out_partials);
  eager__arg_bytes(commands, c, sizeof *c);
  if (!columns) eager__arg_local(commands, (size_t)local * element);
  return eager__kernel_end(commands,
                           eager__grid_2d(items, local, columns ? 1 : c->parts, 1));
}

eager_status eager__add_finish_mean(eager__commands *commands,
                                    const eager__channels *channels, int partials,
                                    eager__spot means) {
  eager__kernel_begin(commands, &eager__family_norm, commands->call->dtype, "finish_mean");
  eager__arg_scratch(commands, partials);
  eager__arg_at(commands, &means);
  eager__arg_bytes(commands, channels, sizeof *channels);
  return eager__kernel_end(commands, eager__grid_each(commands, channels->channels, 1));
}
