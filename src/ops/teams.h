/* How rows are dealt out to teams of work-items: the other half of cl_kernels/rowwise.cl.
 */
#ifndef EAGER_OPS_TEAMS_H
#define EAGER_OPS_TEAMS_H

#include "runtime/commands.h"

typedef struct eager__teams {
  int64_t lanes; /* work-items of a team; a power of two */
  int64_t block; /* rows of a team: on CPUs only */
  int64_t local; /* work-items of a group */
  int64_t groups;
} eager__teams;

/* For the kernel begun last: `rows` >= 1 rows, in each of which a team goes over `length`
 * elements, V per work-item and trip. */
eager__teams eager__teams_plan(const eager__commands *commands, int64_t rows,
                               int64_t length);

/* The same before a kernel is begun, to choose one. */
eager__teams eager__teams_guess(const eager__commands *commands, int64_t rows,
                                int64_t length);

/* Whether `rows` rows of `length` elements are better taken V at once, an element of each
 * in a vector, by the kernels behind short_rows.cl. On CPUs only. */
bool eager__rows_are_short(const eager__commands *commands, int64_t rows, int64_t length);

/* Their teams: of one work-item each. */
eager__teams eager__teams_plan_short(const eager__commands *commands, int64_t rows);

/* `parts` teams for each row. */
eager__grid eager__teams_grid(const eager__teams *teams, int64_t parts);

/* The argument `tile`. */
void eager__arg_tile(eager__commands *commands, const eager__teams *teams,
                     eager_dtype dtype);

/* The trips of one loop over `length` elements. */
int64_t eager__teams_trips(const eager__commands *commands, const eager__teams *teams,
                           int64_t length);

/* UNIMPLEMENTED where the device's loops end before `passes` loops over `length` elements
 * have. `what` is of so many elements: "a row". */
eager_status eager__teams_check(const eager__commands *commands, const eager__teams *teams,
                                int64_t length, int passes, const char *what);

#endif
