#include "dataset.h"

#include "complain.h"

#include <stdlib.h>

bool samples_allocate(samples *s, int64_t count, int64_t side) {
  s->count = count;
  s->pixels = calloc((size_t)(count * side * side), sizeof *s->pixels);
  s->labels = calloc((size_t)count, sizeof *s->labels);
  if (!s->pixels || !s->labels) {
    samples_free(s);
    return complain("out of memory for %lld images", (long long)count);
  }
  return true;
}

void samples_free(samples *s) {
  free(s->pixels);
  free(s->labels);
  *s = (samples){0};
}

void dataset_free(dataset *data) {
  samples_free(&data->train);
  samples_free(&data->test);
}
