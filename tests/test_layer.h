/* The fault layer (faults/layer.c) from inside a test. */
#ifndef EAGER_TESTS_TEST_LAYER_H
#define EAGER_TESTS_TEST_LAYER_H

#include "faults/layer.h"
#include "test.h"

/* In main, before test_main: the loader of every child takes up the layer that
 * EAGERCL_FAULT_LAYER names. */
void test_layer_load(void);

/* The layer in this process, freshly reset; the test is skipped if it was not loaded. From
 * here on the process fails at its end unless every driver object was given back. */
const eager_layer *test_layer(void);

/* The layer in this process if it was loaded, else NULL. The first call of OpenCL. */
const eager_layer *test_layer_find(void);

#endif
