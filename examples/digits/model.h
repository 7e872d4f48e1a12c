/* A classifier with one hidden layer, in ops that run at once or as a
   graph: relu(x @ w1 + b1) @ w2 + b2. */
#ifndef DIGITS_MODEL_H
#define DIGITS_MODEL_H

#include <eagercl/eagercl.h>

typedef struct model {
  eager_tensor *w1, *b1; /* float32 [inputs, hidden], [hidden] */
  eager_tensor *w2, *b2; /* float32 [hidden, classes], [classes] */
  eager_function *step;  /* NULL: steps run op by op */
} model;

/* He-uniform weights, drawn from the seed, and zero biases, on the device of the scope. The
   model is to be released also after a failure. */
eager_status model_init(model *m, int64_t inputs, int64_t hidden, int64_t seed);
void model_release(model *m);

/* From here on a step is a graph, recorded once for each size of a batch. `rate` outlives
   the model. */
eager_status model_use_graph(model *m, const float *rate);

/* One step of gradient descent on images, float32 [n, inputs], and what is wanted of them,
   float32 [n, classes]: 1 for an image's class, 0 for all others. *out_loss, float32 [], is
   the mean cross-entropy before the step. A failed step changes nothing. */
eager_status model_step(model *m, eager_tensor *images, eager_tensor *wanted, float rate,
                        eager_tensor **out_loss);

/* For each image the likeliest class, int64 [n], and its probability, float32 [n]. */
eager_status model_predict(const model *m, eager_tensor *images, eager_tensor **out_classes,
                           eager_tensor **out_confidence);

/* Writes w1.npy, b1.npy, w2.npy and b2.npy. */
eager_status model_save(const model *m, const char *folder);

#endif
