/* Every device of the machine, enabled as the runtime would, for tests of src/cl alone. */
#ifndef EAGER_TESTS_CL_DEVICES_H
#define EAGER_TESTS_CL_DEVICES_H

#include "cl/device.h"

enum { TEST_DEVICES_MAX = 16 };

typedef struct test_devices {
  eager__device *all[TEST_DEVICES_MAX];
  int count;
  eager__device *lane; /* the one EAGERCL_TEST_DEVICE asks for; unset: the first */
} test_devices;

extern test_devices devices;

/* Opens them all; 0, or ctest's code for a skipped test with the reason printed. */
int test_devices_open(void);

/* Closes them all and their contexts; how many objects of the driver are still alive. */
int64_t test_devices_close(void);

#endif
