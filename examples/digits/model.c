#include "model.h"

#include "file.h"
#include "plan.h"
#include "try.h"

#include <math.h>
#include <stdlib.h>

/* Everything made in a tidy scope is released at its end; a scope ends after a failure too.
 */
static eager_status end_tidy(eager_status status) {
  eager_status ended = eager_tidy_end();
  return status != EAGER_OK ? status : ended;
}

/* Uniform in [-limit, limit), limit = sqrt(6 / fan_in): K. He et al., "Delving deep into
   rectifiers", 2015. */
static eager_status he_uniform(int64_t fan_in, int64_t fan_out, int64_t seed,
                               int64_t stream, eager_tensor **out) {
  int64_t dims[] = {fan_in, fan_out}, seeds[] = {seed, stream};
  float width = (float)(2 * sqrt(6.0 / (double)fan_in));
  eager_tensor *uniform, *half, *centred, *scale;
  TRY(eager_stateless_random_uniform(2, dims, seeds, EAGER_FLOAT32, &uniform));
  TRY(eager_scalar(0.5f, &half));
  TRY(eager_scalar(width, &scale));
  TRY(eager_subtract(uniform, half, &centred));
  TRY(eager_multiply(centred, scale, out));
  return eager_tidy_keep(*out);
}

static eager_status draw_weights(model *m, int64_t inputs, int64_t hidden, int64_t seed) {
  TRY(he_uniform(inputs, hidden, seed, STREAM_W1, &m->w1));
  return he_uniform(hidden, CLASS_COUNT, seed, STREAM_W2, &m->w2);
}

eager_status model_init(model *m, int64_t inputs, int64_t hidden, int64_t seed) {
  int64_t classes = CLASS_COUNT;
  *m = (model){0};
  TRY(eager_tensor_zeros(EAGER_FLOAT32, 1, &hidden, &m->b1));
  TRY(eager_tensor_zeros(EAGER_FLOAT32, 1, &classes, &m->b2));
  TRY(eager_tidy_begin());
  return end_tidy(draw_weights(m, inputs, hidden, seed));
}

void model_release(model *m) {
  eager_tensor_release(m->w1);
  eager_tensor_release(m->b1);
  eager_tensor_release(m->w2);
  eager_tensor_release(m->b2);
  eager_function_release(m->step);
  *m = (model){0};
}

/* out = x @ w + b */
static eager_status dense(eager_tensor *x, eager_tensor *w, eager_tensor *b,
                          eager_tensor **out) {
  eager_tensor *product;
  TRY(eager_matmul(x, false, w, false, &product));
  return eager_add(product, b, out);
}

static eager_status forward(const model *m, eager_tensor *images, eager_tensor **out_hidden,
                            eager_tensor **out_logits) {
  eager_tensor *linear;
  TRY(dense(images, m->w1, m->b1, &linear));
  TRY(eager_relu(linear, out_hidden));
  return dense(*out_hidden, m->w2, m->b2, out_logits);
}

/* The mean over the batch of -log(softmax(logits)[class]), and its gradient by the logits
   times the learning rate: all other gradients are linear in it. */
static eager_status cross_entropy(eager_tensor *logits, eager_tensor *wanted, float rate,
                                  eager_tensor **out_loss, eager_tensor **out_gradient) {
  eager_tensor *losses, *error, *scale;
  TRY(eager_softmax_cross_entropy_with_logits(wanted, logits, &losses, &error));
  TRY(eager_reduce_mean(losses, NULL, 0, false, out_loss));
  TRY(eager_scalar(rate / (float)eager_tensor_dim(logits, 0), &scale));
  return eager_multiply(error, scale, out_gradient);
}

static eager_status descend_dense(eager_tensor *w, eager_tensor *b, eager_tensor *x,
                                  eager_tensor *d_out, eager_tensor **out_w,
                                  eager_tensor **out_b) {
  const int64_t rows[] = {0};
  eager_tensor *d_w, *d_b;
  TRY(eager_matmul(x, true, d_out, false, &d_w));
  TRY(eager_reduce_sum(d_out, rows, 1, false, &d_b));
  TRY(eager_subtract(w, d_w, out_w)); /* tensors never change: these take their places */
  return eager_subtract(b, d_b, out_b);
}

/* What a step takes and gives, in these orders. */
enum { IN_W1, IN_B1, IN_W2, IN_B2, IN_IMAGES, IN_WANTED, STEP_INPUTS };
enum { OUT_W1, OUT_B1, OUT_W2, OUT_B2, OUT_LOSS, STEP_OUTPUTS };

