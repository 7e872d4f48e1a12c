#include "compare.h"

#include "complain.h"
#include "reference.h"

#include <math.h>
#include <stdio.h>

/* Float32 rounds each of the sums in a step to about 1e-7; fifty steps of descent amplify
 * it. */
static const double loss_tolerance = 1e-4;
static const int64_t correct_tolerance = 2;

static bool compare_losses(const loss_record *losses, const reference_result *reference,
                           double *out_worst) {
  *out_worst = 0;
  for (int64_t i = 0; i < reference->loss_count; i++) {
    double wanted = reference->losses[i], found = losses->values[i];
    double error = fabs(found - wanted) / fabs(wanted);
    if (!(error <= loss_tolerance)) {
      return complain("the loss of step %lld is %.8g, of the reference %.8g",
                      (long long)i + 1, found, wanted);
    }
    *out_worst = error > *out_worst ? error : *out_worst;
  }
  return true;
}

bool compare_with_reference(const dataset *data, const train_plan *plan,
                            const loss_record *losses, const answers *answered) {
  reference_result reference;
  double worst;
  if (!reference_train(data, plan, &reference) ||
      !compare_losses(losses, &reference, &worst)) {
    return false;
  }
  int64_t difference = answered->correct - reference.correct;
  if (difference > correct_tolerance || difference < -correct_tolerance) {
    return complain("%lld test digits right, %lld by the reference",
                    (long long)answered->correct, (long long)reference.correct);
  }
  printf("reference: %lld losses within %.1e, %lld test digits right against %lld\n",
         (long long)reference.loss_count, worst, (long long)answered->correct,
         (long long)reference.correct);
  return true;
}
