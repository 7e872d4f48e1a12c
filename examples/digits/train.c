#include "train.h"

#include "random.h"
#include "try.h"

#include <stdlib.h>

/* What training keeps between steps. */
typedef struct trainer {
  eager_tensor *images, *wanted; /* of all training samples, on the device */
  eager_tensor *shuffled_images, *shuffled_wanted; /* the same in this epoch's order */
  int32_t *order;                                  /* on the host */
  eager_tensor *first_losses[COMPARED_LOSSES];
  int64_t step_count;
} trainer;

/* A batch is a view of the shuffled samples: nothing is copied. */
static eager_status view_rows(eager_tensor *table, int64_t first, int64_t count,
                              eager_tensor **out) {
  const int64_t begin[] = {first, 0}, size[] = {count, -1};
  return eager_slice(table, begin, size, out);
}

static eager_status batch_step(trainer *t, model *m, int64_t first, int64_t count,
                               float rate, eager_tensor **out_loss) {
  eager_tensor *images, *wanted;
  TRY(view_rows(t->shuffled_images, first, count, &images));
  TRY(view_rows(t->shuffled_wanted, first, count, &wanted));
  TRY(model_step(m, images, wanted, rate, out_loss));
  if (t->step_count < COMPARED_LOSSES) {
    eager_tensor_retain(*out_loss);
    t->first_losses[t->step_count] = *out_loss;
  }
  t->step_count++;
  return EAGER_OK;
}

/* In ASYNC only the display waits for the device, when it reads a loss. */
static eager_status tidy_step(trainer *t, model *m, int64_t first, int64_t count,
                              float rate, progress *display) {
  eager_tensor *loss = NULL;
  TRY(eager_tidy_begin());
  eager_status status = batch_step(t, m, first, count, rate, &loss);
  if (status == EAGER_OK) {
    status = progress_step(display, loss);
    eager_tensor_release(loss);
  }
  eager_status ended = eager_tidy_end();
  return status != EAGER_OK ? status : ended;
}

static eager_status gather_order(trainer *t, int64_t sample_count) {
  eager_tensor *order;
  TRY(eager_tensor_from_host(EAGER_INT32, 1, &sample_count, t->order, &order));
  TRY(eager_gather(t->images, order, 0, &t->shuffled_images));
  TRY(eager_tidy_keep(t->shuffled_images));
  TRY(eager_gather(t->wanted, order, 0, &t->shuffled_wanted));
  return eager_tidy_keep(t->shuffled_wanted);
}

static void release_order(trainer *t) {
  eager_tensor_release(t->shuffled_images);
  eager_tensor_release(t->shuffled_wanted);
  t->shuffled_images = t->shuffled_wanted = NULL;
}

static eager_status shuffle(trainer *t, int64_t sample_count, int64_t seed, int64_t epoch) {
  release_order(t);
  random_order(t->order, sample_count, seed, STREAM_SHUFFLE + epoch);
  TRY(eager_tidy_begin());
  eager_status status = gather_order(t, sample_count), ended = eager_tidy_end();
  return status != EAGER_OK ? status : ended;
}

static eager_status train_epoch(trainer *t, model *m, int64_t sample_count,
                                const train_plan *plan, int64_t epoch, progress *display) {
  TRY(shuffle(t, sample_count, plan->seed, epoch));
  for (int64_t first = 0; first < sample_count; first += plan->batch) {
    int64_t left = sample_count - first, count = left < plan->batch ? left : plan->batch;
    TRY(tidy_step(t, m, first, count, plan->rate, display));
  }
  return EAGER_OK;
}

/* 1 for a sample's class, 0 for all others. */
static eager_status make_wanted(const samples *set, eager_tensor **out) {
  eager_tensor *labels, *one, *zero;
  TRY(eager_tensor_from_host(EAGER_INT32, 1, &set->count, set->labels, &labels));
  TRY(eager_scalar(1.0f, &one));
  TRY(eager_scalar(0.0f, &zero));
  TRY(eager_one_hot(labels, CLASS_COUNT, one, zero, -1, out));
  return eager_tidy_keep(*out);
}

static eager_status train_epochs(trainer *t, model *m, const samples *set, int64_t inputs,
                                 const train_plan *plan, progress *display) {
  int64_t dims[] = {set->count, inputs};
  TRY(eager_tensor_from_host(EAGER_FLOAT32, 2, dims, set->pixels, &t->images));
  TRY(eager_tidy_begin());
  eager_status status = make_wanted(set, &t->wanted), ended = eager_tidy_end();
  TRY(status);
  TRY(ended);
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
  eager_tensor_release(t->wanted);
  release_order(t);
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
