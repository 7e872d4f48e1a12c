/* What the program prints beside the progress; all of it to stdout. */
#ifndef DIGITS_REPORT_H
#define DIGITS_REPORT_H

#include "answers.h"
#include "dataset.h"

/* The device the tensor is on, the policy, the mode. */
eager_status report_device(const eager_tensor *placed);

/* "test accuracy: 97.2 %" */
void report_accuracy(const answers *a);

void report_confusion(const answers *a, const samples *test);

/* A few digits as text, mistakes among them, with what the model takes them for. */
void report_digits(const answers *a, const samples *test, int64_t side);

/* What the device policy copied between devices. */
eager_status report_copies(void);

#endif
