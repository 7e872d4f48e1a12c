#include "ops/teams.h"
#include "ops/grids.h"

#include <inttypes.h>

#include "ops/plan.h"

enum {
  BLOCK = 4096,      /* elements worth a work-item of their own */
  EACH = 2,          /* vectors that make another work-item of a team worth its while */
  SHORT = 48,        /* elements of a row; as in short_rows.cl */
  SHORT_VECTORS = 8, /* of rows, worth a work-item of their own */
  SPARE = 6,         /* times EAGER__TRIPS: what kernels with few other loops may make */
};

static eager__teams plan(const eager__commands *commands, int64_t rows, int64_t length,
                         int64_t local) {
  const eager__traits *traits = eager__commands_traits(commands);
  eager__teams teams = {.lanes = 1, .block = 1, .local = 1};
  if (traits->cpu_like) {
    teams.block = eager__at_least(BLOCK / (length + 32), 1);
    teams.groups = eager__ceil_div(rows, teams.block);
    return teams;
  }
  teams.local = local;
  teams.lanes = eager__power_of_two(
      eager__ceil_div(length, EACH * (int64_t)traits->vector_width), teams.local);
  teams.groups = eager__ceil_div(rows, teams.local / teams.lanes);
  return teams;
}

eager__teams eager__teams_plan(const eager__commands *commands, int64_t rows,
                               int64_t length) {
  return plan(commands, rows, length, eager__group_size(commands));
}

eager__teams eager__teams_guess(const eager__commands *commands, int64_t rows,
                                int64_t length) {
  size_t most = eager__commands_traits(commands)->max_local_size;
  return plan(commands, rows, length, eager__power_of_two(EAGER__GROUP, (int64_t)most));
}

bool eager__rows_are_short(const eager__commands *commands, int64_t rows, int64_t length) {
  const eager__traits *traits = eager__commands_traits(commands);
  return traits->cpu_like && rows >= (int64_t)traits->vector_width && length <= SHORT;
}

eager__teams eager__teams_plan_short(const eager__commands *commands, int64_t rows) {
  int64_t lanes = eager__commands_traits(commands)->vector_width;
  eager__teams teams = {.lanes = 1, .block = SHORT_VECTORS * lanes, .local = 1};
  teams.groups = eager__ceil_div(rows, teams.block);
  return teams;
}

eager__grid eager__teams_grid(const eager__teams *teams, int64_t parts) {
  return eager__grid_2d(teams->groups * teams->local, teams->local, parts, 1);
}

void eager__arg_tile(eager__commands *commands, const eager__teams *teams,
                     eager_dtype dtype) {
  eager__arg_local(commands, (size_t)teams->local * eager__computed_size(dtype));
}

int64_t eager__teams_trips(const eager__commands *commands, const eager__teams *teams,
                           int64_t length) {
  int64_t lanes = eager__commands_traits(commands)->vector_width;
  return eager__ceil_div(length, lanes * teams->lanes);
}

eager_status eager__teams_check(const eager__commands *commands, const eager__teams *teams,
                                int64_t length, int passes, const char *what) {
  bool limited = eager__commands_traits(commands)->loop_limit != 0;
  int64_t trips = passes * eager__teams_trips(commands, teams, length);
  EAGER__REQUIRE(!limited || trips <= SPARE * EAGER__TRIPS, EAGER_UNIMPLEMENTED,
                 "%s of %" PRId64 " elements is too long for the loops of this device",
                 what, length);
  return EAGER_OK;
}
