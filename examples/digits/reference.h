/* The same training in plain C and double precision: what the eager program is held to. */
#ifndef DIGITS_REFERENCE_H
#define DIGITS_REFERENCE_H

#include "dataset.h"
#include "plan.h"

typedef struct reference_result {
  double losses[COMPARED_LOSSES]; /* of the first steps */
  int64_t loss_count;             /* fewer if the plan has fewer steps */
  int64_t correct;                /* test digits right after the last step */
} reference_result;

/* Follows the plan with the same first weights, the same order and the same batches. On
   failure (no memory) complains and returns false. */
bool reference_train(const dataset *data, const train_plan *plan, reference_result *out);

#endif
