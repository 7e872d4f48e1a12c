/* The first step of training of a new process: the digits example's, its loss read back.
 *   bench-first-digits DEVICE */
#include <stdio.h>
#include <unistd.h>

#include "digits/model.h"
#include "digits/try.h"

enum { BATCH = 64, PIXELS = 64, HIDDEN = 128 };

static eager_status first_step(float *out_loss) {
  static float pixels[10 * BATCH * PIXELS];
  static int32_t labels[10 * BATCH], order[10 * BATCH];
  const int64_t dims[] = {10 * BATCH, PIXELS}, begin[] = {0, 0}, size[] = {BATCH, -1};
  uint32_t bits = 1;
  for (int i = 0; i < 10 * BATCH * PIXELS; i++)
    pixels[i] = (float)((bits = bits * 1664525u + 1013904223u) >> 28) / 16;
  for (int i = 0; i < 10 * BATCH; i++) labels[i] = i % 10;
  for (int i = 0; i < 10 * BATCH; i++) order[i] = 7 * i % (10 * BATCH);
  eager_tensor *images, *classes, *one, *zero, *wanted, *rows, *some_images, *some_wanted;
  eager_tensor *shuffled_images, *shuffled_wanted, *loss = NULL;
  model m;
  TRY(model_init(&m, PIXELS, HIDDEN, 0));
  TRY(eager_tensor_from_host(EAGER_FLOAT32, 2, dims, pixels, &images));
  TRY(eager_tensor_from_host(EAGER_INT32, 1, dims, labels, &classes));
  TRY(eager_scalar(1.0f, &one));
  TRY(eager_scalar(0.0f, &zero));
  TRY(eager_one_hot(classes, 10, one, zero, -1, &wanted));
  TRY(eager_tensor_from_host(EAGER_INT32, 1, dims, order, &rows));
  TRY(eager_gather(images, rows, 0, &shuffled_images));
  TRY(eager_gather(wanted, rows, 0, &shuffled_wanted));
  TRY(eager_slice(shuffled_images, begin, size, &some_images));
  TRY(eager_slice(shuffled_wanted, begin, size, &some_wanted));
  TRY(model_step(&m, some_images, some_wanted, 0.5f, &loss));
  TRY(eager_tensor_wait(m.w1));
  return eager_tensor_to_host(loss, out_loss, sizeof *out_loss);
}

int main(int count, char **arguments) {
  float loss = 0;
  eager_config config = {.default_device = count > 1 ? arguments[1] : NULL};
  if (eager_enable_execution(&config, EAGER_DEVICE_PLACEMENT_SILENT, EAGER_ASYNC) !=
          EAGER_OK ||
      first_step(&loss) != EAGER_OK) {
    fprintf(stderr, "%s\n", eager_error_message());
    return 1;
  }
  _exit(loss > 0 && loss < 100 ? 0 : 1); /* as in ours.c, without an end */
}
