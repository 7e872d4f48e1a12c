/* The command line. */
#ifndef DIGITS_OPTIONS_H
#define DIGITS_OPTIONS_H

#include "plan.h"

#include <eagercl/eagercl.h>

typedef struct options {
  const char *device; /* NULL: the default device */
  eager_device_policy policy;
  eager_execution_mode mode;
  train_plan plan;
  const char *data;  /* NULL: the shipped digits */
  const char *mnist; /* NULL: no MNIST */
  const char *save;  /* NULL: nothing is saved */
  bool graph, quiet, check_reference, help;
} options;

/* Strings stay those of argv. On failure complains and returns false. */
bool options_parse(int argc, char **argv, options *out);

void options_print_help(void);

#endif
