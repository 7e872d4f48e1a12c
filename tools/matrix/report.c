#include "report.h"

#include <errno.h>

const char *report_dtype(const result *r) {
  return r->dtype != 0 ? eager_dtype_name(r->dtype) : "";
}

const char *report_mode(const result *r) {
  return r->mode == EAGER_SYNC ? "sync" : r->mode == EAGER_ASYNC ? "async" : "";
}

/* `word`, in quotes where a shell needs them. */
static size_t add_option(char *text, size_t used, size_t size, const char *name,
                         const char *word) {
  if (*word == '\0' || used >= size) return used;
  const char *quote = strpbrk(word, " ()'*$&;<>|\"\\") != NULL ? "'" : "";
  return used + (size_t)snprintf(text + used, size - used, " --%s %s%s%s", name, quote,
                                 word, quote);
}

const char *report_command(const result *r, char *text, size_t size) {
  char seed[32];
  bool is_op = strcmp(r->section, "ops") == 0 || strcmp(r->section, "numerics") == 0;
  snprintf(seed, sizeof seed, "%llu", (unsigned long long)the_options->seed);
  size_t used = (size_t)snprintf(text, size, "tools/eagercl-matrix");
  used = add_option(text, used, size, "device", the_machine->devices[r->device].name);
  used = add_option(text, used, size, "test", r->test);
  used = add_option(text, used, size, "op", is_op ? r->row : "");
  used = add_option(text, used, size, "dtype", report_dtype(r));
  used = add_option(text, used, size, "mode", report_mode(r));
  used = add_option(text, used, size, "seed", seed);
  const char *size_of_run = the_options->quick ? " --quick" : " --full";
  if ((the_options->quick || the_options->full) && used < size)
    snprintf(text + used, size - used, "%s", size_of_run);
  return text;
}

FILE *report_open(const char *path) {
  if (strcmp(path, "-") == 0) return stdout;
  FILE *file = fopen(path, "w");
  if (file == NULL)
    fprintf(stderr, "eagercl-matrix: cannot write %s: %s\n", path, strerror(errno));
  return file;
}

bool report_close(FILE *file, const char *path) {
  bool good = !ferror(file);
  if (file == stdout) return fflush(file) == 0 && good;
  good = fclose(file) == 0 && good;
  if (!good) fprintf(stderr, "eagercl-matrix: %s could not be written whole\n", path);
  return good;
}
