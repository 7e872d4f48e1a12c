/* The first step of training of a new process: the digits example's, its loss read back.
 *   bench-first-digits DEVICE */
#include <stdio.h>
#include <unistd.h>

#include "digits/model.h"

enum { BATCH = 64, PIXELS = 64, HIDDEN = 128 };

static eager_status first_step(float *out_loss) {
  static float pixels[10 * BATCH * PIXELS];
  static int32_t labels[10 * BATCH], indices[BATCH];
  int64_t dims[] = {10 * BATCH, PIXELS}, batch = BATCH;
  uint32_t bits = 1;
  for (int i = 0; i < 10 * BATCH * PIXELS; i++)
    pixels[i] = (float)((bits = bits * 1664525u + 1013904223u) >> 28) / 16;
  for (int i = 0; i < 10 * BATCH; i++) labels[i] = i % 10;
  for (int i = 0; i < BATCH; i++) indices[i] = 7 * i % (10 * BATCH);
  eager_tensor *images, *classes, *rows, *some_images, *some_classes, *loss = NULL;
  model m;
  eager_status status = model_init(&m, PIXELS, HIDDEN, 0);
  if (status != EAGER_OK ||
      (status = eager_tensor_from_host(EAGER_FLOAT32, 2, dims, pixels, &images)) != 0 ||
      (status = eager_tensor_from_host(EAGER_INT32, 1, dims, labels, &classes)) != 0 ||
      (status = eager_tensor_from_host(EAGER_INT32, 1, &batch, indices, &rows)) != 0 ||
      (status = eager_gather(images, rows, 0, &some_images)) != 0 ||
      (status = eager_gather(classes, rows, 0, &some_classes)) != 0 ||
      (status = model_step(&m, some_images, some_classes, 0.5f, &loss)) != 0 ||
      (status = eager_tensor_wait(m.w1)) != 0)
    return status;
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
