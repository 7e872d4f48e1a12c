/* Labelled images of handwritten digits, on the host. */
#ifndef DIGITS_DATASET_H
#define DIGITS_DATASET_H

#include <stdbool.h>
#include <stdint.h>

typedef struct samples {
  int64_t count;
  float *pixels;   /* [count][side * side], 0 (paper) to 1 (ink) */
  int32_t *labels; /* [count], 0 to 9 */
} samples;

typedef struct dataset {
  int64_t side; /* images are squares of side x side pixels */
  samples train, test;
} dataset;

/* The CSV described in examples/data/README.md. Of each class the samples 0, 5, 10 ... in
   file order become test digits. All loading: on failure complains, returns false and
   leaves *out empty. */
bool dataset_load_digits(const char *path, dataset *out);

/* The four MNIST IDX files in `folder`, each plain or with .gz at its end. */
bool dataset_load_mnist(const char *folder, dataset *out);

/* For the loaders: room for `count` images of side x side pixels. */
bool samples_allocate(samples *s, int64_t count, int64_t side);
void samples_free(samples *s);

void dataset_free(dataset *data);

#endif
