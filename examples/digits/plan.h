/* What is trained and how; the eager program and the reference follow the same plan. */
#ifndef DIGITS_PLAN_H
#define DIGITS_PLAN_H

#include <stdint.h>

enum { CLASS_COUNT = 10 };

/* The random streams of one seed. Epoch e, from 0, is shuffled by stream STREAM_SHUFFLE +
 * e. */
enum { STREAM_W1 = 1, STREAM_W2 = 2, STREAM_SHUFFLE = 3 };

typedef struct train_plan {
  int64_t hidden; /* units between the pixels and the classes */
  int64_t epochs;
  int64_t batch; /* the last batch of an epoch may be shorter */
  int64_t seed;
  float rate; /* learning rate */
} train_plan;

/* The first losses are compared with the reference, one by one. */
enum { COMPARED_LOSSES = 50 };

#endif
