/* What a trained model says about samples. */
#ifndef DIGITS_ANSWERS_H
#define DIGITS_ANSWERS_H

#include "dataset.h"
#include "model.h"

typedef struct answers {
  int64_t count, correct;
  int64_t *classes;  /* [count] */
  float *confidence; /* [count], 0 to 1 */
} answers;

/* Runs the samples through the model on the device of the scope. On failure *out is empty.
 */
eager_status answers_get(const model *m, const samples *asked, int64_t inputs,
                         answers *out);
void answers_free(answers *a);

#endif
