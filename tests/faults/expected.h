/* What each call of the driver may fail with, and what has to come of it. Data. */
#ifndef EAGER_TESTS_FAULTS_EXPECTED_H
#define EAGER_TESTS_FAULTS_EXPECTED_H

#include "scenarios.h"

typedef enum fault_outcome {
  FAULT_TOLD = 1 << 0,     /* one error: the code, and what it was doing */
  FAULT_SURVIVED = 1 << 1, /* no error, and equal results */
  FAULT_LOST = 1 << 2,     /* UNAVAILABLE, and the device is marked */
} fault_outcome;

enum { FAULT_EITHER = -1 };

typedef struct fault_expectation {
  const char *call;
  unsigned stages; /* 0: all others */
  int code;        /* 0: any other */
  unsigned outcomes;
  int status; /* when told; OK: RESOURCE_EXHAUSTED for a code that says that an allocation
                 failed, else INTERNAL; FAULT_EITHER: one of these two */
  const char *reason; /* why it may be anything but told */
} fault_expectation;

/* The codes `call` may plausibly fail with, ended by 0; NULL: no such call is known. */
const int *fault_codes(const char *call);

/* The calls' numbers, for memory that processes share. -1: not known. */
int fault_call_number(const char *call);
const char *fault_call_name(int number);

/* The first row that fits; NULL: a failure that no row expects. */
const fault_expectation *fault_expected(const char *call, fault_stage stage, int code);

const char *fault_outcome_name(fault_outcome outcome);

#endif
