/* What an earlier run has learnt of the tests: how long each takes, for the time left, and
 * which ops it computes, so that --op runs these tests only. known.txt holds it, a line a
 * test: "ops/pool every_case 0.6 AvgPool AvgPoolGrad". It may lag behind: a test that is
 * not there takes a second, and an op that is nowhere there is looked for in every test. */
#ifndef EAGERCL_MATRIX_KNOWN_H
#define EAGERCL_MATRIX_KNOWN_H

#include <stdbool.h>

double known_seconds(const char *group_name, const char *test);
bool known_computes(const char *group_name, const char *test, const char *op);

/* For --learn: this run's. */
void known_note(const char *group_name, const char *test, const char *op);
void known_note_seconds(const char *group_name, const char *test, double seconds);
bool known_write(const char *path);

#endif
