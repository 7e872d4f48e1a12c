/* What changed between two files that --json wrote: two drivers, two machines, two days. */
#ifndef EAGERCL_MATRIX_COMPARE_H
#define EAGERCL_MATRIX_COMPARE_H

#include <stdbool.h>

/* What became of one result. The order is that in which they are told. */
typedef enum change {
  CHANGE_NONE,
  CHANGE_WORSE,     /* passed, was skipped or was not there; now it fails, crashes, hangs */
  CHANGE_OTHER_BAD, /* fails in another way: crashed, now hangs */
  CHANGE_FIXED,     /* bad before, passes now */
  CHANGE_LOST,      /* ran before; now it is skipped or not there */
  CHANGE_GAINED,    /* was skipped or not there; now it passes */
  CHANGE_ULPS,      /* passes both times with another largest error */
  CHANGE_QUIRK,     /* a driver answers otherwise */
  CHANGES
} change;

/* One side of it: a status of the JSON, or "" where there is no such result. */
typedef struct change_side {
  const char *status, *text;
  double ulps;
} change_side;

change compare_sides(const char *section, change_side before, change_side after);

/* Prints the differences; 0 when nothing got worse, 1 when something did, 2 when a file
 * cannot be read. */
int compare_files(const char *before, const char *after);

#endif
