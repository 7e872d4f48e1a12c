/* Holds a finished training to the reference. */
#ifndef DIGITS_COMPARE_H
#define DIGITS_COMPARE_H

#include "answers.h"
#include "train.h"

/* Runs the reference and prints one line. False, after a complaint, if one of the first
   losses differs by more than 1e-4 relative, or the accuracy by more than two test digits.
 */
bool compare_with_reference(const dataset *data, const train_plan *plan,
                            const loss_record *losses, const answers *answered);

#endif
