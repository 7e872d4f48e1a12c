/* Doors of the special functions of three arguments. */
#ifndef EAGER_TESTS_DOORS_SPECIAL_H
#define EAGER_TESTS_DOORS_SPECIAL_H

#include "doors.h"

static eager_status betainc(eager_tensor *const *in, eager_tensor **out) {
  return eager_betainc(in[0], in[1], in[2], out);
}

static const double special_shares[] = {0.125, 0.5, 0.75};

static const row special_rows[] = {
    {"Betainc",
     betainc,
     {{EAGER_FLOAT32, {2, {2, 3}}},
      {EAGER_FLOAT32, {0}},
      {EAGER_FLOAT32, {1, {3}}, special_shares}},
     {{0}}},
};

#endif
