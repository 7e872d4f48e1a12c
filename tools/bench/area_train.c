/* Training: the digits example's job, one of its steps beside the raw launches of the same
 * kernels, and an epoch on MNIST's shapes. NumPy and PyTorch: tools/compare-peers. */
#include <stdio.h>
#include <stdlib.h>

#include "bench.h"
#include "digits/answers.h"
#include "digits_step.h"
#include "raw.h"
#include "recording.h"

typedef struct job {
  dataset data;
  train_plan plan;
  eager_execution_mode mode;
  digits_step step;
  recording *raw_step;
  cl_command_queue raw_queue;
} job;

/* --- Whole trainings --- */

static bool train_from_start(job *j, answers *out) {
  int64_t inputs = j->data.side * j->data.side;
  progress display;
  loss_record losses;
  model m = {0};
  progress_begin(&display, &j->plan, j->data.train.count, true);
  bool fine = eager_set_thread_execution_mode(j->mode) == EAGER_OK &&
              model_init(&m, inputs, j->plan.hidden, j->plan.seed) == EAGER_OK &&
              train(&m, &j->data.train, inputs, &j->plan, &display, &losses) == EAGER_OK &&
              (!out || answers_get(&m, &j->data.test, inputs, out) == EAGER_OK);
  model_release(&m);
  return eager_set_thread_execution_mode(EAGER_EXECUTION_AUTO) == EAGER_OK && fine;
}

static bool our_training(void *state) {
  return train_from_start(state, NULL);
}

/* Whether it has learned: `share` of the test digits are right. */
static bool check_training(bench *b, const char *name, job *j, double share) {
  answers got = {0};
  if (!train_from_start(j, &got)) return bench_fail(b, name, NULL);
  bool learned = (double)got.correct >= share * (double)got.count;
  answers_free(&got);
  return learned || bench_fail(b, name, "it has not learned");
}

static void run_training(bench *b, const char *name, job *j, double share,
                         const char *note) {
  if (!bench_wants(b, name) || !check_training(b, name, j, share)) return;
  bench_run(b, &(bench_row){
                   .name = name, .ours = {our_training, NULL}, .state = j, .note = note});
}

/* --- One step --- */

static bool our_step(void *state) {
  return digits_step_run(&((job *)state)->step);
}

static bool our_step_sync(void *state) {
  return eager_set_thread_execution_mode(EAGER_SYNC) == EAGER_OK && our_step(state) &&
         eager_set_thread_execution_mode(EAGER_EXECUTION_AUTO) == EAGER_OK;
}

static bool raw_step(void *state) {
  return recording_play(((job *)state)->raw_step, false);
}

static bool raw_step_sync(void *state) {
  return recording_play(((job *)state)->raw_step, true);
}

static bool raw_finish(void *state) {
  return clFinish(((job *)state)->raw_queue) == CL_SUCCESS;
}

static bool prepare_step(void *state) {
  job *j = state;
  return digits_step_make(&j->step, &j->data, &j->plan);
}

static void run_step(bench *b, job *j, const char *name, bool sync) {
  char note[64];
  snprintf(note, sizeof note, "%d launches, %d commands", recording_launches(j->raw_step),
           recording_commands(j->raw_step));
  bench_run(b, &(bench_row){
                   .name = name,
                   .reference = "raw OpenCL, same kernels",
                   .ours = {sync ? our_step_sync : our_step, bench_synchronize},
                   .other = {sync ? raw_step_sync : raw_step, raw_finish},
                   .state = j,
                   .goal = 0.9,
                   .note = note,
               });
}

/* One recording, in SYNC, serves both: an ASYNC step enqueues the same. */
static recording *record_step(bench *b, job *j, const bench_raw *raw) {
  cl_context context;
  cl_device_id device;
  cl_command_queue theirs;
  if (eager_device_cl(bench_device(b), &context, &device, &theirs) != EAGER_OK) {
    bench_fail(b, "digits step", NULL);
    return NULL;
  }
  recording *made = recording_make(raw, context, theirs,
                                   &(recorded_work){prepare_step, our_step_sync, j});
  if (!made) bench_skip(b, "digits step", "the launches cannot be recorded");
  return made;
}

static void run_steps(bench *b, job *j) {
  static const char sync_name[] = "digits step SYNC", async_name[] = "digits step ASYNC";
  bench_raw raw;
  if (!bench_wants(b, sync_name) && !bench_wants(b, async_name)) return;
  if (!bench_raw_open(bench_device(b), &raw)) {
    bench_fail(b, "digits step", NULL);
    return;
  }
  j->raw_step = record_step(b, j, &raw);
  j->raw_queue = raw.queue;
  if (j->raw_step) {
    run_step(b, j, sync_name, true);
    run_step(b, j, async_name, false);
  }
  recording_free(j->raw_step);
  digits_step_free(&j->step);
  bench_raw_close(&raw);
}

/* --- */

/* MNIST's files from the folder that EAGERCL_BENCH_MNIST names, else as many random
 * digits. */
static bool make_mnist(bench *b, job *j, bool *out_real) {
  enum { SIDE = 28, COUNT = 60000, TEST_COUNT = 1000 };
  const char *folder = getenv("EAGERCL_BENCH_MNIST");
  *out_real = folder && *folder;
  if (*out_real) return dataset_load_mnist(folder, &j->data);
  j->data.side = SIDE;
  samples *sets[] = {&j->data.train, &j->data.test};
  for (int i = 0; i < 2; i++) {
    if (!samples_allocate(sets[i], i ? TEST_COUNT : COUNT, SIDE)) return false;
    bench_random_floats(b, sets[i]->pixels, (size_t)(sets[i]->count * SIDE * SIDE), 0, 1);
    for (int64_t s = 0; s < sets[i]->count; s++)
      sets[i]->labels[s] = (int32_t)(bench_random(b) % CLASS_COUNT);
  }
  return true;
}

static void run_mnist(bench *b) {
  static const char name[] = "MNIST 784-512-10 epoch ASYNC";
  job j = {.mode = EAGER_ASYNC,
           .plan = {.hidden = 512, .epochs = 1, .batch = 128, .rate = 0.1f}};
  bool real = false;
  if (!bench_wants(b, name)) return;
  if (make_mnist(b, &j, &real))
    run_training(b, name, &j, real ? 0.9 : 0, real ? "MNIST" : "random digits");
  else
    bench_fail(b, name, "no data");
  dataset_free(&j.data);
}

void bench_train(bench *b) {
  job j = {.plan = {.hidden = 128, .epochs = 30, .batch = 64, .rate = 0.5f}};
  if (dataset_load_digits(BENCH_DIGITS, &j.data)) {
    run_steps(b, &j); /* first: it records how the kernels are made */
    j.mode = EAGER_ASYNC;
    run_training(b, "digits 30 epochs ASYNC", &j, 0.95, NULL);
    j.mode = EAGER_SYNC;
    run_training(b, "digits 30 epochs SYNC", &j, 0.95, NULL);
    dataset_free(&j.data);
  } else {
    bench_fail(b, "digits", "no data");
  }
  run_mnist(b);
}
