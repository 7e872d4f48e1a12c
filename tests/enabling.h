/* For tests that enable by themselves: a clean environment, devices by selector, a log that
 * is kept, and standard error as text. Each such test runs in a process of its own. */
#ifndef EAGER_TESTS_ENABLING_H
#define EAGER_TESTS_ENABLING_H

#include "test.h"

#define FULL_NAME(short_name) "/job:localhost/replica:0/task:0/device:" short_name

/* Selectors of the matrix's devices. */
#define PTHREAD   "Portable/pthread"
#define BASIC     "Portable/basic"
#define RUSTICL   "rusticl/llvmpipe"
#define SIMULATOR "Oclgrind/Oclgrind"

/* A setup function: no variable of the library's is set, but the tests' own. The user's
 * cache folder is below the tests'. */
int without_environment(void **state);
/* Also: the loader finds no driver (an empty folder), or only `name`.icd of the matrix. */
void use_no_driver(void);
bool use_only_driver(const char *name);

/* What main returns for tests that share a process and tests that do not. */
int both_groups(int together, int each);

/* The physical device a selector means; skips the test where there is none. */
const eager_device_info *need_device(const char *selector);
bool has_device(const char *selector);

eager_status enable_defaults(void);
/* The devices of `list`, under its names; SILENT and SYNC. */
eager_status enable_devices(const char *list);

/* Full name of the device that a new tensor of this thread is on; valid for the process. */
const char *current_device(void);

/* ---- A log callback for config.log that keeps what it is told ---- */

void keep_log(eager_log_level level, const char *message, void *user);
int logged_count(const char *part); /* lines that contain it */
/* Of the first line that contains it; fails the test when there is none. */
eager_log_level logged_level(const char *part);
const char *logged_line(const char *part);
void *logged_user(void); /* of the last line */

/* ---- Standard error between begin and end; the text lives until the test ends ---- */

void capture_begin(void);
const char *capture_end(void);

#endif
