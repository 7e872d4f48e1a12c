/* What a program does while something goes wrong: a table. */
#ifndef EAGER_TESTS_FAULTS_SCENARIOS_H
#define EAGER_TESTS_FAULTS_SCENARIOS_H

#include "attempt.h"

/* What a call of the driver is made for: the expected outcome depends on it. */
typedef enum fault_stage {
  FAULT_OPENING = 1 << 0,  /* a device's context and queues */
  FAULT_CREATING = 1 << 1, /* values from the host */
  FAULT_RUNNING = 1 << 2,  /* ops */
  FAULT_COPYING = 1 << 3,  /* between devices */
  FAULT_READING = 1 << 4,  /* reading and mapping */
  FAULT_BUILDING = 1 << 5, /* kernels, from their text */
  FAULT_BUILDING_USERS = 1 << 11,
  FAULT_LOADING = 1 << 6,    /* kernels, from the disk */
  FAULT_SHARING = 1 << 7,    /* with OpenCL code of the user's own */
  FAULT_TRACING = 1 << 8,    /* ops, asked for their times */
  FAULT_MEASURING = 1 << 12, /* a device's clock, as it opens */
  FAULT_DISCOVERY = 1 << 9,
  FAULT_ENDING = 1 << 10,
} fault_stage;

typedef struct fault_scenario {
  const char *name;
  fault_stage stage;
  eager_device_policy policy;
  bool once;           /* a process can do it once: each fault has its own */
  bool is_sync;        /* the mode makes no difference */
  bool only_full;      /* too long for a default run */
  bool enables;        /* by itself, as a part of what is tried */
  bool has_disk;       /* a folder for built kernels */
  bool traces;         /* EAGERCL_TRACE is set, so queues are asked for their times */
  const char *subject; /* a failure's text names it, beside the device */
  /* Why this lane cannot have it; NULL: it can. */
  const char *(*lacks)(const fault_attempt *a);
  void (*prepare)(fault_attempt *a); /* without fault, before each run; may be NULL */
  void (*act)(fault_attempt *a);
  void (*after)(fault_attempt *a);  /* the fault is gone; may be NULL */
  void (*finish)(fault_attempt *a); /* NULL: fault_finish */
} fault_scenario;

extern const fault_scenario fault_scenarios[];
extern const int fault_scenario_count;

/* Of this process; "" for no cache on the disk. */
const char *fault_cache_folder(const fault_scenario *scenario);

#endif
