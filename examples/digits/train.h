/* Training a model by the plan. */
#ifndef DIGITS_TRAIN_H
#define DIGITS_TRAIN_H

#include "dataset.h"
#include "model.h"
#include "plan.h"
#include "progress.h"

/* The losses of the first steps. */
typedef struct loss_record {
  float values[COMPARED_LOSSES];
  int64_t count; /* fewer if the plan has fewer steps */
} loss_record;

/* The samples go to the device once, and are put there into a new order for every epoch.
   Tells the display after each step. */
eager_status train(model *m, const samples *set, int64_t inputs, const train_plan *plan,
                   progress *display, loss_record *out_first_losses);

#endif
