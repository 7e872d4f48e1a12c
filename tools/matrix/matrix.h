/* The device matrix: what its parts share.
 *
 * The tests of this project are the cases: tools/matrix links their objects, registers them
 * (suite.c) and runs each group in a child process (job.c, child.c), which tells through
 * shared memory what its ops did (tests/watch.h). This process never touches OpenCL. */
#ifndef EAGERCL_MATRIX_H
#define EAGERCL_MATRIX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "test_values.h"
#include "watch.h"

/* ---- The machine: found by a child (machine.c) ---- */

enum { MAX_DEVICES = 16, MAX_SKIPPED = 16 };

typedef struct machine_device {
  char name[16]; /* "CPU:0" */
  char device[128], platform[96], vendor[64], driver_version[96], device_version[96];
  char stable_id[160];
  uint64_t global_memory, local_memory, max_allocation;
  uint32_t compute_units, max_work_group_size;
  bool has_float64, has_float16_arithmetic, unified_memory, is_simulator, has_async_enqueue;
} machine_device;

typedef struct machine {
  int count, skipped_count;
  machine_device devices[MAX_DEVICES];
  char skipped[MAX_SKIPPED][200];
} machine;

/* Memory this process and its children share, zeroed; NULL when there is none. */
void *shared_memory(size_t size);

/* False, with `why`, when looking crashed or hung or found an error. */
bool machine_look(machine *out, char *why, size_t why_size);

/* ---- Options (main.c) ---- */

typedef struct options {
  const char *device, *op, *dtype, *mode, *test; /* parts of names; NULL: all */
  const char *json, *junit, *html, *markdown;    /* files to write */
  const char *learn;
  uint64_t seed;
  bool quick, full, plain, across;
  int jobs;
  char text[256]; /* as given, for the reports */
} options;

/* ---- The suite: groups of tests, one a test file (suite.c) ---- */

typedef struct group {
  char name[48];       /* "ops/pool" */
  const char *section; /* "ops", "migration", "promises", "numerics", "quirks", "across" */
  struct CMUnitTest *tests;
  size_t count;
  bool each; /* a process for each test */
} group;

extern group *groups;
extern int group_count;

/* Registers what every linked test file has. */
void suite_load(void);

/* ---- Results (results.c) ---- */

/* QUIRK: a driver that does not do what OpenCL says. Only in the section "quirks", where
 * crashes and hangs are the driver's answers, too, and do not count as failures. */
typedef enum outcome { PASS, FAIL, SKIP, CRASH, HANG, QUIRK, STATUSES } outcome;
extern const char *const status_names[STATUSES];

typedef struct result {
  const char *section;
  char row[96];
  eager_dtype dtype; /* 0: none */
  int mode;          /* EAGER_SYNC, EAGER_ASYNC; -1: none */
  int device;
  outcome status;
  long cases;
  double ulps, share, seconds;
  char test[112]; /* "ops/pool every_case": of the failure, else the last */
  char *text;     /* why it failed or was skipped; NULL: nothing to say */
  bool told;      /* on the terminal */
} result;

extern result *results;
extern int result_count;

/* The one of this key, made when there is none. Valid until the next call. */
result *result_of(const char *section, const char *row, eager_dtype dtype, int mode,
                  int device);
/* The worse of two: CRASH and HANG before FAIL before PASS before SKIP. */
void result_add(result *to, outcome status, const char *text, const char *test);

/* In an order that does not depend on which ended first. The table is closed then:
 * result_of is not called any more. */
void results_sort(void);

/* Failed, crashed or hung, and it is ours to mind. */
bool result_is_bad(const result *r);
/* Exit status of the whole: nothing is bad. */
bool results_are_good(void);

/* ---- The ops (ops.c) ---- */

/* "math": the header its typed door stands in. */
const char *op_group(const char *raw);
/* Legal dtypes and modes of every op that nothing was heard of become skips with a reason.
 */
void ops_add_missing(int device, bool stopped);
/* With --op and --dtype: results of others that ran along, unless they are bad. The table
 * of results is closed then: result_of is not called any more. */
void ops_drop_others(void);

/* ---- Running (job.c): one group on one device, child after child ---- */

typedef enum test_state { NOT_ASKED, WAITING, RUNNING, OVER } test_state;

/* One test of a job. */
typedef struct trial {
  test_state state;
  outcome status; /* when it is over; the worst of its runs */
  bool picks_modes;
  int runs;
  char avoid[512]; /* "op:dtype,...": what made it fail before; it runs again without */
  double seconds;
} trial;

typedef struct job {
  int device;
  const group *group;
  const char *mode; /* "sync", "async" or NULL: as the tests have it */
  bool done;
  int asked, over; /* how many tests, and of those how many are through */
  double cost;     /* of those asked, as an earlier run has seen it */
  trial *trials;
  struct run *run; /* the child, while there is one */
} job;

job *job_new(int device, const group *g);
void job_free(job *j);
/* Starts the next child unless one runs; then hears what it says; sets `done`. */
void job_attend(job *j);
/* To poll; -1 when no child runs. */
int job_descriptor(const job *j);
/* The test that runs, or NULL. */
const char *job_now(const job *j);
void job_stop(job *j);

/* ---- Small things (small.c) ---- */

double seconds_now(void); /* monotonic */
void sleep_milliseconds(int milliseconds);
/* Whether `name` has `part` in it, whatever the case. NULL is in every name. */
bool has_part(const char *name, const char *part);
/* A copy; ends the program when memory is short. */
char *copied(const char *text);
void *allocated(size_t size);

extern const machine *the_machine;
extern const options *the_options;

#endif