static eager_status step(eager_tensor *const *in, eager_tensor **out, float rate) {
  const model m = {.w1 = in[IN_W1], .b1 = in[IN_B1], .w2 = in[IN_W2], .b2 = in[IN_B2]};
  eager_tensor *hidden, *logits, *d_logits, *d_hidden, *d_linear;
  TRY(forward(&m, in[IN_IMAGES], &hidden, &logits));
  TRY(cross_entropy(logits, in[IN_WANTED], rate, &out[OUT_LOSS], &d_logits));
  TRY(eager_matmul(d_logits, false, m.w2, true, &d_hidden));
  TRY(eager_relu_grad(d_hidden, hidden, &d_linear));
  TRY(descend_dense(m.w2, m.b2, hidden, d_logits, &out[OUT_W2], &out[OUT_B2]));
  return descend_dense(m.w1, m.b1, in[IN_IMAGES], d_linear, &out[OUT_W1], &out[OUT_B1]);
}

/* After a failure the scope releases what there is. */
static eager_status keep_outputs(eager_status status, eager_tensor **out) {
  for (int i = 0; i < STEP_OUTPUTS; i++) {
    if (status == EAGER_OK) {
      status = eager_tidy_keep(out[i]);
    } else {
      out[i] = NULL;
    }
  }
  return status;
}

/* An eager_function_body: called for every step when eager, once for every size of a batch
   when its ops become a graph. Both compute the same. */
static eager_status step_body(eager_tensor *const *inputs, size_t input_count,
                              eager_tensor **outputs, size_t output_count, void *rate) {
  (void)input_count, (void)output_count;
  TRY(eager_tidy_begin());
  return end_tidy(keep_outputs(step(inputs, outputs, *(const float *)rate), outputs));
}

eager_status model_use_graph(model *m, const float *rate) {
  return eager_function_new(step_body, STEP_OUTPUTS, (void *)rate, &m->step);
}

static eager_status run_step(const model *m, eager_tensor *const *in, float rate,
                             eager_tensor **out) {
  if (!m->step) {
    return step_body(in, STEP_INPUTS, out, STEP_OUTPUTS, &rate);
  }
  TRY(eager_tidy_begin()); /* it owns what a function gives, as what ops give */
  return end_tidy(keep_outputs(eager_function_call(m->step, in, STEP_INPUTS, out), out));
}

static void replace(eager_tensor **old, eager_tensor *new_one) {
  eager_tensor_release(*old);
  *old = new_one;
}

eager_status model_step(model *m, eager_tensor *images, eager_tensor *wanted, float rate,
                        eager_tensor **out_loss) {
  eager_tensor *in[STEP_INPUTS] = {m->w1, m->b1, m->w2, m->b2, images, wanted};
  eager_tensor *out[STEP_OUTPUTS] = {NULL};
  *out_loss = NULL;
  TRY(run_step(m, in, rate, out));
  replace(&m->w1, out[OUT_W1]);
  replace(&m->b1, out[OUT_B1]);
  replace(&m->w2, out[OUT_W2]);
  replace(&m->b2, out[OUT_B2]);
  *out_loss = out[OUT_LOSS];
  return EAGER_OK;
}

static eager_status predict(const model *m, eager_tensor *images,
                            eager_tensor **out_classes, eager_tensor **out_confidence) {
  const int64_t classes[] = {1};
  eager_tensor *hidden, *logits, *softmax;
  TRY(forward(m, images, &hidden, &logits));
  TRY(eager_softmax(logits, -1, &softmax));
  TRY(eager_argmax(softmax, 1, EAGER_INT64, out_classes));
  TRY(eager_reduce_max(softmax, classes, 1, false, out_confidence));
  TRY(eager_tidy_keep(*out_classes));
  return eager_tidy_keep(*out_confidence);
}

eager_status model_predict(const model *m, eager_tensor *images, eager_tensor **out_classes,
                           eager_tensor **out_confidence) {
  TRY(eager_tidy_begin());
  eager_status status = end_tidy(predict(m, images, out_classes, out_confidence));
  if (status != EAGER_OK) {
    *out_classes = *out_confidence = NULL;
  }
  return status;
}

static eager_status save(eager_tensor *t, const char *folder, const char *name) {
  char *path = file_join(folder, name);
  eager_status status = path ? eager_npy_save(path, t) : EAGER_RESOURCE_EXHAUSTED;
  free(path);
  return status;
}

eager_status model_save(const model *m, const char *folder) {
  TRY(save(m->w1, folder, "w1.npy"));
  TRY(save(m->b1, folder, "b1.npy"));
  TRY(save(m->w2, folder, "w2.npy"));
  return save(m->b2, folder, "b2.npy");
}
