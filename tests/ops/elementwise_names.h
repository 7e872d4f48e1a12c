/* The raw names of all elementwise ops, as their tables of rows have them. */
#ifndef EAGER_TESTS_ELEMENTWISE_NAMES_H
#define EAGER_TESTS_ELEMENTWISE_NAMES_H

#include <stdbool.h>

#define ROW(raw, ...)   {#raw, FLOAT32_ONLY},
#define ALIAS(raw, ...) {#raw, FLOAT32_ONLY},
static const struct {
  const char *raw;
  bool float32_only; /* the special functions: they take long to compile */
} elementwise[] = {
#define FLOAT32_ONLY false
#include "ops/elementwise.def"
#undef FLOAT32_ONLY
#define FLOAT32_ONLY true
#include "ops/special.def"
};
enum { ELEMENTWISE = sizeof elementwise / sizeof *elementwise };

#undef FLOAT32_ONLY

#endif
