/* One step of the digits example's training, over and over on the same batch: what train.c
 * does for it. */
#pragma once

#include "bench.h"
#include "digits/train.h"

typedef struct digits_step {
  const train_plan *plan;
  model model;
  eager_tensor *images, *wanted; /* of all training samples */
} digits_step;

/* A model as training begins with, and the samples on the device. To be freed also after a
 * failure. */
bool digits_step_make(digits_step *s, const dataset *data, const train_plan *plan);
void digits_step_free(digits_step *s);
bool digits_step_run(digits_step *s);
