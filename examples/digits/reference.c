#include "reference.h"

#include "complain.h"
#include "random.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Weights, or the gradient of the loss by each of them. */
typedef struct network {
  int64_t inputs, hidden;
  double *w1, *b1; /* [inputs][hidden], [hidden] */
  double *w2, *b2; /* [hidden][CLASS_COUNT], [CLASS_COUNT] */
  double *all;     /* the four in one piece of `size` numbers */
  int64_t size;
} network;

static bool network_allocate(network *n, int64_t inputs, int64_t hidden) {
  n->inputs = inputs;
  n->hidden = hidden;
  n->size = (inputs + 1) * hidden + (hidden + 1) * CLASS_COUNT;
  n->all = calloc((size_t)n->size, sizeof *n->all);
  if (!n->all) {
    return false;
  }
  n->w1 = n->all;
  n->b1 = n->w1 + inputs * hidden;
  n->w2 = n->b1 + hidden;
  n->b2 = n->w2 + hidden * CLASS_COUNT;
  return true;
}

/* Rounded to float32 as on a device, so that both start from the same numbers. */
static void he_uniform(double *weights, int64_t fan_in, int64_t fan_out, int64_t seed,
                       int64_t stream) {
  float width = (float)(2 * sqrt(6.0 / (double)fan_in));
  for (int64_t i = 0; i < fan_in * fan_out; i++) {
    weights[i] = (random_uniform(seed, stream, (uint64_t)i) - 0.5f) * width;
  }
}

/* out = x @ w + b */
static void dense(const double *x, int64_t rows, const double *w, const double *b,
                  int64_t columns, double *out) {
  memcpy(out, b, (size_t)columns * sizeof *out);
  for (int64_t r = 0; r < rows; r++) {
    for (int64_t c = 0; c < columns && x[r] != 0; c++) {
      out[c] += x[r] * w[r * columns + c];
    }
  }
}

static void forward(const network *n, const double *x, double *h,
                    double logits[CLASS_COUNT]) {
  dense(x, n->inputs, n->w1, n->b1, n->hidden, h);
  for (int64_t j = 0; j < n->hidden; j++) {
    h[j] = h[j] > 0 ? h[j] : 0;
  }
  dense(h, n->hidden, n->w2, n->b2, CLASS_COUNT, logits);
}

static int largest(const double logits[CLASS_COUNT]) {
  int best = 0;
  for (int c = 1; c < CLASS_COUNT; c++) {
    best = logits[c] > logits[best] ? c : best;
  }
  return best;
}

/* Returns -log(softmax(logits)[label]) and turns logits into softmax - onehot, its
 * gradient. */
static double cross_entropy(double logits[CLASS_COUNT], int label) {
  double highest = logits[largest(logits)], sum = 0;
  for (int c = 0; c < CLASS_COUNT; c++) {
    sum += exp(logits[c] - highest);
  }
  double loss = highest + log(sum) - logits[label];
  for (int c = 0; c < CLASS_COUNT; c++) {
    logits[c] = exp(logits[c] - highest) / sum - (c == label);
  }
  return loss;
}

/* Adds the gradient of one sample's loss, times `scale`, to g. */
static void backward(const network *n, const double *x, const double *h,
                     const double d_logits[CLASS_COUNT], double scale, double *d_h,
                     network *g) {
  for (int64_t j = 0; j < n->hidden; j++) {
    d_h[j] = 0;
    for (int c = 0; c < CLASS_COUNT && h[j] > 0; c++) {
      g->w2[j * CLASS_COUNT + c] += scale * h[j] * d_logits[c];
      d_h[j] += scale * d_logits[c] * n->w2[j * CLASS_COUNT + c];
    }
    g->b1[j] += d_h[j];
  }
  for (int c = 0; c < CLASS_COUNT; c++) {
    g->b2[c] += scale * d_logits[c];
  }
  for (int64_t i = 0; i < n->inputs; i++) {
    for (int64_t j = 0; j < n->hidden && x[i] != 0; j++) {
      g->w1[i * n->hidden + j] += x[i] * d_h[j];
    }
  }
}

typedef struct workspace {
  network weights, gradient;
  double *x, *h, *d_h;
  int32_t *order;
} workspace;

static void widen(const network *n, const samples *s, int64_t index, double *x) {
  for (int64_t i = 0; i < n->inputs; i++) {
    x[i] = s->pixels[index * n->inputs + i];
  }
}

/* One step of gradient descent; returns the mean loss of the batch before it. */
static double step(workspace *w, const samples *train, const int32_t *batch, int64_t count,
                   double rate) {
  double loss = 0, logits[CLASS_COUNT], scale = 1 / (double)count;
  memset(w->gradient.all, 0, (size_t)w->gradient.size * sizeof *w->gradient.all);
  for (int64_t i = 0; i < count; i++) {
    widen(&w->weights, train, batch[i], w->x);
    forward(&w->weights, w->x, w->h, logits);
    loss += scale * cross_entropy(logits, train->labels[batch[i]]);
    backward(&w->weights, w->x, w->h, logits, scale, w->d_h, &w->gradient);
  }
  for (int64_t i = 0; i < w->weights.size; i++) {
    w->weights.all[i] -= rate * w->gradient.all[i];
  }
  return loss;
}

static int64_t count_correct(workspace *w, const samples *test) {
  int64_t correct = 0;
  double logits[CLASS_COUNT];
  for (int64_t i = 0; i < test->count; i++) {
    widen(&w->weights, test, i, w->x);
    forward(&w->weights, w->x, w->h, logits);
    correct += largest(logits) == test->labels[i];
  }
  return correct;
}

static void run(workspace *w, const dataset *data, const train_plan *plan,
                reference_result *out) {
  he_uniform(w->weights.w1, w->weights.inputs, plan->hidden, plan->seed, STREAM_W1);
  he_uniform(w->weights.w2, plan->hidden, CLASS_COUNT, plan->seed, STREAM_W2);
  out->loss_count = 0;
  for (int64_t epoch = 0; epoch < plan->epochs; epoch++) {
    random_order(w->order, data->train.count, plan->seed, STREAM_SHUFFLE + epoch);
    for (int64_t first = 0; first < data->train.count; first += plan->batch) {
      int64_t left = data->train.count - first;
      double loss = step(w, &data->train, w->order + first,
                         left < plan->batch ? left : plan->batch, plan->rate);
      if (out->loss_count < COMPARED_LOSSES) {
        out->losses[out->loss_count++] = loss;
      }
    }
  }
  out->correct = count_correct(w, &data->test);
}

bool reference_train(const dataset *data, const train_plan *plan, reference_result *out) {
  int64_t inputs = data->side * data->side;
  workspace w = {.x = calloc((size_t)inputs, sizeof *w.x),
                 .h = calloc((size_t)plan->hidden, sizeof *w.h),
                 .d_h = calloc((size_t)plan->hidden, sizeof *w.d_h),
                 .order = calloc((size_t)data->train.count, sizeof *w.order)};
  bool allocated = network_allocate(&w.weights, inputs, plan->hidden) &&
                   network_allocate(&w.gradient, inputs, plan->hidden) && w.x && w.h &&
                   w.d_h && w.order;
  if (allocated) {
    run(&w, data, plan, out);
  } else {
    complain("out of memory for the reference");
  }
  free(w.weights.all);
  free(w.gradient.all);
  free(w.x);
  free(w.h);
  free(w.d_h);
  free(w.order);
  return allocated;
}
