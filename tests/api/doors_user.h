/* Doors of what users write. */
#ifndef EAGER_TESTS_DOORS_USER_H
#define EAGER_TESTS_DOORS_USER_H

#include "doors.h"

static eager_status user_elementwise(eager_tensor *const *in, eager_tensor **out) {
  return eager_elementwise("a * b + sin(a)", in, 2, out);
}

static const row user_rows[] = {
    {"Elementwise",
     user_elementwise,
     {{EAGER_FLOAT32, {2, {3, 4}}}, {EAGER_FLOAT32, {1, {4}}}},
     {{"expression", EAGER_ATTR_STRING, 1, {0}, "a * b + sin(a)"}}},
};

#endif
