#include "train.h"

#include "random.h"
#include "try.h"

#include <stdlib.h>

/* What training keeps between steps. */
typedef struct trainer {
  eager_tensor *images, *labels; /* all training samples, on the device */
  int32_t *order;                /* this epoch's, on the host */
  eager_tensor *first_losses[COMPARED_LOSSES];
  int64_t step_count;
} trainer;

/* The samples that `indices` names become one batch. The tidy scope is the caller's. */
static eager_status gather_batch(const trainer *t, const int32_t *indices, int64_t count,
                                 eager_tensor **out_images, eager_tensor **out_labels) {
  eager_tensor *rows;
  TRY(eager_tensor_from_host(EAGER_INT32, 1, &count, indices, &rows));
  TRY(eager_gather(t->images, rows, 0, out_images));
  return eager_gather(t->labels, rows, 0, out_labels);
}

static eager_status batch_step(trainer *t, model *m, const int32_t *indices, int64_t count,
                               float rate, eager_tensor **out_loss) {
  eager_tensor *images, *labels;
  TRY(gather_batch(t, indices, count, &images, &labels));
  TRY(model_step(m, images, labels, rate, out_loss));
  if (t->step_count < COMPARED_LOSSES) {
    eager_tensor_retain(*out_loss);
    t->first_losses[t->step_count] = *out_loss;
  }
  t->step_count++;
  return EAGER_OK;
}

/* In ASYNC only the display waits for the device, when it reads a loss. */
static eager_status tidy_step(trainer *t, model *m, const int32_t *indices, int64_t count,
                              float rate, progress *display) {
  eager_tensor *loss = NULL;
  TRY(eager_tidy_begin());
  eager_status status = batch_step(t, m, indices, count, rate, &loss);
  if (status == EAGER_OK) {
    status = progress_step(display, loss);
    eager_tensor_release(loss);
  }
  eager_status ended = eager_tidy_end();
  return status != EAGER_OK ? status : ended;
}

static eager_status train_epoch(trainer *t, model *m, int64_t sample_count,
                                const train_plan *plan, int64_t epoch, progress *display) {
  random_order(t->order, sample_count, plan->seed, STREAM_SHUFFLE + epoch);
  for (int64_t first = 0; first < sample_count; first += plan->batch) {
    int64_t left = sample_count - first, count = left < plan->batch ? left : plan->batch;
    TRY(tidy_step(t, m, t->order + first, count, plan->rate, display));
  }
  return EAGER_OK;
}

static eager_status train_epochs(trainer *t, model *m, const samples *set, int64_t inputs,
                                 const train_plan *plan, progress *display) {
  int64_t dims[] = {set->count, inputs};
  TRY(eager_tensor_from_host(EAGER_FLOAT32, 2, dims, set->pixels, &t->images));
  TRY(eager_tensor_from_host(EAGER_INT32, 1, dims, set->labels, &t->labels));
  for (int64_t epoch = 0; epoch < plan->epochs; epoch++) {
    TRY(train_epoch(t, m, set->count, plan, epoch, display));
  }
  return eager_synchronize(NULL);
}

static eager_status read_losses(const trainer *t, loss_record *out) {
  out->count = t->step_count < COMPARED_LOSSES ? t->step_count : COMPARED_LOSSES;
  for (int64_t i = 0; i < out->count; i++) {
    TRY(eager_tensor_to_host(t->first_losses[i], &out->values[i], sizeof out->values[i]));
  }
  return EAGER_OK;
}

static void trainer_release(trainer *t) {
  eager_tensor_release(t->images);
  eager_tensor_release(t->labels);
  for (int i = 0; i < COMPARED_LOSSES; i++) {
    eager_tensor_release(t->first_losses[i]);
  }
  free(t->order);
}

eager_status train(model *m, const samples *set, int64_t inputs, const train_plan *plan,
                   progress *display, loss_record *out_first_losses) {
  trainer t = {.order = calloc((size_t)set->count, sizeof *t.order)};
  eager_status status = EAGER_RESOURCE_EXHAUSTED;
  if (t.order) {
    status = train_epochs(&t, m, set, inputs, plan, display);
  }
  if (status == EAGER_OK) {
    status = read_losses(&t, out_first_losses);
  }
  trainer_release(&t);
  return status;
}
