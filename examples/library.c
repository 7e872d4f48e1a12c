/* A library that uses eager tensors where its caller does, and plain C where not.
 *
 * A library never enables: that is the program's decision, for the whole process. It asks
 * eager_executing_eagerly() and works either way. Here is such a library, of one function,
 * and a program that calls it before and after enabling. */
#include <eagercl/eagercl.h>

#include <math.h>
#include <stdio.h>

/* ---- the library ---- */

static double distance_on_host(const float *a, const float *b, int64_t count) {
  double sum = 0;
  for (int64_t i = 0; i < count; i++) {
    sum += ((double)a[i] - b[i]) * ((double)a[i] - b[i]);
  }
  return sqrt(sum);
}

/* Inside a tidy scope: what is made here is released there, after a failure too. */
static eager_status measure(const float *a, const float *b, int64_t count, float *out) {
  eager_tensor *x, *y, *squares, *sum, *root;
  eager_status status = eager_tensor_from_host(EAGER_FLOAT32, 1, &count, a, &x);
  if (status == EAGER_OK) {
    status = eager_tensor_from_host(EAGER_FLOAT32, 1, &count, b, &y);
  }
  if (status == EAGER_OK) {
    status = eager_squared_difference(x, y, &squares);
  }
  if (status == EAGER_OK) {
    status = eager_reduce_sum(squares, NULL, 0, false, &sum);
  }
  if (status == EAGER_OK) {
    status = eager_sqrt(sum, &root);
  }
  return status == EAGER_OK ? eager_tensor_to_host(root, out, sizeof *out) : status;
}

/* The Euclidean distance of two points of `count` coordinates. */
static eager_status distance(const float *a, const float *b, int64_t count, float *out) {
  if (!eager_executing_eagerly()) {
    *out = (float)distance_on_host(a, b, count);
    return EAGER_OK;
  }
  eager_status status = eager_tidy_begin();
  if (status != EAGER_OK) {
    return status;
  }
  status = measure(a, b, count, out);
  eager_status ended = eager_tidy_end();
  return status != EAGER_OK ? status : ended;
}

/* ---- the program ---- */

static int show(const char *how) {
  static const float here[] = {1, 2, 3}, there[] = {3, 5, 9};
  float result;
  if (distance(here, there, 3, &result) != EAGER_OK) {
    fprintf(stderr, "library: %s\n", eager_error_message());
    return 1;
  }
  printf("distance %s: %g\n", how, (double)result);
  return 0;
}

int main(void) {
  int failed = show("in plain C");
  if (eager_enable_execution(NULL, EAGER_DEVICE_PLACEMENT_AUTO, EAGER_EXECUTION_AUTO) !=
      EAGER_OK) {
    fprintf(stderr, "library: %s\n", eager_error_message());
    return 1;
  }
  failed |= show("with eager tensors");
  return eager_shutdown() == EAGER_OK ? failed : 1;
}
