/* Goes through the faults of one kind, first to last, scenario by scenario. */
#ifndef EAGER_TESTS_FAULTS_DRIVE_H
#define EAGER_TESTS_FAULTS_DRIVE_H

#include "expected.h"
#include "processes.h"

typedef struct fault_kind {
  /* Before what is tried: the nth one of this process goes wrong, with `code`; 0: none. */
  void (*arm)(const fault_attempt *a, int nth, int code);
  /* Afterwards: how many there were. */
  int (*disarm)(const fault_attempt *a);
  /* Whether the fault was met. */
  bool (*was_met)(void);
  /* The codes of the nth one, ended by 0. */
  const int *(*codes)(const fault_progress *p, int nth);
  /* Its name: a call. */
  const char *(*name)(const fault_progress *p, int nth);
  /* Fails the process where it was not as it should be. */
  fault_outcome (*judge)(const fault_attempt *a, fault_progress *p, int code);
  /* In a default run one of so many is taken; of those that need a process. */
  int one_in, one_in_costly;
  bool may_be_none; /* a scenario may have nothing to fail */
  bool (*is_costly)(const fault_progress *p, int nth, int code);
} fault_kind;

/* What a test program's main returns: a test for each scenario and mode. */
int fault_main(const char *group, const fault_kind *kind);

/* The progress of this process, for the kind's functions; NULL outside. */
fault_progress *fault_current(void);

#endif
