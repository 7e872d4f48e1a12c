#include "digits_step.h"

static bool put_samples(digits_step *s, const samples *set, int64_t inputs) {
  int64_t dims[] = {set->count, inputs};
  eager_tensor *labels = NULL, *one = NULL, *zero = NULL;
  bool fine =
      eager_tensor_from_host(EAGER_FLOAT32, 2, dims, set->pixels, &s->images) == EAGER_OK &&
      eager_tensor_from_host(EAGER_INT32, 1, dims, set->labels, &labels) == EAGER_OK &&
      eager_scalar(1.0f, &one) == EAGER_OK && eager_scalar(0.0f, &zero) == EAGER_OK &&
      eager_one_hot(labels, CLASS_COUNT, one, zero, -1, &s->wanted) == EAGER_OK;
  eager_tensor_release(labels);
  eager_tensor_release(one);
  eager_tensor_release(zero);
  return fine;
}

bool digits_step_make(digits_step *s, const dataset *data, const train_plan *plan) {
  int64_t inputs = data->side * data->side;
  *s = (digits_step){.plan = plan};
  return put_samples(s, &data->train, inputs) &&
         model_init(&s->model, inputs, plan->hidden, plan->seed) == EAGER_OK;
}

void digits_step_free(digits_step *s) {
  eager_tensor_release(s->images);
  eager_tensor_release(s->wanted);
  model_release(&s->model);
}

static eager_status step(digits_step *s) {
  const int64_t begin[] = {0, 0}, size[] = {s->plan->batch, -1};
  eager_tensor *images, *wanted, *loss = NULL;
  eager_status status = eager_slice(s->images, begin, size, &images);
  if (status == EAGER_OK) status = eager_slice(s->wanted, begin, size, &wanted);
  if (status == EAGER_OK)
    status = model_step(&s->model, images, wanted, s->plan->rate, &loss);
  eager_tensor_release(loss);
  return status;
}

bool digits_step_run(digits_step *s) {
  return eager_tidy_begin() == EAGER_OK &&
         (step(s) == EAGER_OK) & (eager_tidy_end() == EAGER_OK);
}
