/* The forms in which results are told. */
#ifndef EAGERCL_MATRIX_REPORT_H
#define EAGERCL_MATRIX_REPORT_H

#include "matrix.h"

/* What one run was. */
typedef struct report {
  char date[32]; /* UTC, "2026-11-22T20:00:00Z" */
  double seconds;
  bool stopped; /* by the user, before its end */
} report;

/* False, with a message on stderr, when the file could not be written. */
void report_put_json(const report *of, FILE *file);
bool report_json(const report *of, const char *path);
bool report_junit(const report *of, const char *path);
bool report_html(const report *of, const char *path);
bool report_markdown(const report *of, const char *path);

/* What runs this result again and little else. */
const char *report_command(const result *r, char *text, size_t size);
/* "float32", or "" for none; "sync", "async" or "". */
const char *report_dtype(const result *r);
const char *report_mode(const result *r);

FILE *report_open(const char *path);
bool report_close(FILE *file, const char *path);

/* JSON: a string in quotes. */
void json_put_text(FILE *file, const char *text);

#endif
