/* eagercl-tune: tries the library's tunables on a device and keeps what is faster.
 *
 * Every trial is a process of its own under a time limit: a driver that crashes or hangs on
 * a size costs that trial. The process that searches never touches OpenCL. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum {
  TUNE_NAME = 48,
  TUNE_CHOICES = 8,
  TUNE_TUNABLES = 32,
  TUNE_CASES = 8,
  TUNE_TEXT = 1024
};

double tune_now(void); /* seconds */

/* --- What a trial runs (trial.c, in the child) --- */

/* Runs the cases of `area` on `device`: checks each result against a reference in double,
 * then prints "case <name> <seconds>". The process's exit status: 0 when there were some
 * and all were right. */
int tune_run_trial(const char *area, const char *device);
/* Prints "tunable <name> <area> <value> <builtin> <choice> ..." lines. */
int tune_describe(const char *device);
/* Keeps `values` for the device. */
int tune_save(const char *device, const char *values);

/* --- Children (child.c) --- */

typedef struct tune_command {
  const char *program;      /* our own */
  const char *arguments[4]; /* after the program's name; NULL ends */
  const char *tuning;       /* EAGERCL_TUNING; NULL: none */
  int limit_seconds;
} tune_command;

/* Runs it and keeps the beginning of what it prints. False: it failed, crashed or took too
 * long; `output` then ends with the reason. */
bool tune_child(const tune_command *command, char *output, size_t size);

/* --- The search (search.c) --- */

typedef struct tune_tunable {
  char name[TUNE_NAME], area[TUNE_NAME];
  int value, builtin, best, choice_count;
  int choices[TUNE_CHOICES];
} tune_tunable;

typedef struct tune_times {
  int count;
  double seconds[TUNE_CASES];
} tune_times;

/* "name=value,..." of all tunables whose best value is not the built-in one. */
void tune_values(const tune_tunable *tunables, int count, char *out, size_t size);

/* How much faster `b` is than `a`: the geometric mean over the cases; 0 when they do not
 * have the same cases. Pure. */
double tune_gain(const tune_times *a, const tune_times *b);

/* Reads tune_describe's lines. */
int tune_read_tunables(const char *text, tune_tunable *out, int room);
/* Reads tune_run_trial's lines. */
void tune_read_times(const char *text, tune_times *out);

/* Runs one trial with `values`; false: it failed, and `why` says how. */
typedef bool (*tune_trial)(void *user, const char *area, const char *values,
                           tune_times *out, char *why, size_t why_size);
/* Seconds left of the budget. */
typedef double (*tune_left)(void *user);

typedef struct tune_search {
  tune_trial trial;
  tune_left left;
  void *user;
  void (*say)(void *user, const char *line); /* progress */
} tune_search;

/* One tunable at a time, the others at their best so far; a choice is taken when it is 3 %
 * faster and a second pair of trials says so too. Fills `best` of all. False: not even the
 * built-in values ran. */
bool tune_find(const tune_search *search, tune_tunable *tunables, int count);
